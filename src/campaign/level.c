/* level.c - one level: the engine runs it, the recorder's thread takes its records, this one watches for signals. */
#include <stdarg.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "campaign/recorder.h"
#include "campaign/workload.h"

#define LEAD_NS (20 * NS_PER_MS) /* from all workers being ready to the level's start */
#define TICK_NS (100 * NS_PER_MS)
#define NAP_US 5000
#define DRAIN_NS (5 * NS_PER_S) /* after the first Ctrl-C */

struct run_state {
    struct campaign_state *s;
    struct engine *en;
    const struct level_plan *plan;
    const struct run_config *c; /* the level's */
    struct load load;
    struct rec_level line;
    int64_t begin; /* monotonic */
    int64_t last_tick;
    struct counter *counter;   /* NULL: no tokenizer */
    struct recorder *recorder; /* NULL before it begins */
    struct recorded sum;
    unsigned signals;
    bool stopped;
};

void campaign_note(struct campaign_state *s, const char *fmt, ...)
{
    struct rec_note n = {.whole_run = true};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(n.text, sizeof n.text, fmt, ap);
    va_end(ap);
    rec_write_note(s->records, &n);
    acc_sink.note(s->acc, &n);
}

static void tick(struct run_state *r, int64_t now)
{
    struct campaign_state *s = r->s;
    if (!s->v->tick)
        return;
    struct live live;
    engine_live(r->en, &live);
    const struct load_opts *o = &r->load.o;
    struct engine_connecting conns = engine_connecting(r->en);
    struct campaign_tick t = {
        .level = r->line.level,
        .n_levels = s->n_levels,
        .connecting = r->begin == 0 && !r->stopped && conns.wanted > 0,
        .conns_wanted = conns.wanted,
        .conns_open = conns.open,
        .elapsed = r->begin ? MAX(now - r->begin, 0) : 0,
        .total = o->duration_ns ? o->warmup_ns + o->duration_ns : o->until_ns,
        .started = live_get(&live.started),
        .completed = live_get(&live.completed),
        .succeeded = live_get(&live.succeeded),
        .failed = live_get(&live.failed),
        .tokens = live_get(&live.tokens),
        .items = o->num_requests ? o->num_requests + o->warmup_requests : 0,
        .ttft_p50 = r->recorder ? recorder_ttft_p50(r->recorder) : -1,
        .warming = r->begin == 0 || now - r->begin < o->warmup_ns,
        .draining = r->stopped,
    };
    s->v->tick(s->v->arg, &t);
}

static void stop(struct run_state *r, int64_t drain)
{
    r->stopped = true;
    engine_stop(r->en, drain);
}

/* What is open when it drains, but no longer than after Ctrl-C. */
static int64_t short_grace(const struct run_config *c)
{
    return MIN(c->grace < 0 ? c->timeout : c->grace, DRAIN_NS);
}

static void tripped(struct run_state *r, const char *why)
{
    if (r->s->tripped)
        return;
    r->s->tripped = true;
    snprintf(r->line.stopped, sizeof r->line.stopped, "%s", why);
    log_warn("stopped: %s", why);
}

static void watch_errors(struct run_state *r)
{
    const char *why = r->recorder ? recorder_tripped(r->recorder) : NULL;
    if (!why || r->s->tripped)
        return;
    tripped(r, why);
    if (!r->stopped)
        stop(r, short_grace(r->c));
}

static void watch(struct run_state *r)
{
    struct campaign_state *s = r->s;
    unsigned n = signals_pending(s->signal_fd);
    if (r->recorder && recorder_broken(r->recorder))
        s->broken = true;
    if (s->broken && !r->stopped)
        stop(r, 0);
    watch_errors(r);
    if (n == 0)
        return;
    r->signals += n;
    s->interrupted = true;
    if (r->signals == 1) {
        stop(r, short_grace(r->c));
        log_info("interrupted: waiting up to %.0f s for what is open; once more to leave now",
                 (double)short_grace(r->c) / 1e9);
    } else if (r->signals == 2) {
        stop(r, 0);
    } else {
        if (r->recorder)
            recorder_hurry(r->recorder);
        _exit(130);
    }
}

static void turn(struct run_state *r)
{
    int64_t now = clock_mono();
    watch(r);
    struct endpoints *ep = r->plan->v->ep;
    for (unsigned i = 0; i < ep->n; i++)
        resolving_poll(&ep->resolving[i], &ep->target[i], r->en, i, now);
    if (now - r->last_tick >= TICK_NS) {
        r->last_tick = now;
        tick(r, now);
    }
    usleep(NAP_US);
}

void level_load(const struct campaign_state *s, uint32_t level, struct load *load, struct rec_level *l)
{
    const struct level_plan *p = &s->level[level];
    const struct variant *v = p->v;
    const struct run_config *c = v->c;
    const char *name = c->level_name;
    struct load_opts o = {
        .warmup_requests = v->warmup_requests,
        .warmup_ns = v->warmup_ns,
        .order = v->order,
        .unique_prompts = c->unique_prompts,
        .leaving = v->leaving,
        .sessions = c->sessions || c->session_rate,
        .canned = c->canned_history,
        .think = v->think,
        .first = v->first,
        .seed = s->seed,
        .level = level,
        .first_sample = workload_first(s, v, level),
        .models = &v->models,
    };
    shape_level(p, &o, l);
    load_init(load, &o, v->ds);
    l->level = level;
    l->num_requests = o.num_requests;
    l->duration = o.duration_ns;
    l->warmup = o.warmup_ns;
    l->warmup_requests = o.warmup_requests;
    l->sessions = o.sessions;
    snprintf(l->think, sizeof l->think, "%s", c->think_time ? c->think_time : "");
    snprintf(l->name, sizeof l->name, "%s", name ? name : "");
}

static void plan_level(struct run_state *r, uint32_t level)
{
    r->plan = &r->s->level[level];
    r->c = r->plan->v->c;
    level_load(r->s, level, &r->load, &r->line);
}

/* auto: what 10,000 users a second would make, but no large part of the level. */
int64_t level_ramp(const struct variant *v, uint32_t concurrency)
{
    int64_t ramp = (int64_t)concurrency * (NS_PER_S / 10000);
    if (v->ramp >= 0)
        return v->ramp;
    return v->c->duration > 0 ? MIN(ramp, v->c->duration / 10) : ramp;
}

/* auto: gentle, but quick enough that the first ones are not closed for being idle before the last is open. */
static double connect_rate_of(const struct variant *v, uint32_t concurrency)
{
    return v->connect_rate >= 0 ? v->connect_rate : MAX(2000.0, concurrency / 3.0);
}

static struct engine *start_engine(struct run_state *r, struct err *e)
{
    const struct campaign_state *s = r->s;
    const struct variant *v = r->plan->v;
    const struct run_config *c = r->c;
    struct engine_opts o = {
        .targets = v->ep->target,
        .n_targets = s->n_targets,
        .balance = s->balance,
        .api = &v->api,
        .load = &r->load,
        .workers = s->workers,
        .max_concurrency = r->line.max_concurrency,
        .timeout = c->timeout,
        .connect_timeout = c->connect_timeout,
        .first_token_timeout = c->first_token_timeout,
        .stall_timeout = c->stall_timeout,
        .idle_timeout = c->idle_timeout,
        .streams_per_conn = (unsigned)c->streams_per_conn,
        .grace = c->grace < 0 ? c->timeout : c->grace,
        .cores = s->seats.pinned ? s->seats.worker : NULL,
        .spin = c->spin,
        .busy_poll = c->busy_poll,
        .no_keepalive = c->no_keepalive,
        .no_kernel_stamps = c->no_kernel_stamps,
        .no_tls_resume = c->no_tls_resume,
        .connect_rate = connect_rate_of(v, r->line.concurrency),
        .ramp = level_ramp(v, r->line.concurrency),
        .save_text = c->save_text,
        .save_http = c->save_http,
        .pages = c->follow_pages,
        .header_metrics = s->c->headers_metric,
        .count_text = v->tokenizer != NULL,
        .text_limit = c->text_limit,
        .history_limit = c->history_limit,
        .epoch = s->epoch,
    };
    snprintf(o.run_id, sizeof o.run_id, "%s", s->run_id);
    return engine_start(&o, e);
}

static void emit_level(struct run_state *r)
{
    if (rec_write_level(r->s->records, &r->line) < 0)
        r->s->broken = true;
    acc_sink.level(r->s->acc, &r->line);
}

/* The level's beginning, and of its window what is known by then. */
static int begin(struct run_state *r, struct err *e)
{
    struct rec_level *l = &r->line;
    int64_t open_end = load_open_end(&r->load); /* may take a while: before the instant is fixed */
    r->begin = clock_mono() + LEAD_NS;
    l->begin = r->begin - r->s->epoch;
    if (l->open) {
        l->w0 = l->begin + load_window_begin(&r->load);
        bool by_last = r->load.o.arrival == ARRIVAL_BURST || open_end == INT64_MAX; /* a burst: with its last answer */
        l->w1 = by_last ? 0 : l->begin + open_end;
    } else if (l->warmup_requests == 0) {
        int64_t end = load_closed_end(&r->load);
        l->w0 = l->begin + l->warmup;
        l->w1 = end < INT64_MAX && !l->num_requests ? l->begin + end : 0;
    }
    emit_level(r);
    r->recorder = recorder_start(r->s, r->en, &r->plan->v->max_errors, r->counter, e);
    if (!r->recorder)
        return -1;
    engine_begin(r->en, r->begin);
    return 0;
}

static void closed_window(struct run_state *r, const struct engine_totals *t)
{
    struct rec_level *l = &r->line;
    uint64_t done = l->sessions ? atomic_load(&r->load.measured) : r->sum.measured; /* broken ones say less */
    bool by_count = l->num_requests && done >= l->num_requests;
    if (l->warmup_requests) /* stopped within the warm-up: an empty window */
        l->w0 = t->first_start ? t->first_start : MAX(t->stopped_at, l->begin);
    int64_t until = r->load.o.until_ns;
    l->w1 = l->duration ? l->w0 + l->duration : until ? l->begin + until : 0;
    if (by_count || !l->w1) {
        /* Below two rounds of the slots, most of the time lies behind the last start: the last end tells more then. */
        int64_t last = r->sum.measured < 2 * (uint64_t)l->concurrency ? t->last_end : t->last_start + 1;
        l->w1 = l->w1 ? MIN(l->w1, last) : last;
    }
}

/* Sessions that end by count end with their last turn, but not before the next one would have come. */
static void sessions_window(struct run_state *r, const struct engine_totals *t)
{
    struct rec_level *l = &r->line;
    if (!l->num_requests)
        return;
    int64_t last = MAX(t->last_start + 1, l->begin + load_count_end(&r->load));
    l->w1 = l->w1 ? MIN(l->w1, last) : last;
}

static void ATTR_PRINTF(2, 3) level_note(struct run_state *r, const char *fmt, ...)
{
    struct rec_note n = {.level = r->line.level};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(n.text, sizeof n.text, fmt, ap);
    va_end(ap);
    rec_write_note(r->s->records, &n);
    acc_sink.note(r->s->acc, &n);
}

static void note_connections(struct run_state *r, const struct engine_totals *t)
{
    if (t->prewarm_missing > 0 && !r->stopped)
        level_note(
            r,
            "%llu of %u requests at a time had no connection when the level began (%llu attempts to open one failed): "
            "they opened it, and waited for it",
            (unsigned long long)t->prewarm_missing, r->line.concurrency, (unsigned long long)t->prewarm_failed);
    for (unsigned i = 0; i < r->s->n_targets; i++) {
        struct resolving *name = &r->plan->v->ep->resolving[i];
        if (name->changed > 0)
            level_note(r,
                       "connections failed, so the name %s was looked up again (%llu times); %llu times it had other "
                       "addresses, where new connections went from then on",
                       r->plan->v->ep->target[i].dial_host, (unsigned long long)name->lookups,
                       (unsigned long long)name->changed);
        name->lookups = name->changed = 0;
    }
}

static void finish(struct run_state *r)
{
    struct campaign_state *s = r->s;
    struct rec_level *l = &r->line;
    struct engine_totals t;
    struct rec_client *clients = xcalloc(s->workers, sizeof *clients);
    engine_end(r->en, &t, clients);
    if (!l->open)
        closed_window(r, &t);
    else if (l->sessions)
        sessions_window(r, &t);
    l->interrupted = t.stopped_at && s->interrupted;
    if (t.stopped_at) /* by the user, or because a file cannot be written */
        l->w1 = l->w1 ? MIN(l->w1, t.stopped_at) : t.stopped_at;
    if (l->w1 <= l->w0)
        l->w1 = MAX(t.last_end, l->w0 + 1);
    l->final = true;
    l->scheduled = l->open ? r->sum.measured + r->sum.unsent : 0;
    l->unsent = r->sum.unsent;
    l->lost_records = t.lost_records;
    l->exhausted = t.exhausted;
    double events = 0;
    for (unsigned i = 0; i < s->workers; i++) {
        if (clients[i].window > 0)
            events += (double)clients[i].events * 1e9 / (double)clients[i].window;
        if (rec_write_client(s->records, &clients[i]) < 0)
            s->broken = true;
        acc_sink.client(s->acc, &clients[i]);
    }
    s->most_events = MAX(s->most_events, events);
    note_connections(r, &t);
    if (t.unkept)
        level_note(
            r,
            "%llu sessions ended early, because the answers that they would have kept for their next turn exceed "
            "--history-limit (or one of them 1 MiB)",
            (unsigned long long)t.unkept);
    emit_level(r);
    if (rec_writer_flush(s->records) < 0)
        s->broken = true;
    free(clients);
}

void level_skip(struct campaign_state *s, uint32_t level)
{
    struct run_state r = {.s = s};
    struct rec_level *l = &r.line;
    plan_level(&r, level);
    l->begin = l->w0 = clock_mono() - s->epoch;
    l->w1 = l->w0 + 1;
    l->interrupted = l->final = true;
    emit_level(&r);
}

/* Until all connections are there, or for --connect-timeout none came or failed. What is missing then is opened when it
 * is needed. */
static void connect_ahead(struct run_state *r)
{
    uint64_t last = 0;
    int64_t patience = clock_mono() + r->c->connect_timeout;
    while (!engine_ready(r->en) && !r->stopped) {
        turn(r);
        struct engine_connecting c = engine_connecting(r->en);
        int64_t now = clock_mono();
        if (c.open + c.failed != last)
            patience = now + r->c->connect_timeout;
        last = c.open + c.failed;
        if (now >= patience)
            break;
    }
}

static struct counter *counter_of(const struct run_state *r)
{
    const struct variant *v = r->plan->v;
    if (!v->tokenizer || r->s->ops->plain)
        return NULL;
    const struct counter_opts o = {
        .tok = v->tokenizer->tok, .ds = v->ds, .completes = r->s->ops->completes, .unique = v->c->unique_prompts};
    return counter_new(&o);
}

int level_run(struct campaign_state *s, uint32_t level, struct campaign_ended *ended, struct err *e)
{
    struct run_state r = {.s = s};
    plan_level(&r, level);
    r.en = start_engine(&r, e);
    if (!r.en)
        return -1;
    r.counter = counter_of(&r);
    int refused = level == 0 ? engine_busy_poll_refused(r.en) : 0;
    if (refused)
        campaign_note(s,
                      "--busy-poll: the kernel does not look into the network card's queue for it (%s; Linux 6.9 and "
                      "later do); weir's own polling remains",
                      strerror(refused));
    connect_ahead(&r);
    int rc = begin(&r, e);
    if (rc < 0)
        engine_stop(r.en, 0);
    while (!engine_finished(r.en))
        turn(&r);
    if (rc == 0) {
        recorder_stop(&r.recorder, &r.sum);
        if (r.sum.stopped[0]) /* by what came in last */
            tripped(&r, r.sum.stopped);
        finish(&r);
        *ended = (struct campaign_ended){.level = level, .succeeded = r.sum.succeeded, .failed = r.sum.failed};
    }
    counter_free(&r.counter);
    engine_free(&r.en);
    for (unsigned i = 0; i < s->n_targets; i++)
        resolving_level_end(&r.plan->v->ep->resolving[i], &r.plan->v->ep->target[i]);
    return rc;
}
