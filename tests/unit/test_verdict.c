#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "records.h"

/* A level of 100 good requests of an open loop, with something wrong in the client. TTFT is 50 ms and ITL 10 ms, so
 * every threshold of time is its floor of 1 ms; the window is 10 s, so every threshold of a share 1 %. */
struct trouble {
    int n;            /* requests, 0 = 100 */
    double window_ms; /* 0 = 10 s */
    double send_lag_ms, width_ms;
    int lagging, wide;          /* only so many requests have it; 0 = all */
    int late, unsent;           /* begun 1 ms after the window's end; never sent */
    double busy, steal;         /* shares */
    double run_delay, switches; /* a share; a second */
    double user_lag_ms, read_lag_ms;
    uint64_t user_events, reads, lost, exhausted;
    uint64_t late_reads; /* by read_lag_ms */
    double ttft_ms;
    uint32_t max_concurrency;
    bool interrupted, closed;
    enum outcome outcome; /* of the first request */
    const char *note;     /* must be among the notes */
};

static bool among(const struct sum_texts *t, const char *text)
{
    for (size_t i = 0; i < t->n; i++)
        if (strstr(t->v[i], text))
            return true;
    return false;
}

static void feed_requests(struct acc *a, struct rec_slab *s, const struct trouble *t, int n, double window)
{
    double ttft = t->ttft_ms > 0 ? t->ttft_ms : 50;
    for (int i = 0; i < n - t->unsent; i++) {
        double due = 1000 + window / n * i, start = due;
        if (i < t->late)
            start = 1000 + window + 1;
        else if (t->lagging == 0 || i < t->lagging)
            start += t->send_lag_ms;
        struct record *r = success(s, due, start, start + ttft, 2, 10);
        if (i == 0 && t->outcome != OUT_OK)
            r->outcome = t->outcome;
        if (t->width_ms > 0 && (t->wide == 0 || i < t->wide)) {
            r->n_events = 0;
            r->last->used = 0;
            struct rec_event ev[] = {{r->first_token, 0, 4, -1}, {r->last_token, T(t->width_ms), 4, -1}};
            for (size_t k = 0; k < 2; k++)
                assert_int_equal(rec_add_event(s, r, &ev[k]), 0);
        }
        if (t->closed)
            r->intended = r->admitted = 0;
        feed(a, s, r);
    }
}

static void feed_client(struct acc *a, const struct trouble *t, double window)
{
    struct hist *lag = hist_new(), *user = hist_new();
    hist_add(lag, T(0.01), t->reads - t->user_events - t->late_reads);
    hist_add(lag, T(t->read_lag_ms), t->late_reads);
    hist_add(user, T(t->user_lag_ms), t->user_events);
    struct rec_client c = {
        .window = T(window),
        .cpu = (int64_t)((t->busy - t->run_delay) * window * 1e6),
        .run_delay = (int64_t)(t->run_delay * window * 1e6),
        .involuntary = (uint64_t)(t->switches * window / 1000),
        .steal = (int64_t)(t->steal * window * 1e6),
        .reads = t->reads,
        .kernel_stamped = t->reads - t->user_events,
        .lag = lag,
        .lag_user = user,
    };
    acc_sink.client(a, &c);
    hist_free(&lag);
    hist_free(&user);
}

/* reason: must be among the reasons; with "!" in front, must not. */
static enum verdict judged(const struct trouble *t, const char *reason)
{
    struct acc *a = acc_new(&(struct acc_opts){0});
    struct rec_slab s;
    rec_slab_init(&s, 1000);
    int n = t->n ? t->n : 100;
    double window = t->window_ms > 0 ? t->window_ms : 10000;
    struct rec_level line = level_line(!t->closed, 1000, 1000 + window, false);
    acc_sink.level(a, &line);
    feed_requests(a, &s, t, n, window);
    feed_client(a, t, window);
    line.final = true;
    line.scheduled = t->closed ? 0 : (uint64_t)n;
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
    if (reason && reason[0] == '!' ? among(&l->reasons, reason + 1) : reason && !among(&l->reasons, reason))
        fail_msg("not among the reasons: %s; first is %s", reason, l->reasons.n ? l->reasons.v[0] : "none");
    if (t->note && !among(&l->notes, t->note))
        fail_msg("not among the notes: %s", t->note);
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
    assert_int_equal(JUDGED(NULL, .closed = true, .reads = 100), VERDICT_VALID);
}

/* Each threshold from below, from above, and ten times crossed. */
static void test_send_lag(void **state)
{
    assert_int_equal(JUDGED("send lag p99 is 1.20 ms, above 1.00 ms: 100 of 100", .send_lag_ms = 1.2),
                     VERDICT_DEGRADED);
    assert_int_equal(JUDGED("send lag", .send_lag_ms = 10.5), VERDICT_INVALID);
    assert_int_equal(JUDGED(NULL, .send_lag_ms = 4, .ttft_ms = 500), VERDICT_VALID); /* 1 % of TTFT p50 is 5 ms */
    assert_int_equal(JUDGED("above 5.00 ms", .send_lag_ms = 6, .ttft_ms = 500), VERDICT_DEGRADED);
}

/* The p99 of a few requests is their largest: one late request says nothing of all. Chance gives 4 of 100 where 1 % are
 * late in 1.8 % of cases, 3 in 7.9 %. */
static void test_few(void **state)
{
    assert_int_equal(JUDGED(NULL, .send_lag_ms = 20, .lagging = 1, .n = 20), VERDICT_VALID);
    assert_int_equal(JUDGED(NULL, .send_lag_ms = 20, .lagging = 3), VERDICT_VALID);
    assert_int_equal(JUDGED("send lag", .send_lag_ms = 20, .lagging = 4), VERDICT_INVALID);
    assert_int_equal(JUDGED(NULL, .send_lag_ms = 20, .lagging = 13, .n = 1000), VERDICT_VALID);
    assert_int_equal(JUDGED("send lag", .send_lag_ms = 2, .lagging = 18, .n = 1000), VERDICT_DEGRADED);
}

/* One interruption of 30 ms delays 30 of 1,000 requests a second: 3 % of one second, 0.3 % of ten. */
static void test_short_window(void **state)
{
    assert_int_equal(JUDGED(NULL, .send_lag_ms = 20, .lagging = 30, .n = 1000, .window_ms = 1000), VERDICT_VALID);
    assert_int_equal(JUDGED("send lag", .send_lag_ms = 20, .lagging = 30, .n = 1000), VERDICT_INVALID);
    assert_int_equal(JUDGED("send lag", .send_lag_ms = 2, .lagging = 70, .n = 1000, .window_ms = 1000),
                     VERDICT_DEGRADED);
    assert_int_equal(JUDGED("of the gaps", .width_ms = 2, .wide = 30, .n = 1000), VERDICT_DEGRADED);
    assert_int_equal(JUDGED(NULL, .width_ms = 2, .wide = 30, .n = 1000, .window_ms = 1000), VERDICT_VALID);
    assert_int_equal(JUDGED("of the gaps", .width_ms = 2, .window_ms = 100), VERDICT_INVALID); /* half is too much */
}

static void test_wide_gaps(void **state)
{
    assert_int_equal(JUDGED("100.0 % of the gaps", .width_ms = 1.5), VERDICT_INVALID);
    assert_int_equal(JUDGED("5.0 % of the gaps", .width_ms = 1.5, .wide = 5), VERDICT_DEGRADED);
}

static void test_rate(void **state)
{
    assert_int_equal(JUDGED(NULL, .late = 3), VERDICT_VALID);
    assert_int_equal(JUDGED("only 95.0 % of the asked rate", .late = 5), VERDICT_INVALID); /* by its send lag */
    assert_int_equal(JUDGED("only 96.0 %", .unsent = 4), VERDICT_DEGRADED);
    assert_int_equal(JUDGED("only 80.0 %", .unsent = 20), VERDICT_INVALID);
    assert_int_equal(JUDGED(NULL, .unsent = 20, .max_concurrency = 4), VERDICT_VALID); /* the cap's doing */
    assert_int_equal(JUDGED(NULL, .unsent = 20, .interrupted = true), VERDICT_VALID);
}

static void test_busy(void **state)
{
    assert_int_equal(JUDGED("worker 0 was 90 % busy, above 85 %: use", .busy = 0.9), VERDICT_DEGRADED);
    assert_int_equal(JUDGED("99 % busy, above 85 %, and never slept", .busy = 0.99), VERDICT_INVALID);
    assert_int_equal(JUDGED("99 % busy", .busy = 0.99, .window_ms = 500), VERDICT_DEGRADED); /* not for long */
    assert_int_equal(JUDGED(NULL, .busy = 0.99, .window_ms = 150), VERDICT_VALID);           /* beginning and end */
}

/* Others on the processor are a reason only together with what they do to the figures, and never INVALID by themselves.
 */
static void test_crowd(void **state)
{
    assert_int_equal(JUDGED(NULL, .busy = 0.5, .run_delay = 0.4, .switches = 300), VERDICT_VALID);
    assert_int_equal(JUDGED("waited 40.0 % of the time for a processor and was put aside 300 times a second",
                            .busy = 0.5, .run_delay = 0.4, .switches = 300, .send_lag_ms = 2),
                     VERDICT_DEGRADED);
    assert_int_equal(JUDGED("put aside 30 times", .switches = 30, .send_lag_ms = 2), VERDICT_DEGRADED);
    const char *who = "other programs";
    assert_int_equal(JUDGED(who, .switches = 30, .run_delay = 0.005, .send_lag_ms = 2), VERDICT_DEGRADED);
    assert_int_equal(JUDGED("!other programs", .switches = 500, .run_delay = 0.001, .send_lag_ms = 2),
                     VERDICT_DEGRADED);
    assert_int_equal(JUDGED("!other programs", .switches = 9, .run_delay = 0.009, .send_lag_ms = 2), VERDICT_DEGRADED);
}

static void test_steal(void **state)
{
    const char *unharmed = "took 20 % of the processors away (steal), but neither";
    assert_int_equal(JUDGED(NULL, .steal = 0.2, .reads = 1000, .note = unharmed), VERDICT_VALID);
    assert_int_equal(JUDGED("steal", .steal = 0.2, .reads = 1000, .late_reads = 30, .read_lag_ms = 2),
                     VERDICT_DEGRADED);
    assert_int_equal(JUDGED("steal", .steal = 0.9, .reads = 1000, .late_reads = 900, .read_lag_ms = 200),
                     VERDICT_DEGRADED);                                                   /* alone never INVALID */
    assert_int_equal(JUDGED("steal", .steal = 0.03, .send_lag_ms = 2), VERDICT_DEGRADED); /* why */
    assert_int_equal(JUDGED(NULL, .steal = 0.01, .reads = 1000, .late_reads = 900, .read_lag_ms = 2), VERDICT_VALID);
}

static void test_lacks(void **state)
{
    assert_int_equal(JUDGED("1 records were lost", .lost = 1), VERDICT_INVALID);
    assert_int_equal(JUDGED("files ran out 1 times: raise `ulimit -n`, or use fewer", .exhausted = 1),
                     VERDICT_DEGRADED);
    assert_int_equal(JUDGED("files ran out 11 times", .exhausted = 11), VERDICT_INVALID);
    assert_int_equal(JUDGED("local ports ran out 1 times: widen net.ipv4.ip_local_port_range, or use fewer",
                            .outcome = OUT_NO_PORTS),
                     VERDICT_DEGRADED);
    assert_int_equal(JUDGED("files ran out 1 times", .outcome = OUT_NO_FILES), VERDICT_DEGRADED);
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
        cmocka_unit_test(test_valid),     cmocka_unit_test(test_send_lag),     cmocka_unit_test(test_few),
        cmocka_unit_test(test_wide_gaps), cmocka_unit_test(test_short_window), cmocka_unit_test(test_rate),
        cmocka_unit_test(test_busy),      cmocka_unit_test(test_crowd),        cmocka_unit_test(test_steal),
        cmocka_unit_test(test_lacks),     cmocka_unit_test(test_user_lag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
