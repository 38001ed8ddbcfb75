/* test_benchmark_json.c - the documented keys with the document's own figures, in their order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "benchmark_rig.h"

static void results(void **state)
{
    struct bm_rig g;
    struct buf b = BUF_INIT(1 << 20);
    bm_rig_init(&g);
    struct sum_count errors[] = {{"HTTP 503", 9}, {"Connection reset", 1}};
    g.v[2].errors = (struct sum_counts){2, errors};
    g.v[2].duration = 60;
    g.v[2].whole = 64.25;
    g.v[2].e2e.at_least = 1 << 3;
    g.v[2].tok.v[3] = NAN;
    g.r.v = &g.v[2];
    g.r.n = 1;
    bm_results_json(&b, &g.r);
    assert_string_equal(b.p, "[\n"
                             "  {\n"
                             "    \"qps_target\": 10.0,\n"
                             "    \"actual_qps\": 9.95,\n"
                             "    \"duration\": 60.0,\n"
                             "    \"total_requests\": 600,\n"
                             "    \"successful_requests\": 600,\n"
                             "    \"failed_requests\": 0,\n"
                             "    \"success_rate\": 98.5,\n"
                             "    \"ttft\": {\n"
                             "      \"p50\": 0.25,\n"
                             "      \"p90\": 0.35,\n"
                             "      \"p95\": 0.4,\n"
                             "      \"p99\": 0.5\n"
                             "    },\n"
                             "    \"e2e_latency\": {\n"
                             "      \"p50\": 4.1,\n"
                             "      \"p90\": 4.5,\n"
                             "      \"p95\": 4.8,\n"
                             "      \"p99\": 5.2\n"
                             "    },\n"
                             "    \"tokens_per_sec\": {\n"
                             "      \"p50\": 68.5,\n"
                             "      \"p90\": 72.1,\n"
                             "      \"p95\": 75.3,\n"
                             "      \"p99\": null\n"
                             "    },\n"
                             "    \"cost_analysis\": null,\n"
                             "    \"actual_duration\": 64.25,\n"
                             "    \"errors\": {\n"
                             "      \"Connection reset\": 1,\n"
                             "      \"HTTP 503\": 9\n"
                             "    },\n"
                             "    \"status_codes\": {},\n"
                             "    \"cancelled_requests\": 0,\n"
                             "    \"completed_qps\": 0.0,\n"
                             "    \"token_source\": \"none\",\n"
                             "    \"at_least\": {\n"
                             "      \"e2e_latency\": [\n"
                             "        \"p99\"\n"
                             "      ]\n"
                             "    },\n"
                             "    \"complete\": true,\n"
                             "    \"verdict\": \"VALID\"\n"
                             "  }\n"
                             "]\n");
    buf_free(&b);
}

static void metadata(void **state)
{
    struct bm_rig g;
    struct buf b = BUF_INIT(1 << 20);
    bm_rig_init(&g);
    setenv("TZ", "UTC", 1);
    g.r.s = NULL;
    bm_metadata_json(&b, &g.r, 1731580245123456789);
    assert_string_equal(b.p, "{\n"
                             "  \"timestamp\": \"2024-11-14T10:30:45.123456\",\n"
                             "  \"endpoint\": \"https://[redacted]@api.example.com/v1/chat/completions\",\n"
                             "  \"model\": \"meta-llama/Llama-3.1-8B-Instruct\",\n"
                             "  \"dataset\": \"conversations.json\",\n"
                             "  \"qps_levels\": [\n"
                             "    1.0,\n"
                             "    5.0,\n"
                             "    10.0,\n"
                             "    20.0\n"
                             "  ],\n"
                             "  \"duration\": 60,\n"
                             "  \"max_tokens\": 512,\n"
                             "  \"temperature\": 0.7,\n"
                             "  \"percentiles\": [\n"
                             "    50,\n"
                             "    95,\n"
                             "    99\n"
                             "  ],\n"
                             "  \"show_tokens\": true,\n"
                             "  \"token_counting\": \"usage, else server, else words\",\n"
                             "  \"cost_calculation\": null,\n"
                             "  \"original_formulas\": false,\n"
                             "  \"weir\": \"" WEIR_VERSION "\"\n"
                             "}\n");
    buf_clear(&b);
    g.r.s = &g.s;
    g.o.num_gpus = 4;
    g.o.gpu_rate = 2;
    bm_metadata_json(&b, &g.r, 0);
    assert_non_null(strstr(b.p, "\"gpu_rate\": 2.0,\n    \"num_gpus\": 4\n"));
    assert_non_null(strstr(b.p, "\"interrupted\": false"));
    assert_non_null(strstr(b.p, "\"saturation\": null"));
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(results), cmocka_unit_test(metadata)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
