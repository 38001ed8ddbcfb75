/* dsx_inspect.h - what is in a dataset: sizes, repetitions, and what a prefix cache could make of it.
 * Cost: one pass over the text and a hash table of 8 bytes for each block of it. Cold. */
#ifndef WEIR_LOAD_DSX_INSPECT_H
#define WEIR_LOAD_DSX_INSPECT_H

#include "base/buf.h"
#include "load/dataset.h"
#include "load/tokenizer.h"

struct dsx_sizes { /* of n values; all 0 when there is none */
    size_t n;
    int64_t min, max;
    double mean, p50, p90, p99;
    int64_t *sorted; /* owned */
};

struct dsx_count {
    struct str name;
    size_t n;
};

struct dsx_inspect {
    const struct dataset_stats *stats;
    size_t roles[ROLE_DEVELOPER + 1];                     /* messages */
    size_t raw;                                           /* messages given whole: tool calls, content parts */
    struct dsx_sizes words, turns, max_tokens, tokens_in; /* of entries; turns: messages of users */
    struct dsx_sizes tokens;           /* of the messages' texts, by the tokenizer; n 0: there is none */
    const struct tokenizer *tokenizer; /* or NULL; borrowed */
    size_t duplicates;                 /* entries that say the same as an earlier one */
    uint64_t all_words, cached_words;  /* in whole blocks at the beginning that an earlier entry begins with too */
    unsigned block;
    struct dsx_count *classes, *models; /* by frequency; owned, names borrowed */
    size_t n_classes, n_models;
    size_t timed; /* entries with an instant */
    double span;  /* s between the first and the last of them */
};

/* `block`: words in a block of the cache, at least 1. t: NULL, or by what lengths in tokens are told; borrowed. */
void dsx_inspect(struct dsx_inspect *x, const struct dataset *ds, unsigned block, const struct tokenizer *t);
void dsx_inspect_free(struct dsx_inspect *x);
void dsx_inspect_json(const struct dsx_inspect *x, const char *path, struct buf *out);
void dsx_inspect_text(const struct dsx_inspect *x, const char *path, struct buf *out);

#endif
