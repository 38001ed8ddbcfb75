/* ds_tokens.h - lengths in tokens while a dataset is loaded, and the texts that are made up for what gives lengths
 * alone: of words, or, where there is a tokenizer, of exactly so many tokens (load/tokwords.h). One thread at a time.
 */
#ifndef WEIR_LOAD_DS_TOKENS_H
#define WEIR_LOAD_DS_TOKENS_H

#include "load/ds_util.h"
#include "load/tokwords.h"

#define DS_MADE_MAX_BYTES 16                    /* of a word or token of texts that are made up */
#define DS_MADE_TOTAL_BYTES ((uint64_t)8 << 30) /* of all such texts of one dataset */

struct ds_tokens;
struct ds_tokens *ds_tokens_new(const struct tok *t); /* borrows t */
void ds_tokens_free(struct ds_tokens **k);
uint64_t ds_tokens_escaped(struct ds_tokens *k, struct str raw);
uint64_t ds_tokens_object(struct ds_tokens *k, struct str json); /* of a message */
uint32_t ds_tokens_answer(struct ds_tokens *k, struct str text, bool escaped);
struct tokwords *ds_tokens_words(struct ds_tokens *k, struct err *e); /* made when first asked for; NULL + e */

/* Append n words or tokens, a function of the dataset's seed and the key, to the text in `b`. DS_SAID + r->e. */
int ds_make(const struct ds_reader *r, struct buf *b, uint64_t key, uint64_t n);
/* The text made so becomes a message of the user, of n words or exactly n tokens. DS_SAID + r->e. */
int ds_add_made(const struct ds_reader *r, struct buf *b, uint64_t n);

#endif
