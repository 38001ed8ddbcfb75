#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "report/plot_axes.h"

static struct plot_range range(const double *v, size_t n)
{
    struct plot_range r;
    plot_range_init(&r);
    for (size_t i = 0; i < n; i++)
        plot_range_add(&r, v[i]);
    return r;
}

/* A random number of 1e-12 to 1e12, as likely in each power of ten. */
static double any(uint64_t i)
{
    return pow(10, (double)(rng_u64(7, RNG_TEST, i) >> 11) / (double)(1ULL << 53) * 24 - 12);
}

static double mantissa(double v)
{
    return v / pow(10, floor(log10(v) + 1e-9));
}

static bool is_125(double v)
{
    double m = mantissa(v);
    return fabs(m - 1) < 1e-6 || fabs(m - 2) < 1e-6 || fabs(m - 5) < 1e-6;
}

/* The step is of the form, cuts into few enough pieces, and the next smaller of the form would not. */
static void steps(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 20000; i++) {
        double span = any(i);
        unsigned most = 1 + (unsigned)(i % 12);
        double step = plot_step(span, most), m = mantissa(step);
        double smaller = fabs(m - 1) < 1e-6 ? step / 2 : fabs(m - 2) < 1e-6 ? step / 2 : step / 2.5;
        assert_true(is_125(step));
        assert_true(span / step <= most * (1 + 1e-8));
        assert_true(span / smaller > most * (1 - 1e-8));
    }
    assert_true(plot_step(1, 5) == 0.2);
    assert_true(plot_step(100, 5) == 20);
    assert_true(plot_step(0.3, 3) == 0.1);
}

static void linear_axis(void **state)
{
    (void)state;
    double lo, hi, at[PLOT_TICKS_MAX];
    for (uint64_t i = 0; i < 20000; i++) {
        double v[] = {any(2 * i), any(2 * i + 1)};
        struct plot_range r = range(v, 2);
        unsigned most = 2 + (unsigned)(i % 8);
        plot_fit_linear(&r, most, &lo, &hi);
        double max = MAX(v[0], v[1]);
        assert_true(lo == 0);
        assert_true(max <= hi * 0.9801);
        assert_true(max >= hi / 4); /* nor is most of it empty: one step of two at the most, and the next */
        size_t n = plot_ticks_linear(lo, hi, most, at);
        assert_in_range(n, 2, most + 1);
        assert_true(at[0] == 0);
        assert_true(fabs(at[n - 1] / hi - 1) < 1e-9);
        for (size_t k = 2; k < n; k++)
            assert_true(fabs((at[k] - at[k - 1]) / at[1] - 1) < 1e-6);
    }
    struct plot_range none = range(NULL, 0);
    plot_fit_linear(&none, 5, &lo, &hi);
    assert_true(lo == 0 && hi >= 1);
    double zeros[] = {0, 0}, below[] = {-3, 7};
    struct plot_range r = range(zeros, 2);
    plot_fit_linear(&r, 5, &lo, &hi);
    assert_true(lo == 0 && hi > 0);
    r = range(below, 2);
    plot_fit_linear(&r, 5, &lo, &hi);
    assert_true(lo <= -3 && hi >= 7 && isfinite(hi));
    assert_int_equal(plot_ticks_linear(1, 1, 5, at), 0);
    assert_int_equal(plot_ticks_linear(NAN, 1, 5, at), 0);
    /* Tenths are the doubles nearest to them, not sums of what is nearly a tenth. */
    size_t n = plot_ticks_linear(0, 0.7, 7, at);
    assert_int_equal(n, 8);
    assert_true(at[3] == 0.3 && at[6] == 0.6 && at[7] == 0.7);
}

static void logarithmic_axis(void **state)
{
    (void)state;
    double lo, hi, at[PLOT_TICKS_MAX];
    for (uint64_t i = 0; i < 20000; i++) {
        double v[] = {any(2 * i), any(2 * i + 1)};
        struct plot_range r = range(v, 2);
        unsigned most = 3 + (unsigned)(i % 7);
        plot_fit_log(&r, &lo, &hi);
        assert_true(is_125(lo) && is_125(hi));
        assert_true(lo <= MIN(v[0], v[1]) && lo >= MIN(v[0], v[1]) / 5.3);
        assert_true(hi >= MAX(v[0], v[1]) && hi <= MAX(v[0], v[1]) * 2.7);
        size_t n = plot_ticks_log(lo, hi, most, at);
        assert_in_range(n, 1, most + 2);
        for (size_t k = 0; k < n; k++) {
            assert_true(is_125(at[k]));
            assert_true(at[k] >= lo * (1 - 1e-8) && at[k] <= hi * (1 + 1e-8));
            assert_true(k == 0 || at[k] > at[k - 1]);
        }
    }
    const double expected[] = {0.1, 0.2, 0.5, 1, 2, 5, 10};
    assert_int_equal(plot_ticks_log(0.1, 10, 7, at), 7);
    for (size_t k = 0; k < 7; k++)
        assert_true(at[k] == expected[k]);
    assert_int_equal(plot_ticks_log(0.1, 10, 4, at), 3);   /* powers of ten alone */
    assert_int_equal(plot_ticks_log(1e-9, 1e9, 5, at), 5); /* each fourth power, and 1 among them */
    assert_true(at[0] == 1e-8 && at[2] == 1 && at[4] == 1e8);
    assert_int_equal(plot_ticks_log(0, 10, 5, at), 0);
    assert_int_equal(plot_ticks_log(10, 1, 5, at), 0);
}

static void scales(void **state)
{
    (void)state;
    double near[] = {0.1, 0.5, NAN, INFINITY}, far[] = {0.1, 4.1}, zero[] = {0, 100};
    struct plot_range r = range(near, 4);
    assert_int_equal(r.n, 2);
    assert_int_equal(plot_scale_for(&r, PLOT_AUTO), PLOT_LINEAR);
    assert_int_equal(plot_scale_for(&r, PLOT_LOG), PLOT_LOG);
    r = range(far, 2);
    assert_int_equal(plot_scale_for(&r, PLOT_AUTO), PLOT_LOG);
    assert_int_equal(plot_scale_for(&r, PLOT_LINEAR), PLOT_LINEAR);
    r = range(zero, 2);
    assert_int_equal(plot_scale_for(&r, PLOT_AUTO), PLOT_LINEAR);
    r = range(zero, 1);
    assert_int_equal(plot_scale_for(&r, PLOT_LOG), PLOT_LINEAR); /* nothing above 0 */

    double documented[] = {1, 5, 10, 20}, doubled[] = {1, 2, 4, 8, 16, 32, 64};
    assert_int_equal(plot_level_scale(documented, 4), PLOT_LINEAR);
    assert_int_equal(plot_level_scale(doubled, 7), PLOT_LOG);
    assert_int_equal(plot_level_scale(zero, 2), PLOT_LINEAR);
    double lo, hi;
    for (int s = PLOT_LINEAR; s <= PLOT_LOG; s++) {
        plot_fit_levels(doubled, 7, s, &lo, &hi);
        double first = plot_share(s, lo, hi, 1), last = plot_share(s, lo, hi, 64);
        assert_true(first > 0.02 && first < 0.08 && fabs(first + last - 1) < 1e-9);
        plot_fit_levels(documented + 1, 1, s, &lo, &hi);
        assert_true(fabs(plot_share(s, lo, hi, 5) - 0.5) < 1e-9);
    }
    plot_fit_levels(zero, 1, PLOT_LINEAR, &lo, &hi);
    assert_true(plot_share(PLOT_LINEAR, lo, hi, 0) == 0.5);
    assert_true(isnan(plot_share(PLOT_LOG, 1, 10, 0)));
    assert_true(fabs(plot_share(PLOT_LOG, 0.01, 100, 1) - 0.5) < 1e-12);
}

static void check_labels(const double *v, size_t n, bool each, const char *expected)
{
    char label[8][PLOT_LABEL], all[512] = "";
    size_t at = 0;
    plot_labels(v, n, each, label);
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(all + at, sizeof all - at, "%s%s", i ? " " : "", label[i]);
    assert_string_equal(all, expected);
}
#define LABELS(each, expected, ...)                                                                                    \
    check_labels((const double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double), each, expected)

static void labels(void **state)
{
    (void)state;
    LABELS(false, "0 5 10", 0, 5, 10);
    LABELS(false, "0 0.5 1.0 1.5", 0, 0.5, 1, 1.5);
    LABELS(false, "0 0.02 0.04", 0, 0.02, 0.04);
    LABELS(false, "0 500 1,000 1,500", 0, 500, 1000, 1500);
    LABELS(false, "0 10k 20k", 0, 1e4, 2e4);
    LABELS(false, "0 0.5M 1.0M", 0, 5e5, 1e6);
    LABELS(false, "0 2G", 0, 2e9);
    LABELS(false, "0 2e-05 4e-05", 0, 2e-5, 4e-5);
    LABELS(false, "-5 0 5", -5, 0, 5);
    LABELS(false, "2e+18", 2e18);
    LABELS(true, "0.1 1 10 100", 0.1, 1, 10, 100);
    LABELS(true, "1e-06 0.001 1 1,000 1M", 1e-6, 1e-3, 1, 1e3, 1e6);
    char one[PLOT_LABEL];
    assert_string_equal(plot_label(one, 0.5), "0.5");
    assert_string_equal(plot_label(one, 20), "20");
    assert_string_equal(plot_label(one, 1200), "1200");
    assert_string_equal(plot_label(one, 1.0 / 3), "0.333333");
    assert_string_equal(plot_label(one, 25000), "25k");
}

/* Whatever is kept does not touch; the last is kept; what is left out would have touched. */
static void thinning(void **state)
{
    (void)state;
    for (uint64_t round = 0; round < 3000; round++) {
        double middle[24], width[24], at = 0;
        bool keep[24];
        size_t n = 1 + round % 24;
        for (size_t i = 0; i < n; i++) {
            uint64_t u = rng_u64(3, RNG_TEST, round * 24 + i);
            at += (double)(u & 31);
            middle[i] = at;
            width[i] = 4 + (double)(u >> 8 & 15);
        }
        plot_thin(middle, width, n, 2, keep);
        assert_true(keep[n - 1]);
        for (size_t i = 0; i < n; i++)
            for (size_t k = i + 1; k < n; k++) {
                double gap = (middle[k] - width[k] / 2) - (middle[i] + width[i] / 2);
                if (keep[i] && keep[k])
                    assert_true(gap >= 2);
            }
        for (size_t i = 0; i < n; i++) {
            bool touches = keep[i];
            for (size_t k = 0; k < n && !touches; k++)
                touches = keep[k] && fabs(middle[k] - middle[i]) < (width[k] + width[i]) / 2 + 2;
            assert_true(touches);
        }
    }
    plot_thin(NULL, NULL, 0, 1, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps),  cmocka_unit_test(linear_axis), cmocka_unit_test(logarithmic_axis),
        cmocka_unit_test(scales), cmocka_unit_test(labels),      cmocka_unit_test(thinning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
