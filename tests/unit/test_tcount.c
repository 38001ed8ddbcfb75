#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "analysis/tcount.h"

#define MS(x) ((int64_t)(x)*NS_PER_MS)

static bool same(double a, double b)
{
    return fabs(a - b) < 1e-9;
}

static void test_points(void **state)
{
    struct tcount t;
    tcount_init(&t, MS(5), true);
    for (int i = 0; i < 100; i++)
        tcount_add(&t, MS(i), 1);
    assert_true(same(tcount_between(&t, MS(10), MS(20)), 10));
    assert_true(same(tcount_between(&t, MS(10) + 1, MS(20) + 1), 10));
    assert_true(same(tcount_between(&t, 0, MS(1000)), 100)); /* also what lies before the origin */
    assert_true(same(tcount_between(&t, MS(20), MS(10)), 0));
    tcount_free(&t);
}

/* A bin's share, by the part of it that the window covers. */
static void test_bins(void **state)
{
    struct tcount t;
    tcount_init(&t, MS(1000), false);
    tcount_add(&t, MS(1000), 10); /* bin 0 */
    tcount_add(&t, MS(1009), 10); /* bin 0 */
    tcount_add(&t, MS(1010), 40); /* bin 1 */
    tcount_add(&t, MS(1039), 60); /* bin 3 */
    tcount_add(&t, MS(900), 3);   /* before: bin 0 */
    assert_true(same(tcount_between(&t, MS(1000), MS(1040)), 123));
    assert_true(same(tcount_between(&t, MS(1005), MS(1040)), 11.5 + 100));
    assert_true(same(tcount_between(&t, MS(1012), MS(1018)), 24));
    assert_true(same(tcount_between(&t, MS(1015), MS(1035)), 20 + 30));
    assert_true(same(tcount_between(&t, MS(1035), MS(9999)), 30));
    assert_true(same(tcount_between(&t, MS(2000), MS(9999)), 0));
    assert_true(same(tcount_between(&t, 0, MS(1010)), 23));
    assert_int_equal(t.total, 123);
    tcount_free(&t);
}

/* A window announced in time is exact; one that moved falls back to the bins. */
static void test_window(void **state)
{
    for (int moved = 0; moved < 2; moved++) {
        struct tcount t;
        tcount_init(&t, 0, false);
        tcount_window(&t, MS(3), MS(27));
        for (int i = 0; i < 40; i++)
            tcount_add(&t, MS(i), 2);
        tcount_window(&t, MS(3), moved ? MS(25) : MS(27));
        if (moved)
            assert_true(same(tcount_between(&t, MS(3), MS(25)), 44));
        assert_true(same(tcount_between(&t, MS(3), MS(27)), 48));
        tcount_free(&t);
    }
    struct tcount t; /* counts that are not even over their bin show the difference */
    tcount_init(&t, 0, false);
    tcount_window(&t, MS(3), MS(8));
    tcount_add(&t, MS(4), 7);
    assert_true(same(tcount_between(&t, MS(3), MS(8)), 7));
    assert_true(same(tcount_between(&t, MS(3), MS(9)), 4.2));
    tcount_free(&t);
}

/* An instant years away must not take memory for every 10 ms until then. */
static void test_fold(void **state)
{
    struct tcount t;
    tcount_init(&t, 0, false);
    for (int i = 0; i < 10; i++)
        tcount_add(&t, MS(10 * i), 1);
    tcount_add(&t, INT64_MAX / 2, 5);
    assert_true(t.n <= 1 << 22);
    assert_true(same(tcount_between(&t, 0, INT64_MAX), 15));
    assert_true(t.folds > 0);
    tcount_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_bins),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_fold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
