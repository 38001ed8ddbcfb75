#include "base/xalloc.h"
#include "tok/tok_pre_private.h"
#include "tok/tok_uni.h"

void pieces_grow(struct pieces *p)
{
    p->cap = p->cap ? p->cap * 2 : 64;
    p->v = xreallocarray(p->v, p->cap, sizeof *p->v);
}

/* The matches of one piece, one after another; offsets from its beginning. */
struct finder {
    const struct stage *st;
    struct pre_scratch *s;
    const char *begin, *p, *end;
    struct regex_walk walk;
};

static bool find_char(struct finder *f, size_t *at, size_t *end)
{
    while (f->p < f->end) {
        const char *c = f->p;
        uint32_t u = uni_next(&f->p);
        if (f->st->find == FIND_SPACE ? uni_is_space(u) : (uni_lib(u) & f->st->lib) != 0) {
            *at = (size_t)(c - f->begin);
            *end = (size_t)(f->p - f->begin);
            return true;
        }
    }
    return false;
}

static bool find_words(struct finder *f, size_t *at, size_t *end)
{
    while (f->p < f->end) {
        const char *c = f->p;
        uint32_t u = uni_next(&f->p);
        bool word = (uni_lib(u) & UNI_LIB_WORD) != 0;
        if (!word && uni_is_space(u))
            continue;
        while (f->p < f->end) {
            const char *q = f->p;
            u = uni_next(&q);
            if (((uni_lib(u) & UNI_LIB_WORD) != 0) != word || (!word && uni_is_space(u)))
                break;
            f->p = q;
        }
        *at = (size_t)(c - f->begin);
        *end = (size_t)(f->p - f->begin);
        return true;
    }
    return false;
}

static bool find_next(struct finder *f, size_t *at, size_t *end)
{
    switch (f->st->find) {
    case FIND_SCAN:
        if (f->p == f->end)
            return false;
        *at = (size_t)(f->p - f->begin);
        f->p += f->st->scan->scan(f->p, f->end);
        *end = (size_t)(f->p - f->begin);
        return true;
    case FIND_REGEX:
        return regex_next(f->st->regex, f->s->regex, &f->walk, at, end);
    case FIND_LITERAL: {
        const char *m = f->p < f->end ? memmem(f->p, (size_t)(f->end - f->p), f->st->literal, f->st->literal_n) : NULL;
        if (!m)
            return false;
        f->p = m + f->st->literal_n;
        *at = (size_t)(m - f->begin);
        *end = (size_t)(f->p - f->begin);
        return true;
    }
    case FIND_SPACE:
    case FIND_LIB:
        return find_char(f, at, end);
    case FIND_WORDS:
        return find_words(f, at, end);
    }
    return false;
}

static void add_span(struct pre_scratch *s, size_t at, size_t end, bool match)
{
    if (s->n_spans == s->cap_spans) {
        s->cap_spans = s->cap_spans ? s->cap_spans * 2 : 64;
        s->spans = xreallocarray(s->spans, s->cap_spans, sizeof *s->spans);
    }
    s->spans[s->n_spans++] = (struct span){(uint32_t)at, (uint32_t)end, match};
}

/* Spans are joined in place, from the left or the right; what "joins" means is Hugging Face's, empty matches included.
 */
static void join(struct pre_scratch *s, enum behavior behavior, size_t base, struct pieces *out)
{
    struct span *v = s->spans;
    size_t n = 0;
    bool before = false;
    if (behavior == MERGED_WITH_NEXT) {
        size_t k = s->n_spans;
        for (size_t i = s->n_spans; i-- > 0;) {
            bool match = v[i].match;
            if (match && !before && k < s->n_spans)
                v[k].at = v[i].at;
            else
                v[--k] = v[i];
            before = match;
        }
        for (; k < s->n_spans; k++)
            pieces_add(out, base + v[k].at, base + v[k].end);
        return;
    }
    for (size_t i = 0; i < s->n_spans; i++) {
        bool match = v[i].match;
        bool joins = behavior == CONTIGUOUS ? match == before : match && !before;
        if (joins && n > 0)
            v[n - 1].end = v[i].end;
        else
            v[n++] = v[i];
        before = match;
    }
    for (size_t i = 0; i < n; i++)
        pieces_add(out, base + v[i].at, base + v[i].end);
}

void split_piece(const struct stage *st, struct pre_scratch *s, const char *text, size_t at, size_t end,
                 struct pieces *out)
{
    struct finder f = {.st = st,
                       .s = s,
                       .begin = text + at,
                       .p = text + at,
                       .end = text + end,
                       .walk = {.text = {text + at, end - at}}};
    size_t from, to, last = 0, n = end - at;
    bool simple = st->behavior == REMOVED || st->behavior == ISOLATED;
    bool matches = st->behavior == ISOLATED || st->invert, gaps = st->behavior == ISOLATED || !st->invert;
    s->n_spans = 0;
    while (find_next(&f, &from, &to)) {
        if (simple) {
            if (gaps)
                pieces_add(out, at + last, at + from);
            if (matches)
                pieces_add(out, at + from, at + to);
        } else {
            if (last != from)
                add_span(s, last, from, st->invert);
            add_span(s, from, to, !st->invert);
        }
        last = to;
    }
    if (simple) {
        if (gaps)
            pieces_add(out, at + last, end);
        return;
    }
    if (last != n)
        add_span(s, last, n, st->invert);
    join(s, st->behavior, at, out);
}
