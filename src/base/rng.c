#include "base/rng.h"

#include <sys/random.h>

#include "base/clock.h"

#define GOLDEN 0x9E3779B97F4A7C15ULL /* 2^64 / golden ratio, odd: the step of SplitMix64's counter */

uint64_t rng_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

/* Seeds that differ in one bit must give unrelated streams, so the key is mixed before the counter joins. */
static uint64_t stream_key(uint64_t seed, enum rng_purpose purpose)
{
    return rng_mix(rng_mix(seed + GOLDEN) + GOLDEN * (uint64_t)purpose);
}

static uint64_t at(uint64_t key, uint64_t i)
{
    return rng_mix(rng_mix(key + GOLDEN * i) ^ (key << 32 | key >> 32));
}

uint64_t rng_u64(uint64_t seed, enum rng_purpose purpose, uint64_t i)
{
    return at(stream_key(seed, purpose), i);
}

double rng_unit(uint64_t seed, enum rng_purpose purpose, uint64_t i)
{
    /* The middle of one of 2^52 equal cells: with 53 bits the last middle would round to 1. */
    return ((double)(rng_u64(seed, purpose, i) >> 12) + 0.5) * 0x1p-52;
}

uint64_t rng_below(uint64_t seed, enum rng_purpose purpose, uint64_t i, uint64_t n)
{
    uint64_t key = stream_key(seed, purpose), x = at(key, i);
    unsigned __int128 m = (unsigned __int128)x * n;
    if (UNLIKELY((uint64_t)m < n)) {
        uint64_t biased = -n % n; /* multiply-and-shift is even once these low parts are redrawn */
        while ((uint64_t)m < biased) {
            x = at(~key, x);
            m = (unsigned __int128)x * n;
        }
    }
    return (uint64_t)(m >> 64);
}

uint64_t rng_permute(uint64_t seed, enum rng_purpose purpose, uint64_t i, uint64_t n)
{
    if (n < 2)
        return 0;
    unsigned bits = 64 - (unsigned)__builtin_clzll(n - 1);
    unsigned half = (bits + 1) / 2;
    if (half < 4)
        half = 4; /* halves of a bit or two give too few different permutations */
    uint64_t mask = (1ULL << half) - 1, key = stream_key(seed, purpose);
    do {
        uint64_t left = i >> half, right = i & mask;
        for (uint64_t round = 0; round < 4; round++) {
            uint64_t next = left ^ (at(key + round, right) & mask);
            left = right;
            right = next;
        }
        i = left << half | right;
    } while (i >= n); /* outside of the range: walk on along the cycle, which comes back inside */
    return i;
}

uint64_t rng_os_seed(void)
{
    uint64_t x;
    if (getrandom(&x, sizeof x, 0) == (ssize_t)sizeof x)
        return x;
    return rng_mix((uint64_t)clock_real()) ^ rng_mix((uint64_t)clock_mono());
}
