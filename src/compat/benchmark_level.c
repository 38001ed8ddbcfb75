/* benchmark_level.c - the figures of a level under the names of `weir as benchmark`. */
#include <math.h>

#include "base/xalloc.h"
#include "compat/benchmark.h"

static void dist_of(struct bm_dist *out, const struct sum_dist *d, double unit)
{
    *out = (struct bm_dist){.v = {NAN, NAN, NAN, NAN}};
    for (int i = 0; i < BM_P && d->present; i++) { /* the first four of every distribution are these */
        out->v[i] = d->q[i] / unit;
        if (!isfinite(out->v[i]))
            out->v[i] = NAN;
        else
            out->at_least |= d->at_least & 1u << i;
    }
}

static void count(struct sum_counts *c, const char *name)
{
    size_t i = 0;
    while (i < c->n && strcmp(c->v[i].name, name) != 0)
        i++;
    if (i == c->n) {
        c->v = xreallocarray(c->v, c->n + 1, sizeof *c->v);
        c->v[c->n] = (struct sum_count){0};
        snprintf(c->v[c->n++].name, sizeof c->v->name, "%s", name);
    }
    c->v[i].n++;
}

static int by_count(const void *a, const void *b)
{
    const struct sum_count *x = a, *y = b;
    return x->n != y->n ? (x->n < y->n ? 1 : -1) : strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct sum_count *)a)->name, ((const struct sum_count *)b)->name);
}

static char *error_text(char out[32], const struct compat_row *q)
{
    static const char *const texts[OUT_COUNT] = {
        [OUT_TIMEOUT_CONNECT] = "Timeout",
        [OUT_TIMEOUT_FIRST_TOKEN] = "Timeout",
        [OUT_TIMEOUT_TOTAL] = "Timeout",
        [OUT_REFUSED] = "Connection refused",
        [OUT_UNREACHABLE] = "Host unreachable",
        [OUT_RESET] = "Connection reset",
        [OUT_TLS] = "TLS failed",
        [OUT_PROXY] = "Proxy failed",
        [OUT_DNS] = "Name not resolved",
        [OUT_TRUNCATED] = "Answer cut off",
        [OUT_BAD_FRAME] = "Malformed answer",
        [OUT_IN_STREAM_ERROR] = "Error within the stream",
        [OUT_NO_FILES] = "Client out of files",
        [OUT_NO_PORTS] = "Client out of ports",
        [OUT_TOO_BIG] = "Answer too large",
    };
    if (q->outcome == OUT_HTTP)
        snprintf(out, 32, "HTTP %d", q->status);
    else
        snprintf(out, 32, "%s", texts[q->outcome] ? texts[q->outcome] : outcome_name(q->outcome));
    return out;
}

/* The original takes every 200 for a success whose stream ends in any way. */
static bool succeeded(const struct compat_row *q, bool original)
{
    return q->outcome == OUT_OK ||
           (original && q->status == 200 && (q->outcome == OUT_IN_STREAM_ERROR || q->outcome == OUT_TRUNCATED));
}

/* What only the rows tell, of one level's rows. */
static void count_rows(struct bm_level *b, const struct compat_row *q, size_t n, bool original)
{
    char text[32];
    int64_t last = b->l->w0;
    for (; n > 0; n--, q++) {
        if (!q->sent)
            continue;
        bool ok = succeeded(q, original);
        last = MAX(last, q->end);
        b->total++;
        b->ok += ok;
        b->cancelled += q->outcome == OUT_CANCELLED;
        b->counted += ok && (q->source == TOKENS_USAGE || q->source == TOKENS_SERVER);
        b->empty += ok && q->n_events == 0 && q->tokens_out <= 0;
        if (!ok && q->outcome != OUT_CANCELLED)
            count(&b->errors, error_text(text, q));
        if (q->status > 0) {
            snprintf(text, sizeof text, "%d", q->status);
            count(&b->codes, text);
        }
    }
    b->failed = b->total - b->ok - b->cancelled;
    b->whole = (double)(last - b->l->w0) / 1e9;
    if (b->errors.n)
        qsort(b->errors.v, b->errors.n, sizeof *b->errors.v, by_count);
    if (b->codes.n)
        qsort(b->codes.v, b->codes.n, sizeof *b->codes.v, by_name);
}

static void cost_of(struct bm_level *b)
{
    const struct sum_level *l = b->l;
    b->cost = (struct bm_cost){
        .in = l->tokens_in,
        .out = l->tokens_out,
        .total = l->tokens_in < 0 || l->tokens_out < 0 ? -1 : l->tokens_in + l->tokens_out,
        .sustained = l->output_tok_s,
        .gpu_cost = l->cost.window,
        .per_million = l->cost.per_token * 1e6,
    };
}

static void put_quantiles(struct bm_dist *out, double *v, size_t n)
{
    compat_sort(v, n);
    for (int i = 0; i < BM_P; i++)
        out->v[i] = n ? compat_quantile(v, n, bm_percentiles[i], COMPAT_Q_FLOOR) : 0;
    out->at_least = 0;
}

/* --original-formulas. The first chunk of a stream is there when the body's first byte is. */
static void as_original(struct bm_level *b, const struct compat_row *q, size_t n, const struct bm_opts *o)
{
    double *ttft = xmalloc((n + 1) * sizeof *ttft), *e2e = xmalloc((n + 1) * sizeof *e2e);
    double *tok = xmalloc((n + 1) * sizeof *tok);
    size_t n_ttft = 0, n_e2e = 0, n_tok = 0;
    struct bm_cost c = {0};
    for (size_t i = 0; i < n; i++, q++) {
        if (!q->sent || !succeeded(q, true))
            continue;
        double took = (double)(q->end - q->start) / 1e9;
        e2e[n_e2e++] = took;
        if (q->first_byte)
            ttft[n_ttft++] = (double)(q->first_byte - q->start) / 1e9;
        if (q->n_events > 0 && took > 0)
            tok[n_tok++] = (double)q->n_events / took;
        if (q->source == TOKENS_USAGE && q->tokens_in >= 0 && q->tokens_out >= 0) {
            c.in += q->tokens_in;
            c.out += q->tokens_out;
        }
    }
    put_quantiles(&b->ttft, ttft, n_ttft);
    put_quantiles(&b->e2e, e2e, n_e2e);
    put_quantiles(&b->tok, tok, n_tok);
    c.total = c.in + c.out;
    c.sustained = (double)c.out / b->whole;
    c.gpu_cost = o->gpu_rate * (double)o->num_gpus * b->whole / 3600;
    c.per_million = c.gpu_cost * 1e6 / (double)c.total;
    b->cost = c;
    b->actual = (double)b->total / b->whole;
    b->duration = b->whole;
    free(ttft);
    free(e2e);
    free(tok);
}

static void level_of(struct bm_level *b, const struct compat_row *q, size_t n, const struct bm_opts *o)
{
    const struct sum_level *l = b->l;
    b->target = l->rate;
    b->actual = l->attempted_rps;
    b->completed = l->completed_rps;
    b->duration = l->window_s;
    dist_of(&b->ttft, &l->lat[METRIC_TTFT], 1e9);
    dist_of(&b->e2e, &l->lat[METRIC_TOTAL], 1e9);
    dist_of(&b->tok, &l->tokens_per_s, 1);
    if (l->tokens_out == 0 && l->tokens_per_s.n == 0) /* every answer was empty */
        b->tok = (struct bm_dist){0};
    cost_of(b);
    for (size_t i = 0; i < l->finish_reasons.n; i++)
        if (strcmp(l->finish_reasons.v[i].name, finish_reason_name(FINISH_LENGTH)) == 0)
            b->cut = l->finish_reasons.v[i].n;
    count_rows(b, q, n, o->original);
    if (o->original)
        as_original(b, q, n, o);
    b->success = b->ok + b->failed ? 100.0 * (double)b->ok / (double)(b->ok + b->failed) : NAN;
}

void bm_levels(struct bm_level *out, const struct summary *s, const struct compat_rows *rows, const struct bm_opts *o)
{
    size_t at = 0;
    for (size_t i = 0; i < s->n_levels; i++) {
        size_t n = 0;
        while (at < rows->n && rows->v[at].level < s->levels[i].level)
            at++;
        while (at + n < rows->n && rows->v[at + n].level == s->levels[i].level)
            n++;
        out[i] = (struct bm_level){.l = &s->levels[i]};
        level_of(&out[i], rows->v + at, n, o);
        at += n;
    }
}

void bm_levels_free(struct bm_level *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(v[i].errors.v);
        free(v[i].codes.v);
    }
}

/* The original's: what comes before the first level below 95 %, or the last level where there is none, is best; and the
 * largest rate that had 95 % is recommended, wherever it stands. */
static void advise_as_original(struct bm_advice *a, const struct bm_run *r)
{
    *a = (struct bm_advice){.first = (ptrdiff_t)r->n - 1, .last = -1, .max = NAN, .why = a->why};
    for (size_t i = r->n; i-- > 0;) {
        if (!(r->v[i].success >= 95))
            a->first = (ptrdiff_t)i;
        else if (!(r->v[i].target <= a->max))
            a->max = r->v[i].target;
    }
    a->last = a->first > 0 ? a->first - 1 : 0;
}

struct bm_advice bm_advise(const struct bm_run *r, const struct sum_saturation *sat)
{
    struct bm_advice a = {.first = sat->first, .last = sat->last, .max = sat->max, .why = sat};
    if (r->o->original)
        advise_as_original(&a, r);
    return a;
}
