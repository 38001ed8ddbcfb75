/* tok_regex.h - the regular expressions of tokenizer files: Oniguruma's language and meaning (that of Hugging Face), or
 * tiktoken's (fancy-regex) where they differ, run by PCRE2.
 *
 * A pattern is rewritten: every bracket and class becomes the set that Oniguruma has for it (Unicode 16.0), letters
 * under (?i) the set of those that fold alike, `^` and `$` take their line-wise meaning, `X{n,m}+` repeats a group.
 * What cannot be given its exact meaning is refused, with its place. Text must be valid UTF-8. Matching is bounded:
 * where PCRE2 gives up (its match limit, or 1 GiB), the rest of the text counts as without a match. A regex is
 * constant and shared; a thread has a regex_scratch, good for all of them. Files of this folder alone. */
#ifndef WEIR_TOK_TOK_REGEX_H
#define WEIR_TOK_TOK_REGEX_H

#include "base/err.h"
#include "base/str.h"

struct regex;
/* Errors: "at character 7 of the pattern: …", for the caller to put its path in front. */
int regex_new(struct regex **r, struct str pattern, bool tiktoken, struct err *e);
void regex_free(struct regex **r);

struct regex_scratch;
struct regex_scratch *regex_scratch_new(void);
void regex_scratch_free(struct regex_scratch **s);

/* All matches of a text one after another, as Hugging Face sees them: an empty match counts, but for one right behind
 * the match before. Start with the text and zeros. */
struct regex_walk {
    struct str text;
    size_t from, last_end;
    bool some; /* there was a match */
};
bool regex_next(const struct regex *r, struct regex_scratch *s, struct regex_walk *w, size_t *start, size_t *end);

/* What PCRE2 is given; errors as above. */
struct buf;
int regex_rewrite(struct str pattern, bool tiktoken, struct buf *out, struct err *e);

#endif
