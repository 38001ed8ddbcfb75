/* api_oai_completions.c - OpenAI's (legacy) text completions: the messages' contents, joined by line feeds, are the
 * prompt. */
#include "api/api_oai.h"

extern const struct api_ops api_oai_completions;

static int completions_check(const struct plan_sample *s, struct err *e)
{
    return api_check_plain(s, "a completions endpoint takes only text", e);
}

static void completions_body(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    api_prompt_body(a, it, STR("{\"prompt\":\""), b);
}

static enum api_rc completions_event(struct str type, struct str data, struct api_event *ev)
{
    return oai_event(type, data, NULL, ev);
}

static enum api_rc completions_document(struct str body, struct api_event *ev)
{
    api_event_clear(ev);
    return oai_decode(body, NULL, ev);
}

const struct api_ops api_oai_completions = {
    .name = "openai-completions",
    .completes = true,
    .help = "OpenAI text completions",
    .default_path = "/v1/completions",
    .models_path = "/v1/models",
    .models_list = "data",
    .models_id = "id",
    .limit = "max_tokens",
    .limit_as = "max_completion_tokens",
    .ours = oai_ours,
    .has_terminal = true,
    .asks_usage = true,
    .can_ignore_eos = true,
    .check = completions_check,
    .members = oai_members,
    .body = completions_body,
    .event = completions_event,
    .document = completions_document,
};
