/* tokenizer.h - a tokenizer by what the user calls it, and counts of prompts by it. Lengths of texts that are
 * JSON-escaped, as datasets and answers are kept. The tokenizer is constant once opened and may be shared by threads;
 * the counting functions take a coder of the calling thread. */
#ifndef WEIR_LOAD_TOKENIZER_H
#define WEIR_LOAD_TOKENIZER_H

#include "plan/plan.h"
#include "tok/tok.h"

struct tokenizer {
    struct tok *tok;
    char *name;      /* as the user calls it */
    char sha256[65]; /* of its file */
};
/* The path of its file or folder, to be freed; NULL + e. Of a model of the hub it is that of what was found or loaded.
 */
char *tokenizer_find(const char *name, bool progress, struct err *e);
/* A file, a folder with one, or a model of the Hugging Face hub (fetch/hub.h), "org/name" or "org/name@revision"; what
 * exists here wins. `progress`: of a download, on a terminal. NULL + e, which names it and the remedy. */
struct tokenizer *tokenizer_open(const char *name, bool progress, struct err *e);
void tokenizer_free(struct tokenizer **t);
/* "org/name (tokenizer.json, BPE, 128256 tokens)". Returns out. */
char *tokenizer_text(const struct tokenizer *t, char *out, size_t cap);

/* Tokens of the text that the escaped `raw` stands for; `flags` as of tok_encode, `scratch` for the unescaped text. */
uint64_t tokens_of_escaped(struct tok_coder *c, struct str raw, unsigned flags, struct buf *scratch);
/* Of a message object: its content, or the texts among its content's parts. */
uint64_t tokens_of_object(struct tok_coder *c, struct str json, struct buf *scratch);
/* Of a sample's messages, each by itself, without specials. */
uint64_t tokens_of_messages(struct tok_coder *c, const struct plan_msg *msgs, size_t n, struct buf *scratch);
/* Of the prompt that a completion is asked for: all contents, joined by line feeds, with specials. */
uint64_t tokens_of_joined(struct tok_coder *c, const struct plan_msg *msgs, size_t n, struct buf *scratch);

#endif
