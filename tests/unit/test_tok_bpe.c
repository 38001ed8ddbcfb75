/* test_tok_bpe.c - byte pair encoding; the ids in the table are those of PyPI tokenizers 0.23.3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "tok/tok_bpe.h"

/* Knuth's MMIX generator: the same texts everywhere. */
static uint64_t below(uint64_t *r, uint64_t n)
{
    *r = *r * 6364136223846793005ULL + 1442695040888963407ULL;
    return (*r >> 33) % n;
}

struct text_ids {
    const char *text, *ids;
};
static const struct known {
    const char *what;
    bool bytes;
    const char *head, *vocab, *merges;
    struct text_ids texts[8];
} known[] = {
    {"texts \"a b\"",
     false,
     "{}",
     "{\"a\": 0, \"b\": 1, \"c\": 2, \"ab\": 3, \"bc\": 4, \"abc\": 5, \"aa\": 6, \"aaaa\": 7}",
     "[\"a b\", \"ab c\", \"b c\", \"a a\", \"aa aa\"]",
     {
         {"abc", "5"},
         {"aabc", "0 5"},
         {"bcbc", "4 4"},
         {"aaaaaaa", "7 6 0"},
         {"abcabc", "5 5"},
         {"xaxbx", "3"},
     }},
    {"pairs, a later one wins",
     false,
     "{}",
     "{\"a\": 0, \"b\": 1, \"ab\": 2, \"abab\": 3, \"ba\": 4}",
     "[[\"b\", \"a\"], [\"a\", \"b\"], [\"ab\", \"ab\"], [\"b\", \"a\"]]",
     {
         {"abab", "3"},
         {"baba", "1 2 0"},
         {"ababab", "3 2"},
     }},
    {"of equal ranks the left one",
     false,
     "{}",
     "{\"a\": 0, \"aa\": 1}",
     "[\"a a\"]",
     {
         {"aaa", "1 0"},
         {"aaaaa", "1 1 0"},
     }},
    {"unknown: dropped, its neighbours meet",
     false,
     "{}",
     "{\"a\": 0, \"b\": 1, \"ab\": 2}",
     "[\"a b\"]",
     {
         {"axb", "2"},
         {"xx", ""},
         {"a中b", "2"},
     }},
    {"unknown: one each",
     false,
     "{\"unk_token\": \"<u>\"}",
     "{\"<u>\": 0, \"a\": 1, \"b\": 2, \"ab\": 3}",
     "[\"a b\"]",
     {
         {"axyb", "1 0 0 2"},
         {"xx", "0 0"},
         {"abx", "3 0"},
         {"中中a", "0 0 1"},
     }},
    {"unknown: fused",
     false,
     "{\"unk_token\": \"<u>\", \"fuse_unk\": true}",
     "{\"<u>\": 0, \"a\": 1, \"b\": 2, \"ab\": 3, \"<u>a\": 4}",
     "[\"a b\", \"<u> a\"]",
     {
         {"axyb", "1 0 2"},
         {"xx", "0"},
         {"xya", "4"},
         {"中中a", "4"},
     }},
    {"byte fallback, not complete: the unknown comes behind",
     false,
     "{\"unk_token\": \"<u>\", \"fuse_unk\": true, \"byte_fallback\": true}",
     "{\"<u>\": 0, \"a\": 1, \"<0xC3>\": 2, \"<0xA9>\": 3, \"<0xE4>\": 4, \"<0xB8>\": 5, \"<0xAD>\": 6, "
     "\"<0xC3><0xA9>\": 7}",
     "[[\"<0xC3>\", \"<0xA9>\"]]",
     {
         {"aé", "1 7"},
         {"xéa", "7 0 1"},
         {"中x中a", "4 5 6 4 5 6 0 1"},
         {"éxéx", "7 7 0"},
     }},
    {"prefix",
     false,
     "{\"unk_token\": \"<u>\", \"continuing_subword_prefix\": \"##\"}",
     "{\"<u>\": 0, \"a\": 1, \"##a\": 2, \"##b\": 3, \"b\": 4, \"ab\": 5, \"##ab\": 6, \"aab\": 7}",
     "[\"##a ##b\", \"a ##ab\", \"a ##b\"]",
     {
         {"ab", "5"},
         {"aab", "7"},
         {"bab", "4 6"},
         {"aaab", "1 2 6"},
         {"abx", "5 0"},
     }},
    {"suffix",
     false,
     "{\"end_of_word_suffix\": \"</w>\"}",
     "{\"a\": 0, \"b\": 1, \"a</w>\": 2, \"b</w>\": 3, \"ab</w>\": 4, \"ab\": 5, \"aab</w>\": 6}",
     "[\"a b</w>\", \"a b\", \"a ab</w>\"]",
     {
         {"ab", "4"},
         {"abab", "5 4"},
         {"a", "2"},
         {"aab", "6"},
         {"abaab", "5 6"},
     }},
    {"ignore_merges",
     false,
     "{\"ignore_merges\": true}",
     "{\"a\": 0, \"b\": 1, \"ab\": 2, \"abab\": 3, \"ba\": 4}",
     "[\"b a\", \"a b\"]",
     {
         {"abab", "3"},
         {"ababa", "0 4 4"},
         {"ba", "4"},
     }},
    {"a piece cut where nothing joins",
     false,
     "{}",
     "{\"▁\": 0, \"a\": 1, \"b\": 2, \"▁a\": 3, \"▁b\": 4, \"ab\": 5, \"▁ab\": 6}",
     "[\"▁ a\", \"▁ b\", \"a b\", \"▁ ab\", \"▁a b\"]",
     {
         {"▁ab▁ba▁▁a", "6 4 1 0 3"},
         {"ab▁ab▁ab▁ab▁abab▁b", "5 6 6 6 6 5 4"},
         {"▁a▁x▁b", "3 0 4"},
     }},
    {"bytes",
     true,
     "{\"ignore_merges\": true}",
     "{\"a\": 0, \"b\": 1, \"Ġ\": 2, \"Ġa\": 3, \"Ã\": 4, \"©\": 5, \"Ã©\": 6, \"Ġab\": 7, \"ab\": 8, \"Ċ\": 9}",
     "[\"Ġ a\", \"Ã ©\", \"a b\", \"Ġ ab\"]",
     {
         {" a", "3"},
         {"é", "6"},
         {" ab ab", "3 1 3 1"},
         {"abé ", "8 6 2"},
         {"Ġ\\n", ""},
         {" abx", "3 1"},
     }},
    {"bytes that the vocabulary lacks",
     true,
     "{\"unk_token\": \"?\"}",
     "{\"?\": 0, \"a\": 1, \"b\": 2, \"ab\": 3, \"ä\": 4}",
     "[\"a b\"]",
     {
         {"ab中ab", "3 4 0 0 3"},
         {"xab", "0 3"},
         {"ä", "0 0"},
     }},
};

static int load(struct model **m, const char *head, const char *vocab, const char *merges, bool bytes, struct err *e)
{
    struct jdoc *d = jdoc_parse(str_of(head), "head", e);
    struct model_def def = {.head = jdoc_root(d), .vocab = str_of(vocab), .merges = str_of(merges), .bytes = bytes};
    int rc = model_bpe.load(m, &def, e);
    jdoc_free(&d);
    return rc;
}

static char *shown(const struct tok_ids *ids, char *out, size_t size)
{
    size_t n = 0;
    out[0] = 0;
    for (size_t i = 0; i < ids->n && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, i ? " %u" : "%u", ids->v[i]);
    return out;
}

static void test_ids_of_hugging_face(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        const struct known *k = &known[i];
        struct model *m;
        struct err e;
        if (load(&m, k->head, k->vocab, k->merges, k->bytes, &e) != 0)
            fail_msg("%s: %s", k->what, e.text);
        struct model_scratch *cached = model_bpe.scratch(m), *bare = bpe_scratch(m, 0);
        for (const struct text_ids *t = k->texts; t->text; t++)
            for (int way = 0; way < 4; way++) { /* first met, from the cache, without one, in one call */
                char out[200];
                struct tok_ids ids = {0};
                struct piece whole = {0, (uint32_t)strlen(t->text)};
                if (way == 3)
                    model_bpe.encode_all(m, cached, t->text, t->text + whole.n, &whole, 1, &ids);
                else
                    model_bpe.encode(m, way == 2 ? bare : cached, str_of(t->text), &ids);
                if (strcmp(shown(&ids, out, sizeof out), t->ids) != 0)
                    fail_msg("%s, \"%s\": %s, not %s", k->what, t->text, out, t->ids);
                assert_int_equal(model_bpe.encode_all(m, cached, t->text, t->text + whole.n, &whole, 1, NULL), ids.n);
                tok_ids_free(&ids);
            }
        model_bpe.scratch_free(cached);
        model_bpe.scratch_free(bare);
        model_bpe.free(m);
    }
}

/* A vocabulary of all words up to 4 letters of "abcd", whatever merges make them. */
static struct model *some_model(bool bytes)
{
    struct buf vocab = BUF_INIT(1 << 20), merges = BUF_INIT(1 << 20);
    uint64_t r;
    struct model *m;
    struct err e;
    r = 7;
    unsigned id = 0;
    for (unsigned n = 1; n <= 4; n++)
        for (unsigned w = 0; w < 1U << (2 * n); w++) {
            char word[5] = {0};
            for (unsigned i = 0; i < n; i++)
                word[i] = (char)('a' + (w >> (2 * i) & 3));
            buf_addf(&vocab, "%s\"%s\": %u", id ? ", " : "{", word, id);
            id++;
        }
    buf_addz(&vocab, "}");
    for (unsigned i = 0; i < 120; i++) {
        unsigned n = (unsigned)below(&r, 3) + 1, k = (unsigned)below(&r, 4 - n) + 1;
        buf_addz(&merges, i ? ", \"" : "[\"");
        for (unsigned j = 0; j < n + k; j++)
            buf_addf(&merges, "%s%c", j == n ? " " : "", (int)('a' + below(&r, 4)));
        buf_addz(&merges, "\"");
    }
    buf_addz(&merges, "]");
    if (load(&m, "{}", vocab.p, merges.p, bytes, &e) != 0)
        fail_msg("%s", e.text);
    buf_free(&vocab);
    buf_free(&merges);
    return m;
}

/* Merging as it is defined: of all neighbours the pair of the lowest rank, of equal ones the leftmost, until none is
 * left. */
static void merge_by_definition(const struct bpe *b, struct str text, struct tok_ids *ids)
{
    ids->n = 0;
    for (size_t i = 0; i < text.n; i++)
        tok_ids_add(ids, (uint32_t)(text.p[i] - 'a'));
    for (;;) {
        const struct pair_slot *best = NULL;
        size_t at = 0;
        for (size_t i = 0; i + 1 < ids->n; i++) {
            const struct pair_slot *s = pairs_get(&b->pairs, ids->v[i], ids->v[i + 1]);
            if (s->rank != PAIR_NONE && (!best || s->rank < best->rank))
                best = s, at = i;
        }
        if (!best)
            return;
        ids->v[at] = best->id;
        memmove(ids->v + at + 1, ids->v + at + 2, (ids->n - at - 2) * sizeof *ids->v);
        ids->n--;
    }
}

static void test_scan_heap_and_cache_agree_with_the_definition(void **state)
{
    for (int bytes = 0; bytes < 2; bytes++) {
        struct model *m = some_model(bytes);
        struct model_scratch *small = bpe_scratch(m, 2), *bare = bpe_scratch(m, 0);
        uint64_t r;
        r = 8;
        for (int i = 0; i < 3000; i++) {
            char text[700];
            size_t n = below(&r, i % 10 ? 20 : sizeof text) + 1;
            for (size_t k = 0; k < n; k++)
                text[k] = (char)('a' + below(&r, 4));
            struct tok_ids want = {0}, got = {0};
            merge_by_definition((struct bpe *)m, (struct str){text, n}, &want);
            for (int way = 0; way < 3; way++) {
                got.n = 0;
                model_bpe.encode(m, way ? small : bare, (struct str){text, n}, &got);
                assert_int_equal(got.n, want.n);
                assert_memory_equal(got.v, want.v, want.n * sizeof *want.v);
            }
            tok_ids_free(&want);
            tok_ids_free(&got);
        }
        model_bpe.scratch_free(small);
        model_bpe.scratch_free(bare);
        model_bpe.free(m);
    }
}

static void test_many_pieces_in_one_call(void **state)
{
    struct model *m = some_model(true);
    struct model_scratch *s = bpe_scratch(m, 4), *bare = bpe_scratch(m, 0);
    uint64_t r;
    enum { N = 500 };
    char text[N * 24];
    struct piece v[N];
    uint32_t n = 0;
    r = 9;
    for (size_t i = 0; i < N; i++) {
        v[i] = (struct piece){n, (uint32_t)below(&r, 24) + 1};
        for (uint32_t k = 0; k < v[i].n; k++)
            text[n++] = (char)('a' + below(&r, i % 3 ? 2 : 4));
    }
    struct tok_ids got = {0}, want = {0};
    char *exact = xmemdup0(text, n); /* its end is the memory's: nothing beyond may be read */
    size_t total = model_bpe.encode_all(m, s, exact, exact + n, v, N, &got);
    for (size_t i = 0; i < N; i++)
        model_bpe.encode(m, bare, (struct str){text + v[i].at, v[i].n}, &want);
    assert_int_equal(total, want.n);
    assert_int_equal(got.n, want.n);
    assert_memory_equal(got.v, want.v, want.n * sizeof *want.v);
    free(exact);
    tok_ids_free(&got);
    tok_ids_free(&want);
    model_bpe.scratch_free(s);
    model_bpe.scratch_free(bare);
    model_bpe.free(m);
}

static double cpu_seconds(struct model *m, struct model_scratch *s, struct str text, size_t *ids)
{
    struct timespec a, b;
    struct piece whole = {0, (uint32_t)text.n};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
    *ids = model_bpe.encode_all(m, s, text.p, text.p + text.n, &whole, 1, NULL);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
    return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

/* Quadratic work would take minutes for the megabyte and 64 times as long as for an eighth of it. */
static void test_a_megabyte_in_one_piece(void **state)
{
    struct model *m;
    struct err e;
    enum { N = 1 << 20 };
    assert_int_equal(load(&m, "{}", "{\"a\": 0, \"aa\": 1, \"aaaa\": 2, \"aaaaaaaa\": 3}",
                          "[\"a a\", \"aa aa\", \"aaaa aaaa\"]", true, &e),
                     0);
    struct model_scratch *s = model_bpe.scratch(m);
    char *text = xmalloc(N);
    memset(text, 'a', N);
    size_t n;
    double all = 1e9, part = 0;
    for (int i = 0; i < 5 && (all > 1 || all > 24 * part); i++) {
        part = cpu_seconds(m, s, (struct str){text, N / 8}, &n);
        assert_int_equal(n, N / 64);
        all = cpu_seconds(m, s, (struct str){text, N}, &n);
        assert_int_equal(n, N / 8);
    }
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(all < 1);
    assert_true(all < 24 * part);
#endif
    free(text);
    model_bpe.scratch_free(s);
    model_bpe.free(m);
}

static void test_what_would_miscount_is_refused(void **state)
{
    static const struct {
        const char *head, *vocab, *merges, *says;
    } bad[] = {
        {"{\"dropout\": 0.1}", "{}", "[]", "model.dropout: is neither null nor 0"},
        {"{\"fuse_unk\": 1}", "{}", "[]", "model.fuse_unk: must be true, false or null"},
        {"{\"end_of_word_suffix\": 1}", "{}", "[]", "model.end_of_word_suffix: must be a text or null"},
        {"{\"unk_token\": \"?\"}", "{\"a\": 0}", "[]", "model.unk_token: \"?\" is not in model.vocab"},
        {"{}", "[]", "[]", "model.vocab: is no object"},
        {"{}", "{\"a\": -1}", "[]", "model.vocab[\"a\"]: the id must be a whole number"},
        {"{}", "{\"a\": 0}", "{}", "model.merges: must be an array"},
        {"{}", "{\"a\": 0}", "[\"a a\"]", "model.merges[0]: \"aa\" is not in model.vocab"},
        {"{}", "{\"a\": 0, \"aa\": 1}", "[\"a a\", \"a b\"]", "model.merges[1]: \"b\" is not in model.vocab"},
        {"{}", "{\"a\": 0, \"aa\": 1}", "[\"a a\", \"a\"]", "model.merges[1]: \"a\" is not two tokens"},
        {"{}", "{\"a\": 0, \"aa\": 1}", "[\"a a\", [\"a\", \"a\"]]", "model.merges[1]: all must be texts"},
        {"{}", "{\"a\": 0, \"aa\": 1}", "[[\"a\", \"a\", \"a\"]]", "model.merges[0]: must be two tokens"},
        {"{}", "{\"a\": 0, \"aa\": 1}", "[[\"a\"]]", "model.merges[0]: must be two tokens"},
        {"{}", "{\"a\": 0, \"aa\": 1}", "[\"a a\"", "model.merges[1]: unexpected end"},
        {"{\"continuing_subword_prefix\": \"##\"}", "{\"a\": 0}", "[\"a a\"]",
         "is shorter than continuing_subword_prefix"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct model *m;
        struct err e;
        assert_int_equal(load(&m, bad[i].head, bad[i].vocab, bad[i].merges, false, &e), -1);
        if (!strstr(e.text, bad[i].says))
            fail_msg("\"%s\" does not say \"%s\"", e.text, bad[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids_of_hugging_face),
        cmocka_unit_test(test_scan_heap_and_cache_agree_with_the_definition),
        cmocka_unit_test(test_many_pieces_in_one_call),
        cmocka_unit_test(test_a_megabyte_in_one_piece),
        cmocka_unit_test(test_what_would_miscount_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
