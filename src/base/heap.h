/* heap.h - an intrusive 4-ary min-heap by int64_t key, for timers. O(log n) push, pop and remove. Not thread-safe. */
#ifndef WEIR_BASE_HEAP_H
#define WEIR_BASE_HEAP_H

#include "base/attr.h"

struct heap_node {
    int64_t key;
    size_t at; /* index + 1 in the heap, 0 = not in it */
};

struct heap {
    struct heap_node **v;
    size_t n, cap;
};

void heap_push(struct heap *h, struct heap_node *x);   /* x must not be in a heap */
void heap_remove(struct heap *h, struct heap_node *x); /* no effect when it is in none */
struct heap_node *heap_top(const struct heap *h);      /* the smallest key, NULL when empty */
bool heap_valid(const struct heap *h);                 /* for tests: the order holds everywhere */
void heap_free(struct heap *h);                        /* frees the array, not the nodes */

#endif
