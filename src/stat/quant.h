/* quant.h - exact quantiles and moments of samples that were kept. */
#ifndef WEIR_STAT_QUANT_H
#define WEIR_STAT_QUANT_H

#include "base/attr.h"

/* Linear interpolation between order statistics (NumPy's default, Hyndman and Fan type 7). v sorted ascending; NaN for
 * n = 0. */
double quant_sorted(const int64_t *v, size_t n, double q);
void quant_sort(int64_t *v, size_t n); /* in place, ascending; O(n log n) */

/* Order-free moments of integers: the result does not depend on the order of adding or merging. */
struct moments {
    uint64_t n;
    int64_t min, max;
    __int128 sum;
    unsigned __int128 sum_sq;
};
static inline void moments_add(struct moments *m, int64_t v) /* start from {0} */
{
    m->min = m->n && m->min < v ? m->min : v;
    m->max = m->n && m->max > v ? m->max : v;
    m->n++;
    m->sum += v;
    m->sum_sq += (unsigned __int128)((__int128)v * v);
}
void moments_merge(struct moments *into, const struct moments *from);
double moments_mean(const struct moments *m); /* 0 when empty */
double moments_std(const struct moments *m);  /* sample (n - 1); 0 below two */

/* Smallest n for which a two-sided distribution-free 95 % interval of the quantile q exists: 72 for .95, 368 for .99,
 * 3688 for .999 (the smallest n with q^n + (1-q)^n <= .05 whose upper side binds at 2.5 %). */
uint64_t quant_min_n(double q);

/* Probability that at least k of n independent trials succeed, each with probability p: the binomial distribution's
 * upper tail. For k above n p; O(sqrt(n)). */
double binom_tail(uint64_t k, uint64_t n, double p);

/* Wilson's score interval of a share of k of n at 95 %. n = 0 gives [0, 1]. */
void wilson95(uint64_t k, uint64_t n, double *lo, double *hi);

/* Index of dispersion (variance / mean) of counts of the instants t[0..n) in bins of `bin` ns between the first and the
 * last; NaN below two bins. 0 = perfectly even, 1 = Poisson. t need not be sorted. */
double index_of_dispersion(const int64_t *t, size_t n, int64_t bin);

#endif
