/* tok_scan.h - the patterns that the models of the day split their texts by, each scanned by hand: three times as fast
 * as PCRE2 compiles them, with the same pieces. A scanner is found by the pattern's exact spelling, of which the files
 * in circulation know several. Every scanner takes a whole piece at a time and looks at each byte a few times at most,
 * whatever the text. Thread-safe: no state. Files of this folder alone. */
#ifndef WEIR_TOK_TOK_SCAN_H
#define WEIR_TOK_TOK_SCAN_H

#include "tok/tok_private.h"

struct scan_entry {
    const char *name; /* "cl100k" */
    pre_scan_fn *scan;
};
/* As Hugging Face (Oniguruma) reads the pattern, or as tiktoken (fancy-regex) does: `$` and `{1,3}+` differ. NULL: not
 * one of them. What a pattern does not match between its matches is a piece of its own, as "Isolated" has it. */
const struct scan_entry *scan_find(struct str pattern, bool tiktoken);
const struct scan_entry *scan_gpt2(void); /* what ByteLevel does by itself */
/* Three patterns one after another, all isolated (DeepSeek-V3); NULL: not these. */
const struct scan_entry *scan_find_3(struct str first, struct str second, struct str third);

#endif
