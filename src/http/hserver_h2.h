/* hserver_h2.h - HTTP/2 on a link: what hserver_h2.c (requests, and what the caller does) and hserver_h2_write.c
 * (batches, and who is told what of them) share. */
#ifndef WEIR_HTTP_HSERVER_H2_H
#define WEIR_HTTP_HSERVER_H2_H

#include "http/hserver_private.h"
#include "proto/h2_server.h"

#define HS2_BATCH (16 * 1024)
#define HS2_FRAME_MAX (16 * 1024 + 512) /* what one pull can give: a frame of the least size that all peers take */
#define HS2_MARKS_MAX                                                                                                  \
    (2 * (HS2_BATCH / 9) + 4) /* a frame has at least 9 bytes, and ends a piece, an answer or both                     \
                               */

enum hs2_state { /* of an exchange */
                 X_RECEIVING,
                 X_READY,   /* received, to be given to the caller */
                 X_IGNORED, /* came behind a GOAWAY */
                 X_OPEN,    /* the caller answers */
                 X_ENDING,  /* answered; `ended` is due */
                 X_DONE,    /* the caller knows nothing of it any more */
};

enum hs2_flow {             /* for `drained`, where it is wanted */
                FLOW_NONE,  /* in no list */
                FLOW_GIVEN, /* data given that is not through yet: hs2.given */
                FLOW_DUE,   /* it has gone: hs2_shared.drained */
};

struct hs2_exchange { /* a stream */
    struct hs_conn x; /* first */
    struct hs2 *h;
    struct hs2_exchange *prev, *next;
    struct hs2_exchange *queue; /* the next that is ready, or lost */
    struct h2s_stream *st;      /* NULL: closed */
    struct hs_reader *reader;
    const char *why; /* refused: a constant text */
    int refuse;      /* its status */
    unsigned pins;   /* entries of a batch that name it */
    struct hs2_exchange *flow_next, **flow_at;
    unsigned char state, flow;
    bool lost; /* in the queue of those to be told */
    struct rx last;
};

struct hs2 { /* a connection */
    struct hs_link *link;
    struct h2s *h2s;
    struct hs2_exchange *all;
    struct hs2_exchange *ready, **ready_end;
    struct hs2_exchange *given;
    struct hs2 *next_dirty;
    const struct rx *rx; /* of the bytes being fed */
    size_t bodies;       /* bytes of the requests being received */
    uint64_t requests;
    uint32_t flushes;
    bool dirty, inside;
};

struct hs2_entry { /* what a frame of the batch ended */
    struct hs2_exchange *x;
    bool end, waited;
};

struct hs2_shared {
    struct hs2 *dirty;                     /* with something to send */
    struct hs2_exchange *lost, **lost_end; /* whose callers are to be told */
    struct hs2_exchange *drained;          /* likewise */
    struct timer again;                    /* some are left for the next turn, which is to come */
    struct hserver *srv;
    bool pumping;
    size_t n, n_marks; /* of the batch */
    struct hs2_entry marks[HS2_MARKS_MAX];
    char batch[HS2_BATCH + HS2_FRAME_MAX];
};

/* hserver_h2.c */
static inline const struct hserver_ops *hs2_ops(const struct hs2_exchange *x)
{
    return x->x.link->srv->o.ops;
}

static inline void *hs2_arg(const struct hs2_exchange *x)
{
    return x->x.link->srv->o.arg;
}

void hs2_free_if_over(struct hs2_exchange *x);
void hs2_lose(struct hs2_exchange *x); /* the caller is told at the end of the turn */
void hs2_tell_lost(struct hs2_shared *sh);

/* hserver_h2_write.c */
void hs2_mark_dirty(struct hs2 *h);
void hs2_pump(struct hs2 *h);                /* hands all that can go to the kernel */
void hs2_flow_given(struct hs2_exchange *x); /* it has data to send */
void hs2_flow_take(struct hs2_exchange *x);  /* off its list */
/* For the frame being pulled: it ends a marked piece, or the answer. */
void hs2_note(struct hs2_exchange *x, bool end, bool waited);

/* A tag says after how many flushes the piece was given. */
static inline uint32_t hs2_tag_now(const struct hs2 *h)
{
    return h->flushes | 1U << 31;
}

#endif
