/* hist.h - a histogram of non-negative int64_t values with a bounded relative error, in the manner of HdrHistogram.
 * 3 significant decimal digits: 2048 linear buckets first, then 1024 per power of two; every value of [0, 2^63) has a
 * bucket, nothing is clamped or dropped. Memory grows with the largest value (about 8 KiB per power of two), at most
 * 480 KiB. hist_add costs about 4 ns once the range is reached. n, min, max, sum and sum of squares are exact (128
 * bits), so merging is free of order. Not thread-safe. */
#ifndef WEIR_STAT_HIST_H
#define WEIR_STAT_HIST_H

#include "base/attr.h"

struct hist;

struct hist *hist_new(void);
void hist_free(struct hist **h);
void hist_add(struct hist *h, int64_t v, uint64_t count); /* v < 0 counts as 0 */
void hist_merge(struct hist *into, const struct hist *from);
void hist_reset(struct hist *h);

uint64_t hist_n(const struct hist *h);
int64_t hist_min(const struct hist *h); /* exact; 0 when empty */
int64_t hist_max(const struct hist *h);
double hist_mean(const struct hist *h); /* exact sum / n; 0 when empty */
double hist_std(const struct hist *h);  /* sample standard deviation (n - 1); 0 below two values */
/* Quantile q in [0, 1]: linear interpolation between the bucket midpoints of the two neighbouring ranks (rank = q (n -
 * 1)), clamped to [min, max]; NaN when empty. */
double hist_quantile(const struct hist *h, double q);
/* Number of values above v, by bucket midpoints. */
uint64_t hist_above(const struct hist *h, int64_t v);

/* Non-empty buckets in rising order: start with *it = 0; false at the end. (value, count) pairs fed back through
 * hist_add(mid, count) and hist_set_exact give an equal histogram. */
bool hist_next(const struct hist *h, size_t *it, int64_t *mid, uint64_t *count);

/* The exact moments as plain data, for storing. Sums are hexadecimal text of 128-bit integers without sign. */
struct hist_exact {
    int64_t min, max;
    unsigned __int128 sum, sum_sq;
};
struct hist_exact hist_get_exact(const struct hist *h);
void hist_set_exact(struct hist *h, const struct hist_exact *x);

#endif
