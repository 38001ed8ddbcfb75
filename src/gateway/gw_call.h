/* gw_call.h - one request's way through the gateway: route and key, upstream exchange, answer into a sink.
 *
 * A worker has the loop, the pool of upstream connections and the calls under way. gw_start checks the request (route,
 * key, limits, body), signs it (auth/signer.h), sends it to /invocations or /invocations-response-stream, feeds what
 * comes through gw_answer.h and hands it to the sink at once: each read of the upstream is one gw_sink_ops.data. While
 * the sink says that more than GW_QUEUE_MAX bytes wait, the upstream is not read (hx_pause); gw_resume goes on.
 * Deadlines of the configuration hold each call. GET /health, /metrics and /v1/models are answered here too.
 * Not thread-safe: a worker belongs to its loop's thread. */
#ifndef WEIR_GATEWAY_GW_CALL_H
#define WEIR_GATEWAY_GW_CALL_H

#include "auth/signer.h"
#include "gateway/gateway.h"
#include "gateway/gw_answer.h"
#include "gateway/gw_error.h"
#include "gateway/gw_metrics.h"
#include "http/hclient.h"

enum { GW_QUEUE_MAX = 64 * 1024 };

struct gw_shared; /* read-only for workers: configuration, upstream (gw_upstream.c), keys, signer, metrics, EMF sink */
struct gw_worker;
struct gw_call;

/* NULL + e: a wrong configuration (ERR_USAGE, ERR_DATA), no credentials, an upstream that does not resolve. */
struct gw_shared *gw_shared_new(const struct gateway_config *c, struct err *e);
void gw_shared_free(struct gw_shared **s);
const char *gw_endpoint(const struct gw_shared *s); /* its name: X-Endpoint */

struct gw_worker *gw_worker_new(struct gw_shared *s, struct loop *l, struct err *e);
void gw_worker_free(struct gw_worker **w);         /* calls under way are cancelled without a word to their sinks */
size_t gw_worker_calls(const struct gw_worker *w); /* under way */
void gw_worker_drain(struct gw_worker *w);         /* what comes from now on gets 503 */
void gw_worker_stop(struct gw_worker *w);          /* likewise, and calls under way end with an error */

struct gw_request {          /* borrowed until gw_start returns */
    struct str method, path; /* "/v1/chat/completions", "/chat/completions", "/prod/chat/completions", "/health", ... */
    struct str authorization, api_key; /* values of Authorization and X-Api-Key; empty: none */
    struct str body;
    int64_t arrived;  /* monotonic ns */
    int64_t deadline; /* monotonic ns, 0: the configuration's alone (Lambda tells one) */
    bool trusted;     /* keys were checked by who stands before (API Gateway, IAM) */
};

/* Calls come from the loop or from gw_start and gw_resume. Exactly one `head`, then `data`, then one `end`. */
struct gw_sink_ops {
    /* Status and fields; Content-Type among them, never Content-Length or framing. length: of a body that is known
     * whole; -1: it comes in pieces. */
    void (*head)(void *arg, int status, const struct gw_field *f, size_t n, int64_t length);
    void (*data)(void *arg, struct str piece);
    /* whole false: the answer broke off after its head had gone (the client was told by an error event). The call must
     * not be used any more. */
    void (*end)(void *arg, bool whole, const struct gw_field *trailers, size_t n);
    size_t (*queued)(void *arg); /* bytes given that have not gone */
};

/* NULL: answered already, `end` has been called. */
struct gw_call *gw_start(struct gw_worker *w, const struct gw_request *r, const struct gw_sink_ops *ops, void *arg);
void gw_resume(struct gw_call *c); /* the sink has room again */
/* For a request that is not even to be looked at, such as one that is too long: answered and counted. */
void gw_refuse(struct gw_worker *w, const struct gw_error *e, int64_t arrived, const struct gw_sink_ops *ops,
               void *arg);
void gw_gone(struct gw_call *c); /* the client has gone: the upstream exchange is cancelled, nothing more is called */

#endif
