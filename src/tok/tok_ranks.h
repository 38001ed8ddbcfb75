/* tok_ranks.h - what the readers of rank files (tok_ranks.c, tok_tekken.c) share. */
#ifndef WEIR_TOK_TOK_RANKS_H
#define WEIR_TOK_TOK_RANKS_H

#include "base/base64.h"
#include "tok/tok_private.h"

/* Adds a special token whose text is put into f->block, one behind the other without a gap; when all are there,
 * rank_specials_done() with the place of the first makes the views. */
void rank_special(struct rank_file *f, uint32_t id, const char *fmt, ...) ATTR_PRINTF(3, 4);
void rank_specials_done(struct rank_file *f, size_t first_at);

#endif
