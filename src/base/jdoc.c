#include "base/jdoc.h"

#include <jansson.h>

#include "base/file.h"
#include "base/xalloc.h"

struct jdoc {
    json_t *root;
};

static const json_t *node(jnode *n)
{
    return n;
}

static struct jdoc *bad_text(struct err *e, const char *name, size_t line, const char *why)
{
    err_set(e, ERR_DATA, "%s:%zu: %s", name, line, why);
    if (e)
        e->line = line;
    return NULL;
}

/* Jansson overlooks some NUL bytes between tokens; none is valid anywhere in JSON. */
static size_t line_of_nul(struct str text)
{
    const char *nul = text.n ? memchr(text.p, 0, text.n) : NULL;
    size_t line = nul != NULL;
    for (const char *p = text.p; nul && (p = memchr(p, '\n', (size_t)(nul - p))); p++)
        line++;
    return line;
}

struct jdoc *jdoc_parse(struct str text, const char *name, struct err *e)
{
    json_error_t why;
    size_t nul_line = line_of_nul(text);
    if (nul_line)
        return bad_text(e, name, nul_line, "a NUL byte, which JSON does not allow");
    json_t *root = json_loadb(text.n ? text.p : "", text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    if (!root) /* the name is put in front here, since Jansson would cut it */
        return bad_text(e, name, why.line > 0 ? (size_t)why.line : 1, why.text);
    struct jdoc *d = xmalloc(sizeof *d);
    d->root = root;
    return d;
}

struct jdoc *jdoc_load(const char *path, size_t max_bytes, struct err *e)
{
    struct buf b = BUF_INIT(max_bytes);
    struct jdoc *d = file_read(&b, path, e) == 0 ? jdoc_parse(buf_str(&b), path, e) : NULL;
    buf_free(&b);
    return d;
}

void jdoc_free(struct jdoc **d)
{
    if (!*d)
        return;
    json_decref((*d)->root);
    free(*d);
    *d = NULL;
}

jnode *jdoc_root(const struct jdoc *d)
{
    return d ? d->root : NULL;
}

bool jn_is_obj(jnode *n)
{
    return n && json_is_object(node(n));
}

bool jn_is_arr(jnode *n)
{
    return n && json_is_array(node(n));
}

jnode *jn_get(jnode *n, const char *key)
{
    struct str_split it = {str_of(key), '.', false};
    struct str part;
    while (n && str_next(&it, &part))
        n = json_is_object(node(n)) ? json_object_getn(node(n), part.p, part.n) : NULL;
    return n;
}

size_t jn_len(jnode *n)
{
    return jn_is_obj(n) ? json_object_size(node(n)) : jn_is_arr(n) ? json_array_size(node(n)) : 0;
}

jnode *jn_at(jnode *n, size_t i)
{
    return jn_is_arr(n) ? json_array_get(node(n), i) : NULL;
}

struct str jn_str(jnode *n, const char *dflt)
{
    if (n && json_is_string(node(n)))
        return (struct str){json_string_value(node(n)), json_string_length(node(n))};
    return str_of(dflt);
}

int64_t jn_i64(jnode *n, int64_t dflt)
{
    if (n && json_is_integer(node(n)))
        return json_integer_value(node(n));
    if (n && json_is_real(node(n))) { /* 3.0 is an integer too, when it is in range */
        double v = json_real_value(node(n));
        if (v >= -0x1p63 && v < 0x1p63 && (double)(int64_t)v == v)
            return (int64_t)v;
    }
    return dflt;
}

double jn_f64(jnode *n, double dflt)
{
    return n && json_is_number(node(n)) ? json_number_value(node(n)) : dflt;
}

bool jn_bool(jnode *n, bool dflt)
{
    return n && json_is_boolean(node(n)) ? json_is_true(node(n)) : dflt;
}

bool jn_is_null(jnode *n)
{
    return !n || json_is_null(node(n));
}

jnode *jn_member(jnode *n, size_t i, const char **key)
{
    if (i >= jn_len(n) || !jn_is_obj(n))
        return NULL;
    json_t *o = (json_t *)(uintptr_t)n; /* Jansson's iterators take a mutable object but change nothing */
    void *it = json_object_iter(o);
    while (it && i-- > 0)
        it = json_object_iter_next(o, it);
    if (!it)
        return NULL;
    *key = json_object_iter_key(it);
    return json_object_iter_value(it);
}

bool jn_next(jnode *n, void **it, const char **key, jnode **value)
{
    json_t *o = (json_t *)(uintptr_t)n;
    if (!jn_is_obj(n))
        return false;
    *it = *it ? json_object_iter_next(o, *it) : json_object_iter(o);
    if (!*it)
        return false;
    *key = json_object_iter_key(*it);
    *value = json_object_iter_value(*it);
    return true;
}
