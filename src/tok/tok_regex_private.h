/* tok_regex_private.h - a pattern on its way to PCRE2, shared by tok_regex_rewrite.c, which writes, and
 * tok_regex_class.c, which reads what stands for characters. */
#ifndef WEIR_TOK_TOK_REGEX_PRIVATE_H
#define WEIR_TOK_TOK_REGEX_PRIVATE_H

#include "base/err.h"
#include "tok/tok_cset.h"

struct rewriter {
    const char *begin, *p, *end;
    struct buf *out;
    struct err *e;
    struct cset_speller *speller;
    bool tiktoken;
    bool icase, dotall, extended; /* (?i), (?m) of Ruby or (?s) of others, (?x) */
    bool named;                   /* a group has a name */
    unsigned depth;
    unsigned groups; /* that capture, so far */
    unsigned sets;   /* spelled so far */
    uint32_t before; /* the letter before, under (?i); 0: something else */
};
enum { REGEX_DEPTH = 100 }; /* of groups and brackets */

static inline bool regex_more(const struct rewriter *w)
{
    return w->p < w->end;
}
/* All of these below step behind what they read. */
static inline bool regex_take(struct rewriter *w, const char *z)
{
    size_t n = strlen(z);
    if ((size_t)(w->end - w->p) < n || memcmp(w->p, z, n) != 0)
        return false;
    w->p += n;
    return true;
}

int regex_refuse(struct rewriter *w, const char *at, const char *what); /* -1 */
/* After a backslash, at a letter or digit. 1: what stands for one character, in *c; 0: something else; -1: refused. */
int regex_escaped(struct rewriter *w, uint32_t *c);
/* The same of \p{NAME}, \P{NAME}, \p{^NAME} and \d \w \s \h with their opposites, added to `into`. */
int regex_class(struct rewriter *w, struct cset *into, bool in_bracket);
/* \w, which is not the same to both, and to Oniguruma not the same in brackets. */
void regex_word(const struct rewriter *w, struct cset *into, bool in_bracket);
/* A bracket whose "[" has been read: its set, for the caller to free. */
int regex_bracket(struct rewriter *w, struct cset **out);
/* Whether c, under (?i), may fold to several characters, or with the letter before it to one. */
bool regex_folds_together(const struct rewriter *w, uint32_t c);

#endif
