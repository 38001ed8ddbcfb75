/* ds_conversations.c - an array of {"prompt_content": "...", "cut_chat_history": [{"role": ..., "content": ...}, ...]}.
 * Sent: prompt_content as the system message when it is not empty, then each turn in order, but for turns whose role is
 * system and turns whose role or content is empty. Other fields are ignored. */
#include "load/ds_each.h"
#include "load/ds_formats.h"

static enum ds_sure sniff(struct str text, const char *path)
{
    char c = ds_first_char(text);
    if ((c == '[' || c == '{') &&
        (ds_head_has(text, "\"cut_chat_history\"") || ds_head_has(text, "\"prompt_content\"")))
        return DS_BY_CONTENT;
    bool other = ds_head_has(text, "\"messages\"") || ds_head_has(text, "\"role\"");
    return ds_has_ext(path, ".json") && !other ? DS_BY_NAME : DS_NO;
}

/* A string, or null for an empty one; *seen says that the field was there. */
static int read_text(const struct ds_reader *r, struct js *s, const char *field, struct str *out, bool *seen)
{
    enum js_type t = js_peek(s);
    *seen = true;
    *out = STR("");
    if (t == JS_NULL)
        return js_skip(s, NULL);
    if (t != JS_STR && t != JS_BAD)
        return ds_fail(r->e, r->path, r->text, s->p, "\"%s\" is not a string; write its text in quotes", field);
    return js_string(s, out);
}

static int read_turn(const struct ds_reader *r, struct js *s)
{
    struct str key, role = STR(""), content = STR("");
    bool has_role = false, has_content = false;
    enum plan_role which;
    if (js_peek(s) != JS_OBJ && !s->bad)
        return ds_fail(r->e, r->path, r->text, s->p,
                       "a turn of \"cut_chat_history\" is not an object; each turn needs "
                       "role and content");
    const char *at = s->p;
    js_enter(s, '{');
    while (js_key(s, &key)) {
        int rc;
        if (js_raw_eq(key, "role"))
            rc = read_text(r, s, "role", &role, &has_role);
        else if (js_raw_eq(key, "content"))
            rc = read_text(r, s, "content", &content, &has_content);
        else
            rc = js_skip(s, NULL);
        if (rc != 0)
            return rc;
    }
    if (s->bad)
        return DS_BAD_JSON;
    if (!has_role || !has_content)
        return ds_fail(r->e, r->path, r->text, at, "\"%s\" is missing; each turn needs role and content",
                       has_role ? "content" : "role");
    if (role.n == 0 || content.n == 0) {
        dataset_skipped(r->ds);
        return 0;
    }
    if (ds_role(role, &which) != 0)
        return ds_fail(r->e, r->path, r->text, at, "\"role\" is \"" STR_FMT "\"; use user, assistant or system",
                       (int)MIN(role.n, 60u), role.p);
    if (which == ROLE_SYSTEM)
        dataset_skipped(r->ds);
    else
        dataset_add_escaped(r->ds, which, content);
    return 0;
}

static int read_history(const struct ds_reader *r, struct js *s)
{
    if (js_peek(s) != JS_ARR && !s->bad)
        return ds_fail(r->e, r->path, r->text, s->p, "\"cut_chat_history\" is not an array of turns");
    js_enter(s, '[');
    while (js_elem(s)) {
        int rc = read_turn(r, s);
        if (rc != 0)
            return rc;
    }
    return s->bad ? DS_BAD_JSON : 0;
}

/* One conversation. */
static int read_entry(const struct ds_reader *r, struct js *s)
{
    struct str key, prompt = STR("");
    bool has_prompt = false, has_history = false;
    if (js_peek(s) != JS_OBJ && !s->bad)
        return ds_fail(r->e, r->path, r->text, s->p,
                       "an entry is not an object; each conversation needs prompt_content and "
                       "cut_chat_history");
    const char *at = s->p;
    js_enter(s, '{');
    dataset_begin(r->ds);
    while (js_key(s, &key)) {
        int rc = 0;
        if (js_raw_eq(key, "prompt_content")) {
            rc = read_text(r, s, "prompt_content", &prompt, &has_prompt);
        } else if (js_raw_eq(key, "cut_chat_history")) {
            has_history = true;
            rc = read_history(r, s);
        } else {
            rc = js_skip(s, NULL);
        }
        if (rc != 0)
            return rc;
    }
    if (s->bad)
        return DS_BAD_JSON;
    if (!has_prompt || !has_history)
        return ds_fail(r->e, r->path, r->text, at,
                       "\"%s\" is missing; each conversation needs prompt_content%s and "
                       "cut_chat_history",
                       has_prompt ? "cut_chat_history" : "prompt_content", has_prompt ? "" : " (\"\" for none)");
    if (prompt.n > 0) {
        dataset_add_escaped(r->ds, ROLE_SYSTEM, prompt);
        dataset_last_to_front(r->ds);
    }
    return 0;
}

static int load(struct dataset *ds, struct str text, const char *path, struct err *e)
{
    struct ds_reader r = {ds, text, path, NULL, NULL};
    return ds_each_element(&r, "conversations", read_entry, e);
}

const struct dataset_ops ds_conversations = {
    .name = "conversations",
    .help = "JSON array of {prompt_content, cut_chat_history}",
    .sniff = sniff,
    .load = load,
};
