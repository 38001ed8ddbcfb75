#include "gateway/gw_metrics.h"

#include <math.h>
#include <stdatomic.h>

#include "base/promtext.h"
#include "base/xalloc.h"
#include "gateway/gw_error.h"

enum { STATUSES = 600, BUCKETS_MAX = 20, CODES_MAX = 32 };

struct spread { /* of one histogram: its bounds and its words */
    const char *name, *help;
    size_t n;
    double bound[BUCKETS_MAX]; /* s */
};

enum { TTFT, DURATION, OVERHEAD, SPREADS };

static const struct spread spreads[SPREADS] = {
    [TTFT] = {"weir_gateway_time_to_first_token_seconds",
              "Time from the arrival of a streamed request until text of its answer came.",
              18,
              {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 7.5, 10, 20, 30, 60}},
    [DURATION] = {"weir_gateway_request_duration_seconds",
                  "Time from the arrival of a request to the end of its answer.",
                  18,
                  {0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 60, 120, 300, 600}},
    [OVERHEAD] = {"weir_gateway_overhead_seconds",
                  "Time from the arrival of a request until it was on its way to the endpoint.",
                  13,
                  {0.00005, 0.0001, 0.0002, 0.0003, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 1}},
};

struct counts {
    _Atomic uint64_t bucket[BUCKETS_MAX + 1]; /* not cumulated; the one behind the last bound is +Inf */
    _Atomic uint64_t sum;                     /* ns */
};

struct gw_metrics {
    char *endpoint;
    double hourly_usd;
    const struct gw_emf *emf;
    _Atomic uint64_t in_flight, prompt_tokens, completion_tokens;
    _Atomic uint64_t by_status[STATUSES][2]; /* [.][1]: streamed */
    _Atomic uint64_t by_code[CODES_MAX];     /* in the order of gw_error_codes */
    struct counts spread[SPREADS];
};

static void add(_Atomic uint64_t *v, uint64_t n)
{
    atomic_fetch_add_explicit(v, n, memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *v)
{
    return atomic_load_explicit(v, memory_order_relaxed);
}

struct gw_metrics *gw_metrics_new(const char *endpoint, double hourly_usd)
{
    struct gw_metrics *m = xcalloc(1, sizeof *m);
    m->endpoint = xstrdup(endpoint);
    m->hourly_usd = hourly_usd;
    return m;
}

void gw_metrics_free(struct gw_metrics **m)
{
    if (!*m)
        return;
    free((*m)->endpoint);
    free(*m);
    *m = NULL;
}

void gw_metrics_watch(struct gw_metrics *m, const struct gw_emf *emf)
{
    m->emf = emf;
}

void gw_metrics_begin(struct gw_metrics *m)
{
    add(&m->in_flight, 1);
}

static void observe(struct gw_metrics *m, unsigned which, int64_t ns)
{
    const struct spread *s = &spreads[which];
    size_t i = 0;
    if (ns < 0)
        return;
    while (i < s->n && (double)ns > s->bound[i] * 1e9)
        i++;
    add(&m->spread[which].bucket[i], 1);
    add(&m->spread[which].sum, (uint64_t)ns);
}

static void count_error(struct gw_metrics *m, const char *code)
{
    size_t i = 0;
    while (gw_error_codes[i + 1] && strcmp(gw_error_codes[i], code) != 0)
        i++; /* to the last, which is for all else */
    if (i < CODES_MAX)
        add(&m->by_code[i], 1);
}

void gw_metrics_add(struct gw_metrics *m, const struct gw_outcome *o)
{
    size_t status = o->status >= 0 && o->status < STATUSES ? (size_t)o->status : 0;
    atomic_fetch_sub_explicit(&m->in_flight, 1, memory_order_relaxed);
    add(&m->by_status[status][o->stream], 1);
    if (o->code)
        count_error(m, o->code);
    if (o->figures.prompt_tokens > 0)
        add(&m->prompt_tokens, (uint64_t)o->figures.prompt_tokens);
    if (o->figures.completion_tokens > 0)
        add(&m->completion_tokens, (uint64_t)o->figures.completion_tokens);
    observe(m, TTFT, o->stream ? o->ttft : -1);
    observe(m, DURATION, o->duration);
    observe(m, OVERHEAD, o->overhead);
}

/* ---- text ---- */

/* NAME{endpoint="...", the caller goes on. */
static void label(struct buf *b, const char *name, const char *endpoint)
{
    buf_addf(b, "%s{", name);
    prom_put_label(b, "endpoint", endpoint);
}

static void plain(struct buf *b, const struct gw_metrics *m, const char *name, const char *type, const char *help,
                  uint64_t v)
{
    prom_put_head(b, name, type, help);
    label(b, name, m->endpoint);
    buf_addf(b, "} %llu\n", (unsigned long long)v);
}

static void requests(struct buf *b, const struct gw_metrics *m)
{
    static const char name[] = "weir_gateway_requests_total";
    prom_put_head(b, name, "counter",
                  "Requests answered, by status (499: the client had gone) and by whether it asked for a stream.");
    for (size_t i = 0; i < STATUSES; i++) {
        for (size_t k = 0; k < 2; k++) {
            uint64_t n = get(&m->by_status[i][k]);
            if (n == 0 && !(i == 200)) /* these stand from the beginning, for rate() */
                continue;
            label(b, name, m->endpoint);
            buf_addf(b, ",status=\"%zu\",stream=\"%s\"} %llu\n", i, k ? "true" : "false", (unsigned long long)n);
        }
    }
}

/* An answer that breaks off when its head has gone has status 200, and is counted here. */
static void errors(struct buf *b, const struct gw_metrics *m)
{
    static const char name[] = "weir_gateway_errors_total";
    prom_put_head(b, name, "counter", "Requests that failed, in their stream too, by the error's code.");
    for (size_t i = 0; gw_error_codes[i]; i++) {
        label(b, name, m->endpoint);
        buf_addf(b, ",code=\"%s\"} %llu\n", gw_error_codes[i], (unsigned long long)get(&m->by_code[i]));
    }
}

static void histogram(struct buf *b, const struct gw_metrics *m, unsigned which)
{
    const struct spread *s = &spreads[which];
    const struct counts *c = &m->spread[which];
    char name[80];
    uint64_t sum = 0;
    prom_put_head(b, s->name, "histogram", s->help);
    snprintf(name, sizeof name, "%s_bucket", s->name);
    for (size_t i = 0; i <= s->n; i++) {
        sum += get(&c->bucket[i]);
        label(b, name, m->endpoint);
        if (i < s->n)
            buf_addf(b, ",le=\"%g\"} %llu\n", s->bound[i], (unsigned long long)sum);
        else
            buf_addf(b, ",le=\"+Inf\"} %llu\n", (unsigned long long)sum);
    }
    snprintf(name, sizeof name, "%s_sum", s->name);
    label(b, name, m->endpoint);
    buf_addf(b, "} %.9f\n", (double)get(&c->sum) / 1e9);
    snprintf(name, sizeof name, "%s_count", s->name);
    label(b, name, m->endpoint);
    buf_addf(b, "} %llu\n", (unsigned long long)sum);
}

void gw_metrics_text(const struct gw_metrics *m, struct buf *out)
{
    requests(out, m);
    errors(out, m);
    plain(out, m, "weir_gateway_requests_in_flight", "gauge", "Requests under way.", get(&m->in_flight));
    plain(out, m, "weir_gateway_prompt_tokens_total", "counter", "Prompt tokens, as the endpoint counted them.",
          get(&m->prompt_tokens));
    plain(out, m, "weir_gateway_completion_tokens_total", "counter",
          "Tokens generated: as the endpoint counted them, else events with text.", get(&m->completion_tokens));
    for (unsigned i = 0; i < SPREADS; i++)
        histogram(out, m, i);
    plain(out, m, "weir_gateway_emf_dropped_total", "counter",
          "Lines of embedded metric format that were dropped because nobody read them.",
          m->emf ? gw_emf_dropped(m->emf) : 0);
    if (isfinite(m->hourly_usd)) {
        static const char name[] = "weir_gateway_instance_hourly_usd";
        prom_put_head(out, name, "gauge", "What an instance costs, as configured.");
        label(out, name, m->endpoint);
        buf_addf(out, "} %.9g\n", m->hourly_usd);
    }
}

/* ---- figures of one call ---- */

double gw_tokens_per_second(const struct gw_outcome *o)
{
    if (o->figures.completion_tokens <= 0 || o->duration <= 0)
        return -1;
    return (double)o->figures.completion_tokens * 1e9 / (double)o->duration;
}

double gw_cost_per_1k(double tokens_per_second, double hourly_usd)
{
    if (!(tokens_per_second > 0) || !(hourly_usd >= 0) || !isfinite(hourly_usd))
        return -1;
    return hourly_usd / (tokens_per_second * 3600) * 1000;
}

struct told {
    struct gw_field *f;
    size_t n, used;
    char *text;
};

static void tell(struct told *t, struct str name, const char *fmt, ...) ATTR_PRINTF(3, 4);
static void tell(struct told *t, struct str name, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(t->text + t->used, GW_TOLD_TEXT - t->used, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= GW_TOLD_TEXT - t->used)
        return;
    t->f[t->n++] = (struct gw_field){name, {t->text + t->used, (size_t)n}};
    t->used += (size_t)n;
}

size_t gw_told(const struct gw_outcome *o, const char *endpoint, double hourly_usd, struct gw_field f[GW_TOLD],
               char text[GW_TOLD_TEXT])
{
    struct told t = {f, 0, 0, text};
    const struct gw_figures *g = &o->figures;
    double tps = gw_tokens_per_second(o), cost = gw_cost_per_1k(tps, hourly_usd);
    tell(&t, STR("X-Endpoint"), "%s", endpoint);
    if (o->ttft >= 0 && o->stream)
        tell(&t, STR("X-TTFT-MS"), "%.2f", (double)o->ttft / 1e6);
    if (o->duration < 0)
        return t.n;
    if (g->completion_tokens >= 0)
        tell(&t, STR("X-Completion-Tokens"), "%lld", (long long)g->completion_tokens);
    if (g->prompt_tokens >= 0)
        tell(&t, STR("X-Prompt-Tokens"), "%lld", (long long)g->prompt_tokens);
    if (tps > 0)
        tell(&t, STR("X-Tokens-Per-Second"), "%.2f", tps);
    if (cost >= 0)
        tell(&t, STR("X-Cost-Per-1K-USD"), "%.6f", cost);
    return t.n;
}
