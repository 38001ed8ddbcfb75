/* The model against closed formulas: every instant is computed here by hand, the clock is a number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/sim_model.h"

#include "base/rng.h"
#include "base/xalloc.h"

#define MAXREQ 64
#define MAXTOK 64
#define MS NS_PER_MS

struct req {
    struct seq seq;
    int64_t started;
    int64_t token[MAXTOK];
    size_t n;
};

struct fixture {
    struct gate gate;
    struct model *m;
    struct req r[MAXREQ];
    int64_t cancel_at_token; /* 0 = none */
    int64_t hold_at_token, hold_ns;
    unsigned woken; /* worker told of a slot, + 1 */
};

static void on_start(void *arg, struct seq *s, int64_t at)
{
    CONTAINER_OF(s, struct req, seq)->started = at;
}

static void on_token(void *arg, struct seq *s, int64_t due)
{
    struct fixture *f = arg;
    struct req *r = CONTAINER_OF(s, struct req, seq);
    assert_true(r->n < MAXTOK);
    r->token[r->n++] = due;
    assert_int_equal(s->done, r->n);
    if (f->hold_at_token > 0 && (int64_t)r->n == f->hold_at_token)
        model_hold(f->m, s, due, f->hold_ns);
    if (f->cancel_at_token > 0 && (int64_t)r->n == f->cancel_at_token)
        model_cancel(f->m, s, due);
}

static void on_granted(void *arg, unsigned worker)
{
    struct fixture *f = arg;
    f->woken = worker + 1;
}

static const struct model_ops ops = {on_start, on_token, on_granted};

static struct fixture *make(struct model_params p, uint64_t limit, uint64_t max_seqs, uint64_t max_queue)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    gate_init(&f->gate, limit, max_seqs, max_queue, 2);
    f->m = model_new(&p, &f->gate, 0, &ops, f);
    return f;
}

static void drop(struct fixture *f)
{
    model_free(&f->m);
    gate_free(&f->gate);
    free(f);
}

static enum gate_rc submit(struct fixture *f, size_t i, int64_t at, uint64_t prompt, uint64_t n)
{
    f->r[i].seq.number = i + 1;
    f->r[i].seq.prompt_tokens = prompt;
    f->r[i].seq.output_tokens = n;
    return model_submit(f->m, &f->r[i].seq, at);
}

/* The caller is on time: each event at its instant. */
static void run_until(struct fixture *f, int64_t until)
{
    int64_t due;
    while ((due = model_next_due(f->m)) <= until)
        model_advance(f->m, due);
}

static const struct model_params plain = {.ttft = 50 * MS, .prefill = 20 * NS_PER_US, .itl = 10 * MS};

static void test_alone(void **state)
{
    struct fixture *f = make(plain, 0, 4, 0);
    assert_int_equal(model_next_due(f->m), INT64_MAX);
    assert_int_equal(submit(f, 0, 1000 * MS, 100, 5), GATE_RUN);
    assert_int_equal(f->r[0].started, 1000 * MS);
    run_until(f, 5000 * MS);
    assert_int_equal(f->r[0].n, 5);
    for (int k = 0; k < 5; k++) /* 50 ms + 100 x 20 us, then 10 ms each */
        assert_int_equal(f->r[0].token[k], (1052 + 10 * k) * MS);
    assert_int_equal(model_next_due(f->m), INT64_MAX);
    assert_int_equal(gate_get_counts(&f->gate).running, 0);
    drop(f);
}

/* r sequences that join the batch at one instant step together, itl + itl_per_seq * r apart. */
static void test_lock_step(void **state)
{
    struct model_params p = plain;
    p.itl_per_seq = 250 * NS_PER_US;
    for (size_t r = 1; r <= 8; r *= 2) {
        struct fixture *f = make(p, 0, 16, 0);
        for (size_t i = 0; i < r; i++)
            submit(f, i, 0, 0, 10);
        run_until(f, 10000 * MS);
        int64_t step = 10 * MS + (int64_t)r * 250 * NS_PER_US;
        for (size_t i = 0; i < r; i++) {
            assert_int_equal(f->r[i].n, 10);
            for (int k = 0; k < 10; k++)
                assert_int_equal(f->r[i].token[k], 50 * MS + k * step);
        }
        drop(f);
    }
}

/* A sequence whose first token comes within a step takes part from the next step on. */
static void test_joining_within_a_step(void **state)
{
    struct model_params p = plain;
    p.itl_per_seq = 1 * MS;
    struct fixture *f = make(p, 0, 4, 0);
    submit(f, 0, 0, 0, 6);
    run_until(f, 4 * MS);
    submit(f, 1, 4 * MS, 0, 3);
    run_until(f, 1000 * MS);
    /* First: 50, a step of 11 to 61 (alone), then steps of 12 with both, and of 11 again. */
    const int64_t a[] = {50 * MS, 61 * MS, 73 * MS, 85 * MS, 96 * MS, 107 * MS};
    const int64_t b[] = {54 * MS, 73 * MS, 85 * MS};
    for (int k = 0; k < 6; k++)
        assert_int_equal(f->r[0].token[k], a[k]);
    for (int k = 0; k < 3; k++)
        assert_int_equal(f->r[1].token[k], b[k]);
    drop(f);
}

/* max_seqs 1: request k ends at k x (prefill + (n - 1) x itl). */
static void test_queue_is_serial_with_one_slot(void **state)
{
    struct fixture *f = make(plain, 0, 1, 100);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(submit(f, i, 0, 0, 4), i == 0 ? GATE_RUN : GATE_WAIT);
    assert_int_equal(gate_get_counts(&f->gate).waiting, 9);
    run_until(f, 100000 * MS);
    for (int64_t i = 0; i < 10; i++) {
        assert_int_equal(f->r[i].started, i * 80 * MS);
        assert_int_equal(f->r[i].token[3], (i + 1) * 80 * MS);
    }
    drop(f);
}

/* An arrival that is seen before the end that came before it still finds the slot free, and starts at its own instant.
 */
static void test_arrival_before_the_late_caller(void **state)
{
    struct fixture *f = make(plain, 0, 1, 10);
    submit(f, 0, 0, 0, 2); /* ends at 60 ms */
    assert_int_equal(submit(f, 1, 61 * MS, 0, 2), GATE_RUN);
    assert_int_equal(f->r[0].token[1], 60 * MS);
    assert_int_equal(f->r[1].started, 61 * MS);
    drop(f);
}

static void test_limits(void **state)
{
    struct fixture *f = make(plain, 5, 2, 2);
    assert_int_equal(submit(f, 0, 0, 0, 2), GATE_RUN);
    assert_int_equal(submit(f, 1, 0, 0, 2), GATE_RUN);
    assert_int_equal(submit(f, 2, 0, 0, 2), GATE_WAIT);
    assert_int_equal(submit(f, 3, 0, 0, 2), GATE_WAIT);
    assert_int_equal(submit(f, 4, 0, 0, 2), GATE_FULL);
    assert_int_equal(gate_enter_plain(&f->gate), 5);
    assert_int_equal(submit(f, 5, 0, 0, 2), GATE_LIMIT);
    assert_int_equal(gate_enter_plain(&f->gate), 0);
    gate_leave_plain(&f->gate);
    assert_int_equal(submit(f, 6, 0, 0, 2), GATE_FULL);
    run_until(f, 1000 * MS);
    assert_int_equal(f->r[3].n, 2);
    assert_int_equal(f->r[4].n, 0);
    assert_int_equal(gate_get_counts(&f->gate).in_flight, 0);
    assert_int_equal(submit(f, 7, 1000 * MS, 0, 2), GATE_RUN);
    drop(f);
}

static void test_cancel_frees_the_slot_at_once(void **state)
{
    struct fixture *f = make(plain, 0, 1, 10);
    submit(f, 0, 0, 0, 50);
    submit(f, 1, 0, 0, 2);
    submit(f, 2, 0, 0, 2);
    run_until(f, 75 * MS);
    model_cancel(f->m, &f->r[1].seq, 75 * MS); /* while it waits: no effect on the slot */
    assert_int_equal(gate_get_counts(&f->gate).waiting, 1);
    model_cancel(f->m, &f->r[0].seq, 77 * MS);
    assert_int_equal(f->r[2].started, 77 * MS);
    model_cancel(f->m, &f->r[0].seq, 78 * MS); /* twice is fine */
    run_until(f, 1000 * MS);
    assert_int_equal(f->r[0].n, 3);
    assert_int_equal(f->r[1].n, 0);
    assert_int_equal(f->r[2].token[0], 127 * MS);
    assert_int_equal(gate_get_counts(&f->gate).running, 0);
    assert_int_equal(model_decoding(f->m), 0);
    drop(f);
}

/* A callback that cancels its own sequence in the middle of a step does no harm to the others. */
static void test_cancel_within_a_step(void **state)
{
    struct fixture *f = make(plain, 0, 8, 8);
    f->cancel_at_token = 3;
    for (size_t i = 0; i < 12; i++)
        submit(f, i, 0, 0, i % 2 == 0 ? 10 : 2);
    run_until(f, 10000 * MS);
    for (size_t i = 0; i < 12; i++)
        assert_int_equal(f->r[i].n, i % 2 == 0 ? 3 : 2);
    assert_int_equal(f->r[8].started, 60 * MS); /* the slots of 1, 3, 5, 7 */
    assert_int_equal(f->r[11].started, 60 * MS);
    assert_int_equal(gate_get_counts(&f->gate).in_flight, 0);
    drop(f);
}

static void test_hold(void **state)
{
    struct fixture *f = make(plain, 0, 8, 8);
    f->hold_at_token = 3;
    f->hold_ns = 2000 * MS;
    submit(f, 0, 0, 0, 5);
    run_until(f, 10000 * MS);
    const int64_t t[] = {50 * MS, 60 * MS, 70 * MS, 2070 * MS, 2080 * MS};
    for (int k = 0; k < 5; k++)
        assert_int_equal(f->r[0].token[k], t[k]);
    drop(f);
}

static void test_shift_moves_everything(void **state)
{
    struct fixture *f = make(plain, 0, 8, 8);
    submit(f, 0, 0, 0, 5);
    submit(f, 1, 65 * MS, 0, 2);
    run_until(f, 65 * MS);
    model_shift(f->m, 2000 * MS);
    assert_int_equal(model_next_due(f->m), 2070 * MS);
    run_until(f, 10000 * MS);
    assert_int_equal(f->r[0].token[1], 60 * MS);
    assert_int_equal(f->r[0].token[2], 2070 * MS);
    assert_int_equal(f->r[0].token[4], 2090 * MS);
    assert_int_equal(f->r[1].token[0], 2115 * MS);
    drop(f);
}

/* A caller that is late but by less than a step does not move the grid; later than that, it does. */
static void test_late_caller(void **state)
{
    struct fixture *f = make(plain, 0, 8, 8);
    submit(f, 0, 0, 0, 40);
    run_until(f, 60 * MS);
    model_advance(f->m, 79 * MS); /* due at 70 */
    assert_int_equal(f->r[0].n, 3);
    assert_int_equal(model_next_due(f->m), 80 * MS);
    assert_int_equal(model_moved(f->m), 0);
    model_advance(f->m, 500 * MS); /* due at 80: no burst of 43 tokens */
    assert_int_equal(f->r[0].n, 4);
    assert_int_equal(model_next_due(f->m), 510 * MS);
    assert_int_equal(model_moved(f->m), 1);
    drop(f);
}

/* Jitter: the same for the same seed, whatever else happens; its factor multiplies the formula. */
static void test_jitter(void **state)
{
    struct model_params p = plain;
    p.has_jitter = true;
    p.seed = 7;
    assert_int_equal(dist_parse(&p.jitter, STR("uniform:1,3"), NULL), 0);
    struct fixture *f = make(p, 0, 8, 8), *g = make(p, 0, 8, 8);
    submit(f, 0, 0, 0, 20);
    submit(g, 0, 100 * MS, 0, 20);
    run_until(f, 10000 * MS);
    run_until(g, 10000 * MS);
    bool differs = false;
    for (int k = 0; k < 20; k++) {
        assert_int_equal(f->r[0].token[k] + 100 * MS, g->r[0].token[k]);
        int64_t gap = f->r[0].token[k] - (k == 0 ? 0 : f->r[0].token[k - 1]), base = k == 0 ? 50 * MS : 10 * MS;
        assert_true(gap >= base && gap <= 3 * base);
        differs = differs || (k > 1 && gap != f->r[0].token[1] - f->r[0].token[0]);
    }
    assert_true(differs);
    drop(f);
    drop(g);
}

/* Instants far apart and absurd parameters do not overflow. */
static void test_huge_parameters(void **state)
{
    struct model_params p = {
        .ttft = INT64_MAX / 2, .prefill = INT64_MAX / 2, .itl = INT64_MAX / 2, .itl_per_seq = INT64_MAX / 2};
    struct fixture *f = make(p, 0, 8, 8);
    submit(f, 0, 1000 * MS, 1000000, 5);
    assert_true(model_next_due(f->m) > INT64_MAX / 8);
    drop(f);
}

static void test_zero_durations_end(void **state)
{
    struct fixture *f = make((struct model_params){0}, 0, 2, 8);
    for (size_t i = 0; i < 6; i++)
        submit(f, i, 5 * MS, 3, 7);
    model_advance(f->m, 5 * MS);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(f->r[i].n, 7);
    assert_int_equal(model_next_due(f->m), INT64_MAX);
    drop(f);
}

/* Two models on one gate, as with two threads: a slot that one frees goes to the other's waiter, which is told. */
static void test_two_workers(void **state)
{
    struct fixture *f = make(plain, 0, 1, 8);
    struct model *other = model_new(&plain, &f->gate, 1, &ops, f);
    struct req q = {.seq = {.number = 9, .output_tokens = 2}};
    submit(f, 0, 0, 0, 2);
    assert_int_equal(model_submit(other, &q.seq, 1 * MS), GATE_WAIT);
    run_until(f, 60 * MS);
    assert_int_equal(f->woken, 2);
    assert_int_equal(gate_get_counts(&f->gate).running, 1); /* never free in between */
    assert_int_equal(submit(f, 1, 60 * MS, 0, 2), GATE_WAIT);
    model_granted(other, 61 * MS);
    assert_int_equal(q.started, 61 * MS);
    model_cancel(other, &q.seq, 62 * MS);
    model_granted(f->m, 63 * MS);
    assert_int_equal(f->r[1].started, 63 * MS);
    model_cancel(f->m, &f->r[1].seq, 64 * MS);
    assert_int_equal(gate_get_counts(&f->gate).in_flight, 0);
    model_free(&other);
    drop(f);
}

/* Thousands of random arrivals, ends and cancellations: counts hold, first come is first served. */
static void test_random_history(void **state)
{
    struct model_params p = plain;
    p.itl_per_seq = 100 * NS_PER_US;
    struct fixture *f = make(p, 0, 3, UINT64_MAX);
    int64_t now = 0;
    for (uint64_t i = 0; i < 3000; i++) {
        size_t k = i % MAXREQ;
        model_cancel(f->m, &f->r[k].seq, now);
        f->r[k] = (struct req){0};
        submit(f, k, now, i % 50, 1 + rng_below(1, RNG_TEST, i, 12));
        now += (int64_t)rng_below(2, RNG_TEST, i, 60) * MS;
        run_until(f, now);
        struct gate_counts c = gate_get_counts(&f->gate);
        assert_true(c.running <= 3);
        assert_true(c.waiting == 0 || c.running == 3);
        assert_int_equal(c.in_flight, c.running + c.waiting);
    }
    run_until(f, INT64_MAX - 1);
    assert_int_equal(gate_get_counts(&f->gate).in_flight, 0);
    for (size_t k = 0; k < MAXREQ; k++)
        assert_int_equal(f->r[k].n, f->r[k].seq.output_tokens);
    drop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_lock_step),
        cmocka_unit_test(test_joining_within_a_step),
        cmocka_unit_test(test_queue_is_serial_with_one_slot),
        cmocka_unit_test(test_arrival_before_the_late_caller),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_cancel_frees_the_slot_at_once),
        cmocka_unit_test(test_cancel_within_a_step),
        cmocka_unit_test(test_hold),
        cmocka_unit_test(test_shift_moves_everything),
        cmocka_unit_test(test_late_caller),
        cmocka_unit_test(test_jitter),
        cmocka_unit_test(test_huge_parameters),
        cmocka_unit_test(test_zero_durations_end),
        cmocka_unit_test(test_two_workers),
        cmocka_unit_test(test_random_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
