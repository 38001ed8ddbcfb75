/* tok_cache.h - the ids of pieces met before, for one thread: most of a text is words that occurred already.
 * Two levels, both of fixed size, so that no text makes them grow. Pieces of up to 15 bytes with up to 4 ids lie whole
 * in a table of 32-byte entries, two to a cache line: the line of a piece is the only memory that its look-up touches,
 * and cache_key() lets the caller ask for it early. Longer ones lie in a ring that forgets the oldest, behind an index.
 * An entry that comes in takes the first place of its line and drops the last. */
#ifndef WEIR_TOK_TOK_CACHE_H
#define WEIR_TOK_TOK_CACHE_H

#include "base/attr.h"

#define CACHE_SHORT 15    /* bytes of a piece that lies in the table */
#define CACHE_SHORT_IDS 4 /* and its ids */
#define CACHE_LONG 512    /* longer pieces are not kept */
#define CACHE_LONG_IDS 512

struct cache_entry {
    uint64_t a, b;                 /* the piece, with its length in the last byte; b 0: free */
    uint32_t ids[CACHE_SHORT_IDS]; /* the last one carries the number of ids in its upper 8 bits */
};
struct cache_line {
    struct cache_entry e[2];
};
struct cache_far {
    uint64_t hash, at; /* where in the ring, counted from its beginning of all times */
    uint32_t n, n_ids;
};
struct piece_cache {
    struct cache_line *lines;
    unsigned shift;
    struct cache_far *far;
    uint32_t far_mask;
    char *ring;
    uint64_t head; /* bytes ever put into the ring */
    size_t ring_size;
};

/* 2^bits lines of 64 bytes; the ring and its index take as much again. */
void cache_init(struct piece_cache *c, unsigned bits);
void cache_free(struct piece_cache *c);

struct cache_key {
    uint64_t a, b, hash;
};

static inline uint64_t cache_mix(uint64_t a, uint64_t b)
{
    __uint128_t m = (__uint128_t)a * b;
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* n from 1 to CACHE_SHORT; bytes up to `end` may be read. `segment`: another entry than that of the same bytes without.
 */
static inline struct cache_key cache_key(const char *p, size_t n, const char *end, bool segment)
{
    struct cache_key k = {0, 0, 0};
    if (LIKELY(end - p >= 16)) {
        memcpy(&k.a, p, 8);
        memcpy(&k.b, p + 8, 8);
        uint64_t mask = ~0ULL >> (8 * (8 - MIN(n, 8)));
        k.a &= mask;
        k.b = n > 8 ? k.b & (~0ULL >> (8 * (16 - n))) : 0;
    } else {
        char copy[16] = {0};
        memcpy(copy, p, n);
        memcpy(&k.a, copy, 8);
        memcpy(&k.b, copy + 8, 8);
    }
    k.b |= (uint64_t)(n | (segment ? 0x80 : 0)) << 56;
    k.hash = cache_mix(k.a ^ 0x9E3779B97F4A7C15ULL, k.b ^ 0xD6E8FEB86659FD93ULL);
    return k;
}

static inline void cache_prefetch(const struct piece_cache *c, struct cache_key k)
{
    __builtin_prefetch(&c->lines[k.hash >> c->shift]);
}

/* NULL: not there. */
static inline const struct cache_entry *cache_get(const struct piece_cache *c, struct cache_key k)
{
    const struct cache_entry *e = c->lines[k.hash >> c->shift].e;
    if (LIKELY(e[0].a == k.a && e[0].b == k.b))
        return &e[0];
    return e[1].a == k.a && e[1].b == k.b ? &e[1] : NULL;
}
static inline unsigned cache_n(const struct cache_entry *e)
{
    return e->ids[CACHE_SHORT_IDS - 1] >> 24;
}
/* n_ids up to CACHE_SHORT_IDS, each below 2^24. */
void cache_put(struct piece_cache *c, struct cache_key k, const uint32_t *ids, size_t n_ids);

#define CACHE_SEGMENT 0xA5A5A5A5A5A5A5A5ULL /* ^ the hash of a segment, for entries of their own */
/* Pieces of any length up to CACHE_LONG. The ids found are borrowed until the next cache_put_far(). */
uint64_t cache_hash(const char *p, size_t n);
const uint32_t *cache_get_far(const struct piece_cache *c, uint64_t hash, const char *p, size_t n, size_t *n_ids);
void cache_put_far(struct piece_cache *c, uint64_t hash, const char *p, size_t n, const uint32_t *ids, size_t n_ids);

#endif
