#include "analysis/measure.h"

bool outcome_timeout(enum outcome o)
{
    return o == OUT_TIMEOUT_CONNECT || o == OUT_TIMEOUT_FIRST_TOKEN || o == OUT_TIMEOUT_TOTAL || o == OUT_TIMEOUT_STALL;
}

bool outcome_censors(enum outcome o)
{
    return outcome_timeout(o) || o == OUT_CANCELLED || o == OUT_UNSENT;
}

int64_t record_key(const struct record *r, bool open)
{
    return open ? r->intended : r->start;
}

int64_t record_last_instant(const struct record *r)
{
    const int64_t t[] = {r->intended, r->admitted,   r->start,      r->sent_last, r->first_byte,
                         r->headers,  r->last_token, r->prev_event, r->end};
    int64_t last = 0;
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        last = MAX(last, t[i]);
    return last;
}

static void put(struct measured *m, enum metric k, int64_t v, bool censored)
{
    m->v[k] = MAX(v, 0);
    if (censored)
        m->censored |= 1U << k;
}

/* A latency from `from` to `at` (0 = it did not happen). Of a success, only what happened counts; of one whose waiting
 * was cut short also what was waited. */
static void span(struct measured *m, enum metric k, const struct record *r, int64_t from, int64_t at)
{
    if (from == 0)
        return;
    if (at)
        put(m, k, at - from, false);
    else if (outcome_censors(r->outcome) && r->end)
        put(m, k, r->end - from, true);
}

static void measure_first(const struct record *r, bool open, struct measured *m)
{
    bool ok = r->outcome == OUT_OK;
    bool streaming = ok ? (r->flags & REC_STREAMED) != 0 : !(r->flags & REC_NO_STREAM_ASKED);
    span(m, METRIC_TTFB, r, r->start, r->first_byte);
    if (!streaming)
        return;
    span(m, METRIC_TTFT, r, r->start, r->first_token);
    span(m, METRIC_TTFO, r, r->start, r->first_output);
    if (open)
        span(m, METRIC_TTFT_RESPONSE, r, r->intended, r->first_token);
}

/* An answer without a single token event (empty, or not streamed) lasted until its end. */
static void measure_whole(const struct record *r, bool open, struct measured *m)
{
    bool ok = r->outcome == OUT_OK;
    int64_t last = !ok ? 0 : r->last_token ? r->last_token : r->end;
    span(m, METRIC_E2E, r, r->start, last);
    span(m, METRIC_TOTAL, r, r->start, ok ? r->end : 0);
    if (open)
        span(m, METRIC_E2E_RESPONSE, r, r->intended, last);
}

/* Reasoning that was counted but not streamed cannot have taken part in the time after the first token. */
int64_t measure_visible(const struct record *r)
{
    bool hidden = r->tokens_reasoning > 0 && r->first_output == r->first_token;
    return hidden ? r->tokens_out - r->tokens_reasoning : r->tokens_out;
}

static int64_t divide(int64_t a, int64_t b)
{
    return (a + b / 2) / b;
}

/* Tokens per second in millionths. Divisions of 128 bits are slow, and only answers of thousands of tokens need them.
 */
static int64_t token_rate(int64_t tokens, int64_t ns)
{
    const int64_t scale = 1000000 * NS_PER_S;
    if (LIKELY(tokens < INT64_MAX / 2 / scale && ns < INT64_MAX / 2))
        return (tokens * scale + ns / 2) / ns;
    return (int64_t)MIN(((__int128)tokens * scale + ns / 2) / ns, (__int128)INT64_MAX / 2);
}

static void measure_per_token(const struct record *r, struct measured *m)
{
    if (r->outcome != OUT_OK || r->tokens_out < 1 || r->start == 0)
        return;
    int64_t n = measure_visible(r);
    if ((r->flags & REC_STREAMED) && n >= 2 && r->first_token && r->last_token >= r->first_token)
        put(m, METRIC_TPOT, divide(r->last_token - r->first_token, n - 1), false);
    if (m->v[METRIC_E2E] >= 0)
        put(m, METRIC_NTPOT, divide(m->v[METRIC_E2E], r->tokens_out), false);
    int64_t total = r->end - r->start;
    if (total > 0)
        m->tok_rate = token_rate(r->tokens_out, total);
}

void measure_itl(const struct record *r, struct measured *m)
{
    bool ok = r->outcome == OUT_OK;
    if ((!ok && !outcome_censors(r->outcome)) || r->n_events == 0)
        return;
    struct rec_iter it;
    struct rec_event ev;
    int64_t prev = 0, largest = NOT_MEASURED;
    rec_iter_init(&it, r);
    for (uint32_t i = 0; rec_iter_next(&it, &ev); i++) {
        if (i)
            largest = MAX(largest, MAX(ev.at - prev, 0));
        prev = ev.at;
    }
    bool waiting = !ok && r->end - prev > largest; /* the gap that was being waited for */
    if (waiting)
        largest = r->end - prev;
    if (largest >= 0)
        put(m, METRIC_ITL, largest, waiting);
}

void measure(const struct record *r, bool open, struct measured *m)
{
    *m = (struct measured){.tok_rate = NOT_MEASURED, .send_lag = NOT_MEASURED};
    for (int k = 0; k < METRIC_LATENCIES; k++)
        m->v[k] = NOT_MEASURED;
    if (open && r->intended) {
        if (r->admitted || outcome_censors(r->outcome))
            span(m, METRIC_QUEUE_WAIT, r, r->intended, r->admitted);
        if (r->start)
            m->send_lag = MAX(r->start - MAX(r->intended, r->admitted), 0);
    }
    if (r->outcome != OUT_OK && !outcome_censors(r->outcome))
        return; /* a failure's instants are no latencies of the service */
    measure_first(r, open, m);
    measure_whole(r, open, m);
    measure_per_token(r, m);
    if (r->flags & REC_NEW_CONN)
        span(m, METRIC_CONNECT, r, r->conn_start, r->sent_first ? MAX(r->conn_end, r->tls_end) : 0);
}

void spread_init(struct spread *s, const struct record *r)
{
    bool by_bytes = r->events_bytes > 0;
    uint64_t whole = by_bytes ? r->events_bytes : r->n_events;
    *s = (struct spread){
        .total = r->tokens_out,
        .whole = whole,
        .left = r->n_events,
        .by_bytes = by_bytes,
        .small = r->tokens_out > 0 && ((uint64_t)r->tokens_out | whole) <= UINT32_MAX, /* no product exceeds 64 bits */
    };
}

/* floor(total * seen / whole), rising with `seen`. */
static int64_t share_of(struct spread *s, uint64_t more)
{
    s->seen += more;
    if (UNLIKELY(!s->small))
        return (int64_t)((__int128)s->total * (__int128)s->seen / (__int128)s->whole);
    s->rest += (uint64_t)s->total * more;
    for (int i = 0; s->rest >= s->whole; i++) { /* as a rule a token or two an event */
        uint64_t n = i < 4 ? 1 : s->rest / s->whole;
        s->rest -= n * s->whole;
        s->share += n;
    }
    return (int64_t)s->share;
}

uint64_t spread_event(struct spread *s, const struct rec_event *ev)
{
    int64_t upto = s->given;
    if (s->total > 0)
        upto = share_of(s, s->by_bytes ? ev->bytes : 1);
    if (ev->cumulative >= 0)
        upto = s->total >= 0 ? MIN(ev->cumulative, s->total) : ev->cumulative;
    if (--s->left == 0 && s->total >= 0)
        upto = s->total; /* what no event showed (hidden reasoning, the end mark) came with the last */
    if (upto <= s->given)
        return 0;
    uint64_t tokens = (uint64_t)(upto - s->given);
    s->given = upto;
    return tokens;
}

uint64_t spread_whole(const struct record *r, int64_t *at)
{
    if (r->n_events > 0 || r->outcome != OUT_OK || r->tokens_out <= 0)
        return 0;
    *at = r->last_token ? r->last_token : r->end;
    return (uint64_t)r->tokens_out;
}
