/* route.c - a worker's ways to the endpoints, and which of them a request takes. */
#include "base/xalloc.h"
#include "engine/engine_private.h"

int routes_open(struct worker *w, struct err *e)
{
    const struct engine_opts *o = &w->e->o;
    w->routes = xcalloc(o->n_targets, sizeof *w->routes);
    w->turn = w->id % o->n_targets; /* so that workers do not all begin with the same endpoint */
    for (unsigned i = 0; i < o->n_targets; i++) {
        const struct target *t = &o->targets[i];
        /* All endpoints share the options of TLS, so one context serves them; each route keeps its own sessions. */
        if (t->tls && !w->tls && !(w->tls = tls_client_new(&t->tls_opts, e)))
            return -1;
        buf_init(&w->routes[i].head, 256u << 10);
        target_head(t, t->method ? t->method : "POST", NULL, true, &w->routes[i].head);
        if (t->signer)
            w->routes[i].sigv4 = signer_sigv4(t->signer, t->region);
    }
    return 0;
}

void routes_close(struct worker *w)
{
    for (unsigned i = 0; w->routes && i < w->e->o.n_targets; i++) {
        buf_free(&w->routes[i].head);
        sigv4_free(&w->routes[i].sigv4);
    }
    free(w->routes);
    w->routes = NULL;
    tls_free(&w->tls);
}

/* ---- connections opened ahead */

static void tell_progress(struct worker *w)
{
    struct hclient_stats s = routes_stats(w);
    atomic_store_explicit(&w->connected, MIN(s.room, (uint64_t)w->slots), memory_order_relaxed);
    atomic_store_explicit(&w->connects_failed, s.failed_connects, memory_order_relaxed);
}

static void on_progress(struct timer *t)
{
    struct worker *w = CONTAINER_OF(t, struct worker, progress);
    tell_progress(w);
    loop_timer_set(w->loop, t, loop_now(w->loop) + 20 * NS_PER_MS);
}

static void prewarm_over(struct worker *w)
{
    loop_timer_stop(w->loop, &w->progress);
    tell_progress(w);
    struct hclient_stats s = routes_stats(w);
    w->prewarming = 0;
    w->prewarm_failed = s.failed_connects;
    w->prewarm_missing = w->slots > s.room ? w->slots - s.room : 0;
    atomic_store(&w->ready, true);
}

static void on_prewarmed(void *arg)
{
    struct worker *w = arg;
    if (--w->prewarming == 0)
        prewarm_over(w);
}

void routes_settle(struct worker *w)
{
    if (w->prewarming == 0)
        return;
    for (unsigned i = 0; i < w->e->o.n_targets; i++)
        hclient_prewarm_stop(w->routes[i].client);
    prewarm_over(w);
}

/* Rounded up: a slot goes to one endpoint after the other, and none shall have to connect while it is measured. */
static void prewarm(struct worker *w)
{
    unsigned n = w->e->o.n_targets;
    w->prewarming = n;
    w->progress.fire = on_progress;
    loop_timer_set(w->loop, &w->progress, 0);
    for (unsigned i = 0; i < n; i++)
        hclient_prewarm(w->routes[i].client, (w->slots + n - 1) / n, on_prewarmed, w);
}

static void on_lost(void *flag)
{
    atomic_store_explicit((_Atomic bool *)flag, true, memory_order_relaxed);
}

void routes_take_addrs(void *new_addrs)
{
    const struct new_addrs *a = new_addrs;
    hclient_set_addrs(a->w->routes[a->target].client, a->addrs, a->n);
}

/* The pace of all workers' routes together is the one asked for. */
static int64_t prewarm_gap(const struct engine_opts *o)
{
    return o->connect_rate > 0 ? (int64_t)((double)NS_PER_S * o->workers * o->n_targets / o->connect_rate) : 0;
}

void routes_connect(struct worker *w)
{
    const struct engine_opts *o = &w->e->o;
    for (unsigned i = 0; i < o->n_targets; i++) {
        const struct target *t = &o->targets[i];
        struct hclient_opts h = {
            .addrs = t->addrs,
            .n_addrs = (size_t)t->n_addrs,
            .binds = t->binds,
            .n_binds = t->n_binds,
            .turn = w->id,
            .lost = on_lost,
            .lost_arg = &w->e->lost[i],
            .prewarm_gap = prewarm_gap(o),
            .no_tls_resume = o->no_tls_resume,
            .tls = t->tls ? w->tls : NULL,
            .sni = t->host,
            .tunnel = t->tunnel,
            .http = t->http,
            .expect = t->http_seen,
            .streams_per_conn = o->streams_per_conn,
            .idle_ns = o->idle_timeout,
            .no_keepalive = o->no_keepalive,
            .no_stamps = o->no_kernel_stamps,
            .read_buf = w->read_buf,
            .read_cap = READ_BUFFER,
        };
        w->routes[i].client = hclient_new(w->loop, &h);
    }
    if (o->load->o.mode == LOAD_CLOSED && !o->no_keepalive && w->slots > 0)
        prewarm(w);
    else
        atomic_store(&w->ready, true);
}

void routes_disconnect(struct worker *w)
{
    for (unsigned i = 0; i < w->e->o.n_targets; i++)
        hclient_free(&w->routes[i].client);
}

/* NULL: it hangs on what is open. */
static struct route *in_turn(struct worker *w, uint64_t index)
{
    unsigned n = w->e->o.n_targets;
    if (n > 1 && w->e->o.balance != BALANCE_ROUND_ROBIN)
        return NULL;
    return &w->routes[index % n];
}

struct route *route_foreseen(struct worker *w, const struct plan_item *it)
{
    const struct plan_extra *x = it->what->extra;
    return x && x->endpoint ? &w->routes[x->endpoint - 1] : in_turn(w, route_turn(it));
}

struct route *route_choose(struct worker *w, uint64_t index)
{
    unsigned n = w->e->o.n_targets;
    struct route *best = in_turn(w, index);
    if (best)
        return best;
    for (unsigned k = 0; k < n; k++) {
        struct route *r = &w->routes[(w->turn + k) % n];
        if (!best || r->in_flight < best->in_flight)
            best = r;
    }
    w->turn = ((unsigned)(best - w->routes) + 1) % n;
    return best;
}

struct hclient_stats routes_stats(const struct worker *w)
{
    struct hclient_stats sum = {0};
    for (unsigned i = 0; i < w->e->o.n_targets; i++) {
        struct hclient_stats s = hclient_get_stats(w->routes[i].client);
        sum.opened += s.opened;
        sum.room += s.room;
        sum.resumed += s.resumed;
        sum.reused += s.reused;
        sum.retried += s.retried;
        sum.idle_closed += s.idle_closed;
        sum.server_closed += s.server_closed;
        sum.failed_connects += s.failed_connects;
        sum.reads += s.reads;
        sum.kernel_stamped += s.kernel_stamped;
        sum.open_now += s.open_now;
        sum.idle_now += s.idle_now;
    }
    return sum;
}
