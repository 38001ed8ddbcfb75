/* WordPiece: the longest token that begins the word, then the longest continuation, and so on; a word that cannot be
 * covered so is one unknown token. The longest match comes from a trie, so a word of any length costs its length times
 * that of the longest token. */
#include "base/xalloc.h"
#include "tok/tok_cached.h"
#include "tok/tok_private.h"
#include "tok/tok_trie.h"

struct wordpiece {
    struct model model;
    struct vocab *vocab;
    struct trie starts, continues; /* the second without the prefix */
    int64_t max_chars;
    uint32_t unk;
    bool bytes;
};

struct wordpiece_scratch {
    struct piece_cache cache;
    struct buf text;
};

static void wordpiece_free(struct model *m)
{
    struct wordpiece *w = (struct wordpiece *)m;
    vocab_free(&w->vocab);
    trie_free(&w->starts);
    trie_free(&w->continues);
    free(w);
}

static void build_tries(struct wordpiece *w, struct str prefix)
{
    uint32_t n = vocab_size(w->vocab);
    struct trie_key *keys = xcalloc(n + 1, sizeof *keys);
    for (uint32_t i = 0; i < n; i++)
        keys[i].text = vocab_at(w->vocab, i, &keys[i].value);
    trie_build(&w->starts, keys, n);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (!str_starts(keys[i].text, prefix))
            continue;
        keys[kept] = keys[i];
        keys[kept].text = str_sub(keys[i].text, prefix.n, SIZE_MAX);
        kept++;
    }
    trie_build(&w->continues, keys, kept);
    free(keys);
}

static int read_head(struct wordpiece *w, jnode *head, struct str *unk, struct str *prefix, struct err *e)
{
    *unk = jn_str(jn_get(head, "unk_token"), NULL);
    *prefix = jn_str(jn_get(head, "continuing_subword_prefix"), NULL);
    w->max_chars = jn_i64(jn_get(head, "max_input_chars_per_word"), -1);
    if (!unk->p)
        return err_set(e, ERR_DATA, "model.unk_token: is missing; it must be a string");
    if (!prefix->p)
        return err_set(e, ERR_DATA, "model.continuing_subword_prefix: is missing; it must be a string");
    if (w->max_chars < 0)
        return err_set(e, ERR_DATA, "model.max_input_chars_per_word: is missing; it must be a whole number");
    return 0;
}

static int wordpiece_load(struct model **m, const struct model_def *def, struct err *e)
{
    struct wordpiece *w = xcalloc(1, sizeof *w);
    struct str unk, prefix;
    w->model.ops = &model_wordpiece;
    w->bytes = def->bytes;
    w->vocab = vocab_new(def->vocab.n / 16);
    int rc = read_head(w, def->head, &unk, &prefix, e);
    if (rc == 0)
        rc = vocab_read(w->vocab, def->vocab, "model.vocab", e);
    if (rc == 0 && !vocab_id(w->vocab, unk, &w->unk))
        rc = err_set(e, ERR_DATA, "model.unk_token: \"" STR_FMT "\" is not in model.vocab, so other words have no id",
                     STR_ARG(unk));
    if (rc != 0) {
        wordpiece_free(&w->model);
        return rc;
    }
    build_tries(w, prefix);
    *m = &w->model;
    return 0;
}

static struct model_scratch *wordpiece_scratch(const struct model *m)
{
    (void)m;
    struct wordpiece_scratch *s = xcalloc(1, sizeof *s);
    buf_init(&s->text, SIZE_MAX - 1);
    cache_init(&s->cache, CACHED_BITS);
    return (struct model_scratch *)s;
}

static void wordpiece_scratch_free(struct model_scratch *ms)
{
    struct wordpiece_scratch *s = (struct wordpiece_scratch *)ms;
    cache_free(&s->cache);
    buf_free(&s->text);
    free(s);
}

static bool too_long(const struct wordpiece *w, struct str piece)
{
    if ((uint64_t)w->max_chars >= piece.n)
        return false;
    int64_t chars = 0;
    for (size_t i = 0; i < piece.n; i++)
        chars += ((unsigned char)piece.p[i] & 0xC0) != 0x80;
    return chars > w->max_chars;
}

static uint32_t longest(const struct trie *t, struct str s, size_t *length)
{
    uint32_t node = TRIE_ROOT, id = TRIE_NONE;
    for (size_t i = 0; i < s.n; i++) {
        node = trie_step(t, node, (unsigned char)s.p[i]);
        if (node == TRIE_ROOT)
            break;
        if (t->node[node].value != TRIE_NONE) {
            id = t->node[node].value;
            *length = i + 1;
        }
    }
    return id;
}

static void encode_anew(const struct wordpiece *w, struct wordpiece_scratch *s, struct str piece, struct tok_ids *ids)
{
    size_t before = ids->n;
    if (w->bytes) {
        buf_clear(&s->text);
        bytelevel_text(piece, &s->text);
        piece = buf_str(&s->text);
    }
    bool bad = too_long(w, piece);
    for (size_t at = 0, n = 0; !bad && at < piece.n; at += n) {
        uint32_t id = longest(at ? &w->continues : &w->starts, str_sub(piece, at, SIZE_MAX), &n);
        bad = id == TRIE_NONE;
        if (!bad)
            tok_ids_add(ids, id);
    }
    if (bad) {
        ids->n = before;
        tok_ids_add(ids, w->unk);
    }
}

static void wordpiece_encode(const struct model *m, struct model_scratch *ms, struct str piece, struct tok_ids *ids)
{
    struct wordpiece_scratch *s = (struct wordpiece_scratch *)ms;
    size_t before = ids->n;
    if (cached_get(&s->cache, piece, ids))
        return;
    encode_anew((const struct wordpiece *)m, s, piece, ids);
    cached_put(&s->cache, piece, ids->v + before, ids->n - before);
}

static const struct vocab *wordpiece_vocab(const struct model *m)
{
    return ((const struct wordpiece *)m)->vocab;
}

const struct model_ops model_wordpiece = {
    .type = "WordPiece",
    .load = wordpiece_load,
    .free = wordpiece_free,
    .scratch = wordpiece_scratch,
    .scratch_free = wordpiece_scratch_free,
    .encode = wordpiece_encode,
    .vocab = wordpiece_vocab,
};
