/* test_ds_lengths.c - ranges of lengths: what they mean and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "load/ds_lengths.h"

static void test_ranges(void **state)
{
    struct ds_lengths l;
    assert_int_equal(ds_lengths_parse(&l, NULL, NULL), 0);
    assert_true(ds_lengths_keep(&l, 0, -1) && ds_lengths_keep(&l, UINT64_MAX / 2, INT64_MAX));
    assert_int_equal(ds_lengths_parse(&l, "input:4..10, total:..12", NULL), 0);
    assert_false(ds_lengths_keep(&l, 3, 1));
    assert_true(ds_lengths_keep(&l, 4, 0));
    assert_true(ds_lengths_keep(&l, 10, 2));
    assert_false(ds_lengths_keep(&l, 10, 3));
    assert_false(ds_lengths_keep(&l, 11, 0));
    assert_int_equal(ds_lengths_parse(&l, "output:2..", NULL), 0);
    assert_false(ds_lengths_keep(&l, 5, 1));
    assert_true(ds_lengths_keep(&l, 5, 2));
    assert_true(ds_lengths_keep(&l, 5, -1)); /* not known: not judged */
}

static void test_bad(void **state)
{
    static const char *const bad[] = {"",           "input",      "input:4",     "input:a..b",
                                      "words:1..2", "input:9..4", "input:1..2,", "input:-1.."};
    struct err e = {0};
    struct ds_lengths l;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (ds_lengths_parse(&l, bad[i], &e) == 0)
            fail_msg("\"%s\" was taken", bad[i]);
    ds_lengths_parse(&l, "input:9..4", &e);
    assert_string_equal(e.text, "'input:9..4' keeps nothing; the first number is above the second");
    ds_lengths_parse(&l, "x", &e);
    assert_string_equal(e.text, "'x' is no range of lengths; write input:4..1024,output:4..,total:..2048");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
