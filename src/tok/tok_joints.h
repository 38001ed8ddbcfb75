/* tok_joints.h - which characters may meet inside of a token that merging makes: at a boundary of two characters that
 * never do, a text can be cut without changing its ids, so that what has no words still becomes short, cacheable
 * segments. The first merge across a boundary has a left side that ends there and a right side that begins there; so
 * the pairs of what merges end and begin with are all there is to know. In a vocabulary of bytes they may be parts of a
 * character. Filled while loading, constant afterwards. */
#ifndef WEIR_TOK_TOK_JOINTS_H
#define WEIR_TOK_TOK_JOINTS_H

#include "base/str.h"

struct joints {
    uint64_t ascii[128][2]; /* bit c2 of [c1] */
    uint64_t *bits; /* of the others, hashed: two that never meet may look as if they did, which only costs time */
    unsigned shift;
    uint64_t parts[256]
                  [4]; /* the left side is the end of a character: bit of its last byte, and the right one's first */
};
static inline uint64_t joint_hash(uint32_t c1, uint32_t c2)
{
    return ((uint64_t)c1 << 32 | c2) * 0x9E3779B97F4A7C15ULL;
}
#define JOINT_PART 0x80000000U /* with the first bytes of a character in place of c2 */

struct joints *joints_new(size_t merges); /* how many are expected */
void joints_free(struct joints **j);
/* A merge of what ends with the character `left` and what begins with `right`. */
void joints_add(struct joints *j, uint32_t left, uint32_t right);
/* The same of tokens of bytes, spelled in GPT-2's alphabet. */
void joints_add_bytes(struct joints *j, struct str left, struct str right);

static inline bool joint_has(const struct joints *j, uint32_t c1, uint32_t c2)
{
    uint64_t h = joint_hash(c1, c2) >> j->shift;
    return j->bits[h >> 6] >> (h & 63) & 1;
}

/* Whether the characters c1, which ends before p, and c2, of n bytes at p, may end up in one token. */
static inline bool joints_meet(const struct joints *j, bool bytes, uint32_t c1, uint32_t c2, const char *p, unsigned n)
{
    if (c1 < 128 && c2 < 128)
        return j->ascii[c1][c2 >> 6] >> (c2 & 63) & 1;
    if (joint_has(j, c1, c2))
        return true;
    if (!bytes)
        return false;
    const unsigned char *u = (const unsigned char *)p;
    if (n > 1 && joint_has(j, c1, JOINT_PART | u[0]))
        return true;
    if (n > 2 && joint_has(j, c1, JOINT_PART | (unsigned)u[0] << 8 | u[1]))
        return true;
    if (n > 3 && joint_has(j, c1, JOINT_PART | (unsigned)u[0] << 16 | (unsigned)u[1] << 8 | u[2]))
        return true;
    return c1 >= 128 && (j->parts[u[-1]][u[0] >> 6] >> (u[0] & 63) & 1);
}

#endif
