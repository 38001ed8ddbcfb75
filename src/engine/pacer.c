/* pacer.c - when a worker starts its requests.
 * Open loop: at the instants of the global schedule; overdue items go at once, and nothing waits for completions unless
 * the user set a cap. Closed loop: a slot starts its next request when its last one has ended; the slots' first
 * requests are spread over the ramp. */
#include "engine/engine_private.h"

/* A slot whose connection failed rests a little: a server that is down must not become a busy loop. */
#define REST_NS (100 * NS_PER_MS)

static bool is_open(const struct worker *w)
{
    return w->e->o.load->o.mode == LOAD_OPEN;
}

/* The next item of this worker in the schedule; false at its end. */
static bool next_own(struct worker *w, struct plan_item *it, int64_t *due)
{
    struct load *l = w->e->o.load;
    for (;;) {
        uint64_t i = w->cursor_i;
        int64_t at = arrival_next(&w->cursor);
        w->cursor_i++;
        if (!load_open_has(l, i, at))
            return false;
        if (i % w->e->o.workers != w->id)
            continue;
        load_item(l, i, at, it);
        *due = w->e->begin + at;
        return true;
    }
}

static void prepare_next(struct worker *w)
{
    struct plan_item it;
    w->prepared = next_own(w, &it, &w->prepared_due) ? req_prepare(w, &it) : NULL;
    if (!w->prepared)
        worker_no_more(w);
}

static void send_due(struct worker *w)
{
    while (w->prepared) {
        int64_t now = clock_mono();
        if (w->prepared_due > now) {
            loop_timer_set(w->loop, &w->pace, w->prepared_due);
            return;
        }
        if (w->cap && w->in_flight >= w->cap)
            return; /* the next completion comes back here */
        struct req *r = w->prepared;
        int64_t due = w->prepared_due;
        req_start(r, due, MAX(due, w->freed_at), now);
        prepare_next(w);
    }
}

static void start_slots(struct worker *w)
{
    while (w->slots > 0 && !w->no_more) {
        struct plan_item it;
        if (!load_take(w->e->o.load, clock_mono() - w->e->begin, &it)) {
            worker_no_more(w);
            return;
        }
        w->slots--;
        struct req *r = req_prepare(w, &it);
        req_start(r, 0, 0, clock_mono());
    }
}

/* When this worker's slot j sends its first request. The slots of all workers take turns, so that the whole load grows
 * evenly. */
static int64_t first_due(const struct worker *w, uint32_t j)
{
    const struct engine_opts *o = &w->e->o;
    double place = ((double)j * o->workers + w->id) / o->load->o.concurrency;
    return w->e->begin + (int64_t)((double)o->ramp * place);
}

static void on_ramp(struct timer *t)
{
    struct worker *w = CONTAINER_OF(t, struct worker, ramp);
    while (w->fresh > 0 && !w->no_more) {
        int64_t due = first_due(w, w->n_slots - w->fresh);
        if (due > clock_mono()) {
            loop_timer_set(w->loop, t, due);
            return;
        }
        w->fresh--;
        w->slots++;
        start_slots(w);
    }
    worker_check_over(w);
}

/* A worker learns of the level's end by taking an item. One whose slots are all waiting takes none: it looks. */
static void on_watch(struct timer *t)
{
    enum { LOOK_NS = 50 * NS_PER_MS };
    struct worker *w = CONTAINER_OF(t, struct worker, watch);
    struct load *l = w->e->o.load;
    int64_t now = clock_mono(), w0 = load_window_begin(l), next = now + LOOK_NS;
    if (w->no_more)
        return;
    bool over = l->o.num_requests && atomic_load(&l->measured) >= l->o.num_requests;
    if (l->o.duration_ns && w0 >= 0) {
        int64_t end = w->e->begin + w0 + l->o.duration_ns;
        over |= end <= now;
        next = l->o.num_requests ? MIN(next, end) : end;
    }
    if (!over) {
        loop_timer_set(w->loop, t, next);
        return;
    }
    worker_no_more(w);
    worker_check_over(w);
}

static void on_pace(struct timer *t)
{
    struct worker *w = CONTAINER_OF(t, struct worker, pace);
    if (w->no_more)
        return;
    if (is_open(w))
        send_due(w);
    else
        start_slots(w);
    worker_check_over(w);
}

void pacer_begin(struct worker *w)
{
    w->pace.fire = on_pace;
    w->pace.precise = true;
    if (is_open(w)) {
        const struct load_opts *o = &w->e->o.load->o;
        arrival_init(&w->cursor, o->arrival, o->rate, o->seed, o->level);
        prepare_next(w);
        if (w->prepared)
            loop_timer_set(w->loop, &w->pace, w->prepared_due);
    } else if (w->slots > 0) {
        w->fresh = w->n_slots = w->slots;
        w->slots = 0;
        w->ramp.fire = on_ramp;
        w->ramp.precise = true;
        loop_timer_set(w->loop, &w->ramp, w->e->begin);
        w->watch.fire = on_watch;
        loop_timer_set(w->loop, &w->watch, w->e->begin);
    } else { /* fewer slots than workers */
        worker_no_more(w);
    }
    worker_check_over(w);
}

void pacer_freed(struct worker *w)
{
    if (is_open(w)) {
        if (w->cap && w->in_flight + 1 >= w->cap)
            w->freed_at = clock_mono();
        if (w->prepared && !w->no_more && w->cap)
            send_due(w);
        return;
    }
    w->slots++;
    if (w->no_more)
        return;
    if (w->resting)
        loop_timer_set(w->loop, &w->pace, clock_mono() + REST_NS);
    else
        start_slots(w);
}

void pacer_stop(struct worker *w, bool whole_schedule)
{
    if (is_open(w) && w->prepared) {
        int64_t stopped = atomic_load(&w->e->stopped_at), until = stopped ? stopped : clock_mono();
        int64_t due = w->prepared_due;
        struct plan_item it = w->prepared->item;
        req_drop(w->prepared);
        w->prepared = NULL;
        bool more = true;
        w->no_more = true; /* a record that must wait for the ring starts nothing meanwhile */
        worker_measure_end(w);
        while (more && (whole_schedule || due < until)) {
            req_unsent(w, &it, due);
            more = next_own(w, &it, &due);
        }
    }
    loop_timer_stop(w->loop, &w->pace);
    loop_timer_stop(w->loop, &w->ramp);
    worker_no_more(w);
}
