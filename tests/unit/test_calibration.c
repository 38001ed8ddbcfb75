#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "analysis/calibration.h"
#include "stat/hist.h"

static struct cal_row row(double asked, double came, double busy, double server, uint64_t failed)
{
    return (struct cal_row){.streams = 10,
                            .asked_per_s = asked,
                            .events_per_s = came,
                            .busy = busy,
                            .server_busy = server,
                            .requests = 1000,
                            .failed = failed,
                            .ttft_error = {10, 1, 2, 3},
                            .itl_error = {10, 1, 2, 3}};
}

static void test_judge(void **state)
{
    (void)state;
    const struct {
        struct cal_row r;
        enum cal_limit limit;
    } rows[] = {
        {row(1000, 990, 0.1, 0.1, 0), CAL_CARRIED},   {row(1000, 990, 0.1, 0.1, 10), CAL_CARRIED}, /* 1 % */
        {row(1000, 990, 0.1, 0.1, 11), CAL_FAILURES}, {row(1000, 990, 0.96, 0.1, 0), CAL_CLIENT},
        {row(1000, 800, 0.9, 0.8, 0), CAL_CLIENT},    {row(1000, 800, 0.8, 0.9, 0), CAL_SERVER},
        {row(1000, 800, 0.1, 0.9, 0), CAL_SERVER},    {row(1000, 800, 0.2, 0.3, 0), CAL_OTHER},
        {row(1000, NAN, 0.2, 0.9, 0), CAL_SERVER}, /* nothing came */
        {row(NAN, 800, 0.2, NAN, 0), CAL_CARRIED}, /* another server: nobody knows what it was to send */
        {row(NAN, 800, 0.97, NAN, 0), CAL_CLIENT},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(calibration_judge(&rows[i].r), rows[i].limit);
    struct cal_row r = row(1000, 990, 0.1, 0.1, 0);
    r.unmatched = 11;
    assert_int_equal(calibration_judge(&r), CAL_FAILURES);
    r.requests = r.unmatched = 0;
    assert_int_equal(calibration_judge(&r), CAL_FAILURES);
}

static void test_ceiling(void **state)
{
    (void)state;
    struct calibration c = {0};
    assert_true(isnan(calibration_ceiling(&c)));
    c.n_levels = 2;
    c.n_rates = 3;
    c.levels[0] = row(100, 100, 0.1, 0.1, 0);
    c.levels[1] = row(1000, 990, 0.1, 0.1, 0);
    c.rates[0] = row(2000, 1990, 0.5, 0.5, 0);
    c.rates[1] = row(3000, 2990, 0.6, 0.5, 0);
    c.rates[2] = row(4000, 3990, 0.6, 0.5, 0);
    c.rates[0].ttft_error.p99 = 1e6; /* just holds */
    c.rates[1].itl_error.p99 = 1.001e6;
    c.rates[2].limit = CAL_FAILURES;
    assert_true(calibration_ceiling(&c) == 1990);
    c.rates[0].ttft_error.p99 = 1.001e6;
    assert_true(calibration_ceiling(&c) == 990);
    c.levels[0].itl_error.p99 = c.levels[1].itl_error.p99 = NAN; /* without a gap nothing is shown */
    assert_true(isnan(calibration_ceiling(&c)));
}

static void test_dist(void **state)
{
    (void)state;
    struct hist *h = hist_new();
    struct cal_dist d = cal_dist_of(h);
    assert_int_equal(d.n, 0);
    assert_true(isnan(d.p50) && isnan(d.p99) && isnan(d.max));
    for (int i = 0; i <= 100; i++)
        hist_add(h, i, 1);
    d = cal_dist_of(h);
    assert_int_equal(d.n, 101);
    assert_true(d.p50 == 50 && d.p99 == 99 && d.max == 100);
    hist_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_judge), cmocka_unit_test(test_ceiling),
                                       cmocka_unit_test(test_dist)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
