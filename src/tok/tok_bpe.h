/* tok_bpe.h - byte pair encoding, for the files that make and run it: tok_bpe.c (the model and its encoding of pieces),
 * tok_bpe_load.c (from tokenizer.json), tok_bpe_ranks.c (from ranks). Source of the semantics: Hugging Face tokenizers
 * 0.23, models/bpe. */
#ifndef WEIR_TOK_TOK_BPE_H
#define WEIR_TOK_TOK_BPE_H

#include "tok/tok_cache.h"
#include "tok/tok_joints.h"
#include "tok/tok_merge.h"
#include "tok/tok_private.h"

#define NO_SYMBOL UINT32_MAX

/* The tokens of up to CACHE_SHORT raw bytes, open addressing: with ignore_merges each new piece is looked for among the
 * tokens, and this table answers with one cache line. */
struct token_slot {
    uint64_t a, b; /* as in struct cache_key; b 0: free */
    uint32_t id;
};
struct bpe {
    struct model base;
    struct vocab *vocab;
    struct pairs pairs;
    bool bytes;         /* pieces are raw bytes, symbols their characters in GPT-2's alphabet */
    bool ignore_merges; /* a piece that is a token as a whole is that token */
    bool byte_fallback, fuse_unk;
    bool heap_only;            /* see merge_symbols() */
    bool plain;                /* neither prefix nor suffix */
    struct token_slot *tokens; /* ignore_merges && bytes, else NULL */
    uint32_t tokens_mask;
    size_t longest; /* bytes of the longest token as the vocabulary spells it */
    bool has_unk;
    uint32_t unk;
    struct str prefix, suffix; /* of a symbol that is not the first; that is the last. Owned */
    uint32_t byte_symbol[256]; /* bytes && plain: NO_SYMBOL where the vocabulary has none */
    uint32_t fallback[256];    /* "<0x00>" … */
    uint32_t *char_symbol;     /* !bytes && plain: of the code points below 0x10000, else NULL */
    struct joints *joints;     /* NULL where pieces cannot be cut */
};

struct bpe *bpe_new(void); /* an empty one, without vocabulary */
void bpe_free(struct model *m);
/* The last step of loading, once vocabulary, merges and flags are set: the tables that depend on them. */
void bpe_finish(struct bpe *b);

/* With 2^bits lines of cache; 0: none (for tests). */
struct model_scratch *bpe_scratch(const struct model *m, unsigned cache_bits);

int bpe_load(struct model **m, const struct model_def *def, struct err *e);

#endif
