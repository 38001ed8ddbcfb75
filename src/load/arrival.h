/* arrival.h - when open-loop requests are due: one global absolute schedule, a function of (seed, level, i) alone.
 * Each worker walks its own cursor over the whole schedule and sends the items that are its own; so the instants are
 * the same for any number of threads. To add a process: one more entry in the array in arrival.c, its moments in
 * tests/unit/test_arrival.c. Not thread-safe: one cursor per worker. Cost: about 15 ns a step (Poisson). */
#ifndef WEIR_LOAD_ARRIVAL_H
#define WEIR_LOAD_ARRIVAL_H

#include "base/err.h"
#include "base/str.h"

enum arrival_kind { ARRIVAL_CONSTANT, ARRIVAL_POISSON };
int arrival_parse(struct str name, enum arrival_kind *out, struct err *e);
const char *arrival_name(enum arrival_kind k);

struct arrival {
    enum arrival_kind kind;
    double rate; /* per second, > 0 */
    uint64_t seed;
    uint32_t level; /* each level has a schedule of its own */
    uint64_t next;  /* index of the next item */
    double sum;     /* Poisson: seconds up to it, compensated summation */
    double comp;
};
void arrival_init(struct arrival *a, enum arrival_kind k, double rate, uint64_t seed, uint32_t level);
/* The instant of item a->next, in ns after the level's start; then steps on. Constant: round(i * 1e9 / rate), without
 * drift. Poisson: the sum of i + 1 independent exponential gaps of mean 1/rate; the first item is not at 0.
 * Instants beyond 2^62 ns (146 years) are given as 2^62. */
int64_t arrival_next(struct arrival *a);
/* Put the cursor on the first item due at `t` or later; gives its instant, which the next arrival_next gives again.
 * Constant: at once; Poisson: walks there. */
int64_t arrival_seek_time(struct arrival *a, int64_t t);
/* Put the cursor on item i (i >= a->next); gives its instant likewise. */
int64_t arrival_seek_item(struct arrival *a, uint64_t i);

/* The counter that keys random values of item i of a level: different for all pairs (levels < 2^24, items < 2^40). */
static inline uint64_t arrival_key(uint32_t level, uint64_t i)
{
    return ((uint64_t)level << 40) + i;
}

#endif
