#include "sim/sim_truth.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/jout.h"
#include "base/xalloc.h"

#define WRITE_AT (256 * 1024)
#define LINE_MAX_BYTES (64u * 1024 * 1024) /* a million tokens of 20 digits fit */
#define FLUSH_NS (200 * NS_PER_MS)

struct truth {
    int fd;
    char *path;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    _Atomic(struct truth_rec *) newest; /* a stack without lock: a worker never waits for the writer */
    bool closing;                       /* under lock */
    int sys;                            /* the writer's: errno of the first failed write */
};

struct truth_rec *truth_rec_new(void)
{
    return xcalloc(1, sizeof(struct truth_rec));
}

void truth_token(struct truth_rec *r, int64_t at)
{
    if (r->n_tokens == r->cap_tokens) {
        r->cap_tokens = r->cap_tokens == 0 ? 32 : r->cap_tokens * 2;
        r->tokens = xreallocarray(r->tokens, r->cap_tokens, sizeof(*r->tokens));
    }
    r->tokens[r->n_tokens++] = at;
}

static void format(struct buf *b, const struct truth_rec *r)
{
    struct jout j;
    jo_init(&j, b, 0);
    jo_obj(&j);
    jo_kstrz(&j, "id", r->id);
    jo_ku64(&j, "n", r->n);
    jo_kstrz(&j, "method", r->method);
    jo_kstrz(&j, "path", r->path);
    jo_ki64(&j, "status", r->status);
    jo_kbool(&j, "stream", r->stream);
    jo_kstrz(&j, "fault", r->fault[0] != 0 ? r->fault : NULL);
    jo_kbool(&j, "kernel", r->kernel);
    jo_ki64(&j, "recv", r->recv);
    jo_ki64(&j, "recv_last", r->recv_last);
    jo_ki64(&j, "received", r->received);
    jo_ki64(&j, "started", r->started);
    jo_ki64(&j, "headers", r->headers);
    jo_key(&j, "tokens");
    jo_arr(&j);
    for (size_t i = 0; i < r->n_tokens; i++)
        jo_i64(&j, r->tokens[i]);
    jo_end_arr(&j);
    jo_ki64(&j, "end", r->end);
    jo_ku64(&j, "prompt_tokens", r->prompt_tokens);
    jo_ku64(&j, "cached_tokens", r->cached_tokens);
    jo_ku64(&j, "output_tokens", r->output_tokens);
    jo_ku64(&j, "queued", r->queued);
    if (r->told[0] != 0) {
        jo_key(&j, "told");
        jo_raw(&j, str_of(r->told));
    }
    jo_kbool(&j, "complete", r->complete);
    jo_end_obj(&j);
    buf_addc(b, '\n');
}

static void write_out(struct truth *t, struct buf *b)
{
    if (b->n > 0 && t->sys == 0) {
        int rc = fd_write_all(t->fd, b->p, b->n);
        if (rc < 0)
            t->sys = -rc;
    }
    buf_clear(b);
}

/* Takes everything that was put, the oldest first. */
static struct truth_rec *take_all(struct truth *t)
{
    struct truth_rec *r = atomic_exchange_explicit(&t->newest, NULL, memory_order_acquire), *list = NULL;
    while (r != NULL) {
        struct truth_rec *next = r->next;
        r->next = list;
        list = r;
        r = next;
    }
    return list;
}

static void write_records(struct truth *t, struct truth_rec *list, struct buf *b)
{
    while (list != NULL) {
        struct truth_rec *r = list;
        list = r->next;
        format(b, r);
        free(r->tokens);
        free(r);
        if (b->n >= WRITE_AT)
            write_out(t, b);
    }
    write_out(t, b);
}

static void *run(void *arg)
{
    struct truth *t = arg;
    struct buf b = BUF_INIT(LINE_MAX_BYTES);
    bool closing = false;
    /* Never in the way of the threads that keep time (on Linux a nice value belongs to the thread). */
    setpriority(PRIO_PROCESS, 0, 10);
    while (!closing) {
        int64_t until = clock_mono() + FLUSH_NS;
        struct timespec ts = {until / NS_PER_S, until % NS_PER_S};
        pthread_mutex_lock(&t->lock);
        while (!t->closing && pthread_cond_timedwait(&t->wake, &t->lock, &ts) != ETIMEDOUT)
            ;
        closing = t->closing;
        pthread_mutex_unlock(&t->lock);
        write_records(t, take_all(t), &b);
    }
    buf_free(&b);
    return NULL;
}

struct truth *truth_open(const char *path, struct err *e)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        err_sys(e, ERR_IO, errno, "cannot write the truth file %s", path);
        return NULL;
    }
    struct truth *t = xcalloc(1, sizeof(*t));
    pthread_condattr_t attr;
    t->fd = fd;
    t->path = xstrdup(path);
    atomic_init(&t->newest, NULL);
    pthread_mutex_init(&t->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&t->wake, &attr);
    pthread_condattr_destroy(&attr);
    int rc = pthread_create(&t->thread, NULL, run, t);
    if (rc != 0) {
        err_sys(e, ERR_LIMIT, rc, "cannot start the truth file's thread");
        close(fd);
        free(t->path);
        free(t);
        return NULL;
    }
    return t;
}

int truth_close(struct truth **tp, struct err *e)
{
    struct truth *t = *tp;
    if (t == NULL)
        return 0;
    *tp = NULL;
    pthread_mutex_lock(&t->lock);
    t->closing = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    if (close(t->fd) < 0 && t->sys == 0)
        t->sys = errno;
    int rc = t->sys == 0 ? 0 : err_sys(e, ERR_IO, t->sys, "the truth file %s is not complete", t->path);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->wake);
    free(t->path);
    free(t);
    return rc;
}

void truth_put(struct truth *t, struct truth_rec *r)
{
    r->next = atomic_load_explicit(&t->newest, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&t->newest, &r->next, r, memory_order_release, memory_order_relaxed))
        ;
}
