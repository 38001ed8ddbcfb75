#include "tok/tok_file.h"

#include "base/xalloc.h"
#include "tok/tok_added.h"
#include "tok/tok_decode.h"
#include "tok/tok_post.h"
#include "tok/tok_utf8.h"

enum {
    RUN = 16384,          /* ids given away at once */
    BATCH = 1024,         /* pieces given to the model at once */
    CUT = 0x7fffffff >> 3 /* bytes of text that a pre-tokenizer gets at once: it may grow what it gets */
};

struct tok {
    char *path;
    struct tok_parts parts;
    const struct vocab *vocab;
    pre_scan_fn *scan;
    bool raw_tokens, normal_tokens; /* added tokens of the two kinds exist */
};

struct tok_coder {
    const struct tok *t;
    struct norm_scratch *norm;
    struct pre_scratch *pre;
    struct model_scratch *model;
    struct pieces pieces;
    struct buf clean;
    uint64_t replaced;
    struct tok_ids run;
    struct decode_scratch *decode;
};

/* Where ids go: to the caller's list, or away in runs. */
struct sink {
    struct tok_ids *ids;
    size_t full; /* of `ids`: then it is emptied */
    size_t given;
    tok_take_fn *take;
    void *arg;
};

static void empty(struct sink *out)
{
    if (out->take)
        out->take(out->arg, out->ids->v, out->ids->n);
    out->given += out->ids->n;
    out->ids->n = 0;
}

static void give(struct sink *out, uint32_t id)
{
    tok_ids_add(out->ids, id);
    if (UNLIKELY(out->ids->n >= out->full))
        empty(out);
}

/* --- making and freeing ----------------------------------------------------------------------------------------------
 */
static struct tok *new_tok(const char *path)
{
    struct tok *t = xcalloc(1, sizeof *t);
    t->path = xstrdup(path);
    return t;
}

static int ready(struct tok **t, int rc)
{
    if (rc != 0) {
        tok_free(t);
        return rc;
    }
    const struct tok_parts *p = &(*t)->parts;
    (*t)->vocab = p->model->ops->vocab(p->model);
    (*t)->scan = p->pre ? pre_scanner(p->pre) : NULL;
    (*t)->raw_tokens = added_any(p->added, false);
    (*t)->normal_tokens = added_any(p->added, true);
    return 0;
}

int tok_load(struct tok **t, const char *path, struct err *e)
{
    *t = new_tok(path);
    return ready(t, tok_file_load(&(*t)->parts, path, e));
}

int tok_load_text(struct tok **t, struct str text, const char *name, struct err *e)
{
    *t = new_tok(name);
    return ready(t, tok_file_text(&(*t)->parts, text, name, NULL, e));
}

void tok_free(struct tok **t)
{
    if (!*t)
        return;
    struct tok_parts *p = &(*t)->parts;
    if (p->norm)
        norm_free(&p->norm);
    if (p->pre)
        pre_free(&p->pre);
    if (p->model)
        p->model->ops->free(p->model);
    added_free(&p->added);
    post_free(&p->post);
    decode_free(&p->decode);
    free(p->file);
    free((*t)->path);
    free(*t);
    *t = NULL;
}

void tok_about(const struct tok *t, struct tok_about *about)
{
    const struct tok_parts *p = &t->parts;
    size_t n;
    const struct post_item *items = post_items(p->post, true, &n);
    *about = (struct tok_about){
        .path = p->file ? p->file : t->path,
        .format = p->format,
        .model = p->model->ops->type,
        .scanner = p->pre ? pre_scanner_name(p->pre) : "",
        .vocab = MAX(vocab_end(t->vocab), added_end(p->added)),
    };
    for (size_t i = 0; i < n; i++)
        about->specials += !items[i].text;
}

struct tok_coder *tok_coder_new(const struct tok *t)
{
    struct tok_coder *c = xcalloc(1, sizeof *c);
    const struct tok_parts *p = &t->parts;
    c->t = t;
    c->norm = p->norm ? norm_scratch_new() : NULL;
    c->pre = p->pre ? pre_scratch_new(p->pre) : NULL;
    c->model = p->model->ops->scratch ? p->model->ops->scratch(p->model) : NULL;
    c->decode = decode_scratch_new();
    buf_init(&c->clean, SIZE_MAX - 1);
    return c;
}

void tok_coder_free(struct tok_coder **c)
{
    if (!*c)
        return;
    const struct model_ops *ops = (*c)->t->parts.model->ops;
    if ((*c)->norm)
        norm_scratch_free(&(*c)->norm);
    if ((*c)->pre)
        pre_scratch_free(&(*c)->pre);
    if ((*c)->model)
        ops->scratch_free((*c)->model);
    decode_scratch_free(&(*c)->decode);
    free((*c)->pieces.v);
    buf_free(&(*c)->clean);
    tok_ids_free(&(*c)->run);
    free(*c);
    *c = NULL;
}

uint64_t tok_replaced(const struct tok_coder *c)
{
    return c->replaced;
}

/* --- text to ids -----------------------------------------------------------------------------------------------------
 */
static void encode_pieces(struct tok_coder *c, const char *text, const char *end, const struct piece *v, size_t n,
                          struct sink *out)
{
    const struct model *m = c->t->parts.model;
    while (n) {
        size_t now = MIN(n, (size_t)BATCH);
        if (m->ops->encode_all)
            m->ops->encode_all(m, c->model, text, end, v, now, out->ids);
        else
            for (size_t i = 0; i < now; i++)
                m->ops->encode(m, c->model, (struct str){text + v[i].at, v[i].n}, out->ids);
        if (out->ids->n >= out->full)
            empty(out);
        v += now;
        n -= now;
    }
}

/* A pattern that is scanned by hand. */
static void encode_scanned(struct tok_coder *c, struct str text, struct sink *out)
{
    const struct model *m = c->t->parts.model;
    struct piece v[BATCH];
    if (!out->take) { /* all at once: to the caller's list, or only counted */
        bool count = out->full != SIZE_MAX;
        size_t n = walk_text(m, c->model, c->t->scan, text, count ? NULL : out->ids);
        out->given += count ? n : 0;
        return;
    }
    const char *p = text.p, *end = text.p + text.n;
    while (p < end) {
        const char *begin = p;
        size_t n = 0;
        for (; n < BATCH && p < end && p - begin < INT32_MAX; n++) {
            size_t len = c->t->scan(p, end);
            v[n] = (struct piece){(uint32_t)(p - begin), (uint32_t)len};
            p += len;
        }
        encode_pieces(c, begin, end, v, n, out);
    }
}

static void encode_split(struct tok_coder *c, struct str text, bool first, struct sink *out)
{
    const struct pieces *x = &c->pieces;
    pre_split(c->t->parts.pre, c->pre, text, first, &c->pieces);
    if (x->n)
        encode_pieces(c, x->text, x->text + x->v[x->n - 1].at + x->v[x->n - 1].n, x->v, x->n, out);
}

/* Where a text beyond what 32 bits count is cut: behind the last line, else behind the last character, that fits. */
static size_t cut_of(struct str text)
{
    if (text.n <= CUT)
        return text.n;
    const char *line = memrchr(text.p, '\n', CUT);
    size_t n = line ? (size_t)(line - text.p) + 1 : CUT;
    while (((unsigned char)text.p[n] & 0xC0) == 0x80)
        n--;
    return n;
}

/* Normalized text without added tokens. */
static void encode_plain(struct tok_coder *c, struct str text, bool first, struct sink *out)
{
    const struct model *m = c->t->parts.model;
    if (!text.n)
        return;
    if (c->t->scan) {
        encode_scanned(c, text, out);
        return;
    }
    if (!c->t->parts.pre) {
        m->ops->encode(m, c->model, text, out->ids);
        return;
    }
    while (text.n) {
        size_t n = cut_of(text);
        encode_split(c, str_sub(text, 0, n), first, out);
        text = str_sub(text, n, text.n);
        first = false;
    }
}

static void encode_normalized(struct tok_coder *c, struct str text, bool first, struct sink *out)
{
    struct added_walk walk;
    struct str plain;
    uint32_t id;
    if (!c->t->normal_tokens) {
        encode_plain(c, text, first, out);
        return;
    }
    added_walk(&walk, c->t->parts.added, true, text);
    for (bool more = true; more;) {
        more = added_next(&walk, &plain, &id);
        encode_plain(c, plain, first && plain.p == text.p, out);
        if (more)
            give(out, id);
    }
}

/* Raw text between added tokens; `first`: where the whole begins. */
static void encode_raw(struct tok_coder *c, struct str text, bool first, struct sink *out)
{
    const struct norm *norm = c->t->parts.norm;
    if (!text.n)
        return;
    if (norm && first) {
        /* The original asks for the offset of the first normalized character: not 0 where the normalizer has dropped
         * what stood there. */
        unsigned n;
        utf8_get(text.p, &n);
        first = norm_apply(norm, c->norm, str_sub(text, 0, n)).n > 0;
    }
    encode_normalized(c, norm ? norm_apply(norm, c->norm, text) : text, first, out);
}

static void encode_text(struct tok_coder *c, struct str text, struct sink *out)
{
    struct added_walk walk;
    struct str raw;
    uint32_t id;
    if (!c->t->raw_tokens) {
        encode_raw(c, text, true, out);
        return;
    }
    added_walk(&walk, c->t->parts.added, false, text);
    for (bool more = true; more;) {
        more = added_next(&walk, &raw, &id);
        encode_raw(c, raw, raw.p == text.p, out);
        if (more)
            give(out, id);
    }
}

static void encode(struct tok_coder *c, struct str text, unsigned flags, struct sink *out)
{
    size_t n;
    const struct post_item *items = post_items(c->t->parts.post, flags & TOK_SPECIALS, &n);
    if (text.n && utf8_valid(text) != text.n) {
        buf_clear(&c->clean);
        c->replaced += utf8_lossy(text, &c->clean);
        text = buf_str(&c->clean);
    }
    for (size_t i = 0; i < n; i++) {
        if (items[i].text)
            encode_text(c, text, out);
        else
            give(out, items[i].id);
    }
}

size_t tok_encode(struct tok_coder *c, struct str text, unsigned flags, struct tok_ids *ids)
{
    if (!ids)
        return tok_encode_to(c, text, flags, NULL, NULL);
    size_t before = ids->n;
    struct sink out = {.ids = ids, .full = SIZE_MAX};
    encode(c, text, flags, &out);
    return ids->n - before;
}

size_t tok_encode_to(struct tok_coder *c, struct str text, unsigned flags, tok_take_fn *take, void *arg)
{
    struct sink out = {.ids = &c->run, .full = RUN, .take = take, .arg = arg};
    c->run.n = 0;
    encode(c, text, flags, &out);
    empty(&out);
    return out.given;
}

/* --- ids to text -----------------------------------------------------------------------------------------------------
 */
struct str tok_token(const struct tok *t, uint32_t id)
{
    struct str text = added_text(t->parts.added, id);
    return text.p ? text : vocab_token(t->vocab, id);
}

bool tok_is_special(const struct tok *t, uint32_t id)
{
    struct str text = tok_token(t, id);
    return text.p && added_is_special(t->parts.added, text);
}

bool tok_id(const struct tok *t, struct str token, uint32_t *id)
{
    return added_id(t->parts.added, token, id) || vocab_id(t->vocab, token, id);
}

void tok_decode(struct tok_coder *c, const uint32_t *ids, size_t n, bool skip_specials, struct buf *out)
{
    decode_begin(c->decode);
    for (size_t i = 0; i < n; i++) {
        struct str token = tok_token(c->t, ids[i]);
        if (token.p && !(skip_specials && added_is_special(c->t->parts.added, token)))
            decode_add(c->decode, token);
    }
    decode_end(c->t->parts.decode, c->decode, out);
}
