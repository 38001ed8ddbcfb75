/* gw_lambda.h - the gateway as a Lambda function: events that an HTTP front hands to a function, and answers in the form
 * that front wants. Sans-I/O; the loop that speaks the runtime API is gw_lambda.c, its client gw_runtime.h.
 *
 * Shapes: REST API (payload 1.0), HTTP API (2.0), function URL (2.0, streams), Application Load Balancer (with and
 * without multi-value headers). Sources: AWS Lambda Developer Guide, "Custom runtimes", "Response streaming",
 * "Using AWS Lambda with an Application Load Balancer"; API Gateway Developer Guide, "Lambda proxy integrations",
 * "Response transfer mode STREAM". */
#ifndef WEIR_GATEWAY_GW_LAMBDA_H
#define WEIR_GATEWAY_GW_LAMBDA_H

#include "base/buf.h"
#include "base/err.h"
#include "gateway/gw_answer.h"

enum gw_shape { GW_REST, GW_HTTP_API /* and function URLs */, GW_ALB, GW_ALB_MULTI };

struct gw_event {
    enum gw_shape shape;
    struct str method, path, authorization, api_key; /* unescaped, views into `text` or the event */
    struct str body;                                 /* unescaped, and decoded where it came in base64 */
    struct buf text;                                 /* private */
};
void gw_event_free(struct gw_event *ev);
/* -1 + e: none of the shapes, or its body is no base64. The event's bytes are borrowed. */
int gw_event_read(struct gw_event *ev, struct str json, struct err *e);

/* The answer as one JSON document: statusCode, headers (multiValueHeaders as the shape wants), body, isBase64Encoded. */
void gw_event_answer(enum gw_shape shape, int status, const struct gw_field *f, size_t n, struct str body,
                     struct buf *out);
/* The prelude of a streamed answer: {"statusCode":...,"headers":{...}} and eight NUL bytes; its type is
 * application/vnd.awslambda.http-integration-response. */
void gw_event_prelude(int status, const struct gw_field *f, size_t n, struct buf *out);

#endif
