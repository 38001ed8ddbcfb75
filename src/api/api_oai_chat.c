/* api_oai_chat.c - OpenAI's chat completions. */
#include "api/api_oai.h"

extern const struct api_ops api_oai_chat;

static int chat_check(const struct plan_sample *s, struct err *e)
{
    (void)s, (void)e; /* every sample is a list of messages */
    return 0;
}

static struct str opening(enum plan_role role, bool first)
{
    static const char *const open[2][5] = {
        {",{\"role\":\"system\",\"content\":\"", ",{\"role\":\"user\",\"content\":\"",
         ",{\"role\":\"assistant\",\"content\":\"", ",{\"role\":\"tool\",\"content\":\"",
         ",{\"role\":\"developer\",\"content\":\""},
        {"{\"role\":\"system\",\"content\":\"", "{\"role\":\"user\",\"content\":\"",
         "{\"role\":\"assistant\",\"content\":\"", "{\"role\":\"tool\",\"content\":\"",
         "{\"role\":\"developer\",\"content\":\""},
    };
    return str_of(open[first][role]);
}

/* Each message is three pieces (opening, content, closing); the nonce, head and tail are six more. */
enum { DIRECT_MESSAGES = (API_MAX_PIECES - 6) / 3 };

static void chat_body(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    const struct plan_sample *s = it->what;
    bool direct = s->n_msgs <= DIRECT_MESSAGES;
    api_piece(b, STR("{\"messages\":["));
    bool nonce = it->nonce[0] != 0;
    for (uint32_t i = 0; i < s->n_msgs; i++) {
        const struct plan_msg *m = &s->msgs[i];
        if (m->raw_json.n > 0) {
            api_put(b, direct, i ? STR(",") : STR(""));
            api_put(b, direct, m->raw_json);
            continue;
        }
        api_put(b, direct, opening(m->role, i == 0));
        if (nonce) {
            api_put(b, direct, str_of(it->nonce));
            nonce = false;
        }
        api_put(b, direct, m->content);
        api_put(b, direct, STR("\"}"));
    }
    if (!direct)
        api_piece(b, buf_str(&b->spill));
    api_piece(b, STR("],"));
    api_rest(a, it, b);
}

static enum api_rc chat_event(struct str type, struct str data, struct api_event *ev)
{
    return oai_event(type, data, "delta", ev);
}

static enum api_rc chat_document(struct str body, struct api_event *ev)
{
    api_event_clear(ev);
    return oai_decode(body, "message", ev);
}

const struct api_ops api_oai_chat = {
    .name = "openai-chat",
    .help = "OpenAI chat completions (vLLM, SGLang, llama.cpp, TensorRT-LLM, Ollama and many others)",
    .default_path = "/v1/chat/completions",
    .models_path = "/v1/models",
    .models_list = "data",
    .models_id = "id",
    .limit = "max_tokens",
    .limit_as = "max_completion_tokens",
    .ours = oai_ours,
    .has_terminal = true,
    .asks_usage = true,
    .can_ignore_eos = true,
    .check = chat_check,
    .members = oai_members,
    .body = chat_body,
    .event = chat_event,
    .document = chat_document,
};
