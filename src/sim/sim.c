#include "sim/sim.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "net/resolve.h"
#include "sim/sim_worker.h"

#define THREADS_MAX 1024

static int check_numbers(const struct sim_config *c, struct err *e)
{
    if (c->max_seqs == 0)
        return err_set(e, ERR_USAGE, "--max-seqs must be at least 1");
    if (c->threads > THREADS_MAX)
        return err_set(e, ERR_USAGE, "--threads must be at most %d", THREADS_MAX);
    if (c->ttft < 0 || c->prefill < 0 || c->itl < 0 || c->itl_per_seq < 0)
        return err_set(e, ERR_USAGE, "--ttft, --prefill, --itl and --itl-per-seq must not be negative");
    if ((c->cert == NULL) != (c->key == NULL))
        return err_set(e, ERR_USAGE, "--cert and --key go together");
    return 0;
}

/* "100" or "100:abrupt" */
static int parse_goaway(struct sim *s, const char *text, struct err *e)
{
    struct str_split it = {.rest = str_of(text), .sep = ':'};
    struct str n = {0}, how = {0}, more;
    bool has_how = str_next(&it, &n) && str_next(&it, &how);
    if (parse_u64(n, &s->goaway_after) < 0 || s->goaway_after == 0 || (has_how && !str_eqz(how, "abrupt")) ||
        str_next(&it, &more))
        return err_set(e, ERR_USAGE, "--h2-goaway: \"%s\" is not a number of requests, as in 100 or 100:abrupt", text);
    s->goaway_abrupt = has_how;
    return 0;
}

/* Which versions are served, and what is asked of one that is not. */
static int configure_http(struct sim *s, struct err *e)
{
    const struct sim_config *c = &s->cfg;
    s->http = c->http == NULL || strcmp(c->http, "auto") == 0 ? HS_HTTP1 | HS_HTTP2
              : strcmp(c->http, "2") == 0                     ? HS_HTTP2
                                                              : HS_HTTP1;
    s->flush_tokens = c->h2_flush != NULL && strcmp(c->h2_flush, "token") == 0;
    if (c->h2_goaway != NULL && parse_goaway(s, c->h2_goaway, e) < 0)
        return -1;
    if (s->http & HS_HTTP2)
        return 0;
    if (c->h2_goaway != NULL)
        return err_set(e, ERR_USAGE, "--h2-goaway is of HTTP/2, which --http 1.1 does not serve");
    const char *fault = faults_of_http2(&s->faults);
    if (fault != NULL)
        return err_set(e, ERR_USAGE, "--fault %s is of HTTP/2, which --http 1.1 does not serve", fault);
    return 0;
}

/* "70,400" */
static int parse_power(struct sim *s, struct err *e)
{
    struct str_split it = {.rest = str_of(s->cfg.gpu_power), .sep = ','};
    struct str idle = {0}, busy = {0}, more;
    if (!str_next(&it, &idle) || !str_next(&it, &busy) || str_next(&it, &more) ||
        parse_f64(str_trim(idle), &s->power[0]) < 0 || parse_f64(str_trim(busy), &s->power[1]) < 0 ||
        !(s->power[0] >= 0 && s->power[1] >= s->power[0]))
        return err_set(e, ERR_USAGE, "--gpu-power: \"%s\" is not IDLE,BUSY in watts, as in 70,400", s->cfg.gpu_power);
    return 0;
}

int64_t sim_scaled(const struct sim *s, int64_t ns)
{
    double v = (double)ns * s->scale;
    return v >= 2e18 ? INT64_MAX / 4 : (int64_t)v;
}

static void scale_times(struct sim *s)
{
    struct model_params *p = &s->params;
    s->scale = s->cfg.time_scale > 0 ? s->cfg.time_scale : 1;
    p->ttft = sim_scaled(s, p->ttft);
    p->prefill = sim_scaled(s, p->prefill);
    p->itl = sim_scaled(s, p->itl);
    p->itl_per_seq = sim_scaled(s, p->itl_per_seq);
    for (size_t i = 0; i < s->faults.n; i++)
        s->faults.v[i].ns = sim_scaled(s, s->faults.v[i].ns);
    s->pause.ns = sim_scaled(s, s->pause.ns);
    s->pause.at = sim_scaled(s, s->pause.at);
}

static int configure(struct sim *s, struct err *e)
{
    const struct sim_config *c = &s->cfg;
    if (check_numbers(c, e) < 0)
        return -1;
    s->params = (struct model_params){.ttft = c->ttft,
                                      .prefill = c->prefill,
                                      .itl = c->itl,
                                      .itl_per_seq = c->itl_per_seq,
                                      .has_jitter = c->jitter != NULL,
                                      .seed = c->seed};
    if (c->jitter != NULL && dist_parse(&s->params.jitter, str_of(c->jitter), e) < 0)
        return err_prefix(e, "--jitter: ");
    if (dist_parse(&s->output, str_of(c->output_tokens != NULL ? c->output_tokens : "128"), e) < 0)
        return err_prefix(e, "--output-tokens: ");
    if (c->fault != NULL && fault_parse(&s->faults, str_of(c->fault), c->seed, e) < 0)
        return -1;
    if (c->pause != NULL && pause_parse(&s->pause, str_of(c->pause), e) < 0)
        return -1;
    scale_times(s);
    if (sim_sigv4_parse(&s->sigv4, c->sigv4, e) < 0)
        return -1;
    if (c->gpu_power != NULL && parse_power(s, e) < 0)
        return -1;
    if (configure_http(s, e) < 0)
        return -1;
    s->packing = c->compress != NULL ? unpack_coding(str_of(c->compress)) : UNPACK_NONE;
    if (s->packing != UNPACK_NONE)
        snprintf(s->packing_line, sizeof(s->packing_line), "Content-Encoding: %s\r\n", c->compress);
    s->mock = c->preset != NULL && strcmp(c->preset, "flask-mock") == 0;
    s->lambda = c->preset == NULL || s->mock              ? LAMBDA_NONE
                : strcmp(c->preset, "lambda-stream") == 0 ? LAMBDA_STREAMED
                                                          : LAMBDA_BUFFERED;
    s->model_name = c->model != NULL ? c->model : "weir-sim";
    s->rules =
        (struct ask_rules){.model = c->model, .no_stream_options = c->no_stream_options, .blocks = c->prefix_cache};
    s->created = sim_unix_now();
    return 0;
}

static enum sim_stage await_stage(struct sim *s, struct sim_worker *w)
{
    pthread_mutex_lock(&s->lock);
    while (w->stage == SIM_STARTING)
        pthread_cond_wait(&s->cond, &s->lock);
    enum sim_stage stage = w->stage;
    pthread_mutex_unlock(&s->lock);
    return stage;
}

/* One after the other: the first one's port is that of the others. Returns how many threads there are to join. */
static unsigned start_workers(struct sim *s, const struct addr *a, struct err *e)
{
    struct addr addr = *a;
    for (unsigned i = 0; i < s->n_workers; i++) {
        struct sim_worker *w = &s->workers[i];
        w->sim = s;
        w->index = i;
        w->addr = addr;
        int rc = pthread_create(&w->thread, NULL, sim_worker_main, w);
        if (rc != 0) {
            err_sys(e, ERR_LIMIT, rc, "cannot start thread %u", i);
            return i;
        }
        if (await_stage(s, w) == SIM_FAILED) {
            *e = w->err;
            return i + 1;
        }
        addr = w->addr;
    }
    return s->n_workers;
}

static void stop_loop(void *arg)
{
    loop_stop(arg);
}

static void let_go(struct sim *s)
{
    pthread_mutex_lock(&s->lock);
    s->go = true;
    pthread_cond_broadcast(&s->cond);
    pthread_mutex_unlock(&s->lock);
}

static void announce(const struct sim *s)
{
    char text[64];
    const struct addr *a = &s->workers[0].addr;
    addr_text(a, text);
    if (a->sa.ss_family == AF_UNIX)
        printf("weir sim listening on %s\n", s->cfg.listen);
    else
        printf("weir sim listening on %s://%s\n", s->cfg.tls ? "https" : "http", text);
    fflush(stdout);
    if (s->cfg.ready_fd < 0)
        return;
    const char *colon = strrchr(text, ':');
    char line[16];
    int n = snprintf(line, sizeof(line), "%.8s\n", a->sa.ss_family == AF_UNIX || colon == NULL ? "0" : colon + 1);
    fd_write_all(s->cfg.ready_fd, line, (size_t)n);
}

static void free_workers(struct sim *s)
{
    for (unsigned i = s->n_workers; i-- > 0;) {
        struct sim_worker *w = &s->workers[i];
        model_free(&w->model);
        buf_free(&w->head);
        buf_free(&w->body);
        buf_free(&w->packed);
        buf_free(&w->framed);
        if (w->own_tls)
            tls_free(&w->tls);
        if (w->loop != NULL)
            loop_free(&w->loop);
    }
    free(s->workers);
    s->workers = NULL;
}

/* All threads run between here and their joining. `signals` are blocked in all of them. */
static int serve(struct sim *s, const struct addr *a, const sigset_t *signals, struct err *e)
{
    s->workers = xcalloc(s->n_workers, sizeof(*s->workers));
    unsigned started = start_workers(s, a, e);
    bool ok = started == s->n_workers && s->workers[started - 1].stage == SIM_READY;
    if (ok)
        announce(s);
    else
        atomic_store(&s->stopping, true);
    let_go(s);
    if (ok) {
        int sig;
        sigwait(signals, &sig);
        atomic_store(&s->stopping, true);
    }
    for (unsigned i = 0; i < started; i++)
        if (s->workers[i].stage == SIM_READY)
            loop_wake(s->workers[i].loop, stop_loop, s->workers[i].loop);
    for (unsigned i = 0; i < started; i++)
        pthread_join(s->workers[i].thread, NULL);
    return ok ? 0 : -1;
}

static void farewell(const struct sim *s)
{
    uint64_t moved = 0;
    for (unsigned i = 0; i < s->n_workers; i++)
        moved += s->workers[i].model != NULL ? model_moved(s->workers[i].model) : 0;
    log_info("sim: %llu requests, %llu generations, %llu tokens", (unsigned long long)atomic_load(&s->requests),
             (unsigned long long)atomic_load(&s->generations),
             (unsigned long long)atomic_load(&s->metrics.generation_tokens));
    if (moved > 0)
        log_warn("sim: %llu step%s late by more than a step's length: this machine was too slow for the model",
                 (unsigned long long)moved, moved == 1 ? " was" : "s were");
}

static int open_and_serve(struct sim *s, const sigset_t *signals, struct err *e)
{
    struct addr a;
    if (configure(s, e) < 0 || listen_address(s->cfg.listen, &a, e) < 0)
        return -1;
    if (a.sa.ss_family == AF_UNIX) {
        s->n_workers = 1; /* one path has one listener */
        listen_remove_stale(&a);
    }
    if (s->cfg.truth != NULL && (s->truth = truth_open(s->cfg.truth, e)) == NULL)
        return -1;
    gate_init(&s->gate, s->cfg.limit, s->cfg.max_seqs, s->cfg.max_queue, s->n_workers);
    if (s->cfg.gpu_power != NULL) {
        gate_time(&s->gate);
        s->powered_at = s->gate.since;
    }
    if (s->cfg.prefix_cache)
        s->prefix = prefix_cache_new((size_t)s->cfg.kv_blocks);
    int rc = serve(s, &a, signals, e);
    if (rc == 0 && !s->cfg.quiet)
        farewell(s);
    if (truth_close(&s->truth, rc == 0 ? e : NULL) < 0)
        rc = -1;
    free_workers(s);
    gate_free(&s->gate);
    prefix_cache_free(&s->prefix);
    return rc;
}

int sim_run(const struct sim_config *c)
{
    struct err e = {0};
    sigset_t signals, before;
    struct sim *s = xcalloc(1, sizeof(*s));
    s->cfg = *c;
    s->n_workers = c->threads == 0 ? 1 : (unsigned)MIN(c->threads, THREADS_MAX);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->cond, NULL);
    files_raise_limit();
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    int rc = open_and_serve(s, &signals, &e);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->cond);
    free(s);
    if (rc == 0)
        return 0;
    log_error("%s", e.text);
    return e.code == ERR_USAGE || e.code == ERR_DATA ? 2 : 1;
}
