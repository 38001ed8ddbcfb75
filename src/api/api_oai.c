#include "api/api_oai.h"

#include <math.h>

#include "api/api_read.h"

const char *const oai_ours[] = {"messages", "prompt", "stream", NULL};

void oai_members(struct jout *j, const struct api_opts *o)
{
    if (o->model)
        jo_kstrz(j, "model", o->model);
    if (o->max_tokens >= 0)
        jo_ki64(j, "max_tokens", o->max_tokens);
    if (!isnan(o->temperature))
        jo_kf64(j, "temperature", o->temperature);
    if (o->ignore_eos)
        jo_kbool(j, "ignore_eos", true);
    jo_kbool(j, "stream", o->stream);
    if (o->stream && o->include_usage) {
        jo_key(j, "stream_options");
        jo_obj(j);
        jo_kbool(j, "include_usage", true);
        if (o->running_usage)
            jo_kbool(j, "continuous_usage_stats", true);
        jo_end_obj(j);
    }
}

/* null in all chunks but the last: usual. */
static void decode_usage(struct js *s, struct api_event *ev)
{
    static const struct api_count_of counts[] = {
        {"prompt_tokens", NULL, offsetof(struct api_event, prompt_tokens)},
        {"completion_tokens", NULL, offsetof(struct api_event, completion_tokens)},
        {"prompt_tokens_details", "cached_tokens", offsetof(struct api_event, cached_tokens)},
        {"completion_tokens_details", "reasoning_tokens", offsetof(struct api_event, reasoning_tokens)},
        {"reasoning_tokens", NULL, offsetof(struct api_event, reasoning_tokens)}, /* SGLang's place for them */
    };
    api_read_counts(s, counts, ARRAY_LEN(counts), ev);
}

/* [{"index":0,"function":{"name":"f","arguments":"{..."}}]: the name and the arguments are tokens of the answer. */
static void decode_tool_calls(struct js *s, struct api_event *ev)
{
    struct str key;
    if (!api_read_array(s))
        return;
    while (js_elem(s)) {
        if (!api_read_object(s))
            continue;
        while (js_key(s, &key)) {
            if (!str_eqz(key, "function") || js_peek(s) != JS_OBJ) {
                js_skip(s, NULL);
                continue;
            }
            struct str member;
            js_enter(s, '{');
            while (js_key(s, &member)) {
                if (str_eqz(member, "name") || str_eqz(member, "arguments"))
                    api_event_string(s, API_TOOL, ev);
                else
                    js_skip(s, NULL);
            }
        }
    }
}

static void decode_part(struct js *s, struct api_event *ev)
{
    struct str key, reasoned = {0}; /* by which name: some servers send the same text under both */
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        bool reasoning = str_eqz(key, "reasoning_content") || str_eqz(key, "reasoning");
        unsigned before = ev->n_texts;
        if (str_eqz(key, "content") || str_eqz(key, "refusal"))
            api_event_string(s, API_CONTENT, ev);
        else if (reasoning && !reasoned.p)
            api_event_string(s, API_REASONING, ev);
        else if (str_eqz(key, "tool_calls"))
            decode_tool_calls(s, ev);
        else
            js_skip(s, NULL);
        if (reasoning && ev->n_texts > before)
            reasoned = key;
    }
}

static const struct api_reason reasons[] = {
    {"stop", API_FIN_STOP},          {"length", API_FIN_LENGTH},         {"tool_calls", API_FIN_TOOL},
    {"function_call", API_FIN_TOOL}, {"content_filter", API_FIN_FILTER}, {NULL, API_FIN_NONE}};

/* llama.cpp's own account of a request, in its last chunk or (timings_per_token) in each: what it computed of the
 * prompt, what it had in its cache (newer ones say), and what it has generated. */
struct timings {
    int64_t prompt, cache, predicted;
};

static void decode_timings(struct js *s, struct timings *t, struct api_event *ev)
{
    struct str key;
    js_peek(s);
    const char *from = s->p;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        int64_t *v = str_eqz(key, "prompt_n")      ? &t->prompt
                     : str_eqz(key, "cache_n")     ? &t->cache
                     : str_eqz(key, "predicted_n") ? &t->predicted
                                                   : NULL;
        if (v)
            api_count(s, v);
        else
            js_skip(s, NULL);
    }
    ev->figures = (struct str){from, (size_t)(s->p - from)};
}

/* Where the same event reports usage, that is the server's word. */
static void settle_timings(const struct timings *t, struct api_event *ev)
{
    if ((ev->flags & API_USAGE) || t->predicted < 0)
        return;
    ev->flags |= API_USAGE;
    ev->own_counts = true;
    ev->completion_tokens = t->predicted;
    if (t->prompt >= 0 && t->cache >= 0 && t->prompt + t->cache <= API_MAX_COUNT) {
        ev->prompt_tokens = t->prompt + t->cache;
        ev->cached_tokens = t->cache;
    }
}

static void decode_choice(struct js *s, const char *part, struct api_event *ev)
{
    struct str key;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        if (part && str_eqz(key, part))
            decode_part(s, ev);
        else if (!part && str_eqz(key, "text"))
            api_event_string(s, API_CONTENT, ev);
        else if (str_eqz(key, "finish_reason"))
            api_event_finish(s, reasons, ev);
        else
            js_skip(s, NULL);
    }
}

enum api_rc oai_decode(struct str json, const char *part, struct api_event *ev)
{
    struct js s;
    struct str key;
    struct timings t = {-1, -1, -1};
    js_init(&s, json);
    if (!js_enter(&s, '{'))
        return API_E_SYNTAX;
    while (js_key(&s, &key)) {
        if (str_eqz(key, "choices") && js_peek(&s) == JS_ARR) {
            js_enter(&s, '[');
            while (js_elem(&s))
                decode_choice(&s, part, ev);
        } else if (str_eqz(key, "usage")) {
            decode_usage(&s, ev);
        } else if (str_eqz(key, "timings")) {
            decode_timings(&s, &t, ev);
        } else if (str_eqz(key, "error") && js_peek(&s) != JS_NULL) {
            ev->flags |= API_ERROR;
            js_skip(&s, &ev->error);
        } else if (str_eqz(key, "object") && js_peek(&s) == JS_STR) {
            /* vLLM's older servers stream {"object":"error","message":...} */
            struct str kind;
            if (js_string(&s, &kind) == 0 && str_eqz(kind, "error")) {
                ev->flags |= API_ERROR;
                ev->error = json;
            }
        } else {
            js_skip(&s, NULL);
        }
    }
    settle_timings(&t, ev);
    return js_done(&s) ? API_OK : API_E_SYNTAX;
}

enum api_rc oai_event(struct str type, struct str data, const char *part, struct api_event *ev)
{
    api_event_clear(ev);
    if (str_eqz(str_trim(data), "[DONE]")) {
        ev->flags = API_TERMINAL;
        return API_OK;
    }
    enum api_rc rc = oai_decode(data, part, ev);
    if (str_eqz(type, "error")) { /* whatever stands in it */
        ev->flags |= API_ERROR;
        if (rc != API_OK || !ev->error.p)
            ev->error = data;
        return API_OK;
    }
    return rc;
}
