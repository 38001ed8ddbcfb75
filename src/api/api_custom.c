#include "api/api_custom.h"

#include "base/rng.h"
#include "base/xalloc.h"

extern const struct api_ops api_custom_ops;

enum part_what { PART_LITERAL, PART_PROMPT, PART_MESSAGES, PART_MAX_TOKENS, PART_MODEL, PART_UUID, PART_STREAM };

struct part {
    enum part_what what;
    bool quoted;        /* stands within a string */
    struct str literal; /* in `text` */
};

enum { PARTS_MAX = 64 };

struct api_custom {
    char *text; /* of the template; owned */
    unsigned n;
    struct part part[PARTS_MAX];
    unsigned uses; /* bits of part_what */
    struct api_paths paths;
    char *stream_end; /* owned */
    bool must_end;
    const struct api_ops *also;
    uint64_t seed;
};

/* ---- compiling */

static const char *const NAMES[] = {
    [PART_LITERAL] = "",    [PART_PROMPT] = "prompt", [PART_MESSAGES] = "messages", [PART_MAX_TOKENS] = "max_tokens",
    [PART_MODEL] = "model", [PART_UUID] = "uuid",     [PART_STREAM] = "stream"};

/* Within a string or not, behind `text`, which began in state `in`. */
static bool in_string(struct str text, bool in)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            in = !in;
        else if (text.p[i] == '\\' && in)
            i++;
    }
    return in;
}

static int add_part(struct api_custom *c, struct part p, struct err *e)
{
    if (p.what == PART_LITERAL && p.literal.n == 0)
        return 0;
    if (c->n == PARTS_MAX)
        return err_set(e, ERR_USAGE, "--body-template: more than %d placeholders", PARTS_MAX / 2);
    c->part[c->n++] = p;
    c->uses |= 1U << p.what;
    return 0;
}

static int placeholder(struct api_custom *c, struct str name, bool quoted, struct err *e)
{
    for (size_t i = PART_PROMPT; i < ARRAY_LEN(NAMES); i++) {
        if (!str_eqz(str_trim(name), NAMES[i]))
            continue;
        if (i == PART_MESSAGES && quoted)
            return err_set(e, ERR_USAGE,
                           "--body-template: {{messages}} stands within quotes; it is an array and takes none");
        return add_part(c, (struct part){.what = (enum part_what)i, .quoted = quoted}, e);
    }
    return err_set(e, ERR_USAGE,
                   "--body-template: {{" STR_FMT "}} is none of {{prompt}}, {{messages}}, {{max_tokens}}, {{model}}, "
                   "{{uuid}} and {{stream}}",
                   (int)MIN(name.n, 60u), name.p);
}

static int cut(struct api_custom *c, struct err *e)
{
    struct str rest = str_of(c->text);
    bool quoted = false;
    for (;;) {
        ptrdiff_t at = str_find(rest, STR("{{"));
        /* "{{" of two objects does not exist in JSON: a name stands between them. */
        struct str literal = at < 0 ? rest : str_sub(rest, 0, (size_t)at);
        quoted = in_string(literal, quoted);
        if (add_part(c, (struct part){.literal = literal}, e) < 0)
            return -1;
        if (at < 0)
            return 0;
        rest = str_sub(rest, (size_t)at + 2, rest.n);
        ptrdiff_t end = str_find(rest, STR("}}"));
        if (end < 0)
            return err_set(e, ERR_USAGE, "--body-template: a {{ has no }}");
        if (placeholder(c, str_sub(rest, 0, (size_t)end), quoted, e) < 0)
            return -1;
        rest = str_sub(rest, (size_t)end + 2, rest.n);
    }
}

/* With something in every place it must be JSON. */
static int check_json(const struct api_custom *c, struct err *e)
{
    static const char *const values[] = {"", "\"x\"", "[]", "1", "\"x\"", "\"x\"", "true"};
    struct buf b = BUF_INIT(64u << 20);
    for (unsigned i = 0; i < c->n; i++) {
        const struct part *p = &c->part[i];
        if (p->what == PART_LITERAL)
            buf_adds(&b, p->literal);
        else
            buf_addz(&b, p->quoted ? "x" : values[p->what]);
    }
    struct js s;
    js_init(&s, buf_str(&b));
    int rc = 0;
    if (js_skip(&s, NULL) < 0 || !js_done(&s))
        rc = err_set(e, ERR_USAGE, "--body-template: line %zu: not JSON with its placeholders filled: %s",
                     s.bad ? js_line(&s, s.bad) : 1, s.what ? s.what : "something follows the value");
    buf_free(&b);
    return rc;
}

static int compile(struct api_custom *c, const struct api_custom_opts *o, struct err *e)
{
    const struct {
        enum path_what what;
        const char *option, *list;
    } lists[] = {{PATH_TEXT, "--json-text", o->text},
                 {PATH_TOKENS, "--json-tokens", o->tokens},
                 {PATH_INPUT_TOKENS, "--json-input-tokens", o->input},
                 {PATH_FINISH, "--json-finish", o->finish},
                 {PATH_ERROR, "error", "error"}};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        if (lists[i].list && api_paths_add(&c->paths, lists[i].what, lists[i].option, lists[i].list, e) < 0)
            return -1;
    }
    return !o->body ? 0 : cut(c, e) < 0 ? -1 : check_json(c, e);
}

struct api_custom *api_custom_new(const struct api_custom_opts *o, struct err *e)
{
    struct api_custom *c = xcalloc(1, sizeof *c);
    struct str body = str_trim(str_of(o->body));
    c->text = xmemdup0(body.p, body.n);
    c->stream_end = xstrdup(o->stream_end ? o->stream_end : "[DONE]");
    c->must_end = o->stream_end || o->finish;
    c->seed = o->seed;
    c->also = o->also;
    if (compile(c, o, e) < 0)
        api_custom_free(&c);
    return c;
}

void api_custom_free(struct api_custom **c)
{
    if (*c) {
        free((*c)->text);
        free((*c)->stream_end);
        free(*c);
    }
    *c = NULL;
}

int api_custom_check(const struct api_custom *c, const struct api_opts *o, const struct plan_sample *s, struct err *e)
{
    if (s->extra && s->extra->body.n > 0)
        return 0;
    if ((c->uses >> PART_MAX_TOKENS & 1) && o->max_tokens < 0 && s->max_tokens < 0)
        return err_set(e, ERR_USAGE,
                       "%.*s: --body-template asks for {{max_tokens}}, which nothing says; give --max-tokens",
                       STR_ARG(s->where));
    if ((c->uses >> PART_MODEL & 1) && !o->model)
        return err_set(e, ERR_USAGE, "--body-template asks for {{model}}; give --model");
    if (c->uses >> PART_PROMPT & 1)
        return api_check_plain(s, "{{prompt}} takes only text", e);
    return 0;
}

/* ---- rendering */

static void put_prompt(struct buf *out, const struct plan_item *it)
{
    const struct plan_sample *s = it->what;
    buf_addz(out, it->nonce);
    for (uint32_t i = 0; i < s->n_msgs; i++) {
        if (i)
            buf_addz(out, "\\n");
        buf_adds(out, s->msgs[i].content);
    }
}

static void put_messages(struct buf *out, const struct plan_item *it)
{
    const struct plan_sample *s = it->what;
    bool nonce = it->nonce[0] != 0;
    buf_addc(out, '[');
    for (uint32_t i = 0; i < s->n_msgs; i++) {
        const struct plan_msg *m = &s->msgs[i];
        if (i)
            buf_addc(out, ',');
        if (m->raw_json.n > 0) {
            buf_adds(out, m->raw_json);
            continue;
        }
        buf_addz(out, "{\"role\":\"");
        buf_addz(out, plan_role_name(m->role));
        buf_addz(out, "\",\"content\":\"");
        if (nonce)
            buf_addz(out, it->nonce);
        nonce = false;
        buf_adds(out, m->content);
        buf_addz(out, "\"}");
    }
    buf_addc(out, ']');
}

/* RFC 9562, version 4 in form; the bits come from the seed. */
static void put_uuid(struct buf *out, uint64_t seed, uint64_t key)
{
    uint64_t v[2] = {rng_u64(seed, RNG_BODY_UUID, 2 * key), rng_u64(seed, RNG_BODY_UUID, 2 * key + 1)};
    v[0] = (v[0] & ~0xf000ULL) | 0x4000;
    v[1] = (v[1] & ~(3ULL << 62)) | 2ULL << 62;
    char text[36], *p = text;
    for (int i = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            *p++ = '-';
        *p++ = "0123456789abcdef"[v[i / 16] >> (60 - 4 * (i % 16)) & 15];
    }
    buf_add(out, text, sizeof text);
}

static void put_part(const struct api *a, const struct part *p, const struct plan_item *it, struct buf *out)
{
    bool quotes = !p->quoted && (p->what == PART_PROMPT || p->what == PART_MODEL || p->what == PART_UUID);
    char digits[24];
    if (quotes)
        buf_addc(out, '"');
    switch (p->what) {
    case PART_LITERAL:
        buf_adds(out, p->literal);
        break;
    case PART_PROMPT:
        put_prompt(out, it);
        break;
    case PART_MESSAGES:
        put_messages(out, it);
        break;
    case PART_MAX_TOKENS:
        buf_add(
            out, digits,
            (size_t)(fmt_u64(digits, (uint64_t)(a->max_tokens >= 0 ? a->max_tokens : MAX(it->what->max_tokens, 1))) -
                     digits));
        break;
    case PART_MODEL:
        buf_adds(out, buf_str(&a->tails[it->model_ix].text)); /* escaped */
        break;
    case PART_UUID:
        put_uuid(out, a->custom->seed, it->key);
        break;
    case PART_STREAM:
        buf_addz(out, a->stream ? "true" : "false");
        break;
    }
    if (quotes)
        buf_addc(out, '"');
}

void api_custom_body(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    const struct api_custom *c = a->custom;
    for (unsigned i = 0; c && i < c->n; i++)
        put_part(a, &c->part[i], it, &b->spill);
    api_piece(b, buf_str(&b->spill));
}

/* ---- reading */

bool api_must_end(const struct api *a)
{
    return !a->custom || a->custom->must_end;
}

/* An event that is called an error is one, whatever stands in it. */
static enum api_rc with_type(enum api_rc rc, struct str type, struct str data, struct api_event *ev)
{
    if (!str_eqz(type, "error"))
        return rc;
    if (!(ev->flags & API_ERROR))
        ev->error = data;
    ev->flags |= API_ERROR;
    return API_OK;
}

/* What the other dialect says of it: errors, and counts where no path leads to any. */
static void with_also(const struct api_custom *c, struct str type, struct str data, struct api_event *ev)
{
    struct api_event x;
    if (!c->also || c->also->event(type, data, &x) < 0)
        return;
    if ((x.flags & API_ERROR) && !(ev->flags & API_ERROR)) {
        ev->flags |= API_ERROR;
        ev->error = x.error;
    }
    if ((x.flags & API_USAGE) && !(ev->flags & API_USAGE)) {
        ev->flags |= API_USAGE;
        ev->completion_tokens = x.completion_tokens;
        ev->prompt_tokens = x.prompt_tokens;
    }
}

enum api_rc api_custom_event(const struct api_custom *c, struct str type, struct str data, struct api_event *ev)
{
    if (str_eqz(str_trim(data), c->stream_end)) {
        api_event_clear(ev);
        ev->flags = API_TERMINAL;
        return API_OK;
    }
    enum api_rc rc = api_paths_find(&c->paths, data, ev);
    if (rc == API_OK)
        with_also(c, type, data, ev);
    return with_type(rc, type, data, ev);
}

enum api_rc api_custom_document(const struct api_custom *c, struct str body, struct api_event *ev)
{
    api_event_clear(ev);
    if (c->also && str_trim(body).n == 0) /* of HEAD, of 204 */
        return API_OK;
    enum api_rc rc = api_paths_find(&c->paths, body, ev);
    if (rc == API_OK)
        with_also(c, STR(""), body, ev);
    return rc;
}

/* ---- the dialect */

static int custom_check(const struct plan_sample *s, struct err *e)
{
    (void)s, (void)e; /* the template decides: api_custom_check */
    return 0;
}

static void custom_members(struct jout *j, const struct api_opts *o)
{
    (void)j, (void)o;
}

/* Without a template, as tests of all dialects call them: valid JSON that says nothing. */
static enum api_rc bare_event(struct str type, struct str data, struct api_event *ev)
{
    static const struct api_paths none = {0};
    return with_type(api_paths_find(&none, data, ev), type, data, ev);
}

static enum api_rc bare_document(struct str body, struct api_event *ev)
{
    return bare_event(STR(""), body, ev);
}

static const char *const ours[] = {NULL};

const struct api_ops api_custom_ops = {
    .name = "custom",
    .help = "any JSON API: a template of the body (--body-template), and where the answer's text stands (--json-text)",
    .default_path = "/",
    .model_optional = true,
    .ours = ours,
    .own_counts = true,
    .lines = true,
    .check = custom_check,
    .members = custom_members,
    .body = api_custom_body,
    .event = bare_event,
    .document = bare_document,
};
