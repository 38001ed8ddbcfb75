#include "load/dsx_sample.h"

#include <math.h>

#include "base/rng.h"
#include "base/xalloc.h"

size_t *dsx_sample(const struct dataset *ds, const struct dsx_sample *s, size_t *n)
{
    size_t *fit = xcalloc(dataset_n(ds) + 1, sizeof *fit), n_fit = 0;
    for (size_t i = 0; i < dataset_n(ds); i++) {
        uint32_t words = dataset_at(ds, i)->words;
        if (words >= s->min_words && (s->max_words == 0 || words <= s->max_words))
            fit[n_fit++] = i;
    }
    uint64_t want = s->n > 0 ? s->n : n_fit;
    if (s->share > 0)
        want = (uint64_t)llround(s->share * (double)n_fit);
    if (want >= n_fit) {
        *n = n_fit;
        return fit;
    }
    /* Where a seeded permutation puts an entry decides whether it is drawn. */
    size_t kept = 0;
    for (size_t i = 0; i < n_fit; i++)
        if (rng_permute(s->seed, RNG_DSX, i, n_fit) < want)
            fit[kept++] = fit[i];
    *n = kept;
    return fit;
}
