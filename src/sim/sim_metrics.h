/* sim_metrics.h - the counters behind GET /metrics, in Prometheus's text format 0.0.4 with the names vLLM gives them.
 * One set for all threads, relaxed atomics: each figure is exact once its thread has added it. */
#ifndef WEIR_SIM_SIM_METRICS_H
#define WEIR_SIM_SIM_METRICS_H

#include <stdatomic.h>

#include "base/buf.h"
#include "sim/sim_gate.h"

#define SIM_TTFT_BUCKETS 22

struct sim_metrics {
    _Atomic uint64_t prompt_tokens, generation_tokens;
    _Atomic uint64_t prefix_queries, prefix_hits; /* tokens */
    _Atomic uint64_t kv_blocks;                   /* of 16 tokens, that running sequences hold */
    _Atomic uint64_t finished_stop, finished_length, finished_abort;
    _Atomic uint64_t ttft[SIM_TTFT_BUCKETS + 1]; /* per bucket, not cumulated; the last is +Inf */
    _Atomic uint64_t ttft_sum_ns;
};

void metrics_ttft(struct sim_metrics *m, int64_t ns);
static inline void metrics_add(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}
static inline void metrics_take(_Atomic uint64_t *gauge, uint64_t n)
{
    atomic_fetch_sub_explicit(gauge, n, memory_order_relaxed);
}

struct metrics_view { /* what is shown beside the counters */
    const struct gate_counts *gate;
    const char *model;
    uint64_t kv_blocks_max; /* that the cache has */
    /* One GPU, under the DCGM exporter's names: it draws `idle` watts, and up to `busy` in proportion to running
     * requests, of at most max_seqs. */
    bool has_gpu;
    double idle, busy;
    uint64_t max_seqs;
    int64_t up; /* ns since it is so */
};
void metrics_render(const struct sim_metrics *m, const struct metrics_view *v, struct buf *out);

#endif
