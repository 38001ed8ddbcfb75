/* test_quant.c - quantiles, moments and intervals against reference values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/rng.h"
#include "base/xalloc.h"
#include "stat/quant.h"

static bool near(double a, double b, double tolerance)
{
    return fabs(a - b) <= tolerance;
}

static void test_quantiles(void **state)
{
    /* numpy.quantile([3,1,4,1,5,9,2,6,5,3,5], q) */
    static const int64_t v[] = {1, 1, 2, 3, 3, 4, 5, 5, 5, 6, 9};
    static const struct {
        double q, want;
    } t[] = {{0, 1}, {0.1, 1}, {0.25, 2.5}, {0.5, 4}, {0.9, 6}, {0.95, 7.5}, {1, 9}, {-1, 1}, {2, 9}};
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        assert_true(near(quant_sorted(v, ARRAY_LEN(v), t[i].q), t[i].want, 1e-12));
    assert_true(isnan(quant_sorted(v, 0, 0.5)));
    assert_true(isnan(quant_sorted(v, 5, NAN)));
    assert_true(quant_sorted(v, 1, 0.7) == 1);
    static const int64_t wide[] = {INT64_MIN, INT64_MAX};
    assert_true(near(quant_sorted(wide, 2, 0.5), 0, 1));
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void test_sort(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 3, 63, 64, 65, 1000, 20000};
    for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
        for (unsigned shift = 0; shift < 64; shift += 21) { /* of all magnitudes, both signs, many ties */
            size_t n = sizes[s];
            int64_t *a = xmalloc(n * sizeof *a), *b = xmalloc(n * sizeof *b);
            for (size_t i = 0; i < n; i++)
                a[i] = b[i] = (int64_t)rng_u64(s, RNG_TEST, i) >> shift;
            qsort(a, n, sizeof *a, by_value);
            quant_sort(b, n);
            assert_memory_equal(a, b, n * sizeof *a);
            quant_sort(b, n); /* sorted already */
            assert_memory_equal(a, b, n * sizeof *a);
            free(a);
            free(b);
        }
    }
}

static void add_all(struct moments *m, const int64_t *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        moments_add(m, v[i]);
}

static void test_moments(void **state)
{
    struct moments m = {0};
    assert_true(moments_mean(&m) == 0 && moments_std(&m) == 0);
    static const int64_t some[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5}, mixed[] = {-5, 7, -11, 13};
    moments_add(&m, -7);
    assert_true(moments_mean(&m) == -7 && moments_std(&m) == 0 && m.min == -7 && m.max == -7);
    m = (struct moments){0};
    add_all(&m, some, ARRAY_LEN(some));
    assert_true(near(moments_mean(&m), 4, 1e-15) && near(moments_std(&m), 2.3664319132398464, 1e-14));
    m = (struct moments){0};
    add_all(&m, mixed, ARRAY_LEN(mixed));
    assert_true(moments_mean(&m) == 1 && near(moments_std(&m), 10.954451150103322, 1e-13));
    assert_true(m.min == -11 && m.max == 13);
}

/* A small spread far from 0: naive double sums would lose it all, and 128 bits of squares overflow. */
static void test_moments_without_cancellation(void **state)
{
    for (int sign = -1; sign <= 1; sign += 2) {
        struct moments m = {0};
        for (int repeat = 0; repeat < 100; repeat++)
            for (int64_t i = 0; i < 10; i++)
                moments_add(&m, sign * (1000000000000000000 + i * i));
        double ss = 28.3048876815766 * 28.3048876815766 * 9 * 100; /* of one period of ten, from exact fractions */
        assert_true(near(moments_std(&m), sqrt(ss / 999), 1e-10));
    }
}

static void test_moments_merge_in_any_order(void **state)
{
    struct moments whole = {0}, part[4] = {{0}}, up = {0}, down = {0};
    for (uint64_t i = 0; i < 1000; i++) {
        int64_t v = (int64_t)rng_u64(2, RNG_TEST, i) >> (i % 40);
        moments_add(&whole, v);
        moments_add(&part[i % 3], v); /* the fourth stays empty */
    }
    for (int k = 0; k < 4; k++) {
        moments_merge(&up, &part[k]);
        moments_merge(&down, &part[3 - k]);
    }
    assert_memory_equal(&up, &whole, sizeof whole);
    assert_memory_equal(&down, &whole, sizeof whole);
}

static void test_min_n(void **state)
{
    assert_int_equal(quant_min_n(0.95), 72);
    assert_int_equal(quant_min_n(0.99), 368);
    assert_int_equal(quant_min_n(0.999), 3688);
    assert_int_equal(quant_min_n(0.05), 72);
    assert_int_equal(quant_min_n(0.5), 6);
    assert_int_equal(quant_min_n(0.9), 36);
    assert_true(quant_min_n(1) == UINT64_MAX && quant_min_n(0) == UINT64_MAX);
    for (double q = 0.5; q < 0.9995; q += 0.0007) { /* the definition */
        double n = (double)quant_min_n(q);
        assert_true(pow(q, n) <= 0.025 * (1 + 1e-12) && pow(q, n - 1) > 0.025 * (1 - 1e-12));
    }
}

/* scipy.stats.binom.sf(k - 1, n, p). */
static void test_binom_tail(void **state)
{
    static const struct {
        uint64_t k, n;
        double p, want;
    } t[] = {
        {1, 1, 0.01, 0.01},
        {2, 20, 0.01, 0.0168593376357},
        {4, 100, 0.01, 0.0183740364446},
        {17, 1000, 0.01, 0.0263910354096},
        {150, 10000, 0.01, 1.65706019624e-06},
        {3, 10, 0.05, 0.0115035573793},
        {30, 100, 0.1, 2.44511223939e-08},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        assert_true(fabs(binom_tail(t[i].k, t[i].n, t[i].p) / t[i].want - 1) < 1e-9);
    assert_true(binom_tail(0, 10, 0.5) == 1 && binom_tail(11, 10, 0.5) == 0);
    assert_true(binom_tail(1, 10, 0) == 0 && binom_tail(1, 10, 1) == 1);
    assert_true(fabs(binom_tail(10000001, 1000000000, 0.01) - 0.5) < 0.001); /* long before the sum would end */
    assert_true(binom_tail((uint64_t)1 << 62, (uint64_t)1 << 63, 0.01) == 0);
}

static void test_wilson(void **state)
{
    static const struct {
        uint64_t k, n;
        double lo, hi;
    } t[] = {
        {0, 0, 0, 1},
        {0, 10, 0, 0.2775327998628892},
        {10, 10, 0.7224672001371107, 1},
        {5, 10, 0.236593090512564, 0.7634069094874361},
        {1, 100, 0.0017674320641406505, 0.054486196178705315},
        {990, 1000, 0.9816905311296853, 0.9945592455544707},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        double lo, hi;
        wilson95(t[i].k, t[i].n, &lo, &hi);
        assert_true(near(lo, t[i].lo, 1e-12) && near(hi, t[i].hi, 1e-12));
        assert_true(lo >= 0 && hi <= 1);
    }
}

static void test_dispersion(void **state)
{
    /* Bins of 10 from 0 to 40 hold 2, 1, 1, 1 (40 lies beyond): mean 5/4, variance 1/4. Order does not matter. */
    static const int64_t t[] = {40, 0, 25, 1, 10, 39};
    assert_true(near(index_of_dispersion(t, ARRAY_LEN(t), 10), 0.2, 1e-12));
    assert_true(isnan(index_of_dispersion(t, ARRAY_LEN(t), 21)));
    assert_true(isnan(index_of_dispersion(t, 1, 10)));
    assert_true(isnan(index_of_dispersion(NULL, 0, 10)));
    assert_true(isnan(index_of_dispersion(t, ARRAY_LEN(t), 0)));
    static const int64_t far[] = {INT64_MIN, INT64_MAX}; /* as many bins as there can be cost nothing */
    assert_true(index_of_dispersion(far, 2, 1) >= 0);
}

static void test_dispersion_of_processes(void **state)
{
    enum { N = 20000 };
    int64_t *even = xmalloc(N * sizeof *even), *poisson = xmalloc(N * sizeof *poisson);
    double at = 0;
    for (uint64_t i = 0; i < N; i++) {
        even[i] = (int64_t)i * 1000;
        at += -1000 * log(rng_unit(6, RNG_TEST, i));
        poisson[i] = (int64_t)at;
    }
    assert_true(near(index_of_dispersion(even, N, 10000), 0, 1e-12));
    /* 2000 bins: the index of a Poisson process has a standard deviation of sqrt(2 / 2000) = 0.032. */
    assert_true(near(index_of_dispersion(poisson, N, 10000), 1, 0.15));
    free(even);
    free(poisson);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_sort),
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_moments_without_cancellation),
        cmocka_unit_test(test_moments_merge_in_any_order),
        cmocka_unit_test(test_min_n),
        cmocka_unit_test(test_binom_tail),
        cmocka_unit_test(test_wilson),
        cmocka_unit_test(test_dispersion),
        cmocka_unit_test(test_dispersion_of_processes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
