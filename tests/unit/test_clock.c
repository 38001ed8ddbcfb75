/* test_clock.c - the clocks and the bridge from realtime. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

static void test_clocks_move(void **state)
{
    int64_t a = clock_mono(), b = clock_mono();
    assert_true(a > 0 && b >= a);
    assert_true(clock_real() > 1600000000LL * NS_PER_S); /* nanoseconds since 1970 */
    int64_t c = clock_now(&clock_system);
    assert_true(c >= b && c - b < 10 * NS_PER_S);
}

static void test_cpu_clock_counts_work_not_time(void **state)
{
    int64_t cpu = clock_thread_cpu();
    struct timespec nap = {0, 30 * NS_PER_MS};
    nanosleep(&nap, NULL);
    int64_t slept = clock_thread_cpu() - cpu;
    assert_true(slept >= 0 && slept < 20 * NS_PER_MS);
    cpu = clock_thread_cpu();
    for (int64_t t = clock_thread_cpu(); clock_thread_cpu() - t < 2 * NS_PER_MS;) {
    }
    assert_true(clock_thread_cpu() - cpu >= 2 * NS_PER_MS);
}

static int64_t fake(void *arg)
{
    return *(int64_t *)arg;
}

static void test_fake_clock(void **state)
{
    int64_t now = 5;
    struct clock_src c = {fake, &now};
    assert_int_equal(clock_now(&c), 5);
    now = 9;
    assert_int_equal(clock_now(&c), 9);
}

static void test_bridge(void **state)
{
    struct clock_bridge b = {0};
    clock_bridge_anchor(&b);
    assert_true(b.anchored_at > 0 && b.width >= 0);
    assert_int_equal(b.steps, 0);
    /* A realtime stamp taken between two monotonic ones lands between them (loosely: the machine may be busy). */
    int64_t before = clock_mono(), mapped = clock_real() + b.offset, after = clock_mono();
    assert_true(mapped >= before - 50 * NS_PER_MS && mapped <= after + 50 * NS_PER_MS);
    /* Only a move of more than a millisecond counts as a step. */
    clock_bridge_anchor(&b);
    assert_int_equal(b.steps, 0);
    b.offset += 100 * NS_PER_MS;
    clock_bridge_anchor(&b);
    assert_int_equal(b.steps, 1);
    b.offset -= 100 * NS_PER_MS;
    clock_bridge_anchor(&b);
    assert_int_equal(b.steps, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks_move),
        cmocka_unit_test(test_cpu_clock_counts_work_not_time),
        cmocka_unit_test(test_fake_clock),
        cmocka_unit_test(test_bridge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
