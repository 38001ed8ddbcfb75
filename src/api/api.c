#include "api/api.h"

#include <math.h>

#include "base/jdoc.h"
#include "base/xalloc.h"

extern const struct api_ops api_oai_chat, api_oai_completions, api_ollama_chat, api_ollama_generate, api_anthropic,
    api_responses, api_tgi, api_sglang, api_trtllm, api_embeddings, api_rerank, api_llm_on_ray, api_sagemaker,
    api_bedrock_converse, api_bedrock_invoke, api_http, api_custom_ops, api_payload;

static const struct api_ops *const dialects[] = {&api_oai_chat,
                                                 &api_oai_completions,
                                                 &api_ollama_chat,
                                                 &api_ollama_generate,
                                                 &api_anthropic,
                                                 &api_responses,
                                                 &api_tgi,
                                                 &api_sglang,
                                                 &api_trtllm,
                                                 &api_embeddings,
                                                 &api_rerank,
                                                 &api_llm_on_ray,
                                                 &api_sagemaker,
                                                 &api_bedrock_converse,
                                                 &api_bedrock_invoke,
                                                 &api_http,
                                                 &api_payload,
                                                 &api_custom_ops,
                                                 NULL};

const struct api_ops *const *api_all(void)
{
    return dialects;
}

const struct api_ops *api_find(struct str name)
{
    for (size_t i = 0; dialects[i]; i++) {
        if (str_eqz(name, dialects[i]->name))
            return dialects[i];
    }
    return NULL;
}

const struct api_ops *api_of_path(struct str path)
{
    static const struct {
        const char *tail;
        const struct api_ops *ops;
    } known[] = {
        {"/chat/completions", &api_oai_chat},
        {"/completions", &api_oai_completions},
        {"/api/chat", &api_ollama_chat},
        {"/api/generate", &api_ollama_generate},
        {"/v1/messages", &api_anthropic},
        {"/v1/responses", &api_responses},
        {"/generate_stream", &api_tgi},
        {"/embeddings", &api_embeddings},
        {"/rerank", &api_rerank},
        {"/invocations", &api_sagemaker},
        {"/invocations-response-stream", &api_sagemaker},
        {"/converse", &api_bedrock_converse},
        {"/converse-stream", &api_bedrock_converse},
        {"/invoke", &api_bedrock_invoke},
        {"/invoke-with-response-stream", &api_bedrock_invoke},
    };
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    /* /v2/models/NAME/generate_stream; TGI's stands at the root */
    if (str_find(path, STR("/v2/models/")) >= 0 &&
        (str_ends(path, STR("/generate_stream")) || str_ends(path, STR("/generate"))))
        return &api_trtllm;
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (str_ends(path, str_of(known[i].tail)))
            return known[i].ops;
    }
    return NULL;
}

const char *api_path(const struct api_ops *ops, bool stream)
{
    return stream && ops->stream_path ? ops->stream_path : ops->default_path;
}

/* Registered names and those that servers use all the same. */
static bool is_lines(struct str media)
{
    static const char *const types[] = {"application/x-ndjson",  "application/ndjson",      "application/jsonl",
                                        "application/jsonlines", "application/x-jsonlines", "application/json-lines"};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (str_ieq(media, str_of(types[i])))
            return true;
    }
    return false;
}

enum api_framing api_framing_of(const struct api_ops *ops, bool stream, struct str content_type)
{
    ptrdiff_t end = str_chr(content_type, ';');
    struct str media = str_trim(end < 0 ? content_type : str_sub(content_type, 0, (size_t)end));
    if (str_ieq(media, STR("text/event-stream")))
        return API_SSE;
    if (is_lines(media))
        return API_LINES;
    if (stream && ops->text && str_ieq(media, STR("text/plain")))
        return API_TEXT;
    if (ops->as_is && media.n > 0 && !str_ieq(media, STR("application/json")))
        return str_ieq(media, STR("text/plain")) ? API_TEXT : API_BYTES;
    if (ops->as_is)
        return media.n > 0 ? API_WHOLE : API_TEXT;
    return stream && ops->lines && !str_ieq(media, STR("application/json")) ? API_LINES : API_WHOLE;
}

/* What the user merges in must not change what weir decides per request. */
static int check_extra(const struct api_ops *ops, const char *extra, bool *limits, struct err *e)
{
    struct jdoc *d = jdoc_parse(str_of(extra), "--extra-body", e);
    if (!d)
        return -1;
    int rc = 0;
    jnode *root = jdoc_root(d);
    if (!jn_is_obj(root))
        rc = err_set(e, ERR_USAGE, "--extra-body: must be a JSON object, e.g. '{\"top_p\":0.9}'");
    for (size_t i = 0; rc == 0 && ops->ours[i]; i++) {
        if (jn_get(root, ops->ours[i]))
            rc = err_set(e, ERR_USAGE,
                         "--extra-body: \"%s\" is set by weir itself; use --dataset, --prompt or --no-stream",
                         ops->ours[i]);
    }
    *limits = (ops->limit && jn_get(root, ops->limit)) || (ops->limit_as && jn_get(root, ops->limit_as));
    jdoc_free(&d);
    return rc;
}

struct str api_limit_name(const struct api_ops *ops)
{
    struct str limit = str_of(ops->limit);
    ptrdiff_t dot = str_chr(limit, '.');
    return dot < 0 ? limit : str_sub(limit, (size_t)dot + 1, limit.n);
}

/* Where the sample's limit goes in `text`, the whole object: at its beginning, or at that of the object it lies in. */
static int find_limit(struct api_tail *t, const struct api_ops *ops, struct str text, struct err *e)
{
    struct str limit = str_of(ops->limit), raw = text;
    ptrdiff_t dot = str_chr(limit, '.');
    char parent[32];
    if (dot > 0) {
        snprintf(parent, sizeof parent, STR_FMT, (int)dot, limit.p);
        if (js_path(text, parent, &raw) < 0 || raw.p[0] != '{')
            return err_set(e, ERR_USAGE, "--extra-body: \"%s\" must be an object", parent);
    }
    t->limit_at = (size_t)(raw.p - text.p);
    t->limit_alone = str_trim(str_sub(raw, 1, raw.n - 2)).n == 0;
    return 0;
}

static int make_tail(struct api_tail *t, const struct api_ops *ops, const struct api_opts *o, struct err *e)
{
    struct buf own = BUF_INIT(1u << 20), all = BUF_INIT(16u << 20);
    struct jout j;
    buf_init(&t->text, 16u << 20);
    jo_init(&j, &own, 0);
    jo_obj(&j);
    ops->members(&j, o);
    jo_end_obj(&j);
    int rc = json_merge(&all, buf_str(&own), o->extra_body ? str_of(o->extra_body) : STR("{}"), e);
    if (rc == 0) {
        struct str text = str_trim(buf_str(&all));
        if (ops->limit)
            rc = find_limit(t, ops, text, e);
        buf_adds(&t->text, str_sub(text, 1, text.n)); /* without the opening brace: it stands behind the messages */
    }
    buf_free(&own);
    buf_free(&all);
    if (o->custom) { /* nothing is constant but the model's name */
        buf_clear(&t->text);
        json_escape(&t->text, str_of(o->model));
    }
    return rc;
}

int api_prepare(struct api *a, const struct api_ops *ops, const struct api_opts *o, struct err *e)
{
    *a = (struct api){.ops = ops,
                      .custom = o->custom,
                      .media = o->media,
                      .counts = o->counts,
                      .max_tokens = o->max_tokens,
                      .stream = o->stream};
    bool limits = false;
    if (o->extra_body && check_extra(ops, o->extra_body, &limits, e) < 0)
        return -1;
    a->max_tokens_fixed = o->max_tokens >= 0 || limits;
    a->tails = xcalloc(1 + o->n_others, sizeof *a->tails);
    int rc = 0;
    while (rc == 0 && a->n_tails < 1 + o->n_others) {
        struct api_opts own = *o;
        char *name = NULL;
        if (a->n_tails > 0)
            own.model = name = xmemdup0(o->others[a->n_tails - 1].p, o->others[a->n_tails - 1].n);
        rc = make_tail(&a->tails[a->n_tails++], ops, &own, e);
        free(name);
    }
    if (rc < 0)
        api_free(a);
    return rc;
}

void api_free(struct api *a)
{
    for (size_t i = 0; i < a->n_tails; i++)
        buf_free(&a->tails[i].text);
    free(a->tails);
    a->tails = NULL;
    a->n_tails = 0;
}

void api_piece(struct api_body *b, struct str s)
{
    if (s.n == 0)
        return;
    b->v[b->n++] = (struct iovec){.iov_base = (void *)(uintptr_t)s.p, .iov_len = s.n};
    b->bytes += s.n;
}

/* How many tokens this request may bring, where the constant members do not say; -1: nobody says. */
static int64_t limit_of(const struct api *a, const struct plan_item *it)
{
    if (a->max_tokens_fixed || !a->ops->limit)
        return -1;
    if (it->what->max_tokens >= 0)
        return it->what->max_tokens;
    return a->ops->limit_needed > 0 ? a->ops->limit_needed : -1;
}

static const struct api_tail *tail_of(const struct api *a, const struct plan_item *it)
{
    return &a->tails[it->model_ix < a->n_tails ? it->model_ix : 0];
}

bool api_rest_empty(const struct api *a, const struct plan_item *it)
{
    return tail_of(a, it)->text.p[0] == '}';
}

void api_rest(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    const struct api_tail *t = tail_of(a, it);
    struct str rest = buf_str(&t->text), name;
    int64_t limit = limit_of(a, it);
    if (limit < 0) {
        api_piece(b, rest);
        return;
    }
    name = api_limit_name(a->ops);
    int n = snprintf(b->glue, sizeof b->glue, "\"%.*s\":%lld%s", STR_ARG(name), (long long)limit,
                     t->limit_alone ? "" : ",");
    api_piece(b, str_sub(rest, 0, t->limit_at));
    api_piece(b, (struct str){b->glue, (size_t)n});
    api_piece(b, str_sub(rest, t->limit_at, rest.n));
}

enum { DIRECT_JOINED = (API_MAX_PIECES - 8) / 2 };

void api_joined(const struct plan_item *it, struct api_body *b)
{
    const struct plan_sample *s = it->what;
    bool direct = s->n_msgs <= DIRECT_JOINED;
    api_piece(b, str_of(it->nonce));
    for (uint32_t i = 0; i < s->n_msgs; i++) {
        if (direct) {
            api_piece(b, i ? STR("\\n") : STR(""));
            api_piece(b, s->msgs[i].content);
        } else {
            buf_adds(&b->spill, i ? STR("\\n") : STR(""));
            buf_adds(&b->spill, s->msgs[i].content);
        }
    }
    if (!direct)
        api_piece(b, buf_str(&b->spill));
}

void api_prompt_body(const struct api *a, const struct plan_item *it, struct str opening, struct api_body *b)
{
    api_piece(b, opening);
    api_joined(it, b);
    api_piece(b, STR("\","));
    api_rest(a, it, b);
}

int api_check_plain(const struct plan_sample *s, const char *takes, struct err *e)
{
    for (uint32_t i = 0; i < s->n_msgs; i++) {
        if (s->msgs[i].raw_json.n > 0)
            return err_set(e, ERR_DATA, "%.*s: message %u is not plain text; %s (use a chat endpoint)",
                           STR_ARG(s->where), i + 1, takes);
    }
    return 0;
}

static bool listed(struct str raw, const char *const *names)
{
    for (size_t i = 0; names && names[i]; i++) {
        if (str_eqz(raw, names[i]))
            return true;
    }
    return false;
}

static bool part_fits(struct js *s, const char *const *types)
{
    struct str key, type = {0};
    if (js_peek(s) != JS_OBJ) {
        js_skip(s, NULL);
        return false;
    }
    js_enter(s, '{');
    while (js_key(s, &key)) {
        if (str_eqz(key, "type") && js_peek(s) == JS_STR)
            js_string(s, &type);
        else
            js_skip(s, NULL);
    }
    return listed(type, types);
}

static bool raw_fits(struct str json, const char *const *members, const char *const *types)
{
    struct js s;
    struct str key;
    bool fits = true;
    js_init(&s, json);
    if (!js_enter(&s, '{'))
        return false;
    while (js_key(&s, &key)) {
        fits &= listed(key, members);
        if (str_eqz(key, "content") && js_peek(&s) == JS_ARR) {
            js_enter(&s, '[');
            while (js_elem(&s))
                fits &= part_fits(&s, types);
        } else {
            js_skip(&s, NULL);
        }
    }
    return js_done(&s) && fits;
}

int api_check_raw(const struct plan_sample *s, const char *const *members, const char *const *types, const char *name,
                  struct err *e)
{
    for (uint32_t i = 0; i < s->n_msgs; i++) {
        struct str raw = s->msgs[i].raw_json;
        if (raw.n > 0 && !raw_fits(raw, members, types))
            return err_set(e, ERR_DATA,
                           "%.*s: message %u has content parts or members that %s does not take; write them in its own "
                           "form, or use the dialect they are written for",
                           STR_ARG(s->where), i + 1, name);
    }
    return 0;
}

int api_check_roles(const struct plan_sample *s, const char *name, struct err *e)
{
    for (uint32_t i = 0; i < s->n_msgs; i++) {
        if (s->msgs[i].role == ROLE_TOOL)
            return err_set(e, ERR_DATA, "%.*s: message %u is a tool's answer, which %s takes in another form only",
                           STR_ARG(s->where), i + 1, name);
    }
    return 0;
}

void api_put(struct api_body *b, bool direct, struct str s)
{
    if (direct)
        api_piece(b, s);
    else
        buf_adds(&b->spill, s);
}

void api_render(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    b->n = 0;
    b->bytes = 0;
    buf_clear(&b->spill);
    if (it->what->extra && it->what->extra->body.n > 0)
        api_piece(b, it->what->extra->body);
    else
        a->ops->body(a, it, b);
}

void api_event_clear(struct api_event *ev)
{
    ev->flags = 0;
    ev->n_texts = 0;
    ev->text_bytes = 0;
    ev->finish = API_FIN_NONE;
    ev->prompt_tokens = ev->completion_tokens = ev->cached_tokens = ev->reasoning_tokens = -1;
    ev->error = ev->figures = (struct str){0};
    ev->figures_ns = ev->own_counts = ev->whole = ev->plain = false;
}

enum api_rc api_event_piece(struct str piece, struct api_event *ev)
{
    api_event_clear(ev);
    ev->plain = true;
    api_event_text(ev, API_CONTENT, piece);
    return API_OK;
}

void api_event_text(struct api_event *ev, unsigned flag, struct str raw)
{
    if (raw.n == 0)
        return;
    ev->flags |= flag;
    ev->text_bytes += (uint32_t)MIN(raw.n, (size_t)UINT32_MAX / 2);
    if (ev->n_texts < API_MAX_TEXTS) {
        ev->text_flag[ev->n_texts] = (unsigned char)flag;
        ev->text[ev->n_texts++] = raw;
    }
}

void api_event_string(struct js *s, unsigned flag, struct api_event *ev)
{
    struct str raw;
    if (js_peek(s) != JS_STR)
        js_skip(s, NULL);
    else if (js_string(s, &raw) == 0)
        api_event_text(ev, flag, raw);
}

void api_event_error(struct api_event *ev, struct str raw)
{
    ev->flags |= API_ERROR;
    ev->error = raw;
}

void api_event_finish(struct js *s, const struct api_reason *reasons, struct api_event *ev)
{
    struct str raw;
    if (js_peek(s) != JS_STR) {
        js_skip(s, NULL);
        return;
    }
    if (js_string(s, &raw) < 0 || raw.n == 0)
        return;
    ev->flags |= API_FINISH;
    ev->finish = API_FIN_OTHER;
    for (size_t i = 0; reasons[i].name; i++) {
        if (str_eqz(raw, reasons[i].name))
            ev->finish = reasons[i].finish;
    }
}

bool api_count(struct js *s, int64_t *v)
{
    struct str raw;
    int64_t n;
    double d;
    bool number = js_peek(s) == JS_NUM;
    if (js_skip(s, &raw) < 0 || !number)
        return false;
    if (parse_i64(raw, &n) != 0)
        n = parse_f64(raw, &d) == 0 && d >= 0 && d <= API_MAX_COUNT && d == (double)(int64_t)d ? (int64_t)d : -1;
    if (n < 0 || n > API_MAX_COUNT)
        return false;
    *v = n;
    return true;
}

void api_event_count(struct js *s, struct api_event *ev, int64_t *v)
{
    if (api_count(s, v))
        ev->flags |= API_USAGE;
}

bool api_raw_string(struct str raw, struct str *text)
{
    if (raw.n < 2 || raw.p[0] != '"')
        return false;
    *text = str_sub(raw, 1, raw.n - 2);
    return true;
}

uint64_t api_count_words(struct str raw, bool *in_word)
{
    uint64_t words = 0;
    bool in = *in_word;
    for (size_t i = 0; i < raw.n; i++) {
        char c = raw.p[i];
        bool space = c == ' ';
        if (c == '\\' && i + 1 < raw.n) {
            char x = raw.p[++i];
            space = x == 'n' || x == 't' || x == 'r' || x == 'f';
            if (x == 'u')
                i += MIN((size_t)4, raw.n - i - 1);
        }
        if (space) {
            in = false;
        } else if (!in) {
            in = true;
            words++;
        }
    }
    *in_word = in;
    return words;
}

uint64_t api_count_plain_words(struct str text, bool *in_word)
{
    uint64_t words = 0;
    bool in = *in_word;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool space = c == ' ' || (c >= '\t' && c <= '\r');
        words += !space && !in;
        in = !space;
    }
    *in_word = in;
    return words;
}
