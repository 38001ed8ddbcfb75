/* test_engine.c - beginnings, ends and the way of records between threads. */
#include "engine_rig.h"

#include <sys/resource.h>

static const struct reply good = {"200 OK", SSE_TYPE, STREAM};
static const struct reply hang = {.hang = true};

/* 100 time out in one turn, the ring holds 64 and nobody pops meanwhile; `late` more may wait. */
static void burst(size_t late, int lost)
{
    struct level_rig x;
    level_open(&x, &hang, 1, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 100, .num_requests = 100});
    x.o.timeout = 50 * NS_PER_MS;
    x.o.ring = 1;
    x.o.late = late;
    struct engine *en = engine_start(&x.o, NULL);
    while (!engine_ready(en))
        usleep(1000);
    engine_begin(en, clock_mono());
    struct live sum;
    do {
        usleep(1000);
        engine_live(en, &sum);
    } while (live_get(&sum.completed) < 100);
    assert_false(engine_finished(en)); /* it waits for a reader */
    while (!engine_finished(en))
        level_drain(&x, en);
    engine_end(en, &x.totals, x.clients);
    level_drain(&x, en);
    engine_free(&en);
    assert_int_equal(x.n, 100 - lost);
    assert_int_equal(count_outcome(&x, OUT_TIMEOUT_TOTAL), 100 - lost);
    assert_int_equal(x.totals.lost_records, lost);
    assert_int_equal(x.totals.taken, 100);
    assert_int_equal(live_get(&sum.failed), 100);
    level_close(&x);
}

static void a_burst_of_ends_loses_no_record(void **state)
{
    (void)state;
    burst(0, 0);
}

/* What finds no room is lost, each is counted, and the load goes on. */
static void a_full_ring_counts_what_it_loses(void **state)
{
    (void)state;
    burst(10, 26);
}

static void live_counters_end_as_the_records_do(void **state)
{
    (void)state;
    const struct reply script[] = {good, {"500 No", "", ""}, good, good};
    struct level_rig x;
    level_open(&x, script, 4, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 2, .num_requests = 10});
    struct engine *en = engine_start(&x.o, NULL);
    while (!engine_ready(en))
        usleep(1000);
    engine_begin(en, clock_mono());
    while (!engine_finished(en))
        level_drain(&x, en);
    struct live sum;
    engine_live(en, &sum);
    engine_end(en, &x.totals, x.clients);
    level_drain(&x, en);
    assert_int_equal(live_get(&sum.started), 10);
    assert_int_equal(live_get(&sum.completed), 10);
    assert_int_equal(live_get(&sum.succeeded), 9);
    assert_int_equal(live_get(&sum.failed), 1);
    assert_int_equal(live_get(&sum.tokens), 18);
    assert_int_equal(x.clients[0].events, 18);
    assert_int_equal(hist_n(x.clients[0].lag), x.clients[0].kernel_stamped);
    assert_true(x.clients[0].cpu > 0);
    engine_free(&en);
    level_close(&x);
}

static void stamps_can_be_switched_off(void **state)
{
    (void)state;
    struct level_rig x;
    level_open(&x, &good, 1, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = 5});
    x.o.no_kernel_stamps = true;
    level_go(&x);
    assert_int_equal(count_outcome(&x, OUT_OK), 5);
    assert_true(x.clients[0].reads >= 5);
    assert_int_equal(x.clients[0].kernel_stamped, 0);
    level_close(&x);
}

/* Before engine_begin, just after it, and with requests open. */
static void a_stop_is_obeyed_at_any_time(void **state)
{
    (void)state;
    for (int when = 0; when < 3; when++) {
        for (int mode = LOAD_OPEN; mode <= LOAD_CLOSED; mode++) {
            struct level_rig x;
            level_open(&x, &hang, 1,
                       (struct load_opts){
                           .mode = (enum load_mode)mode, .rate = 1000, .concurrency = 4, .num_requests = 1000000});
            x.o.workers = 2;
            struct engine *en = engine_start(&x.o, NULL);
            if (when > 0)
                engine_begin(en, clock_mono());
            struct live sum = {0};
            while (when > 1 && live_get(&sum.started) < 3) {
                usleep(500);
                engine_live(en, &sum);
            }
            engine_stop(en, 10 * NS_PER_S);
            engine_stop(en, 0); /* at once after all */
            if (when == 0)
                engine_begin(en, clock_mono()); /* too late */
            int64_t began = clock_mono();
            while (!engine_finished(en)) {
                level_drain(&x, en);
                assert_true(clock_mono() - began < 8 * NS_PER_S);
            }
            engine_end(en, &x.totals, x.clients);
            level_drain(&x, en);
            assert_true(x.totals.stopped_at > 0);
            assert_int_equal(count_outcome(&x, OUT_CANCELLED) + count_outcome(&x, OUT_UNSENT), x.n);
            if (when == 0)
                assert_int_equal(x.n, 0);
            if (when == 2)
                assert_true(count_outcome(&x, OUT_CANCELLED) >= 3);
            engine_free(&en);
            level_close(&x);
        }
    }
}

static void too_few_files_are_an_error_before_the_start(void **state)
{
    (void)state;
    struct level_rig x;
    struct rlimit old, low;
    struct err e = {0};
    level_open(&x, &good, 1, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = 1});
    int next = dup(0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    low = old;
    low.rlim_cur = (rlim_t)next + 3; /* one worker and a half */
    x.o.workers = 4;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    struct engine *en = engine_start(&x.o, &e);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_null(en);
    assert_int_equal(e.code, ERR_LIMIT);
    int again = dup(0); /* and nothing is left open */
    close(again);
    assert_int_equal(again, next);
    level_close(&x);
}

static void running_out_of_files_is_an_outcome(void **state)
{
    (void)state;
    struct level_rig x;
    struct rlimit old, low;
    level_open(&x, &hang, 1, (struct load_opts){.mode = LOAD_OPEN, .rate = 10000, .num_requests = 30});
    rig_stop(&x.g);
    int lfd = listen_only(100, &x.target.addrs[0]);
    x.o.grace = 100 * NS_PER_MS;
    int next = dup(0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    low = old;
    low.rlim_cur = (rlim_t)next + 12;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    level_go(&x);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(x.n, 30);
    int failed = count_outcome(&x, OUT_NO_FILES);
    assert_true(failed >= 18);
    assert_int_equal(failed + count_outcome(&x, OUT_CANCELLED), 30);
    assert_int_equal(x.totals.exhausted, failed);
    close(lfd);
    level_close(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_of_ends_loses_no_record),
        cmocka_unit_test(a_full_ring_counts_what_it_loses),
        cmocka_unit_test(live_counters_end_as_the_records_do),
        cmocka_unit_test(stamps_can_be_switched_off),
        cmocka_unit_test(a_stop_is_obeyed_at_any_time),
        cmocka_unit_test(too_few_files_are_an_error_before_the_start),
        cmocka_unit_test(running_out_of_files_is_an_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
