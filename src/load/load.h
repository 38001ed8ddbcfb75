/* load.h - one level's plan: item i of the one global seeded schedule, whatever worker asks for it.
 * Read-only after creation (thread-safe to read), but for the closed loop's shared counters, which are atomic.
 * The window begins at warmup_ns, or at the due instant (closed: the start) of the first item behind warmup_requests,
 * or, with both, at the later of the two. duration_ns counts from there.
 * A rate limit is a bucket that holds one: a start at least start_gap behind the one before it. In an open loop it is
 * part of the schedule, so that it too is the same for any number of workers. */
#ifndef WEIR_LOAD_LOAD_H
#define WEIR_LOAD_LOAD_H

#include <stdatomic.h>

#include "load/arrival.h"
#include "load/dataset.h"
#include "load/leaving.h"
#include "load/mix.h"

enum load_mode { LOAD_OPEN, LOAD_CLOSED };
enum load_order { ORDER_SEQUENTIAL, ORDER_SHUFFLE };

struct load_opts {
    enum load_mode mode;
    double rate; /* open loop: requests per second; not of a burst or a trace */
    enum arrival_kind arrival;
    double burstiness; /* of gamma arrivals */
    double speed;      /* of a trace */
    const struct profile
        *profile;             /* open loop: rates instead of `rate`; closed: users, at most `concurrency`; or NULL */
    int64_t start_gap;        /* rate limit: ns between two starts at least, 0 = none */
    uint32_t concurrency;     /* closed loop: requests in flight */
    uint64_t warmup_requests; /* the first so many items are warm-up */
    int64_t warmup_ns;        /* or everything due (closed: started) before this */
    uint64_t num_requests;    /* measured items, warm-up excluded; 0 = no such end */
    int64_t duration_ns;      /* measured time; 0 = no such end */
    int64_t until_ns;         /* ns after the level's start, warm-up included; 0 = no such end; the first of all three
                                 ends the level */
    enum load_order order;    /* shuffle: a seeded permutation, a new one each time through the dataset */
    bool unique_prompts;
    struct leaving leaving; /* who goes away; share 0: nobody */
    bool sessions;          /* each sample is a session of as many requests as it has turns (load/turns.h) */
    bool canned;            /* their history is the dataset's, not the server's answers */
    struct dist think;      /* ns from an answer to the next turn; closed loop without sessions: to the next request */
    struct dist first; /* closed loop: ns from the level's start to the first request of each slot; 0: no such wait */
    uint64_t seed;
    uint32_t level;
    uint64_t first_sample;       /* where this level goes on in the dataset */
    const struct models *models; /* that items ask for; NULL: the run's one. Borrowed, constant */
};

struct load {
    struct load_opts o;
    const struct dataset *ds;
    int64_t w0;                   /* open loop: where the window begins, ns after the level's start */
    uint64_t first_item;          /* the first item (session) of the window; closed: behind the warm-up by count */
    uint64_t end_item;            /* the first behind num_requests, where that is known; else UINT64_MAX */
    uint64_t stride;              /* sessions: the most turns that one has */
    bool classes;                 /* the dataset has more than one request class */
    _Atomic uint64_t next_closed; /* closed loop: the next item */
    _Atomic uint64_t measured;    /* closed loop: items taken that are no warm-up */
    _Atomic int64_t w0_closed;    /* closed loop: the window's begin, -1 while unknown */
    _Atomic int64_t next_start;   /* load_reserve: when the limit lets the next one go */
};

/* Cost in an open loop with Poisson arrivals: a walk through the warm-up's instants, 15 ns each. */
void load_init(struct load *l, const struct load_opts *o, const struct dataset *ds);
/* Fill *it with item i: sample, nonce, warm-up. Open loop: `due` comes from the caller's arrival cursor; closed loop:
 * 0, and only the warm-up by count is judged (load_take judges both). */
void load_item(const struct load *l, uint64_t i, int64_t due, struct plan_item *it);
/* Closed loop: take the next item for a start at `now` (ns after the level's start); false: the level has ended. */
bool load_take(struct load *l, int64_t now, struct plan_item *it);
/* Closed loop: when it ends, ns after the level's start; INT64_MAX: by count alone, or not known yet. */
int64_t load_closed_end(const struct load *l);
/* Open loop: false when item i, due then, is beyond the level's end. */
bool load_open_has(const struct load *l, uint64_t i, int64_t due);
/* Open loop: a walk through the schedule, from its first item; each worker has one. */
struct load_walk {
    struct arrival arrival;
    uint64_t i;      /* the item that load_walk_next gave */
    int64_t due;     /* its instant, ns after the level's start */
    int64_t release; /* when the rate limit lets it go, likewise; as `due` without one */
    int64_t free;    /* when it would let the next one go */
};
void load_walk_begin(const struct load *l, struct load_walk *w);
bool load_walk_next(const struct load *l, struct load_walk *w); /* false: the level has ended */
/* The rate limit where the schedule does not know when requests will start (a closed loop, a cap): the instant, ns
 * after the level's start, `now` or later, at which the one who asks may start one. Shared by all workers. */
int64_t load_reserve(struct load *l, int64_t now);
/* Sessions. An item is a session then, and num_requests and warmup_requests count turns, rounded up to whole sessions.
 * Turn t of session s has index s * (the most turns of any) + t, which keys all its random values. load_item and
 * load_take give the first turn; this steps on to the next, for which the caller has `what`. */
void load_next_turn(const struct load *l, struct plan_item *it);
/* The pause behind this item: think time, 0 without any. */
int64_t load_think(const struct load *l, const struct plan_item *it);
/* Closed loop: when slot i, of all workers', sends its first request, ns after the level's start; -1: nothing says. */
int64_t load_first(const struct load *l, uint64_t i);
/* Whether what is due (closed: begins) then, ns after the level's start, is of the warm-up. */
bool load_in_warmup(const struct load *l, int64_t at);
/* Where the window begins, ns after the level's start; -1: a closed loop still in its warm-up by count. */
int64_t load_window_begin(const struct load *l);
/* Open loop: where the window ends, ns after the level's start: after duration_ns, or when the first item beyond
 * num_requests would have been due, or at until_ns, whichever is first. A trace ends its mean gap behind its last item;
 * a burst at 0, since it is over when its answers are. A Poisson schedule is walked: 15 ns an item. Closed loop: 0.
 * With sessions, whose turns go on beyond the instant of the last one's first, num_requests does not count; INT64_MAX:
 * no end by time. */
int64_t load_open_end(const struct load *l);
/* Open loop: when the first item beyond num_requests would have been due; INT64_MAX: no such end. */
int64_t load_count_end(const struct load *l);

#endif
