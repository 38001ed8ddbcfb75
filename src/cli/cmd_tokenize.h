/* cmd_tokenize.h - what the files of `weir tokenize` share. */
#ifndef WEIR_CLI_CMD_TOKENIZE_H
#define WEIR_CLI_CMD_TOKENIZE_H

#include "base/buf.h"
#include "base/err.h"
#include "cli/opts.h"
#include "tok/tok.h"

/* A run of the command. `out` is written to standard output as it fills. */
struct tokenizing {
    struct tokenize_config c;
    struct tok *t;
    struct tok_coder *coder;
    struct buf out;
    bool broken; /* standard output cannot be written */
    uint64_t texts, bytes, tokens, differ;
    int64_t took; /* ns in the tokenizer and in printing */
};

void tokenizing_flush(struct tokenizing *k, size_t at_least); /* when so many bytes wait */
/* Each line is {"text": "…", "ids": […]}, perhaps with "specials": true. What differs is printed and counted. */
int tokenize_compare(struct tokenizing *k, const char *path, struct err *e);

#endif
