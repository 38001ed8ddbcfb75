#include "compat/awscurl_metrics.h"

#include <math.h>

#include "base/jout.h"
#include "stat/quant.h"

static const double percents[3] = {50, 90, 99};

static double ms(double ns)
{
    return ns / 1e6;
}

static __int128 sum(const int64_t *v, size_t n)
{
    __int128 all = 0;
    for (size_t i = 0; i < n; i++)
        all += v[i];
    return all;
}

/* `v` is sorted. */
static double percentile(const struct awscurl_run *r, const int64_t *v, size_t n, double p)
{
    if (n == 0)
        return NAN;
    if (!r->original)
        return ms(quant_sorted(v, n, p / 100));
    size_t at = (size_t)((double)n * p / 100);
    return ms((double)v[MIN(at, n - 1)]);
}

static void throughput(const struct awscurl_run *r, double latencies, struct awscurl_metrics *m)
{
    double clients = (double)r->clients, wall = (double)r->wall / 1e9, tokens = (double)r->tokens;
    if (r->original) {
        m->tps = (double)r->n / latencies * clients;
        m->token_throughput = tokens / latencies * clients;
        m->token_latency = latencies * 1e3 * clients / tokens;
        m->token_per_request = r->tokens / (int64_t)MAX(r->requests, 1);
    } else {
        m->tps = wall > 0 ? (double)r->n / wall : NAN;
        m->token_throughput = wall > 0 ? tokens / wall : NAN;
        m->token_latency = latencies * 1e3 / tokens;
        m->token_per_request = llround(tokens / (double)r->n);
    }
    if (r->tokens <= 0)
        m->token_throughput = m->token_latency = NAN;
}

void awscurl_metrics_of(struct awscurl_run *r, struct awscurl_metrics *m)
{
    *m = (struct awscurl_metrics){
        .tps = NAN, .token_throughput = NAN, .average = NAN, .token_latency = NAN, .first = NAN};
    quant_sort(r->latency, r->n);
    quant_sort(r->first, r->n_first);
    m->total_ms = ms((double)r->wall);
    m->error_rate = 100.0 * (double)r->failed / (double)MAX(r->requests, 1);
    m->tokens = r->tokens;
    if (r->n > 0) {
        double all = (double)sum(r->latency, r->n);
        m->average = ms(all / (double)r->n);
        throughput(r, all / 1e9, m);
    }
    if (r->n_first > 0)
        m->first = ms((double)sum(r->first, r->n_first) / (double)r->n_first);
    for (size_t i = 0; i < ARRAY_LEN(percents); i++) {
        m->p[i] = percentile(r, r->latency, r->n, percents[i]);
        m->first_p[i] = percentile(r, r->first, r->n_first, percents[i]);
    }
}

/* To two places, half up. */
static double two(double v)
{
    return floor(v * 100 + 0.5) / 100;
}

void awscurl_metrics_text(const struct awscurl_run *r, const struct awscurl_metrics *m, struct buf *out)
{
    const char *unit = r->tokenizer ? "token" : "word";
    buf_addf(out, "Total time: %.2f ms.\n", two(m->total_ms));
    buf_addf(out, "Non 200 responses: %llu, error rate: %.2f\n", (unsigned long long)r->failed, two(m->error_rate));
    buf_addf(out, "Concurrent clients: %llu\n", (unsigned long long)r->clients);
    buf_addf(out, "Total requests: %llu\n", (unsigned long long)r->requests);
    if (r->n > 0) {
        buf_addf(out, "TPS: %.2f/s\n", two(m->tps));
        buf_addf(out, "Average Latency: %.2f ms.\n", two(m->average));
        for (size_t i = 0; i < ARRAY_LEN(percents); i++)
            buf_addf(out, "P%.0f: %.2f ms.\n", percents[i], two(m->p[i]));
    }
    if (m->tokens > 0) {
        buf_addf(out, "Total %s: %lld\n", unit, (long long)m->tokens);
        buf_addf(out, "Average %s Latency: %.2f ms.\n", r->tokenizer ? "Token" : "Word", two(m->token_latency));
        buf_addf(out, "%s/req: %lld\n", unit, (long long)m->token_per_request);
        buf_addf(out, "%s/s: %.2f/s\n", unit, two(m->token_throughput));
    }
    if (r->n_first > 0) {
        buf_addf(out, "Time to first byte: %.2f ms.\n", two(m->first));
        for (size_t i = 0; i < ARRAY_LEN(percents); i++)
            buf_addf(out, "TTFB_P%.0f: %.2f ms.\n", percents[i], two(m->first_p[i]));
    }
}

/* A fraction always shows: 0.0. */
static void put(struct jout *j, const char *key, double v, bool rounded)
{
    char text[400];
    struct buf b = BUF_INIT(sizeof text);
    if (isnan(v))
        return;
    if (rounded) {
        snprintf(text, sizeof text, "%.2f", two(v));
        if (text[strlen(text) - 1] == '0')
            text[strlen(text) - 1] = 0;
        buf_addz(&b, text);
    } else {
        struct jout one;
        jo_init(&one, &b, 0);
        jo_f64(&one, v);
        if (str_chr(buf_str(&b), '.') < 0 && str_chr(buf_str(&b), 'e') < 0)
            buf_addz(&b, ".0");
    }
    jo_key(j, key);
    jo_raw(j, buf_str(&b));
    buf_free(&b);
}

void awscurl_metrics_json(const struct awscurl_run *r, const struct awscurl_metrics *m, struct buf *out)
{
    struct jout j;
    jo_init(&j, out, 2);
    jo_obj(&j);
    if (r->failed > 0)
        jo_kbool(&j, "hasError", true);
    if (r->tokenizer)
        jo_kstrz(&j, "tokenizer", r->tokenizer);
    put(&j, "totalTimeMills", m->total_ms, true);
    jo_ku64(&j, "totalRequests", r->requests);
    jo_ku64(&j, "failedRequests", r->failed);
    put(&j, "errorRate", m->error_rate, true);
    jo_ku64(&j, "concurrentClients", r->clients);
    put(&j, "tps", m->tps, true);
    put(&j, "tokenThroughput", m->token_throughput, true);
    jo_ki64(&j, "totalTokens", m->tokens);
    jo_ki64(&j, "tokenPerRequest", m->token_per_request);
    put(&j, "averageLatency", m->average, true);
    put(&j, "averageTokenLatency", m->token_latency, true);
    put(&j, "p50Latency", m->p[0], true);
    put(&j, "p90Latency", m->p[1], true);
    put(&j, "p99Latency", m->p[2], true);
    put(&j, "timeToFirstByte", m->first, true);
    put(&j, "p50TimeToFirstByte", m->first_p[0], false);
    put(&j, "p90TimeToFirstByte", m->first_p[1], false);
    put(&j, "p99TimeToFirstByte", m->first_p[2], false);
    if (r->token_source)
        jo_kstrz(&j, "tokenSource", r->token_source);
    jo_end_obj(&j);
    buf_addc(out, '\n');
}
