#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "records.h"

#define near(a, b) assert_true(fabs((double)(a) - (double)(b)) <= 1e-9 * fabs((double)(b)))
#define about(a, b) assert_true(fabs((double)(a) - (double)(b)) <= 1e-3 * fabs((double)(b))) /* of a histogram */

/* Ten requests of an open loop, 200 ms apart: seven answers, two timeouts (one after its first token), one 503; and one
 * of the warm-up. The expected figures come from a model in Python that knows only the definitions. */
static void ten_requests(struct acc *a, struct rec_slab *s)
{
    struct record *r = success(s, 500, 990, 995, 2, 10);
    r->flags |= REC_WARMUP;
    feed(a, s, r);
    for (int i = 0; i < 10; i++) {
        double due = 1000 + 200 * i, admitted = due + (i == 3 ? 5 : 0), start = admitted + 0.1 * i;
        if (i < 8)
            r = success(s, due, start, start + 50 + i * i, i < 7 ? 5 : 2, 10 + i);
        if (i == 7) {
            r->outcome = OUT_TIMEOUT_TOTAL;
            r->tokens_out = -1;
            r->end = T(start + 2000);
        } else if (i == 8) {
            r = failure(s, OUT_HTTP, 503, due, start, start + 3);
        } else if (i == 9) {
            r = failure(s, OUT_TIMEOUT_FIRST_TOKEN, 200, due, start, start + 60);
        }
        r->admitted = T(admitted);
        r->index = (uint64_t)i;
        r->sample = (uint32_t)i;
        feed(a, s, r);
    }
}

static void check_dist(const struct sum_dist *d, double unit, uint64_t n, uint64_t censored, double mean, double std,
                       double p50, double p90, double p99)
{
    assert_true(d->present);
    assert_int_equal(d->n, n);
    assert_int_equal(d->censored, censored);
    near(d->mean / unit, mean);
    near(d->std / unit, std);
    near(d->q[0] / unit, p50);
    near(d->q[1] / unit, p90);
    near(d->q[3] / unit, p99);
}

static void check_latencies(const struct sum_level *l)
{
    const struct sum_dist *d = l->lat;
    check_dist(&d[METRIC_TTFT], 1e6, 8, 1, 67.5, 17.832554500127006, 60, 88.6, 97.96);
    check_dist(&d[METRIC_TTFT_RESPONSE], 1e6, 8, 1, 68.475, 17.814901467190722, 64.3, 89.22, 98.652);
    check_dist(&d[METRIC_E2E], 1e6, 7, 2, 115, 21.924111536540465, 111, 520, 1852);
    check_dist(&d[METRIC_E2E_RESPONSE], 1e6, 7, 2, 116.0142857142857, 22.06697597251215, 116.3, 520.62, 1852.692);
    check_dist(&d[METRIC_TOTAL], 1e6, 7, 2, 116, 21.924111536540465, 112, 520.8, 1852.08);
    check_dist(&d[METRIC_QUEUE_WAIT], 1e6, 10, 0, 0.5, 1.5811388300841898, 0, 0.5, 4.55);
    check_dist(&d[METRIC_TPOT], 1e6, 7, 0, 13, 2.160246899469287, 13, 15.4, 15.94);
    check_dist(&d[METRIC_NTPOT], 1e6, 7, 0, 23, 4.3848223073080925, 22.2, 28.2, 29.82);
    check_dist(&l->client.send_lag, 1e3, 10, 0, 450, 302.76503540974915, 450, 810, 891);
    assert_int_equal(d[METRIC_CONNECT].n, 0);
    /* The median of TTFT is the one that timed out: it is at least that, at most 66. */
    assert_int_equal(d[METRIC_TTFT].at_least, 31);
    near(d[METRIC_TTFT].q_upper[0] / 1e6, 66);
    assert_true(isinf(d[METRIC_TTFT].q_upper[1]));
    near(d[METRIC_E2E].q_upper[0] / 1e6, 122);
    near(d[METRIC_TTFT].min / 1e6, 50);
    near(d[METRIC_TTFT].max / 1e6, 99);
    assert_int_equal(d[METRIC_TPOT].at_least, 0);

    assert_int_equal(d[METRIC_ITL].n, 29);
    assert_int_equal(d[METRIC_ITL].censored, 1);
    assert_int_equal(d[METRIC_ITL].requests, 8);
    near(d[METRIC_ITL].mean / 1e6, 13.137931034482758);
    near(d[METRIC_ITL].std / 1e6, 2.1334770066562787);
    about(d[METRIC_ITL].q[0] / 1e6, 13);
    about(d[METRIC_ITL].q[2] / 1e6, 16.55);
    about(d[METRIC_ITL].q[3] / 1e6, 1342.57);
    assert_int_equal(d[METRIC_ITL].at_least, 1 << 3 | 1 << 4);
    assert_int_equal(d[METRIC_ITL].small & 31, 31 & ~1);                 /* 8 requests are enough for p50 alone */
    assert_true(fabs(l->tokens_per_s.mean - 44.391804272786956) < 1e-6); /* kept in millionths */
    assert_true(fabs(l->tokens_per_s.q[0] - 44.64285714285714) < 1e-6);
    assert_false(l->itl_by_token);
    near(l->tokens_per_chunk, 1);
}

static void test_open_loop(void **state)
{
    struct slo_set slo, good;
    struct err e;
    assert_int_equal(slo_parse(&slo, STR("ttft:p50<70ms,tpot:p95<15ms,error_rate<25%,success_rate>0.5,e2e:p90<9s"), &e),
                     0);
    assert_int_equal(goodput_parse(&good, STR("ttft:70ms,e2e:130ms"), &e), 0);
    struct acc_opts o = {.slo = &slo, .goodput = &good};
    struct acc *a = acc_new(&o);
    struct rec_slab s;
    rec_slab_init(&s, 100);
    struct rec_run run = {.epoch_unix = 1000, .seed = 9, .version = "v"};
    acc_sink.run(a, &run);
    struct rec_level begin = level_line(true, 1000, 3000, false), end = level_line(true, 1000, 3000, true);
    end.scheduled = 10;
    acc_sink.level(a, &begin);
    assert_int_equal(acc_live_ttft_p50(a), -1);
    ten_requests(a, &s);
    about((double)acc_live_ttft_p50(a), 59e6); /* 5, 50, 51, 54, 59, 66, 75, 86, 99 */
    acc_sink.level(a, &end);
    const struct summary *sum = acc_finish(a);
    assert_ptr_equal(acc_finish(a), sum);
    assert_int_equal(sum->n_levels, 1);
    assert_int_equal(sum->seed, 9);
    assert_int_equal(sum->started, 1001);
    assert_false(sum->cut);
    const struct sum_level *l = &sum->levels[0];
    assert_int_equal(l->attempted, 10);
    assert_int_equal(l->successful, 7);
    assert_int_equal(l->failed, 3);
    assert_int_equal(l->cancelled, 0);
    assert_int_equal(l->warmup, 1);
    near(l->success_rate, 0.7);
    near(l->window_s, 2);
    near(l->offered_rps, 5);
    near(l->attempted_rps, 5);
    near(l->completed_rps, 5); /* nine of the cohort, and that of the warm-up, which ended at 1006 ms */
    near(l->successful_rps, 4);
    near(l->output_tok_s, 18); /* 35 and one of the warm-up's two */
    near(l->input_tok_s, 80);  /* 8 prompts of 20 whose first token came in the window */
    assert_int_equal(l->tokens_in, 160);
    assert_int_equal(l->tokens_out, 35);
    assert_int_equal(l->tokens_cached, -1);
    assert_int_equal(l->token_source, TOKENS_USAGE);
    assert_false(l->token_source_mixed);
    check_latencies(l);

    assert_int_equal(l->outcomes.n, 4);
    assert_string_equal(l->outcomes.v[0].name, "ok");
    assert_string_equal(l->outcomes.v[1].name, "http_503");
    assert_string_equal(l->outcomes.v[2].name, "timeout_first_token");
    assert_string_equal(l->outcomes.v[3].name, "timeout_total");
    assert_int_equal(l->status_codes.n, 2);
    assert_string_equal(l->status_codes.v[0].name, "200");
    assert_int_equal(l->status_codes.v[0].n, 9);
    assert_string_equal(l->finish_reasons.v[0].name, "stop");

    /* goodput: 0 to 4 (computed from the intended instant) */
    assert_int_equal(l->goodput.met, 5);
    assert_int_equal(l->goodput.open, 0);
    near(l->goodput.attainment_lo, 0.5);
    near(l->goodput.rps_lo, 2.5);
    /* ttft p50 is in [64.3, 66.4]: met. tpot p95 15.7: broken. 3 of 10 failed: broken. e2e p90 is unbounded: timeouts.
     */
    const enum sum_state want[] = {STATE_MET, STATE_BROKEN, STATE_BROKEN, STATE_MET, STATE_BROKEN};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(l->slo.t[i].state, want[i]);
    assert_int_equal(sum->slo, STATE_BROKEN);
    rec_slab_free(&s);
    acc_free(&a);
    assert_null(a);
}

/* No response latencies in a closed loop; the last start, which ends the window, belongs to it. */
static void test_closed_loop(void **state)
{
    struct acc *a = acc_new(&(struct acc_opts){0});
    struct rec_slab s;
    rec_slab_init(&s, 100);
    struct rec_level begin = level_line(false, 0, 0, false), end = level_line(false, 100, 400, true);
    acc_sink.level(a, &begin);
    for (int i = 0; i < 4; i++) {
        struct record *r = success(&s, 0, 100 + 100 * i, 150 + 100 * i, 3, 5);
        r->intended = r->admitted = 0;
        feed(a, &s, r);
    }
    acc_sink.level(a, &end);
    const struct sum_level *l = &acc_finish(a)->levels[0];
    assert_int_equal(l->attempted, 4);
    assert_false(l->open);
    assert_false(l->lat[METRIC_TTFT_RESPONSE].present);
    assert_false(l->lat[METRIC_E2E_RESPONSE].present);
    assert_false(l->lat[METRIC_QUEUE_WAIT].present);
    assert_false(l->client.send_lag.present);
    assert_true(isnan(l->offered_rps));
    near(l->attempted_rps, 10); /* three starts in 300 ms, the one at its very end not counted */
    near(l->lat[METRIC_E2E].mean / 1e6, 60);
    assert_int_equal(l->lat[METRIC_E2E].n, 4);
    rec_slab_free(&s);
    acc_free(&a);
}

/* A run that was killed: no final line. The window ends with the last thing seen, or where it was planned to. */
static void test_killed(void **state)
{
    for (int late = 0; late < 2; late++) {
        struct acc *a = acc_new(&(struct acc_opts){0});
        struct rec_slab s;
        rec_slab_init(&s, 100);
        struct rec_level begin = level_line(true, 1000, 60000, false);
        acc_sink.level(a, &begin);
        feed(a, &s, success(&s, 1000, 1000, 1100, 3, 50)); /* ends at 1201 ms */
        if (late)
            feed(a, &s, success(&s, 1200, 1200, 61000, 3, 50));
        const struct summary *sum = acc_finish(a);
        assert_true(sum->cut);
        near(sum->levels[0].window_s, late ? 59 : 0.201);
        assert_int_equal(sum->levels[0].scheduled, sum->levels[0].attempted);
        bool said = false;
        for (size_t i = 0; i < sum->levels[0].notes.n; i++)
            said |= strstr(sum->levels[0].notes.v[i], "end before this level did") != NULL;
        assert_true(said);
        rec_slab_free(&s);
        acc_free(&a);
    }
}

/* Where the server counts, gaps are divided over tokens; an event without a new one lengthens the next gap. */
static void test_itl_by_token(void **state)
{
    for (int mixed = 0; mixed < 2; mixed++) {
        struct acc *a = acc_new(&(struct acc_opts){0});
        struct rec_slab s;
        rec_slab_init(&s, 100);
        struct rec_level begin = level_line(true, 1000, 2000, false);
        acc_sink.level(a, &begin);
        struct record *r = failure(&s, OUT_OK, 200, 1000, 1000, 1100);
        const struct rec_event ev[] = {{T(1010), 0, 4, 1}, {T(1030), 0, 4, 5}, {T(1036), 0, 0, 5}, {T(1040), 0, 4, 7}};
        for (size_t i = 0; i < ARRAY_LEN(ev); i++)
            assert_int_equal(rec_add_event(&s, r, &ev[i]), 0);
        r->last_token = T(1040);
        r->flags = REC_STREAMED;
        r->tokens_out = 7;
        feed(a, &s, r);
        if (mixed)
            feed(a, &s, success(&s, 1100, 1100, 1150, 2, 30));
        const struct sum_level *l = &acc_finish(a)->levels[0];
        const struct sum_dist *d = &l->lat[METRIC_ITL];
        assert_int_equal(l->itl_by_token, !mixed);
        assert_int_equal(d->n, mixed ? 4 : 6);
        if (mixed) /* 20, 6, 4 and 30 ms of chunks */
            near(d->mean / 1e6, 15);
        else /* 4 x 5 ms and 2 x 5 ms */
            near(d->mean / 1e6, 5);
        rec_slab_free(&s);
        acc_free(&a);
    }
}

/* Two levels; records of a level that has ended are left out and counted. */
static void test_levels(void **state)
{
    struct acc *a = acc_new(&(struct acc_opts){0});
    struct rec_slab s;
    rec_slab_init(&s, 100);
    for (uint32_t k = 0; k < 2; k++) {
        struct rec_level line = level_line(true, 1000, 2000, false);
        line.level = k;
        acc_sink.level(a, &line);
        for (uint32_t i = 0; i <= k; i++) {
            struct record *r = success(&s, 1000, 1000, 1100, 2, 5);
            r->level = k;
            feed(a, &s, r);
        }
        struct rec_note note = {.level = k, .text = "of this level"};
        acc_sink.note(a, &note);
        line.final = true;
        acc_sink.level(a, &line);
    }
    feed(a, &s, success(&s, 1500, 1500, 1600, 2, 5)); /* level 0 */
    struct rec_level again = level_line(true, 1, 2, true);
    acc_sink.level(a, &again);
    struct rec_note note = {.whole_run = true, .text = "of the run"};
    acc_sink.note(a, &note);
    const struct summary *sum = acc_finish(a);
    assert_int_equal(sum->n_levels, 2);
    assert_int_equal(sum->levels[0].attempted, 1);
    assert_int_equal(sum->levels[1].attempted, 2);
    assert_int_equal(sum->attempted, 3);
    assert_string_equal(sum->levels[1].notes.v[0], "of this level");
    assert_int_equal(sum->notes.n, 2);
    assert_string_equal(sum->notes.v[0], "of the run");
    assert_non_null(strstr(sum->notes.v[1], "1 records belong to no level"));
    rec_slab_free(&s);
    acc_free(&a);
}

/* Cancellations leave attainment and objectives open; what had waited too long already is decided. */
static void test_cancelled(void **state)
{
    struct slo_set slo, good;
    struct err e;
    assert_int_equal(slo_parse(&slo, STR("ttft:max<1s"), &e), 0);
    assert_int_equal(goodput_parse(&good, STR("ttft:100ms"), &e), 0);
    struct acc_opts o = {.slo = &slo, .goodput = &good};
    struct acc *a = acc_new(&o);
    struct rec_slab s;
    rec_slab_init(&s, 100);
    struct rec_level begin = level_line(true, 1000, 2000, false), end = level_line(true, 1000, 2000, true);
    end.interrupted = true;
    end.scheduled = 6;
    end.unsent = 2;
    acc_sink.level(a, &begin);
    feed(a, &s, success(&s, 1000, 1000, 1050, 2, 5));
    feed(a, &s, success(&s, 1100, 1100, 1300, 2, 5));
    feed(a, &s, failure(&s, OUT_CANCELLED, 0, 1200, 1200, 1260));
    feed(a, &s, failure(&s, OUT_CANCELLED, 0, 1300, 1300, 1900));
    acc_sink.level(a, &end);
    const struct summary *sum = acc_finish(a);
    const struct sum_level *l = &sum->levels[0];
    assert_true(sum->interrupted);
    assert_int_equal(l->attempted, 4);
    assert_int_equal(l->cancelled, 2);
    assert_int_equal(l->failed, 0);
    assert_int_equal(l->unsent, 2);
    near(l->success_rate, 1);
    near(l->attempted_rps, 4);
    near(l->completed_rps, 2); /* what was cancelled did not complete */
    assert_int_equal(l->goodput.met, 1);
    assert_int_equal(l->goodput.open, 3); /* the short wait, and the two that were not sent */
    assert_int_equal(l->goodput.of, 6);
    near(l->goodput.attainment_lo, 1.0 / 6);
    near(l->goodput.attainment_hi, 4.0 / 6);
    assert_int_equal(l->slo.state, STATE_UNDECIDED);
    assert_int_equal(sum->slo, STATE_UNDECIDED);
    assert_true(l->slo.t[0].at_least);
    near(l->slo.t[0].value / 1e6, 600);
    rec_slab_free(&s);
    acc_free(&a);
}

/* A request at its limit to the nanosecond has met it; one beyond has not. */
static void test_at_the_limit(void **state)
{
    struct slo_set good;
    struct err e;
    assert_int_equal(goodput_parse(&good, STR("ttft:100ms,e2e:105ms"), &e), 0);
    struct acc *a = acc_new(&(struct acc_opts){.goodput = &good});
    struct rec_slab s;
    rec_slab_init(&s, 100);
    struct rec_level line = level_line(true, 1000, 2000, false);
    acc_sink.level(a, &line);
    feed(a, &s, success(&s, 1000, 1000, 1100, 2, 5));
    feed(a, &s, success(&s, 1100, 1100, 1200.000001, 2, 4));
    feed(a, &s, success(&s, 1200, 1200, 1300, 2, 5.000001));
    line.final = true;
    acc_sink.level(a, &line);
    const struct sum_level *l = &acc_finish(a)->levels[0];
    assert_int_equal(l->goodput.of, 3);
    assert_int_equal(l->goodput.met, 1);
    rec_slab_free(&s);
    acc_free(&a);
}

/* What the cap never let go had waited: until the window's end, or as long as its record says. One answer came after
 * 100 ms; the three others had waited at least 900, 800 and 1,700 ms. */
static void test_unsent(void **state)
{
    struct slo_set good;
    struct err e;
    assert_int_equal(goodput_parse(&good, STR("ttft:850ms"), &e), 0);
    struct acc *a = acc_new(&(struct acc_opts){.goodput = &good});
    struct rec_slab s;
    rec_slab_init(&s, 100);
    struct rec_level line = level_line(true, 1000, 2000, false);
    line.max_concurrency = 1;
    acc_sink.level(a, &line);
    const double end[] = {0, 0, 3000};
    feed(a, &s, success(&s, 1000, 1000, 1100, 1, 0));
    for (int i = 0; i < 3; i++) {
        struct record *r = failure(&s, OUT_UNSENT, 0, 1100 + 100 * i, 0, end[i]);
        r->admitted = 0;
        feed(a, &s, r);
    }
    line.final = true;
    line.scheduled = 4;
    line.unsent = 3;
    acc_sink.level(a, &line);
    const struct sum_level *l = &acc_finish(a)->levels[0];
    static const enum metric response[] = {METRIC_TTFT_RESPONSE, METRIC_E2E_RESPONSE};
    for (size_t i = 0; i < 2; i++) {
        const struct sum_dist *d = &l->lat[response[i]];
        check_dist(d, 1e6, 1, 3, 100, 0, 850, 1460, 1676);
        assert_int_equal(d->at_least, 31);
    }
    assert_int_equal(l->lat[METRIC_TTFT].censored, 0);
    assert_int_equal(l->lat[METRIC_QUEUE_WAIT].censored, 3);
    assert_int_equal(l->attempted, 1);
    assert_int_equal(l->unsent, 3);
    assert_int_equal(l->goodput.met, 1);
    assert_int_equal(l->goodput.open, 1); /* 800 ms may still have become good, 900 and 1,700 not */
    assert_int_equal(l->goodput.of, 4);
    assert_non_null(strstr(l->notes.v[0], "3 requests were due but never sent"));
    rec_slab_free(&s);
    acc_free(&a);
}

static void feed_turn(struct acc *a, struct rec_slab *s, struct record *r, uint64_t session, uint32_t turn,
                      uint32_t turns, uint32_t flags)
{
    r->session = session;
    r->turn = turn;
    r->turns = turns;
    r->flags |= flags;
    acc_sink.request(a, r);
    rec_recycle(s, r);
}

/* Session 0 says all, 1 fails, 2 goes away, 3 is not kept, 4 is cut by the end, 5 began within the warm-up. */
static void sessions_are_counted_by_their_turns(void **state)
{
    (void)state;
    struct acc_opts o = {0};
    struct acc *a = acc_new(&o);
    struct rec_slab s;
    rec_slab_init(&s, 100);
    struct rec_level line = level_line(true, 1000, 3000, false);
    line.sessions = true;
    snprintf(line.think, sizeof line.think, "2s");
    acc_sink.level(a, &line);
    feed_turn(a, &s, success(&s, 1100, 1100, 1150, 2, 10), 0, 0, 2, 0);
    feed_turn(a, &s, success(&s, 1300, 1300, 1350, 2, 10), 0, 1, 2, 0);
    feed_turn(a, &s, success(&s, 1100, 1100, 1150, 2, 10), 1, 0, 3, 0);
    feed_turn(a, &s, failure(&s, OUT_HTTP, 503, 1300, 1300, 1400), 1, 1, 3, 0);
    feed_turn(a, &s, failure(&s, OUT_CANCELLED, 0, 1300, 1300, 1400), 2, 0, 3, REC_LEFT);
    feed_turn(a, &s, success(&s, 1100, 1100, 1150, 2, 10), 3, 0, 3, REC_UNKEPT);
    feed_turn(a, &s, success(&s, 1100, 1100, 1150, 2, 10), 4, 0, 3, 0);
    feed_turn(a, &s, failure(&s, OUT_CANCELLED, 0, 2900, 2900, 3400), 4, 1, 3, 0);
    feed_turn(a, &s, success(&s, 900, 900, 950, 2, 10), 5, 0, 2, REC_WARMUP);
    feed_turn(a, &s, success(&s, 1100, 1100, 1150, 2, 10), 5, 1, 2, 0);
    line.final = true;
    snprintf(line.stopped, sizeof line.stopped, "6 requests failed");
    acc_sink.level(a, &line);
    const struct summary *sum = acc_finish(a);
    const struct sum_level *l = &sum->levels[0];
    assert_true(l->sessions.on);
    assert_int_equal(l->sessions.begun, 5);
    assert_int_equal(l->sessions.completed, 2);
    assert_int_equal(l->sessions.broken, 2);
    assert_int_equal(l->sessions.left, 1);
    assert_string_equal(l->think, "2s");
    assert_int_equal(l->cancelled, 2);
    assert_int_equal(l->left, 1);
    assert_int_equal(sum->left, 1);
    near(l->success_rate, 6.0 / 7);
    assert_true(sum->stopped && !sum->interrupted);
    assert_string_equal(l->stopped, "6 requests failed");
    acc_free(&a);
    rec_slab_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_loop),
        cmocka_unit_test(test_closed_loop),
        cmocka_unit_test(test_killed),
        cmocka_unit_test(test_itl_by_token),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_unsent),
        cmocka_unit_test(test_at_the_limit),
        cmocka_unit_test(sessions_are_counted_by_their_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
