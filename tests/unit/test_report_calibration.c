#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "report/report.h"

static struct calibration example(void)
{
    static const struct cal_row level = {.streams = 10,
                                         .asked_per_s = 1000,
                                         .events_per_s = 987.75,
                                         .ttft_error = {40, 3500, 31250, 39000},
                                         .itl_error = {1960, 900, 62500, 10052000},
                                         .lag = {2000, 84125, 1408400, 4714400},
                                         .busy = 0.021,
                                         .server_busy = 0.019,
                                         .events_per_cpu_s = 35342.4,
                                         .requests = 41,
                                         .failed = 1,
                                         .verdict = VERDICT_VALID};
    struct calibration c = {.version = "0.1.0",
                            .started = 1700000000123000000,
                            .cpu = "Test CPU \"x\"",
                            .cores = 4,
                            .client_cores = 2,
                            .server_cores = 2,
                            .kernel = "Linux 6",
                            .n_levels = 1,
                            .n_rates = 1,
                            .ceiling = 987.75,
                            .stopped = "here"};
    c.levels[0] = c.rates[0] = level;
    c.rates[0].limit = CAL_SERVER;
    c.rates[0].verdict = VERDICT_DEGRADED;
    c.rates[0].ttft_error = (struct cal_dist){0, NAN, NAN, NAN};
    return c;
}

#define ROW(ttft, verdict, limit)                                                                                      \
    "      \"streams\": 10,\n"                                                                                         \
    "      \"asked_per_s\": 1000,\n"                                                                                   \
    "      \"events_per_s\": 987.8,\n"                                                                                 \
    "      \"ttft_error_ms\": {\n" ttft "      },\n"                                                                   \
    "      \"itl_error_ms\": {\n"                                                                                      \
    "        \"n\": 1960,\n"                                                                                           \
    "        \"p50\": 0.0009,\n"                                                                                       \
    "        \"p99\": 0.0625,\n"                                                                                       \
    "        \"max\": 10.052\n"                                                                                        \
    "      },\n"                                                                                                       \
    "      \"client_lag_us\": {\n"                                                                                     \
    "        \"n\": 2000,\n"                                                                                           \
    "        \"p50\": 84.125,\n"                                                                                       \
    "        \"p99\": 1408.4,\n"                                                                                       \
    "        \"max\": 4714.4\n"                                                                                        \
    "      },\n"                                                                                                       \
    "      \"busy\": 0.021,\n"                                                                                         \
    "      \"server_busy\": 0.019,\n"                                                                                  \
    "      \"events_per_cpu_s\": 35342.4,\n"                                                                           \
    "      \"requests\": 41,\n"                                                                                        \
    "      \"failed\": 1,\n"                                                                                           \
    "      \"unmatched\": 0,\n"                                                                                        \
    "      \"verdict\": \"" verdict "\",\n"                                                                            \
    "      \"limit\": " limit "\n"

static const char json[] =
    "{\n"
    "  \"schema\": \"weir.calibration/1\",\n"
    "  \"weir\": \"0.1.0\",\n"
    "  \"date\": \"2023-11-14T22:13:20.123Z\",\n"
    "  \"machine\": {\n"
    "    \"cpu\": \"Test CPU \\\"x\\\"\",\n"
    "    \"cores\": 4,\n"
    "    \"kernel\": \"Linux 6\",\n"
    "    \"client_cores\": 2,\n"
    "    \"server_cores\": 2\n"
    "  },\n"
    "  \"quick\": false,\n"
    "  \"interrupted\": false,\n"
    "  \"other_server\": false,\n"
    "  \"levels\": [\n"
    "    {\n" ROW("        \"n\": 40,\n"
                  "        \"p50\": 0.0035,\n"
                  "        \"p99\": 0.03125,\n"
                  "        \"max\": 0.039\n",
                  "VALID", "null") "    }\n"
                                   "  ],\n"
                                   "  \"rates\": [\n"
                                   "    {\n" ROW("        \"n\": 0,\n"
                                                 "        \"p50\": null,\n"
                                                 "        \"p99\": null,\n"
                                                 "        \"max\": null\n",
                                                 "DEGRADED", "\"simulator\"") "    }\n"
                                                                              "  ],\n"
                                                                              "  \"ceiling_events_per_s\": 987.8,\n"
                                                                              "  \"stopped\": \"here\"\n"
                                                                              "}\n";

static void test_json(void **state)
{
    (void)state;
    struct calibration c = example();
    struct buf b = BUF_INIT(65536);
    report_calibration_json(&b, &c);
    assert_string_equal(buf_str(&b).p, json);
    buf_free(&b);
}

/* The text without runs of spaces and without rules, so that the golden says what stands there and not where. */
static char *squeezed(const struct buf *b)
{
    char *out = calloc(1, b->n + 1), *w = out;
    for (size_t i = 0; i < b->n; i++) {
        char ch = b->p[i];
        if ((unsigned char)ch >= 0x80 || (ch == ' ' && (w == out || w[-1] == ' ' || w[-1] == '\n')))
            continue;
        if (ch == '\n' && w > out && w[-1] == ' ')
            w--;
        if (ch != '\n' || (w > out && w[-1] != '\n'))
            *w++ = ch;
    }
    return out;
}

static void check_table(const struct calibration *c, const char *want)
{
    struct buf b = BUF_INIT(65536);
    struct table_opts o = {.width = 200};
    report_calibration_table(&b, c, &o);
    char *got = squeezed(&b);
    assert_string_equal(got, want);
    free(got);
    buf_free(&b);
}

static void test_table(void **state)
{
    (void)state;
    struct calibration c = example();
    check_table(&c, "events/s TTFT error, ms ITL error, ms client lag, us busy, % events per\n"
                    "streams asked came p50 p99 max p50 p99 max p50 p99 max client sim CPU-s\n"
                    "10 1000 988 0.004 0.031 0.039 0.001 0.062 10.052 84.1 1408.4 4714.4 2 2 35342\n"
                    "10 1000 988 - - - 0.001 0.062 10.052 84.1 1408.4 4714.4 2 2 35342\n"
                    "ceiling 988 events/s with p99 of both errors at most 1 ms\n"
                    "machine Test CPU \"x\", 4 cores: 2 for the client, 2 for the simulator; Linux 6\n"
                    "stopped here\n");
    c.other_server = true;
    c.client_cores = c.server_cores = 0;
    c.cores = 1;
    c.n_rates = 0;
    c.ceiling = NAN;
    c.interrupted = true;
    check_table(&c, "events/s TTFT error, ms ITL error, ms client lag, us busy, % events per\n"
                    "streams came p50 p99 max p50 p99 max p50 p99 max client CPU-s\n"
                    "10 988 0.004 0.031 0.039 0.001 0.062 10.052 84.1 1408.4 4714.4 2 35342\n"
                    "ceiling none: no load kept p99 of both errors at most 1 ms\n"
                    "machine Test CPU \"x\", 1 core; Linux 6\n"
                    "stopped interrupted\n");
    c.n_levels = 0;
    check_table(&c, "Nothing was measured.\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_json), cmocka_unit_test(test_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
