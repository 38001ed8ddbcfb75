#include "analysis/timeline.h"

#include <math.h>

#include "analysis/measure.h"
#include "base/xalloc.h"

#define ROWS_MAX 1000000
#define FIRST_MAX 1000000

static struct tl_row *find_row(struct timeline *t, int64_t at)
{
    if (at < t->begin || at == 0)
        return NULL;
    uint64_t k = ((uint64_t)at - (uint64_t)t->begin) / NS_PER_S;
    if (k >= ROWS_MAX)
        return NULL;
    if (k >= t->cap) {
        size_t cap = MAX((size_t)k + 1, t->cap * 2);
        t->row = xreallocarray(t->row, cap, sizeof *t->row);
        memset(t->row + t->cap, 0, (cap - t->cap) * sizeof *t->row);
        t->cap = cap;
    }
    t->n = MAX(t->n, (size_t)k + 1);
    t->last = (size_t)k;
    t->last_begin = t->begin + (int64_t)k * NS_PER_S;
    return &t->row[k];
}

/* As a rule it is the second of the one before. */
static inline struct tl_row *row_at(struct timeline *t, int64_t at)
{
    if (LIKELY(t->n > 0 && at > t->last_begin && at - t->last_begin < NS_PER_S))
        return &t->row[t->last];
    return find_row(t, at);
}

static uint64_t mix(uint64_t x)
{
    x ^= x >> 31;
    x *= 0x9e3779b97f4a7c15ULL;
    return x ^ x >> 29;
}

static void add_first(struct timeline *t, uint32_t row, uint64_t index, int64_t ttft)
{
    size_t max = t->first_max ? t->first_max : FIRST_MAX;
    while (t->n_first >= max && t->thin != UINT64_MAX) {
        t->thin = t->thin << 1 | 1;
        size_t kept = 0;
        for (size_t i = 0; i < t->n_first; i++)
            if ((mix(t->first[i].index) & t->thin) == 0)
                t->first[kept++] = t->first[i];
        t->n_first = kept;
    }
    if (mix(index) & t->thin)
        return;
    if (t->n_first == t->cap_first) {
        t->cap_first = t->cap_first ? t->cap_first * 2 : 256;
        t->first = xreallocarray(t->first, t->cap_first, sizeof *t->first);
    }
    t->first[t->n_first++] = (struct tl_first){row, index, ttft};
}

void timeline_add(struct timeline *t, const struct record *r, bool open)
{
    struct tl_row *row = row_at(t, record_key(r, open));
    if (row)
        row->offered++;
    if (r->start && (row = row_at(t, r->start))) {
        row->started++;
        if ((row = row_at(t, r->end))) {
            row->ended++;
            row->completed += r->outcome == OUT_OK;
            row->failed += r->outcome != OUT_OK && r->outcome != OUT_CANCELLED;
        }
    }
    if (r->first_token && r->start && (r->flags & REC_STREAMED) && (row = row_at(t, r->first_token)))
        add_first(t, (uint32_t)(row - t->row), r->index, MAX(r->first_token - r->start, 0));
}

static int by_row_then_ttft(const void *a, const void *b)
{
    const struct tl_first *x = a, *y = b;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    return (x->ttft > y->ttft) - (x->ttft < y->ttft);
}

void timeline_finish(struct timeline *t, const struct tcount *tokens, struct sum_level *l)
{
    int64_t *v = xreallocarray(NULL, MAX(t->n_first, 1), sizeof *v);
    if (t->n_first)
        qsort(t->first, t->n_first, sizeof *t->first, by_row_then_ttft);
    for (size_t i = 0; i < t->n_first; i++)
        v[i] = t->first[i].ttft;
    l->n_rows = t->n;
    l->rows = xcalloc(MAX(t->n, 1), sizeof *l->rows);
    uint64_t in_flight = 0;
    for (size_t k = 0, at = 0; k < t->n; k++) {
        const struct tl_row *in = &t->row[k];
        size_t n = 0;
        while (at + n < t->n_first && t->first[at + n].row == k)
            n++;
        in_flight += in->started - in->ended;
        int64_t from = t->begin + (int64_t)k * NS_PER_S;
        l->rows[k] = (struct sum_row){
            .offered = in->offered,
            .started = in->started,
            .completed = in->completed,
            .failed = in->failed,
            .left = in->ended - in->completed - in->failed,
            .in_flight = in_flight,
            .ttft_p50 = quant_sorted(v + at, n, 0.5),
            .ttft_p95 = quant_sorted(v + at, n, 0.95),
            .tok_s = tcount_between(tokens, from, from + NS_PER_S),
        };
        at += n;
    }
    free(v);
}

void timeline_free(struct timeline *t)
{
    free(t->row);
    free(t->first);
    *t = (struct timeline){0};
}
