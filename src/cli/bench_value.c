/* bench_value.c - from what stands behind a key to the text that the option's row reads. */
#include <ctype.h>

#include "base/jout.h"
#include "base/xalloc.h"
#include "cli/bench_private.h"

enum { MAX_TEXT = YDOC_MAX_BYTES };

/* What one value is read with: the expanded text and the text as written, side by side. */
struct pair {
    struct buf text, raw;
};

static void pair_init(struct pair *p)
{
    buf_init(&p->text, MAX_TEXT);
    buf_init(&p->raw, MAX_TEXT);
}

static void pair_free(struct pair *p)
{
    buf_free(&p->text);
    buf_free(&p->raw);
}

static void pair_addz(struct pair *p, const char *z)
{
    buf_addz(&p->text, z);
    buf_addz(&p->raw, z);
}

void bench_value_add(struct bench_value *v, const char *text, const char *raw)
{
    v->text = xreallocarray(v->text, v->n + 1, sizeof *v->text);
    v->raw = xreallocarray(v->raw, v->n + 1, sizeof *v->raw);
    v->text[v->n] = xstrdup(text);
    v->raw[v->n++] = xstrdup(raw);
}

void bench_value_free(struct bench_value *v)
{
    for (size_t i = 0; i < v->n; i++) {
        free(v->text[i]);
        free(v->raw[i]);
    }
    free(v->text);
    free(v->raw);
    v->text = v->raw = NULL;
    v->n = 0;
}

/* A pair that did not fit is an error of the node. */
static int finish(const struct bench_reader *r, struct bench_value *v, struct pair *p, const yaml_node_t *n,
                  struct err *e)
{
    if (p->text.failed || p->raw.failed)
        return ydoc_err(&r->d, n, 0, e, "%s: the value is longer than %d KiB", v->o->name, MAX_TEXT >> 10);
    bench_value_add(v, p->text.p ? p->text.p : "", p->raw.p ? p->raw.p : "");
    return 0;
}

static int scalar(const struct bench_reader *r, struct bench_value *v, const yaml_node_t *n, struct pair *p,
                  struct err *e)
{
    if (n->type != YAML_SCALAR_NODE)
        return ydoc_err(&r->d, n, 0, e, "%s: a single value belongs here, not a %s", v->o->name,
                        n->type == YAML_SEQUENCE_NODE ? "list" : "map");
    if (ydoc_null(n))
        return ydoc_err(&r->d, n, 0, e, "%s has no value; give one, or leave the line out", v->o->name);
    buf_adds(&p->raw, ydoc_text(n));
    return bench_expand(r, n, &p->text, &v->secret, e);
}

static int of_scalar(const struct bench_reader *r, struct bench_value *v, bool negated, const yaml_node_t *n,
                     struct err *e)
{
    static const char *const yes[] = {"1", "true", "yes", "on"}, *const no[] = {"0", "false", "no", "off"};
    struct pair p;
    pair_init(&p);
    int rc = scalar(r, v, n, &p, e);
    for (size_t i = 0; rc == 0 && negated && i < ARRAY_LEN(yes); i++) {
        bool is_yes = str_ieq(buf_str(&p.text), str_of(yes[i]));
        if (!is_yes && !str_ieq(buf_str(&p.text), str_of(no[i])))
            continue;
        pair_free(&p);
        pair_init(&p);
        pair_addz(&p, is_yes ? "false" : "true");
        break;
    }
    rc = rc < 0 ? -1 : finish(r, v, &p, n, e);
    pair_free(&p);
    return rc;
}

static int of_list(const struct bench_reader *r, struct bench_value *v, const yaml_node_t *n, struct err *e)
{
    const yaml_node_item_t *start = n->data.sequence.items.start, *top = n->data.sequence.items.top;
    bool each = v->o->kind == OPT_LIST;
    const char sep[] = {v->o->list, 0};
    struct pair p;
    int rc = 0;
    if (!each && !v->o->list)
        return ydoc_err(&r->d, n, 0, e, "%s takes one value, not a list", v->o->name);
    if (start == top)
        return ydoc_err(&r->d, n, 0, e, "%s: the list is empty; leave the line out", v->o->name);
    pair_init(&p);
    for (const yaml_node_item_t *i = start; rc == 0 && i < top; i++) {
        if (!each && i > start)
            pair_addz(&p, sep);
        rc = scalar(r, v, ydoc_node(&r->d, *i), &p, e);
        if (rc == 0 && each) {
            rc = finish(r, v, &p, n, e);
            buf_clear(&p.text);
            buf_clear(&p.raw);
        }
    }
    if (rc == 0 && !each)
        rc = finish(r, v, &p, n, e);
    pair_free(&p);
    return rc;
}

/* The members of a map that is a value, merged; of equal keys the strongest stays, two of one map are an error. */
static int value_members(const struct bench_reader *r, const yaml_node_t *map, struct ydoc_members *m, struct err *e)
{
    m->rank = 0;
    if (ydoc_members(&r->d, map, m, e) < 0)
        return -1;
    size_t kept = 0;
    for (size_t i = 0; i < m->n; i++) {
        const struct ydoc_member *x = &m->v[i];
        size_t k = 0;
        while (k < kept && !str_eq(ydoc_text(m->v[k].key), ydoc_text(x->key)))
            k++;
        if (k < kept && m->v[k].rank == x->rank)
            return ydoc_err(&r->d, x->key, 0, e, "%.*s stands here twice; the other is in line %zu",
                            (int)MIN(ydoc_text(x->key).n, (size_t)100), ydoc_text(x->key).p,
                            m->v[k].key->start_mark.line + 1);
        m->v[k] = *x;
        kept += k == kept;
    }
    m->n = kept;
    return 0;
}

/* {NAME: VALUE}: a "NAME: VALUE" each. */
static int of_lines(const struct bench_reader *r, struct bench_value *v, const struct ydoc_members *m, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < m->n; i++) {
        struct pair p;
        pair_init(&p);
        buf_adds(&p.text, ydoc_text(m->v[i].key));
        buf_adds(&p.raw, ydoc_text(m->v[i].key));
        pair_addz(&p, ": ");
        rc = scalar(r, v, m->v[i].value, &p, e) < 0 ? -1 : finish(r, v, &p, m->v[i].key, e);
        pair_free(&p);
    }
    return rc;
}

/* More is better of these, so that a limit without a sign is the least that is wanted. */
static bool more_is_better(struct str metric)
{
    static const char *const names[] = {"success_rate", "rate", "output_tok_s"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eqz(metric, names[i]))
            return true;
    }
    return false;
}

/* "metric:statistic<limit", or "key:value" of a map of pairs. */
static int put_term(const struct bench_reader *r, struct bench_value *v, struct str metric, struct str statistic,
                    const yaml_node_t *limit, struct pair *p, struct err *e)
{
    struct pair value;
    pair_init(&value);
    int rc = scalar(r, v, limit, &value, e);
    char head[200];
    bool pairs = v->o->map == OPT_MAP_PAIRS, sign = value.text.n > 0 && strchr("<>", value.text.p[0]);
    snprintf(head, sizeof head, "%s%.90s%s%.90s%s", p->text.n ? "," : "", metric.n ? metric.p : "",
             statistic.n ? ":" : "", statistic.n ? statistic.p : "",
             pairs                    ? ":"
             : sign                   ? ""
             : more_is_better(metric) ? ">"
                                      : "<");
    pair_addz(p, head);
    buf_adds(&p->text, buf_str(&value.text));
    buf_adds(&p->raw, buf_str(&value.raw));
    pair_free(&value);
    return rc;
}

static int of_terms(const struct bench_reader *r, struct bench_value *v, const struct ydoc_members *m, struct pair *p,
                    struct err *e)
{
    for (size_t i = 0; i < m->n; i++) {
        const yaml_node_t *value = m->v[i].value;
        struct str metric = ydoc_text(m->v[i].key);
        struct ydoc_members inner = {0};
        int rc = 0;
        if (v->o->map == OPT_MAP_LIMITS && value->type == YAML_MAPPING_NODE) {
            rc = value_members(r, value, &inner, e);
            for (size_t k = 0; rc == 0 && k < inner.n; k++)
                rc = put_term(r, v, metric, ydoc_text(inner.v[k].key), inner.v[k].value, p, e);
        } else {
            rc = put_term(r, v, metric, (struct str){0}, value, p, e);
        }
        free(inner.v);
        if (rc < 0)
            return -1;
    }
    return 0;
}

/* RFC 8259, section 6. */
static bool json_number(struct str s)
{
    size_t i = 0;
    i += i < s.n && s.p[i] == '-';
    size_t first = i;
    while (i < s.n && isdigit((unsigned char)s.p[i]))
        i++;
    if (i == first || (s.p[first] == '0' && i > first + 1))
        return false;
    if (i < s.n && s.p[i] == '.') {
        size_t from = ++i;
        while (i < s.n && isdigit((unsigned char)s.p[i]))
            i++;
        if (i == from)
            return false;
    }
    if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
        i++;
        i += i < s.n && (s.p[i] == '+' || s.p[i] == '-');
        size_t from = i;
        while (i < s.n && isdigit((unsigned char)s.p[i]))
            i++;
        if (i == from)
            return false;
    }
    return i == s.n;
}

static void put_typed(struct jout *j, const yaml_node_t *n, struct str s)
{
    if (ydoc_null(n))
        jo_null(j);
    else if (ydoc_plain(n) && (str_eq(s, STR("true")) || str_eq(s, STR("false")) || json_number(s)))
        jo_raw(j, s);
    else
        jo_str(j, s);
}

static int put_json_scalar(const struct bench_reader *r, struct bench_value *v, const yaml_node_t *n, struct jout *text,
                           struct jout *raw, struct err *e)
{
    struct buf b = BUF_INIT(MAX_TEXT);
    int rc = bench_expand(r, n, &b, &v->secret, e);
    put_typed(text, n, buf_str(&b));
    put_typed(raw, n, ydoc_text(n));
    buf_free(&b);
    return rc;
}

static int put_json(const struct bench_reader *r, struct bench_value *v, const yaml_node_t *n, struct jout *text,
                    struct jout *raw, struct err *e)
{
    int rc = 0;
    if (n->type == YAML_SCALAR_NODE)
        return put_json_scalar(r, v, n, text, raw, e);
    if (n->type == YAML_SEQUENCE_NODE) {
        jo_arr(text);
        jo_arr(raw);
        for (const yaml_node_item_t *i = n->data.sequence.items.start; rc == 0 && i < n->data.sequence.items.top; i++)
            rc = put_json(r, v, ydoc_node(&r->d, *i), text, raw, e);
        jo_end_arr(text);
        jo_end_arr(raw);
        return rc;
    }
    struct ydoc_members m;
    rc = value_members(r, n, &m, e);
    jo_obj(text);
    jo_obj(raw);
    for (size_t i = 0; rc == 0 && i < m.n; i++) {
        char *key = xmemdup0(ydoc_text(m.v[i].key).p, ydoc_text(m.v[i].key).n);
        jo_key(text, key);
        jo_key(raw, key);
        free(key);
        rc = put_json(r, v, m.v[i].value, text, raw, e);
    }
    jo_end_obj(text);
    jo_end_obj(raw);
    free(m.v);
    return rc;
}

static int of_map(const struct bench_reader *r, struct bench_value *v, const yaml_node_t *n, struct err *e)
{
    struct pair p;
    struct ydoc_members m = {0};
    struct jout text, raw;
    int rc = 0;
    if (v->o->map == OPT_MAP_NONE)
        return ydoc_err(&r->d, n, 0, e, "%s takes a %s, not a map", v->o->name,
                        v->o->kind == OPT_LIST || v->o->list ? "value or a list" : "value");
    pair_init(&p);
    if (v->o->map == OPT_MAP_JSON) {
        jo_init(&text, &p.text, 0);
        jo_init(&raw, &p.raw, 0);
        rc = put_json(r, v, n, &text, &raw, e);
    } else {
        rc = value_members(r, n, &m, e);
        if (rc == 0 && m.n == 0)
            rc = ydoc_err(&r->d, n, 0, e, "%s: the map is empty; leave the line out", v->o->name);
        if (rc == 0)
            rc = v->o->map == OPT_MAP_LINES ? of_lines(r, v, &m, e) : of_terms(r, v, &m, &p, e);
    }
    if (rc == 0 && v->o->map != OPT_MAP_LINES)
        rc = finish(r, v, &p, n, e);
    free(m.v);
    pair_free(&p);
    return rc;
}

int bench_read_value(const struct bench_reader *r, struct bench_value *v, bool negated, const yaml_node_t *n,
                     struct err *e)
{
    if (n->type == YAML_MAPPING_NODE)
        return of_map(r, v, n, e);
    if (n->type == YAML_SEQUENCE_NODE)
        return of_list(r, v, n, e);
    return of_scalar(r, v, negated, n, e);
}
