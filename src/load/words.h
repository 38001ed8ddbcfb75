/* words.h - text made of common English words, for prompts whose length alone matters: of traces and synthetic loads.
 * A text depends on (seed, key) alone and is the beginning of every longer text of the same two: equal keys give
 * prompts that a prefix cache can share. The 256 words have at most 7 letters, and most tokenizers have each, with the
 * space in front of it, as one token. ASCII letters only: nothing to escape in JSON. Cost: about 2 ns a word.
 * Thread-safe: no state. */
#ifndef WEIR_LOAD_WORDS_H
#define WEIR_LOAD_WORDS_H

#include "base/buf.h"

#define WORDS_MAX_BYTES 8 /* of one word with the space in front of it */

/* Append n words with spaces between them, and one in front where the buffer holds something already. Over the
 * buffer's ceiling nothing is appended and the buffer has failed. */
void words_fill(struct buf *b, uint64_t seed, uint64_t key, uint64_t n);

#endif
