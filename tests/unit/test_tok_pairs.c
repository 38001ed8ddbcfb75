/* test_tok_pairs.c - the table of merges, which grows beyond what was expected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tok/tok_pairs.h"

/* Pair i, by rule: each of them differs, and so do (l, r) and (r, l). */
static uint32_t left_of(uint32_t i)
{
    return i % 300;
}

static uint32_t right_of(uint32_t i)
{
    return 500 + i / 300;
}

static void test_pairs(void **state)
{
    struct pairs t;
    pairs_init(&t, 10);
    for (uint32_t i = 0; i < 20000; i++) {
        pairs_set(&t, left_of(i), right_of(i), i + 1, i);
        pairs_set(&t, left_of(i), right_of(i), i, 2 * i); /* the last counts */
        assert_int_equal(t.n, i + 1);
    }
    for (uint32_t i = 0; i < 20000; i++) {
        pairs_hint(&t, left_of(i), right_of(i));
        const struct pair_slot *p = pairs_get(&t, left_of(i), right_of(i));
        assert_int_equal(p->rank, i);
        assert_int_equal(p->id, 2 * i);
        assert_int_equal(pairs_get(&t, right_of(i), left_of(i))->rank, PAIR_NONE);
        assert_int_equal(pairs_get(&t, left_of(i), right_of(i) + 100)->rank, PAIR_NONE);
    }
    pairs_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pairs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
