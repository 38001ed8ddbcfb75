#include "compat/aws_stream_report.h"

#include <math.h>

#include "base/clock.h"
#include "base/jout.h"
#include "base/xalloc.h"

const char *const aws_headers[AWS_HEADERS] = {"X-TTFT-MS", "X-Tokens-Per-Second", "X-Cost-Per-1K-USD",
                                              "X-Completion-Tokens", "X-Prompt-Tokens"};
static const char *const lower[AWS_HEADERS] = {"x-ttft-ms", "x-tokens-per-second", "x-cost-per-1k-usd",
                                               "x-completion-tokens", "x-prompt-tokens"};

/* ---- figures */

static bool succeeded(const struct compat_row *w)
{
    return w->sent && w->outcome == OUT_OK;
}

static double tokens_of(const struct aws_report *r, const struct compat_row *w)
{
    if (r->original)
        return (double)w->n_events;
    return w->tokens_out >= 0 ? (double)w->tokens_out : (double)w->words;
}

/* v is sorted here. */
static struct aws_figures figures_of(const struct aws_report *r, double *v, size_t n)
{
    enum compat_quantile how = r->original ? COMPAT_Q_HALF_EVEN : COMPAT_Q_LINEAR;
    double sum = 0;
    compat_sort(v, n);
    for (size_t i = 0; i < n; i++)
        sum += v[i];
    return (struct aws_figures){
        .n = n,
        .mean = n ? sum / (double)n : NAN,
        .median = compat_quantile(v, n, 50, COMPAT_Q_LINEAR),
        .p90 = compat_quantile(v, n, 90, how),
        .p95 = compat_quantile(v, n, 95, how),
        .p99 = compat_quantile(v, n, 99, how),
        .min = n ? v[0] : NAN,
        .max = n ? v[n - 1] : NAN,
    };
}

typedef double value_fn(const struct aws_report *r, const struct compat_row *w, int which);

static struct aws_figures over_successes(const struct aws_report *r, value_fn *of, int which)
{
    double *v = xmalloc((r->rows->n + 1) * sizeof *v);
    size_t n = 0;
    for (size_t i = 0; i < r->rows->n; i++) {
        double x = succeeded(&r->rows->v[i]) ? of(r, &r->rows->v[i], which) : NAN;
        if (!isnan(x))
            v[n++] = x;
    }
    struct aws_figures f = figures_of(r, v, n);
    free(v);
    return f;
}

static double row_ttft(const struct aws_report *r, const struct compat_row *w, int which)
{
    (void)r, (void)which;
    return w->first_token ? (double)(w->first_token - w->start) / NS_PER_S : NAN;
}

static double row_total(const struct aws_report *r, const struct compat_row *w, int which)
{
    (void)r, (void)which;
    return (double)(w->end - w->start) / NS_PER_S;
}

static double row_tokens(const struct aws_report *r, const struct compat_row *w, int which)
{
    (void)which;
    return tokens_of(r, w);
}

static double row_told(const struct aws_report *r, const struct compat_row *w, int which)
{
    (void)r;
    return which == AWS_TTFT ? w->metric[which] / 1e3 : w->metric[which];
}

/* The summary's own, which count what timed out as at least what was waited. */
static struct aws_figures of_summary(const struct aws_report *r, enum metric m)
{
    const struct sum_dist *d = &r->summary->levels[0].lat[m];
    const double q[] = {0.5, 0.9, 0.95, 0.99};
    double v[4];
    for (size_t i = 0; i < 4; i++) {
        ptrdiff_t at = summary_q_index(r->summary, q[i]);
        v[i] = at >= 0 && d->present ? d->q[at] / NS_PER_S : NAN;
    }
    return (struct aws_figures){
        .n = d->present ? d->n : 0,
        .mean = d->present ? d->mean / NS_PER_S : NAN,
        .median = v[0],
        .p90 = v[1],
        .p95 = v[2],
        .p99 = v[3],
        .min = d->present ? d->min / NS_PER_S : NAN,
        .max = d->present ? d->max / NS_PER_S : NAN,
    };
}

void aws_report_count(struct aws_report *r)
{
    int64_t begin = INT64_MAX, end = 0;
    double tokens = 0;
    for (size_t i = 0; i < r->rows->n; i++) {
        const struct compat_row *w = &r->rows->v[i];
        if (!w->sent)
            continue;
        begin = MIN(begin, w->start);
        end = MAX(end, w->end);
        if (!succeeded(w)) {
            r->failed++;
            continue;
        }
        r->successful++;
        tokens += tokens_of(r, w);
    }
    r->tokens = (uint64_t)tokens;
    r->wall_s = end > begin ? (double)(end - begin) / NS_PER_S : NAN;
    bool own = !r->original && r->summary->n_levels > 0;
    r->ttft = own ? of_summary(r, METRIC_TTFT) : over_successes(r, row_ttft, 0);
    r->total = own ? of_summary(r, METRIC_TOTAL) : over_successes(r, row_total, 0);
    r->tokens_each = over_successes(r, row_tokens, 0);
    for (int i = 0; i < AWS_HEADERS; i++)
        r->told[i] = over_successes(r, row_told, i);
}

/* ---- the file */

enum { PERCENTILES = 1, RANGE = 2 };

static void put_figures(struct jout *j, const char *key, const struct aws_figures *f, unsigned what, bool or_null)
{
    jo_key(j, key);
    if (or_null && f->n == 0) {
        jo_null(j);
        return;
    }
    jo_obj(j);
    jo_ku64(j, "count", f->n);
    jo_kf64(j, "mean", f->mean);
    jo_kf64(j, "median", f->median);
    if (what & PERCENTILES) {
        jo_kf64(j, "p95", f->p95);
        jo_kf64(j, "p99", f->p99);
    }
    if (what & RANGE) {
        jo_kf64(j, "min", f->min);
        jo_kf64(j, "max", f->max);
    }
    jo_kf64(j, "p50", f->median);
    jo_kf64(j, "p90", f->p90);
    jo_end_obj(j);
}

static void put_config(struct jout *j, const struct aws_report *r)
{
    jo_key(j, "benchmark_config");
    jo_obj(j);
    jo_kstrz(j, "url", r->url);
    jo_kstrz(j, "prompt", r->prompt);
    jo_ki64(j, "max_tokens", r->max_tokens);
    jo_ku64(j, "num_requests", r->requests);
    jo_ku64(j, "concurrency", r->concurrency);
    jo_kfixed(j, "timestamp", (double)clock_real() / NS_PER_S, 6);
    jo_kstrz(j, "http_version", r->rows->n > 0 && r->rows->v[0].http2 ? "2" : "1.1");
    jo_kstrz(j, "formulas", r->original ? "original" : "weir");
    jo_end_obj(j);
}

static void put_statistics(struct jout *j, const struct aws_report *r)
{
    jo_key(j, "statistics");
    jo_obj(j);
    jo_ku64(j, "total_requests", r->requests);
    jo_ku64(j, "successful_requests", r->successful);
    jo_ku64(j, "failed_requests", r->failed);
    jo_kf64(j, "success_rate", (double)r->successful / (double)r->requests);
    put_figures(j, "ttft_stats", &r->ttft, PERCENTILES | RANGE, false);
    put_figures(j, "total_latency_stats", &r->total, PERCENTILES | RANGE, false);
    jo_key(j, "tokens_stats");
    jo_obj(j);
    jo_kf64(j, "mean", r->tokens_each.mean);
    jo_kf64(j, "median", r->tokens_each.median);
    jo_ku64(j, "total", r->tokens);
    jo_kstrz(j, "token_source",
             r->original                ? "chunks"
             : r->summary->n_levels > 0 ? token_source_name(r->summary->levels[0].token_source)
                                        : "none");
    jo_kf64(j, "per_second", (double)r->tokens / r->wall_s);
    jo_end_obj(j);
    put_figures(j, "aws_ttft_stats", &r->told[AWS_TTFT], PERCENTILES, true);
    put_figures(j, "aws_tokens_per_second_stats", &r->told[AWS_TPS], PERCENTILES, true);
    put_figures(j, "aws_cost_per_1k_stats", &r->told[AWS_COST], RANGE, true);
    jo_kf64(j, "duration_s", r->wall_s);
    jo_kf64(j, "requests_per_sec", (double)r->successful / r->wall_s);
    jo_end_obj(j);
}

static void put_headers(struct jout *j, const struct compat_row *w)
{
    char text[40];
    jo_key(j, "aws_headers");
    jo_obj(j);
    for (int i = 0; i < AWS_HEADERS; i++) {
        if (isnan(w->metric[i]))
            continue;
        snprintf(text, sizeof text, "%.12g", w->metric[i]);
        jo_kstrz(j, lower[i], text);
    }
    jo_end_obj(j);
}

static void put_row(struct jout *j, const struct aws_report *r, const struct compat_row *w)
{
    char name[32];
    bool ok = succeeded(w);
    jo_obj(j);
    jo_kbool(j, "ok", ok);
    jo_kf64(j, "ttft_s", ok ? row_ttft(r, w, 0) : NAN);
    jo_kf64(j, "total_s", ok ? row_total(r, w, 0) : NAN);
    jo_ku64(j, "tokens_received", ok ? (uint64_t)tokens_of(r, w) : 0);
    jo_key(j, "error");
    if (ok) {
        jo_null(j);
    } else {
        struct buf b = BUF_INIT(1u << 20);
        outcome_text(name, w->outcome, w->status);
        if (w->outcome == OUT_HTTP)
            buf_addf(&b, "HTTP %d%s%s", w->status, w->detail[0] ? ": " : "", w->detail);
        else
            buf_addf(&b, "%s%s%s", name, w->detail[0] ? ": " : "", w->detail);
        jo_str(j, buf_str(&b));
        buf_free(&b);
    }
    put_headers(j, w);
    jo_ku64(j, "request_id", w->index);
    if (ok)
        jo_kstrz(j, "token_source", r->original ? "chunks" : token_source_name(w->source));
    jo_end_obj(j);
}

static void put_rows(struct jout *j, const struct aws_report *r, const char *key, bool good)
{
    jo_key(j, key);
    jo_arr(j);
    for (size_t i = 0; i < r->rows->n; i++)
        if (r->rows->v[i].sent && succeeded(&r->rows->v[i]) == good)
            put_row(j, r, &r->rows->v[i]);
    jo_end_arr(j);
}

void aws_report_json(const struct aws_report *r, struct buf *out)
{
    struct jout j;
    jo_init(&j, out, 2);
    jo_obj(&j);
    put_config(&j, r);
    put_statistics(&j, r);
    put_rows(&j, r, "raw_results", true);
    put_rows(&j, r, "failures", false);
    jo_end_obj(&j);
    buf_addc(out, '\n');
}

/* ---- the console */

#define LINE "============================================================"

static void say_times(struct buf *out, const char *title, const struct aws_figures *f)
{
    if (f->n == 0)
        return;
    buf_addf(out, "\n%s:\n  Mean: %.3fs\n  Median: %.3fs\n  P95: %.3fs\n  P99: %.3fs\n  Range: %.3fs - %.3fs\n", title,
             f->mean, f->median, f->p95, f->p99, f->min, f->max);
}

/* What the figures cannot say by themselves. */
static void say_notes(struct buf *out, const struct aws_report *r)
{
    if (r->successful > 0 && r->told[AWS_TTFT].n == 0 && r->told[AWS_TPS].n == 0 && r->told[AWS_COST].n == 0)
        buf_addz(out, "\nNote: no answer had X-TTFT-MS, X-Tokens-Per-Second or X-Cost-Per-1K-USD, neither in its "
                      "headers nor in\ntrailers or comments behind the stream.\n");
    if (r->successful > 0 && r->tokens_each.median > 1 && r->ttft.median > 0.95 * r->total.median)
        buf_addz(out, "\nNote: the first token came with the last one. The answers are not streamed to the client (an "
                      "HTTP API of an\nAPI Gateway cannot), so the client's TTFT is that of whole answers.\n");
}

void aws_report_text(const struct aws_report *r, struct buf *out)
{
    const struct aws_figures *t = &r->told[AWS_TTFT], *s = &r->told[AWS_TPS], *c = &r->told[AWS_COST];
    buf_addf(out, "\n" LINE "\nAWS STREAMING BENCHMARK RESULTS\n" LINE "\nURL: %s\n", r->url);
    buf_addf(out, "Requests: %llu (concurrency: %llu)\nMax tokens: %lld\n", (unsigned long long)r->requests,
             (unsigned long long)r->concurrency, (long long)r->max_tokens);
    buf_addf(out, "\nSuccess Rate: %.1f%% (%llu/%llu)\n", 100.0 * (double)r->successful / (double)r->requests,
             (unsigned long long)r->successful, (unsigned long long)r->requests);
    say_times(out, "Time to First Token (TTFT)", &r->ttft);
    say_times(out, "Total Latency", &r->total);
    if (r->tokens > 0)
        buf_addf(out, "\nTokens:\n  Mean per request: %.1f\n  Total tokens: %llu\n", r->tokens_each.mean,
                 (unsigned long long)r->tokens);
    if (t->n > 0)
        buf_addf(out, "\nAWS TTFT (from Lambda headers):\n  Mean: %.3fs\n  Median: %.3fs\n  P95: %.3fs\n", t->mean,
                 t->median, t->p95);
    if (s->n > 0)
        buf_addf(out,
                 "\nAWS Tokens/Second (from Lambda headers):\n  Mean: %.1f tok/s\n  Median: %.1f tok/s\n"
                 "  P95: %.1f tok/s\n",
                 s->mean, s->median, s->p95);
    if (c->n > 0)
        buf_addf(out,
                 "\nAWS Cost per 1k tokens (from Lambda headers):\n  Mean: $%.5f\n  Median: $%.5f\n"
                 "  Range: $%.5f - $%.5f\n",
                 c->mean, c->median, c->min, c->max);
    say_notes(out, r);
    buf_addz(out, "\n" LINE "\n");
}
