/* Answers of each server, by the lines of its own documentation or source, and what they come to. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "campaign/server_names.h"

static struct scrape answer(struct tally *t, const char *text)
{
    struct prom p;
    struct scrape out;
    scrape_clear(&out);
    prom_init(&p, tally_sample, t);
    tally_begin(t);
    prom_feed(&p, text, strlen(text));
    prom_end(&p);
    assert_int_equal(p.bad, 0);
    tally_end(t, &out);
    prom_free(&p);
    return out;
}

static void is(const struct scrape *s, enum scrape_value k, double want)
{
    if (!(fabs(s->v[k] - want) < 1e-9) && !(isnan(want) && isnan(s->v[k])))
        fail_msg("%s: %.17g, not %.17g", scrape_value_name(k), s->v[k], want);
}

/* v1, two data-parallel engines: requests add up, usage is averaged, old names beside the new ones do not count. */
static void test_vllm(void **state)
{
    struct tally *t = tally_new();
    answer(t, "vllm:prefix_cache_queries_total{engine=\"0\",model_name=\"m\"} 1000.0\n"
              "vllm:prefix_cache_hits_total{engine=\"0\",model_name=\"m\"} 100.0\n"
              "vllm:num_preemptions_total{engine=\"0\",model_name=\"m\"} 7.0\n");
    struct scrape s = answer(t, "vllm:num_requests_running{engine=\"0\",model_name=\"m\"} 2.0\n"
                                "vllm:num_requests_running{engine=\"1\",model_name=\"m\"} 3.0\n"
                                "vllm:num_requests_waiting{engine=\"0\",model_name=\"m\"} 1.0\n"
                                "vllm:kv_cache_usage_perc{engine=\"0\",model_name=\"m\"} 0.5\n"
                                "vllm:kv_cache_usage_perc{engine=\"1\",model_name=\"m\"} 0.25\n"
                                "vllm:gpu_cache_usage_perc{engine=\"0\",model_name=\"m\"} 0.9\n"
                                "vllm:prefix_cache_queries_total{model_name=\"m\",engine=\"0\"} 1500.0\n"
                                "vllm:prefix_cache_queries_created{model_name=\"m\",engine=\"0\"} 1.7e9\n"
                                "vllm:gpu_prefix_cache_queries_total{model_name=\"m\",engine=\"0\"} 1500.0\n"
                                "vllm:prefix_cache_hits_total{model_name=\"m\",engine=\"0\"} 350.0\n"
                                "vllm:gpu_prefix_cache_hits_total{model_name=\"m\",engine=\"0\"} 350.0\n"
                                "vllm:external_prefix_cache_hits_total{engine=\"0\",model_name=\"m\"} 9.0\n"
                                "vllm:num_preemptions_total{engine=\"0\",model_name=\"m\"} 8.0\n");
    is(&s, SCRAPE_RUNNING, 5);
    is(&s, SCRAPE_WAITING, 1);
    is(&s, SCRAPE_KV_USAGE, 0.375);
    is(&s, SCRAPE_PREFIX_QUERIES, 500);
    is(&s, SCRAPE_PREFIX_HITS, 250);
    is(&s, SCRAPE_PREEMPTIONS, 1);
    is(&s, SCRAPE_PREFIX_RATE, NAN);
    is(&s, SCRAPE_GPU_POWER, NAN);
    assert_int_equal(s.gpus, 0);
    assert_string_equal(tally_program(t), "vLLM");
    tally_free(&t);
}

/* v0: a gauge of the hit rate, -1 where there is no prefix cache; and Ray Serve's names. */
static void test_old_vllm_and_ray(void **state)
{
    struct tally *t = tally_new();
    struct scrape s = answer(t, "vllm:gpu_cache_usage_perc{model_name=\"m\"} 0.125\n"
                                "vllm:gpu_prefix_cache_hit_rate{model_name=\"m\"} -1\n"
                                "vllm:num_requests_swapped{model_name=\"m\"} 4\n");
    is(&s, SCRAPE_KV_USAGE, 0.125);
    is(&s, SCRAPE_PREFIX_RATE, NAN);
    s = answer(t, "vllm:gpu_prefix_cache_hit_rate{model_name=\"m\"} 0.75\n"
                  "ray_vllm_num_requests_waiting{WorkerId=\"w\"} 6\n");
    is(&s, SCRAPE_PREFIX_RATE, 0.75);
    is(&s, SCRAPE_WAITING, 6);
    tally_free(&t);
}

/* Tensor-parallel ranks repeat one figure, data-parallel ones add to it; the totals of a queue with priorities stand
 * under an empty priority. */
static void test_sglang(void **state)
{
    struct tally *t = tally_new();
    answer(t, "sglang:prompt_tokens_total{model_name=\"m\"} 100\n"
              "sglang:cached_tokens_total{model_name=\"m\",cache_source=\"device\"} 10\n");
    struct scrape s =
        answer(t, "sglang:num_running_reqs{model_name=\"m\",tp_rank=\"0\",dp_rank=\"0\",priority=\"\"} 4\n"
                  "sglang:num_running_reqs{model_name=\"m\",tp_rank=\"1\",dp_rank=\"0\",priority=\"\"} 4\n"
                  "sglang:num_running_reqs{model_name=\"m\",tp_rank=\"4\",dp_rank=\"1\",priority=\"\"} 3\n"
                  "sglang:num_running_reqs{model_name=\"m\",tp_rank=\"0\",dp_rank=\"0\",priority=\"1\"} 4\n"
                  "sglang:num_queue_reqs{model_name=\"m\",tp_rank=\"0\",dp_rank=\"0\"} 9\n"
                  "sglang:token_usage{model_name=\"m\",tp_rank=\"0\",dp_rank=\"0\"} 0.28\n"
                  "sglang:cache_hit_rate{model_name=\"m\",tp_rank=\"0\",dp_rank=\"0\"} 0.9\n"
                  "sglang:num_retracted_reqs{model_name=\"m\",tp_rank=\"0\"} 5\n"
                  "sglang:num_retracted_requests_total{model_name=\"m\",tp_rank=\"0\"} 2\n"
                  "sglang:prompt_tokens_total{model_name=\"m\"} 300\n"
                  "sglang:cached_tokens_total{model_name=\"m\",cache_source=\"device\"} 60\n"
                  "sglang:cached_tokens_total{model_name=\"m\",cache_source=\"host\"} 50\n");
    is(&s, SCRAPE_RUNNING, 7);
    is(&s, SCRAPE_WAITING, 9);
    is(&s, SCRAPE_KV_USAGE, 0.28);
    is(&s, SCRAPE_PREFIX_RATE, 0.9);
    is(&s, SCRAPE_PREFIX_QUERIES, 200);
    is(&s, SCRAPE_PREFIX_HITS, 100);
    is(&s, SCRAPE_PREEMPTIONS, 2);
    tally_free(&t);
}

static void test_others(void **state)
{
    struct tally *t = tally_new();
    struct scrape s = answer(t, "tgi_queue_size 7\ntgi_batch_current_size 4\ntgi_batch_current_max_tokens 2048\n");
    is(&s, SCRAPE_RUNNING, 4);
    is(&s, SCRAPE_WAITING, 7);
    is(&s, SCRAPE_KV_USAGE, NAN);
    assert_string_equal(tally_program(t), "TGI");
    tally_free(&t);
    t = tally_new();
    s = answer(t, "nv_trt_llm_request_metrics{model=\"tensorrt_llm\",request_type=\"waiting\",version=\"1\"} 1\n"
                  "nv_trt_llm_request_metrics{model=\"tensorrt_llm\",request_type=\"context\",version=\"1\"} 3\n"
                  "nv_trt_llm_request_metrics{model=\"tensorrt_llm\",request_type=\"scheduled\",version=\"1\"} 2\n"
                  "nv_trt_llm_request_metrics{model=\"tensorrt_llm\",request_type=\"max\",version=\"1\"} 512\n"
                  "nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type=\"fraction\",model=\"tensorrt_llm\"} 0.4875\n"
                  "nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type=\"used\",model=\"tensorrt_llm\"} 1\n");
    is(&s, SCRAPE_RUNNING, 2);
    is(&s, SCRAPE_WAITING, 1);
    is(&s, SCRAPE_KV_USAGE, 0.4875);
    tally_free(&t);
    t = tally_new();
    s = answer(t, "trtllm_num_requests_running 3.0\ntrtllm_num_requests_waiting 1\ntrtllm_kv_cache_utilization 0.5\n"
                  "trtllm_kv_cache_hit_rate 0.2\n");
    is(&s, SCRAPE_RUNNING, 3);
    is(&s, SCRAPE_PREFIX_RATE, 0.2);
    assert_string_equal(tally_program(t), "TensorRT-LLM");
    tally_free(&t);
    t = tally_new();
    s = answer(t,
               "llamacpp:requests_processing 1\nllamacpp:requests_deferred 45\nllamacpp:kv_cache_usage_ratio 0.25\n");
    is(&s, SCRAPE_RUNNING, 1);
    is(&s, SCRAPE_WAITING, 45);
    is(&s, SCRAPE_KV_USAGE, 0.25);
    s = answer(t, "go_goroutines 9\n");
    assert_null(tally_program(t));
    tally_free(&t);
}

/* Two GPUs, one of them with two MIG instances that repeat its figures. */
static void test_dcgm(void **state)
{
    struct tally *t = tally_new();
    answer(t, "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu=\"0\",UUID=\"GPU-a\"} 5000\n"
              "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu=\"1\",UUID=\"GPU-b\"} 7000\n");
    struct scrape s = answer(
        t,
        "DCGM_FI_DEV_POWER_USAGE{gpu=\"0\",UUID=\"GPU-a\",Hostname=\"n\",modelName=\"NVIDIA H100 80GB HBM3\"} 113.5\n"
        "DCGM_FI_DEV_POWER_USAGE{gpu=\"1\",UUID=\"GPU-b\",Hostname=\"n\",GPU_I_ID=\"1\"} 200\n"
        "DCGM_FI_DEV_POWER_USAGE{gpu=\"1\",UUID=\"GPU-b\",Hostname=\"n\",GPU_I_ID=\"2\"} 200\n"
        "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu=\"0\",UUID=\"GPU-a\"} 6500\n"
        "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu=\"1\",UUID=\"GPU-b\"} 9000\n"
        "DCGM_FI_DEV_GPU_UTIL{gpu=\"0\",UUID=\"GPU-a\"} 50\nDCGM_FI_DEV_GPU_UTIL{gpu=\"1\",UUID=\"GPU-b\"} 100\n");
    is(&s, SCRAPE_GPU_POWER, 313.5);
    is(&s, SCRAPE_GPU_ENERGY, 3.5);
    is(&s, SCRAPE_GPU_UTIL, 0.75);
    assert_int_equal(s.gpus, 2);
    tally_free(&t);
}

/* A restart of one of two engines, one that comes later, and an answer that was broken off. */
static void test_restarts(void **state)
{
    struct tally *t = tally_new();
    struct scrape s =
        answer(t, "vllm:num_preemptions_total{engine=\"0\"} 10\nvllm:num_preemptions_total{engine=\"1\"} 5\n");
    is(&s, SCRAPE_PREEMPTIONS, 0);
    s = answer(t, "vllm:num_preemptions_total{engine=\"0\"} 12\nvllm:num_preemptions_total{engine=\"1\"} 1\n");
    is(&s, SCRAPE_PREEMPTIONS, 3);
    struct prom p;
    prom_init(&p, tally_sample, t);
    tally_begin(t);
    prom_feed(&p, "vllm:num_preemptions_total{engine=\"0\"} 900\n", 43);
    prom_free(&p);
    s = answer(t, "vllm:num_preemptions_total{engine=\"0\"} 12\nvllm:num_preemptions_total{engine=\"2\"} 4\n");
    is(&s, SCRAPE_PREEMPTIONS, 7);
    s = answer(t, "vllm:num_preemptions_total{engine=\"0\"} NaN\nvllm:num_requests_running 1\n");
    is(&s, SCRAPE_PREEMPTIONS, NAN);
    s = answer(t, "vllm:num_preemptions_total{engine=\"1\"} 2\n");
    is(&s, SCRAPE_PREEMPTIONS, 8);
    tally_free(&t);
}

static void test_too_many_series(void **state)
{
    struct tally *t = tally_new();
    struct buf b = BUF_INIT(1 << 20);
    for (int i = 0; i < TALLY_SERIES_MAX + 3; i++)
        buf_addf(&b, "vllm:num_requests_running{engine=\"%d\"} 1\n", i);
    struct scrape s = answer(t, b.p);
    is(&s, SCRAPE_RUNNING, TALLY_SERIES_MAX);
    assert_int_equal(tally_left_out(t), 3);
    buf_free(&b);
    tally_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vllm),
        cmocka_unit_test(test_old_vllm_and_ray),
        cmocka_unit_test(test_sglang),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_dcgm),
        cmocka_unit_test(test_restarts),
        cmocka_unit_test(test_too_many_series),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
