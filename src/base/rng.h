/* rng.h - counter-based random numbers: the value depends on (seed, purpose, i) alone, never on who asks or when, so
 * the same seed gives the same schedule and prompts whatever the number of threads is.
 * Method: SplitMix64's finalizer over a keyed counter (Steele, Lea, Flood, OOPSLA 2014), two rounds. Not for secrets.
 * Thread-safe: no state. */
#ifndef WEIR_BASE_RNG_H
#define WEIR_BASE_RNG_H

#include "base/attr.h"

enum rng_purpose { /* one stream per use; append only: the numbers are part of what a seed means */
                   RNG_ARRIVAL = 1,
                   RNG_ORDER = 2,
                   RNG_NONCE = 3,
                   RNG_SIM_TEXT = 4,
                   RNG_SIM_JITTER = 5,
                   RNG_SIM_FAULT = 6,
                   RNG_SIM_TOKENS = 7,
                   RNG_TEST = 8,
                   RNG_UUID = 9,
                   RNG_WORDS = 10,
                   RNG_LEAVE = 20,
                   RNG_LEAVE_AFTER = 21,
                   RNG_THINK = 22,
                   RNG_GAMMA = 40,
                   RNG_JITTER = 41,
                   RNG_CLASS = 60,
                   RNG_MODEL = 61,
                   RNG_ISL = 62,
                   RNG_OSL = 63,
                   RNG_PLACE = 64,
                   RNG_PREFIX = 65,
                   RNG_DSX = 66,
                   RNG_BODY_UUID = 80,
                   RNG_MEDIA = 81,
                   RNG_FIRST = 90,
};

uint64_t rng_u64(uint64_t seed, enum rng_purpose purpose, uint64_t i);
double rng_unit(uint64_t seed, enum rng_purpose purpose, uint64_t i); /* in (0, 1), 52 bits, never 0 or 1 */
uint64_t rng_below(uint64_t seed, enum rng_purpose purpose, uint64_t i, uint64_t n); /* in [0, n), n >= 1 */
/* A seeded permutation of [0, n): where index i goes. O(1) memory and time (4-round Feistel with cycle walking). */
uint64_t rng_permute(uint64_t seed, enum rng_purpose purpose, uint64_t i, uint64_t n);
uint64_t rng_mix(uint64_t z); /* SplitMix64's finalizer alone, a bijection: for hashes */
uint64_t rng_os_seed(void);   /* from the system's entropy: for a run whose seed the user did not give */

#endif
