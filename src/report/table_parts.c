#include "report/table_parts.h"

#include <math.h>

#define LABEL_BYTES 64
#define LINE_BYTES 2000

/* Lines are laid out without colours, so that widths are right, and painted afterwards where they begin. */
static void labelled(struct buf *out, const char *label, const char *text, int width)
{
    char first[LABEL_BYTES];
    snprintf(first, sizeof first, "   %-8s ", label);
    text_wrap(out, first, text, width);
}

static char *dur(char out[32], double ns)
{
    if (!isfinite(ns))
        snprintf(out, 32, "unknown");
    else
        fmt_duration(out, (int64_t)llround(ns));
    return out;
}

void table_legend(struct buf *out, const struct legend *l, const struct paint *p, int width)
{
    if (!l->at_least && !l->small && !l->open)
        return;
    buf_addc(out, '\n');
    buf_addz(out, p->dim);
    if (l->open)
        text_wrap(out, "   ", "service counts from the request's start, response from when it was due", width);
    if (l->small)
        text_wrap(out, "   ", "* fewer requests than a 95 % interval of this percentile needs", width);
    if (l->at_least)
        text_wrap(out, "   ", "≥ at least: timeouts, cancellations or requests never sent hide the value", width);
    buf_addz(out, p->off);
}

/* Shares from 0.0012 % to 100 %, with two digits at least. */
static char *percent(char out[32], double share)
{
    double v = share * 100;
    snprintf(out, 32, v < 10 ? "%.2g %%" : "%.4g %%", v);
    return out;
}

static void put_errors(struct buf *out, const struct sum_level *l, int width)
{
    struct buf t = BUF_INIT(LINE_BYTES);
    for (size_t i = 0; i < l->outcomes.n; i++) {
        const struct sum_count *c = &l->outcomes.v[i];
        if (strcmp(c->name, outcome_name(OUT_OK)) == 0 || strcmp(c->name, outcome_name(OUT_CANCELLED)) == 0 ||
            strcmp(c->name, outcome_name(OUT_UNSENT)) == 0)
            continue; /* the heading tells of those */
        buf_addf(&t, "%s%s %llu", t.n ? " · " : "", c->name, (unsigned long long)c->n);
    }
    if (t.n)
        labelled(out, "errors", t.p, width);
    buf_free(&t);
}

static void put_client(struct buf *out, const struct summary *s, const struct sum_level *l, int width)
{
    struct buf t = BUF_INIT(LINE_BYTES);
    char a[32], b[32];
    const struct sum_client *c = &l->client;
    ptrdiff_t p50 = summary_q_index(s, 0.5), p99 = summary_q_index(s, 0.99);
    if (c->lag.n)
        buf_addf(&t, "client lag p50 %s, p99 %s", dur(a, c->lag.q[p50]), dur(b, c->lag.q[p99]));
    if (c->send_lag.present && c->send_lag.n)
        buf_addf(&t, "%ssend lag p50 %s, p99 %s", t.n ? " · " : "", dur(a, c->send_lag.q[p50]),
                 dur(b, c->send_lag.q[p99]));
    if (isfinite(c->busy))
        buf_addf(&t, "%sbusy %.0f %%", t.n ? " · " : "", c->busy * 100);
    if (isfinite(c->kernel_stamped))
        buf_addf(&t, "%skernel stamps %s", t.n ? " · " : "", percent(a, c->kernel_stamped));
    if (isfinite(c->wide_gaps))
        buf_addf(&t, "%swide gaps %s", t.n ? " · " : "", percent(a, c->wide_gaps));
    if (c->conns_resumed)
        buf_addf(&t, "%sTLS resumed on %llu of %llu new connections", t.n ? " · " : "",
                 (unsigned long long)c->conns_resumed, (unsigned long long)c->conns_opened);
    if (t.n)
        labelled(out, "client", t.p, width);
    buf_free(&t);
}

/* What rounds to one is one. */
static void put_per_chunk(struct buf *t, double n)
{
    char a[32];
    snprintf(a, sizeof a, "%.3g", n);
    buf_addf(t, "%s%s token%s per chunk", t->n ? " · " : "", a, strcmp(a, "1") == 0 ? "" : "s");
}

static void put_source(struct buf *t, const struct sum_level *l)
{
    const struct sum_counted *c = &l->tokenizer.out;
    buf_addf(t, " (source: %s", token_source_name(l->token_source));
    if (l->tokenizer.in_counted && l->token_source != TOKENS_TOKENIZER)
        buf_addz(t, ", input: tokenizer");
    if (c->requests && c->own == c->server)
        buf_addz(t, "; the tokenizer counts the same output");
    else if (c->requests && isfinite(c->deviation))
        buf_addf(t, "; the tokenizer counts %lld of %lld output, %+.1f %%", (long long)c->own, (long long)c->server,
                 c->deviation * 100);
    buf_addc(t, ')');
}

static void put_tokens(struct buf *out, const struct sum_level *l, int width)
{
    struct buf t = BUF_INIT(LINE_BYTES);
    if (l->tokens_in >= 0)
        buf_addf(&t, "input %lld", (long long)l->tokens_in);
    if (l->tokens_out >= 0)
        buf_addf(&t, "%soutput %lld", t.n ? ", " : "", (long long)l->tokens_out);
    if (l->tokens_cached > 0)
        buf_addf(&t, ", cached %lld", (long long)l->tokens_cached);
    if (l->tokens_reasoning > 0)
        buf_addf(&t, ", reasoning %lld", (long long)l->tokens_reasoning);
    if (t.n)
        put_source(&t, l);
    if (!l->itl_by_token && isfinite(l->tokens_per_chunk))
        put_per_chunk(&t, l->tokens_per_chunk);
    if (t.n)
        labelled(out, "tokens", t.p, width);
    buf_free(&t);
}

static void put_sessions(struct buf *out, const struct sum_sessions *s, int width)
{
    struct buf t = BUF_INIT(LINE_BYTES);
    if (!s->on)
        return;
    buf_addf(&t, "%llu begun, %llu completed", (unsigned long long)s->begun, (unsigned long long)s->completed);
    if (s->broken)
        buf_addf(&t, ", %llu broken", (unsigned long long)s->broken);
    if (s->left)
        buf_addf(&t, ", %llu left", (unsigned long long)s->left);
    labelled(out, "sessions", t.p, width);
    buf_free(&t);
}

static void put_bytes(struct buf *out, const struct sum_level *l, int width)
{
    struct buf t = BUF_INIT(LINE_BYTES);
    char a[32], b[32];
    if (!l->plain || l->attempted == 0)
        return;
    buf_addf(&t, "received %llu (%s per request), sent %llu (%s per request)", (unsigned long long)l->bytes_in,
             fmt_count(a, (double)l->bytes_in / (double)l->attempted), (unsigned long long)l->bytes_out,
             fmt_count(b, (double)l->bytes_out / (double)l->attempted));
    labelled(out, "bytes", t.p, width);
    buf_free(&t);
}

static char *term_value(char out[64], const struct sum_slo_term *t)
{
    char d[32];
    const char *sign = t->at_least ? "≥ " : "";
    int m = t->term->metric;
    if (isnan(t->value))
        snprintf(out, 64, "no value");
    else if (m < (int)METRIC_LATENCIES)
        snprintf(out, 64, "%s%s", sign, dur(d, t->value));
    else if (m == METRIC_ERROR_RATE || m == METRIC_SUCCESS_RATE)
        snprintf(out, 64, "%.4g %%", t->value * 100);
    else
        snprintf(out, 64, "%.4g/s", t->value);
    return out;
}

static void put_slo(struct buf *out, const struct sum_level *l, const struct paint *p)
{
    for (size_t i = 0; i < l->slo.n; i++) {
        const struct sum_slo_term *t = &l->slo.t[i];
        char v[64];
        const char *word = t->state == STATE_MET ? "met" : t->state == STATE_BROKEN ? "BROKEN" : "undecided";
        const char *hue = t->state == STATE_MET ? p->green : t->state == STATE_BROKEN ? p->red : p->yellow;
        buf_addf(out, "   %-8s %-24s %s%s%s (%s)\n", i ? "" : "slo", t->term->text, hue, word, p->off,
                 term_value(v, t));
    }
}

static void put_goodput(struct buf *out, const struct sum_level *l, int width)
{
    const struct sum_goodput *g = &l->goodput;
    struct buf t = BUF_INIT(LINE_BYTES);
    if (!g->terms)
        return;
    for (size_t i = 0; i < g->terms->n; i++)
        buf_addf(&t, "%s%s", i ? ", " : "", g->terms->t[i].text);
    if (g->open)
        buf_addf(
            &t, ": between %.4g and %.4g good requests/s, attainment %.4g to %.4g %% (%llu were cancelled or not sent)",
            g->rps_lo, g->rps_hi, g->attainment_lo * 100, g->attainment_hi * 100, (unsigned long long)g->open);
    else
        buf_addf(&t, ": %.4g good requests/s, attainment %.4g %%", g->rps_lo, g->attainment_lo * 100);
    labelled(out, "goodput", t.p, width);
    buf_free(&t);
}

static void put_price(struct buf *t, double usd, double n, const char *of)
{
    if (isfinite(usd))
        buf_addf(t, "%s$%.3g per %s", t->n ? " · " : "", usd * n, of);
}

static void put_cost(struct buf *out, const struct sum_cost *c, int width)
{
    struct buf t = BUF_INIT(LINE_BYTES);
    if (!(c->per_hour > 0))
        return;
    put_price(&t, c->per_token, 1e6, "million tokens");
    put_price(&t, c->per_input_token, 1e6, "million input");
    put_price(&t, c->per_output_token, 1e6, "million output tokens");
    put_price(&t, c->per_output_token, 1e3, "1k output");
    put_price(&t, c->per_request, 1, "request");
    buf_addf(&t, "%sat $%.6g per hour", t.n ? " " : "nothing came, ", c->per_hour);
    labelled(out, "cost", t.p, width);
    buf_free(&t);
}

static void put_verdict(struct buf *out, const struct sum_level *l, const struct paint *p, int width)
{
    const char *hue = l->verdict == VERDICT_VALID ? p->green : l->verdict == VERDICT_DEGRADED ? p->yellow : p->red;
    buf_addf(out, "   %-8s %s%s%s\n", "verdict", hue, verdict_name(l->verdict), p->off);
    for (size_t i = 0; i < l->reasons.n; i++)
        text_wrap(out, "            - ", l->reasons.v[i], width);
}

void table_level(struct buf *out, const struct summary *s, const struct sum_level *l, const struct paint *p, int width)
{
    char title[128];
    buf_addc(out, '\n');
    buf_addf(out, " %s%s", p->bold, level_title(title, l));
    buf_addf(out, "%s: %llu ok, %llu failed", p->off, (unsigned long long)l->successful, (unsigned long long)l->failed);
    if (l->cancelled)
        buf_addf(out, ", %llu cancelled", (unsigned long long)l->cancelled);
    if (l->left && l->left < l->cancelled)
        buf_addf(out, " (%llu on purpose)", (unsigned long long)l->left);
    if (l->unsent)
        buf_addf(out, ", %llu not sent", (unsigned long long)l->unsent);
    buf_addf(out, " in %.4g s", l->window_s);
    if (l->warmup)
        buf_addf(out, ", after %llu warm-up request%s", (unsigned long long)l->warmup, l->warmup == 1 ? "" : "s");
    buf_addc(out, '\n');
    put_errors(out, l, width);
    put_sessions(out, &l->sessions, width);
    put_tokens(out, l, width);
    put_bytes(out, l, width);
    put_slo(out, l, p);
    put_goodput(out, l, width);
    put_cost(out, &l->cost, width);
    table_server_lines(out, l, width);
    put_client(out, s, l, width);
    put_verdict(out, l, p, width);
}

static bool has_text(const struct sum_texts *t, const char *z)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->v[i], z) == 0)
            return true;
    return false;
}

/* A note that several levels share is printed once, with their names; one that all share without. */
static void put_shared(struct buf *out, const struct summary *s, size_t level, const char *text, int width)
{
    char first[256] = "   ", title[128];
    size_t sharing = 0, at = 3;
    for (size_t i = 0; i < s->n_levels; i++) {
        if (!has_text(&s->levels[i].notes, text))
            continue;
        if (i < level)
            return; /* printed there */
        at += (size_t)snprintf(first + at, sizeof first - at, "%s%s", sharing ? ", " : "",
                               level_title(title, &s->levels[i]));
        at = MIN(at, sizeof first - 1);
        sharing++;
    }
    if (sharing == s->n_levels) {
        text_wrap(out, "   ", text, width);
        return;
    }
    struct buf t = BUF_INIT(LINE_BYTES);
    buf_addf(&t, "%s: %s", first + 3, text);
    text_wrap(out, "   ", t.n ? t.p : text, width);
    buf_free(&t);
}

void table_notes(struct buf *out, const struct summary *s, const struct paint *p, int width)
{
    size_t n = s->notes.n;
    for (size_t i = 0; i < s->n_levels; i++)
        n += s->levels[i].notes.n;
    if (n == 0)
        return;
    buf_addf(out, "\n %sNotes%s\n", p->bold, p->off);
    for (size_t i = 0; i < s->notes.n; i++)
        text_wrap(out, "   ", s->notes.v[i], width);
    for (size_t i = 0; i < s->n_levels; i++)
        for (size_t k = 0; k < s->levels[i].notes.n; k++)
            put_shared(out, s, i, s->levels[i].notes.v[k], width);
}
