/* ds_fields.h - entries whose parts are fields with names: columns of CSV, members of JSON objects, rows of a trace.
 * What each name of ours is called in the file stands in a map, "prompt=question,max_tokens=len", over the format's
 * own. A prompt that is not there but has a length (input_tokens) is made of so many words, see load/words.h. */
#ifndef WEIR_LOAD_DS_FIELDS_H
#define WEIR_LOAD_DS_FIELDS_H

#include "load/ds_util.h"

enum ds_field {
    FIELD_PROMPT,
    FIELD_SYSTEM,
    FIELD_ANSWER,     /* not sent: its length counts */
    FIELD_MAX_TOKENS, /* output tokens to ask for; 0: the entry is skipped */
    FIELD_INPUT_TOKENS,
    FIELD_CLASS, /* of the request */
    FIELD_MODEL, /* to ask instead of the run's */
    FIELD_AT,    /* when it is due, see ds_instant_parse */
    FIELD_N,
};

struct ds_map {
    struct str name[FIELD_N]; /* "": there is none */
    bool given[FIELD_N];      /* by the user, so that it must be there */
};

extern const struct ds_map ds_map_plain; /* each field under its own name */

/* "prompt=question,max_tokens=len" over `map`; NULL changes nothing. Borrows. 0, or -1 + e (ERR_USAGE). */
int ds_map_parse(struct ds_map *map, const char *text, struct err *e);

/* One entry's values. Texts are plain, or JSON-escaped. */
struct ds_values {
    struct str v[FIELD_N];
    bool has[FIELD_N];
    bool escaped;
    int64_t unit; /* of a bare number in FIELD_AT, ns */
};

/* Into the sample that has begun; `at` the entry's place in the text. 0, or DS_SAID. */
int ds_put(const struct ds_reader *r, const struct ds_map *map, const struct ds_values *v, const char *at);

/* "2023-11-16 18:15:46.6805900", with T, Z or +02:00 as well: ns since 1970 (without a zone: UTC); or a number, in
 * `unit` ns. Exact to the ns. 0, or -1. */
int ds_instant_parse(struct str s, int64_t unit, int64_t *ns);

/* What a made-up text is keyed by: the entry itself, or a block of text that several share (its number in the trace).
 */
#define DS_KEY_ENTRY(i) (UINT64_C(1) << 63 | (i))
#define DS_TOKENS_MAX 16000000 /* of one entry */

#endif
