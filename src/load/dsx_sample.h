/* dsx_sample.h - a seeded part of a dataset: so many entries, or a share of them, of those whose lengths are wanted.
 * They keep their order. Cold. */
#ifndef WEIR_LOAD_DSX_SAMPLE_H
#define WEIR_LOAD_DSX_SAMPLE_H

#include "load/dataset.h"

struct dsx_sample {
    uint64_t n;                    /* entries, 0: all */
    double share;                  /* of the entries, 0: all */
    uint64_t min_words, max_words; /* of an entry; max 0: any */
    uint64_t seed;
};

/* Which entries: places in the dataset, ascending; owned by the caller. *n of them. The drawn ones of a smaller n are
 * among those of a larger. */
size_t *dsx_sample(const struct dataset *ds, const struct dsx_sample *s, size_t *n);

#endif
