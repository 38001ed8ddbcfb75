/* sim_ray.c - LLM-on-Ray's simple protocol: POST /llm-on-ray, or /NAME of --model NAME,
 * {"text":...,"config":{...},"stream":...}. A stream is bare text, a piece for each token, without any framing of its
 * own; a whole answer is one object with the lengths. "stream" must be given: the original answers 500 without it, this
 * 400. Source: LLM-on-Ray's serving code. */
#include "base/jscan.h"
#include "sim/sim_dialect.h"
#include "sim/sim_frame.h"
#include "sim/sim_read.h"
#include "sim/sim_text.h"

static int config(struct reader *r, struct str key)
{
    return js_raw_eq(key, "max_new_tokens") ? read_count(r, "max_new_tokens", ASK_MAX_TOKENS, &r->a->max_tokens)
                                            : read_skip(r);
}

static int member(struct reader *r, struct str key)
{
    if (js_raw_eq(key, "text"))
        return js_peek(&r->s) == JS_ARR ? read_messages(r) : read_asked(r, "text");
    if (js_raw_eq(key, "config"))
        return read_object(r, "config", config);
    if (js_raw_eq(key, "stream")) {
        r->has_stream_options = true; /* that it was given */
        return read_bool(r, "stream", &r->a->stream);
    }
    return read_skip(r);
}

static int ray_ask(struct ask *a, struct str body, const struct ask_rules *rules, struct ask_error *x)
{
    struct reader r = {.a = a, .rules = rules, .x = x};
    *a = (struct ask){0};
    if (read_body(&r, body, member) < 0)
        return -1;
    if (!r.has_input)
        return read_refuse(&r, "text", "'text' is missing.");
    return r.has_stream_options ? 0 : read_refuse(&r, "stream", "'stream' is missing.");
}

static void ray_init(struct event_fmt *f, struct str model, struct str id, int64_t created)
{
    (void)f, (void)model, (void)id, (void)created;
}

static struct str ray_begin(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    (void)f, (void)scratch;
    return STR("");
}

static struct str ray_token(struct event_fmt *f, struct str word, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    (void)n_tokens;
    c.p += js_decode(word, c.p);
    return frame_view(frame_chunk(f, &c, body), &c);
}

static struct str ray_end(struct event_fmt *f, const char *finish, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    (void)finish, (void)n_tokens, (void)scratch;
    return frame_room(f, STR(""), true);
}

/* There is no word for an error in it: the text ends. */
static struct str ray_error(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    return ray_end(f, NULL, 0, scratch);
}

static void ray_body(struct event_fmt *f, struct buf *out, uint64_t seed, uint64_t request, uint64_t n_tokens,
                     const char *finish)
{
    char word[SIM_WORD_MAX];
    (void)finish;
    buf_addz(out, "{\"text\":\"");
    for (uint64_t k = 0; k < n_tokens; k++)
        buf_add(out, word, sim_word_json(seed, request, k, word));
    buf_addf(out, "\",\"input_length\":%llu,\"generate_length\":%llu}", (unsigned long long)f->prompt_tokens,
             (unsigned long long)n_tokens);
}

const struct sim_dialect sim_llm_on_ray = {
    .stream_type = "text/plain; charset=utf-8",
    .ask = ray_ask,
    .init = ray_init,
    .begin = ray_begin,
    .token = ray_token,
    .end = ray_end,
    .error = ray_error,
    .bad_json = ray_begin,
    .body = ray_body,
};
