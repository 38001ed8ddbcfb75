#include "gateway/gw_lookup.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"

struct gw_lookup { /* freed by whoever lets go last: its owner, or the thread */
    pthread_mutex_t lock;
    pthread_cond_t cond;
    unsigned owners;
    bool quit;
    char *host;
    uint16_t port;
    int64_t every;
    resolve_fn *resolve;
    struct addr addrs[GW_LOOKUP_ADDRS];
    size_t n;
    _Atomic uint64_t version;
};

/* With the lock held, which is given up. */
static void let_go(struct gw_lookup *l)
{
    bool last = --l->owners == 0;
    pthread_mutex_unlock(&l->lock);
    if (!last)
        return;
    pthread_cond_destroy(&l->cond);
    pthread_mutex_destroy(&l->lock);
    free(l->host);
    free(l);
}

static void wait_for(struct gw_lookup *l, int64_t ns)
{
    int64_t due = clock_mono() + ns;
    const struct timespec ts = {due / NS_PER_S, due % NS_PER_S};
    int rc = 0;
    while (!l->quit && rc == 0)
        rc = pthread_cond_timedwait(&l->cond, &l->lock, &ts);
}

static bool same(const struct gw_lookup *l, const struct addr *a, size_t n)
{
    if (l->n != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        bool found = false;
        for (size_t k = 0; k < n && !found; k++)
            found = addr_same(&l->addrs[i], &a[k]);
        if (!found)
            return false;
    }
    return true;
}

static void *look(void *arg)
{
    struct gw_lookup *l = arg;
    bool told = false;
    pthread_mutex_lock(&l->lock);
    for (;;) {
        wait_for(l, l->every);
        if (l->quit)
            break;
        struct addr a[GW_LOOKUP_ADDRS];
        struct err e = {0};
        pthread_mutex_unlock(&l->lock);
        int n = l->resolve(l->host, l->port, a, GW_LOOKUP_ADDRS, &e);
        pthread_mutex_lock(&l->lock);
        if (n <= 0 && !told && !l->quit)
            log_warn("the upstream's name could not be looked up again: %s", e.text);
        told = n <= 0;
        if (n <= 0 || same(l, a, (size_t)n))
            continue;
        memcpy(l->addrs, a, (size_t)n * sizeof a[0]);
        l->n = (size_t)n;
        atomic_fetch_add_explicit(&l->version, 1, memory_order_release);
    }
    let_go(l);
    return NULL;
}

struct gw_lookup *gw_lookup_new(const char *host, uint16_t port, int64_t every, resolve_fn *resolve, struct err *e)
{
    sigset_t all, before;
    pthread_condattr_t ca;
    pthread_t thread;
    struct gw_lookup *l = xcalloc(1, sizeof *l);
    l->host = xstrdup(host);
    l->port = port;
    l->every = every;
    l->resolve = resolve;
    l->owners = 2;
    pthread_mutex_init(&l->lock, NULL);
    pthread_condattr_init(&ca);
    pthread_condattr_setclock(&ca, CLOCK_MONOTONIC);
    pthread_cond_init(&l->cond, &ca);
    pthread_condattr_destroy(&ca);
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&thread, NULL, look, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0) {
        pthread_detach(thread);
        return l;
    }
    pthread_mutex_lock(&l->lock);
    l->owners = 1;
    let_go(l);
    err_sys(e, ERR_LIMIT, rc, "cannot start the thread that looks the upstream's name up");
    return NULL;
}

void gw_lookup_free(struct gw_lookup **lp)
{
    struct gw_lookup *l = *lp;
    if (!l)
        return;
    *lp = NULL;
    pthread_mutex_lock(&l->lock);
    l->quit = true;
    pthread_cond_broadcast(&l->cond);
    let_go(l);
}

bool gw_lookup_get(struct gw_lookup *l, uint64_t *seen, struct addr out[GW_LOOKUP_ADDRS], size_t *n)
{
    if (!l || atomic_load_explicit(&l->version, memory_order_acquire) == *seen)
        return false;
    pthread_mutex_lock(&l->lock);
    memcpy(out, l->addrs, l->n * sizeof out[0]);
    *n = l->n;
    *seen = atomic_load_explicit(&l->version, memory_order_relaxed);
    pthread_mutex_unlock(&l->lock);
    return true;
}
