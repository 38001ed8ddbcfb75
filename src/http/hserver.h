/* hserver.h - the server: accepts, receives requests of HTTP/1.1 and HTTP/2, keeps connections alive, and hands answers
 * out. One per loop.
 *
 * A `struct hs_conn` carries one request at a time: of HTTP/1 a connection, of HTTP/2 one stream of many. A request is
 * given whole (head and body), and says which it is, for the answers differ:
 * - HTTP/1: nothing is framed here. The caller writes status line, headers and body itself, byte by byte if it likes:
 *   hs_write, hs_puts. They go to the socket at once.
 * - HTTP/2: hs2_head, hs2_data for each piece, hs2_end or hs_end. A piece is one DATA frame. Frames go out at the end
 *   of the loop's turn or at hs_flush or hserver_flush, whichever comes first, all streams of a connection together, in
 *   writes of at most 16 KiB (one TLS record). That is how Envoy, Go's net/http2 and Node's http2 do it; others write
 *   each frame by itself, as hs_flush after each piece does. When a piece truly went is told by `written`.
 * Which one: over TLS what ALPN chose; in cleartext HTTP/2 when the connection begins with its preface. An offer to
 * upgrade to h2c is ignored, as RFC 9113, 3.1 has it.
 *
 * HTTP/1: bytes that a client pipelines behind a request wait, up to a ceiling, then reading stops until the answer is
 * through. What the kernel does not take is queued and flushed in order. When more than `max_out` bytes are already
 * waiting, the client does not read: the connection (HTTP/2: the stream) is dropped.
 * A client that closes (or half-closes) its connection, or resets its stream, while being answered has gone away:
 * `gone` comes at once.
 * Memory: about 300 bytes per connection besides its stream; parsers and request buffers are pooled and belong to
 * requests being received, not to connections. HTTP/2: about 14 KiB per connection, 1 KiB per stream (proto/h2_server.h
 * has the ceilings against floods); the bodies being received on one connection are at most eight of the largest.
 * Callbacks come from the loop or from hserver_flush, never from inside hs_write, hs_end or hs_reset; only `written`
 * may also come from inside hs_flush and hs_reset. */
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
    bool http2;        /* answer by hs2_head and hs2_data; `host` holds the authority */
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
    /* HTTP/2 only. A marked piece is handed to the kernel, whole, by a call that began at `at`. waited: it could not go
     * with the first flush after it was given, because the client did not read or its window was closed. */
    void (*written)(void *arg, struct hs_conn *c, void *user, int64_t at, bool waited);
    /* HTTP/2 only, once after hs2_end: the answer's end is handed to the kernel (whole), or the client was lost before.
     * The hs_conn must not be used any more. */
    void (*ended)(void *arg, struct hs_conn *c, void *user, bool whole);
    /* What was queued (hs_queued > 0) has gone to the kernel, all of it. Not after the end of the answer was given.
     * Anything may be called from inside. HTTP/1: when the kernel had not taken all at once, so rarely; HTTP/2: after
     * each flush that took what there was, at most once a turn. May be NULL, and costs nothing then. */
    void (*drained)(void *arg, struct hs_conn *c, void *user);
};

enum { HS_HTTP1 = 1, HS_HTTP2 = 2 };

struct hserver_opts {
    struct tls_ctx *tls; /* borrowed; NULL: plain */
    bool reuse_port;
    unsigned http; /* HS_*; 0: HTTP/1 alone. The caller gives `tls` the matching TLS_ALPN_* */
    /* HTTP/2: streams at once per connection (0: 100); a GOAWAY with the so-manieth request of a connection (0: never),
     * after which those begun are answered, or, when abrupt, nothing is. */
    uint32_t max_streams;
    uint64_t goaway_after;
    bool goaway_abrupt;
    size_t max_body;
    size_t max_out; /* bytes waiting for a client that does not read; see above */
    bool keep_slow; /* it is not dropped then: the caller looks at hs_queued and gives no more than it must */
    /* ns, 0: never. A connection is closed on which for so long no request is being answered and none has begun to
     * come, or one does not come to its end, or an answer that was given stands still; HTTP/2: by GOAWAY. Looked at
     * once a second. */
    int64_t idle_ns;
    const struct hserver_ops *ops;
    void *arg;
};

struct hserver_stats {
    uint64_t accepted, requests, dropped; /* dropped: for not reading */
    uint64_t http2;                       /* connections that spoke it */
    uint64_t idle_closed;
    uint64_t open_now;
};

struct hserver *hserver_new(struct loop *l, const struct addr *a, const struct hserver_opts *o, struct err *e);
void hserver_free(struct hserver **s); /* closes everything; `gone` is called for what is being answered */
/* Accept nothing more: the listener is closed, idle connections are (a request that is in the kernel already is still
 * taken), and requests under way are answered to the end. HTTP/1: those that come from now on have keep_alive false,
 * and whatever was said, their connections close with the answer. HTTP/2: GOAWAY in two steps, so that no request is
 * lost; those that come in between are answered. open_now is 0 at the end: within about 2 s of the last answer, unless
 * a client does not send its request to its end or does not read its answer; hserver_free parts with those. From the
 * loop's thread; no callback comes from inside. Again is nothing. */
void hserver_stop(struct hserver *s);
void hserver_addr(const struct hserver *s, struct addr *out);
struct hserver_stats hserver_get_stats(const struct hserver *s);

/* Sends what answers of HTTP/2 wait for the end of the turn. Not from inside a callback of the server's. */
void hserver_flush(struct hserver *s);

void hs_set_user(struct hs_conn *c, void *user); /* of the request under way; NULL again after hs_end */

/* HTTP/1. 0, or -1 when the connection is lost (`gone` follows). At most 16 pieces. */
int hs_write(struct hs_conn *c, const struct iovec *v, int n);
int hs_puts(struct hs_conn *c, const void *p, size_t n);

/* HTTP/2. 0, or -1 when the stream is lost (`gone` follows). end: no body follows, but for hs_end. Names in lower case;
 * at most 60 fields. */
int hs2_head(struct hs_conn *c, int status, const struct hs_header *h, size_t n, bool end);
int hs2_data(struct hs_conn *c, struct str piece, bool mark); /* mark: tell by `written` when it has gone */
/* As hs_end, with trailers (n may be 0), but marked pieces that still wait are told of, and then `ended` comes. */
void hs2_end(struct hs_conn *c, const struct hs_header *trailers, size_t n);
void hs2_reset(struct hs_conn *c, uint32_t code); /* RST_STREAM with a code of RFC 9113, 7 */
void hs_flush(struct hs_conn *c);                 /* send now what waits on this connection; HTTP/1: nothing does */

size_t hs_queued(const struct hs_conn *c); /* bytes that the kernel has not taken yet; HTTP/2: of this stream */
/* The answer is complete. keep: go on with this connection if the request allows it; else it is closed once everything
 * is written (an HTTP/2 stream just ends). The hs_conn must not be used any more. */
void hs_end(struct hs_conn *c, bool keep);
/* Close with a RST instead; what is queued is lost. HTTP/2: RST_STREAM, INTERNAL_ERROR; what waited for the end of the
 * turn goes before it. */
void hs_reset(struct hs_conn *c);

/* The value of a header (name without regard to case); .p NULL when there is none. */
struct str hs_header(const struct hs_request *r, const char *name);

#endif
