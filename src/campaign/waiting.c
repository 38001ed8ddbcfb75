/* waiting.c - --wait-ready: until every endpoint answers, before anything else is asked of it. */
#include <unistd.h>

#include "base/log.h"
#include "campaign/campaign_private.h"
#include "engine/ready.h"

#define NAP_FIRST (200 * NS_PER_MS)
#define NAP_MOST NS_PER_S
#define ONE_REQUEST (60 * NS_PER_S)

static void tell(const struct campaign_state *s, const struct endpoints *ep, unsigned i, const char *why, int64_t begin)
{
    if (!s->v->waiting)
        return;
    struct campaign_wait w = {
        .endpoint = ep->target[i].origin,
        .why = why,
        .waited = clock_mono() - begin,
        .patience = s->c->wait_ready,
    };
    s->v->waiting(s->v->arg, &w);
}

static int out_of_patience(const struct campaign_state *s, const struct endpoints *ep, unsigned i, const char *why,
                           struct err *e)
{
    char d[32];
    return err_set(
        e, ERR_NET,
        "--wait-ready: %s is not ready after %s (%s); is it the right address, and does the server's log say "
        "more?",
        ep->target[i].origin, fmt_duration(d, s->c->wait_ready), why);
}

static int wait_for_one(const struct campaign_state *s, unsigned i, int64_t begin, struct err *e)
{
    const struct variant *v = &s->variant[0];
    const struct endpoints *ep = v->ep;
    struct api_opts o = v->api_opts;
    int64_t end = begin + s->c->wait_ready, nap = NAP_FIRST;
    o.model = v->c->model;
    bool told = false;
    for (;;) {
        struct ready r = {.ask_request = !s->c->no_probe, .timeout = MIN(s->c->timeout, ONE_REQUEST)};
        struct err never = {0};
        r.timeout = MAX(MIN(r.timeout, end - clock_mono()), NS_PER_S);
        enum ready_state st = ready_ask(&ep->target[i], s->ops, &o, dataset_at(v->ds, 0), &r, &never);
        if (st == READY_NEVER) {
            *e = never;
            return -1;
        }
        if (st == READY_YES) {
            if (told)
                tell(s, ep, i, NULL, begin);
            return 0;
        }
        int64_t left = end - clock_mono();
        if (left <= 0)
            return out_of_patience(s, ep, i, r.why, e);
        tell(s, ep, i, r.why, begin);
        told = true;
        usleep((useconds_t)(MIN(nap, left) / NS_PER_US));
        nap = MIN(2 * nap, NAP_MOST);
    }
}

int waiting(const struct campaign_state *s, struct err *e)
{
    int64_t begin = clock_mono();
    for (unsigned i = 0; s->c->wait_ready > 0 && i < s->n_targets; i++) {
        if (wait_for_one(s, i, begin, e) < 0)
            return -1;
    }
    return 0;
}
