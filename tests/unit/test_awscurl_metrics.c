/* test_awscurl_metrics.c - awscurl's figures. The document's sample output cannot come from "300 requests by 10
 * clients": its figures are those of 5 clients with 25 requests each, which they fit exactly, so that run is the check.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/jdoc.h"
#include "compat/awscurl_metrics.h"

enum { N = 125 };
#define MS(x) ((int64_t)((x)*1e6 + 0.5))

/* 125 latencies with the sample's percentiles (by the original's rule) and its mean. */
static void fill(int64_t *v)
{
    int64_t all = 0;
    for (size_t i = 0; i < N; i++)
        v[i] = MS(i < 62 ? 5380.0 : i < 112 ? 5385.51 : i < 123 ? 5412.18 : 6580.67);
    for (size_t i = 0; i < N; i++)
        all += v[i];
    v[N - 1] += MS(5433.92) * N - all; /* the longest makes up the mean */
}

static struct awscurl_run sample(int64_t *latency, int64_t *first, bool original)
{
    fill(latency);
    for (size_t i = 0; i < N; i++)
        first[i] = MS(5411.33) + (i % 2 ? 1000 : -1000) * (i < N - 1);
    return (struct awscurl_run){
        .tokenizer = "TheBloke/Llama-2-13B-fp16",
        .token_source = "tokenizer",
        .wall = MS(136154.71),
        .clients = 5,
        .requests = N,
        .tokens = 32000,
        .latency = latency,
        .first = first,
        .n = N,
        .n_first = N,
        .original = original,
    };
}

/* The document's numbers, but for totalRequests and concurrentClients. */
static void the_documents_sample(void **state)
{
    int64_t latency[N], first[N];
    struct awscurl_run r = sample(latency, first, true);
    struct awscurl_metrics m;
    struct buf b = BUF_INIT(10000);
    (void)state;
    assert_true(latency[N - 1] >= MS(6580.67));
    awscurl_metrics_of(&r, &m);
    awscurl_metrics_json(&r, &m, &b);
    static const char want[] = "{\n"
                               "  \"tokenizer\": \"TheBloke/Llama-2-13B-fp16\",\n"
                               "  \"totalTimeMills\": 136154.71,\n"
                               "  \"totalRequests\": 125,\n"
                               "  \"failedRequests\": 0,\n"
                               "  \"errorRate\": 0.0,\n"
                               "  \"concurrentClients\": 5,\n"
                               "  \"tps\": 0.92,\n"
                               "  \"tokenThroughput\": 235.56,\n"
                               "  \"totalTokens\": 32000,\n"
                               "  \"tokenPerRequest\": 256,\n"
                               "  \"averageLatency\": 5433.92,\n"
                               "  \"averageTokenLatency\": 106.13,\n" /* 125 * 5433.92 * 5 / 32000 */
                               "  \"p50Latency\": 5385.51,\n"
                               "  \"p90Latency\": 5412.18,\n"
                               "  \"p99Latency\": 6580.67,\n"
                               "  \"timeToFirstByte\": 5411.33,\n"
                               "  \"p50TimeToFirstByte\": ";
    assert_memory_equal(b.p, want, sizeof want - 1);
    struct err e = {0};
    struct jdoc *d = jdoc_parse(buf_str(&b), "json", &e);
    assert_non_null(d);
    assert_true(jn_f64(jn_get(jdoc_root(d), "p99TimeToFirstByte"), 0) > 5411.33);
    jdoc_free(&d);
    buf_free(&b);
}

/* Ours: by the wall clock, and interpolated. Expected values from numpy.percentile and by hand. */
static void our_definitions(void **state)
{
    int64_t latency[] = {MS(40), MS(10), MS(30), MS(20)}, first[] = {MS(4), MS(2)};
    struct awscurl_run r = {.token_source = "words",
                            .wall = MS(80),
                            .clients = 2,
                            .requests = 5,
                            .failed = 1,
                            .tokens = 10,
                            .latency = latency,
                            .first = first,
                            .n = 4,
                            .n_first = 2};
    struct awscurl_metrics m;
    struct buf b = BUF_INIT(10000);
    (void)state;
    awscurl_metrics_of(&r, &m);
    awscurl_metrics_json(&r, &m, &b);
    assert_string_equal(b.p, "{\n"
                             "  \"hasError\": true,\n"
                             "  \"totalTimeMills\": 80.0,\n"
                             "  \"totalRequests\": 5,\n"
                             "  \"failedRequests\": 1,\n"
                             "  \"errorRate\": 20.0,\n"
                             "  \"concurrentClients\": 2,\n"
                             "  \"tps\": 50.0,\n"
                             "  \"tokenThroughput\": 125.0,\n"
                             "  \"totalTokens\": 10,\n"
                             "  \"tokenPerRequest\": 3,\n" /* 2.5, to the nearest */
                             "  \"averageLatency\": 25.0,\n"
                             "  \"averageTokenLatency\": 10.0,\n"
                             "  \"p50Latency\": 25.0,\n"
                             "  \"p90Latency\": 37.0,\n"
                             "  \"p99Latency\": 39.7,\n"
                             "  \"timeToFirstByte\": 3.0,\n"
                             "  \"p50TimeToFirstByte\": 3.0,\n"
                             "  \"p90TimeToFirstByte\": 3.8,\n"
                             "  \"p99TimeToFirstByte\": 3.98,\n"
                             "  \"tokenSource\": \"words\"\n"
                             "}\n");
    buf_clear(&b);
    awscurl_metrics_text(&r, &m, &b);
    assert_string_equal(b.p, "Total time: 80.00 ms.\n"
                             "Non 200 responses: 1, error rate: 20.00\n"
                             "Concurrent clients: 2\n"
                             "Total requests: 5\n"
                             "TPS: 50.00/s\n"
                             "Average Latency: 25.00 ms.\n"
                             "P50: 25.00 ms.\n"
                             "P90: 37.00 ms.\n"
                             "P99: 39.70 ms.\n"
                             "Total word: 10\n"
                             "Average Word Latency: 10.00 ms.\n"
                             "word/req: 3\n"
                             "word/s: 125.00/s\n"
                             "Time to first byte: 3.00 ms.\n"
                             "TTFB_P50: 3.00 ms.\n"
                             "TTFB_P90: 3.80 ms.\n"
                             "TTFB_P99: 3.98 ms.\n");
    buf_free(&b);
}

static void the_originals_definitions(void **state)
{
    int64_t latency[] = {MS(40), MS(10), MS(30), MS(20)};
    struct awscurl_run r = {.tokenizer = "t",
                            .wall = MS(80),
                            .clients = 2,
                            .requests = 5,
                            .failed = 1,
                            .tokens = 12,
                            .latency = latency,
                            .n = 4,
                            .original = true};
    struct awscurl_metrics m;
    (void)state;
    awscurl_metrics_of(&r, &m);
    assert_float_equal(m.tps, 80, 1e-9);               /* 4 / 0.1 s * 2 */
    assert_float_equal(m.token_throughput, 240, 1e-9); /* 12 / 0.1 s * 2 */
    assert_float_equal(m.token_latency, 100 * 2 / 12.0, 1e-9);
    assert_int_equal(m.token_per_request, 2); /* 12 / 5, cut */
    assert_float_equal(m.p[0], 30, 1e-9);     /* sorted[floor(4 * 50 / 100)] */
    assert_float_equal(m.p[2], 40, 1e-9);
}

/* Without a success there are counts alone. */
static void nothing_succeeded(void **state)
{
    struct awscurl_run r = {.wall = MS(1.005), .clients = 1, .requests = 2, .failed = 2};
    struct awscurl_metrics m;
    struct buf b = BUF_INIT(10000);
    (void)state;
    awscurl_metrics_of(&r, &m);
    awscurl_metrics_json(&r, &m, &b);
    assert_string_equal(b.p, "{\n"
                             "  \"hasError\": true,\n"
                             "  \"totalTimeMills\": 1.0,\n"
                             "  \"totalRequests\": 2,\n"
                             "  \"failedRequests\": 2,\n"
                             "  \"errorRate\": 100.0,\n"
                             "  \"concurrentClients\": 1,\n"
                             "  \"totalTokens\": 0,\n"
                             "  \"tokenPerRequest\": 0\n"
                             "}\n");
    buf_clear(&b);
    awscurl_metrics_text(&r, &m, &b);
    assert_string_equal(b.p, "Total time: 1.00 ms.\nNon 200 responses: 2, error rate: 100.00\nConcurrent clients: 1\n"
                             "Total requests: 2\n");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_documents_sample),
        cmocka_unit_test(our_definitions),
        cmocka_unit_test(the_originals_definitions),
        cmocka_unit_test(nothing_succeeded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
