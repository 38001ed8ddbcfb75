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
    F_NAME, /* struct str, borrowed; one of few that many records share */
};

enum { F_EVER = 1 }; /* `arg` of a number that is written even when it is 0 */

struct field {
    const char *name;
    enum field_kind kind;
    uint32_t at;
    uint32_t arg;
    uint32_t n_key;
    char key[24]; /* ,"name": as it is written */
};
#define FIELD(kind, type, name, member, arg)                                                                           \
    {                                                                                                                  \
        name, kind, offsetof(struct type, member), arg, sizeof ",\"" name "\":" - 1, ",\"" name "\":"                  \
    }

struct field_table {
    const struct field *f;
    size_t n;
};

/* Of struct record only what one number or word says; outcome, tokens' source, events and texts are written by hand. */
#define REC_REQUEST_MAP(X) /* kind, name, member of struct record, arg; in the order of writing */                     \
    X(F_U32, "level", level, F_EVER)                                                                                   \
    X(F_U64, "index", index, F_EVER)                                                                                   \
    X(F_U32, "worker", worker, F_EVER)                                                                                 \
    X(F_U32, "endpoint", endpoint, 0)                                                                                  \
    X(F_U32, "sample", sample, F_EVER)                                                                                 \
    X(F_U64, "session", session, 0)                                                                                    \
    X(F_U32, "turn", turn, 0)                                                                                          \
    X(F_U32, "turns", turns, 0)                                                                                        \
    X(F_NAME, "class", klass, 0)                                                                                       \
    X(F_NAME, "model", model, 0)                                                                                       \
    X(F_U64, "conn", conn, F_EVER)                                                                                     \
    X(F_FLAG, "warmup", flags, REC_WARMUP)                                                                             \
    X(F_FLAG, "new_conn", flags, REC_NEW_CONN)                                                                         \
    X(F_FLAG, "retried", flags, REC_RETRIED)                                                                           \
    X(F_FLAG, "streamed", flags, REC_STREAMED)                                                                         \
    X(F_FLAG, "terminal", flags, REC_TERMINAL)                                                                         \
    X(F_FLAG, "no_stream_asked", flags, REC_NO_STREAM_ASKED)                                                           \
    X(F_FLAG, "tls_resumed", flags, REC_TLS_RESUMED)                                                                   \
    X(F_FLAG, "http2", flags, REC_HTTP2)                                                                               \
    X(F_FLAG, "plain", flags, REC_PLAIN)                                                                               \
    X(F_FLAG, "left", flags, REC_LEFT)                                                                                 \
    X(F_FLAG, "unkept", flags, REC_UNKEPT)                                                                             \
    X(F_FLAG, "no_text", flags, REC_NO_TEXT)                                                                           \
    X(F_FLAG, "in_counted", flags, REC_IN_COUNTED)                                                                     \
    X(F_FLAG, "in_texts", flags, REC_IN_TEXTS)                                                                         \
    X(F_FLAG, "uncounted", flags, REC_UNCOUNTED)                                                                       \
    X(F_NAME, "encoding", encoding, 0)                                                                                 \
    X(F_I32, "status", status, 0)                                                                                      \
    X(F_INSTANT, "intended", intended, 0)                                                                              \
    X(F_INSTANT, "admitted", admitted, 0)                                                                              \
    X(F_INSTANT, "start", start, 0)                                                                                    \
    X(F_INSTANT, "conn_start", conn_start, 0)                                                                          \
    X(F_INSTANT, "conn_end", conn_end, 0)                                                                              \
    X(F_INSTANT, "tls_end", tls_end, 0)                                                                                \
    X(F_INSTANT, "sent_first", sent_first, 0)                                                                          \
    X(F_INSTANT, "sent_last", sent_last, 0)                                                                            \
    X(F_INSTANT, "headers", headers, 0)                                                                                \
    X(F_INSTANT, "first_byte", first_byte, 0)                                                                          \
    X(F_INSTANT, "first_token", first_token, 0)                                                                        \
    X(F_INSTANT, "first_output", first_output, 0)                                                                      \
    X(F_INSTANT, "last_token", last_token, 0)                                                                          \
    X(F_INSTANT, "end", end, 0)                                                                                        \
    X(F_COUNT, "tokens_in", tokens_in, 0)                                                                              \
    X(F_COUNT, "tokens_out", tokens_out, 0)                                                                            \
    X(F_COUNT, "tokens_cached", tokens_cached, 0)                                                                      \
    X(F_COUNT, "tokens_reasoning", tokens_reasoning, 0)                                                                \
    X(F_COUNT, "counted_in", counted_in, 0)                                                                            \
    X(F_COUNT, "counted_out", counted_out, 0)                                                                          \
    X(F_U64, "text_bytes", text_bytes, 0)                                                                              \
    X(F_U64, "words", words, 0)                                                                                        \
    X(F_SEED, "text_hash", text_hash, 0)                                                                               \
    X(F_U64, "bytes_in", bytes_in, 0)                                                                                  \
    X(F_U64, "bytes_out", bytes_out, 0)                                                                                \
    X(F_TEXT, "request_id", request_id, sizeof((struct record *)0)->request_id)

extern const struct field_table rec_request_fields, rec_run_fields, rec_endpoint_fields, rec_metric_fields,
    rec_level_fields, rec_client_fields, rec_note_fields;

#endif
