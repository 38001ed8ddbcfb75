/* test_ring.c - order and publication between two threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>

#include "base/ring.h"

static void test_full_and_empty(void **state)
{
    struct ring r;
    int x[8];
    ring_init(&r, 4);
    assert_null(ring_pop(&r));
    for (int round = 0; round < 10; round++) { /* goes around the end of the array */
        for (int i = 0; i < 4; i++)
            assert_true(ring_push(&r, &x[i]));
        assert_false(ring_push(&r, &x[4]));
        assert_ptr_equal(ring_pop(&r), &x[0]);
        assert_true(ring_push(&r, &x[5]));
        assert_ptr_equal(ring_pop(&r), &x[1]);
        assert_ptr_equal(ring_pop(&r), &x[2]);
        assert_ptr_equal(ring_pop(&r), &x[3]);
        assert_ptr_equal(ring_pop(&r), &x[5]);
        assert_null(ring_pop(&r));
    }
    ring_free(&r);
}

enum { ITEMS = 100000 };

static int item[ITEMS];

static void *produce(void *arg)
{
    for (int i = 0; i < ITEMS; i++) {
        item[i] = i + 1; /* plain memory: the ring must publish it */
        while (!ring_push(arg, &item[i]))
            sched_yield();
    }
    return NULL;
}

static void test_two_threads_keep_order_and_contents(void **state)
{
    struct ring r;
    pthread_t t;
    ring_init(&r, 64);
    assert_int_equal(pthread_create(&t, NULL, produce, &r), 0);
    for (int i = 0; i < ITEMS; i++) {
        int *p;
        while (!(p = ring_pop(&r)))
            sched_yield();
        assert_ptr_equal(p, &item[i]);
        assert_int_equal(*p, i + 1);
    }
    pthread_join(t, NULL);
    assert_null(ring_pop(&r));
    ring_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_and_empty),
        cmocka_unit_test(test_two_threads_keep_order_and_contents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
