/* benchmark_text.c - what `weir as benchmark` prints: a level's beginning and end, the table, errors, the summary. */
#include <math.h>

#include "compat/benchmark.h"
#include "report/grid.h"

enum { COLUMN = 12, RULE = 80 };

char *bm_rate_text(char out[32], double rate)
{
    snprintf(out, 32, "%.1f", rate);
    double back;
    if (parse_f64(str_of(out), &back) != 0 || fabs(back - rate) > 1e-9)
        snprintf(out, 32, "%.6g", rate);
    return out;
}

void bm_rule(struct buf *b)
{
    for (int i = 0; i < RULE; i++)
        buf_addc(b, '=');
    buf_addc(b, '\n');
}

void bm_put_begin(struct buf *b, const struct bm_opts *o, double rate)
{
    char q[32];
    bm_rate_text(q, rate);
    buf_addc(b, '\n');
    bm_rule(b);
    buf_addf(b, "Running QPS test: %s queries/second for %.6g seconds\n", q, o->duration);
    bm_rule(b);
    buf_addf(b, "Target: %.0f requests (%s per second)\n", ceil(rate * o->duration - 1e-9), q);
    buf_addf(b, "Interval: %.3f seconds between requests\nStarting test...\n", 1 / rate);
}

void bm_put_end(struct buf *b, double rate, uint64_t ok, uint64_t failed)
{
    char q[32];
    uint64_t n = ok + failed;
    double share = n ? 100.0 * (double)ok / (double)n : 0;
    buf_addf(b, "✅ Completed: %llu/%llu successful (%.1f%%)\n", (unsigned long long)ok, (unsigned long long)n, share);
    if (n == 0 || share >= 50)
        return;
    buf_addf(b, "⚠️  WARNING: Success rate dropped below 50%% at QPS %s\n", bm_rate_text(q, rate));
    buf_addf(b, "Stopping tests - %s.\n", ok ? "endpoint is overloaded" : "no request succeeded");
}

static void put_cell(struct buf *b, const char *text, size_t width, bool first)
{
    if (!first)
        buf_addc(b, ' ');
    buf_addz(b, text);
    for (size_t n = text_width(text); n < width; n++)
        buf_addc(b, ' ');
}

static void put_value(struct buf *b, const struct bm_dist *d, int place, int decimals)
{
    char text[48] = "N/A";
    if (isfinite(d->v[place]))
        snprintf(text, sizeof text, "%s%.*f", d->at_least >> place & 1 ? "≥" : "", decimals, d->v[place]);
    put_cell(b, text, COLUMN, false);
}

static void put_heading(struct buf *b, const struct bm_opts *o)
{
    static const char *const before[] = {"TTFT P", "E2E P", "Tok/s P"}, *const behind[] = {"(s)", "(s)", ""};
    char text[32];
    put_cell(b, "QPS Target", COLUMN, true);
    put_cell(b, "Actual QPS", COLUMN, false);
    put_cell(b, "Success%", 10, false);
    for (size_t m = 0; m < ARRAY_LEN(before); m++)
        for (size_t i = 0; i < o->n_shown; i++) {
            snprintf(text, sizeof text, "%s%d%s", before[m], bm_percentiles[o->shown[i]], behind[m]);
            put_cell(b, text, COLUMN, false);
        }
    if (o->num_gpus)
        put_cell(b, "$/M Tokens", COLUMN, false);
    buf_addc(b, '\n');
}

static void put_row(struct buf *b, const struct bm_opts *o, const struct bm_level *v)
{
    char text[48];
    put_cell(b, bm_rate_text(text, v->target), COLUMN, true);
    snprintf(text, sizeof text, "%.2f", v->actual);
    put_cell(b, text, COLUMN, false);
    snprintf(text, sizeof text, isfinite(v->success) ? "%.1f" : "N/A", v->success);
    put_cell(b, text, 10, false);
    for (size_t i = 0; i < o->n_shown; i++)
        put_value(b, &v->ttft, o->shown[i], 3);
    for (size_t i = 0; i < o->n_shown; i++)
        put_value(b, &v->e2e, o->shown[i], 3);
    for (size_t i = 0; i < o->n_shown; i++)
        put_value(b, &v->tok, o->shown[i], 1);
    if (o->num_gpus) {
        snprintf(text, sizeof text, isfinite(v->cost.per_million) ? "$%.4f" : "N/A", v->cost.per_million);
        put_cell(b, text, COLUMN, false);
    }
    buf_addc(b, '\n');
}

static void put_errors(struct buf *b, const struct bm_level *v)
{
    char q[32];
    if (v->failed == 0)
        return;
    buf_addf(b, "\nQPS %s - Errors (%llu total):\n", bm_rate_text(q, v->target), (unsigned long long)v->failed);
    for (size_t i = 0; i < v->errors.n; i++)
        buf_addf(b, "  - %s: %llu occurrences\n", v->errors.v[i].name, (unsigned long long)v->errors.v[i].n);
    buf_addz(b, "  Status codes: {");
    for (size_t i = 0; i < v->codes.n; i++)
        buf_addf(b, "%s%s: %llu", i ? ", " : "", v->codes.v[i].name, (unsigned long long)v->codes.v[i].n);
    buf_addz(b, "}\n");
}

void bm_put_table(struct buf *b, const struct bm_run *r)
{
    buf_addc(b, '\n');
    bm_rule(b);
    buf_addz(b, "QPS BENCHMARK RESULTS\n");
    bm_rule(b);
    put_heading(b, r->o);
    for (size_t i = 0; i < r->n; i++)
        put_row(b, r->o, &r->v[i]);
    for (size_t i = 0; i < r->n; i++)
        put_errors(b, &r->v[i]);
}

static void put_saturation(struct buf *b, const struct bm_run *r)
{
    const struct sum_saturation *x = r->advice.why;
    char q[32];
    buf_addz(b, "📈 Saturation point: ");
    if (r->o->original && r->advice.first >= 0)
        buf_addf(b, "QPS %s\n", bm_rate_text(q, r->v[r->advice.first].target));
    else if (x->axis == SAT_NO_SWEEP)
        buf_addz(b, "not known: the levels are no rising rates\n");
    else if (x->first < 0)
        buf_addz(b, "not reached\n");
    else
        buf_addf(b, "QPS %s", bm_rate_text(q, r->v[x->first].target));
    for (size_t i = 0; !r->o->original && i < x->why.n; i++)
        buf_addf(b, "%s%s%s", i ? "; " : " (", x->why.v[i], i + 1 == x->why.n ? ")\n" : "");
}

static void put_recommendation(struct buf *b, const struct bm_run *r)
{
    double max = r->advice.max;
    if (!isfinite(max)) {
        if (r->advice.first >= 0)
            buf_addz(b, "🎯 No QPS to recommend: test lower ones\n");
        return;
    }
    buf_addf(b, "🎯 Recommended max QPS: %.1f (maintains >95%% success rate)\n", max);
    buf_addf(b, "   Conservative limit (80%%): %.1f QPS\n", 0.8 * max);
    buf_addf(b, "   Aggressive limit (90%%): %.1f QPS\n", 0.9 * max);
    buf_addf(b, "   In production (70-80%%): %.1f to %.1f QPS\n", 0.7 * max, 0.8 * max);
}

void bm_put_summary(struct buf *b, const struct bm_run *r)
{
    buf_addc(b, '\n');
    bm_rule(b);
    buf_addz(b, "SUMMARY\n");
    bm_rule(b);
    for (size_t i = 0; i < r->n; i++) {
        const struct bm_level *v = &r->v[i];
        char q[32];
        const char *word = v->success >= 95 ? "✅ PASS" : v->success >= 80 ? "⚠️  DEGRADED" : "❌ FAIL";
        buf_addf(b, "QPS %5s: %s - %.1f%% success, %.2f actual QPS\n", bm_rate_text(q, v->target), word,
                 isfinite(v->success) ? v->success : 0, v->actual);
    }
    buf_addc(b, '\n');
    put_saturation(b, r);
    put_recommendation(b, r);
}
