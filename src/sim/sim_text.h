/* sim_text.h - the simulator's text: word k of request r is a pure function of (seed, r, k).
 * One token is one word, with the white space before it (none before the first): counting words counts tokens. About
 * one word in eleven exercises the decoder of the client: quotes, backslashes, control characters, several scripts,
 * letters written as \u escapes and as surrogate pairs, words that look like SSE. No word contains white space of any
 * kind. Thread-safe: no state. */
#ifndef WEIR_SIM_SIM_TEXT_H
#define WEIR_SIM_SIM_TEXT_H

#include "base/str.h"

#define SIM_WORD_MAX 64 /* bytes of a word with its separator, escaped */

struct sim_word {
    struct str sep;  /* "", " " or "\n", escaped for JSON */
    struct str json; /* escaped, as it stands between quotes */
    struct str text; /* what it decodes to */
};

struct sim_word sim_word_at(uint64_t seed, uint64_t request, uint64_t k);
/* Separator and word, escaped for JSON, without a closing 0; returns the number of bytes. */
size_t sim_word_json(uint64_t seed, uint64_t request, uint64_t k, char out[SIM_WORD_MAX]);

/* White-space separated words of UTF-8 text (Unicode's White_Space property): what the simulator calls prompt tokens.
 */
uint64_t sim_count_words(struct str text);
bool sim_next_word(struct str *rest, struct str *word); /* one after the other; false: no more */

/* For tests. */
size_t sim_vocabulary(void);
struct sim_word sim_vocabulary_at(size_t i);

#endif
