/* sim_lambda.h - what a Lambda function behind an API Gateway tells of each answer that it had of a model's endpoint,
 * in headers. An HTTP API cannot pass on a stream: the events that the model gave come as one body when the last one is
 * there, with all headers (--preset lambda-proxy). A function that streams knows the figures at the end alone, and
 * tells them in trailers and in comments behind the last event (--preset lambda-stream). Source: the proxy function of
 * samit-manna/llm-inference-optimization, aws/terraform/scripts. Thread-safe: no state. */
#ifndef WEIR_SIM_SIM_LAMBDA_H
#define WEIR_SIM_SIM_LAMBDA_H

#include "http/hserver.h"
#include "sim/sim_dialect.h"

enum lambda_kind { LAMBDA_NONE, LAMBDA_BUFFERED, LAMBDA_STREAMED };

enum { LAMBDA_TOLD = 3, LAMBDA_LINES = 400 };
struct lambda_told {                      /* figures as they are told, as text */
    struct hs_header figure[LAMBDA_TOLD]; /* x-tokens-per-second, x-cost-per-1k-usd, x-ttft-ms; values stand below */
    size_t n;                             /* the last one only of what was asked for as a stream */
    char tps[32], cost[32], ttft[24];
};

/* now: the clock, when the answer is there whole. hourly: what the instance costs, USD. t must stay where it is. */
void lambda_tell(struct lambda_told *t, const struct event_fmt *f, int64_t now, uint64_t tokens, bool stream,
                 double hourly);
/* Header lines, each with CRLF, with the counts of tokens too. Returns out. */
char *lambda_lines(const struct lambda_told *t, const struct event_fmt *f, uint64_t tokens, char out[LAMBDA_LINES]);
/* ": x-tokens-per-second=12.5" and so on, each an event of its own. */
void lambda_comments(const struct lambda_told *t, struct buf *out);
/* The events of a stream, one after the other. f->chunked must be false. */
void lambda_events(const struct sim_dialect *d, struct event_fmt *f, uint64_t tokens, struct buf *out);

#endif
