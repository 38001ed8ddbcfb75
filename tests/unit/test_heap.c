/* test_heap.c - the timer heap against a plain scan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/heap.h"
#include "base/rng.h"

enum { N = 500 };

static void test_random_operations_against_a_scan(void **state)
{
    static struct heap_node node[N];
    struct heap h = {0};
    size_t inside = 0;
    assert_null(heap_top(&h));
    for (uint64_t i = 0; i < 20000; i++) {
        uint64_t r = rng_u64(3, RNG_TEST, i);
        struct heap_node *x = &node[r % N];
        if (x->at == 0) {
            x->key = (int64_t)(r >> 32 & 255) - 128; /* few different keys: many ties */
            heap_push(&h, x);
            inside++;
        } else {
            if (r >> 62 == 0)
                x = heap_top(&h);
            heap_remove(&h, x);
            heap_remove(&h, x); /* no effect */
            inside--;
        }
        assert_int_equal(h.n, inside);
        if (i % 16 == 0)
            assert_true(heap_valid(&h));
        int64_t least = INT64_MAX;
        for (size_t k = 0; k < N; k++)
            if (node[k].at)
                least = MIN(least, node[k].key);
        if (inside)
            assert_true(heap_top(&h)->key == least);
        else
            assert_null(heap_top(&h));
    }
    int64_t before = INT64_MIN;
    for (struct heap_node *x; (x = heap_top(&h)); before = x->key) {
        assert_true(x->key >= before);
        heap_remove(&h, x);
        assert_int_equal(x->at, 0);
    }
    heap_free(&h);
    assert_null(h.v);
}

static void test_valid_notices_disorder(void **state)
{
    static struct heap_node node[30];
    struct heap h = {0};
    for (int i = 0; i < 30; i++) {
        node[i].key = i;
        heap_push(&h, &node[i]);
    }
    assert_true(heap_valid(&h));
    node[29].key = -1;
    assert_false(heap_valid(&h));
    node[29].key = 29;
    node[3].at++;
    assert_false(heap_valid(&h));
    heap_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_operations_against_a_scan),
        cmocka_unit_test(test_valid_notices_disorder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
