/* api_llm_on_ray.c - LLM-on-Ray's simple protocol: POST /MODEL with {"text":...,"config":{...},"stream":...}.
 *
 * A stream is bare text (text/plain) without any framing: each piece of the body is an event, and the end of the body
 * is that of the answer. There are no counts in it. Not streamed, the answer is an object or a list of one with "text",
 * "input_length" and "generate_length" ("generated_text", "num_input_tokens" and "num_generated_tokens" of a server
 * with vLLM), a list of strings, or bare text (older servers). One message is sent as a string, several as a list of
 * chat messages. Source: the LLM-on-Ray repository's serving code and its benchmark_serving.py. */
#include <math.h>

#include "api/api_read.h"

extern const struct api_ops api_llm_on_ray;

static void ray_members(struct jout *j, const struct api_opts *o)
{
    jo_key(j, "config");
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

static int ray_check(const struct plan_sample *s, struct err *e)
{
    return api_check_plain(s, "LLM-on-Ray's simple protocol takes only text", e);
}

static struct str opening(enum plan_role role, bool first)
{
    static const char *const open[] = {
        [ROLE_SYSTEM] = ",{\"role\":\"system\",\"content\":\"",
        [ROLE_USER] = ",{\"role\":\"user\",\"content\":\"",
        [ROLE_ASSISTANT] = ",{\"role\":\"assistant\",\"content\":\"",
        [ROLE_TOOL] = ",{\"role\":\"tool\",\"content\":\"",
        [ROLE_DEVELOPER] = ",{\"role\":\"developer\",\"content\":\"",
    };
    return str_of(open[role] + first);
}

static void put_messages(const struct plan_item *it, struct api_body *b)
{
    const struct plan_sample *s = it->what;
    for (uint32_t i = 0; i < s->n_msgs; i++) {
        buf_adds(&b->spill, opening(s->msgs[i].role, i == 0));
        if (i == 0)
            buf_addz(&b->spill, it->nonce);
        buf_adds(&b->spill, s->msgs[i].content);
        buf_addz(&b->spill, "\"}");
    }
    api_piece(b, buf_str(&b->spill));
}

static void ray_body(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    bool one = it->what->n_msgs == 1;
    api_piece(b, one ? STR("{\"text\":\"") : STR("{\"text\":["));
    if (one)
        api_joined(it, b);
    else
        put_messages(it, b);
    api_piece(b, one ? STR("\",") : STR("],"));
    api_rest(a, it, b);
}

static enum api_rc ray_event(struct str type, struct str data, struct api_event *ev)
{
    api_event_clear(ev);
    ev->plain = true;
    api_event_text(ev, API_CONTENT, data);
    return api_read_named(type, data, API_OK, ev);
}

static void decode_answer(struct js *s, struct api_event *ev)
{
    struct str key;
    if (js_peek(s) == JS_STR) {
        api_event_string(s, API_CONTENT, ev);
        return;
    }
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        if (str_eqz(key, "text") || str_eqz(key, "generated_text")) {
            ev->flags |= API_RESULT; /* an empty one is an answer all the same */
            api_event_string(s, API_CONTENT, ev);
        } else if (str_eqz(key, "generate_length") || str_eqz(key, "num_generated_tokens")) {
            api_event_count(s, ev, &ev->completion_tokens);
        } else if (str_eqz(key, "input_length") || str_eqz(key, "num_input_tokens")) {
            api_event_count(s, ev, &ev->prompt_tokens);
        } else if (str_eqz(key, "error") && js_peek(s) != JS_NULL) {
            ev->flags |= API_ERROR;
            js_skip(s, &ev->error);
        } else {
            js_skip(s, NULL);
        }
    }
}

static enum api_rc ray_document(struct str body, struct api_event *ev)
{
    struct js s;
    api_event_clear(ev);
    js_init(&s, body);
    if (js_peek(&s) == JS_ARR) {
        js_enter(&s, '[');
        while (js_elem(&s))
            decode_answer(&s, ev);
    } else if (js_peek(&s) != JS_END) {
        decode_answer(&s, ev);
    }
    if (js_done(&s) && (ev->flags || body.n == 0))
        return API_OK;
    return ray_event(STR(""), body, ev);
}

static const char *const ours[] = {"text", "stream", NULL};

const struct api_ops api_llm_on_ray = {
    .name = "llm-on-ray",
    .help = "LLM-on-Ray's simple protocol: bare text as a stream",
    .default_path = "/",
    .model_optional = true,
    .limit = "config.max_new_tokens",
    .ours = ours,
    .own_counts = true,
    .can_ignore_eos = true,
    .text = true,
    .check = ray_check,
    .members = ray_members,
    .body = ray_body,
    .event = ray_event,
    .document = ray_document,
};
