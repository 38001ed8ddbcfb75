/* test_tok_ids.c - the list of ids grows and keeps its order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tok/tok_private.h"

static void test_grows(void **state)
{
    struct tok_ids ids = {0};
    for (uint32_t i = 0; i < 100000; i++)
        tok_ids_add(&ids, i * 7);
    assert_int_equal(ids.n, 100000);
    for (uint32_t i = 0; i < 100000; i++)
        assert_int_equal(ids.v[i], i * 7);
    tok_ids_free(&ids);
    assert_null(ids.v);
    assert_int_equal(ids.n + ids.cap, 0);
    tok_ids_add(&ids, 1); /* usable again */
    assert_int_equal(ids.v[0], 1);
    tok_ids_free(&ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
