/* live.h - what a worker tells while it runs: single-writer relaxed atomics, read by the live view at any time.
 * No order between counters is promised; each is exact once the worker has stopped. */
#ifndef WEIR_RECORD_LIVE_H
#define WEIR_RECORD_LIVE_H

#include <stdatomic.h>

#include "base/attr.h"

struct live {
    _Alignas(64) _Atomic uint64_t started;
    _Atomic uint64_t completed, succeeded, failed, tokens;
};

static inline void live_add(_Atomic uint64_t *c, uint64_t n)
{
    atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + n, memory_order_relaxed);
}

static inline uint64_t live_get(const _Atomic uint64_t *c)
{
    return atomic_load_explicit(c, memory_order_relaxed);
}

#endif
