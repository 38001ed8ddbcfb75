/* benchmark_json.c - the files of `weir as benchmark`: documented keys first and in the documented order, so that diff
 * shows figures and nothing else; numbers with a fraction keep their point. */
#include <math.h>

#include "base/jout.h"
#include "campaign/redact.h"
#include "compat/benchmark.h"
#include "report/saturation_json.h"

static void put_float(struct jout *j, double v, int decimals)
{
    char text[64];
    if (!isfinite(v)) {
        jo_null(j);
        return;
    }
    snprintf(text, sizeof text, "%.*f", decimals, v);
    char *end = text + strlen(text);
    while (end[-1] == '0' && end[-2] != '.')
        *--end = 0;
    jo_raw(j, str_of(text));
}

static void put_kfloat(struct jout *j, const char *key, double v, int decimals)
{
    jo_key(j, key);
    put_float(j, v, decimals);
}

static void put_known(struct jout *j, const char *key, int64_t v)
{
    jo_key(j, key);
    if (v < 0)
        jo_null(j);
    else
        jo_i64(j, v);
}

static void put_dist(struct jout *j, const char *key, const struct bm_dist *d)
{
    char name[16];
    jo_key(j, key);
    jo_obj(j);
    for (int i = 0; i < BM_P; i++) {
        snprintf(name, sizeof name, "p%d", bm_percentiles[i]);
        put_kfloat(j, name, d->v[i], 6);
    }
    jo_end_obj(j);
}

static void put_bounds(struct jout *j, const char *key, const struct bm_dist *d)
{
    char name[16];
    if (!d->at_least)
        return;
    jo_key(j, key);
    jo_arr(j);
    for (int i = 0; i < BM_P; i++) {
        snprintf(name, sizeof name, "p%d", bm_percentiles[i]);
        if (d->at_least >> i & 1)
            jo_strz(j, name);
    }
    jo_end_arr(j);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct sum_count *const *)a)->name, (*(const struct sum_count *const *)b)->name);
}

/* By name, whatever their counts: two runs' files have the same lines in the same places. */
static void put_counts(struct jout *j, const char *key, const struct sum_counts *c)
{
    enum { MANY = 1024 };
    const struct sum_count *order[MANY];
    size_t n = MIN(c->n, (size_t)MANY);
    for (size_t i = 0; i < n; i++)
        order[i] = &c->v[i];
    if (n)
        qsort(order, n, sizeof order[0], by_name);
    jo_key(j, key);
    jo_obj(j);
    for (size_t i = 0; i < n; i++)
        jo_ku64(j, order[i]->name, order[i]->n);
    jo_end_obj(j);
}

static void put_cost(struct jout *j, const struct bm_opts *o, const struct bm_cost *c)
{
    jo_key(j, "cost_analysis");
    if (!o->num_gpus) {
        jo_null(j);
        return;
    }
    jo_obj(j);
    put_known(j, "total_input_tokens", c->in);
    put_known(j, "total_output_tokens", c->out);
    put_known(j, "total_tokens", c->total);
    put_kfloat(j, "sustained_tokens_per_sec", c->sustained, 3);
    put_kfloat(j, "gpu_cost", c->gpu_cost, 9);
    put_kfloat(j, "cost_per_million_tokens", c->per_million, 6);
    jo_end_obj(j);
}

static void put_level(struct jout *j, const struct bm_run *r, const struct bm_level *v)
{
    jo_obj(j);
    put_kfloat(j, "qps_target", v->target, 6);
    put_kfloat(j, "actual_qps", v->actual, 6);
    put_kfloat(j, "duration", v->duration, 6);
    jo_ku64(j, "total_requests", v->total);
    jo_ku64(j, "successful_requests", v->ok);
    jo_ku64(j, "failed_requests", v->failed);
    put_kfloat(j, "success_rate", v->success, 6);
    put_dist(j, "ttft", &v->ttft);
    put_dist(j, "e2e_latency", &v->e2e);
    put_dist(j, "tokens_per_sec", &v->tok);
    put_cost(j, r->o, &v->cost);
    put_kfloat(j, "actual_duration", v->whole, 6);
    put_counts(j, "errors", &v->errors);
    put_counts(j, "status_codes", &v->codes);
    jo_ku64(j, "cancelled_requests", v->cancelled);
    put_kfloat(j, "completed_qps", v->completed, 6);
    jo_kstrz(j, "token_source", r->o->original ? "chunks" : token_source_name(v->l->token_source));
    jo_key(j, "at_least");
    jo_obj(j);
    put_bounds(j, "ttft", &v->ttft);
    put_bounds(j, "e2e_latency", &v->e2e);
    put_bounds(j, "tokens_per_sec", &v->tok);
    jo_end_obj(j);
    jo_kbool(j, "complete", v->l->final && !v->l->interrupted);
    jo_kstrz(j, "verdict", verdict_name(v->l->verdict));
    jo_end_obj(j);
}

void bm_results_json(struct buf *b, const struct bm_run *r)
{
    struct jout j;
    jo_init(&j, b, 2);
    jo_arr(&j);
    for (size_t i = 0; i < r->n; i++)
        put_level(&j, r, &r->v[i]);
    jo_end_arr(&j);
    buf_addc(b, '\n');
}

/* Local time as Python writes it: "2024-11-14T10:30:45.123456". */
static void put_timestamp(struct jout *j, int64_t started)
{
    char stamp[32], text[64];
    fmt_local_stamp(stamp, started);
    for (int i = 0; stamp[i]; i++)
        stamp[i] = stamp[i] == '_' ? 'T' : i > 10 && stamp[i] == '-' ? ':' : stamp[i];
    snprintf(text, sizeof text, "%s.%06d", stamp, (int)(started % 1000000000 / 1000));
    jo_kstrz(j, "timestamp", text);
}

static void put_url(struct jout *j, const char *key, const char *url)
{
    struct buf b = BUF_INIT(1u << 20);
    redact_url(&b, str_of(url));
    jo_kstr(j, key, buf_str(&b));
    buf_free(&b);
}

static void put_end(struct jout *j, const struct bm_run *r)
{
    jo_kbool(j, "interrupted", r->s->interrupted);
    jo_kstrz(j, "verdict", verdict_name(r->s->verdict));
    saturation_json(j, r->s);
}

void bm_metadata_json(struct buf *b, const struct bm_run *r, int64_t started)
{
    const struct bm_opts *o = r->o;
    struct jout j;
    jo_init(&j, b, 2);
    jo_obj(&j);
    put_timestamp(&j, started);
    put_url(&j, "endpoint", o->endpoint);
    jo_kstrz(&j, "model", o->model);
    put_url(&j, "dataset", o->dataset);
    jo_key(&j, "qps_levels");
    jo_arr(&j);
    for (size_t i = 0; i < o->n_rates; i++)
        put_float(&j, o->rate[i], 6);
    jo_end_arr(&j);
    jo_kfixed(&j, "duration", o->duration, 6);
    jo_ku64(&j, "max_tokens", o->max_tokens);
    put_kfloat(&j, "temperature", o->temperature, 6);
    jo_key(&j, "percentiles");
    jo_arr(&j);
    for (size_t i = 0; i < o->n_shown; i++)
        jo_i64(&j, bm_percentiles[o->shown[i]]);
    jo_end_arr(&j);
    jo_kbool(&j, "show_tokens", true);
    jo_kstrz(&j, "token_counting", o->original ? "chunks" : "usage, else server, else words");
    jo_key(&j, "cost_calculation");
    if (o->num_gpus) {
        jo_obj(&j);
        put_kfloat(&j, "gpu_rate", o->gpu_rate, 6);
        jo_ku64(&j, "num_gpus", o->num_gpus);
        jo_end_obj(&j);
    } else {
        jo_null(&j);
    }
    jo_kbool(&j, "original_formulas", o->original);
    jo_kstrz(&j, "weir", WEIR_VERSION);
    if (r->s)
        put_end(&j, r);
    jo_end_obj(&j);
    buf_addc(b, '\n');
}
