/* api_oai_chat.c - OpenAI's chat completions. */
#include "api/api_media.h"
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

/* The message that gets the pictures: the last plain one of the user's; n_msgs: there is none. */
static uint32_t seen_message(const struct plan_sample *s)
{
    for (uint32_t i = s->n_msgs; i-- > 0;) {
        if (s->msgs[i].role == ROLE_USER && s->msgs[i].raw_json.n == 0)
            return i;
    }
    return s->n_msgs;
}

struct cut { /* what goes between the bytes of the buffer before `at` and those behind */
    size_t at;
    struct str head;
};

/* All parts behind the text, but for what is borrowed. Returns how many cuts there are. */
static unsigned put_parts(const struct api *a, const struct plan_item *it, struct buf *out, struct cut cut[])
{
    struct media_part p;
    unsigned n = 0;
    for (; n <= MEDIA_PER_REQUEST && api_media_part(a->media, it->index, it->key, n, &p); n++) {
        if (p.audio) {
            buf_addz(out, ",{\"type\":\"input_audio\",\"input_audio\":{\"format\":\"");
            buf_addz(out, p.type);
            buf_addz(out, "\",\"data\":\"");
        } else {
            buf_addz(out, ",{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:");
            buf_addz(out, p.type);
            buf_addz(out, ";base64,");
        }
        cut[n] = (struct cut){out->n, p.head};
        api_media_tail(a->media, it->index, it->key, n, out);
        buf_addz(out, "\"}}");
    }
    return n;
}

/* With pictures all goes through the buffer but they themselves, which are large. */
static void media_body(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    const struct plan_sample *s = it->what;
    struct buf *out = &b->spill;
    struct cut cut[MEDIA_PER_REQUEST + 1];
    uint32_t seen = seen_message(s);
    unsigned n = 0;
    bool nonce = it->nonce[0] != 0;
    buf_addz(out, "{\"messages\":[");
    for (uint32_t i = 0; i < s->n_msgs; i++) {
        const struct plan_msg *m = &s->msgs[i];
        if (m->raw_json.n > 0) {
            buf_addz(out, i ? "," : "");
            buf_adds(out, m->raw_json);
            continue;
        }
        if (i == seen)
            buf_addz(out, i ? ",{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\""
                            : "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"");
        else
            buf_adds(out, opening(m->role, i == 0));
        if (nonce)
            buf_addz(out, it->nonce);
        nonce = false;
        buf_adds(out, m->content);
        buf_addz(out, "\"}");
        if (i == seen) {
            n = put_parts(a, it, out, cut);
            buf_addz(out, "]}");
        }
    }
    buf_addz(out, "],");
    size_t from = 0;
    for (unsigned i = 0; i < n; i++) { /* the buffer moves no more */
        api_piece(b, (struct str){out->p + from, cut[i].at - from});
        api_piece(b, cut[i].head);
        from = cut[i].at;
    }
    api_piece(b, (struct str){out->p + from, out->n - from});
    api_rest(a, it, b);
}

static void chat_body(const struct api *a, const struct plan_item *it, struct api_body *b)
{
    if (a->media && seen_message(it->what) < it->what->n_msgs) {
        media_body(a, it, b);
        return;
    }
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
