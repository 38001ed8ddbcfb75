#include "sim/sim_read.h"

/* An array is one prompt only: of one string, of token ids (each one a token), or of one array of those. */
static int read_prompt_array(struct reader *r, bool inner)
{
    size_t n = 0;
    bool numbers = false;
    js_enter(&r->s, '[');
    while (js_elem(&r->s)) {
        enum js_type t = js_peek(&r->s);
        if (n > 0 && !(numbers && t == JS_NUM))
            return read_refuse(r, "prompt", "'prompt' must be one prompt.");
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
            return r->s.bad != NULL ? read_bad_json(r)
                                    : read_refuse(r, "prompt", "'prompt' must be text or token ids.");
        }
        n++;
    }
    if (r->s.bad != NULL)
        return read_bad_json(r);
    return n > 0 ? 0 : read_refuse(r, "prompt", "'prompt' must not be empty.");
}

static int read_prompt(struct reader *r)
{
    if (read_null(r))
        return 0;
    r->has_input = true;
    enum js_type t = js_peek(&r->s);
    if (t == JS_STR)
        return read_text(r);
    if (t == JS_ARR)
        return read_prompt_array(r, false);
    return r->s.bad != NULL ? read_bad_json(r) : read_refuse(r, "prompt", "'prompt' must be a string or an array.");
}

static int read_stream_options(struct reader *r)
{
    struct str key;
    if (read_null(r))
        return 0;
    if (r->rules->no_stream_options)
        return read_refuse(r, "stream_options", "Unrecognized request argument supplied: stream_options");
    if (js_peek(&r->s) != JS_OBJ)
        return r->s.bad != NULL ? read_bad_json(r)
                                : read_refuse(r, "stream_options", "'stream_options' must be an object.");
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
    return r->s.bad != NULL ? read_bad_json(r) : 0;
}

static int read_common(struct reader *r, struct str key)
{
    uint64_t n;
    if (js_raw_eq(key, "model"))
        return read_model(r);
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
    return read_skip(r);
}

static int chat_member(struct reader *r, struct str key)
{
    return js_raw_eq(key, "messages") ? read_messages(r) : read_common(r, key);
}

static int completion_member(struct reader *r, struct str key)
{
    return js_raw_eq(key, "prompt") ? read_prompt(r) : read_common(r, key);
}

int ask_parse(struct ask *a, enum ask_kind kind, struct str body, const struct ask_rules *rules, struct ask_error *x)
{
    struct reader r = {.a = a, .rules = rules, .x = x};
    const char *input = kind == ASK_CHAT ? "messages" : "prompt";
    *a = (struct ask){0};
    if (read_body(&r, body, kind == ASK_CHAT ? chat_member : completion_member) < 0 || read_check_model(&r) < 0)
        return -1;
    if (!r.has_input)
        return read_refuse(&r, input, "You must provide '%s'.", input);
    if (r.has_stream_options && !a->stream)
        return read_refuse(&r, "stream_options", "'stream_options' is only allowed when 'stream' is true.");
    if (r.max_completion_tokens > 0)
        a->max_tokens = r.max_completion_tokens;
    return 0;
}
