/* hclient.h - HTTP client: a pool of connections to one origin, and exchanges on them. One per worker thread.
 *
 * Pool, HTTP/1.1: LIFO (the warmest connection first); a connection idle for idle_ns is closed by us; there is no
 * hidden limit on their number. A reused connection on which the server's FIN or RST meets the request before any byte
 * of a response is retried once on a new one and counted (RFC 9112, 9.3.1).
 * Pool, HTTP/2: the connection with the fewest streams that has room (streams_per_conn, the server's
 * MAX_CONCURRENT_STREAMS), else a new one. What comes while a connection is being made waits for it, up to its room;
 * while the version is not known, for the first one. Retried on another connection, and counted: streams that the
 * server has refused (once) or left out by GOAWAY (up to three times; RFC 9113, 8.7), and those that met the end of a
 * connection that was idle (once).
 * Instants are taken here: sent_first right before the first write of the request, sent_last right after the last,
 * first_byte and headers_at from the kernel's stamp of the read that carried them, `end` from that of the read that
 * completed the response (the clock where there was none: failures, bodies that end with the connection).
 * A response that ends before the request is out is a response; its connection (stream) is not used again.
 * Costs: no allocation per exchange after warm-up. The callbacks come from the loop, never from inside hx_start. */
#ifndef WEIR_HTTP_HCLIENT_H
#define WEIR_HTTP_HCLIENT_H

#include "base/str.h"
#include "net/dialer.h"

struct hclient;
struct hx;

enum hclient_http {
    HCLIENT_11 = 0, /* HTTP/1.1 */
    HCLIENT_AUTO,   /* over TLS what the server chooses by ALPN, else HTTP/1.1 */
    HCLIENT_2,      /* HTTP/2 over TLS; a server that does not choose it fails the connection (STREAM_TLS) */
    HCLIENT_H2C,    /* HTTP/2 without TLS, by prior knowledge */
};

struct hclient_opts {
    /* Where connections go and from where: net/dialer.h. */
    const struct addr *addrs; /* copied */
    size_t n_addrs;
    const struct addr *binds; /* borrowed for the client's life */
    size_t n_binds;
    size_t turn;
    void (*lost)(void *arg);
    void *lost_arg;
    struct tls_ctx *tls; /* borrowed, NULL: plain */
    const char *sni;     /* borrowed */
    const char *tunnel;  /* borrowed: the addresses are a proxy's, see net/stream.h */
    bool no_tls_resume;
    enum hclient_http http;    /* the context of TLS must offer accordingly */
    int expect;                /* HCLIENT_AUTO: 1 or 2, what the server chose before; 0: not known */
    unsigned streams_per_conn; /* HTTP/2: most exchanges at once on a connection; 0: 100 */
    uint32_t h2_window;        /* HTTP/2: bytes that the server may send ahead on a stream; 0: 16 MiB; see hx_pause */
    int64_t prewarm_gap;       /* ns from one connection opened ahead to the next; 0: as quickly as it goes */
    int64_t idle_ns;           /* e.g. 4 s; 0: never close idle connections */
    bool no_keepalive;         /* a connection per request; the caller also says so in the head */
    bool no_stamps;            /* test option */
    char *read_buf;            /* the thread's shared buffer, borrowed; NULL: its own of 64 KiB */
    size_t read_cap;
};

struct hclient_stats {
    uint64_t opened, reused, retried, idle_closed, server_closed, failed_connects;
    uint64_t resumed;               /* of those opened: by a TLS session of an earlier one */
    uint64_t reads, kernel_stamped; /* reads, and those with a kernel stamp (unix sockets in neither) */
    uint64_t room; /* exchanges at once that the connections opened so far can take; HTTP/2: of those opened ahead */
    uint32_t open_now, idle_now;
};

struct hclient *hclient_new(struct loop *l, const struct hclient_opts *o);
void hclient_free(struct hclient **c); /* no exchange may be under way */
struct hclient_stats hclient_get_stats(const struct hclient *c);
/* Open connections for n exchanges ahead (closed loop), at most 256 at a time and one per prewarm_gap, so that no
 * backlog overflows; `ready` is called once when all are up or failed. Until then none is closed for being idle. */
void hclient_prewarm(struct hclient *c, unsigned n, void (*ready)(void *arg), void *arg);
/* Begin no more of them. Those under way may still come up, as idle connections; `ready` is not called any more. */
void hclient_prewarm_stop(struct hclient *c);
void hclient_set_addrs(struct hclient *c, const struct addr *addrs, size_t n); /* dialer_set_addrs */

enum hx_result {
    HX_OK = 0,    /* a whole response */
    HX_CONNECT,   /* no connection: see rc (refused, unreachable, no files, no ports, TLS, ...) */
    HX_RESET,     /* reset or closed before any byte of the response */
    HX_TRUNCATED, /* closed within the response */
    HX_BAD_FRAME, /* not HTTP, or broken framing */
    HX_TOOBIG,    /* header ceiling */
    HX_CANCELLED, /* by hx_cancel; no callback */
    HX_STOPPED,   /* a callback returned non-zero */
};

struct hx_ops {
    int (*status)(struct hx *x, int status); /* the final status; 1xx are swallowed */
    int (*header)(struct hx *x, struct str name, struct str value);
    int (*headers_done)(struct hx *x);
    int (*body)(struct hx *x, struct str piece, const struct rx *rx); /* several per read are possible */
    /* After the pieces of one read. `followed`: in the same read, bytes that are not this exchange's came behind them
     * (HTTP/2), so that they need not have been in the read's last segment. More pieces of that read may come then. */
    void (*read_end)(struct hx *x, const struct rx *rx, bool followed);
    void (*done)(struct hx *x);                                      /* always the last; x may be reused from inside */
    int (*trailer)(struct hx *x, struct str name, struct str value); /* behind the body, before done */
};

struct hx { /* embedded in the caller's request; zero it before first use */
    /* set by the caller; borrowed until done */
    const struct hx_ops *ops;
    const struct iovec *out; /* the whole request: head and body */
    int n_out;               /* <= 64 */
    int n_head;              /* so many of them, cut between lines, are the head (0: one); the first one is constant */
    bool no_retry;
    /* filled: monotonic ns, 0 = did not happen */
    int64_t conn_start, conn_end, tls_end; /* only on a connection made for this exchange */
    int64_t sent_first, sent_last, first_byte, headers_at, end;
    int status;
    bool framed; /* each piece of the body is of one frame (a chunk, DATA) of the server, who wrote it at once */
    bool new_conn, retried, resumed; /* resumed: on a new connection, by a TLS session of an earlier one */
    int http;                        /* version that was spoken: 1 or 2; 0: none yet */
    uint64_t conn_id;                /* 1, 2, ... within this client */
    enum hx_result result;
    enum stream_rc rc;            /* cause of HX_CONNECT and the like */
    int sys;                      /* errno, 0 */
    char detail[160];             /* text of the cause; "" */
    uint64_t bytes_in, bytes_out; /* HTTP/2: of the stream's HEADERS, CONTINUATION and DATA frames */
    /* private */
    struct hconn *conn;
    struct hclient *client;
    size_t out_done;
    struct h2conn *h2;
    struct h2_stream *stream;
    struct hx *prev, *next, *next_unsent;
    bool over, again, head_out, all_out, paused;
    unsigned char tries; /* again */
};

/* From inside a callback: the connection that it is on, for people. Cold; false: it is on none. */
struct hx_wire {
    struct addr peer, local;
    bool tls;
    struct stream_tls facts; /* with tls */
};
bool hx_get_wire(const struct hx *x, struct hx_wire *out);

/* From inside a body callback: whether the current read is known to have been one network segment, so that everything
 * in it arrived at the stamp (stream_one_segment). About 1 us, once per read. */
bool hx_one_segment(const struct hx *x);

void hx_start(struct hclient *c, struct hx *x);
/* Closes its connection (HTTP/2: resets its stream); no callback follows. Safe at any time, also from callbacks. */
void hx_cancel(struct hx *x);

/* Back-pressure: read no more of the response until hx_resume. Safe at any time, also from callbacks; nothing for an
 * exchange that is not under way; a pause outlives a retry and ends with the exchange. The request goes out all the
 * same. What still comes after hx_pause:
 * - HTTP/1: from inside a callback, the rest of the read that it is about (at most read_cap bytes, perhaps with the end
 *   of the exchange: `done`). Otherwise nothing of a response, but `done` when no connection can be made. The kernel's
 *   buffers fill, then the server's; a connection that the server closes or resets meanwhile is noticed on resume.
 * - HTTP/2: what the server may still send on the stream, whose window is not opened any more: at most h2_window bytes,
 *   perhaps with the end. Other streams of the connection go on, and the end of the connection is told at once. */
void hx_pause(struct hx *x);
void hx_resume(struct hx *x); /* calls nothing back from inside */

/* From now on, until its end, the response can wait for what else is ready: loop_io_bulk. For streams behind their
 * beginning. Nothing over HTTP/2, and for an exchange that is not under way. */
void hx_bulk(struct hx *x);

#endif
