/* judge.c - what the user asked for: objectives of a level (--slo) and of each request (--goodput). */
#include <math.h>

#include "analysis/acc_level.h"

static const struct sum_dist *dist_of(const struct sum_level *l, int metric)
{
    if (l->open && metric == METRIC_TTFT)
        metric = METRIC_TTFT_RESPONSE;
    if (l->open && metric == METRIC_E2E)
        metric = METRIC_E2E_RESPONSE;
    return &l->lat[metric];
}

static bool holds(double v, const struct slo_term *t)
{
    if (t->upper)
        return t->inclusive ? v <= t->limit : v < t->limit;
    return t->inclusive ? v >= t->limit : v > t->limit;
}

/* The value lies in [*lo, *hi]; NaN: there is none. */
static void bounds_of(const struct summary *s, const struct sum_level *l, const struct slo_term *t, double *lo,
                      double *hi)
{
    switch (t->metric) {
    case METRIC_ERROR_RATE:
        *lo = *hi = l->error_rate;
        return;
    case METRIC_SUCCESS_RATE:
        *lo = *hi = l->success_rate;
        return;
    case METRIC_RATE:
        *lo = *hi = l->successful_rps;
        return;
    case METRIC_OUTPUT_TOK_S:
        *lo = *hi = l->output_tok_s;
        return;
    default:
        break;
    }
    const struct sum_dist *d = dist_of(l, t->metric);
    *lo = *hi = NAN;
    if (!d->present)
        return;
    if (t->quantile < 0) { /* the mean of what was observed leaves out the longest */
        *lo = d->mean;
        *hi = d->censored ? INFINITY : d->mean;
        return;
    }
    ptrdiff_t i = summary_q_index(s, t->quantile);
    if (i < 0)
        return;
    *lo = d->q[i];
    *hi = d->at_least >> i & 1 ? d->q_upper[i] : d->q[i];
}

void judge_slo(const struct summary *s, const struct slo_set *set, struct sum_level *out)
{
    if (!set || set->n == 0)
        return;
    bool timeouts = false;
    for (size_t i = 0; i < out->outcomes.n; i++)
        timeouts |= strncmp(out->outcomes.v[i].name, "timeout", 7) == 0;
    out->slo.n = set->n;
    out->slo.state = STATE_MET;
    for (size_t i = 0; i < set->n; i++) {
        struct sum_slo_term *r = &out->slo.t[i];
        double lo, hi;
        r->term = &set->t[i];
        bounds_of(s, out, r->term, &lo, &hi);
        r->value = lo;
        r->at_least = hi > lo;
        bool at_lo = holds(lo, r->term), at_hi = holds(hi, r->term);
        if (isnan(lo))
            r->state = STATE_BROKEN; /* nothing succeeded that could have met it */
        else if (at_lo == at_hi)
            r->state = at_lo ? STATE_MET : STATE_BROKEN;
        else
            r->state = timeouts ? STATE_BROKEN : STATE_UNDECIDED;
        if (r->state == STATE_BROKEN)
            out->slo.state = STATE_BROKEN;
        else if (r->state == STATE_UNDECIDED && out->slo.state == STATE_MET)
            out->slo.state = STATE_UNDECIDED;
    }
}

void judge_goodput(const struct acc_level *l, const struct slo_set *set, struct sum_level *out)
{
    if (!set || set->n == 0)
        return;
    struct sum_goodput *g = &out->goodput;
    g->terms = set;
    g->met = l->good;
    /* Those of which there is no record but the count (it cannot be said how long they had waited). */
    uint64_t only_counted = out->unsent - MIN(out->unsent, l->outcomes.n[OUT_UNSENT]);
    g->open = l->maybe_good + only_counted;
    g->of = out->attempted + out->unsent;
    double of = g->of ? (double)g->of : NAN, w = out->window_s > 0 ? out->window_s : NAN;
    g->attainment_lo = (double)g->met / of;
    g->attainment_hi = (double)(g->met + g->open) / of;
    g->rps_lo = (double)g->met / w;
    g->rps_hi = (double)(g->met + g->open) / w;
}
