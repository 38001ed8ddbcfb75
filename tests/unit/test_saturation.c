/* test_saturation.c - sweeps made by hand: where they go over by docs/METRICS.md, and what is left to recommend. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/saturation.h"

enum { SECONDS = 10 };

struct rig {
    struct summary s;
    struct sum_level level[6];
    struct sum_row rows[6][SECONDS];
    struct sum_saturation out;
};

/* An open level that holds: 100 ms and 200 ms to the first token, everything answered in the second it is due. */
static struct sum_level *rate(struct rig *r, double rps)
{
    size_t k = r->s.n_levels++;
    struct sum_level *l = &r->level[k];
    r->s.levels = r->level;
    *l = (struct sum_level){.level = (uint32_t)k,
                            .open = true,
                            .rate = rps,
                            .final = true,
                            .begin = 1,
                            .w0 = 1,
                            .w1 = 1 + SECONDS * NS_PER_S,
                            .attempted = (uint64_t)(rps * SECONDS),
                            .success_rate = 1,
                            .n_rows = SECONDS,
                            .rows = r->rows[k]};
    for (int i = 0; i < SECONDS; i++)
        l->rows[i] = (struct sum_row){.offered = (uint64_t)rps, .started = (uint64_t)rps, .completed = (uint64_t)rps};
    l->lat[METRIC_TTFT_RESPONSE] =
        (struct sum_dist){.present = true, .n = l->attempted, .q = {1e8, 1e8, 2e8, 3e8, 4e8}};
    l->client.late = 0;
    return l;
}

static struct sum_level *users(struct rig *r, uint32_t n, double tokens)
{
    struct sum_level *l = rate(r, n);
    l->open = false;
    l->rate = NAN;
    l->concurrency = n;
    l->output_tok_s = tokens;
    l->lat[METRIC_TOTAL] = (struct sum_dist){.present = true, .n = 1000, .mean = 1e9, .std = 5e8};
    return l;
}

static void find(struct rig *r)
{
    saturation_free(&r->out);
    saturation_find(&r->s, 2, &r->out);
    unsigned bits = 0;
    for (int i = 0; i < SAT_REASONS; i++)
        bits += r->out.reasons >> i & 1;
    assert_int_equal(r->out.why.n, bits); /* a text each */
    assert_int_equal(r->out.first >= 0, bits > 0);
}

static struct rig *fresh(void)
{
    static struct rig r;
    saturation_free(&r.out);
    memset(&r, 0, sizeof r);
    return &r;
}

static void near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-9 * fmax(1, fabs(b))))
        fail_msg("%.17g is not %.17g", a, b);
}

/* The sweep that the seed document prints: 85.2 % at 20/s. */
static void of_the_document(void **state)
{
    struct rig *r = fresh();
    rate(r, 1);
    rate(r, 5);
    rate(r, 10)->success_rate = 0.985;
    rate(r, 20)->success_rate = 0.852;
    r->level[3].lat[METRIC_TTFT_RESPONSE].q[2] = 1.2e9;
    find(r);
    assert_int_equal(r->out.axis, SAT_RATE);
    assert_int_equal(r->out.first, 3);
    assert_int_equal(r->out.last, 2);
    assert_int_equal(r->out.reasons, SAT_SUCCESS | SAT_TTFT);
    assert_string_equal(r->out.why.v[0], "85.2 % of the requests succeeded, fewer than 95 %");
    assert_string_equal(r->out.why.v[1], "TTFT p95 is 1.20 s, above 1 s");
    near(r->out.max, 10);
    near(r->out.conservative, 8);
    near(r->out.aggressive, 9);
    near(r->out.production_lo, 7);
    near(r->out.production_hi, 8);
}

static void not_reached(void **state)
{
    struct rig *r = fresh();
    rate(r, 4);
    rate(r, 8)->success_rate = 0.95; /* not below it */
    r->level[1].lat[METRIC_TTFT_RESPONSE].q[2] = 1e9;
    find(r);
    assert_int_equal(r->out.first, -1);
    assert_int_equal(r->out.last, 1);
    near(r->out.max, 8);
}

/* A higher level that holds again is no recommendation: the original's mistake. */
static void first_counts(void **state)
{
    struct rig *r = fresh();
    rate(r, 20);
    rate(r, 1); /* in any order */
    rate(r, 10)->success_rate = 0.9;
    find(r);
    assert_int_equal(r->out.first, 2);
    assert_int_equal(r->out.last, 1);
    near(r->out.max, 1);
}

static void lowest_already(void **state)
{
    struct rig *r = fresh();
    rate(r, 1)->success_rate = 0;
    rate(r, 2);
    find(r);
    assert_int_equal(r->out.first, 0);
    assert_int_equal(r->out.last, -1);
    assert_true(isnan(r->out.max) && isnan(r->out.conservative));
}

/* Three times the lowest level's where that is more than a second; a tail only of 100 requests and more. */
static void waits(void **state)
{
    struct rig *r = fresh();
    rate(r, 10)->lat[METRIC_TTFT_RESPONSE] =
        (struct sum_dist){.present = true, .n = 100, .q = {4e8, 4e8, 5e8, 8e8, 8e8}};
    rate(r, 20);
    struct sum_dist *d = &r->level[1].lat[METRIC_TTFT_RESPONSE];
    d->q[2] = d->q[3] = 1.5e9;
    find(r);
    assert_int_equal(r->out.reasons, 0);
    d->q[3] = 2.4e9;
    find(r);
    assert_int_equal(r->out.reasons, 0);
    d->q[3] = 2.41e9;
    find(r);
    assert_int_equal(r->out.reasons, SAT_TAIL);
    d->q[2] = 1.51e9;
    d->at_least = 1 << 3;
    find(r);
    assert_int_equal(r->out.reasons, SAT_TTFT | SAT_TAIL);
    assert_string_equal(r->out.why.v[0], "TTFT p95 is 1.51 s, above 3 times the 500 ms at 10/s");
    assert_string_equal(r->out.why.v[1], "TTFT p99 is at least 2.41 s, above 3 times the 800 ms at 10/s");
    r->level[0].lat[METRIC_TTFT_RESPONSE].n = 99;
    find(r);
    assert_int_equal(r->out.reasons, SAT_TTFT);
    /* nothing streamed: the whole latency stands in */
    for (int i = 0; i < 2; i++) {
        r->level[i].lat[METRIC_E2E_RESPONSE] = r->level[i].lat[METRIC_TTFT_RESPONSE];
        r->level[i].lat[METRIC_TTFT_RESPONSE].present = false;
    }
    find(r);
    assert_int_equal(r->out.reasons, SAT_TTFT);
    assert_string_equal(r->out.why.v[0], "E2E p95 is 1.51 s, above 3 times the 500 ms at 10/s");
}

/* 40 due each second, from the fifth on 30 answered. The same by the client's lateness is no fault of the server. */
static void falls_behind(void **state)
{
    struct rig *r = fresh();
    rate(r, 20);
    rate(r, 40);
    for (int i = 5; i < SECONDS; i++)
        r->level[1].rows[i].completed = 30;
    struct backlog b = level_backlog(&r->level[1]);
    assert_true(b.known && b.grows);
    assert_int_equal(b.mid, 0);
    assert_int_equal(b.end, 50);
    near(b.offered_rps, 40);
    near(b.answered_rps, 30);
    find(r);
    assert_int_equal(r->out.reasons, SAT_COMPLETED);
    near(r->out.max, 20);
    r->level[1].client.late = 0.25;
    find(r);
    assert_int_equal(r->out.reasons, 0);
    near(r->out.max, 30); /* so much was held */
    r->level[1].client.late = 0;
    r->level[1].w1 = 1 + 3 * NS_PER_S; /* too short to tell */
    assert_false(level_backlog(&r->level[1]).known);
    find(r);
    assert_int_equal(r->out.reasons, 0);
}

static void in_flight(void **state)
{
    struct rig *r = fresh();
    users(r, 1, 100);
    users(r, 2, 190);
    users(r, 4, 350);
    users(r, 8, 380); /* 8.6 % for twice the load */
    users(r, 16, 700);
    find(r);
    assert_int_equal(r->out.axis, SAT_CONCURRENCY);
    assert_int_equal(r->out.first, 3);
    assert_int_equal(r->out.last, 2);
    assert_int_equal(r->out.reasons, SAT_THROUGHPUT);
    assert_string_equal(r->out.why.v[0], "throughput grew no more: 380 output tokens/s, 350 at 4 in flight");
    near(r->out.max, 4);
    near(r->out.conservative, 3); /* 3.2 */
    near(r->out.aggressive, 3);   /* 3.6 */
    near(r->out.production_lo, 2);
    r->level[3].output_tok_s = 386;
    find(r);
    assert_int_equal(r->out.first, -1);
    /* chance: 10 requests of very different length tell nothing */
    r->level[3].output_tok_s = 350;
    r->level[2].lat[METRIC_TOTAL].n = r->level[3].lat[METRIC_TOTAL].n = 10;
    r->level[2].lat[METRIC_TOTAL].std = r->level[3].lat[METRIC_TOTAL].std = 1.2e9;
    find(r);
    assert_int_equal(r->out.first, -1);
    /* without tokens, requests */
    r->level[3].output_tok_s = r->level[2].output_tok_s = NAN;
    r->level[3].lat[METRIC_TOTAL].n = r->level[2].lat[METRIC_TOTAL].n = 1000;
    r->level[2].successful_rps = 4;
    r->level[3].successful_rps = 4.1;
    find(r);
    assert_string_equal(r->out.why.v[0], "throughput grew no more: 4.1 requests/s, 4 at 4 in flight");
}

/* What is not one sweep has none. */
static void no_sweep(void **state)
{
    struct rig *r = fresh();
    find(r);
    assert_int_equal(r->out.axis, SAT_NO_SWEEP);
    rate(r, 5);
    find(r);
    assert_int_equal(r->out.axis, SAT_NO_SWEEP);
    saturation_find(&r->s, 1, &r->out); /* whoever wants one level judged */
    assert_int_equal(r->out.axis, SAT_RATE);
    assert_int_equal(r->out.last, 0);
    rate(r, 10)->success_rate = 0.1;
    struct sum_level *l = &r->level[1], whole = *l;
    find(r);
    assert_int_equal(r->out.axis, SAT_RATE);
#define NO_SWEEP(change)                                                                                               \
    change;                                                                                                            \
    find(r);                                                                                                           \
    assert_int_equal(r->out.axis, SAT_NO_SWEEP);                                                                       \
    *l = whole
    NO_SWEEP(l->rate = 5);
    NO_SWEEP(l->rate = NAN);
    NO_SWEEP(l->open = false);
    NO_SWEEP(l->name[0] = 'a');
    NO_SWEEP(l->profile[0] = 'a');
    NO_SWEEP(l->sessions.on = true);
    NO_SWEEP(l->final = false);
    NO_SWEEP(l->interrupted = true);
    NO_SWEEP(l->attempted = 0);
    find(r);
    assert_int_equal(r->out.first, 1);
}

/* Who goes away on purpose (--cancel-rate) waits for nothing any more: no backlog, and the server holds the load. */
static void test_those_who_leave(void **state)
{
    struct rig *r = fresh();
    rate(r, 10);
    struct sum_level *l = rate(r, 100);
    for (int i = 0; i < SECONDS; i++) {
        l->rows[i].completed = 80;
        l->rows[i].left = 20;
    }
    assert_false(level_backlog(l).grows);
    find(r);
    assert_int_equal(r->out.first, -1);
    for (int i = 0; i < SECONDS; i++)
        l->rows[i].left = 0; /* the same, had they stayed */
    assert_true(level_backlog(l).grows);
    find(r);
    assert_int_equal(r->out.first, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_those_who_leave), cmocka_unit_test(of_the_document), cmocka_unit_test(not_reached),
        cmocka_unit_test(first_counts),         cmocka_unit_test(lowest_already),  cmocka_unit_test(waits),
        cmocka_unit_test(falls_behind),         cmocka_unit_test(in_flight),       cmocka_unit_test(no_sweep),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    fresh();
    return rc;
}
