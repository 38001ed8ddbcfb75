/* tok_file.h - the parts of a tokenizer from a file of any known format, or from a model's folder. Cold.
 * A folder is read as transformers reads it: tokenizer.json, else tokenizer.model or spiece.model, else *.tiktoken,
 * else tekken.json; and what tokenizer_config.json adds. */
#ifndef WEIR_TOK_TOK_FILE_H
#define WEIR_TOK_TOK_FILE_H

#include "tok/tok_private.h"

/* On an error what was made already stands in `p`, for the caller to free; `e` begins with the file's name. */
int tok_file_load(struct tok_parts *p, const char *path, struct err *e);
/* A file's content; `config` is a tokenizer_config.json beside it, or NULL. */
int tok_file_text(struct tok_parts *p, struct str text, const char *name, jnode *config, struct err *e);

#endif
