#include "base/jscan.h"
#include "base/xalloc.h"
#include "tok/tok_bpe.h"
#include "tok/tok_utf8.h"

struct bpe *bpe_new(void)
{
    struct bpe *b = xcalloc(1, sizeof *b);
    b->base.ops = &model_bpe;
    b->plain = true;
    return b;
}

void bpe_free(struct model *m)
{
    struct bpe *b = (struct bpe *)m;
    if (!b)
        return;
    vocab_free(&b->vocab);
    pairs_free(&b->pairs);
    free((char *)(uintptr_t)b->prefix.p);
    free((char *)(uintptr_t)b->suffix.p);
    free(b->char_symbol);
    free(b->tokens);
    joints_free(&b->joints);
    free(b);
}

/* --- tables --- */

static void byte_tables(struct bpe *b)
{
    for (unsigned i = 0; i < 256; i++) {
        char raw = (char)i, name[8], spelled[4];
        struct buf text = BUF_INIT(sizeof spelled);
        bytelevel_text((struct str){&raw, 1}, &text);
        if (!vocab_id(b->vocab, buf_str(&text), &b->byte_symbol[i]))
            b->byte_symbol[i] = NO_SYMBOL;
        buf_free(&text);
        int n = snprintf(name, sizeof name, "<0x%02X>", i);
        if (!vocab_id(b->vocab, (struct str){name, (size_t)n}, &b->fallback[i]))
            b->fallback[i] = NO_SYMBOL;
    }
}

static void token_table(struct bpe *b)
{
    struct buf raw = BUF_INIT(SIZE_MAX - 1);
    uint32_t size = 64;
    while (size / 2 < vocab_size(b->vocab))
        size *= 2;
    b->tokens = xcalloc_wide(size, sizeof *b->tokens);
    b->tokens_mask = size - 1;
    for (uint32_t id = 0; id < vocab_end(b->vocab); id++) {
        struct str t = vocab_token(b->vocab, id);
        buf_clear(&raw);
        if (!t.p || t.n > 2 * CACHE_SHORT || !bytelevel_raw(t, &raw) || raw.n == 0 || raw.n > CACHE_SHORT)
            continue;
        struct cache_key k = cache_key(raw.p, raw.n, raw.p + raw.n, false);
        uint32_t at = (uint32_t)k.hash & b->tokens_mask;
        while (b->tokens[at].b)
            at = (at + 1) & b->tokens_mask;
        b->tokens[at] = (struct token_slot){k.a, k.b, id};
    }
    buf_free(&raw);
}

void bpe_finish(struct bpe *b)
{
    uint32_t distinct = 0;
    bool chars = !b->bytes && b->plain;
    if (chars) {
        b->char_symbol = xmalloc(0x10000 * sizeof *b->char_symbol);
        memset(b->char_symbol, 0xFF, 0x10000 * sizeof *b->char_symbol);
    }
    for (uint32_t id = 0; id < vocab_end(b->vocab); id++) {
        struct str t = vocab_token(b->vocab, id);
        if (!t.p)
            continue;
        distinct++;
        b->longest = MAX(b->longest, t.n);
        unsigned n;
        if (chars && t.n > 0 && t.n <= 3 && utf8_valid(t) == t.n) {
            uint32_t c = utf8_get(t.p, &n);
            if (n == t.n)
                b->char_symbol[c] = id;
        }
    }
    byte_tables(b);
    if (distinct < vocab_size(b->vocab)) { /* two tokens of one id: the loop saw one of them */
        b->heap_only = true;
        b->longest = SIZE_MAX;
        free(b->char_symbol);
        b->char_symbol = NULL;
    }
    if (b->bytes && b->ignore_merges && distinct == vocab_size(b->vocab))
        token_table(b);
    bool cut = b->plain && !b->heap_only;
    for (unsigned i = 0; b->bytes && i < 256; i++)
        cut = cut && b->byte_symbol[i] != NO_SYMBOL;
    if (!cut)
        joints_free(&b->joints);
}

/* --- tokenizer.json --- */

static int read_flag(jnode *head, const char *key, bool *to, struct err *e)
{
    jnode *n = jn_get(head, key);
    *to = false;
    if (jn_is_null(n))
        return 0;
    if (jn_bool(n, true) != jn_bool(n, false))
        return err_set(e, ERR_DATA, "model.%s: must be true, false or null", key);
    *to = jn_bool(n, false);
    return 0;
}

/* *to.p stays NULL where the member is null or absent. */
static int read_text(jnode *head, const char *key, struct str *to, struct err *e)
{
    jnode *n = jn_get(head, key);
    if (jn_is_null(n))
        return 0;
    *to = jn_str(n, NULL);
    return to->p ? 0 : err_set(e, ERR_DATA, "model.%s: must be a text or null", key);
}

static int read_dropout(jnode *head, struct err *e)
{
    jnode *n = jn_get(head, "dropout");
    if (jn_is_null(n) || (jn_f64(n, 1) == 0 && jn_f64(n, 0) == 0))
        return 0;
    return err_set(e, ERR_DATA,
                   "model.dropout: is neither null nor 0: with dropout the ids of a text are left to chance; set it to "
                   "null to count as a server does");
}

static struct str owned(struct str s)
{
    return s.n ? (struct str){xmemdup0(s.p, s.n), s.n} : (struct str){NULL, 0};
}

static int read_head(struct bpe *b, jnode *head, struct str *unk, struct err *e)
{
    struct str prefix = {NULL, 0}, suffix = {NULL, 0};
    if (read_dropout(head, e) != 0 || read_flag(head, "fuse_unk", &b->fuse_unk, e) != 0 ||
        read_flag(head, "byte_fallback", &b->byte_fallback, e) != 0 ||
        read_flag(head, "ignore_merges", &b->ignore_merges, e) != 0 || read_text(head, "unk_token", unk, e) != 0 ||
        read_text(head, "continuing_subword_prefix", &prefix, e) != 0 ||
        read_text(head, "end_of_word_suffix", &suffix, e) != 0)
        return -1;
    b->prefix = owned(prefix);
    b->suffix = owned(suffix);
    b->plain = b->prefix.n == 0 && b->suffix.n == 0;
    return 0;
}

/* Hugging Face looks for the token when a text first needs it, and fails then. Here a vocabulary that may need it and
 * has none is refused when loaded. */
static int find_unk(struct bpe *b, struct str unk, struct err *e)
{
    if (!unk.p)
        return 0;
    b->has_unk = vocab_id(b->vocab, unk, &b->unk);
    if (b->has_unk)
        return 0;
    bool bytes = b->bytes && b->plain, fallback = b->byte_fallback;
    for (unsigned i = 0; i < 256; i++) {
        bool in_utf8 = i < 0xC0 || (i > 0xC1 && i < 0xF5);
        bytes = bytes && !(in_utf8 && b->byte_symbol[i] == NO_SYMBOL);
        fallback = fallback && !(in_utf8 && b->fallback[i] == NO_SYMBOL);
    }
    if (bytes || fallback)
        return 0;
    return err_set(e, ERR_DATA,
                   "model.unk_token: \"" STR_FMT "\" is not in model.vocab, and the vocabulary does not cover every "
                   "character; add the token to the vocabulary or set unk_token to null",
                   STR_ARG(str_sub(unk, 0, 100)));
}

/* Merges wait for each other in small groups, so that the look-ups of one overlap: the vocabulary is larger than the
 * processor's caches. */
#define GROUP 16

struct merge {
    struct str left, right, joined; /* decoded, in `text` */
    uint32_t l, r, id;
};
struct merges {
    struct bpe *b;
    struct js js;
    struct buf text;
    uint32_t n; /* added */
    unsigned waiting;
    struct merge group[GROUP];
};

static int no_token(struct merges *m, unsigned i, struct str t, struct err *e)
{
    return err_set(e, ERR_DATA, "model.merges[%u]: \"" STR_FMT "\" is not in model.vocab", m->n + i,
                   STR_ARG(str_sub(t, 0, 100)));
}

static uint32_t last_char(struct str s)
{
    size_t at = s.n - 1;
    unsigned n;
    while (at > 0 && ((unsigned char)s.p[at] & 0xC0) == 0x80)
        at--;
    return utf8_get(s.p + at, &n);
}

static void add_joint(struct bpe *b, struct str left, struct str right)
{
    unsigned n;
    if (b->bytes)
        joints_add_bytes(b->joints, left, right);
    else
        joints_add(b->joints, last_char(left), utf8_get(right.p, &n));
}

static int add_group(struct merges *m, struct err *e)
{
    struct bpe *b = m->b;
    for (unsigned i = 0; i < m->waiting; i++) {
        struct merge *g = &m->group[i];
        vocab_hint(b->vocab, g->left, true);
        vocab_hint(b->vocab, g->right, true);
        vocab_hint(b->vocab, g->joined, true);
    }
    for (unsigned i = 0; i < m->waiting; i++) {
        struct merge *g = &m->group[i];
        if (!vocab_id(b->vocab, g->left, &g->l))
            return no_token(m, i, g->left, e);
        if (!vocab_id(b->vocab, g->right, &g->r))
            return no_token(m, i, g->right, e);
        if (g->right.n < b->prefix.n)
            return err_set(e, ERR_DATA, "model.merges[%u]: \"" STR_FMT "\" is shorter than continuing_subword_prefix",
                           m->n + i, STR_ARG(g->right));
        if (!vocab_id(b->vocab, g->joined, &g->id))
            return no_token(m, i, g->joined, e);
        pairs_hint(&b->pairs, g->l, g->r);
    }
    for (unsigned i = 0; i < m->waiting; i++) {
        struct merge *g = &m->group[i];
        /* A merge that adds nothing to its left side leaves outdated candidates valid. */
        if (g->right.n == b->prefix.n || g->left.n == 0)
            b->heap_only = true;
        pairs_set(&b->pairs, g->l, g->r, m->n + i, g->id);
        if (b->joints && !b->heap_only)
            add_joint(b, g->left, g->right);
    }
    m->n += m->waiting;
    m->waiting = 0;
    buf_clear(&m->text);
    return 0;
}

/* Room for the two decoded tokens and both joined; what waits is added first where the buffer would move. */
static char *room_for(struct merges *m, size_t raw, struct err *e)
{
    if ((m->waiting == GROUP || m->text.cap - m->text.n < 2 * raw + 64) && add_group(m, e) != 0)
        return NULL;
    return buf_room(&m->text, 2 * raw + 1);
}

static int add_merge(struct merges *m, struct str left, struct str right)
{
    struct merge *g = &m->group[m->waiting++];
    size_t behind = MIN(m->b->prefix.n, right.n);
    char *joined = (char *)(uintptr_t)right.p + right.n;
    memcpy(joined, left.p, left.n);
    memcpy(joined + left.n, right.p + behind, right.n - behind);
    *g = (struct merge){.left = left, .right = right, .joined = {joined, left.n + right.n - behind}};
    buf_wrote(&m->text, (size_t)(joined - left.p) + g->joined.n);
    vocab_hint(m->b->vocab, left, false);
    vocab_hint(m->b->vocab, right, false);
    vocab_hint(m->b->vocab, g->joined, false);
    return 0;
}

static int merge_of_text(struct merges *m, struct str raw, struct err *e)
{
    char *room = room_for(m, raw.n, e);
    if (!room)
        return -1;
    struct str s = {room, js_decode(raw, room)};
    if (str_starts(s, STR("#version")))
        return 0;
    ptrdiff_t at = str_chr(s, ' ');
    struct str right = at < 0 ? s : str_sub(s, (size_t)at + 1, s.n);
    if (at < 0 || str_chr(right, ' ') >= 0)
        return err_set(e, ERR_DATA, "model.merges[%u]: \"" STR_FMT "\" is not two tokens with a space between them",
                       m->n + m->waiting, STR_ARG(str_sub(s, 0, 100)));
    return add_merge(m, str_sub(s, 0, (size_t)at), right);
}

static int merge_of_pair(struct merges *m, struct err *e)
{
    struct str raw[2];
    unsigned n = 0;
    js_enter(&m->js, '[');
    while (js_elem(&m->js) && n < 2 && js_peek(&m->js) == JS_STR)
        js_string(&m->js, &raw[n++]);
    if (m->js.bad || n != 2 || m->js.p[-1] != ']')
        return err_set(e, ERR_DATA, "model.merges[%u]: must be two tokens", m->n + m->waiting);
    char *room = room_for(m, raw[0].n + raw[1].n, e);
    if (!room)
        return -1;
    struct str left = {room, js_decode(raw[0], room)};
    struct str right = {room + left.n, js_decode(raw[1], room + left.n)};
    return add_merge(m, left, right);
}

static int read_merges(struct bpe *b, struct str raw, struct err *e)
{
    struct merges m = {.b = b, .text = BUF_INIT(SIZE_MAX - 1)};
    enum js_type all = JS_END;
    int rc = 0;
    js_init(&m.js, raw);
    if (!raw.p || js_peek(&m.js) != JS_ARR)
        return err_set(e, ERR_DATA, "model.merges: must be an array");
    js_enter(&m.js, '[');
    buf_room(&m.text, 4096);
    while (rc == 0 && js_elem(&m.js)) {
        enum js_type t = js_peek(&m.js);
        struct str text;
        if (m.n >= VOCAB_IDS)
            rc = err_set(e, ERR_DATA, "model.merges: has more than %u", VOCAB_IDS);
        else if ((t != JS_STR && t != JS_ARR) || (all != JS_END && t != all))
            rc = err_set(e, ERR_DATA, "model.merges[%u]: all must be texts \"a b\", or all pairs [\"a\", \"b\"]",
                         m.n + m.waiting);
        else if (t == JS_ARR)
            rc = merge_of_pair(&m, e);
        else if (js_string(&m.js, &text) == 0)
            rc = merge_of_text(&m, text, e);
        all = t;
    }
    if (rc == 0)
        rc = add_group(&m, e);
    if (rc == 0 && m.js.bad)
        rc = err_set(e, ERR_DATA, "model.merges[%u]: %s", m.n, m.js.what);
    buf_free(&m.text);
    return rc;
}

int bpe_load(struct model **m, const struct model_def *def, struct err *e)
{
    struct bpe *b = bpe_new();
    struct str unk = {NULL, 0};
    /* A merge takes 10 bytes of the file at least; most take 20. */
    size_t merges = def->merges.n / 16;
    b->bytes = def->bytes;
    if (read_head(b, def->head, &unk, e) != 0)
        goto failed;
    if (!def->vocab.p) {
        err_set(e, ERR_DATA, "model.vocab: is missing");
        goto failed;
    }
    b->vocab = vocab_new(def->vocab.n / 16);
    if (vocab_read(b->vocab, def->vocab, "model.vocab", e) != 0)
        goto failed;
    pairs_init(&b->pairs, merges);
    if (b->plain)
        b->joints = joints_new(merges);
    if (read_merges(b, def->merges, e) != 0)
        goto failed;
    bpe_finish(b);
    if (find_unk(b, unk, e) != 0)
        goto failed;
    *m = &b->base;
    return 0;
failed:
    bpe_free(&b->base);
    return -1;
}
