/* tok.h - tokenizers: a text's token ids, exactly as Hugging Face's `tokenizers` gives them for the same file.
 *
 * A tokenizer is loaded once and never changes: any number of threads may share it. Each thread that encodes has a
 * `tok_coder` of its own, which keeps a cache of pieces already encoded and the scratch memory; its size is bounded.
 * Cost: tens of megabytes of text a second and core; a text of any shape costs O(n log n) at most. Text is UTF-8; what
 * is not valid is replaced by U+FFFD as Rust's from_utf8_lossy does (one for each maximal part) and counted. Texts have
 * no limit, but where no pattern is scanned by hand, one of more than 256 MiB is cut at the end of a line, which may
 * count a token more. Truncation and padding that a file asks for are left out. A chat template is not rendered (no
 * well-kept Jinja library can be linked from C): a chat request's prompt is counted by the server's usage.
 * Sources: Hugging Face tokenizers 0.23, SentencePiece, tiktoken; docs/TOKENIZERS.md tells what is exact and what is
 * refused. */
#ifndef WEIR_TOK_TOK_H
#define WEIR_TOK_TOK_H

#include "base/buf.h"
#include "base/err.h"

struct tok;
struct tok_coder;

struct tok_ids {
    uint32_t *v; /* NULL until the first id */
    size_t n, cap;
};
void tok_ids_push(struct tok_ids *ids, uint32_t id);
void tok_ids_free(struct tok_ids *ids);

/* A file (tokenizer.json, SentencePiece .model, .tiktoken ranks, tekken.json: told apart by content) or a folder with
 * one of them. A part of it that is not understood is an error that names its path inside the file: a tokenizer that
 * would miscount is refused. */
int tok_load(struct tok **t, const char *path, struct err *e);
/* The same from a file's content; `name` stands in errors and tells rank files apart. */
int tok_load_text(struct tok **t, struct str text, const char *name, struct err *e);
void tok_free(struct tok **t);

struct tok_about {
    const char *path;    /* of the file; what was named, where text in memory was */
    const char *format;  /* "tokenizer.json", "sentencepiece", "tiktoken", "tekken" */
    const char *model;   /* "BPE", "Unigram", "WordPiece", "WordLevel" */
    const char *scanner; /* "cl100k", … where a known pattern is scanned by hand; "pcre2"; "" without a pattern */
    uint32_t vocab;      /* ids 0 … vocab-1 may occur, added tokens included */
    unsigned specials;   /* tokens that the post-processor adds to one text */
};
void tok_about(const struct tok *t, struct tok_about *about); /* borrows from t */

struct tok_coder *tok_coder_new(const struct tok *t); /* borrows t */
void tok_coder_free(struct tok_coder **c);

enum {
    TOK_SPECIALS = 1, /* with the tokens that the post-processor adds (`add_special_tokens=True`) */
};

/* Appends the ids of `text` and returns how many; `ids` NULL: only counts. */
size_t tok_encode(struct tok_coder *c, struct str text, unsigned flags, struct tok_ids *ids);
/* The same, but gives the ids away in runs as they come, so that a file of gigabytes needs no list of them: where the
 * pattern is scanned by hand and nothing is normalized, memory does not grow with the text. */
typedef void tok_take_fn(void *arg, const uint32_t *ids, size_t n);
size_t tok_encode_to(struct tok_coder *c, struct str text, unsigned flags, tok_take_fn *take, void *arg);
uint64_t tok_replaced(const struct tok_coder *c); /* U+FFFD put in for invalid UTF-8 since the coder was made */

/* Appends the text of the ids, as the file's decoder puts them together; ids without a token are left out, specials too
 * when `skip_specials`. */
void tok_decode(struct tok_coder *c, const uint32_t *ids, size_t n, bool skip_specials, struct buf *out);
/* The token as the vocabulary spells it ("Ġthe", "▁the", "##ing"); n 0 without a token of that id. Borrows. */
struct str tok_token(const struct tok *t, uint32_t id);
bool tok_is_special(const struct tok *t, uint32_t id);
bool tok_id(const struct tok *t, struct str token, uint32_t *id); /* added tokens too */

#endif
