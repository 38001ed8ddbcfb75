/* gw_error.h - what goes wrong, as OpenAI's API says it. No I/O, no state. */
#ifndef WEIR_GATEWAY_GW_ERROR_H
#define WEIR_GATEWAY_GW_ERROR_H

#include "base/buf.h"
#include "base/str.h"

struct gw_error {
    int status;
    const char *type; /* "invalid_request_error", "rate_limit_error", "api_error", ...; constant */
    const char *code; /* "missing_body", "invalid_json", "model_stream_error", "upstream_timeout", ...; or NULL */
    char text[1024];  /* one sentence for people, UTF-8, no secrets; may be cut */
};

enum gw_fault {
    GW_MISSING_BODY, /* 400 "missing body" */
    GW_INVALID_JSON, /* 400 "invalid JSON" */
    GW_NO_ROUTE,     /* 404 */
    GW_BAD_METHOD,   /* 405 */
    GW_NO_KEY,       /* 401 */
    GW_TOO_BIG,      /* 413 */
    GW_HEAD_TOO_BIG, /* 431 */
    GW_TOO_MANY,     /* 429 */
    GW_DRAINING,     /* 503 */
    GW_CONNECT,      /* 502: no connection to the upstream */
    GW_BROKEN,       /* 502: its answer is cut short, or is no answer of a SageMaker endpoint */
    GW_MODEL_STREAM, /* 502: ModelStreamError, or an error event */
    GW_TIMEOUT,      /* 504 */
    GW_CREDENTIALS,  /* 502: AWS does not take the gateway's signature */
    GW_FAULTS,
};

/* Every `code` of the gateway, NULL-ended: for what counts them. "client_gone", of calls that nobody waits for any
 * more, is one of them, the last one, "other", stands for what is not listed. */
extern const char *const gw_error_codes[];

/* detail: what is known besides, appended; may be empty. */
void gw_error_set(struct gw_error *e, enum gw_fault fault, struct str detail);

/* An answer of the upstream that is not 2xx, with the (beginning of the) body: SageMaker's {"Message":...} and
 * {"OriginalMessage":...,"OriginalStatusCode":...} of ModelError (424), an OpenAI or DJL error, or text. A client's
 * mistake (400, 413, 422, and those within a ModelError) keeps its status; ThrottlingException and 429 become 429; 403
 * and signature errors GW_CREDENTIALS; ValidationError of a missing endpoint 502; 503 503; a model's timeout 504; all
 * else 502. */
void gw_error_of_upstream(struct gw_error *e, int status, struct str aws_type, struct str body);

/* What a raw error says, for people: of {"message":...}, {"error":...}, {"Message":...} and the like the text, of a
 * JSON string its content, of anything else itself. In one line of valid UTF-8, cut at `max` bytes, without what may be
 * a secret: signatures, the canonical request that AWS repeats, tokens, keys. Appended. */
void gw_error_words(struct str raw, size_t max, struct buf *out);

/* {"error":{"message":...,"type":...,"param":null,"code":...}} */
void gw_error_json(const struct gw_error *e, struct buf *out);
/* The same within a stream: "event: error" is not written, since OpenAI's clients look for a data line with "error". */
void gw_error_event(const struct gw_error *e, struct buf *out);

#endif
