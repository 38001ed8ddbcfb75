/* tokwords.h - words of a tokenizer's own vocabulary that are one token each, wherever they stand in a text of such
 * words: n of them, with spaces between, are exactly n tokens, and stay so when a server decodes and encodes them
 * again.
 *
 * They are the tokens of lower-case ASCII letters that begin a word, and that were seen to be one token at the
 * beginning of a text and behind another word; so a text of them can be cut at any space. Each text that is made is
 * counted by a full encode all the same. A text depends on (tokenizer, seed, key) alone and is the beginning of every
 * longer one of the same three. Cost: about a microsecond for each token of the vocabulary once, then 20 ns a word. One
 * thread at a time. */
#ifndef WEIR_LOAD_TOKWORDS_H
#define WEIR_LOAD_TOKWORDS_H

#include "tok/tok.h"

#define TOKWORDS_MAX_BYTES 16 /* of one word with the space in front of it */
#define TOKWORDS_FEWEST 16    /* a vocabulary with fewer such words is refused */

struct tokwords;
struct tokwords *tokwords_new(const struct tok *t, struct err *e); /* borrows t; NULL + e: too few words */
void tokwords_free(struct tokwords **s);
size_t tokwords_n(const struct tokwords *s);
struct str tokwords_at(const struct tokwords *s, size_t i);
/* As words_fill() of load/words.h. */
void tokwords_fill(const struct tokwords *s, struct buf *b, uint64_t seed, uint64_t key, uint64_t n);
uint64_t tokwords_count(struct tokwords *s, struct str text); /* its tokens, by a full encode */
/* Make `b`, such words, exactly n tokens by words added or taken at its end, in a few tries; -1 + e: it cannot be. */
int tokwords_fit(struct tokwords *s, struct buf *b, uint64_t n, struct err *e);
/* What the sentence of a failure says. */
int tokwords_unfit(uint64_t got, uint64_t n, struct err *e);

#endif
