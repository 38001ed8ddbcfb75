/* ds_csv.c - a prompt per row: columns prompt, system, answer, max_tokens, input_tokens, class, model and at, or as
 * --dataset-fields calls them. */
#include "load/ds_csv.h"

#include "base/xalloc.h"
#include "load/csv.h"
#include "load/ds_formats.h"

struct columns {
    size_t at[FIELD_N]; /* SIZE_MAX: there is none */
    size_t n;           /* of the header */
};

static struct str first_line(struct str text)
{
    ptrdiff_t nl = str_chr(text, '\n');
    return nl < 0 ? text : str_sub(text, 0, (size_t)nl);
}

static ptrdiff_t column(const struct csv *c, struct str name)
{
    for (size_t i = 0; i < c->n; i++) {
        if (str_ieq(str_trim(c->field[i]), name))
            return (ptrdiff_t)i;
    }
    return -1;
}

bool ds_csv_has(struct str text, const char *const *columns, size_t n)
{
    struct csv *c = xmalloc(sizeof *c);
    struct str line = first_line(text);
    csv_init(c, line, csv_guess_sep(line));
    bool all = csv_next(c) == 1;
    for (size_t i = 0; all && i < n; i++)
        all = column(c, str_of(columns[i])) >= 0;
    csv_free(c);
    free(c);
    return all;
}

static void list_columns(const struct csv *c, struct buf *out)
{
    for (size_t i = 0; i < c->n && out->n < 600; i++)
        buf_addf(out, "%s" STR_FMT, i ? ", " : "", (int)MIN(c->field[i].n, 60u), c->field[i].p);
}

static int find_columns(const struct ds_reader *r, const struct csv *c, const struct ds_map *map, struct columns *cols,
                        struct err *e)
{
    struct str missing = STR("");
    cols->n = c->n;
    for (size_t i = 0; i < FIELD_N; i++) {
        ptrdiff_t at = map->name[i].n ? column(c, map->name[i]) : -1;
        cols->at[i] = at < 0 ? SIZE_MAX : (size_t)at;
        if (at < 0 && map->given[i])
            missing = map->name[i];
    }
    if (missing.n == 0 && cols->at[FIELD_PROMPT] == SIZE_MAX && cols->at[FIELD_INPUT_TOKENS] == SIZE_MAX)
        missing = map->name[FIELD_PROMPT];
    if (missing.n == 0)
        return 0;
    struct buf names = BUF_INIT(4096);
    list_columns(c, &names);
    ds_fail(e, r->path, r->text, c->at,
            "there is no column \"" STR_FMT "\" but %s; --dataset-fields says what the header calls each field",
            STR_ARG(missing), buf_str(&names).p);
    buf_free(&names);
    return -1;
}

static int read_row(const struct ds_reader *r, const struct csv *c, const struct ds_map *map,
                    const struct columns *cols)
{
    struct ds_values v = {.unit = NS_PER_S};
    if (c->n > cols->n)
        return ds_fail(r->e, r->path, r->text, c->at,
                       "%zu fields, but the header names %zu; a text with a separator in it needs quotes", c->n,
                       cols->n);
    for (size_t i = 0; i < FIELD_N; i++) {
        v.has[i] = cols->at[i] < c->n && c->field[cols->at[i]].n > 0;
        if (v.has[i])
            v.v[i] = c->field[cols->at[i]];
    }
    return ds_put(r, map, &v, c->at);
}

static int read_rows(struct ds_reader *r, struct csv *c, const struct ds_map *map, struct err *e)
{
    struct columns cols;
    struct ds_line line;
    int k = csv_next(c);
    if (k == 0)
        return 0;
    if (k < 0)
        return ds_fail(e, r->path, r->text, c->at, "%s", c->what);
    if (find_columns(r, c, map, &cols, e) != 0)
        return -1;
    ds_line_init(&line, r->text);
    while ((k = csv_next(c)) != 0) {
        dataset_begin(r->ds);
        r->e = dataset_why(r->ds);
        int rc = k < 0 ? ds_fail(r->e, r->path, r->text, c->at, "%s", c->what) : read_row(r, c, map, &cols);
        if (rc == 0)
            dataset_end(r->ds, ds_line_of(&line, c->at));
        else if (!dataset_bad(r->ds, e))
            return -1;
        dataset_progress(r->ds, c->at);
    }
    return 0;
}

int ds_csv_load(struct dataset *ds, struct str text, const char *path, const struct ds_map *own, struct err *e)
{
    struct ds_reader r = {ds, text, path, NULL, NULL};
    struct ds_map map = *own;
    if (ds_map_parse(&map, dataset_opts(ds)->fields, e) != 0)
        return err_prefix(e, "--dataset-fields: ");
    struct csv *c = xmalloc(sizeof *c);
    csv_init(c, text, csv_guess_sep(first_line(text)));
    int rc = read_rows(&r, c, &map, e);
    csv_free(c);
    free(c);
    return rc;
}

static enum ds_sure sniff(struct str text, const char *path)
{
    static const char *const prompt[] = {"prompt"};
    char c = ds_first_char(text);
    struct str line = first_line(text);
    if (c == '{' || c == '[' || line.n > 4096)
        return DS_NO;
    if (ds_has_ext(path, ".csv") || ds_has_ext(path, ".tsv"))
        return DS_BY_NAME;
    return str_chr(line, csv_guess_sep(line)) >= 0 && ds_csv_has(text, prompt, 1) ? DS_BY_CONTENT : DS_NO;
}

static int load(struct dataset *ds, struct str text, const char *path, struct err *e)
{
    return ds_csv_load(ds, text, path, &ds_map_plain, e);
}

const struct dataset_ops ds_csv = {
    .name = "csv",
    .help = "a row per prompt, columns by name",
    .by_fields = true,
    .sniff = sniff,
    .load = load,
};
