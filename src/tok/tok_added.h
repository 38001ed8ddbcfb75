/* tok_added.h - added tokens: found in the text before the model sees it, and known to the decoder.
 * Two sets of them are searched one after the other, those with `normalized` false in the raw text, then those with
 * `normalized` true, in their normalized spelling, in what the normalizer made of the rest. `single_word`, `lstrip` and
 * `rstrip` as Hugging Face's added_vocabulary.rs has them. Constant; any number of threads may search. How they are
 * made stands in tok_private.h. `const struct added *` may be NULL: no tokens. */
#ifndef WEIR_TOK_TOK_ADDED_H
#define WEIR_TOK_TOK_ADDED_H

#include "tok/tok_private.h"

bool added_id(const struct added *a, struct str content, uint32_t *id);
struct str added_text(const struct added *a, uint32_t id); /* for decoding (normalized, where it is); p NULL: none */
bool added_is_special(const struct added *a, struct str token);
uint32_t added_end(const struct added *a); /* largest id + 1 */
/* Whether there are any of the kind. */
bool added_any(const struct added *a, bool normalized);

/* They are found in no text any more; the decoder and tok_id() still know them. NULL is fine. */
void added_hide(struct added *a);

struct added_walk {
    const struct added *a;
    struct str text;
    size_t scan;  /* where the search goes on */
    size_t start; /* end of what has been given */
    bool normalized;
};
void added_walk(struct added_walk *w, const struct added *a, bool normalized, struct str text);
/* true: a token, and `before`, the text between the last one and it, which may be empty. false: none is left, and
 * `before` is the rest. */
bool added_next(struct added_walk *w, struct str *before, uint32_t *id);

#endif
