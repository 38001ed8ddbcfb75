/* dataset.c - the store that the formats fill: text in big blocks, samples in one array. */
#include "load/dataset.h"

#include <sys/mman.h>

#include "base/jout.h"
#include "base/xalloc.h"
#include "load/ds_formats.h"
#include "load/ds_lengths.h"
#include "load/ds_util.h"

#define BLOCK_BYTES ((size_t)1 << 20)
#define RELEASE_BYTES ((size_t)16 << 20)

struct block {
    struct block *next;
    size_t used, cap;
    _Alignas(16) char bytes[];
};

struct mark { /* where the store stood when an entry began */
    struct block *head, *next;
    size_t used;
};

struct dataset {
    struct block *blocks; /* the newest first */
    struct plan_sample *samples;
    size_t n, cap;
    struct plan_msg *cur; /* messages of the sample being built */
    size_t n_cur, cap_cur;
    uint64_t cur_words, cur_bytes;
    size_t cur_skipped;
    int64_t cur_max_tokens, cur_answer; /* -1: not said */
    struct plan_extra *cur_extra;
    struct mark mark;
    bool timed;         /* some samples have instants */
    struct buf escaped; /* scratch */
    struct dataset_opts o;
    struct ds_lengths lengths;
    struct err why;                  /* what the last bad entry is refused for */
    const char *name;                /* for `where`; borrowed while loading */
    const char *mapped, *mapped_end; /* the part of the file not yet given back; NULL: not mapped */
    struct dataset_stats stats;
};

struct dataset *dataset_new(const char *name, const char *format, const struct dataset_opts *o)
{
    struct dataset *ds = xcalloc(1, sizeof *ds);
    ds->name = name;
    ds->o = o ? *o : (struct dataset_opts){0};
    ds_lengths_parse(&ds->lengths, NULL, NULL);
    buf_init(&ds->escaped, SIZE_MAX / 4);
    snprintf(ds->stats.format, sizeof ds->stats.format, "%s", format);
    return ds;
}

void dataset_free(struct dataset **pds)
{
    struct dataset *ds = *pds;
    if (!ds)
        return;
    for (struct block *b = ds->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(ds->samples);
    free(ds->cur);
    buf_free(&ds->escaped);
    free(ds);
    *pds = NULL;
}

static void *take(struct dataset *ds, size_t n, size_t align)
{
    struct block *b = ds->blocks;
    size_t at = b ? (b->used + align - 1) & ~(align - 1) : 0;
    if (!b || at > b->cap || b->cap - at < n) {
        /* What would waste much of a block gets one of its own, behind the one in use. */
        bool own = n > BLOCK_BYTES / 4;
        size_t cap = own ? n : BLOCK_BYTES;
        struct block *fresh = xmalloc(sizeof *fresh + cap);
        fresh->used = n;
        fresh->cap = cap;
        if (own && b) {
            fresh->next = b->next;
            b->next = fresh;
        } else {
            fresh->next = b;
            ds->blocks = fresh;
        }
        return fresh->bytes;
    }
    b->used = at + n;
    return b->bytes + at;
}

struct str dataset_keep(struct dataset *ds, struct str s)
{
    if (s.n == 0)
        return STR("");
    char *p = take(ds, s.n, 1);
    memcpy(p, s.p, s.n);
    return (struct str){p, s.n};
}

void dataset_begin(struct dataset *ds)
{
    struct block *b = ds->blocks;
    ds->n_cur = 0;
    ds->cur_words = ds->cur_bytes = 0;
    ds->cur_skipped = 0;
    ds->cur_max_tokens = ds->cur_answer = -1;
    ds->cur_extra = NULL;
    ds->mark = (struct mark){b, b ? b->next : NULL, b ? b->used : 0};
}

static struct block *without_first(struct block *b)
{
    struct block *next = b->next;
    free(b);
    return next;
}

/* Nothing of the sample being built stays. */
static void drop(struct dataset *ds)
{
    while (ds->blocks != ds->mark.head)
        ds->blocks = without_first(ds->blocks);
    if (ds->blocks) {
        while (ds->blocks->next != ds->mark.next)
            ds->blocks->next = without_first(ds->blocks->next);
        ds->blocks->used = ds->mark.used;
    }
    dataset_begin(ds);
}

static struct plan_msg *add(struct dataset *ds, enum plan_role role, uint32_t words)
{
    if (ds->n_cur == ds->cap_cur) {
        ds->cap_cur = ds->cap_cur ? ds->cap_cur * 2 : 16;
        ds->cur = xreallocarray(ds->cur, ds->cap_cur, sizeof *ds->cur);
    }
    struct plan_msg *m = &ds->cur[ds->n_cur++];
    *m = (struct plan_msg){role, STR(""), STR("")};
    ds->cur_words += words;
    return m;
}

void dataset_add_escaped(struct dataset *ds, enum plan_role role, struct str raw)
{
    add(ds, role, ds_words(raw))->content = dataset_keep(ds, raw);
    ds->cur_bytes += raw.n;
}

void dataset_add_plain(struct dataset *ds, enum plan_role role, struct str text)
{
    buf_clear(&ds->escaped);
    json_escape(&ds->escaped, text);
    dataset_add_escaped(ds, role, buf_str(&ds->escaped));
}

void dataset_add_raw_message(struct dataset *ds, enum plan_role role, struct str json, uint32_t words)
{
    add(ds, role, words)->raw_json = dataset_keep(ds, json);
    ds->cur_bytes += json.n;
}

void dataset_last_to_front(struct dataset *ds)
{
    if (ds->n_cur < 2)
        return;
    struct plan_msg last = ds->cur[ds->n_cur - 1];
    memmove(ds->cur + 1, ds->cur, (ds->n_cur - 1) * sizeof *ds->cur);
    ds->cur[0] = last;
}

void dataset_set_max_tokens(struct dataset *ds, int64_t n)
{
    ds->cur_max_tokens = n;
}

void dataset_set_answer(struct dataset *ds, uint32_t words)
{
    ds->cur_answer = words;
}

void dataset_set_instant(struct dataset *ds, int64_t ns)
{
    dataset_extra(ds)->at = ns;
    ds->timed = true;
}

struct plan_extra *dataset_extra(struct dataset *ds)
{
    if (!ds->cur_extra) {
        ds->cur_extra = take(ds, sizeof *ds->cur_extra, _Alignof(struct plan_extra));
        *ds->cur_extra = (struct plan_extra){.at = -1, .tokens_in = -1};
    }
    return ds->cur_extra;
}

void dataset_skipped(struct dataset *ds)
{
    ds->cur_skipped++;
}

/* The one place where lengths are measured: in words, but for what the dataset gives in tokens. */
static bool wanted(const struct dataset *ds)
{
    const struct plan_extra *x = ds->cur_extra;
    uint64_t input = x && x->tokens_in >= 0 ? (uint64_t)x->tokens_in : ds->cur_words;
    int64_t output = ds->cur_answer >= 0 ? ds->cur_answer : ds->cur_max_tokens;
    return ds_lengths_keep(&ds->lengths, input, output);
}

static struct str where_of(struct dataset *ds, size_t line)
{
    char where[300];
    int k = line ? snprintf(where, sizeof where, "%.250s:%zu", ds->name, line)
                 : snprintf(where, sizeof where, "%.250s", ds->name);
    return dataset_keep(ds, (struct str){where, (size_t)k});
}

bool dataset_end(struct dataset *ds, size_t line)
{
    ds->stats.skipped += ds->cur_skipped;
    if (ds->n_cur == 0 || !wanted(ds)) {
        ds->stats.skipped += ds->n_cur == 0;
        ds->stats.out_of_range += ds->n_cur > 0;
        drop(ds);
        return false;
    }
    if (ds->n == ds->cap) {
        ds->cap = ds->cap ? ds->cap + ds->cap / 2 : 64;
        ds->samples = xreallocarray(ds->samples, ds->cap, sizeof *ds->samples);
    }
    if (ds->o.answer_length && ds->cur_answer >= 0)
        ds->cur_max_tokens = MAX(ds->cur_answer, 1);
    struct plan_msg *msgs = take(ds, ds->n_cur * sizeof *msgs, _Alignof(struct plan_msg));
    memcpy(msgs, ds->cur, ds->n_cur * sizeof *msgs);
    ds->samples[ds->n++] = (struct plan_sample){
        .msgs = msgs,
        .n_msgs = (uint32_t)ds->n_cur,
        .words = ds->cur_words < UINT32_MAX ? (uint32_t)ds->cur_words : UINT32_MAX,
        .max_tokens = ds->cur_max_tokens,
        .extra = ds->cur_extra,
        .where = where_of(ds, line),
    };
    ds->stats.samples++;
    ds->stats.messages += ds->n_cur;
    ds->stats.text_bytes += ds->cur_bytes;
    return true;
}

struct err *dataset_why(struct dataset *ds)
{
    return ds->o.skip_bad && ds->stats.bad > 0 ? NULL : &ds->why;
}

bool dataset_bad(struct dataset *ds, struct err *e)
{
    if (!ds->o.skip_bad) {
        if (e)
            *e = ds->why;
        return false;
    }
    if (ds->stats.bad++ == 0)
        snprintf(ds->stats.first_bad, sizeof ds->stats.first_bad, "%.390s", ds->why.text);
    drop(ds);
    return true;
}

void dataset_progress(struct dataset *ds, const char *at)
{
    if (!ds->mapped || at < ds->mapped || (size_t)(at - ds->mapped) < RELEASE_BYTES)
        return;
    size_t n = (size_t)(at - ds->mapped) & ~(size_t)0xFFFFF;
    madvise((void *)(uintptr_t)ds->mapped, n, MADV_DONTNEED);
    ds->mapped += n;
}

void dataset_mapped(struct dataset *ds, struct str whole)
{
    madvise((void *)(uintptr_t)whole.p, whole.n, MADV_DONTNEED);
    ds->mapped = whole.p;
}

struct due {
    int64_t at;
    size_t i;
};

static int by_instant(const void *a, const void *b)
{
    const struct due *x = a, *y = b;
    return x->at != y->at ? (x->at > y->at) - (x->at < y->at) : (x->i > y->i) - (x->i < y->i);
}

static int64_t instant_of(const struct plan_sample *s)
{
    return s->extra ? s->extra->at : -1;
}

/* In the order of their instants, which count from the first. */
static void order_by_instant(struct dataset *ds)
{
    struct due *due = xreallocarray(NULL, ds->n, sizeof *due);
    struct plan_sample *sorted = xreallocarray(NULL, ds->n, sizeof *sorted);
    for (size_t i = 0; i < ds->n; i++)
        due[i] = (struct due){instant_of(&ds->samples[i]), i};
    qsort(due, ds->n, sizeof *due, by_instant);
    for (size_t i = 0; i < ds->n; i++) {
        struct plan_extra *x = (struct plan_extra *)(uintptr_t)ds->samples[due[i].i].extra; /* this store's own */
        sorted[i] = ds->samples[due[i].i];
        if (x)
            x->at = due[i].at - due[0].at;
    }
    free(due);
    free(ds->samples);
    ds->samples = sorted;
}

void dataset_seal(struct dataset *ds)
{
    ds->samples = xreallocarray(ds->samples, ds->n, sizeof *ds->samples);
    ds->cap = ds->n;
    if (ds->timed && ds->n > 0)
        order_by_instant(ds);
    buf_free(&ds->escaped);
    ds->mapped = ds->name = NULL;
    ds->o = (struct dataset_opts){0};
}

int dataset_set_lengths(struct dataset *ds, const char *text, struct err *e)
{
    return ds_lengths_parse(&ds->lengths, text, e);
}

const struct dataset_opts *dataset_opts(const struct dataset *ds)
{
    return &ds->o;
}

struct buf *dataset_scratch(struct dataset *ds)
{
    buf_clear(&ds->escaped);
    return &ds->escaped;
}

struct dataset_stats *dataset_stats_mut(struct dataset *ds)
{
    return &ds->stats;
}

size_t dataset_n(const struct dataset *ds)
{
    return ds->n;
}

const struct plan_sample *dataset_at(const struct dataset *ds, size_t i)
{
    return &ds->samples[i];
}

const struct dataset_stats *dataset_get_stats(const struct dataset *ds)
{
    return &ds->stats;
}
