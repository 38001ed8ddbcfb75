/* tok_darts.h - the rules of a SentencePiece normalizer ("precompiled_charsmap"): a double-array trie as the library
 * Darts lays it out, whose values are offsets into a pool of strings ended by 0.
 *
 * The blob is <size of the trie in bytes, 32 bits><trie: units of 32 bits><pool>, little-endian. Every index is
 * checked: a blob of any content reads nothing outside itself. Constant once read: thread-safe. Source: darts-clone,
 * and sentencepiece's normalizer.cc. */
#ifndef WEIR_TOK_TOK_DARTS_H
#define WEIR_TOK_TOK_DARTS_H

#include "base/err.h"
#include "base/str.h"

struct darts {
    uint32_t *unit;
    uint32_t n;
    char *pool; /* UTF-8, ended by 0 */
    size_t pool_n;
    bool lone_ascii[128]; /* an ASCII character before another one stays as it is */
};

int darts_read(struct darts *d, struct str blob, const char *path, struct err *e); /* copies */
void darts_free(struct darts *d);

/* The replacement of the shortest (longest) rule that begins `key`, and the length of that rule; false: none does. A
 * rule that ends inside a character of `key`, which is UTF-8, is none. */
bool darts_shortest(const struct darts *d, struct str key, struct str *to);
bool darts_longest(const struct darts *d, struct str key, struct str *to, size_t *length);

#endif
