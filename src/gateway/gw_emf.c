/* gw_emf.c - lines of CloudWatch's embedded metric format, and the thread that writes them. */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/jout.h"
#include "base/xalloc.h"
#include "gateway/gw_metrics.h"

/* A pipe that polls writable takes PIPE_BUF bytes at once: no write of the thread blocks, and lines stay whole beside
 * what others write there. */
enum { PENDING_MAX = 1 << 20, WRITE_MAX = 4096, POLL_MS = 50, METRICS_MAX = 9, CLIENT_GONE = 499 };

struct metric {
    const char *name, *unit;
    double value;
    int decimals;
};

static size_t collect(const struct gw_outcome *o, double hourly_usd, struct metric m[METRICS_MAX])
{
    const struct gw_figures *f = &o->figures;
    bool fine = o->code == NULL && o->status < 400;
    double tps = fine ? gw_tokens_per_second(o) : -1, cost = gw_cost_per_1k(tps, hourly_usd);
    size_t n = 0;
    m[n++] = (struct metric){"RequestCount", "Count", 1, 0};
    m[n++] = (struct metric){"Errors", "Count", !fine && o->status != CLIENT_GONE, 0};
    if (o->stream && o->ttft >= 0)
        m[n++] = (struct metric){"TTFT", "Milliseconds", (double)o->ttft / 1e6, 3};
    if (f->prompt_tokens >= 0)
        m[n++] = (struct metric){"PromptTokens", "Count", (double)f->prompt_tokens, 0};
    if (f->completion_tokens > 0) {
        m[n++] = (struct metric){"CompletionTokens", "Count", (double)f->completion_tokens, 0};
        m[n++] = (struct metric){"TokensGenerated", "Count", (double)f->completion_tokens, 0};
    }
    if (tps > 0) {
        m[n++] = (struct metric){"TokensPerSecond", "Count/Second", tps, 3};
        m[n++] = (struct metric){"CompletionTimeSeconds", "Seconds", (double)o->duration / 1e9, 6};
    }
    if (cost >= 0)
        m[n++] = (struct metric){"CostPer1kTokensUSD", "None", cost, 9};
    return n;
}

static void directive(struct jout *j, const struct metric *m, size_t n)
{
    jo_obj(j);
    jo_kstrz(j, "Namespace", "LLM/Serving");
    jo_key(j, "Dimensions");
    jo_arr(j);
    jo_arr(j);
    jo_strz(j, "EndpointName");
    jo_end_arr(j);
    jo_end_arr(j);
    jo_key(j, "Metrics");
    jo_arr(j);
    for (size_t i = 0; i < n; i++) {
        jo_obj(j);
        jo_kstrz(j, "Name", m[i].name);
        jo_kstrz(j, "Unit", m[i].unit);
        jo_end_obj(j);
    }
    jo_end_arr(j);
    jo_end_obj(j);
}

void gw_emf_line(const struct gw_outcome *o, const char *endpoint, double hourly_usd, struct buf *out)
{
    struct metric m[METRICS_MAX];
    size_t n = collect(o, hourly_usd, m);
    struct jout j;
    jo_init(&j, out, 0);
    jo_obj(&j);
    jo_key(&j, "_aws");
    jo_obj(&j);
    jo_ki64(&j, "Timestamp", o->unix_ms);
    jo_key(&j, "CloudWatchMetrics");
    jo_arr(&j);
    directive(&j, m, n);
    jo_end_arr(&j);
    jo_end_obj(&j);
    jo_kstrz(&j, "EndpointName", endpoint);
    for (size_t i = 0; i < n; i++)
        jo_kfixed(&j, m[i].name, m[i].value, m[i].decimals);
    jo_ki64(&j, "Status", o->status);
    jo_kbool(&j, "Stream", o->stream);
    if (o->code)
        jo_kstrz(&j, "ErrorCode", o->code);
    jo_end_obj(&j);
    buf_addc(out, '\n');
}

/* ---- the thread ---- */

struct gw_emf {
    int fd;
    bool direct;
    pthread_t thread;
    pthread_mutex_t lock; /* held for a copy of a line, or the exchange of two buffers */
    pthread_cond_t some;
    struct buf pending;    /* under lock: whole lines */
    bool stop;             /* under lock */
    _Atomic int64_t until; /* set with stop: monotonic ns, when what is left is dropped; 0: never */
    _Atomic uint64_t dropped;
};

static void count_dropped(struct gw_emf *m, struct str lines)
{
    uint64_t n = 0;
    for (size_t i = 0; i < lines.n; i++)
        n += lines.p[i] == '\n';
    atomic_fetch_add_explicit(&m->dropped, n, memory_order_relaxed);
}

/* As many whole lines as go at once; a line that is longer goes in parts. */
static size_t portion(struct str s)
{
    size_t n = MIN(s.n, (size_t)WRITE_MAX), end = n;
    if (n == s.n)
        return n;
    while (end > 0 && s.p[end - 1] != '\n')
        end--;
    return end ? end : n;
}

/* 1: can be written to, or is broken, which the write will tell. */
static int writable(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    return poll(&p, 1, ms) == 1;
}

static void write_lines(struct gw_emf *m, struct str s)
{
    while (s.n > 0) {
        if (!m->direct && !writable(m->fd, POLL_MS)) {
            int64_t until = atomic_load(&m->until);
            if (until > 0 && clock_mono() >= until)
                break;
            continue;
        }
        ssize_t n = write(m->fd, s.p, portion(s));
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
            if (errno == EAGAIN && m->direct && !writable(m->fd, 1000))
                break;
            continue;
        }
        if (n <= 0)
            break;
        s = str_sub(s, (size_t)n, s.n);
    }
    count_dropped(m, s);
}

static void *run(void *arg)
{
    struct gw_emf *m = arg;
    struct buf mine = BUF_INIT(PENDING_MAX);
    pthread_mutex_lock(&m->lock);
    while (!m->stop || m->pending.n > 0) {
        if (m->pending.n == 0) {
            pthread_cond_wait(&m->some, &m->lock);
            continue;
        }
        struct buf full = m->pending;
        m->pending = mine;
        mine = full;
        pthread_mutex_unlock(&m->lock);
        write_lines(m, buf_str(&mine));
        buf_clear(&mine);
        pthread_mutex_lock(&m->lock);
    }
    pthread_mutex_unlock(&m->lock);
    buf_free(&mine);
    return NULL;
}

/* Signals are for the thread that asked for them. */
static int start(struct gw_emf *m)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&m->thread, NULL, run, m);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

struct gw_emf *gw_emf_new(int fd, bool direct, struct err *e)
{
    struct gw_emf *m = xcalloc(1, sizeof *m);
    m->fd = fd;
    m->direct = direct;
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->some, NULL);
    buf_init(&m->pending, PENDING_MAX);
    int rc = direct ? 0 : start(m);
    if (rc != 0) {
        m->direct = true; /* there is no thread to join */
        gw_emf_free(&m);
        err_sys(e, ERR_LIMIT, rc, "the thread that writes metrics cannot start");
    }
    return m;
}

void gw_emf_free(struct gw_emf **p)
{
    struct gw_emf *m = *p;
    if (!m)
        return;
    if (!m->direct) {
        pthread_mutex_lock(&m->lock);
        m->stop = true;
        atomic_store(&m->until, clock_mono() + NS_PER_S);
        pthread_cond_signal(&m->some);
        pthread_mutex_unlock(&m->lock);
        pthread_join(m->thread, NULL);
    }
    pthread_cond_destroy(&m->some);
    pthread_mutex_destroy(&m->lock);
    buf_free(&m->pending);
    free(m);
    *p = NULL;
}

void gw_emf_put(struct gw_emf *m, struct str line)
{
    pthread_mutex_lock(&m->lock);
    if (m->direct) {
        write_lines(m, line);
    } else if (m->pending.n + line.n > m->pending.max) {
        atomic_fetch_add_explicit(&m->dropped, 1, memory_order_relaxed);
    } else {
        buf_adds(&m->pending, line);
        pthread_cond_signal(&m->some);
    }
    pthread_mutex_unlock(&m->lock);
}

uint64_t gw_emf_dropped(const struct gw_emf *m)
{
    return atomic_load_explicit(&m->dropped, memory_order_relaxed);
}
