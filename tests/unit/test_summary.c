#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/summary.h"

static void test_names(void **state)
{
    assert_string_equal(metric_name(METRIC_TTFT), "ttft");
    assert_string_equal(metric_name(METRIC_QUEUE_WAIT), "queue_wait");
    assert_string_equal(metric_name(METRIC_OUTPUT_TOK_S), "output_tok_s");
    assert_string_equal(metric_title(METRIC_TPOT), "TPOT");
    assert_int_equal(METRIC_LATENCIES, 12);
    assert_string_equal(verdict_name(VERDICT_DEGRADED), "DEGRADED");
    char t[16];
    assert_string_equal(percentile_name(t, 0.5), "p50");
    assert_string_equal(percentile_name(t, 0.999), "p99.9");
    assert_string_equal(percentile_name(t, 0.99999), "p99.999");
    assert_string_equal(percentile_name(t, 1), "p100");
}

static void test_percentiles(void **state)
{
    double q[4];
    size_t n = 0;
    struct err e = {0};
    assert_int_equal(percentiles_parse(STR("50, p95,99.9"), q, 4, &n, &e), 0);
    assert_int_equal(n, 3);
    assert_true(q[0] == 0.5 && q[1] == 0.95 && q[2] > 0.99899 && q[2] < 0.99901);
    static const char *const bad[] = {"", "50,", "x", "101", "-1", "p"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(percentiles_parse(str_of(bad[i]), q, 4, &n, &e), -1);
    assert_int_equal(percentiles_parse(STR("1,2,3,4,5"), q, 4, &n, &e), -1);
    assert_non_null(strstr(e.text, "more than 4 percentiles"));
    double many[40];
    assert_int_equal(percentiles_parse(STR("1,2,3,4,5,6,7,8,9"), many, 40, &n, &e), -1);
}

static void test_index(void **state)
{
    struct summary s = {.n_q = 2, .q = {0.5, 0.999}};
    assert_int_equal(summary_q_index(&s, 99.9 / 100), 1);
    assert_int_equal(summary_q_index(&s, 0.5), 0);
    assert_int_equal(summary_q_index(&s, 0.9), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_percentiles),
        cmocka_unit_test(test_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
