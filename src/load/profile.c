#include "load/profile.h"

#include <math.h>

#define TWO_PI 6.283185307179586
#define FAR ((double)((int64_t)1 << 62))
#define LONGEST (366 * 24 * 3600 * (double)NS_PER_S)

static const char FORMS[] = "write TIME@LEVEL (1m@50), TIME@FROM..TO (30s@10..200), TIME@exp:FROM..TO or "
                            "TIME@sine:LOW..HIGH/PERIOD";

/* ---- one piece; x: s from its begin */

static double piece_level(const struct profile_piece *k, double x)
{
    switch (k->kind) {
    case PROFILE_STAY:
        return k->from;
    case PROFILE_LINEAR:
        return k->from + k->change * x;
    case PROFILE_EXP:
        return k->from * exp(k->change * x);
    case PROFILE_SINE:
        return (k->from + k->to) / 2 + (k->to - k->from) / 2 * sin(TWO_PI * x / k->period);
    }
    return 0;
}

static double piece_area(const struct profile_piece *k, double x)
{
    switch (k->kind) {
    case PROFILE_STAY:
        return k->from * x;
    case PROFILE_LINEAR:
        return x * (k->from + k->change * x / 2);
    case PROFILE_EXP:
        return k->from * expm1(k->change * x) / k->change;
    case PROFILE_SINE:
        return (k->from + k->to) / 2 * x +
               (k->to - k->from) / 2 * k->period / TWO_PI * (1 - cos(TWO_PI * x / k->period));
    }
    return 0;
}

/* With phi = w x + pi / 2 and the amplitude a of a mean of 1, the area is s where phi - a sin(phi) = m: Kepler's
 * equation, whose solution lies within a of m. Halley's method, kept in a shrinking bracket because for a = 1 the
 * derivative comes down to 0. */
static double sine_when(const struct profile_piece *k, double s)
{
    const double w = TWO_PI / k->period, mean = (k->from + k->to) / 2, a = (k->to - k->from) / 2 / mean;
    double periods = floor(s / (mean * k->period));
    double m = w * (s / mean - periods * k->period) + TWO_PI / 4 - a, lo = m - a, hi = m + a;
    double phi = m + a * sin(m);
    for (int turn = 0; turn < 100; turn++) {
        double sine, cosine;
        sincos(phi, &sine, &cosine);
        double miss = phi - a * sine - m, rate = 1 - a * cosine;
        hi = miss > 0 ? phi : hi;
        lo = miss > 0 ? lo : phi;
        double next = phi - miss / (rate - miss / rate * a * sine / 2);
        if (!(next >= lo && next <= hi)) /* or no number */
            next = lo + (hi - lo) / 2;
        double step = fabs(next - phi);
        phi = next;
        if (step < 1e-10 * w || step < 1e-15 || (step < k->near && rate > 0.1))
            break;
    }
    return periods * k->period + (phi - TWO_PI / 4) / w;
}

static double piece_when(const struct profile_piece *k, double s)
{
    if (s <= 0) /* also where the level begins at 0 */
        return 0;
    switch (k->kind) {
    case PROFILE_STAY:
        return s / k->from;
    case PROFILE_LINEAR: /* the root that does not cancel where the slope is small */
        return 2 * s / (k->from + sqrt(MAX(k->from * k->from + 2 * k->change * s, 0.0)));
    case PROFILE_EXP:
        return log1p(s * k->change / k->from) / k->change;
    case PROFILE_SINE:
        return sine_when(k, s);
    }
    return 0;
}

/* ---- reading */

static int bad(struct err *e, struct str piece, const char *why)
{
    return err_set(e, ERR_USAGE, "\"" STR_FMT "\" %s; %s", STR_ARG(str_sub(piece, 0, 60)), why, FORMS);
}

static bool take(struct str *s, struct str prefix)
{
    if (!str_starts(*s, prefix))
        return false;
    *s = str_sub(*s, prefix.n, s->n);
    return true;
}

/* LEVEL, or FROM..TO. */
static bool read_levels(struct profile_piece *k, struct str s)
{
    ptrdiff_t dots = str_find(s, STR(".."));
    if (dots < 0) {
        if (k->kind != PROFILE_LINEAR || parse_f64(s, &k->from) < 0)
            return false;
        k->to = k->from;
        k->kind = PROFILE_STAY;
        return true;
    }
    return parse_f64(str_sub(s, 0, (size_t)dots), &k->from) == 0 &&
           parse_f64(str_sub(s, (size_t)dots + 2, s.n), &k->to) == 0;
}

static int read_piece(struct profile_piece *k, struct str text, double most, struct err *e)
{
    ptrdiff_t at = str_chr(text, '@');
    if (at < 0)
        return bad(e, text, "has no @");
    if (parse_duration(str_trim(str_sub(text, 0, (size_t)at)), &k->length) < 0 || k->length == 0 ||
        (double)k->length > LONGEST)
        return bad(e, text, "does not begin with a time (30s, 2m) of at most 366 days");
    struct str level = str_trim(str_sub(text, (size_t)at + 1, text.n));
    k->kind = PROFILE_LINEAR;
    if (take(&level, STR("exp:"))) {
        k->kind = PROFILE_EXP;
    } else if (take(&level, STR("sine:"))) {
        int64_t period = 0;
        ptrdiff_t slash = str_chr(level, '/');
        k->kind = PROFILE_SINE;
        if (slash < 0 || parse_duration(str_sub(level, (size_t)slash + 1, level.n), &period) < 0 || period < NS_PER_MS)
            return bad(e, text, "needs a period of at least 1ms behind a slash");
        k->period = (double)period * 1e-9;
        level = str_sub(level, 0, (size_t)slash);
    }
    if (!read_levels(k, level))
        return bad(e, text, "says no level, or none that is a number");
    if (!(k->from >= 0 && k->to >= 0 && k->from <= most && k->to <= most))
        return err_set(e, ERR_USAGE, "\"" STR_FMT "\": a level must be from 0 to %.0f", STR_ARG(text), most);
    if (k->kind == PROFILE_EXP && !(k->from > 0 && k->to > 0))
        return bad(e, text, "is exponential from or to 0, which takes for ever");
    if (k->kind == PROFILE_SINE && k->from > k->to)
        return bad(e, text, "has its highest level before its lowest");
    if (k->from == k->to)
        k->kind = PROFILE_STAY;
    double seconds = (double)k->length * 1e-9;
    if (k->kind == PROFILE_SINE)
        k->near = cbrt(1e-12 * TWO_PI / k->period);
    else if (k->kind != PROFILE_STAY)
        k->change = (k->kind == PROFILE_EXP ? log(k->to / k->from) : k->to - k->from) / seconds;
    return 0;
}

int profile_parse(struct profile *p, struct str text, double most, struct err *e)
{
    struct str_split it = {.rest = text, .sep = ','};
    struct str part;
    *p = (struct profile){0};
    while (str_next(&it, &part)) {
        struct profile_piece *k = &p->piece[p->n];
        if (p->n == PROFILE_PIECES)
            return err_set(e, ERR_USAGE, "a profile has at most %d pieces", PROFILE_PIECES);
        if (read_piece(k, str_trim(part), most, e) < 0)
            return -1;
        k->begin = p->length;
        k->before = p->area;
        if ((double)p->length + (double)k->length > LONGEST)
            return err_set(e, ERR_USAGE, "a profile lasts at most 366 days");
        p->length += k->length;
        p->area += piece_area(k, (double)k->length * 1e-9);
        p->most = MAX(p->most, MAX(k->from, k->to));
        p->n++;
    }
    if (!(p->area > 0))
        return err_set(e, ERR_USAGE, "the level is 0 all the time");
    return 0;
}

/* ---- along it */

static const struct profile_piece *piece_of(const struct profile *p, int64_t local)
{
    unsigned i = 0;
    while (i + 1 < p->n && local >= p->piece[i + 1].begin)
        i++;
    return &p->piece[i];
}

static double seconds_in(const struct profile_piece *k, int64_t local)
{
    return (double)(local - k->begin) * 1e-9;
}

double profile_at(const struct profile *p, int64_t t)
{
    int64_t local = t % p->length;
    const struct profile_piece *k = piece_of(p, local);
    return piece_level(k, seconds_in(k, local));
}

double profile_area(const struct profile *p, int64_t t)
{
    int64_t local = t % p->length;
    const struct profile_piece *k = piece_of(p, local);
    return (double)(t / p->length) * p->area + k->before + piece_area(k, seconds_in(k, local));
}

int64_t profile_when(const struct profile *p, double area, unsigned *hint)
{
    double rounds = floor(area / p->area), rest = fma(-rounds, p->area, area);
    if (rest < 0) { /* the quotient was rounded up */
        rounds--;
        rest += p->area;
    }
    if (rest >= p->area) {
        rounds++;
        rest = 0;
    }
    unsigned i = *hint;
    if (i >= p->n || rest < p->piece[i].before)
        i = 0;
    while (i + 1 < p->n && rest >= p->piece[i + 1].before)
        i++;
    *hint = i;
    const struct profile_piece *k = &p->piece[i];
    double ns = piece_when(k, rest - k->before) * 1e9;
    ns = MIN(ns, (double)k->length);
    if (!(rounds * (double)p->length + ns < FAR / 2))
        return INT64_MAX;
    return (int64_t)rounds * p->length + k->begin + llround(ns);
}

uint32_t profile_users(const struct profile *p, int64_t t)
{
    return (uint32_t)(profile_at(p, t) + 0.5);
}

/* Where the stretch ends that holds `local` and on which the level only rises or only falls. */
static int64_t stretch_end(const struct profile_piece *k, int64_t local)
{
    int64_t end = k->begin + k->length;
    if (k->kind != PROFILE_SINE)
        return end;
    double half = k->period / 2, first = half / 2; /* the first crest */
    double n = MAX(floor((seconds_in(k, local) - first) / half) + 1, 0.0);
    int64_t turn = k->begin + (int64_t)ceil((first + n * half) * 1e9);
    return MIN(MAX(turn, local + 1), end);
}

int64_t profile_users_change(const struct profile *p, int64_t t)
{
    enum { WAVES = 8 }; /* stretches of a sine that change nothing: none of the others does either */
    const uint32_t now = profile_users(p, t);
    int same_piece = 0;
    for (int64_t from = t; from - t <= p->length;) {
        int64_t local = from % p->length;
        const struct profile_piece *k = piece_of(p, local);
        same_piece = local == k->begin ? 0 : same_piece + 1;
        int64_t stretch = same_piece > WAVES ? k->begin + k->length : stretch_end(k, local),
                end = from - local + stretch;
        if (profile_users(p, end - 1) != now) {
            int64_t same = from, other = end - 1;
            while (other - same > 1) {
                int64_t mid = same + (other - same) / 2;
                *(profile_users(p, mid) == now ? &same : &other) = mid;
            }
            return other;
        }
        if (profile_users(p, end) != now)
            return end;
        from = end;
    }
    return INT64_MAX;
}
