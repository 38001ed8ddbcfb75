#include "api/api_paths.h"

/* ---- compiling */

static int bad(const char *option, struct str path, struct err *e)
{
    return err_set(e, ERR_USAGE, "%s: \"" STR_FMT "\" is not a path; write choices.0.delta.content or $.a[*].b", option,
                   (int)MIN(path.n, 100u), path.p);
}

static int add_step(struct api_paths *p, struct api_path *to, struct str name, bool quoted)
{
    struct path_step *s = &to->step[to->n];
    uint64_t index;
    if (to->n == PATH_STEPS || name.n == 0 || p->n_text + name.n > sizeof p->text)
        return -1;
    *s = (struct path_step){.at = (uint16_t)p->n_text, .n = (uint16_t)name.n, .index = -1};
    s->any = !quoted && str_eqz(name, "*");
    if (!quoted && parse_u64(name, &index) == 0 && index <= INT32_MAX)
        s->index = (int32_t)index;
    memcpy(p->text + p->n_text, name.p, name.n);
    p->n_text += name.n;
    to->n++;
    return 0;
}

/* Behind an opening bracket: up to the closing one. */
static int bracket(struct api_paths *p, struct api_path *to, struct str *rest)
{
    char quote = rest->n > 0 && (rest->p[0] == '\'' || rest->p[0] == '"') ? rest->p[0] : 0;
    struct str inner = quote ? str_sub(*rest, 1, rest->n) : *rest;
    ptrdiff_t end = str_chr(inner, quote ? quote : ']');
    if (end < 0 || add_step(p, to, str_sub(inner, 0, (size_t)end), quote != 0) < 0)
        return -1;
    inner = str_sub(inner, (size_t)end + 1, inner.n);
    if (quote && (inner.n == 0 || inner.p[0] != ']'))
        return -1;
    *rest = quote ? str_sub(inner, 1, inner.n) : inner;
    return 0;
}

static int compile(struct api_paths *p, struct api_path *to, struct str rest)
{
    if (rest.n > 0 && rest.p[0] == '$')
        rest = str_sub(rest, 1, rest.n);
    for (bool first = true; rest.n > 0; first = false) {
        if (rest.p[0] == '[') {
            rest = str_sub(rest, 1, rest.n);
            if (bracket(p, to, &rest) < 0)
                return -1;
            continue;
        }
        if (rest.p[0] == '.')
            rest = str_sub(rest, 1, rest.n);
        else if (!first)
            return -1;
        size_t n = 0;
        while (n < rest.n && rest.p[n] != '.' && rest.p[n] != '[')
            n++;
        if (add_step(p, to, str_sub(rest, 0, n), false) < 0)
            return -1;
        rest = str_sub(rest, n, rest.n);
    }
    return to->n > 0 ? 0 : -1;
}

int api_paths_add(struct api_paths *p, enum path_what what, const char *option, const char *list, struct err *e)
{
    struct str_split it = {.rest = str_of(list), .sep = ','};
    struct str part;
    while (str_next(&it, &part)) {
        if (p->n == PATHS_MAX)
            return err_set(e, ERR_USAGE, "%s: more than %d paths in all", option, PATHS_MAX);
        struct api_path *to = &p->path[p->n];
        *to = (struct api_path){.what = what};
        if (compile(p, to, str_trim(part)) < 0)
            return bad(option, str_trim(part), e);
        p->n++;
    }
    return 0;
}

/* ---- finding */

static void take_finish(struct str raw, enum js_type type, struct api_event *ev)
{
    static const struct {
        const char *name;
        enum api_finish finish;
    } reasons[] = {{"stop", API_FIN_STOP},          {"end_turn", API_FIN_STOP},        {"eos_token", API_FIN_STOP},
                   {"stop_sequence", API_FIN_STOP}, {"COMPLETE", API_FIN_STOP},        {"length", API_FIN_LENGTH},
                   {"max_tokens", API_FIN_LENGTH},  {"MAX_TOKENS", API_FIN_LENGTH},    {"tool_calls", API_FIN_TOOL},
                   {"tool_use", API_FIN_TOOL},      {"content_filter", API_FIN_FILTER}};
    if (type == JS_NULL || type == JS_FALSE || (type == JS_STR && raw.n <= 2))
        return;
    ev->flags |= API_FINISH;
    ev->finish = type == JS_TRUE ? API_FIN_STOP : API_FIN_OTHER;
    for (size_t i = 0; type == JS_STR && i < ARRAY_LEN(reasons); i++) {
        if (str_eqz(str_sub(raw, 1, raw.n - 2), reasons[i].name))
            ev->finish = reasons[i].finish;
    }
}

static void take(enum path_what what, struct str raw, enum js_type type, struct api_event *ev)
{
    struct js s;
    js_init(&s, raw);
    switch (what) {
    case PATH_TEXT:
        api_event_string(&s, API_CONTENT, ev);
        break;
    case PATH_TOKENS:
        api_event_count(&s, ev, &ev->completion_tokens);
        break;
    case PATH_INPUT_TOKENS:
        api_event_count(&s, ev, &ev->prompt_tokens);
        break;
    case PATH_FINISH:
        take_finish(raw, type, ev);
        break;
    case PATH_ERROR:
        if (type != JS_NULL && type != JS_FALSE) {
            ev->flags |= API_ERROR;
            ev->error = raw;
        }
        break;
    }
}

/* Of the paths in `mask`, those that step from depth to this member or element. */
static unsigned stepping(const struct api_paths *p, unsigned mask, unsigned depth, struct str key, int64_t index)
{
    unsigned to = 0;
    for (unsigned i = 0; i < p->n; i++) {
        if (!(mask >> i & 1))
            continue;
        const struct path_step *s = &p->path[i].step[depth];
        struct str name = {p->text + s->at, s->n};
        if (s->any || (index >= 0 ? s->index == index : str_eq(key, name)))
            to |= 1U << i;
    }
    return to;
}

static void walk(const struct api_paths *p, struct js *s, unsigned mask, unsigned depth, struct api_event *ev);

/* The value at which some of the paths end; others may go deeper into it. */
static void ends_here(const struct api_paths *p, struct js *s, unsigned mask, unsigned depth, struct api_event *ev)
{
    enum js_type type = js_peek(s);
    struct str raw;
    unsigned deeper = 0;
    if (js_skip(s, &raw) < 0)
        return;
    for (unsigned i = 0; i < p->n; i++) {
        if (!(mask >> i & 1))
            continue;
        if (p->path[i].n == depth)
            take(p->path[i].what, raw, type, ev);
        else
            deeper |= 1U << i;
    }
    if (deeper) {
        struct js again;
        js_init(&again, raw);
        walk(p, &again, deeper, depth, ev);
    }
}

/* One value, of which `mask` paths have come as far as here. Recursion is at most PATH_STEPS deep, twice. */
static void walk(const struct api_paths *p, struct js *s, unsigned mask, unsigned depth, struct api_event *ev)
{
    struct str key = {0};
    for (unsigned i = 0; i < p->n; i++) {
        if ((mask >> i & 1) && p->path[i].n == depth) {
            ends_here(p, s, mask, depth, ev);
            return;
        }
    }
    enum js_type type = js_peek(s);
    if (type == JS_OBJ) {
        js_enter(s, '{');
        while (js_key(s, &key)) {
            unsigned to = stepping(p, mask, depth, key, -1);
            if (to)
                walk(p, s, to, depth + 1, ev);
            else
                js_skip(s, NULL);
        }
    } else if (type == JS_ARR) {
        js_enter(s, '[');
        for (int64_t i = 0; js_elem(s); i++) {
            unsigned to = stepping(p, mask, depth, key, i);
            if (to)
                walk(p, s, to, depth + 1, ev);
            else
                js_skip(s, NULL);
        }
    } else {
        js_skip(s, NULL);
    }
}

enum api_rc api_paths_find(const struct api_paths *p, struct str json, struct api_event *ev)
{
    struct js s;
    api_event_clear(ev);
    js_init(&s, json);
    if (p->n == 0)
        js_skip(&s, NULL);
    else
        walk(p, &s, (1U << p->n) - 1, 0, ev);
    return js_done(&s) ? API_OK : API_E_SYNTAX;
}
