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
        /* A context each, although the options are the same: it keeps the sessions to be resumed. */
        if (t->tls && !(w->routes[i].tls = tls_client_new(&t->tls_opts, e)))
            return -1;
        buf_init(&w->routes[i].head, 256u << 10);
        target_head(t, "POST", NULL, true, &w->routes[i].head);
    }
    return 0;
}

void routes_close(struct worker *w)
{
    for (unsigned i = 0; w->routes && i < w->e->o.n_targets; i++) {
        buf_free(&w->routes[i].head);
        tls_free(&w->routes[i].tls);
    }
    free(w->routes);
    w->routes = NULL;
}

static void on_prewarmed(void *arg)
{
    struct worker *w = arg;
    if (--w->prewarming > 0)
        return;
    w->prewarm_failed = routes_stats(w).failed_connects;
    atomic_store(&w->ready, true);
}

/* The first routes of the worker's own order take the remainder. */
static void prewarm(struct worker *w)
{
    unsigned n = w->e->o.n_targets;
    w->prewarming = n;
    for (unsigned k = 0; k < n; k++) {
        struct route *r = &w->routes[(w->id + k) % n];
        hclient_prewarm(r->client, w->slots / n + (k < w->slots % n), on_prewarmed, w);
    }
}

void routes_connect(struct worker *w)
{
    const struct engine_opts *o = &w->e->o;
    for (unsigned i = 0; i < o->n_targets; i++) {
        const struct target *t = &o->targets[i];
        struct hclient_opts h = {
            .addrs = t->addrs,
            .n_addrs = (size_t)t->n_addrs,
            .tls = w->routes[i].tls,
            .sni = t->host,
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

struct route *route_choose(struct worker *w, uint64_t index)
{
    unsigned n = w->e->o.n_targets;
    if (w->e->o.balance == BALANCE_ROUND_ROBIN)
        return &w->routes[index % n];
    struct route *best = NULL;
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
        sum.reused += s.reused;
        sum.retried += s.retried;
        sum.failed_connects += s.failed_connects;
        sum.reads += s.reads;
        sum.kernel_stamped += s.kernel_stamped;
    }
    return sum;
}
