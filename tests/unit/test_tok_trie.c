/* test_tok_trie.c - the trie against a search through the list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "tok/tok_trie.h"

enum { N = 3000, LONGEST = 6 };

struct word {
    char text[LONGEST];
    unsigned n;
};

static void random_word(uint64_t i, struct word *w)
{
    w->n = (unsigned)(rng_u64(7, 1, i) % (LONGEST + 1));
    for (unsigned k = 0; k < w->n; k++) {
        uint64_t r = rng_u64(7, 2, i * LONGEST + k);
        w->text[k] = (char)(r % 3 ? 'a' + (int)(r / 3 % 3) : (int)(r / 3 % 256));
    }
}

static void test_against_the_list(void **state)
{
    struct word *words = calloc(N, sizeof *words);
    struct trie_key *keys = calloc(N, sizeof *keys);
    for (unsigned i = 0; i < N; i++) {
        random_word(i, &words[i]);
        keys[i] = (struct trie_key){{words[i].text, words[i].n}, i, 0};
    }
    struct trie t;
    trie_build(&t, keys, N);
    unsigned found = 0;
    for (unsigned i = 0; i < N; i++) {
        struct word w;
        uint32_t node = TRIE_ROOT;
        random_word(N + i, &w);
        for (unsigned n = 1; n <= w.n; n++) {
            uint32_t want = TRIE_NONE;
            for (unsigned k = 0; k < N; k++)
                if (words[k].n == n && memcmp(words[k].text, w.text, n) == 0)
                    want = k;
            if (n == 1 || node != TRIE_ROOT)
                node = trie_step(&t, node, (unsigned char)w.text[n - 1]);
            uint32_t got = node == TRIE_ROOT ? TRIE_NONE : t.node[node].value;
            assert_int_equal(got, want);
            found += got != TRIE_NONE;
        }
    }
    assert_true(found > N / 4);
    trie_free(&t);
    assert_null(t.node);
    free(words);
    free(keys);
}

static void test_empty(void **state)
{
    struct trie t;
    struct trie_key key = {{"", 0}, 5, 0};
    trie_build(&t, &key, 1);
    assert_int_equal(trie_step(&t, TRIE_ROOT, 'a'), TRIE_ROOT);
    assert_int_equal(t.node[TRIE_ROOT].value, TRIE_NONE);
    trie_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_the_list),
        cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
