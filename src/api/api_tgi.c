/* api_tgi.c - Text Generation Inference: POST /generate_stream and, for whole answers, /generate. Each event of a
 * stream is one token, counted by its index; special ones (the end of the text) are tokens but no text. The last event
 * has the text again, whole. Source: the OpenAPI description of huggingface/text-generation-inference. */
#include <math.h>

#include "api/api_read.h"

extern const struct api_ops api_tgi;

static const struct api_reason reasons[] = {
    {"eos_token", API_FIN_STOP}, {"stop_sequence", API_FIN_STOP}, {"length", API_FIN_LENGTH}, {NULL, API_FIN_NONE}};

static const char *const ours[] = {"inputs", "stream", NULL};

static void members(struct jout *j, const struct api_opts *o)
{
    jo_key(j, "parameters");
    jo_obj(j);
    jo_kbool(j, "details", true);
    if (o->max_tokens >= 0)
        jo_ki64(j, "max_new_tokens", o->max_tokens);
    if (!isnan(o->temperature) && o->temperature > 0) /* 0 is refused there; without it the likeliest token is taken */
        jo_kf64(j, "temperature", o->temperature);
    jo_end_obj(j);
}

static int check(const struct plan_sample *s, struct err *e)
{
    return api_check_plain(s, "Text Generation Inference's generate takes only text", e);
}

static void body(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    api_prompt_body(a, it, STR("{\"inputs\":\""), b);
}

static void decode_token(struct js *s, struct api_event *ev)
{
    struct str key, text = {0};
    bool special = false;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        if (str_eqz(key, "text") && js_peek(s) == JS_STR) {
            js_string(s, &text);
        } else if (str_eqz(key, "special")) {
            special = js_peek(s) == JS_TRUE;
            js_skip(s, NULL);
        } else {
            js_skip(s, NULL);
        }
    }
    if (!special)
        api_event_text(ev, API_CONTENT, text);
}

static void decode_details(struct js *s, struct api_event *ev)
{
    struct str key;
    int64_t n = 0;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        if (str_eqz(key, "finish_reason")) {
            api_event_finish(s, reasons, ev);
        } else if (str_eqz(key, "generated_tokens")) {
            api_event_count(s, ev, &ev->completion_tokens);
        } else if (str_eqz(key, "input_length")) {
            api_event_count(s, ev, &ev->prompt_tokens);
        } else if (str_eqz(key, "prefill") &&
                   js_peek(s) == JS_ARR) { /* the prompt's tokens, where they were asked for */
            js_enter(s, '[');
            for (; js_elem(s); n++)
                js_skip(s, NULL);
        } else {
            js_skip(s, NULL);
        }
    }
    if (n > 0 && ev->prompt_tokens < 0) {
        ev->prompt_tokens = n;
        ev->flags |= API_USAGE;
    }
}

static void decode_object(struct js *s, bool stream, struct api_event *ev)
{
    struct str key, raw;
    int64_t index = -1;
    js_enter(s, '{');
    while (js_key(s, &key)) {
        if (str_eqz(key, "token") && stream) {
            decode_token(s, ev);
        } else if (str_eqz(key, "index") && stream) {
            api_count(s, &index);
        } else if (str_eqz(key, "generated_text") && !stream) {
            api_event_string(s, API_CONTENT, ev);
        } else if (str_eqz(key, "generated_text") && js_peek(s) == JS_STR) {
            ev->flags |= API_TERMINAL;
            js_skip(s, NULL);
        } else if (str_eqz(key, "details")) {
            decode_details(s, ev);
        } else if (str_eqz(key, "error") && js_peek(s) != JS_NULL) {
            if (js_skip(s, &raw) == 0)
                api_event_error(ev, raw);
        } else {
            js_skip(s, NULL);
        }
    }
    if (index > 0 && ev->completion_tokens < 0) { /* it counts from 1 */
        ev->completion_tokens = index;
        ev->flags |= API_USAGE;
    }
}

static enum api_rc event(struct str type, struct str data, struct api_event *ev)
{
    struct js s;
    api_event_clear(ev);
    js_init(&s, data);
    bool fine = js_peek(&s) == JS_OBJ;
    if (fine) {
        decode_object(&s, true, ev);
        fine = js_done(&s);
    }
    if (!str_eqz(type, "error"))
        return fine ? API_OK : API_E_SYNTAX;
    api_event_error(ev, fine && ev->error.p ? ev->error : data);
    return API_OK;
}

/* Some gateways answer with an array of one. */
static enum api_rc document(struct str text, struct api_event *ev)
{
    struct js s;
    api_event_clear(ev);
    js_init(&s, text);
    bool array = js_peek(&s) == JS_ARR;
    if (array && (!js_enter(&s, '[') || !js_elem(&s)))
        return API_E_SYNTAX;
    if (js_peek(&s) != JS_OBJ)
        return API_E_SYNTAX;
    decode_object(&s, false, ev);
    while (array && js_elem(&s))
        js_skip(&s, NULL);
    return js_done(&s) ? API_OK : API_E_SYNTAX;
}

const struct api_ops api_tgi = {
    .name = "tgi",
    .completes = true,
    .help = "Text Generation Inference's generate and generate_stream",
    .default_path = "/generate",
    .stream_path = "/generate_stream",
    .models_path = "/info",
    .models_id = "model_id",
    .model_optional = true,
    .limit = "parameters.max_new_tokens",
    .ours = ours,
    .has_terminal = true,
    .own_counts = true,
    .check = check,
    .members = members,
    .body = body,
    .event = event,
    .document = document,
};
