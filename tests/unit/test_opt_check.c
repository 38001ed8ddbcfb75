/* test_opt_check.c - syntax of list, warm-up, header and JSON values; the grammar of header names is RFC 9110's token.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/opts.h"

typedef int check_fn(const char *v, struct err *e);

static void hold(check_fn *check, const char *const *good, const char *const *bad)
{
    struct err e;
    for (; *good; good++) {
        if (check(*good, &e) != 0)
            fail_msg("'%s' was refused: %s", *good, e.text);
    }
    for (; *bad; bad++) {
        e = (struct err){0};
        if (check(*bad, &e) == 0)
            fail_msg("'%s' was taken", *bad);
        assert_int_equal(e.code, ERR_USAGE);
        assert_true(e.text[0] != 0);
    }
}
#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void rates(void **state)
{
    hold(check_rates, LIST("1", "0.5", "1,5,10,20", "1e3", " 1, 2", "inf", "1, inf"),
         LIST("", "0", "-1", "1,", ",1", "a", "1;2", "nan", "-inf", "infinity"));
}

static void shapes(void **state)
{
    hold(check_profile, LIST("30s@5", "30s@5..50,1m@exp:1..2,2m@sine:0..5/30s"), LIST("", "30s", "30s@2e7"));
    hold(check_users_profile, LIST("30s@5"), LIST("", "30s@2e6"));
    hold(check_metrics_url, LIST("auto", "gpu:9400", "http://u:p@[::1]:1/metrics?x=1"),
         LIST("", "ftp://gpu", "gpu:0", "a b", "http://"));
    hold(check_speeds, LIST("1", "0.5, 2,1e3"), LIST("", "0", "-1", "1,", "x", "inf"));
    hold(check_rate_limit, LIST("60/min", "0.5/s", "1e3/h"), LIST("", "60", "0/s", "-1/s", "1/m", "/s", "1/", "nan/s"));
}

static void counts(void **state)
{
    hold(check_counts, LIST("1", "8,32", "1000000"), LIST("", "0", "-1", "8,", "1.5", "x", "1000001", "8 32"));
}

static void percentiles(void **state)
{
    hold(check_percentiles, LIST("50", "p50", "0,100", "50,95,99.9", "1,2,3,4,5,6,7,8"),
         LIST("", "101", "-1", "q50", "50,", "1,2,3,4,5,6,7,8,9"));
}

static void warmup(void **state)
{
    hold(check_warmup, LIST("10", "0", "10s", "1m30s", "500ms"), LIST("", "-1", "ten", "10 requests", "-5s"));
}

static void header(void **state)
{
    hold(check_header, LIST("a:b", "X-Trace: 1", "A: b: c", "empty:", "a~b!: tab\tin"),
         LIST("", ":", ": v", "a b: c", "a", "a\n: b", "a: b\r\nc: d", "\xc3\xa4: b", "a: \x7f"));
}

static void json(void **state)
{
    hold(check_json_object, LIST("{}", "{\"a\": [1, {\"b\": null}]}"), LIST("[]", "1", "null"));
    struct err e = {0};
    assert_int_equal(check_json_object("{\"a\":", &e), -1);
    assert_int_equal(check_json_object("", &e), -1);
    assert_int_equal(check_json_object("{} x", &e), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates),  cmocka_unit_test(shapes), cmocka_unit_test(counts), cmocka_unit_test(percentiles),
        cmocka_unit_test(warmup), cmocka_unit_test(header), cmocka_unit_test(json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
