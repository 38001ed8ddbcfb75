#include "base/xalloc.h"
#include "record/record_read_private.h"

#define NAMES_MAX ((size_t)4096)
#define NAME_MAX_BYTES ((size_t)1536) /* of 255 characters, each escaped */
#define HIST_MID_MAX REC_NS_MAX

static void vec_add(struct vec *x, int64_t v)
{
    if (x->n == x->cap) {
        x->cap = x->cap ? x->cap * 2 : 256;
        x->v = xreallocarray(x->v, x->cap, sizeof *x->v);
    }
    x->v[x->n++] = v;
}

int rr_wrong(struct reader *r, const char *fmt, const char *name)
{
    if (!r->wrong) {
        snprintf(r->what, sizeof r->what, "\"%.40s\" %s", name, fmt);
        r->wrong = r->what;
    }
    return -1;
}

int rr_i64(struct reader *r, const char *name, int64_t min, int64_t max, int64_t *out)
{
    if (js_i64(&r->js, out) != 0)
        return -1;
    return *out < min || *out > max ? rr_wrong(r, "is out of range", name) : 0;
}

static int get_text(struct reader *r, const struct field *f, char *out)
{
    struct str raw;
    if (js_string(&r->js, &raw) != 0)
        return -1;
    buf_clear(&r->detail);
    char *room = buf_room(&r->detail, raw.n + 1);
    if (!room)
        return rr_wrong(r, "is too long", f->name);
    size_t n = js_decode(raw, room);
    n = MIN(n, (size_t)f->arg - 1);
    memcpy(out, room, n);
    memset(out + n, 0, f->arg - n);
    return 0;
}

static int get_name(struct reader *r, const char *name, struct str *out)
{
    struct names *all = &r->names;
    struct str raw;
    char room[NAME_MAX_BYTES + 1];
    if (js_string(&r->js, &raw) != 0)
        return -1;
    if (raw.n > NAME_MAX_BYTES)
        return rr_wrong(r, "is too long", name);
    struct str text = {room, js_decode(raw, room)};
    for (size_t i = all->n; i-- > 0;) {
        if (str_eq(all->name[i], text)) {
            *out = all->name[i];
            return 0;
        }
    }
    if (all->n == NAMES_MAX)
        return rr_wrong(r, "has more different values than weir can tell apart", name);
    if (all->n == all->cap) {
        all->cap = all->cap ? all->cap * 2 : 16;
        all->name = xreallocarray(all->name, all->cap, sizeof *all->name);
    }
    all->name[all->n] = (struct str){xmemdup0(text.p, text.n), text.n};
    *out = all->name[all->n++];
    return 0;
}

static int get_member(struct reader *r, const struct field *f, char *base)
{
    void *p = base + f->at;
    int64_t v = 0;
    bool yes = false;
    struct str raw;
    switch (f->kind) {
    case F_INSTANT:
        return rr_i64(r, f->name, 0, REC_NS_MAX, p);
    case F_COUNT:
        /* Steal is a duration: let it be as long as one. */
        return rr_i64(r, f->name, -1, REC_NS_MAX, p) != 0 ? -1 : 0;
    case F_U64:
        if (rr_i64(r, f->name, 0, REC_COUNT_MAX, &v) != 0)
            return -1;
        *(uint64_t *)p = (uint64_t)v;
        return 0;
    case F_SEED:
        if (js_peek(&r->js) != JS_NUM || js_skip(&r->js, &raw) != 0 || parse_u64(raw, p) != 0)
            return rr_wrong(r, "is not a whole number", f->name);
        return 0;
    case F_U32:
        if (rr_i64(r, f->name, 0, UINT32_MAX, &v) != 0)
            return -1;
        *(uint32_t *)p = (uint32_t)v;
        return 0;
    case F_I32:
        if (rr_i64(r, f->name, INT32_MIN, INT32_MAX, &v) != 0)
            return -1;
        *(int *)p = (int)v;
        return 0;
    case F_F64:
        return js_f64(&r->js, p);
    case F_BOOL:
        return js_bool(&r->js, p);
    case F_FLAG:
        if (js_bool(&r->js, &yes) != 0)
            return -1;
        if (yes)
            *(uint32_t *)p |= f->arg;
        return 0;
    case F_TEXT:
        return get_text(r, f, p);
    case F_NAME:
        return get_name(r, f->name, p);
    }
    return -1;
}

/* 1: the member was one of the table; 0: not in it; -1: wrong. *next is where the search begins: members come in order.
 */
int rr_fields(struct reader *r, const struct field_table *t, size_t *next, struct str key, void *base)
{
    for (size_t i = 0; i < t->n; i++) {
        size_t k = *next + i < t->n ? *next + i : *next + i - t->n;
        if (!str_eqz(key, t->f[k].name))
            continue;
        *next = k + 1 < t->n ? k + 1 : 0;
        return get_member(r, &t->f[k], base) == 0 ? 1 : -1;
    }
    return 0;
}
bool rr_line_ok(const struct reader *r)
{
    return !r->js.bad && !r->wrong;
}

/* The line's object is entered by the caller and closed here. */
int rr_plain(struct reader *r, const struct field_table *t, void *base)
{
    struct str key;
    size_t next = 0;
    while (js_key(&r->js, &key)) {
        int rc = rr_fields(r, t, &next, key, base);
        if (rc < 0 || (rc == 0 && js_skip(&r->js, NULL) != 0))
            return -1;
    }
    return rr_line_ok(r) ? 0 : -1;
}

static int hex128(struct str s, unsigned __int128 *out)
{
    if (s.n == 0 || s.n > 32)
        return -1;
    unsigned __int128 v = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        unsigned d = c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
        if (d > 15)
            return -1;
        v = v << 4 | d;
    }
    *out = v;
    return 0;
}

/* [[value, count], ...] */
int rr_pairs(struct reader *r, const char *name, int64_t max_first, struct vec *out)
{
    struct js *s = &r->js;
    out->n = 0;
    if (!js_enter(s, '['))
        return -1;
    while (js_elem(s)) {
        int64_t a = 0, b = 0;
        if (!js_enter(s, '['))
            return -1;
        bool pair = js_elem(s) && rr_i64(r, name, 0, max_first, &a) == 0 && js_elem(s) &&
                    rr_i64(r, name, 0, REC_NS_MAX, &b) == 0 && !js_elem(s);
        if (!rr_line_ok(r))
            return -1;
        if (!pair)
            return rr_wrong(r, "needs pairs", name);
        vec_add(out, a);
        vec_add(out, b);
    }
    return rr_line_ok(r) ? 0 : -1;
}

int rr_hist(struct reader *r, struct hist *h)
{
    struct js *s = &r->js;
    struct str key, raw;
    struct hist_exact x = {0};
    if (!js_enter(s, '{'))
        return -1;
    while (js_key(s, &key)) {
        int rc = 0;
        if (str_eqz(key, "min"))
            rc = rr_i64(r, "min", 0, INT64_MAX, &x.min);
        else if (str_eqz(key, "max"))
            rc = rr_i64(r, "max", 0, INT64_MAX, &x.max);
        else if (str_eqz(key, "sum"))
            rc = js_string(s, &raw) != 0 ? -1 : hex128(raw, &x.sum) != 0 ? rr_wrong(r, "is not hexadecimal", "sum") : 0;
        else if (str_eqz(key, "sum_sq"))
            rc = js_string(s, &raw) != 0       ? -1
                 : hex128(raw, &x.sum_sq) != 0 ? rr_wrong(r, "is not hexadecimal", "sum_sq")
                                               : 0;
        else if (str_eqz(key, "counts"))
            rc = rr_pairs(r, "counts", HIST_MID_MAX, &r->width);
        else
            rc = js_skip(s, NULL);
        if (rc != 0)
            return -1;
        if (str_eqz(key, "counts")) {
            for (size_t i = 0; i < r->width.n; i += 2) {
                if (r->width.v[i + 1] > REC_COUNT_MAX)
                    return rr_wrong(r, "is out of range", "counts");
                hist_add(h, r->width.v[i], (uint64_t)r->width.v[i + 1]);
            }
        }
    }
    if (!rr_line_ok(r))
        return -1;
    if (x.min > x.max)
        return rr_wrong(r, "is above \"max\"", "min");
    if (hist_n(h))
        hist_set_exact(h, &x);
    return 0;
}

int rr_ints(struct reader *r, const char *name, int64_t min, int64_t max, struct vec *out)
{
    out->n = 0;
    if (!js_enter(&r->js, '['))
        return -1;
    while (js_elem(&r->js)) {
        int64_t v;
        if (rr_i64(r, name, min, max, &v) != 0)
            return -1;
        vec_add(out, v);
    }
    return rr_line_ok(r) ? 0 : -1;
}
