#include "tok/tok_bpe.h"

#include "base/xalloc.h"
#include "tok/tok_utf8.h"

#define CACHE_BITS 16       /* 4 MiB of short pieces, 3.75 MiB of longer ones */
#define BATCH 32            /* pieces whose cache lines are asked for ahead */
#define KEEP_TEXT (1 << 20) /* bytes, and ids: scratch for more is freed after use */
#define KEEP_IDS (1 << 18)

struct model_scratch {
    const struct bpe *b;
    bool cached;
    struct piece_cache cache;
    struct merge_scratch merge;
    struct tok_ids out; /* what the piece at hand becomes */
    struct tok_ids sym; /* the symbols of the segment at hand */
    struct buf text;    /* a piece of bytes in GPT-2's alphabet */
};

static void ids_room(struct tok_ids *ids, size_t n)
{
    while (ids->cap - ids->n < n)
        tok_ids_grow(ids);
}

static void ids_append(struct tok_ids *ids, const uint32_t *v, size_t n)
{
    if (n == 0)
        return;
    ids_room(ids, n);
    memcpy(ids->v + ids->n, v, n * sizeof *v);
    ids->n += n;
}

struct model_scratch *bpe_scratch(const struct model *m, unsigned cache_bits)
{
    struct model_scratch *s = xcalloc(1, sizeof *s);
    s->b = (const struct bpe *)m;
    buf_init(&s->text, SIZE_MAX - 1);
    s->cached = cache_bits > 0;
    if (s->cached)
        cache_init(&s->cache, cache_bits);
    return s;
}

static struct model_scratch *scratch_new(const struct model *m)
{
    return bpe_scratch(m, CACHE_BITS);
}

static void scratch_free(struct model_scratch *s)
{
    if (!s)
        return;
    if (s->cached)
        cache_free(&s->cache);
    merge_scratch_free(&s->merge);
    tok_ids_free(&s->out);
    tok_ids_free(&s->sym);
    buf_free(&s->text);
    free(s);
}

/* --- symbols of characters, as Hugging Face's merge_word makes them --- */

/* The symbol of the character at p, of n bytes; NO_SYMBOL: the vocabulary has none. */
static uint32_t symbol_of(const struct bpe *b, const char *p, unsigned n, uint32_t c)
{
    uint32_t id;
    if (b->char_symbol && c < 0x10000)
        return b->char_symbol[c];
    return vocab_id(b->vocab, (struct str){p, n}, &id) ? id : NO_SYMBOL;
}

/* The character with its prefix and suffix. */
static struct str spelled(const struct bpe *b, struct str ch, bool first, bool last, struct buf *room)
{
    if (b->plain)
        return ch;
    buf_clear(room);
    if (!first)
        buf_adds(room, b->prefix);
    buf_adds(room, ch);
    if (last)
        buf_adds(room, b->suffix);
    return buf_str(room);
}

static bool add_fallback(const struct bpe *b, struct str s, struct tok_ids *sym)
{
    for (size_t i = 0; i < s.n; i++)
        if (b->fallback[(unsigned char)s.p[i]] == NO_SYMBOL)
            return false;
    for (size_t i = 0; i < s.n; i++)
        tok_ids_add(sym, b->fallback[(unsigned char)s.p[i]]);
    return true;
}

/* An unknown character waits until the next known one or the end, so that others can be fused to it; the bytes of a
 * fallback do not end the wait (they come before it). A character that is nothing at all vanishes. */
static void symbols_of_text(const struct bpe *b, struct str text, struct tok_ids *sym)
{
    struct buf room = BUF_INIT(SIZE_MAX - 1);
    bool waiting = false;
    unsigned n;
    for (size_t at = 0; at < text.n; at += n) {
        uint32_t c = utf8_get(text.p + at, &n), id;
        if (b->plain) {
            id = symbol_of(b, text.p + at, n, c);
        } else {
            struct str s = spelled(b, (struct str){text.p + at, n}, at == 0, at + n == text.n, &room);
            if (!vocab_id(b->vocab, s, &id))
                id = NO_SYMBOL;
        }
        if (LIKELY(id != NO_SYMBOL)) {
            if (waiting)
                tok_ids_add(sym, b->unk);
            waiting = false;
            tok_ids_add(sym, id);
            continue;
        }
        if (b->byte_fallback &&
            add_fallback(b, spelled(b, (struct str){text.p + at, n}, at == 0, at + n == text.n, &room), sym))
            continue;
        if (!b->has_unk)
            continue;
        if (waiting && !b->fuse_unk)
            tok_ids_add(sym, b->unk);
        waiting = true;
    }
    if (waiting)
        tok_ids_add(sym, b->unk);
    buf_free(&room);
}

/* --- one piece, without a cache --- */

typedef void encode_fn(struct model_scratch *s, struct str piece, const char *end, struct tok_ids *to);

static void merge_and_add(struct model_scratch *s, struct tok_ids *to)
{
    size_t n = merge_symbols(&s->b->pairs, &s->merge, s->b->heap_only, s->sym.v, s->sym.n);
    ids_append(to, s->sym.v, n);
    s->sym.n = 0;
    if (s->sym.cap > KEEP_IDS)
        tok_ids_free(&s->sym);
}

static void merge_text(struct model_scratch *s, struct str piece, const char *end ATTR_UNUSED, struct tok_ids *to)
{
    symbols_of_text(s->b, piece, &s->sym);
    merge_and_add(s, to);
}

static void merge_bytes(struct model_scratch *s, struct str piece, const char *end, struct tok_ids *to)
{
    const struct bpe *b = s->b;
    bool missing = !b->plain;
    if (b->plain) {
        ids_room(&s->sym, piece.n);
        for (size_t i = 0; i < piece.n; i++) {
            s->sym.v[i] = b->byte_symbol[(unsigned char)piece.p[i]];
            missing |= s->sym.v[i] == NO_SYMBOL;
        }
    }
    if (LIKELY(!missing)) {
        s->sym.n = piece.n;
        merge_and_add(s, to);
        return;
    }
    buf_clear(&s->text);
    bytelevel_text(piece, &s->text);
    merge_text(s, buf_str(&s->text), end, to);
    if (s->text.cap > KEEP_TEXT)
        buf_free(&s->text);
}

static bool whole_token(struct model_scratch *s, struct str piece, const char *end, uint32_t *id)
{
    const struct bpe *b = s->b;
    if (piece.n > b->longest)
        return false;
    if (b->tokens && piece.n <= CACHE_SHORT) {
        struct cache_key k = cache_key(piece.p, piece.n, end, false);
        uint32_t at = (uint32_t)k.hash & b->tokens_mask;
        while (b->tokens[at].b && (b->tokens[at].a != k.a || b->tokens[at].b != k.b))
            at = (at + 1) & b->tokens_mask;
        *id = b->tokens[at].id;
        return b->tokens[at].b != 0;
    }
    if (!s->b->bytes)
        return vocab_id(s->b->vocab, piece, id);
    buf_clear(&s->text);
    bytelevel_text(piece, &s->text);
    return vocab_id(s->b->vocab, buf_str(&s->text), id);
}

/* --- the cache round it --- */

static inline void add_entry(const struct cache_entry *e, struct tok_ids *to)
{
    unsigned n = cache_n(e);
    ids_room(to, CACHE_SHORT_IDS);
    memcpy(to->v + to->n, e->ids, sizeof e->ids);
    to->v[to->n + CACHE_SHORT_IDS - 1] &= VOCAB_IDS - 1;
    to->n += n;
}

/* What encode() gives, from the cache where it has it. `segment`: apart from whole pieces, which with ignore_merges may
 * have other ids. */
static void encode_cached(struct model_scratch *s, struct str piece, const char *end, bool segment, encode_fn *encode,
                          struct tok_ids *to)
{
    struct piece_cache *c = &s->cache;
    bool brief = piece.n <= CACHE_SHORT;
    struct cache_key key = {0, 0, 0};
    if (brief) {
        key = cache_key(piece.p, piece.n, end, segment);
        const struct cache_entry *e = cache_get(c, key);
        if (e) {
            add_entry(e, to);
            return;
        }
    }
    uint64_t hash = cache_hash(piece.p, piece.n) ^ (segment ? CACHE_SEGMENT : 0);
    size_t n, before = to->n;
    const uint32_t *kept = cache_get_far(c, hash, piece.p, piece.n, &n);
    if (kept) {
        ids_append(to, kept, n);
        return;
    }
    ids_room(to, 1); /* what vanishes has a place too */
    encode(s, piece, end, to);
    n = to->n - before;
    if (brief && n <= CACHE_SHORT_IDS)
        cache_put(c, key, to->v + before, n);
    else
        cache_put_far(c, hash, piece.p, piece.n, to->v + before, n);
}

static void encode_segment(struct model_scratch *s, const char *from, const char *to, const char *end,
                           struct tok_ids *ids)
{
    struct str segment = {from, (size_t)(to - from)};
    encode_fn *merge = s->b->bytes ? merge_bytes : merge_text;
    if (s->cached && segment.n <= CACHE_LONG)
        encode_cached(s, segment, end, s->b->ignore_merges, merge, ids);
    else
        merge(s, segment, end, ids);
}

/* The piece cut where nothing can merge across. Both sides of a cut are characters with symbols of their own: what is
 * unknown is fused, or vanishes and lets its neighbours meet. */
static void merge_segments(struct model_scratch *s, struct str piece, const char *end, struct tok_ids *to)
{
    const struct bpe *b = s->b;
    const char *stop = piece.p + piece.n, *from = piece.p;
    uint32_t before = 0;
    bool known_before = false;
    unsigned n;
    for (const char *p = piece.p; p < stop; p += n) {
        uint32_t c = utf8_get(p, &n);
        bool known = b->bytes || symbol_of(b, p, n, c) != NO_SYMBOL;
        if (known && known_before && !joints_meet(b->joints, b->bytes, before, c, p, n)) {
            encode_segment(s, from, p, end, to);
            from = p;
        }
        before = c;
        known_before = known;
    }
    if (from != piece.p)
        encode_segment(s, from, stop, end, to);
    else if (b->bytes)
        merge_bytes(s, piece, end, to);
    else
        merge_text(s, piece, end, to);
}

static void encode_new(struct model_scratch *s, struct str piece, const char *end, struct tok_ids *to)
{
    uint32_t id;
    if (s->b->ignore_merges && whole_token(s, piece, end, &id))
        tok_ids_add(to, id);
    else if (s->b->joints)
        merge_segments(s, piece, end, to);
    else if (s->b->bytes)
        merge_bytes(s, piece, end, to);
    else
        merge_text(s, piece, end, to);
}

/* Long pieces that are cut into segments are cached as such. */
static __attribute__((noinline)) size_t encode_piece(struct model_scratch *s, struct str piece, const char *end,
                                                     struct tok_ids *ids)
{
    struct tok_ids *to = ids ? ids : &s->out;
    size_t before = to->n;
    if (s->cached && piece.n <= (s->b->joints && !s->b->bytes ? CACHE_SHORT : CACHE_LONG))
        encode_cached(s, piece, end, false, encode_new, to);
    else
        encode_new(s, piece, end, to);
    size_t n = to->n - before;
    s->out.n = 0;
    if (s->out.cap > KEEP_IDS)
        tok_ids_free(&s->out);
    return n;
}

static void encode(const struct model *m ATTR_UNUSED, struct model_scratch *s, struct str piece, struct tok_ids *ids)
{
    encode_piece(s, piece, piece.p + piece.n, ids);
}

/* Two passes over a few pieces: by the time the second looks a piece up, its cache line has come. */
static size_t encode_batch(struct model_scratch *s, const char *text, const char *end, const struct piece *v, size_t n,
                           struct tok_ids *ids)
{
    struct cache_key keys[BATCH];
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        if (LIKELY(v[i].n <= CACHE_SHORT)) {
            keys[i] = cache_key(text + v[i].at, v[i].n, end, false);
            cache_prefetch(&s->cache, keys[i]);
        }
    for (size_t i = 0; i < n; i++) {
        const struct cache_entry *e = v[i].n <= CACHE_SHORT ? cache_get(&s->cache, keys[i]) : NULL;
        if (UNLIKELY(!e)) {
            total += encode_piece(s, (struct str){text + v[i].at, v[i].n}, end, ids);
            continue;
        }
        total += cache_n(e);
        if (ids)
            add_entry(e, ids);
    }
    return total;
}

static size_t encode_all(const struct model *m ATTR_UNUSED, struct model_scratch *s, const char *text, const char *end,
                         const struct piece *v, size_t n, struct tok_ids *ids)
{
    size_t total = 0;
    if (s->cached)
        for (size_t i = 0; i < n; i += BATCH)
            total += encode_batch(s, text, end, v + i, MIN(n - i, BATCH), ids);
    else
        for (size_t i = 0; i < n; i++)
            total += encode_piece(s, (struct str){text + v[i].at, v[i].n}, end, ids);
    return total;
}

static const struct vocab *vocab_of(const struct model *m)
{
    return ((const struct bpe *)m)->vocab;
}

const struct model_ops model_bpe = {
    .type = "BPE",
    .load = bpe_load,
    .free = bpe_free,
    .scratch = scratch_new,
    .scratch_free = scratch_free,
    .encode = encode,
    .encode_all = encode_all,
    .vocab = vocab_of,
};
