#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/jdoc.h"
#include "compat/aws_stream_report.h"

#define MS NS_PER_MS

static char none[] = "", said[] = "{\"error\":\"no\"}";

/* Successes with TTFT 10, 20, 30, 40 ms, total 110, 120, 130, 140 ms and 1, 2, 3, 4 tokens; one refusal, one unsent. */
static struct compat_row rows[6];

static void fill(void)
{
    for (int i = 0; i < 4; i++) {
        rows[i] = (struct compat_row){
            .sent = true,
            .outcome = OUT_OK,
            .status = 200,
            .http2 = true,
            .index = (uint64_t)i,
            .start = 1000 * MS + i,
            .first_token = (1010 + 10 * i) * MS + i,
            .end = (1110 + 10 * i) * MS + i,
            .tokens_out = i < 3 ? i + 1 : -1,
            .source = i < 3 ? TOKENS_USAGE : TOKENS_WORDS,
            .words = 4,
            .n_events = 7,
            .detail = none,
            .metric = {5.0 * (i + 1), NAN, i == 0 ? 0.001 : NAN, NAN, NAN},
        };
    }
    rows[3].metric[AWS_TTFT] = NAN;
    rows[4] = (struct compat_row){.sent = true,
                                  .outcome = OUT_HTTP,
                                  .status = 503,
                                  .index = 4,
                                  .start = 1000 * MS,
                                  .end = 1001 * MS,
                                  .tokens_out = -1,
                                  .detail = said,
                                  .metric = {NAN, NAN, NAN, NAN, NAN}};
    rows[5] = (struct compat_row){.outcome = OUT_UNSENT, .tokens_out = -1, .detail = none};
}

static struct aws_report counted(bool original, const struct summary *s)
{
    static const struct compat_rows all = {.v = rows, .n = 6};
    struct aws_report r = {.url = "http://x/prod",
                           .prompt = "say \"it\"",
                           .max_tokens = 64,
                           .requests = 5,
                           .concurrency = 2,
                           .original = original,
                           .summary = s,
                           .rows = &all};
    fill();
    aws_report_count(&r);
    return r;
}

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-9;
}

static void test_by_the_original_s_formulas(void **state)
{
    struct aws_report r = counted(true, &(struct summary){0});
    assert_int_equal(r.successful, 4);
    assert_int_equal(r.failed, 1);
    assert_true(near(r.ttft.mean, 0.025) && near(r.ttft.median, 0.025));
    assert_true(near(r.ttft.p95, 0.04)); /* 2.85 rounds to 3 */
    assert_true(near(r.total.min, 0.11) && near(r.total.max, 0.14));
    assert_int_equal(r.tokens, 28); /* pieces */
    assert_int_equal(r.told[AWS_TTFT].n, 3);
    assert_true(near(r.told[AWS_TTFT].median, 0.01)); /* 5, 10 and 15 ms, in s */
    assert_int_equal(r.told[AWS_TPS].n, 0);
    assert_true(near(r.told[AWS_COST].max, 0.001));
}

static void test_by_weir_s(void **state)
{
    struct sum_level level = {.token_source = TOKENS_USAGE};
    struct summary s = {.n_q = 4, .q = {0.5, 0.9, 0.95, 0.99}, .n_levels = 1, .levels = &level};
    level.lat[METRIC_TTFT] = (struct sum_dist){.present = true, .n = 4, .mean = 25e6, .min = 10e6, .max = 40e6};
    level.lat[METRIC_TTFT].q[2] = 38.5e6;
    struct aws_report r = counted(false, &s);
    assert_true(near(r.ttft.p95, 0.0385) && near(r.ttft.mean, 0.025) && r.ttft.n == 4);
    assert_int_equal(r.total.n, 0); /* the summary has none */
    assert_true(isnan(r.total.mean));
    assert_int_equal(r.tokens, 10);                  /* 1 + 2 + 3, and 4 words */
    assert_true(near(r.told[AWS_TTFT].p95, 0.0145)); /* between 10 and 15 */
}

static void test_the_file(void **state)
{
    struct err e = {0};
    struct buf b = BUF_INIT(1 << 20);
    struct aws_report r = counted(true, &(struct summary){0});
    aws_report_json(&r, &b);
    struct jdoc *d = jdoc_parse(buf_str(&b), "results", &e);
    if (!d)
        fail_msg("%s", e.text);
    jnode *root = jdoc_root(d), *good = jn_get(root, "raw_results"), *bad = jn_get(root, "failures");
    assert_true(str_eqz(jn_str(jn_get(root, "benchmark_config.prompt"), ""), "say \"it\""));
    assert_true(near(jn_f64(jn_get(root, "statistics.success_rate"), 0), 0.8));
    assert_true(jn_is_null(jn_get(root, "statistics.aws_tokens_per_second_stats")));
    assert_int_equal(jn_i64(jn_get(root, "statistics.aws_cost_per_1k_stats.count"), 0), 1);
    assert_int_equal(jn_len(good), 4);
    assert_int_equal(jn_len(bad), 1);
    assert_true(near(jn_f64(jn_get(jn_at(good, 1), "ttft_s"), 0), 0.02));
    assert_true(jn_is_null(jn_get(jn_at(good, 1), "error")));
    assert_true(str_eqz(jn_str(jn_get(jn_at(good, 0), "aws_headers.x-cost-per-1k-usd"), ""), "0.001"));
    assert_int_equal(jn_len(jn_get(jn_at(good, 3), "aws_headers")), 0);
    assert_true(str_eqz(jn_str(jn_get(jn_at(bad, 0), "error"), ""), "HTTP 503: {\"error\":\"no\"}"));
    assert_true(jn_is_null(jn_get(jn_at(bad, 0), "ttft_s")) && !jn_bool(jn_get(jn_at(bad, 0), "ok"), true));
    assert_int_equal(jn_i64(jn_get(jn_at(bad, 0), "request_id"), 0), 4);
    jdoc_free(&d);
    buf_free(&b);
}

static void test_the_console(void **state)
{
    struct buf b = BUF_INIT(1 << 20);
    struct aws_report r = counted(true, &(struct summary){0});
    aws_report_text(&r, &b);
    assert_non_null(strstr(b.p, "\nSuccess Rate: 80.0% (4/5)\n\nTime to First Token (TTFT):\n  Mean: 0.025s\n  Median: "
                                "0.025s\n  P95: 0.040s\n  P99: 0.040s\n  Range: 0.010s - 0.040s\n"));
    assert_non_null(strstr(b.p, "\nTokens:\n  Mean per request: 7.0\n  Total tokens: 28\n"));
    assert_non_null(strstr(b.p, "  Range: $0.00100 - $0.00100\n"));
    assert_null(strstr(b.p, "AWS Tokens/Second"));
    assert_null(strstr(b.p, "Note:"));
    buf_clear(&b);
    for (int i = 0; i < 4; i++)
        rows[i].first_token = rows[i].end; /* what came whole */
    r.successful = r.failed = 0;
    aws_report_count(&r);
    aws_report_text(&r, &b);
    assert_non_null(strstr(b.p, "not streamed to the client"));
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_by_the_original_s_formulas),
                                       cmocka_unit_test(test_by_weir_s), cmocka_unit_test(test_the_file),
                                       cmocka_unit_test(test_the_console)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
