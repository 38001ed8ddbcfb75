#include "sim/sim_model.h"

#include "base/rng.h"
#include "base/xalloc.h"

struct model {
    struct model_params p;
    struct gate *gate;
    unsigned worker;
    const struct model_ops *ops;
    void *arg;
    int64_t offset;     /* real time = model time + offset; grows by model_shift */
    struct heap single; /* tokens off the grid: first ones and held ones */
    struct seq **batch; /* NULL where one left during a step */
    size_t n, cap, live;
    bool stepping; /* a step is under way */
    bool opening;  /* one begins at opening_at, once all that joins at that instant has joined */
    bool in_step;  /* its tokens are being given out */
    int64_t opening_at, step_due;
    uint64_t step; /* number of the step under way, or of the next */
    uint64_t moved;
    bool slots_ready; /* a slot was passed on to one of ours */
};

struct model *model_new(const struct model_params *p, struct gate *g, unsigned worker, const struct model_ops *ops,
                        void *arg)
{
    struct model *m = xcalloc(1, sizeof(*m));
    m->p = *p;
    m->gate = g;
    m->worker = worker;
    m->ops = ops;
    m->arg = arg;
    return m;
}

void model_free(struct model **m)
{
    if (*m == NULL)
        return;
    heap_free(&(*m)->single);
    free((*m)->batch);
    free(*m);
    *m = NULL;
}

/* Requests and steps draw from disjoint ranges of one stream. */
static int64_t jittered(const struct model *m, int64_t ns, bool is_step, uint64_t number)
{
    if (!m->p.has_jitter)
        return ns;
    uint64_t i = is_step ? (UINT64_C(1) << 63 | (uint64_t)m->worker << 48) + 2 * number : 2 * number;
    double f =
        dist_sample(&m->p.jitter, rng_unit(m->p.seed, RNG_SIM_JITTER, i), rng_unit(m->p.seed, RNG_SIM_JITTER, i + 1));
    double v = (double)ns * f;
    return v <= 0 ? 0 : v >= 2e18 ? INT64_MAX / 4 : (int64_t)v;
}

/* base + per * n, held below what sums of instants can bear. */
static int64_t linear(int64_t base, int64_t per, uint64_t n)
{
    int64_t v;
    if (n > INT64_MAX / 4 || __builtin_mul_overflow(per, (int64_t)n, &v) || __builtin_add_overflow(v, base, &v))
        return INT64_MAX / 4;
    return MIN(v, INT64_MAX / 4);
}

static int64_t prefill_ns(const struct model *m, const struct seq *s)
{
    return jittered(m, linear(m->p.ttft, m->p.prefill, s->prompt_tokens), false, s->number);
}

/* `t` and step_due are model time. */
static void begin_step(struct model *m, int64_t t)
{
    uint64_t running = atomic_load_explicit(&m->gate->decoding, memory_order_relaxed);
    m->stepping = true;
    m->step_due = t + jittered(m, linear(m->p.itl, m->p.itl_per_seq, running), true, m->step);
}

static void join(struct model *m, struct seq *s)
{
    if (m->live == 0)
        m->n = 0; /* only gaps are left */
    if (m->n == m->cap) {
        m->cap = m->cap == 0 ? 64 : m->cap * 2;
        m->batch = xreallocarray(m->batch, m->cap, sizeof(struct seq *));
    }
    m->batch[m->n++] = s;
    s->at = m->n;
    m->live++;
    atomic_fetch_add_explicit(&m->gate->decoding, 1, memory_order_relaxed);
    s->joined = m->stepping ? m->step + 1 : m->step;
}

static void unjoin(struct model *m, struct seq *s)
{
    if (s->at == 0)
        return;
    m->batch[s->at - 1] = NULL;
    s->at = 0;
    m->live--;
    atomic_fetch_sub_explicit(&m->gate->decoding, 1, memory_order_relaxed);
}

static void leave(struct model *m, struct seq *s)
{
    heap_remove(&m->single, &s->node);
    unjoin(m, s);
    int w = gate_leave(m->gate, &s->gate);
    if (w == (int)m->worker)
        m->slots_ready = true;
    else if (w >= 0)
        m->ops->granted(m->arg, (unsigned)w);
}

/* t: model time. */
static void start(struct model *m, struct seq *s, int64_t t)
{
    s->node.key = t + s->extra + prefill_ns(m, s);
    heap_push(&m->single, &s->node);
    m->ops->start(m->arg, s, t + m->offset);
}

static void take_slots(struct model *m, int64_t t)
{
    struct gate_waiter *w;
    m->slots_ready = false;
    while ((w = gate_take(m->gate, m->worker)) != NULL)
        start(m, CONTAINER_OF(w, struct seq, gate), t);
}

void model_cancel(struct model *m, struct seq *s, int64_t now)
{
    leave(m, s);
    /* Within an event the slot is passed on at the event's end, by the event's instant. */
    if (m->slots_ready && !m->in_step)
        take_slots(m, now - m->offset);
}

void model_hold(struct model *m, struct seq *s, int64_t now, int64_t ns)
{
    if (s->done >= s->output_tokens)
        return;
    unjoin(m, s);
    heap_remove(&m->single, &s->node);
    s->node.key = now - m->offset + ns;
    heap_push(&m->single, &s->node);
}

/* One token of s, at model time t. */
static void give_token(struct model *m, struct seq *s, int64_t t)
{
    s->done++;
    /* Gone from the model before the caller may free it. */
    if (s->done >= s->output_tokens)
        leave(m, s);
    m->ops->token(m->arg, s, t + m->offset);
}

static void end_single(struct model *m, struct seq *s)
{
    int64_t t = s->node.key;
    heap_remove(&m->single, &s->node);
    m->in_step = true; /* no slot is passed on from inside the callback */
    if (s->done + 1 < s->output_tokens)
        join(m, s);
    give_token(m, s, t);
    m->in_step = false;
    if (!m->stepping && !m->opening) {
        m->opening = true;
        m->opening_at = t;
    }
    if (m->slots_ready)
        take_slots(m, t);
}

static void compact(struct model *m)
{
    size_t k = 0;
    for (size_t i = 0; i < m->n; i++) {
        if (m->batch[i] == NULL)
            continue;
        m->batch[k] = m->batch[i];
        m->batch[k]->at = k + 1;
        k++;
    }
    m->n = k;
}

static void end_step(struct model *m, int64_t now)
{
    int64_t t = m->step_due;
    m->in_step = true;
    for (size_t i = 0; i < m->n; i++) { /* n may grow: what joins meanwhile takes part later */
        struct seq *s = m->batch[i];
        if (s != NULL && s->joined <= m->step)
            give_token(m, s, t);
    }
    m->in_step = false;
    compact(m);
    m->stepping = false;
    m->step++;
    if (m->live > 0) {
        begin_step(m, t);
        if (m->step_due < now) { /* more than a whole step late */
            m->step_due += now - t;
            m->moved++;
        }
    }
    if (m->slots_ready)
        take_slots(m, t);
}

int64_t model_next_due(const struct model *m)
{
    struct heap_node *top = heap_top(&m->single);
    int64_t t = m->stepping ? m->step_due : INT64_MAX;
    if (top != NULL && top->key < t)
        t = top->key;
    return t == INT64_MAX ? t : t + m->offset;
}

void model_advance(struct model *m, int64_t now)
{
    for (;;) {
        struct heap_node *top = heap_top(&m->single);
        int64_t t = now - m->offset;
        bool step = m->stepping && m->step_due <= t;
        bool single = top != NULL && top->key <= t;
        if (m->opening && !(single && top->key <= m->opening_at)) {
            m->opening = false;
            if (m->live > 0)
                begin_step(m, m->opening_at);
        } else if (step && (!single || m->step_due <= top->key))
            end_step(m, t);
        else if (single)
            end_single(m, CONTAINER_OF(top, struct seq, node));
        else
            return;
    }
}

enum gate_rc model_submit(struct model *m, struct seq *s, int64_t now)
{
    model_advance(m, now); /* a slot that came free before must be seen as free */
    enum gate_rc rc = gate_enter(m->gate, &s->gate, m->worker);
    if (rc == GATE_RUN)
        start(m, s, now - m->offset);
    return rc;
}

void model_granted(struct model *m, int64_t now)
{
    take_slots(m, now - m->offset);
}

void model_shift(struct model *m, int64_t ns)
{
    m->offset += ns;
}

uint64_t model_decoding(const struct model *m)
{
    return m->live;
}

uint64_t model_moved(const struct model *m)
{
    return m->moved;
}
