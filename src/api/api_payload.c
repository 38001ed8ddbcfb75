/* api_payload.c - bodies as the user has them, with any method; answers are read by their Content-Type, whatever server
 * gave them: JSON, JSON lines, Server-Sent Events, bare text, and anything else by its status alone. The text stands at
 * --json-text, else where LMI has it (api_sagemaker.c): outputs, token.text, generated_text. JSON of another shape has
 * no text, and is an answer all the same. */
#include "api/api.h"

extern const struct api_ops api_payload, api_sagemaker;

static int payload_check(const struct plan_sample *s, struct err *e)
{
    if (s->extra && (s->extra->body.n || s->extra->path.n || s->extra->method.n || s->n_msgs == 0))
        return 0;
    return err_set(e, ERR_DATA,
                   "%.*s: is a prompt, and --api payload sends bodies as they are; give --body, or a dataset of bodies "
                   "or targets (--dataset-format payload or targets)",
                   STR_ARG(s->where));
}

static void payload_members(struct jout *j, const struct api_opts *o)
{
    (void)j, (void)o;
}

static void payload_body(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    (void)a, (void)it, (void)b; /* api_render has put the sample's own */
}

static bool is_json(struct str text)
{
    struct js s;
    js_init(&s, text);
    return js_skip(&s, NULL) == 0 && js_done(&s);
}

static enum api_rc payload_event(struct str type, struct str data, struct api_event *ev)
{
    enum api_rc rc = api_sagemaker.event(type, data, ev);
    if (rc == API_OK)
        return rc;
    api_event_clear(ev);
    if (str_eqz(str_trim(data), "[DONE]"))
        ev->flags = API_TERMINAL;
    return (ev->flags & API_TERMINAL) || is_json(data) ? API_OK : API_E_SYNTAX;
}

static enum api_rc payload_document(struct str body, struct api_event *ev)
{
    api_event_clear(ev);
    enum api_rc rc = str_trim(body).n == 0 ? API_OK : payload_event(STR(""), body, ev); /* of HEAD, of 204 */
    if (rc == API_OK && !(ev->flags & API_ERROR))
        ev->flags |= API_RESULT;
    return rc;
}

static const char *const ours[] = {NULL};

const struct api_ops api_payload = {
    .name = "payload",
    .help = "bodies as they are, any method; answers are read by their Content-Type, their text at --json-text",
    .default_path = "/",
    .key_env = "",
    .model_optional = true,
    .ours = ours,
    .own_counts = true,
    .as_is = true,
    .text = true,
    .lines = true,
    .check = payload_check,
    .members = payload_members,
    .body = payload_body,
    .event = payload_event,
    .document = payload_document,
};
