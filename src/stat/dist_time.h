/* dist_time.h - distributions of times, read from text as stat/dist.h but with durations for numbers:
 *   "2s" or "fixed:2s" · "uniform:500ms,3s" · "exp:2s" · "normal:2s,500ms" · "lognormal:2s,0.8" (the second number of
 * the last is the logarithm's sigma). A bare number is seconds. Values are ns, 0 to an hour times a hundred. Sampling
 * depends on (seed, purpose, i) alone. Thread-safe. */
#ifndef WEIR_STAT_DIST_TIME_H
#define WEIR_STAT_DIST_TIME_H

#include "base/rng.h"
#include "stat/dist.h"

#define DIST_TIME_MAX (360000 * NS_PER_S)

int dist_time_parse(struct dist *d, struct str text, struct err *e); /* d in ns; the error names the forms */
/* Values 2i and 2i + 1 of the purpose's stream are used up. */
int64_t dist_time_at(const struct dist *d, uint64_t seed, enum rng_purpose purpose, uint64_t i);

#endif
