/* samples.h - the values of one metric over the requests of a level, observed and right-censored, and their
 * distribution. Exact (8 bytes a value) up to SAMPLES_EXACT values, then two histograms of 3 significant digits. The
 * result does not depend on the order of adding. Not thread-safe.
 *
 * Censoring: of a request that timed out or was cancelled it is only known that the value would have been at least what
 * was waited. A quantile lies between the one with all such values at their waiting time and the one with all of them
 * at infinity. The first is given; where the second is more than 1 % above it, it is a lower bound only (`at_least`).
 */
#ifndef WEIR_ANALYSIS_SAMPLES_H
#define WEIR_ANALYSIS_SAMPLES_H

#include "analysis/summary.h"
#include "stat/hist.h"
#include "stat/quant.h"

#define SAMPLES_EXACT 1000000

struct ivec {
    int64_t *v;
    size_t n, cap;
};
void ivec_grow(struct ivec *x);
static inline void ivec_add(struct ivec *x, int64_t v)
{
    if (UNLIKELY(x->n == x->cap))
        ivec_grow(x);
    x->v[x->n++] = v;
}
void ivec_free(struct ivec *x);

struct samples {
    struct ivec seen, censored;
    struct hist *h, *h_censored; /* instead of the two vectors once there were too many */
    struct moments m;            /* of what was observed */
    size_t exact;                /* ceiling of the vectors together; 0 = SAMPLES_EXACT */
};
void samples_add(struct samples *s, int64_t v, bool censored); /* v < 0 counts as 0 */
uint64_t samples_above(const struct samples *s, int64_t v);    /* observed values above v; O(n) */
void samples_free(struct samples *s);
/* Fills *d. `scale` multiplies every value (units). Sorts; O(n log n). */
void samples_dist(struct samples *s, double scale, const double *q, size_t n_q, struct sum_dist *d);

/* The same of histograms made elsewhere; `censored` may be NULL; n of marks = `requests`. */
void hist_dist(const struct hist *h, const struct hist *censored, uint64_t requests, const double *q, size_t n_q,
               struct sum_dist *d);

#endif
