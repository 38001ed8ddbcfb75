/* proxying.c - which proxy leads to an endpoint, and that it is told: what it adds is part of every figure. */
#include "base/log.h"
#include "campaign/campaign_private.h"

/* An explicit way to the endpoint is one without a proxy, and so is that to weir's own simulator. */
int proxying_choose(const struct campaign_state *s, const struct url *u, struct proxy *p, struct err *e)
{
    const struct run_config *c = s->c;
    *p = (struct proxy){0};
    if (c->unix_socket || c->connect_to || run_config_urls(c, NULL, 0) == 0)
        return 0;
    return proxy_choose(p, c->proxy, u, c->proxy_env ? c->proxy_env : getenv, e);
}

char *proxying_text(const struct campaign_state *s, char *out, size_t cap)
{
    const struct endpoints *ep = s->variant[0].ep;
    size_t n = 0;
    unsigned with = 0;
    out[0] = 0;
    for (unsigned i = 0; i < ep->n; i++) {
        bool said = false;
        with += ep->target[i].proxy != NULL;
        for (unsigned k = 0; k < i && ep->target[i].proxy; k++)
            said |= ep->target[k].proxy && strcmp(ep->target[k].proxy, ep->target[i].proxy) == 0;
        if (ep->target[i].proxy && !said && n + 8 < cap)
            n += (size_t)snprintf(out + n, cap - n, "%s%s, from %s", n ? "; " : "", ep->target[i].proxy,
                                  ep->target[i].proxy_from);
    }
    if (with > 0 && with < ep->n && n + 8 < cap)
        snprintf(out + n, cap - n, " (%u of %u endpoints)", with, ep->n);
    return with > 0 ? out : NULL;
}

void proxying_warn(const struct campaign_state *s)
{
    char text[512];
    if (proxying_text(s, text, sizeof text) && strcmp(s->c->proxy, "auto") == 0)
        log_warn("requests go through a proxy, %s: what it adds is part of every figure (--proxy none goes without it)",
                 text);
}

void proxying_note(struct campaign_state *s)
{
    char text[512];
    if (proxying_text(s, text, sizeof text))
        campaign_note(s, "Requests went through a proxy (%s): what it adds is part of every figure.", text);
}
