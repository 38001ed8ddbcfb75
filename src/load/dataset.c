/* dataset.c - the store that the formats fill: text in big blocks, samples in one array. */
#include "load/dataset.h"

#include <sys/mman.h>

#include "base/file.h"
#include "base/jout.h"
#include "base/rng.h"
#include "base/xalloc.h"
#include "load/ds_formats.h"
#include "load/ds_lengths.h"
#include "load/ds_tokens.h"
#include "load/ds_util.h"
#include "load/mix.h"
#include "load/synth.h"

#define FIRST_BYTES ((size_t)64 << 10)
#define BLOCK_BYTES (2 * HUGE_BYTES)
#define FOLLOW_BYTES ((size_t)128 << 10) /* well within a processor's own cache */
#define RELEASE_BYTES ((size_t)4 << 20)

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
    size_t block_bytes;   /* of the last one that is not one text's own */
    struct plan_sample *samples;
    size_t n, cap;
    struct plan_msg *cur; /* messages of the sample being built */
    size_t n_cur, cap_cur;
    uint64_t cur_words, cur_tokens, cur_bytes;
    size_t cur_skipped;
    int64_t cur_max_tokens, cur_answer; /* -1: not said */
    struct plan_extra *cur_extra;
    struct mark mark;
    bool timed;         /* some samples have instants */
    struct buf escaped; /* scratch */
    struct dataset_opts o;
    struct ds_tokens *tokens; /* NULL: lengths are words */
    struct ds_lengths lengths;
    struct err why;                   /* what the last bad entry is refused for */
    const char *name;                 /* for `where`; borrowed while loading */
    const char *mapped;               /* the part of the file not yet given back; NULL: not mapped */
    const char *followed, *whole_end; /* what the checks have not reached; NULL: they are over */
    const char *not_utf8;             /* the first byte that is not; NULL: none so far */
    struct sha256 *digest;            /* NULL: it is not made here */
    struct dataset_stats stats;
    struct dataset_part *parts; /* of a joined one */
    struct mix *shares;         /* of the parts; their names are the parts' */
};

struct dataset *dataset_new(const char *name, const char *format, const struct dataset_opts *o)
{
    struct dataset *ds = xcalloc(1, sizeof *ds);
    ds->name = name;
    ds->o = o ? *o : (struct dataset_opts){0};
    ds->tokens = o && o->tok ? ds_tokens_new(o->tok) : NULL;
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
    free(ds->parts);
    free(ds->shares);
    free(ds->cur);
    ds_tokens_free(&ds->tokens);
    buf_free(&ds->escaped);
    sha256_end(&ds->digest, NULL);
    free(ds);
    *pds = NULL;
}

static void *take(struct dataset *ds, size_t n, size_t align)
{
    struct block *b = ds->blocks;
    size_t at = b ? (b->used + align - 1) & ~(align - 1) : 0;
    if (!b || at > b->cap || b->cap - at < n) {
        /* What would waste much of a block gets one of its own, behind the one in use. */
        size_t bytes = ds->block_bytes ? MIN(2 * ds->block_bytes, BLOCK_BYTES) : FIRST_BYTES;
        bool own = n > bytes / 4;
        if (own)
            bytes = sizeof(struct block) + n;
        else
            ds->block_bytes = bytes;
        struct block *fresh = xmalloc_wide(bytes);
        fresh->used = n;
        fresh->cap = bytes - sizeof *fresh;
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
    ds->cur_words = ds->cur_tokens = ds->cur_bytes = 0;
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
    ds->cur_tokens += ds->tokens ? ds_tokens_escaped(ds->tokens, raw) : 0;
}

void dataset_add_made(struct dataset *ds, enum plan_role role, struct str text, uint32_t n)
{
    add(ds, role, n)->content = text;
    ds->cur_bytes += text.n;
    ds->cur_tokens += n;
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
    ds->cur_tokens += ds->tokens ? ds_tokens_object(ds->tokens, json) : 0;
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

void dataset_set_answer(struct dataset *ds, struct str text, bool escaped)
{
    ds->cur_answer = ds->tokens ? (int64_t)ds_tokens_answer(ds->tokens, text, escaped) : ds_words(text);
}

struct ds_tokens *dataset_tokens(struct dataset *ds)
{
    return ds->tokens;
}

void dataset_set_instant(struct dataset *ds, int64_t ns)
{
    dataset_extra(ds)->at = ns + DATASET_DAY; /* none is below 0 then: -1 stays free for entries without one */
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

static struct str type_of(struct str body)
{
    struct js s;
    js_init(&s, body);
    if (body.n == 0)
        return STR("");
    if (js_skip(&s, NULL) == 0 && js_done(&s))
        return STR("application/json");
    return ds_bad_utf8(body) ? STR("application/octet-stream") : STR("text/plain; charset=utf-8");
}

void dataset_set_body(struct dataset *ds, struct str body)
{
    struct plan_extra *x = dataset_extra(ds);
    x->body = dataset_keep(ds, body);
    x->type = type_of(body);
    ds->stats.text_bytes += body.n;
}

void dataset_set_name(struct dataset *ds, const char *name)
{
    ds->name = name;
}

void dataset_skipped(struct dataset *ds)
{
    ds->cur_skipped++;
}

/* The one place where lengths are measured: what the dataset gives in tokens, else a tokenizer's count, else words. */
static bool wanted(const struct dataset *ds)
{
    const struct plan_extra *x = ds->cur_extra;
    uint64_t measured = ds->tokens ? ds->cur_tokens : ds->cur_words;
    uint64_t input = x && x->tokens_in >= 0 ? (uint64_t)x->tokens_in : measured;
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

static bool is_request(const struct plan_extra *x)
{
    return x && (x->body.n > 0 || x->path.n > 0 || x->method.n > 0);
}

bool dataset_end(struct dataset *ds, size_t line)
{
    ds->stats.skipped += ds->cur_skipped;
    bool nothing = ds->n_cur == 0 && !is_request(ds->cur_extra);
    if (nothing || !wanted(ds)) {
        ds->stats.skipped += nothing;
        ds->stats.out_of_range += !nothing;
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
    if (ds->n_cur > 0)
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

void dataset_follow(struct dataset *ds, struct str whole, bool digest, bool mapped)
{
    ds->followed = whole.p;
    ds->whole_end = whole.p + whole.n;
    ds->digest = digest ? sha256_new() : NULL;
    ds->mapped = mapped ? whole.p : NULL;
}

static void follow(struct dataset *ds, const char *to)
{
    struct str part = {ds->followed, (size_t)(to - ds->followed)};
    if (!ds->not_utf8)
        ds->not_utf8 = ds_bad_utf8(part);
    if (ds->digest)
        sha256_add(ds->digest, part);
    ds->followed = to;
}

void dataset_progress(struct dataset *ds, const char *at)
{
    if (!ds->followed || at < ds->followed || (size_t)(at - ds->followed) < FOLLOW_BYTES)
        return;
    follow(ds, at);
    if (!ds->mapped || (size_t)(at - ds->mapped) < RELEASE_BYTES)
        return;
    size_t n = (size_t)(at - ds->mapped) & ~(size_t)0xFFFFF;
    madvise((void *)(uintptr_t)ds->mapped, n, MADV_DONTNEED);
    ds->mapped += n;
}

const char *dataset_follow_end(struct dataset *ds)
{
    if (ds->followed)
        follow(ds, ds->whole_end);
    if (ds->digest)
        sha256_end(&ds->digest, ds->stats.sha256);
    ds->followed = ds->mapped = NULL;
    return ds->not_utf8;
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

/* In the order of their instants, which count from the first of them; entries without one stand in front. */
static void order_by_instant(struct dataset *ds)
{
    struct due *due = xreallocarray(NULL, ds->n, sizeof *due);
    struct plan_sample *sorted = xreallocarray(NULL, ds->n, sizeof *sorted);
    for (size_t i = 0; i < ds->n; i++)
        due[i] = (struct due){instant_of(&ds->samples[i]), i};
    qsort(due, ds->n, sizeof *due, by_instant);
    size_t first = 0; /* that has an instant */
    while (first < ds->n && due[first].at < 0)
        first++;
    for (size_t i = 0; i < ds->n; i++) {
        struct plan_extra *x = (struct plan_extra *)(uintptr_t)ds->samples[due[i].i].extra; /* this store's own */
        sorted[i] = ds->samples[due[i].i];
        if (i >= first)
            x->at = due[i].at - due[first].at;
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
    ds_tokens_free(&ds->tokens);
    ds->name = NULL;
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

void dataset_draw_lengths(struct dataset *ds, const struct dist *osl, uint64_t seed)
{
    for (size_t i = 0; i < ds->n; i++)
        ds->samples[i].max_tokens =
            dist_int(osl, rng_unit(seed, RNG_OSL, 2 * i), rng_unit(seed, RNG_OSL, 2 * i + 1), 1, INT32_MAX);
}

const struct dataset_part *dataset_parts(const struct dataset *ds, size_t *n)
{
    *n = ds->shares ? ds->shares->n : 0;
    return ds->parts;
}

size_t dataset_pick_part(const struct dataset *ds, double u)
{
    return mix_pick(ds->shares, u);
}

/* The entries of one part move over, with the memory that holds their text. */
static void take_part(struct dataset *ds, struct dataset_part *to, struct str name, struct dataset **part)
{
    struct dataset *from = *part;
    struct plan_extra *named = take(ds, sizeof *named, _Alignof(struct plan_extra));
    *named = (struct plan_extra){.at = -1, .tokens_in = -1, .klass = dataset_keep(ds, name)};
    *to = (struct dataset_part){named->klass, ds->n, from->n};
    ds->samples = xreallocarray(ds->samples, ds->n + from->n, sizeof *ds->samples);
    memcpy(ds->samples + ds->n, from->samples, from->n * sizeof *from->samples);
    for (size_t i = to->first; i < to->first + to->n; i++) {
        struct plan_sample *s = &ds->samples[i];
        if (!s->extra)
            s->extra = named;
        else if (s->extra->klass.n == 0)
            ((struct plan_extra *)(uintptr_t)s->extra)->klass = named->klass;
    }
    ds->n = ds->cap = ds->n + from->n;
    ds->stats.samples += from->stats.samples;
    ds->stats.messages += from->stats.messages;
    ds->stats.skipped += from->stats.skipped;
    ds->stats.out_of_range += from->stats.out_of_range;
    if (ds->stats.bad == 0)
        memcpy(ds->stats.first_bad, from->stats.first_bad, sizeof ds->stats.first_bad);
    ds->stats.bad += from->stats.bad;
    ds->stats.text_bytes += from->stats.text_bytes;
    struct block **last = &ds->blocks;
    while (*last)
        last = &(*last)->next;
    *last = from->blocks;
    from->blocks = NULL;
    dataset_free(part);
}

struct dataset *dataset_join(struct dataset **part, const struct str *name, const double *weight, size_t n)
{
    struct dataset *ds = dataset_new("mix", "mix", NULL);
    struct buf digests = BUF_INIT(1u << 20);
    ds->parts = xcalloc(n, sizeof *ds->parts);
    ds->shares = xcalloc(1, sizeof *ds->shares);
    for (size_t i = 0; i < n; i++) {
        buf_addf(&digests, STR_FMT "=%.17g:%s\n", STR_ARG(name[i]), weight[i], part[i]->stats.sha256);
        take_part(ds, &ds->parts[i], name[i], &part[i]);
        mix_add(ds->shares, ds->parts[i].name, weight[i], "", NULL);
    }
    mix_settle(ds->shares);
    sha256_hex(buf_str(&digests), ds->stats.sha256);
    buf_free(&digests);
    ds->name = NULL;
    return ds;
}
