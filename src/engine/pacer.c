/* pacer.c - when a worker starts its requests.
 * Open loop: at the instants of the global schedule; overdue items go at once, and nothing waits for completions unless
 * the user set a cap. Closed loop: a slot starts its next request when its last one has ended; the slots' first
 * requests are spread over the ramp, or, with a profile, slots come and go with it. */
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
    while (load_walk_next(l, &w->walk)) {
        if (w->walk.i % w->e->o.workers != w->id)
            continue;
        load_item(l, w->walk.i, w->walk.due, it);
        *due = w->e->begin + w->walk.due;
        return true;
    }
    return false;
}

static struct req *prepare(struct worker *w, const struct plan_item *it)
{
    if (w->e->o.load->o.sessions)
        return session_open(w, it);
    return w->e->o.pages ? session_of_pages(w, it) : req_prepare(w, it);
}

/* Nothing of the schedule is left; sessions that are under way go on to their end. */
static void all_taken(struct worker *w)
{
    w->all_taken = true;
    if (w->sessions_open == 0)
        worker_no_more(w);
}

static void prepare_next(struct worker *w)
{
    struct plan_item it;
    w->prepared = next_own(w, &it, &w->prepared_due) ? prepare(w, &it) : NULL;
    w->prepared_go = w->e->begin + w->walk.release;
    if (!w->prepared)
        all_taken(w);
}

/* Whether the rate limit has allotted a start to this worker; if not yet, `pace` waits for it. */
static bool may_start(struct worker *w, int64_t now)
{
    struct load *l = w->e->o.load;
    if (l->o.start_gap == 0)
        return true;
    if (w->allotted == 0)
        w->allotted = w->e->begin + load_reserve(l, now - w->e->begin);
    if (w->allotted <= now)
        return true;
    loop_timer_set(w->loop, &w->pace, w->allotted);
    return false;
}

/* When the one that is prepared was free to go: of a burst, behind the one before it, so that send lag is not the
 * length of the burst. */
static int64_t admitted(const struct worker *w)
{
    return MAX(MAX(w->prepared_go, w->freed_at), MAX(w->allotted, w->sent_at));
}

static void send_due(struct worker *w)
{
    enum { AT_ONCE = 64 }; /* of a backlog; then what has arrived meanwhile is read */
    bool burst = w->e->o.load->o.arrival == ARRIVAL_BURST;
    for (int n = 0; w->prepared; n++) {
        int64_t now = clock_mono();
        if (burst && n == 0)
            w->sent_at = now;
        if (w->prepared_go > now || n == AT_ONCE) {
            loop_timer_set(w->loop, &w->pace, w->prepared_go);
            return;
        }
        if (w->cap && w->in_flight >= w->cap)
            return; /* the next completion comes back here */
        if (w->cap && !may_start(w, now))
            return;
        struct req *r = w->prepared;
        req_start(r, w->prepared_due, admitted(w), now);
        w->allotted = 0;
        if (burst)
            w->sent_at = clock_mono();
        prepare_next(w);
    }
}

static void start_slots(struct worker *w)
{
    while (w->slots > 0 && !w->no_more) {
        struct plan_item it;
        int64_t now = clock_mono();
        if (!may_start(w, now))
            return;
        if (!load_take(w->e->o.load, now - w->e->begin, &it)) {
            if (now - w->e->begin >= load_closed_end(w->e->o.load))
                worker_no_more(w);
            else
                all_taken(w);
            return;
        }
        w->slots--;
        w->allotted = 0;
        struct req *r = prepare(w, &it);
        req_start(r, 0, 0, clock_mono());
    }
    w->allotted = 0; /* for a slot that is gone */
}

/* As many slots as the profile has now, of which this worker has its share. One that is in the middle of a request
 * leaves with its end, or stays after all if another is to come meanwhile. */
static void on_users(struct timer *t)
{
    struct worker *w = CONTAINER_OF(t, struct worker, users);
    const struct profile *p = w->e->o.load->o.profile;
    if (w->no_more)
        return;
    int64_t now = MAX(clock_mono() - w->e->begin, 0), next = profile_users_change(p, now);
    uint32_t n = share_of(profile_users(p, now), w->e->o.workers, w->id);
    uint32_t more = n > w->allowed ? n - w->allowed : 0, fewer = n < w->allowed ? w->allowed - n : 0;
    uint32_t stay = MIN(more, w->leaving), idle = MIN(fewer, w->slots);
    w->slots += more - stay;
    w->slots -= idle;
    w->leaving = w->leaving - stay + (fewer - idle);
    w->allowed = n;
    if (next < INT64_MAX)
        loop_timer_set(w->loop, t, w->e->begin + next);
    start_slots(w);
    worker_check_over(w);
}

/* When this worker's slot j sends its first request. The slots of all workers take turns, so that the whole load grows
 * evenly. */
static int64_t first_due(const struct worker *w, uint32_t j)
{
    const struct engine_opts *o = &w->e->o;
    if (w->first)
        return w->e->begin + w->first[j];
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
    int64_t now = clock_mono(), next = now + LOOK_NS;
    if (w->no_more)
        return;
    int64_t end = load_closed_end(l);
    bool over = l->o.num_requests && atomic_load(&l->measured) >= l->o.num_requests;
    if (over && w->sessions_open > 0) {
        w->all_taken = true;
        over = false;
    }
    if (end < INT64_MAX) {
        end += w->e->begin;
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

/* Open loop: the end of the window, for sessions that would go on beyond it. Those that are overdue still begin. */
static void on_end(struct timer *t)
{
    struct worker *w = CONTAINER_OF(t, struct worker, watch);
    if (w->no_more)
        return;
    send_due(w);
    if (w->prepared) {
        loop_timer_set(w->loop, t, loop_now(w->loop) + NS_PER_MS);
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

static void begin_open(struct worker *w)
{
    load_walk_begin(w->e->o.load, &w->walk);
    prepare_next(w);
    if (w->prepared)
        loop_timer_set(w->loop, &w->pace, w->prepared_go);
    w->watch.fire = on_end;
    if (w->e->o.load->o.sessions && w->e->open_end < INT64_MAX)
        loop_timer_set(w->loop, &w->watch, w->e->begin + w->e->open_end);
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Each slot's own wait, where there is one: drawn by its place among all workers' slots. */
static void draw_first(struct worker *w)
{
    const struct engine_opts *o = &w->e->o;
    if (load_first(o->load, 0) < 0)
        return;
    w->first = xcalloc(w->n_slots, sizeof *w->first);
    for (uint32_t j = 0; j < w->n_slots; j++)
        w->first[j] = load_first(o->load, (uint64_t)j * o->workers + w->id);
    qsort(w->first, w->n_slots, sizeof *w->first, by_time);
}

static void begin_closed(struct worker *w)
{
    const struct engine_opts *o = &w->e->o;
    if (share_of(o->load->o.concurrency, o->workers, w->id) == 0) { /* fewer slots than workers */
        worker_no_more(w);
        return;
    }
    struct timer *t = o->load->o.profile ? &w->users : &w->ramp;
    w->fresh = w->n_slots = w->slots;
    w->slots = 0;
    draw_first(w);
    w->ramp.fire = on_ramp;
    w->users.fire = on_users;
    w->ramp.precise = w->users.precise = true;
    loop_timer_set(w->loop, t, w->e->begin);
    w->watch.fire = on_watch;
    loop_timer_set(w->loop, &w->watch, w->e->begin);
}

void pacer_begin(struct worker *w)
{
    w->pace.fire = on_pace;
    w->pace.precise = true;
    if (is_open(w))
        begin_open(w);
    else
        begin_closed(w);
    worker_check_over(w);
}

void pacer_freed(struct worker *w)
{
    if (is_open(w)) {
        if (w->cap && w->in_flight + 1 >= w->cap)
            w->freed_at = clock_mono();
        if (w->prepared && !w->no_more && w->cap)
            send_due(w);
        if (w->all_taken)
            all_taken(w);
        return;
    }
    if (w->leaving > 0) {
        w->leaving--;
        return;
    }
    w->slots++;
    if (w->all_taken)
        all_taken(w);
    if (w->no_more || w->all_taken)
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
        struct session *s = w->prepared->session;
        req_drop(w->prepared);
        w->prepared = NULL;
        if (s)
            session_close(s);
        bool more = true;
        worker_no_more(w); /* a record that must wait for the ring starts nothing meanwhile */
        while (more && (whole_schedule || due < until)) {
            req_unsent(w, &it, due);
            more = next_own(w, &it, &due);
        }
    }
    loop_timer_stop(w->loop, &w->pace);
    loop_timer_stop(w->loop, &w->ramp);
    loop_timer_stop(w->loop, &w->users);
    worker_no_more(w);
}
