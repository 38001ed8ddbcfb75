#include "sim/sim_ask.h"

#include "base/jscan.h"
#include "base/xalloc.h"
#include "sim/sim_text.h"

struct reader {
    struct js s;
    struct ask *a;
    const struct ask_rules *rules;
    struct ask_error *x;
    bool has_model, has_input, has_stream_options;
    uint64_t max_completion_tokens;
};

static int refuse(struct reader *r, const char *param, const char *fmt, ...) ATTR_PRINTF(3, 4);
static int refuse(struct reader *r, const char *param, const char *fmt, ...)
{
    va_list ap;
    *r->x = (struct ask_error){.status = 400, .param = param};
    va_start(ap, fmt);
    vsnprintf(r->x->message, sizeof(r->x->message), fmt, ap);
    va_end(ap);
    return -1;
}

static int bad_json(struct reader *r)
{
    return refuse(r, NULL, "The body is not valid JSON: %s at byte %zu.", r->s.what != NULL ? r->s.what : "bad text",
                  r->s.bad != NULL ? (size_t)(r->s.bad - r->s.begin) : 0);
}

/* True when the value is null, which is then consumed. */
static bool took_null(struct reader *r)
{
    if (js_peek(&r->s) != JS_NULL)
        return false;
    js_skip(&r->s, NULL);
    return true;
}

static int read_bool(struct reader *r, const char *param, bool *out)
{
    enum js_type t = js_peek(&r->s);
    *out = false;
    if (took_null(r))
        return 0;
    if (t != JS_TRUE && t != JS_FALSE)
        return r->s.bad != NULL ? bad_json(r) : refuse(r, param, "'%s' must be true or false.", param);
    return js_bool(&r->s, out) < 0 ? bad_json(r) : 0;
}

static int read_count(struct reader *r, const char *param, int64_t max, uint64_t *out)
{
    int64_t v;
    struct str raw;
    double d;
    *out = 0;
    if (took_null(r))
        return 0;
    if (js_peek(&r->s) != JS_NUM || js_skip(&r->s, &raw) < 0)
        return r->s.bad != NULL ? bad_json(r) : refuse(r, param, "'%s' must be a whole number.", param);
    if (parse_i64(raw, &v) < 0) {
        if (parse_f64(raw, &d) < 0 || d != (double)(int64_t)d || d > 1e15 || d < -1e15)
            return refuse(r, param, "'%s' must be a whole number.", param);
        v = (int64_t)d;
    }
    if (v < 1)
        return refuse(r, param, "'%s' must be at least 1, got %lld.", param, (long long)v);
    if (v > max)
        return refuse(r, param, "'%s' must be at most %lld, got %lld.", param, (long long)max, (long long)v);
    *out = (uint64_t)v;
    return 0;
}

static int read_text(struct reader *r)
{
    struct str raw;
    if (js_string(&r->s, &raw) < 0)
        return bad_json(r);
    char *text = xmalloc(raw.n + 1);
    size_t n = js_decode(raw, text);
    r->a->prompt_tokens += sim_count_words((struct str){text, n});
    free(text);
    return 0;
}

/* One element of a content that is an array: {"type": "text", "text": "..."}; other types hold no words. */
static int read_part(struct reader *r)
{
    struct str key;
    if (js_peek(&r->s) != JS_OBJ)
        return r->s.bad != NULL ? bad_json(r) : refuse(r, "messages", "Each part of 'content' must be an object.");
    js_enter(&r->s, '{');
    while (js_key(&r->s, &key)) {
        if (js_raw_eq(key, "text") && js_peek(&r->s) == JS_STR) {
            if (read_text(r) < 0)
                return -1;
        } else {
            js_skip(&r->s, NULL);
        }
    }
    return r->s.bad != NULL ? bad_json(r) : 0;
}

static int read_content(struct reader *r)
{
    switch (js_peek(&r->s)) {
    case JS_STR:
        return read_text(r);
    case JS_NULL:
        return js_skip(&r->s, NULL) < 0 ? bad_json(r) : 0;
    case JS_ARR:
        js_enter(&r->s, '[');
        while (js_elem(&r->s))
            if (read_part(r) < 0)
                return -1;
        return r->s.bad != NULL ? bad_json(r) : 0;
    default:
        return r->s.bad != NULL ? bad_json(r) : refuse(r, "messages", "'content' must be a string or an array.");
    }
}

static int read_message(struct reader *r, size_t i)
{
    struct str key;
    bool has_role = false;
    if (js_peek(&r->s) != JS_OBJ)
        return r->s.bad != NULL ? bad_json(r) : refuse(r, "messages", "messages[%zu] must be an object.", i);
    js_enter(&r->s, '{');
    while (js_key(&r->s, &key)) {
        if (js_raw_eq(key, "role")) {
            has_role = js_peek(&r->s) == JS_STR;
            js_skip(&r->s, NULL);
        } else if (js_raw_eq(key, "content")) {
            if (read_content(r) < 0)
                return -1;
        } else {
            js_skip(&r->s, NULL);
        }
    }
    if (r->s.bad != NULL)
        return bad_json(r);
    return has_role ? 0 : refuse(r, "messages", "messages[%zu] has no 'role'.", i);
}

static int read_messages(struct reader *r)
{
    size_t i = 0;
    if (took_null(r))
        return 0;
    if (js_peek(&r->s) != JS_ARR)
        return r->s.bad != NULL ? bad_json(r) : refuse(r, "messages", "'messages' must be an array.");
    js_enter(&r->s, '[');
    while (js_elem(&r->s))
        if (read_message(r, i++) < 0)
            return -1;
    if (r->s.bad != NULL)
        return bad_json(r);
    r->has_input = true;
    return i > 0 ? 0 : refuse(r, "messages", "'messages' must not be empty.");
}

/* An array is one prompt only: of one string, of token ids (each one a token), or of one array of those. */
static int read_prompt_array(struct reader *r, bool inner)
{
    size_t n = 0;
    bool numbers = false;
    js_enter(&r->s, '[');
    while (js_elem(&r->s)) {
        enum js_type t = js_peek(&r->s);
        if (n > 0 && !(numbers && t == JS_NUM))
            return refuse(r, "prompt", "'prompt' must be one prompt.");
        if (t == JS_NUM) {
            numbers = true;
            r->a->prompt_tokens++;
            js_skip(&r->s, NULL);
        } else if (t == JS_STR && !inner) {
            if (read_text(r) < 0)
                return -1;
        } else if (t == JS_ARR && !inner) {
            if (read_prompt_array(r, true) < 0)
                return -1;
        } else {
            return r->s.bad != NULL ? bad_json(r) : refuse(r, "prompt", "'prompt' must be text or token ids.");
        }
        n++;
    }
    if (r->s.bad != NULL)
        return bad_json(r);
    return n > 0 ? 0 : refuse(r, "prompt", "'prompt' must not be empty.");
}

static int read_prompt(struct reader *r)
{
    if (took_null(r))
        return 0;
    r->has_input = true;
    enum js_type t = js_peek(&r->s);
    if (t == JS_STR)
        return read_text(r);
    if (t == JS_ARR)
        return read_prompt_array(r, false);
    return r->s.bad != NULL ? bad_json(r) : refuse(r, "prompt", "'prompt' must be a string or an array.");
}

static int read_stream_options(struct reader *r)
{
    struct str key;
    if (took_null(r))
        return 0;
    if (r->rules->no_stream_options)
        return refuse(r, "stream_options", "Unrecognized request argument supplied: stream_options");
    if (js_peek(&r->s) != JS_OBJ)
        return r->s.bad != NULL ? bad_json(r) : refuse(r, "stream_options", "'stream_options' must be an object.");
    r->has_stream_options = true;
    js_enter(&r->s, '{');
    while (js_key(&r->s, &key)) {
        int rc = 0;
        if (js_raw_eq(key, "include_usage"))
            rc = read_bool(r, "include_usage", &r->a->include_usage);
        else if (js_raw_eq(key, "continuous_usage_stats"))
            rc = read_bool(r, "continuous_usage_stats", &r->a->continuous_usage);
        else
            js_skip(&r->s, NULL);
        if (rc < 0)
            return -1;
    }
    return r->s.bad != NULL ? bad_json(r) : 0;
}

static int read_model(struct reader *r)
{
    if (took_null(r))
        return 0;
    if (js_peek(&r->s) != JS_STR)
        return r->s.bad != NULL ? bad_json(r) : refuse(r, "model", "'model' must be a string.");
    if (js_string(&r->s, &r->a->model) < 0)
        return bad_json(r);
    r->has_model = true;
    return r->a->model.n <= ASK_MAX_MODEL ? 0 : refuse(r, "model", "'model' is too long.");
}

static int read_member(struct reader *r, enum ask_kind kind, struct str key)
{
    uint64_t n;
    if (js_raw_eq(key, "model"))
        return read_model(r);
    if (kind == ASK_CHAT && js_raw_eq(key, "messages"))
        return read_messages(r);
    if (kind == ASK_COMPLETION && js_raw_eq(key, "prompt"))
        return read_prompt(r);
    if (js_raw_eq(key, "stream"))
        return read_bool(r, "stream", &r->a->stream);
    if (js_raw_eq(key, "stream_options"))
        return read_stream_options(r);
    if (js_raw_eq(key, "max_tokens"))
        return read_count(r, "max_tokens", ASK_MAX_TOKENS, &r->a->max_tokens);
    if (js_raw_eq(key, "max_completion_tokens"))
        return read_count(r, "max_completion_tokens", ASK_MAX_TOKENS, &r->max_completion_tokens);
    if (js_raw_eq(key, "n"))
        return read_count(r, "n", 1, &n);
    return js_skip(&r->s, NULL) < 0 ? bad_json(r) : 0;
}

static int check(struct reader *r, enum ask_kind kind)
{
    const char *input = kind == ASK_CHAT ? "messages" : "prompt";
    if (!r->has_model)
        return refuse(r, "model", "You must provide a 'model'.");
    if (!r->has_input)
        return refuse(r, input, "You must provide '%s'.", input);
    if (r->has_stream_options && !r->a->stream)
        return refuse(r, "stream_options", "'stream_options' is only allowed when 'stream' is true.");
    if (r->rules->model != NULL && !js_raw_eq(r->a->model, r->rules->model)) {
        refuse(r, "model", "The model '" STR_FMT "' does not exist.", (int)MIN(r->a->model.n, 200), r->a->model.p);
        r->x->status = 404;
        r->x->code = "model_not_found";
        return -1;
    }
    if (r->max_completion_tokens > 0)
        r->a->max_tokens = r->max_completion_tokens;
    return 0;
}

int ask_parse(struct ask *a, enum ask_kind kind, struct str body, const struct ask_rules *rules, struct ask_error *x)
{
    struct reader r = {.a = a, .rules = rules, .x = x};
    struct str key;
    *a = (struct ask){0};
    js_init(&r.s, body);
    enum js_type t = js_peek(&r.s);
    if (t == JS_END)
        return refuse(&r, NULL, "The body is empty; a JSON object is needed.");
    if (t != JS_OBJ)
        return r.s.bad != NULL ? bad_json(&r) : refuse(&r, NULL, "The body must be a JSON object.");
    js_enter(&r.s, '{');
    while (js_key(&r.s, &key))
        if (read_member(&r, kind, key) < 0)
            return -1;
    if (r.s.bad != NULL || !js_done(&r.s))
        return bad_json(&r);
    return check(&r, kind);
}
