/* api_anthropic.c - Anthropic's messages: POST /v1/messages, answered by a stream of typed events. The system prompt is
 * a member of its own, a limit is required, and input tokens are counted without those that the cache took or gave:
 * the sum of the three is what others call the prompt's.
 * Source: Anthropic's API reference (messages, streaming), and the types of its Python client. */
#include "api/api_anthropic.h"

#include <math.h>

#include "api/api_read.h"

extern const struct api_ops api_anthropic;

static const struct api_reason reasons[] = {{"end_turn", API_FIN_STOP},
                                            {"stop_sequence", API_FIN_STOP},
                                            {"max_tokens", API_FIN_LENGTH},
                                            {"model_context_window_exceeded", API_FIN_LENGTH},
                                            {"tool_use", API_FIN_TOOL},
                                            {"refusal", API_FIN_FILTER},
                                            {NULL, API_FIN_NONE}};

static const char *const ours[] = {"messages", "system", "stream", NULL};

static void members(struct jout *j, const struct api_opts *o)
{
    if (o->model)
        jo_kstrz(j, "model", o->model);
    if (o->max_tokens >= 0)
        jo_ki64(j, "max_tokens", o->max_tokens);
    if (!isnan(o->temperature))
        jo_kf64(j, "temperature", o->temperature);
    jo_kbool(j, "stream", o->stream);
}

bool anthropic_is_system(const struct plan_msg *m)
{
    return m->role == ROLE_SYSTEM || m->role == ROLE_DEVELOPER;
}

int anthropic_check(const struct plan_sample *s, struct err *e)
{
    static const char *const takes[] = {"role", "content", NULL};
    static const char *const types[] = {
        "text", "image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking", "search_result", NULL};
    uint32_t said = 0;
    for (uint32_t i = 0; i < s->n_msgs; i++) {
        said += !anthropic_is_system(&s->msgs[i]);
        if (anthropic_is_system(&s->msgs[i]) && s->msgs[i].raw_json.n > 0)
            return err_set(e, ERR_DATA,
                           "%.*s: message %u is a system prompt of several parts; Anthropic's API gets plain "
                           "text from weir there",
                           STR_ARG(s->where), i + 1);
    }
    if (said == 0)
        return err_set(e, ERR_DATA,
                       "%.*s: there is only a system prompt; Anthropic's API needs a message of the user's",
                       STR_ARG(s->where));
    return api_check_roles(s, "Anthropic's API", e) < 0 ? -1 : api_check_raw(s, takes, types, "Anthropic's API", e);
}

/* Each message is at most three pieces; what stands around them, the nonce and the constant members are eight more. */
enum { DIRECT_MESSAGES = (API_MAX_PIECES - 8) / 3 };

/* The nonce goes in front of what the model sees first: the system prompt where there is one. */
static bool put_system(const struct anthropic_shape *h, const struct plan_item *it, struct api_body *b, bool direct)
{
    const struct plan_sample *s = it->what;
    bool any = false;
    for (uint32_t i = 0; i < s->n_msgs; i++) {
        if (!anthropic_is_system(&s->msgs[i]))
            continue;
        api_put(b, direct, any ? h->system_between : h->system);
        if (!any)
            api_put(b, direct, str_of(it->nonce));
        api_put(b, direct, s->msgs[i].content);
        any = true;
    }
    if (any)
        api_put(b, direct, h->system_end);
    return any;
}

void anthropic_render(const struct anthropic_shape *h, const struct api *a, const struct plan_item *it,
                      struct api_body *b)
{
    const struct plan_sample *s = it->what;
    bool direct = s->n_msgs <= DIRECT_MESSAGES, first = true;
    api_piece(b, STR("{"));
    bool nonce = !put_system(h, it, b, direct);
    api_put(b, direct, STR("\"messages\":["));
    for (uint32_t i = 0; i < s->n_msgs; i++) {
        const struct plan_msg *m = &s->msgs[i];
        if (anthropic_is_system(m))
            continue;
        if (m->raw_json.n > 0) {
            api_put(b, direct, first ? STR("") : STR(","));
            api_put(b, direct, m->raw_json);
            first = false;
            continue;
        }
        struct str open = m->role == ROLE_USER ? h->user : h->assistant; /* each begins with a comma */
        api_put(b, direct, first ? str_sub(open, 1, open.n) : open);
        if (nonce)
            api_put(b, direct, str_of(it->nonce));
        first = nonce = false;
        api_put(b, direct, m->content);
        api_put(b, direct, h->end);
    }
    if (!direct)
        api_piece(b, buf_str(&b->spill));
    api_piece(b, STR("],"));
    api_rest(a, it, b);
}

void anthropic_body(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    static const struct anthropic_shape shape = {
        .system = STR("\"system\":\""),
        .system_between = STR("\\n\\n"),
        .system_end = STR("\","),
        .user = STR(",{\"role\":\"user\",\"content\":\""),
        .assistant = STR(",{\"role\":\"assistant\",\"content\":\""),
        .end = STR("\"}"),
    };
    anthropic_render(&shape, a, it, b);
}

/* begun: the output counted so far says nothing of the answer yet. */
static void decode_usage(struct js *s, bool begun, struct api_event *ev)
{
    static const struct api_count_of thinking = {"thinking_tokens", NULL, offsetof(struct api_event, reasoning_tokens)};
    struct str key;
    int64_t input = -1, written = 0;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        if (str_eqz(key, "input_tokens"))
            api_count(s, &input);
        else if (str_eqz(key, "cache_creation_input_tokens"))
            api_count(s, &written);
        else if (str_eqz(key, "cache_read_input_tokens"))
            api_event_count(s, ev, &ev->cached_tokens);
        else if (str_eqz(key, "output_tokens") && !begun)
            api_event_count(s, ev, &ev->completion_tokens);
        else if (str_eqz(key, "output_tokens_details") && !begun)
            api_read_counts(s, &thinking, 1, ev);
        else
            js_skip(s, NULL);
    }
    if (input >= 0) {
        ev->prompt_tokens = MIN(input + written + MAX(ev->cached_tokens, 0), (int64_t)API_MAX_COUNT);
        ev->flags |= API_USAGE;
    }
}

/* A delta or a block: which text it holds, its member says. A tool's input is an object where it comes whole. */
static void decode_piece(struct js *s, struct api_event *ev)
{
    struct str key, raw;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        if (str_eqz(key, "text")) {
            api_event_string(s, API_CONTENT, ev);
        } else if (str_eqz(key, "thinking")) {
            api_event_string(s, API_REASONING, ev);
        } else if (str_eqz(key, "partial_json") || str_eqz(key, "name")) {
            api_event_string(s, API_TOOL, ev);
        } else if (str_eqz(key, "stop_reason")) {
            api_event_finish(s, reasons, ev);
        } else if (str_eqz(key, "input") && js_peek(s) == JS_OBJ) {
            if (js_skip(s, &raw) == 0 && raw.n > 2) { /* in a stream it begins as {} */
                ev->flags |= API_TOOL;
                ev->text_bytes += (uint32_t)MIN(raw.n, (size_t)UINT32_MAX / 2);
            }
        } else {
            js_skip(s, NULL);
        }
    }
}

static void decode_message(struct js *s, bool begun, struct api_event *ev)
{
    struct str key, raw;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        if (str_eqz(key, "usage")) {
            decode_usage(s, begun, ev);
        } else if (str_eqz(key, "stop_reason")) {
            api_event_finish(s, reasons, ev);
        } else if (str_eqz(key, "content") && js_peek(s) == JS_ARR) {
            js_enter(s, '[');
            while (js_elem(s))
                decode_piece(s, ev);
        } else if (str_eqz(key, "error") && js_peek(s) != JS_NULL) {
            if (js_skip(s, &raw) == 0)
                api_event_error(ev, raw);
        } else {
            js_skip(s, NULL);
        }
    }
}

static enum api_rc decode_event(struct str data, struct str type, struct api_event *ev)
{
    static const struct api_count_of bedrock[] = {
        {"inputTokenCount", NULL, offsetof(struct api_event, prompt_tokens)},
        {"outputTokenCount", NULL, offsetof(struct api_event, completion_tokens)},
    };
    struct js s;
    struct str key;
    js_init(&s, data);
    if (!js_enter(&s, '{'))
        return API_E_SYNTAX;
    while (js_key(&s, &key)) {
        if (str_eqz(key, "type") && js_peek(&s) == JS_STR)
            js_string(&s, &type);
        else if (str_eqz(key, "delta") || str_eqz(key, "content_block"))
            decode_piece(&s, ev);
        else if (str_eqz(key, "message"))
            decode_message(&s, true, ev);
        else if (str_eqz(key, "usage"))
            decode_usage(&s, false, ev);
        else if (str_eqz(key, "amazon-bedrock-invocationMetrics")) /* Bedrock's own counts, with the last event */
            api_read_counts(&s, bedrock, ARRAY_LEN(bedrock), ev);
        else if (str_eqz(key, "error") && js_peek(&s) != JS_NULL)
            js_skip(&s, &ev->error);
        else
            js_skip(&s, NULL);
    }
    if (!js_done(&s))
        return API_E_SYNTAX;
    if (str_eqz(type, "message_stop"))
        ev->flags |= API_TERMINAL;
    if (str_eqz(type, "error") || ev->error.p)
        api_event_error(ev, ev->error.p ? ev->error : data);
    return API_OK;
}

enum api_rc anthropic_event(struct str type, struct str data, struct api_event *ev)
{
    api_event_clear(ev);
    return api_read_named(type, data, decode_event(data, type, ev), ev);
}

enum api_rc anthropic_document(struct str text, struct api_event *ev)
{
    struct js s;
    api_event_clear(ev);
    js_init(&s, text);
    if (js_peek(&s) != JS_OBJ)
        return API_E_SYNTAX;
    decode_message(&s, false, ev);
    return js_done(&s) ? API_OK : API_E_SYNTAX;
}

const struct api_ops api_anthropic = {
    .name = "anthropic-messages",
    .help = "Anthropic messages (vLLM, SGLang, llama.cpp and Ollama have it too)",
    .default_path = "/v1/messages",
    .headers = "anthropic-version: 2023-06-01\r\n",
    .auth_style = "x-api-key",
    .key_env = "ANTHROPIC_API_KEY",
    .models_path = "/v1/models",
    .models_list = "data",
    .models_id = "id",
    .limit = "max_tokens",
    .limit_needed = 1024,
    .ours = ours,
    .has_terminal = true,
    .check = anthropic_check,
    .members = members,
    .body = anthropic_body,
    .event = anthropic_event,
    .document = anthropic_document,
};
