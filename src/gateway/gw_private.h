/* gw_private.h - what the files of a call share: what all workers have in common (gw_shared.c), a worker, a call and
 * its way (gw_call.c), and its upstream exchange (gw_exchange.c). */
#ifndef WEIR_GATEWAY_GW_PRIVATE_H
#define WEIR_GATEWAY_GW_PRIVATE_H

#include <stdatomic.h>

#include "base/clock.h"
#include "gateway/gw_call.h"
#include "gateway/gw_keys.h"
#include "gateway/gw_lookup.h"
#include "gateway/gw_upstream.h"

enum {
    GW_HEADERS_MAX = 16 * 1024,      /* of an upstream answer, kept for who must be told of a refusal */
    GW_REFUSED_MAX = 64 * 1024,      /* of the body of such an answer */
    GW_EVENT_MAX = 8 * 1024 * 1024,  /* one event, or one frame, of a stream */
    GW_WHOLE_MAX = 64 * 1024 * 1024, /* an answer that is not streamed */
    GW_KEEP = 256 * 1024,            /* larger buffers are not kept for the next call */
    GW_SPARE_MAX = 256,
};

struct gw_shared {
    const struct gateway_config *c;
    struct gw_upstream up;
    struct signer *signer; /* NULL: requests are not signed */
    struct gw_keys keys;
    struct gw_metrics *metrics;
    struct gw_emf *emf;       /* NULL: none */
    struct gw_lookup *lookup; /* NULL: the upstream is an address */
    _Atomic uint64_t under_way;
};

struct gw_worker {
    struct gw_shared *s;
    struct loop *loop;
    struct hclient *client;
    struct tls_ctx *tls;
    struct sigv4 *sigv4; /* NULL: requests are not signed */
    struct sha256 *sha;
    uint64_t addrs_seen, seed, made;
    struct gw_call *all, *spare;
    size_t n, n_spare;
    bool draining;
    struct buf text; /* bodies that are made here */
};

struct gw_call {
    struct gw_worker *w;
    struct gw_call *prev, *next; /* next also chains spare ones */
    const struct gw_sink_ops *ops;
    void *arg;
    struct hx x;
    struct iovec out[4];
    struct timer timer;
    struct buf body;      /* the client's, as it goes upstream */
    struct buf lines;     /* of the upstream request's head, that differ from call to call */
    struct buf signature; /* likewise */
    struct signing signing;
    char payload[65];
    struct buf headers; /* of the upstream's answer */
    struct buf refused; /* its body, where it is none of 2xx */
    struct buf pending; /* for the client: what came before the first text, or in the current read */
    struct gw_answer answer;
    struct gw_asked asked;
    char id[48];
    struct gw_outcome o;
    struct gw_error error;       /* with error.status: why the exchange was stopped from inside */
    int64_t arrived, began, due; /* due: of the whole, 0: none */
    int64_t heard;               /* when the upstream last said something; 0: not yet */
    bool head_out, ttft_out;     /* ttft_out: told in the head */
    bool paused, retried;        /* retried: signed again by the server's clock */
};

/* gw_exchange.c */
void gw_exchange_init(struct gw_call *c);  /* once per memory */
void gw_exchange_start(struct gw_call *c); /* signs and sends; gw_call_whole or gw_call_fail follows, from the loop */
void gw_exchange_stop(struct gw_call *c);  /* nothing more comes of it */
void gw_exchange_arm(struct gw_call *c);   /* its deadlines, anew */

/* gw_call.c: the ends of the exchange, after which the call is gone */
void gw_call_deliver(struct gw_call *c); /* what is pending may go to the client; only this one lets it live on */
void gw_call_whole(struct gw_call *c);
void gw_call_fail(struct gw_call *c, const struct gw_error *e);

#endif
