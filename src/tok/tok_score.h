/* tok_score.h - a number of tokenizer.json as Hugging Face's library reads it, which is not the nearest double.
 *
 * It reads JSON with serde_json, which without its feature `float_roundtrip` takes the digits as a whole number of 64
 * bits, lets what does not fit fall, and multiplies or divides once by a power of ten: for 17 digits the result is
 * often one unit in the last place off. Unigram scores are sums of such numbers and ties between them decide, so the
 * same is done here. Source: serde_json 1.0, src/de.rs. Thread-safe. */
#ifndef WEIR_TOK_TOK_SCORE_H
#define WEIR_TOK_TOK_SCORE_H

#include "base/str.h"

/* `number` follows JSON's grammar; -1: beyond a double's range. */
int score_read(struct str number, double *v);

#endif
