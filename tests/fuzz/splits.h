/* splits.h - for parsers, which give the same at every split of their input: the bytes whole, in pieces and one by one.
 * Input of the target: a byte that chooses, then the bytes. */
#ifndef WEIR_TESTS_FUZZ_SPLITS_H
#define WEIR_TESTS_FUZZ_SPLITS_H

#include <stdlib.h>

#include "base/buf.h"

/* Feeds n bytes at p in pieces of so many and logs all that comes of it; mode: the target's first byte. */
typedef void splits_fn(struct buf *log, const char *p, size_t n, size_t piece, unsigned mode);

/* data begins with the mode; piece: from 1. */
static inline void splits_check(splits_fn *run, const uint8_t *data, size_t n, size_t piece)
{
    const size_t pieces[] = {n, piece, 1};
    struct buf log[ARRAY_LEN(pieces)];
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        buf_init(&log[i], 64 << 20);
        run(&log[i], (const char *)data + 1, n - 1, pieces[i], data[0]);
        if (!str_eq(buf_str(&log[i]), buf_str(&log[0])))
            abort();
    }
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
        buf_free(&log[i]);
}

#endif
