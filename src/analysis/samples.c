#include "analysis/samples.h"

#include <math.h>

#include "base/xalloc.h"

#define CERTAIN 1.01 /* an upper bound within 1 % of the lower one: the figure stands */

void ivec_grow(struct ivec *x)
{
    x->cap = x->cap ? x->cap * 2 : 64;
    x->v = xreallocarray(x->v, x->cap, sizeof *x->v);
}

void ivec_free(struct ivec *x)
{
    free(x->v);
    *x = (struct ivec){0};
}

static void to_hist(struct samples *s)
{
    s->h = hist_new();
    s->h_censored = hist_new();
    for (size_t i = 0; i < s->seen.n; i++)
        hist_add(s->h, s->seen.v[i], 1);
    for (size_t i = 0; i < s->censored.n; i++)
        hist_add(s->h_censored, s->censored.v[i], 1);
    ivec_free(&s->seen);
    ivec_free(&s->censored);
}

void samples_add(struct samples *s, int64_t v, bool censored)
{
    v = MAX(v, 0);
    if (!censored)
        moments_add(&s->m, v);
    if (!s->h && s->seen.n + s->censored.n >= (s->exact ? s->exact : SAMPLES_EXACT))
        to_hist(s);
    if (s->h)
        hist_add(censored ? s->h_censored : s->h, v, 1);
    else
        ivec_add(censored ? &s->censored : &s->seen, v);
}

uint64_t samples_above(const struct samples *s, int64_t v)
{
    if (s->h)
        return hist_above(s->h, v);
    uint64_t n = 0;
    for (size_t i = 0; i < s->seen.n; i++)
        n += s->seen.v[i] > v;
    return n;
}

void samples_free(struct samples *s)
{
    ivec_free(&s->seen);
    ivec_free(&s->censored);
    hist_free(&s->h);
    hist_free(&s->h_censored);
}

/* Where a quantile of all n + c values stands among the n observed, if every censored one lies above them; > 1: beyond.
 */
static double upper_share(double q, uint64_t n, uint64_t c)
{
    double pos = q * (double)(n + c - 1), last = (double)n - 1;
    if (n == 0 || pos > last * (1 + 1e-12))
        return INFINITY;
    return last > 0 ? MIN(pos / last, 1.0) : 0;
}

static void mark(struct sum_dist *d, size_t i, double q)
{
    if (!(d->q_upper[i] <= d->q[i] * CERTAIN) && !isnan(d->q[i]))
        d->at_least |= 1U << i;
    if (q > 0 && q < 1 && d->requests < quant_min_n(q))
        d->small |= 1U << i;
}

static void moments_into(struct sum_dist *d, const struct moments *m, double scale)
{
    d->n = m->n;
    d->mean = m->n ? moments_mean(m) * scale : NAN;
    d->std = m->n ? moments_std(m) * scale : NAN;
    d->min = m->n ? (double)m->min * scale : NAN;
    d->max = m->n ? (double)m->max * scale : NAN;
}

void samples_dist(struct samples *s, double scale, const double *q, size_t n_q, struct sum_dist *d)
{
    *d = (struct sum_dist){.present = true};
    if (s->h) {
        hist_dist(s->h, s->h_censored, 0, q, n_q, d);
        d->requests = d->n + d->censored;
        d->small = 0;
        moments_into(d, &s->m, scale);
        for (size_t i = 0; i < n_q; i++) {
            d->q[i] *= scale;
            d->q_upper[i] *= scale;
            mark(d, i, q[i]);
        }
        return;
    }
    size_t n = s->seen.n, c = s->censored.n;
    quant_sort(s->seen.v, n);
    moments_into(d, &s->m, scale);
    d->censored = c;
    d->requests = n + c;
    int64_t *all = s->seen.v;
    if (c) {
        all = xreallocarray(NULL, n + c, sizeof *all);
        if (n)
            memcpy(all, s->seen.v, n * sizeof *all);
        memcpy(all + n, s->censored.v, c * sizeof *all);
        quant_sort(all, n + c);
    }
    for (size_t i = 0; i < n_q; i++) {
        d->q[i] = quant_sorted(all, n + c, q[i]) * scale;
        d->q_upper[i] = d->q[i];
        if (c) {
            double up = upper_share(q[i], n, c);
            d->q_upper[i] = isinf(up) ? INFINITY : quant_sorted(s->seen.v, n, up) * scale;
        }
        mark(d, i, q[i]);
    }
    if (c)
        free(all);
}

void hist_dist(const struct hist *h, const struct hist *censored, uint64_t requests, const double *q, size_t n_q,
               struct sum_dist *d)
{
    *d = (struct sum_dist){.present = true, .n = hist_n(h), .requests = requests};
    d->censored = censored ? hist_n(censored) : 0;
    d->mean = d->n ? hist_mean(h) : NAN;
    d->std = d->n ? hist_std(h) : NAN;
    d->min = d->n ? (double)hist_min(h) : NAN;
    d->max = d->n ? (double)hist_max(h) : NAN;
    struct hist *all = NULL;
    if (d->censored) {
        all = hist_new();
        hist_merge(all, h);
        hist_merge(all, censored);
    }
    for (size_t i = 0; i < n_q; i++) {
        d->q[i] = hist_quantile(all ? all : h, q[i]);
        d->q_upper[i] = d->q[i];
        if (all) {
            double up = upper_share(q[i], d->n, d->censored);
            /* Both are rounded to bucket midpoints: the bounds may not cross. */
            d->q_upper[i] = isinf(up) ? INFINITY : MAX(hist_quantile(h, up), d->q[i]);
        }
        mark(d, i, q[i]);
    }
    hist_free(&all);
}
