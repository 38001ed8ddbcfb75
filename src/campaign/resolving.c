/* resolving.c - looks an endpoint's name up again when one of its addresses no longer connects. The look-up blocks, so
 * it has a thread of its own, one at a time for each endpoint and at most once a second. It may outlive the run (a name
 * server that does not answer): what both sides use is counted, and freed by the last. */
#include <pthread.h>
#include <stdatomic.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "campaign/campaign_private.h"

#define AGAIN_NS NS_PER_S

struct resolve_job {
    _Atomic int refs;
    _Atomic bool done;
    resolve_fn *lookup;
    char *host;
    uint16_t port;
    int n; /* < 0: failed */
    struct addr addrs[TARGET_MAX_ADDRS];
};

static void let_go(struct resolve_job *j)
{
    if (atomic_fetch_sub(&j->refs, 1) > 1)
        return;
    free(j->host);
    free(j);
}

static void *run(void *arg)
{
    struct resolve_job *j = arg;
    struct err e = {0};
    j->n = j->lookup(j->host, j->port, j->addrs, TARGET_MAX_ADDRS, &e);
    atomic_store(&j->done, true);
    let_go(j);
    return NULL;
}

static struct resolve_job *begin(const struct target *t)
{
    struct resolve_job *j = xcalloc(1, sizeof *j);
    pthread_attr_t attr;
    pthread_t thread;
    atomic_init(&j->refs, 2);
    j->lookup = t->lookup;
    j->host = xstrdup(t->dial_host);
    j->port = t->dial_port;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    int rc = pthread_create(&thread, &attr, run, j);
    pthread_attr_destroy(&attr);
    if (rc == 0)
        return j;
    let_go(j);
    let_go(j);
    return NULL;
}

/* Whether it says what is known already. Order does not matter: name servers rotate it. */
static bool nothing_new(const struct resolving *r, const struct target *t, const struct resolve_job *j)
{
    const struct addr *known = r->n_fresh ? r->fresh : t->addrs;
    int n = r->n_fresh ? r->n_fresh : t->n_addrs;
    bool same = n == j->n;
    for (int i = 0; i < j->n && same; i++) {
        bool found = false;
        for (int k = 0; k < n && !found; k++)
            found = addr_same(&j->addrs[i], &known[k]);
        same = found;
    }
    return same;
}

static void take(struct resolving *r, struct target *t, struct engine *en, unsigned i)
{
    struct resolve_job *j = r->job;
    r->job = NULL;
    if (j->n > 0 && !nothing_new(r, t, j)) {
        r->changed++;
        log_debug("%s has other addresses now", t->dial_host);
        engine_set_addrs(en, i, j->addrs, (size_t)j->n);
        r->n_fresh = j->n; /* workers may still read the target's own: the next level begins with these */
        memcpy(r->fresh, j->addrs, sizeof r->fresh);
    }
    let_go(j);
}

void resolving_poll(struct resolving *r, struct target *t, struct engine *en, unsigned i, int64_t now)
{
    r->wanted |= engine_lost(en, i);
    if (r->job && atomic_load(&r->job->done))
        take(r, t, en, i);
    if (!r->wanted || r->job || !t->dial_host || (r->last && now - r->last < AGAIN_NS))
        return;
    r->wanted = false;
    r->last = now;
    r->job = begin(t);
    r->lookups += r->job != NULL;
}

void resolving_level_end(struct resolving *r, struct target *t)
{
    if (r->job)
        let_go(r->job);
    r->job = NULL;
    r->wanted = false;
    if (r->n_fresh > 0) {
        t->n_addrs = r->n_fresh;
        memcpy(t->addrs, r->fresh, sizeof t->addrs);
        r->n_fresh = 0;
    }
}
