/* test_pacer.c - which requests a worker starts, and which it does not. Bounds in time only where the kernel keeps
 * them. */
#include "engine_rig.h"

static const struct reply good = {"200 OK", SSE_TYPE, STREAM};
static const struct reply hang = {.hang = true};

static int by_index(const void *a, const void *b)
{
    const struct kept *x = a, *y = b;
    return x->r.index < y->r.index ? -1 : x->r.index > y->r.index;
}

static void the_same_schedule_for_any_number_of_workers(void **state)
{
    (void)state;
    int64_t due[40];
    for (unsigned workers = 1; workers <= 4; workers++) {
        struct level_rig x;
        level_open(&x, &good, 1,
                   (struct load_opts){.mode = LOAD_OPEN,
                                      .rate = 2000,
                                      .arrival = ARRIVAL_POISSON,
                                      .warmup_requests = 10,
                                      .num_requests = 30,
                                      .seed = 5});
        x.o.workers = workers;
        level_go(&x);
        assert_int_equal(x.n, 40);
        qsort(x.kept, 40, sizeof *x.kept, by_index);
        for (uint64_t i = 0; i < 40; i++) {
            const struct record *r = &x.kept[i].r;
            assert_int_equal(r->index, i);
            assert_int_equal(r->worker, i % workers);
            assert_int_equal((r->flags & REC_WARMUP) != 0, i < 10);
            assert_true(r->start >= r->intended && r->intended == r->admitted);
            if (workers == 1)
                due[i] = r->intended - x.kept[0].r.intended;
            assert_int_equal(r->intended - x.kept[0].r.intended, due[i]);
        }
        int64_t first = INT64_MAX, last = 0, end = 0;
        for (int i = 10; i < 40; i++) { /* behind the warm-up */
            first = MIN(first, x.kept[i].r.start);
            last = MAX(last, x.kept[i].r.start);
            end = MAX(end, x.kept[i].r.end);
        }
        assert_int_equal(x.totals.first_start, first);
        assert_int_equal(x.totals.last_start, last);
        assert_int_equal(x.totals.last_end, end);
        level_close(&x);
    }
}

/* Lower bounds only: a slow machine starts later, never earlier. */
static void first_requests_are_spread_over_the_ramp(void **state)
{
    (void)state;
    enum { SLOTS = 5, STEP = 10 * NS_PER_MS };
    struct level_rig x;
    level_open(&x, &hang, 1, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = SLOTS, .num_requests = 100});
    x.o.workers = 2;
    x.o.ramp = SLOTS * STEP;
    x.o.timeout = 300 * NS_PER_MS; /* no slot is free again before all have begun */
    x.o.grace = 0;
    x.stop_after = SLOTS;
    int64_t before = clock_mono() - x.o.epoch;
    level_go(&x);
    assert_true(x.n >= SLOTS);
    qsort(x.kept, (size_t)x.n, sizeof *x.kept, by_index);
    unsigned of_worker[2] = {0};
    for (int i = 0; i < SLOTS; i++) {
        assert_true(x.kept[i].r.start >= before + i * STEP);
        of_worker[x.kept[i].r.worker]++;
    }
    assert_int_equal(of_worker[0], 3);
    assert_int_equal(of_worker[1], 2);
    level_close(&x);
}

static void a_cap_holds_and_its_wait_is_told(void **state)
{
    (void)state;
    struct level_rig x;
    for (unsigned workers = 1; workers <= 3; workers += 2) {
        level_open(&x, &good, 1, (struct load_opts){.mode = LOAD_OPEN, .rate = 1e6, .num_requests = 60});
        x.o.max_concurrency = 3;
        x.o.workers = workers;
        level_go(&x);
        assert_int_equal(count_outcome(&x, OUT_OK), 60);
        assert_true(x.g.most_open <= 3);
        int waited = 0;
        for (int i = 0; i < x.n; i++) {
            const struct record *r = &x.kept[i].r;
            assert_true(r->intended <= r->admitted && r->admitted <= r->start);
            waited += r->admitted > r->intended;
        }
        assert_true(waited >= 50); /* all are due at once, and three at a time go */
        level_close(&x);
    }
}

static void a_cap_below_the_workers_is_refused(void **state)
{
    (void)state;
    struct level_rig x;
    struct err e = {0};
    level_open(&x, &good, 1, (struct load_opts){.mode = LOAD_OPEN, .rate = 10, .num_requests = 1});
    x.o.max_concurrency = 2;
    x.o.workers = 3;
    assert_null(engine_start(&x.o, &e));
    assert_int_equal(e.code, ERR_USAGE);
    level_close(&x);
}

static void what_a_cap_held_back_until_the_grace_is_unsent(void **state)
{
    (void)state;
    struct level_rig x;
    level_open(&x, &hang, 1, (struct load_opts){.mode = LOAD_OPEN, .rate = 10000, .num_requests = 3000});
    x.o.max_concurrency = 2;
    x.o.workers = 2;
    x.o.grace = 20 * NS_PER_MS;
    x.o.ring = 64; /* far fewer than there are records */
    level_go(&x);
    assert_int_equal(x.n, 3000);
    assert_int_equal(x.totals.lost_records, 0);
    assert_int_equal(count_outcome(&x, OUT_CANCELLED), 2);
    assert_int_equal(count_outcome(&x, OUT_UNSENT), 2998);
    assert_int_equal(x.g.requests, 2);
    for (int i = 0; i < x.n; i++) {
        const struct record *r = &x.kept[i].r;
        assert_true(r->intended > 0);
        assert_int_equal(r->start == 0, r->outcome == OUT_UNSENT);
    }
    level_close(&x);
}

static void a_stop_leaves_unsent_only_what_was_due(void **state)
{
    (void)state;
    struct level_rig x;
    level_open(&x, &good, 1, (struct load_opts){.mode = LOAD_OPEN, .rate = 200, .num_requests = 100000});
    x.stop_after = 5;
    x.stop_drain = 5 * NS_PER_S;
    level_go(&x);
    assert_true(x.totals.stopped_at > 0);
    assert_true(x.n >= 5 && x.n < 2000);
    for (int i = 0; i < x.n; i++) {
        if (x.kept[i].r.outcome == OUT_UNSENT)
            assert_true(x.kept[i].r.intended < x.totals.stopped_at);
        else
            assert_int_equal(x.kept[i].r.outcome, OUT_OK); /* what was open was drained */
    }
    level_close(&x);
}

static void slots_are_divided_and_follow_one_another(void **state)
{
    (void)state;
    struct level_rig x;
    level_open(&x, &good, 1,
               (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 3, .warmup_requests = 4, .num_requests = 50});
    x.o.workers = 5; /* two have no slot */
    level_go(&x);
    assert_int_equal(x.n, 54);
    assert_int_equal(count_outcome(&x, OUT_OK), 54);
    assert_int_equal(x.g.accepted, 3); /* opened ahead, reused ever since */
    assert_true(x.g.most_open <= 3);
    qsort(x.kept, (size_t)x.n, sizeof *x.kept, by_index);
    int warm = 0;
    for (int i = 0; i < x.n; i++) {
        const struct record *r = &x.kept[i].r;
        assert_int_equal(r->index, i);
        assert_true(r->worker < 3);
        assert_int_equal(r->intended, 0);
        assert_int_equal(r->admitted, 0);
        warm += (r->flags & REC_WARMUP) != 0;
    }
    assert_int_equal(warm, 4);
    assert_int_equal(x.clients[4].window, 0); /* nothing to be busy with */
    level_close(&x);
}

static void a_closed_loop_ends_on_time_though_nothing_ends(void **state)
{
    (void)state;
    static const struct load_opts ends[] = {
        {.mode = LOAD_CLOSED, .concurrency = 4, .duration_ns = 60 * NS_PER_MS},
        {.mode = LOAD_CLOSED, .concurrency = 4, .num_requests = 4},
        {.mode = LOAD_CLOSED, .concurrency = 4, .warmup_ns = 1, .duration_ns = 60 * NS_PER_MS, .num_requests = 100},
    };
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        struct level_rig x;
        level_open(&x, &hang, 1, ends[i]);
        x.o.workers = 2;
        x.o.grace = 20 * NS_PER_MS;
        x.o.timeout = 60 * NS_PER_S; /* what it would wait for otherwise */
        int64_t began = clock_mono();
        level_go(&x);
        assert_true(clock_mono() - began < 30 * NS_PER_S);
        assert_int_equal(x.n, 4);
        assert_int_equal(count_outcome(&x, OUT_CANCELLED), 4);
        level_close(&x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_schedule_for_any_number_of_workers),
        cmocka_unit_test(first_requests_are_spread_over_the_ramp),
        cmocka_unit_test(a_cap_holds_and_its_wait_is_told),
        cmocka_unit_test(a_cap_below_the_workers_is_refused),
        cmocka_unit_test(what_a_cap_held_back_until_the_grace_is_unsent),
        cmocka_unit_test(a_stop_leaves_unsent_only_what_was_due),
        cmocka_unit_test(slots_are_divided_and_follow_one_another),
        cmocka_unit_test(a_closed_loop_ends_on_time_though_nothing_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
