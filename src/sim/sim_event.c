#include "base/jout.h"
#include "base/xalloc.h"
#include "sim/sim_dialect.h"
#include "sim/sim_frame.h"
#include "sim/sim_text.h"

static void add_usage(struct cursor *c, uint64_t prompt, uint64_t n)
{
    ADD(c, "\"usage\":{\"prompt_tokens\":");
    frame_u64(c, prompt);
    ADD(c, ",\"completion_tokens\":");
    frame_u64(c, n);
    ADD(c, ",\"total_tokens\":");
    frame_u64(c, prompt + n);
    ADD(c, "}");
}

static void end_event(const struct event_fmt *f, struct cursor *c, uint64_t n)
{
    if (f->usage_each) {
        ADD(c, ",");
        add_usage(c, f->prompt_tokens, n);
    } else if (f->usage_final) {
        ADD(c, ",\"usage\":null");
    }
    ADD(c, "}\n\n");
}

/* The members before "choices"; `object` names what it is. */
static void add_members(struct buf *b, const char *id_prefix, struct str id, const char *object, int64_t created,
                        struct str model)
{
    buf_addf(b, "{\"id\":\"%s", id_prefix);
    json_escape(b, id);
    buf_addf(b, "\",\"object\":\"%s\",\"created\":%lld,\"model\":\"" STR_FMT "\",", object, (long long)created,
             STR_ARG(model));
}

void event_init(struct event_fmt *f, struct str model, struct str id, int64_t created)
{
    struct buf b = BUF_INIT(EVENT_SCRATCH / 4);
    buf_addz(&b, "data: ");
    add_members(&b, f->chat ? "chatcmpl-" : "cmpl-", id, f->chat ? "chat.completion.chunk" : "text_completion", created,
                model);
    f->base_n = (uint16_t)b.n;
    f->base = xmalloc(b.n);
    memcpy(f->base, b.p, b.n);
    buf_free(&b);
}

void event_free(struct event_fmt *f)
{
    free(f->base);
    f->base = NULL;
    buf_free(&f->room);
    buf_free(&f->text);
}

struct str event_role(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    frame_add(&c, f->base, f->base_n);
    ADD(&c, "\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,"
            "\"finish_reason\":null}]");
    end_event(f, &c, 0);
    return frame_view(frame_chunk(f, &c, body), &c);
}

struct str event_token(struct event_fmt *f, struct str word, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    frame_add(&c, f->base, f->base_n);
    if (f->chat) {
        ADD(&c, "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"");
        frame_add(&c, word.p, word.n);
        ADD(&c, "\"},\"logprobs\":null,\"finish_reason\":null}]");
    } else {
        ADD(&c, "\"choices\":[{\"index\":0,\"text\":\"");
        frame_add(&c, word.p, word.n);
        ADD(&c, "\",\"logprobs\":null,\"finish_reason\":null}]");
    }
    end_event(f, &c, n_tokens);
    return frame_view(frame_chunk(f, &c, body), &c);
}

/* [DONE] as a chunk of its own, and the last chunk. */
static void add_done(const struct event_fmt *f, struct cursor *c)
{
    if (f->chunked)
        ADD(c, "e\r\n");
    ADD(c, "data: [DONE]\n\n");
    if (f->chunked)
        ADD(c, "\r\n0\r\n\r\n");
}

/* Room for the next chunk's length behind what is there: events after the first are built with a gap, then moved. */
static void close_gap(const struct event_fmt *f, struct cursor *c, char *at, char *body)
{
    char *from = frame_chunk(f, c, body);
    size_t n = (size_t)(c->p - from);
    memmove(at, from, n);
    c->p = at + n;
}

struct str event_end(struct event_fmt *f, const char *finish, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    frame_add(&c, f->base, f->base_n);
    if (f->chat)
        ADD(&c, "\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"");
    else
        ADD(&c, "\"choices\":[{\"index\":0,\"text\":\"\",\"logprobs\":null,\"finish_reason\":\"");
    frame_add(&c, finish, strlen(finish));
    ADD(&c, "\"}]");
    end_event(f, &c, n_tokens);
    char *begin = frame_chunk(f, &c, body);
    if (f->usage_final) {
        char *at = c.p;
        c.p = at + FRAME_ROOM;
        frame_add(&c, f->base, f->base_n);
        ADD(&c, "\"choices\":[],");
        add_usage(&c, f->prompt_tokens, n_tokens);
        ADD(&c, "}\n\n");
        close_gap(f, &c, at, at + FRAME_ROOM);
    }
    add_done(f, &c);
    return frame_view(begin, &c);
}

struct str event_error(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    ADD(&c, "data: {\"error\":{\"message\":\"The simulated engine failed.\",\"type\":\"server_error\",\"param\":null,"
            "\"code\":500}}\n\n");
    char *begin = frame_chunk(f, &c, body);
    add_done(f, &c);
    return frame_view(begin, &c);
}

struct str event_bad_json(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    frame_add(&c, f->base, f->base_n);
    ADD(&c, "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"cut of\n\n");
    return frame_view(frame_chunk(f, &c, body), &c);
}

void event_body(struct event_fmt *f, struct buf *out, uint64_t seed, uint64_t request, uint64_t n_tokens,
                const char *finish)
{
    char word[SIM_WORD_MAX];
    /* The stream's members, but for "data: " and the name of the object. */
    struct str base = {f->base + 6, f->base_n - 6U};
    struct str object = STR("\"object\":\"chat.completion.chunk\"");
    ptrdiff_t at = f->chat ? str_find(base, object) : -1;
    if (at >= 0) { /* an id cannot hold it: its quotes are escaped */
        buf_adds(out, str_sub(base, 0, (size_t)at));
        buf_addz(out, "\"object\":\"chat.completion\"");
        base = str_sub(base, (size_t)at + object.n, base.n);
    }
    buf_adds(out, base);
    buf_addz(out, f->chat ? "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\""
                          : "\"choices\":[{\"index\":0,\"text\":\"");
    for (uint64_t k = 0; k < n_tokens; k++)
        buf_add(out, word, sim_word_json(seed, request, k, word));
    buf_addf(out, "%s\"logprobs\":null,\"finish_reason\":\"%s\"}],", f->chat ? "\"}," : "\",", finish);
    char usage[200];
    struct cursor c = {usage};
    add_usage(&c, f->prompt_tokens, n_tokens);
    buf_adds(out, frame_view(usage, &c));
    buf_addc(out, '}');
}

static int chat_ask(struct ask *a, struct str body, const struct ask_rules *r, struct ask_error *x)
{
    return ask_parse(a, ASK_CHAT, body, r, x);
}

static int completion_ask(struct ask *a, struct str body, const struct ask_rules *r, struct ask_error *x)
{
    return ask_parse(a, ASK_COMPLETION, body, r, x);
}

static void chat_init(struct event_fmt *f, struct str model, struct str id, int64_t created)
{
    f->chat = true;
    event_init(f, model, id, created);
}

static struct str no_begin(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    (void)f, (void)scratch;
    return STR("");
}

const struct sim_dialect sim_openai_chat = {
    .stream_type = "text/event-stream; charset=utf-8",
    .ask = chat_ask,
    .init = chat_init,
    .begin = event_role,
    .token = event_token,
    .end = event_end,
    .error = event_error,
    .bad_json = event_bad_json,
    .body = event_body,
};

const struct sim_dialect sim_openai_completions = {
    .stream_type = "text/event-stream; charset=utf-8",
    .ask = completion_ask,
    .init = event_init,
    .begin = no_begin,
    .token = event_token,
    .end = event_end,
    .error = event_error,
    .bad_json = event_bad_json,
    .body = event_body,
};
