/* dist.h - distributions to sample from, read from text:
 *   "128" or "fixed:128" · "uniform:a,b" (integers a..b inclusive when sampled by dist_int) · "exp:mean" ·
 *   "normal:mean,sd" · "lognormal:m,s" (m = median, s = sigma of the logarithm; "lognormal:s" has median 1).
 * Sampling is a pure function of two uniform numbers, so it is reproducible. Thread-safe. */
#ifndef WEIR_STAT_DIST_H
#define WEIR_STAT_DIST_H

#include "base/err.h"
#include "base/str.h"

enum dist_kind { DIST_FIXED, DIST_UNIFORM, DIST_EXP, DIST_NORMAL, DIST_LOGNORMAL };

struct dist {
    enum dist_kind kind;
    double a, b;
};

int dist_parse(struct dist *d, struct str text, struct err *e); /* the error names the text and the forms */
double dist_sample(const struct dist *d, double u1, double u2); /* u1, u2 in (0, 1) */
int64_t dist_int(const struct dist *d, double u1, double u2, int64_t min, int64_t max); /* rounded and clamped */
double dist_mean(const struct dist *d);

#endif
