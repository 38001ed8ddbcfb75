/* sim_anthropic.c - the simulator as Anthropic's messages: POST /v1/messages, typed events or one document. It insists
 * on max_tokens as the API does. A tenth of the prompt's tokens count as read from a cache, so that a client shows
 * whether it adds them up. On Bedrock the model stands in the path and "anthropic_version" in the body. Source:
 * Anthropic's API reference (messages, streaming messages, errors). */
#include "base/jout.h"
#include "base/xalloc.h"
#include "sim/sim_bedrock.h"
#include "sim/sim_frame.h"
#include "sim/sim_read.h"
#include "sim/sim_text.h"

/* ---- what is asked ---- */

static int member(struct reader *r, struct str key)
{
    if (js_raw_eq(key, "model"))
        return read_model(r);
    if (js_raw_eq(key, "messages"))
        return read_messages(r);
    if (js_raw_eq(key, "system"))
        return read_content(r);
    if (js_raw_eq(key, "stream"))
        return read_bool(r, "stream", &r->a->stream);
    if (js_raw_eq(key, "max_tokens"))
        return read_count(r, "max_tokens", ASK_MAX_TOKENS, &r->a->max_tokens);
    return read_skip(r);
}

static int ask(struct ask *a, struct str body, const struct ask_rules *rules, struct ask_error *x)
{
    struct reader r = {.a = a, .rules = rules, .x = x};
    *a = (struct ask){0};
    if (read_body(&r, body, member) < 0 || read_check_model(&r) < 0)
        return -1;
    if (!r.has_input)
        return read_refuse(&r, "messages", "messages: Field required");
    return a->max_tokens > 0 ? 0 : read_refuse(&r, "max_tokens", "max_tokens: Field required");
}

static int bedrock_member(struct reader *r, struct str key)
{
    if (!js_raw_eq(key, "anthropic_version"))
        return member(r, key);
    r->has_model = true; /* that it was given */
    return read_skip(r);
}

static int bedrock_ask(struct ask *a, struct str body, const struct ask_rules *rules, struct ask_error *x)
{
    struct reader r = {.a = a, .rules = rules, .x = x};
    *a = (struct ask){0};
    if (read_body(&r, body, bedrock_member) < 0)
        return -1;
    if (!r.has_model)
        return read_refuse(&r, "anthropic_version", "anthropic_version: Field required");
    if (!r.has_input)
        return read_refuse(&r, "messages", "messages: Field required");
    return a->max_tokens > 0 ? 0 : read_refuse(&r, "max_tokens", "max_tokens: Field required");
}

/* ---- what is answered ---- */

static void init(struct event_fmt *f, struct str model, struct str id, int64_t created)
{
    struct buf b = BUF_INIT(EVENT_SCRATCH / 4);
    (void)created;
    buf_addz(&b, "{\"id\":\"msg_");
    json_escape(&b, id);
    buf_addf(&b, "\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"" STR_FMT "\",", STR_ARG(model));
    f->base_n = (uint16_t)b.n;
    f->base = buf_take(&b);
}

static uint64_t cached(const struct event_fmt *f)
{
    return f->prompt_tokens / 10;
}

static void add_usage(const struct event_fmt *f, struct buf *b, uint64_t n_tokens)
{
    buf_addf(b,
             "\"usage\":{\"input_tokens\":%llu,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":%llu,"
             "\"output_tokens\":%llu}",
             (unsigned long long)(f->prompt_tokens - cached(f)), (unsigned long long)cached(f),
             (unsigned long long)n_tokens);
}

#define EVENT(type) "event: " type "\ndata: {\"type\":\"" type "\""

static struct str begin(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    struct buf b = BUF_INIT(EVENT_SCRATCH);
    (void)scratch;
    buf_addz(&b, EVENT("message_start") ",\"message\":");
    buf_add(&b, f->base, f->base_n);
    buf_addz(&b, "\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,");
    add_usage(f, &b, 1);
    buf_addz(&b,
             "}}\n\n" EVENT("content_block_start") ",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}"
                                                   "\n\n" EVENT("ping") "}\n\n");
    struct str piece = frame_room(f, buf_str(&b), false);
    buf_free(&b);
    return piece;
}

static struct str token(struct event_fmt *f, struct str word, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    (void)n_tokens;
    ADD(&c, EVENT("content_block_delta") ",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"");
    frame_str(&c, word);
    ADD(&c, "\"}}\n\n");
    return frame_view(frame_chunk(f, &c, body), &c);
}

static const char *reason(const char *finish)
{
    return strcmp(finish, "length") == 0 ? "max_tokens" : "end_turn";
}

static struct str end_with(struct event_fmt *f, const char *finish, uint64_t n_tokens, bool metrics)
{
    struct buf b = BUF_INIT(EVENT_SCRATCH);
    buf_addf(&b,
             EVENT("content_block_stop") ",\"index\":0}\n\n" EVENT(
                 "message_delta") ",\"delta\":{\"stop_reason\":\"%s\",\"stop_sequence\":null},\"usage\":{\"output_"
                                  "tokens\":%llu}}\n\n" EVENT("message_stop"),
             reason(finish), (unsigned long long)n_tokens);
    if (metrics) {
        buf_addc(&b, ',');
        bedrock_metrics(f, &b, n_tokens);
    }
    buf_addz(&b, "}\n\n");
    struct str piece = frame_room(f, buf_str(&b), true);
    buf_free(&b);
    return piece;
}

static struct str end(struct event_fmt *f, const char *finish, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    (void)scratch;
    return end_with(f, finish, n_tokens, false);
}

static struct str bedrock_end(struct event_fmt *f, const char *finish, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    (void)scratch;
    return end_with(f, finish, n_tokens, true);
}

static struct str error(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    (void)scratch;
    return frame_room(
        f,
        STR(EVENT("error") ",\"error\":{\"type\":\"api_error\",\"message\":\"The simulated engine failed.\"}}"
                           "\n\n"),
        true);
}

static struct str bad_json(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    ADD(&c, EVENT("content_block_delta") ",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"cut of\n\n");
    return frame_view(frame_chunk(f, &c, body), &c);
}

static void whole(struct event_fmt *f, struct buf *out, uint64_t seed, uint64_t request, uint64_t n_tokens,
                  const char *finish)
{
    char word[SIM_WORD_MAX];
    buf_add(out, f->base, f->base_n);
    buf_addz(out, "\"content\":[{\"type\":\"text\",\"text\":\"");
    for (uint64_t k = 0; k < n_tokens; k++)
        buf_add(out, word, sim_word_json(seed, request, k, word));
    buf_addf(out, "\"}],\"stop_reason\":\"%s\",\"stop_sequence\":null,", reason(finish));
    add_usage(f, out, n_tokens);
    buf_addc(out, '}');
}

static const char *kind(int status)
{
    switch (status) {
    case 401:
        return "authentication_error";
    case 404:
        return "not_found_error";
    case 413:
        return "request_too_large";
    case 429:
        return "rate_limit_error";
    case 503:
    case 529:
        return "overloaded_error";
    default:
        return status >= 500 ? "api_error" : "invalid_request_error";
    }
}

static void refusal(struct buf *b, int status, const char *message)
{
    struct jout j;
    jo_init(&j, b, 0);
    jo_obj(&j);
    jo_kstrz(&j, "type", "error");
    jo_key(&j, "error");
    jo_obj(&j);
    jo_kstrz(&j, "type", kind(status));
    jo_kstrz(&j, "message", message);
    jo_end_obj(&j);
    jo_end_obj(&j);
}

const struct sim_dialect sim_anthropic = {
    .stream_type = "text/event-stream; charset=utf-8",
    .needs_header = "anthropic-version",
    .ask = ask,
    .init = init,
    .begin = begin,
    .token = token,
    .end = end,
    .error = error,
    .bad_json = bad_json,
    .body = whole,
    .refusal = refusal,
};

const struct sim_dialect sim_bedrock_anthropic = {
    .stream_type = "application/json",
    .ask = bedrock_ask,
    .init = init,
    .begin = begin,
    .token = token,
    .end = bedrock_end,
    .error = error,
    .bad_json = bad_json,
    .body = whole,
};
