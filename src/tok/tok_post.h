/* tok_post.h - the tokens that a post-processor puts round a single text: TemplateProcessing, BertProcessing,
 * RobertaProcessing, ByteLevel (which adds none) and Sequence. Constant. How it is made stands in tok_private.h. */
#ifndef WEIR_TOK_TOK_POST_H
#define WEIR_TOK_TOK_POST_H

#include "tok/tok_private.h"

struct post_item {
    bool text; /* the ids of the text stand here, not `id` */
    uint32_t id;
};
/* What is put together, in order. A template may name the text twice, or not at all, and does so without specials too.
 * `p` NULL: the text alone. Borrows from p. */
const struct post_item *post_items(const struct post *p, bool specials, size_t *n);

#endif
