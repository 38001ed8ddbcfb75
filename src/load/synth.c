#include "load/synth.h"

#include "base/file.h"
#include "base/rng.h"
#include "base/xalloc.h"
#include "load/ds_formats.h"
#include "load/ds_tokens.h"
#include "load/words.h"

/* The text that prompts are pieces of, and its prefixes, have keys of their own. */
enum { KEY_TEXT = 0, KEY_PREFIX = 1 };

enum { NAMED_WORDS = 64 };

struct pieces {
    struct str text;
    uint32_t *begin; /* of each word, and one behind the last */
};

static uint64_t length_of(const struct synth_opts *o, uint64_t i)
{
    return (uint64_t)dist_int(&o->isl, rng_unit(o->seed, RNG_ISL, 2 * i), rng_unit(o->seed, RNG_ISL, 2 * i + 1), 1,
                              SYNTH_MAX_WORDS);
}

static void fill(const struct tokwords *s, struct buf *b, uint64_t seed, uint64_t key, uint64_t n)
{
    if (s)
        tokwords_fill(s, b, seed, key, n);
    else
        words_fill(b, seed, key, n);
}

static void make_text(struct pieces *p, const struct tokwords *s, struct dataset *ds, const struct synth_opts *o,
                      uint64_t longest)
{
    uint64_t words = SYNTH_PLACES + longest, n = 0;
    struct buf b = BUF_INIT((size_t)words * DS_MADE_MAX_BYTES + 1);
    fill(s, &b, o->seed, KEY_TEXT, words);
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

/* The same of exactly n tokens, where there is a tokenizer; p NULL + e: it cannot be. */
static struct str cut_exact(const struct pieces *p, struct tokwords *s, uint64_t at, uint64_t n, struct err *e)
{
    struct str piece = cut(p, at, n);
    uint64_t got = s ? tokwords_count(s, piece) : n;
    if (got == n)
        return piece;
    tokwords_unfit(got, n, e);
    return (struct str){NULL, 0};
}

static int make_prefixes(struct str **all, struct tokwords *s, struct dataset *ds, const struct synth_opts *o,
                         struct err *e)
{
    struct buf b = BUF_INIT((size_t)o->prefix * DS_MADE_MAX_BYTES);
    int rc = 0;
    *all = o->prefix ? xcalloc((size_t)o->groups, sizeof **all) : NULL;
    for (uint64_t g = 0; *all && g < o->groups && rc == 0; g++) {
        buf_clear(&b);
        fill(s, &b, o->seed, KEY_PREFIX + g, o->prefix);
        rc = s ? tokwords_fit(s, &b, o->prefix, e) : 0;
        (*all)[g] = dataset_keep(ds, buf_str(&b));
    }
    buf_free(&b);
    return rc;
}

static int add_all(struct dataset *ds, const struct pieces *p, const struct str *prefix, struct tokwords *s,
                   const struct synth_opts *o, struct err *e)
{
    for (uint64_t i = 0; i < o->pool; i++) {
        uint64_t n = length_of(o, i);
        struct str text = cut_exact(p, s, rng_permute(o->seed, RNG_PLACE, i, SYNTH_PLACES), n, e);
        if (!text.p)
            return -1;
        dataset_begin(ds);
        if (prefix)
            dataset_add_made(ds, ROLE_SYSTEM, prefix[rng_below(o->seed, RNG_PREFIX, i, o->groups)],
                             (uint32_t)o->prefix);
        dataset_add_made(ds, ROLE_USER, text, (uint32_t)n);
        dataset_end(ds, (size_t)i + 1);
    }
    return 0;
}

/* Its own of each: what --replay compares. */
static void name_it(struct dataset *ds, const struct synth_opts *o, const struct tokwords *s)
{
    struct buf b = BUF_INIT(4096);
    const struct dist *d = &o->isl;
    buf_addf(&b, "synthetic %llu %llu %llu %llu %d:%.17g,%.17g", (unsigned long long)o->seed,
             (unsigned long long)o->pool, (unsigned long long)o->prefix, (unsigned long long)o->groups, d->kind, d->a,
             d->b);
    for (unsigned i = 0; i < d->n_parts; i++)
        buf_addf(&b, " %.17g*%d:%.17g,%.17g", d->part[i].upto, d->part[i].kind, d->part[i].a, d->part[i].b);
    if (s) { /* the text is the tokenizer's: its beginning stands for it */
        buf_addc(&b, ' ');
        tokwords_fill(s, &b, o->seed, KEY_TEXT, NAMED_WORDS);
    }
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
    struct tokwords *words = o->tok ? tokwords_new(o->tok, e) : NULL;
    if (o->tok && !words)
        return NULL;
    struct dataset *ds = dataset_new("synthetic", "synthetic", NULL);
    struct pieces p;
    struct str *prefix;
    make_text(&p, words, ds, o, longest);
    int rc = make_prefixes(&prefix, words, ds, o, e);
    if (rc == 0)
        rc = add_all(ds, &p, prefix, words, o, e);
    name_it(ds, o, words);
    dataset_seal(ds);
    free(p.begin);
    free(prefix);
    tokwords_free(&words);
    if (rc != 0)
        dataset_free(&ds);
    return ds;
}
