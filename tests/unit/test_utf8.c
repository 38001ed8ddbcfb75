/* test_utf8.c - RFC 3629's table of well-formed sequences, held against the code points that it leaves out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"

static void sequences(void **state)
{
    static const struct {
        const char *text;
        int bad; /* at this byte, -1: well-formed */
    } t[] = {
        {"", -1},
        {"plain text of some length", -1},
        {"\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xf0\x90\x80\x80 \xf4\x8f\xbf\xbf", -1},
        {"\xc1\x81", 0},
        {"abcdefgh\x80", 8},
        {"\xe0\x9f\xbf", 0},
        {"\xed\xa0\x80", 0}, /* a surrogate */
        {"\xf4\x90\x80\x80", 0},
        {"\xf0\x8f\xbf\xbf", 0},
        {"ab\xe2\x82", 2},
        {"\xff", 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        const char *bad = utf8_bad(str_of(t[i].text));
        assert_int_equal(bad ? bad - t[i].text : -1, t[i].bad);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sequences)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
