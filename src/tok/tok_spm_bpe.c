/* BPE as sentencepiece has it: of all neighbours that together are a piece, those with the highest score are merged
 * first, the leftmost of equal ones; user defined symbols are never merged. Where no piece goes on behind a space the
 * text is taken word by word, which gives the same and keeps the heap small. */
#include "base/xalloc.h"
#include "tok/tok_cached.h"
#include "tok/tok_spm.h"

#define VISIBLE_SPACE "\xE2\x96\x81"
enum {
    SPACE = sizeof VISIBLE_SPACE - 1,
    DEEPEST = 100, /* sentencepiece's own limit */
};

/* --- the heap of pairs: the best on top ------------------------------------------------------------------------------
 */

/* The scores in the order of floats, but with -0 below 0. */
static int32_t order_of(float score)
{
    int32_t bits;
    memcpy(&bits, &score, sizeof bits);
    return bits < 0 ? bits ^ INT32_MAX : bits;
}

static bool better(const struct spm_pair *a, const struct spm_pair *b)
{
    return a->order > b->order || (a->order == b->order && a->left < b->left);
}

static void push(struct spm_scratch *s, struct spm_pair p)
{
    if (s->heap_n == s->heap_cap) {
        s->heap_cap = s->heap_cap ? s->heap_cap * 2 : 256;
        s->heap = xreallocarray(s->heap, s->heap_cap, sizeof *s->heap);
    }
    size_t i = s->heap_n++;
    while (i > 0 && better(&p, &s->heap[(i - 1) / 2])) {
        s->heap[i] = s->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    s->heap[i] = p;
}

static struct spm_pair pop(struct spm_scratch *s)
{
    struct spm_pair top = s->heap[0], last = s->heap[--s->heap_n];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= s->heap_n)
            break;
        if (child + 1 < s->heap_n && better(&s->heap[child + 1], &s->heap[child]))
            child++;
        if (!better(&s->heap[child], &last))
            break;
        s->heap[i] = s->heap[child];
        i = child;
    }
    s->heap[i] = last;
    return top;
}

/* --- merging ---------------------------------------------------------------------------------------------------------
 */

static void maybe_pair(const struct spm_model *m, struct spm_scratch *s, struct str text, uint32_t left, uint32_t right)
{
    uint32_t id;
    if (left == SPM_NONE || right == SPM_NONE)
        return;
    const struct spm_symbol *a = &s->symbol[left], *b = &s->symbol[right];
    uint32_t n = a->n + b->n;
    if (a->frozen || b->frozen || n > m->longest || !vocab_id(m->plain, str_sub(text, a->at, n), &id))
        return;
    push(s, (struct spm_pair){order_of(m->score[id]), left, right, n});
    if (s->split && m->type[id] == SPM_UNUSED)
        s->split[id] = (struct spm_split){a->n, s->epoch};
}

static uint32_t to_symbols(const struct spm_model *m, struct spm_scratch *s, struct str text)
{
    uint32_t n = 0;
    if (s->symbol_cap < text.n) {
        free(s->symbol);
        s->symbol_cap = MAX(text.n, 256);
        s->symbol = xreallocarray(NULL, s->symbol_cap, sizeof *s->symbol);
    }
    for (size_t at = 0; at < text.n; n++) {
        bool frozen;
        uint32_t len = (uint32_t)spm_symbol_at(m, str_sub(text, at, SIZE_MAX), &frozen);
        s->symbol[n] = (struct spm_symbol){(uint32_t)at, len, n ? n - 1 : SPM_NONE, n + 1, frozen};
        at += len;
    }
    s->symbol[n - 1].next = SPM_NONE;
    return n;
}

/* An unused piece is taken apart into what it was merged of. */
static void emit_used(const struct spm_model *m, struct spm_scratch *s, struct str piece, unsigned depth,
                      struct tok_ids *ids)
{
    uint32_t id;
    if (!vocab_id(m->plain, piece, &id)) {
        spm_emit(m, s, piece, m->unk, ids);
    } else if (depth > DEEPEST || m->type[id] != SPM_UNUSED) {
        spm_emit(m, s, piece, id, ids);
    } else if (s->split[id].epoch != s->epoch) {
        spm_emit(m, s, piece, m->unk, ids);
    } else {
        uint32_t left = s->split[id].left;
        emit_used(m, s, str_sub(piece, 0, left), depth + 1, ids);
        emit_used(m, s, str_sub(piece, left, SIZE_MAX), depth + 1, ids);
    }
}

static void merge(const struct spm_model *m, struct spm_scratch *s, struct str text, struct tok_ids *ids)
{
    uint32_t n = to_symbols(m, s, text);
    s->heap_n = 0;
    s->epoch++;
    for (uint32_t i = 1; i < n; i++)
        maybe_pair(m, s, text, i - 1, i);
    while (s->heap_n) {
        struct spm_pair p = pop(s);
        struct spm_symbol *a = &s->symbol[p.left], *b = &s->symbol[p.right];
        if (a->n == 0 || b->n == 0 || a->n + b->n != p.n)
            continue;
        a->n = p.n;
        a->next = b->next;
        if (b->next != SPM_NONE)
            s->symbol[b->next].prev = p.left;
        b->n = 0;
        maybe_pair(m, s, text, a->prev, p.left);
        maybe_pair(m, s, text, p.left, a->next);
    }
    for (uint32_t i = 0; i != SPM_NONE; i = s->symbol[i].next)
        emit_used(m, s, str_sub(text, s->symbol[i].at, s->symbol[i].n), 0, ids);
}

/* Up to where a space follows something else. */
static size_t word_bytes(struct str text)
{
    size_t at = 0;
    while (str_starts(str_sub(text, at, SIZE_MAX), STR(VISIBLE_SPACE)))
        at += SPACE;
    ptrdiff_t next = str_find(str_sub(text, at, SIZE_MAX), STR(VISIBLE_SPACE));
    return next < 0 ? text.n : at + (size_t)next;
}

/* A word's ids do not depend on what is round it, but that a run of unknown characters goes on. */
static void word(const struct spm_model *m, struct spm_scratch *s, struct str text, struct tok_ids *ids)
{
    size_t before = ids->n;
    if (s->after_unknown) {
        merge(m, s, text, ids);
    } else if (cached_get(s->cache, text, ids)) {
        s->after_unknown = ids->v[ids->n - 1] == m->unk;
    } else {
        merge(m, s, text, ids);
        cached_put(s->cache, text, ids->v + before, ids->n - before);
    }
}

void spm_bpe(const struct spm_model *m, struct spm_scratch *s, struct str text, struct tok_ids *ids)
{
    if (!m->words) {
        merge(m, s, text, ids);
        return;
    }
    while (text.n) {
        struct str part = str_sub(text, 0, word_bytes(text));
        word(m, s, part, ids);
        text = str_sub(text, part.n, SIZE_MAX);
    }
}
