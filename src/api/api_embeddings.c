/* api_embeddings.c - OpenAI's POST /v1/embeddings: one input text (the messages' contents, joined by line feeds), one
 * vector, which is passed over. There is no stream and no output token. Source: OpenAI API reference, embeddings; vLLM,
 * SGLang, llama.cpp and Infinity serve the same. */
#include "api/api_read.h"

extern const struct api_ops api_embeddings;

/* As text a vector is some times as long as in base64; it is what a server does where nothing is said. */
static void embeddings_members(struct jout *j, const struct api_opts *o)
{
    if (o->model)
        jo_kstrz(j, "model", o->model);
    jo_kstrz(j, "encoding_format", "float");
}

static int embeddings_check(const struct plan_sample *s, struct err *e)
{
    return api_check_plain(s, "an embedding is made of text", e);
}

static void embeddings_body(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    api_prompt_body(a, it, STR("{\"input\":\""), b);
}

/* [{"object":"embedding","index":0,"embedding":[0.1,...]}], or base64 text where it was asked for. */
static void decode_data(struct js *s, struct api_event *ev)
{
    struct str key;
    if (!api_read_array(s))
        return;
    while (js_elem(s)) {
        if (!api_read_object(s))
            continue;
        while (js_key(s, &key)) {
            if (str_eqz(key, "embedding")) {
                ev->flags |= API_RESULT;
                api_skip_numbers(s);
            } else {
                js_skip(s, NULL);
            }
        }
    }
}

static enum api_rc embeddings_document(struct str body, struct api_event *ev)
{
    struct js s;
    struct str key;
    api_event_clear(ev);
    js_init(&s, body);
    if (!js_enter(&s, '{'))
        return API_E_SYNTAX;
    while (js_key(&s, &key)) {
        if (str_eqz(key, "data")) {
            decode_data(&s, ev);
        } else if (str_eqz(key, "usage")) {
            api_read_input_usage(&s, ev);
        } else if (str_eqz(key, "error") && js_peek(&s) != JS_NULL) {
            ev->flags |= API_ERROR;
            js_skip(&s, &ev->error);
        } else {
            js_skip(&s, NULL);
        }
    }
    return js_done(&s) ? API_OK : API_E_SYNTAX;
}

static enum api_rc embeddings_event(struct str type, struct str data, struct api_event *ev)
{
    return api_read_named(type, data, embeddings_document(data, ev), ev);
}

static const char *const ours[] = {"input", "stream", NULL};

const struct api_ops api_embeddings = {
    .name = "openai-embeddings",
    .completes = true,
    .help = "OpenAI embeddings (vLLM, SGLang, llama.cpp, Infinity and others)",
    .default_path = "/v1/embeddings",
    .models_path = "/v1/models",
    .models_list = "data",
    .models_id = "id",
    .ours = ours,
    .lacks = API_NO_STREAM | API_NO_TOKENS | API_NO_TEMPERATURE,
    .check = embeddings_check,
    .members = embeddings_members,
    .body = embeddings_body,
    .event = embeddings_event,
    .document = embeddings_document,
};
