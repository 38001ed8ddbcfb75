/* gw_lambda.h - the gateway as a Lambda function: events that an HTTP front hands to a function, and answers in the
 * form that front wants. Sans-I/O; the loop that speaks the runtime API is gw_lambda.c, its client gw_runtime.h.
 *
 * Shapes: REST API, HTTP API (payload 2.0, or 1.0, which its "version" tells from a REST API's), function URL (2.0),
 * Application Load Balancer (with and without multi-value headers). REST APIs and function URLs can stream; whether
 * this one is set to is not in the event, and it takes only the form that it is set to. Sources: AWS Lambda Developer
 * Guide, "Lambda function URLs", "Response streaming", "Using AWS Lambda with an Application Load Balancer"; API
 * Gateway Developer Guide, "Lambda proxy integrations" of REST and HTTP APIs. */
#ifndef WEIR_GATEWAY_GW_LAMBDA_H
#define WEIR_GATEWAY_GW_LAMBDA_H

#include "base/buf.h"
#include "base/err.h"
#include "gateway/gw_answer.h"

struct jdoc;

enum gw_shape { GW_REST, GW_HTTP_API, GW_FUNCTION_URL, GW_ALB, GW_ALB_MULTI };

static inline bool gw_shape_streams(enum gw_shape s)
{
    return s == GW_REST || s == GW_FUNCTION_URL;
}

struct gw_event { /* views borrow from the event's own memory until gw_event_free */
    enum gw_shape shape;
    struct str method, path;                       /* the path without the stage */
    struct str authorization, api_key, request_id; /* values of these headers; empty: none, or no fit id */
    struct str body;                               /* decoded where it came in base64 */
    struct jdoc *doc;                              /* private */
    struct buf decoded;                            /* private */
};
/* -1 + e: not JSON, none of the shapes, or its body is no base64. gw_event_free in both cases. */
int gw_event_read(struct gw_event *ev, struct str json, struct err *e);
void gw_event_free(struct gw_event *ev);

/* The answer as one JSON document: statusCode, headers (multiValueHeaders where the shape wants them), body,
 * isBase64Encoded: a body that is no text goes as base64. */
void gw_event_answer(enum gw_shape shape, int status, const struct gw_field *f, size_t n, struct str body,
                     struct buf *out);

/* What a streamed answer begins with: {"statusCode":...,"headers":{...}} and eight NUL bytes. Its type: */
#define GW_PRELUDE_TYPE "application/vnd.awslambda.http-integration-response"
void gw_event_prelude(int status, const struct gw_field *f, size_t n, struct buf *out);

#endif
