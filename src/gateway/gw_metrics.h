/* gw_metrics.h - what the gateway counts: Prometheus text for /metrics, and CloudWatch's embedded metric format (EMF)
 * for stdout, from which CloudWatch Logs makes metrics of namespace LLM/Serving without a call on anybody's path.
 *
 * One struct gw_metrics for all workers; gw_metrics_add and the gauges are lock-free and may come from any thread. EMF
 * lines are written by a thread of the sink's own through a ring of bounded size: a stdout that nobody reads delays no
 * request, lines are dropped and counted. With `direct` (Lambda, where the process stands still between invocations)
 * gw_emf_put writes before it returns. Sources: CloudWatch's "Embedded metric format specification"; Prometheus's
 * "Exposition formats". */
#ifndef WEIR_GATEWAY_GW_METRICS_H
#define WEIR_GATEWAY_GW_METRICS_H

#include "base/buf.h"
#include "base/err.h"
#include "gateway/gw_answer.h"

struct gw_metrics;

struct gw_outcome {   /* of one call */
    int status;       /* that the client got; 499: it had gone */
    const char *code; /* of struct gw_error, constant; NULL: fine */
    bool stream;
    int64_t ttft;     /* ns from the request until text came; -1: none, or not streamed */
    int64_t duration; /* ns; -1: it has not ended, and what its counts are is not told yet */
    int64_t overhead; /* ns from the request's arrival until it was on its way upstream; -1: it never was */
    struct gw_figures figures;
    int64_t unix_ms; /* when it ended */
};

struct gw_metrics *gw_metrics_new(const char *endpoint, double hourly_usd /* NaN: not known */);
void gw_metrics_free(struct gw_metrics **m);
struct gw_emf;
void gw_metrics_watch(struct gw_metrics *m, const struct gw_emf *emf); /* tell what it drops; before the threads are */
void gw_metrics_begin(struct gw_metrics *m);                           /* a call began: in flight */
void gw_metrics_add(struct gw_metrics *m, const struct gw_outcome *o); /* it ended: once for each that began */
void gw_metrics_text(const struct gw_metrics *m, struct buf *out);     /* version 0.0.4 of the text format */

/* Tokens/s and USD per 1,000 tokens of one call, as the headers tell them; -1: not known. The cost of one request
 * alone overstates what an instance that serves many at once costs; that is how the seed program defines it. */
double gw_tokens_per_second(const struct gw_outcome *o);
double gw_cost_per_1k(double tokens_per_second, double hourly_usd);

/* X-Endpoint, X-TTFT-MS, X-Completion-Tokens, X-Prompt-Tokens, X-Tokens-Per-Second (%.2f), X-Cost-Per-1K-USD (%.6f):
 * those that are known. Values stand in `text`. Returns how many. */
enum { GW_TOLD = 6, GW_TOLD_TEXT = 512 };
size_t gw_told(const struct gw_outcome *o, const char *endpoint, double hourly_usd, struct gw_field f[GW_TOLD],
               char text[GW_TOLD_TEXT]);

/* One EMF line with CRLF-free JSON and '\n': dimension EndpointName; TTFT (Milliseconds, streamed), PromptTokens,
 * CompletionTokens, TokensGenerated (Count), TokensPerSecond (Count/Second), RequestCount, CompletionTimeSeconds
 * (Seconds), CostPer1kTokensUSD (None), Errors (0 or 1; a client that has gone is none); those that are known. Times,
 * rates and costs are of calls that went well. Beside the metrics, for searching logs: Status, Stream, ErrorCode. */
void gw_emf_line(const struct gw_outcome *o, const char *endpoint, double hourly_usd, struct buf *out);

struct gw_emf *gw_emf_new(int fd, bool direct, struct err *e); /* fd is borrowed */
void gw_emf_free(struct gw_emf **m);                           /* writes what is left, for at most a second */
void gw_emf_put(struct gw_emf *m, struct str line);
uint64_t gw_emf_dropped(const struct gw_emf *m);

#endif
