/* tok_trie.h - a set of byte strings with numbers, asked for those that begin a text.
 *
 * Built once, constant afterwards; then any number of threads may use it. The children of a node lie next to each other
 * in the order of their labels; a node with many has a table of 256 besides. Cost: a step is one or two reads; 13 bytes
 * for each node, 1 KiB more for each with many children. */
#ifndef WEIR_TOK_TOK_TRIE_H
#define WEIR_TOK_TOK_TRIE_H

#include "base/str.h"

struct trie_key {
    struct str text;
    uint32_t value; /* < TRIE_NONE */
    uint32_t order; /* trie_build()'s own */
};

#define TRIE_NONE UINT32_MAX
#define TRIE_ROOT 0U

struct trie_node {
    uint32_t first; /* its children end where those of the next node begin */
    uint32_t value; /* TRIE_NONE: no string ends here */
    uint32_t table; /* number of its table + 1; 0: none */
};
struct trie {
    struct trie_node *node; /* NULL: empty */
    uint8_t *label;
    uint32_t (*table)[256];
    uint32_t n;
};

/* Sorts `keys`, which are needed no longer afterwards; of equal ones the last counts, empty ones are left out. At most
 * 2^31 bytes in all. */
void trie_build(struct trie *t, struct trie_key *keys, size_t n);
void trie_free(struct trie *t); /* leaves it empty */

/* The node behind `c`, TRIE_ROOT: none. The trie is not empty. */
static inline uint32_t trie_step(const struct trie *t, uint32_t node, unsigned char c)
{
    const struct trie_node *x = &t->node[node];
    if (x->table)
        return t->table[x->table - 1][c];
    for (uint32_t i = x->first; i < x[1].first; i++)
        if (t->label[i] == c)
            return i;
    return TRIE_ROOT;
}

#endif
