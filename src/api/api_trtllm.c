/* api_trtllm.c - Triton's generate extension as TensorRT-LLM's models are served by it: POST
 * /v2/models/NAME/generate_stream, /generate where it is not streamed.
 *
 * {"text_input":...,"max_tokens":...,"stream":true} gives events {"model_name":"ensemble",...,"text_output":" word"},
 * each with what is new, and no event of its own at the end: the end of the body is that of the answer. It reports no
 * usage, but the counts of a model that was asked for them (return_num_input_tokens, return_num_output_tokens).
 * Sources: Triton Inference Server, "Generate extension"; the TensorRT-LLM backend's README. */
#include <math.h>

#include "api/api_read.h"

extern const struct api_ops api_trtllm;

static void trtllm_members(struct jout *j, const struct api_opts *o)
{
    if (o->max_tokens >= 0)
        jo_ki64(j, "max_tokens", o->max_tokens);
    if (!isnan(o->temperature))
        jo_kf64(j, "temperature", o->temperature);
    jo_kbool(j, "stream", o->stream);
}

static int trtllm_check(const struct plan_sample *s, struct err *e)
{
    return api_check_plain(s, "Triton's generate extension takes only text", e);
}

static void trtllm_body(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    api_prompt_body(a, it, STR("{\"text_input\":\""), b);
}

/* A number, or an array of one per sequence: the first. */
static void count(struct js *s, struct api_event *ev, int64_t *v)
{
    if (js_peek(s) != JS_ARR) {
        api_event_count(s, ev, v);
        return;
    }
    js_enter(s, '[');
    for (bool first = true; js_elem(s); first = false) {
        if (first)
            api_event_count(s, ev, v);
        else
            js_skip(s, NULL);
    }
}

static enum api_rc decode(struct str json, struct api_event *ev)
{
    struct js s;
    struct str key;
    js_init(&s, json);
    if (!js_enter(&s, '{'))
        return API_E_SYNTAX;
    while (js_key(&s, &key)) {
        if (str_eqz(key, "text_output")) {
            api_event_string(&s, API_CONTENT, ev);
            if (ev->n_texts == 0) /* an empty one is an answer all the same */
                ev->flags |= API_RESULT;
        } else if (str_eqz(key, "num_output_tokens")) {
            count(&s, ev, &ev->completion_tokens);
        } else if (str_eqz(key, "num_input_tokens")) {
            count(&s, ev, &ev->prompt_tokens);
        } else if (str_eqz(key, "error") && js_peek(&s) != JS_NULL) {
            ev->flags |= API_ERROR;
            js_skip(&s, &ev->error);
        } else if (js_peek(&s) == JS_ARR) { /* log probabilities, logits */
            api_skip_numbers(&s);
        } else {
            js_skip(&s, NULL);
        }
    }
    return js_done(&s) ? API_OK : API_E_SYNTAX;
}

static enum api_rc trtllm_event(struct str type, struct str data, struct api_event *ev)
{
    api_event_clear(ev);
    return api_read_named(type, data, decode(data, ev), ev);
}

static enum api_rc trtllm_document(struct str body, struct api_event *ev)
{
    api_event_clear(ev);
    return decode(body, ev);
}

static const char *const ours[] = {"text_input", "stream", NULL};

const struct api_ops api_trtllm = {
    .name = "tensorrt-llm",
    .completes = true,
    .help = "TensorRT-LLM behind Triton: generate_stream and generate",
    .default_path = "/v2/models/ensemble/generate",
    .stream_path = "/v2/models/ensemble/generate_stream",
    .model_optional = true,
    .limit = "max_tokens",
    .ours = ours,
    .own_counts = true,
    .check = trtllm_check,
    .members = trtllm_members,
    .body = trtllm_body,
    .event = trtllm_event,
    .document = trtllm_document,
};
