/* tok_merge.h - merging the symbols of one piece by the list of pairs, in the order in which Hugging Face does: the
 * pair of the lowest rank first, of equal ones the leftmost. Cost: up to MERGE_SCAN symbols a search of all ranks for
 * each merge, which is the fastest for words; above that a heap, O(n log n) time and about 60 bytes a symbol, freed
 * after a piece that needed much. One scratch for each thread. */
#ifndef WEIR_TOK_TOK_MERGE_H
#define WEIR_TOK_TOK_MERGE_H

#include "tok/tok_pairs.h"

#define MERGE_SCAN 64

struct merge_node;
struct merge_entry;
struct merge_scratch { /* zeroed before the first use */
    struct merge_node *nodes;
    struct merge_entry *heap;
    size_t nodes_cap, heap_cap;
};
void merge_scratch_free(struct merge_scratch *s);

/* Merges sym[0 … n-1] in place and gives how many are left. `heap_only`: for vocabularies where an outdated candidate
 * can still apply (two tokens of one id, merges that add nothing), which only the heap follows. */
size_t merge_symbols(const struct pairs *t, struct merge_scratch *s, bool heap_only, uint32_t *sym, size_t n);

#endif
