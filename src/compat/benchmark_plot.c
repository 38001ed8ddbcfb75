/* benchmark_plot.c - the drawing of `weir as benchmark`: the levels' figures, and the text of its panel. */
#include <math.h>

#include "base/xalloc.h"
#include "compat/benchmark.h"
#include "report/plot_qps.h"

static void put_best(struct buf *b, const struct bm_run *r)
{
    char q[32];
    if (r->advice.last < 0)
        return;
    const struct bm_level *v = &r->v[r->advice.last];
    buf_addz(b, "Best Performance (before saturation):\n");
    buf_addf(b, "  Target QPS:   %s\n  Actual QPS:   %.2f\n", bm_rate_text(q, v->target), v->actual);
    buf_addf(b, "  Success Rate: %.1f%%\n", isfinite(v->success) ? v->success : 0);
    if (isfinite(v->ttft.v[0]))
        buf_addf(b, "  TTFT P50:     %.3fs\n", v->ttft.v[0]);
    if (isfinite(v->e2e.v[0]))
        buf_addf(b, "  E2E P50:      %.3fs\n", v->e2e.v[0]);
    buf_addc(b, '\n');
}

static void put_saturation(struct buf *b, const struct bm_run *r)
{
    char q[32];
    buf_addz(b, "Saturation Point:\n");
    if (r->advice.first < 0) {
        buf_addz(b, r->advice.why->axis == SAT_NO_SWEEP ? "  not known\n\n" : "  not reached\n\n");
        return;
    }
    const struct bm_level *v = &r->v[r->advice.first];
    buf_addf(b, "  QPS:          %s\n  Success Rate: %.1f%%\n", bm_rate_text(q, v->target),
             isfinite(v->success) ? v->success : 0);
    if (v->failed)
        buf_addf(b, "  Failed Requests: %llu\n", (unsigned long long)v->failed);
    for (size_t i = 0; !r->o->original && i < r->advice.why->why.n; i++)
        buf_addf(b, "  %s\n", r->advice.why->why.v[i]);
    buf_addc(b, '\n');
}

static void put_recommendation(struct buf *b, const struct bm_run *r)
{
    double max = r->advice.max;
    buf_addz(b, "Recommended Production QPS:\n");
    if (isfinite(max))
        buf_addf(b, "  Max QPS:            %.1f\n  Conservative (80%%): %.1f\n  Aggressive (90%%):   %.1f\n\n", max,
                 0.8 * max, 0.9 * max);
    else
        buf_addz(b, "  none: test lower rates\n\n");
    buf_addz(b, "Guidance:\n"
                "  - Use the conservative limit in production\n"
                "  - Monitor success rate and latency\n"
                "  - Scale horizontally beyond the maximum\n");
}

static void put_errors(struct buf *b, const struct bm_run *r)
{
    char q[32];
    bool any = false;
    for (size_t i = 0; i < r->n; i++) {
        const struct bm_level *v = &r->v[i];
        if (v->failed == 0)
            continue;
        buf_addz(b, any ? "" : "\nErrors Detected:\n");
        any = true;
        buf_addf(b, "  QPS %s: %llu failure%s", bm_rate_text(q, v->target), (unsigned long long)v->failed,
                 v->failed == 1 ? "" : "s");
        if (v->errors.n)
            buf_addf(b, " (%s: %llu)", v->errors.v[0].name, (unsigned long long)v->errors.v[0].n);
        buf_addc(b, '\n');
    }
}

void bm_put_panel(struct buf *b, const struct bm_run *r)
{
    put_best(b, r);
    put_saturation(b, r);
    put_recommendation(b, r);
    put_errors(b, r);
}

static void copy(double *to, const struct bm_dist *d)
{
    memcpy(to, d->v, sizeof d->v);
}

int bm_plot(const char *path, const struct bm_run *r, int64_t started, struct err *e)
{
    struct plot_qps_level *level = xcalloc(r->n + 1, sizeof *level);
    struct buf text = BUF_INIT(1u << 20);
    _Static_assert((int)PLOT_QPS_QUANTILES == (int)BM_P, "the same percentiles");
    bm_put_panel(&text, r);
    for (size_t i = 0; i < r->n; i++) {
        const struct bm_level *v = &r->v[i];
        level[i] = (struct plot_qps_level){.target = v->target,
                                           .actual = v->actual,
                                           .success_percent = v->success,
                                           .output_tok_s = v->cost.sustained,
                                           .cost_per_million = r->o->num_gpus ? v->cost.per_million : NAN};
        copy(level[i].ttft, &v->ttft);
        copy(level[i].e2e, &v->e2e);
        copy(level[i].tok_s, &v->tok);
    }
    const struct plot_qps q = {.n = r->n, .level = level, .summary = text.p, .made = started / NS_PER_S};
    struct plot_figure *f = plot_qps_figure(&q);
    int rc = plot_write(path, f, e);
    plot_free(&f);
    buf_free(&text);
    free(level);
    return rc;
}
