/* sim_lmi.c - DJL's LMI containers behind POST /invocations: {"inputs":...,"parameters":{...},"stream":...}. A stream
 * is JSON lines, at /sse/invocations Server-Sent Events (output_formatter=sse), without the space after "data:"; the
 * last token's line has the whole text and the details with it. Source: DJL Serving documentation, "LMI handlers
 * Inference API Schema". */
#include "base/jout.h"
#include "sim/sim_dialect.h"
#include "sim/sim_frame.h"
#include "sim/sim_read.h"
#include "sim/sim_text.h"

static int parameters(struct reader *r, struct str key)
{
    return js_raw_eq(key, "max_new_tokens") ? read_count(r, "max_new_tokens", ASK_MAX_TOKENS, &r->a->max_tokens)
                                            : read_skip(r);
}

static int member(struct reader *r, struct str key)
{
    if (js_raw_eq(key, "inputs"))
        return read_asked(r, "inputs");
    if (js_raw_eq(key, "parameters"))
        return read_object(r, "parameters", parameters);
    if (js_raw_eq(key, "stream"))
        return read_bool(r, "stream", &r->a->stream);
    return read_skip(r);
}

static int lmi_ask(struct ask *a, struct str body, const struct ask_rules *rules, struct ask_error *x)
{
    struct reader r = {.a = a, .rules = rules, .x = x};
    *a = (struct ask){0};
    if (read_body(&r, body, member) < 0)
        return -1;
    return r.has_input ? 0 : read_refuse(&r, "inputs", "'inputs' is missing.");
}

static void lines_init(struct event_fmt *f, struct str model, struct str id, int64_t created)
{
    (void)f, (void)model, (void)id, (void)created;
}

static void sse_init_fmt(struct event_fmt *f, struct str model, struct str id, int64_t created)
{
    (void)model, (void)id, (void)created;
    f->sse = true;
}

static struct str lmi_begin(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    (void)f, (void)scratch;
    return STR("");
}

static void add_text(struct buf *b, uint64_t seed, uint64_t request, uint64_t n_tokens)
{
    char word[SIM_WORD_MAX];
    for (uint64_t k = 0; k < n_tokens; k++)
        buf_add(b, word, sim_word_json(seed, request, k, word));
}

/* "stop" is LMI's "eos_token". */
static void add_details(struct buf *b, uint64_t n_tokens, const char *finish)
{
    buf_addf(b, "\"details\": {\"finish_reason\": \"%s\", \"generated_tokens\": %llu, \"inputs\": null}",
             strcmp(finish, "length") == 0 ? "length" : "eos_token", (unsigned long long)n_tokens);
}

static struct str lmi_token(struct event_fmt *f, struct str word, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    struct buf *b = &f->text;
    (void)scratch;
    buf_clear(b);
    buf_addf(b, "%s{\"token\": {\"id\": %llu, \"text\": \"" STR_FMT "\", \"log_prob\": -0.25}", f->sse ? "data:" : "",
             (unsigned long long)n_tokens, STR_ARG(word));
    if (n_tokens == f->n_tokens) {
        buf_addz(b, ", \"generated_text\": \"");
        add_text(b, f->seed, f->request, n_tokens);
        buf_addz(b, "\", ");
        add_details(b, n_tokens, f->finish);
    }
    buf_addz(b, f->sse ? "}\n\n" : "}\n");
    return frame_room(f, buf_str(b), false);
}

static struct str lmi_end(struct event_fmt *f, const char *finish, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    (void)finish, (void)n_tokens, (void)scratch;
    return frame_room(f, STR(""), true);
}

#define FAILED                                                                                                         \
    "{\"token\": {\"id\": -1, \"text\": \"\", \"log_prob\": -1, \"special_token\": true}, \"generated_text\": \"\", "  \
    "\"details\": {\"finish_reason\": \"error\", \"generated_tokens\": null, \"inputs\": null}}\n"

static struct str lmi_error(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    (void)scratch;
    return frame_room(f, f->sse ? STR("data:" FAILED "\n") : STR(FAILED), true);
}

static struct str lmi_bad_json(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    (void)scratch;
    return frame_room(f, f->sse ? STR("data:{\"token\": {\"id\"\n\n") : STR("{\"token\": {\"id\"\n"), false);
}

static void lmi_body(struct event_fmt *f, struct buf *out, uint64_t seed, uint64_t request, uint64_t n_tokens,
                     const char *finish)
{
    (void)f;
    buf_addz(out, "{\"generated_text\": \"");
    add_text(out, seed, request, n_tokens);
    buf_addz(out, "\", ");
    add_details(out, n_tokens, finish);
    buf_addc(out, '}');
}

static void lmi_refusal(struct buf *b, int status, const char *message)
{
    struct jout j;
    jo_init(&j, b, 0);
    jo_obj(&j);
    jo_kstrz(&j, "error", message);
    jo_ki64(&j, "code", status);
    jo_end_obj(&j);
}

const struct sim_dialect sim_lmi = {
    .stream_type = "application/jsonlines",
    .ask = lmi_ask,
    .init = lines_init,
    .begin = lmi_begin,
    .token = lmi_token,
    .end = lmi_end,
    .error = lmi_error,
    .bad_json = lmi_bad_json,
    .body = lmi_body,
    .refusal = lmi_refusal,
};

const struct sim_dialect sim_lmi_sse = {
    .stream_type = "text/event-stream",
    .ask = lmi_ask,
    .init = sse_init_fmt,
    .begin = lmi_begin,
    .token = lmi_token,
    .end = lmi_end,
    .error = lmi_error,
    .bad_json = lmi_bad_json,
    .body = lmi_body,
    .refusal = lmi_refusal,
};
