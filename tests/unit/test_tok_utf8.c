/* test_tok_utf8.c - the examples of the Unicode Standard 15, tables 3-7 to 3-11, at every offset of the fast path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "tok/tok_utf8.h"

#define R "\xEF\xBF\xBD"

static void check(struct str in, const char *want, size_t replaced)
{
    for (size_t pad = 0; pad < 70; pad++) {
        struct buf out = BUF_INIT(1000), expected = BUF_INIT(1000);
        char *text = xmalloc(pad + in.n); /* a copy, so that reading too far is seen */
        memset(text, 'x', pad);
        memcpy(text + pad, in.p, in.n);
        buf_add(&expected, text, pad);
        buf_addz(&expected, want);
        assert_int_equal(utf8_lossy((struct str){text, pad + in.n}, &out), replaced);
        assert_int_equal(out.n, expected.n);
        assert_memory_equal(out.p, expected.p, out.n);
        assert_int_equal(utf8_valid(buf_str(&out)), out.n);
        free(text);
        buf_free(&out);
        buf_free(&expected);
    }
}

static void test_maximal_parts(void **state)
{
    check(STR("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64"), "a" R R R "b" R "c" R R "d", 6);
    check(STR("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), R R R R R R R R "A", 8);
    check(STR("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"), R R R R R R R R "A", 8);
    check(STR("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"), R R R R R "A" R R "B", 7);
    check(STR("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), R R R R "A", 4);
    check(STR("\xF0\x9F\x98"), R, 1); /* cut off at the end */
    check(STR("a\xE2\x82"), "a" R, 1);
}

static void test_what_is_valid_stays(void **state)
{
    check(STR(""), "", 0);
    check(STR("\xC3\xA9\xE2\x82\xAC\xED\x9F\xBF\xEE\x80\x80\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"),
          "\xC3\xA9\xE2\x82\xAC\xED\x9F\xBF\xEE\x80\x80\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", 0);
}

/* Every scalar value, and no surrogate. */
static void test_every_code_point(void **state)
{
    for (uint32_t c = 0; c < 0x110000; c++) {
        char text[4];
        unsigned n = utf8_put(text, c), again;
        bool surrogate = c >= 0xD800 && c < 0xE000;
        assert_int_equal(utf8_valid((struct str){text, n}), surrogate ? 0 : n);
        assert_int_equal(utf8_get(text, &again), c);
        assert_int_equal(again, n);
        for (unsigned cut = 1; cut < n; cut++)
            assert_int_equal(utf8_valid((struct str){text, cut}), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maximal_parts),
        cmocka_unit_test(test_what_is_valid_stays),
        cmocka_unit_test(test_every_code_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
