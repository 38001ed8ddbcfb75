#include "sim/sim_prefix.h"

#include <pthread.h>

#include "base/rng.h"
#include "base/xalloc.h"
#include "sim/sim_text.h"

struct prefix_cache {
    pthread_mutex_t lock;
    uint64_t *ring; /* by age */
    size_t n, first, max;
    uint64_t *place; /* a set, open addressing; 0: free */
    size_t mask;
};

void prefix_add_text(struct prefix_blocks *b, struct str text)
{
    struct str word;
    while (sim_next_word(&text, &word)) {
        uint64_t h = word.n;
        for (size_t i = 0; i < word.n; i++)
            h = (h ^ (unsigned char)word.p[i]) * 0x100000001b3ULL;
        b->chain = rng_mix(b->chain + rng_mix(h));
        if (++b->open < PREFIX_BLOCK)
            continue;
        b->open = 0;
        if (b->n == b->cap) {
            b->cap = b->cap ? 2 * b->cap : 64;
            b->v = xreallocarray(b->v, b->cap, sizeof *b->v);
        }
        b->v[b->n++] = b->chain ? b->chain : 1;
    }
}

void prefix_free(struct prefix_blocks *b)
{
    free(b->v);
    *b = (struct prefix_blocks){0};
}

struct prefix_cache *prefix_cache_new(size_t blocks)
{
    struct prefix_cache *c = xcalloc(1, sizeof *c);
    size_t places = 16;
    while (places < 2 * blocks)
        places *= 2;
    pthread_mutex_init(&c->lock, NULL);
    c->max = blocks;
    c->ring = xcalloc(blocks, sizeof *c->ring);
    c->place = xcalloc(places, sizeof *c->place);
    c->mask = places - 1;
    return c;
}

void prefix_cache_free(struct prefix_cache **cp)
{
    struct prefix_cache *c = *cp;
    if (c == NULL)
        return;
    *cp = NULL;
    pthread_mutex_destroy(&c->lock);
    free(c->ring);
    free(c->place);
    free(c);
}

/* Where the key is, or would be. */
static size_t find(const struct prefix_cache *c, uint64_t key)
{
    size_t i = key & c->mask;
    while (c->place[i] != 0 && c->place[i] != key)
        i = (i + 1) & c->mask;
    return i;
}

/* What stands behind moves up, as far as its own place allows (Knuth 6.4, algorithm R). */
static void erase(struct prefix_cache *c, uint64_t key)
{
    size_t hole = find(c, key);
    for (size_t i = (hole + 1) & c->mask; c->place[i] != 0; i = (i + 1) & c->mask) {
        size_t home = c->place[i] & c->mask;
        if (((i - home) & c->mask) < ((i - hole) & c->mask))
            continue;
        c->place[hole] = c->place[i];
        hole = i;
    }
    c->place[hole] = 0;
}

static void enter(struct prefix_cache *c, uint64_t key)
{
    if (c->place[find(c, key)] == key)
        return;
    if (c->n == c->max) {
        erase(c, c->ring[c->first]);
        c->first = (c->first + 1) % c->max;
        c->n--;
    }
    c->ring[(c->first + c->n++) % c->max] = key;
    c->place[find(c, key)] = key;
}

uint64_t prefix_visit(struct prefix_cache *c, const struct prefix_blocks *b, uint64_t prompt_tokens)
{
    uint64_t known = 0;
    pthread_mutex_lock(&c->lock);
    while (known < b->n && c->place[find(c, b->v[known])] == b->v[known])
        known++;
    for (size_t i = 0; i < b->n; i++)
        enter(c, b->v[i]);
    pthread_mutex_unlock(&c->lock);
    while (known > 0 && known * PREFIX_BLOCK >= prompt_tokens)
        known--;
    return known * PREFIX_BLOCK;
}
