/* acc_endpoint.h - one endpoint's part of a level, where a run has several. Private to the accumulator. Per-request
 * metrics are exact up to ENDPOINT_EXACT requests, then histograms; ITL is always a histogram. */
#ifndef WEIR_ANALYSIS_ACC_ENDPOINT_H
#define WEIR_ANALYSIS_ACC_ENDPOINT_H

#include "analysis/gaps.h"
#include "analysis/measure.h"
#include "analysis/samples.h"
#include "analysis/tcount.h"

#define STATUS_MAX 1000
enum { ENDPOINT_EXACT = 100000 }; /* 64 endpoints of so many: 150 MB at most */

struct outcome_counts { /* of the cohort */
    uint64_t n[OUT_COUNT];
    uint64_t http[STATUS_MAX]; /* of OUT_HTTP, by status */
};
void outcomes_add(struct outcome_counts *c, const struct record *r);

struct header_samples { /* of one response header */
    struct samples seen;
    uint64_t bad;
};
void headers_add(struct header_samples h[HEADER_METRICS_MAX], const struct record *r);
void headers_finish(struct header_samples h[HEADER_METRICS_MAX], const struct summary *s, uint64_t successful,
                    struct sum_metric out[HEADER_METRICS_MAX]);
void headers_free(struct header_samples h[HEADER_METRICS_MAX]);

struct acc_endpoint {
    uint64_t members; /* of the cohort */
    struct outcome_counts outcomes;
    uint64_t tokens_in, tokens_out, known_in, known_out; /* known: requests that said so */
    struct samples ttft, tpot, e2e, total;
    struct header_samples headers[HEADER_METRICS_MAX];
    struct gaps gaps;
    struct tcount tok_out;
};
void acc_endpoint_init(struct acc_endpoint *p, int64_t begin);
void acc_endpoint_free(struct acc_endpoint *p);
/* All but its events, which go to gaps and tok_out with those of the level. */
void acc_endpoint_member(struct acc_endpoint *p, const struct record *r, const struct measured *m);

/* The end; out->url is the caller's. `level` gives the window and what exists there. */
void acc_endpoint_finish(struct acc_endpoint *p, const struct summary *s, const struct sum_level *level,
                         struct sum_endpoint *out);

#endif
