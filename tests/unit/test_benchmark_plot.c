/* test_benchmark_plot.c - the text of the drawing's panel; the drawing itself is plot_qps's and tests/seeds'. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "benchmark_rig.h"

static void panel(const struct bm_run *r, const char *want)
{
    struct buf b = BUF_INIT(1 << 20);
    bm_put_panel(&b, r);
    assert_string_equal(b.p, want);
    buf_free(&b);
}

#define GUIDANCE                                                                                                       \
    "Guidance:\n"                                                                                                      \
    "  - Use the conservative limit in production\n"                                                                   \
    "  - Monitor success rate and latency\n"                                                                           \
    "  - Scale horizontally beyond the maximum\n"

static void saturated(void **state)
{
    struct bm_rig g;
    char why[] = "85.2 % of the requests succeeded, fewer than 95 %", *texts[] = {why};
    bm_rig_init(&g);
    g.sat = (struct sum_saturation){.axis = SAT_RATE, .first = 3, .last = 2, .max = 10, .why = {1, texts}};
    g.r.advice = bm_advise(&g.r, &g.sat);
    panel(&g.r, "Best Performance (before saturation):\n"
                "  Target QPS:   10.0\n"
                "  Actual QPS:   9.95\n"
                "  Success Rate: 98.5%\n"
                "  TTFT P50:     0.250s\n"
                "  E2E P50:      4.100s\n"
                "\n"
                "Saturation Point:\n"
                "  QPS:          20.0\n"
                "  Success Rate: 85.2%\n"
                "  Failed Requests: 178\n"
                "  85.2 % of the requests succeeded, fewer than 95 %\n"
                "\n"
                "Recommended Production QPS:\n"
                "  Max QPS:            10.0\n"
                "  Conservative (80%): 8.0\n"
                "  Aggressive (90%):   9.0\n"
                "\n" GUIDANCE "\n"
                "Errors Detected:\n"
                "  QPS 20.0: 178 failures (HTTP 503: 145)\n");
}

static void not_reached(void **state)
{
    struct bm_rig g;
    bm_rig_init(&g);
    g.r.n = 1;
    g.v[0].ttft.v[0] = g.v[0].e2e.v[0] = NAN;
    g.sat = (struct sum_saturation){.axis = SAT_RATE, .first = -1, .last = 0, .max = 1};
    g.r.advice = bm_advise(&g.r, &g.sat);
    panel(&g.r, "Best Performance (before saturation):\n"
                "  Target QPS:   1.0\n"
                "  Actual QPS:   1.00\n"
                "  Success Rate: 100.0%\n"
                "\n"
                "Saturation Point:\n"
                "  not reached\n"
                "\n"
                "Recommended Production QPS:\n"
                "  Max QPS:            1.0\n"
                "  Conservative (80%): 0.8\n"
                "  Aggressive (90%):   0.9\n"
                "\n" GUIDANCE);
}

static void nothing_holds(void **state)
{
    struct bm_rig g;
    bm_rig_init(&g);
    g.r.n = 1;
    g.v[0].success = NAN;
    g.sat = (struct sum_saturation){.axis = SAT_RATE, .first = 0, .last = -1, .max = NAN};
    g.r.advice = bm_advise(&g.r, &g.sat);
    panel(&g.r, "Saturation Point:\n"
                "  QPS:          1.0\n"
                "  Success Rate: 0.0%\n"
                "\n"
                "Recommended Production QPS:\n"
                "  none: test lower rates\n"
                "\n" GUIDANCE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(saturated), cmocka_unit_test(not_reached),
                                       cmocka_unit_test(nothing_holds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
