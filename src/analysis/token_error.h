/* token_error.h - the client's instants of tokens held against the instants at which the simulator wrote them: one
 * clock, so their difference is the client's error (with the way through the kernel in it). Absolute values, in ns.
 * About 20 ns a token. Not thread-safe. */
#ifndef WEIR_ANALYSIS_TOKEN_ERROR_H
#define WEIR_ANALYSIS_TOKEN_ERROR_H

#include "record/record.h"

struct hist;

struct token_error {
    struct hist *ttft;  /* |first token seen - first token written| */
    struct hist *itl;   /* |gap seen - gap written| */
    uint64_t requests;  /* all that were added */
    uint64_t failed;    /* not successful: compared with nothing */
    uint64_t unmatched; /* successful, but without a truth, or with another number of tokens */
    uint64_t events;    /* that were compared */
};
void token_error_init(struct token_error *t);
void token_error_free(struct token_error *t);
/* epoch: what the record's instants are added to. written: the truth's instants of this request's tokens; NULL: it has
 * none. */
void token_error_add(struct token_error *t, const struct record *r, int64_t epoch, const int64_t *written, size_t n);

#endif
