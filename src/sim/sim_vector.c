/* sim_vector.c - answers that are no text: POST /v1/embeddings (OpenAI) and /v1/rerank, /rerank (Cohere, Jina). Both
 * take the time of a prefill and make no token. A vector has 1,024 numbers or as many as "dimensions" asks for; a
 * document's score depends on the seed, the request and its place alone. Sources: OpenAI API reference, "Embeddings";
 * Cohere API reference, "Rerank"; Jina AI, "Reranker API". */
#include "base/rng.h"
#include "sim/sim_dialect.h"
#include "sim/sim_frame.h"
#include "sim/sim_read.h"

#define DIMENSIONS 1024
#define MOST_DIMENSIONS 65536

static int read_texts(struct reader *r, const char *param)
{
    if (js_peek(&r->s) != JS_ARR)
        return read_refuse(r, param, "'%s' must be an array.", param);
    js_enter(&r->s, '[');
    while (js_elem(&r->s)) {
        if (js_peek(&r->s) != JS_STR)
            return r->s.bad != NULL ? read_bad_json(r) : read_refuse(r, param, "'%s' must hold strings.", param);
        if (read_text(r) < 0)
            return -1;
        r->a->items++;
    }
    return r->s.bad != NULL ? read_bad_json(r) : 0;
}

static int embeddings_member(struct reader *r, struct str key)
{
    if (js_raw_eq(key, "model"))
        return read_model(r);
    if (js_raw_eq(key, "dimensions"))
        return read_count(r, "dimensions", MOST_DIMENSIONS, &r->a->dimensions);
    if (!js_raw_eq(key, "input"))
        return read_skip(r);
    r->has_input = true;
    if (js_peek(&r->s) == JS_ARR)
        return read_texts(r, "input");
    r->a->items = 1;
    return read_asked(r, "input");
}

static int embeddings_ask(struct ask *a, struct str body, const struct ask_rules *rules, struct ask_error *x)
{
    struct reader r = {.a = a, .rules = rules, .x = x};
    *a = (struct ask){.max_tokens = 1};
    if (read_body(&r, body, embeddings_member) < 0 || read_check_model(&r) < 0)
        return -1;
    return a->items > 0 ? 0 : read_refuse(&r, "input", "You must provide 'input'.");
}

static int rerank_member(struct reader *r, struct str key)
{
    if (js_raw_eq(key, "model"))
        return read_model(r);
    if (js_raw_eq(key, "query"))
        return read_asked(r, "query");
    if (js_raw_eq(key, "documents"))
        return read_texts(r, "documents");
    return read_skip(r);
}

static int rerank_ask(struct ask *a, struct str body, const struct ask_rules *rules, struct ask_error *x)
{
    struct reader r = {.a = a, .rules = rules, .x = x};
    *a = (struct ask){.max_tokens = 1};
    if (read_body(&r, body, rerank_member) < 0 || read_check_model(&r) < 0)
        return -1;
    if (!r.has_input)
        return read_refuse(&r, "query", "You must provide 'query'.");
    return a->items > 0 ? 0 : read_refuse(&r, "documents", "'documents' must not be empty.");
}

static void vector_init(struct event_fmt *f, struct str model, struct str id, int64_t created)
{
    (void)id, (void)created;
    buf_adds(&f->text, model);
}

/* Streams do not exist here: a request never asks for one. */
static struct str none(struct event_fmt *f, char scratch[EVENT_SCRATCH])
{
    (void)f, (void)scratch;
    return STR("");
}

static struct str no_token(struct event_fmt *f, struct str word, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    (void)f, (void)word, (void)n_tokens, (void)scratch;
    return STR("");
}

static struct str no_end(struct event_fmt *f, const char *finish, uint64_t n_tokens, char scratch[EVENT_SCRATCH])
{
    (void)f, (void)finish, (void)n_tokens, (void)scratch;
    return STR("");
}

static void embeddings_body(struct event_fmt *f, struct buf *out, uint64_t seed, uint64_t request, uint64_t n_tokens,
                            const char *finish)
{
    uint64_t n = f->dimensions > 0 ? f->dimensions : DIMENSIONS;
    (void)n_tokens, (void)finish;
    buf_addz(out, "{\"object\":\"list\",\"data\":[");
    for (uint64_t i = 0; i < f->items; i++) {
        buf_addf(out, "%s{\"object\":\"embedding\",\"index\":%llu,\"embedding\":[", i > 0 ? "," : "",
                 (unsigned long long)i);
        for (uint64_t k = 0; k < n; k++)
            buf_addf(out, "%s%.9g", k > 0 ? "," : "",
                     rng_unit(seed, RNG_SIM_TEXT, (request << 24) + i * n + k) / 16 - 1.0 / 32);
        buf_addz(out, "]}");
    }
    buf_addf(out, "],\"model\":\"" STR_FMT "\",\"usage\":{\"prompt_tokens\":%llu,\"total_tokens\":%llu}}",
             STR_ARG(buf_str(&f->text)), (unsigned long long)f->prompt_tokens, (unsigned long long)f->prompt_tokens);
}

static void rerank_body(struct event_fmt *f, struct buf *out, uint64_t seed, uint64_t request, uint64_t n_tokens,
                        const char *finish)
{
    (void)n_tokens, (void)finish;
    buf_addf(out, "{\"model\":\"" STR_FMT "\",\"usage\":{\"total_tokens\":%llu},\"results\":[",
             STR_ARG(buf_str(&f->text)), (unsigned long long)f->prompt_tokens);
    for (uint64_t i = 0; i < f->items; i++)
        buf_addf(out, "%s{\"index\":%llu,\"relevance_score\":%.6f}", i > 0 ? "," : "", (unsigned long long)i,
                 rng_unit(seed, RNG_SIM_TEXT, (request << 24) + i));
    buf_addz(out, "]}");
}

const struct sim_dialect sim_embeddings = {
    .no_text = true,
    .ask = embeddings_ask,
    .init = vector_init,
    .begin = none,
    .token = no_token,
    .end = no_end,
    .error = none,
    .bad_json = none,
    .body = embeddings_body,
};

const struct sim_dialect sim_rerank = {
    .no_text = true,
    .ask = rerank_ask,
    .init = vector_init,
    .begin = none,
    .token = no_token,
    .end = no_end,
    .error = none,
    .bad_json = none,
    .body = rerank_body,
};
