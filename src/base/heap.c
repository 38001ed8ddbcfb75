#include "base/heap.h"

#include "base/xalloc.h"

/* Four children per node: half the levels of a binary heap, and the four keys compared in a step lie together. */
enum { ARITY = 4 };

static void put(struct heap *h, size_t i, struct heap_node *x)
{
    h->v[i] = x;
    x->at = i + 1;
}

static void sift_up(struct heap *h, size_t i, struct heap_node *x)
{
    while (i > 0) {
        size_t up = (i - 1) / ARITY;
        if (h->v[up]->key <= x->key)
            break;
        put(h, i, h->v[up]);
        i = up;
    }
    put(h, i, x);
}

static void sift_down(struct heap *h, size_t i, struct heap_node *x)
{
    for (;;) {
        size_t first = i * ARITY + 1;
        if (first >= h->n)
            break;
        size_t last = MIN(first + ARITY, h->n), best = first;
        for (size_t k = first + 1; k < last; k++)
            if (h->v[k]->key < h->v[best]->key)
                best = k;
        if (h->v[best]->key >= x->key)
            break;
        put(h, i, h->v[best]);
        i = best;
    }
    put(h, i, x);
}

void heap_push(struct heap *h, struct heap_node *x)
{
    if (h->n == h->cap) {
        h->cap = h->cap ? h->cap * 2 : 16;
        h->v = xreallocarray(h->v, h->cap, sizeof *h->v);
    }
    sift_up(h, h->n++, x);
}

void heap_remove(struct heap *h, struct heap_node *x)
{
    if (x->at == 0)
        return;
    size_t i = x->at - 1;
    struct heap_node *last = h->v[--h->n];
    x->at = 0;
    if (last == x)
        return;
    if (i > 0 && h->v[(i - 1) / ARITY]->key > last->key)
        sift_up(h, i, last);
    else
        sift_down(h, i, last);
}

struct heap_node *heap_top(const struct heap *h)
{
    return h->n ? h->v[0] : NULL;
}

bool heap_valid(const struct heap *h)
{
    for (size_t i = 0; i < h->n; i++) {
        if (h->v[i]->at != i + 1)
            return false;
        if (i > 0 && h->v[(i - 1) / ARITY]->key > h->v[i]->key)
            return false;
    }
    return true;
}

void heap_free(struct heap *h)
{
    free(h->v);
    *h = (struct heap){0};
}
