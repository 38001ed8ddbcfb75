/* test_buf.c - adding up to the ceiling, failure, taking and dropping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/xalloc.h"

static void test_adding(void **state)
{
    struct buf b;
    buf_init(&b, 1000);
    assert_null(b.p);
    assert_int_equal(buf_add(&b, "ab\0c", 4), 0);
    assert_int_equal(buf_addz(&b, "de"), 0);
    assert_int_equal(buf_adds(&b, STR("f")), 0);
    assert_int_equal(buf_addc(&b, 'g'), 0);
    assert_int_equal(buf_addf(&b, "%03d", 7), 0);
    assert_int_equal(buf_add(&b, NULL, 0), 0);
    assert_int_equal(b.n, 11);
    assert_memory_equal(b.p, "ab\0cdefg007", 12);
    buf_drop(&b, 4);
    assert_string_equal(b.p, "defg007");
    buf_drop(&b, 100);
    assert_int_equal(b.n, 0);
    assert_string_equal(b.p, "");
    buf_free(&b);
    assert_null(b.p);
    assert_int_equal(b.max, 1000);
    assert_int_equal(buf_addz(&b, "again"), 0);
    buf_free(&b);
}

static void test_ceiling_is_exact_and_sticky(void **state)
{
    for (size_t max = 0; max < 200; max++) {
        struct buf b = BUF_INIT(max);
        for (size_t i = 0; i < max; i++)
            assert_int_equal(buf_addc(&b, 'x'), 0);
        assert_false(b.failed);
        assert_int_equal(buf_addc(&b, 'y'), -1);
        assert_true(b.failed);
        assert_int_equal(b.n, max);
        assert_int_equal(buf_add(&b, "", 0), -1);
        buf_clear(&b);
        assert_false(b.failed);
        assert_int_equal(buf_add(&b, "0123456789", 10), max < 10 ? -1 : 0);
        if (max >= 20) { /* what would fit after a failure does not leave a hole */
            char *big = xcalloc(1, max);
            assert_int_equal(buf_add(&b, big, max - 9), -1);
            free(big);
            assert_int_equal(buf_addc(&b, 'z'), -1);
            assert_null(buf_room(&b, 1));
            assert_int_equal(b.n, 10);
        }
        buf_free(&b);
    }
}

static void test_long_formats(void **state)
{
    struct buf b = BUF_INIT(1 << 16);
    for (int w = 250; w < 260; w++) { /* around the size of the stack buffer */
        buf_clear(&b);
        assert_int_equal(buf_addf(&b, "%*d|", w, 5), 0);
        assert_int_equal(b.n, w + 1);
        assert_int_equal(strlen(b.p), w + 1);
        assert_int_equal(b.p[w - 1], '5');
        assert_int_equal(b.p[w], '|');
    }
    assert_int_equal(buf_addf(&b, "%70000d", 1), -1);
    assert_true(b.failed);
    buf_free(&b);
}

static void test_room_and_take(void **state)
{
    struct buf b = BUF_INIT(100);
    char *p = buf_room(&b, 100);
    assert_non_null(p);
    assert_int_equal(*p, 0); /* ended even if nothing is written */
    memset(p, 'r', 60);
    buf_wrote(&b, 60);
    assert_int_equal(strlen(b.p), 60);
    assert_null(buf_room(&b, 41));
    assert_true(b.failed);
    assert_int_equal(buf_str(&b).n, 60);
    char *z = buf_take(&b);
    assert_int_equal(strlen(z), 60);
    free(z);
    assert_null(b.p);
    assert_false(b.failed);
    z = buf_take(&b);
    assert_string_equal(z, "");
    free(z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adding),
        cmocka_unit_test(test_ceiling_is_exact_and_sticky),
        cmocka_unit_test(test_long_formats),
        cmocka_unit_test(test_room_and_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
