/* engine.h - runs one level's plan and emits a record per request.
 *
 * T worker threads share nothing on the hot path: item i of the global schedule belongs to worker i mod T (open loop),
 * or is taken from one shared counter (closed loop); slots and caps are divided statically. Each worker has its own
 * loop, TLS context and record slab, and a pool of connections per endpoint (a route). Finished records travel to
 * whoever pops them over a ring per worker and come back over another, so that workers never allocate after warm-up
 * and never wait. Records that find the ring full (thousands of requests that time out together) stay with the worker,
 * up to 262,144; what comes on top is lost and counted. Until engine_finished, someone must go on popping. All
 * instants in records are ns since `epoch`.
 *
 * Thread rule: engine_* are called by one thread (the campaign's); but engine_pop and engine_give_back by one that may
 * be another, from engine_begin until it has been joined before engine_free. */
#ifndef WEIR_ENGINE_ENGINE_H
#define WEIR_ENGINE_ENGINE_H

#include "api/api.h"
#include "engine/target.h"
#include "load/load.h"
#include "record/live.h"
#include "record/record.h"

struct engine;

/* Which endpoint a request goes to. Round robin: item i to endpoint i mod n, whatever the number of workers.
 * Least in flight: to that with the fewest open requests of this worker at the moment of sending; of equals, the next
 * one in turn. */
enum balance { BALANCE_ROUND_ROBIN = 0, BALANCE_LEAST_IN_FLIGHT };

struct engine_opts {              /* pointers are borrowed until engine_free */
    const struct target *targets; /* one or more endpoints of one dialect, with the same options of TLS */
    unsigned n_targets;
    enum balance balance;
    const struct api *api;
    struct load *load;
    unsigned workers;                             /* >= 1 */
    uint32_t max_concurrency;                     /* open loop: cap, 0 = none */
    int64_t timeout;                              /* whole request, from start; ns */
    int64_t connect_timeout, first_token_timeout; /* 0 = none */
    int64_t stall_timeout;                        /* no byte of the answer for so long; 0 = none */
    int64_t idle_timeout;
    unsigned streams_per_conn; /* HTTP/2; 0: 100 */
    int64_t grace;             /* after the level's end, what is still open is cancelled; ns */
    const uint16_t *cores;     /* worker i is kept on cores[i]; NULL: anywhere */
    int64_t spin, busy_poll;
    const char *const *header_metrics; /* NULL-ended names of response headers whose numbers are kept, or NULL */
    bool no_keepalive, no_kernel_stamps, no_tls_resume, save_text, save_http;
    double connect_rate;  /* connections opened ahead per second, over all workers; 0 = as quickly as it goes */
    int64_t ramp;         /* closed loop: the slots' first requests are spread evenly over so long; 0: all at once */
    bool count_text;      /* answers' texts go with the records to whoever has a tokenizer, and no words are counted */
    size_t text_limit;    /* bytes of them that may wait, over all workers; 0 = 1 GiB */
    size_t history_limit; /* of sessions: bytes of kept answers, over all workers; 0 = 1 GiB */
    bool pages;           /* answers that name a next page are followed by it, see session.c */
    int64_t page_rest;    /* ns between two of them; 0 = 200 ms */
    int64_t epoch;        /* monotonic ns that instants count from */
    char run_id[16];      /* prefix of the x-request-id of each request */
    size_t ring;          /* records per ring, power of two; 0 = 8192 */
    size_t late;          /* records of a worker that may wait for room in its ring; 0 = 262,144 */
};

/* Threads start and (closed loop) connections are opened ahead; the level itself begins with engine_begin. */
struct engine *engine_start(const struct engine_opts *o, struct err *e);
bool engine_ready(struct engine *e);                  /* all workers are ready to begin */
int engine_busy_poll_refused(const struct engine *e); /* errno of the kernel's refusal, 0: none */
void engine_begin(struct engine *e, int64_t at);      /* the level's start: monotonic ns, a little ahead of now */
struct engine_connecting {                            /* what is opened ahead: connections */
    uint64_t wanted, open, failed;                    /* wanted, open: for so many requests at a time */
};
struct engine_connecting engine_connecting(const struct engine *e); /* exact once engine_ready; else 20 ms old */

/* A finished record, or NULL: none waits now. Read it, then give it back. */
struct record *engine_pop(struct engine *e);
void engine_give_back(struct engine *e, struct record *r);

/* No new requests from now on; what is open is cancelled `drain` ns later. Safe to call again with a shorter drain. */
void engine_stop(struct engine *e, int64_t drain);
bool engine_finished(struct engine *e); /* all workers have ended; pop what is left, then engine_end */

struct engine_totals {
    int64_t first_start, last_start, last_end; /* of measured (not warm-up) requests; ns since epoch, 0 = none */
    int64_t stopped_at;                        /* engine_stop's instant, ns since epoch, 0 = never */
    uint64_t taken;                            /* items that were given a record (unsent ones included) */
    uint64_t lost_records, exhausted;
    uint64_t unkept;          /* sessions that ended early because an answer could not be kept */
    uint64_t prewarm_failed;  /* attempts to open a connection ahead */
    uint64_t prewarm_missing; /* requests at a time without an open connection when the level began */
};
/* After engine_finished and the last pop. `clients` (one per worker, at least `workers` of them) is filled; their
 * histograms belong to the engine until engine_free. */
void engine_end(struct engine *e, struct engine_totals *t, struct rec_client *clients);
void engine_live(const struct engine *e, struct live *sum); /* sums over workers; any time */

/* Whether a connection to an address of this endpoint has failed since the last question; any time. Who asked may look
 * its name up again and tell the workers where further connections go. */
bool engine_lost(struct engine *e, unsigned target);
void engine_set_addrs(struct engine *e, unsigned target, const struct addr *addrs, size_t n); /* copied */
void engine_free(struct engine **e);

#endif
