/* sim_gate.h - admission: how many requests the simulator holds, how many of them run, who waits for a slot.
 *
 * One gate for all threads; its counts are exact, and waiting is first come, first served over all threads. A mutex is
 * taken per request (enter, leave), never per token. Verdicts, in this order:
 *   in flight >= limit       GATE_LIMIT (429): everything admitted counts, running, waiting or plain
 *   running < max_seqs       GATE_RUN: a slot
 *   waiting < max_queue      GATE_WAIT: a slot comes later by gate_take()
 *   otherwise                GATE_FULL (503)
 * When a slot comes free it goes to the head of the queue at once, so it is never seen free in between; the waiter's
 * own thread picks it up. */
#ifndef WEIR_SIM_SIM_GATE_H
#define WEIR_SIM_SIM_GATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/attr.h"

enum gate_rc { GATE_RUN, GATE_WAIT, GATE_LIMIT, GATE_FULL };
enum gate_state { GATE_OUT = 0, GATE_WAITING, GATE_GRANTED, GATE_RUNNING };

struct gate_waiter { /* embedded in a request; zero it first */
    struct gate_waiter *prev, *next;
    unsigned worker;
    enum gate_state state; /* under the gate's mutex while waiting or granted */
};

struct gate_list {
    struct gate_waiter *head, *tail;
};

struct gate {
    pthread_mutex_t lock;
    uint64_t limit, max_seqs, max_queue; /* constant; limit 0 = none */
    uint64_t in_flight, running, waiting;
    struct gate_list queue;
    struct gate_list *granted; /* per worker */
    unsigned n_workers;
    bool timed;                /* running_ns is kept: a clock read per request */
    int64_t since;             /* running_ns is up to here */
    uint64_t running_ns;       /* running, over time */
    _Atomic uint64_t decoding; /* sequences past their first token, over all threads */
};

struct gate_counts {
    uint64_t in_flight, running, waiting;
    uint64_t running_ns; /* the integral of running over time, up to now; 0 where it is not kept */
};

void gate_init(struct gate *g, uint64_t limit, uint64_t max_seqs, uint64_t max_queue, unsigned n_workers);
void gate_free(struct gate *g);
void gate_time(struct gate *g); /* keep running_ns from now on; before threads start */

enum gate_rc gate_enter(struct gate *g, struct gate_waiter *w, unsigned worker);
/* Leave from any state (no effect when out). Returns the worker for whom a slot was put ready, or -1. */
int gate_leave(struct gate *g, struct gate_waiter *w);
/* The next waiter of this worker that was given a slot (now running), or NULL. */
struct gate_waiter *gate_take(struct gate *g, unsigned worker);

/* What needs no slot (/tokenizer and the like): the limit alone. How many are in flight with it; 0: it is not admitted
 * (429). */
uint64_t gate_enter_plain(struct gate *g);
void gate_leave_plain(struct gate *g);

struct gate_counts gate_get_counts(struct gate *g);

#endif
