/* arrival.h - when open-loop requests are due: one global absolute schedule, a function of (seed, level, i) alone.
 * Each worker walks its own cursor over the whole schedule and sends the items that are its own; so the instants are
 * the same for any number of threads.
 *
 * A process says where item i stands in a time in which one request is due per second; a rate, or a profile of rates
 * (load/profile.h), turns that into instants by an exact change of time:
 *   constant  i
 *   uniform   i + u, u uniform in (0, 1): one item at any place of each turn
 *   poisson   the sum of i + 1 exponential gaps of mean 1
 *   gamma     the sum of i + 1 gaps of a gamma distribution of mean 1 whose shape is `burstiness`: below 1 bursts,
 *             1 Poisson, above 1 more even (as vLLM's option of that name)
 * Two processes have no rate: burst, where everything is due at once, and trace, whose instants stand in the dataset.
 * To add a process: one more entry in the array in arrival.c, its moments in tests/unit/test_arrival.c.
 * Not thread-safe: one cursor per worker. Cost of a step: constant 3 ns, Poisson 15, gamma 60; a profile adds 15, a
 * sine 150. Sources: G. Marsaglia, W. W. Tsang, A simple method for generating gamma variables, ACM TOMS 26 (2000); the
 * change of time: D. R. Cox, P. A. W. Lewis, The statistical analysis of series of events (1966), 2.3. */
#ifndef WEIR_LOAD_ARRIVAL_H
#define WEIR_LOAD_ARRIVAL_H

#include "base/err.h"
#include "base/str.h"
#include "load/dataset.h"
#include "load/profile.h"

enum arrival_kind {
    ARRIVAL_CONSTANT,
    ARRIVAL_POISSON,
    ARRIVAL_GAMMA,
    ARRIVAL_UNIFORM,
    ARRIVAL_TRACE,
    ARRIVAL_BURST,
};
int arrival_parse(struct str name, enum arrival_kind *out, struct err *e); /* what --arrival takes: no burst */
const char *arrival_name(enum arrival_kind k);

struct arrival_opts {
    enum arrival_kind kind;
    double rate;                   /* per second, > 0; not of a burst or a trace */
    const struct profile *profile; /* the rate as it changes, instead; borrowed; NULL: none */
    double burstiness;             /* gamma: the shape, > 0 */
    const struct dataset *trace;   /* trace: its samples have instants (arrival_check_trace); borrowed */
    double speed;                  /* trace: so many of its seconds in one, > 0 */
    uint64_t seed;
    uint32_t level; /* each level has a schedule of its own */
};

struct arrival {
    struct arrival_opts o;
    double d, c;    /* gamma: Marsaglia and Tsang's constants */
    uint64_t next;  /* index of the next item */
    double sum;     /* where it stands; of gaps, those up to it, by compensated summation */
    double comp;    /* what is too much in `sum` */
    unsigned piece; /* of the profile */
};
void arrival_init(struct arrival *a, const struct arrival_opts *o);
/* The instant of item a->next, in ns after the level's start; then steps on. Constant at one rate: round(i * 1e9 /
 * rate), without drift. Poisson and gamma: the first item is not at 0. A trace begins with its first item at 0.
 * Instants beyond 2^62 ns (146 years), and those behind a trace's end, are given as 2^62. */
int64_t arrival_next(struct arrival *a);
/* Put the cursor on the first item due at `t` or later; gives its instant, which the next arrival_next gives again.
 * Constant at one rate: at once; else walks there. A burst has none behind 0: 2^62. */
int64_t arrival_seek_time(struct arrival *a, int64_t t);
/* Put the cursor on item i (i >= a->next); gives its instant likewise. */
int64_t arrival_seek_item(struct arrival *a, uint64_t i);

/* Each sample has an instant, none before that of the one ahead of it; else -1 + e, which names the entry. */
int arrival_check_trace(const struct dataset *ds, struct err *e);

/* The counter that keys random values of item i of a level: different for all pairs (levels < 2^24, items < 2^40). */
static inline uint64_t arrival_key(uint32_t level, uint64_t i)
{
    return ((uint64_t)level << 40) + i;
}

#endif
