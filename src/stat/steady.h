/* steady.h - whether a series of numbers has settled: where its warm-up ends, and whether it rises or falls.
 * References: K. P. White, "An effective truncation heuristic for bias reduction in simulation output", Simulation 69
 * (1997); H. B. Mann, Econometrica 13 (1945); M. G. Kendall, Rank Correlation Methods (1975). */
#ifndef WEIR_STAT_STEADY_H
#define WEIR_STAT_STEADY_H

#include "base/attr.h"

/* The marginal standard error rule: how many values to leave out at the beginning so that the standard error of the
 * mean of the rest is least; at most n / 2. Applied to means of batches of 5 this is MSER-5. O(n). */
size_t mser(const double *y, size_t n);

/* Mann and Kendall's test for a trend, with the correction for ties. `inflation` (>= 1) is the factor by which
 * correlation between neighbours makes the variance larger (steady_inflation; 1: independent values). O(n^2). */
struct trend {
    int64_t s;    /* pairs that rise - pairs that fall */
    double var;   /* of s, without inflation */
    double z, p;  /* standard normal under no trend; two-sided probability. 0 and 1 when there is nothing to test */
    double slope; /* per step: the median over all pairs (Theil and Sen) */
};
struct trend mann_kendall(const double *y, size_t n, double inflation);

/* Correlation of neighbours, and (1 + r) / (1 - r) of it with r raised by the bias of its estimate and held within 0 to
 * 0.9: the variance of a mean of n correlated values over that of independent ones. */
double steady_lag1(const double *y, size_t n);
double steady_inflation(const double *y, size_t n);

#endif
