/* slo.h - service level objectives as text:
 *   --slo 'ttft:p95<500ms,itl:p99<50ms,error_rate<1%'   judged on a level (metric:statistic<limit)
 *   --goodput 'ttft:500ms,e2e:5s'                        judged on each request (metric:limit)
 * Metrics: ttft ttfo ttfb itl tpot ntpot e2e total queue_wait (open loop: the response variant where one exists),
 * error_rate, success_rate, rate (successful per second), output_tok_s. Statistics: p0..p100 with decimals, mean, min,
 * max. */
#ifndef WEIR_ANALYSIS_SLO_H
#define WEIR_ANALYSIS_SLO_H

#include "base/err.h"
#include "base/str.h"

struct slo_term {
    int metric;      /* enum metric of summary.h */
    double quantile; /* 0..1; -1 mean, -2 none (rates) */
    bool upper;      /* value must be < limit (else >) */
    bool inclusive;  /* <= or >= */
    double limit;    /* ns for latencies, share for rates, per second otherwise */
    char text[64];   /* as the user wrote it */
};
#define SLO_MAX 16
struct slo_set {
    size_t n;
    struct slo_term t[SLO_MAX];
};
int slo_parse(struct slo_set *s, struct str text, struct err *e);
int goodput_parse(struct slo_set *s, struct str text, struct err *e);

#endif
