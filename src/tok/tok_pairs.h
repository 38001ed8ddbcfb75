/* tok_pairs.h - the merges of a BPE: which two symbols become one, and in which order.
 * A flat table with open addressing, at most two thirds full, 16 bytes a slot: a look-up is mostly one cache line.
 * Filled while loading, constant afterwards; then any number of threads may read it. */
#ifndef WEIR_TOK_TOK_PAIRS_H
#define WEIR_TOK_TOK_PAIRS_H

#include "base/attr.h"

#define PAIR_NONE UINT32_MAX /* the rank of a pair that does not merge: behind all others */

struct pair_slot {
    uint64_t key; /* left << 32 | right */
    uint32_t rank, id;
};
struct pairs {
    struct pair_slot *slots; /* a free slot has the rank PAIR_NONE */
    uint64_t *may; /* a bit for the hash of each pair: most that do not merge are told apart without touching a slot */
    unsigned shift, may_shift;
    uint32_t mask, n;
    struct pair_slot none; /* what is given where the bit says that a pair does not merge */
};

void pairs_init(struct pairs *t, size_t expected);
void pairs_free(struct pairs *t);
/* rank < PAIR_NONE. A pair given twice keeps the last rank and id, as a map does. */
void pairs_set(struct pairs *t, uint32_t left, uint32_t right, uint32_t rank, uint32_t id);

static inline uint64_t pair_hash(uint32_t left, uint32_t right)
{
    return ((uint64_t)left << 32 | right) * 0x9E3779B97F4A7C15ULL;
}

/* Asks for the memory of a pair ahead. */
static inline void pairs_hint(const struct pairs *t, uint32_t left, uint32_t right)
{
    uint64_t hash = pair_hash(left, right);
    __builtin_prefetch(&t->may[(hash >> t->may_shift) >> 6]);
    __builtin_prefetch(&t->slots[hash >> t->shift]);
}

/* Never NULL: of a pair that does not merge a slot with the rank PAIR_NONE. */
static inline const struct pair_slot *pairs_get(const struct pairs *t, uint32_t left, uint32_t right)
{
    uint64_t key = (uint64_t)left << 32 | right, hash = pair_hash(left, right), bit = hash >> t->may_shift;
    if (!(t->may[bit >> 6] >> (bit & 63) & 1))
        return &t->none;
    uint32_t at = (uint32_t)(hash >> t->shift);
    while (t->slots[at].key != key && t->slots[at].rank != PAIR_NONE)
        at = (at + 1) & t->mask;
    return &t->slots[at];
}

#endif
