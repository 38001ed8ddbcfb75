/* h2_client.h - the client's side of an HTTP/2 connection (RFC 9113), without I/O. nghttp2 behind it.
 *
 * Bytes from the peer go in by h2_client_feed, bytes for it come out by h2_client_out: after each request, cancel and
 * feed there may be some. PING and SETTINGS are answered, pushes are refused, WINDOW_UPDATE goes out by itself: what is
 * received counts as consumed at once, and the windows (16 MiB a stream, 256 MiB a connection) are opened again at
 * their half, so that they never hold back a stream of tokens; nothing is buffered for them.
 * While a stream is paused (h2_client_pause) its window is not opened: the peer sends what is left of it, then stops.
 * Callbacks come from inside feed and out; requests and cancels may be made there, feed and out may not. Any split of
 * the input gives the same calls, apart from where pieces of data are cut and runs end.
 * Ceilings: 64 KiB of header bytes and 256 headers a response. Memory: about 45 KiB a connection (most of it nghttp2's
 * HPACK tables and frame buffer), 0.5 KiB a stream. nghttp2 allocates per stream; we do not, after warm-up.
 * One per connection; not thread-safe. */
#ifndef WEIR_PROTO_H2_CLIENT_H
#define WEIR_PROTO_H2_CLIENT_H

#include "proto/h2_head.h"

struct h2_client;
struct h2_stream; /* one request and its response; gone when `closed` returns */

enum h2_end {
    H2_END_OK,      /* a whole response */
    H2_END_RESET,   /* RST_STREAM came; see code */
    H2_END_REFUSED, /* by RST_STREAM or GOAWAY: the server has not begun with it, so it may be sent again (8.7) */
    H2_END_BROKEN,  /* the response breaks the protocol; see code, text */
    H2_END_TOOBIG,  /* header ceiling */
    H2_END_STOPPED, /* a callback returned non-zero */
};

struct h2_close {
    enum h2_end end;
    uint32_t code;    /* RFC 9113, 7 */
    const char *text; /* nghttp2's reason, or "" */
};

/* Views are borrowed until the callback returns. `owner` is the request's. A callback that returns int stops its stream
 * by something else than 0. Any may be NULL. */
struct h2_client_cb {
    int (*status)(void *arg, void *owner, int status); /* the final one; 1xx are swallowed */
    int (*header)(void *arg, void *owner, struct str name, struct str value);
    int (*headers_done)(void *arg, void *owner);
    int (*data)(void *arg, void *owner, struct str piece);
    int (*trailer)(void *arg, void *owner, struct str name, struct str value);
    /* The pieces of data of one stream, in one feed, have ended. `followed`: bytes of something else came behind. */
    void (*run_end)(void *arg, void *owner, bool followed);
    void (*came)(void *arg, void *owner, size_t bytes); /* a frame begins: its size, 0 when not of the response */
    void (*gone)(void *arg, void *owner, size_t bytes, bool last); /* a frame of the request goes out; last: its end */
    void (*closed)(void *arg, void *owner, const struct h2_close *how); /* the last call; not after h2_client_cancel */
    void (*settings)(void *arg, uint32_t max_streams);                  /* the peer's SETTINGS came */
    /* No more requests on this connection. Those that the peer will not answer are closed as refused. */
    void (*goaway)(void *arg, uint32_t code, struct str text);
};

/* cb borrowed. window: bytes that a peer may send ahead on one stream; 0: 16 MiB. */
struct h2_client *h2_client_new(const struct h2_client_cb *cb, void *arg, uint32_t window);
void h2_client_free(struct h2_client **c); /* no callbacks */

/* The header fields are copied; the body is borrowed until `closed` or h2_client_cancel. `own` are the fields of this
 * one request (kept out of the compression's memory). NULL: the connection takes no more requests. */
struct h2_stream *h2_client_request(struct h2_client *c, const struct h2_head *common, const struct h2_head *own,
                                    const struct iovec *body, int n_body, void *owner);
void h2_client_cancel(struct h2_client *c, struct h2_stream *s); /* RST_STREAM CANCEL; no callback follows */
/* on: what comes is still given, but not made up for; off: all of it is, at once. */
void h2_client_pause(struct h2_client *c, struct h2_stream *s, bool on);
void h2_client_goodbye(struct h2_client *c); /* GOAWAY: we are about to close */

int h2_client_feed(struct h2_client *c, const char *p, size_t n); /* -1: the connection is broken, see reason */
/* Append frames until `out` holds `limit` bytes or nothing is left (the last frame goes over the limit). -1 likewise.
 */
int h2_client_out(struct h2_client *c, struct buf *out, size_t limit);
bool h2_client_alive(const struct h2_client *c); /* false: all is said and done, close the connection */
const char *
h2_client_reason(const struct h2_client *c); /* what broke it, "" when nothing did: "PROTOCOL_ERROR (...)" */
const char *h2_code_name(uint32_t code);     /* "INTERNAL_ERROR" */

#endif
