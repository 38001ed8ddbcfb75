#include "campaign/truth_read.h"

#include "base/file.h"
#include "base/jscan.h"
#include "base/xalloc.h"

#define PIPE_MAX ((size_t)1 << 30)

struct entry {
    struct str id, tokens; /* views of the text; tokens.p NULL: the line has none */
};

struct truth_file {
    struct file_map map;
    bool mapped;
    bool cut;
    struct entry *entry;
    size_t n, cap;
    uint32_t *slot; /* open addressing: index + 1 into entry, 0 = free */
    size_t n_slots; /* power of two */
    int64_t *at;    /* of the answer asked for last */
    size_t at_cap;
};

static uint64_t hash(struct str s)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
    return h ^ h >> 32;
}

static void index_all(struct truth_file *t)
{
    t->n_slots = 64;
    while (t->n_slots < t->n * 2)
        t->n_slots *= 2;
    t->slot = xcalloc(t->n_slots, sizeof *t->slot);
    for (size_t i = 0; i < t->n; i++) {
        size_t at = hash(t->entry[i].id) & (t->n_slots - 1);
        while (t->slot[at])
            at = (at + 1) & (t->n_slots - 1);
        t->slot[at] = (uint32_t)(i + 1);
    }
}

static int scan_line(struct truth_file *t, struct str line, const char **what)
{
    struct js s;
    struct str key;
    struct entry x = {{NULL, 0}, {NULL, 0}};
    js_init(&s, line);
    if (!js_enter(&s, '{')) {
        *what = "is not an object";
        return -1;
    }
    while (js_key(&s, &key)) {
        if (str_eqz(key, "id") && js_peek(&s) == JS_STR)
            js_string(&s, &x.id);
        else if (str_eqz(key, "tokens") && js_peek(&s) == JS_ARR)
            js_skip(&s, &x.tokens);
        else
            js_skip(&s, NULL);
    }
    if (!js_done(&s)) {
        *what = s.what ? s.what : "has something behind its object";
        return -1;
    }
    if (x.id.n == 0)
        return 0;
    if (t->n == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 256;
        t->entry = xreallocarray(t->entry, t->cap, sizeof *t->entry);
    }
    t->entry[t->n++] = x;
    return 0;
}

static int scan(struct truth_file *t, struct str text, const char *name, struct err *e)
{
    size_t line = 0;
    while (text.n) {
        ptrdiff_t nl = str_chr(text, '\n');
        const char *what = NULL;
        if (nl < 0) {
            t->cut = true;
            break;
        }
        line++;
        struct str one = str_trim(str_sub(text, 0, (size_t)nl));
        text = str_sub(text, (size_t)nl + 1, text.n);
        if (one.n == 0)
            continue;
        if (t->n >= UINT32_MAX - 1)
            return err_set(e, ERR_LIMIT, "%s:%zu: more lines than can be read", name, line);
        if (scan_line(t, one, &what) < 0) {
            err_set(e, ERR_DATA, "%s:%zu: %s; is this the truth file of weir sim?", name, line, what);
            if (e)
                e->line = line;
            return -1;
        }
    }
    index_all(t);
    return 0;
}

struct truth_file *truth_file_parse(struct str text, const char *name, struct err *e)
{
    struct truth_file *t = xcalloc(1, sizeof *t);
    if (scan(t, text, name, e) < 0)
        truth_file_free(&t);
    return t;
}

/* The whole lines from `from` on: a line that it falls into was begun before. */
static struct str rest_of(struct str text, size_t from)
{
    if (from == 0 || from > text.n)
        return from ? str_sub(text, text.n, 0) : text;
    bool at_line = text.p[from - 1] == '\n';
    struct str rest = str_sub(text, from, text.n);
    ptrdiff_t nl = at_line ? -1 : str_chr(rest, '\n');
    if (at_line)
        return rest;
    return nl < 0 ? str_sub(rest, rest.n, 0) : str_sub(rest, (size_t)nl + 1, rest.n);
}

struct truth_file *truth_file_open(const char *path, size_t from, struct err *e)
{
    struct truth_file *t = xcalloc(1, sizeof *t);
    if (file_open_map(&t->map, path, PIPE_MAX, e) < 0) {
        free(t);
        return NULL;
    }
    t->mapped = true;
    if (scan(t, rest_of(t->map.text, from), path, e) < 0)
        truth_file_free(&t);
    return t;
}

void truth_file_free(struct truth_file **tp)
{
    struct truth_file *t = *tp;
    if (!t)
        return;
    *tp = NULL;
    if (t->mapped)
        file_close_map(&t->map);
    free(t->entry);
    free(t->slot);
    free(t->at);
    free(t);
}

size_t truth_file_lines(const struct truth_file *t)
{
    return t->n;
}

bool truth_file_cut(const struct truth_file *t)
{
    return t->cut;
}

static const struct entry *find(const struct truth_file *t, struct str id)
{
    for (size_t at = hash(id) & (t->n_slots - 1); t->slot[at]; at = (at + 1) & (t->n_slots - 1)) {
        const struct entry *x = &t->entry[t->slot[at] - 1];
        if (str_eq(x->id, id))
            return x;
    }
    return NULL;
}

static void *more(int64_t *at, size_t *cap)
{
    *cap = *cap ? *cap * 2 : 256;
    return xreallocarray(at, *cap, sizeof *at);
}

const int64_t *truth_file_tokens(struct truth_file *t, struct str id, size_t *n)
{
    const struct entry *x = find(t, id);
    struct js s;
    *n = 0;
    if (!x || !x->tokens.p)
        return NULL;
    if (!t->at)
        t->at = more(NULL, &t->at_cap);
    js_init(&s, x->tokens);
    js_enter(&s, '[');
    while (js_elem(&s)) {
        if (*n == t->at_cap)
            t->at = more(t->at, &t->at_cap);
        if (js_i64(&s, &t->at[*n]) < 0)
            return NULL;
        (*n)++;
    }
    return s.bad ? NULL : t->at;
}
