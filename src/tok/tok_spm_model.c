/* The models of a SentencePiece file behind model_ops: what the kinds share, and the two small ones, words and
 * characters. */
#include <float.h>

#include "base/xalloc.h"
#include "tok/tok_cached.h"
#include "tok/tok_spm.h"

#define VISIBLE_SPACE "\xE2\x96\x81"
enum { KEEP = 1 << 16 }; /* elements of scratch that are kept from text to text */

static struct spm_model *of(struct model *m)
{
    return (struct spm_model *)m;
}

static void spm_model_free(struct model *model)
{
    struct spm_model *m = of(model);
    vocab_free(&m->vocab);
    vocab_free(&m->plain);
    vocab_free(&m->reserved);
    trie_free(&m->trie);
    trie_free(&m->symbols);
    free(m->score);
    free(m->type);
    free(m);
}

static struct model_scratch *scratch_new(const struct model *model)
{
    const struct spm_model *m = (const struct spm_model *)model;
    struct spm_scratch *s = xcalloc(1, sizeof *s);
    if (m->kind == SPM_BPE && m->has_unused)
        s->split = xcalloc((size_t)vocab_end(m->vocab) + 1, sizeof *s->split);
    if (m->kind == SPM_BPE && m->words) {
        s->cache = xcalloc(1, sizeof *s->cache);
        cache_init(s->cache, CACHED_BITS);
    }
    return (struct model_scratch *)s;
}

static void scratch_free(struct model_scratch *ms)
{
    struct spm_scratch *s = (struct spm_scratch *)ms;
    if (s->cache)
        cache_free(s->cache);
    free(s->cache);
    free(s->best);
    free(s->symbol);
    free(s->heap);
    free(s->split);
    free(s);
}

static void shrink(struct spm_scratch *s)
{
    if (s->best_cap > KEEP) {
        free(s->best);
        s->best = NULL;
        s->best_cap = 0;
    }
    if (s->symbol_cap > KEEP || s->heap_cap > 4 * KEEP) {
        free(s->symbol);
        free(s->heap);
        s->symbol = NULL;
        s->heap = NULL;
        s->symbol_cap = s->heap_cap = 0;
    }
}

/* Of a piece of text: never a control piece, whatever stands in the text. */
static uint32_t text_id(const struct spm_model *m, struct str piece)
{
    uint32_t id;
    return vocab_id(m->plain, piece, &id) && m->type[id] != SPM_UNUSED ? id : m->unk;
}

void spm_emit(const struct spm_model *m, struct spm_scratch *s, struct str piece, uint32_t id, struct tok_ids *ids)
{
    bool unknown = id == m->unk;
    if (unknown && m->byte_fallback) {
        for (size_t i = 0; i < piece.n; i++)
            tok_ids_add(ids, m->byte_id[(unsigned char)piece.p[i]]);
    } else if (!unknown || !s->after_unknown) {
        tok_ids_add(ids, id);
    }
    s->after_unknown = unknown;
}

static size_t char_bytes(struct str text)
{
    unsigned char u = (unsigned char)text.p[0];
    return MIN(u < 0xC0 ? 1U : u < 0xE0 ? 2U : u < 0xF0 ? 3U : 4U, text.n);
}

size_t spm_symbol_at(const struct spm_model *m, struct str text, bool *found)
{
    size_t longest = 0;
    uint32_t node = TRIE_ROOT;
    for (size_t i = 0; m->has_symbols && i < text.n; i++) {
        node = trie_step(&m->symbols, node, (unsigned char)text.p[i]);
        if (node == TRIE_ROOT)
            break;
        if (m->symbols.node[node].value != TRIE_NONE)
            longest = i + 1;
    }
    *found = longest > 0;
    return longest ? longest : char_bytes(text);
}

static void encode_chars(const struct spm_model *m, struct spm_scratch *s, struct str text, struct tok_ids *ids)
{
    while (text.n) {
        bool found;
        struct str c = str_sub(text, 0, spm_symbol_at(m, text, &found));
        spm_emit(m, s, c, text_id(m, c), ids);
        text = str_sub(text, c.n, SIZE_MAX);
    }
}

/* A word begins at each visible space. */
static void encode_words(const struct spm_model *m, struct spm_scratch *s, struct str text, struct tok_ids *ids)
{
    while (text.n) {
        ptrdiff_t at = str_find(str_sub(text, 1, SIZE_MAX), STR(VISIBLE_SPACE));
        struct str word = str_sub(text, 0, at < 0 ? text.n : (size_t)at + 1);
        spm_emit(m, s, word, text_id(m, word), ids);
        text = str_sub(text, word.n, SIZE_MAX);
    }
}

static void encode(const struct model *model, struct model_scratch *ms, struct str piece, struct tok_ids *ids)
{
    const struct spm_model *m = (const struct spm_model *)model;
    struct spm_scratch *s = (struct spm_scratch *)ms;
    s->after_unknown = false;
    if (m->kind == SPM_UNIGRAM)
        spm_unigram(m, s, piece, ids);
    else if (m->kind == SPM_BPE)
        spm_bpe(m, s, piece, ids);
    else if (m->kind == SPM_WORD)
        encode_words(m, s, piece, ids);
    else
        encode_chars(m, s, piece, ids);
    shrink(s);
}

static const struct vocab *get_vocab(const struct model *m)
{
    return ((const struct spm_model *)m)->vocab;
}

#define SPM_OPS(name)                                                                                                  \
    {                                                                                                                  \
        .type = (name), .free = spm_model_free, .scratch = scratch_new, .scratch_free = scratch_free,                  \
        .encode = encode, .vocab = get_vocab                                                                           \
    }

static bool goes_on_behind_a_space(struct str piece)
{
    ptrdiff_t at = str_find(piece, STR(VISIBLE_SPACE));
    if (at < 0)
        return false;
    size_t run = (size_t)at;
    while (str_starts(str_sub(piece, run, SIZE_MAX), STR(VISIBLE_SPACE)))
        run += sizeof VISIBLE_SPACE - 1;
    return at > 0 || str_find(str_sub(piece, run, SIZE_MAX), STR(VISIBLE_SPACE)) >= 0;
}

static void add_piece(struct spm_model *m, const struct spm_piece *p, uint32_t id)
{
    bool plain = p->type == SPM_NORMAL || p->type == SPM_USER_DEFINED || p->type == SPM_UNUSED;
    vocab_add(m->vocab, p->text, id);
    vocab_add(plain ? m->plain : m->reserved, p->text, id);
    m->score[id] = p->score;
    m->type[id] = p->type;
    if (p->type == SPM_UNKNOWN)
        m->unk = id;
    if (p->type == SPM_NORMAL)
        m->least = MIN(m->least, p->score);
    m->has_unused = m->has_unused || p->type == SPM_UNUSED;
    if (plain) {
        m->longest = MAX(m->longest, p->text.n);
        m->words = m->words && p->type != SPM_UNUSED && !goes_on_behind_a_space(p->text);
    }
}

static void build_tries(struct spm_model *m, const struct spm_file *f)
{
    struct trie_key *keys = xcalloc(f->n + 1, sizeof *keys);
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++)
        if (f->pieces[i].type == SPM_USER_DEFINED)
            keys[n++] = (struct trie_key){f->pieces[i].text, (uint32_t)i, 0};
    m->has_symbols = n > 0;
    trie_build(&m->symbols, keys, n);
    n = 0;
    for (uint32_t i = 0; m->kind == SPM_UNIGRAM && i < vocab_size(m->plain); i++) {
        keys[n].text = vocab_at(m->plain, i, &keys[n].value);
        n++;
    }
    trie_build(&m->trie, keys, n);
    free(keys);
}

struct model *spm_model_new(const struct spm_file *f)
{
    static const struct model_ops ops[] = {
        [SPM_UNIGRAM] = SPM_OPS("Unigram"),
        [SPM_BPE] = SPM_OPS("BPE"),
        [SPM_WORD] = SPM_OPS("Word"),
        [SPM_CHAR] = SPM_OPS("Char"),
    };
    struct spm_model *m = xcalloc(1, sizeof *m);
    m->model.ops = &ops[f->kind];
    m->kind = f->kind;
    m->byte_fallback = f->byte_fallback;
    m->vocab = vocab_new(f->n);
    m->plain = vocab_new(f->n);
    m->reserved = vocab_new(0);
    m->score = xcalloc(f->n + 1, sizeof *m->score);
    m->type = xcalloc(f->n + 1, sizeof *m->type);
    m->least = FLT_MAX;
    m->unk = SPM_NONE;
    m->words = f->escape_whitespaces;
    for (size_t i = 0; i < f->n; i++)
        if (!spm_is_filler(&f->pieces[i]))
            add_piece(m, &f->pieces[i], (uint32_t)i);
    for (unsigned b = 0; b < 256 && m->byte_fallback; b++) {
        char name[8];
        snprintf(name, sizeof name, "<0x%02X>", b);
        if (!vocab_id(m->reserved, str_of(name), &m->byte_id[b]))
            vocab_id(m->plain, str_of(name), &m->byte_id[b]);
    }
    build_tries(m, f);
    return &m->model;
}
