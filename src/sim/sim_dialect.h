/* sim_dialect.h - how the simulator speaks an API: what it reads of a request, and how its answers are framed, one
 * `const struct sim_dialect` per file sim_NAME.c. Each is written from the API's own reference and shares nothing with
 * weir's client, so that one mistake cannot stand on both sides.
 *
 * There are 4 things to do to add one: write sim/sim_NAME.c, declare it here, give its path a row in sim_routes.c, and
 * check its bytes in tests/unit/test_sim_NAME.c; recorded request bodies are seeds of tests/fuzz/fuzz_sim_dialect.c.
 *
 * A stream: begin (with the headers), a token for each word, end. Each returns one contiguous piece, its HTTP chunk
 * framing included, of at most EVENT_SCRATCH bytes in scratch, or of any size in f->room. A token's piece ends with the
 * line end that completes it. Thread-safe: no state. */
#ifndef WEIR_SIM_SIM_DIALECT_H
#define WEIR_SIM_SIM_DIALECT_H

#include "sim/sim_ask.h"
#include "sim/sim_event.h"

struct sim_dialect {
    const char *stream_type;  /* Content-Type of a stream */
    const char *needs_header; /* without which a request is refused; NULL: none */
    bool no_text; /* its answers have no tokens: they take the time to the first one, and are not streamed */
    /* As ask_parse. */
    int (*ask)(struct ask *a, struct str body, const struct ask_rules *r, struct ask_error *x);
    void (*init)(struct event_fmt *f, struct str model, struct str id, int64_t created); /* as event_init */
    struct str (*begin)(struct event_fmt *f, char scratch[EVENT_SCRATCH]);               /* "": nothing */
    struct str (*token)(struct event_fmt *f, struct str word, uint64_t n_tokens, char scratch[EVENT_SCRATCH]);
    struct str (*end)(struct event_fmt *f, const char *finish, uint64_t n_tokens, char scratch[EVENT_SCRATCH]);
    /* An error within a 200 answer, and the end of the body. */
    struct str (*error)(struct event_fmt *f, char scratch[EVENT_SCRATCH]);
    struct str (*bad_json)(struct event_fmt *f, char scratch[EVENT_SCRATCH]);
    void (*body)(struct event_fmt *f, struct buf *out, uint64_t seed, uint64_t request, uint64_t n_tokens,
                 const char *finish); /* not streamed */
    /* The body of an error status; NULL: OpenAI's. */
    void (*refusal)(struct buf *b, int status, const char *message);
};

extern const struct sim_dialect sim_openai_chat, sim_openai_completions, sim_responses, sim_anthropic, sim_ollama_chat,
    sim_ollama_generate, sim_tgi_generate, sim_tgi_stream;
extern const struct sim_dialect sim_sglang, sim_triton, sim_triton_stream, sim_llm_on_ray, sim_lmi, sim_lmi_sse,
    sim_embeddings, sim_rerank, sim_lambda_chat;
extern const struct sim_dialect sim_converse, sim_bedrock_anthropic, sim_bedrock_llama, sim_bedrock_titan;

#endif
