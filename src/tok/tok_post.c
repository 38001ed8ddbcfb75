#include "tok/tok_post.h"

#include "base/xalloc.h"

/* A single text becomes one encoding, a template makes an encoding of each of its pieces, and the next member of a
 * Sequence takes the first for its text and the second for a pair: so a list of lists is what is computed here. */
enum { MAX_ITEMS = 10000 };

struct encoding {
    struct post_item *v;
    size_t n;
};

struct encodings {
    struct encoding *v;
    size_t n;
};

struct post {
    struct post_item *items[2]; /* by `specials` */
    size_t n[2];
};

static void free_all(struct encodings *x)
{
    for (size_t i = 0; i < x->n; i++)
        free(x->v[i].v);
    free(x->v);
    *x = (struct encodings){0};
}

static void add_item(struct encoding *x, struct post_item item)
{
    x->v = xreallocarray(x->v, x->n + 1, sizeof *x->v);
    x->v[x->n++] = item;
}

static void add_items(struct encoding *x, const struct encoding *more)
{
    for (size_t i = 0; i < more->n; i++)
        add_item(x, more->v[i]);
}

static struct encoding *add_encoding(struct encodings *x)
{
    x->v = xreallocarray(x->v, x->n + 1, sizeof *x->v);
    x->v[x->n] = (struct encoding){0};
    return &x->v[x->n++];
}

static size_t items_in(const struct encodings *x)
{
    size_t n = 0;
    for (size_t i = 0; i < x->n; i++)
        n += x->v[i].n;
    return n;
}

/* ["[SEP]", 102] */
static int read_pair(jnode *def, const char *key, uint32_t *id, const char *path, struct err *e)
{
    jnode *pair = jn_get(def, key);
    int64_t v = jn_i64(jn_at(pair, 1), -1);
    if (jn_len(pair) != 2 || !jn_str(jn_at(pair, 0), NULL).p || v < 0 || v >= VOCAB_IDS)
        return err_set(e, ERR_DATA, "%s.%s: must be a token and its id, like [\"[SEP]\", 102]", path, key);
    *id = (uint32_t)v;
    return 0;
}

/* [CLS] text [SEP]; what follows the first text ends in [SEP] too, and begins with it in Roberta's form. */
static int apply_bert(struct encodings *x, jnode *def, bool roberta, bool specials, const char *path, struct err *e)
{
    uint32_t cls = 0, sep = 0;
    if (read_pair(def, "cls", &cls, path, e) != 0 || read_pair(def, "sep", &sep, path, e) != 0)
        return -1;
    for (size_t i = 0; i < x->n && specials; i++) {
        struct encoding with = {0};
        if (i == 0 || roberta)
            add_item(&with, (struct post_item){false, i == 0 ? cls : sep});
        add_items(&with, &x->v[i]);
        add_item(&with, (struct post_item){false, sep});
        free(x->v[i].v);
        x->v[i] = with;
    }
    return 0;
}

/* A member by its exact name: a token's name may have dots in it. */
static jnode *member(jnode *object, struct str name)
{
    const char *key = NULL;
    for (size_t i = 0; i < jn_len(object); i++) {
        jnode *value = jn_member(object, i, &key);
        if (str_eqz(name, key))
            return value;
    }
    return NULL;
}

static int apply_special(struct encodings *to, jnode *def, struct str name, const char *path, struct err *e)
{
    jnode *ids = jn_get(member(jn_get(def, "special_tokens"), name), "ids");
    if (!jn_is_arr(ids))
        return err_set(e, ERR_DATA, "%s.special_tokens: has no ids for \"" STR_FMT "\", which the template names", path,
                       STR_ARG(str_sub(name, 0, 100)));
    struct encoding *x = add_encoding(to);
    for (size_t i = 0; i < jn_len(ids); i++) {
        int64_t v = jn_i64(jn_at(ids, i), -1);
        if (v < 0 || v >= VOCAB_IDS || i >= MAX_ITEMS)
            return err_set(e, ERR_DATA, "%s.special_tokens[\"" STR_FMT "\"].ids: must be at most %d ids, from 0 to %u",
                           path, STR_ARG(str_sub(name, 0, 100)), MAX_ITEMS, VOCAB_IDS - 1);
        add_item(x, (struct post_item){false, (uint32_t)v});
    }
    return 0;
}

static int apply_piece(struct encodings *to, const struct encodings *from, jnode *def, size_t i, bool specials,
                       const char *path, struct err *e)
{
    const char *name = from->n == 2 ? "pair" : "single";
    jnode *piece = jn_at(jn_get(def, name), i);
    jnode *sequence = jn_get(piece, "Sequence"), *special = jn_get(piece, "SpecialToken");
    struct str id = jn_str(jn_get(sequence ? sequence : special, "id"), NULL);
    if (special && id.p)
        return specials ? apply_special(to, def, id, path, e) : 0;
    if (!sequence || !(str_eqz(id, "A") || str_eqz(id, "B")))
        return err_set(e, ERR_DATA,
                       "%s.%s[%zu]: must be {\"SpecialToken\": …} or {\"Sequence\": {\"id\": \"A\" or \"B\", …}}", path,
                       name, i);
    size_t which = str_eqz(id, "B");
    if (which >= from->n)
        return err_set(e, ERR_DATA, "%s.%s[%zu]: names the second text of a pair, where there is only one", path, name,
                       i);
    add_items(add_encoding(to), &from->v[which]);
    return 0;
}

static int apply_template(struct encodings *x, jnode *def, bool specials, const char *path, struct err *e)
{
    if (x->n != 1 && x->n != 2)
        return err_set(e, ERR_DATA, "%s: a template cannot follow one that gives %zu parts", path, x->n);
    const char *name = x->n == 2 ? "pair" : "single";
    jnode *pieces = jn_get(def, name);
    struct encodings to = {0};
    int rc = 0;
    if (!jn_is_arr(pieces))
        return err_set(e, ERR_DATA, "%s.%s: must be a list of pieces", path, name);
    for (size_t i = 0; rc == 0 && i < jn_len(pieces); i++) {
        rc = apply_piece(&to, x, def, i, specials, path, e);
        if (rc == 0 && items_in(&to) > MAX_ITEMS)
            rc = err_set(e, ERR_DATA, "%s.%s: puts more than %d tokens round a text", path, name, MAX_ITEMS);
    }
    free_all(x);
    *x = to;
    return rc;
}

static int apply(struct encodings *x, jnode *def, bool specials, const char *path, unsigned depth, struct err *e)
{
    struct str type = jn_str(jn_get(def, "type"), NULL);
    if (str_eqz(type, "ByteLevel")) /* moves offsets only */
        return 0;
    if (str_eqz(type, "TemplateProcessing"))
        return apply_template(x, def, specials, path, e);
    if (str_eqz(type, "BertProcessing") || str_eqz(type, "RobertaProcessing"))
        return apply_bert(x, def, str_eqz(type, "RobertaProcessing"), specials, path, e);
    if (!str_eqz(type, "Sequence"))
        return err_set(e, ERR_DATA,
                       "%s.type: \"" STR_FMT "\" is not known to weir; it knows TemplateProcessing, BertProcessing, "
                       "RobertaProcessing, ByteLevel and Sequence",
                       path, STR_ARG(str_sub(type, 0, 100)));
    jnode *list = jn_get(def, "processors");
    if (!jn_is_arr(list) || depth > 20)
        return err_set(e, ERR_DATA, "%s.processors: must be a list%s", path,
                       depth > 20 ? ", and not nested so deeply" : "");
    for (size_t i = 0; i < jn_len(list); i++) {
        char *where = xasprintf("%s.processors[%zu]", path, i);
        int rc = apply(x, jn_at(list, i), specials, where, depth + 1, e);
        free(where);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static void keep(struct post *p, bool specials, const struct encodings *x)
{
    struct encoding all = {0};
    for (size_t i = 0; i < x->n; i++)
        add_items(&all, &x->v[i]);
    p->items[specials] = all.v;
    p->n[specials] = all.n;
}

int post_new(struct post **out, jnode *def, const char *path, struct err *e)
{
    *out = NULL;
    if (jn_is_null(def))
        return 0;
    struct post *p = xcalloc(1, sizeof *p);
    int rc = 0;
    for (int specials = 0; specials < 2 && rc == 0; specials++) {
        struct encodings x = {0};
        add_item(add_encoding(&x), (struct post_item){true, 0});
        rc = apply(&x, def, specials, path, 0, e);
        if (rc == 0)
            keep(p, specials, &x);
        free_all(&x);
    }
    if (rc != 0)
        post_free(&p);
    *out = p;
    return rc;
}

int post_new_ids(struct post **out, const uint32_t *front, size_t n_front, const uint32_t *back, size_t n_back)
{
    struct post *p = xcalloc(1, sizeof *p);
    for (int specials = 0; specials < 2; specials++) {
        struct encoding all = {0};
        for (size_t i = 0; specials && i < n_front; i++)
            add_item(&all, (struct post_item){false, front[i]});
        add_item(&all, (struct post_item){true, 0});
        for (size_t i = 0; specials && i < n_back; i++)
            add_item(&all, (struct post_item){false, back[i]});
        p->items[specials] = all.v;
        p->n[specials] = all.n;
    }
    *out = p;
    return 0;
}

void post_free(struct post **p)
{
    if (!*p)
        return;
    free((*p)->items[0]);
    free((*p)->items[1]);
    free(*p);
    *p = NULL;
}

const struct post_item *post_items(const struct post *p, bool specials, size_t *n)
{
    static const struct post_item text_alone = {true, 0};
    *n = p ? p->n[specials] : 1;
    return p ? p->items[specials] : &text_alone;
}
