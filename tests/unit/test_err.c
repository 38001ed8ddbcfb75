/* test_err.c - error values: filling, prefixes, cuts within UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/err.h"

static void test_set(void **state)
{
    struct err e = {.line = 7};
    assert_int_equal(err_set(&e, ERR_DATA, "%s:%d: bad", "f", 3), -1);
    assert_int_equal(e.code, ERR_DATA);
    assert_int_equal(e.sys, 0);
    assert_int_equal(e.line, 0);
    assert_string_equal(e.text, "f:3: bad");
    assert_int_equal(err_set(&e, ERR_IO, "ends with a newline\r\n"), -1);
    assert_string_equal(e.text, "ends with a newline");
}

static void test_sys(void **state)
{
    struct err e;
    assert_int_equal(err_sys(&e, ERR_IO, ENOENT, "cannot open %s", "x"), -1);
    assert_int_equal(e.sys, ENOENT);
    assert_string_equal(e.text, "cannot open x: No such file or directory");
}

static void test_prefix_may_quote_the_text_itself(void **state)
{
    struct err e;
    err_set(&e, ERR_NET, "refused");
    assert_int_equal(err_prefix(&e, "%s:%d: ", "host", 80), -1);
    assert_string_equal(e.text, "host:80: refused");
    assert_int_equal(e.code, ERR_NET);
    err_set(&e, ERR_NET, "<%s>", e.text);
    assert_string_equal(e.text, "<host:80: refused>");
    err_prefix(&e, "%s|", e.text);
    assert_string_equal(e.text, "<host:80: refused>|<host:80: refused>");
}

static void test_null_is_allowed(void **state)
{
    assert_int_equal(err_set(NULL, ERR_IO, "x"), -1);
    assert_int_equal(err_sys(NULL, ERR_IO, 1, "x"), -1);
    assert_int_equal(err_prefix(NULL, "x"), -1);
}

/* A cut never leaves half a character, whatever the length of the text before it is. */
static void test_cut_keeps_utf8_whole(void **state)
{
    static const char *const chars[] = {"a", "\u00e9", "\u20ac", "\U0001F600"};
    for (size_t c = 0; c < ARRAY_LEN(chars); c++) {
        for (size_t lead = 0; lead < 5; lead++) {
            char big[3000];
            size_t n = lead, k = strlen(chars[c]);
            memset(big, 'x', lead);
            while (n + k < sizeof big) {
                memcpy(big + n, chars[c], k);
                n += k;
            }
            big[n] = 0;
            struct err e;
            err_set(&e, ERR_DATA, "%s", big);
            size_t got = strlen(e.text), fit = sizeof e.text - 1;
            assert_int_equal(got, lead + (fit - lead) / k * k);
            assert_memory_equal(e.text, big, got);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_sys),
        cmocka_unit_test(test_prefix_may_quote_the_text_itself),
        cmocka_unit_test(test_null_is_allowed),
        cmocka_unit_test(test_cut_keeps_utf8_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
