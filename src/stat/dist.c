#include "stat/dist.h"

#include <math.h>

#define TWO_PI 6.283185307179586

static const struct form {
    struct str name;
    enum dist_kind kind;
    int min_args, max_args;
} forms[] = {
    {STR("fixed"), DIST_FIXED, 1, 1},   {STR("uniform"), DIST_UNIFORM, 2, 2},     {STR("exp"), DIST_EXP, 1, 1},
    {STR("normal"), DIST_NORMAL, 2, 2}, {STR("lognormal"), DIST_LOGNORMAL, 1, 2},
};

static int bad(struct err *e, struct str text, const char *why)
{
    return err_set(e, ERR_USAGE,
                   "\"" STR_FMT "\" is not a distribution: %s (write N, fixed:N, uniform:A,B, exp:MEAN, normal:MEAN,SD "
                   "or lognormal:MEDIAN,SIGMA)",
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

/* What must hold for the numbers to make sense; NULL when it does. */
static const char *check(const struct dist *d)
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
    }
    return "of an unknown kind";
}

int dist_parse(struct dist *d, struct str text, struct err *e)
{
    struct str s = str_trim(text);
    ptrdiff_t colon = str_chr(s, ':');
    struct dist made = {DIST_FIXED, 0, 0};
    double v[2] = {0, 0};
    const struct form *form = &forms[0];
    if (colon >= 0) {
        struct str name = str_sub(s, 0, (size_t)colon);
        form = NULL;
        for (size_t i = 0; i < ARRAY_LEN(forms) && !form; i++)
            if (str_eq(name, forms[i].name))
                form = &forms[i];
        if (!form)
            return bad(e, s, "its kind is unknown");
    }
    int n = read_args(str_sub(s, (size_t)(colon + 1), s.n), v);
    if (n < 0)
        return bad(e, s, "a number is expected");
    if (n < form->min_args || n > form->max_args)
        return bad(e, s, form->min_args == 2 ? "it needs two numbers" : "it has too many numbers");
    made.kind = form->kind;
    made.a = v[0];
    made.b = v[1];
    if (form->kind == DIST_LOGNORMAL && n == 1) {
        made.a = 1;
        made.b = v[0];
    }
    const char *why = check(&made);
    if (why)
        return bad(e, s, why);
    *d = made;
    return 0;
}

/* Box and Muller's transformation of two uniform numbers. */
static double normal(double u1, double u2)
{
    return sqrt(-2 * log(u1)) * cos(TWO_PI * u2);
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
    }
    return d->a;
}

int64_t dist_int(const struct dist *d, double u1, double u2, int64_t min, int64_t max)
{
    double v;
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

double dist_mean(const struct dist *d)
{
    switch (d->kind) {
    case DIST_UNIFORM:
        return (d->a + d->b) / 2;
    case DIST_LOGNORMAL:
        return d->a * exp(d->b * d->b / 2);
    case DIST_FIXED:
    case DIST_EXP:
    case DIST_NORMAL:
        break;
    }
    return d->a;
}
