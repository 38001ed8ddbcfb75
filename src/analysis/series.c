/* series.c - batches of latencies, and what they say of the run. The false positives of both tests are held by
 * simulation in the unit test: on stationary series, correlated up to 0.9 from one request to the next, heavy-tailed or
 * in waves, each speaks up in at most about 2 % of runs of 200 requests and more. */
#include "analysis/series.h"

#include <math.h>

#include "base/xalloc.h"
#include "stat/steady.h"

#define WARM_SIGMA 5.0  /* the truncation point was chosen among many */
#define TREND_P 0.005   /* two-sided */
#define EFFECT 0.1      /* of the mean: less is of no practical weight */
enum { WARM_PART = 3 }; /* a warm-up longer than a third of the window is none */
enum { LEAST = 20 };    /* batches: 100 requests */
enum { GROUPS = 20 };   /* for the trend: long enough that neighbours are hardly correlated */

static void fold(struct series *s)
{
    for (size_t i = 0; i < s->n; i++) {
        struct series_batch b = s->b[i];
        s->b[i] = (struct series_batch){.first = INT64_MAX};
        s->b[i / 2].sum += b.sum;
        s->b[i / 2].n += b.n;
        s->b[i / 2].first = MIN(s->b[i / 2].first, b.first);
    }
    s->n = (s->n + 1) / 2;
    s->width *= 2;
}

void series_add(struct series *s, uint64_t index, int64_t at, int64_t v)
{
    if (s->width == 0)
        s->width = SERIES_BATCH;
    while (index / s->width >= SERIES_MAX)
        fold(s);
    size_t i = (size_t)(index / s->width);
    if (i >= s->n) {
        s->b = xreallocarray(s->b, i + 1, sizeof *s->b);
        for (size_t k = s->n; k <= i; k++)
            s->b[k] = (struct series_batch){.first = INT64_MAX};
        s->n = i + 1;
    }
    s->b[i].sum += v;
    s->b[i].n++;
    s->b[i].first = MIN(s->b[i].first, at);
}

void series_free(struct series *s)
{
    free(s->b);
    *s = (struct series){0};
}

/* The batches that are at least half full, one after the other. */
static size_t dense(const struct series *s, struct series_batch *to)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        if (s->b[i].n * 2 >= s->width)
            to[n++] = s->b[i];
    return n;
}

static double mean_of(const double *y, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += y[i];
    return sum / (double)n;
}

/* Whether the first d of the n logarithms differ from the others by more than chance makes them. */
static bool stands_out(const double *y, size_t n, size_t d)
{
    const double *rest = y + d;
    double left = (double)(n - d), mean = mean_of(rest, n - d), squares = 0;
    for (size_t i = 0; i < n - d; i++)
        squares += (rest[i] - mean) * (rest[i] - mean);
    double var = squares / (left - 1) * steady_inflation(rest, n - d);
    double diff = fabs(mean_of(y, d) - mean);
    return diff > EFFECT && diff > WARM_SIGMA * sqrt(var * (1 / (double)d + 1 / left));
}

static double mean_latency(const struct series_batch *b, size_t n, uint64_t *requests)
{
    __int128 sum = 0;
    *requests = 0;
    for (size_t i = 0; i < n; i++) {
        sum += b[i].sum;
        *requests += b[i].n;
    }
    return *requests ? (double)sum / (double)*requests : 0;
}

/* The trend of means of GROUPS equal parts of y; what does not go into them is left out at the beginning. */
static bool find_trend(const double *y, size_t n, struct settled *out)
{
    double part[GROUPS], flat[GROUPS];
    size_t each = n / GROUPS;
    if (each == 0)
        return false;
    for (size_t g = 0; g < GROUPS; g++)
        part[g] = mean_of(y + (n - each * GROUPS) + g * each, each);
    double slope = mann_kendall(part, GROUPS, 1).slope, mean = mean_of(part, GROUPS);
    for (size_t g = 0; g < GROUPS; g++)
        flat[g] = part[g] - slope * (double)g;
    struct trend t = mann_kendall(part, GROUPS, steady_inflation(flat, GROUPS));
    out->p = t.p;
    out->change = mean > 0 ? slope * (GROUPS - 1) / mean : 0;
    return t.p < TREND_P && fabs(out->change) > EFFECT;
}

/* How many batches look like a warm-up; 0 none. */
static size_t find_warmup(const double *y, size_t n)
{
    size_t d = mser(y, n);
    if (d == 0 || d > n / WARM_PART)
        return 0;
    double *logs = xreallocarray(NULL, n, sizeof *logs);
    for (size_t i = 0; i < n; i++)
        logs[i] = log(MAX(y[i], 1.0)); /* latencies are skewed; their logarithms much less so */
    bool out = stands_out(logs, n, d);
    free(logs);
    return out ? d : 0;
}

/* A beginning that differs is a warm-up when what follows it is steady; else it is part of the trend. */
struct settled series_settled(const struct series *s)
{
    struct settled out = {0};
    struct series_batch *b = xreallocarray(NULL, MAX(s->n, 1), sizeof *b);
    size_t n = dense(s, b);
    double *y = xreallocarray(NULL, MAX(n, 1), sizeof *y);
    for (size_t i = 0; i < n; i++)
        y[i] = (double)b[i].sum / (double)b[i].n;
    if (n >= LEAST) {
        uint64_t others;
        size_t d = find_warmup(y, n);
        out.batches = n;
        out.trend = find_trend(y + d, n - d, &out);
        if (d > 0 && out.trend) {
            out.trend = find_trend(y, n, &out);
        } else if (d > 0) {
            out.warm_mean = mean_latency(b, d, &out.warm);
            out.after = mean_latency(b + d, n - d, &others);
            out.warm_end = b[d].first;
        }
    }
    free(y);
    free(b);
    return out;
}
