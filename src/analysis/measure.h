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
/* After it: v[ITL] = the largest gap between token events. A pass of its own over the events. */
void measure_itl(const struct record *r, struct measured *m);

/* Whether waiting was cut short by a timeout or by us: then values are right-censored. */
bool outcome_censors(enum outcome o);
bool outcome_timeout(enum outcome o);

/* Where the request belongs in time: intended (open), start (closed); 0 = nowhere. */
int64_t record_key(const struct record *r, bool open);
int64_t record_last_instant(const struct record *r);

/* How the output tokens of a record are spread over its events: by the server's cumulative counts where it gave them,
 * else by bytes of text with cumulative rounding, so that the parts add up to the whole. Start with rec_iter_init and
 * {0}. */
struct spread {
    struct rec_iter it;
    int64_t total; /* tokens to spread; -1: unknown */
    uint64_t bytes, bytes_seen, events, events_seen;
    int64_t given;
    bool alone; /* no events: everything at one instant */
};
void spread_init(struct spread *s, const struct record *r, uint64_t text_bytes_of_events);
bool spread_next(struct spread *s, int64_t *at, uint64_t *tokens);

#endif
