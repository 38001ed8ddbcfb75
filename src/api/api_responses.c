/* api_responses.c - OpenAI's responses: POST /v1/responses, answered by a stream of typed events. What the events
 * before the last one brought stands in the last one again, whole, and is not counted twice. Source: OpenAI's API
 * reference (responses, streaming), and the types of its Python client. */
#include <math.h>

#include "api/api_read.h"

extern const struct api_ops api_responses;

static const struct api_reason reasons[] = {{"max_output_tokens", API_FIN_LENGTH},
                                            {"max_tokens", API_FIN_LENGTH},
                                            {"content_filter", API_FIN_FILTER},
                                            {NULL, API_FIN_NONE}};

static const char *const ours[] = {"input", "stream", NULL};

static void members(struct jout *j, const struct api_opts *o)
{
    if (o->model)
        jo_kstrz(j, "model", o->model);
    if (o->max_tokens >= 0)
        jo_ki64(j, "max_output_tokens", o->max_tokens);
    if (!isnan(o->temperature))
        jo_kf64(j, "temperature", o->temperature);
    jo_kbool(j, "stream", o->stream);
}

static int check(const struct plan_sample *s, struct err *e)
{
    static const char *const takes[] = {"role", "content", "type", "id", "status", NULL};
    static const char *const types[] = {"input_text",  "input_image", "input_file", "input_audio",
                                        "output_text", "refusal",     NULL};
    return api_check_roles(s, "the responses API", e) < 0 ? -1 : api_check_raw(s, takes, types, "the responses API", e);
}

/* Each message is three pieces; the head, the nonce, the tail and the constant members are six more. */
enum { DIRECT_MESSAGES = (API_MAX_PIECES - 6) / 3 };

static struct str opening(enum plan_role role, bool first)
{
    static const char *const open[2][5] = {
        {",{\"role\":\"system\",\"content\":\"", ",{\"role\":\"user\",\"content\":\"",
         ",{\"role\":\"assistant\",\"content\":\"", "", ",{\"role\":\"developer\",\"content\":\""},
        {"{\"role\":\"system\",\"content\":\"", "{\"role\":\"user\",\"content\":\"",
         "{\"role\":\"assistant\",\"content\":\"", "", "{\"role\":\"developer\",\"content\":\""}};
    return str_of(open[first][role]);
}

static void body(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    const struct plan_sample *s = it->what;
    bool direct = s->n_msgs <= DIRECT_MESSAGES, nonce = it->nonce[0] != 0;
    api_piece(b, STR("{\"input\":["));
    for (uint32_t i = 0; i < s->n_msgs; i++) {
        const struct plan_msg *m = &s->msgs[i];
        if (m->raw_json.n > 0) {
            api_put(b, direct, i ? STR(",") : STR(""));
            api_put(b, direct, m->raw_json);
            continue;
        }
        api_put(b, direct, opening(m->role, i == 0));
        if (nonce)
            api_put(b, direct, str_of(it->nonce));
        nonce = false;
        api_put(b, direct, m->content);
        api_put(b, direct, STR("\"}"));
    }
    if (!direct)
        api_piece(b, buf_str(&b->spill));
    api_piece(b, STR("],"));
    api_rest(a, it, b);
}

/* null until the answer is whole. */
static void decode_usage(struct js *s, struct api_event *ev)
{
    static const struct api_count_of counts[] = {
        {"input_tokens", NULL, offsetof(struct api_event, prompt_tokens)},
        {"output_tokens", NULL, offsetof(struct api_event, completion_tokens)},
        {"input_tokens_details", "cached_tokens", offsetof(struct api_event, cached_tokens)},
        {"output_tokens_details", "reasoning_tokens", offsetof(struct api_event, reasoning_tokens)},
    };
    api_read_counts(s, counts, ARRAY_LEN(counts), ev);
}

static bool is_tool(struct str type)
{
    return str_eqz(type, "function_call") || str_eqz(type, "custom_tool_call") || str_eqz(type, "mcp_call");
}

/* A part of a message, a summary or a chain of thought. */
static void decode_part(struct js *s, unsigned flag, struct api_event *ev)
{
    struct str key;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        if (str_eqz(key, "text") || str_eqz(key, "refusal"))
            api_event_string(s, flag, ev);
        else
            js_skip(s, NULL);
    }
}

static void decode_parts(struct str raw, unsigned flag, struct api_event *ev)
{
    struct js s;
    js_init(&s, raw);
    if (js_peek(&s) != JS_ARR)
        return;
    js_enter(&s, '[');
    while (js_elem(&s))
        decode_part(&s, flag, ev);
}

/* One item of the output; texts: with what it says, else it is only looked at. Gives whether it calls a tool. */
static bool decode_item(struct js *s, bool texts, struct api_event *ev)
{
    struct str key, type = {0}, content = {0}, summary = {0}, said[2] = {{0}};
    if (js_peek(s) != JS_OBJ) {
        js_skip(s, NULL);
        return false;
    }
    js_enter(s, '{');
    while (js_key(s, &key)) {
        if (str_eqz(key, "type") && js_peek(s) == JS_STR)
            js_string(s, &type);
        else if (str_eqz(key, "name") && js_peek(s) == JS_STR)
            js_string(s, &said[0]);
        else if ((str_eqz(key, "arguments") || str_eqz(key, "input")) && js_peek(s) == JS_STR)
            js_string(s, &said[1]);
        else if (str_eqz(key, "content"))
            js_skip(s, &content);
        else if (str_eqz(key, "summary"))
            js_skip(s, &summary);
        else
            js_skip(s, NULL);
    }
    bool tool = is_tool(type), thought = str_eqz(type, "reasoning");
    if (!texts || s->bad)
        return tool;
    decode_parts(summary, API_REASONING, ev);
    decode_parts(content, thought ? API_REASONING : API_CONTENT, ev);
    for (int i = 0; i < 2 && tool; i++)
        api_event_text(ev, API_TOOL, said[i]);
    return tool;
}

static void decode_reason(struct js *s, struct api_event *ev)
{
    struct str key;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        if (str_eqz(key, "reason"))
            api_event_finish(s, reasons, ev);
        else
            js_skip(s, NULL);
    }
}

/* The response object, in a document or in an event. */
static void decode_response(struct js *s, bool texts, struct api_event *ev)
{
    struct str key, status = {0}, raw;
    bool tool = false;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        if (str_eqz(key, "usage")) {
            decode_usage(s, ev);
        } else if (str_eqz(key, "status") && js_peek(s) == JS_STR) {
            js_string(s, &status);
        } else if (str_eqz(key, "incomplete_details")) {
            decode_reason(s, ev);
        } else if (str_eqz(key, "error") && js_peek(s) != JS_NULL) {
            if (js_skip(s, &raw) == 0)
                api_event_error(ev, raw);
        } else if (str_eqz(key, "output") && js_peek(s) == JS_ARR) {
            js_enter(s, '[');
            while (js_elem(s))
                tool |= decode_item(s, texts, ev);
        } else {
            js_skip(s, NULL);
        }
    }
    bool over = str_eqz(status, "completed") || str_eqz(status, "incomplete");
    if (over && ev->finish == API_FIN_NONE)
        ev->finish = str_eqz(status, "incomplete") ? API_FIN_OTHER : tool ? API_FIN_TOOL : API_FIN_STOP;
    if (over)
        ev->flags |= API_FINISH;
}

static unsigned delta_of(struct str type)
{
    static const struct {
        const char *type;
        unsigned flag;
    } deltas[] = {
        {"response.output_text.delta", API_CONTENT},          {"response.refusal.delta", API_CONTENT},
        {"response.reasoning_text.delta", API_REASONING},     {"response.reasoning_summary_text.delta", API_REASONING},
        {"response.function_call_arguments.delta", API_TOOL}, {"response.custom_tool_call_input.delta", API_TOOL},
        {"response.mcp_call_arguments.delta", API_TOOL}};
    for (size_t i = 0; i < ARRAY_LEN(deltas); i++) {
        if (str_eqz(type, deltas[i].type))
            return deltas[i].flag;
    }
    return 0;
}

struct members { /* of an event, as they stand */
    struct str type, delta, response, item, error;
};

static bool read_members(struct str data, struct members *m)
{
    struct js s;
    struct str key;
    js_init(&s, data);
    if (!js_enter(&s, '{'))
        return false;
    while (js_key(&s, &key)) {
        if (str_eqz(key, "type") && js_peek(&s) == JS_STR)
            js_string(&s, &m->type);
        else if (str_eqz(key, "delta"))
            js_skip(&s, &m->delta);
        else if (str_eqz(key, "response"))
            js_skip(&s, &m->response);
        else if (str_eqz(key, "item"))
            js_skip(&s, &m->item);
        else if (str_eqz(key, "error") && js_peek(&s) != JS_NULL)
            js_skip(&s, &m->error);
        else
            js_skip(&s, NULL);
    }
    return js_done(&s);
}

static enum api_rc decode_event(struct str data, struct str type, struct api_event *ev)
{
    struct members m = {.type = type};
    struct str text;
    struct js s;
    if (!read_members(data, &m))
        return API_E_SYNTAX;
    unsigned delta = delta_of(m.type);
    if (delta && api_raw_string(m.delta, &text)) {
        api_event_text(ev, delta, text);
    } else if (str_eqz(m.type, "response.output_item.added") && m.item.p) {
        struct api_event item;
        api_event_clear(&item);
        js_init(&s, m.item);
        if (decode_item(&s, true, &item)) /* a tool's name; texts come by deltas */
            *ev = item;
    } else if (str_eqz(m.type, "response.completed") || str_eqz(m.type, "response.incomplete") ||
               str_eqz(m.type, "response.failed")) {
        js_init(&s, m.response);
        decode_response(&s, false, ev);
        ev->flags |= API_TERMINAL;
    }
    bool failed = str_eqz(m.type, "error") || str_eqz(m.type, "response.failed") || m.error.p;
    if (failed && !(ev->flags & API_ERROR))
        api_event_error(ev, m.error.p ? m.error : data);
    return API_OK;
}

static enum api_rc event(struct str type, struct str data, struct api_event *ev)
{
    api_event_clear(ev);
    if (str_eqz(str_trim(data), "[DONE]")) { /* some servers end all their streams so */
        ev->flags = API_TERMINAL;
        return API_OK;
    }
    return api_read_named(type, data, decode_event(data, type, ev), ev);
}

static enum api_rc document(struct str text, struct api_event *ev)
{
    struct js s;
    api_event_clear(ev);
    js_init(&s, text);
    if (js_peek(&s) != JS_OBJ)
        return API_E_SYNTAX;
    decode_response(&s, true, ev);
    return js_done(&s) ? API_OK : API_E_SYNTAX;
}

const struct api_ops api_responses = {
    .name = "openai-responses",
    .help = "OpenAI responses",
    .default_path = "/v1/responses",
    .models_path = "/v1/models",
    .models_list = "data",
    .models_id = "id",
    .limit = "max_output_tokens",
    .limit_least = 16,
    .ours = ours,
    .has_terminal = true,
    .check = check,
    .members = members,
    .body = body,
    .event = event,
    .document = document,
};
