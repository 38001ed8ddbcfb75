/* test_counted.c - server and tokenizer counts whose difference is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "analysis/counted.h"

/* 100 requests whose lengths by the tokenizer go from `from` in steps; the server counts ratio x that + more. */
static struct sum_counted judged(int64_t from, int64_t step, double ratio, int64_t more)
{
    struct counted c = {0};
    struct sum_counted s;
    for (int64_t i = 0; i < 100; i++)
        counted_add(&c, (int64_t)llround((double)(from + i * step) * ratio) + more, from + i * step);
    counted_finish(&c, &s);
    return s;
}

static void test_how(void **state)
{
    assert_int_equal(judged(100, 10, 1, 0).how, COUNTED_AGREE);
    assert_int_equal(judged(100, 10, 1, 5).how, COUNTED_AGREE); /* 5 of 600: below 1 % */
    assert_int_equal(judged(10, 1, 1, 3).how, COUNTED_CONSTANT);
    assert_int_equal(judged(10, 1, 1, -2).how, COUNTED_CONSTANT);
    assert_int_equal(judged(100, 10, 1.2, 0).how, COUNTED_PROPORTIONAL);
    assert_int_equal(judged(100, 10, 0.8, 1).how, COUNTED_PROPORTIONAL);
    assert_int_equal(judged(1000000000, 100000000, 1.02, 0).how, COUNTED_PROPORTIONAL);
    assert_int_equal(judged(50, 0, 1, 2).how, COUNTED_UNCLEAR); /* all of one length */
    struct sum_counted s = judged(10, 1, 1, 3);
    assert_int_equal(s.requests, 100);
    assert_int_equal(s.own, 100 * 10 + 4950);
    assert_int_equal(s.server, s.own + 300);
    assert_true(fabs(s.deviation + 300.0 / (double)s.server) < 1e-12);
    assert_true(s.per_request == 3);
}

static void test_few(void **state)
{
    struct counted c = {0};
    struct sum_counted s;
    counted_finish(&c, &s);
    assert_int_equal(s.requests, 0);
    assert_true(isnan(s.deviation));
    counted_add(&c, 20, 10);
    counted_add(&c, 60, 30);
    counted_finish(&c, &s);
    assert_int_equal(s.how, COUNTED_UNCLEAR);
    counted_add(&c, 120, 60);
    counted_finish(&c, &s);
    assert_int_equal(s.how, COUNTED_PROPORTIONAL);
    assert_string_equal(counted_how_name(s.how), "proportional");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_how),
        cmocka_unit_test(test_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
