/* saturation.h - where a sweep goes over: from the levels of a run the first that the server does not hold, and what
 * load that leaves to recommend. Pure functions of the summary. docs/METRICS.md ("Saturation") says the same in words.
 *
 * A sweep is two levels or more of one kind, each with a rate or each with a number of requests in flight, no two
 * alike, none with a name (such levels may differ in more than their load), without sessions or profiles. Levels that
 * were cut or interrupted, or sent nothing, are left out. In rising order a level is saturated when success     fewer
 * than 95 % of its requests succeeded completed   (rate) the server answered less than 95 % of what was due, and its
 * backlog grew (level_backlog) ttft        (rate) TTFT p95 is above max(1 s, 3 x the lowest level's) tail        (rate,
 * 100 requests in both) TTFT p99 is above max(1 s, 3 x the lowest level's) throughput  (in flight) it rose by less than
 * a tenth of what the load rose by, and chance does not explain that TTFT is that from the intended instant; where
 * nothing was streamed, E2E stands in for it. What the client did not manage to send is not the server's fault and
 * saturates nothing. */
#ifndef WEIR_ANALYSIS_SATURATION_H
#define WEIR_ANALYSIS_SATURATION_H

#include "analysis/summary.h"

#define SAT_SUCCESS_MIN 0.95

/* A run of fewer than `least` levels has none: a report takes 2. *out is then the caller's. */
void saturation_find(const struct summary *s, size_t least, struct sum_saturation *out);
void saturation_free(struct sum_saturation *x);

/* What was due and not answered, of a level in an open loop at one rate. A healthy server has as much of it in the
 * window's middle as at its end, but for the chance of arrivals (three standard deviations of both counts). */
struct backlog {
    bool known;                       /* false: a window of less than four seconds does not tell */
    bool grows;                       /* by more than chance and by more than 5 % of what was due meanwhile */
    double offered_rps, answered_rps; /* in the second half */
    int64_t mid, end;                 /* requests */
};
struct backlog level_backlog(const struct sum_level *l);

#endif
