/* awscurl_metrics.h - awscurl's figures of a run, and its two outputs: text and JSON with the documented keys in their
 * order. Where the original's definition is wrong, the documented key has the right figure; with `original` its own:
 *
 *                      ours                                     original
 *   tps                successes / wall time of the run         clients / mean latency
 *   tokenThroughput    tokens / wall time                       clients * tokens / sum of latencies
 *   tokenPerRequest    tokens / successes, to the nearest       tokens / all requests, cut
 *   averageTokenLatency  sum of latencies / tokens              clients * sum of latencies / tokens
 *   percentiles        linear interpolation                     sorted[floor(n p / 100)]
 *   timeToFirstByte    of a stream the first token              the first byte
 *
 * Pure. Latencies are ns here and ms in the outputs. */
#ifndef WEIR_COMPAT_AWSCURL_METRICS_H
#define WEIR_COMPAT_AWSCURL_METRICS_H

#include "base/buf.h"

struct awscurl_run {
    const char *tokenizer;    /* TOKENIZER, NULL: not set */
    const char *token_source; /* "tokenizer", "words"; NULL: tokens were not counted */
    int64_t wall;             /* ns, of the whole run */
    uint64_t clients, requests, failed;
    int64_t tokens;           /* of the successful */
    int64_t *latency, *first; /* of the successful, in any order; the functions sort them */
    size_t n, n_first;        /* first: to the first byte or token, of those that had one */
    bool original;
};

struct awscurl_metrics { /* what is not known is NaN: left out of both outputs */
    double total_ms, error_rate, tps, token_throughput, average, token_latency, p[3], first, first_p[3];
    int64_t tokens, token_per_request;
};

void awscurl_metrics_of(struct awscurl_run *r, struct awscurl_metrics *m);
void awscurl_metrics_text(const struct awscurl_run *r, const struct awscurl_metrics *m, struct buf *out);
void awscurl_metrics_json(const struct awscurl_run *r, const struct awscurl_metrics *m, struct buf *out);

#endif
