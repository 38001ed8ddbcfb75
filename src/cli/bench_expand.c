/* bench_expand.c - variables of the environment in a scalar: ${NAME}, ${NAME:-default}, $$ for a dollar. */
#include <ctype.h>

#include "cli/bench_private.h"

static bool name_char(char c, bool first)
{
    return c == '_' || isalpha((unsigned char)c) || (!first && isdigit((unsigned char)c));
}

/* What must not be stored though its option may be. */
static bool secret_name(struct str name)
{
    static const char *const words[] = {"KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "AUTH"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        struct str w = str_of(words[i]);
        for (size_t k = 0; k + w.n <= name.n; k++) {
            if (str_ieq(str_sub(name, k, w.n), w))
                return true;
        }
    }
    return false;
}

/* How far right of the node's begin byte i of its text stands, where that can be told. */
static size_t right_of(const yaml_node_t *n, size_t i)
{
    if (n->start_mark.line != n->end_mark.line || n->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE)
        return 0;
    return i + (n->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE);
}

struct variable {
    struct str name, fallback;
    bool has_fallback;
    size_t end; /* behind the brace */
};

/* At "${". */
static int take_apart(const struct bench_reader *r, const yaml_node_t *n, struct str s, size_t at, struct variable *v,
                      struct err *e)
{
    size_t right = right_of(n, at);
    struct str rest = str_sub(s, at + 2, s.n);
    ptrdiff_t close = str_chr(rest, '}');
    if (close < 0)
        return ydoc_err(&r->d, n, right, e, "\"${\" has no \"}\"; write ${NAME}, or $$ for a dollar");
    struct str inside = str_sub(rest, 0, (size_t)close);
    size_t k = 0;
    while (k < inside.n && name_char(inside.p[k], k == 0))
        k++;
    v->name = str_sub(inside, 0, k);
    v->has_fallback = k + 1 < inside.n && inside.p[k] == ':' && inside.p[k + 1] == '-';
    v->fallback = v->has_fallback ? str_sub(inside, k + 2, inside.n) : (struct str){0};
    v->end = at + 2 + (size_t)close + 1;
    if (k == 0 || (k < inside.n && !v->has_fallback))
        return ydoc_err(&r->d, n, right, e,
                        "\"${%.*s}\" is no variable; write ${NAME} or ${NAME:-default}, or $$ for a dollar",
                        (int)MIN(inside.n, (size_t)60), inside.p);
    return 0;
}

static int put_variable(const struct bench_reader *r, const yaml_node_t *n, size_t at, const struct variable *v,
                        struct buf *out, bool *secret, struct err *e)
{
    char name[256];
    if (v->name.n >= sizeof name)
        return ydoc_err(&r->d, n, right_of(n, at), e, "the name of a variable is longer than %zu bytes",
                        sizeof name - 1);
    snprintf(name, sizeof name, STR_FMT, STR_ARG(v->name));
    const char *value = r->env ? r->env(name) : NULL;
    if ((!value || !*value) && !v->has_fallback)
        return ydoc_err(&r->d, n, right_of(n, at), e,
                        "the environment has no %s; set it, or give a default: ${%s:-...}", name, name);
    if (value && *value) {
        *secret |= secret_name(v->name);
        buf_addz(out, value);
    } else {
        buf_adds(out, v->fallback);
    }
    return 0;
}

int bench_expand(const struct bench_reader *r, const yaml_node_t *n, struct buf *out, bool *secret, struct err *e)
{
    struct str s = ydoc_text(n);
    if (s.n > 0 && memchr(s.p, 0, s.n))
        return ydoc_err(&r->d, n, 0, e, "the text holds a NUL character");
    for (size_t i = 0; i < s.n;) {
        bool dollar = s.p[i] == '$' && i + 1 < s.n;
        if (dollar && s.p[i + 1] == '$') {
            buf_addc(out, '$');
            i += 2;
        } else if (dollar && s.p[i + 1] == '{') {
            struct variable v = {0};
            if (take_apart(r, n, s, i, &v, e) < 0 || put_variable(r, n, i, &v, out, secret, e) < 0)
                return -1;
            i = v.end;
        } else {
            buf_addc(out, s.p[i++]);
        }
    }
    return out->failed ? ydoc_err(&r->d, n, 0, e, "the text is longer than %zu bytes", out->max) : 0;
}
