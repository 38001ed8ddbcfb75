/* api_http.c - no dialect at all: the request's body goes out as the sample has it, whatever comes back is counted in
 * bytes, and the status says whether it was good. With --json-tokens an answer in JSON tells how many tokens it has.
 * Method and path are the sample's too (plan_extra), see engine/target.h. */
#include "api/api.h"

extern const struct api_ops api_http;

static int http_check(const struct plan_sample *s, struct err *e)
{
    if (s->extra && (s->extra->body.n || s->extra->path.n || s->extra->method.n || s->n_msgs == 0))
        return 0;
    return err_set(e, ERR_DATA,
                   "%.*s: is a prompt, and --api http sends bodies as they are; give --body, or a dataset of bodies or "
                   "targets (--dataset-format payload or targets)",
                   STR_ARG(s->where));
}

static void http_members(struct jout *j, const struct api_opts *o)
{
    (void)j, (void)o;
}

static void http_body(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    (void)a, (void)it, (void)b; /* api_render has put the sample's own */
}

static enum api_rc http_event(struct str type, struct str data, struct api_event *ev)
{
    (void)type, (void)data;
    api_event_clear(ev);
    return API_OK;
}

static enum api_rc http_document(struct str body, struct api_event *ev)
{
    (void)body;
    api_event_clear(ev);
    return API_OK;
}

static const char *const ours[] = {NULL};

const struct api_ops api_http = {
    .name = "http",
    .help = "plain HTTP: any method and body; each answer counts by its status, and there are no tokens",
    .default_path = "/",
    .key_env = "", /* any server: OpenAI's key is none of its business */
    .model_optional = true,
    .ours = ours,
    .plain = true,
    .own_counts = true,
    .as_is = true,
    .check = http_check,
    .members = http_members,
    .body = http_body,
    .event = http_event,
    .document = http_document,
};
