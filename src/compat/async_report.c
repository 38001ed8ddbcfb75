#include "compat/async_report.h"

#include "base/xalloc.h"

struct figures {
    double *latency; /* s, sorted */
    size_t n;
    double sum, tokens;
};

struct tally { /* how many requests came back as what */
    struct tally_row {
        int status;       /* 0: no whole answer ... */
        const char *name; /* ... but this outcome */
        uint64_t n;
    } * v;
    size_t n;
};

static void tally_add(struct tally *t, int status, const char *name)
{
    size_t i = 0;
    while (i < t->n && (t->v[i].status != status || strcmp(t->v[i].name, name) != 0))
        i++;
    if (i == t->n) {
        t->v = xreallocarray(t->v, t->n + 1, sizeof *t->v);
        t->v[t->n++] = (struct tally_row){status, name, 0};
    }
    t->v[i].n++;
}

/* Statuses in ascending order, then the rest by its name. */
static int by_status(const void *a, const void *b)
{
    const struct tally_row *x = a, *y = b;
    if (!x->status != !y->status)
        return x->status ? -1 : 1;
    return x->status != y->status ? (x->status < y->status ? -1 : 1) : strcmp(x->name, y->name);
}

static void tally_put(struct tally *t, struct buf *out)
{
    if (t->n > 0)
        qsort(t->v, t->n, sizeof *t->v, by_status);
    buf_addz(out, "Status codes:\n");
    for (size_t i = 0; i < t->n; i++) {
        if (t->v[i].status)
            buf_addf(out, "  %d: %llu times\n", t->v[i].status, (unsigned long long)t->v[i].n);
        else
            buf_addf(out, "  %s: %llu times\n", t->v[i].name, (unsigned long long)t->v[i].n);
    }
    free(t->v);
}

static bool counts(const struct compat_row *r)
{
    return r->sent && r->outcome != OUT_CANCELLED;
}

static void take(struct figures *f, const struct compat_row *r)
{
    double s = (double)(r->end - r->start) / 1e9;
    f->latency[f->n++] = s;
    f->sum += s;
    f->tokens += r->tokens_out > 0 ? (double)r->tokens_out : 0;
}

static double share(double a, double b)
{
    return b > 0 ? a / b : 0;
}

static double median(struct figures *f)
{
    compat_sort(f->latency, f->n);
    return f->n ? compat_quantile(f->latency, f->n, 50, COMPAT_Q_LINEAR) : 0;
}

static void put_all(struct figures *all, const struct figures *good, double total, struct buf *out)
{
    double mid = median(all), n = (double)all->n;
    buf_addf(out, "Success ratio: %.2f%%\n", 100 * share((double)good->n, n));
    buf_addf(out, "--- - --- - ---\nTotal time: %.4f seconds\n", total);
    buf_addf(out, "Median latency: %.4f  |  Average latency: %.4f seconds\n", mid, share(all->sum, n));
    buf_addf(out, "Shortest request time: %.4f seconds  |  Longest request time: %.4f seconds\n",
             all->n ? all->latency[0] : 0, all->n ? all->latency[all->n - 1] : 0);
    buf_addf(out, "--- - --- - ---\nThroughput: %.4f requests per second\n", share(n, total));
    buf_addf(out, "Avg Output Tokens: %.4f  |  Output Token Throughput: %.4f tokens per second\n",
             share(all->tokens, n), share(all->tokens, total));
}

static void put_good(struct figures *good, double total, struct buf *out)
{
    double n = (double)good->n, mid = median(good);
    buf_addf(out, "Successful requests: %zu", good->n);
    if (good->n > 0)
        buf_addf(out,
                 "  |  Median latency: %.4f  |  Average latency: %.4f seconds  |  Throughput: %.4f requests per second"
                 "  |  Avg Output Tokens: %.4f",
                 mid, good->sum / n, share(n, total), good->tokens / n);
    buf_addc(out, '\n');
}

void async_report(const struct compat_rows *rows, bool original, struct buf *out)
{
    struct figures all = {.latency = xcalloc(rows->n + 1, sizeof *all.latency)},
                   good = {.latency = xcalloc(rows->n + 1, sizeof *good.latency)};
    struct tally t = {0};
    int64_t first = INT64_MAX, last = 0;
    for (size_t i = 0; i < rows->n; i++) {
        const struct compat_row *r = &rows->v[i];
        if (!counts(r))
            continue;
        bool whole = r->outcome == OUT_OK || r->outcome == OUT_HTTP;
        tally_add(&t, whole ? r->status : original ? 500 : 0, whole || original ? "" : outcome_name(r->outcome));
        first = MIN(first, r->start);
        last = MAX(last, r->end);
        take(&all, r);
        if (original ? whole && r->status == 200 : r->outcome == OUT_OK)
            take(&good, r);
    }
    double total = last > first ? (double)(last - first) / 1e9 : 0;
    buf_addz(out, "*** Results ***\n");
    tally_put(&t, out);
    put_all(&all, &good, total, out);
    if (!original)
        put_good(&good, total, out);
    free(all.latency);
    free(good.latency);
}
