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

/* "running 5, waiting 1": all that is told, and no more. */
static void is(const struct scrape *s, const char *want)
{
    struct buf b = BUF_INIT(4096);
    for (int k = 0; k < SCRAPE_VALUES; k++) {
        if (!isnan(s->v[k]))
            buf_addf(&b, "%s%s %.12g", b.n ? ", " : "", scrape_value_name((enum scrape_value)k), s->v[k]);
    }
    if (s->gpus)
        buf_addf(&b, ", of %u GPUs", s->gpus);
    if (!str_eqz(buf_str(&b), want))
        fail_msg("\"" STR_FMT "\", not \"%s\"", STR_ARG(buf_str(&b)), want);
    buf_free(&b);
}

static const struct {
    const char *program;
    struct {
        const char *text, *want;
    } answer[2];
} cases[] = {
    /* v1, two data-parallel engines: requests add up, usage is averaged, old names beside the new ones do not count. */
    {"vLLM",
     {{"vllm:prefix_cache_queries_total{engine=\"0\",model_name=\"m\"} 1000.0\n"
       "vllm:prefix_cache_hits_total{engine=\"0\",model_name=\"m\"} 100.0\n"
       "vllm:num_preemptions_total{engine=\"0\",model_name=\"m\"} 7.0\n",
       "prefix_cache_queries 0, prefix_cache_hits 0, preemptions 0"},
      {"vllm:num_requests_running{engine=\"0\",model_name=\"m\"} 2.0\n"
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
       "vllm:num_preemptions_total{engine=\"0\",model_name=\"m\"} 8.0\n",
       "running 5, waiting 1, kv_cache_usage 0.375, prefix_cache_queries 500, prefix_cache_hits 250, preemptions 1"}}},
    /* v0: a gauge of the hit rate, -1 where there is no prefix cache; and Ray Serve's names. */
    {"vLLM",
     {{"vllm:gpu_cache_usage_perc{model_name=\"m\"} 0.125\n"
       "vllm:gpu_prefix_cache_hit_rate{model_name=\"m\"} -1\n"
       "vllm:num_requests_swapped{model_name=\"m\"} 4\n",
       "kv_cache_usage 0.125"},
      {"vllm:gpu_prefix_cache_hit_rate{model_name=\"m\"} 0.75\n"
       "ray_vllm_num_requests_waiting{WorkerId=\"w\"} 6\n",
       "waiting 6, prefix_cache_hit_rate 0.75"}}},
    /* Tensor-parallel ranks repeat one figure, data-parallel ones add to it; the totals of a queue with priorities
     * stand under an empty priority. */
    {"SGLang",
     {{"sglang:prompt_tokens_total{model_name=\"m\"} 100\n"
       "sglang:cached_tokens_total{model_name=\"m\",cache_source=\"device\"} 10\n",
       "prefix_cache_queries 0, prefix_cache_hits 0"},
      {"sglang:num_running_reqs{model_name=\"m\",tp_rank=\"0\",dp_rank=\"0\",priority=\"\"} 4\n"
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
       "sglang:cached_tokens_total{model_name=\"m\",cache_source=\"host\"} 50\n",
       "running 7, waiting 9, kv_cache_usage 0.28, prefix_cache_queries 200, prefix_cache_hits 100, "
       "prefix_cache_hit_rate 0.9, preemptions 2"}}},
    {"TGI",
     {{"tgi_queue_size 7\ntgi_batch_current_size 4\ntgi_batch_current_max_tokens 2048\n", "running 4, waiting 7"}}},
    {"TensorRT-LLM",
     {{"nv_trt_llm_request_metrics{model=\"tensorrt_llm\",request_type=\"waiting\",version=\"1\"} 1\n"
       "nv_trt_llm_request_metrics{model=\"tensorrt_llm\",request_type=\"context\",version=\"1\"} 3\n"
       "nv_trt_llm_request_metrics{model=\"tensorrt_llm\",request_type=\"scheduled\",version=\"1\"} 2\n"
       "nv_trt_llm_request_metrics{model=\"tensorrt_llm\",request_type=\"max\",version=\"1\"} 512\n"
       "nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type=\"fraction\",model=\"tensorrt_llm\"} 0.4875\n"
       "nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type=\"used\",model=\"tensorrt_llm\"} 1\n",
       "running 2, waiting 1, kv_cache_usage 0.4875"}}},
    {"TensorRT-LLM",
     {{"trtllm_num_requests_running 3.0\ntrtllm_num_requests_waiting 1\ntrtllm_kv_cache_utilization 0.5\n"
       "trtllm_kv_cache_hit_rate 0.2\n",
       "running 3, waiting 1, kv_cache_usage 0.5, prefix_cache_hit_rate 0.2"}}},
    {"llama.cpp",
     {{"llamacpp:requests_processing 1\nllamacpp:requests_deferred 45\nllamacpp:kv_cache_usage_ratio 0.25\n",
       "running 1, waiting 45, kv_cache_usage 0.25"}}},
    {NULL, {{"llamacpp:requests_processing 1\n", "running 1"}, {"go_goroutines 9\n", ""}}},
    /* Two GPUs, one of them with two MIG instances that repeat its figures. */
    {"DCGM",
     {{"DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu=\"0\",UUID=\"GPU-a\"} 5000\n"
       "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu=\"1\",UUID=\"GPU-b\"} 7000\n",
       "gpu_energy_j 0, of 2 GPUs"},
      {"DCGM_FI_DEV_POWER_USAGE{gpu=\"0\",UUID=\"GPU-a\",Hostname=\"n\",modelName=\"NVIDIA H100 80GB HBM3\"} 113.5\n"
       "DCGM_FI_DEV_POWER_USAGE{gpu=\"1\",UUID=\"GPU-b\",Hostname=\"n\",GPU_I_ID=\"1\"} 200\n"
       "DCGM_FI_DEV_POWER_USAGE{gpu=\"1\",UUID=\"GPU-b\",Hostname=\"n\",GPU_I_ID=\"2\"} 200\n"
       "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu=\"0\",UUID=\"GPU-a\"} 6500\n"
       "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu=\"1\",UUID=\"GPU-b\"} 9000\n"
       "DCGM_FI_DEV_GPU_UTIL{gpu=\"0\",UUID=\"GPU-a\"} 50\nDCGM_FI_DEV_GPU_UTIL{gpu=\"1\",UUID=\"GPU-b\"} 100\n",
       "gpu_power_w 313.5, gpu_energy_j 3.5, gpu_utilization 0.75, of 2 GPUs"}}},
};

static void test_servers(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct tally *t = tally_new();
        for (size_t k = 0; k < ARRAY_LEN(cases[i].answer) && cases[i].answer[k].text; k++) {
            struct scrape s = answer(t, cases[i].answer[k].text);
            is(&s, cases[i].answer[k].want);
        }
        if (cases[i].program)
            assert_string_equal(tally_program(t), cases[i].program);
        else
            assert_null(tally_program(t));
        tally_free(&t);
    }
}

/* Labels of one character each, which differ by little: no series is taken for another, whatever their order. */
static void test_series_apart(void **state)
{
    static const char digits[] = "0123456789abcdef";
    struct tally *t = tally_new();
    struct buf b = BUF_INIT(1 << 20);
    for (int i = 0; i < 256; i++) {
        buf_addf(&b, "vllm:num_requests_running{engine=\"%c\",model_name=\"%c\"} 1\n", digits[i / 16], digits[i % 16]);
        buf_addf(&b, "vllm:num_requests_running{model_name=\"%c\",engine=\"%c\"} 1\n", digits[i % 16], digits[i / 16]);
    }
    struct scrape s = answer(t, b.p);
    is(&s, "running 256");
    buf_free(&b);
    tally_free(&t);
}

/* A restart of one of two engines, one that comes later, and an answer that was broken off. */
static void test_restarts(void **state)
{
    struct tally *t = tally_new();
    struct scrape s =
        answer(t, "vllm:num_preemptions_total{engine=\"0\"} 10\nvllm:num_preemptions_total{engine=\"1\"} 5\n");
    is(&s, "preemptions 0");
    s = answer(t, "vllm:num_preemptions_total{engine=\"0\"} 12\nvllm:num_preemptions_total{engine=\"1\"} 1\n");
    is(&s, "preemptions 3");
    struct prom p;
    prom_init(&p, tally_sample, t);
    tally_begin(t);
    prom_feed(&p, "vllm:num_preemptions_total{engine=\"0\"} 900\n", 43);
    prom_free(&p);
    s = answer(t, "vllm:num_preemptions_total{engine=\"0\"} 12\nvllm:num_preemptions_total{engine=\"2\"} 4\n");
    is(&s, "preemptions 7");
    s = answer(t, "vllm:num_preemptions_total{engine=\"0\"} NaN\nvllm:num_requests_running 1\n");
    is(&s, "running 1");
    s = answer(t, "vllm:num_preemptions_total{engine=\"1\"} 2\n");
    is(&s, "preemptions 8");
    tally_free(&t);
}

static void test_too_many_series(void **state)
{
    struct tally *t = tally_new();
    struct buf b = BUF_INIT(1 << 20);
    for (int i = 0; i < TALLY_SERIES_MAX + 3; i++)
        buf_addf(&b, "vllm:num_requests_running{engine=\"%d\"} 1\n", i);
    struct scrape s = answer(t, b.p);
    assert_true(s.v[SCRAPE_RUNNING] == TALLY_SERIES_MAX);
    assert_int_equal(tally_left_out(t), 3);
    buf_free(&b);
    tally_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_servers),
        cmocka_unit_test(test_series_apart),
        cmocka_unit_test(test_restarts),
        cmocka_unit_test(test_too_many_series),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
