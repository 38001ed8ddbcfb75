/* serving_opts.h - the options of `weir as benchmark_serving`, and the words of the run that they ask for. Cold. */
#ifndef WEIR_COMPAT_SERVING_OPTS_H
#define WEIR_COMPAT_SERVING_OPTS_H

#include "cli/opt.h"
#include "compat/compat_words.h"

struct serving_opts {
    const char *base, *model, *dataset, *format; /* format: "ShareGPT", "IPEX" or "Synthesis" */
    const char *input_tokens, *model_type;
    uint64_t min_input, max_input, min_output, max_output, max_length; /* max_output 0: none */
    double input_mean, input_stddev, output_mean, output_stddev;
    uint64_t num_prompts, seed;
    const char *rate;          /* a number of requests per second, or "inf" */
    int64_t max_new_tokens;    /* -1: as the dataset says */
    double temperature, top_p; /* NAN: not sent */
    int64_t top_k;             /* -1: not sent */
    bool do_sample, vllm, progress, trust, track_latency, track_text, simple, openai, original;
    const char *results_dir;
    const char *tokenizer; /* of the environment, NULL: none */
    /* found out by serving_check */
    char family[128]; /* of an IPEX file */
    int64_t ipex_tokens;
};

extern const struct opt_table serving_table;

/* Flags that may have a value (--track-token-latency True, or =false): `out`, of argc + 1 places, gets the words
 * without it; what is not true takes the flag with it. Returns how many words there are. */
int serving_plain_flags(int argc, const char *const *argv, const char **out);

/* What goes together, and which prompts of an IPEX file are meant. 0, or -1 + e. */
int serving_check(struct serving_opts *o, struct err *e);

bool serving_streams(const struct serving_opts *o);  /* first and next tokens are wanted */
int64_t serving_limit(const struct serving_opts *o); /* tokens asked of every request; -1: they differ */
void serving_words(const struct serving_opts *o, struct compat_words *w);
char *serving_url(const struct serving_opts *o); /* to be freed */

#endif
