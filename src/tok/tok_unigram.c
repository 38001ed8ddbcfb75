/* Unigram: of all ways to put a piece together from tokens, the one whose scores have the largest sum. The sums are
 * made in the order in which Hugging Face's library makes them, from left to right, and of equal ones the first counts.
 */
#include "base/jscan.h"
#include "base/xalloc.h"
#include "tok/tok_cached.h"
#include "tok/tok_private.h"
#include "tok/tok_score.h"
#include "tok/tok_trie.h"

#include <math.h>

#define UNKNOWN_PENALTY 10.0
#define NO_START UINT32_MAX

struct unigram {
    struct model model;
    struct vocab *vocab;
    struct trie trie;
    double *score; /* of each id */
    uint32_t n;
    double unk_score;
    bool has_unk, bytes;
    uint32_t unk;
    bool byte_fallback;
    bool has_byte[256];
    uint32_t byte_id[256];
};

struct best {
    double score;   /* of the best path that ends here */
    uint32_t start; /* of its last token; NO_START: none yet */
    uint32_t id;
};

struct unigram_scratch {
    struct piece_cache cache;
    struct buf text;
    struct best *best;
    size_t cap;
};
enum { KEEP_BYTES = 1 << 16 }; /* scratch for longer pieces is given back */

static void unigram_free(struct model *m)
{
    struct unigram *u = (struct unigram *)m;
    vocab_free(&u->vocab);
    trie_free(&u->trie);
    free(u->score);
    free(u);
}

/* --- loading ------------------------------------------------------------------------------------------------------ */

static int read_entry(struct unigram *u, struct js *s, struct buf *text, size_t *cap, struct err *e)
{
    struct str raw, number;
    if (u->n == VOCAB_IDS)
        return err_set(e, ERR_DATA, "model.vocab: has more than %u tokens", VOCAB_IDS);
    if (u->n == *cap) {
        *cap = *cap ? *cap * 2 : 1024;
        u->score = xreallocarray(u->score, *cap, sizeof *u->score);
    }
    bool good = js_peek(s) == JS_ARR && js_enter(s, '[') && js_elem(s) && js_peek(s) == JS_STR &&
                js_string(s, &raw) == 0 && js_elem(s) && js_peek(s) == JS_NUM && js_skip(s, &number) == 0 &&
                !js_elem(s) && !s->bad;
    if (!good)
        return err_set(e, ERR_DATA, "model.vocab[%u]: must be a token and its score: [\"token\", -1.5]", u->n);
    buf_clear(text);
    char *room = buf_room(text, raw.n);
    struct str token = {room, js_decode(raw, room)};
    if (score_read(number, &u->score[u->n]) != 0)
        return err_set(e, ERR_DATA, "model.vocab[%u]: the score is too large", u->n);
    vocab_add(u->vocab, token, u->n++);
    return 0;
}

static int read_vocab(struct unigram *u, struct str raw, struct err *e)
{
    struct js s;
    struct buf text;
    size_t cap = 0;
    int rc = 0;
    js_init(&s, raw);
    if (js_peek(&s) != JS_ARR)
        return err_set(e, ERR_DATA, "model.vocab: must be an array of tokens and their scores");
    js_enter(&s, '[');
    buf_init(&text, SIZE_MAX - 1);
    while (rc == 0 && js_elem(&s))
        rc = read_entry(u, &s, &text, &cap, e);
    if (rc == 0 && s.bad)
        rc = err_set(e, ERR_DATA, "model.vocab: %s", s.what);
    buf_free(&text);
    return rc;
}

/* Without a token for what is unknown a text may have no ids at all. */
static int check_covered(const struct unigram *u, struct err *e)
{
    for (unsigned b = 0; b < 256; b++) {
        struct buf text = BUF_INIT(8);
        uint32_t id;
        char c = (char)b;
        bytelevel_text((struct str){&c, 1}, &text);
        bool known = u->bytes && vocab_id(u->vocab, buf_str(&text), &id);
        buf_free(&text);
        if (!known)
            return err_set(e, ERR_DATA,
                           "model.unk_id: is null, so a character outside model.vocab has no id; it must be the "
                           "index of the token for unknown text");
    }
    return 0;
}

static int read_head(struct unigram *u, jnode *head, struct err *e)
{
    jnode *unk = jn_get(head, "unk_id");
    u->byte_fallback = jn_bool(jn_get(head, "byte_fallback"), false);
    if (jn_is_null(unk))
        return check_covered(u, e);
    int64_t id = jn_i64(unk, -1);
    if (id < 0 || id >= u->n)
        return err_set(e, ERR_DATA, "model.unk_id: must be the index of a token of model.vocab, which has %u", u->n);
    u->has_unk = true;
    u->unk = (uint32_t)id;
    return 0;
}

static void build(struct unigram *u)
{
    struct trie_key *keys = xcalloc(vocab_size(u->vocab) + 1, sizeof *keys);
    uint32_t n = vocab_size(u->vocab);
    for (uint32_t i = 0; i < n; i++)
        keys[i].text = vocab_at(u->vocab, i, &keys[i].value);
    trie_build(&u->trie, keys, n);
    free(keys);
    double least = INFINITY;
    for (uint32_t i = 0; i < u->n; i++)
        if (u->score[i] < least)
            least = u->score[i];
    u->unk_score = least - UNKNOWN_PENALTY;
    for (unsigned b = 0; b < 256; b++) {
        char name[8];
        snprintf(name, sizeof name, "<0x%02X>", b);
        u->has_byte[b] = u->byte_fallback && vocab_id(u->vocab, str_of(name), &u->byte_id[b]);
    }
}

static int unigram_load(struct model **m, const struct model_def *def, struct err *e)
{
    struct unigram *u = xcalloc(1, sizeof *u);
    u->model.ops = &model_unigram;
    u->bytes = def->bytes;
    u->vocab = vocab_new(def->vocab.n / 32);
    int rc = read_vocab(u, def->vocab, e);
    if (rc == 0)
        rc = read_head(u, def->head, e);
    if (rc != 0) {
        unigram_free(&u->model);
        return rc;
    }
    build(u);
    *m = &u->model;
    return 0;
}

/* --- encoding ----------------------------------------------------------------------------------------------------- */

static struct model_scratch *unigram_scratch(const struct model *m)
{
    (void)m;
    struct unigram_scratch *s = xcalloc(1, sizeof *s);
    buf_init(&s->text, SIZE_MAX - 1);
    cache_init(&s->cache, CACHED_BITS);
    return (struct model_scratch *)s;
}

static void unigram_scratch_free(struct model_scratch *ms)
{
    struct unigram_scratch *s = (struct unigram_scratch *)ms;
    cache_free(&s->cache);
    buf_free(&s->text);
    free(s->best);
    free(s);
}

static inline void offer(struct best *end, double score, uint32_t start, uint32_t id)
{
    if (end->start == NO_START || score > end->score)
        *end = (struct best){score, start, id};
}

static inline unsigned char_bytes(char c)
{
    unsigned char u = (unsigned char)c;
    return u < 0x80 ? 1 : u < 0xE0 ? 2 : u < 0xF0 ? 3 : 4;
}

static void find_best(const struct unigram *u, struct best *best, struct str s)
{
    best[0] = (struct best){0, NO_START, 0};
    for (size_t i = 1; i <= s.n; i++)
        best[i].start = NO_START;
    for (size_t at = 0, step; at < s.n; at += step) {
        double here = best[at].score;
        uint32_t node = TRIE_ROOT;
        bool single = false;
        step = MIN(char_bytes(s.p[at]), s.n - at);
        for (size_t i = at; i < s.n; i++) {
            node = trie_step(&u->trie, node, (unsigned char)s.p[i]);
            if (node == TRIE_ROOT)
                break;
            uint32_t id = u->trie.node[node].value;
            if (id == TRIE_NONE)
                continue;
            offer(&best[i + 1], u->score[id] + here, (uint32_t)at, id);
            single = single || i + 1 == at + step;
        }
        if (!single)
            offer(&best[at + step], u->unk_score + here, (uint32_t)at, u->unk);
    }
}

/* A run of what is unknown: Hugging Face's library looks its text up once more. */
static void add_unknown(const struct unigram *u, struct str run, struct tok_ids *ids)
{
    uint32_t id;
    if (vocab_id(u->vocab, run, &id)) {
        tok_ids_add(ids, id);
        return;
    }
    bool all = u->byte_fallback;
    for (size_t i = 0; all && i < run.n; i++)
        all = u->has_byte[(unsigned char)run.p[i]];
    for (size_t i = 0; all && i < run.n; i++)
        tok_ids_add(ids, u->byte_id[(unsigned char)run.p[i]]);
    if (!all)
        tok_ids_add(ids, u->unk);
}

static void encode_anew(const struct unigram *u, struct unigram_scratch *s, struct str piece, struct tok_ids *ids)
{
    if (u->bytes) {
        buf_clear(&s->text);
        bytelevel_text(piece, &s->text);
        piece = buf_str(&s->text);
    }
    if (piece.n + 1 > s->cap) {
        free(s->best);
        s->cap = MAX(piece.n + 1, 1024);
        s->best = xreallocarray(NULL, s->cap, sizeof *s->best);
    }
    find_best(u, s->best, piece);
    /* The links lead backwards; turn them, so that best[i].start is where the token that starts at i ends. */
    uint32_t end = (uint32_t)piece.n, next_id = 0;
    uint32_t next_end = 0;
    while (end > 0) {
        struct best b = s->best[end];
        s->best[end].start = next_end;
        s->best[end].id = next_id;
        next_end = end;
        next_id = b.id;
        end = b.start;
    }
    s->best[0].start = next_end;
    s->best[0].id = next_id;
    for (uint32_t at = 0; at < piece.n;) {
        uint32_t stop = s->best[at].start;
        if (!u->has_unk || s->best[at].id != u->unk) {
            tok_ids_add(ids, s->best[at].id);
        } else {
            while (stop < piece.n && s->best[stop].id == u->unk)
                stop = s->best[stop].start;
            add_unknown(u, (struct str){piece.p + at, stop - at}, ids);
        }
        at = stop;
    }
    if (s->cap > KEEP_BYTES) {
        free(s->best);
        s->best = NULL;
        s->cap = 0;
    }
}

static void unigram_encode(const struct model *m, struct model_scratch *ms, struct str piece, struct tok_ids *ids)
{
    struct unigram_scratch *s = (struct unigram_scratch *)ms;
    size_t before = ids->n;
    if (cached_get(&s->cache, piece, ids))
        return;
    encode_anew((const struct unigram *)m, s, piece, ids);
    cached_put(&s->cache, piece, ids->v + before, ids->n - before);
}

static const struct vocab *unigram_vocab(const struct model *m)
{
    return ((const struct unigram *)m)->vocab;
}

const struct model_ops model_unigram = {
    .type = "Unigram",
    .load = unigram_load,
    .free = unigram_free,
    .scratch = unigram_scratch,
    .scratch_free = unigram_scratch_free,
    .encode = unigram_encode,
    .vocab = unigram_vocab,
};
