/* sim_prefix.h - a modelled prefix cache, as vLLM has one: a prompt's tokens (words) are cut into blocks of 16, a block
 * is known by its own words and all before them, and a prompt finds as many of its leading blocks as earlier prompts
 * left here. A prompt's last token is never taken from the cache, since the first answer token needs it computed. All
 * blocks of a prompt are entered when it arrives; of more than `blocks` the oldest go. A last block that is not full is
 * not kept. What is no text (pictures, token ids) is in no block.
 * prefix_visit takes a mutex once per request. Otherwise thread-safe: no state. */
#ifndef WEIR_SIM_SIM_PREFIX_H
#define WEIR_SIM_SIM_PREFIX_H

#include "base/str.h"

enum { PREFIX_BLOCK = 16 }; /* tokens */

struct prefix_blocks { /* of one prompt; zero it first */
    uint64_t *v;       /* owned */
    size_t n, cap;
    uint64_t chain; /* of all words so far */
    unsigned open;  /* words in the block that is not full yet */
};
void prefix_add_text(struct prefix_blocks *b, struct str text); /* decoded; what follows text before */
void prefix_free(struct prefix_blocks *b);

struct prefix_cache;
struct prefix_cache *prefix_cache_new(size_t blocks);
void prefix_cache_free(struct prefix_cache **c);
/* How many tokens of a prompt with so many were here before it; then it is here. */
uint64_t prefix_visit(struct prefix_cache *c, const struct prefix_blocks *b, uint64_t prompt_tokens);

#endif
