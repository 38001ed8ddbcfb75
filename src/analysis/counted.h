/* counted.h - two counts of the same tokens, the server's and the tokenizer's, over many requests: by how much they
 * differ, and how. With a server count s and a tokenizer count t of each request, d = s - t is either about the same
 * for all (special tokens, a chat template) or grows with t (another tokenizer): whichever of d = c and d = k t leaves
 * the smaller squares. Integer sums that do not depend on the order. Not thread-safe. */
#ifndef WEIR_ANALYSIS_COUNTED_H
#define WEIR_ANALYSIS_COUNTED_H

#include "analysis/summary.h"

struct counted {
    uint64_t n;
    int64_t server, own; /* sums */
    __int128 d, dd, dt, tt;
};
void counted_add(struct counted *c, int64_t server, int64_t own); /* both at least 0, at most 10^12 */
void counted_finish(const struct counted *c, struct sum_counted *out);

#endif
