/* tok_spm.h - what stands in a SentencePiece .model (a ModelProto), and the models that encode as that library does, id
 * by id, which is not what Hugging Face's conversions do: sums of scores are floats, user defined symbols count for
 * more, a run of unknown characters is one id or the bytes of all. Used by tok_spm*.c alone. Source: sentencepiece
 * 0.2.3; what user defined symbols count in a Unigram model was another number before 0.2.2. */
#ifndef WEIR_TOK_TOK_SPM_H
#define WEIR_TOK_TOK_SPM_H

#include "tok/tok_private.h"
#include "tok/tok_trie.h"

enum spm_kind { SPM_UNIGRAM = 1, SPM_BPE, SPM_WORD, SPM_CHAR };
enum spm_type { SPM_NORMAL = 1, SPM_UNKNOWN, SPM_CONTROL, SPM_USER_DEFINED, SPM_UNUSED, SPM_BYTE };

struct spm_piece {
    struct str text; /* borrows from the file */
    float score;
    uint8_t type; /* enum spm_type */
};

struct spm_file {
    struct spm_piece *pieces;
    size_t n, cap;
    /* trainer_spec */
    enum spm_kind kind;
    bool byte_fallback, whitespace_as_suffix;
    struct str bos_piece, eos_piece;
    /* normalizer_spec */
    struct str charsmap;
    bool add_dummy_prefix, remove_extra_whitespaces, escape_whitespaces;
    bool denormalizer; /* its rules change what is decoded */
};

/* A piece of one NUL that is unused only keeps an id free. */
static inline bool spm_is_filler(const struct spm_piece *p)
{
    return p->type == SPM_UNUSED && p->text.n == 1 && p->text.p[0] == 0;
}

int spm_read(struct spm_file *f, struct str text, struct err *e); /* checked as sentencepiece checks it */
void spm_free(struct spm_file *f);

int spm_norm_new(struct norm **n, const struct spm_file *f, struct err *e);
/* The model of the file's kind; copies what it needs. */
struct model *spm_model_new(const struct spm_file *f);

/* --- between tok_spm_model.c and the file of each kind ---------------------------------------------------------------
 */
struct spm_model {
    struct model model;
    enum spm_kind kind;
    struct vocab *vocab;            /* all pieces */
    struct vocab *plain, *reserved; /* normal, user defined and unused ones; the others */
    struct trie trie, symbols;      /* plain; user defined */
    bool has_symbols, has_unused;
    bool words;    /* no piece goes on behind a space: the text may be cut before spaces */
    float *score;  /* of each id */
    uint8_t *type; /* of each id */
    float least;   /* score of a normal piece */
    uint32_t unk;  /* SPM_NONE: there is none, bytes stand for it */
    bool byte_fallback;
    uint32_t byte_id[256];
    size_t longest; /* bytes of the longest plain piece */
};

struct spm_best {
    float score;
    uint32_t start, id;
};
struct spm_symbol {
    uint32_t at, n, prev, next; /* SPM_NONE at both ends; n 0: merged into the one before */
    bool frozen;
};
struct spm_pair {
    int32_t order;           /* of its score: larger is better */
    uint32_t left, right, n; /* n: bytes of both */
};
struct spm_split {
    uint32_t left;  /* bytes of the left one of the last pair that gave this unused piece */
    uint32_t epoch; /* of the text */
};
#define SPM_NONE UINT32_MAX

struct spm_scratch {
    struct spm_best *best;
    struct spm_symbol *symbol;
    struct spm_pair *heap;
    struct spm_split *split;
    size_t best_cap, symbol_cap, heap_n, heap_cap;
    uint32_t epoch;
    struct piece_cache *cache; /* NULL where the text is not taken word by word */
    bool after_unknown;        /* the last id stands for what is unknown */
};

/* Appends what stands for one piece of the best way. */
void spm_emit(const struct spm_model *m, struct spm_scratch *s, struct str piece, uint32_t id, struct tok_ids *ids);
size_t spm_symbol_at(const struct spm_model *m, struct str text, bool *found); /* bytes of a symbol or a character */

void spm_unigram(const struct spm_model *m, struct spm_scratch *s, struct str text, struct tok_ids *ids);
void spm_bpe(const struct spm_model *m, struct spm_scratch *s, struct str text, struct tok_ids *ids);

#endif
