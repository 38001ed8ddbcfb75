/* ds_ipex.c - one JSON object of prompts by family of models and by length in tokens: {"llama": {"32": "...", "64":
 * "..."}}.
 * --dataset-key chooses: "llama/32" one prompt, "llama" all of that family; without it all are sent. The length is kept
 * as what the dataset says of the prompt. */
#include "load/ds_formats.h"
#include "load/ds_util.h"

#define LIST_MAX 600 /* bytes of names in a message */

/* {"a": {"1": "..." in front; the text may be cut off anywhere behind. */
static enum ds_sure sniff(struct str text, const char *path)
{
    struct js s;
    struct str family, length;
    int64_t n;
    js_init(&s, text);
    if (js_peek(&s) != JS_OBJ || !js_enter(&s, '{') || !js_key(&s, &family) || js_peek(&s) != JS_OBJ)
        return DS_NO;
    if (!js_enter(&s, '{') || !js_key(&s, &length) || js_peek(&s) != JS_STR || parse_i64(length, &n) != 0)
        return DS_NO;
    return DS_BY_CONTENT;
}

struct choice {
    struct str family, length; /* "" of both: all */
    struct buf *seen;          /* the names that were there to choose from */
    bool family_seen;
};

static struct choice choice_of(const char *key, struct buf *seen)
{
    struct str all = str_of(key);
    ptrdiff_t slash = str_chr(all, '/');
    struct choice c = {all, STR(""), seen, false};
    if (slash >= 0) {
        c.family = str_sub(all, 0, (size_t)slash);
        c.length = str_sub(all, (size_t)slash + 1, all.n);
    }
    return c;
}

static void note_name(struct choice *c, struct str name)
{
    if (c->seen->n < LIST_MAX)
        buf_addf(c->seen, "%s" STR_FMT, c->seen->n ? ", " : "", (int)MIN(name.n, 60u), name.p);
}

static bool chosen(struct str wanted, struct str name)
{
    return wanted.n == 0 || str_eq(wanted, name);
}

static int read_prompt(const struct ds_reader *r, struct js *s, struct str length)
{
    struct str prompt;
    int64_t n;
    dataset_begin(r->ds);
    if (js_peek(s) != JS_STR && !s->bad)
        return ds_fail(r->e, r->path, r->text, s->p, "the prompt is not a string; write its text in quotes");
    if (js_string(s, &prompt) != 0)
        return DS_BAD_JSON;
    if (prompt.n > 0)
        dataset_add_escaped(r->ds, ROLE_USER, prompt);
    if (parse_i64(length, &n) == 0 && n > 0)
        dataset_extra(r->ds)->tokens_in = n;
    return 0;
}

/* A bad prompt is one value: when it is counted only, the scanner stands before it or behind it. */
static int take_prompt(struct ds_reader *r, struct js *s, struct ds_line *line, struct str length, struct err *e)
{
    const char *at = s->p;
    r->e = dataset_why(r->ds);
    int rc = read_prompt(r, s, length);
    if (rc == 0)
        dataset_end(r->ds, ds_line_of(line, at));
    else if (rc == DS_SAID && dataset_bad(r->ds, e))
        rc = js_skip(s, NULL);
    return rc;
}

static int read_family(struct ds_reader *r, struct js *s, struct ds_line *line, struct choice *c, struct err *e)
{
    struct str length;
    if (js_peek(s) != JS_OBJ && !s->bad)
        return ds_fail(e, r->path, r->text, s->p, "a family is not an object of prompts by length");
    js_enter(s, '{');
    while (js_key(s, &length)) {
        note_name(c, length);
        int rc = chosen(c->length, length) ? take_prompt(r, s, line, length, e) : js_skip(s, NULL);
        if (rc != 0)
            return rc;
    }
    return s->bad ? DS_BAD_JSON : 0;
}

static int read_all(struct ds_reader *r, struct js *s, struct choice *c, struct err *e)
{
    struct ds_line line;
    struct str family;
    ds_line_init(&line, r->text);
    if (js_peek(s) != JS_OBJ && !s->bad)
        return ds_fail(e, r->path, r->text, s->p, "the file is not a JSON object of families of models");
    js_enter(s, '{');
    while (js_key(s, &family)) {
        int rc;
        if (!c->family_seen)
            note_name(c, family);
        if (chosen(c->family, family)) {
            if (!c->family_seen)
                buf_clear(c->seen);
            c->family_seen = true;
            rc = read_family(r, s, &line, c, e);
        } else {
            rc = js_skip(s, NULL);
        }
        if (rc != 0)
            return rc;
    }
    return s->bad ? DS_BAD_JSON : 0;
}

static int load(struct dataset *ds, struct str text, const char *path, struct err *e)
{
    struct ds_reader r = {ds, text, path, NULL, NULL};
    struct buf seen = BUF_INIT(64 * 1024);
    const char *key = dataset_opts(ds)->key;
    struct choice c = choice_of(key ? key : "", &seen);
    struct js s;
    js_init(&s, text);
    int rc = read_all(&r, &s, &c, e);
    if (s.bad)
        rc = ds_fail_json(e, path, text, &s);
    else if (rc == 0 && js_peek(&s) != JS_END)
        rc = ds_fail(e, path, text, s.bad ? s.bad : s.p, "something follows the object of families");
    else if (rc == 0 && key && dataset_n(ds) == 0 && dataset_get_stats(ds)->bad == 0)
        rc = err_set(e, ERR_DATA, "%s: has no \"%.100s\"; --dataset-key can choose from %s", path, key,
                     seen.n ? buf_str(&seen).p : "nothing: the file is empty");
    buf_free(&seen);
    return rc;
}

const struct dataset_ops ds_ipex = {
    .name = "ipex",
    .help = "JSON object of prompts by family and length",
    .sniff = sniff,
    .load = load,
};
