#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "gateway/gw_metrics.h"

#define MS NS_PER_MS

static const struct gw_outcome streamed = {.status = 200,
                                           .stream = true,
                                           .ttft = 250 * MS,
                                           .duration = 2000 * MS,
                                           .overhead = 120 * NS_PER_US,
                                           .figures = {11, 40, true, true},
                                           .unix_ms = 1700000000123};

/* The value of the line that begins so; -1: there is none. */
static double value_of(const char *text, const char *line)
{
    size_t n = strlen(line);
    for (const char *p = text; p; p = strchr(p, '\n')) {
        p += *p == '\n';
        double v;
        if (strncmp(p, line, n) == 0 && p[n] == ' ') {
            struct str number = {p + n + 1, strcspn(p + n + 1, "\n")};
            assert_int_equal(parse_f64(number, &v), 0);
            return v;
        }
    }
    return -1;
}

static void expect(const struct gw_metrics *m, const char *line, double want)
{
    struct buf b = BUF_INIT(1 << 16);
    gw_metrics_text(m, &b);
    assert_false(b.failed);
    double got = value_of(b.p, line);
    if (fabs(got - want) > 1e-9)
        fail_msg("%s: %g, not %g, in\n%s", line, got, want, b.p);
    buf_free(&b);
}

static void counters(void **state)
{
    (void)state;
    struct gw_metrics *m = gw_metrics_new("w", NAN);
    expect(m, "weir_gateway_requests_total{endpoint=\"w\",status=\"200\",stream=\"true\"}", 0);
    for (int i = 0; i < 4; i++)
        gw_metrics_begin(m);
    expect(m, "weir_gateway_requests_in_flight{endpoint=\"w\"}", 4);
    gw_metrics_add(m, &streamed);
    struct gw_outcome o = streamed;
    o.ttft = 10 * MS;
    gw_metrics_add(m, &o);
    o = (struct gw_outcome){.status = 429,
                            .code = "upstream_throttled",
                            .ttft = -1,
                            .duration = MS,
                            .overhead = -1,
                            .figures = {-1, -1, false, false}};
    gw_metrics_add(m, &o);
    expect(m, "weir_gateway_requests_in_flight{endpoint=\"w\"}", 1);
    expect(m, "weir_gateway_errors_total{endpoint=\"w\",code=\"other\"}", 0);
    gw_metrics_begin(m);
    o.status = 200;
    o.code = "unheard of";
    gw_metrics_add(m, &o);
    expect(m, "weir_gateway_errors_total{endpoint=\"w\",code=\"other\"}", 1);
    expect(m, "weir_gateway_requests_total{endpoint=\"w\",status=\"200\",stream=\"true\"}", 2);
    expect(m, "weir_gateway_requests_total{endpoint=\"w\",status=\"200\",stream=\"false\"}", 1);
    expect(m, "weir_gateway_requests_total{endpoint=\"w\",status=\"429\",stream=\"false\"}", 1);
    expect(m, "weir_gateway_requests_total{endpoint=\"w\",status=\"404\",stream=\"false\"}", -1);
    expect(m, "weir_gateway_errors_total{endpoint=\"w\",code=\"upstream_throttled\"}", 1);
    expect(m, "weir_gateway_prompt_tokens_total{endpoint=\"w\"}", 22);
    expect(m, "weir_gateway_completion_tokens_total{endpoint=\"w\"}", 80);
    expect(m, "weir_gateway_instance_hourly_usd{endpoint=\"w\"}", -1);
    expect(m, "weir_gateway_emf_dropped_total{endpoint=\"w\"}", 0);
    gw_metrics_free(&m);
    assert_null(m);
}

/* An observation of a bound itself is in its bucket: "le". */
static void histograms(void **state)
{
    (void)state;
    struct gw_metrics *m = gw_metrics_new("w", 1.21);
    gw_metrics_add(m, &streamed);
    struct gw_outcome o = streamed;
    o.ttft = 250 * MS + 1;
    o.duration = 900 * NS_PER_S;
    o.overhead = 0;
    gw_metrics_add(m, &o);
    o.stream = false; /* its time to the first token is none */
    gw_metrics_add(m, &o);
    expect(m, "weir_gateway_time_to_first_token_seconds_bucket{endpoint=\"w\",le=\"0.1\"}", 0);
    expect(m, "weir_gateway_time_to_first_token_seconds_bucket{endpoint=\"w\",le=\"0.25\"}", 1);
    expect(m, "weir_gateway_time_to_first_token_seconds_bucket{endpoint=\"w\",le=\"0.5\"}", 2);
    expect(m, "weir_gateway_time_to_first_token_seconds_bucket{endpoint=\"w\",le=\"+Inf\"}", 2);
    expect(m, "weir_gateway_time_to_first_token_seconds_count{endpoint=\"w\"}", 2);
    expect(m, "weir_gateway_time_to_first_token_seconds_sum{endpoint=\"w\"}", 0.500000001);
    expect(m, "weir_gateway_request_duration_seconds_bucket{endpoint=\"w\",le=\"600\"}", 1);
    expect(m, "weir_gateway_request_duration_seconds_bucket{endpoint=\"w\",le=\"+Inf\"}", 3);
    expect(m, "weir_gateway_overhead_seconds_bucket{endpoint=\"w\",le=\"5e-05\"}", 2);
    expect(m, "weir_gateway_overhead_seconds_bucket{endpoint=\"w\",le=\"0.0002\"}", 3);
    expect(m, "weir_gateway_overhead_seconds_sum{endpoint=\"w\"}", 0.00012);
    expect(m, "weir_gateway_instance_hourly_usd{endpoint=\"w\"}", 1.21);
    gw_metrics_free(&m);
}

static void label(void **state)
{
    (void)state;
    struct gw_metrics *m = gw_metrics_new("a\"b\\c\nd", NAN);
    expect(m, "weir_gateway_requests_in_flight{endpoint=\"a\\\"b\\\\c\\nd\"}", 0);
    gw_metrics_free(&m);
}

static void *add_many(void *arg)
{
    for (int i = 0; i < 10000; i++) {
        gw_metrics_begin(arg);
        gw_metrics_add(arg, &streamed);
    }
    return NULL;
}

static void threads(void **state)
{
    (void)state;
    struct gw_metrics *m = gw_metrics_new("w", NAN);
    pthread_t t[3];
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        assert_int_equal(pthread_create(&t[i], NULL, add_many, m), 0);
    struct buf b = BUF_INIT(1 << 16);
    gw_metrics_text(m, &b);
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        pthread_join(t[i], NULL);
    expect(m, "weir_gateway_requests_total{endpoint=\"w\",status=\"200\",stream=\"true\"}", 30000);
    expect(m, "weir_gateway_completion_tokens_total{endpoint=\"w\"}", 1200000);
    expect(m, "weir_gateway_request_duration_seconds_sum{endpoint=\"w\"}", 60000);
    expect(m, "weir_gateway_requests_in_flight{endpoint=\"w\"}", 0);
    buf_free(&b);
    gw_metrics_free(&m);
}

static void told(void **state)
{
    (void)state;
    struct gw_field f[GW_TOLD];
    char text[GW_TOLD_TEXT];
    static const struct gw_field all[GW_TOLD] = {
        {STR("X-Endpoint"), STR("w")},
        {STR("X-TTFT-MS"), STR("250.00")},
        {STR("X-Completion-Tokens"), STR("40")},
        {STR("X-Prompt-Tokens"), STR("11")},
        {STR("X-Tokens-Per-Second"), STR("20.00")},  /* 40 in 2 s */
        {STR("X-Cost-Per-1K-USD"), STR("0.016806")}, /* 1.21 / (20 * 3600) * 1000 */
    };
    assert_int_equal(gw_told(&streamed, "w", 1.21, f, text), GW_TOLD);
    for (size_t i = 0; i < GW_TOLD; i++) {
        if (!str_eq(f[i].name, all[i].name) || !str_eq(f[i].value, all[i].value))
            fail_msg(STR_FMT ": " STR_FMT, STR_ARG(f[i].name), STR_ARG(f[i].value));
    }
    assert_int_equal(gw_told(&streamed, "w", NAN, f, text), 5);
    struct gw_outcome o = streamed;
    o.duration = -1; /* the first token has come: that is all that is known */
    assert_int_equal(gw_told(&o, "w", 1.21, f, text), 2);
    assert_true(str_eqz(f[1].name, "X-TTFT-MS"));
    o = (struct gw_outcome){.status = 200, .ttft = 5, .duration = MS, .figures = {-1, -1, false, false}};
    assert_int_equal(gw_told(&o, "w", 1.21, f, text), 1);
    o.figures.completion_tokens = 0; /* an empty answer has a count, and no speed */
    assert_int_equal(gw_told(&o, "w", 1.21, f, text), 2);
    /* A name that has no room is left out, and nothing is written beside the room. */
    char name[GW_TOLD_TEXT + 10];
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = 0;
    assert_int_equal(gw_told(&streamed, name, 1.21, f, text), 5);
}

static void figures(void **state)
{
    (void)state;
    struct gw_outcome o = streamed;
    assert_true(fabs(gw_tokens_per_second(&o) - 20) < 1e-9);
    o.duration = 0;
    assert_true(gw_tokens_per_second(&o) < 0);
    o = streamed;
    o.figures.completion_tokens = -1;
    assert_true(gw_tokens_per_second(&o) < 0);
    assert_true(fabs(gw_cost_per_1k(1000, 3.6) - 0.001) < 1e-12);
    assert_true(fabs(gw_cost_per_1k(1000, 0)) < 1e-12);
    assert_true(gw_cost_per_1k(-1, 1) < 0);
    assert_true(gw_cost_per_1k(0, 1) < 0);
    assert_true(gw_cost_per_1k(1000, NAN) < 0);
    assert_true(gw_cost_per_1k(1000, INFINITY) < 0);
}

static void emf_drops(void **state)
{
    (void)state;
    struct err e = {0};
    int p[2];
    assert_int_equal(pipe(p), 0);
    close(p[0]); /* nobody reads */
    struct gw_emf *emf = gw_emf_new(p[1], true, &e);
    assert_non_null(emf);
    struct gw_metrics *m = gw_metrics_new("w", NAN);
    gw_metrics_watch(m, emf);
    gw_emf_put(emf, STR("{}\n"));
    expect(m, "weir_gateway_emf_dropped_total{endpoint=\"w\"}", 1);
    gw_metrics_free(&m);
    gw_emf_free(&emf);
    close(p[1]);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters),  cmocka_unit_test(histograms), cmocka_unit_test(label),
        cmocka_unit_test(threads),   cmocka_unit_test(told),       cmocka_unit_test(figures),
        cmocka_unit_test(emf_drops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
