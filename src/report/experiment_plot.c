/* experiment_plot.c - the figures of an experiment: throughput, latency and cost over the levels, first tokens as
 * cumulative shares. */
#include <math.h>

#include "base/xalloc.h"
#include "report/experiment.h"
#include "report/plot_parts.h"

#define WIDE 8.0 /* inches */
#define HIGH 4.2
#define DPI 120
#define LETTER 8.5

struct over { /* the levels */
    const struct experiment *x;
    struct plot_figure *f;
    struct plot_panel *p;
    double *at, *y;
};

static struct plot_figure *sheet(const struct experiment *x, const char *title)
{
    struct plot_figure *f = plot_new(1, 1, WIDE, HIGH, DPI, LETTER);
    f->title = plot_textf(f, "%s", title);
    f->subtitle = plot_textf(f, "%s%s", x->title, x->setup.simulated ? " (simulated)" : "");
    return f;
}

static struct over over_levels(const struct experiment *x, const char *title, const char *axis)
{
    struct over o = {x, sheet(x, title), NULL, NULL, NULL};
    size_t n = x->n_levels;
    bool closed = true, any_name = false;
    const char **names = xcalloc(n + 1, sizeof *names);
    o.at = plot_numbers(o.f, NULL, n);
    o.y = plot_numbers(o.f, NULL, n);
    o.p = plot_panel_at(o.f, 0, 0, NULL);
    for (size_t i = 0; i < n; i++) {
        o.at[i] = x->levels[i].load;
        names[i] = x->levels[i].label;
        closed &= x->levels[i].closed;
        any_name |= !isfinite(x->levels[i].load) || (i > 0 && x->levels[i].closed != x->levels[0].closed);
    }
    plot_levels_x(o.f, &o.p->x, o.at, n, any_name ? names : NULL);
    o.p->x.label = any_name ? "Level" : closed ? "Requests in flight (C)" : "Requests per second asked for";
    o.p->left = (struct plot_axis){.label = axis, .scale = PLOT_LINEAR, .lo = 0, .hi = NAN};
    free(names);
    return o;
}

static bool any(const struct over *o)
{
    bool is = false;
    for (size_t i = 0; i < o->x->n_levels; i++)
        is |= isfinite(o->y[i]) != 0;
    return is;
}

static void add(struct over *o, struct plot_series s)
{
    s.n = o->x->n_levels;
    s.x = o->at;
    s.y = o->y;
    plot_add(o->f, o->p, &s);
}

static struct plot_figure *throughput(const struct experiment *x)
{
    struct over o = over_levels(x, "Throughput", "Requests/s");
    for (size_t i = 0; i < x->n_levels; i++)
        o.y[i] = x->levels[i].rps;
    add(&o,
        (struct plot_series){.label = "requests/s", .colour = PLOT_BLUE, .marker = PLOT_CIRCLE, .line = PLOT_SOLID});
    for (size_t i = 0; i < x->n_levels; i++)
        o.y[i] = x->levels[i].tok_s;
    bool counted = any(&o);
    struct plot_series tokens = {.label = "tokens/s, counted (right)",
                                 .colour = PLOT_GREEN,
                                 .marker = PLOT_SQUARE,
                                 .line = PLOT_SOLID,
                                 .side = PLOT_RIGHT};
    if (counted)
        add(&o, tokens);
    for (size_t i = 0; i < x->n_levels && !counted; i++)
        o.y[i] = x->levels[i].estimated_tok_s;
    tokens.label = "tokens/s, estimated (right)";
    bool estimated = !counted && any(&o);
    if (estimated)
        add(&o, tokens);
    if (counted || estimated)
        o.p->right = (struct plot_axis){.label = "Tokens/s", .scale = PLOT_LINEAR, .lo = 0, .hi = NAN};
    return o.f;
}

static struct plot_figure *latency(const struct experiment *x)
{
    static const struct {
        const char *label;
        double q;
        size_t at;
    } shown[] = {{"P50", .5, offsetof(struct xp_level, p50_ms)},
                 {"P95", .95, offsetof(struct xp_level, p95_ms)},
                 {"P99", .99, offsetof(struct xp_level, p99_ms)}};
    struct over o = over_levels(x, "Latency of whole answers", "ms");
    bool one = false;
    for (size_t k = 0; k < ARRAY_LEN(shown); k++) {
        for (size_t i = 0; i < x->n_levels; i++)
            o.y[i] = *(const double *)(const void *)((const char *)&x->levels[i] + shown[k].at);
        if (!any(&o))
            continue;
        struct plot_look look = plot_look_of(shown[k].q, k);
        add(&o, (struct plot_series){
                    .label = shown[k].label, .colour = look.colour, .marker = look.marker, .line = PLOT_SOLID});
        one = true;
    }
    for (size_t i = 0; i < x->slo.n; i++) {
        const struct slo_term *t = &x->slo.t[i];
        if (t->metric == (int)METRIC_TOTAL)
            plot_add_rule(o.p, &(struct plot_rule){plot_textf(o.f, "objective: %s", t->text), PLOT_RED, PLOT_DOTTED,
                                                   PLOT_LEFT, false, t->limit / 1e6});
    }
    if (!one)
        plot_free(&o.f);
    return o.f;
}

static struct plot_figure *cost(const struct experiment *x)
{
    struct xp_findings f = xp_find(x);
    struct over o = over_levels(x, "Cost per million output tokens", "US dollars");
    bool estimated;
    for (size_t i = 0; i < x->n_levels; i++)
        o.y[i] = 1000 * xp_cost_per_1k(f.price, xp_tok_s(&x->levels[i], &estimated));
    if (!any(&o))
        plot_free(&o.f);
    else
        add(&o, (struct plot_series){.label = f.estimated ? "cost (tokens estimated)" : "cost",
                                     .colour = PLOT_PLUM,
                                     .marker = PLOT_CIRCLE,
                                     .line = PLOT_SOLID});
    return o.f;
}

/* ---- first tokens */

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void add_shares(struct plot_figure *f, struct plot_panel *p, const double *v, size_t n, struct plot_series s)
{
    double *x = plot_numbers(f, NULL, 2 * n), *y = plot_numbers(f, NULL, 2 * n), *sorted = plot_numbers(f, NULL, n);
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(v[i]))
            sorted[m++] = v[i] * 1e3;
    qsort(sorted, m, sizeof *sorted, rising);
    for (size_t i = 0; i < m; i++) { /* steps */
        x[2 * i] = x[2 * i + 1] = sorted[i];
        y[2 * i] = 100.0 * (double)i / (double)m;
        y[2 * i + 1] = 100.0 * (double)(i + 1) / (double)m;
    }
    s.n = 2 * m;
    s.x = x;
    s.y = y;
    s.line = s.line == PLOT_NO_LINE ? PLOT_SOLID : s.line;
    if (m > 0)
        plot_add(f, p, &s);
}

static struct plot_figure *first_tokens(const struct experiment *x)
{
    static const uint32_t colours[] = {PLOT_BLUE, PLOT_GREEN, PLOT_ORANGE, PLOT_PLUM};
    struct plot_figure *f = sheet(x, "Time to first token");
    struct plot_panel *p = plot_panel_at(f, 0, 0, NULL);
    p->x.label = "ms";
    p->left = (struct plot_axis){.label = "Share of the requests (%)", .scale = PLOT_LINEAR, .lo = 0, .hi = 100};
    for (size_t i = 0; i < x->n_streams && i < ARRAY_LEN(colours); i++) {
        const struct xp_stream *s = &x->streams[i];
        const char *name = plot_textf(f, "%lld at a time", (long long)s->concurrency);
        add_shares(f, p, s->client_s, s->n,
                   (struct plot_series){.label = plot_textf(f, "client, %s", name), .colour = colours[i]});
        add_shares(f, p, s->told_s, s->n,
                   (struct plot_series){
                       .label = plot_textf(f, "header, %s", name), .colour = colours[i], .line = PLOT_DASHED});
    }
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < p->n_series; i++) {
        low = fmin(low, p->series[i].x[0]);
        high = fmax(high, p->series[i].x[p->series[i].n - 1]);
    }
    double room = fmax(0.05 * (high - low), 0.5); /* steps at the edge of the frame would not be seen */
    p->x.lo = fmax(0, low - room);
    p->x.hi = high + room;
    if (p->n_series == 0)
        plot_free(&f);
    return f;
}

void xp_draw(struct experiment *x)
{
    x->picture[0] =
        (struct xp_picture){.name = "throughput",
                            .alt = "Throughput over the levels of load",
                            .caption = "Throughput: successful requests per second, and output tokens per second."};
    x->picture[1] = (struct xp_picture){.name = "latency",
                                        .alt = "Latency over the levels of load",
                                        .caption = "Latency of whole answers, and the objective's limit."};
    x->picture[2] = (struct xp_picture){
        .name = "ttft",
        .alt = "Cumulative distribution of the time to the first token",
        .caption =
            "Time to first token: the share of the requests whose first token was there by then. Solid lines: at the "
            "client; dashed lines: by the header."};
    x->picture[3] = (struct xp_picture){
        .name = "cost",
        .alt = "Cost per million output tokens over the levels of load",
        .caption = "Cost per million output tokens (a thousand times that of 1,000), if the load lasted."};
    if (x->n_levels > 0) {
        x->picture[0].figure = throughput(x);
        x->picture[1].figure = latency(x);
        x->picture[3].figure = cost(x);
    }
    x->picture[2].figure = first_tokens(x);
}
