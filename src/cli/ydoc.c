#include "cli/ydoc.h"

#include <stdarg.h>

#include "base/xalloc.h"

static int at_mark(const struct ydoc *d, yaml_mark_t m, size_t right, struct err *e, const char *fmt, va_list ap)
{
    char text[600];
    vsnprintf(text, sizeof text, fmt, ap);
    err_set(e, ERR_USAGE, "%.200s:%zu:%zu: %s", d->name, m.line + 1, m.column + 1 + right, text);
    if (e)
        e->line = m.line + 1;
    return -1;
}

int ydoc_err(const struct ydoc *d, const yaml_node_t *at, size_t right, struct err *e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    at_mark(d, at->start_mark, right, e, fmt, ap);
    va_end(ap);
    return -1;
}

static int ATTR_PRINTF(4, 5) err_mark(const struct ydoc *d, yaml_mark_t m, struct err *e, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    at_mark(d, m, 0, e, fmt, ap);
    va_end(ap);
    return -1;
}

/* Line and column of a byte, for what libyaml refuses before it counts lines. */
static yaml_mark_t mark_of(struct str text, size_t offset)
{
    yaml_mark_t m = {0};
    for (size_t i = 0; i < offset && i < text.n; i++) {
        m.column = text.p[i] == '\n' ? 0 : m.column + 1;
        m.line += text.p[i] == '\n';
    }
    return m;
}

static bool tab_at(struct str text, yaml_mark_t m)
{
    struct str_split it = {.rest = text, .sep = '\n'};
    struct str line;
    for (size_t i = 0; str_next(&it, &line); i++) {
        if (i == m.line)
            return m.column < line.n && line.p[m.column] == '\t';
    }
    return false;
}

static int syntax(const struct ydoc *d, const yaml_parser_t *p, struct str text, struct err *e)
{
    const char *problem = p->problem ? p->problem : "it cannot be read";
    if (p->error == YAML_READER_ERROR)
        return err_mark(d, mark_of(text, p->problem_offset), e, "%s; write plain UTF-8 text", problem);
    if (tab_at(text, p->problem_mark) || strstr(problem, "tab character"))
        return err_mark(d, p->problem_mark, e, "a tab; YAML is indented by spaces alone");
    if (strstr(problem, "mapping values are not allowed"))
        return err_mark(d, p->problem_mark, e,
                        "a second ':' in one line, or a line that is indented too far; put a value that holds ': ' in "
                        "quotes");
    return err_mark(d, p->problem_mark, e, "is not YAML: %s%s%s", problem, p->context ? " " : "",
                    p->context ? p->context : "");
}

struct walk {
    const struct ydoc *d;
    unsigned depth, visited;
};

static bool usual_tag(const char *tag)
{
    static const char core[] = "tag:yaml.org,2002:";
    return !tag || strncmp(tag, core, sizeof core - 1) == 0;
}

/* Depth first; an alias that leads back into itself ends at the depth. */
static int check(struct walk *w, const yaml_node_t *n, struct err *e)
{
    int rc = 0;
    if (++w->visited > YDOC_MAX_NODES)
        return ydoc_err(w->d, n, 0, e, "more than %d values, counting every use of an alias", YDOC_MAX_NODES);
    if (++w->depth > YDOC_MAX_DEPTH)
        return ydoc_err(w->d, n, 0, e, "more than %d levels deep; does an alias lead back into itself?",
                        YDOC_MAX_DEPTH);
    if (!usual_tag((const char *)n->tag))
        return ydoc_err(w->d, n, 0, e, "the tag %.60s means nothing here; leave it out", (const char *)n->tag);
    if (n->type == YAML_SEQUENCE_NODE) {
        for (const yaml_node_item_t *i = n->data.sequence.items.start; rc == 0 && i < n->data.sequence.items.top; i++)
            rc = check(w, ydoc_node(w->d, *i), e);
    } else if (n->type == YAML_MAPPING_NODE) {
        for (const yaml_node_pair_t *p = n->data.mapping.pairs.start; rc == 0 && p < n->data.mapping.pairs.top; p++) {
            const yaml_node_t *key = ydoc_node(w->d, p->key);
            if (key->type != YAML_SCALAR_NODE)
                return ydoc_err(w->d, key, 0, e, "a key must be a word; this is a list or a map");
            rc = check(w, key, e) < 0 ? -1 : check(w, ydoc_node(w->d, p->value), e);
        }
    }
    w->depth--;
    return rc;
}

static int load(struct ydoc *d, yaml_parser_t *p, struct str text, struct err *e)
{
    yaml_document_t next;
    if (!yaml_parser_load(p, &d->doc))
        return syntax(d, p, text, e);
    d->root = yaml_document_get_root_node(&d->doc);
    if (!d->root)
        return err_set(e, ERR_USAGE, "%.200s: is empty; write options as \"rate: 5\"", d->name);
    if (!yaml_parser_load(p, &next))
        return syntax(d, p, text, e);
    const yaml_node_t *second = yaml_document_get_root_node(&next);
    int rc = second ? ydoc_err(d, second, 0, e, "a second document; give each a file of its own") : 0;
    yaml_document_delete(&next);
    return rc;
}

int ydoc_open(struct ydoc *d, const char *name, struct str text, struct err *e)
{
    *d = (struct ydoc){.name = name};
    if (text.n > YDOC_MAX_BYTES)
        return err_set(e, ERR_USAGE, "%.200s: is larger than %d KiB; is it a benchmark's file?", name,
                       YDOC_MAX_BYTES >> 10);
    yaml_parser_t p;
    if (!yaml_parser_initialize(&p))
        return err_set(e, ERR_INTERNAL, "libyaml has no memory");
    yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&p, (const unsigned char *)(text.p ? text.p : ""), text.n);
    int rc = load(d, &p, text, e);
    yaml_parser_delete(&p);
    struct walk w = {.d = d};
    return rc < 0 ? -1 : check(&w, d->root, e);
}

void ydoc_close(struct ydoc *d)
{
    yaml_document_delete(&d->doc);
    d->root = NULL;
}

const yaml_node_t *ydoc_node(const struct ydoc *d, int index)
{
    return d->doc.nodes.start + index - 1;
}

struct str ydoc_text(const yaml_node_t *scalar)
{
    return (struct str){(const char *)scalar->data.scalar.value, scalar->data.scalar.length};
}

bool ydoc_plain(const yaml_node_t *scalar)
{
    return scalar->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

bool ydoc_null(const yaml_node_t *n)
{
    if (n->type != YAML_SCALAR_NODE || !ydoc_plain(n))
        return false;
    struct str s = ydoc_text(n);
    return s.n == 0 || str_eq(s, STR("~")) || str_ieq(s, STR("null"));
}

static bool is_merge(const yaml_node_t *key)
{
    return ydoc_plain(key) && str_eq(ydoc_text(key), STR("<<"));
}

static int flatten(const struct ydoc *d, const yaml_node_t *map, struct ydoc_members *m, struct err *e);

static int merge(const struct ydoc *d, const yaml_node_t *what, struct ydoc_members *m, struct err *e)
{
    if (what->type == YAML_MAPPING_NODE)
        return flatten(d, what, m, e);
    if (what->type != YAML_SEQUENCE_NODE)
        return ydoc_err(d, what, 0, e, "<< takes a map, or a list of maps, such as *common");
    for (const yaml_node_item_t *i = what->data.sequence.items.top; i-- > what->data.sequence.items.start;) {
        const yaml_node_t *one = ydoc_node(d, *i);
        if (one->type != YAML_MAPPING_NODE)
            return ydoc_err(d, one, 0, e, "<< takes a map, or a list of maps, such as *common");
        if (flatten(d, one, m, e) < 0)
            return -1;
    }
    return 0;
}

static int flatten(const struct ydoc *d, const yaml_node_t *map, struct ydoc_members *m, struct err *e)
{
    const yaml_node_pair_t *start = map->data.mapping.pairs.start, *top = map->data.mapping.pairs.top;
    bool merged = false;
    for (const yaml_node_pair_t *p = start; p < top; p++) {
        const yaml_node_t *key = ydoc_node(d, p->key);
        if (!is_merge(key))
            continue;
        if (merged)
            return ydoc_err(d, key, 0, e, "<< stands here twice; give it a list: [*a, *b]");
        merged = true;
        if (merge(d, ydoc_node(d, p->value), m, e) < 0)
            return -1;
    }
    unsigned rank = ++m->rank;
    m->v = xreallocarray(m->v, m->n + (size_t)(top - start) + 1, sizeof *m->v);
    for (const yaml_node_pair_t *p = start; p < top; p++) {
        const yaml_node_t *key = ydoc_node(d, p->key);
        if (!is_merge(key))
            m->v[m->n++] = (struct ydoc_member){key, ydoc_node(d, p->value), rank};
    }
    return 0;
}

int ydoc_members(const struct ydoc *d, const yaml_node_t *map, struct ydoc_members *m, struct err *e)
{
    m->v = NULL;
    m->n = 0;
    return flatten(d, map, m, e);
}
