#include "tok/tok_added.h"

#include "base/xalloc.h"
#include "tok/tok_match.h"
#include "tok/tok_uni.h"

struct token {
    char *content;
    size_t n;
    char *text; /* normalized, NULL where that is the same */
    size_t text_n;
    uint32_t id;
    bool single_word, lstrip, rstrip, normalized;
};

struct set {
    struct matcher *m;
    struct token **tokens; /* by the matcher's index; borrowed */
};

struct added {
    struct token *tokens; /* by id */
    size_t n;
    struct vocab *ids, *specials;
    struct set sets[2]; /* by `normalized` */
};

static int by_id(const void *a, const void *b)
{
    const struct token *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static struct token *find(const struct added *a, uint32_t id)
{
    struct token key = {.id = id};
    return a && a->n ? bsearch(&key, a->tokens, a->n, sizeof key, by_id) : NULL;
}

static struct str spelled(const struct token *t)
{
    return t->text ? (struct str){t->text, t->text_n} : (struct str){t->content, t->n};
}

static void make_set(struct added *a, bool normalized)
{
    struct set *set = &a->sets[normalized];
    struct str *texts = xcalloc(a->n, sizeof *texts);
    size_t n = 0;
    set->tokens = xcalloc(a->n, sizeof(struct token *));
    for (size_t i = 0; i < a->n; i++) {
        if (a->tokens[i].normalized != normalized)
            continue;
        set->tokens[n] = &a->tokens[i];
        texts[n++] = normalized ? spelled(&a->tokens[i]) : (struct str){a->tokens[i].content, a->tokens[i].n};
    }
    set->m = matcher_new(texts, n);
    free(texts);
}

/* What a later definition of the same id leaves of an earlier one is its normalized spelling, as in the original. */
static void define(struct token *t, const struct added_def *d, uint32_t id, const struct norm *norm,
                   struct norm_scratch *s)
{
    free(t->content);
    t->content = xmemdup0(d->content.p, d->content.n);
    t->n = d->content.n;
    t->id = id;
    t->single_word = d->single_word;
    t->lstrip = d->lstrip;
    t->rstrip = d->rstrip;
    t->normalized = d->normalized;
    if (!d->normalized || !norm)
        return;
    struct str text = norm_apply(norm, s, d->content);
    if (str_eq(text, d->content))
        return;
    free(t->text);
    t->text = xmemdup0(text.n ? text.p : "", text.n);
    t->text_n = text.n;
}

int added_new(struct added **out, const struct added_def *defs, size_t n, bool given, const struct vocab *vocab,
              uint32_t next_id, const struct norm *norm, struct err *e)
{
    *out = NULL;
    if (!n)
        return 0;
    struct added *a = xcalloc(1, sizeof *a);
    struct norm_scratch *scratch = norm ? norm_scratch_new() : NULL;
    struct vocab *places = vocab_new(n); /* id as bytes -> index in tokens */
    int rc = 0;
    a->tokens = xcalloc(n, sizeof *a->tokens);
    a->ids = vocab_new(n);
    a->specials = vocab_new(n);
    for (size_t i = 0; i < n && rc == 0; i++) {
        const struct added_def *d = &defs[i];
        uint32_t id, at;
        if (!d->content.n)
            continue;
        if (given)
            id = d->id;
        else if (!vocab_id(a->ids, d->content, &id) && !vocab_id(vocab, d->content, &id))
            id = next_id++;
        if (!vocab_add(a->ids, d->content, id)) {
            rc = err_set(e, ERR_DATA, "added_tokens[%zu]: its id %u is not below %u", i, id, VOCAB_IDS);
            break;
        }
        if (d->special)
            vocab_add(a->specials, d->content, id);
        struct str key = {(const char *)&id, sizeof id};
        if (!vocab_id(places, key, &at)) {
            at = (uint32_t)a->n++;
            vocab_add(places, key, at);
        }
        define(&a->tokens[at], d, id, norm, scratch);
        if (d->normalized && !spelled(&a->tokens[at]).n)
            rc = err_set(e, ERR_DATA,
                         "added_tokens[%zu]: the normalizer leaves nothing of \"" STR_FMT
                         "\", which would then be found everywhere",
                         i, STR_ARG(str_sub(d->content, 0, 100)));
    }
    qsort(a->tokens, a->n, sizeof *a->tokens, by_id);
    if (rc == 0 && a->n) {
        make_set(a, false);
        make_set(a, true);
    }
    vocab_free(&places);
    norm_scratch_free(&scratch);
    if (rc != 0 || !a->n)
        added_free(&a);
    *out = a;
    return rc;
}

void added_free(struct added **a)
{
    if (!*a)
        return;
    for (size_t i = 0; i < (*a)->n; i++) {
        free((*a)->tokens[i].content);
        free((*a)->tokens[i].text);
    }
    for (int i = 0; i < 2; i++) {
        matcher_free(&(*a)->sets[i].m);
        free((*a)->sets[i].tokens);
    }
    free((*a)->tokens);
    vocab_free(&(*a)->ids);
    vocab_free(&(*a)->specials);
    free(*a);
    *a = NULL;
}

void added_hide(struct added *a)
{
    for (int i = 0; a && i < 2; i++)
        matcher_free(&a->sets[i].m);
}

bool added_id(const struct added *a, struct str content, uint32_t *id)
{
    return a && vocab_id(a->ids, content, id);
}

struct str added_text(const struct added *a, uint32_t id)
{
    const struct token *t = find(a, id);
    return t ? spelled(t) : (struct str){NULL, 0};
}

bool added_is_special(const struct added *a, struct str token)
{
    uint32_t id;
    return a && vocab_id(a->specials, token, &id);
}

uint32_t added_end(const struct added *a)
{
    return a ? a->tokens[a->n - 1].id + 1 : 0;
}

bool added_any(const struct added *a, bool normalized)
{
    return a && a->sets[normalized].m;
}

static bool is_word(uint32_t c) /* \w of Rust's regex */
{
    return (uni_lib(c) & UNI_LIB_WORD) != 0;
}

/* The character that ends at `end`, which is not the beginning. */
static uint32_t before(const char *text, size_t end, size_t *start)
{
    unsigned n;
    size_t at = end - 1;
    while (at > 0 && ((unsigned char)text[at] & 0xC0) == 0x80)
        at--;
    *start = at;
    return utf8_get(text + at, &n);
}

static size_t spaces_before(const char *text, size_t floor, size_t end)
{
    size_t at;
    while (end > floor && uni_is_space(before(text, end, &at)))
        end = at;
    return end;
}

static size_t spaces_behind(struct str text, size_t at)
{
    unsigned n;
    while (at < text.n && uni_is_space(utf8_get(text.p + at, &n)))
        at += n;
    return at;
}

static bool stands_alone(struct str text, const struct match *x)
{
    unsigned n;
    size_t at;
    return (x->start == 0 || !is_word(before(text.p, x->start, &at))) &&
           (x->end == text.n || !is_word(utf8_get(text.p + x->end, &n)));
}

void added_walk(struct added_walk *w, const struct added *a, bool normalized, struct str text)
{
    *w = (struct added_walk){a, text, 0, 0, normalized};
}

bool added_next(struct added_walk *w, struct str *rest, uint32_t *id)
{
    const struct set *set = w->a ? &w->a->sets[w->normalized] : NULL;
    struct match x;
    while (set && set->m && matcher_next(set->m, w->text, w->scan, &x)) {
        const struct token *t = set->tokens[x.which];
        w->scan = x.end;
        if (t->single_word && !stands_alone(w->text, &x))
            continue; /* and no shorter token is tried in its place */
        size_t start = t->lstrip ? MAX(spaces_before(w->text.p, w->start, x.start), w->start) : x.start;
        size_t end = t->rstrip ? spaces_behind(w->text, x.end) : x.end;
        if (start >= end) { /* the token before it has taken all of it: an empty piece, which is none */
            w->start = end;
            continue;
        }
        *rest = start > w->start ? str_sub(w->text, w->start, start - w->start) : (struct str){NULL, 0};
        *id = t->id;
        w->start = end;
        return true;
    }
    *rest = str_sub(w->text, w->start, w->text.n);
    return false;
}
