#include "load/mix.h"

#include <stdlib.h>

int mix_term(struct str term, struct str *name, double *weight, const char *what, struct err *e)
{
    size_t at = term.n;
    while (at > 0 && term.p[at - 1] != '=')
        at--;
    *name = str_trim(at > 0 ? str_sub(term, 0, at - 1) : term);
    *weight = 1;
    if (name->n == 0)
        return err_set(e, ERR_USAGE, "%s: a name is missing; write NAME=WEIGHT,NAME=WEIGHT such as a=3,b=1", what);
    if (name->n > PLAN_NAME_MAX)
        return err_set(e, ERR_USAGE, "%s: %.20s... is longer than the %d bytes of a name", what, name->p,
                       PLAN_NAME_MAX);
    if (at > 0 && (parse_f64(str_trim(str_sub(term, at, term.n)), weight) != 0 || !(*weight > 0 && *weight <= 1e9)))
        return err_set(e, ERR_USAGE, "%s: the weight of " STR_FMT " is not a number above 0 (write " STR_FMT "=3)",
                       what, STR_ARG(*name), STR_ARG(*name));
    return 0;
}

int mix_add(struct mix *m, struct str name, double weight, const char *what, struct err *e)
{
    if (m->n == MIX_MAX)
        return err_set(e, ERR_USAGE, "%s: more than %d names", what, MIX_MAX);
    for (size_t i = 0; i < m->n; i++) {
        if (str_eq(m->name[i], name))
            return err_set(e, ERR_USAGE, "%s: " STR_FMT " is named twice", what, STR_ARG(name));
    }
    m->name[m->n] = name;
    m->weight[m->n++] = weight;
    return 0;
}

void mix_settle(struct mix *m)
{
    double all = 0, sum = 0;
    for (size_t i = 0; i < m->n; i++)
        all += m->weight[i];
    for (size_t i = 0; i < m->n; i++) {
        sum += m->weight[i];
        m->upto[i] = i + 1 == m->n ? 1 : sum / all;
    }
}

int mix_parse(struct mix *m, struct str text, const char *what, struct err *e)
{
    struct str_split it = {.rest = text, .sep = ','};
    struct str part, name;
    double weight;
    m->n = 0;
    while (str_next(&it, &part)) {
        if (mix_term(str_trim(part), &name, &weight, what, e) < 0 || mix_add(m, name, weight, what, e) < 0)
            return -1;
    }
    mix_settle(m);
    return 0;
}

size_t mix_pick(const struct mix *m, double u)
{
    size_t i = 0;
    while (i + 1 < m->n && u >= m->upto[i])
        i++;
    return i;
}

void models_free(struct models *m)
{
    free(m->name);
    m->name = NULL;
    m->n = 0;
}
