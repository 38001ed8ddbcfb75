/* calibrate_step.c - one load: a simulator, a run against it, and the tokens of both side by side. */
#include <errno.h>
#include <math.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "analysis/token_error.h"
#include "base/clock.h"
#include "campaign/calibrate_private.h"
#include "campaign/campaign_private.h"
#include "campaign/truth_read.h"

#define WARM_UP "300ms"
#define CONNECT_NS (5 * NS_PER_S)
#define EVENTS_PER_THREAD 100000.0 /* that a worker or a simulator's thread bears */
#define STREAMS_PER_WORKER 2000.0
#define ASK_AGAIN 4         /* times that another server's truth is read until all answers stand in it */
#define ASK_AFTER_US 300000 /* it writes five times a second */

struct step {
    const struct cal_job *j;
    const struct cal_step *s;
    struct sim_child sim;
    unsigned threads; /* of the simulator */
    char truth[600], out[600];
    size_t from; /* where this step's truth begins */
    clockid_t sim_clock;
    bool has_sim_clock;
    /* the window, as ticks saw it */
    int64_t t0, t1, client0, client1, sim0, sim1;
};

static int64_t cpu_of(clockid_t id)
{
    struct timespec ts;
    return clock_gettime(id, &ts) == 0 ? ts.tv_sec * NS_PER_S + ts.tv_nsec : 0;
}

static void on_tick(void *arg, const struct campaign_tick *t)
{
    struct step *p = arg;
    if (t->connecting || t->warming || t->draining)
        return;
    p->t1 = clock_mono();
    p->client1 = cpu_of(CLOCK_PROCESS_CPUTIME_ID);
    p->sim1 = p->has_sim_clock ? cpu_of(p->sim_clock) : 0;
    if (!p->t0) {
        p->t0 = p->t1;
        p->client0 = p->client1;
        p->sim0 = p->sim1;
    }
}

static double asked(const struct cal_step *s)
{
    return s->streams * 1e9 / (double)s->itl;
}

static unsigned threads_for(double events, double streams, unsigned most)
{
    double need = MAX(ceil(events / EVENTS_PER_THREAD), ceil(streams / STREAMS_PER_WORKER));
    return (unsigned)MIN(MAX(need, 1), (double)MAX(most, 1));
}

static int start_sim(struct step *p, struct err *e)
{
    char itl[32], threads[16], seqs[16];
    snprintf(itl, sizeof itl, "%lldns", (long long)p->s->itl);
    p->threads = threads_for(asked(p->s), 1, p->j->cores.n_server);
    snprintf(threads, sizeof threads, "%u", p->threads);
    snprintf(seqs, sizeof seqs, "%u", p->s->streams + 16);
    const char *const args[] = {"--ttft", itl,          "--prefill", "0us",     "--itl",  itl, "--threads",
                                threads,  "--max-seqs", seqs,        "--truth", p->truth, NULL};
    struct sim_opts o = {.args = args, .cores = p->j->cores.n_client ? &p->j->cores.server : NULL};
    if (simproc_start(&p->sim, &o, e) < 0)
        return -1;
    p->has_sim_clock = clock_getcpuclockid(p->sim.pid, &p->sim_clock) == 0;
    return 0;
}

static int find_truth(struct step *p, struct err *e)
{
    struct stat st;
    if (stat(p->truth, &st) != 0)
        return err_sys(e, ERR_IO, errno, "--truth %s", p->truth);
    p->from = (size_t)st.st_size;
    return 0;
}

/* Removes what a step may have left. */
static void clean(const struct step *p)
{
    static const char *const files[] = {"metadata.json", "requests.jsonl", "errors.jsonl"};
    char path[700];
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        snprintf(path, sizeof path, "%s/%s", p->out, files[i]);
        unlink(path);
    }
    rmdir(p->out);
    if (!p->j->c->server)
        unlink(p->truth);
}

struct match {
    struct token_error error;
    struct truth_file *truth;
    int64_t epoch;
};

static void on_run(void *arg, const struct rec_run *r)
{
    ((struct match *)arg)->epoch = r->epoch_mono;
}

static void on_request(void *arg, const struct record *r)
{
    struct match *m = arg;
    size_t n;
    const int64_t *at = truth_file_tokens(m->truth, str_of(r->request_id), &n);
    token_error_add(&m->error, r, m->epoch, at, n);
}

static int compare_once(const struct step *p, struct cal_row *row, struct err *e)
{
    static const struct rec_sink sink = {.run = on_run, .request = on_request};
    struct rec_read_stats st;
    struct match m = {.truth = truth_file_open(p->truth, p->from, e)};
    char path[700];
    if (!m.truth)
        return -1;
    token_error_init(&m.error);
    snprintf(path, sizeof path, "%s/requests.jsonl", p->out);
    int rc = rec_read_file(path, &sink, &m, &st, e);
    row->ttft_error = cal_dist_of(m.error.ttft);
    row->itl_error = cal_dist_of(m.error.itl);
    row->requests = m.error.requests;
    row->failed = m.error.failed;
    row->unmatched = m.error.unmatched;
    token_error_free(&m.error);
    truth_file_free(&m.truth);
    return rc;
}

static int compare(const struct step *p, struct cal_row *row, struct err *e)
{
    for (int i = 0; i < (p->j->c->server ? ASK_AGAIN : 1); i++) {
        if (p->j->c->server)
            usleep(ASK_AFTER_US);
        if (compare_once(p, row, e) < 0)
            return -1;
        if (row->unmatched == 0)
            break;
    }
    return 0;
}

/* What the run's own summary says; before it is freed. */
static void take_summary(const struct step *p, const struct summary *s, struct cal_row *row)
{
    const struct sum_level *l = &s->levels[0];
    const struct sum_dist *lag = &l->client.lag;
    double wall = (double)(p->t1 - p->t0), client = (double)(p->client1 - p->client0);
    row->events_per_s = l->output_tok_s;
    row->lag = (struct cal_dist){lag->n, lag->q[summary_q_index(s, 0.5)], lag->q[summary_q_index(s, 0.99)], lag->max};
    row->busy = l->client.busy;
    row->verdict = l->verdict;
    if (client > 0)
        row->events_per_cpu_s = row->events_per_s * wall / client;
    if (wall > 0 && p->has_sim_clock)
        row->server_busy = (double)(p->sim1 - p->sim0) / wall / p->threads;
}

static int measure_it(struct step *p, struct cal_row *row, bool *interrupted, struct err *e)
{
    static const char *const command[] = {"weir", "calibrate", NULL};
    const struct cal_job *j = p->j;
    struct run_config c = *j->c->run;
    char streams[16];
    snprintf(streams, sizeof streams, "%u", p->s->streams);
    const char *urls[] = {j->c->server ? j->c->server : p->sim.url, NULL};
    c.urls = urls;
    c.proxy = "none";
    c.rate = NULL;
    c.concurrency = streams;
    c.duration = j->duration;
    c.num_requests = 0;
    c.warmup = WARM_UP;
    c.max_tokens = p->s->tokens;
    c.prompt = "weir calibrate";
    c.seed = 1;
    c.seed_given = true;
    c.connect_timeout = CONNECT_NS;
    c.ramp_up = "none"; /* stepping together: the hardest case */
    c.grace = j->grace;
    c.workers = j->c->workers       ? j->c->workers
                : j->cores.n_client ? threads_for(asked(p->s), p->s->streams, j->cores.n_client)
                                    : 0;
    c.pin = j->cores.n_client ? "auto" : "none"; /* within the half that this process is kept on */
    c.output_dir = p->out;
    c.command = command;
    c.n_command = 2;
    struct campaign_view view = {.arg = p, .tick = on_tick};
    struct campaign_result r;
    int rc = campaign_run(&c, &view, &r, e);
    *interrupted = r.interrupted;
    if (rc == 0 && r.summary && r.summary->n_levels)
        take_summary(p, r.summary, row);
    campaign_result_free(&r);
    return rc;
}

int cal_step_run(const struct cal_job *j, const struct cal_step *s, struct cal_row *row, bool *interrupted,
                 struct err *e)
{
    struct step p = {.j = j, .s = s};
    *row = (struct cal_row){.streams = s->streams,
                            .asked_per_s = j->c->server ? NAN : asked(s),
                            .events_per_s = NAN,
                            .ttft_error = {0, NAN, NAN, NAN},
                            .itl_error = {0, NAN, NAN, NAN},
                            .lag = {0, NAN, NAN, NAN},
                            .busy = NAN,
                            .server_busy = NAN,
                            .events_per_cpu_s = NAN};
    snprintf(p.out, sizeof p.out, "%s/run", j->dir);
    if (j->c->server)
        snprintf(p.truth, sizeof p.truth, "%s", j->c->truth);
    else
        snprintf(p.truth, sizeof p.truth, "%s/truth.jsonl", j->dir);
    int rc = j->c->server ? find_truth(&p, e) : start_sim(&p, e);
    if (rc == 0)
        rc = measure_it(&p, row, interrupted, e);
    simproc_stop(&p.sim); /* its truth is whole then */
    if (rc == 0 && !*interrupted)
        rc = compare(&p, row, e);
    clean(&p);
    return rc;
}
