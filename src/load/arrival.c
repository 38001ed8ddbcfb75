#include "load/arrival.h"

#include <math.h>

#include "base/rng.h"

#define FAR ((int64_t)1 << 62)

struct process {
    const char *name;
    int64_t (*next)(struct arrival *a);
};

static int64_t constant_at(double rate, uint64_t i)
{
    if (rate >= 1 && rate < 0x1p53 && rate == floor(rate)) { /* exact where the rate is a whole number */
        uint64_t r = (uint64_t)rate;
        unsigned __int128 t = ((unsigned __int128)i * NS_PER_S + r / 2) / r;
        return t < (unsigned __int128)FAR ? (int64_t)t : FAR;
    }
    long double t = (long double)i * 1e9L / (long double)rate;
    return t < (long double)FAR ? (int64_t)llroundl(t) : FAR;
}

static int64_t constant_next(struct arrival *a)
{
    return constant_at(a->rate, a->next++);
}

/* Kahan's summation: a schedule of 10^9 gaps ends within a nanosecond of their exact sum. */
static int64_t poisson_next(struct arrival *a)
{
    double gap = -log(rng_unit(a->seed, RNG_ARRIVAL, arrival_key(a->level, a->next++))) / a->rate;
    double y = gap - a->comp, t = a->sum + y;
    a->comp = (t - a->sum) - y;
    a->sum = t;
    return t < (double)FAR * 1e-9 ? llrint((t - a->comp) * 1e9) : FAR;
}

static const struct process PROCESSES[] = {
    [ARRIVAL_CONSTANT] = {"constant", constant_next},
    [ARRIVAL_POISSON] = {"poisson", poisson_next},
};

int arrival_parse(struct str name, enum arrival_kind *out, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(PROCESSES); i++) {
        if (str_eqz(name, PROCESSES[i].name)) {
            *out = (enum arrival_kind)i;
            return 0;
        }
    }
    return err_set(e, ERR_USAGE, "\"" STR_FMT "\" is not an arrival process; use constant or poisson",
                   (int)MIN(name.n, 60u), name.p ? name.p : "");
}

const char *arrival_name(enum arrival_kind k)
{
    return (size_t)k < ARRAY_LEN(PROCESSES) ? PROCESSES[k].name : "?";
}

void arrival_init(struct arrival *a, enum arrival_kind k, double rate, uint64_t seed, uint32_t level)
{
    *a = (struct arrival){.kind = k, .rate = rate, .seed = seed, .level = level};
}

int64_t arrival_next(struct arrival *a)
{
    return PROCESSES[a->kind].next(a);
}

int64_t arrival_seek_time(struct arrival *a, int64_t t)
{
    if (a->kind == ARRIVAL_CONSTANT && t > 0) {
        long double guess = (long double)t * (long double)a->rate / 1e9L - 2;
        if (guess > (long double)a->next && guess < 0x1p62L)
            a->next = (uint64_t)guess;
    }
    for (;;) {
        struct arrival before = *a;
        int64_t due = arrival_next(a);
        if (due >= t || due == FAR) {
            *a = before;
            return due;
        }
    }
}

int64_t arrival_seek_item(struct arrival *a, uint64_t i)
{
    if (a->kind == ARRIVAL_CONSTANT)
        a->next = i;
    while (a->next < i)
        arrival_next(a);
    struct arrival before = *a;
    int64_t due = arrival_next(a);
    *a = before;
    return due;
}
