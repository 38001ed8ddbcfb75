/* tcount.h - how much happened when: counts over time, from which the amount within any window is asked at the end,
 * when the window is known. Bins of 10 ms (twice as wide each time more than 4 Mi of them would be needed); a window's
 * edge takes its share of the bin that it cuts. A window that was announced before anything was added, and kept, is
 * counted exactly. With `points` the instants themselves are kept up to a million, and every window is exact.
 * Order-free; not thread-safe. */
#ifndef WEIR_ANALYSIS_TCOUNT_H
#define WEIR_ANALYSIS_TCOUNT_H

#include "analysis/samples.h"

struct tcount {
    int64_t origin;
    unsigned folds; /* bins are so many times twice as wide as at first */
    uint64_t *bin;
    size_t n;
    uint64_t total;
    struct ivec points;
    bool keep_points;
    bool known, moved; /* the announced window */
    int64_t w0, w1;
    uint64_t within;
};
void tcount_init(struct tcount *t, int64_t origin, bool points);
void tcount_window(struct tcount *t, int64_t w0, int64_t w1);            /* announce [w0, w1) */
void tcount_add(struct tcount *t, int64_t at, uint64_t n);               /* what lies before the origin counts there */
double tcount_between(const struct tcount *t, int64_t from, int64_t to); /* in [from, to) */
void tcount_free(struct tcount *t);

#endif
