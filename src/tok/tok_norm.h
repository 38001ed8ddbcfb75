/* tok_norm.h - what the kinds of normalizers share; used by tok_norm*.c and tok_spm*.c alone. */
#ifndef WEIR_TOK_TOK_NORM_H
#define WEIR_TOK_TOK_NORM_H

#include "tok/tok_private.h"
#include "tok/tok_trie.h"
#include "tok/tok_uni.h"

struct norm_scratch {
    struct buf side[2]; /* a stage reads from one and writes to the other */
    struct buf part;    /* within a stage */
    struct regex_scratch *regex;
    int32_t *cp; /* the code points of a span */
    int32_t *cp_sorted;
    size_t cp_cap;
};

struct norm_ops {
    /* Appends the normalized text to `out`; false: that is `in` itself, and nothing was appended. `in` is not empty. */
    bool (*apply)(const struct norm *n, struct norm_scratch *s, struct str in, struct buf *out);
    void (*free)(struct norm *n);
};

struct norm { /* what every kind begins with */
    const struct norm_ops *ops;
};

/* Each makes one kind; errors begin with `path`. */
int norm_new_bert(struct norm **n, jnode *def, const char *path, struct err *e);
int norm_new_replace(struct norm **n, jnode *def, const char *path, struct err *e);
int norm_new_precompiled(struct norm **n, jnode *def, const char *path, struct err *e);
int norm_new_strip(struct norm **n, jnode *def, const char *path, struct err *e);
int norm_new_prepend(struct norm **n, jnode *def, const char *path, struct err *e);
struct norm *norm_new_form(unsigned flag); /* one of UNI_NFC … UNI_NFKD */
struct norm *norm_new_lowercase(void);
struct norm *norm_new_strip_accents(void);
struct norm *norm_new_nmt(void);
struct norm *norm_new_bytelevel(void);

int norm_read_bool(jnode *def, const char *name, const char *path, bool *v, struct err *e); /* must be there */

/* Parts of them that others use; each appends to `out`. */
bool norm_form(unsigned flag, struct norm_scratch *s, struct str in, struct buf *out); /* false as in apply() */
void norm_lower_char(uint32_t c, struct buf *out);

static inline void norm_put(struct buf *out, uint32_t c)
{
    char *p = buf_room(out, 4);
    buf_wrote(out, utf8_put(p, c));
}

static inline void norm_cut(struct buf *out, size_t n)
{
    out->n = n;
    if (out->p)
        out->p[n] = 0;
}

/* --- SentencePiece's own normalizer (tok_norm_spm.c) ---------------------------------------------------------------
 */
struct norm_spm_def {
    struct str charsmap; /* empty: none; copied */
    bool add_dummy_prefix, remove_extra_whitespaces, escape_whitespaces, whitespace_as_suffix;
    struct trie_key *symbols; /* user defined ones, left as they stand; their order changes */
    size_t n_symbols;
};
int norm_new_spm(struct norm **n, const struct norm_spm_def *def, const char *path, struct err *e);

#endif
