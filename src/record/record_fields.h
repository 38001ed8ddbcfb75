/* record_fields.h - the members of a line of requests.jsonl, as tables that the writer and the reader share, so that
 * neither can know a member that the other does not. Private to src/record. */
#ifndef WEIR_RECORD_RECORD_FIELDS_H
#define WEIR_RECORD_RECORD_FIELDS_H

#include "record/record.h"

#define REC_SCHEMA "weir.records/1"
/* No instant or duration of a file lies beyond about 146 years, nearly 2^62 ns: the sum or difference of two, and a few
 * weeks more, does not overflow. */
#define REC_NS_MAX (((int64_t)1 << 62) - ((int64_t)1 << 52))
#define REC_COUNT_MAX ((int64_t)1 << 48) /* of tokens, bytes, requests in one line */

enum field_kind {
    F_INSTANT, /* int64_t ns, 0 = did not happen */
    F_COUNT,   /* int64_t, -1 = unknown */
    F_U64,
    F_SEED, /* uint64_t of full range */
    F_U32,
    F_I32,
    F_F64,
    F_BOOL,
    F_FLAG, /* bit `arg` of a uint32_t */
    F_TEXT, /* char[arg] */
};

enum { F_EVER = 1 }; /* `arg` of a number that is written even when it is 0 */

struct field {
    const char *name;
    enum field_kind kind;
    size_t at;
    uint32_t arg;
};
struct field_table {
    const struct field *f;
    size_t n;
};

/* Of struct record only what one number or word says; outcome, tokens' source, events and texts are written by hand. */
extern const struct field_table rec_request_fields, rec_run_fields, rec_level_fields, rec_client_fields,
    rec_note_fields;

#endif
