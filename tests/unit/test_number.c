/* test_number.c - reading and printing numbers, durations, sizes, counts and stamps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/str.h"

static void test_integers(void **state)
{
    int64_t i = 5;
    uint64_t u = 5;
    assert_int_equal(parse_i64(STR("-9223372036854775808"), &i), 0);
    assert_true(i == INT64_MIN);
    assert_int_equal(parse_i64(STR("9223372036854775807"), &i), 0);
    assert_true(i == INT64_MAX);
    assert_int_equal(parse_i64(STR("-0"), &i), 0);
    assert_int_equal(i, 0);
    assert_int_equal(parse_u64(STR("18446744073709551615"), &u), 0);
    assert_true(u == UINT64_MAX);
    assert_int_equal(parse_u64(STR("007"), &u), 0);
    assert_int_equal(u, 7);
    static const char *const bad[] = {
        "", "-", "+1", " 1", "1 ", "1.0", "0x10", "1e3", "--1", "a", "99999999999999999999"};
    for (size_t k = 0; k < ARRAY_LEN(bad); k++) {
        i = 77;
        u = 77;
        assert_int_equal(parse_i64(str_of(bad[k]), &i), -1);
        assert_int_equal(parse_u64(str_of(bad[k]), &u), -1);
        assert_int_equal(i, 77);
        assert_int_equal(u, 77);
    }
    assert_int_equal(parse_i64(STR("9223372036854775808"), &i), -1);
    assert_int_equal(parse_i64(STR("-9223372036854775809"), &i), -1);
    assert_int_equal(parse_u64(STR("18446744073709551616"), &u), -1);
    assert_int_equal(parse_u64(STR("-1"), &u), -1);
}

static void test_doubles(void **state)
{
    static const struct {
        const char *text;
        double want;
    } good[] = {{"0", 0},        {"1.5", 1.5},   {"-2.25", -2.25},
                {"+3", 3},       {".5", .5},     {"5.", 5},
                {"1e3", 1000},   {"1E-3", 1e-3}, {"1.7976931348623157e308", 0x1.fffffffffffffp1023},
                {"1e-400", 0.0}, {"0.1", 0.1}};
    double v;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(parse_f64(str_of(good[i].text), &v), 0);
        assert_true(v == good[i].want);
    }
    static const char *const bad[] = {"",    ".",     "-",  "e5", "1e",    "1e+", "inf",
                                      "nan", "0x1p3", " 1", "1 ", "1e400", "1,5", "1.2.3"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        v = 7;
        assert_int_equal(parse_f64(str_of(bad[i]), &v), -1);
        assert_true(v == 7);
    }
    char longer[301] = "0."; /* more digits than the buffer on the stack */
    memset(longer + 2, '3', 298);
    assert_int_equal(parse_f64(str_of(longer), &v), 0);
    assert_true(v == 1.0 / 3);
    assert_int_equal(parse_f64((struct str){"12345", 3}, &v), 0); /* not 0-ended */
    assert_true(v == 123);
}

static void test_durations(void **state)
{
    static const struct {
        const char *text;
        int64_t want;
    } good[] = {
        {"250ns", 250},
        {"20us", 20000},
        {"20\u00b5s", 20000},
        {"50ms", 50000000},
        {"1.5s", 1500000000},
        {"2m", 120000000000},
        {"1h", 3600000000000},
        {"1m30s", 90000000000},
        {"1h2m3s4ms5us6ns", 3723004005006},
        {"10", 10000000000},
        {"0.1", 100000000},
        {".5s", 500000000},
        {"0", 0},
        {"0.3s", 300000000},
        {"1.0000000005s", 1000000001}, /* rounds half up */
        {"1.0000000004s", 1000000000},
        {"0.4ns", 0},
        {"9223372036.854775807s", INT64_MAX},
        {"0.000000000000000000000001h", 0},
    };
    int64_t ns;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(parse_duration(str_of(good[i].text), &ns), 0);
        assert_int_equal(ns, good[i].want);
    }
    static const char *const bad[] = {"",
                                      "s",
                                      "-1s",
                                      "+1s",
                                      "1x",
                                      "1m30",
                                      "30s1m",
                                      "1s1s",
                                      "1 s",
                                      ".s",
                                      "1..s",
                                      "1.2.3s",
                                      "1e3s",
                                      "1ms2",
                                      "inf",
                                      "9223372036.854775808s",
                                      "99999999999999999999s",
                                      "300000000000h"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        ns = 42;
        assert_int_equal(parse_duration(str_of(bad[i]), &ns), -1);
        assert_int_equal(ns, 42);
    }
}

static void test_sizes(void **state)
{
    static const struct {
        const char *text;
        uint64_t want;
    } good[] = {{"512", 512},
                {"0", 0},
                {"64k", 65536},
                {"64K", 65536},
                {"10M", 10485760},
                {"1G", 1073741824},
                {"2T", 1ULL << 41},
                {"1KiB", 1024},
                {"1MB", 1048576},
                {"3b", 3},
                {"1.5k", 1536},
                {"0.5G", 1 << 29},
                {"18446744073709551615", UINT64_MAX}};
    uint64_t n;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(parse_size(str_of(good[i].text), &n), 0);
        assert_true(n == good[i].want);
    }
    static const char *const bad[] = {"",          "k", "-1", "1x", "1kk", "1 k", "1kib2", "18446744073709551616",
                                      "16777216T", "1i"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(parse_size(str_of(bad[i]), &n), -1);
}

static void test_print_durations(void **state)
{
    static const struct {
        int64_t ns;
        const char *want;
    } t[] = {
        {0, "0 ns"},
        {850, "850 ns"},
        {999, "999 ns"},
        {1000, "1.00 us"},
        {12345, "12.3 us"},
        {999499, "999 us"},
        {999600, "1.00 ms"}, /* rounding carries into the next unit */
        {9994999, "9.99 ms"},
        {9996000, "10.0 ms"},
        {45600000, "45.6 ms"},
        {99960000, "100 ms"},
        {1230000000, "1.23 s"},
        {59940000000, "59.9 s"},
        {59960000000, "1m00s"},
        {125000000000, "2m05s"},
        {3599400000000, "59m59s"},
        {3599600000000, "1h00m"},
        {3723000000000, "1h02m"},
        {-1500000, "-1.50 ms"},
        {-7, "-7 ns"},
    };
    char out[32];
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        assert_string_equal(fmt_duration(out, t[i].ns), t[i].want);
    assert_true(strlen(fmt_duration(out, INT64_MIN)) < 32);
    assert_true(strlen(fmt_duration(out, INT64_MAX)) < 32);
}

static void test_print_counts(void **state)
{
    static const struct {
        double v;
        const char *want;
    } t[] = {{0, "0"},      {999, "999"},     {1230, "1.23k"}, {45600000, "45.6M"}, {1.2e9, "1.2G"},  {1000, "1k"},
             {999.6, "1k"}, {12.345, "12.3"}, {0.5, "0.5"},    {0.01234, "0.0123"}, {-1500, "-1.5k"}, {3.5e12, "3.5T"},
             {2e15, "2P"},  {100, "100"},     {10, "10"},      {0.99999, "1"},      {999499, "999k"}};
    char out[32];
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        assert_string_equal(fmt_count(out, t[i].v), t[i].want);
    assert_string_equal(fmt_count(out, INFINITY), "inf");
    assert_true(strlen(fmt_count(out, -1e308)) < 32);
}

static void test_print_integers(void **state)
{
    const uint64_t v[] = {0, 1, 9, 10, 99, 100, 1234567890, UINT64_MAX / 10, UINT64_MAX};
    for (size_t i = 0; i < ARRAY_LEN(v); i++) {
        char got[21], want[32];
        *fmt_u64(got, v[i]) = 0;
        snprintf(want, sizeof want, "%llu", (unsigned long long)v[i]);
        assert_string_equal(got, want);
    }
}

static void test_stamps(void **state)
{
    char out[40];
    /* 1700000000 is 2023-11-14T22:13:20Z. */
    assert_string_equal(fmt_utc_iso(out, 1700000000123456789), "2023-11-14T22:13:20.123Z");
    assert_string_equal(fmt_utc_iso(out, 0), "1970-01-01T00:00:00.000Z");
    assert_string_equal(fmt_utc_iso(out, -1000000), "1969-12-31T23:59:59.999Z");
    assert_string_equal(fmt_utc_iso(out, 1709164800LL * NS_PER_S), "2024-02-29T00:00:00.000Z");
    setenv("TZ", "XYZ-02:30", 1); /* east of Greenwich by two and a half hours */
    tzset();
    assert_string_equal(fmt_local_stamp(out, 1700000000123456789), "2023-11-15_00-43-20");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers), cmocka_unit_test(test_doubles),         cmocka_unit_test(test_durations),
        cmocka_unit_test(test_sizes),    cmocka_unit_test(test_print_durations), cmocka_unit_test(test_print_counts),
        cmocka_unit_test(test_stamps),   cmocka_unit_test(test_print_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
