/* test_digits.c - against the C library's printf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>

#include "base/digits.h"
#include "base/rng.h"

static void same(uint64_t v)
{
    char got[DIGITS_ROOM + 1], want[32];
    *digits_u64(got, v) = 0;
    snprintf(want, sizeof want, "%" PRIu64, v);
    assert_string_equal(got, want);
    *digits_i64(got, (int64_t)v) = 0;
    snprintf(want, sizeof want, "%" PRId64, (int64_t)v);
    assert_string_equal(got, want);
}

static void test_all_lengths(void **state)
{
    for (uint64_t unit = 1;; unit *= 10) {
        for (uint64_t k = 1; k <= 9; k++) {
            same(unit * k - 1);
            same(unit * k);
            same(unit * k + 1);
            same(-(unit * k));
        }
        if (unit > UINT64_MAX / 100)
            break;
    }
    same(UINT64_MAX);
    same((uint64_t)INT64_MAX);
    same((uint64_t)INT64_MIN);
}

/* Each pair of four digits on its own, then any number of any size. */
static void test_many(void **state)
{
    for (uint64_t v = 0; v < 10000; v++) {
        same(v);
        same(v * 10000 + (9999 - v));
    }
    for (uint64_t i = 0; i < 200000; i++) {
        uint64_t v = rng_u64(1, RNG_TEST, i);
        same(v >> (v & 63));
    }
}

/* No byte beyond what is promised is touched. */
static void test_room(void **state)
{
    const uint64_t some[] = {0, 9, 10, 99999999, 100000000, 9999999999999999, 10000000000000000, UINT64_MAX};
    for (size_t i = 0; i < ARRAY_LEN(some); i++) {
        char got[DIGITS_ROOM + 8];
        memset(got, '#', sizeof got);
        digits_i64(got, -(int64_t)(some[i] / 2));
        digits_u64(got, some[i]);
        assert_memory_equal(got + DIGITS_ROOM, "########", 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_lengths),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
