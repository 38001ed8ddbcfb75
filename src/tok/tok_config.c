#include "tok/tok_config.h"

#include "base/xalloc.h"

enum { MAX_ADDED = 1 << 20 };

/* In the order in which transformers goes through them. */
static const char *const named[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                    "pad_token", "cls_token", "mask_token"};

struct numbered {
    uint64_t number;
    struct added_def def;
};

static int by_number(const void *a, const void *b)
{
    const struct numbered *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* "<s>", or an object with "content" and flags. An object without `special` is no special token, a bare string is. */
static bool read_token(jnode *node, struct added_def *d)
{
    *d = (struct added_def){.content = jn_str(node, NULL), .special = true};
    if (d->content.p)
        return d->content.n > 0;
    d->content = jn_str(jn_get(node, "content"), NULL);
    d->single_word = jn_bool(jn_get(node, "single_word"), false);
    d->lstrip = jn_bool(jn_get(node, "lstrip"), false);
    d->rstrip = jn_bool(jn_get(node, "rstrip"), false);
    d->special = jn_bool(jn_get(node, "special"), false);
    d->normalized = jn_bool(jn_get(node, "normalized"), !d->special);
    return d->content.p && d->content.n;
}

static bool same(const struct added_def *a, const struct added_def *b)
{
    return str_eq(a->content, b->content) && a->single_word == b->single_word && a->lstrip == b->lstrip &&
           a->rstrip == b->rstrip && a->normalized == b->normalized && a->special == b->special;
}

/* The tokens by content: the last definition of one is what counts. */
static const struct added_def *known(const struct vocab *places, const struct added_def *defs, struct str content)
{
    uint32_t at;
    return vocab_id(places, content, &at) ? &defs[at] : NULL;
}

static void push(struct added_def **defs, size_t *n, struct vocab *places, const struct added_def *d)
{
    *defs = xreallocarray(*defs, *n + 1, sizeof **defs);
    vocab_add(places, d->content, (uint32_t)*n);
    (*defs)[(*n)++] = *d;
}

static bool is_named(jnode *config, struct str content)
{
    struct added_def d;
    for (size_t i = 0; i < ARRAY_LEN(named); i++)
        if (read_token(jn_get(config, named[i]), &d) && str_eq(d.content, content))
            return true;
    return false;
}

static int add_numbered(jnode *config, struct added_def **defs, size_t *n, struct vocab *places, struct err *e)
{
    jnode *list = jn_get(config, "added_tokens_decoder"), *value = NULL;
    struct numbered *v = xcalloc(jn_len(list) + 1, sizeof *v);
    const char *key = NULL;
    void *it = NULL;
    size_t count = 0;
    int rc = 0;
    while (rc == 0 && jn_next(list, &it, &key, &value)) {
        if (parse_u64(str_of(key), &v[count].number) != 0 || !read_token(value, &v[count].def))
            rc = err_set(e, ERR_DATA,
                         "tokenizer_config.json: added_tokens_decoder[\"%.100s\"]: must be an id and an object with "
                         "\"content\"",
                         key);
        count++;
    }
    qsort(v, count, sizeof *v, by_number);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        const struct added_def *before = known(places, *defs, v[i].def.content);
        if (before && same(before, &v[i].def))
            continue;
        v[i].def.special |= is_named(config, v[i].def.content);
        push(defs, n, places, &v[i].def);
    }
    free(v);
    return rc;
}

static void add_special(jnode *node, struct added_def **defs, size_t *n, struct vocab *places)
{
    struct added_def d;
    if (!read_token(node, &d) || known(places, *defs, d.content))
        return;
    d.special = true;
    push(defs, n, places, &d);
}

int tok_config_added(jnode *config, struct added_def **defs, size_t *n, struct err *e)
{
    if (!jn_is_obj(config))
        return 0;
    struct vocab *places = vocab_new(*n);
    for (size_t i = 0; i < *n; i++)
        vocab_add(places, (*defs)[i].content, (uint32_t)i);
    int rc = add_numbered(config, defs, n, places, e);
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(named); i++)
        add_special(jn_get(config, named[i]), defs, n, places);
    jnode *more = jn_get(config, "extra_special_tokens");
    if (!jn_len(more))
        more = jn_get(config, "additional_special_tokens");
    for (size_t i = 0; rc == 0 && i < jn_len(more) && jn_is_arr(more); i++)
        add_special(jn_at(more, i), defs, n, places);
    if (rc == 0 && *n > MAX_ADDED)
        rc = err_set(e, ERR_LIMIT, "tokenizer_config.json: more than %d added tokens", MAX_ADDED);
    vocab_free(&places);
    return rc;
}

static int end_of(const struct tok_parts *p, jnode *config, const char *wanted, const char *name, uint32_t *id,
                  struct err *e)
{
    struct added_def d;
    if (!jn_bool(jn_get(config, wanted), false))
        return 0;
    if (!read_token(jn_get(config, name), &d) || !vocab_id(p->model->ops->vocab(p->model), d.content, id))
        return err_set(e, ERR_DATA, "tokenizer_config.json: %s: is true, but %s is no token of the vocabulary", wanted,
                       name);
    return 1;
}

int tok_config_ends(struct tok_parts *p, jnode *config, struct err *e)
{
    uint32_t front = 0, back = 0;
    if (!jn_get(config, "add_bos_token") && !jn_get(config, "add_eos_token"))
        return 0;
    int n_front = end_of(p, config, "add_bos_token", "bos_token", &front, e);
    int n_back = n_front < 0 ? -1 : end_of(p, config, "add_eos_token", "eos_token", &back, e);
    if (n_back < 0)
        return -1;
    post_free(&p->post);
    return post_new_ids(&p->post, &front, (size_t)n_front, &back, (size_t)n_back);
}
