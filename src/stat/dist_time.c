#include "stat/dist_time.h"

static int bad(struct err *e)
{
    return err_set(e, ERR_USAGE,
                   "is not a time or a distribution of times; write 2s, uniform:1s,5s, exp:2s, normal:2s,500ms or "
                   "lognormal:2s,0.8 (median and sigma)");
}

int dist_time_parse(struct dist *d, struct str text, struct err *e)
{
    struct str s = str_trim(text), part;
    ptrdiff_t colon = str_chr(s, ':');
    struct str kind = colon >= 0 ? str_sub(s, 0, (size_t)colon) : STR("fixed");
    struct str_split it = {str_sub(s, (size_t)(colon + 1), s.n), ',', false};
    bool lognormal = str_eq(kind, STR("lognormal"));
    char plain[160];
    size_t n = (size_t)snprintf(plain, sizeof plain, STR_FMT ":", STR_ARG(str_sub(kind, 0, 20)));
    int args = 0;
    /* The same text with ns for numbers, which stat/dist.h knows to read. */
    for (; str_next(&it, &part); args++) {
        int64_t ns;
        double v;
        part = str_trim(part);
        if (args == 2)
            return bad(e);
        if (lognormal && args == 1) {
            if (parse_f64(part, &v) != 0)
                return bad(e);
        } else if (parse_duration(part, &ns) == 0 && ns <= DIST_TIME_MAX) {
            v = (double)ns;
        } else {
            return bad(e);
        }
        n += (size_t)snprintf(plain + n, sizeof plain - n, "%s%.17g", args ? "," : "", v);
    }
    if (lognormal && args != 2) /* its other form has a median of one */
        return bad(e);
    return dist_parse(d, str_of(plain), NULL) < 0 ? bad(e) : 0;
}

int64_t dist_time_at(const struct dist *d, uint64_t seed, enum rng_purpose purpose, uint64_t i)
{
    double v = dist_sample(d, rng_unit(seed, purpose, 2 * i), rng_unit(seed, purpose, 2 * i + 1));
    return v <= 0 ? 0 : v >= (double)DIST_TIME_MAX ? DIST_TIME_MAX : (int64_t)(v + 0.5);
}
