#include "auth/signer.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "auth/auth_key.h"
#include "base/log.h"
#include "base/xalloc.h"

#define AGAIN_NS (10 * NS_PER_S)        /* between two attempts, where one has brought nothing new */
#define LONGEST_WAIT_NS (60 * NS_PER_S) /* a machine that slept must not oversleep what expires */

struct published { /* never changed, and kept until the end */
    struct published *older;
    struct aws_creds creds;
    struct sigv4_key key;
};

struct signer {
    char *service;
    const struct clock_src *clock;
    pthread_mutex_t lock; /* over the chain, the condition and `quit` */
    pthread_cond_t cond;
    struct aws_chain *chain;
    pthread_t thread;
    bool watching, quit;
    int64_t renew_at; /* seconds since 1970, of what is published now; 0: never */
    _Atomic(struct published *) now;
    _Atomic uint64_t version; /* of credentials and clock together */
    _Atomic uint64_t renewed;
    _Atomic int64_t skew;
};

static int64_t unix_now(const struct signer *s)
{
    return s->clock->real(s->clock->arg) / NS_PER_S;
}

/* Takes the credentials over. */
static void publish(struct signer *s, struct aws_creds *c)
{
    struct published *p = xcalloc(1, sizeof *p);
    p->creds = *c;
    p->key = (struct sigv4_key){str_of(c->access_key_id), str_of(c->secret_key), str_of(c->session_token)};
    p->older = atomic_load_explicit(&s->now, memory_order_relaxed);
    atomic_store_explicit(&s->now, p, memory_order_release);
    atomic_fetch_add(&s->version, 1);
    /* What lives shorter than the chain's own span for looking anew has half of its life. */
    int64_t now = unix_now(s), half = MAX((c->expires_unix - now) / 2, (int64_t)1);
    s->renew_at = c->expires_unix ? MAX(c->expires_unix - AWS_REFRESH_S + 1, now + half) : 0;
}

static const struct published *current(const struct signer *s)
{
    return atomic_load_explicit(&s->now, memory_order_acquire);
}

struct signer *signer_new(const struct signer_opts *o, struct err *e)
{
    struct aws_creds c = {0};
    if (!sigv4_name_valid(str_of(o->service))) {
        err_set(e, ERR_USAGE, "--aws-sigv4 \"%s\": is no service's signing name, such as sagemaker or bedrock",
                o->service);
        return NULL;
    }
    struct signer *s = xcalloc(1, sizeof *s);
    s->service = xstrdup(o->service);
    s->clock = o->clock ? o->clock : &clock_system;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->cond, NULL);
    const struct aws_chain_opts chain = {.profile = o->profile,
                                         .region = o->region,
                                         .service = o->service,
                                         .env = o->env,
                                         .env_arg = o->env_arg,
                                         .clock = o->clock};
    s->chain = aws_chain_new(&chain, e);
    if (!s->chain || aws_chain_get(s->chain, &c, e) < 0) {
        signer_free(&s);
        return NULL;
    }
    publish(s, &c);
    return s;
}

void signer_free(struct signer **sp)
{
    struct signer *s = *sp;
    if (!s)
        return;
    signer_unwatch(s);
    for (struct published *p = atomic_load(&s->now), *older; p; p = older) {
        older = p->older;
        aws_creds_free(&p->creds);
        free(p);
    }
    aws_chain_free(&s->chain);
    pthread_cond_destroy(&s->cond);
    pthread_mutex_destroy(&s->lock);
    free(s->service);
    free(s);
    *sp = NULL;
}

const char *signer_source(const struct signer *s)
{
    return current(s)->creds.source;
}

const char *signer_service(const struct signer *s)
{
    return s->service;
}

int signer_region(struct signer *s, const char *host, char out[SIGV4_NAME_MAX + 1], struct err *e)
{
    int rc = 0;
    pthread_mutex_lock(&s->lock);
    const char *region = aws_chain_region(s->chain, host);
    if (!region)
        rc = err_set(e, ERR_USAGE, "%s (--aws-region)", aws_chain_region_missing(s->chain));
    else if (!sigv4_name_valid(str_of(region)))
        rc = err_set(e, ERR_USAGE, "the region \"%.80s\" cannot be one; give one such as us-east-1 by --aws-region",
                     region);
    else
        snprintf(out, SIGV4_NAME_MAX + 1, "%s", region);
    pthread_mutex_unlock(&s->lock);
    return rc;
}

/* ---- the thread that renews */

static bool same_key(const struct aws_creds *a, const struct aws_creds *b)
{
    return str_eqz(str_of(a->access_key_id), b->access_key_id) && str_eqz(str_of(a->secret_key), b->secret_key) &&
           str_eq(str_of(a->session_token), str_of(b->session_token)) && a->expires_unix == b->expires_unix;
}

/* With the lock held: for so long, or until the end. */
static void wait_for(struct signer *s, int64_t ns)
{
    int64_t due = clock_real() + ns;
    const struct timespec ts = {due / NS_PER_S, due % NS_PER_S};
    int rc = 0;
    while (!s->quit && rc == 0)
        rc = pthread_cond_timedwait(&s->cond, &s->lock, &ts);
}

static void *watch(void *arg)
{
    struct signer *s = arg;
    bool told = false;
    pthread_mutex_lock(&s->lock);
    while (!s->quit && s->renew_at != 0) {
        struct aws_creds c = {0};
        struct err e = {0};
        int64_t left = s->renew_at - unix_now(s);
        if (left > 0) {
            wait_for(s, MIN(left * NS_PER_S, LONGEST_WAIT_NS));
            continue;
        }
        int rc = aws_chain_get(s->chain, &c, &e);
        if (rc == 0 && !same_key(&c, &current(s)->creds)) {
            publish(s, &c);
            atomic_fetch_add(&s->renewed, 1);
            told = false;
            continue;
        }
        if (rc < 0 && !told)
            log_warn("the AWS credentials could not be renewed: %s", e.text);
        told = rc < 0;
        aws_creds_free(&c);
        wait_for(s, AGAIN_NS);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

int signer_watch(struct signer *s, struct err *e)
{
    sigset_t all, before;
    if (s->watching || s->renew_at == 0)
        return 0;
    sigfillset(&all); /* signals are the campaign's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    s->quit = false;
    int rc = pthread_create(&s->thread, NULL, watch, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0)
        return err_sys(e, ERR_LIMIT, rc, "cannot start the thread that renews AWS credentials");
    s->watching = true;
    return 0;
}

void signer_unwatch(struct signer *s)
{
    if (!s->watching)
        return;
    pthread_mutex_lock(&s->lock);
    s->quit = true;
    pthread_cond_broadcast(&s->cond);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    s->watching = false;
}

uint64_t signer_renewed(const struct signer *s)
{
    return atomic_load(&s->renewed);
}

/* ---- signatures */

struct sigv4 *signer_sigv4(const struct signer *s, const char *region)
{
    return sigv4_new(str_of(region), str_of(s->service), true);
}

int signer_sign(struct signer *s, struct sigv4 *v, struct str head, const char *payload, struct buf *out,
                struct signing *g)
{
    struct sigv4_request q;
    struct sigv4_header room[SIGV4_MAX_HEADERS];
    g->version = atomic_load(&s->version); /* before what it stands for is read: rather once too often than not */
    g->at = unix_now(s);
    if (sigv4_read_head(&q, room, head) < 0)
        return -1;
    q.payload = payload;
    return sigv4_sign(v, &q, &current(s)->key, g->at + atomic_load(&s->skew), out);
}

bool signer_stale(struct signer *s, const struct signing *g)
{
    int64_t age = unix_now(s) - g->at;
    return g->version != atomic_load(&s->version) || age > SIGNER_FRESH_S || age < 0;
}

/* ---- the server's clock */

/* IMF-fixdate (RFC 9110, 5.6.7), "Sun, 06 Nov 1994 08:49:37 GMT". The names are English whatever the locale is. */
static int parse_date(struct str s, int64_t *out)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char month[4] = "", text[40];
    int day, year, hour, minute, second, end = 0;
    snprintf(text, sizeof text, STR_FMT, STR_ARG(str_sub(s, 0, 39)));
    if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &day, month, &year, &hour, &minute, &second,
               &end) != 6 ||
        end == 0 || strlen(month) != 3)
        return -1;
    const char *at = strstr(months, month);
    if (!at || (at - months) % 3 != 0)
        return -1;
    struct tm tm = {.tm_mday = day,
                    .tm_mon = (int)(at - months) / 3,
                    .tm_year = year - 1900,
                    .tm_hour = hour,
                    .tm_min = minute,
                    .tm_sec = second};
    *out = timegm(&tm);
    return 0;
}

static int date_of(struct str headers, int64_t *out)
{
    struct str_split it = {.rest = headers, .sep = '\n'};
    struct str line;
    while (str_next(&it, &line)) {
        if (str_istarts(line, STR("date:")))
            return parse_date(str_trim(str_sub(line, 5, line.n)), out);
    }
    return -1;
}

static bool names_clock(struct str text)
{
    static const char *const said[] = {"Signature expired", "Signature not yet current", "RequestTimeTooSkewed",
                                       "RequestExpired", "RequestInTheFuture"};
    for (size_t i = 0; i < ARRAY_LEN(said); i++) {
        if (str_find(text, str_of(said[i])) >= 0)
            return true;
    }
    return false;
}

bool signer_refused(struct signer *s, int status, struct str headers, struct str body)
{
    int64_t date;
    if ((status != 400 && status != 403) || (!names_clock(body) && !names_clock(headers)) ||
        date_of(headers, &date) < 0)
        return false;
    int64_t skew = date - unix_now(s), old = atomic_load(&s->skew);
    if (skew - old >= -1 && skew - old <= 1) /* that was not it */
        return false;
    if (atomic_compare_exchange_strong(&s->skew, &old, skew)) /* else another thread has just done it */
        atomic_fetch_add(&s->version, 1);
    return true;
}

int64_t signer_skew(const struct signer *s)
{
    return atomic_load(&s->skew);
}

void signer_redact(const struct signer *s, char *p, size_t n)
{
    for (const struct published *c = current(s); c && p; c = c->older) {
        auth_cover(p, n, c->key.secret);
        auth_cover(p, n, c->key.token);
    }
}
