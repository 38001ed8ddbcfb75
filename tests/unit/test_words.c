/* test_words.c - synthesized text: what it consists of, and that the seed and the key alone decide it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "load/ds_util.h"
#include "load/words.h"

static void fill(struct buf *b, uint64_t seed, uint64_t key, uint64_t n)
{
    buf_clear(b);
    words_fill(b, seed, key, n);
    assert_false(b->failed);
}

/* From an independent implementation in Python. */
static void test_reference_values(void **state)
{
    struct buf b = BUF_INIT(10000);
    fill(&b, 0, 0, 20);
    assert_string_equal(b.p, "why best being his several had her several as same both way even who far when young year "
                             "free his");
    fill(&b, 42, 7, 12);
    assert_string_equal(b.p, "been life the want every case we here let they only present");
    fill(&b, UINT64_MAX, UINT64_MAX, 9);
    assert_string_equal(b.p, "see word at war another house again real out");
    buf_free(&b);
}

static void test_lengths(void **state)
{
    struct buf whole = BUF_INIT(10000), part = BUF_INIT(10000);
    fill(&whole, 3, 5, 1000);
    assert_int_equal(ds_words(buf_str(&whole)), 1000);
    for (size_t i = 0; i < whole.n; i++)
        assert_true((whole.p[i] >= 'a' && whole.p[i] <= 'z') || (whole.p[i] == ' ' && whole.p[i + 1] != ' '));
    for (uint64_t n = 0; n < 40; n++) {
        fill(&part, 3, 5, n);
        assert_int_equal(ds_words(buf_str(&part)), n);
        assert_true(str_starts(buf_str(&whole), buf_str(&part)));
    }
    fill(&part, 3, 6, 1000);
    assert_false(str_eq(buf_str(&whole), buf_str(&part)));
    fill(&part, 4, 5, 1000);
    assert_false(str_eq(buf_str(&whole), buf_str(&part)));
    buf_free(&whole);
    buf_free(&part);
}

static void test_appends(void **state)
{
    struct buf b = BUF_INIT(10000);
    buf_addz(&b, "x:");
    words_fill(&b, 42, 7, 2);
    words_fill(&b, 42, 7, 0);
    words_fill(&b, 42, 7, 3);
    assert_string_equal(b.p, "x: been life been life the");
    buf_free(&b);
}

static void test_ceiling(void **state)
{
    struct buf b = BUF_INIT(100);
    words_fill(&b, 1, 1, 13);
    assert_true(b.failed);
    assert_int_equal(b.n, 0);
    buf_clear(&b);
    words_fill(&b, 1, 1, UINT64_MAX);
    assert_true(b.failed);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_values),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_appends),
        cmocka_unit_test(test_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
