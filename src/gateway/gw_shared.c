/* gw_shared.c - what all workers of a gateway share, made once, read-only but for its counters. */
#include <unistd.h>

#include "base/xalloc.h"
#include "gateway/gw_private.h"

#define LOOK_AGAIN_NS (30 * NS_PER_S)

static int open_shared(struct gw_shared *s, struct err *e)
{
    const struct gateway_config *c = s->c;
    if (c->api_key_file && gw_keys_load(&s->keys, c->api_key_file, e) < 0)
        return -1;
    if (!c->no_sigv4) {
        const struct signer_opts o = {.service = "sagemaker", .region = c->region, .profile = c->profile};
        s->signer = signer_new(&o, e);
        if (!s->signer)
            return -1;
    }
    if (gw_upstream_open(&s->up, c, s->signer, e) < 0)
        return -1;
    if (s->signer && signer_watch(s->signer, e) < 0)
        return -1;
    if (!resolve_is_address(s->up.host)) {
        s->lookup = gw_lookup_new(s->up.host, s->up.url.port, LOOK_AGAIN_NS, resolve_host, e);
        if (!s->lookup)
            return -1;
    }
    s->metrics = gw_metrics_new(s->up.endpoint, c->hourly_usd);
    if (c->no_emf)
        return 0;
    s->emf = gw_emf_new(STDOUT_FILENO, c->lambda, e);
    if (!s->emf)
        return -1;
    gw_metrics_watch(s->metrics, s->emf);
    return 0;
}

struct gw_shared *gw_shared_new(const struct gateway_config *c, struct err *e)
{
    struct gw_shared *s = xcalloc(1, sizeof *s);
    s->c = c;
    if (open_shared(s, e) < 0)
        gw_shared_free(&s);
    return s;
}

void gw_shared_free(struct gw_shared **sp)
{
    struct gw_shared *s = *sp;
    if (!s)
        return;
    *sp = NULL;
    if (s->emf)
        gw_emf_free(&s->emf);
    if (s->metrics)
        gw_metrics_free(&s->metrics);
    gw_lookup_free(&s->lookup);
    gw_upstream_close(&s->up);
    signer_free(&s->signer);
    gw_keys_free(&s->keys);
    free(s);
}

const char *gw_endpoint(const struct gw_shared *s)
{
    return s->up.endpoint;
}
