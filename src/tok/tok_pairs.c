#include "tok/tok_pairs.h"

#include "base/xalloc.h"

/* A key that no pair has: ids are smaller than UINT32_MAX. */
#define NO_KEY UINT64_MAX

static void make(struct pairs *t, unsigned bits)
{
    t->shift = 64 - bits;
    t->mask = (uint32_t)((1ULL << bits) - 1);
    t->n = 0;
    t->none = (struct pair_slot){NO_KEY, PAIR_NONE, 0};
    unsigned more = MIN(bits + 2, 62U);
    t->may_shift = 64 - more;
    t->may = xcalloc(((size_t)1 << more) / 64, sizeof(uint64_t));
    t->slots = xmalloc_wide((size_t)sizeof *t->slots << bits);
    for (size_t i = 0; i <= t->mask; i++)
        t->slots[i] = (struct pair_slot){NO_KEY, PAIR_NONE, 0};
}

void pairs_init(struct pairs *t, size_t expected)
{
    unsigned bits = 6;
    while (bits < 31 && (2ULL << bits) / 3 < expected)
        bits++;
    make(t, bits);
}

void pairs_free(struct pairs *t)
{
    free(t->slots);
    free(t->may);
    *t = (struct pairs){0};
}

static void larger(struct pairs *t)
{
    struct pairs old = *t;
    make(t, 64 - old.shift + 1);
    for (size_t i = 0; i <= old.mask; i++)
        if (old.slots[i].rank != PAIR_NONE)
            pairs_set(t, (uint32_t)(old.slots[i].key >> 32), (uint32_t)old.slots[i].key, old.slots[i].rank,
                      old.slots[i].id);
    free(old.slots);
    free(old.may);
}

void pairs_set(struct pairs *t, uint32_t left, uint32_t right, uint32_t rank, uint32_t id)
{
    if (t->n >= t->mask / 3 * 2)
        larger(t);
    uint64_t bit = pair_hash(left, right) >> t->may_shift;
    t->may[bit >> 6] |= 1ULL << (bit & 63);
    struct pair_slot *s = &t->slots[pairs_get(t, left, right) - t->slots];
    t->n += s->rank == PAIR_NONE;
    *s = (struct pair_slot){(uint64_t)left << 32 | right, rank, id};
}
