/* api_ollama.c - Ollama's own API: POST /api/chat and /api/generate, a stream of JSON lines. The last line (done) has
 * the counts; its durations are the server's and enter no figure of weir's own (--headers-metric). A line with "error"
 * is a failure. Source: Ollama's docs/api.md, and api/types.go for the names of members. */
#include <math.h>

#include "api/api_read.h"

extern const struct api_ops api_ollama_chat, api_ollama_generate;

static const struct api_reason reasons[] = {{"stop", API_FIN_STOP}, {"length", API_FIN_LENGTH}, {NULL, API_FIN_NONE}};

static const char *const ours[] = {"messages", "prompt", "system", "stream", NULL};

static void members(struct jout *j, const struct api_opts *o)
{
    if (o->model)
        jo_kstrz(j, "model", o->model);
    jo_kbool(j, "stream", o->stream);
    jo_key(j, "options");
    jo_obj(j);
    if (o->max_tokens >= 0)
        jo_ki64(j, "num_predict", o->max_tokens);
    if (!isnan(o->temperature))
        jo_kf64(j, "temperature", o->temperature);
    jo_end_obj(j);
}

/* Content is text here; images stand beside it, and arguments of tools are objects. */
static int chat_check(const struct plan_sample *s, struct err *e)
{
    static const char *const takes[] = {"role", "content", "images", "thinking", "tool_name", NULL};
    return api_check_raw(s, takes, NULL, "Ollama's API", e);
}

static struct str opening(enum plan_role role)
{
    static const char *const open[] = {"{\"role\":\"system\",\"content\":\"", "{\"role\":\"user\",\"content\":\"",
                                       "{\"role\":\"assistant\",\"content\":\"", "{\"role\":\"tool\",\"content\":\"",
                                       "{\"role\":\"system\",\"content\":\"" /* it knows no developer */};
    return str_of(open[role]);
}

/* Each message is four pieces; the head, the nonce, the tail and the constant members are six more. */
enum { DIRECT_MESSAGES = (API_MAX_PIECES - 6) / 4 };

static void chat_body(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    const struct plan_sample *s = it->what;
    bool direct = s->n_msgs <= DIRECT_MESSAGES, nonce = it->nonce[0] != 0;
    api_piece(b, STR("{\"messages\":["));
    for (uint32_t i = 0; i < s->n_msgs; i++) {
        const struct plan_msg *m = &s->msgs[i];
        api_put(b, direct, i ? STR(",") : STR(""));
        if (m->raw_json.n > 0) {
            api_put(b, direct, m->raw_json);
            continue;
        }
        api_put(b, direct, opening(m->role));
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

static int generate_check(const struct plan_sample *s, struct err *e)
{
    return api_check_plain(s, "Ollama's generate takes only text", e);
}

static void generate_body(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    api_prompt_body(a, it, STR("{\"prompt\":\""), b);
}

/* [{"function":{"name":"f","arguments":{...}}}] */
static void decode_function(struct js *s, struct api_event *ev)
{
    struct str key, raw;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        if (str_eqz(key, "name")) {
            api_event_string(s, API_TOOL, ev);
        } else if (str_eqz(key, "arguments") && js_peek(s) == JS_OBJ) {
            if (js_skip(s, &raw) < 0)
                return;
            ev->flags |= API_TOOL;
            ev->text_bytes += (uint32_t)MIN(raw.n, (size_t)UINT32_MAX / 2);
        } else {
            js_skip(s, NULL);
        }
    }
}

static void decode_tool_calls(struct js *s, struct api_event *ev)
{
    struct str key;
    if (!api_read_array(s))
        return;
    while (js_elem(s)) {
        if (!api_read_object(s))
            continue;
        while (js_key(s, &key)) {
            if (str_eqz(key, "function"))
                decode_function(s, ev);
            else
                js_skip(s, NULL);
        }
    }
}

static void decode_message(struct js *s, struct api_event *ev)
{
    struct str key;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        if (str_eqz(key, "content"))
            api_event_string(s, API_CONTENT, ev);
        else if (str_eqz(key, "thinking"))
            api_event_string(s, API_REASONING, ev);
        else if (str_eqz(key, "tool_calls"))
            decode_tool_calls(s, ev);
        else
            js_skip(s, NULL);
    }
}

static void decode_member(struct js *s, struct str key, bool chat, struct api_event *ev)
{
    bool done = false;
    struct str raw;
    if (chat && str_eqz(key, "message")) {
        decode_message(s, ev);
    } else if (!chat && str_eqz(key, "response")) {
        api_event_string(s, API_CONTENT, ev);
    } else if (!chat && str_eqz(key, "thinking")) {
        api_event_string(s, API_REASONING, ev);
    } else if (str_eqz(key, "done")) {
        if (js_peek(s) == JS_TRUE)
            done = true;
        js_skip(s, NULL);
        if (done)
            ev->flags |= API_TERMINAL;
    } else if (str_eqz(key, "done_reason")) {
        api_event_finish(s, reasons, ev);
    } else if (str_eqz(key, "prompt_eval_count")) {
        api_event_count(s, ev, &ev->prompt_tokens);
    } else if (str_eqz(key, "eval_count")) {
        api_event_count(s, ev, &ev->completion_tokens);
    } else if (str_eqz(key, "error") && js_peek(s) != JS_NULL) {
        if (js_skip(s, &raw) == 0)
            api_event_error(ev, raw);
    } else {
        js_skip(s, NULL);
    }
}

static enum api_rc decode(struct str json, bool chat, struct api_event *ev)
{
    struct js s;
    struct str key;
    api_event_clear(ev);
    js_init(&s, json);
    if (!js_enter(&s, '{'))
        return API_E_SYNTAX;
    while (js_key(&s, &key))
        decode_member(&s, key, chat, ev);
    if (ev->flags & API_TERMINAL) {
        ev->figures = json;
        ev->figures_ns = true;
    }
    return js_done(&s) ? API_OK : API_E_SYNTAX;
}

static enum api_rc decode_event(struct str type, struct str data, bool chat, struct api_event *ev)
{
    enum api_rc rc = decode(data, chat, ev);
    if (!str_eqz(type, "error"))
        return rc;
    api_event_error(ev, rc == API_OK && ev->error.p ? ev->error : data);
    return API_OK;
}

static enum api_rc chat_event(struct str type, struct str data, struct api_event *ev)
{
    return decode_event(type, data, true, ev);
}

static enum api_rc chat_document(struct str body, struct api_event *ev)
{
    return decode(body, true, ev);
}

static enum api_rc generate_event(struct str type, struct str data, struct api_event *ev)
{
    return decode_event(type, data, false, ev);
}

static enum api_rc generate_document(struct str body, struct api_event *ev)
{
    return decode(body, false, ev);
}

const struct api_ops api_ollama_chat = {
    .name = "ollama-chat",
    .help = "Ollama's own chat",
    .default_path = "/api/chat",
    .models_path = "/api/tags",
    .models_list = "models",
    .models_id = "name",
    .limit = "options.num_predict",
    .ours = ours,
    .has_terminal = true,
    .own_counts = true,
    .lines = true,
    .check = chat_check,
    .members = members,
    .body = chat_body,
    .event = chat_event,
    .document = chat_document,
};

const struct api_ops api_ollama_generate = {
    .name = "ollama-generate",
    .help = "Ollama's own text generation",
    .default_path = "/api/generate",
    .models_path = "/api/tags",
    .models_list = "models",
    .models_id = "name",
    .limit = "options.num_predict",
    .ours = ours,
    .has_terminal = true,
    .own_counts = true,
    .lines = true,
    .check = generate_check,
    .members = members,
    .body = generate_body,
    .event = generate_event,
    .document = generate_document,
};
