#include "compat/aws_stream_read.h"

#include <math.h>

#include "base/xalloc.h"
#include "compat/aws_http.h"
#include "compat/aws_stream_report.h"

enum { KINDS_MAX = 20 }; /* of errors that are told apart */

bool aws_stream_is(jnode *root)
{
    return jn_is_obj(jn_get(root, "benchmark_config")) && jn_is_obj(jn_get(root, "statistics")) &&
           jn_is_arr(jn_get(root, "raw_results"));
}

static uint64_t count_of(jnode *n)
{
    return (uint64_t)MAX(jn_i64(n, 0), 0);
}

static struct xp_dist dist_of(jnode *n)
{
    return (struct xp_dist){
        .n = count_of(jn_get(n, "count")),
        .mean = jn_f64(jn_get(n, "mean"), NAN),
        .p50 = jn_f64(jn_get(n, "median"), NAN),
        .p95 = jn_f64(jn_get(n, "p95"), NAN),
        .p99 = jn_f64(jn_get(n, "p99"), NAN),
        .min = jn_f64(jn_get(n, "min"), NAN),
        .max = jn_f64(jn_get(n, "max"), NAN),
    };
}

/* A number that stands in the row's headers, as text or as a number. */
static double header_of(jnode *row, const char *name)
{
    void *it = NULL;
    const char *key;
    jnode *value;
    while (jn_next(jn_get(row, "aws_headers"), &it, &key, &value)) {
        double v;
        if (!str_ieq(str_of(key), str_of(name)))
            continue;
        struct str text = jn_str(value, NULL);
        return !text.p ? jn_f64(value, NAN) : parse_f64(str_trim(text), &v) == 0 ? v : NAN;
    }
    return NAN;
}

/* Where the statistics lack it; v is sorted here. */
static struct xp_dist dist_from(double *v, size_t n)
{
    double sum = 0;
    if (n == 0)
        return (struct xp_dist){0};
    compat_sort(v, n);
    for (size_t i = 0; i < n; i++)
        sum += v[i];
    return (struct xp_dist){
        .n = n,
        .mean = sum / (double)n,
        .p50 = compat_quantile(v, n, 50, COMPAT_Q_LINEAR),
        .p95 = compat_quantile(v, n, 95, COMPAT_Q_LINEAR),
        .p99 = compat_quantile(v, n, 99, COMPAT_Q_LINEAR),
        .min = v[0],
        .max = v[n - 1],
    };
}

static struct xp_dist told(jnode *statistics, const char *key, jnode *rows, int header, double scale)
{
    struct xp_dist d = dist_of(jn_get(statistics, key));
    size_t n = 0, all = jn_len(rows);
    double *v = xmalloc((all + 1) * sizeof *v);
    for (size_t i = 0; i < all; i++) {
        double x = header_of(jn_at(rows, i), aws_headers[header]) * scale;
        if (isfinite(x))
            v[n++] = x;
    }
    struct xp_dist rows_say = dist_from(v, n);
    free(v);
    if (d.n == 0)
        return rows_say;
    d.min = isfinite(d.min) ? d.min : rows_say.n ? rows_say.min : NAN; /* not all of them stand among the statistics */
    d.max = isfinite(d.max) ? d.max : rows_say.n ? rows_say.max : NAN;
    d.p95 = isfinite(d.p95) ? d.p95 : rows_say.n ? rows_say.p95 : NAN;
    d.p99 = isfinite(d.p99) ? d.p99 : rows_say.n ? rows_say.p99 : NAN;
    return d;
}

static void take_rows(struct xp_stream *s, jnode *rows)
{
    size_t all = jn_len(rows);
    s->client_s = xcalloc(all + 1, sizeof *s->client_s);
    s->told_s = xcalloc(all + 1, sizeof *s->told_s);
    for (size_t i = 0; i < all; i++) {
        jnode *row = jn_at(rows, i);
        if (!jn_bool(jn_get(row, "ok"), true))
            continue;
        s->client_s[s->n] = jn_f64(jn_get(row, "ttft_s"), NAN);
        s->told_s[s->n++] = header_of(row, aws_headers[AWS_TTFT]) / 1e3;
    }
}

static const char *hint_of(const char *what)
{
    struct str s = str_of(what);
    int64_t status;
    return str_starts(s, STR("HTTP ")) && parse_i64(str_sub(s, 5, 3), &status) == 0 ? aws_hint((int)status) : NULL;
}

static void take_failures(struct experiment *x, struct xp_stream *s, jnode *failures)
{
    for (size_t i = 0; i < jn_len(failures); i++) {
        struct str text = str_sub(jn_str(jn_get(jn_at(failures, i), "error"), "(no text)"), 0, 160);
        size_t k = 0;
        while (k < s->errors.n && !str_eqz(text, s->errors.v[k].what))
            k++;
        if (k < s->errors.n) {
            s->errors.v[k].n++;
        } else if (k == KINDS_MAX) {
            xp_add_error(&s->errors, "(others)", 1, NULL);
        } else if (k > KINDS_MAX) {
            s->errors.v[KINDS_MAX].n++;
        } else {
            const char *what = xp_own(x, xmemdup0(text.p, text.n));
            xp_add_error(&s->errors, what, 1, hint_of(what));
        }
    }
}

int aws_stream_read(struct experiment *x, const char *name, jnode *root, struct err *e)
{
    if (!aws_stream_is(root))
        return err_set(
            e, ERR_DATA,
            "it is no result of aws_streaming_bench, which has benchmark_config, statistics and raw_results");
    jnode *config = jn_get(root, "benchmark_config"), *all = jn_get(root, "statistics");
    jnode *rows = jn_get(root, "raw_results");
    struct str http = jn_str(jn_get(config, "http_version"), NULL);
    x->streams = xreallocarray(x->streams, x->n_streams + 1, sizeof *x->streams);
    struct xp_stream *s = &x->streams[x->n_streams++];
    *s = (struct xp_stream){
        .name = xp_own(x, xstrdup(name)),
        .requests = count_of(jn_get(all, "total_requests")),
        .ok = count_of(jn_get(all, "successful_requests")),
        .concurrency = jn_i64(jn_get(config, "concurrency"), 0),
        .max_tokens = jn_i64(jn_get(config, "max_tokens"), 0),
        .http = http.p ? xp_own(x, xmemdup0(http.p, http.n)) : NULL,
        .timestamp = jn_f64(jn_get(config, "timestamp"), NAN),
        .ttft = dist_of(jn_get(all, "ttft_stats")),
        .total = dist_of(jn_get(all, "total_latency_stats")),
        .told = told(all, "aws_ttft_stats", rows, AWS_TTFT, 1e-3),
        .told_tok_s = told(all, "aws_tokens_per_second_stats", rows, AWS_TPS, 1),
        .told_cost = told(all, "aws_cost_per_1k_stats", rows, AWS_COST, 1),
    };
    s->ok = MIN(s->ok, s->requests);
    take_rows(s, rows);
    take_failures(x, s, jn_get(root, "failures"));
    return 0;
}
