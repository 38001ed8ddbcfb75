/* test_dist_time.c - forms, moments and bounds of distributions of times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "stat/dist_time.h"

static void durations_stand_for_numbers(void **state)
{
    static const struct {
        const char *text;
        enum dist_kind kind;
        double a, b;
    } t[] = {
        {"2s", DIST_FIXED, 2e9, 0},
        {"2", DIST_FIXED, 2e9, 0},
        {"fixed:1.5", DIST_FIXED, 1.5e9, 0},
        {"1m30s", DIST_FIXED, 90e9, 0},
        {"uniform:500ms,3s", DIST_UNIFORM, 5e8, 3e9},
        {" uniform: 1 , 2s ", DIST_UNIFORM, 1e9, 2e9},
        {"exp:250us", DIST_EXP, 250e3, 0},
        {"normal:2s,500ms", DIST_NORMAL, 2e9, 5e8},
        {"lognormal:2s,0.8", DIST_LOGNORMAL, 2e9, 0.8},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct dist d;
        assert_int_equal(dist_time_parse(&d, str_of(t[i].text), NULL), 0);
        assert_int_equal(d.kind, t[i].kind);
        assert_true(d.a == t[i].a && d.b == t[i].b);
    }
}

static void what_is_no_time_is_refused_with_the_forms(void **state)
{
    static const char *const bad[] = {"",          "x",           "2x",          "uniform:1s",       "uniform:2s,1s",
                                      "exp:-1s",   "uniform:a,b", "gauss:1s,2s", "uniform:1s,2s,3s", "lognormal:0.8",
                                      "normal:1s", "exp:1s,2s",   "-1s",         "lognormal:2s,1s",  "fixed:200h"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct dist d = {DIST_EXP, 3, 4};
        struct err e = {0};
        assert_int_equal(dist_time_parse(&d, str_of(bad[i]), &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
        assert_non_null(strstr(e.text, "lognormal:2s,0.8"));
        assert_true(d.kind == DIST_EXP && d.a == 3 && d.b == 4);
    }
}

/* Mean and standard deviation by the textbook's formulas; 5 standard errors of allowance. */
static void moments_are_those_of_the_theory(void **state)
{
    static const struct {
        const char *text;
        double mean, sd; /* s */
    } t[] = {
        {"uniform:1s,3s", 2, 0.57735},
        {"exp:2s", 2, 2},
        {"normal:10s,500ms", 10, 0.5},
        {"lognormal:2s,0.5", 2.26630, 1.20779},
    };
    enum { N = 40000 };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct dist d;
        double sum = 0, sq = 0;
        assert_int_equal(dist_time_parse(&d, str_of(t[i].text), NULL), 0);
        for (uint64_t k = 0; k < N; k++) {
            double v = (double)dist_time_at(&d, 7, RNG_TEST, k) / 1e9;
            sum += v;
            sq += v * v;
        }
        double mean = sum / N, sd = sqrt(sq / N - mean * mean);
        assert_true(fabs(mean - t[i].mean) < 5 * t[i].sd / sqrt(N));
        assert_true(fabs(sd - t[i].sd) < 0.05 * t[i].sd);
    }
}

static void values_are_bounded_and_reproducible(void **state)
{
    struct dist d;
    (void)state;
    assert_int_equal(dist_time_parse(&d, STR("normal:0s,1s"), NULL), 0);
    int zeros = 0;
    for (uint64_t k = 0; k < 1000; k++) {
        int64_t v = dist_time_at(&d, 1, RNG_TEST, k);
        assert_true(v >= 0);
        assert_int_equal(v, dist_time_at(&d, 1, RNG_TEST, k));
        zeros += v == 0;
    }
    assert_in_range(zeros, 400, 600); /* half of the normal distribution lies below its mean */
    assert_int_equal(dist_time_parse(&d, STR("lognormal:10h,20"), NULL), 0);
    for (uint64_t k = 0; k < 1000; k++)
        assert_true(dist_time_at(&d, 1, RNG_TEST, k) <= DIST_TIME_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_stand_for_numbers),
        cmocka_unit_test(what_is_no_time_is_refused_with_the_forms),
        cmocka_unit_test(moments_are_those_of_the_theory),
        cmocka_unit_test(values_are_bounded_and_reproducible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
