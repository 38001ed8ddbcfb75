/* sim_ollama.c - the simulator as Ollama: POST /api/chat and /api/generate, JSON lines or one document. Every line
 * bears its own instant, and the last one the counts and durations of the model, in ns. Source: Ollama's docs/api.md.
 */
#include "base/clock.h"
#include "base/jout.h"
#include "base/xalloc.h"
#include "sim/sim_dialect.h"
#include "sim/sim_frame.h"
#include "sim/sim_read.h"
#include "sim/sim_text.h"

/* ---- what is asked ---- */

static int read_options(struct reader *r)
{
    struct str key;
    if (read_null(r))
        return 0;
    if (js_peek(&r->s) != JS_OBJ)
        return r->s.bad != NULL ? read_bad_json(r) : read_refuse(r, "options", "'options' must be an object.");
    js_enter(&r->s, '{');
    while (js_key(&r->s, &key)) {
        int rc = js_raw_eq(key, "num_predict") ? read_count(r, "num_predict", ASK_MAX_TOKENS, &r->a->max_tokens)
                                               : read_skip(r);
        if (rc < 0)
            return -1;
    }
    return r->s.bad != NULL ? read_bad_json(r) : 0;
}

static int read_common(struct reader *r, struct str key)
{
    if (js_raw_eq(key, "model"))
        return read_model(r);
    if (js_raw_eq(key, "stream"))
        return js_peek(&r->s) == JS_NULL ? read_skip(r) : read_bool(r, "stream", &r->a->stream);
    if (js_raw_eq(key, "options"))
        return read_options(r);
    return read_skip(r);
}

static int chat_member(struct reader *r, struct str key)
{
    return js_raw_eq(key, "messages") ? read_messages(r) : read_common(r, key);
}

static int generate_member(struct reader *r, struct str key)
{
    bool prompt = js_raw_eq(key, "prompt");
    if (!prompt && !js_raw_eq(key, "system"))
        return read_common(r, key);
    if (read_null(r))
        return 0;
    if (js_peek(&r->s) != JS_STR)
        return r->s.bad != NULL ? read_bad_json(r) : read_refuse(r, "prompt", "'prompt' and 'system' must be strings.");
    r->has_input |= prompt;
    return read_text(r);
}

static int ask(struct ask *a, struct str body, const struct ask_rules *rules, struct ask_error *x, bool chat)
{
    struct reader r = {.a = a, .rules = rules, .x = x};
    *a = (struct ask){.stream = true}; /* unless it says otherwise */
    if (read_body(&r, body, chat ? chat_member : generate_member) < 0 || read_check_model(&r) < 0)
        return -1;
    return r.has_input ? 0 : read_refuse(&r, NULL, "There is nothing to answer.");
}

static int ask_chat(struct ask *a, struct str body, const struct ask_rules *rules, struct ask_error *x)
{
    return ask(a, body, rules, x, true);
}

static int ask_generate(struct ask *a, struct str body, const struct ask_rules *rules, struct ask_error *x)
{
    return ask(a, body, rules, x, false);
}

/* ---- what is answered ---- */

static void init(struct event_fmt *f, struct str model, struct str id, int64_t created)
{
    struct buf b = BUF_INIT(EVENT_SCRATCH / 4);
    (void)id, (void)created; /* it tells neither */
    buf_addf(&b, "{\"model\":\"" STR_FMT "\",\"created_at\":\"", STR_ARG(model));
    f->base_n = (uint16_t)b.n;
    f->base = buf_take(&b);
}

static void init_chat(struct event_fmt *f, struct str model, struct str id, int64_t created)
{
    f->chat = true;
    init(f, model, id, created);
}

static struct str no_begin(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    (void)f, (void)scratch;
    return STR("");
}

/* The members before the text: "created_at" with this instant, to the microsecond. */
static void add_head(const struct event_fmt *f, struct cursor *c)
{
    char stamp[40], micros[8];
    int64_t now = clock_real();
    fmt_utc_iso(stamp, now);
    frame_add(c, f->base, f->base_n);
    frame_add(c, stamp, 20); /* up to the point */
    int n = snprintf(micros, sizeof(micros), "%06u", (unsigned)(now / 1000 % 1000000));
    frame_add(c, micros, (size_t)n);
    ADD(c, "Z\",");
}

static struct str token(struct event_fmt *f, struct str word, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    (void)n_tokens;
    add_head(f, &c);
    if (f->chat)
        ADD(&c, "\"message\":{\"role\":\"assistant\",\"content\":\"");
    else
        ADD(&c, "\"response\":\"");
    frame_str(&c, word);
    if (f->chat)
        ADD(&c, "\"},\"done\":false}\n");
    else
        ADD(&c, "\",\"done\":false}\n");
    return frame_view(frame_chunk(f, &c, body), &c);
}

static void add_last(const struct event_fmt *f, struct buf *b, const char *finish, uint64_t n_tokens)
{
    int64_t now = clock_mono(), first = f->first ? f->first : now, started = f->started ? f->started : first;
    buf_addf(b,
             "\"done\":true,\"done_reason\":\"%s\",%s\"total_duration\":%lld,\"load_duration\":%lld,"
             "\"prompt_eval_count\":%llu,\"prompt_eval_duration\":%lld,\"eval_count\":%llu,\"eval_duration\":%lld}",
             finish, f->chat ? "" : "\"context\":[1,2,3],", (long long)(now - f->received),
             (long long)(started - f->received), (unsigned long long)f->prompt_tokens, (long long)(first - started),
             (unsigned long long)n_tokens, (long long)(now - first));
}

static void add_line_head(const struct event_fmt *f, struct buf *b)
{
    char head[EVENT_SCRATCH / 4 + 64];
    struct cursor c = {head};
    add_head(f, &c);
    buf_adds(b, frame_view(head, &c));
}

static struct str end(struct event_fmt *f, const char *finish, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    struct buf b = BUF_INIT(EVENT_SCRATCH);
    (void)scratch;
    add_line_head(f, &b);
    buf_addz(&b, f->chat ? "\"message\":{\"role\":\"assistant\",\"content\":\"\"}," : "\"response\":\"\",");
    add_last(f, &b, finish, n_tokens);
    buf_addc(&b, '\n');
    struct str piece = frame_room(f, buf_str(&b), true);
    buf_free(&b);
    return piece;
}

static struct str error(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    (void)scratch;
    return frame_room(f, STR("{\"error\":\"The simulated engine failed.\"}\n"), true);
}

static struct str bad_json(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    add_head(f, &c);
    ADD(&c, "\"message\":{\"content\":\"cut of\n");
    return frame_view(frame_chunk(f, &c, body), &c);
}

static void whole(struct event_fmt *f, struct buf *out, uint64_t seed, uint64_t request, uint64_t n_tokens,
                  const char *finish)
{
    char word[SIM_WORD_MAX];
    add_line_head(f, out);
    buf_addz(out, f->chat ? "\"message\":{\"role\":\"assistant\",\"content\":\"" : "\"response\":\"");
    for (uint64_t k = 0; k < n_tokens; k++)
        buf_add(out, word, sim_word_json(seed, request, k, word));
    buf_addz(out, f->chat ? "\"}," : "\",");
    add_last(f, out, finish, n_tokens);
}

static void refusal(struct buf *b, int status, const char *message)
{
    struct jout j;
    (void)status;
    jo_init(&j, b, 0);
    jo_obj(&j);
    jo_kstrz(&j, "error", message);
    jo_end_obj(&j);
}

const struct sim_dialect sim_ollama_chat = {
    .stream_type = "application/x-ndjson",
    .ask = ask_chat,
    .init = init_chat,
    .begin = no_begin,
    .token = token,
    .end = end,
    .error = error,
    .bad_json = bad_json,
    .body = whole,
    .refusal = refusal,
};

const struct sim_dialect sim_ollama_generate = {
    .stream_type = "application/x-ndjson",
    .ask = ask_generate,
    .init = init,
    .begin = no_begin,
    .token = token,
    .end = end,
    .error = error,
    .bad_json = bad_json,
    .body = whole,
    .refusal = refusal,
};
