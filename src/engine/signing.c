/* signing.c - requests that are signed for AWS. The body is hashed and, where it is known by then which endpoint it
 * goes to, the request is signed when it is rendered, ahead of its instant; when it is sent, only what has become stale
 * since is signed again. */
#include "engine/engine_private.h"

void signing_prepare(struct req *r)
{
    struct worker *w = r->w;
    struct route *route = route_foreseen(w, &r->item);
    buf_clear(&r->signature);
    r->signing = (struct signing){0};
    sigv4_payload(w->routes[0].sigv4, r->body.v, r->body.n, r->payload);
    if (route)
        signing_ready(r, route, req_head(r, route));
}

void signing_ready(struct req *r, struct route *route, struct str head)
{
    struct signer *s = r->w->e->o.targets[0].signer;
    if (signer_stale(s, &r->signing)) {
        buf_clear(&r->signature);
        signer_sign(s, route->sigv4, head, r->payload, &r->signature, &r->signing); /* without: the server refuses it */
    }
    r->out[1] = (struct iovec){r->signature.p, r->signature.n};
}
