/* tok_private.h - the stages between which a text goes on its way to ids, for the files of this folder alone.
 *
 * text ─▶ added tokens (normalized: false) ─▶ normalizer ─▶ added tokens (normalized: true) ─▶ pre-tokenizer ─▶ model
 * Each stage is made from its part of tokenizer.json (a SentencePiece, tiktoken or tekken file is turned into the same
 * parts), is constant afterwards, and takes its scratch memory from the caller, one set for each thread. `path` is
 * where in the file the definition stands ("normalizer"), for errors ("normalizer.normalizers[2].type: …"). */
#ifndef WEIR_TOK_TOK_PRIVATE_H
#define WEIR_TOK_TOK_PRIVATE_H

#include "base/jdoc.h"
#include "tok/tok.h"

void tok_ids_grow(struct tok_ids *ids); /* room for one more at least */
static inline void tok_ids_add(struct tok_ids *ids, uint32_t id)
{
    if (ids->n == ids->cap)
        tok_ids_grow(ids);
    ids->v[ids->n++] = id;
}

/* --- tok_vocab.c: token <-> id, both ways; tokens are kept once, in one block ---------------------------------------
 * Filled while loading, constant afterwards. Ids may have holes; a token given twice keeps the last id, as a map does.
 */
#define VOCAB_IDS (1U << 24) /* ids lie below */
struct vocab;
struct vocab *vocab_new(size_t expected);
void vocab_free(struct vocab **v);
bool vocab_add(struct vocab *v, struct str token, uint32_t id); /* copies; false: an id >= VOCAB_IDS */
/* The members of a JSON object {"token": id, …}; errors begin with `path`. */
int vocab_read(struct vocab *v, struct str raw_object, const char *path, struct err *e);
bool vocab_id(const struct vocab *v, struct str token, uint32_t *id);
/* Asks for the memory that vocab_id() will touch, when many look-ups follow: first for all of them, then, with `found`,
 * for all again. */
void vocab_hint(const struct vocab *v, struct str token, bool found);
struct str vocab_token(const struct vocab *v, uint32_t id);           /* p NULL: none */
uint32_t vocab_size(const struct vocab *v);                           /* number of tokens */
struct str vocab_at(const struct vocab *v, uint32_t i, uint32_t *id); /* the i-th of them, in the order given */
uint32_t vocab_end(const struct vocab *v);                            /* largest id ever given + 1, 0 when empty */

/* --- tok_norm*.c: normalizers --------------------------------------------------------------------------------------
 */
struct norm;
struct norm_scratch; /* of one thread, for all normalizers */
struct norm_scratch *norm_scratch_new(void);
void norm_scratch_free(struct norm_scratch **s);
/* `def` null or absent: *n = NULL, which changes nothing. */
int norm_new(struct norm **n, jnode *def, const char *path, struct err *e);
void norm_free(struct norm **n);
/* The normalized text: `text` itself where nothing changed, else what lies in the scratch until the next call. */
struct str norm_apply(const struct norm *n, struct norm_scratch *s, struct str text);

/* --- tok_pre*.c: pre-tokenizers --------------------------------------------------------------------------------------
 * Pieces lie behind each other in `text`, which is the caller's where the stage only splits, else the scratch's own.
 * Empty pieces are never given. */
struct piece {
    uint32_t at, n; /* bytes of `text` */
};
struct pieces {
    const char *text;
    struct piece *v;
    size_t n, cap;
};
/* A known pattern, scanned by hand: the length of the piece that starts at p, > 0; p < end. Valid UTF-8 is assumed. */
typedef size_t pre_scan_fn(const char *p, const char *end);

struct pre;
struct pre_scratch;
struct pre_scratch *pre_scratch_new(const struct pre *p);
void pre_scratch_free(struct pre_scratch **s);
/* `def` null: *p = NULL, the whole text is one piece. */
int pre_new(struct pre **p, jnode *def, const char *path, struct err *e);
/* The same from a pattern (tiktoken, tekken): Split(pattern, Isolated), then bytes. */
int pre_new_pattern(struct pre **p, struct str pattern, struct err *e);
void pre_free(struct pre **p);
/* true: the last stage is ByteLevel. Its pieces are given as raw bytes, not in GPT-2's printable alphabet, and the
 * model must take them so (BPE: `bytes`; other models map them themselves by bytelevel_text()). */
bool pre_gives_bytes(const struct pre *p);
/* Not NULL where the whole pre-tokenizer is one known pattern (and ByteLevel without a prefix space): the caller may
 * then walk the text itself instead of pre_split(). */
pre_scan_fn *pre_scanner(const struct pre *p);
const char *pre_scanner_name(const struct pre *p); /* "cl100k", "pcre2", "" */
/* `first`: the text begins where the user's text begins (Metaspace's prepend_scheme "first"). */
void pre_split(const struct pre *p, struct pre_scratch *s, struct str text, bool first, struct pieces *out);

/* --- tok_bytes.c: GPT-2's printable alphabet for bytes ---------------------------------------------------------------
 */
void bytelevel_text(struct str raw, struct buf *out); /* bytes -> "Ġthe" */
bool bytelevel_raw(struct str text, struct buf *out); /* false: a character outside the alphabet; out unchanged */
unsigned bytelevel_char(unsigned char b);             /* the code point that stands for a byte, U+0021 … U+0143 */
int bytelevel_byte(unsigned c);                       /* and back; -1: none */

/* --- models: one file each (tok_bpe.c, tok_unigram.c, tok_wordpiece.c, tok_wordlevel.c) ------------------------------
 */
/* What tok_json.c reads of "model": its small members as a tree, the long lists as raw JSON text. */
struct model_def {
    jnode *head;       /* "model" without `vocab` and `merges` */
    struct str vocab;  /* raw JSON: object (BPE, WordPiece, WordLevel) or array of [token, score] (Unigram) */
    struct str merges; /* raw JSON: array of "a b" or ["a","b"]; p NULL without */
    bool bytes;        /* pieces come as raw bytes (pre_gives_bytes) */
};
struct model;
struct model_scratch;
struct model_ops {
    const char *type;                                                          /* "BPE" */
    int (*load)(struct model **m, const struct model_def *def, struct err *e); /* errors begin with "model." */
    void (*free)(struct model *m);
    struct model_scratch *(*scratch)(const struct model *m); /* NULL: needs none; holds the cache of pieces */
    void (*scratch_free)(struct model_scratch *s);
    /* Appends the ids of one piece, which is not empty and valid UTF-8. */
    void (*encode)(const struct model *m, struct model_scratch *s, struct str piece, struct tok_ids *ids);
    /* The same of n pieces of `text` (at v[i].at, each of at least one byte) in one call, so that their look-ups
     * overlap; NULL: the model has none, the caller goes through encode(). Bytes of `text` up to `end` may be read: the
     * further it lies behind the pieces, the faster the last ones. Gives the number of ids; `ids` NULL: only counts. */
    size_t (*encode_all)(const struct model *m, struct model_scratch *s, const char *text, const char *end,
                         const struct piece *v, size_t n, struct tok_ids *ids);
    /* The vocabulary as the file spells it (for BPE of bytes too). */
    const struct vocab *(*vocab)(const struct model *m);
};
/* What every model begins with. */
struct model {
    const struct model_ops *ops;
};
extern const struct model_ops model_bpe, model_unigram, model_wordpiece, model_wordlevel;

/* BPE by ranks (tiktoken, tekken): tokens[rank] are the raw bytes of a token (p NULL: no token of that rank), merged in
 * the order of ranks as tiktoken does; a piece that is a token as a whole is that token. `id_of_rank0` is added to the
 * ranks to give ids. Pieces are raw bytes; the vocabulary is spelled in GPT-2's alphabet ("Ġthe"), so that the
 * ByteLevel decoder holds for it. Borrows nothing. */
int bpe_from_ranks(struct model **m, const struct str *tokens, uint32_t n, uint32_t id_of_rank0, struct err *e);

/* --- tok_walk.c: a text that a known pattern splits, straight to ids
 * ----------------------------------------------------- Appends the ids of all pieces of `text` and gives their number;
 * `ids` NULL: only counts. */
size_t walk_text(const struct model *m, struct model_scratch *s, pre_scan_fn *scan, struct str text,
                 struct tok_ids *ids);

/* --- tok_ranks.c, tok_tekken.c: files of ranks, turned into the parts of a tokenizer
 * -------------------------------------- Both give: the model; the pattern for pre_new_pattern(); the added tokens;
 * ByteLevel as decoder; no normalizer but NFC where `nfc`. What the strings borrow lives until rank_file_free(), which
 * leaves a model that was taken (NULL) alone. */
struct rank_token {
    struct str text;
    uint32_t id;
};
struct rank_file {
    struct model *model;
    const char *name; /* "cl100k_base", "llama3", "qwen", "tekken", … */
    struct str pattern;
    struct rank_token *special; /* all are special and not normalized */
    size_t n_special;
    bool special_in_text; /* found in a text, as HF does; false: a text's "<s>" is plain text (mistral-common) */
    bool nfc;             /* the text is brought to NFC first (Qwen) */
    bool has_bos;         /* TOK_SPECIALS puts this id in front */
    uint32_t bos;
    struct buf block; /* the memory behind the strings */
};
bool ranks_looks(struct str text); /* its first line is base64, a space and a number */
int ranks_read(struct rank_file *f, struct str text, const char *path, struct err *e);
bool tekken_looks(struct str text); /* a JSON object with "config" and "vocab" and without "model" */
int tekken_read(struct rank_file *f, struct str text, const char *path, struct err *e);
void rank_file_free(struct rank_file *f);

/* --- tok_added.c: added tokens, in the order of two matchers ---------------------------------------------------------
 */
struct added_def {
    struct str content; /* borrowed for the call */
    uint32_t id;        /* only where ids are given (below) */
    bool single_word, lstrip, rstrip, normalized, special;
};
struct added;
/* Ids as Hugging Face gives them: that of the content in `vocab`, else the next one free from `next_id` on, in the
 * order of the list; with `given`, the definitions' own. Of two tokens alike after normalization the one with the
 * smaller id is found. `a` NULL where n is 0. */
int added_new(struct added **a, const struct added_def *defs, size_t n, bool given, const struct vocab *vocab,
              uint32_t next_id, const struct norm *norm, struct err *e);
void added_free(struct added **a);

/* --- tok_post.c: the tokens that are put round a text ----------------------------------------------------------------
 */
struct post;
int post_new(struct post **p, jnode *def, const char *path, struct err *e); /* `def` null: *p = NULL, none */
int post_new_ids(struct post **p, const uint32_t *front, size_t n_front, const uint32_t *back, size_t n_back);
void post_free(struct post **p);

/* --- tok_decode.c: ids back to text ----------------------------------------------------------------------------------
 */
struct decode;
/* `def` null: *d = NULL, tokens joined by spaces. As JSON text, for files of other formats: decode_new_text(). */
int decode_new(struct decode **d, jnode *def, const char *path, struct err *e);
int decode_new_text(struct decode **d, const char *json, struct err *e);
void decode_free(struct decode **d);

/* --- tok_json.c, tok_spm.c, tok_file.c: what a file becomes ----------------------------------------------------------
 * A loader fills what it made; what it leaves NULL is absent. On an error the caller frees what is there. */
struct tok_parts {
    char *file;         /* what was read, of a folder the file in it; NULL: text in memory */
    const char *format; /* "tokenizer.json", "sentencepiece", "tiktoken", "tekken" */
    struct norm *norm;
    struct pre *pre;
    struct model *model; /* its vocabulary is spelled as the decoder wants it: tokens of bytes in GPT-2's alphabet */
    struct added *added;
    struct post *post;
    struct decode *decode;
};
/* `config`: the tokenizer_config.json beside it, or NULL. */
int tok_json_load(struct tok_parts *p, struct str text, jnode *config, struct err *e);
int tok_spm_load(struct tok_parts *p, struct str text, struct err *e);
int tok_rank_file_load(struct tok_parts *p, struct rank_file *f, const char *format,
                       struct err *e); /* takes the model */

#endif
