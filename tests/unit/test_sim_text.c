#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/sim_text.h"

#include "base/jdoc.h"

/* The escaped form of every word decodes to its text by Jansson, which is not ours; no word holds white space; all
 * differ. */
static void test_vocabulary(void **state)
{
    size_t n = sim_vocabulary(), escaped = 0;
    assert_true(n >= 256);
    for (size_t i = 0; i < n; i++) {
        struct sim_word w = sim_vocabulary_at(i);
        char doc[200];
        snprintf(doc, sizeof(doc), "[\"" STR_FMT "\"]", STR_ARG(w.json));
        struct jdoc *d = jdoc_parse(str_of(doc), "word", NULL);
        assert_non_null(d);
        assert_true(str_eq(jn_str(jn_at(jdoc_root(d), 0), ""), w.text));
        jdoc_free(&d);
        assert_int_equal(sim_count_words(w.text), 1);
        assert_true(w.json.n + 2 <= SIM_WORD_MAX);
        escaped += memchr(w.json.p, '\\', w.json.n) != NULL;
        for (size_t k = 0; k < i; k++)
            assert_false(str_eq(sim_vocabulary_at(k).text, w.text));
    }
    assert_true(escaped >= 10);
}

/* n words give n words: what is counted is what is written, separators included. */
static void test_counts_are_exact(void **state)
{
    for (uint64_t r = 1; r <= 50; r++) {
        char json[16 * 1024] = "[\"";
        size_t at = 2, n = (size_t)(r * 7);
        for (uint64_t k = 0; k < n; k++)
            at += sim_word_json(3, r, k, json + at);
        memcpy(json + at, "\"]", 3);
        struct jdoc *d = jdoc_parse(str_of(json), "text", NULL);
        assert_non_null(d);
        assert_int_equal(sim_count_words(jn_str(jn_at(jdoc_root(d), 0), "")), n);
        jdoc_free(&d);
    }
}

static void test_seeded(void **state)
{
    char a[SIM_WORD_MAX], b[SIM_WORD_MAX];
    unsigned same_seed = 0, other_seed = 0, other_request = 0;
    for (uint64_t k = 0; k < 1000; k++) {
        size_t n = sim_word_json(1, 5, k, a);
        same_seed += sim_word_json(1, 5, k, b) == n && memcmp(a, b, n) == 0;
        other_seed += sim_word_json(2, 5, k, b) == n && memcmp(a, b, n) == 0;
        other_request += sim_word_json(1, 6, k, b) == n && memcmp(a, b, n) == 0;
    }
    assert_int_equal(same_seed, 1000);
    assert_true(other_seed < 30);
    assert_true(other_request < 30);
    assert_int_equal(sim_word_at(1, 5, 0).sep.n, 0);
}

/* Against Python: len(text.split()) for the white space that both know. */
static void test_count_words(void **state)
{
    assert_int_equal(sim_count_words(STR("")), 0);
    assert_int_equal(sim_count_words(STR(" \t\r\n\v\f ")), 0);
    assert_int_equal(sim_count_words(STR("one")), 1);
    assert_int_equal(sim_count_words(STR("  one  two\nthree\t")), 3);
    assert_int_equal(sim_count_words(STR("a\u00a0b\u2003c\u3000d\u2028e\xc2\x85"
                                         "f\u1680g\u202fh\u205fi")),
                     9);
    assert_int_equal(sim_count_words(STR("\u00e9t\u00e9 \u65e5\u672c\u8a9e\u200b \u2014")),
                     3);                                /* U+200B is no white space */
    assert_int_equal(sim_count_words(STR("a\xc2")), 1); /* cut UTF-8 */
    assert_int_equal(sim_count_words(STR("\xe3\x80")), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vocabulary),
        cmocka_unit_test(test_counts_are_exact),
        cmocka_unit_test(test_seeded),
        cmocka_unit_test(test_count_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
