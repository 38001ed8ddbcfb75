#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "compat/oha_json.h"

#define S NS_PER_S
#define FAR 1000 * S /* where the level begins */

static char none[] = "", why[] = "peer went away";
static const struct compat_row rows[] = {
    {.sent = true,
     .outcome = OUT_OK,
     .status = 200,
     .new_conn = true,
     .http2 = true,
     .start = FAR,
     .conn_start = FAR,
     .conn_end = FAR + S / 10,
     .tls_end = FAR + S / 4,
     .first_byte = FAR + S / 2,
     .end = FAR + S,
     .tokens_out = 10,
     .bytes_in = 100,
     .detail = none},
    {.sent = true,
     .outcome = OUT_OK,
     .status = 200,
     .start = FAR,
     .first_byte = FAR + S,
     .end = FAR + 2 * S,
     .tokens_out = 20,
     .bytes_in = 200,
     .detail = none},
    {.sent = true,
     .outcome = OUT_HTTP,
     .status = 503,
     .start = FAR + S,
     .first_byte = FAR + 2 * S,
     .end = FAR + 4 * S,
     .tokens_out = -1,
     .bytes_in = 50,
     .detail = none},
    {.sent = true, .outcome = OUT_RESET, .start = FAR + 2 * S, .end = FAR + 3 * S, .tokens_out = -1, .detail = why},
    {.sent = true,
     .outcome = OUT_CANCELLED,
     .start = FAR + 4 * S,
     .end = FAR + 5 * S,
     .tokens_out = -1,
     .detail = none},
    {.outcome = OUT_UNSENT, .tokens_out = -1, .detail = none},
};

static struct jdoc *written(const struct summary *s, const struct sum_level *level)
{
    struct buf b = BUF_INIT(1 << 20);
    struct err e = {0};
    const struct oha_level l = {rows, ARRAY_LEN(rows), FAR, FAR + 5 * S, s, level};
    oha_json_write(&b, &l);
    struct jdoc *d = jdoc_parse(buf_str(&b), "oha", &e);
    if (!d)
        fail_msg("%s", e.text);
    buf_free(&b);
    return d;
}

static double at(const struct jdoc *d, const char *path)
{
    return jn_f64(jn_get(jdoc_root(d), path), NAN);
}

static double in(jnode *n, const char *key) /* of keys with a point */
{
    void *it = NULL;
    const char *name;
    jnode *v;
    while (jn_next(n, &it, &name, &v))
        if (strcmp(name, key) == 0)
            return jn_f64(v, NAN);
    return NAN;
}

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-9;
}

/* Latencies 1, 2 and 3 s: the 503 counts; of five requests one was cut off by the end. */
static void test_by_oha_s_formulas(void **state)
{
    struct jdoc *d = written(NULL, NULL);
    assert_true(near(at(d, "summary.successRate"), 0.75)); /* 3 / (5 - 1) */
    assert_true(near(at(d, "summary.total"), 5));
    assert_true(near(at(d, "summary.slowest"), 3));
    assert_true(near(at(d, "summary.fastest"), 1));
    assert_true(near(at(d, "summary.average"), 2));
    assert_true(near(at(d, "summary.requestsPerSec"), 1)); /* 5 / 5 s */
    assert_true(near(at(d, "summary.totalData"), 350));
    assert_true(near(at(d, "summary.sizePerRequest"), 116)); /* 350 / 3, whole */
    assert_true(near(at(d, "summary.sizePerSec"), 70));
    assert_true(near(at(d, "metrics.success_rate"), 0.75));
    assert_true(near(at(d, "metrics.requests_per_sec"), 1));
    assert_true(near(at(d, "metrics.latency_ms.p50"), 2000));
    assert_true(near(at(d, "metrics.latency_ms.max"), 3000));
    jnode *p = jn_get(jdoc_root(d), "latencyPercentiles");
    assert_int_equal(jn_len(p), 9);
    assert_true(near(in(p, "p10"), 1));    /* value 0.3 */
    assert_true(near(in(p, "p25"), 1));    /* 0.75 */
    assert_true(near(in(p, "p50"), 2));    /* 1.5 */
    assert_true(near(in(p, "p75"), 3));    /* 2.25 */
    assert_true(near(in(p, "p99.99"), 3)); /* 2.9997 */
    jnode *h = jn_get(jdoc_root(d), "responseTimeHistogram");
    assert_int_equal(jn_len(h), 11);
    assert_true(near(in(h, "1"), 1) && near(in(h, "1.8"), 0) && near(in(h, "2"), 1) && near(in(h, "3"), 1));
    assert_true(near(in(jn_get(jdoc_root(d), "firstBytePercentiles"), "p50"), 1)); /* of 0.5, 1, 1 */
    assert_true(near(at(d, "details.firstByte.average"), 2.5 / 3));
    assert_true(near(at(d, "details.DNSDialup.slowest"), 0.25));
    assert_true(jn_is_null(jn_get(jdoc_root(d), "details.DNSLookup.average")));
    /* Answers at 1, 2 and 4 s: windows of 1, 1 and 1/2 per second. */
    assert_true(near(at(d, "rps.mean"), 2.5 / 3));
    assert_true(near(at(d, "rps.stddev"), sqrt(1.0 / 12)));
    assert_true(near(at(d, "rps.max"), 1) && near(at(d, "rps.min"), 0.5));
    assert_true(near(at(d, "rps.percentiles.p50"), 1) && near(at(d, "rps.percentiles.p25"), 0.5));
    assert_true(near(at(d, "statusCodeDistribution.200"), 2) && near(at(d, "statusCodeDistribution.503"), 1));
    assert_true(near(at(d, "errorDistribution.peer went away"), 1));
    assert_true(near(at(d, "errorDistribution.aborted due to deadline"), 1));
    assert_int_equal(jn_len(jn_get(jdoc_root(d), "errorDistribution")), 2);
    jdoc_free(&d);
}

/* The 503 is no success, and latencies are the summary's. */
static void test_by_weir_s(void **state)
{
    struct summary s = {.n_q = 3, .q = {0.5, 0.95, 0.999}};
    struct sum_level level = {0};
    level.lat[METRIC_TOTAL] = (struct sum_dist){.present = true, .q = {1.5e9, 1.95e9, 1.999e9}};
    level.lat[METRIC_TTFB] = (struct sum_dist){.present = true, .q = {0.75e9, 0.975e9, 0.9995e9}};
    struct jdoc *d = written(&s, &level);
    assert_true(near(at(d, "summary.successRate"), 0.5)); /* 2 / (5 - 1) */
    assert_true(near(at(d, "summary.slowest"), 2) && near(at(d, "summary.average"), 1.5));
    assert_true(near(at(d, "summary.requestsPerSec"), 0.4));
    assert_true(near(at(d, "summary.totalData"), 300));
    jnode *p = jn_get(jdoc_root(d), "latencyPercentiles");
    assert_true(near(in(p, "p50"), 1.5) && near(in(p, "p95"), 1.95) && near(in(p, "p99.9"), 1.999));
    assert_true(near(in(p, "p75"), 1.75)); /* not in the summary: between the two successes */
    assert_true(near(in(jn_get(jdoc_root(d), "firstBytePercentiles"), "p95"), 0.975));
    /* Five windows of a second, of which two have an answer. */
    assert_true(near(at(d, "rps.mean"), 0.4) && near(at(d, "rps.max"), 1) && near(at(d, "rps.min"), 0));
    assert_true(near(at(d, "rps.percentiles.p50"), 0) && near(at(d, "rps.percentiles.p75"), 1));
    assert_true(near(at(d, "errorDistribution.reset"), 1));
    assert_true(near(at(d, "weir.successful_requests"), 2) && near(at(d, "weir.total_requests"), 4));
    assert_true(near(at(d, "weir.output_tokens"), 30) && near(at(d, "weir.tokens_per_sec"), 6));
    assert_true(near(at(d, "weir.http2_requests"), 1));
    jdoc_free(&d);
}

static void test_nothing_came(void **state)
{
    struct buf b = BUF_INIT(1 << 20);
    struct err e = {0};
    struct oha_figures f;
    const struct oha_level l = {&rows[3], 1, FAR + 2 * S, FAR + 3 * S, NULL, NULL};
    oha_json_write(&b, &l);
    struct jdoc *d = jdoc_parse(buf_str(&b), "oha", &e);
    assert_non_null(d);
    assert_true(near(at(d, "summary.successRate"), 0));
    assert_true(jn_is_null(jn_get(jdoc_root(d), "summary.average")));
    assert_true(jn_is_null(jn_get(jdoc_root(d), "latencyPercentiles.p50")));
    assert_true(jn_is_null(jn_get(jdoc_root(d), "weir.tokens_per_sec")));
    assert_int_equal(oha_json_read(&f, jdoc_root(d), false, &e), 0);
    assert_true(f.rps == 0 && f.total == 1 && f.successful == 0 && isnan(f.p95_ms));
    jdoc_free(&d);
    buf_free(&b);
}

/* A file with the keys that oha 1.15 writes. */
static void test_read(void **state)
{
    struct err e = {0};
    struct oha_figures f;
    const char *folder = getenv("WEIR_SEEDS_DATA");
    char path[512];
    snprintf(path, sizeof path, "%s/oha-1.15.json", folder ? folder : "tests/seeds/data");
    struct jdoc *d = jdoc_load(path, 1 << 20, &e);
    if (!d)
        fail_msg("%s", e.text);
    assert_int_equal(oha_json_read(&f, jdoc_root(d), false, &e), 0);
    assert_int_equal(f.total, 76); /* 75 answers, 1 error, not the 4 that the end cut off */
    assert_int_equal(f.successful, 60);
    assert_true(near(f.rps, 6) && near(f.success_rate, 60.0 / 76));
    assert_true(near(f.p50_ms, 500) && near(f.p95_ms, 1500) && near(f.p99_ms, 2500));
    assert_true(near(f.mean_ms, 750) && near(f.min_ms, 250) && near(f.max_ms, 2500) && near(f.total_s, 10));
    assert_true(isnan(f.tokens_per_s));
    assert_int_equal(oha_json_read(&f, jdoc_root(d), true, &e), 0);
    assert_true(near(f.rps, 8) && near(f.success_rate, 1));
    assert_int_equal(oha_json_read(&f, jn_get(jdoc_root(d), "summary"), false, &e), -1);
    assert_non_null(strstr(e.text, "\"summary\""));
    jdoc_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_by_oha_s_formulas), cmocka_unit_test(test_by_weir_s),
                                       cmocka_unit_test(test_nothing_came), cmocka_unit_test(test_read)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
