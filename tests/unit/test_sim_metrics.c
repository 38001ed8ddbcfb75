#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/sim_metrics.h"

static void has(const struct buf *b, const char *line)
{
    struct str_split it = {.rest = buf_str(b), .sep = '\n'};
    struct str s;
    while (str_next(&it, &s))
        if (str_eqz(s, line))
            return;
    fail_msg("no line \"%s\" in:\n%s", line, b->p);
}

static void test_render(void **state)
{
    struct sim_metrics m = {0};
    struct gate_counts g = {.in_flight = 9, .running = 4, .waiting = 5, .running_ns = 40 * (uint64_t)NS_PER_S};
    struct metrics_view v = {.gate = &g, .model = "a\\b\"c", .kv_blocks_max = 400};
    struct buf b = BUF_INIT(1 << 20);
    metrics_add(&m.prompt_tokens, 1234);
    metrics_add(&m.generation_tokens, 5);
    metrics_add(&m.finished_stop, 2);
    metrics_add(&m.finished_abort, 1);
    metrics_ttft(&m, 1 * NS_PER_MS); /* a bound is in its bucket: le */
    metrics_ttft(&m, 1 * NS_PER_MS + 1);
    metrics_ttft(&m, 90 * NS_PER_MS);
    metrics_ttft(&m, 3000 * NS_PER_S);
    metrics_add(&m.prefix_queries, 1000);
    metrics_add(&m.prefix_hits, 250);
    metrics_add(&m.kv_blocks, 110);
    metrics_take(&m.kv_blocks, 10);
    metrics_render(&m, &v, &b);
    has(&b, "vllm:kv_cache_usage_perc{model_name=\"a\\\\b\\\"c\"} 0.25");
    has(&b, "vllm:prefix_cache_queries_total{model_name=\"a\\\\b\\\"c\"} 1000");
    has(&b, "vllm:prefix_cache_hits_total{model_name=\"a\\\\b\\\"c\"} 250");
    has(&b, "vllm:num_preemptions_total{model_name=\"a\\\\b\\\"c\"} 0");
    assert_null(strstr(b.p, "DCGM"));
    has(&b, "# TYPE vllm:num_requests_running gauge");
    has(&b, "vllm:num_requests_running{model_name=\"a\\\\b\\\"c\"} 4");
    has(&b, "vllm:num_requests_waiting{model_name=\"a\\\\b\\\"c\"} 5");
    has(&b, "# TYPE vllm:prompt_tokens_total counter");
    has(&b, "vllm:prompt_tokens_total{model_name=\"a\\\\b\\\"c\"} 1234");
    has(&b, "vllm:generation_tokens_total{model_name=\"a\\\\b\\\"c\"} 5");
    has(&b, "vllm:request_success_total{finished_reason=\"stop\",model_name=\"a\\\\b\\\"c\"} 2");
    has(&b, "vllm:request_success_total{finished_reason=\"length\",model_name=\"a\\\\b\\\"c\"} 0");
    has(&b, "vllm:request_success_total{finished_reason=\"abort\",model_name=\"a\\\\b\\\"c\"} 1");
    has(&b, "# TYPE vllm:time_to_first_token_seconds histogram");
    has(&b, "vllm:time_to_first_token_seconds_bucket{le=\"0.001\",model_name=\"a\\\\b\\\"c\"} 1");
    has(&b, "vllm:time_to_first_token_seconds_bucket{le=\"0.005\",model_name=\"a\\\\b\\\"c\"} 2");
    has(&b, "vllm:time_to_first_token_seconds_bucket{le=\"0.08\",model_name=\"a\\\\b\\\"c\"} 2");
    has(&b, "vllm:time_to_first_token_seconds_bucket{le=\"0.1\",model_name=\"a\\\\b\\\"c\"} 3");
    has(&b, "vllm:time_to_first_token_seconds_bucket{le=\"2560\",model_name=\"a\\\\b\\\"c\"} 3");
    has(&b, "vllm:time_to_first_token_seconds_bucket{le=\"+Inf\",model_name=\"a\\\\b\\\"c\"} 4");
    has(&b, "vllm:time_to_first_token_seconds_sum{model_name=\"a\\\\b\\\"c\"} 3000.092000001");
    has(&b, "vllm:time_to_first_token_seconds_count{model_name=\"a\\\\b\\\"c\"} 4");
    buf_free(&b);
}

/* 4 of 8 sequences run: halfway from 100 W to 500 W; 20 s of 100 W and 40 sequence-seconds of 50 W: 4,000 J. */
static void test_gpu(void **state)
{
    struct sim_metrics m = {0};
    struct gate_counts g = {.running = 4, .running_ns = 40 * (uint64_t)NS_PER_S};
    struct metrics_view v = {.gate = &g,
                             .model = "m",
                             .kv_blocks_max = 1,
                             .has_gpu = true,
                             .idle = 100,
                             .busy = 500,
                             .max_seqs = 8,
                             .up = 20 * NS_PER_S};
    struct buf b = BUF_INIT(1 << 20);
    metrics_render(&m, &v, &b);
    has(&b, "# TYPE DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION counter");
    assert_non_null(strstr(b.p, "\nDCGM_FI_DEV_GPU_UTIL{gpu=\"0\",UUID=\"GPU-weir-sim-0\""));
    assert_non_null(strstr(b.p, "modelName=\"weir sim\"} 300.000000\n"));
    assert_non_null(strstr(b.p, "modelName=\"weir sim\"} 4000000.000000\n"));
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_render), cmocka_unit_test(test_gpu)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
