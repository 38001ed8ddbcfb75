/* detecting.c - --api auto where no URL's path tells the dialect: the server is asked what it is. What it says of
 * OpenAI's API comes first, so that whatever could be measured without asking is measured the same way. */
#include "base/log.h"
#include "campaign/campaign_private.h"
#include "engine/ready.h"

static const struct api_ops *dialect_of(const struct server_id *id, const struct url *u)
{
    for (const char *const *name = server_id_dialects(id, u->path); *name; name++) {
        const struct api_ops *ops = api_find(str_of(*name));
        if (ops)
            return ops;
    }
    return NULL;
}

int detecting(struct campaign_state *s, struct err *e)
{
    if (s->dialect_told || s->c->no_probe)
        return 0;
    char text[256];
    const struct endpoints *ep = s->variant[0].ep;
    detect_server(&ep->target[0], &ep->probe[0]);
    const struct server_id *id = &ep->probe[0].id;
    const struct api_ops *ops = dialect_of(id, &ep->target[0].url);
    if (ops && ops != s->ops) {
        struct server_id kept = *id;
        log_info("the server is %s: asking it in the dialect %s (see --api)", server_id_text(id, text), ops->name);
        if (setup_dialect(s, ops, e) < 0)
            return -1;
        s->variant[0].ep->probe[0].id = kept;
        return 0;
    }
    if (s->path_unknown)
        log_warn("the URL's path %.*s says nothing of its dialect; taking it for OpenAI chat (see --api)",
                 STR_ARG(ep->target[0].url.path));
    return 0;
}
