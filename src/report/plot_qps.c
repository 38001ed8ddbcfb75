#include "report/plot_qps.h"

#include <math.h>

#include "base/xalloc.h"

#define BLUE 0x2E86ABu
#define PLUM 0xA23B72u
#define MAGENTA 0x8B008Bu
#define WHEAT 0xF5DEB3u
#define GREY 0x808080u
#define RED 0xD62728u
#define THRESHOLD 95.0 /* percent of success */

struct lines { /* the levels by rising target */
    size_t n;
    struct plot_qps_level *level;
    double *x, *y;
};

static int by_target(const void *a, const void *b)
{
    const struct plot_qps_level *x = a, *y = b;
    return (x->target > y->target) - (x->target < y->target);
}

static void over_target(struct plot_figure *f, struct plot_panel *p, struct lines *l)
{
    for (size_t i = 0; i < l->n; i++)
        l->x[i] = l->level[i].target;
    p->x.label = "Target QPS";
    plot_levels_x(f, &p->x, l->x, l->n, NULL);
}

static void add(struct plot_figure *f, struct plot_panel *p, const struct lines *l, struct plot_series s)
{
    s.n = l->n;
    s.x = l->x;
    s.y = l->y;
    plot_add(f, p, &s);
}

static void throughput(struct plot_figure *f, struct lines *l)
{
    struct plot_panel *p = plot_panel_at(f, 0, 0, "Throughput and Success Rate");
    over_target(f, p, l);
    p->left.label = "Actual QPS";
    p->left.scale = PLOT_LINEAR;
    p->right = (struct plot_axis){.label = "Success Rate (%)", .scale = PLOT_LINEAR, .lo = 0, .hi = 105};
    for (size_t i = 0; i < l->n; i++)
        l->y[i] = l->level[i].target;
    add(f, p, l, (struct plot_series){.label = "Target QPS", .colour = GREY, .line = PLOT_DASHED});
    for (size_t i = 0; i < l->n; i++)
        l->y[i] = l->level[i].success_percent;
    add(f, p, l,
        (struct plot_series){
            .label = "Success Rate", .colour = PLUM, .marker = PLOT_SQUARE, .line = PLOT_SOLID, .side = PLOT_RIGHT});
    for (size_t i = 0; i < l->n; i++)
        l->y[i] = l->level[i].actual;
    add(f, p, l,
        (struct plot_series){.label = "Actual QPS", .colour = BLUE, .marker = PLOT_CIRCLE, .line = PLOT_SOLID});
    plot_add_rule(p, &(struct plot_rule){"95% threshold", PLUM, PLOT_DOTTED, PLOT_RIGHT, false, THRESHOLD});
}

static struct plot_panel *quantiles(struct plot_figure *f, struct lines *l, unsigned row, unsigned col,
                                    const char *title, const char *axis, size_t offset)
{
    static const struct {
        const char *label;
        uint32_t colour;
        enum plot_marker marker;
    } shown[PLOT_QPS_QUANTILES] = {{"P50", 0x06A77D, PLOT_CIRCLE},
                                   {"P90", 0x2E86AB, PLOT_DIAMOND},
                                   {"P95", 0xF18F01, PLOT_SQUARE},
                                   {"P99", 0xC73E1D, PLOT_TRIANGLE}};
    struct plot_panel *p = plot_panel_at(f, row, col, title);
    over_target(f, p, l);
    p->left.label = axis;
    for (size_t k = 0; k < PLOT_QPS_QUANTILES; k++) {
        for (size_t i = 0; i < l->n; i++)
            l->y[i] = ((const double *)(const void *)((const char *)&l->level[i] + offset))[k];
        add(f, p, l,
            (struct plot_series){
                .label = shown[k].label, .colour = shown[k].colour, .marker = shown[k].marker, .line = PLOT_SOLID});
    }
    return p;
}

static bool any(const struct lines *l, size_t offset)
{
    bool is = false;
    for (size_t i = 0; i < l->n; i++) {
        l->y[i] = *(const double *)(const void *)((const char *)&l->level[i] + offset);
        is |= isfinite(l->y[i]);
    }
    return is;
}

static void speed(struct plot_figure *f, struct lines *l)
{
    struct plot_panel *p =
        quantiles(f, l, 2, 0, "Generation Speed (Tokens/sec)", "Tokens/sec", offsetof(struct plot_qps_level, tok_s));
    if (!any(l, offsetof(struct plot_qps_level, output_tok_s)))
        return;
    p->right.label = "Output tokens/sec, all";
    add(f, p, l,
        (struct plot_series){.label = "All requests (right)",
                             .colour = MAGENTA,
                             .marker = PLOT_DIAMOND,
                             .line = PLOT_DASHED,
                             .side = PLOT_RIGHT});
}

/* False: no level has a cost. */
static bool cost(struct plot_figure *f, struct lines *l)
{
    if (!any(l, offsetof(struct plot_qps_level, cost_per_million)))
        return false;
    struct plot_panel *p = plot_panel_at(f, 2, 1, "Cost per Million Tokens");
    double *y = plot_numbers(f, l->y, l->n);
    bool failing = false;
    over_target(f, p, l);
    p->left.label = "$ per million tokens";
    add(f, p, l, (struct plot_series){.label = "Cost", .colour = BLUE, .marker = PLOT_CIRCLE, .line = PLOT_SOLID});
    for (size_t i = 0; i < l->n; i++) {
        l->y[i] = l->level[i].success_percent < THRESHOLD ? y[i] : NAN;
        failing |= isfinite(l->y[i]);
    }
    if (failing)
        add(f, p, l, (struct plot_series){.label = "Success below 95%", .colour = RED, .marker = PLOT_CROSS});
    return true;
}

struct plot_figure *plot_qps_figure(const struct plot_qps *q)
{
    /* The letters of the axes are 10 pixels high where the 4,800 are shown in 1,600. */
    struct plot_figure *f = plot_new(3, 2, 32, 12, 150, 15);
    struct lines l = {q->n, xcalloc(MAX(q->n, 1u), sizeof *l.level), plot_numbers(f, NULL, q->n),
                      plot_numbers(f, NULL, q->n)};
    if (q->n)
        memcpy(l.level, q->level, q->n * sizeof *l.level);
    qsort(l.level, l.n, sizeof *l.level, by_target);
    f->title = "QPS Benchmark Results";
    f->made = q->made;
    throughput(f, &l);
    struct plot_panel *p =
        quantiles(f, &l, 0, 1, "Time to First Token (TTFT)", "TTFT (seconds)", offsetof(struct plot_qps_level, ttft));
    plot_add_rule(p, &(struct plot_rule){"1s threshold", RED, PLOT_DOTTED, PLOT_LEFT, false, 1});
    quantiles(f, &l, 1, 0, "End-to-End Request Latency", "E2E latency (seconds)", offsetof(struct plot_qps_level, e2e));
    speed(f, &l);
    p = plot_panel_at(f, 1, 1, "Summary & Recommendations");
    p->text = plot_textf(f, "%s", q->summary ? q->summary : "");
    p->ground = WHEAT;
    p->rows = cost(f, &l) ? 1 : 2;
    free(l.level);
    return f;
}
