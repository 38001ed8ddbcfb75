#include "report/saturation_json.h"

static void put_level(struct jout *j, const char *key, const struct summary *s, ptrdiff_t level)
{
    jo_key(j, key);
    if (level < 0)
        jo_null(j);
    else
        jo_u64(j, s->levels[level].level);
}

void saturation_json(struct jout *j, const struct summary *s)
{
    const struct sum_saturation *x = &s->saturation;
    jo_key(j, "saturation");
    if (x->axis == SAT_NO_SWEEP) {
        jo_null(j);
        return;
    }
    jo_obj(j);
    jo_kstrz(j, "axis", x->axis == SAT_RATE ? "rate" : "concurrency");
    jo_kbool(j, "reached", x->first >= 0);
    put_level(j, "level", s, x->first);
    jo_key(j, "reasons");
    jo_arr(j);
    for (int i = 0; i < SAT_REASONS; i++)
        if (x->reasons >> i & 1)
            jo_strz(j, sat_reason_name(i));
    jo_end_arr(j);
    jo_key(j, "why");
    jo_arr(j);
    for (size_t i = 0; i < x->why.n; i++)
        jo_strz(j, x->why.v[i]);
    jo_end_arr(j);
    put_level(j, "holds", s, x->last);
    jo_kfixed(j, "max", x->max, 6);
    jo_kfixed(j, "conservative", x->conservative, 6);
    jo_kfixed(j, "aggressive", x->aggressive, 6);
    jo_kfixed(j, "production_from", x->production_lo, 6);
    jo_kfixed(j, "production_to", x->production_hi, 6);
    jo_end_obj(j);
}
