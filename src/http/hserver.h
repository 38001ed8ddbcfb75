/* hserver.h - server half of HTTP/1.1: accepts, parses requests (proto/h1), keeps connections alive, and hands raw
 * bytes out. It frames nothing: the caller writes status line, headers and body itself, byte by byte if it likes. One
 * per loop.
 *
 * A connection carries one request at a time. A request is given whole (head and body). Bytes that a client pipelines
 * behind it wait, up to a ceiling, then reading stops until the answer is through.
 * Writes go to the socket at once; what the kernel does not take is queued and flushed in order. When more than
 * `max_out` bytes are already waiting, the client does not read: the connection is dropped.
 * A client that closes (or half-closes) its connection while being answered has gone away: `gone` comes at once.
 * Memory: about 300 bytes per connection besides its stream; parsers and request buffers are pooled and belong to
 * requests being received, not to connections.
 * Callbacks come from the loop, never from inside hs_write, hs_end or hs_reset. */
#ifndef WEIR_HTTP_HSERVER_H
#define WEIR_HTTP_HSERVER_H

#include "base/err.h"
#include "base/str.h"
#include "net/listen.h"
#include "net/stream.h"

struct hserver;
struct hs_conn;

struct hs_header {
    struct str name, value;
};

struct hs_request { /* borrowed until the callback returns */
    struct str method, target;
    struct str path, query; /* of the target, still percent-encoded; query without ? */
    const struct hs_header *headers;
    size_t n_headers;
    struct str body;   /* de-chunked */
    int64_t recv;      /* arrival of the read that brought the first byte; kernel stamp where there is one */
    int64_t recv_last; /* of the read that completed it */
    int64_t received;  /* the clock when it was parsed whole */
    bool kernel;       /* recv and recv_last come from the kernel */
    bool http10;       /* no chunked bodies for this client */
    bool keep_alive;   /* false: answer with Connection: close */
};

struct hserver_ops {
    /* A request. The answer may begin at once or later; it ends with hs_end or hs_reset. */
    void (*request)(void *arg, struct hs_conn *c, const struct hs_request *r);
    /* Not to be read: 400 (not HTTP), 413 (over max_body), 431 (header ceiling). `r` holds what was understood, without
     * a body. Answer as above; the connection closes after it. `why` is a constant text. */
    void (*refused)(void *arg, struct hs_conn *c, const struct hs_request *r, int status, const char *why);
    /* The client went away before hs_end (or the server is being freed). The connection must not be used any more. */
    void (*gone)(void *arg, struct hs_conn *c, void *user);
};

struct hserver_opts {
    struct tls_ctx *tls; /* borrowed; NULL: plain */
    bool reuse_port;
    size_t max_body;
    size_t max_out; /* bytes waiting for a client that does not read; see above */
    const struct hserver_ops *ops;
    void *arg;
};

struct hserver_stats {
    uint64_t accepted, requests, dropped; /* dropped: for not reading */
    uint64_t open_now;
};

struct hserver *hserver_new(struct loop *l, const struct addr *a, const struct hserver_opts *o, struct err *e);
void hserver_free(struct hserver **s); /* closes everything; `gone` is called for what is being answered */
void hserver_addr(const struct hserver *s, struct addr *out);
struct hserver_stats hserver_get_stats(const struct hserver *s);

void hs_set_user(struct hs_conn *c, void *user); /* of the request under way; NULL again after hs_end */
/* 0, or -1 when the connection is lost (`gone` follows). At most 16 pieces. */
int hs_write(struct hs_conn *c, const struct iovec *v, int n);
int hs_puts(struct hs_conn *c, const void *p, size_t n);
size_t hs_queued(const struct hs_conn *c); /* bytes that the kernel has not taken yet */
/* The answer is complete. keep: go on with this connection if the request allows it; else it is closed once everything
 * is written. The connection must not be used any more. */
void hs_end(struct hs_conn *c, bool keep);
void hs_reset(struct hs_conn *c); /* close with a RST instead; what is queued is lost */

/* The value of a header (name without regard to case); .p NULL when there is none. */
struct str hs_header(const struct hs_request *r, const char *name);

#endif
