#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "records.h"

/* A level of 100 good requests of an open loop, with something wrong in the client. TTFT is 50 ms and ITL 10 ms, so
 * every threshold is its floor of 1 ms. */
struct trouble {
    double send_lag_ms, width_ms;
    int late, unsent; /* of 100: begun after the window's end; never sent */
    double busy, steal;
    double user_lag_ms;
    uint64_t user_events, reads, lost, exhausted;
    double ttft_ms;
    uint32_t max_concurrency;
    bool interrupted;
};

static enum verdict judged(const struct trouble *t, const char *reason)
{
    struct acc *a = acc_new(&(struct acc_opts){0});
    struct rec_slab s;
    rec_slab_init(&s, 1000);
    struct rec_level line = level_line(true, 1000, 2000, false);
    acc_sink.level(a, &line);
    double ttft = t->ttft_ms > 0 ? t->ttft_ms : 50;
    for (int i = 0; i < 100 - t->unsent; i++) {
        double due = 1000 + 10 * i, start = i < t->late ? 2001 : due + t->send_lag_ms;
        struct record *r = success(&s, due, start, start + ttft, 2, 10);
        if (t->width_ms > 0) {
            r->n_events = 0;
            r->last->used = 0;
            struct rec_event ev[] = {{r->first_token, 0, 4, -1}, {r->last_token, T(t->width_ms), 4, -1}};
            for (size_t k = 0; k < 2; k++)
                assert_int_equal(rec_add_event(&s, r, &ev[k]), 0);
        }
        feed(a, &s, r);
    }
    struct hist *lag = hist_new(), *user = hist_new();
    if (t->user_events)
        hist_add(user, T(t->user_lag_ms), t->user_events);
    struct rec_client c = {
        .window = NS_PER_S,
        .cpu = (int64_t)(t->busy * 1e9),
        .steal = (int64_t)(t->steal * 1e9),
        .reads = t->reads,
        .kernel_stamped = t->reads - t->user_events,
        .lag = lag,
        .lag_user = user,
    };
    acc_sink.client(a, &c);
    line.final = true;
    line.scheduled = 100;
    line.unsent = (uint64_t)t->unsent;
    line.lost_records = t->lost;
    line.exhausted = t->exhausted;
    line.max_concurrency = t->max_concurrency;
    line.interrupted = t->interrupted;
    acc_sink.level(a, &line);
    const struct summary *sum = acc_finish(a);
    const struct sum_level *l = &sum->levels[0];
    enum verdict v = l->verdict;
    assert_int_equal(sum->verdict, v);
    assert_int_equal(l->reasons.n > 0, v != VERDICT_VALID); /* a reason for each, and none without */
    bool said = !reason;
    for (size_t i = 0; i < l->reasons.n; i++)
        said = said || strstr(l->reasons.v[i], reason) != NULL;
    if (!said)
        fail_msg("not among the reasons: %s", reason);
    hist_free(&lag);
    hist_free(&user);
    rec_slab_free(&s);
    acc_free(&a);
    return v;
}

#define JUDGED(reason, ...) judged(&(struct trouble){__VA_ARGS__}, reason)

static void test_valid(void **state)
{
    assert_int_equal(JUDGED(NULL, .reads = 100), VERDICT_VALID);
    assert_int_equal(JUDGED(NULL, .send_lag_ms = 0.9, .busy = 0.8, .steal = 0.09, .width_ms = 0.9, .reads = 100),
                     VERDICT_VALID);
}

/* Each threshold from below, from above, and ten times crossed. */
static void test_send_lag(void **state)
{
    assert_int_equal(JUDGED("send lag p99 is 1.20 ms", .send_lag_ms = 1.2), VERDICT_DEGRADED);
    assert_int_equal(JUDGED("send lag", .send_lag_ms = 10.5), VERDICT_INVALID);
    assert_int_equal(JUDGED(NULL, .send_lag_ms = 4, .ttft_ms = 500), VERDICT_VALID); /* 1 % of TTFT p50 is 5 ms */
    assert_int_equal(JUDGED("above 5.00 ms", .send_lag_ms = 6, .ttft_ms = 500), VERDICT_DEGRADED);
}

static void test_wide_gaps(void **state)
{
    assert_int_equal(JUDGED("100.0 % of the gaps", .width_ms = 1.5), VERDICT_INVALID);
}

static void test_rate(void **state)
{
    assert_int_equal(JUDGED(NULL, .late = 1), VERDICT_INVALID); /* by its send lag; the rate itself is still in order */
    assert_int_equal(JUDGED("only 95.0 % of the asked rate", .late = 5), VERDICT_INVALID);
    assert_int_equal(JUDGED("only 98.0 %", .unsent = 2), VERDICT_DEGRADED);
    assert_int_equal(JUDGED("only 85.0 %", .unsent = 15), VERDICT_INVALID);
    assert_int_equal(JUDGED(NULL, .unsent = 15, .max_concurrency = 4), VERDICT_VALID); /* the cap's doing */
    assert_int_equal(JUDGED(NULL, .unsent = 15, .interrupted = true), VERDICT_VALID);
}

static void test_resources(void **state)
{
    assert_int_equal(JUDGED("90 % busy", .busy = 0.9), VERDICT_DEGRADED);
    assert_int_equal(JUDGED("busy", .busy = 20), VERDICT_DEGRADED); /* alone never invalid */
    assert_int_equal(JUDGED("steal", .steal = 0.2), VERDICT_DEGRADED);
    assert_int_equal(JUDGED("steal", .steal = 50), VERDICT_DEGRADED);
    assert_int_equal(JUDGED("1 records were lost", .lost = 1), VERDICT_INVALID);
    assert_int_equal(JUDGED("ran out 1 times", .exhausted = 1), VERDICT_DEGRADED);
    assert_int_equal(JUDGED("ran out 11 times", .exhausted = 11), VERDICT_INVALID);
}

static void test_user_lag(void **state)
{
    assert_int_equal(JUDGED("50 events without a kernel stamp", .user_lag_ms = 2, .user_events = 50, .reads = 100),
                     VERDICT_DEGRADED);
    assert_int_equal(JUDGED("client lag", .user_lag_ms = 20, .user_events = 50, .reads = 100), VERDICT_INVALID);
    assert_int_equal(JUDGED(NULL, .user_lag_ms = 20, .user_events = 5, .reads = 1000), VERDICT_VALID); /* too few */
    assert_int_equal(JUDGED(NULL, .user_lag_ms = 0.5, .user_events = 100, .reads = 100), VERDICT_VALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid), cmocka_unit_test(test_send_lag),  cmocka_unit_test(test_wide_gaps),
        cmocka_unit_test(test_rate),  cmocka_unit_test(test_resources), cmocka_unit_test(test_user_lag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
