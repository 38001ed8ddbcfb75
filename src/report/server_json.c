#include "report/server_json.h"

#include <math.h>

static void put_gauge(struct jout *j, const char *key, const struct sum_gauge *g)
{
    jo_key(j, key);
    if (!g->present) {
        jo_null(j);
        return;
    }
    jo_obj(j);
    jo_kfixed(j, "mean", g->mean, 6);
    jo_kfixed(j, "max", g->max, 6);
    jo_end_obj(j);
}

static void put_gpu(struct jout *j, const struct sum_server *v)
{
    jo_key(j, "gpu");
    if (!v->gpus) {
        jo_null(j);
        return;
    }
    jo_obj(j);
    jo_ku64(j, "gpus", v->gpus);
    put_gauge(j, "power_w", &v->power);
    put_gauge(j, "utilization", &v->gpu_util);
    jo_kfixed(j, "energy_j", v->energy_j, 6);
    jo_kstrz(j, "energy_source", isnan(v->energy_j) ? NULL : v->by_power ? "power" : "counter");
    jo_kfixed(j, "j_per_output_token", v->j_per_output_token, 9);
    jo_end_obj(j);
}

void server_json_level(struct jout *j, const struct sum_level *l)
{
    const struct sum_server *v = &l->server;
    jo_key(j, "server");
    if (!v->on) {
        jo_null(j);
        return;
    }
    jo_obj(j);
    jo_ku64(j, "scrapes", v->scrapes);
    jo_ku64(j, "failed", v->failed);
    put_gauge(j, "running", &v->running);
    put_gauge(j, "waiting", &v->waiting);
    put_gauge(j, "kv_cache_usage", &v->kv_usage);
    jo_kfixed(j, "prefix_cache_queries", v->prefix_queries, 3);
    jo_kfixed(j, "prefix_cache_hits", v->prefix_hits, 3);
    jo_kfixed(j, "prefix_cache_hit_rate", v->prefix_rate, 6);
    jo_kfixed(j, "preemptions", v->preemptions, 3);
    put_gpu(j, v);
    jo_end_obj(j);
}

void server_json_sources(struct jout *j, const struct summary *s)
{
    jo_key(j, "server_metrics");
    jo_arr(j);
    for (uint32_t i = 0; i < s->n_sources; i++) {
        const struct sum_source *from = &s->sources[i];
        jo_obj(j);
        jo_kstrz(j, "url", from->url);
        jo_ku64(j, "scrapes", from->scrapes);
        jo_ku64(j, "failed", from->failed);
        jo_kstrz(j, "error", from->error[0] ? from->error : NULL);
        jo_end_obj(j);
    }
    jo_end_arr(j);
}
