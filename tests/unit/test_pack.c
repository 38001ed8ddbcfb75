/* test_pack.c - what was packed can be unpacked up to each flush, and is whole only behind the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/pack.h"

static const enum unpack_kind kinds[] = {UNPACK_GZIP, UNPACK_ZSTD, UNPACK_BROTLI};

static void unpack_all(struct unpack *u, struct str in, struct buf *out)
{
    struct str piece;
    enum unpack_rc rc;
    while ((rc = unpack_step(u, &in, &piece)) == UNPACK_PIECE)
        buf_adds(out, piece);
    assert_int_equal(rc, UNPACK_MORE);
}

static void each_flush_lets_everything_out(void **state)
{
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        struct pack *p = pack_new(kinds[k]);
        struct unpack *u = unpack_new(kinds[k], 1 << 20);
        struct buf given = BUF_INIT(1 << 20), packed = BUF_INIT(1 << 20), got = BUF_INIT(1 << 20);
        for (int i = 0; i < 50; i++) {
            char text[64];
            snprintf(text, sizeof text, "data: {\"token\":\"word-%d\"}\n\n", i);
            buf_addz(&given, text);
            buf_clear(&packed);
            pack_add(p, str_of(text), i == 49 ? PACK_END : PACK_FLUSH, &packed);
            unpack_all(u, buf_str(&packed), &got);
            assert_true(str_eq(buf_str(&got), buf_str(&given)));
            assert_int_equal(unpack_whole(u), i == 49);
        }
        pack_free(&p);
        assert_null(p);
        unpack_free(&u);
        buf_free(&given);
        buf_free(&packed);
        buf_free(&got);
    }
}

static void large_and_empty_texts(void **state)
{
    (void)state;
    struct buf text = BUF_INIT(4 << 20);
    for (uint32_t i = 0, x = 1; i < 300000; i++) { /* hardly to be made smaller */
        x = x * 1664525 + 1013904223;
        buf_addc(&text, (char)(x >> 24));
    }
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        for (int empty = 0; empty < 2; empty++) {
            struct str in = empty ? STR("") : buf_str(&text);
            struct pack *p = pack_new(kinds[k]);
            struct unpack *u = unpack_new(kinds[k], 1 << 20);
            struct buf packed = BUF_INIT(4 << 20), got = BUF_INIT(4 << 20);
            pack_add(p, in, PACK_END, &packed);
            assert_true(packed.n > 0);
            unpack_all(u, buf_str(&packed), &got);
            assert_true(unpack_whole(u) && str_eq(buf_str(&got), in));
            pack_free(&p);
            unpack_free(&u);
            buf_free(&packed);
            buf_free(&got);
        }
    }
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_flush_lets_everything_out),
        cmocka_unit_test(large_and_empty_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
