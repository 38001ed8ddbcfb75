/* sim_sglang.c - SGLang's own POST /generate, as its server answers: each event of a stream holds all of the text so
 * far and the counts so far, and "[DONE]" ends it. Source: SGLang documentation, "Native APIs" and "Sampling
 * parameters". */
#include "sim/sim_dialect.h"
#include "sim/sim_frame.h"
#include "sim/sim_read.h"
#include "sim/sim_text.h"

#define CHUNK_HEAD 10 /* "0000abcd\r\n" in front of an event; leading zeros are no error */

static int sampling(struct reader *r, struct str key)
{
    return js_raw_eq(key, "max_new_tokens") ? read_count(r, "max_new_tokens", ASK_MAX_TOKENS, &r->a->max_tokens)
                                            : read_skip(r);
}

static int member(struct reader *r, struct str key)
{
    if (js_raw_eq(key, "text"))
        return read_asked(r, "text");
    if (js_raw_eq(key, "sampling_params"))
        return read_object(r, "sampling_params", sampling);
    if (js_raw_eq(key, "stream"))
        return read_bool(r, "stream", &r->a->stream);
    return read_skip(r);
}

static int sglang_ask(struct ask *a, struct str body, const struct ask_rules *rules, struct ask_error *x)
{
    struct reader r = {.a = a, .rules = rules, .x = x};
    *a = (struct ask){0};
    if (read_body(&r, body, member) < 0)
        return -1;
    return r.has_input ? 0 : read_refuse(&r, "text", "Either text, input_ids or input_embeds should be provided.");
}

static void nothing_to_prepare(struct event_fmt *f, struct str model, struct str id, int64_t created)
{
    (void)f, (void)model, (void)id, (void)created;
}

static struct str nothing(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    (void)f, (void)scratch;
    return STR("");
}

static void add_meta(struct buf *b, const struct event_fmt *f, uint64_t n, const char *finish)
{
    buf_addf(b, "\"meta_info\":{\"id\":\"%016llx\",\"finish_reason\":", (unsigned long long)f->request);
    if (finish == NULL)
        buf_addz(b, "null");
    else if (strcmp(finish, "length") == 0)
        buf_addf(b, "{\"type\":\"length\",\"length\":%llu}", (unsigned long long)n);
    else
        buf_addz(b, "{\"type\":\"stop\",\"matched\":2}");
    buf_addf(
        b, ",\"prompt_tokens\":%llu,\"weight_version\":\"default\",\"completion_tokens\":%llu,\"cached_tokens\":%llu}",
        (unsigned long long)f->prompt_tokens, (unsigned long long)n, (unsigned long long)f->cached_tokens);
}

/* The last token's event has the reason of the end in it: no other follows but [DONE]. */
static struct str sglang_token(struct event_fmt *f, struct str word, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    struct buf *b = &f->room;
    (void)scratch;
    buf_adds(&f->text, word);
    buf_clear(b);
    if (f->chunked)
        buf_addz(b, "00000000\r\n");
    buf_addz(b, "data: {\"text\":\"");
    buf_adds(b, buf_str(&f->text));
    buf_addz(b, "\",\"output_ids\":[1],");
    add_meta(b, f, n_tokens, n_tokens == f->n_tokens ? f->finish : NULL);
    buf_addz(b, "}\n\n");
    if (f->chunked) {
        char size[16];
        snprintf(size, sizeof(size), "%08zx", b->n - CHUNK_HEAD);
        memcpy(b->p, size, 8);
        buf_addz(b, "\r\n");
    }
    return buf_str(b);
}

static struct str sglang_end(struct event_fmt *f, const char *finish, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    (void)finish, (void)n_tokens, (void)scratch;
    return frame_room(f, STR("data: [DONE]\n\n"), true);
}

static struct str sglang_error(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    (void)scratch;
    return frame_room(f, STR("data: {\"error\":{\"message\":\"The simulated engine failed.\"}}\n\ndata: [DONE]\n\n"),
                      true);
}

static struct str sglang_bad_json(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    (void)scratch;
    return frame_room(f, STR("data: {\"text\":\"cut of\n\n"), false);
}

static void sglang_body(struct event_fmt *f, struct buf *out, uint64_t seed, uint64_t request, uint64_t n_tokens,
                        const char *finish)
{
    char word[SIM_WORD_MAX];
    buf_addz(out, "{\"text\":\"");
    for (uint64_t k = 0; k < n_tokens; k++)
        buf_add(out, word, sim_word_json(seed, request, k, word));
    buf_addz(out, "\",");
    add_meta(out, f, n_tokens, finish);
    buf_addc(out, '}');
}

const struct sim_dialect sim_sglang = {
    .stream_type = "text/event-stream; charset=utf-8",
    .ask = sglang_ask,
    .init = nothing_to_prepare,
    .begin = nothing,
    .token = sglang_token,
    .end = sglang_end,
    .error = sglang_error,
    .bad_json = sglang_bad_json,
    .body = sglang_body,
};
