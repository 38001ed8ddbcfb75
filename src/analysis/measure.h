/* measure.h - the figures of one request from its record: pure functions, no state. Definitions: docs/METRICS.md. */
#ifndef WEIR_ANALYSIS_MEASURE_H
#define WEIR_ANALYSIS_MEASURE_H

#include "analysis/summary.h"

#define NOT_MEASURED (-1) /* the metric says nothing about this request */

struct measured {
    int64_t v[METRIC_LATENCIES]; /* ns, or NOT_MEASURED; ITL: only measure_itl fills it */
    uint32_t censored;           /* bit m: v[m] is only what was waited */
    int64_t tok_rate;            /* tokens per second of the request, in millionths */
    int64_t send_lag;            /* open loop */
};
void measure(const struct record *r, bool open, struct measured *m);
/* Output tokens that took part in what was seen: without reasoning that was counted but not streamed. */
int64_t measure_visible(const struct record *r);
/* After it: v[ITL] = the largest gap between token events. A pass of its own over the events. */
void measure_itl(const struct record *r, struct measured *m);

/* Whether waiting was cut short by a timeout or by us: then values are right-censored. */
bool outcome_censors(enum outcome o);
bool outcome_timeout(enum outcome o);

/* Where the request belongs in time: intended (open), start (closed); 0 = nowhere. */
int64_t record_key(const struct record *r, bool open);
int64_t record_last_instant(const struct record *r);

/* How the output tokens of a record are spread over its events: by the server's cumulative counts where it gave them,
 * else by bytes of text (events that have none: evenly) with cumulative rounding, so that the parts add up to the
 * whole. One spread_event for each event, in order. */
struct spread {
    int64_t total; /* tokens to spread; -1: unknown */
    int64_t given;
    uint64_t whole, seen; /* bytes, or events */
    uint64_t rest, share; /* total * seen = share * whole + rest, kept up to date without a division */
    uint32_t left;
    bool by_bytes, small;
};
void spread_init(struct spread *s, const struct record *r);
uint64_t spread_event(struct spread *s, const struct rec_event *ev); /* tokens that came with it */
/* Of an answer without events (not streamed): all tokens came at *at. 0: none, or not known. */
uint64_t spread_whole(const struct record *r, int64_t *at);

#endif
