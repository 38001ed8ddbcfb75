#include "api/api_paths.h"

/* ---- compiling */

static int bad(const char *option, struct str path, struct err *e)
{
    return err_set(e, ERR_USAGE, "%s: \"" STR_FMT "\" is not a path; write choices.0.delta.content, $.a[*].b or a/b",
                   option, (int)MIN(path.n, 100u), path.p);
}

/* Behind the text so far; -1: no room. */
static int keep(struct api_paths *p, struct str text, uint16_t *at, uint16_t *n)
{
    if (text.n + 1 > sizeof p->text - p->n_text)
        return -1;
    *at = (uint16_t)p->n_text;
    *n = (uint16_t)text.n;
    if (text.n)
        memcpy(p->text + p->n_text, text.p, text.n);
    p->n_text += text.n;
    return 0;
}

static int add_step(struct api_paths *p, struct api_path *to, struct str name, bool quoted)
{
    struct path_step *s = &to->step[to->n];
    uint64_t index;
    if (to->n == PATH_STEPS || name.n == 0)
        return -1;
    *s = (struct path_step){.index = -1};
    if (keep(p, name, &s->at, &s->n) < 0)
        return -1;
    s->any = !quoted && str_eqz(name, "*");
    if (!quoted && parse_u64(name, &index) == 0 && index <= INT32_MAX)
        s->index = (int32_t)index;
    to->n++;
    return 0;
}

static bool is_literal(struct str s)
{
    double v;
    return str_eqz(s, "true") || str_eqz(s, "false") || str_eqz(s, "null") || parse_f64(s, &v) == 0;
}

/* Behind "[?": "(@.k=='v')]", or the same without parentheses. */
static int filter(struct api_paths *p, struct api_path *to, struct str *rest)
{
    bool round = rest->n > 0 && rest->p[0] == '(';
    struct str s = round ? str_sub(*rest, 1, rest->n) : *rest;
    struct path_step *step = &to->step[to->n];
    s = str_trim(s);
    ptrdiff_t eq = str_find(s, STR("=="));
    if (to->n == PATH_STEPS || !str_starts(s, STR("@.")) || eq < 3)
        return -1;
    struct str name = str_trim(str_sub(s, 2, (size_t)eq - 2));
    s = str_trim(str_sub(s, (size_t)eq + 2, s.n));
    *step = (struct path_step){.filter = true, .index = -1};
    char quote = s.n > 0 && (s.p[0] == '\'' || s.p[0] == '"') ? s.p[0] : 0;
    ptrdiff_t end = quote ? str_chr(str_sub(s, 1, s.n), quote) : str_chr(s, round ? ')' : ']');
    if (end < 0 || name.n == 0)
        return -1;
    step->filter_string = quote != 0;
    struct str value = quote ? str_sub(s, 1, (size_t)end) : str_trim(str_sub(s, 0, (size_t)end));
    s = str_trim(str_sub(s, (size_t)end + (quote ? 2 : 0), s.n));
    if (round && (s.n == 0 || s.p[0] != ')'))
        return -1;
    s = round ? str_trim(str_sub(s, 1, s.n)) : s;
    if (s.n == 0 || s.p[0] != ']' || (!quote && !is_literal(value)))
        return -1;
    if (keep(p, name, &step->at, &step->n) < 0 || p->n_text == sizeof p->text)
        return -1;
    p->text[p->n_text++] = 0;
    if (keep(p, value, &step->value_at, &step->value_n) < 0)
        return -1;
    to->n++;
    *rest = str_sub(s, 1, s.n);
    return 0;
}

/* Behind an opening bracket: up to the closing one. */
static int bracket(struct api_paths *p, struct api_path *to, struct str *rest)
{
    if (rest->n > 0 && rest->p[0] == '?') {
        *rest = str_sub(*rest, 1, rest->n);
        return filter(p, to, rest);
    }
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

/* "a/b/c" */
static int compile_slashes(struct api_paths *p, struct api_path *to, struct str path)
{
    struct str_split it = {.rest = path.p[0] == '/' ? str_sub(path, 1, path.n) : path, .sep = '/'};
    struct str name;
    to->first = true;
    while (str_next(&it, &name)) {
        if (add_step(p, to, name, true) < 0)
            return -1;
        to->step[to->n - 1].through = true;
    }
    return 0;
}

static int compile(struct api_paths *p, struct api_path *to, struct str rest)
{
    if (rest.n > 0 && rest.p[0] != '$' && str_chr(rest, '/') >= 0 && str_chr(rest, '[') < 0)
        return compile_slashes(p, to, rest);
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

/* Where the first path of a list ends: at a comma that stands in no brackets. */
static size_t first_of(struct str list)
{
    char quote = 0;
    bool in = false;
    for (size_t i = 0; i < list.n; i++) {
        char c = list.p[i];
        if (quote)
            quote = c == quote ? 0 : quote;
        else if (in && (c == '\'' || c == '"'))
            quote = c;
        else if (c == '[' || c == ']')
            in = c == '[';
        else if (c == ',' && !in)
            return i;
    }
    return list.n;
}

int api_paths_add(struct api_paths *p, enum path_what what, const char *option, const char *list, struct err *e)
{
    struct str rest = str_of(list);
    for (bool more = true; more;) {
        size_t n = first_of(rest);
        struct str part = str_trim(str_sub(rest, 0, n));
        more = n < rest.n;
        rest = str_sub(rest, n + 1, rest.n);
        if (p->n == PATHS_MAX)
            return err_set(e, ERR_USAGE, "%s: more than %d paths in all", option, PATHS_MAX);
        struct api_path *to = &p->path[p->n];
        *to = (struct api_path){.what = what};
        if (compile(p, to, part) < 0)
            return bad(option, part, e);
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
        if (type != JS_ARR) {
            api_event_string(&s, API_CONTENT, ev);
            break;
        }
        js_enter(&s, '[');
        while (js_elem(&s))
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

struct walk {
    const struct api_paths *p;
    api_paths_fn *fn;
    void *arg;
    unsigned done; /* paths that have had their only value */
};

static bool same_text(struct str raw, struct str text)
{
    char small[256];
    if (raw.n > sizeof small)
        return str_eq(raw, text);
    return str_eq((struct str){small, js_decode(raw, small)}, text);
}

/* Whether the element is one that the filter lets through. */
static bool lets_through(const struct api_paths *p, const struct path_step *s, struct str element)
{
    struct str raw, value = {p->text + s->value_at, s->value_n}, text;
    double a, b;
    if (js_path(element, p->text + s->at, &raw) < 0)
        return false;
    if (s->filter_string)
        return api_raw_string(raw, &text) && same_text(text, value);
    return str_eq(raw, value) || (parse_f64(raw, &a) == 0 && parse_f64(value, &b) == 0 && !(a < b) && !(a > b));
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
        if (!s->filter && (s->any || (index >= 0 ? s->index == index : str_eq(key, name))))
            to |= 1U << i;
    }
    return to;
}

static void walk(struct walk *w, struct js *s, unsigned mask, unsigned depth);

static void walk_in(struct walk *w, struct str raw, unsigned mask, unsigned depth)
{
    struct js s;
    mask &= ~w->done;
    if (!mask)
        return;
    js_init(&s, raw);
    walk(w, &s, mask, depth);
}

/* The value at which some of the paths end; others may go deeper into it. */
static void ends_here(struct walk *w, struct js *s, unsigned mask, unsigned depth)
{
    const struct api_paths *p = w->p;
    enum js_type type = js_peek(s);
    struct str raw;
    unsigned deeper = 0;
    if (js_skip(s, &raw) < 0)
        return;
    for (unsigned i = 0; i < p->n; i++) {
        if (!(mask >> i & 1))
            continue;
        if (p->path[i].n != depth) {
            deeper |= 1U << i;
        } else if (!p->path[i].first || type != JS_NULL) {
            w->fn(w->arg, p->path[i].what, raw, type);
            if (p->path[i].first)
                w->done |= 1U << i;
        }
    }
    walk_in(w, raw, deeper, depth);
}

/* Paths whose step at this depth is a filter, or goes through arrays. */
static void special(const struct walk *w, unsigned mask, unsigned depth, unsigned *filters, unsigned *through)
{
    *filters = *through = 0;
    for (unsigned i = 0; i < w->p->n && i < PATHS_MAX; i++) {
        if (!(mask >> i & 1))
            continue;
        *filters |= (unsigned)w->p->path[i].step[depth].filter << i;
        *through |= (unsigned)w->p->path[i].step[depth].through << i;
    }
}

static void walk_array(struct walk *w, struct js *s, unsigned mask, unsigned depth)
{
    unsigned filters, through;
    struct str none = {0}, raw;
    special(w, mask, depth, &filters, &through);
    js_enter(s, '[');
    for (int64_t i = 0; js_elem(s); i++) {
        unsigned to = stepping(w->p, mask & ~through, depth, none, i) & ~w->done;
        if (!filters && !(through & ~w->done)) {
            if (to)
                walk(w, s, to, depth + 1);
            else
                js_skip(s, NULL);
            continue;
        }
        if (js_skip(s, &raw) < 0)
            return;
        for (unsigned k = 0; k < w->p->n; k++) {
            if ((filters >> k & 1) && lets_through(w->p, &w->p->path[k].step[depth], raw))
                to |= 1U << k;
        }
        walk_in(w, raw, to, depth + 1);
        walk_in(w, raw, through, depth);
    }
}

/* One value, of which `mask` paths have come as far as here. Recursion is at most PATH_STEPS deep, twice, and once more
 * for each array that a path goes through: a text has at most JS_MAX_DEPTH of them, one in another. */
static void walk(struct walk *w, struct js *s, unsigned mask, unsigned depth)
{
    struct str key = {0};
    for (unsigned i = 0; i < w->p->n; i++) {
        if ((mask >> i & 1) && w->p->path[i].n == depth) {
            ends_here(w, s, mask, depth);
            return;
        }
    }
    enum js_type type = js_peek(s);
    if (type == JS_OBJ) {
        js_enter(s, '{');
        while (js_key(s, &key)) {
            unsigned to = stepping(w->p, mask, depth, key, -1) & ~w->done;
            if (to)
                walk(w, s, to, depth + 1);
            else
                js_skip(s, NULL);
        }
    } else if (type == JS_ARR) {
        walk_array(w, s, mask, depth);
    } else {
        js_skip(s, NULL);
    }
}

enum api_rc api_paths_each(const struct api_paths *p, struct str json, api_paths_fn *fn, void *arg)
{
    struct walk w = {.p = p, .fn = fn, .arg = arg};
    struct js s;
    js_init(&s, json);
    if (p->n == 0)
        js_skip(&s, NULL);
    else
        walk(&w, &s, (1U << p->n) - 1, 0);
    return js_done(&s) ? API_OK : API_E_SYNTAX;
}

static void take_event(void *arg, enum path_what what, struct str raw, enum js_type type)
{
    take(what, raw, type, arg);
}

enum api_rc api_paths_find(const struct api_paths *p, struct str json, struct api_event *ev)
{
    api_event_clear(ev);
    return api_paths_each(p, json, take_event, ev);
}
