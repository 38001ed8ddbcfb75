/* tok_match.h - finds any of many strings in a text, leftmost-longest and without overlap (Aho and Corasick 1975, with
 * the "leftmost-longest" rule of POSIX). Constant once made; any number of threads may search.
 * Cost: a text without a first byte of any string goes by at memory speed; else one step a byte, and a byte behind a
 * match is read again at most once for each byte of the longest string. Bytes are compared, not characters. */
#ifndef WEIR_TOK_TOK_MATCH_H
#define WEIR_TOK_TOK_MATCH_H

#include "base/str.h"

struct matcher;

struct match {
    size_t start, end; /* bytes of the text */
    uint32_t which;    /* index of the string */
};

/* Copies. Of equal strings the first counts; empty ones are never found. NULL where nothing is left to find. */
struct matcher *matcher_new(const struct str *strings, size_t n);
void matcher_free(struct matcher **m);
/* The first match that begins at `from` or behind. */
bool matcher_next(const struct matcher *m, struct str text, size_t from, struct match *found);

#endif
