#include "campaign/recorder.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"

#define BATCH 1024
#define AHEAD 4      /* records that are on their way while one is being written */
#define NAP_US 2000  /* when fewer waited: a ring holds many times what comes meanwhile */
#define REST_US 5000 /* when none did */
#define FLUSH_NS NS_PER_S
#define LOOK_NS (100 * NS_PER_MS) /* between two figures for the live view */
#define HURRY_NS (500 * NS_PER_MS)

struct recorder {
    struct campaign_state *s;
    struct engine *en;
    struct counter *counter;
    pthread_t thread;
    struct recorded sum;
    int64_t flushed_at, looked_at;
    struct breaker breaker;
    char why[200]; /* settled before `tripped` */
    _Atomic int64_t ttft_p50;
    _Atomic bool broken, last, hurry, hurried, tripped;
};

static void count(struct recorder *r, enum outcome o)
{
    r->sum.measured++;
    r->sum.succeeded += o == OUT_OK;
    r->sum.failed += o != OUT_OK && o != OUT_CANCELLED;
}

static void take(struct recorder *r, struct record *rec)
{
    struct campaign_state *s = r->s;
    if (r->counter)
        counter_take(r->counter, rec);
    if (rec->flags & REC_WARMUP)
        r->sum.warm++;
    else if (rec->outcome == OUT_UNSENT)
        r->sum.unsent++;
    else
        count(r, rec->outcome);
    if (!s->c->no_records && rec_write_request(s->records, rec) < 0)
        atomic_store_explicit(&r->broken, true, memory_order_relaxed);
    acc_sink.request(s->acc, rec);
    if (rec->outcome != OUT_OK && !(rec->flags & REC_LEFT))
        errlog_add(&s->errors, rec);
    if (!atomic_load_explicit(&r->tripped, memory_order_relaxed) && breaker_trips(&r->breaker, rec, r->why))
        atomic_store_explicit(&r->tripped, true, memory_order_release);
    engine_give_back(r->en, rec);
}

/* A record was written by another core: without this, half of the time would go by waiting for its lines. */
static inline void expect(const struct record *rec)
{
    for (size_t i = 0; i < sizeof *rec; i += 64)
        __builtin_prefetch((const char *)rec + i);
}

static unsigned take_some(struct recorder *r)
{
    struct record *next[AHEAD], *rec;
    unsigned popped = 0, taken = 0;
    while (popped < BATCH && (rec = engine_pop(r->en))) {
        expect(rec);
        if (popped - taken == AHEAD)
            take(r, next[taken++ % AHEAD]);
        next[popped++ % AHEAD] = rec;
    }
    while (taken < popped)
        take(r, next[taken++ % AHEAD]);
    return popped;
}

static void flush(struct recorder *r)
{
    if (rec_writer_flush(r->s->records) < 0)
        atomic_store_explicit(&r->broken, true, memory_order_relaxed);
}

/* What is due by the clock. */
static void keep_up(struct recorder *r)
{
    int64_t now = clock_mono();
    if (now - r->flushed_at >= FLUSH_NS) {
        r->flushed_at = now;
        flush(r);
    }
    if (r->s->v->tick && now - r->looked_at >= LOOK_NS) {
        r->looked_at = now;
        atomic_store_explicit(&r->ttft_p50, acc_live_ttft_p50(r->s->acc), memory_order_relaxed);
    }
    if (atomic_load(&r->hurry) && !atomic_load(&r->hurried)) {
        flush(r);
        atomic_store(&r->hurried, true);
    }
}

static void *run(void *arg)
{
    struct recorder *r = arg;
    for (;;) {
        bool last = atomic_load(&r->last); /* read first: what was handed over before it is seen below */
        unsigned n = take_some(r);
        if (last && n == 0)
            break;
        keep_up(r);
        if (n < BATCH && !last)
            usleep(n ? NAP_US : REST_US);
    }
    flush(r);
    return NULL;
}

struct recorder *recorder_start(struct campaign_state *s, struct engine *en, const struct breaker_rule *max_errors,
                                struct counter *counter, struct err *e)
{
    struct recorder *r = xcalloc(1, sizeof *r);
    r->s = s;
    r->en = en;
    r->counter = counter;
    r->flushed_at = r->looked_at = clock_mono();
    breaker_init(&r->breaker, max_errors);
    atomic_init(&r->ttft_p50, -1);
    int rc = pthread_create(&r->thread, NULL, run, r);
    if (rc == 0)
        return r;
    free(r);
    err_sys(e, ERR_LIMIT, rc, "cannot start the thread that writes");
    return NULL;
}

int64_t recorder_ttft_p50(const struct recorder *r)
{
    return atomic_load_explicit(&r->ttft_p50, memory_order_relaxed);
}

bool recorder_broken(const struct recorder *r)
{
    return atomic_load_explicit(&r->broken, memory_order_relaxed);
}

const char *recorder_tripped(const struct recorder *r)
{
    return atomic_load_explicit(&r->tripped, memory_order_acquire) ? r->why : NULL;
}

void recorder_hurry(struct recorder *r)
{
    int64_t until = clock_mono() + HURRY_NS;
    atomic_store(&r->hurry, true);
    while (!atomic_load(&r->hurried) && clock_mono() < until)
        usleep(NAP_US);
}

void recorder_stop(struct recorder **rp, struct recorded *sum)
{
    struct recorder *r = *rp;
    atomic_store(&r->last, true);
    pthread_join(r->thread, NULL);
    r->s->broken |= recorder_broken(r);
    *sum = r->sum;
    snprintf(sum->stopped, sizeof sum->stopped, "%s", recorder_tripped(r) ? r->why : "");
    free(r);
    *rp = NULL;
}
