#include "sim/sim_gate.h"

#include "base/clock.h"
#include "base/xalloc.h"

void gate_init(struct gate *g, uint64_t limit, uint64_t max_seqs, uint64_t max_queue, unsigned n_workers)
{
    *g = (struct gate){.limit = limit, .max_seqs = max_seqs, .max_queue = max_queue, .n_workers = n_workers};
    g->granted = xcalloc(n_workers, sizeof(*g->granted));
    pthread_mutex_init(&g->lock, NULL);
    atomic_init(&g->decoding, 0);
}

void gate_time(struct gate *g)
{
    g->timed = true;
    g->since = clock_mono();
}

/* With the lock held, before `running` changes. */
static void settle(struct gate *g)
{
    if (!g->timed)
        return;
    int64_t now = clock_mono();
    g->running_ns += g->running * (uint64_t)(now - g->since);
    g->since = now;
}

void gate_free(struct gate *g)
{
    free(g->granted);
    g->granted = NULL;
    pthread_mutex_destroy(&g->lock);
}

static void list_append(struct gate_list *l, struct gate_waiter *w)
{
    w->next = NULL;
    w->prev = l->tail;
    if (l->tail != NULL)
        l->tail->next = w;
    else
        l->head = w;
    l->tail = w;
}

static void list_remove(struct gate_list *l, struct gate_waiter *w)
{
    if (w->prev != NULL)
        w->prev->next = w->next;
    else
        l->head = w->next;
    if (w->next != NULL)
        w->next->prev = w->prev;
    else
        l->tail = w->prev;
    w->prev = w->next = NULL;
}

static bool over_limit(const struct gate *g)
{
    return g->limit > 0 && g->in_flight >= g->limit;
}

enum gate_rc gate_enter(struct gate *g, struct gate_waiter *w, unsigned worker)
{
    enum gate_rc rc = GATE_FULL;
    w->worker = worker;
    pthread_mutex_lock(&g->lock);
    if (over_limit(g)) {
        rc = GATE_LIMIT;
    } else if (g->running < g->max_seqs) {
        rc = GATE_RUN;
        settle(g);
        g->running++;
        w->state = GATE_RUNNING;
    } else if (g->waiting < g->max_queue) {
        rc = GATE_WAIT;
        g->waiting++;
        w->state = GATE_WAITING;
        list_append(&g->queue, w);
    }
    if (rc == GATE_RUN || rc == GATE_WAIT)
        g->in_flight++;
    pthread_mutex_unlock(&g->lock);
    return rc;
}

/* With the lock held: the slot that came free goes to the head of the queue, or stays free. */
static int pass_slot_on(struct gate *g)
{
    struct gate_waiter *w = g->queue.head;
    if (w == NULL) {
        settle(g);
        g->running--;
        return -1;
    }
    list_remove(&g->queue, w);
    g->waiting--;
    w->state = GATE_GRANTED;
    list_append(&g->granted[w->worker], w);
    return (int)w->worker;
}

int gate_leave(struct gate *g, struct gate_waiter *w)
{
    int granted = -1;
    pthread_mutex_lock(&g->lock);
    if (w->state == GATE_WAITING) {
        list_remove(&g->queue, w);
        g->waiting--;
    } else if (w->state == GATE_GRANTED) {
        list_remove(&g->granted[w->worker], w);
        granted = pass_slot_on(g);
    } else if (w->state == GATE_RUNNING) {
        granted = pass_slot_on(g);
    }
    if (w->state != GATE_OUT)
        g->in_flight--;
    w->state = GATE_OUT;
    pthread_mutex_unlock(&g->lock);
    return granted;
}

struct gate_waiter *gate_take(struct gate *g, unsigned worker)
{
    pthread_mutex_lock(&g->lock);
    struct gate_waiter *w = g->granted[worker].head;
    if (w != NULL) {
        list_remove(&g->granted[worker], w);
        w->state = GATE_RUNNING;
    }
    pthread_mutex_unlock(&g->lock);
    return w;
}

uint64_t gate_enter_plain(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    uint64_t n = over_limit(g) ? 0 : ++g->in_flight;
    pthread_mutex_unlock(&g->lock);
    return n;
}

void gate_leave_plain(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->in_flight--;
    pthread_mutex_unlock(&g->lock);
}

struct gate_counts gate_get_counts(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    settle(g);
    struct gate_counts c = {g->in_flight, g->running, g->waiting, g->running_ns};
    pthread_mutex_unlock(&g->lock);
    return c;
}
