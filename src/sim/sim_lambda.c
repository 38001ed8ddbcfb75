#include "sim/sim_lambda.h"

#include "base/jout.h"
#include "base/xalloc.h"
#include "sim/sim_text.h"

static void put(struct lambda_told *t, const char *name, const char *value)
{
    t->figure[t->n++] = (struct hs_header){str_of(name), str_of(value)};
}

void lambda_tell(struct lambda_told *t, const struct event_fmt *f, int64_t now, uint64_t tokens, bool stream,
                 double hourly)
{
    double s = (double)MAX(now - f->received, 1) / 1e9, per_second = (double)tokens / s;
    t->n = 0;
    snprintf(t->tps, sizeof(t->tps), "%.2f", per_second);
    snprintf(t->cost, sizeof(t->cost), "%.6f", hourly / (per_second * 3600) * 1000);
    snprintf(t->ttft, sizeof(t->ttft), "%lld", (long long)((f->first - f->received) / NS_PER_MS));
    put(t, "x-tokens-per-second", t->tps);
    put(t, "x-cost-per-1k-usd", t->cost);
    if (stream)
        put(t, "x-ttft-ms", t->ttft);
}

char *lambda_lines(const struct lambda_told *t, const struct event_fmt *f, uint64_t tokens, char out[LAMBDA_LINES])
{
    snprintf(out, LAMBDA_LINES,
             "X-Endpoint: weir-sim\r\n%s%s%sX-Completion-Tokens: %llu\r\nX-Prompt-Tokens: %llu\r\n"
             "X-Tokens-Per-Second: %s\r\nX-Cost-Per-1K-USD: %s\r\n",
             t->n > 2 ? "X-TTFT-MS: " : "", t->n > 2 ? t->ttft : "", t->n > 2 ? "\r\n" : "", (unsigned long long)tokens,
             (unsigned long long)f->prompt_tokens, t->tps, t->cost);
    return out;
}

void lambda_comments(const struct lambda_told *t, struct buf *out)
{
    for (size_t i = 0; i < t->n; i++)
        buf_addf(out, ": " STR_FMT "=" STR_FMT "\n\n", STR_ARG(t->figure[i].name), STR_ARG(t->figure[i].value));
}

void lambda_events(const struct sim_dialect *d, struct event_fmt *f, uint64_t tokens, struct buf *out)
{
    char *scratch = xmalloc(EVENT_SCRATCH), word[SIM_WORD_MAX];
    buf_adds(out, d->begin(f, scratch));
    for (uint64_t k = 0; k < tokens; k++) {
        struct str text = {word, sim_word_json(f->seed, f->request, k, word)};
        buf_adds(out, d->token(f, text, k + 1, scratch));
    }
    buf_adds(out, d->end(f, f->finish, tokens, scratch));
    free(scratch);
}

/* {"error": "..."}, whatever went wrong. */
static void refusal(struct buf *b, int status, const char *message)
{
    struct jout j;
    (void)status;
    jo_init(&j, b, 0);
    jo_obj(&j);
    jo_kstrz(&j, "error", message);
    jo_end_obj(&j);
}

static int ask(struct ask *a, struct str body, const struct ask_rules *r, struct ask_error *x)
{
    struct str text = str_trim(body);
    if (text.n > 0 && text.p[0] == '{')
        return sim_openai_chat.ask(a, body, r, x);
    *a = (struct ask){0};
    *x = (struct ask_error){.status = 400};
    snprintf(x->message, sizeof(x->message), "%s", text.n == 0 ? "missing body" : "invalid JSON");
    return -1;
}

static void init(struct event_fmt *f, struct str model, struct str id, int64_t created)
{
    sim_openai_chat.init(f, model, id, created);
}

const struct sim_dialect sim_lambda_chat = {
    .stream_type = "text/event-stream",
    .ask = ask,
    .init = init,
    .begin = event_role,
    .token = event_token,
    .end = event_end,
    .error = event_error,
    .bad_json = event_bad_json,
    .body = event_body,
    .refusal = refusal,
};
