/* sim_ask.h - reads the body of a generation request: POST /v1/chat/completions or /v1/completions.
 * Understood: model, messages or prompt, stream, stream_options, max_tokens, max_completion_tokens (wins over the
 * former), n. Everything else (temperature, stop, seed, ...) is accepted and has no effect. null counts as absent.
 * Written from OpenAI's API reference for itself: it shares nothing with weir's own client. Thread-safe. */
#ifndef WEIR_SIM_SIM_ASK_H
#define WEIR_SIM_SIM_ASK_H

#include "sim/sim_prefix.h"

#define ASK_MAX_TOKENS 1000000 /* ceiling of max_tokens */
#define ASK_MAX_MODEL 1000     /* bytes of a model's name */

enum ask_kind { ASK_CHAT, ASK_COMPLETION };

struct ask_rules {
    const char *model;      /* the only one served; NULL = any */
    bool no_stream_options; /* refuse them, as old servers do */
    bool model_elsewhere;   /* what the body does not name, the path does */
    bool blocks;            /* cut prompts into blocks, for the prefix cache */
};

struct ask {
    struct str model;       /* as it stands between the quotes: still escaped; borrows the body */
    uint64_t prompt_tokens; /* white-space separated words of all contents */
    uint64_t max_tokens;    /* 0 = the request does not say */
    bool stream, include_usage, continuous_usage;
    struct prefix_blocks blocks; /* of the prompt, where the rules ask for them; owned: ask_free, after errors too */
    uint64_t items, dimensions;  /* of what is no text: inputs or documents, numbers of a vector (0: not said) */
};

struct ask_error {
    int status;        /* 400 or 404 */
    const char *param; /* constant texts, or NULL */
    const char *code;
    char message[300];
};

static inline void ask_free(struct ask *a)
{
    prefix_free(&a->blocks);
}

/* 0, or -1 with *x filled. */
int ask_parse(struct ask *a, enum ask_kind kind, struct str body, const struct ask_rules *r, struct ask_error *x);

#endif
