/* experiment_latency.c - the sections of the page on latency: the objective's terms, and the time to the first token.
 */
#include <math.h>

#include "report/experiment_md.h"

/* ---- latency and objective */

static const char *state_text(const struct xp_judged *j)
{
    if (!isfinite(j->value))
        return XP_NOT_RECORDED;
    return j->state == STATE_MET ? "met" : j->state == STATE_BROKEN ? "broken" : "undecided";
}

static void put_judged(struct buf *b, const struct slo_term *t, const struct xp_judged *j)
{
    bool share = t->metric == (int)METRIC_ERROR_RATE || t->metric == (int)METRIC_SUCCESS_RATE;
    if (isfinite(j->value)) {
        buf_addz(b, j->at_least ? "≥ " : "");
        if (share)
            xp_percent(b, j->value, 1);
        else
            xp_num(b, t->metric < (int)METRIC_LATENCIES ? j->value / 1e6 : j->value, 1);
        buf_addz(b, share ? ": " : t->metric < (int)METRIC_LATENCIES ? " ms: " : ": ");
    }
    buf_addz(b, state_text(j));
}

static const char *slo_text(const struct xp_level *l)
{
    return l->slo == STATE_MET ? "**within**" : l->slo == STATE_BROKEN ? "outside" : "cannot be told";
}

void xp_put_latency(struct buf *b, const struct experiment *x, const struct xp_findings *f)
{
    buf_addz(b, "## Latency and SLO analysis\n\n");
    if (x->n_levels == 0) {
        buf_addz(b, "No level of load is among the data.\n\n");
        return;
    }
    buf_addz(b, "Objective: ");
    xp_objective(b, x);
    buf_addf(b, ". %zu of %zu levels are within it.\n\n| Load |", f->n_compliant, x->n_levels);
    for (size_t k = 0; k < x->slo.n; k++)
        buf_addf(b, " `%s` |", x->slo.t[k].text);
    buf_addz(b, " Within |\n|---|");
    for (size_t k = 0; k < x->slo.n; k++)
        buf_addz(b, "---:|");
    buf_addz(b, "---|\n");
    for (size_t i = 0; i < x->n_levels; i++) {
        const struct xp_level *l = &x->levels[i];
        buf_addz(b, "| ");
        xp_label(b, l);
        for (size_t k = 0; k < x->slo.n; k++) {
            buf_addz(b, " | ");
            put_judged(b, &x->slo.t[k], &l->judged[k]);
        }
        buf_addf(b, " | %s |\n", slo_text(l));
    }
    buf_addc(b, '\n');
    const struct xp_level *low = &x->levels[0], *high = &x->levels[x->n_levels - 1];
    if (x->n_levels > 1 && low->p95_ms > 0 && isfinite(high->p95_ms)) {
        buf_addz(b, "From ");
        xp_label(b, low);
        buf_addz(b, " to ");
        xp_label(b, high);
        buf_addz(b, " P95 goes from ");
        xp_num(b, low->p95_ms, 0);
        buf_addz(b, " to ");
        xp_num(b, high->p95_ms, 0);
        buf_addz(b, " ms (× ");
        xp_num(b, high->p95_ms / low->p95_ms, 2);
        buf_addz(b, ").\n\n");
    }
    xp_picture_put(b, x, 1);
}

/* ---- streams */

static void put_dist(struct buf *b, const char *what, const struct xp_dist *d, double scale, int decimals)
{
    if (d->n == 0) {
        buf_addf(b, "| %s | 0 | " XP_NOT_RECORDED " | | | | |\n", what);
        return;
    }
    const double v[] = {d->mean, d->p50, d->p95, d->p99, d->max};
    buf_addf(b, "| %s | ", what);
    xp_num(b, (double)d->n, 0);
    for (size_t i = 0; i < ARRAY_LEN(v); i++) {
        buf_addz(b, " | ");
        xp_num(b, v[i] * scale, decimals);
    }
    buf_addz(b, " |\n");
}

/* Of the requests that have both. */
static size_t mean_difference(const struct xp_stream *s, double *mean)
{
    size_t n = 0;
    double sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        double d = s->client_s[i] - s->told_s[i];
        n += isfinite(d) != 0;
        sum += isfinite(d) ? d : 0;
    }
    *mean = n ? sum / (double)n : NAN;
    return n;
}

static bool whole_ms(const struct xp_stream *s)
{
    bool whole = s->told.n > 0;
    for (size_t i = 0; i < s->n; i++)
        if (isfinite(s->told_s[i]))
            whole &= fabs(s->told_s[i] * 1e3 - round(s->told_s[i] * 1e3)) < 1e-6;
    return whole;
}

static void explain(struct buf *b, const struct xp_stream *s)
{
    double mean;
    size_t n = mean_difference(s, &mean);
    if (s->told.n == 0) {
        buf_addz(b, "No answer had the header `X-TTFT-MS`, so how much of the time the function and the model took "
                    "is " XP_NOT_RECORDED ".\n\n");
    } else if (n > 0) {
        buf_addz(b, "Over the ");
        xp_num(b, (double)n, 0);
        buf_addz(b, " requests that have both, the client's time is on average ");
        xp_num(b, fabs(mean) * 1e3, 2);
        buf_addf(b, " ms %s than the header's. ", mean < 0 ? "shorter" : "longer");
        buf_addz(
            b,
            "The header is measured on the way: weir's gateway counts from the arrival of the request until it sends "
            "the first text on; a function such as the original one counts from its call of the model until the "
            "model's first part. The client's time holds, besides, the network both ways, the API in front, and of "
            "a function its start and its work before that call.\n\n");
    }
    if (s->ttft.n > 0 && s->total.n > 0 && s->ttft.p50 > XP_SLOW_SHARE * s->total.p50)
        buf_addz(
            b, "The first token came with the last one: **the answers were not streamed to the client**. Something on "
               "the way (an HTTP API of an API Gateway, a function that returns its answer whole) collects them.\n\n");
    else if (s->ttft.n > 0 && s->total.p50 > 0) {
        buf_addz(b, "The answers were streamed: the median first token came after ");
        xp_percent(b, s->ttft.p50 / s->total.p50, 0);
        buf_addz(b, " of the median answer's time.\n\n");
    }
}

static void put_stream(struct buf *b, const struct xp_stream *s)
{
    buf_addz(b, "### ");
    xp_md_text(b, s->name, 100);
    buf_addz(b, "\n\n");
    xp_num(b, (double)s->requests, 0);
    buf_addf(b, " requests, %lld at a time, at most %lld tokens each; ", (long long)s->concurrency,
             (long long)s->max_tokens);
    xp_num(b, (double)s->ok, 0);
    buf_addf(b, " succeeded. HTTP version: %s.\n\n", s->http ? s->http : XP_NOT_RECORDED);
    xp_table(b, "Time|n>|Mean (ms)>|P50 (ms)>|P95 (ms)>|P99 (ms)>|Max (ms)>");
    put_dist(b, "First token, at the client", &s->ttft, 1e3, 1);
    put_dist(
        b, whole_ms(s) ? "First token, by the header `X-TTFT-MS` (whole ms)" : "First token, by the header `X-TTFT-MS`",
        &s->told, 1e3, 1);
    put_dist(b, "Whole answer, at the client", &s->total, 1e3, 1);
    buf_addc(b, '\n');
    explain(b, s);
    if (s->told_tok_s.n > 0) {
        buf_addz(b, "By the header `X-Tokens-Per-Second` a single answer came with ");
        xp_num(b, s->told_tok_s.p50, 1);
        buf_addz(b, " tokens/s (median)");
        if (s->told_cost.n > 0) {
            buf_addz(b, ", and by `X-Cost-Per-1K-USD` at ");
            xp_usd(b, s->told_cost.p50, 6);
            buf_addz(b,
                     " per 1,000 tokens: that figure gives the whole instance to one request and is too high wherever "
                     "several share it; the section on cost counts them together");
        }
        buf_addz(b, ".\n\n");
    }
}

void xp_put_streams(struct buf *b, const struct experiment *x)
{
    bool levels = false;
    buf_addz(b, "## Streaming: time to first token\n\n");
    for (size_t i = 0; i < x->n_levels; i++)
        levels |= isfinite(x->levels[i].ttft_p50_ms) != 0;
    if (x->n_streams == 0 && !levels)
        buf_addz(b, XP_NOT_RECORDED " (no file of `weir as aws_streaming_bench` is among the data, and the levels' "
                                    "answers were not streamed).\n\n");
    for (size_t i = 0; i < x->n_streams; i++)
        put_stream(b, &x->streams[i]);
    if (levels) {
        buf_addz(b, "Under load, at the client:\n\n");
        xp_table(b, "Load|P50 (ms)>|P95 (ms)>|P99 (ms)>");
    }
    for (size_t i = 0; levels && i < x->n_levels; i++) {
        const struct xp_level *l = &x->levels[i];
        const double v[] = {l->ttft_p50_ms, l->ttft_p95_ms, l->ttft_p99_ms};
        buf_addz(b, "| ");
        xp_label(b, l);
        for (size_t k = 0; k < ARRAY_LEN(v); k++) {
            buf_addz(b, " | ");
            xp_num(b, v[k], 1);
        }
        buf_addz(b, " |\n");
    }
    if (levels)
        buf_addc(b, '\n');
    xp_picture_put(b, x, 2);
}
