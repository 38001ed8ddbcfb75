#include "gateway/gw_chat.h"

#include "api/api_read.h"

const char *gw_chat_finish_name(enum api_finish f)
{
    switch (f) {
    case API_FIN_LENGTH:
        return "length";
    case API_FIN_TOOL:
        return "tool_calls";
    case API_FIN_FILTER:
        return "content_filter";
    case API_FIN_NONE:
    case API_FIN_STOP:
    case API_FIN_OTHER:
        break;
    }
    return "stop";
}

static void add_head(const struct gw_asked *q, const char *object, struct buf *out)
{
    char digits[20];
    buf_addz(out, "{\"id\":\"");
    buf_adds(out, q->id);
    buf_addz(out, "\",\"object\":\"");
    buf_addz(out, object);
    buf_addz(out, "\",\"created\":");
    buf_add(out, digits, (size_t)(fmt_u64(digits, q->created > 0 ? (uint64_t)q->created : 0) - digits));
    buf_addz(out, ",\"model\":\"");
    buf_adds(out, q->model);
    buf_addz(out, "\",\"choices\":[");
}

static void open_chunk(const struct gw_asked *q, struct buf *out)
{
    buf_addz(out, "data: ");
    add_head(q, "chat.completion.chunk", out);
}

/* Where counts are asked for, each chunk has the member: OpenAI's reference, stream_options. */
static void close_chunk(const struct gw_asked *q, struct buf *out)
{
    buf_addz(out, q->usage ? "}],\"usage\":null}\n\n" : "}]}\n\n");
}

void gw_chat_delta(const struct gw_asked *q, bool role, struct str raw, struct buf *out)
{
    open_chunk(q, out);
    buf_addz(out, role ? "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\""
                       : "{\"index\":0,\"delta\":{\"content\":\"");
    buf_adds(out, raw);
    buf_addz(out, "\"},\"logprobs\":null,\"finish_reason\":null");
    close_chunk(q, out);
}

void gw_chat_finish(const struct gw_asked *q, bool role, enum api_finish f, struct buf *out)
{
    open_chunk(q, out);
    buf_addz(out,
             role ? "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}" : "{\"index\":0,\"delta\":{}");
    buf_addz(out, ",\"logprobs\":null,\"finish_reason\":\"");
    buf_addz(out, gw_chat_finish_name(f));
    buf_addc(out, '"');
    close_chunk(q, out);
}

static void add_usage(const struct gw_figures *f, struct buf *out)
{
    buf_addf(out, "\"usage\":{\"prompt_tokens\":%lld,\"completion_tokens\":%lld,\"total_tokens\":%lld}",
             (long long)f->prompt_tokens, (long long)f->completion_tokens,
             (long long)(f->prompt_tokens + f->completion_tokens));
}

void gw_chat_usage(const struct gw_asked *q, const struct gw_figures *f, struct buf *out)
{
    open_chunk(q, out);
    buf_addz(out, "],");
    add_usage(f, out);
    buf_addz(out, "}\n\n");
}

void gw_chat_open(const struct gw_asked *q, struct buf *out)
{
    add_head(q, "chat.completion", out);
}

void gw_chat_choice(unsigned index, struct str raw, enum api_finish f, struct buf *out)
{
    buf_addf(out, "%s{\"index\":%u,\"message\":{\"role\":\"assistant\",\"content\":\"", index ? "," : "", index);
    buf_adds(out, raw);
    buf_addf(out, "\"},\"logprobs\":null,\"finish_reason\":\"%s\"}", gw_chat_finish_name(f));
}

void gw_chat_close(const struct gw_figures *f, struct buf *out)
{
    buf_addc(out, ']');
    if (f->counted && f->prompt_tokens >= 0) {
        buf_addc(out, ',');
        add_usage(f, out);
    }
    buf_addc(out, '}');
}

/* Line ends stand only between tokens: in strings JSON wants them escaped. */
void gw_chat_line(struct str json, struct buf *out)
{
    size_t from = out->n;
    buf_adds(out, json);
    for (size_t i = from; i < out->n; i++) {
        if (out->p[i] == '\n' || out->p[i] == '\r')
            out->p[i] = ' ';
    }
}

struct members { /* of an object that is being copied */
    struct js *s;
    struct buf *out;
    bool some;
};

static void put_key(struct members *m, struct str key)
{
    buf_addz(m->out, m->some ? ",\"" : "\"");
    buf_adds(m->out, key);
    buf_addz(m->out, "\":");
    m->some = true;
}

static void copy_value(struct js *s, struct buf *out)
{
    struct str raw;
    if (js_skip(s, &raw) == 0)
        gw_chat_line(raw, out);
}

/* Of a stream each tool call has an index; of a message its place in the list is that. */
static void copy_tool_calls(struct js *s, struct buf *out)
{
    unsigned index = 0;
    if (js_peek(s) != JS_ARR) {
        copy_value(s, out);
        return;
    }
    js_enter(s, '[');
    buf_addc(out, '[');
    for (; js_elem(s); index++) {
        struct str raw, old;
        if (js_skip(s, &raw) < 0)
            return;
        buf_addz(out, index ? "," : "");
        if (raw.p[0] == '{' && js_path(raw, "index", &old) < 0) {
            buf_addf(out, "{\"index\":%u", index);
            raw = str_trim(str_sub(raw, 1, raw.n));
            buf_addz(out, raw.p[0] == '}' ? "" : ",");
        }
        gw_chat_line(raw, out);
    }
    buf_addc(out, ']');
}

static void copy_message(struct js *s, struct buf *out)
{
    struct members m = {s, out, false};
    struct str key;
    if (js_peek(s) != JS_OBJ) {
        copy_value(s, out);
        return;
    }
    js_enter(s, '{');
    buf_addc(out, '{');
    while (js_key(s, &key)) {
        put_key(&m, key);
        if (str_eqz(key, "tool_calls"))
            copy_tool_calls(s, out);
        else
            copy_value(s, out);
    }
    buf_addc(out, '}');
}

static void copy_finish(struct js *s, struct buf *out)
{
    struct str raw;
    if (js_peek(s) != JS_STR) {
        copy_value(s, out);
        return;
    }
    js_string(s, &raw);
    buf_addc(out, '"');
    if (str_eqz(raw, "eos_token") || str_eqz(raw, "stop_sequence"))
        raw = STR("stop");
    buf_adds(out, raw);
    buf_addc(out, '"');
}

static void copy_choice(struct js *s, bool to_chunk, struct buf *out)
{
    struct members m = {s, out, false};
    struct str key;
    if (js_peek(s) != JS_OBJ) {
        copy_value(s, out);
        return;
    }
    js_enter(s, '{');
    buf_addc(out, '{');
    while (js_key(s, &key)) {
        bool message = to_chunk && str_eqz(key, "message");
        put_key(&m, message ? STR("delta") : key);
        if (message)
            copy_message(s, out);
        else if (str_eqz(key, "finish_reason"))
            copy_finish(s, out);
        else
            copy_value(s, out);
    }
    buf_addc(out, '}');
}

static void copy_choices(struct js *s, bool to_chunk, struct buf *out)
{
    bool some = false;
    if (js_peek(s) != JS_ARR) {
        copy_value(s, out);
        return;
    }
    js_enter(s, '[');
    buf_addc(out, '[');
    while (js_elem(s)) {
        buf_addz(out, some ? "," : "");
        some = true;
        copy_choice(s, to_chunk, out);
    }
    buf_addc(out, ']');
}

void gw_chat_rewrite(struct str json, bool to_chunk, struct buf *out)
{
    struct js s;
    struct str key;
    js_init(&s, json);
    if (!js_enter(&s, '{'))
        return;
    struct members m = {&s, out, false};
    buf_addc(out, '{');
    while (js_key(&s, &key)) {
        if (to_chunk && str_eqz(key, "usage")) {
            js_skip(&s, NULL);
            continue;
        }
        put_key(&m, key);
        if (str_eqz(key, "choices")) {
            copy_choices(&s, to_chunk, out);
        } else if (to_chunk && str_eqz(key, "object")) {
            js_skip(&s, NULL);
            buf_addz(out, "\"chat.completion.chunk\"");
        } else {
            copy_value(&s, out);
        }
    }
    buf_addc(out, '}');
}
