#include "tok/tok_cache.h"

#include "base/xalloc.h"

void cache_init(struct piece_cache *c, unsigned bits)
{
    size_t lines = (size_t)1 << bits;
    c->shift = 64 - bits;
    c->lines = xcalloc_wide(lines, sizeof *c->lines);
    size_t far = MAX(lines / 2, 64);
    c->far_mask = (uint32_t)(far - 1);
    c->far = xcalloc(far, sizeof *c->far);
    c->ring_size = MAX(lines * 48, (size_t)16384);
    c->ring = xmalloc(c->ring_size);
    c->head = 2 * c->ring_size; /* so that an unused index entry, at 0, is out of the ring */
}

void cache_free(struct piece_cache *c)
{
    free(c->lines);
    free(c->far);
    free(c->ring);
    *c = (struct piece_cache){0};
}

void cache_put(struct piece_cache *c, struct cache_key k, const uint32_t *ids, size_t n_ids)
{
    struct cache_entry *e = c->lines[k.hash >> c->shift].e;
    e[1] = e[0];
    e[0] = (struct cache_entry){.a = k.a, .b = k.b};
    memcpy(e[0].ids, ids, n_ids * sizeof *ids);
    e[0].ids[CACHE_SHORT_IDS - 1] |= (uint32_t)n_ids << 24;
}

static uint64_t load64(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

uint64_t cache_hash(const char *p, size_t n)
{
    const uint64_t k0 = 0x9E3779B97F4A7C15ULL, k1 = 0xD6E8FEB86659FD93ULL;
    uint64_t h = n * k0;
    for (; n > 16; p += 16, n -= 16)
        h = cache_mix(load64(p) ^ k0, load64(p + 8) ^ h ^ k1);
    char tail[16] = {0};
    memcpy(tail, p, n);
    return cache_mix(load64(tail) ^ k0, load64(tail + 8) ^ h ^ k1);
}

const uint32_t *cache_get_far(const struct piece_cache *c, uint64_t hash, const char *p, size_t n, size_t *n_ids)
{
    const struct cache_far *f = &c->far[hash & c->far_mask];
    if (f->hash != hash || f->n != n || c->head - f->at > c->ring_size)
        return NULL;
    const char *kept = c->ring + f->at % c->ring_size;
    if (memcmp(kept + f->n_ids * sizeof(uint32_t), p, n) != 0)
        return NULL;
    *n_ids = f->n_ids;
    return (const uint32_t *)(const void *)kept;
}

void cache_put_far(struct piece_cache *c, uint64_t hash, const char *p, size_t n, const uint32_t *ids, size_t n_ids)
{
    if (n > CACHE_LONG || n_ids > CACHE_LONG_IDS)
        return;
    size_t ids_size = n_ids * sizeof *ids;
    size_t size = (ids_size + n + 3) / 4 * 4; /* ids stay aligned */
    size_t left = c->ring_size - c->head % c->ring_size;
    if (left < size)
        c->head += left; /* what is kept lies in one piece */
    char *to = c->ring + c->head % c->ring_size;
    memcpy(to, ids, ids_size);
    memcpy(to + ids_size, p, n);
    c->far[hash & c->far_mask] = (struct cache_far){hash, c->head, (uint32_t)n, (uint32_t)n_ids};
    c->head += size;
}
