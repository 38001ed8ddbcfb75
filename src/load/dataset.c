/* dataset.c - the store that the formats fill: text in big blocks, samples in one array. */
#include "load/dataset.h"

#include <sys/mman.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/jout.h"
#include "base/xalloc.h"
#include "load/ds_formats.h"
#include "load/ds_util.h"

#define BLOCK_BYTES ((size_t)1 << 20)
#define MAX_FILE_BYTES ((size_t)8 << 30) /* so that samples, two bytes each at least, can be counted in 32 bits */
#define RELEASE_BYTES ((size_t)16 << 20)

struct block {
    struct block *next;
    size_t used, cap;
    _Alignas(16) char bytes[];
};

struct dataset {
    struct block *blocks; /* the newest first */
    struct plan_sample *samples;
    size_t n, cap;
    struct plan_msg *cur; /* messages of the sample being built */
    size_t n_cur, cap_cur;
    uint64_t cur_words;
    int64_t cur_max_tokens;
    struct plan_extra *cur_extra;
    struct buf escaped;              /* scratch */
    const char *name;                /* for `where`; borrowed while loading */
    const char *mapped, *mapped_end; /* the part of the file not yet given back; NULL: not mapped */
    struct dataset_stats stats;
};

static const struct dataset_ops *const FORMATS[] = {&ds_conversations, &ds_messages, &ds_text, NULL};

const struct dataset_ops *const *dataset_formats(void)
{
    return FORMATS;
}

static struct dataset *dataset_new(const char *name, const char *format)
{
    struct dataset *ds = xcalloc(1, sizeof *ds);
    ds->name = name;
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
    ds->n_cur = 0;
    ds->cur_words = 0;
    ds->cur_max_tokens = -1;
    ds->cur_extra = NULL;
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
    ds->stats.text_bytes += raw.n;
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
    ds->stats.text_bytes += json.n;
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
    ds->stats.skipped++;
}

bool dataset_end(struct dataset *ds, size_t line)
{
    if (ds->n_cur == 0) {
        ds->stats.skipped++;
        return false;
    }
    if (ds->n == ds->cap) {
        ds->cap = ds->cap ? ds->cap + ds->cap / 2 : 64;
        ds->samples = xreallocarray(ds->samples, ds->cap, sizeof *ds->samples);
    }
    struct plan_msg *msgs = take(ds, ds->n_cur * sizeof *msgs, _Alignof(struct plan_msg));
    memcpy(msgs, ds->cur, ds->n_cur * sizeof *msgs);
    char where[300];
    int k = line ? snprintf(where, sizeof where, "%.250s:%zu", ds->name, line)
                 : snprintf(where, sizeof where, "%.250s", ds->name);
    ds->samples[ds->n++] = (struct plan_sample){
        .msgs = msgs,
        .n_msgs = (uint32_t)ds->n_cur,
        .words = ds->cur_words < UINT32_MAX ? (uint32_t)ds->cur_words : UINT32_MAX,
        .max_tokens = ds->cur_max_tokens,
        .extra = ds->cur_extra,
        .where = dataset_keep(ds, (struct str){where, (size_t)k}),
    };
    ds->stats.samples++;
    ds->stats.messages += ds->n_cur;
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

static const struct dataset_ops *pick_format(struct str text, const char *name, const char *format, struct err *e)
{
    bool sniff = !format || strcmp(format, "auto") == 0;
    for (size_t i = 0; FORMATS[i]; i++)
        if (sniff ? FORMATS[i]->sniff(text, name) : strcmp(FORMATS[i]->name, format) == 0)
            return FORMATS[i];
    err_set(e, ERR_USAGE, "\"%.60s\" is not a dataset format; use auto, conversations, messages or text", format);
    return NULL;
}

static int check_any(const struct dataset *ds, const char *name, struct err *e)
{
    if (ds->n > 0)
        return 0;
    if (ds->stats.skipped > 0)
        return err_set(e, ERR_DATA,
                       "%s: no entry gives a message to send (%zu turn%s or entr%s skipped); each needs at "
                       "least one message with content",
                       name, ds->stats.skipped, ds->stats.skipped == 1 ? "" : "s",
                       ds->stats.skipped == 1 ? "y" : "ies");
    return err_set(e, ERR_DATA, "%s: the dataset is empty; it needs at least one entry", name);
}

/* `whole` is the file as it is, for its digest. */
static struct dataset *load_mapped(struct str whole, bool mapped, const char *name, const char *format, struct err *e)
{
    struct str text = str_starts(whole, STR("\xEF\xBB\xBF")) ? str_sub(whole, 3, whole.n) : whole;
    const struct dataset_ops *ops = pick_format(text, name, format, e);
    if (!ops)
        return NULL;
    const char *bad = ds_bad_utf8(text);
    if (bad) {
        ds_fail(e, name, text, bad, "byte 0x%02x is not UTF-8; convert the file, for example with iconv",
                (unsigned char)*bad);
        return NULL;
    }
    struct dataset *ds = dataset_new(name, ops->name);
    sha256_hex(whole, ds->stats.sha256);
    if (mapped) {
        madvise((void *)(uintptr_t)whole.p, whole.n, MADV_DONTNEED);
        ds->mapped = whole.p;
    }
    if ((ds_first_char(text) != 0 && ops->load(ds, text, name, e) != 0) || check_any(ds, name, e) != 0) {
        dataset_free(&ds);
        return NULL;
    }
    ds->samples = xreallocarray(ds->samples, ds->n, sizeof *ds->samples);
    ds->cap = ds->n;
    buf_free(&ds->escaped);
    ds->mapped = ds->name = NULL;
    return ds;
}

struct dataset *dataset_load_text(struct str text, const char *name, const char *format, struct err *e)
{
    return load_mapped(text, false, name, format, e);
}

struct dataset *dataset_load(const char *path, const char *format, struct err *e)
{
    struct file_map m;
    if (file_open_map(&m, path, MAX_FILE_BYTES, e) != 0)
        return NULL;
    struct dataset *ds = NULL;
    const char *name = strcmp(path, "-") == 0 ? "stdin" : path;
    if (m.text.n > MAX_FILE_BYTES)
        err_set(e, ERR_LIMIT, "%s: larger than 8 GiB; split the dataset", name);
    else
        ds = load_mapped(m.text, m.mapped, name, format, e);
    file_close_map(&m);
    return ds;
}

struct dataset *dataset_of_prompt(const char *prompt)
{
    struct dataset *ds = dataset_new("--prompt", "prompt");
    sha256_hex(str_of(prompt), ds->stats.sha256);
    dataset_begin(ds);
    dataset_add_plain(ds, ROLE_USER, str_of(prompt));
    dataset_end(ds, 0);
    ds->name = NULL;
    return ds;
}

struct dataset *dataset_builtin(void)
{
    struct dataset *ds = dataset_new("built-in", "built-in");
    struct buf all = BUF_INIT(BLOCK_BYTES);
    size_t number = 0;
    for (const struct ds_turn *t = ds_builtin; t->text; t++) {
        buf_addz(&all, t->text);
        if (t->role == ROLE_SYSTEM) {
            if (number++ > 0)
                dataset_end(ds, number - 1);
            dataset_begin(ds);
        }
        if (t->text[0])
            dataset_add_plain(ds, t->role, str_of(t->text));
    }
    dataset_end(ds, number);
    sha256_hex(buf_str(&all), ds->stats.sha256);
    buf_free(&all);
    ds->name = NULL;
    return ds;
}
