/* loop_private.h - what the files of net share about a loop: the poller behind it, and the memory that all streams of
 * one loop use in turn (one pass over one stream at a time, so one buffer is enough for any number of streams). */
#ifndef WEIR_NET_LOOP_PRIVATE_H
#define WEIR_NET_LOOP_PRIVATE_H

#include "base/clock.h"
#include "net/loop.h"

/* ---- the poller: readiness from the kernel (loop_epoll.c). The port to another kernel replaces this file only. */
struct poller;

struct poller *poller_new(unsigned max_events, struct err *e);
void poller_free(struct poller **p);
int poller_set(struct poller *p, struct io *io, unsigned old_want,
               unsigned want); /* 0 or -errno; want 0 = not watched */
/* Wait until something is ready or timeout ns have passed (0: poll, < 0: for ever). The number of events, or -errno. */
int poller_wait(struct poller *p, int64_t timeout);
/* From now on a wait looks into the network card's queue. 0, or -errno: this kernel's does not. */
int poller_busy_poll(struct poller *p);
bool poller_next(struct poller *p, struct io **io, unsigned *what); /* the events of the last wait, one by one */
/* Into or out of the class of files that can wait (loop_io_bulk); it is watched for `want`. 0 or -errno. */
int poller_bulk(struct poller *p, struct io *io, unsigned want, bool bulk);
/* Whether more bulk files may be ready than the last wait told of. */
bool poller_has_more(const struct poller *p);
void poller_forget(struct poller *p, const struct io *io); /* drop what is still to be given for it */

/* ---- shared by the streams of one loop */
enum { NET_RX_BYTES = 64 * 1024, NET_TX_BYTES = 16 * 1024 };

struct net_shared {
    int stamp_fd; /* a socket that keeps the kernel's stamping switched on; -1 none */
    struct clock_bridge bridge;
    int64_t read_at;      /* the clock right after the last read of any stream */
    uint64_t bridge_turn; /* turn of the last anchor */
    char *rx;             /* NET_RX_BYTES: ciphertext of the current recvmsg (made when first needed) */
    char *tx;             /* NET_TX_BYTES: pieces of one TLS record to be */
};

struct net_shared *loop_net(struct loop *l);
uint64_t loop_turn(const struct loop *l); /* number of the current turn, from 1 */

/* rxstamp.c */
void net_shared_init(struct net_shared *n);
void net_shared_free(struct net_shared *n);

#endif
