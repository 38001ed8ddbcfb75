#include "load/ds_each.h"

#include "load/ds_formats.h"

/* Behind a bad element: on to the next, where the file goes on as JSON. */
static void skip_element(struct js *s, const char *at, unsigned depth)
{
    s->p = at;
    s->depth = depth;
    js_skip(s, NULL);
}

static int each_element(struct ds_reader *r, struct js *s, ds_read_fn *read, struct err *e)
{
    struct ds_line line;
    ds_line_init(&line, r->text);
    while (js_elem(s)) {
        const char *at = s->p;
        unsigned depth = s->depth;
        dataset_begin(r->ds);
        r->e = dataset_why(r->ds);
        int rc = read(r, s);
        if (s->bad || rc == DS_BAD_JSON)
            break;
        if (rc == 0)
            dataset_end(r->ds, ds_line_of(&line, at));
        else if (dataset_bad(r->ds, e))
            skip_element(s, at, depth);
        else
            return -1;
        dataset_progress(r->ds, at);
    }
    return s->bad ? ds_fail_json(e, r->path, r->text, s) : 0;
}

int ds_each_element(struct ds_reader *r, const char *what, ds_read_fn *read, struct err *e)
{
    struct js s;
    js_init(&s, r->text);
    if (js_peek(&s) != JS_ARR && !s.bad)
        return ds_fail(e, r->path, r->text, s.p, "the file is not a JSON array; put the %s between [ and ]", what);
    js_enter(&s, '[');
    if (each_element(r, &s, read, e) != 0)
        return -1;
    if (js_peek(&s) != JS_END)
        return ds_fail(e, r->path, r->text, s.bad ? s.bad : s.p,
                       "something follows the array of %s; put all between one [ and ]", what);
    return 0;
}

/* On failure r->e says why, whichever way the line was wrong. */
static int read_line(const struct ds_reader *r, struct str line, ds_read_fn *read)
{
    struct js s;
    js_init(&s, line);
    int rc = read(r, &s);
    if (rc == DS_SAID)
        return rc;
    if (rc == 0 && !s.bad && js_peek(&s) != JS_END)
        return ds_fail(r->e, r->path, r->text, s.bad ? s.bad : s.p,
                       "something follows the JSON value; write one value per line");
    if (!s.bad)
        return 0;
    if (s.bad == s.end)
        return ds_fail(r->e, r->path, r->text, line.p,
                       "invalid JSON: the line ends within the value; write each entry on one line");
    return ds_fail_json(r->e, r->path, r->text, &s);
}

int ds_each_line(struct ds_reader *r, ds_read_fn *read, struct err *e)
{
    struct str_split it = {.rest = r->text, .sep = '\n'};
    struct str line;
    for (size_t n = 1; str_next(&it, &line); n++) {
        if (str_trim(line).n == 0)
            continue;
        dataset_begin(r->ds);
        r->e = dataset_why(r->ds);
        if (read_line(r, line, read) == 0)
            dataset_end(r->ds, n);
        else if (!dataset_bad(r->ds, e))
            return -1;
        dataset_progress(r->ds, line.p);
    }
    return 0;
}
