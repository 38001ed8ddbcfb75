#include "compat/compat_rows.h"

#include <math.h>

#include "base/xalloc.h"
#include "record/recfile.h"

struct reading {
    struct compat_rows *rows;
    size_t cap;
    unsigned what;
};

static void on_run(void *arg, const struct rec_run *run)
{
    struct reading *g = arg;
    g->rows->epoch_unix = run->epoch_unix;
}

static int64_t *instants(const struct record *q)
{
    struct rec_iter it;
    struct rec_event ev;
    int64_t *at = xmalloc((q->n_events + 1) * sizeof *at), *p = at;
    rec_iter_init(&it, q);
    while (rec_iter_next(&it, &ev))
        *p++ = ev.at;
    return at;
}

static void take_texts(struct compat_row *w, const struct rec_text *t)
{
    if (!t)
        return;
    w->prompt = xmemdup0(t->bytes, t->n_prompt);
    w->answer = xmemdup0(t->bytes + t->n_prompt, t->n_answer);
}

static void on_request(void *arg, const struct record *q)
{
    struct reading *g = arg;
    struct compat_rows *r = g->rows;
    if (r->n == g->cap) {
        g->cap = g->cap ? g->cap * 2 : 256;
        r->v = xreallocarray(r->v, g->cap, sizeof *r->v);
    }
    struct compat_row *w = &r->v[r->n++];
    *w = (struct compat_row){
        .level = q->level,
        .endpoint = q->endpoint,
        .sample = q->sample,
        .index = q->index,
        .warmup = q->flags & REC_WARMUP,
        .sent = q->outcome != OUT_UNSENT,
        .streamed = q->flags & REC_STREAMED,
        .new_conn = q->flags & REC_NEW_CONN,
        .http2 = q->flags & REC_HTTP2,
        .outcome = q->outcome,
        .status = q->status,
        .intended = q->intended,
        .start = q->start,
        .conn_start = q->conn_start,
        .conn_end = q->conn_end,
        .tls_end = q->tls_end,
        .sent_last = q->sent_last,
        .first_byte = q->first_byte,
        .headers = q->headers,
        .first_token = q->first_token,
        .last_token = q->last_token,
        .end = q->end,
        .tokens_in = q->tokens_in,
        .tokens_out = q->tokens_out,
        .source = q->token_source,
        .words = q->words,
        .bytes_in = q->bytes_in,
        .bytes_out = q->bytes_out,
        .detail = xmemdup0(q->detail.n ? q->detail.p : "", q->detail.n),
        .n_events = q->n_events,
    };
    if (g->what & COMPAT_EVENTS)
        w->events = instants(q);
    if (g->what & COMPAT_TEXTS)
        take_texts(w, q->text);
    for (int i = 0; i < HEADER_METRICS_MAX; i++)
        w->metric[i] =
            header_metric_is(q->metric[i]) ? (double)header_metric_value(q->metric[i]) / HEADER_METRIC_UNIT : NAN;
}

static int by_start(const void *a, const void *b)
{
    const struct compat_row *x = a, *y = b;
    if (x->level != y->level)
        return x->level < y->level ? -1 : 1;
    if (x->sent != y->sent)
        return x->sent ? -1 : 1;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

int compat_rows_read(struct compat_rows *r, const char *path, unsigned what, struct err *e)
{
    const struct rec_sink sink = {.run = on_run, .request = on_request, .texts = what & COMPAT_TEXTS};
    struct reading g = {.rows = r, .what = what};
    struct rec_read_stats st;
    *r = (struct compat_rows){0};
    if (rec_read_file(path, &sink, &g, &st, e) < 0)
        return -1;
    if (r->n)
        qsort(r->v, r->n, sizeof *r->v, by_start);
    return 0;
}

void compat_rows_free(struct compat_rows *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->v[i].detail);
        free(r->v[i].prompt);
        free(r->v[i].answer);
        free(r->v[i].events);
    }
    free(r->v);
    *r = (struct compat_rows){0};
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

void compat_sort(double *v, size_t n)
{
    if (n)
        qsort(v, n, sizeof *v, by_value);
}

double compat_quantile(const double *v, size_t n, double p, enum compat_quantile how)
{
    if (n == 0)
        return NAN;
    double last = (double)(n - 1), at = p / 100 * last;
    switch (how) {
    case COMPAT_Q_FLOOR:
        return v[(size_t)fmin(floor((double)n * p / 100), last)];
    case COMPAT_Q_HALF_EVEN:
        return v[(size_t)nearbyint(at)]; /* the default rounding is to even */
    case COMPAT_Q_LINEAR:
        break;
    }
    double low = floor(at);
    size_t i = (size_t)low;
    return i + 1 < n ? v[i] + (v[i + 1] - v[i]) * (at - low) : v[n - 1];
}
