#include "net/dialer.h"

#include "base/xalloc.h"
#include "net/tls.h"

struct dial_set {
    unsigned refs;
    unsigned n;
    int64_t rests_until[DIAL_MAX_ADDRS]; /* those that did not connect are passed over until then */
    struct addr addrs[];                 /* n of them */
};

struct dialer {
    struct loop *loop;
    struct dialer_opts o;
    struct dial_set *set;
    struct tls_sessions *sessions;
    size_t turn;
};

static bool can_reach(const struct dialer *d, const struct addr *a)
{
    if (d->o.n_binds == 0 || a->sa.ss_family == AF_UNIX)
        return true;
    for (size_t i = 0; i < d->o.n_binds; i++) {
        if (d->o.binds[i].sa.ss_family == a->sa.ss_family)
            return true;
    }
    return false;
}

static void let_go(struct dial_set *s)
{
    if (s && --s->refs == 0)
        free(s);
}

void dialer_set_addrs(struct dialer *d, const struct addr *addrs, size_t n)
{
    n = MIN(n, (size_t)DIAL_MAX_ADDRS);
    struct dial_set *s = xcalloc(1, sizeof(*s) + n * sizeof(s->addrs[0]));
    for (size_t i = 0; i < n; i++) {
        if (can_reach(d, &addrs[i]))
            s->addrs[s->n++] = addrs[i];
    }
    if (s->n == 0 && d->set) {
        free(s);
        return;
    }
    s->refs = 1;
    let_go(d->set);
    d->set = s;
}

struct dialer *dialer_new(struct loop *l, const struct dialer_opts *o)
{
    struct dialer *d = xcalloc(1, sizeof(*d));
    d->loop = l;
    d->o = *o;
    d->turn = o->turn;
    if (o->tls && !o->no_resume)
        d->sessions = tls_sessions_new();
    dialer_set_addrs(d, o->addrs, o->n_addrs);
    d->o.addrs = NULL;
    return d;
}

void dialer_free(struct dialer **dp)
{
    struct dialer *d = *dp;
    if (!d)
        return;
    let_go(d->set);
    tls_sessions_free(&d->sessions);
    free(d);
    *dp = NULL;
}

/* Whose turn it is, and how often all have had theirs. */
static size_t choose(struct dialer *d, size_t *round)
{
    const struct dial_set *s = d->set;
    unsigned char fit[DIAL_MAX_ADDRS];
    size_t n = 0;
    int64_t now = loop_now(d->loop);
    for (int any_family = 0; any_family < 2 && n == 0; any_family++) {
        for (unsigned i = 0; i < s->n; i++) {
            if (s->rests_until[i] <= now && (any_family || s->addrs[i].sa.ss_family == s->addrs[0].sa.ss_family))
                fit[n++] = (unsigned char)i;
        }
    }
    size_t turn = d->turn++;
    *round = turn / (n ? n : s->n);
    return n ? fit[turn % n] : turn % s->n;
}

struct stream *dialer_open(struct dialer *d, struct dialing *g, stream_cb *cb, void *arg, enum stream_rc *rc)
{
    struct dial_set *s = d->set;
    size_t round = 0;
    struct dial o = {.addrs = s->addrs,
                     .n_addrs = s->n,
                     .binds = d->o.binds,
                     .n_binds = d->o.n_binds,
                     .tls = d->o.tls,
                     .sni = d->o.sni,
                     .tunnel = d->o.tunnel,
                     .sessions = d->sessions,
                     .no_stamps = d->o.no_stamps};
    if (s->n > 0)
        o.first = choose(d, &round);
    o.bind = round;
    s->refs++;
    g->set = s;
    g->first = (unsigned char)o.first;
    return stream_dial(d->loop, &o, cb, arg, rc);
}

/* What the machine lacks, or a proxy says of the other end, says nothing of the address. */
static bool blames_address(const struct stream *s)
{
    enum stream_rc rc = stream_fail_rc(s);
    return rc != STREAM_NOFILES && rc != STREAM_NOPORTS && rc != STREAM_TLS && rc != STREAM_PROXY;
}

void dialing_end(struct dialer *d, struct dialing *g, const struct stream *s, bool up)
{
    struct dial_set *set = g->set;
    if (!set)
        return;
    g->set = NULL;
    size_t bad = 0;
    if (s && set->n > 0 && (up || blames_address(s))) {
        bad = stream_tried(s);
        if (!up) /* it may have been given up while the next one was being tried */
            bad = MIN(bad + 1, (size_t)set->n);
        for (size_t i = 0; i < bad; i++)
            set->rests_until[(g->first + i) % set->n] = loop_now(d->loop) + DIALER_REST_NS;
    }
    let_go(set);
    if (bad > 0 && d->o.lost)
        d->o.lost(d->o.arg);
}
