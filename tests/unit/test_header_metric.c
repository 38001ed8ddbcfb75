/* test_header_metric.c - which header values are numbers, and to the millionth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/header_metric.h"

static void values(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t millionths; /* -1: no number */
    } cases[] = {
        {"0", 0},
        {"12.5", 12500000},
        {" 7 ", 7000000},
        {"1e-3", 1000},
        {"0.0000004", 0},
        {"0.0000006", 1},
        {"1000000000", 1000000000000000},
        {"999999999.999999", 999999999999999},
        {"1000000001", -1},
        {"-1", -1},
        {"", -1},
        {"12ms", -1},
        {"nan", -1},
        {"inf", -1},
        {"1, 2", -1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t got = header_metric_parse(str_of(cases[i].text));
        assert_int_equal(header_metric_is(got), cases[i].millionths >= 0);
        assert_int_equal(header_metric_is(got) ? header_metric_value(got) : got, cases[i].millionths);
        assert_int_not_equal(got, HEADER_METRIC_NONE);
    }
}

static void names(void **state)
{
    (void)state;
    char longest[65] = "";
    struct err e = {0};
    memset(longest, 'x', 63);
    assert_int_equal(header_metric_check_name("X-TTFT-MS", &e), 0);
    assert_int_equal(header_metric_check_name(longest, &e), 0);
    longest[63] = 'x';
    assert_int_equal(header_metric_check_name(longest, &e), -1);
    assert_string_equal(e.text, "is longer than 63 characters");
    static const char *const bad[] = {"", "X-TTFT:", "a b", "a\"b", "\xc3\xa4"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(header_metric_check_name(bad[i], &e), -1);
    assert_non_null(strstr(e.text, "without a colon"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
