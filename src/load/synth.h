/* synth.h - prompts made of random words, with lengths from a distribution, and prefixes that groups of them share.
 *
 * A prompt is a piece of one long text that they all share, beginning at a word that no other prompt begins at: so a
 * prompt of any length costs no memory of its own, and no two have a beginning in common that a prefix cache could use
 * (blocks further behind do not count there). Entry i depends on (seed, i) alone, whatever the size of the pool.
 * A shared prefix is a system message in front; which of the groups an entry belongs to is drawn.
 *
 * Lengths are words; with a tokenizer they are tokens: the text is of words that are one token each (load/tokwords.h),
 * and each prompt is counted by a full encode, so that every one has exactly the length that was drawn. Memory:
 * SYNTH_PLACES + the longest prompt, at most 8 bytes a word and 16 a token, about 250 bytes an entry, and the prefixes.
 */
#ifndef WEIR_LOAD_SYNTH_H
#define WEIR_LOAD_SYNTH_H

#include "load/dataset.h"
#include "stat/dist.h"

enum {
    SYNTH_PLACES = 1 << 18,          /* where a prompt can begin: the most entries */
    SYNTH_MAX_WORDS = 1 << 22,       /* of one prompt; longer ones are cut to it */
    SYNTH_MAX_PREFIX_WORDS = 1 << 25 /* of all groups together */
};

struct synth_opts {
    struct dist isl; /* words or tokens of a prompt without its prefix, at least 1 */
    uint64_t prefix; /* words or tokens of the shared prefix, 0: none */
    uint64_t groups; /* different prefixes, at least 1 */
    uint64_t pool;   /* entries, 1 to SYNTH_PLACES */
    uint64_t seed;
    const struct tok *tok; /* what lengths in tokens are measured by; NULL: there is none. Borrowed */
};

/* -1 + e in `e` and NULL: a bound above is crossed. */
struct dataset *dataset_synthetic(const struct synth_opts *o, struct err *e);
/* Give each entry, i.e. its place in the dataset, an output length of its own; what it had is replaced. */
void dataset_draw_lengths(struct dataset *ds, const struct dist *osl, uint64_t seed);

#endif
