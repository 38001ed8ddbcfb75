/* test_pacer.c - which requests a worker starts, and which it does not. Bounds in time only where the kernel keeps
 * them. */
#include "engine_rig.h"

#include "stat/quant.h"

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

/* Each slot's own wait, the same for any number of workers. */
static void first_requests_wait_as_drawn(void **state)
{
    (void)state;
    enum { SLOTS = 6 };
    for (unsigned workers = 1; workers <= 3; workers += 2) {
        struct level_rig x;
        level_open(&x, &hang, 1,
                   (struct load_opts){.mode = LOAD_CLOSED,
                                      .concurrency = SLOTS,
                                      .num_requests = 100,
                                      .seed = 3,
                                      .first = {.kind = DIST_UNIFORM, .a = 10 * NS_PER_MS, .b = 60 * NS_PER_MS}});
        x.o.workers = workers;
        x.o.timeout = 300 * NS_PER_MS;
        x.o.grace = 0;
        x.stop_after = SLOTS;
        int64_t before = clock_mono() - x.o.epoch;
        level_go(&x);
        assert_true(x.n >= SLOTS);
        int64_t want[SLOTS], got[SLOTS];
        for (int i = 0; i < SLOTS; i++) {
            want[i] = load_first(&x.load, (uint64_t)i);
            assert_in_range(want[i], 10 * NS_PER_MS, 60 * NS_PER_MS);
            got[i] = x.kept[i].r.start - before;
        }
        quant_sort(want, SLOTS);
        quant_sort(got, SLOTS);
        assert_true(want[SLOTS - 1] > want[0]);
        for (int i = 0; i < SLOTS; i++)
            assert_true(got[i] >= want[i]);
        level_close(&x);
    }
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

/* All at once, as far as a cap lets them; the end is when the last one has ended, whatever the grace. */
static void a_burst_sends_all_at_once(void **state)
{
    (void)state;
    for (unsigned cap = 0; cap <= 4; cap += 4) {
        struct level_rig x;
        level_open(
            &x, &good, 1,
            (struct load_opts){.mode = LOAD_OPEN, .arrival = ARRIVAL_BURST, .warmup_requests = 5, .num_requests = 95});
        x.o.workers = 2;
        x.o.max_concurrency = cap;
        x.o.grace = 0; /* begins behind the last start */
        x.stop_after = 0;
        level_go(&x);
        assert_int_equal(x.n, 100);
        int ok = count_outcome(&x, OUT_OK);
        assert_true(cap ? ok >= 90 : ok + count_outcome(&x, OUT_CANCELLED) == 100);
        assert_int_equal(count_outcome(&x, OUT_UNSENT), 0);
        if (cap)
            assert_true(x.g.most_open <= 4);
        for (int i = 0; i < x.n; i++) {
            const struct record *r = &x.kept[i].r;
            assert_int_equal(r->intended, x.kept[0].r.intended);
            assert_true(r->admitted >= r->intended && r->start >= r->admitted);
            assert_int_equal((r->flags & REC_WARMUP) != 0, r->index < 5);
        }
        level_close(&x);
    }
}

/* Lower bounds: no start before its release, and the releases are those of one worker. */
static void a_rate_limit_holds_starts_apart(void **state)
{
    (void)state;
    enum { GAP = 5 * NS_PER_MS, N = 30 };
    int64_t admitted[N];
    for (unsigned workers = 1; workers <= 3; workers++) {
        struct level_rig x;
        level_open(&x, &good, 1,
                   (struct load_opts){
                       .mode = LOAD_OPEN, .rate = 1000, .num_requests = N, .start_gap = GAP, .duration_ns = NS_PER_S});
        x.o.workers = workers;
        level_go(&x);
        assert_int_equal(x.n, N);
        qsort(x.kept, N, sizeof *x.kept, by_index);
        for (int i = 0; i < N; i++) {
            const struct record *r = &x.kept[i].r;
            int64_t at = r->admitted - x.kept[0].r.intended;
            assert_true(r->start >= r->admitted);
            assert_int_equal(at, i * GAP);
            if (workers == 1)
                admitted[i] = at;
            assert_int_equal(at, admitted[i]);
        }
        level_close(&x);
    }
}

static int by_start(const void *a, const void *b)
{
    const struct kept *x = a, *y = b;
    return (x->r.start > y->r.start) - (x->r.start < y->r.start);
}

/* Where starts follow completions, the bucket is shared: n starts take n - 1 gaps at least, whoever makes them. */
static void a_rate_limit_holds_for_slots_and_caps(void **state)
{
    (void)state;
    enum { GAP = 5 * NS_PER_MS, N = 30 };
    for (int open = 0; open < 2; open++) {
        struct level_rig x;
        level_open(&x, &good, 1,
                   (struct load_opts){.mode = open ? LOAD_OPEN : LOAD_CLOSED,
                                      .rate = 1000,
                                      .concurrency = 4,
                                      .num_requests = N,
                                      .start_gap = GAP});
        x.o.workers = 2;
        x.o.max_concurrency = open ? 4 : 0;
        int64_t before = clock_mono() - x.o.epoch;
        level_go(&x);
        assert_int_equal(x.n, N);
        assert_int_equal(count_outcome(&x, OUT_OK), N);
        qsort(x.kept, N, sizeof *x.kept, by_start);
        for (int i = 0; i < N; i++)
            assert_true(x.kept[i].r.start >= before + i * GAP);
        level_close(&x);
    }
}

static int open_at(const struct level_rig *x, int64_t t)
{
    int n = 0;
    for (int i = 0; i < x->n; i++)
        n += x->kept[i].r.start <= t && t < x->kept[i].r.end;
    return n;
}

/* Upper bounds: a slow machine lets them come later, never earlier. */
static void users_come_and_go_with_a_profile(void **state)
{
    (void)state;
    struct profile p;
    assert_int_equal(profile_parse(&p, STR("100ms@2,400ms@6,100ms@1,50ms@0"), 100, NULL), 0);
    for (unsigned workers = 1; workers <= 4; workers += 3) {
        struct level_rig x;
        level_open(&x, &hang, 1,
                   (struct load_opts){.mode = LOAD_CLOSED, .profile = &p, .concurrency = 6, .until_ns = p.length});
        x.o.workers = workers;
        x.o.timeout = 10 * NS_PER_MS; /* how long a request takes */
        int64_t before = clock_mono() - x.o.epoch, first = INT64_MAX, most = 0;
        level_go(&x);
        for (int i = 0; i < x.n; i++) {
            int64_t t = x.kept[i].r.start;
            int open = open_at(&x, t);
            assert_true(open <= 6 && (open <= 2 || t >= before + 100 * NS_PER_MS));
            most = MAX(most, open);
            first = MIN(first, t);
        }
        assert_int_equal(most, 6);
        assert_true(x.n >= 8 && first >= before);
        level_close(&x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_schedule_for_any_number_of_workers),
        cmocka_unit_test(first_requests_are_spread_over_the_ramp),
        cmocka_unit_test(first_requests_wait_as_drawn),
        cmocka_unit_test(a_cap_holds_and_its_wait_is_told),
        cmocka_unit_test(a_cap_below_the_workers_is_refused),
        cmocka_unit_test(what_a_cap_held_back_until_the_grace_is_unsent),
        cmocka_unit_test(a_stop_leaves_unsent_only_what_was_due),
        cmocka_unit_test(slots_are_divided_and_follow_one_another),
        cmocka_unit_test(a_closed_loop_ends_on_time_though_nothing_ends),
        cmocka_unit_test(a_burst_sends_all_at_once),
        cmocka_unit_test(a_rate_limit_holds_starts_apart),
        cmocka_unit_test(a_rate_limit_holds_for_slots_and_caps),
        cmocka_unit_test(users_come_and_go_with_a_profile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
