#include "load/leaving.h"

#include "base/rng.h"
#include "stat/dist_time.h"

enum { TOKENS_MAX = 100000000 };

int leaving_share_parse(struct str text, double *out, struct err *e)
{
    struct str s = str_trim(text);
    bool percent = str_ends(s, STR("%"));
    double v;
    if (parse_f64(str_trim(str_sub(s, 0, percent ? s.n - 1 : s.n)), &v) != 0 || !(v > 0) || v > (percent ? 100 : 1))
        return err_set(e, ERR_USAGE, "is not a share; write 5%% or 0.05, above 0 and at most 100%%");
    *out = percent ? v / 100 : v;
    return 0;
}

int leaving_after_parse(struct leaving *l, struct str text, struct err *e)
{
    struct str s = str_trim(text);
    size_t unit = str_ends(s, STR("tokens")) ? 6 : str_ends(s, STR("token")) ? 5 : 0;
    l->tokens = unit > 0;
    if (unit > 0) {
        struct str count = str_trim(str_sub(s, 0, s.n - unit));
        if (dist_parse(&l->after, count, NULL) == 0 && dist_mean(&l->after) >= 1)
            return 0;
    } else if (dist_time_parse(&l->after, s, NULL) == 0) {
        return 0;
    }
    return err_set(e, ERR_USAGE,
                   "is neither a time nor a number of tokens; write 500ms, uniform:200ms,5s, exp:2s, lognormal:2s,0.8, "
                   "20tokens or uniform:1,50tokens");
}

void leaving_of(const struct leaving *l, uint64_t seed, uint64_t key, struct plan_item *it)
{
    it->leave_after = -1;
    it->leave_tokens = 0;
    if (!(l->share > 0) || rng_unit(seed, RNG_LEAVE, key) >= l->share)
        return;
    if (l->tokens)
        it->leave_tokens = (uint32_t)dist_int(&l->after, rng_unit(seed, RNG_LEAVE_AFTER, 2 * key),
                                              rng_unit(seed, RNG_LEAVE_AFTER, 2 * key + 1), 1, TOKENS_MAX);
    else
        it->leave_after = dist_time_at(&l->after, seed, RNG_LEAVE_AFTER, key);
}
