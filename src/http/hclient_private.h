/* hclient_private.h - shared by the pool (hclient.c) and the connection (hconn.c) of the HTTP/1.1 client.
 * A connection belongs to the exchange under way on it, or to the idle list, or to a prewarming; it outlives none of
 * its callbacks' frames: what is cancelled from inside a callback is freed when the callback has returned. */
#ifndef WEIR_HTTP_HCLIENT_PRIVATE_H
#define WEIR_HTTP_HCLIENT_PRIVATE_H

#include "http/hclient.h"
#include "proto/h1.h"

struct prewarm {
    struct prewarm *next;
    struct hclient *c;
    unsigned left, pending; /* to be opened, under way */
    int64_t due;            /* of the next */
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

struct hclient {
    struct loop *loop;
    struct hclient_opts o;
    struct dialer *dialer;
    struct hconn *newest, *oldest; /* idle */
    struct hconn *all, *spare;
    unsigned n_spare;
    struct timer idle_timer;
    struct prewarm *prewarms;
    char *own_buf;
    struct rx rx; /* of the read that callbacks are being told of */
    uint64_t last_id;
    struct hclient_stats stats;
};

/* hclient.c */
void pool_put(struct hconn *k);
void pool_remove(struct hconn *k);    /* out of the idle list */
void prewarm_step(struct prewarm *p); /* one of its connections is up or has failed */
void hx_begin(struct hx *x, struct hconn *k);
void hx_retry(struct hx *x);
/* The exchange is over: everything is settled before `done`, which may start the next one. */
void hx_finish(struct hx *x, enum hx_result result, int64_t end);

/* hconn.c */
struct hconn *hconn_open(struct hclient *c); /* begins to connect; never fails, it tells later */
void hconn_close(struct hconn *k);           /* at once; the memory goes when no callback of it is running */
void hconn_write(struct hconn *k);           /* as much of the request as goes; tells nothing from inside */
void hconn_free_spare(struct hclient *c);

#endif
