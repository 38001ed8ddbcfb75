/* compat_words.h - the words of a `weir run` command line, put together one by one. Cold. */
#ifndef WEIR_COMPAT_COMPAT_WORDS_H
#define WEIR_COMPAT_COMPAT_WORDS_H

#include "base/attr.h"

struct compat_words { /* {0} is an empty one */
    char **v;         /* n words, owned, and a NULL */
    size_t n, cap;
};

void compat_word(struct compat_words *w, const char *word);
/* An option with its value: "--rate", "%.17g". As one word "--rate=VALUE", so that a value may begin with "-". */
void compat_opt(struct compat_words *w, const char *option, const char *fmt, ...) ATTR_PRINTF(3, 4);
void compat_words_free(struct compat_words *w);

#endif
