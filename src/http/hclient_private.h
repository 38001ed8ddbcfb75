/* hclient_private.h - shared by the pool (hclient.c, h2pool.c) and the connections (hconn.c, h2conn.c) of the client.
 * A connection belongs to the exchange under way on it, or to the idle list, or to a prewarming; it outlives none of
 * its callbacks' frames: what is cancelled from inside a callback is freed when the callback has returned. */
#ifndef WEIR_HTTP_HCLIENT_PRIVATE_H
#define WEIR_HTTP_HCLIENT_PRIVATE_H

#include "http/hclient.h"
#include "proto/h1.h"
#include "proto/h2_client.h"

enum { STREAMS_PER_CONN = 100, HX_MAX_PIECES = 64 };

struct prewarm {
    struct prewarm *next;
    struct hclient *c;
    uint64_t wanted, got; /* requests to open connections for, and that those which are up have room for */
    unsigned pending;     /* connections under way */
    int64_t due;          /* of the next */
    void (*ready)(void *arg);
    void *arg;
    struct timer pace; /* the next one is due; or there was nothing to do */
};

struct hconn {
    struct hclient *c;
    struct stream *s;
    struct dialing dialing;
    struct h1 *h1;
    struct hx *x; /* under way on it */
    struct prewarm *pw;
    struct hconn *older, *newer; /* idle list; `older` also chains spare ones */
    struct hconn *prev, *next;   /* all of the client */
    struct timer later;          /* for failures that must not be told from inside hx_start */
    int64_t idle_since;
    uint64_t id;
    signed char dial_rc;  /* stream_rc when there was not even a socket */
    signed char write_rc; /* stream_rc of a failed write; the response may still be there to read */
    bool up, idle;
    bool in_callback, doomed;
};

/* A connection of HTTP/2, or one that may become one when ALPN has spoken. Exchanges join it while it is being made. */
struct h2conn {
    struct hclient *c;
    struct stream *s;
    struct dialing dialing;
    struct h2_client *h2;        /* from then on */
    struct h2conn *prev, *next;  /* all of the client */
    struct hx *first, *last;     /* its exchanges; those without a stream wait for the connection or its SETTINGS */
    struct hx *over, *over_last; /* ended, not yet told */
    struct hx *unsent;           /* with something still to be written */
    struct hx *maker;            /* for which it was opened */
    struct prewarm *pw;
    unsigned pw_share; /* exchanges that it was opened for */
    unsigned n, begun; /* exchanges on it; of those, with a stream */
    uint32_t peer_max;
    struct buf out;
    size_t out_done;
    struct timer later, idle_timer;
    int64_t up_at, idle_since;
    uint64_t id;
    signed char dial_rc, write_rc;
    bool up, settled /* SETTINGS came */, draining, idle;
    bool fresh;   /* never was idle */
    bool heard;   /* frames of a stream came since it was idle last */
    bool reading; /* c->rx is that of the frames that come */
    bool looks;   /* several exchanges step together on it: see loop_looks */
    bool in_callback, doomed;
    bool http1; /* the server's first words were of HTTP/1 */
    uint32_t goaway;
    char goaway_text[64];
};

struct h2_heads {    /* translated from HTTP/1's text */
    struct buf text; /* that `common` was made from */
    struct h2_head common, own;
};

struct hclient {
    struct loop *loop;
    struct hclient_opts o;
    struct dialer *dialer;
    struct hconn *newest, *oldest; /* idle */
    struct hconn *all, *spare;
    unsigned n_spare;
    bool mux; /* connections may be of HTTP/2 */
    int expect;
    uint32_t peer_max; /* what a server's SETTINGS said last */
    struct h2conn *h2conns;
    struct h2_heads *heads;
    struct timer idle_timer;
    struct prewarm *prewarms;
    char *own_buf;
    struct rx rx; /* of the read that callbacks are being told of */
    uint64_t last_id;
    struct hclient_stats stats;
};

/* hclient.c */
void pool_put(struct hconn *k);
void pool_remove(struct hconn *k); /* out of the idle list */
/* One of its connections is up, with room for so many requests, or has failed, which counts as the room hoped for. */
void prewarm_step(struct prewarm *p, unsigned room);
void hx_clear_attempt(struct hx *x);
void hx_begin(struct hx *x, struct hconn *k);
void hx_begin_idle(struct hx *x); /* on the newest of the idle connections */
void hx_retry(struct hx *x);
/* The exchange is over: everything is settled before `done`, which may start the next one. */
void hx_finish(struct hx *x, enum hx_result result, int64_t end);

/* hconn.c */
struct hconn *hconn_open(struct hclient *c); /* begins to connect; never fails, it tells later */
void hconn_close(struct hconn *k);           /* at once; the memory goes when no callback of it is running */
void hconn_write(struct hconn *k);           /* as much of the request as goes; tells nothing from inside */
void hconn_pause(struct hconn *k);           /* or no more: x->paused has changed */
void hconn_free_spare(struct hclient *c);
/* A stream that is up and speaks HTTP/1.1 becomes a connection, for x or for the prewarming. */
void hconn_adopt(struct hclient *c, struct stream **s, uint64_t id, struct hx *x, struct prewarm *pw);

/* h2pool.c */
void h2pool_start(struct hclient *c, struct hx *x, const struct h2conn *not_this); /* may be NULL */
void h2pool_retry(struct hx *x, const struct h2conn *not_this);
unsigned h2pool_share(const struct hclient *c); /* exchanges that a new connection will take, as far as is known */
unsigned h2pool_room(const struct h2conn *k);   /* exchanges that it may have */
/* The request's head as fields: the first piece's are kept, as it is constant. -1: not possible, see x->detail. */
int h2pool_heads(struct hclient *c, struct hx *x);

/* h2exchange.c */
extern const struct h2_client_cb h2x_calls; /* arg: the connection; owner: the exchange */
void h2x_put(struct h2conn *k, struct hx *x);
void h2x_take_off(struct h2conn *k, struct hx *x);
bool h2x_begin(struct h2conn *k, struct hx *x); /* false: the connection takes no more */
void h2x_put_aside(struct h2conn *k, struct hx *x, enum hx_result result, enum stream_rc rc, bool again);
void h2x_forget(struct h2conn *k, struct hx *x); /* that was put aside */
void h2x_tell_all(struct h2conn *k);             /* that were put aside */
void h2x_mark_first(struct h2conn *k);           /* what has become frames is about to be written */
void h2x_mark_last(struct h2conn *k);            /* it has been */

/* h2conn.c */
struct h2conn *h2conn_open(struct hclient *c);
void h2conn_close(struct h2conn *k);
void h2conn_take(struct h2conn *k, struct hx *x); /* it has room; x may come back by way of h2pool_start */
void h2conn_cancel(struct hx *x);
void h2conn_pause(struct hx *x); /* or no more: x->paused has changed */

#endif
