/* sim_reply.h - status lines, headers and error bodies of the simulator's answers, for HTTP/1 and HTTP/2.
 * Thread-safe: no state. */
#ifndef WEIR_SIM_SIM_REPLY_H
#define WEIR_SIM_SIM_REPLY_H

#include "base/buf.h"
#include "http/hserver.h"

struct reply_head {
    int status;
    const char *type; /* Content-Type, NULL: none */
    bool chunked;
    bool until_close; /* neither chunked nor a length: HTTP/1.0 streams */
    uint64_t length;  /* Content-Length otherwise */
    bool keep_alive;
    bool http10;
    struct str id;     /* x-request-id, "" none */
    const char *extra; /* more header lines, each with CRLF; NULL: none */
};

/* `now`: seconds since 1970, for Date. */
void reply_head(struct buf *b, const struct reply_head *h, int64_t now);

/* The same as HTTP/2's fields, without the status: names in lower case, and none that speaks of the connection. Borrows
 * from h and from itself. */
#define REPLY_FIELDS_MAX 16
struct reply_fields {
    struct hs_header v[REPLY_FIELDS_MAX];
    size_t n;
    char date[80], length[24], names[256];
};
void reply_fields(struct reply_fields *f, const struct reply_head *h, int64_t now);
const char *reply_reason(int status);

/* {"error":{"message":...,"type":...,"param":...,"code":...}} as OpenAI's API gives it; the type follows from the
 * status. param and code may be NULL. */
void reply_error(struct buf *b, int status, const char *message, const char *param, const char *code);

#endif
