/* tok_decode.h - ids back to text: Hugging Face's decoders ByteLevel, ByteFallback, Fuse, Strip, Replace, Metaspace,
 * WordPiece, BPEDecoder, CTC and Sequence. Each maps a list of tokens to a list of tokens; what is left is joined.
 * Constant; the lists belong to the scratch, one for each thread. How a decoder is made stands in tok_private.h. */
#ifndef WEIR_TOK_TOK_DECODE_H
#define WEIR_TOK_TOK_DECODE_H

#include "tok/tok_private.h"

struct decode_scratch;
struct decode_scratch *decode_scratch_new(void);
void decode_scratch_free(struct decode_scratch **s);

void decode_begin(struct decode_scratch *s);
void decode_add(struct decode_scratch *s, struct str token); /* copies */
/* Appends the text of the tokens added since decode_begin(). */
void decode_end(const struct decode *d, struct decode_scratch *s, struct buf *out);

#endif
