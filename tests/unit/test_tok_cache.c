/* test_tok_cache.c - what the cache gives is what was put in, or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tok/tok_cache.h"

/* Without bytes behind the piece. */
static struct cache_key key_of(const char *p, size_t n, bool segment)
{
    return cache_key(p, n, p + n, segment);
}

static void test_a_line_holds_the_last_two(void **state)
{
    struct piece_cache c;
    cache_init(&c, 1);
    for (uint32_t i = 0; i < 100; i++) {
        struct cache_key k[3];
        uint32_t ids[CACHE_SHORT_IDS] = {i, 0xFFFFFF, 7, 0xFFFFFF - i};
        unsigned found = 0;
        for (char x = 'a'; found < 3; x++) { /* three pieces of one line */
            struct cache_key key = key_of((const char[]){x, (char)i}, 2, false);
            if (found == 0 || key.hash >> c.shift == k[0].hash >> c.shift)
                k[found++] = key;
        }
        for (unsigned n = 0; n <= CACHE_SHORT_IDS; n++) {
            cache_put(&c, k[0], ids, n);
            const struct cache_entry *e = cache_get(&c, k[0]);
            assert_non_null(e);
            assert_int_equal(cache_n(e), n);
            for (unsigned j = 0; j < n; j++)
                assert_int_equal(e->ids[j] & 0xFFFFFF, ids[j]);
        }
        cache_put(&c, k[1], ids, 1);
        assert_non_null(cache_get(&c, k[0]));
        cache_put(&c, k[2], ids, 1);
        assert_null(cache_get(&c, k[0]));
        assert_non_null(cache_get(&c, k[1]));
        assert_non_null(cache_get(&c, k[2]));
    }
    cache_free(&c);
}

static void test_keys_tell_pieces_apart(void **state)
{
    char text[64];
    memset(text, 'x', sizeof text);
    for (size_t n = 1; n <= CACHE_SHORT; n++) {
        struct cache_key far = cache_key(text, n, text + sizeof text, false), near = key_of(text, n, false);
        struct cache_key segment = key_of(text, n, true);
        assert_memory_equal(&far, &near, sizeof far); /* what lies behind the piece is nothing to it */
        assert_int_equal(far.a, segment.a);
        assert_int_not_equal(far.b, segment.b);
    }
    struct cache_key one = key_of("x", 1, false), two = key_of("x", 2, false);
    assert_int_equal(one.a, two.a);
    assert_int_not_equal(one.b, two.b); /* a NUL is a byte as others */
}

/* Piece i and its ids, by rule. */
static size_t piece_of(unsigned i, char *text)
{
    size_t n = 1 + i * 37 % CACHE_LONG;
    for (size_t k = 0; k < n; k++)
        text[k] = (char)(k % 5 == 4 ? i : i >> 8);
    return n;
}

static size_t ids_of(unsigned i, uint32_t *ids)
{
    size_t n = i % 7;
    for (size_t k = 0; k < n; k++)
        ids[k] = i * 1000 + (uint32_t)k;
    return n;
}

static void test_the_ring_forgets_and_never_mistakes(void **state)
{
    struct piece_cache c;
    unsigned last_known = 0, known = 0;
    cache_init(&c, 6);
    for (unsigned i = 0; i < 3000; i++) {
        char text[CACHE_LONG];
        uint32_t ids[8];
        size_t n = piece_of(i, text);
        cache_put_far(&c, cache_hash(text, n), text, n, ids, ids_of(i, ids));
        for (unsigned k = 0; k <= i && i % 50 == 0; k++) {
            uint32_t want[8];
            size_t got_n = 99, size = piece_of(k, text);
            const uint32_t *got = cache_get_far(&c, cache_hash(text, size), text, size, &got_n);
            last_known = got ? k : last_known;
            known += got != NULL;
            if (!got)
                continue;
            assert_int_equal(got_n, ids_of(k, want));
            for (size_t j = 0; j < got_n; j++)
                assert_int_equal(got[j], want[j]);
        }
    }
    assert_int_equal(last_known, 2950); /* the newest is there */
    assert_in_range(known, 60, 60 * 64 * 2);
    cache_free(&c);
}

static void test_equal_hashes_are_no_equal_pieces(void **state)
{
    struct piece_cache c;
    const uint32_t ids[] = {1, 2, 3};
    size_t n = 99;
    cache_init(&c, 6);
    assert_null(cache_get_far(&c, 0, "", 0, &n)); /* as an index that was never written looks */
    cache_put_far(&c, 5, "abcdef", 6, ids, 3);
    assert_null(cache_get_far(&c, 5, "abcdeg", 6, &n));
    assert_null(cache_get_far(&c, 5, "abcde", 5, &n));
    assert_null(cache_get_far(&c, 5 + 64, "abcdef", 6, &n));
    assert_int_equal(n, 99);
    assert_non_null(cache_get_far(&c, 5, "abcdef", 6, &n));
    assert_int_equal(n, 3);
    char text[CACHE_LONG + 1] = {0};
    uint32_t many[CACHE_LONG_IDS + 1] = {0};
    cache_put_far(&c, 9, text, CACHE_LONG + 1, ids, 3); /* too long, too many: not kept */
    assert_null(cache_get_far(&c, 9, text, CACHE_LONG + 1, &n));
    cache_put_far(&c, 9, text, 4, many, CACHE_LONG_IDS + 1);
    assert_null(cache_get_far(&c, 9, text, 4, &n));
    cache_put_far(&c, 9, text, CACHE_LONG, many, CACHE_LONG_IDS);
    assert_non_null(cache_get_far(&c, 9, text, CACHE_LONG, &n));
    assert_int_equal(n, CACHE_LONG_IDS);
    /* What was written over is gone, though its index still stands. */
    for (unsigned i = 0; i < 2 * c.ring_size / CACHE_LONG; i++)
        cache_put_far(&c, 10, text, CACHE_LONG, ids, 1);
    assert_null(cache_get_far(&c, 5, "abcdef", 6, &n));
    assert_null(cache_get_far(&c, 9, text, CACHE_LONG, &n));
    cache_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_holds_the_last_two),
        cmocka_unit_test(test_keys_tell_pieces_apart),
        cmocka_unit_test(test_the_ring_forgets_and_never_mistakes),
        cmocka_unit_test(test_equal_hashes_are_no_equal_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
