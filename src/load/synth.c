#include "load/synth.h"

#include "base/file.h"
#include "base/rng.h"
#include "base/xalloc.h"
#include "load/ds_formats.h"
#include "load/words.h"

/* The text that prompts are pieces of, and its prefixes, have keys of their own. */
enum { KEY_TEXT = 0, KEY_PREFIX = 1 };

struct pieces {
    struct str text;
    uint32_t *begin; /* of each word, and one behind the last */
};

static uint64_t length_of(const struct synth_opts *o, uint64_t i)
{
    return (uint64_t)dist_int(&o->isl, rng_unit(o->seed, RNG_ISL, 2 * i), rng_unit(o->seed, RNG_ISL, 2 * i + 1), 1,
                              SYNTH_MAX_WORDS);
}

static void make_text(struct pieces *p, struct dataset *ds, const struct synth_opts *o, uint64_t longest)
{
    uint64_t words = SYNTH_PLACES + longest, n = 0;
    struct buf b = BUF_INIT((size_t)words * WORDS_MAX_BYTES + 1);
    words_fill(&b, o->seed, KEY_TEXT, words);
    p->text = dataset_keep(ds, buf_str(&b));
    buf_free(&b);
    p->begin = xmalloc((size_t)(words + 1) * sizeof *p->begin);
    p->begin[n++] = 0;
    for (size_t i = 0; i < p->text.n; i++)
        if (p->text.p[i] == ' ')
            p->begin[n++] = (uint32_t)i + 1;
    p->begin[n] = (uint32_t)p->text.n + 1;
}

/* `n` words from the word `at` on, without the space behind them. */
static struct str cut(const struct pieces *p, uint64_t at, uint64_t n)
{
    return str_sub(p->text, p->begin[at], p->begin[at + n] - p->begin[at] - 1);
}

static struct str *make_prefixes(struct dataset *ds, const struct synth_opts *o)
{
    if (o->prefix == 0)
        return NULL;
    struct str *all = xcalloc((size_t)o->groups, sizeof *all);
    struct buf b = BUF_INIT((size_t)o->prefix * WORDS_MAX_BYTES);
    for (uint64_t g = 0; g < o->groups; g++) {
        buf_clear(&b);
        words_fill(&b, o->seed, KEY_PREFIX + g, o->prefix);
        all[g] = dataset_keep(ds, buf_str(&b));
    }
    buf_free(&b);
    return all;
}

/* Its own of each: what --replay compares. */
static void name_it(struct dataset *ds, const struct synth_opts *o)
{
    struct buf b = BUF_INIT(4096);
    const struct dist *d = &o->isl;
    buf_addf(&b, "synthetic %llu %llu %llu %llu %d:%.17g,%.17g", (unsigned long long)o->seed,
             (unsigned long long)o->pool, (unsigned long long)o->prefix, (unsigned long long)o->groups, d->kind, d->a,
             d->b);
    for (unsigned i = 0; i < d->n_parts; i++)
        buf_addf(&b, " %.17g*%d:%.17g,%.17g", d->part[i].upto, d->part[i].kind, d->part[i].a, d->part[i].b);
    sha256_hex(buf_str(&b), dataset_stats_mut(ds)->sha256);
    buf_free(&b);
}

struct dataset *dataset_synthetic(const struct synth_opts *o, struct err *e)
{
    if (o->pool < 1 || o->pool > SYNTH_PLACES) {
        err_set(e, ERR_USAGE, "a pool of synthetic prompts holds 1 to %d", SYNTH_PLACES);
        return NULL;
    }
    if (o->prefix > 0 && o->groups > SYNTH_MAX_PREFIX_WORDS / o->prefix) {
        err_set(e, ERR_USAGE, "%llu prefixes of %llu words are more than %d words; ask for fewer or shorter ones",
                (unsigned long long)o->groups, (unsigned long long)o->prefix, SYNTH_MAX_PREFIX_WORDS);
        return NULL;
    }
    uint64_t longest = 1;
    for (uint64_t i = 0; i < o->pool; i++)
        longest = MAX(longest, length_of(o, i));
    struct dataset *ds = dataset_new("synthetic", "synthetic", NULL);
    struct pieces p;
    make_text(&p, ds, o, longest);
    struct str *prefix = make_prefixes(ds, o);
    for (uint64_t i = 0; i < o->pool; i++) {
        uint64_t n = length_of(o, i);
        dataset_begin(ds);
        if (prefix)
            dataset_add_kept(ds, ROLE_SYSTEM, prefix[rng_below(o->seed, RNG_PREFIX, i, o->groups)],
                             (uint32_t)o->prefix);
        dataset_add_kept(ds, ROLE_USER, cut(&p, rng_permute(o->seed, RNG_PLACE, i, SYNTH_PLACES), n), (uint32_t)n);
        dataset_end(ds, (size_t)i + 1);
    }
    name_it(ds, o);
    dataset_seal(ds);
    free(p.begin);
    free(prefix);
    return ds;
}
