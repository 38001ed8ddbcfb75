#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/measure.h"
#include "records.h"

static struct rec_slab slab;

static int set_up(void **state)
{
    rec_slab_init(&slab, 1000);
    return 0;
}

static int tear_down(void **state)
{
    rec_slab_free(&slab);
    return 0;
}

static void check(struct record *r, bool open, enum metric k, int64_t want, bool censored)
{
    struct measured m;
    measure(r, open, &m);
    measure_itl(r, &m);
    assert_int_equal(m.v[k], want);
    assert_int_equal(m.censored >> k & 1, censored);
}

static void test_success(void **state)
{
    struct record *r = success(&slab, 100, 103, 150, 5, 10);
    r->admitted = T(102);
    r->flags |= REC_NEW_CONN;
    r->conn_start = T(103);
    r->conn_end = T(104);
    r->tls_end = T(107);
    check(r, true, METRIC_TTFT, T(47), false);
    check(r, true, METRIC_TTFT_RESPONSE, T(50), false);
    check(r, true, METRIC_TTFO, T(47), false);
    check(r, true, METRIC_E2E, T(87), false);
    check(r, true, METRIC_E2E_RESPONSE, T(90), false);
    check(r, true, METRIC_TOTAL, T(88), false);
    check(r, true, METRIC_TPOT, T(10), false);
    check(r, true, METRIC_NTPOT, T(17.4), false);
    check(r, true, METRIC_CONNECT, T(4), false);
    check(r, true, METRIC_QUEUE_WAIT, T(2), false);
    check(r, true, METRIC_ITL, T(10), false);
    struct measured m;
    measure(r, true, &m);
    assert_int_equal(m.send_lag, T(1));
    assert_int_equal(m.tok_rate, 56818182); /* 5 tokens in 88 ms, in millionths */
    measure(r, false, &m);
    assert_int_equal(m.v[METRIC_TTFT_RESPONSE], NOT_MEASURED);
    assert_int_equal(m.v[METRIC_QUEUE_WAIT], NOT_MEASURED);
    assert_int_equal(m.send_lag, NOT_MEASURED);
    r->flags &= ~(uint32_t)REC_NEW_CONN;
    check(r, true, METRIC_CONNECT, NOT_MEASURED, false);
    rec_recycle(&slab, r);
}

/* Not streamed: no first token, E2E until the end. */
static void test_plain_answer(void **state)
{
    struct record *r = failure(&slab, OUT_OK, 200, 0, 100, 300);
    r->flags = REC_NO_STREAM_ASKED;
    r->first_byte = T(290);
    r->tokens_out = 10;
    check(r, false, METRIC_TTFT, NOT_MEASURED, false);
    check(r, false, METRIC_TTFO, NOT_MEASURED, false);
    check(r, false, METRIC_TPOT, NOT_MEASURED, false);
    check(r, false, METRIC_TTFB, T(190), false);
    check(r, false, METRIC_E2E, T(200), false);
    check(r, false, METRIC_NTPOT, T(20), false);
    r->outcome = OUT_TIMEOUT_TOTAL;
    r->first_byte = 0;
    check(r, false, METRIC_TTFT, NOT_MEASURED, false);
    check(r, false, METRIC_TTFB, T(200), true);
    check(r, false, METRIC_E2E, T(200), true);
    rec_recycle(&slab, r);
}

/* Reasoning that was counted but not streamed is left out of TPOT, not of NTPOT. */
static void test_hidden_reasoning(void **state)
{
    struct record *r = success(&slab, 0, 100, 200, 5, 10);
    r->tokens_out = 105;
    r->tokens_reasoning = 100;
    check(r, false, METRIC_TPOT, T(10), false);
    r->first_output = T(220); /* the first events were reasoning: it was streamed */
    check(r, false, METRIC_TPOT, (T(40) + 52) / 104, false);
    check(r, false, METRIC_TTFO, T(120), false);
    r->tokens_out = -1;
    check(r, false, METRIC_TPOT, NOT_MEASURED, false);
    check(r, false, METRIC_NTPOT, NOT_MEASURED, false);
    rec_recycle(&slab, r);
}

static void test_cut_short(void **state)
{
    static const enum outcome cut[] = {OUT_TIMEOUT_TOTAL, OUT_CANCELLED};
    for (size_t i = 0; i < ARRAY_LEN(cut); i++) {
        struct record *r = success(&slab, 100, 100, 150, 3, 10);
        r->outcome = cut[i];
        r->end = T(500);
        check(r, true, METRIC_TTFT, T(50), false); /* it had come */
        check(r, true, METRIC_E2E, T(400), true);
        check(r, true, METRIC_E2E_RESPONSE, T(400), true);
        check(r, true, METRIC_TOTAL, T(400), true);
        check(r, true, METRIC_TPOT, NOT_MEASURED, false);
        check(r, true, METRIC_ITL, T(330), true); /* what it was waiting for */
        r->first_output = 0;
        check(r, true, METRIC_TTFO, T(400), true);
        rec_recycle(&slab, r);
    }
    struct record *r = failure(&slab, OUT_TIMEOUT_CONNECT, 0, 90, 100, 350);
    r->flags = REC_NEW_CONN;
    r->conn_start = T(101);
    check(r, true, METRIC_CONNECT, T(249), true);
    check(r, true, METRIC_TTFT, T(250), true);
    check(r, true, METRIC_TTFT_RESPONSE, T(260), true);
    r->outcome = OUT_REFUSED; /* no latency of anything */
    for (int k = 0; k < METRIC_LATENCIES; k++)
        if (k != METRIC_QUEUE_WAIT)
            check(r, true, (enum metric)k, NOT_MEASURED, false);
    check(r, true, METRIC_QUEUE_WAIT, 0, false);
    rec_recycle(&slab, r);
    /* due, never let go */
    r = failure(&slab, OUT_UNSENT, 0, 100, 0, 400);
    r->admitted = r->start = 0;
    check(r, true, METRIC_QUEUE_WAIT, T(300), true);
    check(r, true, METRIC_E2E_RESPONSE, T(300), true);
    check(r, true, METRIC_E2E, NOT_MEASURED, false);
    rec_recycle(&slab, r);
}

static void spread_of(struct record *r, uint64_t *out)
{
    struct spread s;
    struct rec_iter it;
    struct rec_event ev;
    spread_init(&s, r);
    rec_iter_init(&it, r);
    while (rec_iter_next(&it, &ev))
        *out++ = spread_event(&s, &ev);
}

/* 10 tokens over 3, 3 and 1 bytes: floor(30/7), floor(60/7) and all. */
static void test_spread(void **state)
{
    struct record *r = rec_new(&slab);
    const struct rec_event ev[] = {{T(1), 0, 3, -1}, {T(2), 0, 3, -1}, {T(3), 0, 1, -1}};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(rec_add_event(&slab, r, &ev[i]), 0);
    uint64_t v[3];
    r->tokens_out = 10;
    spread_of(r, v);
    assert_true(v[0] == 4 && v[1] == 4 && v[2] == 2);
    r->tokens_out = -1;
    spread_of(r, v);
    assert_true(v[0] == 0 && v[1] == 0 && v[2] == 0);
    rec_recycle(&slab, r);
    r = rec_new(&slab);
    for (int i = 1; i <= 3; i++) /* no text sizes: evenly */
        assert_int_equal(rec_add_event(&slab, r, &(struct rec_event){.at = T(i), .cumulative = -1}), 0);
    r->tokens_out = 7;
    spread_of(r, v);
    assert_true(v[0] == 2 && v[1] == 2 && v[2] == 3);
    rec_recycle(&slab, r);
}

/* Every part is the difference of two floors of the exact quotient, whatever the sizes. */
static void test_spread_exact(void **state)
{
    static const struct {
        int64_t tokens;
        uint32_t bytes;
    } shape[] = {{1, 7}, {99, 5}, {1000, 3}, {100000, 1}, {UINT32_MAX, 9}, {(int64_t)1 << 40, 60000}, {7, UINT32_MAX}};
    for (size_t k = 0; k < ARRAY_LEN(shape); k++) {
        struct record *r = rec_new(&slab);
        uint64_t sum = 0, seen = 0, part[100];
        uint32_t bytes[100];
        for (uint32_t i = 0; i < 100; i++) {
            bytes[i] = (uint32_t)(((uint64_t)i * 2654435761U) % shape[k].bytes);
            sum += bytes[i];
            assert_int_equal(
                rec_add_event(&slab, r, &(struct rec_event){.at = T(i + 1), .bytes = bytes[i], .cumulative = -1}), 0);
        }
        r->tokens_out = shape[k].tokens;
        spread_of(r, part);
        for (uint32_t i = 0; i + 1 < 100; i++) {
            uint64_t whole = sum ? sum : 100, step = sum ? bytes[i] : 1;
            unsigned __int128 before = (unsigned __int128)shape[k].tokens * seen / whole;
            seen += step;
            assert_int_equal(part[i], (uint64_t)((unsigned __int128)shape[k].tokens * seen / whole - before));
        }
        rec_recycle(&slab, r);
    }
}

/* The server's own counts go first; what they leave out comes with the last event, and they never exceed the total. */
static void test_spread_counted(void **state)
{
    struct record *r = rec_new(&slab);
    const struct rec_event ev[] = {{T(1), 0, 9, 2}, {T(2), 0, 1, 2}, {T(3), 0, 1, 8}};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(rec_add_event(&slab, r, &ev[i]), 0);
    uint64_t v[3];
    r->tokens_out = 10;
    spread_of(r, v);
    assert_true(v[0] == 2 && v[1] == 0 && v[2] == 8);
    r->tokens_out = 5;
    spread_of(r, v);
    assert_true(v[0] == 2 && v[1] == 0 && v[2] == 3);
    r->tokens_out = -1;
    spread_of(r, v);
    assert_true(v[0] == 2 && v[1] == 0 && v[2] == 6);
    rec_recycle(&slab, r);
    r = failure(&slab, OUT_OK, 200, 0, 100, 300); /* no event: all at the end */
    r->tokens_out = 6;
    int64_t at = 0;
    assert_int_equal(spread_whole(r, &at), 6);
    assert_int_equal(at, T(300));
    r->outcome = OUT_TRUNCATED;
    assert_int_equal(spread_whole(r, &at), 0);
    rec_recycle(&slab, r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_success),          cmocka_unit_test(test_plain_answer),
        cmocka_unit_test(test_hidden_reasoning), cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_spread),           cmocka_unit_test(test_spread_counted),
        cmocka_unit_test(test_spread_exact),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
