/* tok_cset.h - a set of characters, as patterns name them, and how PCRE2 is
 * told of it.
 *
 * Patterns mean Oniguruma's sets, of Unicode 16.0; PCRE2 may know another
 * version. So each bracket of a pattern is worked out here, character by
 * character, and then spelled for PCRE2 with its own properties where they come
 * close, and with what they lack or have too much. Loading only: a set takes
 * 136 KiB. Not thread-safe. Files of this folder alone. */
#ifndef WEIR_TOK_TOK_CSET_H
#define WEIR_TOK_TOK_CSET_H

#include "base/buf.h"
#include "tok/tok_uni.h"

enum { CSET_WORDS = 0x110000 / 64 };
struct cset {
    uint64_t w[CSET_WORDS];
};

struct cset *cset_new(void); /* empty */
void cset_free(struct cset **s);
static inline bool cset_has(const struct cset *s, uint32_t c)
{
    return s->w[c >> 6] >> (c & 63) & 1;
}
void cset_add(struct cset *s, uint32_t lo, uint32_t hi); /* hi included */
void cset_add_mask(struct cset *s, uint32_t mask);       /* UNI_MASK_… */
/* \p{NAME} (in_class false: outside brackets, where \w and \p{Word} have six
 * characters more), [:NAME:] with `posix`. Case, spaces, '-' and '_' of the
 * name do not count. false: no such name. */
bool cset_add_named(struct cset *s, struct str name, bool posix, bool in_class);
void cset_or(struct cset *s, const struct cset *with);
void cset_and(struct cset *s, const struct cset *with);
void cset_not(struct cset *s); /* never holds surrogates, which no text has */
/* With each character all those that fold to the same one. */
void cset_fold(struct cset *s);

struct cset_speller; /* what PCRE2's own properties hold, about 1 MiB */
struct cset_speller *cset_speller_new(void);
void cset_speller_free(struct cset_speller **sp);
/* Appends an expression of PCRE2 that matches one character of the set; it can be followed by a quantifier. */
void cset_spell(const struct cset_speller *sp, const struct cset *s, struct buf *out);

#endif
