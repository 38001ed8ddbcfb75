/* dist.h - distributions to sample from, read from text:
 *   "128" or "fixed:128" · "uniform:a,b" (integers a..b inclusive when sampled by dist_int) · "exp:mean" ·
 *   "normal:mean,sd" · "lognormal:m,s" (m = median, s = sigma of the logarithm; "lognormal:s" has median 1) ·
 *   "zipf:s,n" (an integer 1..n, k with a probability in proportion to k^-s) ·
 *   mixtures of those: "0.8*fixed:200+0.2*uniform:2000,4000" (weights are shares of their sum; 1 where none stands).
 * Sampling is a pure function of two uniform numbers, so it is reproducible; a mixture takes its part by the first of
 * them and stretches what is left of it to a uniform number again. Cost: some 50 ns; zipf about 3 us. Thread-safe. */
#ifndef WEIR_STAT_DIST_H
#define WEIR_STAT_DIST_H

#include "base/err.h"
#include "base/str.h"

enum dist_kind { DIST_FIXED, DIST_UNIFORM, DIST_EXP, DIST_NORMAL, DIST_LOGNORMAL, DIST_ZIPF, DIST_MIX };

enum { DIST_PARTS_MAX = 8 };
struct dist_part {
    enum dist_kind kind; /* never DIST_MIX */
    double a, b;
    double upto; /* shares of the parts up to this one; the last has 1 */
};

struct dist {
    enum dist_kind kind;
    double a, b;
    unsigned n_parts; /* of a mixture */
    struct dist_part part[DIST_PARTS_MAX];
};

int dist_parse(struct dist *d, struct str text, struct err *e); /* the error names the text and the forms */
double dist_sample(const struct dist *d, double u1, double u2); /* u1, u2 in (0, 1) */
int64_t dist_int(const struct dist *d, double u1, double u2, int64_t min, int64_t max); /* rounded and clamped */
double dist_mean(const struct dist *d);

#endif
