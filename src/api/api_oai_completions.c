/* api_oai_completions.c - OpenAI's (legacy) text completions: the messages' contents, joined by line feeds, are the
 * prompt. */
#include "api/api_oai.h"

extern const struct api_ops api_oai_completions;

static int completions_check(const struct plan_sample *s, struct err *e)
{
    for (uint32_t i = 0; i < s->n_msgs; i++) {
        if (s->msgs[i].raw_json.n > 0)
            return err_set(e, ERR_DATA,
                           "%.*s: message %u is not plain text; a completions endpoint takes only text "
                           "(use a chat endpoint)",
                           STR_ARG(s->where), i + 1);
    }
    return 0;
}

enum { DIRECT_MESSAGES = (API_MAX_PIECES - 8) / 2 };

static void completions_body(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    const struct plan_sample *s = it->what;
    bool direct = s->n_msgs <= DIRECT_MESSAGES;
    api_piece(b, STR("{"));
    api_piece(b, oai_sample_limit(a, it, b));
    api_piece(b, STR("\"prompt\":\""));
    api_piece(b, str_of(it->nonce));
    for (uint32_t i = 0; i < s->n_msgs; i++) {
        if (direct) {
            api_piece(b, i ? STR("\\n") : STR(""));
            api_piece(b, s->msgs[i].content);
        } else {
            buf_adds(&b->spill, i ? STR("\\n") : STR(""));
            buf_adds(&b->spill, s->msgs[i].content);
        }
    }
    if (!direct)
        api_piece(b, buf_str(&b->spill));
    api_piece(b, STR("\","));
    api_piece(b, buf_str(&a->rest));
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
    .help = "OpenAI text completions",
    .default_path = "/v1/completions",
    .has_terminal = true,
    .check = completions_check,
    .body = completions_body,
    .event = completions_event,
    .document = completions_document,
};
