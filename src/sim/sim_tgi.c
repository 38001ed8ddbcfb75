/* sim_tgi.c - the simulator as Text Generation Inference: POST /generate and /generate_stream. Each event is one token;
 * the last one has the whole text and its details with it.
 * Source: the OpenAPI description of huggingface/text-generation-inference. */
#include "base/jout.h"
#include "base/xalloc.h"
#include "sim/sim_dialect.h"
#include "sim/sim_frame.h"
#include "sim/sim_read.h"
#include "sim/sim_text.h"

/* ---- what is asked ---- */

static int read_parameters(struct reader *r)
{
    struct str key;
    double temperature;
    if (read_null(r))
        return 0;
    if (js_peek(&r->s) != JS_OBJ)
        return r->s.bad != NULL ? read_bad_json(r) : read_refuse(r, "parameters", "'parameters' must be an object.");
    js_enter(&r->s, '{');
    while (js_key(&r->s, &key)) {
        int rc;
        if (js_raw_eq(key, "max_new_tokens")) {
            rc = read_count(r, "max_new_tokens", ASK_MAX_TOKENS, &r->a->max_tokens);
        } else if (js_raw_eq(key, "details")) {
            rc = read_bool(r, "details", &r->a->include_usage);
        } else if (js_raw_eq(key, "temperature") && js_peek(&r->s) == JS_NUM) {
            rc = js_f64(&r->s, &temperature) < 0 ? read_bad_json(r) : 0;
            if (rc == 0 && temperature <= 0)
                rc = read_refuse(r, "temperature", "Input validation error: `temperature` must be strictly positive");
        } else {
            rc = read_skip(r);
        }
        if (rc < 0)
            return -1;
    }
    return r->s.bad != NULL ? read_bad_json(r) : 0;
}

static int member(struct reader *r, struct str key)
{
    if (js_raw_eq(key, "parameters"))
        return read_parameters(r);
    if (!js_raw_eq(key, "inputs"))
        return read_skip(r);
    if (js_peek(&r->s) != JS_STR)
        return r->s.bad != NULL ? read_bad_json(r) : read_refuse(r, "inputs", "'inputs' must be a string.");
    r->has_input = true;
    return read_text(r);
}

static int ask(struct ask *a, struct str body, const struct ask_rules *rules, struct ask_error *x)
{
    struct reader r = {.a = a, .rules = rules, .x = x};
    *a = (struct ask){0};
    if (read_body(&r, body, member) < 0)
        return -1;
    return r.has_input ? 0 : read_refuse(&r, "inputs", "missing field `inputs`");
}

static int ask_stream(struct ask *a, struct str body, const struct ask_rules *rules, struct ask_error *x)
{
    int rc = ask(a, body, rules, x);
    a->stream = rc == 0;
    return rc;
}

/* ---- what is answered ---- */

static void init(struct event_fmt *f, struct str model, struct str id, int64_t created)
{
    (void)model, (void)id, (void)created; /* it tells none of them */
    f->base = NULL;
}

static struct str no_begin(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    (void)f, (void)scratch;
    return STR("");
}

static const char *reason(const char *finish)
{
    return strcmp(finish, "length") == 0 ? "length" : "stop_sequence";
}

static void add_words(struct buf *b, uint64_t seed, uint64_t request, uint64_t n_tokens)
{
    char word[SIM_WORD_MAX];
    for (uint64_t k = 0; k < n_tokens; k++)
        buf_add(b, word, sim_word_json(seed, request, k, word));
}

static void add_token(struct cursor *c, struct str word, uint64_t n_tokens)
{
    ADD(c, "data:{\"index\":");
    frame_u64(c, n_tokens);
    ADD(c, ",\"token\":{\"id\":");
    frame_u64(c, 100 + n_tokens % 30000);
    ADD(c, ",\"text\":\"");
    frame_str(c, word);
    ADD(c, "\",\"logprob\":-0.5,\"special\":false},\"generated_text\":");
}

/* The last token, with all that came before it. */
static struct str last_token(struct event_fmt *f, struct str word, uint64_t n_tokens)
{
    char head[SIM_WORD_MAX + 256];
    struct buf b = BUF_INIT(1u << 28);
    struct cursor c = {head};
    add_token(&c, word, n_tokens);
    buf_adds(&b, frame_view(head, &c));
    buf_addc(&b, '"');
    add_words(&b, f->seed, f->request, n_tokens);
    buf_addz(&b, "\",\"details\":");
    if (f->usage_final)
        buf_addf(&b, "{\"finish_reason\":\"%s\",\"generated_tokens\":%llu,\"seed\":null,\"input_length\":%llu}}\n\n",
                 reason(f->finish), (unsigned long long)n_tokens, (unsigned long long)f->prompt_tokens);
    else
        buf_addz(&b, "null}\n\n");
    struct str piece = frame_room(f, buf_str(&b), false);
    buf_free(&b);
    return piece;
}

static struct str token(struct event_fmt *f, struct str word, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    if (n_tokens == f->n_tokens)
        return last_token(f, word, n_tokens);
    add_token(&c, word, n_tokens);
    ADD(&c, "null,\"details\":null}\n\n");
    return frame_view(frame_chunk(f, &c, body), &c);
}

static struct str end(struct event_fmt *f, const char *finish, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    (void)finish, (void)n_tokens, (void)scratch; /* the last token said it */
    return frame_room(f, STR(""), true);
}

static struct str error(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    (void)scratch;
    return frame_room(f, STR("data:{\"error\":\"The simulated engine failed.\",\"error_type\":\"generation\"}\n\n"),
                      true);
}

static struct str bad_json(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    ADD(&c, "data:{\"index\":1,\"token\":{\"text\":\"cut of\n\n");
    return frame_view(frame_chunk(f, &c, body), &c);
}

static void whole(struct event_fmt *f, struct buf *out, uint64_t seed, uint64_t request, uint64_t n_tokens,
                  const char *finish)
{
    buf_addz(out, "{\"generated_text\":\"");
    add_words(out, seed, request, n_tokens);
    buf_addc(out, '"');
    if (f->usage_final)
        buf_addf(out,
                 ",\"details\":{\"finish_reason\":\"%s\",\"generated_tokens\":%llu,\"seed\":null,\"prefill\":[],"
                 "\"tokens\":[]}",
                 reason(finish), (unsigned long long)n_tokens);
    buf_addc(out, '}');
}

static void refusal(struct buf *b, int status, const char *message)
{
    struct jout j;
    jo_init(&j, b, 0);
    jo_obj(&j);
    jo_kstrz(&j, "error", message);
    jo_kstrz(&j, "error_type",
             status == 429 || status == 503 ? "overloaded"
             : status < 500                 ? "validation"
                                            : "generation");
    jo_end_obj(&j);
}

const struct sim_dialect sim_tgi_generate = {
    .stream_type = "text/event-stream",
    .ask = ask,
    .init = init,
    .begin = no_begin,
    .token = token,
    .end = end,
    .error = error,
    .bad_json = bad_json,
    .body = whole,
    .refusal = refusal,
};

const struct sim_dialect sim_tgi_stream = {
    .stream_type = "text/event-stream",
    .ask = ask_stream,
    .init = init,
    .begin = no_begin,
    .token = token,
    .end = end,
    .error = error,
    .bad_json = bad_json,
    .body = whole,
    .refusal = refusal,
};
