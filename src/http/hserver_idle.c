/* hserver_idle.c - clients that keep a connection and say nothing, or never finish what they say or take what they
 * asked for: they are looked for once a second, so that a connection costs no timer of its own. */
#include "base/clock.h"
#include "http/hserver_private.h"

static bool is_busy(const struct hs_link *l)
{
    return l->state == HS_DEAD || l->broken || (l->h2 != NULL ? hs2_busy(l) : l->state == HS_BUSY);
}

static void close_idle(struct hs_link *l)
{
    l->srv->stats.idle_closed += !l->parting;
    if (l->h2 != NULL && !l->parting && hs_link_queued(l) == 0) {
        l->parting = true;
        hs2_part(l);
    } else {
        hs_link_gone(l);
    }
}

static void on_sweep(struct timer *t)
{
    struct hserver *s = CONTAINER_OF(t, struct hserver, sweep);
    int64_t now = loop_now(s->loop);
    for (struct hs_link *l = s->all; l != NULL; l = l->next)
        if (now - l->since >= s->o.idle_ns && !is_busy(l))
            close_idle(l);
    loop_timer_set(s->loop, t, now + MIN(s->o.idle_ns, 1 * NS_PER_S));
}

void hs_idle_start(struct hserver *s)
{
    s->sweep.fire = on_sweep;
    if (s->o.idle_ns > 0)
        loop_timer_set(s->loop, &s->sweep, clock_mono() + MIN(s->o.idle_ns, 1 * NS_PER_S));
}
