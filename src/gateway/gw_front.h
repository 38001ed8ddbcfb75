/* gw_front.h - the gateway's server side: requests of HTTP/1 and HTTP/2 become calls (gw_call.h), whose answers go back
 * on the connection that asked. A worker's own: server, calls and upstream connections share one loop.
 *
 * Answers without a length are chunked with trailers (HTTP/1.1), DATA frames and trailers (HTTP/2), or end with the
 * connection (HTTP/1.0). The head of an answer goes out in one write with its first piece. A client that does not read
 * makes the call pause (gw_call.h); one that goes away ends it. x-request-id is echoed, or made. */
#ifndef WEIR_GATEWAY_GW_FRONT_H
#define WEIR_GATEWAY_GW_FRONT_H

#include "gateway/gw_call.h"
#include "http/hserver.h"

struct gw_front;

struct gw_front_opts {
    struct addr addr;
    struct tls_ctx *tls; /* borrowed; NULL: plain */
    bool reuse_port;
    unsigned http; /* HS_* */
    size_t max_body, max_head;
    int64_t client_timeout; /* ns, 0: none */
};

struct gw_front *gw_front_new(struct gw_shared *s, struct loop *l, const struct gw_front_opts *o, struct err *e);
void gw_front_free(struct gw_front **f);
void gw_front_addr(const struct gw_front *f, struct addr *out);

/* Nothing new: no more connections, idle ones close, requests get 503; what is under way goes on. */
void gw_front_drain(struct gw_front *f);
void gw_front_stop(struct gw_front *f);         /* what is under way ends with an error, which clients are told */
size_t gw_front_open(const struct gw_front *f); /* connections */

#endif
