/* gaps.h - the gaps between token events (ITL), pooled over requests. Histograms of 3 significant digits; the result
 * does not depend on the order of requests. Definitions: docs/METRICS.md. About 10 ns an event. Not thread-safe. */
#ifndef WEIR_ANALYSIS_GAPS_H
#define WEIR_ANALYSIS_GAPS_H

#include "analysis/summary.h"
#include "stat/hist.h"

struct gaps {
    struct hist *all;           /* between successive events */
    struct hist *token;         /* the same divided over the tokens that the server counted */
    struct hist *censored;      /* what was being waited for when a timeout or we cut it short */
    struct hist *width;         /* of the two events' intervals, one value per gap; NULL: not kept */
    uint64_t requests, counted; /* with gaps; and with server counts for all of them */
};
void gaps_init(struct gaps *g, bool width);
void gaps_free(struct gaps *g);

/* A request's events in turn, then its end; a walk for each request, beginning as GAP_WALK. */
struct gap_walk {
    int64_t prev, prev_width, prev_count;
    int64_t pending; /* since the last event with a new token */
    uint32_t events;
    bool counted; /* the server counted tokens at each event so far */
};
#define GAP_WALK ((struct gap_walk){.prev_count = -1, .counted = true})
/* Inline: it is called for every token of a run. */
static inline void gaps_event(struct gaps *g, struct gap_walk *w, const struct rec_event *ev)
{
    if (w->events++) {
        int64_t gap = MAX(ev->at - w->prev, 0), k = ev->cumulative - w->prev_count;
        hist_add(g->all, gap, 1);
        if (g->width)
            hist_add(g->width, ev->width + w->prev_width, 1);
        w->pending = MIN(w->pending + gap, INT64_MAX / 2);
        if (ev->cumulative < 0 || w->prev_count < 0) {
            w->counted = false;
        } else if (k > 0) { /* an event without a new token lengthens the next one's gap */
            hist_add(g->token, (w->pending + k / 2) / k, (uint64_t)k);
            w->pending = 0;
        }
    }
    w->prev = ev->at;
    w->prev_width = ev->width;
    w->prev_count = ev->cumulative;
}
void gaps_end(struct gaps *g, const struct gap_walk *w, const struct record *r);

bool gaps_by_token(const struct gaps *g); /* whether gaps_dist tells of gaps per token, not per event */
void gaps_dist(const struct gaps *g, const double *q, size_t n_q, struct sum_dist *d);

#endif
