/* test_benchmark_text.c - the console of `weir as benchmark`, byte for byte as its document prints it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "benchmark_rig.h"

/* clang-format off */
#define RULE "================================================================================\n"
static const char documented[] =
    "\n"
    RULE
    "QPS BENCHMARK RESULTS\n"
    RULE
    "QPS Target   Actual QPS   Success%   TTFT P50(s)  TTFT P95(s)  TTFT P99(s)  E2E P50(s)   E2E P95(s)   E2E P99(s)   Tok/s P50    Tok/s P95    Tok/s P99   \n"
    "1.0          1.00         100.0      0.120        0.150        0.180        2.500        2.800        3.000        85.3         92.1         98.5        \n"
    "5.0          4.98         100.0      0.180        0.250        0.300        3.200        3.600        4.000        78.2         85.0         90.1        \n"
    "10.0         9.95         98.5       0.250        0.400        0.500        4.100        4.800        5.200        68.5         75.3         80.2        \n"
    "20.0         19.82        85.2       0.400        1.200        2.500        5.500        8.000        12.000       55.0         62.0         70.0        \n"
    "\n"
    "QPS 20.0 - Errors (178 total):\n"
    "  - HTTP 503: 145 occurrences\n"
    "  - Connection reset: 33 occurrences\n"
    "  Status codes: {200: 1022, 503: 145}\n";
/* clang-format on */

static void is(void (*put)(struct buf *b, const struct bm_run *r), const struct bm_run *r, const char *want)
{
    struct buf b = BUF_INIT(1 << 20);
    put(&b, r);
    assert_string_equal(b.p, want);
    buf_free(&b);
}

static void table(void **state)
{
    struct bm_rig g;
    bm_rig_init(&g);
    is(bm_put_table, &g.r, documented);
}

/* One percentile, the cost, a lower bound, and what has no value. */
static void table_of_other_columns(void **state)
{
    struct bm_rig g;
    bm_rig_init(&g);
    g.r.n = 2;
    g.o.n_shown = 1;
    g.o.num_gpus = 2;
    g.v[0].ttft.at_least = 1;
    g.v[0].cost.per_million = 1.23456;
    g.v[1].cost.per_million = g.v[1].e2e.v[0] = g.v[1].success = NAN;
    is(bm_put_table, &g.r,
       "\n" RULE "QPS BENCHMARK RESULTS\n" RULE
       "QPS Target   Actual QPS   Success%   TTFT P50(s)  E2E P50(s)   Tok/s P50    $/M Tokens  \n"
       "1.0          1.00         100.0      ≥0.120       2.500        85.3         $1.2346     \n"
       "5.0          4.98         N/A        0.180        N/A          78.2         N/A         \n");
}

static void summary(void **state)
{
    struct bm_rig g;
    char why[] = "85.2 % of the requests succeeded, fewer than 95 %", *texts[] = {why};
    bm_rig_init(&g);
    g.v[1].success = 79.9;
    g.sat = (struct sum_saturation){.axis = SAT_RATE, .first = 3, .last = 2, .max = 10, .why = {1, texts}};
    g.r.advice = bm_advise(&g.r, &g.sat);
    is(bm_put_summary, &g.r,
       "\n" RULE "SUMMARY\n" RULE "QPS   1.0: ✅ PASS - 100.0% success, 1.00 actual QPS\n"
       "QPS   5.0: ❌ FAIL - 79.9% success, 4.98 actual QPS\n"
       "QPS  10.0: ✅ PASS - 98.5% success, 9.95 actual QPS\n"
       "QPS  20.0: ⚠️  DEGRADED - 85.2% success, 19.82 actual QPS\n\n"
       "📈 Saturation point: QPS 20.0 (85.2 % of the requests succeeded, fewer than 95 %)\n"
       "🎯 Recommended max QPS: 10.0 (maintains >95% success rate)\n"
       "   Conservative limit (80%): 8.0 QPS\n"
       "   Aggressive limit (90%): 9.0 QPS\n"
       "   In production (70-80%): 7.0 to 8.0 QPS\n");
    /* The same by the original's rules: the first below 95 %, and yet the largest that has them. */
    g.o.original = true;
    g.r.advice = bm_advise(&g.r, &g.sat);
    assert_int_equal(g.r.advice.first, 1);
    assert_true(g.r.advice.max == 10);
}

static void progress(void **state)
{
    struct buf b = BUF_INIT(1 << 20);
    struct bm_opts o = {.duration = 60};
    bm_put_begin(&b, &o, 0.25);
    assert_string_equal(b.p, "\n" RULE "Running QPS test: 0.25 queries/second for 60 seconds\n" RULE
                             "Target: 15 requests (0.25 per second)\n"
                             "Interval: 4.000 seconds between requests\nStarting test...\n");
    buf_clear(&b);
    bm_put_end(&b, 10, 3, 3);
    assert_string_equal(b.p, "✅ Completed: 3/6 successful (50.0%)\n");
    buf_clear(&b);
    bm_put_end(&b, 10, 2, 3);
    assert_string_equal(b.p, "✅ Completed: 2/5 successful (40.0%)\n"
                             "⚠️  WARNING: Success rate dropped below 50% at QPS 10.0\n"
                             "Stopping tests - endpoint is overloaded.\n");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table), cmocka_unit_test(table_of_other_columns),
                                       cmocka_unit_test(summary), cmocka_unit_test(progress)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
