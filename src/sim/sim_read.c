#include "sim/sim_read.h"

#include "base/xalloc.h"
#include "sim/sim_text.h"

enum { IMAGE_TOKENS = 256, SOUND_BYTES = 1280 };

int read_refuse(struct reader *r, const char *param, const char *fmt, ...)
{
    va_list ap;
    *r->x = (struct ask_error){.status = 400, .param = param};
    va_start(ap, fmt);
    vsnprintf(r->x->message, sizeof(r->x->message), fmt, ap);
    va_end(ap);
    return -1;
}

int read_bad_json(struct reader *r)
{
    return read_refuse(r, NULL, "The body is not valid JSON: %s at byte %zu.",
                       r->s.what != NULL ? r->s.what : "bad text",
                       r->s.bad != NULL ? (size_t)(r->s.bad - r->s.begin) : 0);
}

bool read_null(struct reader *r)
{
    if (js_peek(&r->s) != JS_NULL)
        return false;
    js_skip(&r->s, NULL);
    return true;
}

int read_bool(struct reader *r, const char *param, bool *out)
{
    enum js_type t = js_peek(&r->s);
    *out = false;
    if (read_null(r))
        return 0;
    if (t != JS_TRUE && t != JS_FALSE)
        return r->s.bad != NULL ? read_bad_json(r) : read_refuse(r, param, "'%s' must be true or false.", param);
    return js_bool(&r->s, out) < 0 ? read_bad_json(r) : 0;
}

int read_count(struct reader *r, const char *param, int64_t max, uint64_t *out)
{
    int64_t v;
    struct str raw;
    double d;
    *out = 0;
    if (read_null(r))
        return 0;
    if (js_peek(&r->s) != JS_NUM || js_skip(&r->s, &raw) < 0)
        return r->s.bad != NULL ? read_bad_json(r) : read_refuse(r, param, "'%s' must be a whole number.", param);
    if (parse_i64(raw, &v) < 0) {
        if (parse_f64(raw, &d) < 0 || d != (double)(int64_t)d || d > 1e15 || d < -1e15)
            return read_refuse(r, param, "'%s' must be a whole number.", param);
        v = (int64_t)d;
    }
    if (v < 1)
        return read_refuse(r, param, "'%s' must be at least 1, got %lld.", param, (long long)v);
    if (v > max)
        return read_refuse(r, param, "'%s' must be at most %lld, got %lld.", param, (long long)max, (long long)v);
    *out = (uint64_t)v;
    return 0;
}

int read_text(struct reader *r)
{
    struct str raw;
    if (js_string(&r->s, &raw) < 0)
        return read_bad_json(r);
    char *text = xmalloc(raw.n + 1);
    size_t n = js_decode(raw, text);
    r->a->prompt_tokens += sim_count_words((struct str){text, n});
    if (r->rules->blocks)
        prefix_add_text(&r->a->blocks, (struct str){text, n});
    free(text);
    return 0;
}

/* One element of a content that is an array: {"type": "text", "text": "..."}; other types hold no words. */
/* A token for each 40 ms of 16-bit sound at 16 kHz, whatever it is coded as: its bytes are counted. */
static void read_sound(struct reader *r)
{
    struct str key, data;
    js_enter(&r->s, '{');
    while (js_key(&r->s, &key)) {
        if (js_raw_eq(key, "data") && js_peek(&r->s) == JS_STR && js_string(&r->s, &data) == 0)
            r->a->prompt_tokens += (data.n / 4 * 3 + SOUND_BYTES - 1) / SOUND_BYTES;
        else
            js_skip(&r->s, NULL);
    }
}

static int read_part(struct reader *r)
{
    struct str key;
    if (js_peek(&r->s) != JS_OBJ)
        return r->s.bad != NULL ? read_bad_json(r)
                                : read_refuse(r, "messages", "Each part of 'content' must be an object.");
    js_enter(&r->s, '{');
    while (js_key(&r->s, &key)) {
        if (js_raw_eq(key, "text") && js_peek(&r->s) == JS_STR) {
            if (read_text(r) < 0)
                return -1;
        } else if (js_raw_eq(key, "image_url")) {
            r->a->prompt_tokens += IMAGE_TOKENS;
            js_skip(&r->s, NULL);
        } else if (js_raw_eq(key, "input_audio") && js_peek(&r->s) == JS_OBJ) {
            read_sound(r);
        } else {
            js_skip(&r->s, NULL);
        }
    }
    return r->s.bad != NULL ? read_bad_json(r) : 0;
}

int read_content(struct reader *r)
{
    switch (js_peek(&r->s)) {
    case JS_STR:
        return read_text(r);
    case JS_NULL:
        return js_skip(&r->s, NULL) < 0 ? read_bad_json(r) : 0;
    case JS_ARR:
        js_enter(&r->s, '[');
        while (js_elem(&r->s))
            if (read_part(r) < 0)
                return -1;
        return r->s.bad != NULL ? read_bad_json(r) : 0;
    default:
        return r->s.bad != NULL ? read_bad_json(r)
                                : read_refuse(r, "messages", "'content' must be a string or an array.");
    }
}

static int read_message(struct reader *r, size_t i)
{
    struct str key;
    bool has_role = false;
    if (js_peek(&r->s) != JS_OBJ)
        return r->s.bad != NULL ? read_bad_json(r) : read_refuse(r, "messages", "messages[%zu] must be an object.", i);
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
        return read_bad_json(r);
    return has_role ? 0 : read_refuse(r, "messages", "messages[%zu] has no 'role'.", i);
}

int read_messages(struct reader *r)
{
    size_t i = 0;
    if (read_null(r))
        return 0;
    if (js_peek(&r->s) != JS_ARR)
        return r->s.bad != NULL ? read_bad_json(r) : read_refuse(r, "messages", "'messages' must be an array.");
    js_enter(&r->s, '[');
    while (js_elem(&r->s))
        if (read_message(r, i++) < 0)
            return -1;
    if (r->s.bad != NULL)
        return read_bad_json(r);
    r->has_input = true;
    return i > 0 ? 0 : read_refuse(r, "messages", "'messages' must not be empty.");
}

int read_model(struct reader *r)
{
    if (read_null(r))
        return 0;
    if (js_peek(&r->s) != JS_STR)
        return r->s.bad != NULL ? read_bad_json(r) : read_refuse(r, "model", "'model' must be a string.");
    if (js_string(&r->s, &r->a->model) < 0)
        return read_bad_json(r);
    r->has_model = true;
    return r->a->model.n <= ASK_MAX_MODEL ? 0 : read_refuse(r, "model", "'model' is too long.");
}

int read_asked(struct reader *r, const char *param)
{
    if (js_peek(&r->s) != JS_STR)
        return r->s.bad != NULL ? read_bad_json(r) : read_refuse(r, param, "'%s' must be a string.", param);
    r->has_input = true;
    return read_text(r);
}

int read_object(struct reader *r, const char *param, int (*member)(struct reader *r, struct str key))
{
    struct str key;
    if (read_null(r))
        return 0;
    if (js_peek(&r->s) != JS_OBJ)
        return r->s.bad != NULL ? read_bad_json(r) : read_refuse(r, param, "'%s' must be an object.", param);
    js_enter(&r->s, '{');
    while (js_key(&r->s, &key))
        if (member(r, key) < 0)
            return -1;
    return r->s.bad != NULL ? read_bad_json(r) : 0;
}

int read_skip(struct reader *r)
{
    return js_skip(&r->s, NULL) < 0 ? read_bad_json(r) : 0;
}

int read_check_model(struct reader *r)
{
    if (!r->has_model)
        return r->rules->model_elsewhere ? 0 : read_refuse(r, "model", "You must provide a 'model'.");
    if (r->rules->model != NULL && !js_raw_eq(r->a->model, r->rules->model)) {
        read_refuse(r, "model", "The model '" STR_FMT "' does not exist.", (int)MIN(r->a->model.n, 200), r->a->model.p);
        r->x->status = 404;
        r->x->code = "model_not_found";
        return -1;
    }
    return 0;
}

int read_body(struct reader *r, struct str body, int (*member)(struct reader *r, struct str key))
{
    struct str key;
    js_init(&r->s, body);
    enum js_type t = js_peek(&r->s);
    if (t == JS_END)
        return read_refuse(r, NULL, "The body is empty; a JSON object is needed.");
    if (t != JS_OBJ)
        return r->s.bad != NULL ? read_bad_json(r) : read_refuse(r, NULL, "The body must be a JSON object.");
    js_enter(&r->s, '{');
    while (js_key(&r->s, &key))
        if (member(r, key) < 0)
            return -1;
    return r->s.bad != NULL || !js_done(&r->s) ? read_bad_json(r) : 0;
}
