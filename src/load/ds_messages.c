/* ds_messages.c - one JSON value per line: {"messages": [...], "max_tokens": N} or the bare array of messages.
 * A message of nothing but a role and a text is kept as that; any other (tool calls, content parts, names) is kept and
 * sent as it stands. Other fields of the line are ignored. */
#include "load/ds_each.h"
#include "load/ds_formats.h"

static enum ds_sure sniff(struct str text, const char *path)
{
    char c = ds_first_char(text);
    if ((c == '{' && ds_head_has(text, "\"messages\"")) || (c == '[' && ds_head_has(text, "\"role\"")))
        return DS_BY_CONTENT;
    return ds_has_ext(path, ".jsonl") || ds_has_ext(path, ".ndjson") ? DS_BY_NAME : DS_NO;
}

/* Words of the texts within content parts: [{"type": "text", "text": "..."}, ...]. */
static uint32_t part_words(struct str parts)
{
    struct js s;
    struct str key, text;
    uint64_t words = 0;
    js_init(&s, parts);
    js_enter(&s, '[');
    while (js_elem(&s)) {
        if (js_peek(&s) != JS_OBJ) {
            js_skip(&s, NULL);
            continue;
        }
        js_enter(&s, '{');
        while (js_key(&s, &key)) {
            if (js_raw_eq(key, "text") && js_peek(&s) == JS_STR && js_string(&s, &text) == 0)
                words += ds_words(text);
            else
                js_skip(&s, NULL);
        }
    }
    return words < UINT32_MAX ? (uint32_t)words : UINT32_MAX;
}

struct message {
    struct str role, content;  /* content: raw text of any value; its inside when it is a string */
    enum js_type content_type; /* JS_END: there is none */
    bool has_role, has_more;
};

static int scan_message(const struct ds_reader *r, struct js *s, struct message *m)
{
    struct str key;
    js_enter(s, '{');
    while (js_key(s, &key)) {
        enum js_type t = js_peek(s);
        int rc;
        if (js_raw_eq(key, "role")) {
            if (t != JS_STR && t != JS_BAD)
                return ds_fail(r->e, r->path, r->text, s->p, "\"role\" is not a string");
            m->has_role = true;
            rc = js_string(s, &m->role);
        } else if (js_raw_eq(key, "content")) {
            if (t != JS_STR && t != JS_ARR && t != JS_NULL && t != JS_BAD)
                return ds_fail(r->e, r->path, r->text, s->p, "\"content\" is neither a text nor an array of parts");
            m->content_type = t;
            rc = t == JS_STR ? js_string(s, &m->content) : js_skip(s, &m->content);
        } else {
            m->has_more = true;
            rc = js_skip(s, NULL);
        }
        if (rc != 0)
            return rc;
    }
    return s->bad ? DS_BAD_JSON : 0;
}

static int read_message(const struct ds_reader *r, struct js *s)
{
    struct message m = {.role = STR(""), .content = STR(""), .content_type = JS_END};
    enum plan_role role;
    if (js_peek(s) != JS_OBJ && !s->bad)
        return ds_fail(r->e, r->path, r->text, s->p, "a message is not an object; each needs role and content");
    const char *at = s->p;
    int rc = scan_message(r, s, &m);
    if (rc != 0)
        return rc;
    if (!m.has_role || (m.content_type == JS_END && !m.has_more))
        return ds_fail(r->e, r->path, r->text, at, "\"%s\" is missing; each message needs role and content",
                       m.has_role ? "content" : "role");
    if (ds_role(m.role, &role) != 0)
        return ds_fail(r->e, r->path, r->text, at,
                       "\"role\" is \"" STR_FMT "\"; use system, developer, user, assistant or tool",
                       (int)MIN(m.role.n, 60u), m.role.p);
    if (m.content_type == JS_STR && !m.has_more) {
        dataset_add_escaped(r->ds, role, m.content);
        return 0;
    }
    uint32_t words = m.content_type == JS_STR   ? ds_words(m.content)
                     : m.content_type == JS_ARR ? part_words(m.content)
                                                : 0;
    dataset_add_raw_message(r->ds, role, (struct str){at, (size_t)(s->p - at)}, words);
    return 0;
}

static int read_messages(const struct ds_reader *r, struct js *s)
{
    if (js_peek(s) != JS_ARR && !s->bad)
        return ds_fail(r->e, r->path, r->text, s->p, "\"messages\" is not an array");
    js_enter(s, '[');
    while (js_elem(s)) {
        int rc = read_message(r, s);
        if (rc != 0)
            return rc;
    }
    return s->bad ? DS_BAD_JSON : 0;
}

static int read_object(const struct ds_reader *r, struct js *s)
{
    struct str key;
    bool has_messages = false;
    const char *begin = s->p;
    js_enter(s, '{');
    while (js_key(s, &key)) {
        int rc;
        if (js_raw_eq(key, "messages")) {
            has_messages = true;
            rc = read_messages(r, s);
        } else if (js_raw_eq(key, "max_tokens") && js_peek(s) != JS_NULL) {
            int64_t n = 0;
            const char *at = s->p;
            rc = js_i64(s, &n);
            if (rc != 0 || n < 1)
                return ds_fail(r->e, r->path, r->text, at, "\"max_tokens\" is not a whole number above 0");
            dataset_set_max_tokens(r->ds, n);
        } else {
            rc = js_skip(s, NULL);
        }
        if (rc != 0)
            return rc;
    }
    if (s->bad)
        return DS_BAD_JSON;
    if (!has_messages)
        return ds_fail(r->e, r->path, r->text, begin, "\"messages\" is missing; each line needs {\"messages\": [...]}");
    return 0;
}

static int read_entry(const struct ds_reader *r, struct js *s)
{
    enum js_type t = js_peek(s);
    if (t == JS_OBJ)
        return read_object(r, s);
    if (t == JS_ARR)
        return read_messages(r, s);
    return ds_fail(r->e, r->path, r->text, s->begin,
                   "not a JSON object or array; each line needs {\"messages\": [...]}");
}

static int load(struct dataset *ds, struct str text, const char *path, struct err *e)
{
    struct ds_reader r = {ds, text, path, NULL, NULL};
    return ds_each_line(&r, read_entry, e);
}

const struct dataset_ops ds_messages = {
    .name = "messages",
    .help = "one {\"messages\": [...]} per line (JSONL)",
    .sniff = sniff,
    .load = load,
};
