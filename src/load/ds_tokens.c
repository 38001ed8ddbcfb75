#include "load/ds_tokens.h"

#include "base/xalloc.h"
#include "load/ds_formats.h"
#include "load/tokenizer.h"
#include "load/words.h"

_Static_assert(DS_MADE_MAX_BYTES >= WORDS_MAX_BYTES && DS_MADE_MAX_BYTES >= TOKWORDS_MAX_BYTES, "room for either");

struct ds_tokens {
    const struct tok *tok;
    struct tok_coder *coder;
    struct tokwords *words; /* NULL: not asked for yet */
    struct buf scratch;
};

struct ds_tokens *ds_tokens_new(const struct tok *t)
{
    struct ds_tokens *k = xcalloc(1, sizeof *k);
    k->tok = t;
    k->coder = tok_coder_new(t);
    buf_init(&k->scratch, SIZE_MAX / 4);
    return k;
}

void ds_tokens_free(struct ds_tokens **kp)
{
    struct ds_tokens *k = *kp;
    if (!k)
        return;
    *kp = NULL;
    tokwords_free(&k->words);
    tok_coder_free(&k->coder);
    buf_free(&k->scratch);
    free(k);
}

uint64_t ds_tokens_escaped(struct ds_tokens *k, struct str raw)
{
    return tokens_of_escaped(k->coder, raw, 0, &k->scratch);
}

uint64_t ds_tokens_object(struct ds_tokens *k, struct str json)
{
    return tokens_of_object(k->coder, json, &k->scratch);
}

uint32_t ds_tokens_answer(struct ds_tokens *k, struct str text, bool escaped)
{
    uint64_t n = escaped ? ds_tokens_escaped(k, text) : tok_encode(k->coder, text, 0, NULL);
    return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

struct tokwords *ds_tokens_words(struct ds_tokens *k, struct err *e)
{
    if (!k->words)
        k->words = tokwords_new(k->tok, e);
    return k->words;
}

int ds_make(const struct ds_reader *r, struct buf *b, uint64_t key, uint64_t n)
{
    struct ds_tokens *k = dataset_tokens(r->ds);
    uint64_t seed = dataset_opts(r->ds)->seed;
    if (!k) {
        words_fill(b, seed, key, n);
        return 0;
    }
    struct tokwords *s = ds_tokens_words(k, r->e);
    if (!s)
        return DS_SAID;
    tokwords_fill(s, b, seed, key, n);
    return 0;
}

int ds_add_made(const struct ds_reader *r, struct buf *b, uint64_t n)
{
    struct ds_tokens *k = dataset_tokens(r->ds);
    if (k && n > 0 && tokwords_fit(ds_tokens_words(k, NULL), b, n, r->e) != 0)
        return DS_SAID;
    dataset_add_made(r->ds, ROLE_USER, dataset_keep(r->ds, buf_str(b)), (uint32_t)MIN(n, UINT32_MAX));
    return 0;
}
