/* test_base64.c - the vectors of RFC 4648, 10, and each digit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base64.h"

static void vectors(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = BUF_INIT(100);
        buf_addz(&b, ">");
        base64_add(&b, cases[i][0], strlen(cases[i][0]));
        assert_string_equal(b.p + 1, cases[i][1]);
        char back[8] = {0};
        assert_int_equal(base64_decode(str_of(cases[i][1]), back), (int)strlen(cases[i][0]));
        assert_string_equal(back, cases[i][0]);
        buf_free(&b);
    }
}

static void digits(void **state)
{
    (void)state;
    unsigned char in[48];
    for (unsigned i = 0; i < 64; i += 4) {
        uint32_t v = i << 18 | (i + 1) << 12 | (i + 2) << 6 | (i + 3);
        for (unsigned k = 0; k < 3; k++)
            in[i / 4 * 3 + k] = (unsigned char)(v >> (16 - 8 * k));
    }
    struct buf b = BUF_INIT(100);
    base64_add(&b, in, sizeof in);
    assert_true(str_eqz(buf_str(&b), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"));
    char back[48];
    assert_int_equal(base64_decode(buf_str(&b), back), 48);
    assert_memory_equal(back, in, 48);
    buf_free(&b);
}

static void what_is_none(void **state)
{
    (void)state;
    static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg===", "Zm9v=", "Zm 9", "Zm9-", "====", "Z==="};
    char out[16];
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(base64_decode(str_of(bad[i]), out), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(digits),
        cmocka_unit_test(what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
