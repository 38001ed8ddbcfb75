#include "campaign/calibrate.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "campaign/calibrate_private.h"
#include "campaign/campaign_private.h"

#define STEP_NS (10 * NS_PER_MS) /* 100 tokens/s */
#define RATE_STREAMS 1000u       /* beyond 100 tokens/s each, steps get shorter */
#define FULL_LEVELS "1,10,100,1000,10000"
#define QUICK_LEVELS "1,10,100,1000"
#define QUICK_NS (25 * NS_PER_S) /* no further step is begun that would end later */
#define FULL_NS (300 * NS_PER_S)

/* --- signals: they end the run within campaign_run, which then is asked; between two runs they wait --- */

struct held {
    sigset_t mask;
    struct sigaction before[2];
};
static const int SIGNALS[2] = {SIGINT, SIGTERM};

static void nothing(int signal)
{
    (void)signal;
}

static void block(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_LEN(SIGNALS); i++)
        sigaddset(&set, SIGNALS[i]);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* With a handler of its own: campaign_run leaves one that is not the default alone, so that nothing ends the program
 * while a simulator runs and the scratch folder stands. */
static void hold_signals(struct held *h)
{
    struct sigaction ours = {.sa_handler = nothing};
    sigemptyset(&ours.sa_mask);
    pthread_sigmask(SIG_SETMASK, NULL, &h->mask);
    block();
    for (size_t i = 0; i < ARRAY_LEN(SIGNALS); i++) {
        sigaction(SIGNALS[i], NULL, &h->before[i]);
        if (h->before[i].sa_handler != SIG_IGN)
            sigaction(SIGNALS[i], &ours, NULL);
    }
}

static bool signal_waits(void)
{
    sigset_t set;
    return sigpending(&set) == 0 && (sigismember(&set, SIGINT) > 0 || sigismember(&set, SIGTERM) > 0);
}

static void release_signals(const struct held *h)
{
    pthread_sigmask(SIG_SETMASK, &h->mask, NULL); /* what waited falls into nothing() */
    for (size_t i = 0; i < ARRAY_LEN(SIGNALS); i++)
        sigaction(SIGNALS[i], &h->before[i], NULL);
}

/* --- steps --- */

struct walk {
    struct cal_job job;
    const struct calibrate_view *v;
    struct calibration *out;
    int64_t until;
    int64_t longest; /* that a step took so far */
};

static void stopped(struct walk *w, const char *fmt, ...) ATTR_PRINTF(2, 3);
static void stopped(struct walk *w, const char *fmt, ...)
{
    char *at = w->out->stopped;
    size_t n = strlen(at), cap = sizeof w->out->stopped;
    va_list ap;
    if (n && n + 2 < cap)
        n += (size_t)snprintf(at + n, cap - n, "; ");
    va_start(ap, fmt);
    vsnprintf(at + n, cap - n, fmt, ap);
    va_end(ap);
}

static char *name_of(const struct walk *w, char out[96], const struct cal_step *s)
{
    char each[32];
    if (w->job.c->server)
        snprintf(out, 96, "%u %s", s->streams, s->streams == 1 ? "stream" : "streams");
    else
        snprintf(out, 96, "%u %s at %s tokens/s each", s->streams, s->streams == 1 ? "stream" : "streams",
                 fmt_count(each, 1e9 / (double)s->itl));
    return out;
}

static void say_limit(struct walk *w, const char *name, const struct cal_row *r)
{
    if (r->limit == CAL_FAILURES)
        stopped(w, "%s: of %llu requests %llu failed and %llu do not match the truth", name,
                (unsigned long long)r->requests, (unsigned long long)r->failed, (unsigned long long)r->unmatched);
    else
        stopped(w, "%s: the %s is the limit", name, cal_limit_name(r->limit));
}

/* Whether there is another step to be done. -1 + e: it broke before anything was measured. */
static int walk_step(struct walk *w, const struct cal_step *s, struct cal_row *rows, size_t *n, struct err *e)
{
    char name[96];
    struct cal_row row;
    struct err why = {0};
    struct calibration *c = w->out;
    int64_t begin = clock_mono();
    name_of(w, name, s);
    if (signal_waits())
        c->interrupted = true;
    if (c->interrupted || *n == CAL_ROWS_MAX)
        return 0;
    if (begin + w->longest + w->longest / 2 > w->until) {
        stopped(w, "%s: there was no time left", name);
        return 0;
    }
    if (w->v->begin)
        w->v->begin(w->v->arg, name);
    int rc = cal_step_run(&w->job, s, &row, &c->interrupted, &why);
    block(); /* campaign_run has let them through again */
    w->longest = MAX(w->longest, clock_mono() - begin);
    if (rc < 0 && c->n_levels == 0) {
        *e = why;
        return -1;
    }
    if (rc < 0)
        stopped(w, "%s: %s", name, why.text);
    if (rc < 0 || c->interrupted)
        return 0;
    row.limit = calibration_judge(&row);
    rows[(*n)++] = row;
    if (row.limit == CAL_CARRIED || row.limit == CAL_OTHER)
        return 1;
    say_limit(w, name, &row);
    return 0;
}

static int walk_levels(struct walk *w, struct err *e)
{
    const struct calibrate_config *c = w->job.c;
    const char *list = c->streams ? c->streams : c->quick ? QUICK_LEVELS : FULL_LEVELS;
    struct str_split it = {.rest = str_of(list), .sep = ','};
    struct str one;
    int rc = 1;
    while (rc > 0 && str_next(&it, &one)) {
        uint64_t n = 0;
        if (parse_u64(str_trim(one), &n) < 0 || n == 0 || n > 1000000)
            return err_set(e, ERR_USAGE, "--streams: '%.*s' is not a number of 1 to 1000000", STR_ARG(one));
        /* Short answers where there are few streams: so that there is more than a handful of first tokens. */
        struct cal_step s = {.streams = (uint32_t)n, .itl = STEP_NS, .tokens = n <= 100 ? 50 : 100};
        rc = walk_step(w, &s, w->out->levels, &w->out->n_levels, e);
    }
    return rc < 0 ? -1 : 0;
}

static void walk_rates(struct walk *w)
{
    static const double full[] = {1e4, 2e4, 5e4, 1e5, 1.5e5, 2e5, 2.5e5, 3e5, 4e5, 5e5, 7e5, 1e6, 1.5e6, 2e6};
    static const double quick[] = {5e4, 1e5, 2e5, 4e5, 1e6};
    const double *rate = w->job.c->quick ? quick : full;
    size_t n = w->job.c->quick ? ARRAY_LEN(quick) : ARRAY_LEN(full);
    double carried = 0;
    for (size_t i = 0; i < w->out->n_levels; i++) {
        enum cal_limit limit = w->out->levels[i].limit;
        if (limit == CAL_CARRIED || limit == CAL_OTHER)
            carried = MAX(carried, w->out->levels[i].asked_per_s);
    }
    struct err e = {0};
    for (size_t i = 0; i < n; i++) {
        if (rate[i] <= carried)
            continue;
        double streams = MIN(MAX(rate[i] / 100, 1), RATE_STREAMS);
        struct cal_step s = {.streams = (uint32_t)streams, .itl = (int64_t)(streams * 1e9 / rate[i])};
        s.tokens = (uint32_t)MAX(NS_PER_S / s.itl, 25);
        if (walk_step(w, &s, w->out->rates, &w->out->n_rates, &e) <= 0)
            break;
    }
}

static void describe(struct walk *w, const struct calibrate_config *c)
{
    struct utsname u;
    struct calibration *out = w->out;
    memset(out, 0, sizeof *out);
    out->started = clock_real();
    out->quick = c->quick;
    out->other_server = c->server != NULL;
    out->cores = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
    out->client_cores = w->job.cores.n_client;
    out->server_cores = w->job.cores.n_server;
    snprintf(out->version, sizeof out->version, "%s", WEIR_VERSION);
    machine_cpu_model(out->cpu);
    if (uname(&u) == 0) {
        snprintf(out->kernel, sizeof out->kernel, "%s %s", u.sysname, u.release);
        if (!out->cpu[0])
            snprintf(out->cpu, sizeof out->cpu, "%s", u.machine);
    }
}

static int scratch(char *dir, size_t cap, struct err *e)
{
    const char *tmp = getenv("TMPDIR");
    if (!tmp || !*tmp || strlen(tmp) > cap - 40)
        tmp = "/tmp";
    snprintf(dir, cap, "%s/weir-calibrate-XXXXXX", tmp);
    return mkdtemp(dir) ? 0 : err_sys(e, ERR_IO, errno, "cannot make a folder in %s (TMPDIR names another)", tmp);
}

int calibrate(const struct calibrate_config *c, const struct calibrate_view *v, struct calibration *out, struct err *e)
{
    char dir[400];
    cpu_set_t all;
    struct core_map *cores = xmalloc(sizeof *cores);
    struct held held;
    struct walk w = {.job = {.c = c, .dir = dir}, .v = v, .out = out};
    hold_signals(&held);
    if (scratch(dir, sizeof dir, e) < 0) {
        release_signals(&held);
        free(cores);
        return -1;
    }
    cores_read(cores, "", NULL);
    if (sched_getaffinity(0, sizeof all, &all) == 0 && !c->server)
        cores_halve(cores, &w.job.cores);
    free(cores);
    if (w.job.cores.n_client)
        sched_setaffinity(0, sizeof w.job.cores.client, &w.job.cores.client);
    w.job.duration = c->duration ? c->duration : (c->quick ? 2 : 5) * NS_PER_S;
    w.job.grace = (c->quick ? 3 : 10) * NS_PER_S;
    w.until = clock_mono() + (c->quick ? QUICK_NS : FULL_NS);
    describe(&w, c);
    int rc = walk_levels(&w, e);
    if (rc == 0 && !c->server && !c->no_rates && !out->interrupted)
        walk_rates(&w);
    out->ceiling = calibration_ceiling(out);
    rmdir(dir);
    release_signals(&held);
    if (w.job.cores.n_client)
        sched_setaffinity(0, sizeof all, &all);
    if (rc == 0 && out->n_levels == 0 && !out->interrupted)
        rc = err_set(e, ERR_INTERNAL, "nothing was measured: %s", out->stopped);
    return rc;
}
