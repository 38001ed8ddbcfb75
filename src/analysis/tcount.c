#include "analysis/tcount.h"

#include "base/xalloc.h"

#define WIDTH (10 * NS_PER_MS)
#define BINS_MAX ((size_t)1 << 22)

void tcount_init(struct tcount *t, int64_t origin, bool points)
{
    *t = (struct tcount){.origin = origin, .keep_points = points};
}

void tcount_window(struct tcount *t, int64_t w0, int64_t w1)
{
    if (t->total == 0 && w0 < w1) {
        t->known = true;
        t->w0 = w0;
        t->w1 = w1;
    } else if (t->known && (w0 != t->w0 || w1 != t->w1)) {
        t->moved = true;
    }
}

static void fold(struct tcount *t)
{
    for (size_t i = 0; i < t->n; i++) {
        uint64_t v = t->bin[i];
        t->bin[i] = 0;
        t->bin[i / 2] += v;
    }
    t->n = (t->n + 1) / 2;
    t->folds++;
}

static void bin_add(struct tcount *t, int64_t at, uint64_t n)
{
    uint64_t ago = at > t->origin ? (uint64_t)at - (uint64_t)t->origin : 0;
    ago /= (uint64_t)WIDTH; /* by a constant: no division */
    while (UNLIKELY(ago >> t->folds >= BINS_MAX))
        fold(t);
    size_t i = (size_t)(ago >> t->folds);
    if (UNLIKELY(i >= t->n)) {
        size_t want = MIN(MAX(i + 1, t->n * 2), BINS_MAX);
        t->bin = xreallocarray(t->bin, want, sizeof *t->bin);
        memset(t->bin + t->n, 0, (want - t->n) * sizeof *t->bin);
        t->n = want;
    }
    t->bin[i] += n;
}

void tcount_add(struct tcount *t, int64_t at, uint64_t n)
{
    if (n == 0)
        return;
    t->total += n;
    if (t->known && at >= t->w0 && at < t->w1)
        t->within += n;
    if (t->keep_points && (n > 1 || t->points.n >= SAMPLES_EXACT)) {
        t->keep_points = false;
        for (size_t i = 0; i < t->points.n; i++)
            bin_add(t, t->points.v[i], 1);
        ivec_free(&t->points);
    }
    if (t->keep_points)
        ivec_add(&t->points, at);
    else
        bin_add(t, at, n);
}

double tcount_between(const struct tcount *t, int64_t from, int64_t to)
{
    if (to <= from)
        return 0;
    if (t->known && !t->moved && from == t->w0 && to == t->w1)
        return (double)t->within;
    if (t->keep_points) {
        uint64_t n = 0;
        for (size_t i = 0; i < t->points.n; i++)
            n += t->points.v[i] >= from && t->points.v[i] < to;
        return (double)n;
    }
    double width = (double)(WIDTH << t->folds), sum = 0;
    double a = MAX((double)(from - t->origin) / width, 0.0), b = MIN((double)(to - t->origin) / width, (double)t->n);
    if (b <= a)
        return 0;
    size_t first = (size_t)a, last = (size_t)b;
    if (first == last)
        return (double)t->bin[first] * (b - a);
    sum = (double)t->bin[first] * ((double)first + 1 - a);
    uint64_t whole = 0;
    for (size_t i = first + 1; i < last; i++)
        whole += t->bin[i];
    sum += (double)whole;
    if (last < t->n)
        sum += (double)t->bin[last] * (b - (double)last);
    return sum;
}

void tcount_free(struct tcount *t)
{
    free(t->bin);
    ivec_free(&t->points);
    *t = (struct tcount){0};
}
