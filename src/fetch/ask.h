/* ask.h - one HTTP question and its answer, whole, for what weir asks of services beside the endpoint it measures
 * (credentials). Cold; blocks. Redirects are not followed: who was asked is who gets the headers, which may be secret.
 * Neither headers nor bodies come into messages. Each struct asker belongs to one thread at a time. */
#ifndef WEIR_FETCH_ASK_H
#define WEIR_FETCH_ASK_H

#include "base/buf.h"
#include "base/err.h"

struct asker;
/* Loads libcurl: to be called before other threads start. NULL + e. */
struct asker *asker_new(struct err *e);
void asker_free(struct asker **a);

struct ask {
    const char *method; /* "GET", "POST", "PUT" */
    const char *url;
    const char *const *headers; /* "Name: value", n_headers of them, without control characters */
    size_t n_headers;
    struct str body;     /* of a POST */
    int64_t timeout;     /* ns, connecting included */
    bool direct;         /* no proxy, whatever the environment says */
    const char *ca_file; /* PEM, instead of the system's certificates; NULL: those */
};

struct ask_answer {
    long status;     /* 0: no answer */
    bool connected;  /* a connection was made (and the answer may have been late) */
    struct buf body; /* its ceiling is the asker's to choose: BUF_INIT(n) before the call; cleared by it */
    char why[120];   /* it failed, in few words, without the URL; "": there is an answer, whatever its status */
};
int asker_ask(struct asker *a, const struct ask *q, struct ask_answer *answer); /* 0, or -1 with answer->why */

#endif
