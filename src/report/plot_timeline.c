/* plot_timeline.c - the figure of one level: its seconds, and its latencies by percentile. */
#include <math.h>

#include "report/plot_parts.h"
#include "report/table_parts.h"

struct line { /* one level's rows */
    struct plot_figure *f;
    const struct sum_level *l;
    double *x, *y;
    double unit; /* of x, seconds */
};

static struct plot_panel *over_time(struct line *t, const char *title, const char *axis)
{
    struct plot_panel *p = plot_next(t->f, title);
    const struct sum_level *l = t->l;
    p->x.label = t->unit == 1 ? "Time (s)" : "Time (min)";
    p->x.lo = 0;
    p->x.hi = (double)MAX(l->n_rows, 1u) / t->unit;
    p->left.label = axis;
    p->left.lo = 0;
    p->left.scale = PLOT_LINEAR;
    double w0 = (double)(l->w0 - l->begin) / 1e9 / t->unit, w1 = (double)(l->w1 - l->begin) / 1e9 / t->unit;
    bool begins = w0 > 0.01 * p->x.hi, ends = w1 < 0.99 * p->x.hi;
    if (begins)
        plot_add_rule(p, &(struct plot_rule){"window", PLOT_FAINT, PLOT_DOTTED, PLOT_LEFT, true, w0});
    if (ends)
        plot_add_rule(p, &(struct plot_rule){begins ? NULL : "window", PLOT_FAINT, PLOT_DOTTED, PLOT_LEFT, true, w1});
    return p;
}

static void add(struct line *t, struct plot_panel *p, const char *label, uint32_t colour, enum plot_line line)
{
    enum { FEW = 40 }; /* so many can have markers */
    struct plot_series s = {.label = label,
                            .colour = colour,
                            .line = line,
                            .marker = t->l->n_rows <= FEW && line == PLOT_SOLID ? PLOT_CIRCLE : PLOT_NO_MARKER,
                            .n = t->l->n_rows,
                            .x = t->x,
                            .y = t->y};
    plot_add(t->f, p, &s);
}

static void requests(struct line *t)
{
    const struct sum_level *l = t->l;
    struct plot_panel *p = over_time(t, "Requests", "Requests/s");
    bool failed = false;
    if (l->open) {
        for (size_t i = 0; i < l->n_rows; i++)
            t->y[i] = (double)l->rows[i].offered;
        add(t, p, "offered", PLOT_FAINT, PLOT_DASHED);
    }
    for (size_t i = 0; i < l->n_rows; i++)
        t->y[i] = (double)l->rows[i].started;
    add(t, p, "started", PLOT_GREEN, PLOT_SOLID);
    for (size_t i = 0; i < l->n_rows; i++)
        t->y[i] = (double)l->rows[i].completed;
    add(t, p, "completed", PLOT_BLUE, PLOT_SOLID);
    for (size_t i = 0; i < l->n_rows; i++) {
        t->y[i] = (double)l->rows[i].failed;
        failed |= l->rows[i].failed > 0;
    }
    if (failed)
        add(t, p, "failed", PLOT_RED, PLOT_SOLID);
}

static void first_tokens(struct line *t, const struct summary *s)
{
    const struct sum_level *l = t->l;
    double max = 0;
    for (size_t i = 0; i < l->n_rows; i++) {
        if (isfinite(l->rows[i].ttft_p50))
            max = MAX(max, l->rows[i].ttft_p50);
        if (isfinite(l->rows[i].ttft_p95))
            max = MAX(max, l->rows[i].ttft_p95);
    }
    if (!(max > 0))
        return;
    struct unit u = unit_for(max);
    struct plot_panel *p = over_time(t, "Time to first token (TTFT), by the second of its arrival",
                                     plot_textf(t->f, "TTFT (%s)", plot_unit_name(u.name)));
    p->left.lo = NAN;
    p->left.scale = PLOT_AUTO;
    for (size_t i = 0; i < l->n_rows; i++)
        t->y[i] = l->rows[i].ttft_p50 / u.size;
    add(t, p, "p50", PLOT_GREEN, PLOT_SOLID);
    for (size_t i = 0; i < l->n_rows; i++)
        t->y[i] = l->rows[i].ttft_p95 / u.size;
    add(t, p, "p95", PLOT_ORANGE, PLOT_SOLID);
    plot_limits(t->f, p, s, METRIC_TTFT, u.size);
}

static void in_flight(struct line *t)
{
    struct plot_panel *p = over_time(t, "Requests in flight", "In flight");
    for (size_t i = 0; i < t->l->n_rows; i++)
        t->y[i] = (double)t->l->rows[i].in_flight;
    add(t, p, "at the second's end", PLOT_BLUE, PLOT_SOLID);
}

static void output(struct line *t)
{
    bool any = false;
    for (size_t i = 0; i < t->l->n_rows; i++) {
        t->y[i] = t->l->rows[i].tok_s;
        any |= t->y[i] > 0;
    }
    if (!any)
        return;
    add(t, over_time(t, "Output tokens", "Tokens/s"), "all requests", PLOT_PLUM, PLOT_SOLID);
}

/* Every percentile that the run has, side by side: how heavy the tail is. */
static void percentiles(struct line *t, const struct summary *s, bool *at_least, bool *small)
{
    static const struct {
        enum metric m;
        const char *label;
        uint32_t colour;
        enum plot_marker marker;
        enum plot_line line;
    } shown[] = {{METRIC_TTFT, "TTFT", PLOT_GREEN, PLOT_CIRCLE, PLOT_SOLID},
                 {METRIC_TTFT_RESPONSE, "TTFT response", PLOT_GREEN, PLOT_NO_MARKER, PLOT_DASHED},
                 {METRIC_ITL, "ITL", PLOT_ORANGE, PLOT_DIAMOND, PLOT_SOLID},
                 {METRIC_E2E, "E2E", PLOT_BLUE, PLOT_SQUARE, PLOT_SOLID},
                 {METRIC_E2E_RESPONSE, "E2E response", PLOT_BLUE, PLOT_NO_MARKER, PLOT_DASHED},
                 {METRIC_TOTAL, "total", PLOT_PLUM, PLOT_TRIANGLE, PLOT_SOLID}};
    bool e2e = t->l->lat[METRIC_E2E].n > 0;
    double q[SUMMARY_Q_MAX], x[SUMMARY_Q_MAX], y[SUMMARY_Q_MAX], max = 0;
    const char *names[SUMMARY_Q_MAX];
    bool hollow[SUMMARY_Q_MAX];
    size_t n = MIN(s->n_q, (size_t)SUMMARY_Q_MAX);
    memcpy(q, s->q, n * sizeof *q);
    for (size_t i = 1; i < n; i++) /* rising */
        for (size_t k = i; k > 0 && q[k] < q[k - 1]; k--) {
            double swap = q[k];
            q[k] = q[k - 1];
            q[k - 1] = swap;
        }
    for (size_t k = 0; k < ARRAY_LEN(shown); k++)
        for (size_t i = 0; i < n; i++) {
            double v = t->l->lat[shown[k].m].q[i];
            if (t->l->lat[shown[k].m].present && isfinite(v))
                max = MAX(max, v);
        }
    if (!(max > 0))
        return;
    struct unit u = unit_for(max);
    struct plot_panel *p = plot_next(t->f, "Latencies by percentile");
    for (size_t i = 0; i < n; i++) {
        char name[16];
        x[i] = (double)i;
        names[i] = plot_textf(t->f, "%s", percentile_name(name, q[i]));
    }
    plot_levels_x(t->f, &p->x, x, n, names);
    p->x.label = "Percentile";
    p->left.label = plot_textf(t->f, "Latency (%s)", plot_unit_name(u.name));
    for (size_t k = 0; k < ARRAY_LEN(shown); k++) {
        const struct sum_dist *d = &t->l->lat[shown[k].m];
        if (!d->present || (d->n == 0 && d->censored == 0) || (shown[k].m == METRIC_TOTAL && e2e))
            continue;
        for (size_t i = 0; i < n; i++) {
            ptrdiff_t at = summary_q_index(s, q[i]);
            y[i] = at >= 0 ? d->q[at] / u.size : NAN;
            hollow[i] = isfinite(y[i]) && (d->at_least >> at & 1);
            *at_least |= hollow[i];
            *small |= isfinite(y[i]) && (d->small >> at & 1);
        }
        plot_add(t->f, p,
                 &(struct plot_series){.label = shown[k].label,
                                       .colour = shown[k].colour,
                                       .marker = shown[k].marker,
                                       .line = shown[k].line,
                                       .n = n,
                                       .x = x,
                                       .y = y,
                                       .hollow = hollow});
    }
}

struct plot_figure *plot_timeline(const struct summary *s, size_t level)
{
    enum { MINUTES_FROM = 600 };
    const struct sum_level *l = &s->levels[level];
    char title[128], what[160];
    bool at_least = false, small = false;
    snprintf(what, sizeof what, "Timeline at %s", level_title(title, l));
    struct plot_figure *f = plot_for(s, what, 6);
    struct line t = {f, l, plot_numbers(f, NULL, l->n_rows), plot_numbers(f, NULL, l->n_rows),
                     l->n_rows >= MINUTES_FROM ? 60 : 1};
    for (size_t i = 0; i < l->n_rows; i++)
        t.x[i] = ((double)i + 0.5) / t.unit;
    requests(&t);
    first_tokens(&t, s);
    in_flight(&t);
    output(&t);
    percentiles(&t, s, &at_least, &small);
    plot_result(f, s);
    plot_shrink(f);
    plot_foot(f, l->open && l->lat[METRIC_E2E_RESPONSE].n > 0, at_least, small);
    return f;
}
