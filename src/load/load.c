#include "load/load.h"

#include "base/rng.h"
#include "load/turns.h"
#include "stat/dist_time.h"

static void open_arrival(const struct load *l, struct arrival *a)
{
    const struct load_opts *o = &l->o;
    arrival_init(a, &(struct arrival_opts){.kind = o->arrival,
                                           .rate = o->rate,
                                           .profile = o->profile,
                                           .burstiness = o->burstiness,
                                           .trace = o->arrival == ARRIVAL_TRACE ? l->ds : NULL,
                                           .speed = o->speed,
                                           .seed = o->seed,
                                           .level = o->level});
}

static uint32_t pick_sample(const struct load *l, uint64_t i)
{
    uint64_t n = dataset_n(l->ds), at = l->o.first_sample + i, first = 0;
    size_t n_parts;
    const struct dataset_part *part = dataset_parts(l->ds, &n_parts);
    if (n_parts > 0) {
        /* Item i has an entry in each part; which of them is sent is drawn. So a part is gone through in its order, and
         * each item is known without those before it. */
        part += dataset_pick_part(l->ds, rng_unit(l->o.seed, RNG_CLASS, arrival_key(l->o.level, i)));
        n = part->n;
        first = part->first;
    }
    if (l->o.order == ORDER_SEQUENTIAL)
        return (uint32_t)(first + at % n);
    /* A permutation of its own for each time through. */
    uint64_t seed = rng_u64(l->o.seed, RNG_ORDER, at / n);
    return (uint32_t)(first + rng_permute(seed, RNG_ORDER, at % n, n));
}

/* The entry's own model, or one drawn by the weights. */
static void pick_model(const struct load *l, uint64_t i, struct plan_item *it)
{
    const struct models *m = l->o.models;
    const struct plan_extra *x = it->what->extra;
    it->model = STR("");
    it->model_ix = 0;
    if (!m || m->n < 2)
        return;
    if (x && x->model.n > 0)
        it->model_ix = x->model_ix;
    else if (m->mix.n > 1)
        it->model_ix = (uint32_t)mix_pick(&m->mix, rng_unit(l->o.seed, RNG_MODEL, arrival_key(l->o.level, i)));
    it->model = m->name[it->model_ix];
}

/* The first item behind n requests that begin with item `from`. */
static uint64_t behind(const struct load *l, uint64_t from, uint64_t n)
{
    if (!l->o.sessions)
        return from + n;
    for (uint64_t turns = 0; turns < n; from++)
        turns += turns_count(dataset_at(l->ds, pick_sample(l, from)));
    return from;
}

static uint64_t most_turns(const struct dataset *ds)
{
    uint32_t most = 1;
    for (size_t i = 0; i < dataset_n(ds); i++)
        most = MAX(most, turns_count(dataset_at(ds, i)));
    return most;
}

static void settle_counts(struct load *l)
{
    const struct load_opts *o = &l->o;
    if (o->mode == LOAD_CLOSED)
        l->first_item = behind(l, 0, o->warmup_requests);
    /* A closed loop with a warm-up by time cannot know which will be the first behind it. */
    bool known = o->num_requests > 0 && (o->mode == LOAD_OPEN || o->warmup_ns == 0);
    l->end_item = known ? behind(l, l->first_item, o->num_requests) : UINT64_MAX;
}

void load_init(struct load *l, const struct load_opts *o, const struct dataset *ds)
{
    *l = (struct load){
        .o = *o, .ds = ds, .classes = dataset_get_stats(ds)->classes > 1, .stride = o->sessions ? most_turns(ds) : 1};
    atomic_init(&l->next_closed, 0);
    atomic_init(&l->measured, 0);
    atomic_init(&l->next_start, 0);
    atomic_init(&l->w0_closed, o->warmup_requests > 0 ? -1 : o->warmup_ns);
    if (o->mode != LOAD_OPEN) {
        settle_counts(l);
        return;
    }
    struct arrival a;
    open_arrival(l, &a);
    l->w0 = o->warmup_ns;
    if (o->warmup_requests > 0) {
        int64_t due = arrival_seek_item(&a, behind(l, 0, o->warmup_requests));
        l->w0 = MAX(l->w0, due);
    }
    if (o->warmup_ns > 0)
        arrival_seek_time(&a, o->warmup_ns);
    l->first_item = a.next;
    settle_counts(l);
}

/* "[0123456789abcdef] ": one word, so that it costs the same few tokens in every prompt. */
static void put_nonce(char out[PLAN_NONCE_MAX], uint64_t v)
{
    char *p = out;
    *p++ = '[';
    for (int shift = 60; shift >= 0; shift -= 4)
        *p++ = "0123456789abcdef"[v >> shift & 15];
    *p++ = ']';
    *p++ = ' ';
    *p = 0;
}

static void fill(const struct load *l, uint64_t i, int64_t due, bool warmup, struct plan_item *it)
{
    it->index = i * l->stride;
    it->due = due;
    it->warmup = warmup;
    it->sample = pick_sample(l, i);
    it->what = dataset_at(l->ds, it->sample);
    it->session = l->o.sessions ? i : 0;
    it->turn = 0;
    it->turns = l->o.sessions ? turns_count(it->what) : 0;
    it->key = arrival_key(l->o.level, it->index);
    leaving_of(&l->o.leaving, l->o.seed, arrival_key(l->o.level, it->index), it);
    it->klass = l->classes && it->what->extra ? it->what->extra->klass : STR("");
    pick_model(l, i, it);
    it->nonce[0] = 0;
    if (l->o.unique_prompts)
        put_nonce(it->nonce, rng_u64(l->o.seed, RNG_NONCE, arrival_key(l->o.level, i)));
}

void load_next_turn(const struct load *l, struct plan_item *it)
{
    it->index++;
    it->turn++;
    it->key = arrival_key(l->o.level, it->index);
    leaving_of(&l->o.leaving, l->o.seed, arrival_key(l->o.level, it->index), it);
}

static bool is_none(const struct dist *d)
{
    return d->kind != DIST_MIX && d->a == 0 && d->b == 0;
}

int64_t load_first(const struct load *l, uint64_t i)
{
    return is_none(&l->o.first) ? -1 : dist_time_at(&l->o.first, l->o.seed, RNG_FIRST, arrival_key(l->o.level, i));
}

int64_t load_think(const struct load *l, const struct plan_item *it)
{
    if (is_none(&l->o.think))
        return 0;
    return dist_time_at(&l->o.think, l->o.seed, RNG_THINK, arrival_key(l->o.level, it->index));
}

bool load_in_warmup(const struct load *l, int64_t at)
{
    int64_t w0 = load_window_begin(l);
    return w0 < 0 || at < w0;
}

void load_item(const struct load *l, uint64_t i, int64_t due, struct plan_item *it)
{
    fill(l, i, due, i < l->first_item, it);
}

bool load_open_has(const struct load *l, uint64_t i, int64_t due)
{
    if (i >= l->end_item)
        return false;
    if (l->o.until_ns > 0 && due >= l->o.until_ns)
        return false;
    if (l->o.arrival == ARRIVAL_TRACE && i >= dataset_n(l->ds))
        return false;
    return l->o.duration_ns == 0 || i < l->first_item || due - l->w0 < l->o.duration_ns;
}

int64_t load_closed_end(const struct load *l)
{
    const struct load_opts *o = &l->o;
    int64_t w0 = atomic_load(&l->w0_closed), end = o->duration_ns > 0 && w0 >= 0 ? w0 + o->duration_ns : INT64_MAX;
    return o->until_ns > 0 ? MIN(end, o->until_ns) : end;
}

bool load_take(struct load *l, int64_t now, struct plan_item *it)
{
    const struct load_opts *o = &l->o;
    int64_t w0 = atomic_load(&l->w0_closed);
    if (now >= load_closed_end(l))
        return false;
    if (o->num_requests > 0 && atomic_load(&l->measured) >= o->num_requests)
        return false;
    uint64_t i = atomic_fetch_add(&l->next_closed, 1);
    bool warmup = i < l->first_item || now < o->warmup_ns;
    fill(l, i, 0, warmup, it);
    if (!warmup) {
        /* Without a warm-up by time the index says what is too many: counting would let two workers that take the last
         * ones together leave the smaller index out, and the prompts depend on the workers. */
        if (i >= l->end_item)
            return false;
        /* Two that start together both count, so that never more than num_requests are handed out. */
        uint64_t n = it->turns ? it->turns : 1;
        uint64_t before = atomic_fetch_add(&l->measured, n);
        if (l->end_item == UINT64_MAX && o->num_requests > 0 && before >= o->num_requests)
            return false;
        if (w0 < 0)
            atomic_compare_exchange_strong(&l->w0_closed, &w0, now);
    }
    return true;
}

int64_t load_window_begin(const struct load *l)
{
    return l->o.mode == LOAD_OPEN ? l->w0 : atomic_load(&l->w0_closed);
}

void load_walk_begin(const struct load *l, struct load_walk *w)
{
    *w = (struct load_walk){.i = UINT64_MAX};
    open_arrival(l, &w->arrival);
}

bool load_walk_next(const struct load *l, struct load_walk *w)
{
    w->due = arrival_next(&w->arrival);
    w->i++;
    w->release = MAX(w->due, w->free);
    if (l->o.start_gap)
        w->free = w->release + l->o.start_gap;
    return load_open_has(l, w->i, w->due);
}

int64_t load_reserve(struct load *l, int64_t now)
{
    int64_t next = atomic_load(&l->next_start), at;
    do
        at = MAX(next, now);
    while (!atomic_compare_exchange_weak(&l->next_start, &next, at + l->o.start_gap));
    return at;
}

/* Where a trace is as long as its items times their mean gap. */
static int64_t trace_end(const struct load *l)
{
    struct arrival a;
    size_t n = dataset_n(l->ds);
    open_arrival(l, &a);
    int64_t last = arrival_seek_item(&a, n - 1);
    if (n < 2 || last <= 0)
        return NS_PER_S;
    int64_t gap = MAX(last / (int64_t)(n - 1), 1);
    return MIN(last, (int64_t)1 << 61) + MIN(gap, (int64_t)1 << 61);
}

int64_t load_count_end(const struct load *l)
{
    struct arrival a;
    if (l->o.mode != LOAD_OPEN || l->end_item == UINT64_MAX)
        return INT64_MAX;
    open_arrival(l, &a);
    return arrival_seek_item(&a, l->end_item);
}

int64_t load_open_end(const struct load *l)
{
    const struct load_opts *o = &l->o;
    if (o->mode != LOAD_OPEN || o->arrival == ARRIVAL_BURST)
        return 0;
    int64_t end = o->duration_ns > 0 ? l->w0 + o->duration_ns : INT64_MAX;
    if (o->until_ns > 0)
        end = MIN(end, o->until_ns);
    if (o->arrival == ARRIVAL_TRACE)
        end = MIN(end, trace_end(l));
    return o->sessions ? end : MIN(end, load_count_end(l));
}
