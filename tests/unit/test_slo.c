#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/slo.h"
#include "analysis/summary.h"

static void test_slo_forms(void **state)
{
    static const struct {
        const char *text;
        int metric;
        double quantile, limit;
        bool upper, inclusive;
    } good[] = {
        {"ttft:p95<500ms", METRIC_TTFT, 0.95, 500e6, true, false},
        {" itl:p99.9 <= 50ms ", METRIC_ITL, 0.999, 50e6, true, true},
        {"e2e:mean<2s", METRIC_E2E, -1, 2e9, true, false},
        {"tpot:max<1m", METRIC_TPOT, 1, 60e9, true, false},
        {"queue_wait:min>=10us", METRIC_QUEUE_WAIT, 0, 10e3, false, true},
        {"total:p0<1ns", METRIC_TOTAL, 0, 1, true, false},
        {"error_rate<1%", METRIC_ERROR_RATE, -2, 0.01, true, false},
        {"error_rate<0.01", METRIC_ERROR_RATE, -2, 0.01, true, false},
        {"success_rate>=99.5 %", METRIC_SUCCESS_RATE, -2, 0.995, false, true},
        {"rate>20", METRIC_RATE, -2, 20, false, false},
        {"output_tok_s>1e3", METRIC_OUTPUT_TOK_S, -2, 1000, false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct slo_set s = {0};
        struct err e = {0};
        assert_int_equal(slo_parse(&s, str_of(good[i].text), &e), 0);
        assert_int_equal(s.n, 1);
        assert_int_equal(s.t[0].metric, good[i].metric);
        assert_true(s.t[0].quantile - good[i].quantile < 1e-12 && good[i].quantile - s.t[0].quantile < 1e-12);
        assert_true(s.t[0].limit - good[i].limit < 1e-9 && good[i].limit - s.t[0].limit < 1e-9);
        assert_int_equal(s.t[0].upper, good[i].upper);
        assert_int_equal(s.t[0].inclusive, good[i].inclusive);
    }
    struct slo_set s;
    struct err e;
    assert_int_equal(slo_parse(&s, STR("ttft:p95<500ms, error_rate<1%"), &e), 0);
    assert_int_equal(s.n, 2);
    assert_string_equal(s.t[0].text, "ttft:p95<500ms");
    assert_string_equal(s.t[1].text, "error_rate<1%");
}

static void check_error(int (*parse)(struct slo_set *, struct str, struct err *), const char *text, const char *error)
{
    struct slo_set s = {.n = 99};
    struct err e = {0};
    assert_int_equal(parse(&s, str_of(text), &e), -1);
    assert_int_equal(e.code, ERR_USAGE);
    assert_int_equal(s.n, 99); /* untouched */
    if (!strstr(e.text, error))
        assert_string_equal(e.text, error);
}

static void test_slo_errors(void **state)
{
    check_error(slo_parse, "", "an empty objective");
    check_error(slo_parse, "ttft:p95<1s,", "an empty objective");
    check_error(slo_parse, "ttft:p95", "write metric:statistic<limit, as in ttft:p95<500ms");
    check_error(slo_parse, "ttft:p95<1s>2", "is no objective");
    check_error(slo_parse, "tfft:p95<1s", "unknown metric \"tfft\"; did you mean ttft?");
    check_error(slo_parse, "speed<1s",
                "unknown metric \"speed\" (metrics: ttft ttfo ttfb itl tpot ntpot e2e total "
                "queue_wait error_rate success_rate rate output_tok_s)");
    check_error(slo_parse, "ttft<1s", "needs a statistic: ttft:p95<...");
    check_error(slo_parse, "ttft:q95<1s", "unknown statistic \"q95\"");
    check_error(slo_parse, "ttft:p101<1s", "unknown statistic \"p101\"");
    check_error(slo_parse, "ttft:p95<500", "\"500\" has no unit; write 500ms or 500s");
    check_error(slo_parse, "ttft:p95<fast", "\"fast\" is not a duration");
    check_error(slo_parse, "error_rate:p95<1%", "error_rate has no statistics; write error_rate<...");
    check_error(slo_parse, "error_rate<5", "\"5\" is more than all; write 5%");
    check_error(slo_parse, "error_rate<x", "\"x\" is not a share; write 1% or 0.01");
    check_error(slo_parse, "rate>-1", "\"-1\" is not a number");
    char many[1000] = "rate>1";
    for (size_t i = 1; i < SLO_MAX + 1; i++)
        snprintf(many + strlen(many), sizeof many - strlen(many), ",rate>%zu", i);
    check_error(slo_parse, many, "more than 16 objectives");
}

static void test_goodput(void **state)
{
    struct slo_set s;
    struct err e;
    assert_int_equal(goodput_parse(&s, STR("ttft:500ms,e2e:5s"), &e), 0);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.t[0].metric, METRIC_TTFT);
    assert_true(s.t[0].limit == 500e6 && s.t[1].limit == 5e9);
    assert_true(s.t[0].upper && s.t[0].inclusive);
    check_error(goodput_parse, "ttft<500ms", "write metric:limit, as in ttft:500ms");
    check_error(goodput_parse, "error_rate:1%", "unknown metric \"error_rate\"");
    check_error(goodput_parse, "e2e:5", "write 5ms or 5s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slo_forms),
        cmocka_unit_test(test_slo_errors),
        cmocka_unit_test(test_goodput),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
