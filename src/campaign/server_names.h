/* server_names.h - which Prometheus names of which server mean what, and one answer of a /metrics endpoint boiled down
 * to the figures that weir reports. Names are compared without a leading "ray_" (Ray Serve puts it there), with _ for :
 * and without a counter's "_total". Where a server tells one figure under an old and a new name, the new one counts.
 *
 * Series of one name that differ in labels are those of several engines, models or data-parallel ranks: requests and
 * counters are summed over them, shares averaged. Tensor-parallel ranks of one SGLang engine repeat one figure, and so
 * does the DCGM exporter for the MIG instances and containers of one GPU: such series count once, by their largest.
 *
 * Counters: each series' increase from one answer to the next; where it fell the server was started anew and counts
 * from 0. A series that comes later counts from 0 as well. Not thread-safe.
 *
 * Sources: vLLM vllm/v1/metrics/loggers.py and vllm/engine/metrics.py (v0), SGLang
 * srt/observability/metrics_collector.py, TGI's metrics reference, TensorRT-LLM triton_backend
 * custom_metrics_reporter.cc and tensorrt_llm/metrics/collector.py, llama.cpp tools/server, DCGM exporter
 * etc/default-counters.csv. */
#ifndef WEIR_CAMPAIGN_SERVER_NAMES_H
#define WEIR_CAMPAIGN_SERVER_NAMES_H

#include "fetch/prom.h"
#include "record/scrapes.h"

enum { TALLY_SERIES_MAX = 2048 }; /* of one URL; more are left out and counted */

struct tally; /* of one URL */
struct tally *tally_new(void);
void tally_free(struct tally **t);
void tally_begin(struct tally *t);                           /* an answer; one that was not ended is forgotten */
void tally_sample(void *tally, const struct prom_sample *s); /* a prom_sample_fn */
void tally_end(struct tally *t, struct scrape *out);         /* fills out->v and out->gpus */
const char *tally_program(const struct tally *t);            /* "vLLM", of the last answer; NULL: no known name */
uint64_t tally_left_out(const struct tally *t);              /* series beyond the ceiling, over all answers */

#endif
