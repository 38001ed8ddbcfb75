#include "engine/engine.h"

#include <unistd.h>

#include "engine/engine_private.h"

enum { DEFAULT_LATE = 1 << 18, DEFAULT_HISTORY = 1 << 30, DEFAULT_TEXTS = 1 << 30 };

static size_t pow2_at_least(size_t n)
{
    size_t p = 64;
    while (p < n)
        p <<= 1;
    return p;
}

static int worker_init(struct engine *en, unsigned i, struct err *e)
{
    struct worker *w = &en->w[i];
    const struct engine_opts *o = &en->o;
    w->e = en;
    w->id = i;
    struct loop_opts lo = {.spin_ns = o->spin, .busy_poll_ns = o->busy_poll};
    w->loop = loop_new(&lo, e);
    if (!w->loop)
        return -1;
    if (routes_open(w, e) < 0)
        return -1;
    w->read_buf = xmalloc(READ_BUFFER);
    w->id_line_n = (size_t)snprintf(w->id_line, sizeof w->id_line, "X-Request-Id: %s-%u-", o->run_id, o->load->o.level);
    rec_slab_init(&w->slab, (size_t)8 << 20); /* 4 GiB of token events in flight: far beyond any real run */
    ring_init(&w->out, en->o.ring);
    ring_init(&w->back, en->o.ring * 2);
    w->client_rec.lag = hist_new();
    w->client_rec.lag_user = hist_new();
    w->slots = o->load->o.mode == LOAD_CLOSED ? share_of(first_users(o->load), o->workers, i) : 0;
    w->cap = o->max_concurrency ? share_of(o->max_concurrency, o->workers, i) : 0;
    return 0;
}

static void worker_close(struct worker *w)
{
    if (w->loop)
        loop_free(&w->loop);
    routes_close(w);
    free(w->read_buf);
    free(w->unpack_buf);
    if (w->out.slot) {
        for (struct record *r; (r = ring_pop(&w->out));) {
            free(r->text);
            rec_recycle(&w->slab, r);
        }
        for (struct record *r; (r = ring_pop(&w->back));)
            rec_recycle(&w->slab, r);
        ring_free(&w->out);
        ring_free(&w->back);
        rec_slab_free(&w->slab);
    }
    hist_free(&w->client_rec.lag);
    hist_free(&w->client_rec.lag_user);
}

/* On its core from its first instruction, so that its memory comes from there too. */
static int start_thread(struct worker *w)
{
    const uint16_t *cores = w->e->o.cores;
    pthread_attr_t a;
    int rc = pthread_attr_init(&a);
    if (rc)
        return rc;
    if (cores) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(cores[w->id], &set);
        rc = pthread_attr_setaffinity_np(&a, sizeof set, &set);
    }
    if (rc == 0)
        rc = pthread_create(&w->thread, &a, worker_main, w);
    pthread_attr_destroy(&a);
    return rc;
}

struct engine *engine_start(const struct engine_opts *o, struct err *e)
{
    struct engine *en = xcalloc(1, sizeof *en);
    en->o = *o;
    en->o.text_limit = o->text_limit ? o->text_limit : DEFAULT_TEXTS;
    en->o.history_limit = o->history_limit ? o->history_limit : DEFAULT_HISTORY;
    en->o.late = o->late ? o->late : DEFAULT_LATE;
    en->o.ring = pow2_at_least(o->ring ? o->ring : 8192);
    en->open_end = load_open_end(o->load);
    en->lost = xcalloc(o->n_targets, sizeof *en->lost);
    en->w = aligned_alloc(64, o->workers * sizeof *en->w);
    if (!en->w)
        abort();
    memset(en->w, 0, o->workers * sizeof *en->w);
    if (o->load->o.mode == LOAD_OPEN && o->max_concurrency && o->max_concurrency < o->workers) {
        err_set(e, ERR_USAGE, "%u workers cannot share a cap of %u requests in flight", o->workers, o->max_concurrency);
        engine_free(&en);
        return NULL;
    }
    for (unsigned i = 0; i < o->workers; i++) {
        if (worker_init(en, i, e) < 0) {
            engine_free(&en);
            return NULL;
        }
    }
    for (unsigned i = 0; i < o->workers; i++) {
        int rc = start_thread(&en->w[i]);
        if (rc) {
            err_sys(e, ERR_LIMIT, rc, "cannot start worker thread %u", i);
            engine_stop(en, 0);
            engine_free(&en);
            return NULL;
        }
        en->w[i].started = true;
    }
    return en;
}

bool engine_ready(struct engine *e)
{
    for (unsigned i = 0; i < e->o.workers; i++) {
        if (!atomic_load(&e->w[i].ready))
            return false;
    }
    return true;
}

int engine_busy_poll_refused(const struct engine *e)
{
    return loop_busy_poll_refused(e->w[0].loop);
}

struct engine_connecting engine_connecting(const struct engine *e)
{
    struct engine_connecting c = {0};
    if (e->o.load->o.mode == LOAD_CLOSED && !e->o.no_keepalive)
        c.wanted = first_users(e->o.load);
    for (unsigned i = 0; i < e->o.workers; i++) {
        c.open += atomic_load_explicit(&e->w[i].connected, memory_order_relaxed);
        c.failed += atomic_load_explicit(&e->w[i].connects_failed, memory_order_relaxed);
    }
    return c;
}

bool engine_lost(struct engine *e, unsigned target)
{
    return atomic_exchange_explicit(&e->lost[target], false, memory_order_relaxed);
}

void engine_set_addrs(struct engine *e, unsigned target, const struct addr *addrs, size_t n)
{
    for (unsigned i = 0; i < e->o.workers; i++) {
        struct new_addrs *a = xcalloc(1, sizeof *a + n * sizeof a->addrs[0]);
        a->next = e->new_addrs;
        a->w = &e->w[i];
        a->target = target;
        a->n = n;
        memcpy(a->addrs, addrs, n * sizeof addrs[0]);
        e->new_addrs = a;
        loop_wake(a->w->loop, routes_take_addrs, a);
    }
}

void engine_begin(struct engine *e, int64_t at)
{
    e->begin = at;
    for (unsigned i = 0; i < e->o.workers; i++)
        worker_begin(&e->w[i]);
}

static void return_owed(struct engine *e)
{
    while (e->owed) {
        struct record *r = e->owed;
        if (!ring_push(&e->w[r->worker].back, r))
            return;
        e->owed = r->next;
    }
}

struct record *engine_pop(struct engine *e)
{
    return_owed(e);
    for (unsigned k = 0; k < e->o.workers; k++) {
        struct record *r = ring_pop(&e->w[e->next_pop].out);
        e->next_pop = (e->next_pop + 1) % e->o.workers;
        if (r)
            return r;
    }
    return NULL;
}

void engine_give_back(struct engine *e, struct record *r)
{
    if (r->text) {
        free(r->text);
        r->text = NULL;
    }
    r->detail = (struct str){0};
    if (ring_push(&e->w[r->worker].back, r))
        return;
    r->next = e->owed;
    e->owed = r;
}

void engine_stop(struct engine *e, int64_t drain)
{
    int64_t never = 0;
    atomic_compare_exchange_strong(&e->stopped_at, &never, clock_mono());
    e->stop_drain = drain;
    for (unsigned i = 0; i < e->o.workers; i++) {
        if (e->w[i].started)
            worker_stop(&e->w[i]);
    }
}

bool engine_finished(struct engine *e)
{
    for (unsigned i = 0; i < e->o.workers; i++) {
        if (!atomic_load(&e->w[i].ended))
            return false;
    }
    return true;
}

static void join_all(struct engine *e)
{
    for (unsigned i = 0; i < e->o.workers; i++) {
        if (e->w[i].started)
            pthread_join(e->w[i].thread, NULL);
        e->w[i].started = false;
    }
}

void engine_end(struct engine *e, struct engine_totals *t, struct rec_client *clients)
{
    join_all(e);
    memset(t, 0, sizeof *t);
    int64_t stopped = atomic_load(&e->stopped_at);
    t->stopped_at = stopped ? stopped - e->o.epoch : 0;
    for (unsigned i = 0; i < e->o.workers; i++) {
        const struct worker *w = &e->w[i];
        if (w->first_start && (!t->first_start || w->first_start < t->first_start))
            t->first_start = w->first_start;
        t->last_start = MAX(t->last_start, w->last_start);
        t->last_end = MAX(t->last_end, w->last_end);
        t->taken += w->taken;
        t->lost_records += w->lost;
        t->exhausted += w->exhausted;
        t->unkept += w->unkept;
        t->prewarm_failed += w->prewarm_failed;
        t->prewarm_missing += w->prewarm_missing;
        clients[i] = w->client_rec;
    }
}

void engine_live(const struct engine *e, struct live *sum)
{
    memset(sum, 0, sizeof *sum);
    for (unsigned i = 0; i < e->o.workers; i++) {
        const struct live *l = &e->w[i].live;
        live_add(&sum->started, live_get(&l->started));
        live_add(&sum->completed, live_get(&l->completed));
        live_add(&sum->succeeded, live_get(&l->succeeded));
        live_add(&sum->failed, live_get(&l->failed));
        live_add(&sum->tokens, live_get(&l->tokens));
    }
}

void engine_free(struct engine **ep)
{
    struct engine *e = *ep;
    if (!e)
        return;
    join_all(e);
    while (e->owed) {
        struct record *r = e->owed;
        e->owed = r->next;
        rec_recycle(&e->w[r->worker].slab, r);
    }
    for (unsigned i = 0; i < e->o.workers; i++)
        worker_close(&e->w[i]);
    while (e->new_addrs) {
        struct new_addrs *a = e->new_addrs;
        e->new_addrs = a->next;
        free(a);
    }
    free(e->lost);
    free(e->w);
    free(e);
    *ep = NULL;
}
