/* sim_bedrock.c - the simulator as Amazon Bedrock's runtime: Converse, and InvokeModel with the bodies of Llama's and
 * Titan's models (Anthropic's are in sim_anthropic.c). Streams are written as Server-Sent Events here, which
 * sim_evs.c puts into frames; the path says whether an answer is streamed, and names the model. Source: Bedrock's API
 * reference (Converse, ConverseStream) and "Inference request parameters and response fields for foundation models". */
#include "sim/sim_bedrock.h"
#include "base/clock.h"
#include "base/jscan.h"
#include "sim/sim_frame.h"
#include "sim/sim_read.h"
#include "sim/sim_text.h"

/* ---- what is asked ---- */

static int inference(struct reader *r, struct str key)
{
    return js_raw_eq(key, "maxTokens") ? read_count(r, "inferenceConfig.maxTokens", ASK_MAX_TOKENS, &r->a->max_tokens)
                                       : read_skip(r);
}

static int converse_member(struct reader *r, struct str key)
{
    if (js_raw_eq(key, "messages"))
        return read_messages(r);
    if (js_raw_eq(key, "system"))
        return read_content(r);
    if (js_raw_eq(key, "inferenceConfig"))
        return read_object(r, "inferenceConfig", inference);
    return read_skip(r);
}

static int llama_member(struct reader *r, struct str key)
{
    if (js_raw_eq(key, "prompt"))
        return read_asked(r, "prompt");
    if (js_raw_eq(key, "max_gen_len"))
        return read_count(r, "max_gen_len", ASK_MAX_TOKENS, &r->a->max_tokens);
    return read_skip(r);
}

static int generation(struct reader *r, struct str key)
{
    return js_raw_eq(key, "maxTokenCount")
               ? read_count(r, "textGenerationConfig.maxTokenCount", ASK_MAX_TOKENS, &r->a->max_tokens)
               : read_skip(r);
}

static int titan_member(struct reader *r, struct str key)
{
    if (js_raw_eq(key, "inputText"))
        return read_asked(r, "inputText");
    if (js_raw_eq(key, "textGenerationConfig"))
        return read_object(r, "textGenerationConfig", generation);
    return read_skip(r);
}

static int ask(struct ask *a, struct str body, const struct ask_rules *rules, struct ask_error *x, const char *input,
               int (*member)(struct reader *r, struct str key))
{
    struct reader r = {.a = a, .rules = rules, .x = x};
    *a = (struct ask){0};
    if (read_body(&r, body, member) < 0)
        return -1;
    return r.has_input ? 0 : read_refuse(&r, input, "'%s' is missing.", input);
}

static int converse_ask(struct ask *a, struct str body, const struct ask_rules *rules, struct ask_error *x)
{
    return ask(a, body, rules, x, "messages", converse_member);
}

static int llama_ask(struct ask *a, struct str body, const struct ask_rules *rules, struct ask_error *x)
{
    return ask(a, body, rules, x, "prompt", llama_member);
}

static int titan_ask(struct ask *a, struct str body, const struct ask_rules *rules, struct ask_error *x)
{
    return ask(a, body, rules, x, "inputText", titan_member);
}

/* ---- what is answered ---- */

static void init(struct event_fmt *f, struct str model, struct str id, int64_t created)
{
    (void)f, (void)model, (void)id, (void)created;
}

static struct str nothing(struct event_fmt *f, char scratch[EVENT_SCRATCH])
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

static bool cut_short(const char *finish)
{
    return strcmp(finish, "length") == 0;
}

/* 0 when it was not said. */
static unsigned long long ms_since(int64_t at)
{
    return at > 0 ? (unsigned long long)((clock_mono() - at) / NS_PER_MS) : 0;
}

void bedrock_metrics(const struct event_fmt *f, struct buf *b, uint64_t n_tokens)
{
    buf_addf(b,
             "\"amazon-bedrock-invocationMetrics\":{\"inputTokenCount\":%llu,\"outputTokenCount\":%llu,"
             "\"invocationLatency\":%llu,\"firstByteLatency\":%llu}",
             (unsigned long long)f->prompt_tokens, (unsigned long long)n_tokens, ms_since(f->received),
             (unsigned long long)(MAX(f->first - f->received, 0) / NS_PER_MS));
}

#define CONVERSE(type) "event: " type "\ndata: "

static struct str converse_begin(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    (void)scratch;
    return frame_room(f, STR(CONVERSE("messageStart") "{\"role\":\"assistant\"}\n\n"), false);
}

static struct str converse_token(struct event_fmt *f, struct str word, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    (void)n_tokens;
    ADD(&c, CONVERSE("contentBlockDelta") "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"");
    frame_str(&c, word);
    ADD(&c, "\"},\"p\":\"abcdefghijk\"}\n\n");
    return frame_view(frame_chunk(f, &c, body), &c);
}

static void add_usage(const struct event_fmt *f, struct buf *b, uint64_t n_tokens)
{
    buf_addf(b,
             "\"usage\":{\"inputTokens\":%llu,\"outputTokens\":%llu,\"totalTokens\":%llu},"
             "\"metrics\":{\"latencyMs\":%llu}",
             (unsigned long long)f->prompt_tokens, (unsigned long long)n_tokens,
             (unsigned long long)(f->prompt_tokens + n_tokens), ms_since(f->received));
}

static struct str converse_end(struct event_fmt *f, const char *finish, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    (void)scratch;
    buf_clear(&f->text);
    buf_addf(&f->text,
             CONVERSE("contentBlockStop") "{\"contentBlockIndex\":0}\n\n" CONVERSE(
                 "messageStop") "{\"stopReason\":\"%s\"}\n\n" CONVERSE("metadata") "{",
             cut_short(finish) ? "max_tokens" : "end_turn");
    add_usage(f, &f->text, n_tokens);
    buf_addz(&f->text, "}\n\n");
    return frame_room(f, buf_str(&f->text), true);
}

static struct str converse_bad_json(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    (void)scratch;
    return frame_room(f, STR(CONVERSE("contentBlockDelta") "{\"contentBlockIndex\":0,\"delta\":{\"te\n\n"), false);
}

static void converse_body(struct event_fmt *f, struct buf *out, uint64_t seed, uint64_t request, uint64_t n_tokens,
                          const char *finish)
{
    buf_addz(out, "{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":[{\"text\":\"");
    add_text(out, seed, request, n_tokens);
    buf_addf(out, "\"}]}},\"stopReason\":\"%s\",", cut_short(finish) ? "max_tokens" : "end_turn");
    add_usage(f, out, n_tokens);
    buf_addc(out, '}');
}

/* An error within the answer is a frame of its own kind, not a dialect's text: sim_evs_fail. */
static struct str only_end(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    (void)scratch;
    return frame_room(f, STR(""), true);
}

static struct str llama_token(struct event_fmt *f, struct str word, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    char *body = scratch + FRAME_ROOM;
    struct cursor c = {body};
    ADD(&c, "data: {\"generation\":\"");
    frame_str(&c, word);
    ADD(&c, "\",\"prompt_token_count\":");
    if (n_tokens == 1)
        frame_u64(&c, f->prompt_tokens);
    else
        ADD(&c, "null");
    ADD(&c, ",\"generation_token_count\":");
    frame_u64(&c, n_tokens);
    ADD(&c, ",\"stop_reason\":null}\n\n");
    return frame_view(frame_chunk(f, &c, body), &c);
}

static struct str llama_end(struct event_fmt *f, const char *finish, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    (void)scratch;
    buf_clear(&f->text);
    buf_addf(&f->text,
             "data: {\"generation\":\"\",\"prompt_token_count\":null,\"generation_token_count\":%llu,"
             "\"stop_reason\":\"%s\",",
             (unsigned long long)n_tokens, cut_short(finish) ? "length" : "stop");
    bedrock_metrics(f, &f->text, n_tokens);
    buf_addz(&f->text, "}\n\n");
    return frame_room(f, buf_str(&f->text), true);
}

static void llama_body(struct event_fmt *f, struct buf *out, uint64_t seed, uint64_t request, uint64_t n_tokens,
                       const char *finish)
{
    buf_addz(out, "{\"generation\":\"");
    add_text(out, seed, request, n_tokens);
    buf_addf(out, "\",\"prompt_token_count\":%llu,\"generation_token_count\":%llu,\"stop_reason\":\"%s\"}",
             (unsigned long long)f->prompt_tokens, (unsigned long long)n_tokens, cut_short(finish) ? "length" : "stop");
}

static const char *titan_reason(const char *finish)
{
    return cut_short(finish) ? "LENGTH" : "FINISH";
}

/* The last token's event is the last of all: it has the reason and the metrics. */
static struct str titan_token(struct event_fmt *f, struct str word, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    bool last = n_tokens == f->n_tokens;
    (void)scratch;
    buf_clear(&f->text);
    buf_addf(&f->text,
             "data: {\"outputText\":\"" STR_FMT "\",\"index\":0,\"totalOutputTextTokenCount\":", STR_ARG(word));
    if (last)
        buf_addf(&f->text, "%llu,\"completionReason\":\"%s\"", (unsigned long long)n_tokens, titan_reason(f->finish));
    else
        buf_addz(&f->text, "null,\"completionReason\":null");
    if (n_tokens == 1)
        buf_addf(&f->text, ",\"inputTextTokenCount\":%llu", (unsigned long long)f->prompt_tokens);
    else
        buf_addz(&f->text, ",\"inputTextTokenCount\":null");
    if (last) {
        buf_addc(&f->text, ',');
        bedrock_metrics(f, &f->text, n_tokens);
    }
    buf_addz(&f->text, "}\n\n");
    return frame_room(f, buf_str(&f->text), false);
}

static struct str titan_end(struct event_fmt *f, const char *finish, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    (void)finish, (void)n_tokens;
    return only_end(f, scratch);
}

static void titan_body(struct event_fmt *f, struct buf *out, uint64_t seed, uint64_t request, uint64_t n_tokens,
                       const char *finish)
{
    buf_addf(out, "{\"inputTextTokenCount\":%llu,\"results\":[{\"tokenCount\":%llu,\"outputText\":\"",
             (unsigned long long)f->prompt_tokens, (unsigned long long)n_tokens);
    add_text(out, seed, request, n_tokens);
    buf_addf(out, "\",\"completionReason\":\"%s\"}]}", titan_reason(finish));
}

static struct str bad_json(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    (void)scratch;
    return frame_room(f, STR("data: {\"generation\":\"cut of\n\n"), false);
}

const struct sim_dialect sim_converse = {
    .stream_type = "application/json",
    .ask = converse_ask,
    .init = init,
    .begin = converse_begin,
    .token = converse_token,
    .end = converse_end,
    .error = only_end,
    .bad_json = converse_bad_json,
    .body = converse_body,
};

const struct sim_dialect sim_bedrock_llama = {
    .stream_type = "application/json",
    .ask = llama_ask,
    .init = init,
    .begin = nothing,
    .token = llama_token,
    .end = llama_end,
    .error = only_end,
    .bad_json = bad_json,
    .body = llama_body,
};

const struct sim_dialect sim_bedrock_titan = {
    .stream_type = "application/json",
    .ask = titan_ask,
    .init = init,
    .begin = nothing,
    .token = titan_token,
    .end = titan_end,
    .error = only_end,
    .bad_json = bad_json,
    .body = titan_body,
};
