/* The stages of a normalizer, one behind the other, and what makes them of their definitions. */
#include "tok/tok_norm.h"

#include "base/xalloc.h"
#include "tok/tok_regex.h"

enum { MAX_DEPTH = 16 };

struct sequence {
    struct norm norm;
    struct norm **v;
    size_t n;
};
static const struct norm_ops sequence_ops;

struct norm_scratch *norm_scratch_new(void)
{
    struct norm_scratch *s = xcalloc(1, sizeof *s);
    buf_init(&s->side[0], SIZE_MAX - 1);
    buf_init(&s->side[1], SIZE_MAX - 1);
    buf_init(&s->part, SIZE_MAX - 1);
    s->regex = regex_scratch_new();
    return s;
}

void norm_scratch_free(struct norm_scratch **s)
{
    if (!*s)
        return;
    buf_free(&(*s)->side[0]);
    buf_free(&(*s)->side[1]);
    buf_free(&(*s)->part);
    regex_scratch_free(&(*s)->regex);
    free((*s)->cp);
    free((*s)->cp_sorted);
    free(*s);
    *s = NULL;
}

int norm_read_bool(jnode *def, const char *name, const char *path, bool *v, struct err *e)
{
    jnode *n = jn_get(def, name);
    bool a = jn_bool(n, false), b = jn_bool(n, true);
    if (a != b)
        return err_set(e, ERR_DATA, "%s.%s: must be true or false", path, name);
    *v = a;
    return 0;
}

/* `side`: where the next changed text goes. */
static struct str run(const struct norm *n, struct norm_scratch *s, unsigned *side, struct str text)
{
    if (n->ops == &sequence_ops) {
        const struct sequence *q = (const struct sequence *)n;
        for (size_t i = 0; i < q->n; i++)
            text = run(q->v[i], s, side, text);
        return text;
    }
    struct buf *out = &s->side[*side];
    buf_clear(out);
    if (text.n == 0 || !n->ops->apply(n, s, text, out))
        return text;
    *side ^= 1;
    return out->n ? buf_str(out) : (struct str){"", 0};
}

struct str norm_apply(const struct norm *n, struct norm_scratch *s, struct str text)
{
    unsigned side = 0;
    return n ? run(n, s, &side, text) : text;
}

void norm_free(struct norm **n)
{
    if (*n)
        (*n)->ops->free(*n);
    *n = NULL;
}

static void sequence_free(struct norm *n)
{
    struct sequence *q = (struct sequence *)n;
    for (size_t i = 0; i < q->n; i++)
        norm_free(&q->v[i]);
    free(q->v);
    free(q);
}

static const struct norm_ops sequence_ops = {.free = sequence_free};

static int new_at(struct norm **n, jnode *def, const char *path, unsigned depth, struct err *e);

static int new_sequence(struct norm **n, jnode *def, const char *path, unsigned depth, struct err *e)
{
    jnode *list = jn_get(def, "normalizers");
    if (!jn_is_arr(list))
        return err_set(e, ERR_DATA, "%s.normalizers: must be an array of normalizers", path);
    struct sequence *q = xcalloc(1, sizeof *q);
    q->norm.ops = &sequence_ops;
    q->v = xcalloc(jn_len(list) + 1, sizeof(struct norm *));
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < jn_len(list); i++) {
        char *inner = xasprintf("%s.normalizers[%zu]", path, i);
        rc = new_at(&q->v[q->n], jn_at(list, i), inner, depth + 1, e);
        q->n += rc == 0;
        free(inner);
    }
    if (rc != 0)
        sequence_free(&q->norm);
    else
        *n = &q->norm;
    return rc;
}

static struct norm *new_plain(struct str type)
{
    if (str_eqz(type, "NFC"))
        return norm_new_form(UNI_NFC);
    if (str_eqz(type, "NFD"))
        return norm_new_form(UNI_NFD);
    if (str_eqz(type, "NFKC"))
        return norm_new_form(UNI_NFKC);
    if (str_eqz(type, "NFKD"))
        return norm_new_form(UNI_NFKD);
    if (str_eqz(type, "Lowercase"))
        return norm_new_lowercase();
    if (str_eqz(type, "StripAccents"))
        return norm_new_strip_accents();
    if (str_eqz(type, "Nmt"))
        return norm_new_nmt();
    if (str_eqz(type, "ByteLevel"))
        return norm_new_bytelevel();
    return NULL;
}

static int new_at(struct norm **n, jnode *def, const char *path, unsigned depth, struct err *e)
{
    static const struct {
        const char *type;
        int (*make)(struct norm **n, jnode *def, const char *path, struct err *e);
    } kinds[] = {
        {"BertNormalizer", norm_new_bert}, {"Replace", norm_new_replace}, {"Precompiled", norm_new_precompiled},
        {"Strip", norm_new_strip},         {"Prepend", norm_new_prepend},
    };
    struct str type = jn_str(jn_get(def, "type"), NULL);
    if (depth > MAX_DEPTH)
        return err_set(e, ERR_DATA, "%s: sequences are nested more than %d deep", path, MAX_DEPTH);
    if (!type.p)
        return err_set(e, ERR_DATA, "%s.type: is missing; a normalizer must be an object with a type", path);
    if (str_eqz(type, "Sequence"))
        return new_sequence(n, def, path, depth, e);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_eqz(type, kinds[i].type))
            return kinds[i].make(n, def, path, e);
    *n = new_plain(type);
    if (!*n)
        return err_set(e, ERR_DATA, "%s.type: \"" STR_FMT "\" is no normalizer that is known here", path,
                       STR_ARG(str_sub(type, 0, 100)));
    return 0;
}

int norm_new(struct norm **n, jnode *def, const char *path, struct err *e)
{
    *n = NULL;
    return jn_is_null(def) ? 0 : new_at(n, def, path, 0, e);
}
