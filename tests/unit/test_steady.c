#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "stat/steady.h"

enum { N = 40 };

/* 40 numbers below 1,000 of a linear congruential generator. */
static void numbers(int v[N])
{
    uint64_t x = 12345;
    for (int i = 0; i < N; i++) {
        x = (x * 1103515245 + 12345) % 2147483648U;
        v[i] = (int)((x >> 16) % 1000);
    }
}

static void near(double got, double want)
{
    if (!(fabs(got - want) <= 1e-9 * MAX(1.0, fabs(want))))
        fail_msg("%.17g, not %.17g", got, want);
}

/* pymannkendall 1.4.3, original_test, and NumPy for the correlation. */
static void test_mann_kendall(void **state)
{
    static const struct {
        int64_t s;
        double var, z, p, slope, lag1;
    } want[] = {
        {-18, 7364.666666666667, -0.19809448001085783, 0.8429711435714096, -0.9722222222222222, -0.424520970435159},
        {324, 7366.666666666667, 3.7632841631090908, 0.00016769646520820025, 19.02777777777778, 0.06002884263051761},
        {-15, 6671.666666666667, -0.17140001903473107, 0.8639092398126804, 0, -0.31159491193737765},
        {-489, 7271.666666666667, -5.722724524195655, 1.0482916756870964e-08, -0.34549071618037136, 0.4730071137148238},
    };
    int v[N];
    numbers(v);
    for (int k = 0; k < 4; k++) {
        double y[N];
        for (int i = 0; i < N; i++)
            y[i] = k == 0 ? v[i] : k == 1 ? v[i] + 20 * i : k == 2 ? v[i] / 250 : v[i] / 100 - i / 3;
        struct trend t = mann_kendall(y, N, 1);
        assert_int_equal(t.s, want[k].s);
        near(t.var, want[k].var);
        near(t.z, want[k].z);
        assert_true(fabs(t.p / want[k].p - 1) < 1e-6);
        near(t.slope, want[k].slope);
        near(steady_lag1(y, N), want[k].lag1);
        near(mann_kendall(y, N, 4).z, want[k].z / 2);
    }
}

/* The rule's definition, evaluated for every truncation by itself. */
static void test_mser(void **state)
{
    static const struct {
        int slow;
        size_t cut;
    } want[] = {{0, 0}, {1, 2}, {3, 3}, {7, 7}, {12, 12}};
    int v[N];
    double y[N];
    numbers(v);
    for (size_t k = 0; k < ARRAY_LEN(want); k++) {
        for (int i = 0; i < N; i++)
            y[i] = v[i] + (i < want[k].slow ? 3000 : 0);
        assert_int_equal(mser(y, N), want[k].cut);
    }
    for (int i = 0; i < N; i++)
        y[i] = v[i] + floor(2000 * exp(-i / 4.0));
    assert_int_equal(mser(y, N), 7);
}

static void test_edges(void **state)
{
    const double same[] = {5, 5, 5, 5}, two[] = {1, 2};
    assert_int_equal(mser(same, 4), 0);
    assert_int_equal(mser(NULL, 0), 0);
    struct trend t = mann_kendall(same, 4, 1);
    assert_true(t.s == 0 && t.z == 0 && t.p == 1 && t.slope == 0 && t.var == 0);
    assert_true(mann_kendall(two, 2, 1).p == 1);
    assert_true(steady_lag1(same, 4) == 0 && steady_inflation(two, 2) == 1);
    double up[100];
    for (int i = 0; i < 100; i++)
        up[i] = i;
    near(steady_inflation(up, 100), 19); /* held at 0.9 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mann_kendall),
        cmocka_unit_test(test_mser),
        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
