#include "load/arrival.h"

#include <math.h>

#include "base/rng.h"

#define TWO_PI 6.283185307179586
#define FAR ((int64_t)1 << 62)

struct process {
    const char *name;
    int64_t (*next)(struct arrival *a);
};

/* From where an item stands at one request per second to its instant. */
static int64_t instant(struct arrival *a, double place)
{
    if (a->o.profile) {
        int64_t t = profile_when(a->o.profile, place, &a->piece);
        return MIN(t, FAR);
    }
    double s = place / a->o.rate;
    return s < (double)FAR * 1e-9 ? llrint(s * 1e9) : FAR;
}

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
    uint64_t i = a->next++;
    return a->o.profile ? instant(a, (double)i) : constant_at(a->o.rate, i);
}

static int64_t uniform_next(struct arrival *a)
{
    uint64_t i = a->next++;
    return instant(a, (double)i + rng_unit(a->o.seed, RNG_JITTER, arrival_key(a->o.level, i)));
}

/* Kahan's summation: a schedule of 10^9 gaps ends within a nanosecond of their exact sum. */
static int64_t after_gap(struct arrival *a, double gap)
{
    double y = gap - a->comp, t = a->sum + y;
    a->comp = (t - a->sum) - y;
    a->sum = t;
    return instant(a, t - a->comp);
}

static double exponential(struct arrival *a)
{
    return -log(rng_unit(a->o.seed, RNG_ARRIVAL, arrival_key(a->o.level, a->next++)));
}

static int64_t poisson_next(struct arrival *a)
{
    return after_gap(a, exponential(a));
}

/* A gamma variable of shape d + 1/3 >= 1 from the stream of one item: some 1.05 attempts, one of two normal variables
 * and a uniform one each. */
static double gamma_of(const struct arrival *a, uint64_t stream, uint64_t *used)
{
    for (;;) {
        double u1 = rng_unit(stream, RNG_GAMMA, *used), u2 = rng_unit(stream, RNG_GAMMA, *used + 1);
        double x = sqrt(-2 * log(u1)) * cos(TWO_PI * u2), v = 1 + a->c * x;
        double u = rng_unit(stream, RNG_GAMMA, *used + 2);
        *used += 3;
        if (v <= 0)
            continue;
        v = v * v * v;
        if (u < 1 - 0.0331 * (x * x) * (x * x) || log(u) < x * x / 2 + a->d * (1 - v + log(v)))
            return a->d * v;
    }
}

static int64_t gamma_next(struct arrival *a)
{
    double shape = a->o.burstiness;
    if (shape == 1) /* the same instants as Poisson's */
        return poisson_next(a);
    uint64_t used = 0, stream = rng_u64(a->o.seed, RNG_GAMMA, arrival_key(a->o.level, a->next++));
    double g = gamma_of(a, stream, &used);
    if (shape < 1) /* made of one of shape + 1 */
        g *= pow(rng_unit(stream, RNG_GAMMA, used), 1 / shape);
    return after_gap(a, g / shape);
}

static int64_t trace_next(struct arrival *a)
{
    uint64_t i = a->next++;
    if (i >= dataset_n(a->o.trace))
        return FAR;
    int64_t at = dataset_at(a->o.trace, i)->extra->at - dataset_at(a->o.trace, 0)->extra->at;
    double t = (double)at / a->o.speed;
    if (a->o.speed == 1)
        return MIN(at, FAR);
    return t < (double)FAR ? llrint(t) : FAR;
}

static int64_t burst_next(struct arrival *a)
{
    a->next++;
    return 0;
}

static const struct process PROCESSES[] = {
    [ARRIVAL_CONSTANT] = {"constant", constant_next}, [ARRIVAL_POISSON] = {"poisson", poisson_next},
    [ARRIVAL_GAMMA] = {"gamma", gamma_next},          [ARRIVAL_UNIFORM] = {"uniform", uniform_next},
    [ARRIVAL_TRACE] = {"trace", trace_next},          [ARRIVAL_BURST] = {"burst", burst_next},
};

int arrival_parse(struct str name, enum arrival_kind *out, struct err *e)
{
    for (size_t i = 0; i < ARRIVAL_BURST; i++) {
        if (str_eqz(name, PROCESSES[i].name)) {
            *out = (enum arrival_kind)i;
            return 0;
        }
    }
    return err_set(e, ERR_USAGE,
                   "\"" STR_FMT "\" is not an arrival process; use constant, poisson, gamma, uniform or trace",
                   (int)MIN(name.n, 60u), name.p ? name.p : "");
}

const char *arrival_name(enum arrival_kind k)
{
    return (size_t)k < ARRAY_LEN(PROCESSES) ? PROCESSES[k].name : "?";
}

void arrival_init(struct arrival *a, const struct arrival_opts *o)
{
    *a = (struct arrival){.o = *o};
    if (o->kind == ARRIVAL_GAMMA) {
        a->d = o->burstiness + (o->burstiness < 1 ? 1 : 0) - 1.0 / 3;
        a->c = 1 / sqrt(9 * a->d);
    }
}

int64_t arrival_next(struct arrival *a)
{
    return PROCESSES[a->o.kind].next(a);
}

int64_t arrival_seek_time(struct arrival *a, int64_t t)
{
    if (a->o.kind == ARRIVAL_BURST && t > 0)
        return FAR;
    if (a->o.kind == ARRIVAL_CONSTANT && !a->o.profile && t > 0) {
        long double guess = (long double)t * (long double)a->o.rate / 1e9L - 2;
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
    static const bool stands_alone[] = {
        [ARRIVAL_CONSTANT] = true, [ARRIVAL_UNIFORM] = true, [ARRIVAL_TRACE] = true, [ARRIVAL_BURST] = true};
    if ((size_t)a->o.kind < ARRAY_LEN(stands_alone) && stands_alone[a->o.kind])
        a->next = i;
    while (a->next < i)
        arrival_next(a);
    struct arrival before = *a;
    int64_t due = arrival_next(a);
    *a = before;
    return due;
}

int arrival_check_trace(const struct dataset *ds, struct err *e)
{
    int64_t last = 0;
    for (size_t i = 0; i < dataset_n(ds); i++) {
        const struct plan_sample *s = dataset_at(ds, i);
        if (!s->extra || s->extra->at < 0)
            return err_set(e, ERR_DATA, STR_FMT ": has no instant; --arrival trace needs a dataset with timestamps",
                           STR_ARG(s->where));
        if (s->extra->at < last)
            return err_set(e, ERR_DATA,
                           STR_FMT ": is %.6f s earlier than the entry before it; sort the trace by its timestamps",
                           STR_ARG(s->where), (double)(last - s->extra->at) * 1e-9);
        last = s->extra->at;
    }
    return 0;
}
