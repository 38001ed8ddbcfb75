#include "sim/sim_worker.h"

#include <sys/prctl.h>

#include "base/clock.h"

#define BODY_MAX (256UL << 20) /* of one answer: a million of the longest words is less */
#define OUT_MAX (1UL << 20)    /* bytes waiting for a client that does not read, then it is dropped */

void sim_worker_poke(struct sim_worker *w)
{
    int64_t due = model_next_due(w->model);
    if (due == INT64_MAX)
        loop_timer_stop(w->loop, &w->model_timer);
    else
        loop_timer_set(w->loop, &w->model_timer, due);
}

static void on_model_timer(struct timer *t)
{
    struct sim_worker *w = CONTAINER_OF(t, struct sim_worker, model_timer);
    model_advance(w->model, clock_mono());
    hserver_flush(w->server); /* the step's tokens, before anything else is looked at */
    sim_worker_poke(w);
}

/* The whole server stands still: nothing is accepted, read or written by this thread, and the model's time stops. In
 * slices, so that a signal can still end it. */
static void on_pause(struct timer *t)
{
    struct sim_worker *w = CONTAINER_OF(t, struct sim_worker, pause_timer);
    struct sim *s = w->sim;
    int64_t until = s->listening_at + s->pause.at + s->pause.ns;
    while (!atomic_load_explicit(&s->stopping, memory_order_relaxed)) {
        int64_t now = clock_mono();
        if (now >= until)
            break;
        int64_t to = MIN(until, now + 20 * NS_PER_MS);
        struct timespec ts = {to / NS_PER_S, to % NS_PER_S};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
    }
    model_shift(w->model, s->pause.ns);
    sim_worker_poke(w);
}

static int open_tls(struct sim_worker *w, struct err *e)
{
    struct sim *s = w->sim;
    /* A context per thread, but a certificate made here must be the same for all. */
    if (w->index > 0 && s->cfg.cert == NULL) {
        w->tls = s->workers[0].tls;
        return 0;
    }
    struct tls_server_opts o = {
        .alpn = (s->http & HS_HTTP1 ? TLS_ALPN_HTTP11 : 0U) | (s->http & HS_HTTP2 ? TLS_ALPN_H2 : 0U),
        .cert = s->cfg.cert,
        .key = s->cfg.key,
        .write_cert = w->index == 0 ? s->cfg.write_cert : NULL,
        .no_tickets = s->cfg.no_tls_tickets,
        .tickets_of = w->index > 0 ? s->workers[0].tls : NULL,
    };
    w->tls = tls_server_new(&o, e);
    w->own_tls = w->tls != NULL;
    return w->own_tls ? 0 : -1;
}

static int start(struct sim_worker *w, struct err *e)
{
    struct sim *s = w->sim;
    w->loop = loop_new(NULL, e);
    if (w->loop == NULL || (s->cfg.tls && open_tls(w, e) < 0))
        return -1;
    struct hserver_opts o = {
        .tls = w->tls,
        .reuse_port = s->n_workers > 1,
        .http = s->http,
        .max_streams = (uint32_t)MIN(s->cfg.h2_max_streams, UINT32_MAX),
        .goaway_after = s->goaway_after,
        .goaway_abrupt = s->goaway_abrupt,
        .max_body = s->cfg.max_body,
        .max_out = OUT_MAX,
        .ops = &sim_server_ops,
        .arg = w,
    };
    buf_init(&w->head, EVENT_SCRATCH);
    buf_init(&w->body, BODY_MAX);
    buf_init(&w->packed, BODY_MAX);
    buf_init(&w->framed, BODY_MAX);
    w->model = model_new(&s->params, &s->gate, w->index, &sim_gen_model_ops, w);
    w->model_timer = (struct timer){.precise = true, .fire = on_model_timer};
    w->pause_timer = (struct timer){.precise = true, .fire = on_pause};
    w->server = hserver_new(w->loop, &w->addr, &o, e);
    if (w->server == NULL)
        return -1;
    if (w->index == 0)
        s->listening_at = clock_mono();
    hserver_addr(w->server, &w->addr);
    return 0;
}

/* Tell the main thread, and wait until all are there. */
static void wait_for_go(struct sim_worker *w, enum sim_stage stage)
{
    struct sim *s = w->sim;
    pthread_mutex_lock(&s->lock);
    w->stage = stage;
    pthread_cond_broadcast(&s->cond);
    while (stage == SIM_READY && !s->go)
        pthread_cond_wait(&s->cond, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

void *sim_worker_main(void *worker)
{
    struct sim_worker *w = worker;
    struct sim *s = w->sim;
    prctl(PR_SET_NAME, "weir-sim");
    bool ok = start(w, &w->err) == 0;
    wait_for_go(w, ok ? SIM_READY : SIM_FAILED);
    if (ok && !atomic_load(&s->stopping)) {
        if (s->pause.ns > 0)
            loop_timer_set(w->loop, &w->pause_timer, s->listening_at + s->pause.at);
        loop_run(w->loop);
    }
    /* What is being answered is entered into the truth as cut off. The loop stays for others that may still wake it. */
    hserver_free(&w->server);
    return NULL;
}
