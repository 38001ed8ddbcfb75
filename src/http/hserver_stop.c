/* hserver_stop.c - the end of a server that lets its clients finish. What is idle goes, but only after a look at what
 * the kernel holds: a client that has sent a request on a connection we kept open is to have its answer. What cannot go
 * yet comes by here when it has (on_timer). */
#include "base/clock.h"
#include "http/hserver_private.h"

/* Nothing of a request, nothing of an answer. HTTP/1, or not known yet. */
static bool is_idle(const struct hs_link *l)
{
    return l->state == HS_READING && l->h2 == NULL && !l->broken && l->reader == NULL && l->ahead.n == 0 &&
           hs_link_queued(l) == 0 && (l->sniffed == 0 || l->sniffed == HS_SNIFFED);
}

void hs_stop_link(struct hs_link *l)
{
    if (l->state == HS_OPENING) /* a handshake that takes its time */
        hs_link_gone(l);
    else if (l->h2 != NULL)
        hs2_goaway(l);
    if (!is_idle(l))
        return;
    hs_link_readable(l);
    if (is_idle(l))
        hs_link_gone(l);
}

void hserver_stop(struct hserver *s)
{
    if (hs_stopping(s))
        return;
    listener_free(&s->listener);
    for (struct hs_link *l = s->all; l != NULL; l = l->next) {
        if (l->h2 != NULL)
            hs2_shutdown(l);
        else if (l->state == HS_OPENING)
            loop_timer_set(s->loop, &l->timer, clock_mono() + HS_LINGER_NS);
        else if (l->state == HS_READING)
            loop_timer_set(s->loop, &l->timer, 0);
    }
}
