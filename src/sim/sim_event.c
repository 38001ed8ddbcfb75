#include "sim/sim_event.h"

#include "base/jout.h"
#include "base/xalloc.h"
#include "sim/sim_text.h"

#define FRAME_ROOM 10 /* for "ffffffff\r\n" in front of an event */

/* Appends to scratch; what is written here has known ceilings, so no check per piece. */
struct cursor {
    char *p;
};

static void add(struct cursor *c, const char *p, size_t n)
{
    memcpy(c->p, p, n);
    c->p += n;
}

#define ADD(c, lit) add((c), (lit), sizeof(lit) - 1)

static void add_u64(struct cursor *c, uint64_t v)
{
    char digits[20];
    size_t n = sizeof(digits);
    do
        digits[--n] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    add(c, digits + n, sizeof(digits) - n);
}

static void add_usage(struct cursor *c, uint64_t prompt, uint64_t n)
{
    ADD(c, "\"usage\":{\"prompt_tokens\":");
    add_u64(c, prompt);
    ADD(c, ",\"completion_tokens\":");
    add_u64(c, n);
    ADD(c, ",\"total_tokens\":");
    add_u64(c, prompt + n);
    ADD(c, "}");
}

/* Writes the chunk's length in front of what follows `body` up to c, and its end behind. Returns where the chunk
 * begins. */
static char *frame(const struct event_fmt *f, struct cursor *c, char *body)
{
    if (!f->chunked)
        return body;
    size_t n = (size_t)(c->p - body);
    char *p = body;
    *--p = '\n';
    *--p = '\r';
    do
        *--p = "0123456789abcdef"[n & 15];
    while ((n >>= 4) != 0);
    ADD(c, "\r\n");
    return p;
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

static struct str view(char *from, const struct cursor *c)
{
    return (struct str){from, (size_t)(c->p - from)};
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
}

struct str event_role(const struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    add(&c, f->base, f->base_n);
    ADD(&c, "\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,"
            "\"finish_reason\":null}]");
    end_event(f, &c, 0);
    return view(frame(f, &c, body), &c);
}

struct str event_token(const struct event_fmt *f, struct str word, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    add(&c, f->base, f->base_n);
    if (f->chat) {
        ADD(&c, "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"");
        add(&c, word.p, word.n);
        ADD(&c, "\"},\"logprobs\":null,\"finish_reason\":null}]");
    } else {
        ADD(&c, "\"choices\":[{\"index\":0,\"text\":\"");
        add(&c, word.p, word.n);
        ADD(&c, "\",\"logprobs\":null,\"finish_reason\":null}]");
    }
    end_event(f, &c, n_tokens);
    return view(frame(f, &c, body), &c);
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
    char *from = frame(f, c, body);
    size_t n = (size_t)(c->p - from);
    memmove(at, from, n);
    c->p = at + n;
}

struct str event_end(const struct event_fmt *f, const char *finish, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    add(&c, f->base, f->base_n);
    if (f->chat)
        ADD(&c, "\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"");
    else
        ADD(&c, "\"choices\":[{\"index\":0,\"text\":\"\",\"logprobs\":null,\"finish_reason\":\"");
    add(&c, finish, strlen(finish));
    ADD(&c, "\"}]");
    end_event(f, &c, n_tokens);
    char *begin = frame(f, &c, body);
    if (f->usage_final) {
        char *at = c.p;
        c.p = at + FRAME_ROOM;
        add(&c, f->base, f->base_n);
        ADD(&c, "\"choices\":[],");
        add_usage(&c, f->prompt_tokens, n_tokens);
        ADD(&c, "}\n\n");
        close_gap(f, &c, at, at + FRAME_ROOM);
    }
    add_done(f, &c);
    return view(begin, &c);
}

struct str event_error(const struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    ADD(&c, "data: {\"error\":{\"message\":\"The simulated engine failed.\",\"type\":\"server_error\",\"param\":null,"
            "\"code\":500}}\n\n");
    char *begin = frame(f, &c, body);
    add_done(f, &c);
    return view(begin, &c);
}

struct str event_bad_json(const struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    add(&c, f->base, f->base_n);
    ADD(&c, "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"cut of\n\n");
    return view(frame(f, &c, body), &c);
}

void event_body(const struct event_fmt *f, struct buf *out, uint64_t seed, uint64_t request, uint64_t n_tokens,
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
    buf_adds(out, view(usage, &c));
    buf_addc(out, '}');
}
