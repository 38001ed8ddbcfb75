#include "stat/hist.h"

#include <math.h>

#include "base/xalloc.h"
#include "stat/quant.h"

/* Values below LINEAR have a bucket each. Above, the power of two 2^e (e >= 11) is cut into HALF buckets of 2^(e-10),
 * so a midpoint is off by at most 2^(e-11), that is 1/2048 of the value. */
enum { LINEAR_BITS = 11, LINEAR = 1 << LINEAR_BITS, HALF = LINEAR / 2 };

struct hist {
    uint64_t *count;
    size_t cap;       /* buckets */
    struct moments m; /* exact */
};

static size_t index_of(uint64_t v)
{
    if (v < LINEAR)
        return v;
    unsigned e = 63 - (unsigned)__builtin_clzll(v);
    return LINEAR + (size_t)(e - LINEAR_BITS) * HALF + (size_t)((v >> (e - LINEAR_BITS + 1)) - HALF);
}

static int64_t mid_of(size_t i)
{
    if (i < LINEAR)
        return (int64_t)i;
    unsigned shift = (unsigned)((i - LINEAR) / HALF) + 1;
    uint64_t sub = (i - LINEAR) % HALF + HALF;
    return (int64_t)((sub << shift) + (1ULL << (shift - 1)));
}

static void grow(struct hist *h, size_t need)
{
    size_t cap = need <= LINEAR ? LINEAR : LINEAR + (need - LINEAR + HALF - 1) / HALF * HALF;
    h->count = xreallocarray(h->count, cap, sizeof *h->count);
    memset(h->count + h->cap, 0, (cap - h->cap) * sizeof *h->count);
    h->cap = cap;
}

struct hist *hist_new(void)
{
    struct hist *h = xcalloc(1, sizeof *h);
    grow(h, LINEAR);
    return h;
}

void hist_free(struct hist **h)
{
    if (*h)
        free((*h)->count);
    free(*h);
    *h = NULL;
}

/* Everything that the common case below leaves out; apart, so that the common case needs no stack. */
static __attribute__((noinline)) void add_any(struct hist *h, int64_t v, uint64_t count)
{
    if (count == 0)
        return;
    v = MAX(v, 0);
    size_t i = index_of((uint64_t)v);
    if (i >= h->cap)
        grow(h, i + 1);
    h->count[i] += count;
    h->m.min = h->m.n ? MIN(h->m.min, v) : v;
    h->m.max = h->m.n ? MAX(h->m.max, v) : v;
    h->m.n += count;
    h->m.sum += (__int128)v * (__int128)count;
    h->m.sum_sq += (unsigned __int128)(uint64_t)v * (uint64_t)v * count;
}

void hist_add(struct hist *h, int64_t v, uint64_t count)
{
    size_t i = index_of((uint64_t)v); /* of a negative value: one beyond the array */
    if (UNLIKELY(i >= h->cap || count != 1 || h->m.n == 0)) {
        add_any(h, v, count);
        return;
    }
    h->count[i]++;
    h->m.min = MIN(h->m.min, v);
    h->m.max = MAX(h->m.max, v);
    h->m.n++;
    h->m.sum += v;
    h->m.sum_sq += (unsigned __int128)(uint64_t)v * (uint64_t)v;
}

void hist_merge(struct hist *into, const struct hist *from)
{
    if (from->cap > into->cap)
        grow(into, from->cap);
    for (size_t i = 0; i < from->cap; i++)
        into->count[i] += from->count[i];
    moments_merge(&into->m, &from->m);
}

void hist_reset(struct hist *h)
{
    memset(h->count, 0, h->cap * sizeof *h->count);
    h->m = (struct moments){0};
}

uint64_t hist_n(const struct hist *h)
{
    return h->m.n;
}

int64_t hist_min(const struct hist *h)
{
    return h->m.min;
}

int64_t hist_max(const struct hist *h)
{
    return h->m.max;
}

double hist_mean(const struct hist *h)
{
    return moments_mean(&h->m);
}

double hist_std(const struct hist *h)
{
    return moments_std(&h->m);
}

double hist_quantile(const struct hist *h, double q)
{
    if (h->m.n == 0 || isnan(q))
        return NAN;
    double pos = MIN(MAX(q, 0.0), 1.0) * (double)(h->m.n - 1);
    uint64_t rank = (uint64_t)pos, seen = 0;
    double part = pos - (double)rank, low = 0;
    size_t i = 0;
    for (; i < h->cap; i++) {
        seen += h->count[i];
        if (seen > rank)
            break;
    }
    low = (double)mid_of(i);
    if (part > 0 && seen == rank + 1) { /* the next rank lies in a later bucket */
        size_t k = i + 1;
        while (k < h->cap && h->count[k] == 0)
            k++;
        if (k < h->cap)
            low += part * ((double)mid_of(k) - low);
    }
    return MIN(MAX(low, (double)h->m.min), (double)h->m.max);
}

uint64_t hist_above(const struct hist *h, int64_t v)
{
    uint64_t n = 0;
    /* Within v's own bucket the midpoint decides. */
    size_t i = v < 0 ? 0 : index_of((uint64_t)v);
    for (; i < h->cap; i++)
        n += mid_of(i) > v ? h->count[i] : 0;
    return n;
}

bool hist_next(const struct hist *h, size_t *it, int64_t *mid, uint64_t *count)
{
    for (size_t i = *it; i < h->cap; i++) {
        if (h->count[i] == 0)
            continue;
        *mid = mid_of(i);
        *count = h->count[i];
        *it = i + 1;
        return true;
    }
    *it = h->cap;
    return false;
}

struct hist_exact hist_get_exact(const struct hist *h)
{
    return (struct hist_exact){h->m.min, h->m.max, (unsigned __int128)h->m.sum, h->m.sum_sq};
}

void hist_set_exact(struct hist *h, const struct hist_exact *x)
{
    h->m.min = x->min;
    h->m.max = x->max;
    h->m.sum = (__int128)x->sum;
    h->m.sum_sq = x->sum_sq;
}
