/* plot_qps.h - the figure of `weir as benchmark`: 32 x 12 inches at 150 dpi, three rows of two panels over the target
 * rate, with the colours and titles that seed 002 documents. */
#ifndef WEIR_REPORT_PLOT_QPS_H
#define WEIR_REPORT_PLOT_QPS_H

#include "report/plot.h"

enum { PLOT_QPS_QUANTILES = 4 }; /* p50 p90 p95 p99 */

struct plot_qps_level {                                       /* NaN: no value */
    double target, actual;                                    /* requests per second */
    double success_percent;                                   /* 0..100 */
    double ttft[PLOT_QPS_QUANTILES], e2e[PLOT_QPS_QUANTILES]; /* seconds */
    double tok_s[PLOT_QPS_QUANTILES];                         /* tokens per second of a request */
    double output_tok_s;                                      /* of all requests together */
    double cost_per_million;                                  /* US dollars per million tokens */
};

struct plot_qps {
    size_t n;
    const struct plot_qps_level *level; /* in the order of the run */
    const char *summary;                /* lines of the panel "Summary & Recommendations"; empty lines part it */
    int64_t made;                       /* seconds since 1970 */
};
/* The aggregate output rate is drawn where some level has one, and so is the cost; else the text takes its cell too. */
struct plot_figure *plot_qps_figure(const struct plot_qps *q);

#endif
