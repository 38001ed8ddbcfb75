#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "analysis/samples.h"
#include "base/rng.h"

static const double q[] = {0.5, 0.9, 0.95, 0.99, 0.999};
#define N_Q ARRAY_LEN(q)

static bool close_to(double a, double b, double relative)
{
    return fabs(a - b) <= relative * fabs(b) + 1e-12;
}

/* 1..10 and nothing else: NumPy's percentile gives 5.5, 9.1, 9.55, 9.91, 9.991; std with n - 1
 * gives 3.0276503540974917. */
static void test_plain(void **state)
{
    struct samples s = {0};
    struct sum_dist d;
    for (int i = 10; i > 0; i--)
        samples_add(&s, i, false);
    samples_dist(&s, 2, q, N_Q, &d);
    const double want[] = {5.5, 9.1, 9.55, 9.91, 9.991};
    for (size_t i = 0; i < N_Q; i++) {
        assert_true(close_to(d.q[i], 2 * want[i], 1e-12));
        assert_true(d.q_upper[i] == d.q[i]);
    }
    assert_true(d.present && d.n == 10 && d.censored == 0 && d.requests == 10);
    assert_true(d.mean == 11 && d.min == 2 && d.max == 20);
    assert_true(close_to(d.std, 2 * 3.0276503540974917, 1e-12));
    assert_int_equal(d.at_least, 0);
    assert_int_equal(d.small, 31 & ~1); /* 10 values have an interval for the median, for none of the others */
    samples_free(&s);
}

/* One value far below that was cut short could have been anything: everything above shifts by at most one rank. */
static void test_early_censoring_moves_little(void **state)
{
    struct samples s = {0};
    struct sum_dist d;
    for (int i = 0; i < 999; i++)
        samples_add(&s, 1000000 + i, false);
    samples_add(&s, 5, true);
    samples_dist(&s, 1, q, N_Q, &d);
    /* at its waiting time: rank 499.5 of 1000 lies between 1000498 and 1000499; at infinity: 1000499 and 1000500 */
    assert_true(d.q[0] == 1000498.5);
    assert_true(close_to(d.q_upper[0], 1000499.5, 1e-12));
    assert_int_equal(d.at_least, 1 << 4); /* p99.9 needs the rank that may be infinite */
    assert_true(isinf(d.q_upper[4]));
    samples_free(&s);
}

static void test_all_censored_and_none(void **state)
{
    struct samples s = {0};
    struct sum_dist d;
    samples_dist(&s, 1, q, N_Q, &d);
    assert_true(isnan(d.q[0]) && isnan(d.mean) && d.n == 0 && d.at_least == 0);
    samples_add(&s, 7, true);
    samples_add(&s, 9, true);
    samples_dist(&s, 1, q, N_Q, &d);
    assert_true(d.q[0] == 8 && isinf(d.q_upper[0]) && isnan(d.mean));
    assert_int_equal(d.at_least, 31);
    samples_add(&s, -5, false); /* a clock's error: no latency is negative */
    samples_dist(&s, 1, q, N_Q, &d);
    assert_true(d.min == 0);
    samples_free(&s);
}

/* Beyond the ceiling histograms take over: the same within their precision, moments still exact. */
static void test_overflow(void **state)
{
    struct samples exact = {0}, few = {.exact = 100};
    struct sum_dist a, b;
    for (uint64_t i = 0; i < 5000; i++) {
        int64_t v = (int64_t)(rng_u64(5, RNG_TEST, i) >> 30);
        bool censored = i % 50 == 0;
        samples_add(&exact, v, censored);
        samples_add(&few, v, censored);
    }
    assert_non_null(few.h);
    assert_null(exact.h);
    samples_dist(&exact, 0.5, q, N_Q, &a);
    samples_dist(&few, 0.5, q, N_Q, &b);
    assert_int_equal(a.n, 4900);
    assert_int_equal(b.n, 4900);
    assert_int_equal(b.censored, 100);
    assert_int_equal(b.requests, 5000);
    assert_true(a.mean == b.mean && a.std == b.std && a.min == b.min && a.max == b.max);
    assert_int_equal(a.small, b.small);
    for (size_t i = 0; i < 4; i++) {
        assert_true(close_to(b.q[i], a.q[i], 1e-3));
        assert_true(isinf(a.q_upper[i]) ? isinf(b.q_upper[i]) : close_to(b.q_upper[i], a.q_upper[i], 1e-3));
    }
    samples_free(&exact);
    samples_free(&few);
}

/* The order of adding is no matter, on either side of the ceiling. */
static void test_order_free(void **state)
{
    for (size_t max = 100; max <= 1000; max += 900) {
        struct samples up = {.exact = max}, down = {.exact = max};
        struct sum_dist a, b;
        for (uint64_t i = 0; i < 500; i++) {
            uint64_t k = 499 - i;
            samples_add(&up, (int64_t)(rng_u64(6, RNG_TEST, i) >> 40), i % 7 == 0);
            samples_add(&down, (int64_t)(rng_u64(6, RNG_TEST, k) >> 40), k % 7 == 0);
        }
        samples_dist(&up, 1, q, N_Q, &a);
        samples_dist(&down, 1, q, N_Q, &b);
        for (size_t i = 0; i < N_Q; i++)
            assert_true(a.q[i] == b.q[i] && a.q_upper[i] == b.q_upper[i]);
        assert_true(a.mean == b.mean && a.std == b.std && a.at_least == b.at_least);
        samples_free(&up);
        samples_free(&down);
    }
}

static void test_hist_dist(void **state)
{
    struct hist *h = hist_new(), *c = hist_new();
    struct sum_dist d;
    for (int i = 1; i <= 100; i++)
        hist_add(h, i, 1);
    hist_dist(h, NULL, 3, q, N_Q, &d);
    assert_true(close_to(d.q[0], 50.5, 1e-12) && d.requests == 3 && d.small == 31);
    assert_true(d.mean == 50.5);
    hist_add(c, 40, 99);
    hist_dist(h, c, 3, q, N_Q, &d);
    assert_true(close_to(d.q[0], 40, 1e-12)); /* rank 99 of 199: 39 lie below the hundred of 40 */
    assert_int_equal(d.censored, 99);
    assert_true(close_to(d.q_upper[0], 100, 1e-12)); /* with them at infinity: the largest that was observed */
    assert_int_equal(d.at_least, 31);
    hist_free(&h);
    hist_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_early_censoring_moves_little),
        cmocka_unit_test(test_all_censored_and_none),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_order_free),
        cmocka_unit_test(test_hist_dist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
