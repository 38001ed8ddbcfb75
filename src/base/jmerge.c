/* jmerge.c - json_merge of jdoc.h. Works on the text, not on a tree: numbers stay as they were written ("0.7" stays
 * "0.7", integers of any length survive), and so does the order of members. */
#include "base/jdoc.h"
#include "base/jscan.h"
#include "base/xalloc.h"

struct member {
    struct str key, value; /* raw */
    char *name;            /* decoded */
    size_t name_len;
};

struct members {
    struct member *v;
    size_t n, cap;
};

static void members_free(struct members *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->v[i].name);
    free(m->v);
}

static struct member *find(const struct members *m, const struct member *x)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->v[i].name_len == x->name_len && memcmp(m->v[i].name, x->name, x->name_len) == 0)
            return &m->v[i];
    return NULL;
}

/* Members of an object that was checked before; of a repeated key the last value counts. */
static void members_read(struct members *m, struct str text)
{
    struct js s;
    struct member x;
    js_init(&s, text);
    js_enter(&s, '{');
    while (js_key(&s, &x.key) && js_skip(&s, &x.value) == 0) {
        x.name = xmalloc(x.key.n + 1);
        x.name_len = js_decode(x.key, x.name);
        struct member *old = find(m, &x);
        if (old) {
            old->value = x.value;
            free(x.name);
            continue;
        }
        if (m->n == m->cap) {
            m->cap = m->cap ? m->cap * 2 : 16;
            m->v = xreallocarray(m->v, m->cap, sizeof *m->v);
        }
        m->v[m->n++] = x;
    }
}

static bool is_object(struct str raw)
{
    return raw.n && raw.p[0] == '{';
}

static void put_key(struct buf *out, const struct member *x, bool *some)
{
    buf_addz(out, *some ? ",\"" : "\"");
    buf_adds(out, x->key);
    buf_add(out, "\":", 2);
    *some = true;
}

/* Recursion is bounded by JS_MAX_DEPTH: both texts were scanned as a whole. */
static void merge(struct buf *out, struct str base, struct str over)
{
    struct members a = {0}, b = {0};
    bool some = false;
    members_read(&a, base);
    members_read(&b, over);
    buf_addc(out, '{');
    for (size_t i = 0; i < a.n; i++) {
        const struct member *x = &a.v[i], *y = find(&b, x);
        put_key(out, x, &some);
        if (y && is_object(x->value) && is_object(y->value))
            merge(out, x->value, y->value);
        else
            buf_adds(out, y ? y->value : x->value);
    }
    for (size_t i = 0; i < b.n; i++) {
        if (find(&a, &b.v[i]))
            continue;
        put_key(out, &b.v[i], &some);
        buf_adds(out, b.v[i].value);
    }
    buf_addc(out, '}');
    members_free(&a);
    members_free(&b);
}

static int check_object(struct str text, struct str *raw, struct err *e)
{
    struct js s;
    js_init(&s, text);
    enum js_type t = js_peek(&s);
    if (t == JS_BAD || t == JS_END || js_skip(&s, raw) != 0 || !js_done(&s))
        return err_set(e, ERR_DATA, "not valid JSON: %s at byte %zu", s.what ? s.what : "it is empty",
                       s.bad ? (size_t)(s.bad - s.begin) + 1 : 1);
    return t == JS_OBJ ? 0 : err_set(e, ERR_DATA, "must be a JSON object: {\"key\": value, ...}");
}

int json_merge(struct buf *out, struct str base, struct str over, struct err *e)
{
    struct str a, b;
    if (check_object(base, &a, e) != 0 || check_object(over, &b, e) != 0)
        return -1;
    merge(out, a, b);
    return out->failed ? err_set(e, ERR_LIMIT, "merged JSON is larger than %zu bytes", out->max) : 0;
}
