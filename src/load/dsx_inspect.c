#include "load/dsx_inspect.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "stat/quant.h"

/* ---- sizes */

static void add_size(struct dsx_sizes *s, int64_t v, size_t most)
{
    if (!s->sorted)
        s->sorted = xcalloc(most, sizeof *s->sorted);
    s->sorted[s->n++] = v;
}

static void settle_sizes(struct dsx_sizes *s)
{
    double sum = 0;
    if (s->n == 0)
        return;
    quant_sort(s->sorted, s->n);
    for (size_t i = 0; i < s->n; i++)
        sum += (double)s->sorted[i];
    s->min = s->sorted[0];
    s->max = s->sorted[s->n - 1];
    s->mean = sum / (double)s->n;
    s->p50 = quant_sorted(s->sorted, s->n, 0.5);
    s->p90 = quant_sorted(s->sorted, s->n, 0.9);
    s->p99 = quant_sorted(s->sorted, s->n, 0.99);
}

/* ---- equal entries */

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9E3779B97F4A7C15ULL;
    return h ^ h >> 29;
}

static uint64_t hash_text(uint64_t h, struct str s)
{
    uint64_t w;
    h = mix(h, s.n + 1);
    for (; s.n >= 8; s.p += 8, s.n -= 8) {
        memcpy(&w, s.p, 8);
        h = mix(h, w);
    }
    for (w = 0; s.n > 0; s.n--)
        w = w << 8 | (unsigned char)s.p[s.n - 1];
    return mix(h, w);
}

static struct str text_of(const struct plan_msg *m)
{
    return m->raw_json.n ? m->raw_json : m->content;
}

struct keyed {
    uint64_t hash;
    size_t i;
};

static int by_hash(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    return x->hash != y->hash ? (x->hash < y->hash ? -1 : 1) : (x->i < y->i ? -1 : 1);
}

static bool same_entry(const struct plan_sample *a, const struct plan_sample *b)
{
    if (a->n_msgs != b->n_msgs)
        return false;
    for (uint32_t i = 0; i < a->n_msgs; i++)
        if (a->msgs[i].role != b->msgs[i].role || !str_eq(text_of(&a->msgs[i]), text_of(&b->msgs[i])))
            return false;
    return true;
}

static size_t count_duplicates(const struct dataset *ds)
{
    size_t n = dataset_n(ds), found = 0;
    struct keyed *k = xcalloc(n, sizeof *k);
    for (size_t i = 0; i < n; i++) {
        const struct plan_sample *s = dataset_at(ds, i);
        k[i] = (struct keyed){0, i};
        for (uint32_t m = 0; m < s->n_msgs; m++)
            k[i].hash = hash_text(mix(k[i].hash, s->msgs[m].role), text_of(&s->msgs[m]));
    }
    qsort(k, n, sizeof *k, by_hash);
    for (size_t i = 1, first = 0; i < n; i++) { /* each with the first of its hash */
        if (k[i].hash != k[first].hash)
            first = i;
        else
            found += same_entry(dataset_at(ds, k[first].i), dataset_at(ds, k[i].i));
    }
    free(k);
    return found;
}

/* ---- what a prefix cache without a limit would find */

struct seen { /* hashes of beginnings, each a whole number of blocks long */
    uint64_t *slot;
    size_t n, cap; /* a power of two */
};

static bool seen_before(struct seen *s, uint64_t h);

static void grow(struct seen *s)
{
    struct seen more = {.cap = s->cap ? s->cap * 2 : 1024};
    more.slot = xcalloc(more.cap, sizeof *more.slot);
    for (size_t i = 0; i < s->cap; i++)
        if (s->slot[i])
            seen_before(&more, s->slot[i]);
    free(s->slot);
    *s = more;
}

static bool seen_before(struct seen *s, uint64_t h)
{
    h += h == 0;
    if (2 * (s->n + 1) > s->cap)
        grow(s);
    size_t i = h & (s->cap - 1);
    while (s->slot[i] && s->slot[i] != h)
        i = (i + 1) & (s->cap - 1);
    if (s->slot[i])
        return true;
    s->slot[i] = h;
    s->n++;
    return false;
}

struct walk {
    struct seen *seen;
    unsigned block, words; /* of the block so far */
    uint64_t hash, cached;
    bool hit; /* all blocks so far were known */
};

/* Words as the loader counts them: what stands between white space, escaped or not. */
static void walk_text(struct walk *w, struct str s)
{
    size_t i = 0;
    while (i < s.n) {
        size_t from = i;
        while (i < s.n && s.p[i] != ' ' && !(s.p[i] == '\\' && i + 1 < s.n && strchr("nrtf", s.p[i + 1])))
            i += s.p[i] == '\\' ? 2 : 1;
        i = MIN(i, s.n);
        if (i > from) {
            w->hash = hash_text(w->hash, str_sub(s, from, i - from));
            if (++w->words == w->block) {
                w->words = 0;
                w->hit &= seen_before(w->seen, w->hash);
                w->cached += w->hit ? w->block : 0;
            }
        }
        i += i < s.n ? (s.p[i] == '\\' ? 2 : 1) : 0;
    }
}

static void count_reuse(struct dsx_inspect *x, const struct dataset *ds)
{
    struct seen seen = {0};
    for (size_t i = 0; i < dataset_n(ds); i++) {
        const struct plan_sample *s = dataset_at(ds, i);
        struct walk w = {.seen = &seen, .block = x->block, .hit = true};
        for (uint32_t m = 0; m < s->n_msgs; m++) {
            w.hash = mix(w.hash, 1000u + s->msgs[m].role);
            walk_text(&w, text_of(&s->msgs[m]));
        }
        x->all_words += s->words;
        x->cached_words += MIN(w.cached, (uint64_t)s->words);
    }
    free(seen.slot);
}

/* ---- names */

static int by_count(const void *a, const void *b)
{
    const struct dsx_count *x = a, *y = b;
    return x->n != y->n ? (x->n > y->n ? -1 : 1) : 0;
}

enum { NAMES_MAX = 1000 };

static void count_name(struct dsx_count **list, size_t *n, struct str name)
{
    for (size_t i = 0; i < *n; i++) {
        if (str_eq((*list)[i].name, name)) {
            (*list)[i].n++;
            return;
        }
    }
    if (*n == NAMES_MAX)
        return;
    if (!*list)
        *list = xcalloc(NAMES_MAX, sizeof **list);
    (*list)[(*n)++] = (struct dsx_count){name, 1};
}

static void look_at_extra(struct dsx_inspect *x, const struct plan_extra *e, int64_t *first, int64_t *last, size_t n)
{
    if (e->klass.n > 0)
        count_name(&x->classes, &x->n_classes, e->klass);
    if (e->model.n > 0)
        count_name(&x->models, &x->n_models, e->model);
    if (e->tokens_in >= 0)
        add_size(&x->tokens_in, e->tokens_in, n);
    if (e->at < 0)
        return;
    *first = x->timed ? MIN(*first, e->at) : e->at;
    *last = x->timed ? MAX(*last, e->at) : e->at;
    x->timed++;
}

static void count_tokens(struct dsx_inspect *x, const struct dataset *ds)
{
    struct tok_coder *c = tok_coder_new(x->tokenizer->tok);
    struct buf scratch = BUF_INIT(SIZE_MAX / 4);
    size_t n = dataset_n(ds);
    for (size_t i = 0; i < n; i++) {
        const struct plan_sample *s = dataset_at(ds, i);
        if (s->n_msgs > 0)
            add_size(&x->tokens, (int64_t)tokens_of_messages(c, s->msgs, s->n_msgs, &scratch), n);
    }
    settle_sizes(&x->tokens);
    buf_free(&scratch);
    tok_coder_free(&c);
}

void dsx_inspect(struct dsx_inspect *x, const struct dataset *ds, unsigned block, const struct tokenizer *t)
{
    size_t n = dataset_n(ds);
    int64_t first = 0, last = 0;
    *x = (struct dsx_inspect){.stats = dataset_get_stats(ds), .block = block, .tokenizer = t};
    for (size_t i = 0; i < n; i++) {
        const struct plan_sample *s = dataset_at(ds, i);
        int64_t turns = 0;
        for (uint32_t m = 0; m < s->n_msgs; m++) {
            x->roles[s->msgs[m].role]++;
            x->raw += s->msgs[m].raw_json.n > 0;
            turns += s->msgs[m].role == ROLE_USER;
        }
        add_size(&x->words, s->words, n);
        add_size(&x->turns, turns, n);
        if (s->max_tokens >= 0)
            add_size(&x->max_tokens, s->max_tokens, n);
        if (s->extra)
            look_at_extra(x, s->extra, &first, &last, n);
    }
    settle_sizes(&x->words);
    settle_sizes(&x->turns);
    settle_sizes(&x->max_tokens);
    settle_sizes(&x->tokens_in);
    x->span = (double)(last - first) / 1e9;
    if (t)
        count_tokens(x, ds);
    x->duplicates = count_duplicates(ds);
    count_reuse(x, ds);
    if (x->classes)
        qsort(x->classes, x->n_classes, sizeof *x->classes, by_count);
    if (x->models)
        qsort(x->models, x->n_models, sizeof *x->models, by_count);
}

void dsx_inspect_free(struct dsx_inspect *x)
{
    free(x->words.sorted);
    free(x->tokens.sorted);
    free(x->turns.sorted);
    free(x->max_tokens.sorted);
    free(x->tokens_in.sorted);
    free(x->classes);
    free(x->models);
    *x = (struct dsx_inspect){0};
}
