/* ds_jsonl.c - a prompt per JSON object, one object per line or all in one array: members prompt, system, answer,
 * max_tokens, input_tokens, class, model and at, or as --dataset-fields calls them, where dots go deeper
 * ("prompt=request.text", "prompt=turns.0"). */
#include "load/ds_each.h"
#include "load/ds_fields.h"
#include "load/ds_formats.h"

/* An object with a member in front, or an array of such. */
static bool like_objects(struct str text)
{
    struct js s;
    struct str key;
    js_init(&s, text);
    if (js_peek(&s) == JS_ARR && (!js_enter(&s, '[') || !js_elem(&s)))
        return false;
    return js_peek(&s) == JS_OBJ && js_enter(&s, '{') && js_key(&s, &key);
}

static enum ds_sure sniff(struct str text, const char *path)
{
    if (!like_objects(text))
        return DS_NO;
    return ds_head_has(text, "\"prompt\"") ? DS_BY_CONTENT : DS_ANYTHING;
}

static int take_value(const struct ds_reader *r, struct ds_values *v, enum ds_field f, struct str name, struct str raw)
{
    bool text = raw.p[0] == '"';
    if (raw.p[0] == 'n')
        return 0;
    if (!text && (f == FIELD_PROMPT || f == FIELD_SYSTEM || f == FIELD_ANSWER || f == FIELD_CLASS || f == FIELD_MODEL))
        return ds_fail(r->e, r->path, r->text, raw.p, "\"" STR_FMT "\" is not a string; write its text in quotes",
                       STR_ARG(name));
    v->v[f] = text ? str_sub(raw, 1, raw.n - 2) : raw;
    v->has[f] = true;
    return 0;
}

/* One member: a name of the map is its key, or goes deeper behind it. */
static int take_member(const struct ds_reader *r, const struct ds_map *map, struct ds_values *v, struct str key,
                       struct str raw)
{
    for (size_t i = 0; i < FIELD_N; i++) {
        struct str name = map->name[i], deep;
        char path[256];
        if (str_eq(name, key)) {
            if (take_value(r, v, i, name, raw) != 0)
                return DS_SAID;
        } else if (name.n > key.n + 1 && name.p[key.n] == '.' && str_starts(name, key) && name.n < sizeof path) {
            snprintf(path, sizeof path, STR_FMT, STR_ARG(str_sub(name, key.n + 1, name.n)));
            if (js_path(raw, path, &deep) == 0 && take_value(r, v, i, name, deep) != 0)
                return DS_SAID;
        }
    }
    return 0;
}

static int read_entry(const struct ds_reader *r, struct js *s)
{
    const struct ds_map *map = r->arg;
    struct ds_values v = {.escaped = true, .unit = NS_PER_S};
    struct str key, raw;
    if (js_peek(s) != JS_OBJ && !s->bad)
        return ds_fail(r->e, r->path, r->text, s->p, "not a JSON object; each entry needs {\"" STR_FMT "\": \"...\"}",
                       STR_ARG(map->name[FIELD_PROMPT]));
    const char *at = s->p;
    js_enter(s, '{');
    while (js_key(s, &key)) {
        if (js_skip(s, &raw) != 0)
            return DS_BAD_JSON;
        if (take_member(r, map, &v, key, raw) != 0)
            return DS_SAID;
    }
    return s->bad ? DS_BAD_JSON : ds_put(r, map, &v, at);
}

static int load(struct dataset *ds, struct str text, const char *path, struct err *e)
{
    struct ds_map map = ds_map_plain;
    struct ds_reader r = {ds, text, path, NULL, &map};
    if (ds_map_parse(&map, dataset_opts(ds)->fields, e) != 0)
        return err_prefix(e, "--dataset-fields: ");
    return ds_first_char(text) == '[' ? ds_each_element(&r, "objects", read_entry, e) : ds_each_line(&r, read_entry, e);
}

const struct dataset_ops ds_jsonl = {
    .name = "jsonl",
    .help = "a JSON object per prompt, members by name",
    .by_fields = true,
    .sniff = sniff,
    .load = load,
};
