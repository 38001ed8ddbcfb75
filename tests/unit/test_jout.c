/* test_jout.c - JSON written: layout, numbers, escapes, invalid UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/jout.h"
#include "base/rng.h"

static struct buf b = BUF_INIT(1 << 20);
static struct jout j;

static void start(int indent)
{
    buf_clear(&b);
    jo_init(&j, &b, indent);
}

static void write_all_kinds(void)
{
    jo_obj(&j);
    jo_kstr(&j, "s", STR("a\"b"));
    jo_kstrz(&j, "z", NULL);
    jo_ki64(&j, "i", INT64_MIN);
    jo_ku64(&j, "u", UINT64_MAX);
    jo_kf64(&j, "f", 0.5);
    jo_kbool(&j, "t", true);
    jo_key(&j, "a");
    jo_arr(&j);
    jo_i64(&j, 0);
    jo_null(&j);
    jo_obj(&j);
    jo_end_obj(&j);
    jo_arr(&j);
    jo_end_arr(&j);
    jo_raw(&j, STR("{\"r\":1}"));
    jo_bool(&j, false);
    jo_end_arr(&j);
    jo_kfixed(&j, "k\"\n", 1.25, 1);
    jo_end_obj(&j);
}

static void test_one_line(void **state)
{
    start(0);
    write_all_kinds();
    assert_string_equal(
        b.p, "{\"s\":\"a\\\"b\",\"z\":null,\"i\":-9223372036854775808,\"u\":18446744073709551615,\"f\":0.5,\"t\":true,"
             "\"a\":[0,null,{},[],{\"r\":1},false],\"k\\\"\\n\":1.2}");
}

static void test_indented(void **state)
{
    start(2);
    write_all_kinds();
    assert_string_equal(b.p, "{\n"
                             "  \"s\": \"a\\\"b\",\n"
                             "  \"z\": null,\n"
                             "  \"i\": -9223372036854775808,\n"
                             "  \"u\": 18446744073709551615,\n"
                             "  \"f\": 0.5,\n"
                             "  \"t\": true,\n"
                             "  \"a\": [\n"
                             "    0,\n"
                             "    null,\n"
                             "    {},\n"
                             "    [],\n"
                             "    {\"r\":1},\n"
                             "    false\n"
                             "  ],\n"
                             "  \"k\\\"\\n\": 1.2\n"
                             "}");
}

static void test_lines_of_values(void **state)
{
    start(0);
    for (int i = 0; i < 3; i++) {
        jo_obj(&j);
        jo_ki64(&j, "i", i);
        jo_end_obj(&j);
        buf_addc(&b, '\n');
    }
    assert_string_equal(b.p, "{\"i\":0}\n{\"i\":1}\n{\"i\":2}\n");
}

static void test_depth_limit(void **state)
{
    start(0);
    for (int i = 0; i < 63; i++)
        jo_arr(&j);
    assert_false(b.failed);
    jo_arr(&j);
    assert_true(b.failed);
}

static const char *f64(double v)
{
    start(0);
    jo_f64(&j, v);
    return b.p;
}

static void test_doubles(void **state)
{
    static const struct {
        double v;
        const char *want;
    } t[] = {{0, "0"},
             {1, "1"},
             {-1, "-1"},
             {0.1, "0.1"},
             {-2.5, "-2.5"},
             {1.0 / 3, "0.3333333333333333"},
             {12.346, "12.346"},
             {1e15, "1e+15"},
             {123456, "123456"},
             {0.001, "0.001"},
             {1e-7, "1e-07"},
             {0.1 + 0.2, "0.30000000000000004"},
             {1e300, "1e+300"},
             {5e-324, "4.94065645841247e-324"},
             {100, "100"},
             {99.99, "99.99"},
             {-0.0, "-0"},
             {NAN, "null"},
             {INFINITY, "null"},
             {-INFINITY, "null"},
             {0.000001, "0.000001"},
             {1000000.5, "1000000.5"}};
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        assert_string_equal(f64(t[i].v), t[i].want);
}

static int significant_digits(const char *z)
{
    char dig[64];
    int n = 0;
    for (; *z && *z != 'e'; z++)
        if (*z >= '0' && *z <= '9' && (n > 0 || *z != '0'))
            dig[n++] = *z;
    while (n > 1 && dig[n - 1] == '0')
        n--;
    return n;
}

/* Reads back as the same double, and no %g form down to 15 digits is shorter and does. */
static void check_shortest(double v)
{
    const char *z = f64(v);
    assert_true(strtod(z, NULL) == v);
    int have = significant_digits(z);
    if (have <= 15)
        return;
    for (int d = 15; d < have; d++) {
        char t[330];
        snprintf(t, sizeof t, "%.*g", d, v);
        assert_true(strtod(t, NULL) != v);
    }
}

static void test_doubles_round_trip(void **state)
{
    for (uint64_t i = 0; i < 20000; i++) {
        uint64_t r = rng_u64(1, RNG_TEST, i);
        double any;
        memcpy(&any, &r, sizeof any);
        if (isfinite(any))
            check_shortest(any);
        check_shortest((double)(int64_t)(r >> 34) / 1000.0 - 300000);
        check_shortest((double)(r >> 40) / 1e6);
        check_shortest((double)(r >> 20) * 1e-9);
        check_shortest(rng_unit(1, RNG_TEST, i));
    }
}

static void test_fixed(void **state)
{
    static const struct {
        double v;
        int decimals;
        const char *want;
    } t[] = {{12.3456, 3, "12.346"},
             {12.3, 3, "12.3"},
             {12, 3, "12"},
             {100, 0, "100"},
             {0.0004, 3, "0"},
             {-0.0004, 3, "0"},
             {-1.5, 0, "-2"},
             {2.5, 0, "2"},
             {1e20, 3, "1e+20"},
             {NAN, 3, "null"},
             {1.23456789, 6, "1.234568"},
             {-0.25, 2, "-0.25"},
             {999999999999999.0, 17, "999999999999999"},
             {10, 2, "10"}};
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        start(0);
        jo_fixed(&j, t[i].v, t[i].decimals);
        assert_string_equal(b.p, t[i].want);
    }
}

static void check_escape(struct str in, const char *want)
{
    buf_clear(&b);
    json_escape(&b, in);
    if (in.n == 0)
        assert_int_equal(b.n, 0);
    else
        assert_string_equal(b.p, want);
}

static void test_escape(void **state)
{
    check_escape(str_of(NULL), "");
    check_escape(STR("plain text, longer than sixteen bytes"), "plain text, longer than sixteen bytes");
    check_escape(STR("\"\\/\b\f\n\r\t\x01\x1f\x7f"), "\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f");
    check_escape(STR("a\0b"), "a\\u0000b");
    check_escape(STR("h\u00e9llo \u20ac \U0001F600!"), "h\u00e9llo \u20ac \U0001F600!");
}

/* The examples of the Unicode standard (section 3.9, tables 3-8 to 3-11) for replacing ill-formed sequences. */
static void test_invalid_utf8_is_replaced(void **state)
{
#define R "\uFFFD"
    check_escape(STR("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), R R R R R R R R "A");
    check_escape(STR("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"), R R R R R R R R "A");
    check_escape(STR("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"), R R R R R "A" R R "B");
    check_escape(STR("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), R R R R "A");
    check_escape(STR("ok\xE2\x82"), "ok" R);
    check_escape(STR("\xF4\x8F\xBF\xBF\xED\x9F\xBF\xEE\x80\x80"), "\xF4\x8F\xBF\xBF\xED\x9F\xBF\xEE\x80\x80");
#undef R
}

static int free_all(void **state)
{
    buf_free(&b);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_line),
        cmocka_unit_test(test_indented),
        cmocka_unit_test(test_lines_of_values),
        cmocka_unit_test(test_depth_limit),
        cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_doubles_round_trip),
        cmocka_unit_test(test_fixed),
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_invalid_utf8_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, free_all);
}
