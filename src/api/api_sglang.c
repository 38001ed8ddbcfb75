/* api_sglang.c - SGLang's native POST /generate: {"text":...,"sampling_params":{...},"stream":true}.
 *
 * Each event of a stream holds all of the text so far, and meta_info with the counts so far: completion_tokens makes a
 * true token ITL. A server started with --incremental-streaming-output (in older versions --stream-output) sends only
 * what is new; api_memo.c tells both apart. Source: SGLang documentation, "Sampling parameters" and "Native APIs"; its
 * server's answers. */
#include <math.h>

#include "api/api_read.h"

extern const struct api_ops api_sglang;

static void sglang_members(struct jout *j, const struct api_opts *o)
{
    jo_key(j, "sampling_params");
    jo_obj(j);
    if (o->max_tokens >= 0)
        jo_ki64(j, "max_new_tokens", o->max_tokens);
    if (!isnan(o->temperature))
        jo_kf64(j, "temperature", o->temperature);
    if (o->ignore_eos)
        jo_kbool(j, "ignore_eos", true);
    jo_end_obj(j);
    jo_kbool(j, "stream", o->stream);
}

static int sglang_check(const struct plan_sample *s, struct err *e)
{
    return api_check_plain(s, "SGLang's /generate takes only text", e);
}

static void sglang_body(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    api_prompt_body(a, it, STR("{\"text\":\""), b);
}

/* {"type":"length","length":16}, {"type":"stop","matched":2} or {"type":"abort","message":"..."}; null before the end.
 */
static void decode_finish(struct js *s, struct api_event *ev)
{
    struct str key, type = {0}, raw;
    if (js_peek(s) != JS_OBJ) {
        if (api_read_string(s, &raw)) { /* of old versions */
            ev->flags |= API_FINISH;
            ev->finish = API_FIN_OTHER;
        }
        return;
    }
    const char *from = s->p;
    js_enter(s, '{');
    while (js_key(s, &key)) {
        if (str_eqz(key, "type"))
            api_read_string(s, &type);
        else
            js_skip(s, NULL);
    }
    if (str_eqz(type, "abort")) {
        ev->flags |= API_ERROR;
        ev->error = (struct str){from, (size_t)(s->p - from)};
        return;
    }
    ev->flags |= API_FINISH;
    ev->finish = str_eqz(type, "stop") ? API_FIN_STOP : str_eqz(type, "length") ? API_FIN_LENGTH : API_FIN_OTHER;
}

static void decode_meta(struct js *s, struct api_event *ev)
{
    struct str key;
    js_peek(s);
    const char *from = s->p;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        if (str_eqz(key, "completion_tokens"))
            api_event_count(s, ev, &ev->completion_tokens);
        else if (str_eqz(key, "prompt_tokens"))
            api_event_count(s, ev, &ev->prompt_tokens);
        else if (str_eqz(key, "cached_tokens"))
            api_event_count(s, ev, &ev->cached_tokens);
        else if (str_eqz(key, "reasoning_tokens"))
            api_event_count(s, ev, &ev->reasoning_tokens);
        else if (str_eqz(key, "finish_reason"))
            decode_finish(s, ev);
        else
            js_skip(s, NULL);
    }
    ev->figures = (struct str){from, (size_t)(s->p - from)};
}

static enum api_rc decode(struct str json, struct api_event *ev)
{
    struct js s;
    struct str key;
    js_init(&s, json);
    if (!js_enter(&s, '{'))
        return API_E_SYNTAX;
    while (js_key(&s, &key)) {
        if (str_eqz(key, "text") && ev->n_texts == 0) {
            ev->whole = js_peek(&s) == JS_STR;
            api_event_string(&s, API_CONTENT, ev);
        } else if (str_eqz(key, "meta_info")) {
            decode_meta(&s, ev);
        } else if (str_eqz(key, "error") && js_peek(&s) != JS_NULL) {
            ev->flags |= API_ERROR;
            js_skip(&s, &ev->error);
        } else {
            js_skip(&s, NULL);
        }
    }
    return js_done(&s) ? API_OK : API_E_SYNTAX;
}

static enum api_rc sglang_event(struct str type, struct str data, struct api_event *ev)
{
    api_event_clear(ev);
    if (str_eqz(str_trim(data), "[DONE]")) {
        ev->flags = API_TERMINAL;
        return API_OK;
    }
    enum api_rc rc = decode(data, ev);
    return api_read_named(type, data, rc, ev);
}

static enum api_rc sglang_document(struct str body, struct api_event *ev)
{
    api_event_clear(ev);
    return decode(body, ev);
}

static const char *const ours[] = {"text", "input_ids", "stream", NULL};

const struct api_ops api_sglang = {
    .name = "sglang",
    .completes = true,
    .help = "SGLang's own /generate, with the count of tokens in each event",
    .default_path = "/generate",
    .models_path = "/v1/models",
    .models_list = "data",
    .models_id = "id",
    .model_optional = true,
    .limit = "sampling_params.max_new_tokens",
    .ours = ours,
    .has_terminal = true,
    .own_counts = true,
    .can_ignore_eos = true,
    .check = sglang_check,
    .members = sglang_members,
    .body = sglang_body,
    .event = sglang_event,
    .document = sglang_document,
};
