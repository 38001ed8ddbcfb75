/* sim_triton.c - Triton's generate extension in front of a TensorRT-LLM ensemble: POST /v2/models/NAME/generate and
 * /generate_stream. An event holds what is new and ends like any other: only the body's end tells the answer's. There
 * are no counts. Whether it is a stream is said by the path; "stream" must agree, as a decoupled model has it. Sources:
 * Triton Inference Server, "Generate extension"; the TensorRT-LLM backend's README. */
#include "base/jout.h"
#include "sim/sim_dialect.h"
#include "sim/sim_frame.h"
#include "sim/sim_read.h"
#include "sim/sim_text.h"

#define HEAD                                                                                                           \
    "{\"cum_log_probs\":0.0,\"model_name\":\"ensemble\",\"model_version\":\"1\",\"output_log_probs\":[0.0,-1.5e-3]"
#define MIDDLE ",\"sequence_end\":false,\"sequence_id\":0,\"sequence_start\":false,\"text_output\":\""

static int member(struct reader *r, struct str key)
{
    if (js_raw_eq(key, "text_input"))
        return read_asked(r, "text_input");
    if (js_raw_eq(key, "max_tokens"))
        return read_count(r, "max_tokens", ASK_MAX_TOKENS, &r->a->max_tokens);
    if (js_raw_eq(key, "stream"))
        return read_bool(r, "stream", &r->a->stream);
    return read_skip(r);
}

static int ask(struct ask *a, struct str body, const struct ask_rules *rules, struct ask_error *x, bool stream)
{
    struct reader r = {.a = a, .rules = rules, .x = x};
    *a = (struct ask){0};
    if (read_body(&r, body, member) < 0)
        return -1;
    if (!r.has_input)
        return read_refuse(&r, "text_input", "expected number of inputs: 'text_input' is missing");
    if (a->stream != stream)
        return read_refuse(
            &r, "stream", stream ? "a streaming path needs 'stream': true" : "'stream' needs the path generate_stream");
    return 0;
}

static int whole_ask(struct ask *a, struct str body, const struct ask_rules *rules, struct ask_error *x)
{
    return ask(a, body, rules, x, false);
}

static int stream_ask(struct ask *a, struct str body, const struct ask_rules *rules, struct ask_error *x)
{
    return ask(a, body, rules, x, true);
}

static void triton_init(struct event_fmt *f, struct str model, struct str id, int64_t created)
{
    (void)f, (void)model, (void)id, (void)created;
}

static struct str triton_begin(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    (void)f, (void)scratch;
    return STR("");
}

static struct str triton_token(struct event_fmt *f, struct str word, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    (void)n_tokens;
    ADD(&c, "data: " HEAD MIDDLE);
    frame_str(&c, word);
    ADD(&c, "\"}\n\n");
    return frame_view(frame_chunk(f, &c, body), &c);
}

static struct str triton_end(struct event_fmt *f, const char *finish, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    (void)finish, (void)n_tokens, (void)scratch;
    return frame_room(f, STR(""), true);
}

static struct str triton_error(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    (void)scratch;
    return frame_room(f, STR("data: {\"error\":\"in ensemble 'ensemble', the simulated engine failed\"}\n\n"), true);
}

static struct str triton_bad_json(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    (void)scratch;
    return frame_room(f, STR("data: " HEAD MIDDLE "cut of\n\n"), false);
}

static void triton_body(struct event_fmt *f, struct buf *out, uint64_t seed, uint64_t request, uint64_t n_tokens,
                        const char *finish)
{
    char word[SIM_WORD_MAX];
    (void)f, (void)finish;
    buf_addz(out, HEAD MIDDLE);
    for (uint64_t k = 0; k < n_tokens; k++)
        buf_add(out, word, sim_word_json(seed, request, k, word));
    buf_addz(out, "\"}");
}

static void triton_refusal(struct buf *b, int status, const char *message)
{
    struct jout j;
    (void)status;
    jo_init(&j, b, 0);
    jo_obj(&j);
    jo_kstrz(&j, "error", message);
    jo_end_obj(&j);
}

const struct sim_dialect sim_triton = {
    .stream_type = "text/event-stream; charset=utf-8",
    .ask = whole_ask,
    .init = triton_init,
    .begin = triton_begin,
    .token = triton_token,
    .end = triton_end,
    .error = triton_error,
    .bad_json = triton_bad_json,
    .body = triton_body,
    .refusal = triton_refusal,
};

const struct sim_dialect sim_triton_stream = {
    .stream_type = "text/event-stream; charset=utf-8",
    .ask = stream_ask,
    .init = triton_init,
    .begin = triton_begin,
    .token = triton_token,
    .end = triton_end,
    .error = triton_error,
    .bad_json = triton_bad_json,
    .body = triton_body,
    .refusal = triton_refusal,
};
