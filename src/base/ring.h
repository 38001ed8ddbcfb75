/* ring.h - a ring of pointers between one producer thread and one consumer thread. Header only.
 * Capacity is a power of two. push and pop never block: they return false when full or empty.
 * Publication: what the producer wrote before push is seen by the consumer after pop (release/acquire). */
#ifndef WEIR_BASE_RING_H
#define WEIR_BASE_RING_H

#include <stdatomic.h>

#include "base/xalloc.h"

struct ring {
    _Alignas(64) _Atomic size_t head; /* next to pop; written by the consumer */
    _Alignas(64) _Atomic size_t tail; /* next to push; written by the producer */
    _Alignas(64) size_t mask;
    void **slot;
};

static inline void ring_init(struct ring *r, size_t capacity_pow2)
{
    atomic_init(&r->head, 0);
    atomic_init(&r->tail, 0);
    r->mask = capacity_pow2 - 1;
    r->slot = xcalloc(capacity_pow2, sizeof(void *));
}

static inline void ring_free(struct ring *r)
{
    free(r->slot);
    r->slot = NULL;
}

static inline bool ring_push(struct ring *r, void *p)
{
    size_t t = atomic_load_explicit(&r->tail, memory_order_relaxed);
    if (t - atomic_load_explicit(&r->head, memory_order_acquire) > r->mask)
        return false;
    r->slot[t & r->mask] = p;
    atomic_store_explicit(&r->tail, t + 1, memory_order_release);
    return true;
}

static inline void *ring_pop(struct ring *r)
{
    size_t h = atomic_load_explicit(&r->head, memory_order_relaxed);
    if (h == atomic_load_explicit(&r->tail, memory_order_acquire))
        return NULL;
    void *p = r->slot[h & r->mask];
    atomic_store_explicit(&r->head, h + 1, memory_order_release);
    return p;
}

#endif
