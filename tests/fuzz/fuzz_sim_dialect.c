/* fuzz_sim_dialect.c - any bytes as the body of a request in each dialect of the simulator: it is read or refused with
 * a status and a message, and the model it names lies in the body. */
#include <stdlib.h>

#include "sim/sim_dialect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool fine)
{
    if (!fine)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct sim_dialect *const all[] = {
        &sim_openai_chat,       &sim_openai_completions, &sim_responses,    &sim_anthropic, &sim_ollama_chat,
        &sim_ollama_generate,   &sim_tgi_generate,       &sim_tgi_stream,   &sim_lmi,       &sim_converse,
        &sim_bedrock_anthropic, &sim_bedrock_llama,      &sim_bedrock_titan};
    static const struct ask_rules rules[] = {{.model = NULL}, {.model = "m", .no_stream_options = true}};
    char *copy = malloc(n ? n : 1);
    memcpy(copy, data, n);
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        for (size_t k = 0; k < ARRAY_LEN(rules); k++) {
            struct ask a;
            struct ask_error x = {0};
            if (all[i]->ask(&a, (struct str){copy, n}, &rules[k], &x) < 0)
                check((x.status == 400 || x.status == 404) && x.message[0]);
            else
                check(a.max_tokens <= ASK_MAX_TOKENS &&
                      (a.model.n == 0 || (a.model.p >= copy && a.model.p + a.model.n <= copy + n)));
        }
    }
    free(copy);
    return 0;
}
