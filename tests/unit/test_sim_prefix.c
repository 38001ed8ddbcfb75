/* A prompt's blocks, and a cache against one that keeps a plain list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/rng.h"
#include "sim/sim_prefix.h"

static struct prefix_blocks blocks_of(const char *word, int from, int to)
{
    struct prefix_blocks b = {0};
    struct buf t = BUF_INIT(1 << 20);
    for (int i = from; i < to; i++)
        buf_addf(&t, " %s%d\n", word, i);
    prefix_add_text(&b, buf_str(&t));
    buf_free(&t);
    return b;
}

static void test_blocks(void **state)
{
    struct prefix_blocks a = blocks_of("w", 0, 47), b = blocks_of("w", 0, 20), c = blocks_of("w", 1, 48);
    assert_int_equal(a.n, 2);
    assert_int_equal(b.n, 1);
    assert_true(a.v[0] == b.v[0]);
    assert_true(c.v[0] != a.v[0] && c.v[1] != a.v[1]);
    prefix_add_text(&b, STR("w20 w21 w22 w23 w24 w25 w26 w27 w28 w29 w30 w31")); /* in pieces */
    assert_int_equal(b.n, 2);
    assert_true(a.v[1] == b.v[1]);
    prefix_free(&a);
    prefix_free(&b);
    prefix_free(&c);
}

static void test_visit(void **state)
{
    struct prefix_cache *c = prefix_cache_new(100);
    struct prefix_blocks a = blocks_of("w", 0, 40), longer = blocks_of("w", 0, 64), other = blocks_of("x", 0, 64);
    assert_int_equal(prefix_visit(c, &a, 40), 0);
    assert_int_equal(prefix_visit(c, &a, 40), 32);
    assert_int_equal(prefix_visit(c, &longer, 64), 32);
    assert_int_equal(prefix_visit(c, &longer, 64), 48); /* not the last token */
    assert_int_equal(prefix_visit(c, &longer, 65), 64);
    assert_int_equal(prefix_visit(c, &other, 64), 0);
    prefix_free(&a);
    prefix_free(&longer);
    prefix_free(&other);
    prefix_cache_free(&c);
}

/* Single blocks in random order, far more of them than fit: the model is a list in the order of their coming. */
static void test_oldest_go(void **state)
{
    enum { FITS = 40, KINDS = 90, VISITS = 20000 };
    struct prefix_cache *c = prefix_cache_new(FITS);
    uint64_t list[FITS];
    size_t n = 0;
    for (uint64_t i = 0; i < VISITS; i++) {
        uint64_t key = 16 * (rng_u64(5, RNG_TEST, i) % KINDS) + 7; /* collide */
        struct prefix_blocks b = {.v = &key, .n = 1};
        bool there = false;
        for (size_t k = 0; k < n; k++)
            there |= list[k] == key;
        assert_int_equal(prefix_visit(c, &b, 17), there ? 16 : 0);
        if (there)
            continue;
        if (n == FITS)
            memmove(list, list + 1, --n * sizeof *list);
        list[n++] = key;
    }
    prefix_cache_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_blocks), cmocka_unit_test(test_visit),
                                       cmocka_unit_test(test_oldest_go)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
