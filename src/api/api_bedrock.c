/* api_bedrock.c - Amazon Bedrock's runtime: Converse (POST /model/ID/converse-stream, /converse where it is not
 * streamed) and InvokeModel (/model/ID/invoke-with-response-stream, /invoke) with the bodies of Anthropic's models. The
 * model stands in the path, which the URL must have. Streams come in AWS's event stream, a frame each for an event; of
 * InvokeModel the frames hold the model's own events in base64, the last with Bedrock's counts. Answers of Meta's,
 * Mistral's, Amazon's and Cohere's models are read too; their bodies are given by --body-template and --api custom, or
 * by a dataset of payloads. Source: Amazon Bedrock API reference (ConverseStream, InvokeModelWithResponseStream) and
 * its user guide's inference parameters. */
#include <math.h>

#include "api/api_anthropic.h"
#include "api/api_read.h"

extern const struct api_ops api_bedrock_converse, api_bedrock_invoke;

/* ---- Converse ---- */

static const struct api_reason reasons[] = {
    {"end_turn", API_FIN_STOP},           {"stop_sequence", API_FIN_STOP},
    {"max_tokens", API_FIN_LENGTH},       {"model_context_window_exceeded", API_FIN_LENGTH},
    {"tool_use", API_FIN_TOOL},           {"guardrail_intervened", API_FIN_FILTER},
    {"content_filtered", API_FIN_FILTER}, {NULL, API_FIN_NONE}};

static void converse_members(struct jout *j, const struct api_opts *o)
{
    jo_key(j, "inferenceConfig");
    jo_obj(j);
    if (o->max_tokens >= 0)
        jo_ki64(j, "maxTokens", o->max_tokens);
    if (!isnan(o->temperature))
        jo_kf64(j, "temperature", o->temperature);
    jo_end_obj(j);
}

static int converse_check(const struct plan_sample *s, struct err *e)
{
    for (uint32_t i = 0; i < s->n_msgs; i++) {
        if (s->msgs[i].raw_json.n > 0)
            return err_set(e, ERR_DATA,
                           "%.*s: message %u has several parts; Bedrock's Converse gets plain text from weir",
                           STR_ARG(s->where), i + 1);
    }
    return anthropic_check(s, e);
}

static void converse_body(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    static const struct anthropic_shape shape = {
        .system = STR("\"system\":[{\"text\":\""),
        .system_between = STR("\"},{\"text\":\""),
        .system_end = STR("\"}],"),
        .user = STR(",{\"role\":\"user\",\"content\":[{\"text\":\""),
        .assistant = STR(",{\"role\":\"assistant\",\"content\":[{\"text\":\""),
        .end = STR("\"}]}"),
    };
    anthropic_render(&shape, a, it, b);
}

static void converse_usage(struct js *s, struct api_event *ev)
{
    static const struct api_count_of counts[] = {
        {"inputTokens", NULL, offsetof(struct api_event, prompt_tokens)},
        {"outputTokens", NULL, offsetof(struct api_event, completion_tokens)},
        {"cacheReadInputTokens", NULL, offsetof(struct api_event, cached_tokens)},
    };
    api_read_counts(s, counts, ARRAY_LEN(counts), ev);
}

/* {"text":"..."}, {"reasoningContent":{"text":"..."}} or {"reasoningText":{"text":"..."}} in it, {"toolUse":{"input":
 * "..."}}: a delta, or a part of a whole message. */
static void converse_piece(struct js *s, unsigned flag, struct api_event *ev)
{
    struct str key;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        if (str_eqz(key, "text"))
            api_event_string(s, flag, ev);
        else if (str_eqz(key, "reasoningContent") || str_eqz(key, "reasoningText"))
            converse_piece(s, API_REASONING, ev);
        else if (str_eqz(key, "toolUse"))
            converse_piece(s, API_TOOL, ev);
        else if (flag == API_TOOL && (str_eqz(key, "input") || str_eqz(key, "name")))
            api_event_string(s, API_TOOL, ev);
        else
            js_skip(s, NULL);
    }
}

/* What Converse's frames hold, each of a type of its own; Nova's own events have them in an object of that name. */
static bool converse_member(struct js *s, struct str key, struct api_event *ev)
{
    if (str_eqz(key, "delta") || str_eqz(key, "start"))
        converse_piece(s, API_CONTENT, ev);
    else if (str_eqz(key, "stopReason"))
        api_event_finish(s, reasons, ev);
    else if (str_eqz(key, "usage"))
        converse_usage(s, ev);
    else
        return false;
    return true;
}

static enum api_rc decode_converse(struct str type, struct str data, struct api_event *ev)
{
    struct js s;
    struct str key;
    api_event_clear(ev);
    js_init(&s, data);
    if (!js_enter(&s, '{'))
        return API_E_SYNTAX;
    while (js_key(&s, &key)) {
        if (!converse_member(&s, key, ev))
            js_skip(&s, NULL);
    }
    if (str_eqz(type, "metadata"))
        ev->flags |= API_TERMINAL;
    return js_done(&s) ? API_OK : API_E_SYNTAX;
}

static enum api_rc converse_event(struct str type, struct str data, struct api_event *ev)
{
    return api_read_named(type, data, decode_converse(type, data, ev), ev);
}

static void converse_message(struct js *s, struct api_event *ev)
{
    struct str key;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        if (str_eqz(key, "message")) {
            converse_message(s, ev);
        } else if (str_eqz(key, "content") && api_read_array(s)) {
            while (js_elem(s))
                converse_piece(s, API_CONTENT, ev);
        } else if (!str_eqz(key, "content")) {
            js_skip(s, NULL);
        }
    }
}

static enum api_rc converse_document(struct str text, struct api_event *ev)
{
    struct js s;
    struct str key;
    api_event_clear(ev);
    js_init(&s, text);
    if (!js_enter(&s, '{'))
        return API_E_SYNTAX;
    while (js_key(&s, &key)) {
        if (str_eqz(key, "output"))
            converse_message(&s, ev);
        else if (!converse_member(&s, key, ev))
            js_skip(&s, NULL);
    }
    return js_done(&s) ? API_OK : API_E_SYNTAX;
}

static const char *const converse_ours[] = {"messages", "system", NULL};

const struct api_ops api_bedrock_converse = {
    .name = "bedrock-converse",
    .help = "Amazon Bedrock's Converse",
    .default_path = "/converse",
    .stream_path = "/converse-stream",
    .key_env = "AWS_BEARER_TOKEN_BEDROCK",
    .path_needed = true,
    .model_optional = true,
    .limit = "inferenceConfig.maxTokens",
    .ours = converse_ours,
    .has_terminal = true,
    .frames = true,
    .check = converse_check,
    .members = converse_members,
    .body = converse_body,
    .event = converse_event,
    .document = converse_document,
};

/* ---- InvokeModel ---- */

static void invoke_members(struct jout *j, const struct api_opts *o)
{
    jo_kstrz(j, "anthropic_version", "bedrock-2023-05-31");
    if (o->max_tokens >= 0)
        jo_ki64(j, "max_tokens", o->max_tokens);
    if (!isnan(o->temperature))
        jo_kf64(j, "temperature", o->temperature);
}

/* Other makers' answers, event by event or whole: Meta's "generation", Amazon Titan's "outputText" (whole in
 * "results"), Mistral's "outputs", Cohere's "text"; and where each says why it ended. */
static void other_members(struct js *s, struct api_event *ev)
{
    static const struct api_reason other[] = {
        {"stop", API_FIN_STOP},         {"length", API_FIN_LENGTH},           {"FINISH", API_FIN_STOP},
        {"FINISHED", API_FIN_STOP},     {"LENGTH", API_FIN_LENGTH},           {"COMPLETE", API_FIN_STOP},
        {"MAX_TOKENS", API_FIN_LENGTH}, {"CONTENT_FILTERED", API_FIN_FILTER}, {NULL, API_FIN_NONE}};
    static const struct {
        const char *name;
        size_t at;
    } counts[] = {
        {"prompt_token_count", offsetof(struct api_event, prompt_tokens)},
        {"generation_token_count", offsetof(struct api_event, completion_tokens)},
        {"inputTextTokenCount", offsetof(struct api_event, prompt_tokens)},
        {"totalOutputTextTokenCount", offsetof(struct api_event, completion_tokens)},
        {"tokenCount", offsetof(struct api_event, completion_tokens)},
        {"inputTokenCount", offsetof(struct api_event, prompt_tokens)},
        {"outputTokenCount", offsetof(struct api_event, completion_tokens)},
    };
    struct str key;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        size_t i = 0;
        while (i < ARRAY_LEN(counts) && !str_eqz(key, counts[i].name))
            i++;
        if (i < ARRAY_LEN(counts)) {
            api_event_count(s, ev, (int64_t *)(void *)((char *)ev + counts[i].at));
        } else if (str_eqz(key, "generation") || str_eqz(key, "outputText") || str_eqz(key, "text")) {
            api_event_string(s, API_CONTENT, ev);
        } else if (str_eqz(key, "stop_reason") || str_eqz(key, "completionReason") || str_eqz(key, "finish_reason")) {
            api_event_finish(s, other, ev);
        } else if (str_eqz(key, "outputs") || str_eqz(key, "results") || str_eqz(key, "generations")) {
            for (bool in = api_read_array(s); in && js_elem(s);)
                other_members(s, ev);
        } else if (str_eqz(key, "amazon-bedrock-invocationMetrics")) {
            ev->flags |= API_TERMINAL;
            other_members(s, ev);
        } else if (str_eqz(key, "contentBlockDelta") || str_eqz(key, "messageStop") || str_eqz(key, "metadata")) {
            struct str inner;
            for (bool in = api_read_object(s); in && js_key(s, &inner);) { /* Nova's */
                if (!converse_member(s, inner, ev))
                    js_skip(s, NULL);
            }
        } else {
            js_skip(s, NULL);
        }
    }
}

static enum api_rc other(struct str data, struct api_event *ev)
{
    struct js s;
    api_event_clear(ev);
    js_init(&s, data);
    if (js_peek(&s) != JS_OBJ)
        return API_E_SYNTAX;
    other_members(&s, ev);
    return js_done(&s) ? API_OK : API_E_SYNTAX;
}

/* Anthropic's events and answers say what they are. */
static bool is_anthropic(struct str data)
{
    struct str type;
    return js_path(data, "type", &type) == 0;
}

static enum api_rc invoke_event(struct str type, struct str data, struct api_event *ev)
{
    return api_read_named(type, data, is_anthropic(data) ? anthropic_event(STR(""), data, ev) : other(data, ev), ev);
}

static enum api_rc invoke_document(struct str text, struct api_event *ev)
{
    return is_anthropic(text) ? anthropic_document(text, ev) : other(text, ev);
}

static const char *const invoke_ours[] = {"messages", "system", NULL};

const struct api_ops api_bedrock_invoke = {
    .name = "bedrock-invoke",
    .help = "Amazon Bedrock's InvokeModel, with the bodies of Anthropic's models",
    .default_path = "/invoke",
    .stream_path = "/invoke-with-response-stream",
    .key_env = "AWS_BEARER_TOKEN_BEDROCK",
    .path_needed = true,
    .model_optional = true,
    .limit = "max_tokens",
    .limit_needed = 1024,
    .ours = invoke_ours,
    .has_terminal = true,
    .frames = true,
    .check = anthropic_check,
    .members = invoke_members,
    .body = anthropic_body,
    .event = invoke_event,
    .document = invoke_document,
};
