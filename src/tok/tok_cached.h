/* tok_cached.h - the cache of pieces for models that encode one piece at a time, whose ids depend on the piece alone.
 */
#ifndef WEIR_TOK_TOK_CACHED_H
#define WEIR_TOK_TOK_CACHED_H

#include "tok/tok_cache.h"
#include "tok/tok_private.h"

enum { CACHED_BITS = 14 }; /* 1 MiB of lines, and as much again */

/* Appends the ids of a piece that came before; false: it did not, or it is forgotten. `piece` is not empty. */
static inline bool cached_get(const struct piece_cache *c, struct str piece, struct tok_ids *ids)
{
    if (piece.n > CACHE_LONG)
        return false;
    if (piece.n <= CACHE_SHORT) {
        const struct cache_entry *e = cache_get(c, cache_key(piece.p, piece.n, piece.p + piece.n, false));
        for (unsigned i = 0, n = e ? cache_n(e) : 0; i < n; i++)
            tok_ids_add(ids, e->ids[i] & (VOCAB_IDS - 1));
        if (e)
            return true;
    }
    size_t n = 0;
    const uint32_t *kept = cache_get_far(c, cache_hash(piece.p, piece.n), piece.p, piece.n, &n);
    for (size_t i = 0; kept && i < n; i++)
        tok_ids_add(ids, kept[i]);
    return kept != NULL;
}

/* n > 0 */
static inline void cached_put(struct piece_cache *c, struct str piece, const uint32_t *ids, size_t n)
{
    if (piece.n <= CACHE_SHORT && n <= CACHE_SHORT_IDS)
        cache_put(c, cache_key(piece.p, piece.n, piece.p + piece.n, false), ids, n);
    else
        cache_put_far(c, cache_hash(piece.p, piece.n), piece.p, piece.n, ids, n);
}

#endif
