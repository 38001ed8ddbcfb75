#include "cli/bench_private.h"

#include "base/file.h"
#include "base/xalloc.h"

struct bench *bench_new(const struct opt_table *t)
{
    struct bench *b = xcalloc(1, sizeof *b);
    b->t = t;
    return b;
}

static void free_values(struct bench_values *l)
{
    for (size_t i = 0; i < l->n; i++)
        bench_value_free(&l->v[i]);
    free(l->v);
    *l = (struct bench_values){0};
}

static void free_levels(struct bench *b)
{
    for (size_t i = 0; i < b->n_levels; i++) {
        free(b->level[i].name);
        free_values(&b->level[i].values);
    }
    free(b->level);
    b->level = NULL;
    b->n_levels = 0;
}

void bench_free(struct bench **bp)
{
    struct bench *b = *bp;
    if (!b)
        return;
    free_values(&b->values);
    free_levels(b);
    free(b);
    *bp = NULL;
}

/* What a stronger map, or a later file, says takes back what was said of the option, and of those that exclude it. */
static int make_room(const struct bench_reader *r, struct bench_values *l, const struct opt *o, unsigned rank,
                     const yaml_node_t *key, struct err *e)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->n; i++) {
        struct bench_value *v = &l->v[i];
        bool same = v->o == o, excludes = opt_same_group(v->o, o) && !(o->flags & OPT_TOGETHER);
        if ((same || excludes) && v->rank == rank)
            return same ? ydoc_err(&r->d, key, 0, e, "%s stands here twice; the other is in line %zu", o->name, v->line)
                        : ydoc_err(&r->d, key, 0, e, "%s and %s (line %zu) exclude each other; give one of them",
                                   o->name, v->o->name, v->line);
        if (same || excludes)
            bench_value_free(v);
        else
            l->v[kept++] = *v;
    }
    l->n = kept;
    return 0;
}

static int unknown(const struct bench *b, const struct bench_reader *r, bool level, const yaml_node_t *key,
                   struct err *e)
{
    static const char *const top[] = {"levels", NULL}, *const inner[] = {"name", NULL};
    struct str name = ydoc_text(key);
    char near[64];
    int cut = (int)MIN(name.n, (size_t)100);
    if (opt_suggest(b->t, name, level ? inner : top, near))
        return ydoc_err(&r->d, key, 0, e, "unknown option %.*s; did you mean %s?", cut, name.p, near);
    return ydoc_err(&r->d, key, 0, e, "unknown option %.*s; keys are the long names of weir %s --help", cut, name.p,
                    b->t->command);
}

static int add_option(struct bench *b, const struct bench_reader *r, struct bench_values *l, bool level,
                      const struct ydoc_member *m, struct err *e)
{
    struct str name = ydoc_text(m->key);
    const struct opt *o = opt_find(b->t, name), *opposite = o ? NULL : opt_find_negated(b->t, name);
    if (!o && !opposite)
        return unknown(b, r, level, m->key, e);
    o = o ? o : opposite;
    if (o->flags & OPT_NO_FILE)
        return ydoc_err(&r->d, m->key, 0, e, "%s belongs on the command line: --%s", o->name, o->name);
    if (level && !(o->flags & OPT_LEVEL))
        return ydoc_err(&r->d, m->key, 0, e,
                        "%s is of the whole run and cannot differ between levels; move it to the top", o->name);
    if (make_room(r, l, o, m->rank, m->key, e) < 0)
        return -1;
    l->v = xreallocarray(l->v, l->n + 1, sizeof *l->v);
    struct bench_value *v = &l->v[l->n++];
    *v = (struct bench_value){.o = o,
                              .rank = m->rank,
                              .line = m->key->start_mark.line + 1,
                              .value_line = m->value->start_mark.line + 1,
                              .value_column = m->value->start_mark.column + 1};
    snprintf(v->where, sizeof v->where, "%.255s:%zu", r->d.name, v->line);
    return bench_read_value(r, v, opposite != NULL, m->value, e);
}

static int take_name(const struct bench_reader *r, struct bench_level *l, const yaml_node_t *n, struct err *e)
{
    struct buf b = BUF_INIT(4096);
    bool secret = false;
    if (n->type != YAML_SCALAR_NODE || ydoc_null(n) || ydoc_text(n).n == 0)
        return ydoc_err(&r->d, n, 0, e, "name: write a word or a few for the level");
    int rc = bench_expand(r, n, &b, &secret, e);
    struct str s = buf_str(&b);
    for (size_t i = 0; rc == 0 && i < s.n; i++) {
        if ((unsigned char)s.p[i] < 32 || s.p[i] == 127)
            rc = ydoc_err(&r->d, n, 0, e, "name: must not hold control characters");
    }
    if (rc == 0 && s.n > 40)
        rc = ydoc_err(&r->d, n, 0, e, "name: is longer than 40 bytes");
    free(l->name);
    l->name = rc == 0 ? xmemdup0(s.p ? s.p : "", s.n) : NULL;
    buf_free(&b);
    return rc;
}

static int read_level(struct bench *b, const struct bench_reader *r, const yaml_node_t *n, struct bench_level *l,
                      struct err *e)
{
    struct ydoc_members m = {0};
    unsigned name_rank = 0;
    snprintf(l->where, sizeof l->where, "%.255s:%zu", r->d.name, n->start_mark.line + 1);
    l->column = n->start_mark.column + 1;
    if (n->type != YAML_MAPPING_NODE)
        return ydoc_err(&r->d, n, 0, e, "a level is a map of options, such as \"- rate: 5\"");
    int rc = ydoc_members(&r->d, n, &m, e);
    for (size_t i = 0; rc == 0 && i < m.n; i++) {
        struct str name = ydoc_text(m.v[i].key);
        if (str_starts(name, STR("x-")))
            continue;
        if (!str_eq(name, STR("name"))) {
            rc = add_option(b, r, &l->values, true, &m.v[i], e);
            continue;
        }
        rc = name_rank == m.v[i].rank ? ydoc_err(&r->d, m.v[i].key, 0, e, "name stands here twice")
                                      : take_name(r, l, m.v[i].value, e);
        name_rank = m.v[i].rank;
    }
    free(m.v);
    return rc;
}

static int read_levels(struct bench *b, const struct bench_reader *r, const struct ydoc_member *m, struct err *e)
{
    const yaml_node_t *list = m->value;
    if (b->n_levels > 0 && b->levels_rank == m->rank)
        return ydoc_err(&r->d, m->key, 0, e, "levels stands here twice; the other is in line %zu", b->levels_line);
    if (list->type != YAML_SEQUENCE_NODE || list->data.sequence.items.start == list->data.sequence.items.top)
        return ydoc_err(&r->d, list, 0, e, "levels is a list, with a \"- \" before each level");
    const yaml_node_item_t *start = list->data.sequence.items.start;
    size_t n = (size_t)(list->data.sequence.items.top - start);
    if (n > BENCH_MAX_LEVELS)
        return ydoc_err(&r->d, list, 0, e, "more than %d levels", BENCH_MAX_LEVELS);
    free_levels(b);
    b->levels_rank = m->rank;
    b->levels_line = m->key->start_mark.line + 1;
    b->level = xcalloc(n, sizeof *b->level);
    for (size_t i = 0; i < n; i++) {
        b->n_levels++;
        if (read_level(b, r, ydoc_node(&r->d, start[i]), &b->level[i], e) < 0)
            return -1;
    }
    return 0;
}

static int read_top(struct bench *b, const struct bench_reader *r, struct err *e)
{
    struct ydoc_members m = {.rank = b->rank};
    if (r->d.root->type != YAML_MAPPING_NODE)
        return ydoc_err(&r->d, r->d.root, 0, e, "a benchmark is a map of options, such as \"rate: 5\"");
    int rc = ydoc_members(&r->d, r->d.root, &m, e);
    for (size_t i = 0; rc == 0 && i < m.n; i++) {
        struct str name = ydoc_text(m.v[i].key);
        if (str_starts(name, STR("x-")))
            continue;
        rc = str_eq(name, STR("levels")) ? read_levels(b, r, &m.v[i], e)
                                         : add_option(b, r, &b->values, false, &m.v[i], e);
    }
    b->rank = m.rank;
    free(m.v);
    return rc;
}

int bench_add_text(struct bench *b, const char *name, struct str text, opt_env_fn *env, struct err *e)
{
    struct bench_reader r = {.env = env};
    int rc = ydoc_open(&r.d, name, text, e);
    if (rc == 0)
        rc = read_top(b, &r, e);
    ydoc_close(&r.d);
    return rc;
}

int bench_add_file(struct bench *b, const char *path, opt_env_fn *env, struct err *e)
{
    struct file_map m = {0};
    if (file_open_map(&m, path, YDOC_MAX_BYTES + 1, e) < 0) {
        if (e)
            e->code = ERR_USAGE;
        return err_prefix(e, "--file: ");
    }
    int rc = bench_add_text(b, strcmp(path, "-") == 0 ? "stdin" : path, m.text, env, e);
    file_close_map(&m);
    return rc;
}

size_t bench_levels(const struct bench *b)
{
    return b ? b->n_levels : 0;
}

const char *bench_level_name(const struct bench *b, size_t i)
{
    return b->level[i].name;
}

char *bench_level_where(const struct bench *b, size_t i, char out[320])
{
    snprintf(out, 320, "%s:%zu", b->level[i].where, b->level[i].column);
    return out;
}

static const struct bench_values *values_of(const struct bench *b, size_t level)
{
    return level == SIZE_MAX ? &b->values : &b->level[level].values;
}

int bench_apply(const struct bench *b, size_t level, void *config, struct opt_seen *seen, struct err *e)
{
    const struct bench_values *l = values_of(b, level);
    enum opt_source from = level == SIZE_MAX ? OPT_FROM_FILE : OPT_FROM_LEVEL;
    for (size_t i = 0; i < l->n; i++) {
        const struct bench_value *v = &l->v[i];
        size_t at = (size_t)(v->o - b->t->opts);
        for (size_t k = 0; k < v->n; k++) {
            if (opt_set(b->t, config, seen, v->o, v->text[k], from, e) == 0)
                continue;
            if (v->secret) /* the reason may quote it */
                err_set(e, ERR_USAGE, "%s: is refused; its value, from a variable, is not shown", v->o->name);
            return err_prefix(e, "%.*s:%zu:%zu: ", (int)(strrchr(v->where, ':') - v->where), v->where, v->value_line,
                              v->value_column);
        }
        if (seen->source[at] == from) {
            seen->where[at] = v->where;
            seen->secret[at] = v->secret;
        }
    }
    return 0;
}

const char *bench_written(const struct bench *b, size_t level, const struct opt *o, size_t i)
{
    const struct bench_values *l = b ? values_of(b, level) : NULL;
    for (size_t k = 0; l && k < l->n; k++) {
        if (l->v[k].o == o)
            return i < l->v[k].n ? l->v[k].raw[i] : NULL;
    }
    return NULL;
}
