#include "compat/oha_json.h"

#include <math.h>

#include "base/clock.h"
#include "base/jout.h"
#include "base/xalloc.h"

#define DEADLINE "aborted due to deadline" /* what oha calls those that its own end cut off */

enum { BINS = 11, SHARES = 9 };
static const double shares[SHARES] = {10, 25, 50, 75, 90, 95, 99, 99.9, 99.99};

struct values { /* in s, sorted once they are all there */
    double *v;
    size_t n;
};

static double seconds(int64_t ns)
{
    return (double)ns / NS_PER_S;
}

/* ---- which request counts as what */

static bool has_answer(const struct compat_row *r) /* oha's success */
{
    return r->outcome == OUT_OK || (r->status != 0 && (r->outcome == OUT_HTTP || r->outcome == OUT_IN_STREAM_ERROR));
}

static bool counts(const struct oha_level *l, const struct compat_row *r) /* in latencies and rates */
{
    return l->level ? r->outcome == OUT_OK : has_answer(r);
}

static bool has_status(const struct oha_level *l, const struct compat_row *r) /* else it is an error */
{
    return l->level ? r->outcome == OUT_OK || r->outcome == OUT_HTTP : has_answer(r);
}

static const char *error_of(const struct oha_level *l, const struct compat_row *r)
{
    if (r->outcome == OUT_CANCELLED)
        return DEADLINE;
    return !l->level && r->detail[0] ? r->detail : outcome_name(r->outcome);
}

/* ---- values and their figures */

static struct values gather(const struct oha_level *l,
                            double (*of)(const struct oha_level *, const struct compat_row *))
{
    struct values out = {xmalloc((l->n + 1) * sizeof *out.v), 0};
    for (size_t i = 0; i < l->n; i++) {
        double x = l->row[i].sent && counts(l, &l->row[i]) ? of(l, &l->row[i]) : NAN;
        if (!isnan(x))
            out.v[out.n++] = x;
    }
    compat_sort(out.v, out.n);
    return out;
}

static double latency(const struct oha_level *l, const struct compat_row *r)
{
    (void)l;
    return seconds(r->end - r->start);
}

static double first_byte(const struct oha_level *l, const struct compat_row *r)
{
    (void)l;
    return r->first_byte ? seconds(r->first_byte - r->start) : NAN;
}

static double dialup(const struct oha_level *l, const struct compat_row *r)
{
    (void)l;
    return r->new_conn && r->conn_end ? seconds(MAX(r->conn_end, r->tls_end) - r->conn_start) : NAN;
}

static double end_time(const struct oha_level *l, const struct compat_row *r)
{
    return seconds(r->end - l->begin);
}

static double mean_of(const struct values *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->n; i++)
        sum += s->v[i];
    return s->n ? sum / (double)s->n : NAN;
}

static double least(const struct values *s)
{
    return s->n ? s->v[0] : NAN;
}

static double most(const struct values *s)
{
    return s->n ? s->v[s->n - 1] : NAN;
}

static double oha_quantile(const struct values *s, double p)
{
    size_t i = (size_t)(p / 100 * (double)s->n);
    return i < s->n ? s->v[i] : NAN;
}

/* Of a latency: as the summary has it, else by oha's formula. */
static double quantile(const struct oha_level *l, enum metric m, const struct values *s, double p)
{
    ptrdiff_t i = l->level ? summary_q_index(l->summary, p / 100) : -1;
    if (!l->level)
        return oha_quantile(s, p);
    return i >= 0 ? l->level->lat[m].q[i] / NS_PER_S : compat_quantile(s->v, s->n, p, COMPAT_Q_LINEAR);
}

static void put_number_key(struct jout *j, double v)
{
    struct buf b = BUF_INIT(64);
    struct jout number;
    jo_init(&number, &b, 0);
    jo_f64(&number, v);
    jo_key(j, b.p);
    buf_free(&b);
}

/* Bin i ends at its key; the first holds the smallest value alone. */
static void put_histogram(struct jout *j, const char *key, const struct values *s)
{
    uint64_t count[BINS] = {0};
    double low = least(s), step = (most(s) - low) / (BINS - 1);
    for (size_t i = 0; i < s->n; i++) {
        double at = step > 0 ? ceil((s->v[i] - low) / step) : 0;
        count[(size_t)fmin(at, BINS - 1)]++;
    }
    jo_key(j, key);
    jo_obj(j);
    for (int i = 0; s->n > 0 && i < (step > 0 ? BINS : 1); i++) {
        put_number_key(j, low + step * i);
        jo_u64(j, count[i]);
    }
    jo_end_obj(j);
}

static char *share_name(char out[16], double p)
{
    snprintf(out, 16, "p%g", p);
    return out;
}

static void put_latency(struct jout *j, const struct oha_level *l, const char *histogram, const char *percentiles,
                        enum metric m, const struct values *s)
{
    char name[16];
    put_histogram(j, histogram, s);
    jo_key(j, percentiles);
    jo_obj(j);
    for (int i = 0; i < SHARES; i++)
        jo_kf64(j, share_name(name, shares[i]), quantile(l, m, s, shares[i]));
    jo_end_obj(j);
}

static void put_triple(struct jout *j, const char *key, const struct values *s)
{
    jo_key(j, key);
    jo_obj(j);
    jo_kf64(j, "average", mean_of(s));
    jo_kf64(j, "fastest", least(s));
    jo_kf64(j, "slowest", most(s));
    jo_end_obj(j);
}

/* ---- requests per second */

/* oha's windows: from an answer to the last one within 10 ms of it, or to the next one. A burst of answers makes rates
 * without a meaning. */
static struct values oha_rates(const struct values *ends)
{
    struct values out = {xmalloc((ends->n + 1) * sizeof *out.v), 0};
    double from = 0;
    for (size_t i = 0; i < ends->n;) {
        size_t k = i + 1;
        while (k < ends->n && from + 0.01 > ends->v[k])
            k++;
        double width = ends->v[k - 1] - from;
        if (width > 0)
            out.v[out.n++] = (double)(k - i) / width;
        from = ends->v[k - 1];
        i = k;
    }
    compat_sort(out.v, out.n);
    return out;
}

/* Windows of about 1 s, which cover the level: their mean is its rate. */
static struct values even_rates(const struct values *ends, double total)
{
    size_t n = (size_t)fmax(1, floor(fmin(total, 1e6)));
    struct values out = {xcalloc(n, sizeof *out.v), n};
    for (size_t i = 0; total > 0 && i < ends->n; i++)
        out.v[(size_t)fmin(ends->v[i] / total * (double)n, (double)(n - 1))] += (double)n / total;
    compat_sort(out.v, n);
    return out;
}

static void put_rates(struct jout *j, const struct oha_level *l, double total)
{
    struct values ends = gather(l, end_time), r = l->level ? even_rates(&ends, total) : oha_rates(&ends);
    double mean = mean_of(&r), square = 0;
    char name[16];
    for (size_t i = 0; i < r.n; i++)
        square += (r.v[i] - mean) * (r.v[i] - mean);
    jo_key(j, "rps");
    jo_obj(j);
    jo_kf64(j, "mean", mean);
    jo_kf64(j, "stddev", r.n > 1 ? sqrt(square / (double)(r.n - 1)) : NAN);
    jo_kf64(j, "max", most(&r));
    jo_kf64(j, "min", least(&r));
    jo_key(j, "percentiles");
    jo_obj(j);
    for (int i = 0; i < SHARES; i++)
        jo_kf64(j, share_name(name, shares[i]),
                l->level ? compat_quantile(r.v, r.n, shares[i], COMPAT_Q_LINEAR) : oha_quantile(&r, shares[i]));
    jo_end_obj(j);
    jo_end_obj(j);
    free(ends.v);
    free(r.v);
}

/* ---- the parts of the file */

struct totals {
    uint64_t all, counted, deadline, bytes; /* bytes: of the counted */
    uint64_t http2, tokens, tokenless;
    double s;
};

static struct totals total_of(const struct oha_level *l)
{
    struct totals t = {0};
    int64_t end = l->end;
    for (size_t i = 0; i < l->n; i++) {
        const struct compat_row *r = &l->row[i];
        if (!r->sent)
            continue;
        t.all++;
        end = MAX(end, r->end);
        t.deadline += r->outcome == OUT_CANCELLED;
        t.http2 += r->http2;
        if (r->outcome == OUT_OK && r->tokens_out >= 0)
            t.tokens += (uint64_t)r->tokens_out;
        t.tokenless += r->outcome == OUT_OK && r->tokens_out < 0;
        if (!counts(l, r))
            continue;
        t.counted++;
        t.bytes += r->bytes_in;
    }
    t.s = seconds(end - l->begin);
    return t;
}

static double ratio(double a, double b)
{
    return b > 0 ? a / b : NAN;
}

static double in_ms(double s)
{
    return round(s * 1e6) / 1e3;
}

static void put_summary(struct jout *j, const struct oha_level *l, const struct totals *t, const struct values *s)
{
    double rate = ratio((double)(l->level ? t->counted : t->all), t->s);
    double success = ratio((double)t->counted, (double)(t->all - t->deadline));
    jo_key(j, "summary");
    jo_obj(j);
    jo_kf64(j, "successRate", success);
    jo_kf64(j, "total", t->s);
    jo_kf64(j, "slowest", most(s));
    jo_kf64(j, "fastest", least(s));
    jo_kf64(j, "average", mean_of(s));
    jo_kf64(j, "requestsPerSec", rate);
    jo_ku64(j, "totalData", t->bytes);
    jo_key(j, "sizePerRequest");
    if (t->counted > 0)
        jo_u64(j, t->bytes / t->counted);
    else
        jo_null(j);
    jo_kf64(j, "sizePerSec", ratio((double)t->bytes, t->s));
    jo_end_obj(j);
    jo_key(j, "metrics");
    jo_obj(j);
    jo_kf64(j, "success_rate", success);
    jo_kf64(j, "requests_per_sec", rate);
    jo_key(j, "latency_ms");
    jo_obj(j);
    jo_kf64(j, "min", in_ms(least(s)));
    jo_kf64(j, "mean", in_ms(mean_of(s)));
    jo_kf64(j, "p50", in_ms(quantile(l, METRIC_TOTAL, s, 50)));
    jo_kf64(j, "p95", in_ms(quantile(l, METRIC_TOTAL, s, 95)));
    jo_kf64(j, "p99", in_ms(quantile(l, METRIC_TOTAL, s, 99)));
    jo_kf64(j, "max", in_ms(most(s)));
    jo_end_obj(j);
    jo_end_obj(j);
}

static void put_statuses(struct jout *j, const struct oha_level *l)
{
    uint64_t n[1000] = {0};
    char name[8];
    for (size_t i = 0; i < l->n; i++)
        if (l->row[i].sent && has_status(l, &l->row[i]) && l->row[i].status > 0 && l->row[i].status < 1000)
            n[l->row[i].status]++;
    jo_key(j, "statusCodeDistribution");
    jo_obj(j);
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "%d", i);
        if (n[i] > 0)
            jo_ku64(j, name, n[i]);
    }
    jo_end_obj(j);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_errors(struct jout *j, const struct oha_level *l)
{
    size_t n = 0;
    const char **text = xcalloc(l->n + 1, sizeof *text);
    for (size_t i = 0; i < l->n; i++)
        if (l->row[i].sent && !has_status(l, &l->row[i]))
            text[n++] = error_of(l, &l->row[i]);
    qsort(text, n, sizeof *text, by_text);
    jo_key(j, "errorDistribution");
    jo_obj(j);
    for (size_t i = 0, k; i < n; i = k) {
        for (k = i; k < n && strcmp(text[k], text[i]) == 0;)
            k++;
        jo_ku64(j, text[i], k - i);
    }
    jo_end_obj(j);
    free(text);
}

static void put_details(struct jout *j, const struct oha_level *l, const struct values *first)
{
    struct values up = gather(l, dialup), none = {0};
    jo_key(j, "details");
    jo_obj(j);
    put_triple(j, "DNSDialup", &up);
    put_triple(j, "DNSLookup", &none); /* names are looked up before the load begins */
    put_triple(j, "firstByte", first);
    jo_end_obj(j);
    free(up.v);
}

static void put_own(struct jout *j, const struct oha_level *l, const struct totals *t)
{
    uint64_t ok = 0;
    for (size_t i = 0; i < l->n; i++)
        ok += l->row[i].sent && l->row[i].outcome == OUT_OK;
    bool known = ok > t->tokenless;
    jo_key(j, "weir");
    jo_obj(j);
    jo_kstrz(j, "formulas", l->level ? "weir" : "oha");
    jo_ku64(j, "total_requests", t->all - t->deadline);
    jo_ku64(j, "successful_requests", ok);
    jo_key(j, "output_tokens");
    if (known)
        jo_u64(j, t->tokens);
    else
        jo_null(j);
    jo_kf64(j, "tokens_per_sec", known ? ratio((double)t->tokens, t->s) : NAN);
    jo_ku64(j, "http2_requests", t->http2);
    jo_end_obj(j);
}

void oha_json_write(struct buf *out, const struct oha_level *l)
{
    struct jout j;
    struct totals t = total_of(l);
    struct values all = gather(l, latency), first = gather(l, first_byte);
    jo_init(&j, out, 2);
    jo_obj(&j);
    put_summary(&j, l, &t, &all);
    put_latency(&j, l, "responseTimeHistogram", "latencyPercentiles", METRIC_TOTAL, &all);
    put_latency(&j, l, "firstByteHistogram", "firstBytePercentiles", METRIC_TTFB, &first);
    put_rates(&j, l, t.s);
    put_details(&j, l, &first);
    put_statuses(&j, l);
    put_errors(&j, l);
    put_own(&j, l, &t);
    jo_end_obj(&j);
    buf_addc(out, '\n');
    free(all.v);
    free(first.v);
}

/* ---- back */

static uint64_t plus(uint64_t a, uint64_t b)
{
    return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

static uint64_t sum_of(jnode *counts_by_name, const char *prefix, const char *except)
{
    void *it = NULL;
    const char *key;
    jnode *value;
    uint64_t sum = 0;
    while (jn_next(counts_by_name, &it, &key, &value))
        if (strncmp(key, prefix, strlen(prefix)) == 0 && !(except && strcmp(key, except) == 0))
            sum = plus(sum, (uint64_t)MAX(jn_i64(value, 0), 0));
    return sum;
}

int oha_json_read(struct oha_figures *f, jnode *root, bool original, struct err *e)
{
    jnode *summary = jn_get(root, "summary"), *percentiles = jn_get(root, "latencyPercentiles");
    jnode *statuses = jn_get(root, "statusCodeDistribution");
    if (!jn_is_obj(summary) || !jn_is_obj(percentiles) || !jn_is_obj(statuses))
        return err_set(e, ERR_DATA, "it is not a result of oha (--output-format json): it lacks %s",
                       !jn_is_obj(summary)       ? "\"summary\""
                       : !jn_is_obj(percentiles) ? "\"latencyPercentiles\""
                                                 : "\"statusCodeDistribution\"");
    double total = jn_f64(jn_get(summary, "total"), NAN);
    uint64_t good = sum_of(statuses, "2", NULL);
    *f = (struct oha_figures){
        .mean_ms = jn_f64(jn_get(summary, "average"), NAN) * 1e3,
        .min_ms = jn_f64(jn_get(summary, "fastest"), NAN) * 1e3,
        .max_ms = jn_f64(jn_get(summary, "slowest"), NAN) * 1e3,
        .p50_ms = jn_f64(jn_get(percentiles, "p50"), NAN) * 1e3,
        .p95_ms = jn_f64(jn_get(percentiles, "p95"), NAN) * 1e3,
        .p99_ms = jn_f64(jn_get(percentiles, "p99"), NAN) * 1e3,
        .total_s = total,
        .total = plus(sum_of(statuses, "", NULL), sum_of(jn_get(root, "errorDistribution"), "", DEADLINE)),
        .successful = good,
        .rps = ratio((double)good, total),
        .tokens_per_s = jn_f64(jn_get(root, "weir.tokens_per_sec"), NAN),
    };
    f->success_rate = ratio((double)good, (double)f->total);
    if (original) {
        f->rps = jn_f64(jn_get(summary, "requestsPerSec"), NAN);
        f->success_rate = jn_f64(jn_get(summary, "successRate"), NAN);
    }
    return 0;
}
