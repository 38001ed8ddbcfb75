#include "net/loop.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "net/loop_private.h"

struct woken {
    void (*fn)(void *arg);
    void *arg;
};

struct loop {
    struct poller *poller;
    /* Two heaps: blocking ends spin_ns before the first precise timer, wherever the others stand. */
    struct heap timers, precise;
    int64_t spin_ns, busy_poll_ns;
    int busy_poll_refused;
    unsigned max_events;
    int64_t now;
    unsigned looks;      /* users of loop_looks */
    int64_t quiet_next;  /* entry of the last wait that left room, the current one included */
    int64_t quiet_since; /* the same without the current one */
    uint64_t turn;
    bool stop;
    void (*on_turn)(void *arg);
    void *on_turn_arg;
    struct loop_stats stats;
    struct net_shared net;

    /* Calls from other threads. */
    struct io wake_io;
    pthread_mutex_t lock;
    struct woken *calls;
    size_t n_calls, cap_calls;
};

static void on_wake(struct io *io, unsigned what)
{
    struct loop *l = CONTAINER_OF(io, struct loop, wake_io);
    uint64_t v;
    if (read(io->fd, &v, sizeof(v)) < 0 && errno != EAGAIN)
        return;
    pthread_mutex_lock(&l->lock);
    struct woken *calls = l->calls;
    size_t n = l->n_calls;
    l->calls = NULL;
    l->n_calls = l->cap_calls = 0;
    pthread_mutex_unlock(&l->lock);
    for (size_t i = 0; i < n; i++)
        calls[i].fn(calls[i].arg);
    free(calls);
}

struct loop *loop_new(const struct loop_opts *o, struct err *e)
{
    struct loop *l = xcalloc(1, sizeof(*l));
    l->spin_ns = o ? o->spin_ns : 0;
    l->busy_poll_ns = o ? o->busy_poll_ns : 0;
    l->max_events = o && o->max_events ? o->max_events : 256;
    pthread_mutex_init(&l->lock, NULL);
    l->wake_io = (struct io){.fd = -1, .ready = on_wake};
    net_shared_init(&l->net);
    l->poller = poller_new(l->max_events, e);
    if (!l->poller)
        goto fail;
    if (l->busy_poll_ns > 0)
        l->busy_poll_refused = -poller_busy_poll(l->poller);
    l->wake_io.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (l->wake_io.fd < 0) {
        err_sys(e, ERR_LIMIT, errno, "cannot make an event file");
        goto fail;
    }
    int rc = loop_io_add(l, &l->wake_io, IO_READ);
    if (rc < 0) {
        err_sys(e, ERR_LIMIT, -rc, "cannot watch the event file");
        goto fail;
    }
    l->now = clock_mono();
    return l;
fail:
    loop_free(&l);
    return NULL;
}

void loop_free(struct loop **lp)
{
    struct loop *l = *lp;
    if (!l)
        return;
    net_shared_free(&l->net);
    if (l->wake_io.fd >= 0)
        close(l->wake_io.fd);
    poller_free(&l->poller);
    heap_free(&l->timers);
    heap_free(&l->precise);
    free(l->calls);
    pthread_mutex_destroy(&l->lock);
    free(l);
    *lp = NULL;
}

struct net_shared *loop_net(struct loop *l)
{
    return &l->net;
}

uint64_t loop_turn(const struct loop *l)
{
    return l->turn;
}

int loop_io_add(struct loop *l, struct io *io, unsigned want)
{
    int rc = want ? poller_set(l->poller, io, 0, want) : 0;
    io->want = rc < 0 ? 0 : want;
    return rc;
}

int loop_io_set(struct loop *l, struct io *io, unsigned want)
{
    if (io->want == want)
        return 0;
    int rc = poller_set(l->poller, io, io->want, want);
    if (rc == 0)
        io->want = want;
    return rc;
}

void loop_io_del(struct loop *l, struct io *io)
{
    if (io->want)
        poller_set(l->poller, io, io->want, 0);
    io->want = 0;
    poller_forget(l->poller, io);
}

int loop_io_bulk(struct loop *l, struct io *io, bool bulk)
{
    if (io->bulk == bulk)
        return 0;
    int rc = poller_bulk(l->poller, io, io->want, bulk);
    if (rc < 0)
        io->want = 0;
    return rc;
}

void loop_timer_stop(struct loop *l, struct timer *t)
{
    if (t->node.at == 0)
        return;
    /* `precise` may have been changed since it was set: ask the heap, not the flag. */
    struct heap *h = t->node.at <= l->precise.n && l->precise.v[t->node.at - 1] == &t->node ? &l->precise : &l->timers;
    heap_remove(h, &t->node);
}

void loop_timer_set(struct loop *l, struct timer *t, int64_t due)
{
    loop_timer_stop(l, t);
    /* Later than the running pass over the timers, so that a timer that always sets itself cannot hold the loop. */
    t->node.key = MAX(due, l->now + 1);
    heap_push(t->precise ? &l->precise : &l->timers, &t->node);
}

void loop_on_turn(struct loop *l, void (*fn)(void *arg), void *arg)
{
    l->on_turn = fn;
    l->on_turn_arg = arg;
}

static void fire_timers(struct loop *l)
{
    const int64_t now = l->now;
    for (;;) {
        struct heap_node *a = heap_top(&l->precise), *b = heap_top(&l->timers);
        struct heap *h = !b || (a && a->key <= b->key) ? &l->precise : &l->timers;
        struct heap_node *x = h == &l->precise ? a : b;
        if (!x || x->key > now)
            return;
        heap_remove(h, x);
        struct timer *t = CONTAINER_OF(x, struct timer, node);
        t->fire(t);
    }
}

/* Files may take long when many are ready (their arrival instants come from the kernel and do not suffer), so precise
 * timers are looked at in between. */
static void give_files(struct loop *l)
{
    enum { FILES_BETWEEN_LOOKS = 4 };
    struct io *io;
    unsigned what, n = 0;
    while (poller_next(l->poller, &io, &what)) {
        what &= io->want | IO_HANGUP;
        if (io->want && what)
            io->ready(io, what);
        const struct heap_node *x = heap_top(&l->precise);
        if (x && ++n % FILES_BETWEEN_LOOKS == 0) {
            l->now = clock_mono();
            if (x->key <= l->now)
                fire_timers(l);
        }
    }
}

/* How long the next wait may block: < 0 for ever, 0 not at all. */
static int64_t block_time(const struct loop *l, int64_t now)
{
    const struct heap_node *a = heap_top(&l->precise), *b = heap_top(&l->timers);
    if (!a && !b && l->looks == 0)
        return -1;
    int64_t until = a ? a->key - l->spin_ns : INT64_MAX;
    if (b && b->key < until)
        until = b->key;
    if (l->looks > 0)
        until = MIN(until, now + LOOP_LOOK_NS);
    return until > now ? until - now : 0;
}

static bool due(const struct heap *h, int64_t now)
{
    const struct heap_node *x = heap_top(h);
    return x && x->key <= now;
}

/* The last moment before a precise timer: a poll would take a part of it, so only the clock is read. */
static bool await_precise(struct loop *l, int64_t entry)
{
    enum { LAST_MOMENT = 1 * NS_PER_US };
    const struct heap_node *x = heap_top(&l->precise);
    if (l->spin_ns == 0 || !x || x->key > entry + LAST_MOMENT || x->key <= entry)
        return false;
    do
        l->now = clock_mono();
    while (x->key > l->now);
    l->stats.empty_poll_ns += l->now - entry;
    return true;
}

/* Returns when there is something to do. */
static void wait_for_work(struct loop *l)
{
    int64_t entry = clock_mono();
    const int64_t poll_until = entry + l->busy_poll_ns;
    for (;;) {
        if (await_precise(l, entry))
            return;
        int64_t timeout = entry < poll_until ? 0 : block_time(l, entry);
        int n = poller_wait(l->poller, timeout);
        l->now = clock_mono();
        l->stats.waits++;
        l->quiet_since = l->quiet_next;
        if (n >= 0 && (unsigned)n < l->max_events && !poller_has_more(l->poller))
            l->quiet_next = entry;
        if (timeout != 0) {
            l->stats.wait_ns += l->now - entry;
        } else if (n == 0) {
            l->stats.empty_polls++;
            l->stats.empty_poll_ns += l->now - entry;
        }
        if (n > 0 || due(&l->precise, l->now) || due(&l->timers, l->now))
            return;
        entry = l->now;
    }
}

void loop_run(struct loop *l)
{
    prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
    while (!l->stop) {
        wait_for_work(l);
        l->turn++;
        fire_timers(l);
        give_files(l);
        if (l->on_turn)
            l->on_turn(l->on_turn_arg);
    }
    l->stop = false;
}

void loop_stop(struct loop *l)
{
    l->stop = true;
}

void loop_wake(struct loop *l, void (*fn)(void *arg), void *arg)
{
    pthread_mutex_lock(&l->lock);
    if (l->n_calls == l->cap_calls) {
        l->cap_calls = l->cap_calls ? 2 * l->cap_calls : 8;
        l->calls = xreallocarray(l->calls, l->cap_calls, sizeof(*l->calls));
    }
    l->calls[l->n_calls++] = (struct woken){fn, arg};
    /* Under the lock: the loop must not be freed by what fn does before this thread has let go of its file. */
    uint64_t one = 1;
    ssize_t n = write(l->wake_io.fd, &one, sizeof(one));
    (void)n; /* can only fail with EAGAIN at 2^64 - 1 pending wake-ups */
    pthread_mutex_unlock(&l->lock);
}

int loop_busy_poll_refused(const struct loop *l)
{
    return l->busy_poll_refused;
}

void loop_looks(struct loop *l, bool on)
{
    l->looks += on ? 1 : -1;
}

int64_t loop_now(const struct loop *l)
{
    return l->now;
}

int64_t loop_quiet_since(const struct loop *l)
{
    return l->quiet_since;
}

struct loop_stats loop_get_stats(const struct loop *l)
{
    struct loop_stats s = l->stats;
    s.clock_steps = l->net.bridge.steps;
    s.unplaced = l->net.bridge.unplaced;
    return s;
}
