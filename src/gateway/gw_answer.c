#include "gateway/gw_answer.h"

#include "api/api_read.h"
#include "gateway/gw_chat.h"
#include "gateway/gw_error.h"

/* A model's name stands in each chunk that is made here: a long one would make much of little. */
enum { WHY_MAX = 2 << 10, KEEP_BYTES = 64 << 10, MODEL_MAX = 256 };

extern const struct api_ops api_sagemaker, api_oai_chat;

static int fail(struct gw_answer *a, enum gw_answer_rc rc, const char *why)
{
    a->rc = rc;
    buf_clear(&a->why);
    buf_addz(&a->why, why);
    return -1;
}

static int fail_model(struct gw_answer *a, struct str raw)
{
    a->rc = GW_ANSWER_E_MODEL;
    buf_clear(&a->why);
    gw_error_words(raw, WHY_MAX, &a->why);
    if (a->why.n == 0)
        buf_addz(&a->why, "The endpoint tells of an error, and of no reason.");
    return -1;
}

struct kind { /* what an event or a document is, by its members */
    bool chat, lmi, token, outputs, message;
    struct str error; /* raw; p NULL: none */
};

static void look_at_choices(struct js *s, struct kind *k)
{
    struct str key;
    k->chat = true;
    if (!api_read_array(s))
        return;
    while (js_elem(s)) {
        if (!api_read_object(s))
            continue;
        while (js_key(s, &key)) {
            k->message |= str_eqz(key, "message");
            js_skip(s, NULL);
        }
    }
}

static void look_at_object(struct js *s, struct kind *k)
{
    struct str key, raw;
    if (!api_read_object(s))
        return;
    const char *from = s->p - 1;
    bool bare_error = false;
    while (js_key(s, &key)) {
        if (str_eqz(key, "choices")) {
            look_at_choices(s, k);
            continue;
        }
        k->token |= str_eqz(key, "token");
        k->outputs |= str_eqz(key, "outputs");
        k->lmi |= str_eqz(key, "token") || str_eqz(key, "outputs") || str_eqz(key, "generated_text");
        if (js_skip(s, &raw) < 0)
            return;
        if (str_eqz(key, "error") && !str_eqz(raw, "null"))
            k->error = raw;
        else if (str_eqz(key, "object") && str_eqz(raw, "\"error\"")) /* vLLM's older servers */
            bare_error = true;
    }
    if (bare_error)
        k->error = (struct str){from, (size_t)(s->p - from)};
}

/* false: no JSON. */
static bool look(struct str json, struct kind *k)
{
    struct js s;
    *k = (struct kind){0};
    js_init(&s, json);
    if (js_peek(&s) == JS_ARR) {
        js_enter(&s, '[');
        while (js_elem(&s))
            look_at_object(&s, k);
    } else {
        look_at_object(&s, k);
    }
    return js_done(&s);
}

static void take_figures(struct gw_answer *a, const struct api_event *ev, bool document)
{
    struct gw_figures *f = &a->figures;
    if (ev->flags & API_TOKEN) {
        f->first = true;
        a->texts++;
    }
    a->tools |= (ev->flags & API_TOOL) != 0;
    if (ev->prompt_tokens >= 0)
        f->prompt_tokens = ev->prompt_tokens;
    if (ev->completion_tokens >= 0) {
        f->completion_tokens = ev->completion_tokens;
        f->counted = true;
    } else if (!f->counted && !document && a->texts > 0) {
        f->completion_tokens = a->texts;
    }
    if (ev->flags & API_FINISH)
        a->finish = ev->finish;
}

/* ---- events of a stream ---- */

/* One who did not ask for a stream gets the texts as one message, at the end. */
static int keep_texts(struct gw_answer *a, const struct api_event *ev)
{
    if ((ev->flags & (API_REASONING | API_TOOL)) != 0)
        return fail(a, GW_ANSWER_E_FRAME,
                    "The endpoint streams tool calls or reasoning to a request without \"stream\".");
    for (unsigned i = 0; i < ev->n_texts; i++)
        buf_adds(&a->whole, ev->text[i]);
    return a->whole.failed ? fail(a, GW_ANSWER_E_TOOBIG, "The answer is too long.") : 0;
}

/* A document that came as the only line, or event, of what was announced as several. */
static int keep_document(struct gw_answer *a, struct str json)
{
    buf_clear(&a->whole);
    gw_chat_rewrite(json, false, &a->whole);
    a->document = true;
    return a->whole.failed ? fail(a, GW_ANSWER_E_TOOBIG, "The answer is too long.") : 0;
}

static void pass_chunk(struct gw_answer *a, struct str json, const struct kind *k, const struct api_event *ev)
{
    buf_addz(a->out, "data: ");
    if (k->message || ((ev->flags & API_FINISH) && ev->finish == API_FIN_OTHER))
        gw_chat_rewrite(json, k->message, a->out);
    else
        gw_chat_line(json, a->out);
    buf_addz(a->out, "\n\n");
}

static int on_chat(struct gw_answer *a, struct str json, const struct kind *k)
{
    struct api_event ev;
    enum api_rc rc = k->message ? api_oai_chat.document(json, &ev) : api_oai_chat.event(STR(""), json, &ev);
    if (rc != API_OK)
        return fail(a, GW_ANSWER_E_FRAME, "An event of the endpoint is no chat chunk.");
    take_figures(a, &ev, k->message);
    if (!a->asked.stream) {
        a->finish_sent |= (ev.flags & API_FINISH) != 0;
        return k->message ? keep_document(a, json) : keep_texts(a, &ev);
    }
    pass_chunk(a, json, k, &ev);
    a->role_sent = true;
    a->finish_sent |= (ev.flags & API_FINISH) != 0;
    /* A document's own usage was left out. */
    a->usage_sent |= (ev.flags & API_USAGE) != 0 && (ev.flags & (API_TOKEN | API_FINISH)) == 0 && !k->message;
    return 0;
}

static void send_finish(struct gw_answer *a)
{
    enum api_finish f = a->finish == API_FIN_NONE && a->tools ? API_FIN_TOOL : a->finish;
    gw_chat_finish(&a->asked, !a->role_sent, f, a->out);
    a->role_sent = a->finish_sent = true;
}

static int on_lmi(struct gw_answer *a, struct str json, const struct kind *k)
{
    struct api_event ev;
    if (api_sagemaker.event(STR(""), json, &ev) != API_OK)
        return fail(a, GW_ANSWER_E_FRAME, "An event of the endpoint is not of LMI's schema.");
    if (ev.flags & API_ERROR)
        return fail(a, GW_ANSWER_E_MODEL, "The model ended its answer with finish_reason \"error\".");
    if (!k->token && !k->outputs && a->texts > 0) { /* the whole text, of which all pieces have come */
        ev.n_texts = 0;
        ev.flags &= ~(unsigned)API_TOKEN;
    }
    take_figures(a, &ev, false);
    a->endless |= k->outputs;
    if (!a->asked.stream) {
        a->finish_sent |= (ev.flags & API_FINISH) != 0 && !k->outputs;
        return keep_texts(a, &ev);
    }
    for (unsigned i = 0; i < ev.n_texts; i++) {
        gw_chat_delta(&a->asked, !a->role_sent, ev.text[i], a->out);
        a->role_sent = true;
    }
    if ((ev.flags & API_FINISH) && !k->outputs && !a->finish_sent)
        send_finish(a);
    return 0;
}

/* A line of Server-Sent Events where JSON lines were announced, as some containers do; false: it holds nothing. */
static bool read_line(struct str *line)
{
    static const char *const others[] = {":", "event:", "id:", "retry:"};
    if (str_starts(*line, STR("data:"))) {
        *line = str_sub(*line, 5, line->n);
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (str_starts(*line, str_of(others[i])))
            return false;
    }
    return true;
}

static int on_event(void *arg, struct str type, struct str data)
{
    struct gw_answer *a = arg;
    struct kind k;
    if (a->stream.framing == API_LINES && !read_line(&data))
        return 0;
    data = str_trim(data);
    if (data.n == 0 || a->done_seen)
        return 0;
    if (str_eqz(data, "[DONE]")) {
        a->done_seen = true;
        return 0;
    }
    bool json = look(data, &k);
    if (str_eqz(type, "error"))
        return fail_model(a, json && k.error.p ? k.error : data);
    if (!json)
        return fail(a, GW_ANSWER_E_FRAME, "An event of the endpoint is not JSON.");
    if (k.error.p)
        return fail_model(a, k.error);
    if (!k.chat && !k.lmi)
        return fail(a, GW_ANSWER_E_FRAME, "An event of the endpoint is neither a chat chunk nor of LMI's schema.");
    int rc = k.chat ? on_chat(a, data, &k) : on_lmi(a, data, &k);
    if (rc == 0 && a->out->failed)
        return fail(a, GW_ANSWER_E_TOOBIG, "The answer is too long.");
    return rc;
}

/* ---- documents ---- */

/* Each element of a list, each text of "outputs" is a choice. */
static int lmi_choices(struct gw_answer *a, struct str json, unsigned *index, struct buf *out)
{
    struct api_event ev;
    int64_t before = a->figures.completion_tokens;
    if (api_sagemaker.document(json, &ev) != API_OK)
        return fail(a, GW_ANSWER_E_FRAME, "The endpoint's answer is not of LMI's schema.");
    if (ev.flags & API_ERROR)
        return fail(a, GW_ANSWER_E_MODEL, "The model ended its answer with finish_reason \"error\".");
    if (*index > 0 && before > 0 && ev.completion_tokens >= 0)
        ev.completion_tokens += before;
    take_figures(a, &ev, true);
    for (unsigned i = 0; i < MAX(ev.n_texts, 1U); i++) {
        struct str text = ev.n_texts ? ev.text[i] : STR("");
        if (!a->asked.stream)
            gw_chat_choice(*index, text, ev.finish, out);
        else if (*index == 0 && text.n > 0)
            gw_chat_delta(&a->asked, true, text, out);
        a->role_sent |= text.n > 0;
        ++*index;
    }
    return 0;
}

static int lmi_document(struct gw_answer *a, struct str json, struct buf *out)
{
    struct js s;
    struct str raw;
    unsigned index = 0;
    int rc = 0;
    if (!a->asked.stream)
        gw_chat_open(&a->asked, out);
    if (json.p[0] == '[') {
        js_init(&s, json);
        js_enter(&s, '[');
        while (rc == 0 && js_elem(&s)) {
            js_skip(&s, &raw);
            rc = lmi_choices(a, raw, &index, out);
        }
    } else {
        rc = lmi_choices(a, json, &index, out);
    }
    if (rc == 0 && !a->asked.stream)
        gw_chat_close(&a->figures, out);
    else if (rc == 0)
        send_finish(a);
    return rc;
}

static int chat_document(struct gw_answer *a, struct str json, const struct kind *k, struct buf *out)
{
    struct api_event ev;
    if (a->asked.stream) {
        int rc = on_chat(a, json, k);
        if (rc == 0 && !a->finish_sent)
            send_finish(a);
        return rc;
    }
    if (api_oai_chat.document(json, &ev) != API_OK)
        return fail(a, GW_ANSWER_E_FRAME, "The endpoint's answer is no chat completion.");
    take_figures(a, &ev, true);
    if ((ev.flags & API_FINISH) && ev.finish == API_FIN_OTHER)
        gw_chat_rewrite(json, false, out);
    else
        buf_adds(out, json);
    return 0;
}

static int end_document(struct gw_answer *a, struct buf *out)
{
    struct str json = str_trim(buf_str(&a->whole));
    struct kind k;
    if (json.n == 0)
        return fail(a, GW_ANSWER_E_FRAME, "The endpoint's answer is empty.");
    if (!look(json, &k))
        return fail(a, GW_ANSWER_E_FRAME, "The endpoint's answer is not JSON.");
    if (k.error.p)
        return fail_model(a, k.error);
    if (k.chat)
        return chat_document(a, json, &k, out);
    if (k.lmi)
        return lmi_document(a, json, out);
    return fail(a, GW_ANSWER_E_FRAME, "The endpoint's answer is neither a chat completion nor of LMI's schema.");
}

/* ---- the whole ---- */

void gw_answer_init(struct gw_answer *a, size_t max_event, size_t max_whole)
{
    *a = (struct gw_answer){.rc = GW_ANSWER_OK, .max_event = max_event};
    api_stream_init(&a->stream, max_event, on_event, NULL, a);
    buf_init(&a->whole, max_whole);
    buf_init(&a->why, WHY_MAX);
}

void gw_answer_free(struct gw_answer *a)
{
    api_stream_free(&a->stream);
    buf_free(&a->whole);
    buf_free(&a->why);
}

void gw_answer_trim(struct gw_answer *a)
{
    struct api_stream *s = &a->stream;
    size_t held = s->sse.line.cap + s->sse.data.cap + s->lines.line.cap + s->evs.part.cap + s->unwrapped.cap;
    if (held > KEEP_BYTES) {
        api_stream_free(s);
        api_stream_init(s, a->max_event, on_event, NULL, a);
    }
    if (a->whole.cap > KEEP_BYTES)
        buf_free(&a->whole);
}

void gw_answer_reset(struct gw_answer *a, const struct gw_asked *asked)
{
    api_stream_reset(&a->stream, &api_sagemaker, asked->stream);
    buf_clear(&a->whole);
    buf_clear(&a->why);
    a->figures = (struct gw_figures){.prompt_tokens = -1, .completion_tokens = -1};
    a->asked = *asked;
    a->out = NULL;
    a->rc = GW_ANSWER_OK;
    a->finish = API_FIN_NONE;
    a->texts = 0;
    a->role_sent = a->finish_sent = a->usage_sent = a->done_seen = a->endless = a->tools = a->document = false;
}

void gw_answer_header(struct gw_answer *a, struct str name, struct str value)
{
    api_stream_header(&a->stream, name, value);
}

void gw_answer_begin(struct gw_answer *a)
{
    api_stream_begin(&a->stream);
}

static enum gw_answer_rc settle(struct gw_answer *a, enum api_stream_rc rc)
{
    switch (rc) {
    case API_STREAM_OK:
    case API_STREAM_E_STOPPED: /* by on_event, which said why */
        break;
    case API_STREAM_E_TOOBIG:
        fail(a, GW_ANSWER_E_TOOBIG, "An event of the endpoint is too long.");
        break;
    case API_STREAM_E_FRAME:
        fail(a, GW_ANSWER_E_FRAME, "");
        buf_adds(&a->why, buf_str(&a->stream.why));
        break;
    case API_STREAM_E_FAILED:
        fail_model(a, buf_str(&a->stream.why));
        break;
    }
    return a->rc;
}

enum gw_answer_rc gw_answer_feed(struct gw_answer *a, struct str piece, struct buf *out)
{
    if (a->rc != GW_ANSWER_OK)
        return a->rc;
    a->out = out;
    if (a->stream.framing != API_WHOLE)
        return settle(a, api_stream_feed(&a->stream, piece));
    if (buf_adds(&a->whole, piece) < 0)
        fail(a, GW_ANSWER_E_TOOBIG, "The answer is too long.");
    return a->rc;
}

static int end_stream(struct gw_answer *a, struct buf *out)
{
    if (settle(a, api_stream_end(&a->stream)) != GW_ANSWER_OK)
        return -1;
    if (!api_stream_whole(&a->stream) || !(a->finish_sent || a->done_seen || (a->endless && a->texts > 0)))
        return fail(a, GW_ANSWER_E_FRAME,
                    a->texts > 0 ? "The endpoint's stream is cut short." : "The endpoint's stream holds no answer.");
    if (a->document) {
        buf_adds(out, buf_str(&a->whole));
    } else if (!a->asked.stream) {
        gw_chat_open(&a->asked, out);
        gw_chat_choice(0, buf_str(&a->whole), a->finish, out);
        gw_chat_close(&a->figures, out);
    } else if (!a->finish_sent) {
        send_finish(a);
    }
    return 0;
}

enum gw_answer_rc gw_answer_end(struct gw_answer *a, struct buf *out)
{
    if (a->rc != GW_ANSWER_OK)
        return a->rc;
    a->out = out;
    int rc = a->stream.framing == API_WHOLE ? end_document(a, out) : end_stream(a, out);
    if (rc == 0 && a->asked.stream && a->asked.usage && !a->usage_sent && a->figures.counted &&
        a->figures.prompt_tokens >= 0)
        gw_chat_usage(&a->asked, &a->figures, out);
    if (rc == 0 && out->failed)
        fail(a, GW_ANSWER_E_TOOBIG, "The answer is too long.");
    return a->rc;
}

void gw_answer_close(const struct gw_field *f, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        buf_addz(out, ": ");
        for (size_t k = 0; k < f[i].name.n; k++) {
            char c = f[i].name.p[k];
            buf_addc(out, c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c);
        }
        buf_addc(out, '=');
        buf_adds(out, f[i].value);
        buf_addz(out, "\n\n");
    }
    buf_addz(out, "data: [DONE]\n\n");
}

/* {"include_usage":true} */
static void read_options(struct js *s, bool *usage)
{
    struct str key;
    *usage = false;
    if (!api_read_object(s))
        return;
    while (js_key(s, &key)) {
        bool here = js_raw_eq(key, "include_usage");
        enum js_type t = js_peek(s);
        if (here)
            *usage = t == JS_TRUE;
        js_skip(s, NULL);
    }
}

int gw_asked_read(struct gw_asked *q, struct str body, struct err *e)
{
    struct js s;
    struct str key;
    bool stream_bad = false;
    q->stream = q->usage = false;
    q->model = STR("");
    js_init(&s, body);
    if (api_read_object(&s)) {
        while (js_key(&s, &key)) {
            enum js_type t = js_peek(&s);
            if (js_raw_eq(key, "stream")) {
                q->stream = t == JS_TRUE;
                stream_bad = t != JS_TRUE && t != JS_FALSE && t != JS_NULL;
                js_skip(&s, NULL);
            } else if (js_raw_eq(key, "stream_options")) {
                read_options(&s, &q->usage);
            } else if (js_raw_eq(key, "model") && t == JS_STR) {
                js_string(&s, &q->model);
                if (q->model.n > MODEL_MAX)
                    q->model = STR("");
            } else {
                js_skip(&s, NULL);
            }
        }
    }
    if (!js_done(&s))
        return err_set(e, ERR_DATA, "byte %zu: %s", (size_t)((s.bad ? s.bad : s.p) - s.begin),
                       s.what ? s.what : "more than one JSON text");
    if (stream_bad)
        return err_set(e, ERR_DATA, "\"stream\" must be true or false");
    return 0;
}
