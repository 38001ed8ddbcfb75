/* plot_sweep.c - the figure of several levels: throughput, latencies, tokens and goodput over rate, concurrency or
 * order. */
#include <math.h>

#include "base/xalloc.h"
#include "report/plot_parts.h"
#include "report/table_parts.h"

struct sweep {
    const struct summary *s;
    size_t n;
    const struct sum_level **level; /* by rising x */
    double *x, *y;
    bool *hollow;
    const char **names; /* NULL: values of x */
    const char *what, *axis;
    struct plot_figure *f;
    bool open, response, at_least, small;
};

enum by { BY_RATE, BY_CONCURRENCY, BY_SPEED, BY_ORDER };

static double value_by(const struct sum_level *l, enum by by)
{
    if (l->name[0] || l->profile[0] || by == BY_ORDER)
        return NAN;
    if (by == BY_RATE)
        return l->open ? l->rate : NAN;
    if (by == BY_CONCURRENCY)
        return l->open ? NAN : l->concurrency;
    return l->open && !isfinite(l->rate) && l->speed > 0 ? l->speed : NAN;
}

/* What all levels differ in by their values alone. */
static enum by tell_apart(const struct summary *s)
{
    for (enum by by = BY_RATE; by < BY_ORDER; by++) {
        bool all = s->n_levels > 0;
        for (size_t i = 0; i < s->n_levels; i++) {
            double v = value_by(&s->levels[i], by);
            all &= isfinite(v);
            for (size_t k = 0; k < i; k++)
                all &= value_by(&s->levels[k], by) != v;
        }
        if (all)
            return by;
    }
    return BY_ORDER;
}

static void order(struct sweep *w, enum by by)
{
    for (size_t i = 0; i < w->n; i++) {
        size_t at = i;
        while (by != BY_ORDER && at > 0 && value_by(w->level[at - 1], by) > value_by(&w->s->levels[i], by)) {
            w->level[at] = w->level[at - 1];
            at--;
        }
        w->level[at] = &w->s->levels[i];
    }
}

static void over_levels(struct sweep *w, struct plot_panel *p)
{
    plot_levels_x(w->f, &p->x, w->x, w->n, w->names);
    p->x.label = w->axis;
}

static void add(struct sweep *w, struct plot_panel *p, struct plot_series s)
{
    s.n = w->n;
    s.x = w->x;
    s.y = w->y;
    plot_add(w->f, p, &s);
}

/* Limits of --slo on the shares of success and of error, both as percents of success. */
static void share_limits(struct sweep *w, struct plot_panel *p)
{
    const struct sum_slo *slo = w->n ? &w->level[0]->slo : NULL;
    for (size_t i = 0; slo && i < slo->n; i++) {
        const struct slo_term *t = slo->t[i].term;
        struct plot_rule r = {NULL, PLOT_PLUM, PLOT_DOTTED, PLOT_RIGHT, false, t->limit * 100};
        if (t->metric == METRIC_ERROR_RATE)
            r.at = 100 - r.at;
        else if (t->metric != METRIC_SUCCESS_RATE)
            continue;
        r.label = plot_textf(w->f, "%s", t->text);
        plot_add_rule(p, &r);
    }
}

/* The first level that the server does not hold. */
static void saturation(struct sweep *w, struct plot_panel *p)
{
    const struct sum_saturation *x = &w->s->saturation;
    if (x->axis == SAT_NO_SWEEP || x->first < 0)
        return;
    for (size_t i = 0; i < w->n; i++) {
        if (w->level[i] == &w->s->levels[x->first])
            plot_add_rule(p, &(struct plot_rule){"saturated", PLOT_RED, PLOT_DASHED, PLOT_LEFT, true, w->x[i]});
    }
}

static void throughput(struct sweep *w)
{
    struct plot_panel *p = plot_next(w->f, "Throughput and success rate");
    over_levels(w, p);
    p->left = (struct plot_axis){.label = "Requests/s", .scale = PLOT_LINEAR, .lo = 0, .hi = NAN};
    p->right = (struct plot_axis){.label = "Success rate (%)", .scale = PLOT_LINEAR, .lo = 0, .hi = 105};
    bool offered = false;
    for (size_t i = 0; i < w->n; i++) {
        w->y[i] = w->level[i]->open ? w->level[i]->offered_rps : NAN;
        offered |= isfinite(w->y[i]) != 0;
    }
    if (offered)
        add(w, p, (struct plot_series){.label = "offered", .colour = PLOT_FAINT, .line = PLOT_DASHED});
    for (size_t i = 0; i < w->n; i++)
        w->y[i] = w->level[i]->success_rate * 100;
    add(w, p,
        (struct plot_series){.label = "success rate (right)",
                             .colour = PLOT_PLUM,
                             .marker = PLOT_SQUARE,
                             .line = PLOT_SOLID,
                             .side = PLOT_RIGHT});
    for (size_t i = 0; i < w->n; i++)
        w->y[i] = w->level[i]->successful_rps;
    add(w, p,
        (struct plot_series){.label = "successful", .colour = PLOT_BLUE, .marker = PLOT_CIRCLE, .line = PLOT_SOLID});
    share_limits(w, p);
    saturation(w, p);
}

static const struct sum_dist *dist_of(const struct sum_level *l, enum metric m)
{
    return m == METRIC_COUNT ? &l->tokens_per_s : &l->lat[m];
}

static bool present(const struct sweep *w, enum metric m)
{
    for (size_t i = 0; i < w->n; i++) {
        const struct sum_dist *d = dist_of(w->level[i], m);
        if (d->present && (d->n > 0 || d->censored > 0))
            return true;
    }
    return false;
}

/* One percentile of a metric over the levels, in units of `size`, into y and hollow; the largest value. */
static double gather(struct sweep *w, enum metric m, double q, double size)
{
    ptrdiff_t k = summary_q_index(w->s, q);
    double max = 0;
    for (size_t i = 0; i < w->n; i++) {
        const struct sum_dist *d = dist_of(w->level[i], m);
        w->y[i] = d->present && k >= 0 ? d->q[k] / size : NAN;
        w->hollow[i] = isfinite(w->y[i]) && (d->at_least >> k & 1);
        w->at_least |= w->hollow[i];
        w->small |= isfinite(w->y[i]) && (d->small >> k & 1);
        if (isfinite(w->y[i]))
            max = MAX(max, w->y[i]);
    }
    return max;
}

static struct unit common_unit(struct sweep *w, enum metric m, enum metric also)
{
    double max = 0;
    for (size_t k = 0; k < w->s->n_shown; k++) {
        max = MAX(max, gather(w, m, w->s->shown[k], 1));
        if (also != m)
            max = MAX(max, gather(w, also, w->s->shown[k], 1));
    }
    return unit_for(max);
}

/* Percentiles of m, and as dashed lines those of the same latency from the intended instant. */
static void latency(struct sweep *w, enum metric m, enum metric response, const char *title, const char *axis)
{
    if (!present(w, m))
        return;
    bool both = response != m && w->open && present(w, response);
    w->response |= both;
    struct unit u = common_unit(w, m, both ? response : m);
    struct plot_panel *p = plot_next(w->f, title);
    over_levels(w, p);
    p->left.label = plot_textf(w->f, "%s (%s)", axis, plot_unit_name(u.name));
    for (size_t k = 0; both && k < w->s->n_shown; k++) {
        gather(w, response, w->s->shown[k], u.size);
        struct plot_look look = plot_look_of(w->s->shown[k], k);
        add(w, p, (struct plot_series){.colour = look.colour, .line = PLOT_DASHED});
    }
    for (size_t k = 0; k < w->s->n_shown; k++) {
        char name[16];
        gather(w, m, w->s->shown[k], u.size);
        struct plot_look look = plot_look_of(w->s->shown[k], k);
        add(w, p,
            (struct plot_series){.label = plot_textf(w->f, "%s", percentile_name(name, w->s->shown[k])),
                                 .colour = look.colour,
                                 .marker = look.marker,
                                 .line = PLOT_SOLID,
                                 .hollow = w->hollow});
    }
    if (both)
        plot_add(w->f, p, &(struct plot_series){.label = "response", .colour = PLOT_FAINT, .line = PLOT_DASHED});
    plot_limits(w->f, p, w->s, m, u.size);
    if (both)
        plot_limits(w->f, p, w->s, response, u.size);
}

static bool tokens_known(const struct sweep *w, bool output)
{
    for (size_t i = 0; i < w->n; i++) {
        double v = output ? w->level[i]->output_tok_s : w->level[i]->input_tok_s;
        if (isfinite(v) && v > 0)
            return true;
    }
    return false;
}

static void tokens(struct sweep *w)
{
    bool output = tokens_known(w, true);
    if (!output && !tokens_known(w, false))
        return;
    struct plot_panel *p = plot_next(w->f, output ? "Output tokens" : "Input tokens");
    over_levels(w, p);
    p->left = (struct plot_axis){.label = "Tokens/s, all requests", .scale = PLOT_LINEAR, .lo = 0, .hi = NAN};
    if (output && present(w, METRIC_COUNT)) {
        p->right = (struct plot_axis){.label = "Tokens/s, one request", .scale = PLOT_LINEAR, .lo = 0, .hi = NAN};
        gather(w, METRIC_COUNT, 0.5, 1);
        add(w, p,
            (struct plot_series){.label = "one request, p50 (right)",
                                 .colour = PLOT_PLUM,
                                 .marker = PLOT_DIAMOND,
                                 .line = PLOT_SOLID,
                                 .side = PLOT_RIGHT});
    }
    for (size_t i = 0; i < w->n; i++)
        w->y[i] = output ? w->level[i]->output_tok_s : w->level[i]->input_tok_s;
    add(w, p,
        (struct plot_series){.label = "all requests", .colour = PLOT_BLUE, .marker = PLOT_CIRCLE, .line = PLOT_SOLID});
}

static void goodput(struct sweep *w)
{
    const struct slo_set *terms = w->n ? w->level[0]->goodput.terms : NULL;
    bool open = false;
    struct buf b = BUF_INIT(4096);
    if (!terms)
        return;
    buf_addz(&b, "Goodput:");
    for (size_t i = 0; i < terms->n; i++)
        buf_addf(&b, "%s %s", i ? "," : "", terms->t[i].text);
    struct plot_panel *p = plot_next(w->f, plot_textf(w->f, "%s", b.p));
    buf_free(&b);
    over_levels(w, p);
    p->left = (struct plot_axis){.label = "Requests/s", .scale = PLOT_LINEAR, .lo = 0, .hi = NAN};
    p->right = (struct plot_axis){.label = "Attainment (%)", .scale = PLOT_LINEAR, .lo = 0, .hi = 105};
    for (size_t i = 0; i < w->n; i++)
        w->y[i] = w->level[i]->attempted_rps;
    add(w, p, (struct plot_series){.label = "attempted", .colour = PLOT_FAINT, .line = PLOT_DASHED});
    for (size_t i = 0; i < w->n; i++)
        w->y[i] = w->level[i]->goodput.attainment_lo * 100;
    add(w, p,
        (struct plot_series){.label = "attainment (right)",
                             .colour = PLOT_PLUM,
                             .marker = PLOT_SQUARE,
                             .line = PLOT_SOLID,
                             .side = PLOT_RIGHT});
    for (size_t i = 0; i < w->n; i++) {
        w->y[i] = w->level[i]->goodput.rps_hi;
        open |= w->level[i]->goodput.rps_hi > w->level[i]->goodput.rps_lo;
    }
    if (open)
        add(w, p, (struct plot_series){.label = "at most", .colour = PLOT_GREEN, .line = PLOT_DOTTED});
    for (size_t i = 0; i < w->n; i++)
        w->y[i] = w->level[i]->goodput.rps_lo;
    add(w, p,
        (struct plot_series){
            .label = "met every objective", .colour = PLOT_GREEN, .marker = PLOT_CIRCLE, .line = PLOT_SOLID});
}

static bool all_plain(const struct sweep *w)
{
    bool plain = w->n > 0;
    for (size_t i = 0; i < w->n; i++)
        plain &= w->level[i]->plain;
    return plain;
}

static void panels(struct sweep *w)
{
    bool by_token = true;
    for (size_t i = 0; i < w->n; i++)
        by_token &= w->level[i]->itl_by_token || w->level[i]->lat[METRIC_ITL].n == 0;
    throughput(w);
    if (all_plain(w))
        latency(w, METRIC_TTFB, METRIC_TTFB, "Time to first byte (TTFB)", "TTFB");
    latency(w, METRIC_TTFT, METRIC_TTFT_RESPONSE, "Time to first token (TTFT)", "TTFT");
    if (present(w, METRIC_E2E))
        latency(w, METRIC_E2E, METRIC_E2E_RESPONSE, "End-to-end latency (E2E)", "E2E");
    else
        latency(w, METRIC_TOTAL, METRIC_TOTAL, "Whole duration of a request", "Total");
    latency(w, METRIC_ITL, METRIC_ITL, by_token ? "Inter-token latency (ITL)" : "Gaps between chunks (ITL)", "ITL");
    latency(w, METRIC_TPOT, METRIC_TPOT, "Time per output token (TPOT)", "TPOT");
    tokens(w);
    goodput(w);
}

static size_t used(const struct plot_figure *f)
{
    size_t n = 0;
    for (size_t i = 0; i < PLOT_CELLS_MAX; i++)
        n += f->panel[i].used;
    return n;
}

struct plot_figure *plot_summary(const struct summary *s)
{
    static const struct {
        const char *what, *axis;
    } texts[] = {{"Rate sweep", "Rate (requests/s)"},
                 {"Concurrency sweep", "Requests in flight"},
                 {"Replay of a trace", "Speed"},
                 {"Levels", "Level"}};
    if (s->n_levels == 1)
        return plot_timeline(s, 0);
    enum by by = tell_apart(s);
    struct sweep w = {.s = s, .n = s->n_levels, .what = texts[by].what, .axis = texts[by].axis};
    w.f = plot_for(s, w.what, 8);
    if (by == BY_RATE && w.n && s->levels[0].sessions.on)
        w.axis = "Rate (sessions/s)";
    w.level = xcalloc(MAX(w.n, 1u), sizeof *w.level);
    w.names = by == BY_ORDER ? xcalloc(MAX(w.n, 1u), sizeof *w.names) : NULL;
    w.x = plot_numbers(w.f, NULL, w.n);
    w.y = plot_numbers(w.f, NULL, w.n);
    w.hollow = xcalloc(MAX(w.n, 1u), sizeof *w.hollow);
    order(&w, by);
    for (size_t i = 0; i < w.n; i++) {
        char cell[GRID_CELL];
        w.x[i] = by == BY_ORDER ? (double)i : value_by(w.level[i], by);
        w.open |= w.level[i]->open;
        if (w.names)
            w.names[i] = plot_textf(w.f, "%s", level_cell(cell, w.level[i]));
    }
    panels(&w);
    if (used(w.f) % 2)
        plot_result(w.f, s);
    plot_shrink(w.f);
    plot_foot(w.f, w.response, w.at_least, w.small);
    free(w.level);
    free(w.names);
    free(w.hollow);
    return w.f;
}
