/* timeline.h - one row a second of what a level did: all its requests, warm-up and drain included. Rows are counted
 * from the level's begin; beyond a million rows (11 days) nothing is added. TTFT quantiles are exact up to a million
 * first tokens per level, then of an order-free sample of them (chosen by the request's index). Not thread-safe. */
#ifndef WEIR_ANALYSIS_TIMELINE_H
#define WEIR_ANALYSIS_TIMELINE_H

#include "analysis/tcount.h"

struct tl_row {
    uint64_t offered, started, ended, completed, failed;
};
struct tl_first {
    uint32_t row;
    uint64_t index;
    int64_t ttft;
};
struct timeline {
    int64_t begin;
    struct tl_row *row;
    size_t n, cap;
    int64_t last_begin; /* of the row that was asked for last, */
    size_t last;        /* and its number */
    struct tl_first *first;
    size_t n_first, cap_first;
    uint64_t thin;    /* only indices whose hash & thin is 0 are kept */
    size_t first_max; /* 0: a million */
};
void timeline_add(struct timeline *t, const struct record *r, bool open);
/* Fills l->rows; `tokens` are the level's output tokens over time. */
void timeline_finish(struct timeline *t, const struct tcount *tokens, struct sum_level *l);
void timeline_free(struct timeline *t);

#endif
