#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "analysis/series.h"
#include "base/clock.h"
#include "base/rng.h"

#define MS(x) ((int64_t)((x)*1e6))

static double uniform(uint64_t run, uint64_t i)
{
    return ((double)(rng_u64(run, RNG_TEST, i) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(uint64_t run, uint64_t i)
{
    return sqrt(-2 * log(uniform(run, 2 * i))) * cos(2 * 3.141592653589793 * uniform(run, 2 * i + 1));
}

enum process { EVEN, SKEWED, HEAVY, CORRELATED, CORRELATED_MUCH, WAVES };

/* 50 ms on the whole, in the manner of a stationary process. */
static double latency(enum process p, uint64_t run, uint64_t i, double *before)
{
    double z = normal(run, i), phi = p == CORRELATED ? 0.5 : 0.9;
    switch (p) {
    case EVEN:
        return MAX(50 + 5 * z, 1.0);
    case SKEWED:
        return 50 * exp(z);
    case HEAVY: /* Pareto with infinite variance, just so */
        return 50 / sqrt(uniform(run, i));
    case CORRELATED:
    case CORRELATED_MUCH:
        *before = i ? phi * *before + sqrt(1 - phi * phi) * z : z;
        return 50 * exp(0.3 * *before);
    case WAVES: /* 50 slots that are served one after the other */
        return 50 + (double)(i % 50) + z;
    }
    return 0;
}

static void count(enum process p, int runs, uint64_t n, int *warm, int *trend)
{
    *warm = *trend = 0;
    for (int k = 0; k < runs; k++) {
        struct series s = {0};
        double before = 0;
        for (uint64_t i = 0; i < n; i++)
            series_add(&s, i, (int64_t)i, MS(latency(p, (uint64_t)k + 1, i, &before)));
        struct settled r = series_settled(&s);
        assert_true(r.batches > 0);
        *warm += r.warm > 0;
        *trend += r.trend;
        series_free(&s);
    }
}

/* What is stationary is called so: in at most 2 % of runs each, 4 % where there are few and much correlated values. */
static void test_false_positives(void **state)
{
    enum { RUNS = 500 };
    for (enum process p = EVEN; p <= WAVES; p++) {
        for (uint64_t n = 100; n <= 1000; n = n == 100 ? 200 : 5 * n) {
            int warm, trend, most = n == 100 && p == CORRELATED_MUCH ? RUNS / 25 : RUNS / 50;
            count(p, RUNS, n, &warm, &trend);
            print_message("process %d, n = %d: of %d runs %d warm-ups, %d trends\n", (int)p, (int)n, RUNS, warm, trend);
            if (warm > most || trend > most)
                fail_msg("too many");
        }
    }
}

/* And what is not, not. The window begins at 10 s and has 20 requests a second. */
static void test_found(void **state)
{
    int slow_start = 0, cold = 0, rising = 0, falling = 0;
    for (uint64_t run = 1; run <= 100; run++) {
        struct series s[4] = {{0}};
        for (uint64_t i = 0; i < 400; i++) {
            double v = 50 * exp(0.2 * normal(run, i)), share = (double)i / 400;
            int64_t at = 10 * NS_PER_S + (int64_t)i * NS_PER_S / 20;
            series_add(&s[0], i, at, MS(i < 40 ? 2 * v : v));
            series_add(&s[1], i, at, MS(i == 0 ? 3000 : v));
            series_add(&s[2], i, at, MS(v * (1 + share)));
            series_add(&s[3], i, at, MS(v * (2 - share)));
        }
        struct settled a = series_settled(&s[0]), b = series_settled(&s[1]), c = series_settled(&s[2]),
                       d = series_settled(&s[3]);
        slow_start += a.warm >= 35 && a.warm <= 80 && a.warm_mean > 1.4 * a.after && !a.trend &&
                      a.warm_end == 10 * NS_PER_S + (int64_t)a.warm * NS_PER_S / 20;
        cold += b.warm > 0 && b.warm <= 40;
        rising += c.trend && c.change > 0.3;
        falling += d.trend && d.change < -0.3;
        for (int k = 0; k < 4; k++)
            series_free(&s[k]);
    }
    print_message("of 100: %d slow starts, %d cold ones, %d rises, %d falls\n", slow_start, cold, rising, falling);
    assert_true(slow_start >= 95 && cold >= 90 && rising >= 90 && falling >= 90);
}

/* The order of adding does not matter, memory is bounded, and what is asked twice is answered alike. */
static void test_order(void **state)
{
    enum { MANY = 100000 };
    struct series a = {0}, b = {0};
    for (uint64_t i = 0; i < MANY; i++) {
        uint64_t k = i * 54321 % MANY; /* a permutation */
        series_add(&a, i, (int64_t)i + 1, MS(50 + (double)(i % 7)));
        series_add(&b, k, (int64_t)k + 1, MS(50 + (double)(k % 7)));
    }
    assert_true(a.n <= SERIES_MAX);
    assert_int_equal(a.n, b.n);
    assert_int_equal(a.width, 40);
    assert_int_equal(b.width, 40);
    for (size_t i = 0; i < a.n; i++)
        assert_true(a.b[i].sum == b.b[i].sum && a.b[i].n == b.b[i].n && a.b[i].first == b.b[i].first);
    series_add(&a, UINT64_MAX, 1, INT64_MAX); /* far away: still bounded */
    assert_true(a.n <= SERIES_MAX);
    series_settled(&a);
    series_free(&a);
    series_free(&b);
    struct settled none = series_settled(&a);
    assert_true(none.batches == 0 && none.warm == 0 && !none.trend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_false_positives),
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
