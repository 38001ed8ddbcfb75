/* tokenizer.json. The vocabulary and the merges, which are nearly all of it, are left as raw text for the model to
 * walk; the rest is small and becomes a tree. */
#include "base/jscan.h"
#include "base/xalloc.h"
#include "tok/tok_config.h"
#include "tok/tok_utf8.h"

enum { MAX_SMALL = 64 << 20 }; /* bytes of what becomes a tree */

struct walked {
    struct buf top, head; /* objects: the file without "model", "model" without its lists */
    struct str vocab, merges;
    bool has_model;
};

/* `in`, `key`: the member that was being read, "" outside of one. */
static int bad_json(const struct js *s, const char *in, struct str key, struct err *e)
{
    key = str_sub(key, 0, 60);
    return err_set(e, ERR_DATA, "%s" STR_FMT "%sline %zu, byte %zu: %s", in, STR_ARG(key), *in || key.n ? ": " : "",
                   js_line(s, s->bad), (size_t)(s->bad - s->begin), s->what);
}

static void add_member(struct buf *object, struct str key, struct str value)
{
    buf_addz(object, object->n > 1 ? ",\"" : "\"");
    buf_adds(object, key);
    buf_addz(object, "\":");
    buf_adds(object, value);
}

/* As in the original, the last of members given twice counts. */
static int walk_model(struct walked *w, struct js *s, struct err *e)
{
    struct str key = STR(""), value;
    if (js_peek(s) != JS_OBJ)
        return s->bad ? bad_json(s, "model", key, e) : err_set(e, ERR_DATA, "model: must be an object");
    w->has_model = true;
    buf_clear(&w->head);
    buf_addc(&w->head, '{');
    w->vocab = w->merges = (struct str){NULL, 0};
    js_enter(s, '{');
    while (js_key(s, &key)) {
        if (js_skip(s, &value) != 0)
            break;
        if (js_raw_eq(key, "vocab"))
            w->vocab = value;
        else if (js_raw_eq(key, "merges"))
            w->merges = value;
        else
            add_member(&w->head, key, value);
    }
    buf_addc(&w->head, '}');
    return s->bad ? bad_json(s, "model.", key, e) : 0;
}

/* What the original's reader knows; it stops at any other member, and so does this. */
static bool is_known(struct str key)
{
    static const char *const names[] = {"version",    "truncation",    "padding",        "added_tokens",
                                        "normalizer", "pre_tokenizer", "post_processor", "decoder"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (js_raw_eq(key, names[i]))
            return true;
    return false;
}

static int walk(struct walked *w, struct str text, struct err *e)
{
    struct js s;
    struct str key = STR(""), value;
    js_init(&s, text);
    if (js_peek(&s) != JS_OBJ)
        return s.bad ? bad_json(&s, "", key, e) : err_set(e, ERR_DATA, "is no JSON object");
    buf_addc(&w->top, '{');
    js_enter(&s, '{');
    while (js_key(&s, &key)) {
        if (js_raw_eq(key, "model")) {
            if (walk_model(w, &s, e) != 0)
                return -1;
            continue;
        }
        if (js_skip(&s, &value) != 0)
            break;
        if (!is_known(key))
            return err_set(e, ERR_DATA, "\"" STR_FMT "\" is not known to weir as a member of a tokenizer.json",
                           STR_ARG(str_sub(key, 0, 100)));
        add_member(&w->top, key, value);
    }
    buf_addc(&w->top, '}');
    if (!js_done(&s))
        return s.bad ? bad_json(&s, "", key, e) : err_set(e, ERR_DATA, "has something behind its end");
    if (!w->has_model)
        return err_set(e, ERR_DATA, "has no \"model\"");
    if (w->top.failed || w->head.failed)
        return err_set(e, ERR_LIMIT, "is too large outside the lists of its model");
    return 0;
}

static const struct model_ops *ops_of(struct str type)
{
    static const struct model_ops *const known[] = {&model_bpe, &model_unigram, &model_wordpiece, &model_wordlevel};
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (str_eqz(type, known[i]->type))
            return known[i];
    return NULL;
}

/* Files of before 0.9 do not say which model they hold; the original tries them in this order. */
static const char *type_untold(const struct walked *w, jnode *head)
{
    if (w->merges.p)
        return "BPE";
    if (w->vocab.p && w->vocab.p[0] == '[')
        return "Unigram";
    return jn_get(head, "max_input_chars_per_word") ? "WordPiece" : "WordLevel";
}

static int load_model(struct tok_parts *p, const struct walked *w, struct err *e)
{
    struct jdoc *doc = jdoc_parse(buf_str(&w->head), "model", e);
    if (!doc)
        return -1;
    struct model_def def = {jdoc_root(doc), w->vocab, w->merges, p->pre && pre_gives_bytes(p->pre)};
    jnode *named = jn_get(def.head, "type");
    struct str type = jn_str(named, named ? "" : type_untold(w, def.head));
    const struct model_ops *ops = ops_of(type);
    int rc;
    if (!ops)
        rc = err_set(e, ERR_DATA,
                     "model.type: \"" STR_FMT "\" is not known to weir; it knows BPE, Unigram, WordPiece and WordLevel",
                     STR_ARG(str_sub(type, 0, 100)));
    else if (!w->vocab.p)
        rc = err_set(e, ERR_DATA, "model.vocab: is missing");
    else
        rc = ops->load(&p->model, &def, e);
    jdoc_free(&doc);
    return rc;
}

static int read_flag(jnode *token, const char *key, size_t i, bool *flag, struct err *e)
{
    *flag = jn_bool(jn_get(token, key), false);
    if (*flag != jn_bool(jn_get(token, key), true))
        return err_set(e, ERR_DATA, "added_tokens[%zu].%s: must be true or false", i, key);
    return 0;
}

static int read_added(jnode *token, size_t i, struct added_def *d, struct err *e)
{
    d->content = jn_str(jn_get(token, "content"), NULL);
    int64_t id = jn_i64(jn_get(token, "id"), -1);
    if (!d->content.p)
        return err_set(e, ERR_DATA, "added_tokens[%zu].content: must be a string", i);
    if (id < 0 || id > UINT32_MAX)
        return err_set(e, ERR_DATA, "added_tokens[%zu].id: must be a whole number, 0 or more", i);
    if (read_flag(token, "single_word", i, &d->single_word, e) != 0 ||
        read_flag(token, "lstrip", i, &d->lstrip, e) != 0 || read_flag(token, "rstrip", i, &d->rstrip, e) != 0 ||
        read_flag(token, "normalized", i, &d->normalized, e) != 0 ||
        read_flag(token, "special", i, &d->special, e) != 0)
        return -1;
    return 0;
}

/* The first id behind the model's own, as the original counts them: a list's length, a map's number of members. */
static uint32_t next_id(const struct model *m)
{
    const struct vocab *v = m->ops->vocab(m);
    return m->ops == &model_unigram ? vocab_end(v) : vocab_size(v);
}

static int load_added(struct tok_parts *p, jnode *list, jnode *config, struct err *e)
{
    size_t n = jn_len(list);
    if (!jn_is_null(list) && !jn_is_arr(list))
        return err_set(e, ERR_DATA, "added_tokens: must be a list");
    struct added_def *defs = xcalloc(n + 1, sizeof *defs);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = read_added(jn_at(list, i), i, &defs[i], e);
    if (rc == 0)
        rc = tok_config_added(config, &defs, &n, e);
    if (rc == 0)
        rc = added_new(&p->added, defs, n, false, p->model->ops->vocab(p->model), next_id(p->model), p->norm, e);
    free(defs);
    return rc;
}

static int load_parts(struct tok_parts *p, const struct walked *w, jnode *root, jnode *config, struct err *e)
{
    struct str version = jn_str(jn_get(root, "version"), "1.0");
    if (!str_eqz(version, "1.0"))
        return err_set(e, ERR_DATA, "version: \"" STR_FMT "\" is not known to weir; it knows 1.0",
                       STR_ARG(str_sub(version, 0, 100)));
    if (norm_new(&p->norm, jn_get(root, "normalizer"), "normalizer", e) != 0 ||
        pre_new(&p->pre, jn_get(root, "pre_tokenizer"), "pre_tokenizer", e) != 0 || load_model(p, w, e) != 0 ||
        load_added(p, jn_get(root, "added_tokens"), config, e) != 0 ||
        post_new(&p->post, jn_get(root, "post_processor"), "post_processor", e) != 0)
        return -1;
    return decode_new(&p->decode, jn_get(root, "decoder"), "decoder", e);
}

int tok_json_load(struct tok_parts *p, struct str text, jnode *config, struct err *e)
{
    struct walked w = {.top = BUF_INIT(MAX_SMALL), .head = BUF_INIT(MAX_SMALL)};
    struct jdoc *doc = NULL;
    size_t good = utf8_valid(text);
    p->format = "tokenizer.json";
    int rc = good == text.n ? walk(&w, text, e) : err_set(e, ERR_DATA, "byte %zu: is not UTF-8", good);
    if (rc == 0) {
        doc = jdoc_parse(buf_str(&w.top), "tokenizer.json", e);
        rc = doc ? load_parts(p, &w, jdoc_root(doc), config, e) : -1;
    }
    jdoc_free(&doc);
    buf_free(&w.top);
    buf_free(&w.head);
    return rc;
}
