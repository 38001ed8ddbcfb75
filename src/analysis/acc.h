/* acc.h - the one accumulator that makes every printed figure. Fed by the writer thread during a run and by `weir
 * report` from the file afterwards; both give the same summary to the digit, whatever the order of requests within a
 * level. Definitions: docs/METRICS.md. Integer ns, order-free sums; per-request metrics are exact up to a million
 * requests per level, then histograms; ITL is always a histogram. Not thread-safe. */
#ifndef WEIR_ANALYSIS_ACC_H
#define WEIR_ANALYSIS_ACC_H

#include "analysis/slo.h"
#include "analysis/summary.h"
#include "record/recfile.h"

struct acc;
struct acc_opts {
    const struct slo_set *slo;     /* --slo, or NULL; borrowed for the accumulator's life */
    const struct slo_set *goodput; /* --goodput, or NULL */
    const double *percentiles;     /* --percentiles as shares; copied. NULL: those of summary.json alone */
    size_t n_percentiles;
    unsigned by;          /* groups_parse: kinds asked for */
    double cost_per_hour; /* of the whole deployment, in US dollars; 0: not asked */
};
struct acc *acc_new(const struct acc_opts *o);
void acc_free(struct acc **a);
/* The calls of a rec_sink, arg = the acc. Requests, clients and the final line of a level come between its first line
 * and the first line of the next level; requests in any order. Feeding costs about 0.3 us a request and 40 ns a token
 * event. */
extern const struct rec_sink acc_sink;

/* The server's own figures, in any order, before acc_finish; sources first. */
void acc_source(struct acc *a, const struct scrape_source *s);
void acc_scrape(struct acc *a, const struct scrape *s);
extern const struct scrapes_sink acc_scrapes_sink; /* the same, arg = the acc */

/* Close what is open (a run that was killed has no final lines: the window then ends at the last instant seen) and give
 * the summary; the accumulator keeps it until acc_free. */
const struct summary *acc_finish(struct acc *a);

/* For the live view: TTFT p50 in ns of the current level so far, -1 unknown. */
int64_t acc_live_ttft_p50(const struct acc *a);

#endif
