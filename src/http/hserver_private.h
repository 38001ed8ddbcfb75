/* hserver_private.h - what the server's files share: a TCP connection (struct hs_link), whoever speaks on it. hserver.c
 * owns links, their queue of bytes and HTTP/1; hserver_h2.c speaks HTTP/2 on them. */
#ifndef WEIR_HTTP_HSERVER_PRIVATE_H
#define WEIR_HTTP_HSERVER_PRIVATE_H

#include "base/buf.h"
#include "http/hserver_request.h"

#define HS_LINGER_NS (2 * NS_PER_S) /* for a client to read the answer, or to begin what it came for */
#define HS_SNIFFED 255

struct hs2;        /* HTTP/2 on a link */
struct hs2_shared; /* what all links of a server share for it */

struct hs_conn { /* what the caller sees: within its link (HTTP/1), or at the beginning of a stream's memory */
    struct hs_link *link;
    void *user;
    bool h2;
};

enum hs_state {
    HS_OPENING, /* TLS */
    HS_READING, /* a request, or idle; HTTP/2 is always here */
    HS_BUSY,    /* the caller answers */
    HS_CLOSING, /* flushing, then closed */
    HS_LINGER,  /* answered without having read all: a close now could destroy the answer on its way */
    HS_DEAD,    /* stream closed, to be freed in the next turn */
};

struct hs_link {
    struct hs_conn x; /* HTTP/1's */
    struct hserver *srv;
    struct hs_link *prev, *next;
    struct stream *stream;
    struct hs_reader *reader; /* of the request being received */
    struct hs2 *h2;
    struct buf ahead; /* pipelined bytes */
    struct rx ahead_rx;
    struct buf out;
    size_t out_done;       /* bytes of `out` already written */
    struct timer timer;    /* what it does depends on the state; see on_timer */
    unsigned char state;   /* enum hs_state */
    unsigned char sniffed; /* bytes that are those of HTTP/2's preface; HS_SNIFFED: it is decided */
    bool feeding;          /* feed() is on the stack and will go on by itself */
    bool keep;             /* the request allows another */
    bool unread;           /* the request was not read to its end */
    bool broken;           /* the client is lost; `gone` is due */
    bool read_off;
    bool parting;  /* was told that it is idle */
    int64_t since; /* for idle_ns: the last beginning of a request, end of an answer, or step of what goes out */
};

struct hserver {
    struct loop *loop;
    struct hserver_opts o;
    struct listener *listener; /* NULL: stopped */
    struct addr addr;
    struct hs_link *all;
    struct hs_pool *pool;
    struct hserver_stats stats;
    struct hs2_shared *h2; /* NULL until the first connection that speaks it */
    struct timer sweep;    /* of idle connections */
    char *rdbuf;
};

/* hserver.c */
size_t hs_link_queued(const struct hs_link *l);
void hs_link_update_want(struct hs_link *l);
int hs_link_enqueue(struct hs_link *l, const char *p, size_t n);
void hs_link_broken(struct hs_link *l); /* the loss is told in the next turn */
void hs_link_close(struct hs_link *l);  /* everything is written */
void hs_link_gone(struct hs_link *l);   /* at once; who answers on it is told */
void hs_link_readable(struct hs_link *l);

/* hserver_stop.c */
static inline bool hs_stopping(const struct hserver *s)
{
    return s->listener == NULL;
}
void hs_stop_link(struct hs_link *l); /* of a server that stops: its timer, when nothing else is due */

/* hserver_idle.c */
void hs_idle_start(struct hserver *s);
static inline void hs_link_touch(struct hs_link *l)
{
    l->since = loop_now(l->srv->loop);
}

/* hserver_h2.c */
bool hs2_busy(const struct hs_link *l); /* a request of it is being answered */
void hs2_part(struct hs_link *l);       /* GOAWAY, and the end */
void hs2_start(struct hs_link *l);
void hs2_feed(struct hs_link *l, const char *p, size_t n, const struct rx *rx);
void hs2_drained(struct hs_link *l); /* the kernel took all that was queued */
bool hs2_over(const struct hs_link *l);
void hs2_shutdown(struct hs_link *l); /* begins with GOAWAY's first step */
void hs2_goaway(struct hs_link *l);   /* the second one, for a client that does not speak */
void hs2_free(struct hs_link *l);     /* tells the callers of what was open */
void hs2_shared_free(struct hserver *s);

/* The parts of the public functions that are HTTP/2's. */
void hs2_finish(struct hs_conn *c);
size_t hs2_queued(const struct hs_conn *c);

#endif
