#include "campaign/scraping.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "campaign/server_names.h"
#include "fetch/scrape.h"

#define TIMEOUT_NS (5 * NS_PER_S)
#define LAST_NS (2 * NS_PER_S) /* of the last answers, for which the report waits */
#define FIRST_NS (10 * NS_PER_S)
#define LINE_MAX_BYTES 4096

struct source {
    struct scraping *g;
    struct scrape_source id;
    struct scraper *scraper;
    struct tally *tally;
    char *url;           /* whole */
    struct scrape first; /* the answer before the load */
    char program[32];    /* of the first answer; "": no name was known */
    pthread_t thread;
    uint64_t marks;
};

struct scraping {
    struct source source[SCRAPE_SOURCES_MAX];
    unsigned n, started; /* the first of them have threads */
    int64_t epoch, interval;
    atomic_bool quit; /* give up what is under way */
    pthread_mutex_t lock;
    pthread_cond_t cond; /* of marks, last and ended */
    /* under the lock, while threads run */
    uint64_t marks;
    unsigned ended; /* threads */
    bool last;      /* ask once more and end */
    bool dropped;   /* what comes now is not kept */
    int fd, failed; /* errno of the first write that failed */
    struct scrape *kept;
    size_t n_kept, cap;
    bool full;
};

char *scraping_url(const char *word)
{
    struct str s = str_of(word);
    ptrdiff_t scheme = str_find(s, STR("://"));
    struct str rest = str_sub(s, scheme < 0 ? 0 : (size_t)scheme + 3, s.n);
    bool bare = str_chr(rest, '/') < 0 && str_chr(rest, '?') < 0;
    return xasprintf("%s%s%s", scheme < 0 ? "http://" : "", word, bare ? "/metrics" : "");
}

static void fill(struct source *x, const struct scrape_answer *a, bool failed, struct scrape *out)
{
    scrape_clear(out);
    out->source = x->id.source;
    int64_t first = a->first ? a->first : a->end;
    out->at = MAX(a->asked + (first - a->asked) / 2 - x->g->epoch, 1);
    out->took = a->end - a->asked;
    out->failed = failed;
    if (failed)
        snprintf(out->why, sizeof out->why, "%s", a->why);
    else
        tally_end(x->tally, out);
}

static int ask(struct source *x, int64_t timeout, struct scrape *out)
{
    struct prom p;
    struct scrape_answer a;
    prom_init(&p, tally_sample, x->tally);
    tally_begin(x->tally);
    int rc = scraper_ask(x->scraper, &p, timeout, &x->g->quit, &a);
    fill(x, &a, rc != 0, out);
    prom_free(&p);
    return rc;
}

/* With the lock held, or before the threads. */
static void keep(struct scraping *g, const struct scrape *s)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    if (g->n_kept == SCRAPES_MAX) {
        g->full = g->last = true;
        return;
    }
    if (g->n_kept == g->cap) {
        g->cap = g->cap ? 2 * g->cap : 64;
        g->kept = xreallocarray(g->kept, g->cap, sizeof *g->kept);
    }
    g->kept[g->n_kept++] = *s;
    scrapes_put(&line, s);
    if (!g->failed)
        g->failed = -fd_write_all(g->fd, line.p, line.n);
    buf_free(&line);
}

/* Until it is time, or a mark was set; false: the end has come. */
static bool wait_until(struct source *x, int64_t due)
{
    struct scraping *g = x->g;
    struct timespec ts = {due / NS_PER_S, due % NS_PER_S};
    pthread_mutex_lock(&g->lock);
    while (!g->last && x->marks == g->marks && clock_mono() < due)
        pthread_cond_timedwait(&g->cond, &g->lock, &ts);
    x->marks = g->marks;
    bool more = !g->last;
    pthread_mutex_unlock(&g->lock);
    return more;
}

/* libcurl leaves SIGPIPE to its user, and TLS may write to a connection that the server has closed. */
static void block_sigpipe(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void *run(void *arg)
{
    struct source *x = arg;
    struct scraping *g = x->g;
    struct scrape s;
    int64_t begin = clock_mono();
    bool more;
    block_sigpipe();
    do {
        more = wait_until(x, begin + ((clock_mono() - begin) / g->interval + 1) * g->interval);
        if (atomic_load(&g->quit))
            break;
        ask(x, TIMEOUT_NS, &s);
        pthread_mutex_lock(&g->lock);
        if (!g->dropped)
            keep(g, &s);
        pthread_mutex_unlock(&g->lock);
    } while (more);
    scraper_free(&x->scraper);
    pthread_mutex_lock(&g->lock);
    g->ended++;
    pthread_cond_broadcast(&g->cond);
    pthread_mutex_unlock(&g->lock);
    return NULL;
}

/* --- before the load --- */

static void redacted(char out[256], const char *url)
{
    struct buf b = BUF_INIT(1u << 20);
    redact_url(&b, str_of(url));
    snprintf(out, 256, STR_FMT, STR_ARG(buf_str(&b)));
    buf_free(&b);
}

static void drop(struct source *x)
{
    scraper_free(&x->scraper);
    tally_free(&x->tally);
    free(x->url);
    x->url = NULL;
}

static int try_url(struct campaign_state *s, const struct scraper_opts *o, struct err *e)
{
    struct scraping *g = s->scraping;
    struct source *x = &g->source[g->n];
    for (unsigned i = 0; i < g->n; i++) {
        if (strcmp(g->source[i].url, o->url) == 0) /* asked twice it would count twice */
            return 0;
    }
    *x = (struct source){.g = g, .id = {.source = g->n}};
    x->scraper = scraper_new(o, e);
    if (!x->scraper)
        return -1;
    x->tally = tally_new();
    x->url = xstrdup(o->url);
    redacted(x->id.url, o->url);
    if (ask(x, FIRST_NS, &x->first) != 0) {
        err_set(e, ERR_USAGE,
                "--metrics-url %s: %s; give the address of a Prometheus endpoint that answers, usually /metrics of the "
                "server",
                x->id.url, x->first.why);
        drop(x);
        return -1;
    }
    const char *program = tally_program(x->tally);
    snprintf(x->program, sizeof x->program, "%s", program ? program : "");
    g->n++;
    return 0;
}

/* TensorRT-LLM's server has JSON at /metrics. */
static int find_at(struct campaign_state *s, const struct target *t, struct scraper_opts *o, struct err *e)
{
    static const char *const paths[] = {"/metrics", "/prometheus/metrics"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        char *url = xasprintf("%s%s", t->origin, paths[i]);
        struct err why = {0};
        o->url = url;
        int rc = try_url(s, o, &why);
        free(url);
        if (rc == 0)
            return 0;
        if (i == 0)
            *e = why;
    }
    return -1;
}

static void find_all(struct campaign_state *s, struct scraper_opts *o)
{
    const struct endpoints *ep = s->variant[0].ep;
    o->unix_socket = s->c->unix_socket;
    o->connect_to = s->c->connect_to;
    for (unsigned i = 0; i < ep->n && s->scraping->n < SCRAPE_SOURCES_MAX; i++) {
        struct err e = {0};
        bool again = false;
        for (unsigned k = 0; k < i; k++)
            again |= strcmp(ep->target[k].origin, ep->target[i].origin) == 0;
        if (!again && find_at(s, &ep->target[i], o, &e) != 0)
            log_info("--metrics-url auto: nothing at %s: %s", ep->target[i].origin, e.text);
    }
}

int scraping_open(struct campaign_state *s, struct err *e)
{
    const struct run_config *c = s->c;
    pthread_condattr_t attr;
    if (!c->metrics_urls || !c->metrics_urls[0])
        return 0;
    struct scraping *g = s->scraping = xcalloc(1, sizeof *g);
    g->epoch = s->epoch;
    g->interval = c->metrics_interval;
    g->fd = -1;
    pthread_mutex_init(&g->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&g->cond, &attr);
    pthread_condattr_destroy(&attr);
    for (size_t i = 0; c->metrics_urls[i]; i++) {
        struct scraper_opts o = {.cacert = c->cacert, .cert = c->cert, .key = c->key, .insecure = c->insecure};
        if (strcmp(c->metrics_urls[i], "auto") == 0) {
            find_all(s, &o);
            continue;
        }
        if (g->n == SCRAPE_SOURCES_MAX)
            return err_set(e, ERR_USAGE, "--metrics-url: more than %d are given", SCRAPE_SOURCES_MAX);
        char *url = scraping_url(c->metrics_urls[i]);
        o.url = url;
        int rc = try_url(s, &o, e);
        free(url);
        if (rc != 0)
            return -1;
    }
    return 0;
}

/* --- while it runs --- */

static int open_file(struct campaign_state *s, struct err *e)
{
    struct scraping *g = s->scraping;
    struct buf head = BUF_INIT(LINE_MAX_BYTES * SCRAPE_SOURCES_MAX);
    char path[600];
    snprintf(path, sizeof path, "%s/server_metrics.jsonl", s->result->dir);
    g->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (g->fd < 0)
        return err_sys(e, ERR_IO, errno, "cannot create %s", path);
    scrapes_put_head(&head);
    for (unsigned i = 0; i < g->n; i++)
        scrapes_put_source(&head, &g->source[i].id);
    g->failed = -fd_write_all(g->fd, head.p, head.n);
    buf_free(&head);
    return 0;
}

int scraping_start(struct campaign_state *s, struct err *e)
{
    struct scraping *g = s->scraping;
    if (!g)
        return 0;
    if (open_file(s, e) < 0)
        return -1;
    for (unsigned i = 0; i < g->n; i++)
        keep(g, &g->source[i].first);
    for (unsigned i = 0; i < g->n; i++) {
        struct source *x = &g->source[i];
        int rc = pthread_create(&x->thread, NULL, run, x);
        if (rc != 0)
            return err_sys(e, ERR_LIMIT, rc, "cannot start the thread that asks for the server's metrics");
        g->started++;
    }
    return 0;
}

void scraping_mark(struct campaign_state *s)
{
    struct scraping *g = s->scraping;
    if (!g)
        return;
    pthread_mutex_lock(&g->lock);
    g->marks++;
    pthread_cond_broadcast(&g->cond);
    pthread_mutex_unlock(&g->lock);
}

static void join(struct scraping *g, int64_t patience)
{
    int64_t until = clock_mono() + patience;
    struct timespec ts = {until / NS_PER_S, until % NS_PER_S};
    pthread_mutex_lock(&g->lock);
    g->last = true;
    g->dropped = patience == 0;
    pthread_cond_broadcast(&g->cond);
    while (g->ended < g->started && clock_mono() < until)
        pthread_cond_timedwait(&g->cond, &g->lock, &ts);
    pthread_mutex_unlock(&g->lock);
    atomic_store(&g->quit, true);
    for (; g->started > 0; g->started--)
        pthread_join(g->source[g->started - 1].thread, NULL);
}

static void say(struct campaign_state *s)
{
    struct scraping *g = s->scraping;
    if (g->n == 0)
        campaign_note(s, "--metrics-url auto: the endpoint has no Prometheus metrics at /metrics");
    for (unsigned i = 0; i < g->n; i++) {
        struct source *x = &g->source[i];
        if (!x->program[0] && !tally_program(x->tally))
            campaign_note(s, "%s answers, but with no name of a server or GPU that weir knows (docs/METRICS.md)",
                          x->id.url);
        if (tally_left_out(x->tally) > 0)
            campaign_note(s, "%s has more than %d series of one kind: those beyond are in no figure", x->id.url,
                          TALLY_SERIES_MAX);
    }
    if (g->full)
        campaign_note(s,
                      "the server's metrics were asked for %d times, which is the most that is kept; a longer "
                      "--metrics-interval covers a longer run",
                      SCRAPES_MAX);
    if (g->failed)
        campaign_note(s, "server_metrics.jsonl could not be written (%s): weir report will lack what is missing there",
                      strerror(g->failed));
}

void scraping_stop(struct campaign_state *s)
{
    struct scraping *g = s->scraping;
    if (!g)
        return;
    join(g, s->interrupted ? 0 : LAST_NS);
    for (unsigned i = 0; i < g->n; i++)
        acc_source(s->acc, &g->source[i].id);
    for (size_t i = 0; i < g->n_kept; i++)
        acc_scrape(s->acc, &g->kept[i]);
    say(s);
}

void scraping_free(struct campaign_state *s)
{
    struct scraping *g = s->scraping;
    if (!g)
        return;
    s->scraping = NULL;
    join(g, 0);
    for (unsigned i = 0; i < g->n; i++)
        drop(&g->source[i]);
    if (g->fd >= 0)
        close(g->fd);
    pthread_mutex_destroy(&g->lock);
    pthread_cond_destroy(&g->cond);
    free(g->kept);
    free(g);
}

size_t scraping_lines(const struct campaign_state *s, char **line, size_t n)
{
    const struct scraping *g = s->scraping;
    char d[32];
    for (unsigned i = 0; g && i < g->n; i++) {
        const struct source *x = &g->source[i];
        line[n++] = xasprintf("Metrics: %s (%s), every %s", x->id.url, x->program[0] ? x->program : "no known names",
                              fmt_duration(d, g->interval));
    }
    return n;
}

char *scraping_told(const struct campaign_state *s, unsigned i)
{
    const struct scraping *g = s->scraping;
    struct buf b = BUF_INIT(LINE_MAX_BYTES);
    if (!g || i >= g->n)
        return NULL;
    const struct source *x = &g->source[i];
    const char *sep = "): ";
    buf_addf(&b, "%s (%s", x->id.url, x->program[0] ? x->program : "no known names");
    for (int k = 0; k < SCRAPE_VALUES; k++) {
        if (x->first.v[k] >= 0) {
            buf_addf(&b, "%s%s", sep, scrape_value_name((enum scrape_value)k));
            sep = ", ";
        }
    }
    if (sep[0] == ')')
        buf_addc(&b, ')');
    return buf_take(&b);
}
