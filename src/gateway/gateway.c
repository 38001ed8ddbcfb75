/* gateway.c - the server: threads, signals, and the way down. */
#include "gateway/gateway.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "gateway/gw_front.h"
#include "net/resolve.h"
#include "net/tls.h"

#define THREADS_MAX 1024
#define LOOK_NS (10 * NS_PER_MS)   /* how often one looks, on the way down, whether all is done */
#define FAREWELL_NS (1 * NS_PER_S) /* for answers that were broken off to reach their clients */

enum stage { STARTING, READY, FAILED };

struct gateway;

struct thread {
    struct gateway *g;
    unsigned index;
    pthread_t id;
    enum stage stage;
    struct loop *loop;
    struct tls_ctx *tls;
    bool own_tls;
    struct gw_front *front;
    struct addr addr;
    struct timer timer; /* on the way down */
    bool stopped;
    int64_t until;
    struct err err;
};

struct gateway {
    const struct gateway_config *c;
    struct gw_shared *shared;
    struct thread *threads;
    unsigned n;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    _Atomic unsigned ended;
};

/* ---- a thread */

static unsigned versions(const struct gateway_config *c)
{
    if (!c->http || strcmp(c->http, "auto") == 0)
        return HS_HTTP1 | HS_HTTP2;
    return strcmp(c->http, "2") == 0 ? HS_HTTP2 : HS_HTTP1;
}

static int open_tls(struct thread *t, struct err *e)
{
    const struct gateway_config *c = t->g->c;
    unsigned http = versions(c);
    if (t->index > 0 && !c->cert) { /* what is made here must be the same for all */
        t->tls = t->g->threads[0].tls;
        return 0;
    }
    const struct tls_server_opts o = {
        .alpn = (http & HS_HTTP1 ? TLS_ALPN_HTTP11 : 0U) | (http & HS_HTTP2 ? TLS_ALPN_H2 : 0U),
        .cert = c->cert,
        .key = c->key,
        .tickets_of = t->index > 0 ? t->g->threads[0].tls : NULL,
    };
    t->tls = tls_server_new(&o, e);
    t->own_tls = t->tls != NULL;
    return t->tls ? 0 : -1;
}

static void on_timer(struct timer *timer)
{
    struct thread *t = CONTAINER_OF(timer, struct thread, timer);
    int64_t now = clock_mono();
    if (gw_front_open(t->front) == 0 || (t->stopped && now >= t->until)) {
        loop_stop(t->loop);
        return;
    }
    if (!t->stopped && now >= t->until) {
        t->stopped = true;
        t->until = now + FAREWELL_NS;
        gw_front_stop(t->front);
    }
    loop_timer_set(t->loop, timer, now + LOOK_NS);
}

static void drain(void *arg)
{
    struct thread *t = arg;
    t->until = clock_mono() + t->g->c->drain;
    gw_front_drain(t->front);
    loop_timer_set(t->loop, &t->timer, 0);
}

static void stop(void *arg)
{
    loop_stop(((struct thread *)arg)->loop);
}

static int start(struct thread *t, struct err *e)
{
    const struct gateway_config *c = t->g->c;
    t->loop = loop_new(NULL, e);
    if (!t->loop || (c->tls && open_tls(t, e) < 0))
        return -1;
    t->timer.fire = on_timer;
    const struct gw_front_opts o = {.addr = t->addr,
                                    .tls = t->tls,
                                    .reuse_port = t->g->n > 1,
                                    .http = versions(c),
                                    .max_body = c->max_body,
                                    .max_head = c->max_head,
                                    .client_timeout = c->client_timeout};
    t->front = gw_front_new(t->g->shared, t->loop, &o, e);
    if (!t->front)
        return -1;
    gw_front_addr(t->front, &t->addr);
    return 0;
}

static void *thread_main(void *arg)
{
    struct thread *t = arg;
    struct gateway *g = t->g;
    prctl(PR_SET_NAME, "weir-gateway");
    bool ok = start(t, &t->err) == 0;
    pthread_mutex_lock(&g->lock);
    t->stage = ok ? READY : FAILED;
    pthread_cond_broadcast(&g->cond);
    pthread_mutex_unlock(&g->lock);
    if (ok)
        loop_run(t->loop);
    gw_front_free(&t->front);
    atomic_fetch_add(&g->ended, 1);
    return NULL; /* the loop stays for others that may still wake it */
}

/* ---- all of them */

static enum stage await_stage(struct gateway *g, const struct thread *t)
{
    pthread_mutex_lock(&g->lock);
    while (t->stage == STARTING)
        pthread_cond_wait(&g->cond, &g->lock);
    enum stage s = t->stage;
    pthread_mutex_unlock(&g->lock);
    return s;
}

/* One after the other: the first one's port is that of the others. Returns how many threads there are to join. */
static unsigned start_threads(struct gateway *g, const struct addr *a, struct err *e)
{
    struct addr addr = *a;
    for (unsigned i = 0; i < g->n; i++) {
        struct thread *t = &g->threads[i];
        t->g = g;
        t->index = i;
        t->addr = addr;
        int rc = pthread_create(&t->id, NULL, thread_main, t);
        if (rc != 0) {
            err_sys(e, ERR_LIMIT, rc, "cannot start thread %u", i);
            return i;
        }
        if (await_stage(g, t) == FAILED) {
            *e = t->err;
            return i + 1;
        }
        addr = t->addr;
    }
    return g->n;
}

static void announce(const struct gateway *g)
{
    char text[64];
    const struct addr *a = &g->threads[0].addr;
    addr_text(a, text);
    if (a->sa.ss_family == AF_UNIX)
        printf("weir gateway listening on %s\n", g->c->listen);
    else
        printf("weir gateway listening on %s://%s\n", g->c->tls ? "https" : "http", text);
    fflush(stdout);
    if (g->c->ready_fd < 0)
        return;
    const char *colon = strrchr(text, ':');
    char line[16];
    int n = snprintf(line, sizeof line, "%.8s\n", a->sa.ss_family == AF_UNIX || !colon ? "0" : colon + 1);
    fd_write_all(g->c->ready_fd, line, (size_t)n);
}

static void wake_all(struct gateway *g, unsigned n, void (*fn)(void *arg))
{
    for (unsigned i = 0; i < n; i++)
        if (g->threads[i].stage == READY)
            loop_wake(g->threads[i].loop, fn, &g->threads[i]);
}

/* The first signal begins the way down, the second one ends it. */
static void wait_for_the_end(struct gateway *g, const sigset_t *signals)
{
    const struct timespec look = {.tv_nsec = LOOK_NS};
    int sig;
    sigwait(signals, &sig);
    log_info("gateway: draining; a second signal ends it at once");
    wake_all(g, g->n, drain);
    while (atomic_load(&g->ended) < g->n) {
        if (sigtimedwait(signals, NULL, &look) < 0)
            continue;
        wake_all(g, g->n, stop);
        return;
    }
}

static void free_threads(struct gateway *g)
{
    for (unsigned i = g->n; i-- > 0;) {
        struct thread *t = &g->threads[i];
        if (t->own_tls)
            tls_free(&t->tls);
        if (t->loop)
            loop_free(&t->loop);
    }
    free(g->threads);
}

static int serve(struct gateway *g, const struct addr *a, const sigset_t *signals, struct err *e)
{
    g->threads = xcalloc(g->n, sizeof *g->threads);
    unsigned started = start_threads(g, a, e);
    bool ok = started == g->n && g->threads[started - 1].stage == READY;
    if (ok) {
        announce(g);
        wait_for_the_end(g, signals);
    } else {
        wake_all(g, started, stop);
    }
    for (unsigned i = 0; i < started; i++)
        pthread_join(g->threads[i].id, NULL);
    free_threads(g);
    return ok ? 0 : -1;
}

static int open_and_serve(struct gateway *g, const sigset_t *signals, struct err *e)
{
    struct addr a;
    if (listen_address(g->c->listen, &a, e) < 0)
        return -1;
    g->n =
        a.sa.ss_family == AF_UNIX ? 1 : (unsigned)MIN(MAX(g->c->threads, 1U), THREADS_MAX); /* a path: one listener */
    listen_remove_stale(&a);
    g->shared = gw_shared_new(g->c, e);
    return g->shared ? serve(g, &a, signals, e) : -1;
}

int gateway_run(const struct gateway_config *c)
{
    struct err e = {0};
    sigset_t signals, before;
    struct gateway g = {.c = c, .lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};
    files_raise_limit();
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    int rc = open_and_serve(&g, &signals, &e);
    gw_shared_free(&g.shared);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_mutex_destroy(&g.lock);
    pthread_cond_destroy(&g.cond);
    if (rc == 0)
        return 0;
    log_error("%s", e.text);
    return e.code == ERR_USAGE || e.code == ERR_DATA ? 2 : 1;
}
