/* tok_config.h - what a tokenizer_config.json beside the tokenizer's file changes in counting, as transformers 5 reads
 * it. `config` NULL: nothing. Cold.
 * With a tokenizer.json, `add_bos_token` and `add_eos_token` are not read: the file's post-processor says it, there as
 * here. The chat template is not read either: see tok.h. */
#ifndef WEIR_TOK_TOK_CONFIG_H
#define WEIR_TOK_TOK_CONFIG_H

#include "tok/tok_private.h"

/* Adds to the list (*defs, *n; grown as by realloc) the tokens of `added_tokens_decoder` that are not in it with the
 * same flags, and the special tokens that are not in it at all. Their texts are borrowed from `config`. */
int tok_config_added(jnode *config, struct added_def **defs, size_t *n, struct err *e);
/* A SentencePiece model: <s> in front and </s> behind, where `add_bos_token` and `add_eos_token` say so. */
int tok_config_ends(struct tok_parts *p, jnode *config, struct err *e);

#endif
