/* loop.h - one event loop per thread: readiness of files, timers with absolute monotonic ns, nothing else; on epoll.
 *
 * Precision: waits are epoll_pwait2 with ns timeouts and the thread's timer slack is set to 1 ns (lateness p50 6-20
 * us); with spin_ns > 0 the loop blocks until spin_ns before the next *precise* timer and then polls (lateness p50 < 1
 * us). With busy_poll_ns > 0 it polls so long after its last work before it blocks, and asks the kernel to look into
 * the network card's queue meanwhile (epoll busy polling, Linux 6.9; Documentation/networking/napi.rst): what arrives
 * then costs no wake-up. On loopback there is no such queue. Never rounds to milliseconds. A turn: wait, timers that
 * are due, files (with a look at precise timers after every few, so that many ready files do not delay them), the
 * end-of-turn call. Level-triggered. A loop belongs to the thread that runs it; only loop_wake may be called from
 * others. */
#ifndef WEIR_NET_LOOP_H
#define WEIR_NET_LOOP_H

#include "base/err.h"
#include "base/heap.h"

struct loop;

enum { IO_READ = 1, IO_WRITE = 2, IO_HANGUP = 4 /* reported only: error or both sides closed */ };

struct io { /* embedded in what owns the file */
    int fd;
    unsigned want; /* what loop_io_set last asked for */
    bool bulk;     /* by loop_io_bulk */
    void (*ready)(struct io *io, unsigned what);
};

struct timer { /* embedded */
    struct heap_node node;
    bool precise; /* worth spinning for */
    void (*fire)(struct timer *t);
};

struct loop_opts {
    int64_t spin_ns;      /* 0: never spin */
    int64_t busy_poll_ns; /* 0: block at once when there is nothing to do */
    unsigned max_events;  /* per wait; 0 = 256 */
};

struct loop *loop_new(const struct loop_opts *o, struct err *e); /* o may be NULL */
void loop_free(struct loop **l);

int loop_io_add(struct loop *l, struct io *io, unsigned want); /* 0 or -errno */
int loop_io_set(struct loop *l, struct io *io, unsigned want); /* no system call when nothing changes */
void loop_io_del(struct loop *l,
                 struct io *io); /* safe inside any callback: events already collected for it are dropped */

/* A file whose events can wait for those of others: of bulk files that are ready together a turn takes LOOP_BULK_SLICE,
 * so that whatever else becomes ready meanwhile comes next and not behind all of them. Two system calls when it
 * changes for a file that is watched; the same again costs nothing. 0 or -errno. */
enum { LOOP_BULK_SLICE = 8 };
int loop_io_bulk(struct loop *l, struct io *io, bool bulk);

void loop_timer_set(struct loop *l, struct timer *t, int64_t due); /* (re)arm; due in the past fires in the next turn */
void loop_timer_stop(struct loop *l, struct timer *t);

/* Called once at the end of each turn, after all files and timers (NULL: none). */
void loop_on_turn(struct loop *l, void (*fn)(void *arg), void *arg);

void loop_run(struct loop *l);                                    /* until loop_stop */
void loop_stop(struct loop *l);                                   /* from a callback */
void loop_wake(struct loop *l, void (*fn)(void *arg), void *arg); /* any thread: fn runs on the loop's thread soon */

int loop_busy_poll_refused(const struct loop *l); /* the errno with which the kernel did; 0: it did not */

int64_t loop_now(const struct loop *l); /* the clock at the last wake-up: for timers, not for measuring */

/* While any user has asked for looks, no wait lasts longer than LOOP_LOOK_NS, so that loop_quiet_since is at most twice
 * that old: for files on which the events of many come together. Costs a few percent of a processor. Balanced calls. */
#define LOOP_LOOK_NS (300 * NS_PER_US)
void loop_looks(struct loop *l, bool on);

/* Lower bound of arrival for what this turn reports: the entry of the last wait before the current one that returned
 * with room to spare (a readable file that it did not report was not readable then). 0 = unknown. */
int64_t loop_quiet_since(const struct loop *l);

struct loop_stats {
    uint64_t waits, empty_polls;
    int64_t wait_ns;      /* time inside waits that blocked */
    uint64_t clock_steps; /* of the realtime clock, which kernel stamps are of: noticed by this loop's streams */
    uint64_t unplaced;    /* stamps that were not used, because it could not be told of which side of a step they are */
    int64_t empty_poll_ns; /* time spent in polls that found nothing (spinning, busy polling) */
};
struct loop_stats loop_get_stats(const struct loop *l);

#endif
