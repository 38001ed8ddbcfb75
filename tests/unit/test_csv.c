/* test_csv.c - RFC 4180 by its own examples, and what Python's csv module makes of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "load/csv.h"

/* Records as "a|b|c;" and errors as "!what;". */
static void expect(const char *text, char sep, const char *want)
{
    struct csv c;
    struct buf out = BUF_INIT(10000);
    int k;
    csv_init(&c, str_of(text), sep);
    while ((k = csv_next(&c)) != 0) {
        if (k < 0) {
            buf_addf(&out, "!%s;", c.what);
            continue;
        }
        for (size_t i = 0; i < c.n; i++)
            buf_addf(&out, "%s" STR_FMT, i ? "|" : "", STR_ARG(c.field[i]));
        buf_addc(&out, ';');
    }
    assert_string_equal(out.p ? out.p : "", want);
    csv_free(&c);
    buf_free(&out);
}

static void test_rfc(void **state)
{
    expect("aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n", ',', "aaa|bbb|ccc;zzz|yyy|xxx;");
    expect("aaa,bbb,ccc\r\nzzz,yyy,xxx", ',', "aaa|bbb|ccc;zzz|yyy|xxx;");
    expect("\"aaa\",\"bbb\",\"ccc\"\r\nzzz,yyy,xxx", ',', "aaa|bbb|ccc;zzz|yyy|xxx;");
    expect("\"aaa\",\"b\r\nbb\",\"ccc\"\r\nzzz,yyy,xxx", ',', "aaa|b\r\nbb|ccc;zzz|yyy|xxx;");
    expect("\"aaa\",\"b\"\"bb\",\"ccc\"", ',', "aaa|b\"bb|ccc;");
}

static void test_more(void **state)
{
    expect("", ',', "");
    expect("\n\r\n\n", ',', "");
    expect(",\n,,", ',', "|;||;");
    expect("a,\n\n \nb", ',', "a|; ;b;");
    expect("a;b,c;\"d;e\"", ';', "a|b,c|d;e;");
    expect("a\tb\n", '\t', "a|b;");
    expect("a\"b\"c, \"d\",e\rf\n", ',', "a\"b\"c| \"d\"|e\rf;");
    expect("\"\"\"\",\"\"\"a\"\"\",\"\"\nx", ',', "\"|\"a\"|;x;");
    /* Several fields that must be copied: views into a buffer that moved meanwhile would be wrong. */
    expect("\"0123456789012345678901234567890123456789012345678901234567890123456789\"\"\",\"\"\"\",\"b\"\"\"", ',',
           "0123456789012345678901234567890123456789012345678901234567890123456789\"|\"|b\";");
}

static void test_bad(void **state)
{
    expect("a,b\n\"x\"y,z\nc,d\n", ',',
           "a|b;!text stands behind a closing quote; double the quotes within a text;c|d;");
    expect("a,\"b\nc,d\n", ',', "!a quote is not closed;c|d;");
    expect("\"", ',', "!a quote is not closed;");
    struct buf many = BUF_INIT(10000);
    for (int i = 0; i < CSV_MAX_FIELDS; i++)
        buf_addc(&many, ',');
    expect(buf_str(&many).p, ',', "!more than 1024 fields in one record;");
    buf_free(&many);
}

static void test_separator(void **state)
{
    assert_int_equal(csv_guess_sep(STR("a,b,c")), ',');
    assert_int_equal(csv_guess_sep(STR("a;b,x;c\n,,,,,,,")), ';');
    assert_int_equal(csv_guess_sep(STR("a\tb")), '\t');
    assert_int_equal(csv_guess_sep(STR("\"a;b;c;d\",e")), ',');
    assert_int_equal(csv_guess_sep(STR("prompt")), ',');
    assert_int_equal(csv_guess_sep(STR("")), ',');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc),
        cmocka_unit_test(test_more),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_separator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
