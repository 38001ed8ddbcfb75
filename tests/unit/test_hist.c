/* test_hist.c - the histogram against exact quantiles and moments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/rng.h"
#include "base/xalloc.h"
#include "stat/hist.h"
#include "stat/quant.h"

#define REL (1.0 / 2048)

static void test_empty(void **state)
{
    struct hist *h = hist_new();
    size_t it = 0;
    int64_t mid;
    uint64_t count;
    assert_int_equal(hist_n(h), 0);
    assert_int_equal(hist_min(h), 0);
    assert_int_equal(hist_max(h), 0);
    assert_true(hist_mean(h) == 0 && hist_std(h) == 0);
    assert_true(isnan(hist_quantile(h, 0.5)));
    assert_int_equal(hist_above(h, -1), 0);
    assert_false(hist_next(h, &it, &mid, &count));
    hist_add(h, 5, 0); /* none of them */
    assert_int_equal(hist_n(h), 0);
    hist_free(&h);
    assert_null(h);
    hist_free(&h);
}

/* Every value has a bucket whose midpoint is within 1/2048 of it; below 2048 it is the value itself. */
static void test_every_value_has_its_bucket(void **state)
{
    struct hist *h = hist_new();
    for (unsigned e = 0; e < 63; e++) {
        for (int k = 0; k < 40; k++) {
            uint64_t span = 1ULL << e, r = rng_u64(e, RNG_TEST, (uint64_t)k);
            int64_t v = (int64_t)(span + (k == 0 ? 0 : k == 1 ? span - 1 : r % span));
            size_t it = 0;
            int64_t mid;
            uint64_t count;
            hist_reset(h);
            hist_add(h, v, 3);
            assert_true(hist_next(h, &it, &mid, &count));
            assert_int_equal(count, 3);
            assert_true(fabs((double)mid - (double)v) <= (double)v * REL);
            if (v < 2048)
                assert_int_equal(mid, v);
            assert_false(hist_next(h, &it, &mid, &count));
            assert_true(hist_quantile(h, 0.5) == (double)v); /* clamped to the exact extremes */
        }
    }
    hist_free(&h);
}

static void test_extremes(void **state)
{
    struct hist *h = hist_new();
    hist_add(h, INT64_MAX, 2);
    hist_add(h, -5, 1);
    hist_add(h, INT64_MIN, 1);
    assert_int_equal(hist_n(h), 4);
    assert_int_equal(hist_min(h), 0);
    assert_true(hist_max(h) == INT64_MAX);
    assert_true(hist_mean(h) == 0x1p62);
    assert_true(fabs(hist_std(h) - 0x1p62 * sqrt(4.0 / 3)) < 1e6);
    assert_true(hist_quantile(h, 0) == 0);
    assert_true(hist_quantile(h, 1) <= 0x1p63);
    assert_int_equal(hist_above(h, 0), 2);
    hist_free(&h);
}

enum { N = 50000 };

/* Values over six decades, as latencies are. */
static int64_t *sample(uint64_t seed, double sigma)
{
    int64_t *v = xmalloc(N * sizeof *v);
    for (uint64_t i = 0; i < N; i++) {
        double u1 = rng_unit(seed, RNG_TEST, 2 * i), u2 = rng_unit(seed, RNG_TEST, 2 * i + 1);
        v[i] = (int64_t)(5e7 * exp(sigma * sqrt(-2 * log(u1)) * cos(6.283185307179586 * u2)));
    }
    return v;
}

static void test_quantiles_against_exact_ones(void **state)
{
    static const double q[] = {0, 0.0001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1};
    static const double sigma[] = {0.01, 0.5, 3};
    for (size_t s = 0; s < ARRAY_LEN(sigma); s++) {
        int64_t *v = sample(s, sigma[s]);
        struct hist *h = hist_new();
        for (size_t i = 0; i < N; i++)
            hist_add(h, v[i], 1);
        quant_sort(v, N);
        for (size_t i = 0; i < ARRAY_LEN(q); i++) {
            double exact = quant_sorted(v, N, q[i]), got = hist_quantile(h, q[i]);
            assert_true(fabs(got - exact) <= exact * REL + 1e-6);
        }
        assert_int_equal(hist_min(h), v[0]);
        assert_int_equal(hist_max(h), v[N - 1]);
        hist_free(&h);
        free(v);
    }
}

/* Below 2048 the buckets are exact, so the quantile is NumPy's to the last bit, interpolation included. */
static void test_small_values_are_exact(void **state)
{
    int64_t v[37];
    for (size_t n = 1; n <= ARRAY_LEN(v); n++) {
        struct hist *h = hist_new();
        for (size_t i = 0; i < n; i++) {
            v[i] = (int64_t)rng_below(n, RNG_TEST, i, 2048);
            hist_add(h, v[i], 1);
        }
        quant_sort(v, n);
        for (int k = 0; k <= 200; k++)
            assert_true(fabs(hist_quantile(h, k / 200.0) - quant_sorted(v, n, k / 200.0)) < 1e-9);
        hist_free(&h);
    }
}

static void assert_same(const struct hist *a, const struct hist *b)
{
    struct hist_exact x = hist_get_exact(a), y = hist_get_exact(b);
    size_t i = 0, k = 0;
    int64_t m1, m2;
    uint64_t c1, c2;
    assert_int_equal(hist_n(a), hist_n(b));
    assert_true(x.min == y.min && x.max == y.max && x.sum == y.sum && x.sum_sq == y.sum_sq);
    for (;;) {
        bool more = hist_next(a, &i, &m1, &c1);
        assert_int_equal(more, hist_next(b, &k, &m2, &c2));
        if (!more)
            break;
        assert_int_equal(m1, m2);
        assert_int_equal(c1, c2);
    }
    for (double q = 0; q <= 1; q += 0.01)
        assert_true(hist_quantile(a, q) == hist_quantile(b, q));
    assert_true(hist_mean(a) == hist_mean(b) && hist_std(a) == hist_std(b));
}

static void test_merge_is_the_whole_in_any_order(void **state)
{
    int64_t *v = sample(8, 2);
    struct hist *whole = hist_new(), *part[3], *up = hist_new(), *down = hist_new();
    for (int k = 0; k < 3; k++)
        part[k] = hist_new();
    for (size_t i = 0; i < N; i++) {
        hist_add(whole, v[i], 1);
        hist_add(part[v[i] % 7 < 2 ? 0 : v[i] > 50000000 ? 1 : 2], v[i], 1);
    }
    for (int k = 0; k < 3; k++) {
        hist_merge(up, part[k]);
        hist_merge(down, part[2 - k]);
    }
    assert_same(whole, up);
    assert_same(whole, down);
    struct hist *empty = hist_new();
    hist_merge(up, empty);
    assert_same(whole, up);
    hist_merge(empty, whole);
    assert_same(whole, empty);
    for (int k = 0; k < 3; k++)
        hist_free(&part[k]);
    hist_free(&whole);
    hist_free(&up);
    hist_free(&down);
    hist_free(&empty);
    free(v);
}

static void test_store_and_restore(void **state)
{
    int64_t *v = sample(9, 2);
    struct hist *h = hist_new(), *back = hist_new();
    for (size_t i = 0; i < N; i++)
        hist_add(h, v[i], 1 + i % 3);
    size_t it = 0;
    int64_t mid;
    uint64_t count;
    while (hist_next(h, &it, &mid, &count))
        hist_add(back, mid, count);
    struct hist_exact x = hist_get_exact(h);
    hist_set_exact(back, &x);
    assert_same(h, back);
    hist_free(&h);
    hist_free(&back);
    free(v);
}

static void test_moments_are_exact(void **state)
{
    int64_t *v = sample(10, 1);
    struct hist *h = hist_new();
    struct moments m = {0};
    for (size_t i = 0; i < N; i++) {
        hist_add(h, v[i], 1);
        moments_add(&m, v[i]);
    }
    assert_true(hist_mean(h) == moments_mean(&m));
    assert_true(hist_std(h) == moments_std(&m));
    struct hist *twice = hist_new(), *counted = hist_new();
    for (size_t i = 0; i < 100; i++) {
        hist_add(counted, v[i], 2);
        hist_add(twice, v[i], 1);
        hist_add(twice, v[i], 1);
    }
    assert_same(twice, counted);
    hist_free(&h);
    hist_free(&twice);
    hist_free(&counted);
    free(v);
}

static void test_above(void **state)
{
    struct hist *h = hist_new();
    for (int64_t v = 0; v < 2000; v++)
        hist_add(h, v, 2);
    hist_add(h, 1000000, 5);
    assert_int_equal(hist_above(h, -1), 4005);
    assert_int_equal(hist_above(h, 0), 4003);
    assert_int_equal(hist_above(h, 999), 2005);
    assert_int_equal(hist_above(h, 1999), 5);
    assert_int_equal(hist_above(h, 998000), 5);
    assert_int_equal(hist_above(h, 1002000), 0);
    assert_int_equal(hist_above(h, INT64_MAX), 0);
    hist_reset(h);
    assert_int_equal(hist_above(h, -1), 0);
    hist_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_every_value_has_its_bucket),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_quantiles_against_exact_ones),
        cmocka_unit_test(test_small_values_are_exact),
        cmocka_unit_test(test_merge_is_the_whole_in_any_order),
        cmocka_unit_test(test_store_and_restore),
        cmocka_unit_test(test_moments_are_exact),
        cmocka_unit_test(test_above),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
