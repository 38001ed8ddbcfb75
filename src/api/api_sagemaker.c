/* api_sagemaker.c - the bodies of DJL's LMI containers, as SageMaker's POST /invocations passes them on:
 * {"inputs":...,"parameters":{...},"stream":...}.
 *
 * A stream is JSON lines, or Server-Sent Events where the container is set so: {"token":{"id":304,"text":" word",
 * "log_prob":-0.05}} each, the last with "generated_text" and "details" beside the token. Not streamed, the answer is
 * {"generated_text":...,"details":{...}}, in a list where the container imitates TGI. A container with dynamic batching
 * streams {"outputs":[" word"]}, without any end of its own. What ends with finish_reason "error" failed, whatever the
 * status. AWS's event stream around these bodies is not read here. Source: DJL Serving's documentation, "LMI handlers
 * Inference API Schema". */
#include <math.h>

#include "api/api_read.h"

extern const struct api_ops api_sagemaker;

static void lmi_members(struct jout *j, const struct api_opts *o)
{
    jo_key(j, "parameters");
    jo_obj(j);
    if (o->max_tokens >= 0)
        jo_ki64(j, "max_new_tokens", o->max_tokens);
    if (!isnan(o->temperature)) {
        jo_kf64(j, "temperature", o->temperature);
        jo_kbool(j, "do_sample", o->temperature > 0); /* up to LMI 0.31 nothing is sampled without */
    }
    if (o->ignore_eos)
        jo_kbool(j, "ignore_eos_token", true);
    jo_kbool(j, "details", true); /* the counts */
    jo_end_obj(j);
    jo_kbool(j, "stream", o->stream);
}

static int lmi_check(const struct plan_sample *s, struct err *e)
{
    return api_check_plain(s, "LMI's own schema takes only text", e);
}

static void lmi_body(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    api_prompt_body(a, it, STR("{\"inputs\":\""), b);
}

static void decode_finish(struct js *s, struct api_event *ev)
{
    static const struct {
        const char *name;
        enum api_finish finish;
    } reasons[] = {{"length", API_FIN_LENGTH},
                   {"eos_token", API_FIN_STOP},
                   {"stop_sequence", API_FIN_STOP},
                   {"stop", API_FIN_STOP}};
    struct str raw;
    if (!api_read_string(s, &raw))
        return;
    if (str_eqz(raw, "error")) {
        ev->flags |= API_ERROR;
        return;
    }
    ev->flags |= API_FINISH;
    ev->finish = API_FIN_OTHER;
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (str_eqz(raw, reasons[i].name))
            ev->finish = reasons[i].finish;
    }
}

static void decode_details(struct js *s, struct api_event *ev)
{
    struct str key;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        if (str_eqz(key, "finish_reason") || str_eqz(key, "finish reason")) /* the latter stands in the documentation */
            decode_finish(s, ev);
        else if (str_eqz(key, "generated_tokens"))
            api_event_count(s, ev, &ev->completion_tokens);
        else
            js_skip(s, NULL);
    }
}

static void decode_token(struct js *s, struct api_event *ev)
{
    struct str key;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        if (str_eqz(key, "text"))
            api_event_string(s, API_CONTENT, ev);
        else
            js_skip(s, NULL);
    }
}

/* A string, or an array of one per input. */
static void decode_outputs(struct js *s, struct api_event *ev)
{
    ev->flags |= API_FINISH; /* any of them may be the last: none says so */
    if (js_peek(s) != JS_ARR) {
        api_event_string(s, API_CONTENT, ev);
        return;
    }
    js_enter(s, '[');
    while (js_elem(s))
        api_event_string(s, API_CONTENT, ev);
}

/* One object; where it began, for the text of an error that has no other. */
static void decode_answer(struct js *s, struct api_event *ev)
{
    struct str key, whole = {0};
    bool token = false;
    if (!api_read_object(s))
        return;
    const char *from = s->p - 1;
    while (js_key(s, &key)) {
        if (str_eqz(key, "token")) {
            token = true;
            decode_token(s, ev);
        } else if (str_eqz(key, "generated_text") && js_peek(s) == JS_STR) {
            js_string(s, &whole);
        } else if (str_eqz(key, "details")) {
            decode_details(s, ev);
        } else if (str_eqz(key, "outputs")) {
            decode_outputs(s, ev);
        } else if (str_eqz(key, "error") && js_peek(s) != JS_NULL) {
            ev->flags |= API_ERROR;
            js_skip(s, &ev->error);
        } else {
            js_skip(s, NULL);
        }
    }
    if (!token) /* else it is what the tokens were */
        api_event_text(ev, API_CONTENT, whole);
    if (whole.p)
        ev->flags |= API_FINISH;
    if ((ev->flags & API_ERROR) && !ev->error.p)
        ev->error = (struct str){from, (size_t)(s->p - from)};
}

static enum api_rc lmi_document(struct str body, struct api_event *ev)
{
    struct js s;
    api_event_clear(ev);
    js_init(&s, body);
    if (js_peek(&s) == JS_ARR) {
        js_enter(&s, '[');
        while (js_elem(&s))
            decode_answer(&s, ev);
    } else if (js_peek(&s) == JS_OBJ) {
        decode_answer(&s, ev);
    } else {
        return API_E_SYNTAX;
    }
    return js_done(&s) ? API_OK : API_E_SYNTAX;
}

static enum api_rc lmi_event(struct str type, struct str data, struct api_event *ev)
{
    return api_read_named(type, data, lmi_document(data, ev), ev);
}

static const char *const ours[] = {"inputs", "stream", NULL};

const struct api_ops api_sagemaker = {
    .name = "sagemaker-lmi",
    .completes = true,
    .help = "bodies of DJL's LMI containers, as at SageMaker's /invocations",
    .default_path = "/invocations",
    .key_env = "",
    .model_optional = true,
    .limit = "parameters.max_new_tokens",
    .ours = ours,
    .has_terminal = true,
    .own_counts = true,
    .can_ignore_eos = true,
    .lines = true,
    .check = lmi_check,
    .members = lmi_members,
    .body = lmi_body,
    .event = lmi_event,
    .document = lmi_document,
};
