/* worker.c - one thread: its loop, its connections, its beginning and its end. */
#include "engine/engine_private.h"

#define SHORTEST_WINDOW (5 * NS_PER_MS)

static void sample_begin(struct worker *w)
{
    procstat_sample(&w->t0, NULL);
    w->t0_empty = loop_get_stats(w->loop).empty_poll_ns;
}

void worker_measure_end(struct worker *w)
{
    if (w->measured)
        return;
    w->measured = true;
    struct procstat now;
    procstat_sample(&now, NULL);
    struct rec_client *c = &w->client_rec;
    c->window = now.at - w->t0.at;
    if (c->window < SHORTEST_WINDOW) /* a worker without work: its own measuring would be all that is measured */
        c->window = 0;
    c->cpu = now.cpu - w->t0.cpu;
    c->run_delay = now.run_delay - w->t0.run_delay;
    c->empty_polls = loop_get_stats(w->loop).empty_poll_ns - w->t0_empty;
    c->steal = now.steal < 0 || w->t0.steal < 0 ? -1 : now.steal - w->t0.steal;
    c->involuntary = now.involuntary - w->t0.involuntary;
}

void worker_no_more(struct worker *w)
{
    if (w->no_more)
        return;
    w->no_more = true;
    worker_measure_end(w);
    sessions_drop(w);
    if (ends_with_last(w->e->o.load))
        loop_timer_set(w->loop, &w->grace, clock_mono() + w->e->o.grace);
}

void worker_check_over(struct worker *w)
{
    if (!w->begun || !w->no_more || w->in_flight > 0 || w->over)
        return;
    w->over = true;
    loop_stop(w->loop);
}

/* The grace has ended: what still waits is unsent, what is still open is cancelled. */
static void on_grace(struct timer *t)
{
    struct worker *w = CONTAINER_OF(t, struct worker, grace);
    pacer_stop(w, atomic_load(&w->e->stopped_at) == 0);
    while (w->open_reqs) {
        struct req *r = w->open_reqs;
        hx_cancel(&r->x);
        r->x.end = clock_mono();
        req_finish(r, OUT_CANCELLED, "");
    }
    worker_check_over(w);
}

static void on_begin(void *arg)
{
    struct worker *w = arg;
    if (w->begun || w->over)
        return;
    w->begun = true;
    routes_settle(w);
    sample_begin(w);
    if (!ends_with_last(w->e->o.load))
        loop_timer_set(w->loop, &w->grace, w->e->begin + w->e->open_end + w->e->o.grace);
    pacer_begin(w);
}

static void on_stop(void *arg)
{
    struct worker *w = arg;
    if (!w->begun) { /* interrupted before the level began */
        w->begun = true;
        routes_settle(w);
        sample_begin(w);
    }
    pacer_stop(w, false);
    loop_timer_set(w->loop, &w->grace, clock_mono() + w->e->stop_drain);
    worker_check_over(w);
}

void worker_begin(struct worker *w)
{
    loop_wake(w->loop, on_begin, w);
}

void worker_stop(struct worker *w)
{
    loop_wake(w->loop, on_stop, w);
}

static void close_books(struct worker *w)
{
    worker_measure_end(w);
    struct hclient_stats s = routes_stats(w);
    struct rec_client *c = &w->client_rec;
    struct loop_stats loop = loop_get_stats(w->loop);
    c->clock_steps = loop.clock_steps;
    c->unplaced_stamps = loop.unplaced;
    c->level = w->e->o.load->o.level;
    c->worker = w->id;
    c->reads = s.reads;
    c->kernel_stamped = s.kernel_stamped;
    c->conns_opened = s.opened;
    c->conns_reused = s.reused;
    c->conns_resumed = s.resumed;
    c->retried = s.retried;
}

void *worker_main(void *arg)
{
    struct worker *w = arg;
    w->grace.fire = on_grace;
    routes_connect(w);
    while (!w->over)
        loop_run(w->loop);
    close_books(w);
    loop_timer_stop(w->loop, &w->grace);
    loop_timer_stop(w->loop, &w->watch);
    loop_timer_stop(w->loop, &w->pace);
    loop_timer_stop(w->loop, &w->ramp);
    loop_timer_stop(w->loop, &w->users);
    routes_disconnect(w);
    req_hand_over(w);
    req_free_all(w);
    sessions_free(w);
    free(w->first);
    atomic_store(&w->ended, true);
    return NULL;
}
