#include "stat/dist.h"

#include <math.h>

#define TWO_PI 6.283185307179586

static const struct form {
    struct str name;
    enum dist_kind kind;
    int min_args, max_args;
} forms[] = {
    {STR("fixed"), DIST_FIXED, 1, 1},   {STR("uniform"), DIST_UNIFORM, 2, 2},     {STR("exp"), DIST_EXP, 1, 1},
    {STR("normal"), DIST_NORMAL, 2, 2}, {STR("lognormal"), DIST_LOGNORMAL, 1, 2}, {STR("zipf"), DIST_ZIPF, 2, 2},
};

static int bad(struct err *e, struct str text, const char *why)
{
    return err_set(e, ERR_USAGE,
                   "\"" STR_FMT
                   "\" is not a distribution: %s (write N, fixed:N, uniform:A,B, exp:MEAN, normal:MEAN,SD, "
                   "lognormal:MEDIAN,SIGMA, zipf:S,N, or a mixture such as 0.8*fixed:200+0.2*uniform:2000,4000)",
                   STR_ARG(str_sub(text, 0, 80)), why);
}

/* At most 2 numbers between commas; their count, or -1. */
static int read_args(struct str list, double v[2])
{
    struct str_split it = {list, ',', false};
    struct str part;
    int n = 0;
    while (str_next(&it, &part)) {
        if (n == 2 || parse_f64(str_trim(part), &v[n]) != 0)
            return -1;
        n++;
    }
    return n;
}

#define ZIPF_MAX_N 1e9

/* What must hold for the numbers to make sense; NULL when it does. */
static const char *check(const struct dist_part *d)
{
    switch (d->kind) {
    case DIST_FIXED:
        return d->a >= 0 ? NULL : "the value must not be negative";
    case DIST_UNIFORM:
        return d->a >= 0 && d->a <= d->b ? NULL : "it needs 0 <= A <= B";
    case DIST_EXP:
        return d->a >= 0 ? NULL : "the mean must not be negative";
    case DIST_NORMAL:
        return d->b >= 0 ? NULL : "the standard deviation must not be negative";
    case DIST_LOGNORMAL:
        return d->a > 0 && d->b >= 0 && d->b <= 20 ? NULL : "it needs a median > 0 and 0 <= sigma <= 20";
    case DIST_ZIPF:
        return d->a >= 0 && d->a <= 20 && d->b >= 1 && d->b <= ZIPF_MAX_N && d->b == floor(d->b)
                   ? NULL
                   : "it needs 0 <= S <= 20 and a whole number N from 1 to 1000000000";
    case DIST_MIX:
        break;
    }
    return "of an unknown kind";
}

/* One that is no mixture; `whole` is what errors name. */
static int parse_part(struct dist_part *d, struct str s, struct str whole, struct err *e)
{
    ptrdiff_t colon = str_chr(s, ':');
    double v[2] = {0, 0};
    const struct form *form = &forms[0];
    if (colon >= 0) {
        struct str name = str_sub(s, 0, (size_t)colon);
        form = NULL;
        for (size_t i = 0; i < ARRAY_LEN(forms) && !form; i++)
            if (str_eq(name, forms[i].name))
                form = &forms[i];
        if (!form)
            return bad(e, whole, "its kind is unknown");
    }
    int n = read_args(str_sub(s, (size_t)(colon + 1), s.n), v);
    if (n < 0)
        return bad(e, whole, "a number is expected");
    if (n < form->min_args || n > form->max_args)
        return bad(e, whole, form->min_args == 2 ? "it needs two numbers" : "it has too many numbers");
    bool sigma_alone = form->kind == DIST_LOGNORMAL && n == 1;
    *d = (struct dist_part){form->kind, sigma_alone ? 1 : v[0], sigma_alone ? v[0] : v[1], 1};
    const char *why = check(d);
    return why ? bad(e, whole, why) : 0;
}

/* Cut "0.8*fixed:200" off the front of *rest, up to a plus sign that is none of an exponent (1e+3); *more: there was
 * one. */
static struct str next_term(struct str *rest, bool *more)
{
    size_t i = 0;
    for (; i < rest->n; i++) {
        bool exponent = i > 1 && (rest->p[i - 1] | 32) == 'e' && rest->p[i - 2] >= '0' && rest->p[i - 2] <= '9';
        if (rest->p[i] == '+' && !exponent)
            break;
    }
    struct str term = str_sub(*rest, 0, i);
    *more = i < rest->n;
    *rest = str_sub(*rest, i + *more, rest->n);
    return str_trim(term);
}

static int parse_mix(struct dist *d, struct str s, struct err *e)
{
    struct str rest = s;
    double sum = 0;
    d->kind = DIST_MIX;
    for (bool more = true; more;) {
        struct str term = next_term(&rest, &more);
        ptrdiff_t star = str_chr(term, '*');
        double weight = 1;
        if (d->n_parts == DIST_PARTS_MAX)
            return bad(e, s, "a mixture has at most 8 parts");
        if (star >= 0 && (parse_f64(str_trim(str_sub(term, 0, (size_t)star)), &weight) != 0 || !(weight > 0)))
            return bad(e, s, "a weight is a number above 0");
        if (parse_part(&d->part[d->n_parts], str_trim(str_sub(term, (size_t)(star + 1), term.n)), s, e) != 0)
            return -1;
        sum += weight;
        d->part[d->n_parts++].upto = sum;
    }
    for (unsigned i = 0; i < d->n_parts; i++)
        d->part[i].upto = i + 1 == d->n_parts ? 1 : d->part[i].upto / sum;
    return 0;
}

int dist_parse(struct dist *d, struct str text, struct err *e)
{
    struct str s = str_trim(text), rest = s;
    struct dist made = {0};
    bool more;
    next_term(&rest, &more);
    if (more || str_chr(s, '*') >= 0) {
        if (parse_mix(&made, s, e) != 0)
            return -1;
    } else {
        struct dist_part one;
        if (parse_part(&one, s, s, e) != 0)
            return -1;
        made.kind = one.kind;
        made.a = one.a;
        made.b = one.b;
    }
    *d = made;
    return 0;
}

/* Box and Muller's transformation of two uniform numbers. */
static double normal(double u1, double u2)
{
    return sqrt(-2 * log(u1)) * cos(TWO_PI * u2);
}

/* The sum of k^-s for k = 1..n: term by term up to HEAD, from there on by Euler and Maclaurin's formula, whose next
 * term is below 1e-12 of the sum. */
static double harmonic(double s, double n)
{
    enum { HEAD = 32 };
    double sum = 0, h = HEAD;
    for (double k = 1; k <= MIN(n, h); k++)
        sum += pow(k, -s);
    if (n <= h)
        return sum;
    double integral = fabs(s - 1) < 1e-9 ? log(n / h) : (pow(n, 1 - s) - pow(h, 1 - s)) / (1 - s);
    double first = s / 12 * (pow(h, -s - 1) - pow(n, -s - 1));
    double third = s * (s + 1) * (s + 2) / 720 * (pow(h, -s - 3) - pow(n, -s - 3));
    return sum + integral + (pow(n, -s) - pow(h, -s)) / 2 + first - third;
}

/* The smallest k whose cumulative probability is u or more. */
static double zipf(double s, double n, double u)
{
    double want = u * harmonic(s, n), lo = 1, hi = n;
    while (lo < hi) {
        double mid = floor((lo + hi) / 2);
        if (harmonic(s, mid) >= want)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

/* The part that *u1 falls into as a distribution of its own; *u1 becomes its place within that part. */
static struct dist part_of(const struct dist *d, double *u1)
{
    unsigned i = 0;
    while (i + 1 < d->n_parts && *u1 >= d->part[i].upto)
        i++;
    double from = i ? d->part[i - 1].upto : 0, u = (*u1 - from) / (d->part[i].upto - from);
    *u1 = MIN(MAX(u, 0x1p-60), 1 - 0x1p-53);
    return (struct dist){.kind = d->part[i].kind, .a = d->part[i].a, .b = d->part[i].b};
}

double dist_sample(const struct dist *d, double u1, double u2)
{
    switch (d->kind) {
    case DIST_FIXED:
        return d->a;
    case DIST_UNIFORM:
        return d->a + (d->b - d->a) * u1;
    case DIST_EXP:
        return -d->a * log(u1);
    case DIST_NORMAL:
        return d->a + d->b * normal(u1, u2);
    case DIST_LOGNORMAL:
        return d->a * exp(d->b * normal(u1, u2));
    case DIST_ZIPF:
        return zipf(d->a, d->b, u1);
    case DIST_MIX: {
        struct dist part = part_of(d, &u1);
        return dist_sample(&part, u1, u2);
    }
    }
    return d->a;
}

int64_t dist_int(const struct dist *d, double u1, double u2, int64_t min, int64_t max)
{
    double v;
    if (d->kind == DIST_MIX) {
        struct dist part = part_of(d, &u1);
        return dist_int(&part, u1, u2, min, max);
    }
    if (d->kind == DIST_UNIFORM) { /* each integer of ceil(a)..floor(b) alike; rounding would halve the outer two */
        double a = ceil(d->a), b = floor(d->b);
        v = b < a ? a : MIN(a + floor(u1 * (b - a + 1)), b);
    } else {
        v = round(dist_sample(d, u1, u2));
    }
    if (!(v > (double)min))
        return min;
    return v >= (double)max ? max : (int64_t)v;
}

/* Over the parts of a mixture by their shares; of another distribution of itself. */
static double over_parts(const struct dist *d, double (*f)(const struct dist *d))
{
    double sum = 0;
    for (unsigned i = 0; i < d->n_parts; i++) {
        struct dist part = {.kind = d->part[i].kind, .a = d->part[i].a, .b = d->part[i].b};
        sum += f(&part) * (d->part[i].upto - (i ? d->part[i - 1].upto : 0));
    }
    return sum;
}

double dist_mean(const struct dist *d)
{
    switch (d->kind) {
    case DIST_UNIFORM:
        return (d->a + d->b) / 2;
    case DIST_LOGNORMAL:
        return d->a * exp(d->b * d->b / 2);
    case DIST_ZIPF:
        return harmonic(d->a - 1, d->b) / harmonic(d->a, d->b);
    case DIST_MIX:
        return over_parts(d, dist_mean);
    case DIST_FIXED:
    case DIST_EXP:
    case DIST_NORMAL:
        break;
    }
    return d->a;
}
