/* target.h - the endpoint under test: where it is, how to reach it, and the constant part of each request's head. Cold.
 * Read-only after target_open, shared by all workers. */
#ifndef WEIR_ENGINE_TARGET_H
#define WEIR_ENGINE_TARGET_H

#include "auth/auth_key.h"
#include "auth/signer.h"
#include "engine/proxy.h"
#include "http/hclient.h"
#include "net/resolve.h"
#include "net/tls.h"
#include "plan/plan.h"
#include "proto/url.h"

struct target_opts {
    const char *url;            /* "host", "host:port", "http://host/path", "https://..." */
    const char *default_path;   /* where the URL has no path, or one that ends with /v1 */
    const char *unix_socket;    /* connect here instead, or NULL */
    const char *connect_to;     /* "HOST:PORT": connect there instead, keep Host and SNI; or NULL */
    const char *const *headers; /* "Name: value", NULL-ended, or NULL; they replace weir's own of that name */
    const char *own_headers;    /* of the dialect: lines, each with CRLF, or NULL */
    enum auth_style auth_style;
    const char *key;       /* NULL: no authentication header */
    struct signer *signer; /* requests are signed for AWS; borrowed until target_close; NULL: not */
    bool no_keepalive;
    enum hclient_http http; /* HCLIENT_2 needs https, HCLIENT_H2C http */
    bool stream;            /* Accept: text/event-stream */
    const char *method;     /* of requests that name none; NULL: POST */
    bool plain;             /* no dialect: any type is accepted */
    bool escape_colons;     /* in the path: %3A, as AWS has its models' names */
    bool lines;             /* the dialect's streams are JSON lines: Accept says so too */
    struct tls_client_opts tls;
    const struct addr *binds; /* source addresses, borrowed until target_close; none: the kernel's choice */
    size_t n_binds;
    const struct proxy *proxy; /* through which it is reached, copied; NULL: none. Not with unix_socket or connect_to */
    resolve_fn *lookup;        /* NULL: resolve_host */
};

enum { TARGET_MAX_ADDRS = 16, TARGET_MAX_SECRETS = 16 };
struct target {
    char *url_text; /* owned; url borrows from it */
    struct url url;
    char *host;   /* for SNI and messages */
    char *path;   /* with query */
    char *origin; /* "http://host:port", for messages */
    bool tls;
    struct tls_client_opts tls_opts; /* strings borrowed from the options; ALPN as http says */
    enum hclient_http http;
    int http_seen; /* version that the server spoke when it was probed: 1 or 2; 0: not known */
    struct addr addrs[TARGET_MAX_ADDRS];
    int n_addrs;
    char *proxy; /* "http://proxy:3128", for messages, NULL: none. Then addrs and dial_host are the proxy's, and ... */
    char proxy_from[sizeof((struct proxy *)0)->from]; /* who named it */
    char *tunnel;    /* ... CONNECT, with its headers, for TLS and h2c; else NULL and ... */
    char *absolute;  /* ... "http://host:port", in front of each request's path */
    char *dial_host; /* the name to look up, or NULL: an address, or a unix socket */
    uint16_t dial_port;
    resolve_fn *lookup;
    const struct addr *binds;
    size_t n_binds;
    struct signer *signer;            /* borrowed; NULL: requests are not signed */
    char region[SIGV4_NAME_MAX + 1];  /* that they are signed for */
    struct buf common;                /* header lines of every request: Host, User-Agent, credentials, the user's */
    char *secret[TARGET_MAX_SECRETS]; /* what target_redact looks for */
    int n_secrets;
    bool has_content_type, has_accept;
    bool stream, lines, plain;
    const char *method; /* borrowed from the options */
};

/* -1 + e: a bad URL or header, a name that does not resolve, no region to sign for. Nothing is sent but a name look-up
 * (with a signer perhaps a question for the region, see auth/aws_creds.h). */
int target_open(struct target *t, const struct target_opts *o, struct err *e);
void target_close(struct target *t);

/* Look its name up again: up to max addresses, or -1 + e. Blocks; from any thread. Not for one without dial_host. */
int target_resolve(const struct target *t, struct addr *out, int max, struct err *e);

/* Where requests go, for messages: "http://localhost:1 (127.0.0.1:1, [::1]:1)", without what it would only repeat.
 * Returns out. */
char *target_where(const struct target *t, char *out, size_t cap);

/* Stars over the key or what a signer has, and over values of the user's headers, wherever they stand in what a server
 * said: some repeat them in their errors. In place, the length stays. Those below 6 bytes are not looked for. */
void target_redact(const struct target *t, char *p, size_t n);

/* "POST PATH HTTP/1.1" and all constant header lines, without the empty line; path NULL: the target's own. */
void target_head(const struct target *t, const char *method, const char *path, bool has_body, struct buf *out);
/* The same for a request with method, path or type of its own; a body without a type is JSON. Without formatting. */
void target_head_of(const struct target *t, const struct plan_extra *x, bool has_body, struct buf *out);
static inline bool target_has_own_head(const struct plan_extra *x)
{
    return x && (x->method.n > 0 || x->path.n > 0 || x->type.n > 0);
}
/* Whether a URL's beginning ("http://host:8000") names this endpoint. */
bool target_is_at(const struct target *t, struct str origin);

#endif
