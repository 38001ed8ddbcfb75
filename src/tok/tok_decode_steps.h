/* tok_decode_steps.h - the single decoders of tok_decode.c, which is the only one to include this.
 * A list of tokens is one text and where each token ends in it. */
#ifndef WEIR_TOK_TOK_DECODE_STEPS_H
#define WEIR_TOK_TOK_DECODE_STEPS_H

#include "base/xalloc.h"
#include "tok/tok_private.h"

struct decode_list {
    struct buf text;
    size_t *ends;
    size_t n, cap;
};

static inline void decode_list_clear(struct decode_list *l)
{
    buf_clear(&l->text);
    l->n = 0;
}
/* What was written behind the last token is the next one. */
static inline void decode_list_end(struct decode_list *l)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 64;
        l->ends = xreallocarray(l->ends, l->cap, sizeof *l->ends);
    }
    l->ends[l->n++] = l->text.n;
}
static inline struct str decode_list_at(const struct decode_list *l, size_t i)
{
    size_t from = i ? l->ends[i - 1] : 0;
    return (struct str){l->text.p ? l->text.p + from : "", l->ends[i] - from};
}

struct decode_step;
typedef void decode_run_fn(const struct decode_step *d, const struct decode_list *from, struct decode_list *to,
                           struct buf *tmp, struct norm_scratch *norm);
struct decode_step {
    decode_run_fn *run;
    struct str a, b;    /* owned strings, what they are is the decoder's business */
    size_t start, stop; /* Strip */
    bool flag;          /* cleanup (WordPiece, CTC); the first token loses its mark (Metaspace) */
    struct norm *norm;  /* Replace by a pattern, which the normalizer of that name does */
};
int decode_step_new(struct decode_step *d, jnode *def, const char *path, struct err *e);
void decode_step_free(struct decode_step *d);

#endif
