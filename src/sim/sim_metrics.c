#include "sim/sim_metrics.h"

#include "base/promtext.h"

/* Upper bounds in seconds, vLLM's. */
static const double bounds[SIM_TTFT_BUCKETS] = {0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25,  0.5,   0.75,
                                                1.0,   2.5,   5.0,  7.5,  10.0, 20.0, 40.0, 80,  160.0, 640.0, 2560.0};

void metrics_ttft(struct sim_metrics *m, int64_t ns)
{
    size_t i = 0;
    while (i < SIM_TTFT_BUCKETS && (double)ns > bounds[i] * 1e9)
        i++;
    metrics_add(&m->ttft[i], 1);
    metrics_add(&m->ttft_sum_ns, ns > 0 ? (uint64_t)ns : 0);
}

static uint64_t get(const _Atomic uint64_t *v)
{
    return atomic_load_explicit(v, memory_order_relaxed);
}

static void plain(struct buf *b, const char *name, const char *type, const char *help, const char *model, uint64_t v)
{
    prom_put_head(b, name, type, help);
    buf_addf(b, "%s{", name);
    prom_put_label(b, "model_name", model);
    buf_addf(b, "} %llu\n", (unsigned long long)v);
}

static void finished(struct buf *b, const char *model, const char *reason, uint64_t v)
{
    buf_addf(b, "vllm:request_success_total{finished_reason=\"%s\",", reason);
    prom_put_label(b, "model_name", model);
    buf_addf(b, "} %llu\n", (unsigned long long)v);
}

static void histogram(struct buf *b, const struct sim_metrics *m, const char *model)
{
    const char *name = "vllm:time_to_first_token_seconds";
    uint64_t sum = 0;
    prom_put_head(b, name, "histogram", "Time from the request to its first token, in seconds.");
    for (size_t i = 0; i <= SIM_TTFT_BUCKETS; i++) {
        sum += get(&m->ttft[i]);
        if (i < SIM_TTFT_BUCKETS)
            buf_addf(b, "%s_bucket{le=\"%g\",", name, bounds[i]);
        else
            buf_addf(b, "%s_bucket{le=\"+Inf\",", name);
        prom_put_label(b, "model_name", model);
        buf_addf(b, "} %llu\n", (unsigned long long)sum);
    }
    buf_addf(b, "%s_sum{", name);
    prom_put_label(b, "model_name", model);
    buf_addf(b, "} %.9f\n%s_count{", (double)get(&m->ttft_sum_ns) / 1e9, name);
    prom_put_label(b, "model_name", model);
    buf_addf(b, "} %llu\n", (unsigned long long)sum);
}

static void real(struct buf *b, const char *name, const char *type, const char *help, const char *model, double v)
{
    prom_put_head(b, name, type, help);
    buf_addf(b, "%s{", name);
    prom_put_label(b, "model_name", model);
    buf_addf(b, "} %.9g\n", v);
}

static void gpu_line(struct buf *b, const char *name, const char *type, const char *help, double v)
{
    prom_put_head(b, name, type, help);
    buf_addf(b, "%s{gpu=\"0\",UUID=\"GPU-weir-sim-0\",device=\"nvidia0\",modelName=\"weir sim\"} %.6f\n", name, v);
}

static void gpu(struct buf *b, const struct metrics_view *v)
{
    double per_seq = (v->busy - v->idle) / (double)v->max_seqs;
    double mj = v->idle * (double)v->up / 1e6 + per_seq * (double)v->gate->running_ns / 1e6;
    gpu_line(b, "DCGM_FI_DEV_GPU_UTIL", "gauge", "GPU utilization (in %).", v->gate->running ? 100 : 0);
    gpu_line(b, "DCGM_FI_DEV_POWER_USAGE", "gauge", "Power draw (in W).", v->idle + per_seq * (double)v->gate->running);
    gpu_line(b, "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "counter", "Total energy consumption since boot (in mJ).", mj);
}

void metrics_render(const struct sim_metrics *m, const struct metrics_view *v, struct buf *out)
{
    const char *model = v->model;
    double kv = v->kv_blocks_max ? (double)get(&m->kv_blocks) / (double)v->kv_blocks_max : 0;
    plain(out, "vllm:num_requests_running", "gauge", "Requests that have a slot.", model, v->gate->running);
    plain(out, "vllm:num_requests_waiting", "gauge", "Requests that wait for a slot.", model, v->gate->waiting);
    real(out, "vllm:kv_cache_usage_perc", "gauge", "Share of the KV cache that is used.", model, MIN(kv, 1.0));
    plain(out, "vllm:prefix_cache_queries_total", "counter", "Prompt tokens looked up in the prefix cache.", model,
          get(&m->prefix_queries));
    plain(out, "vllm:prefix_cache_hits_total", "counter", "Prompt tokens found there.", model, get(&m->prefix_hits));
    plain(out, "vllm:num_preemptions_total", "counter", "Requests thrown out of the batch: never.", model, 0);
    plain(out, "vllm:prompt_tokens_total", "counter", "Prompt tokens processed.", model, get(&m->prompt_tokens));
    plain(out, "vllm:generation_tokens_total", "counter", "Tokens generated.", model, get(&m->generation_tokens));
    prom_put_head(out, "vllm:request_success_total", "counter", "Requests finished, by reason.");
    finished(out, model, "stop", get(&m->finished_stop));
    finished(out, model, "length", get(&m->finished_length));
    finished(out, model, "abort", get(&m->finished_abort));
    histogram(out, m, model);
    if (v->has_gpu)
        gpu(out, v);
}
