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
    struct clock_src c = {.mono = fake, .arg = &now};
    assert_int_equal(clock_now(&c), 5);
    now = 9;
    assert_int_equal(clock_now(&c), 9);
}

static void test_bridge(void **state)
{
    struct clock_bridge b = {0};
    clock_bridge_anchor(&b, &clock_system);
    assert_true(b.anchored_at > 0 && b.width >= 0);
    assert_int_equal(b.steps, 0);
    /* A realtime stamp taken between two monotonic ones lands between them (loosely: the machine may be busy). */
    int64_t before = clock_mono(), mapped = clock_real() + b.offset, after = clock_mono();
    assert_true(mapped >= before - 50 * NS_PER_MS && mapped <= after + 50 * NS_PER_MS);
    /* Only a move of more than a millisecond counts as a step. */
    clock_bridge_renew(&b, &clock_system);
    assert_int_equal(b.steps, 0);
    b.offset += 100 * NS_PER_MS;
    clock_bridge_renew(&b, &clock_system);
    assert_int_equal(b.steps, 1);
    b.offset -= 100 * NS_PER_MS;
    clock_bridge_anchor(&b, &clock_system);
    assert_int_equal(b.steps, 2);
}

/* A machine whose clocks obey: each look at one takes `cost`. */
struct machine {
    struct clock_src c;
    int64_t now;   /* the truth, monotonic */
    int64_t shift; /* realtime - monotonic */
    int64_t cost;
    unsigned looks;
    int64_t stall; /* the next look takes this long besides */
};

static int64_t look(struct machine *m)
{
    m->now += m->cost + m->stall;
    m->stall = 0;
    m->looks++;
    return m->now;
}

static int64_t machine_mono(void *arg)
{
    return look(arg);
}

static int64_t machine_real(void *arg)
{
    struct machine *m = arg;
    return look(m) + m->shift;
}

#define EPOCH (1700000000LL * NS_PER_S)

static void start(struct machine *m, struct clock_bridge *b)
{
    *m = (struct machine){.c = {machine_mono, machine_real, m}, .now = 5000 * NS_PER_S, .shift = EPOCH, .cost = 25};
    *b = (struct clock_bridge){0};
    clock_bridge_renew(b, &m->c);
}

static int64_t placed(struct machine *m, struct clock_bridge *b, int64_t real, int64_t since)
{
    return clock_bridge_place(b, &m->c, real, since, m->now);
}

static bool near_to(int64_t a, int64_t b)
{
    return a >= b - NS_PER_US && a <= b + NS_PER_US;
}

static void test_an_ordinary_batch_costs_one_bracket(void **state)
{
    struct machine m;
    struct clock_bridge b;
    start(&m, &b);
    m.looks = 0;
    for (int i = 0; i < 100; i++) {
        int64_t since = m.now;
        m.now += 300 * NS_PER_US;
        int64_t arrival = m.now, stamp = arrival + m.shift;
        m.now += 20 * NS_PER_US;
        clock_bridge_renew(&b, &m.c);
        assert_true(near_to(placed(&m, &b, stamp, since), arrival));
        m.shift += 150; /* 500 ppm: NTP slews */
    }
    assert_int_equal(m.looks, 300);
    assert_int_equal(b.steps, 0);
    assert_int_equal(b.unplaced, 0);
    /* The same slewing over a minute without a read. */
    m.now += 60 * NS_PER_S;
    m.shift += 30 * NS_PER_MS;
    clock_bridge_renew(&b, &m.c);
    assert_int_equal(b.steps, 0);
    assert_true(near_to(placed(&m, &b, m.now - 5000 + m.shift, m.now - NS_PER_MS), m.now - 5000));
}

static void test_an_interrupted_bracket_is_not_believed(void **state)
{
    struct machine m;
    struct clock_bridge b;
    start(&m, &b);
    int64_t offset = b.offset;
    m.now += NS_PER_MS;
    m.stall = 40 * NS_PER_US; /* in the first bracket: the others decide */
    clock_bridge_renew(&b, &m.c);
    assert_true(b.width <= 100 && near_to(b.offset, offset));
    m.cost = 30 * NS_PER_US; /* all of them */
    clock_bridge_renew(&b, &m.c);
    assert_true(b.width <= 100 && near_to(b.offset, offset));
    assert_int_equal(b.steps, 0);
}

/* The clock is set between an arrival and the anchor of its batch, by `step`; then everything goes on. */
static void one_step(int64_t step, int64_t since_before, int64_t want_unplaced)
{
    struct machine m;
    struct clock_bridge b;
    start(&m, &b);
    m.now += 10 * NS_PER_MS;
    int64_t since = m.now - since_before, arrival = m.now, stamp = arrival + m.shift;
    m.shift += step;
    m.now += 30 * NS_PER_US;
    clock_bridge_renew(&b, &m.c);
    assert_int_equal(b.steps, 1);
    int64_t at = placed(&m, &b, stamp, since);
    assert_true(want_unplaced ? at == 0 : near_to(at, arrival));
    assert_int_equal(b.unplaced, want_unplaced);
    /* After the step, in the same batch, the lower bound before it. */
    arrival = m.now += 40 * NS_PER_US;
    m.now += 5 * NS_PER_US;
    at = placed(&m, &b, arrival + m.shift, since);
    assert_true(at == 0 || near_to(at, arrival));
    /* And once the bound lies behind it, nothing is in doubt. */
    uint64_t before = b.unplaced;
    since = m.now;
    arrival = m.now += NS_PER_MS;
    m.now += 5 * NS_PER_US;
    clock_bridge_renew(&b, &m.c);
    assert_true(near_to(placed(&m, &b, arrival + m.shift, since), arrival));
    assert_int_equal(b.unplaced, before);
    assert_int_equal(b.steps, 1);
}

static void test_steps_between_arrival_and_anchor(void **state)
{
    static const int64_t steps[] = {2 * NS_PER_MS, 500 * NS_PER_MS, NS_PER_S, 3600 * NS_PER_S,
                                    40 * 365 * 86400 * NS_PER_S};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        one_step(steps[i], NS_PER_MS, 0);
        one_step(-steps[i], NS_PER_MS, 0);
        /* Under a forward step the other side of a stamp lies earlier, and a bound that is early enough allows both. */
        one_step(steps[i], steps[i] + NS_PER_MS, 1);
    }
}

static void test_a_step_within_a_batch_is_noticed_by_the_stamp(void **state)
{
    static const int64_t steps[] = {5 * NS_PER_MS, -5 * NS_PER_MS, 3600 * NS_PER_S, -3600 * NS_PER_S};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct machine m;
        struct clock_bridge b;
        start(&m, &b);
        int64_t since = m.now;
        m.now += 200 * NS_PER_US;
        m.shift += steps[i]; /* nobody renews */
        int64_t arrival = m.now;
        m.now += 10 * NS_PER_US;
        assert_true(near_to(placed(&m, &b, arrival + m.shift, since), arrival));
        assert_int_equal(b.steps, 1);
        assert_int_equal(b.unplaced, 0);
    }
}

static void test_stamps_that_fit_nowhere_are_left_aside(void **state)
{
    struct machine m;
    struct clock_bridge b;
    start(&m, &b);
    int64_t since = m.now;
    m.now += NS_PER_MS;
    assert_int_equal(placed(&m, &b, m.now + m.shift + NS_PER_S, since), 0);
    assert_int_equal(placed(&m, &b, m.now + m.shift - NS_PER_S, since), 0);
    assert_int_equal(placed(&m, &b, 1, since), 0);
    assert_int_equal(b.unplaced, 3);
    assert_int_equal(b.steps, 0);
    /* A segment that the kernel stamped and then kept back, while its processor was away, is told from a step. */
    assert_true(near_to(placed(&m, &b, since + m.shift - 20 * NS_PER_MS, since), since - 20 * NS_PER_MS));
    assert_int_equal(b.unplaced, 3);
    /* Never later than the read. */
    assert_int_equal(clock_bridge_place(&b, &m.c, m.now + m.shift + 10 * NS_PER_US, since, m.now), m.now);
}

/* Any stream of arrivals, batches and steps: what is placed is right. */
static void test_random_steps(void **state)
{
    uint64_t x = 88172645463325252ULL;
    struct machine m;
    struct clock_bridge b;
    unsigned n = 0, steps = 0;
    start(&m, &b);
    int64_t since = m.now;
    for (int i = 0; i < 20000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        m.now += (int64_t)(x % 2000) * NS_PER_US;
        int64_t arrival = m.now, stamp = arrival + m.shift;
        m.now += (int64_t)(x >> 20 & 1023) * 100;
        if (x >> 40 & 1) { /* by 10 ms to 3 h, either way */
            int64_t by = 10 * NS_PER_MS << (x >> 41 & 15);
            m.shift += x >> 50 & 1 ? by : -by;
            steps++;
        }
        clock_bridge_renew(&b, &m.c);
        int64_t user = m.now, at = clock_bridge_place(&b, &m.c, stamp, since, user);
        assert_true(at == 0 || near_to(at, arrival));
        n += at != 0;
        since = user;
    }
    assert_int_equal(b.steps, steps);
    assert_true(n > 19900); /* bounds are close here, so hardly any is in doubt */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks_move),
        cmocka_unit_test(test_cpu_clock_counts_work_not_time),
        cmocka_unit_test(test_fake_clock),
        cmocka_unit_test(test_bridge),
        cmocka_unit_test(test_an_ordinary_batch_costs_one_bracket),
        cmocka_unit_test(test_an_interrupted_bracket_is_not_believed),
        cmocka_unit_test(test_steps_between_arrival_and_anchor),
        cmocka_unit_test(test_a_step_within_a_batch_is_noticed_by_the_stamp),
        cmocka_unit_test(test_stamps_that_fit_nowhere_are_left_aside),
        cmocka_unit_test(test_random_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
