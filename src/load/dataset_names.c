/* dataset_names.c - the names of request classes and models that a dataset's entries have, told apart and counted. */
#include "base/xalloc.h"
#include "load/ds_formats.h"
#include "load/mix.h"

/* Different names, found by their hash. */
enum { NAME_SLOTS = 4 * MODELS_MAX };
struct name_set {
    uint32_t slot[NAME_SLOTS]; /* place in `name` + 1 */
    struct str name[MODELS_MAX];
    size_t n;
};

/* Its place; -1: there is no room for it. */
static ptrdiff_t name_place(struct name_set *s, struct str name)
{
    uint64_t h = 14695981039346656037ULL;
    for (size_t i = 0; i < name.n; i++)
        h = (h ^ (unsigned char)name.p[i]) * 1099511628211ULL;
    for (size_t at = (h ^ h >> 32) % NAME_SLOTS;; at = (at + 1) % NAME_SLOTS) {
        if (s->slot[at] == 0) {
            if (s->n == MODELS_MAX)
                return -1;
            s->name[s->n++] = name;
            s->slot[at] = (uint32_t)s->n;
            return (ptrdiff_t)s->n - 1;
        }
        if (str_eq(s->name[s->slot[at] - 1], name))
            return (ptrdiff_t)s->slot[at] - 1;
    }
}

static int settle_names(struct dataset *ds, struct name_set *classes, struct name_set *models, struct err *e)
{
    bool without = false;
    for (size_t i = 0; i < dataset_n(ds); i++) {
        struct plan_extra *x = (struct plan_extra *)(uintptr_t)dataset_at(ds, i)->extra;
        without |= !x || x->klass.n == 0;
        if (x && x->klass.n > 0 && name_place(classes, x->klass) < 0)
            return err_set(e, ERR_DATA,
                           STR_FMT ": more than %d request classes; is the right field named as the class?",
                           STR_ARG(dataset_at(ds, i)->where), MODELS_MAX);
        if (!x || x->model.n == 0)
            continue;
        ptrdiff_t at = name_place(models, x->model);
        if (at < 0)
            return err_set(e, ERR_DATA, STR_FMT ": more than %d models; is the right field named as the model?",
                           STR_ARG(dataset_at(ds, i)->where), MODELS_MAX);
        x->model_ix = (uint32_t)at;
    }
    dataset_stats_mut(ds)->classes = classes->n + without;
    return 0;
}

int dataset_settle(struct dataset *ds, struct models *m, struct err *e)
{
    struct name_set *sets = xcalloc(2, sizeof *sets);
    for (size_t i = 0; i < m->n; i++)
        name_place(&sets[1], m->name[i]);
    int rc = settle_names(ds, &sets[0], &sets[1], e);
    if (rc == 0) {
        m->n = sets[1].n;
        m->name = xreallocarray(m->name, MAX(m->n, (size_t)1), sizeof *m->name);
        memcpy(m->name, sets[1].name, m->n * sizeof *m->name);
    }
    free(sets);
    return rc;
}
