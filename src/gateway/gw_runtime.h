/* gw_runtime.h - client of the AWS Lambda runtime API (2018-06-01): the next invocation, its answer, its failure.
 *
 * One invocation at a time, in this order: gw_runtime_next, then `invoked`; one answer - gw_runtime_answer whole, or
 * gw_runtime_begin, _piece and _finish, or gw_runtime_error - then `reported`, from which the next one may be asked
 * for. A streamed answer goes out in chunks, each piece at once; what the kernel does not take waits
 * (gw_runtime_queued) and `drained` says when it has gone. A failure behind the first piece is told in trailers, as the
 * API has it. When the API itself fails, `broken` says why, and the function can only end: Lambda starts it anew.
 * Callbacks come from the loop. One per loop; belongs to its thread. Source: AWS Lambda Developer Guide, "Using the
 * Lambda runtime API for custom runtimes" and "Building a custom runtime", its part on response streaming. */
#ifndef WEIR_GATEWAY_GW_RUNTIME_H
#define WEIR_GATEWAY_GW_RUNTIME_H

#include "base/err.h"
#include "base/str.h"
#include "net/loop.h"

struct gw_runtime;

struct gw_invocation { /* views, until `invoked` returns */
    struct str event;
    struct str id;       /* AWS's, of the request */
    int64_t deadline_ms; /* since 1970; 0: not told */
};

struct gw_runtime_ops {
    void (*invoked)(void *arg, const struct gw_invocation *i);
    void (*reported)(void *arg);
    void (*drained)(void *arg);
    void (*broken)(void *arg, const char *why);
};

/* api: "HOST:PORT", as AWS_LAMBDA_RUNTIME_API says. NULL + e: it is no address. */
struct gw_runtime *gw_runtime_new(struct loop *l, const char *api, const struct gw_runtime_ops *ops, void *arg,
                                  struct err *e);
void gw_runtime_free(struct gw_runtime **r);

void gw_runtime_next(struct gw_runtime *r);
void gw_runtime_answer(struct gw_runtime *r, struct str body); /* JSON; copied */
/* type: "Gateway.BadEvent"; text: for people. */
void gw_runtime_error(struct gw_runtime *r, const char *type, const char *text);
/* Before the first invocation: the function cannot start. `reported` follows. */
void gw_runtime_init_error(struct gw_runtime *r, const char *type, const char *text);

void gw_runtime_begin(struct gw_runtime *r, const char *content_type);
void gw_runtime_piece(struct gw_runtime *r, struct str piece);
void gw_runtime_finish(struct gw_runtime *r, const char *error_type, const char *error_text); /* NULL, NULL: whole */
size_t gw_runtime_queued(const struct gw_runtime *r);

#endif
