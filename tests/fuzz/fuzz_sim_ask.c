/* fuzz_sim_ask.c - any bytes as the body of a generation request: refused with a sentence or understood, never both; in
 * OpenAI's dialects and in those of one text. */
#include <stdlib.h>

#include "sim/sim_dialect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct ask_rules rules[] = {{0}, {.model = "m", .no_stream_options = true}};
    static const struct sim_dialect *const more[] = {&sim_sglang, &sim_triton,     &sim_triton_stream, &sim_llm_on_ray,
                                                     &sim_lmi,    &sim_embeddings, &sim_rerank};
    for (unsigned i = 0; i < 4 + ARRAY_LEN(more); i++) {
        struct ask a;
        struct ask_error x = {0};
        struct str body = {(const char *)data, n};
        int rc = i >= 4 ? more[i - 4]->ask(&a, body, &rules[0], &x)
                        : ask_parse(&a, i & 1 ? ASK_CHAT : ASK_COMPLETION, body, &rules[i >> 1], &x);
        if (rc == 0 && (x.status != 0 || a.model.n > ASK_MAX_MODEL || a.max_tokens > ASK_MAX_TOKENS))
            abort();
        if (rc != 0 && ((x.status != 400 && x.status != 404) || x.message[0] == 0))
            abort();
    }
    return 0;
}
