/* test_dist.c - forms, moments and bounds of the distributions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/rng.h"
#include "stat/dist.h"

static void test_forms(void **state)
{
    static const struct {
        const char *text;
        enum dist_kind kind;
        double a, b, mean;
    } t[] = {
        {"128", DIST_FIXED, 128, 0, 128},
        {"fixed:1.5", DIST_FIXED, 1.5, 0, 1.5},
        {"uniform:10,20", DIST_UNIFORM, 10, 20, 15},
        {"uniform: 10 , 20 ", DIST_UNIFORM, 10, 20, 15},
        {"exp:0.25", DIST_EXP, 0.25, 0, 0.25},
        {"normal:-5,2", DIST_NORMAL, -5, 2, -5},
        {"lognormal:100,0.5", DIST_LOGNORMAL, 100, 0.5, 113.31484530668263},
        {"lognormal:0.1", DIST_LOGNORMAL, 1, 0.1, 1.005012520859401},
        {"zipf:1,4", DIST_ZIPF, 1, 4, 4 / (1 + 1 / 2.0 + 1 / 3.0 + 1 / 4.0)},
        {"zipf:0,9", DIST_ZIPF, 0, 9, 5},
        {"1e+3", DIST_FIXED, 1000, 0, 1000},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct dist d;
        struct err e = {0};
        assert_int_equal(dist_parse(&d, str_of(t[i].text), &e), 0);
        assert_int_equal(d.kind, t[i].kind);
        assert_true(d.a == t[i].a && d.b == t[i].b);
        assert_true(fabs(dist_mean(&d) - t[i].mean) < 1e-12);
    }
}

static void test_errors_name_text_and_forms(void **state)
{
    static const char *const bad[] = {"",           "x",          "gauss:1,2",     "fixed:",
                                      "fixed:1,2",  "uniform:1",  "uniform:2,1",   "uniform:1,2,3",
                                      "exp:-1",     "exp:a",      "normal:1",      "normal:1,-1",
                                      "lognormal:", "-3",         "lognormal:0,1", "lognormal:1,99",
                                      "fixed:inf",  "uniform:,1", "Uniform:1,2",   "exp:1,2",
                                      ":5",         "1 2",        "zipf:1",        "zipf:-1,9",
                                      "zipf:1,0",   "zipf:1,2.5", "zipf:21,5",     "zipf:1,2e9",
                                      "1+",         "+1",         "0*5+1",         "-1*5+1",
                                      "a*5+1",      "5*",         "1+2*gauss:1",   "1+2+3+4+5+6+7+8+9"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct dist d = {.kind = DIST_EXP, .a = 3, .b = 4};
        struct err e = {0};
        char quoted[64];
        assert_int_equal(dist_parse(&d, str_of(bad[i]), &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
        snprintf(quoted, sizeof quoted, "\"%s\"", bad[i]);
        assert_non_null(strstr(e.text, quoted));
        assert_non_null(strstr(e.text, "lognormal:"));
        assert_true(d.kind == DIST_EXP && d.a == 3 && d.b == 4);
    }
}

enum { N = 40000 };

/* Mean and standard deviation of samples against the closed formulas, within 5 standard errors of the mean. */
static void check_moments(const char *text, double mean, double sd)
{
    struct dist d;
    double sum = 0, sq = 0;
    assert_int_equal(dist_parse(&d, str_of(text), NULL), 0);
    for (uint64_t i = 0; i < N; i++) {
        double v = dist_sample(&d, rng_unit(1, RNG_TEST, 2 * i), rng_unit(1, RNG_TEST, 2 * i + 1));
        sum += v;
        sq += (v - mean) * (v - mean);
    }
    assert_true(fabs(sum / N - mean) <= 5 * sd / sqrt(N));
    assert_true(fabs(sqrt(sq / N) - sd) <= 0.03 * sd);
    assert_true(fabs(dist_mean(&d) - mean) <= 1e-9 * fabs(mean));
}

static void test_moments(void **state)
{
    check_moments("7", 7, 0);
    check_moments("uniform:2,8", 5, 6 / sqrt(12));
    check_moments("exp:3", 3, 3);
    check_moments("normal:10,2", 10, 2);
    check_moments("lognormal:50,0.25", 50 * exp(0.03125), 50 * exp(0.03125) * sqrt(exp(0.0625) - 1));
}

/* Generalized harmonic numbers, term by term. */
static double sum_of_powers(double s, double n)
{
    double sum = 0;
    for (double k = n; k >= 1; k--)
        sum += pow(k, -s);
    return sum;
}

static void test_moments_of_zipf(void **state)
{
    static const struct {
        const char *text;
        double s, n;
    } t[] = {{"zipf:1,1000", 1, 1000},
             {"zipf:1.1,100000", 1.1, 100000},
             {"zipf:0.5,77", 0.5, 77},
             {"zipf:2.5,20", 2.5, 20},
             {"zipf:0,50", 0, 50}};
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        double h = sum_of_powers(t[i].s, t[i].n), mean = sum_of_powers(t[i].s - 1, t[i].n) / h;
        check_moments(t[i].text, mean, sqrt(sum_of_powers(t[i].s - 2, t[i].n) / h - mean * mean));
    }
}

/* How often each of the first values comes, against its probability; and none lies outside. */
static void test_frequencies_of_zipf(void **state)
{
    struct dist d;
    uint64_t count[6] = {0};
    double x = 0, h = sum_of_powers(1.2, 500);
    assert_int_equal(dist_parse(&d, STR("zipf:1.2,500"), NULL), 0);
    for (uint64_t i = 0; i < N; i++) {
        int64_t v = dist_int(&d, rng_unit(6, RNG_TEST, i), 0.5, 0, 1000);
        assert_true(v >= 1 && v <= 500);
        count[MIN(v, 6) - 1]++;
    }
    double rest = N;
    for (int k = 1; k <= 6; k++) {
        double want = k < 6 ? N * pow(k, -1.2) / h : rest;
        rest -= want;
        x += ((double)count[k - 1] - want) * ((double)count[k - 1] - want) / want;
    }
    assert_true(x < 20.5); /* chi-square of 5 degrees of freedom: 99.9 % */
    assert_int_equal(dist_int(&d, 1 - 0x1p-53, 0.5, 0, 1000), 500);
    assert_int_equal(dist_int(&d, 0x1p-60, 0.5, 0, 1000), 1);
}

/* Mean and variance of a mixture from those of its parts. */
static void test_moments_of_mixtures(void **state)
{
    check_moments("0.8*fixed:200+0.2*uniform:2000,4000", 0.8 * 200 + 0.2 * 3000,
                  sqrt(0.8 * 200 * 200 + 0.2 * (9e6 + 4e6 / 12) - 760 * 760));
    check_moments("3*normal:10,2 + normal:100,5", 32.5, sqrt(0.75 * (100 + 4) + 0.25 * (1e4 + 25) - 32.5 * 32.5));
    check_moments("5+exp:5", 5, sqrt(12.5));
    check_moments("2*7", 7, 0);
}

static void test_mixture_shares_and_integers(void **state)
{
    struct dist d;
    int low = 0;
    uint64_t count[2] = {0};
    assert_int_equal(dist_parse(&d, STR("1*uniform:1,2+3*1e+2"), NULL), 0);
    for (uint64_t i = 0; i < N; i++) {
        int64_t v = dist_int(&d, rng_unit(7, RNG_TEST, 2 * i), rng_unit(7, RNG_TEST, 2 * i + 1), 0, 1000);
        assert_true(v == 1 || v == 2 || v == 100);
        low += v < 100;
        if (v < 100)
            count[v - 1]++;
    }
    assert_true(abs(low - N / 4) < 5 * sqrt(N * 0.25 * 0.75));
    assert_true(fabs((double)count[0] - low / 2.0) < 5 * sqrt(low) / 2);
}

static void test_median_of_lognormal(void **state)
{
    struct dist d;
    int below = 0;
    assert_int_equal(dist_parse(&d, STR("lognormal:100,1"), NULL), 0);
    for (uint64_t i = 0; i < N; i++)
        below += dist_sample(&d, rng_unit(2, RNG_TEST, 2 * i), rng_unit(2, RNG_TEST, 2 * i + 1)) < 100;
    assert_true(abs(below - N / 2) < 5 * sqrt(N) / 2);
}

static void test_integers_are_inclusive_and_even(void **state)
{
    struct dist d;
    uint64_t count[6] = {0};
    assert_int_equal(dist_parse(&d, STR("uniform:3,8"), NULL), 0);
    for (uint64_t i = 0; i < N; i++) {
        int64_t v = dist_int(&d, rng_unit(3, RNG_TEST, i), 0.5, 0, 100);
        assert_true(v >= 3 && v <= 8);
        count[v - 3]++;
    }
    double x = 0, want = N / 6.0;
    for (size_t i = 0; i < 6; i++)
        x += ((double)count[i] - want) * ((double)count[i] - want) / want;
    assert_true(x < 20.5); /* chi-square of 5 degrees of freedom: 99.9 % */
    assert_int_equal(dist_int(&d, 1 - 0x1p-53, 0.5, 0, 100), 8);
    assert_int_equal(dist_int(&d, 0x1p-60, 0.5, 0, 100), 3);
}

static void test_integers_are_clamped(void **state)
{
    struct dist d;
    assert_int_equal(dist_parse(&d, STR("normal:0,1000"), NULL), 0);
    for (uint64_t i = 0; i < 100; i++) {
        int64_t v = dist_int(&d, rng_unit(4, RNG_TEST, 2 * i), rng_unit(4, RNG_TEST, 2 * i + 1), 1, 50);
        assert_true(v >= 1 && v <= 50);
    }
    assert_int_equal(dist_parse(&d, STR("1e300"), NULL), 0);
    assert_true(dist_int(&d, 0.5, 0.5, 1, INT64_MAX) == INT64_MAX);
    assert_int_equal(dist_parse(&d, STR("2.5"), NULL), 0);
    assert_int_equal(dist_int(&d, 0.5, 0.5, 0, 100), 3);
    assert_int_equal(dist_parse(&d, STR("uniform:1.2,1.3"), NULL), 0); /* no integer inside */
    assert_int_equal(dist_int(&d, 0.5, 0.5, 0, 100), 2);
}

/* The smallest and largest arguments give finite samples. */
static void test_samples_are_finite(void **state)
{
    static const char *const t[] = {"uniform:0,1",   "exp:1",    "normal:0,1",
                                    "lognormal:1,2", "zipf:1,9", "1*normal:0,1+1e-9*exp:1"};
    static const double u[] = {0x1p-53, 0.5, 1 - 0x1p-53};
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct dist d;
        assert_int_equal(dist_parse(&d, str_of(t[i]), NULL), 0);
        for (size_t a = 0; a < 3; a++)
            for (size_t b = 0; b < 3; b++)
                assert_true(isfinite(dist_sample(&d, u[a], u[b])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_errors_name_text_and_forms),
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_moments_of_zipf),
        cmocka_unit_test(test_frequencies_of_zipf),
        cmocka_unit_test(test_moments_of_mixtures),
        cmocka_unit_test(test_mixture_shares_and_integers),
        cmocka_unit_test(test_median_of_lognormal),
        cmocka_unit_test(test_integers_are_inclusive_and_even),
        cmocka_unit_test(test_integers_are_clamped),
        cmocka_unit_test(test_samples_are_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
