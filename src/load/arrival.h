/* arrival.h - when open-loop requests are due: one global absolute schedule, a function of (seed, level, i) alone.
 * Each worker walks its own cursor over the whole schedule and sends the items that are its own; so the instants are the
 * same for any number of threads. To add a process: one more entry in the array in arrival.c, its moments in
 * tests/unit/test_arrival.c. Not thread-safe: one cursor per worker. */
#ifndef WEIR_LOAD_ARRIVAL_H
#define WEIR_LOAD_ARRIVAL_H

#include "base/err.h"
#include "base/str.h"

enum arrival_kind { ARRIVAL_CONSTANT, ARRIVAL_POISSON };
int arrival_parse(struct str name, enum arrival_kind *out, struct err *e);
const char *arrival_name(enum arrival_kind k);

struct arrival {
    enum arrival_kind kind;
    double rate;    /* per second, > 0 */
    uint64_t seed;
    uint32_t level; /* each level has a schedule of its own */
    uint64_t next;  /* index of the next item */
    double sum;     /* Poisson: seconds up to it, compensated summation */
    double comp;
};
void arrival_init(struct arrival *a, enum arrival_kind k, double rate, uint64_t seed, uint32_t level);
/* The instant of item a->next, in ns after the level's start; then steps on. Constant: round(i * 1e9 / rate), without
 * drift. Poisson: the sum of i + 1 independent exponential gaps of mean 1/rate; the first item is not at 0. */
int64_t arrival_next(struct arrival *a);

#endif
