#include "load/tokwords.h"

#include "base/rng.h"
#include "base/xalloc.h"

enum { LETTERS_MIN = 2, LETTERS_MAX = TOKWORDS_MAX_BYTES - 2, TRIES = 8 };

struct tokwords {
    struct tok_coder *coder;
    char (*word)[TOKWORDS_MAX_BYTES]; /* letters, then zeros; the last byte is how many */
    size_t n, cap;
};

/* The letters of a token that begins a word, as the vocabularies mark it ("Ġ", "▁", a space); n 0: it is none. */
static struct str letters_of(struct str token, bool *marked)
{
    static const struct str marks[] = {{"\xC4\xA0", 2}, {"\xE2\x96\x81", 3}, {" ", 1}};
    *marked = false;
    for (size_t i = 0; i < ARRAY_LEN(marks) && !*marked; i++) {
        if (str_starts(token, marks[i])) {
            token = str_sub(token, marks[i].n, token.n);
            *marked = true;
        }
    }
    if (token.n < LETTERS_MIN || token.n > LETTERS_MAX)
        return STR("");
    for (size_t i = 0; i < token.n; i++) {
        if (token.p[i] < 'a' || token.p[i] > 'z')
            return STR("");
    }
    return token;
}

/* One token at the beginning of a text, and behind another word. */
static bool stays_one(const struct tokwords *s, struct str w)
{
    char text[3 * TOKWORDS_MAX_BYTES];
    int n = snprintf(text, sizeof text, STR_FMT " " STR_FMT " " STR_FMT, STR_ARG(w), STR_ARG(w), STR_ARG(w));
    return tok_encode(s->coder, w, 0, NULL) == 1 && tok_encode(s->coder, (struct str){text, (size_t)n}, 0, NULL) == 3;
}

static void add(struct tokwords *s, struct str w)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 1024;
        s->word = xreallocarray(s->word, s->cap, sizeof *s->word);
    }
    char *to = s->word[s->n++];
    memset(to, 0, TOKWORDS_MAX_BYTES);
    memcpy(to, w.p, w.n);
    to[TOKWORDS_MAX_BYTES - 1] = (char)w.n;
}

/* Vocabularies that mark the beginnings of words have pieces of words without the mark too; others have words alone. */
static void gather(struct tokwords *s, const struct tok *t, bool want_mark)
{
    struct tok_about a;
    tok_about(t, &a);
    for (uint32_t id = 0; id < a.vocab; id++) {
        bool marked;
        struct str w = letters_of(tok_token(t, id), &marked);
        if (w.n > 0 && marked == want_mark && !tok_is_special(t, id) && stays_one(s, w))
            add(s, w);
    }
}

struct tokwords *tokwords_new(const struct tok *t, struct err *e)
{
    struct tokwords *s = xcalloc(1, sizeof *s);
    s->coder = tok_coder_new(t);
    gather(s, t, true);
    if (s->n == 0)
        gather(s, t, false);
    if (s->n >= TOKWORDS_FEWEST)
        return s;
    err_set(
        e, ERR_DATA,
        "the tokenizer has %zu words that are one token each, and prompts of exact lengths need %d; take them from a "
        "--dataset, or leave the tokenizer out",
        s->n, TOKWORDS_FEWEST);
    tokwords_free(&s);
    return NULL;
}

void tokwords_free(struct tokwords **sp)
{
    struct tokwords *s = *sp;
    if (!s)
        return;
    *sp = NULL;
    tok_coder_free(&s->coder);
    free(s->word);
    free(s);
}

size_t tokwords_n(const struct tokwords *s)
{
    return s->n;
}

struct str tokwords_at(const struct tokwords *s, size_t i)
{
    return (struct str){s->word[i], (size_t)s->word[i][TOKWORDS_MAX_BYTES - 1]};
}

void tokwords_fill(const struct tokwords *s, struct buf *b, uint64_t seed, uint64_t key, uint64_t n)
{
    uint64_t stream = rng_u64(seed, RNG_WORDS, key), two = 0;
    if (n == 0)
        return;
    size_t most = n < SIZE_MAX / TOKWORDS_MAX_BYTES ? (size_t)n * TOKWORDS_MAX_BYTES : SIZE_MAX;
    char *begin = buf_room(b, most), *p = begin;
    if (!begin)
        return;
    for (uint64_t i = 0; i < n; i++, two >>= 32) {
        if (i % 2 == 0)
            two = rng_u64(stream, RNG_WORDS, i / 2);
        if (i > 0 || b->n > 0)
            *p++ = ' ';
        struct str w = tokwords_at(s, (size_t)((two & UINT32_MAX) * s->n >> 32));
        memcpy(p, w.p, w.n);
        p += w.n;
    }
    buf_wrote(b, (size_t)(p - begin));
}

uint64_t tokwords_count(struct tokwords *s, struct str text)
{
    return tok_encode(s->coder, text, 0, NULL);
}

int tokwords_unfit(uint64_t got, uint64_t n, struct err *e)
{
    return err_set(
        e, ERR_DATA,
        "a prompt of %llu tokens cannot be made: the tokenizer makes %llu of that many of its own words; take "
        "prompts from a --dataset, or leave the tokenizer out",
        (unsigned long long)n, (unsigned long long)got);
}

static void cut_words(struct buf *b, uint64_t n)
{
    while (n > 0 && b->n > 0)
        n -= b->p[--b->n] == ' ';
}

int tokwords_fit(struct tokwords *s, struct buf *b, uint64_t n, struct err *e)
{
    uint64_t got = tokwords_count(s, buf_str(b));
    for (unsigned t = 0; t < TRIES && got != n; t++) {
        if (got > n)
            cut_words(b, got - n);
        else
            tokwords_fill(s, b, 0, t, n - got);
        got = tokwords_count(s, buf_str(b));
    }
    return got == n ? 0 : tokwords_unfit(got, n, e);
}
