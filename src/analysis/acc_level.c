#include "analysis/acc_level.h"

#include <stdarg.h>

#include "base/xalloc.h"

#define TEXTS_MAX 200
#define MAX_CODINGS 8

void texts_add(struct sum_texts *t, const char *fmt, ...)
{
    if (t->n == TEXTS_MAX)
        return;
    char line[1000];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    t->v = xreallocarray(t->v, t->n + 1, sizeof *t->v);
    t->v[t->n++] = xstrdup(line);
}

void texts_free(struct sum_texts *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->v[i]);
    free(t->v);
    *t = (struct sum_texts){0};
}

struct acc_level *acc_level_new(const struct rec_level *info, size_t n_endpoints, unsigned by)
{
    struct acc_level *l = xcalloc(1, sizeof *l);
    gaps_init(&l->gaps, true);
    l->ttft_live = hist_new();
    l->lag = hist_new();
    l->lag_user = hist_new();
    l->timeline.begin = info->begin;
    struct tcount *points[] = {&l->starts, &l->due, &l->late_starts, &l->ends, &l->ends_ok};
    for (size_t i = 0; i < ARRAY_LEN(points); i++)
        tcount_init(points[i], info->begin, true);
    tcount_init(&l->tok_in, info->begin, false);
    tcount_init(&l->tok_out, info->begin, false);
    l->n_endpoints = n_endpoints > 1 ? n_endpoints : 0;
    l->endpoints = xcalloc(l->n_endpoints + 1, sizeof *l->endpoints);
    for (size_t i = 0; i < l->n_endpoints; i++)
        acc_endpoint_init(&l->endpoints[i], info->begin);
    acc_groups_init(&l->groups, info->begin, by);
    acc_level_update(l, info);
    return l;
}

void acc_level_update(struct acc_level *l, const struct rec_level *info)
{
    l->info = *info;
    struct tcount *all[] = {&l->starts, &l->due, &l->late_starts, &l->ends, &l->ends_ok, &l->tok_in, &l->tok_out};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        tcount_window(all[i], info->w0, info->w1);
    for (size_t i = 0; i < l->n_endpoints; i++)
        tcount_window(&l->endpoints[i].tok_out, info->w0, info->w1);
    acc_groups_window(&l->groups, info->w0, info->w1);
}

void acc_level_free(struct acc_level **lp)
{
    struct acc_level *l = *lp;
    if (!l)
        return;
    *lp = NULL;
    for (int k = 0; k < METRIC_LATENCIES; k++)
        samples_free(&l->lat[k]);
    samples_free(&l->tok_rate);
    samples_free(&l->send_lag);
    headers_free(l->headers);
    series_free(&l->ttft_series);
    series_free(&l->total_series);
    ivec_free(&l->unsent);
    gaps_free(&l->gaps);
    struct hist **hists[] = {&l->ttft_live, &l->lag, &l->lag_user};
    for (size_t i = 0; i < ARRAY_LEN(hists); i++)
        hist_free(hists[i]);
    struct tcount *all[] = {&l->starts, &l->due, &l->late_starts, &l->ends, &l->ends_ok, &l->tok_in, &l->tok_out};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        tcount_free(all[i]);
    for (size_t i = 0; i < l->n_endpoints; i++)
        acc_endpoint_free(&l->endpoints[i]);
    free(l->endpoints);
    acc_groups_free(&l->groups);
    timeline_free(&l->timeline);
    texts_free(&l->notes);
    texts_free(&l->codings);
    free(l);
}

/* Warm-up is marked by whoever planned the request; the window's end is open in an open loop, and in a closed loop,
 * which may end with its last start, closed. */
static bool in_cohort(const struct acc_level *l, const struct record *r)
{
    int64_t key = record_key(r, l->info.open), w1 = l->info.w1;
    if (r->flags & REC_WARMUP)
        return false;
    return w1 == 0 || key < w1 || (!l->info.open && key == w1);
}

struct parts {
    struct acc_endpoint *p[1 + GROUP_KINDS];
    size_t n;
};

/* The parts of the level that the request counts in too: that of where it went, of several, and its groups. A request
 * never sent went nowhere. */
static struct parts parts_of(struct acc_level *l, const struct record *r)
{
    struct parts t;
    t.n = acc_groups_of(&l->groups, r, t.p);
    if (r->endpoint < l->n_endpoints && r->outcome != OUT_UNSENT)
        t.p[t.n++] = &l->endpoints[r->endpoint];
    return t;
}

/* One pass over the events: tokens over time, gaps and their widths. */
static void add_events(struct acc_level *l, const struct record *r, const struct parts *parts, bool member)
{
    struct rec_iter it;
    struct rec_event ev;
    struct spread spread;
    struct gap_walk all = GAP_WALK, own[1 + GROUP_KINDS];
    for (size_t i = 0; i < parts->n; i++)
        own[i] = GAP_WALK;
    bool counts = member && (r->outcome == OUT_OK || outcome_censors(r->outcome));
    rec_iter_init(&it, r);
    spread_init(&spread, r);
    while (rec_iter_next(&it, &ev)) {
        uint64_t tokens = spread_event(&spread, &ev);
        tcount_add(&l->tok_out, ev.at, tokens);
        if (counts)
            gaps_event(&l->gaps, &all, &ev);
        for (size_t i = 0; i < parts->n; i++) {
            tcount_add(&parts->p[i]->tok_out, ev.at, tokens);
            if (counts)
                gaps_event(&parts->p[i]->gaps, &own[i], &ev);
        }
    }
    if (counts)
        gaps_end(&l->gaps, &all, r);
    for (size_t i = 0; i < parts->n && counts; i++)
        gaps_end(&parts->p[i]->gaps, &own[i], r);
}

static void add_throughput(struct acc_level *l, const struct record *r, const struct parts *parts)
{
    int64_t at;
    uint64_t n = spread_whole(r, &at);
    if (n) {
        tcount_add(&l->tok_out, at, n);
        for (size_t i = 0; i < parts->n; i++)
            tcount_add(&parts->p[i]->tok_out, at, n);
    }
    int64_t prefilled = r->first_token ? r->first_token : r->outcome == OUT_OK ? r->end : 0;
    if (prefilled && r->tokens_in > 0)
        tcount_add(&l->tok_in, prefilled, (uint64_t)r->tokens_in);
    if (!r->start)
        return;
    tcount_add(&l->starts, r->start, 1);
    if (!r->end)
        return;
    if (r->outcome != OUT_CANCELLED)
        tcount_add(&l->ends, r->end, 1);
    if (r->outcome == OUT_OK)
        tcount_add(&l->ends_ok, r->end, 1);
}

static void add_tokens(struct acc_level *l, const struct record *r)
{
    const int64_t v[] = {r->tokens_in, r->tokens_out, r->tokens_cached, r->tokens_reasoning};
    uint64_t *sum[] = {&l->tokens_in, &l->tokens_out, &l->tokens_cached, &l->tokens_reasoning};
    uint64_t *known[] = {&l->known_in, &l->known_out, &l->known_cached, &l->known_reasoning};
    for (size_t i = 0; i < ARRAY_LEN(v); i++) {
        if (v[i] < 0)
            continue;
        *sum[i] += (uint64_t)v[i];
        (*known[i])++;
    }
}

/* What the server counted and the text does not show whole (tool calls, reasoning that may not have been sent) cannot
 * be compared. */
static void add_counted(struct acc_level *l, const struct record *r)
{
    bool server = r->token_source == TOKENS_USAGE || r->token_source == TOKENS_SERVER;
    bool whole = r->finish != FINISH_TOOL && ((r->flags & REC_STREAMED) || r->tokens_reasoning <= 0);
    l->own_out += r->counted_out > 0;
    l->own_in += r->counted_in > 0;
    l->in_counted += (r->flags & REC_IN_COUNTED) != 0;
    l->in_texts += (r->flags & REC_IN_TEXTS) != 0;
    l->uncounted += (r->flags & REC_UNCOUNTED) != 0;
    if (server && whole && r->counted_out > 0 && r->tokens_out > 0)
        counted_add(&l->counted_out, measure_visible(r), r->counted_out);
    if (r->counted_in > 0 && r->tokens_in > 0 && !(r->flags & REC_IN_COUNTED))
        counted_add(&l->counted_in, r->tokens_in, r->counted_in);
}

/* What a success says about the sample: sources, sizes, sameness. */
static void add_success(struct acc_level *l, const struct record *r)
{
    headers_add(l->headers, r);
    l->sources[(unsigned)r->token_source < TOKEN_SOURCES ? r->token_source : TOKENS_NONE]++;
    l->finish[(unsigned)r->finish <= FINISH_OTHER ? r->finish : FINISH_OTHER]++;
    add_counted(l, r);
    l->not_streamed += !(r->flags & REC_STREAMED);
    l->no_text += (r->flags & REC_NO_TEXT) != 0;
    l->unknown_tokens += r->tokens_out < 0 && !(r->flags & (REC_NO_TEXT | REC_PLAIN));
    if (r->tokens_reasoning > 0 && r->first_output == r->first_token)
        l->hidden_reasoning++;
    if (r->n_events > 0 && r->tokens_out > 0) {
        l->chunks += r->n_events;
        l->chunk_tokens += (uint64_t)r->tokens_out;
    }
    if (l->outcomes.n[OUT_OK] == 1) {
        l->answer_bytes = r->text_bytes;
        l->answer_words = r->words;
        l->answer_hash = r->text_hash;
        l->first_sample = r->sample;
    }
    if (r->text_bytes != l->answer_bytes || r->words != l->answer_words || r->text_hash != l->answer_hash)
        l->answers_differ = true;
    if (r->sample != l->first_sample)
        l->samples_differ = true;
}

static double observed_or_waited(const struct measured *m, const struct slo_term *t, bool open)
{
    int k = t->metric;
    if (open && k == METRIC_TTFT)
        k = METRIC_TTFT_RESPONSE;
    if (open && k == METRIC_E2E)
        k = METRIC_E2E_RESPONSE;
    return (double)m->v[k];
}

static bool within(double v, const struct slo_term *t)
{
    return t->inclusive ? v <= t->limit : v < t->limit;
}

/* A success meets what it meets; one that we cancelled or never sent may have, unless what it had waited was too long
 * already. A metric that does not exist for a request (TPOT of a single token) breaks nothing; a missing first token
 * does. */
static void add_goodput(struct acc_level *l, const struct record *r, const struct measured *m,
                        const struct slo_set *set)
{
    bool ok = r->outcome == OUT_OK, open = r->outcome == OUT_CANCELLED || r->outcome == OUT_UNSENT;
    if (!set || (!ok && !open))
        return;
    for (size_t i = 0; i < set->n; i++) {
        const struct slo_term *t = &set->t[i];
        double v = observed_or_waited(m, t, l->info.open);
        bool optional = t->metric == METRIC_ITL || t->metric == METRIC_TPOT || t->metric == METRIC_NTPOT ||
                        t->metric == METRIC_QUEUE_WAIT;
        if (v < 0 ? ok && !optional : !within(v, t))
            return;
    }
    l->good += ok;
    l->maybe_good += open;
}

static void add_measured(struct acc_level *l, const struct record *r, const struct parts *parts,
                         const struct slo_set *goodput)
{
    struct measured m;
    measure(r, l->info.open, &m);
    for (int k = 0; k < METRIC_LATENCIES; k++)
        if (k != METRIC_ITL && m.v[k] >= 0)
            samples_add(&l->lat[k], m.v[k], (m.censored >> k & 1) != 0);
    if (r->outcome == OUT_OK && m.v[METRIC_TTFT] >= 0)
        series_add(&l->ttft_series, r->index, r->start, m.v[METRIC_TTFT]);
    if (r->outcome == OUT_OK && m.v[METRIC_TOTAL] >= 0)
        series_add(&l->total_series, r->index, r->start, m.v[METRIC_TOTAL]);
    if (m.tok_rate >= 0)
        samples_add(&l->tok_rate, m.tok_rate, false);
    if (m.send_lag >= 0)
        samples_add(&l->send_lag, m.send_lag, false);
    add_goodput(l, r, &m, goodput);
    for (size_t i = 0; i < parts->n; i++)
        acc_endpoint_member(parts->p[i], r, &m);
}

void acc_level_settle_unsent(struct acc_level *l, int64_t w1, const struct slo_set *goodput)
{
    static const struct parts nowhere = {.n = 0};
    for (size_t i = 0; i + 1 < l->unsent.n; i += 2) {
        int64_t due = l->unsent.v[i], end = l->unsent.v[i + 1];
        const struct record r = {.outcome = OUT_UNSENT, .intended = due, .end = MAX(end ? end : w1, due)};
        add_measured(l, &r, &nowhere, goodput);
    }
}

/* A turn that fails ends its session, so each session has at most one of those. */
static void add_turn(struct sum_sessions *s, const struct record *r)
{
    bool ok = r->outcome == OUT_OK, ours = r->outcome == OUT_CANCELLED || r->outcome == OUT_UNSENT;
    if (!r->turns)
        return;
    s->begun += r->turn == 0 && r->outcome != OUT_UNSENT;
    s->completed += ok && r->turn + 1 == r->turns;
    s->broken += (!ok && !ours) || (r->flags & REC_UNKEPT);
    s->left += r->outcome == OUT_CANCELLED && (r->flags & REC_LEFT);
}

static void add_coding(struct acc_level *l, struct str name)
{
    l->packed++;
    for (size_t i = 0; i < l->codings.n; i++)
        if (str_eqz(name, l->codings.v[i]))
            return;
    if (l->codings.n < MAX_CODINGS)
        texts_add(&l->codings, STR_FMT, STR_ARG(name));
}

static void add_redirect(struct acc_level *l, const struct record *r)
{
    char text[sizeof l->redirect];
    l->redirected++;
    snprintf(text, sizeof text, STR_FMT, STR_ARG(r->detail));
    if (l->redirected == 1 || strcmp(text, l->redirect) < 0)
        memcpy(l->redirect, text, sizeof text);
}

static void add_member(struct acc_level *l, const struct record *r, const struct parts *parts,
                       const struct slo_set *goodput)
{
    int64_t key = record_key(r, l->info.open);
    if (key && (l->first_key == 0 || key < l->first_key))
        l->first_key = key;
    l->members++;
    l->left += r->outcome == OUT_CANCELLED && (r->flags & REC_LEFT);
    add_turn(&l->sessions, r);
    outcomes_add(&l->outcomes, r);
    if (r->status > 0 && r->status < STATUS_MAX)
        l->status[r->status]++;
    else
        l->status_other += r->status != 0;
    l->plain += (r->flags & REC_PLAIN) != 0;
    if (r->outcome == OUT_HTTP && r->status / 100 == 3 && r->detail.n > 0)
        add_redirect(l, r);
    if (r->encoding.n > 0)
        add_coding(l, r->encoding);
    l->bytes_in += r->bytes_in;
    l->bytes_out += r->bytes_out;
    l->retried += (r->flags & REC_RETRIED) != 0;
    add_tokens(l, r);
    if (r->outcome == OUT_OK)
        add_success(l, r);

    if (r->outcome == OUT_UNSENT) {
        ivec_add(&l->unsent, r->intended);
        ivec_add(&l->unsent, r->end);
        return;
    }
    add_measured(l, r, parts, goodput);
    if (r->start && l->info.open) {
        tcount_add(&l->due, MAX(r->intended, r->admitted), 1);
        tcount_add(&l->late_starts, r->start, 1);
    }
}

void acc_level_request(struct acc_level *l, const struct record *r, const struct slo_set *goodput)
{
    bool member = in_cohort(l, r);
    struct parts parts = parts_of(l, r);
    l->last_instant = MAX(l->last_instant, record_last_instant(r));
    if (r->n_events)
        add_events(l, r, &parts, member);
    add_throughput(l, r, &parts);
    timeline_add(&l->timeline, r, l->info.open);
    if (r->first_token && r->start && (r->flags & REC_STREAMED))
        hist_add(l->ttft_live, r->first_token - r->start, 1);
    if (member)
        add_member(l, r, &parts, goodput);
    else
        l->warmup++;
}

void acc_level_client(struct acc_level *l, const struct rec_client *c)
{
    l->workers++;
    l->reads += c->reads;
    l->kernel_stamped += c->kernel_stamped;
    l->clock_steps = MAX(l->clock_steps, c->clock_steps); /* there is one clock, and each worker saw it */
    l->unplaced_stamps += c->unplaced_stamps;
    l->events += c->events;
    l->conns_opened += c->conns_opened;
    l->conns_reused += c->conns_reused;
    l->conns_resumed += c->conns_resumed;
    l->conns_retried += c->retried;
    if (c->lag)
        hist_merge(l->lag, c->lag);
    if (c->lag_user)
        hist_merge(l->lag_user, c->lag_user);
    if (c->window > 0) {
        double window = (double)c->window;
        double busy = ((double)c->cpu + (double)c->run_delay - (double)c->empty_polls) / window;
        busy = MIN(MAX(busy, 0.0), 1.0); /* the kernel adds a delay when it ends, which may have begun before */
        l->busy_sum += busy;
        if (busy > l->busy_max || (busy == l->busy_max && c->worker < l->busy_worker)) {
            l->busy_max = busy;
            l->busy_window = window / (double)NS_PER_S;
            l->busy_worker = c->worker;
        }
        l->run_delay = MAX(l->run_delay, MIN((double)c->run_delay / window, 1.0));
        l->involuntary = MAX(l->involuntary, (double)c->involuntary * (double)NS_PER_S / window);
        if (c->steal >= 0) { /* of the machine: every worker tells the same */
            l->steal = MAX(l->steal, (double)c->steal / window);
            l->steal_known = true;
        }
    }
}
