/* report_json.c - summary.json, "weir.summary/1". Described in docs/FORMATS.md; a new member is an addition, a changed
 * meaning a new version. */
#include <math.h>

#include "base/jout.h"
#include "report/report.h"
#include "report/saturation_json.h"
#include "report/server_json.h"

#define MS 1e6 /* ns in one */
#define US 1e3

/* p50, p999, p75: the digits of the percent without the point. */
static void quantile_key(char out[20], double q)
{
    char name[16];
    size_t n = 0;
    percentile_name(name, q);
    for (const char *c = name; *c; c++)
        if (*c != '.')
            out[n++] = *c;
    out[n] = 0;
}

/* The members of an open object. */
static void put_members(struct jout *j, const struct summary *s, const struct sum_dist *d, double unit, int decimals)
{
    char name[20];
    jo_ku64(j, "n", d->n);
    jo_kfixed(j, "mean", d->mean / unit, decimals);
    jo_kfixed(j, "std", d->std / unit, decimals);
    jo_kfixed(j, "min", d->min / unit, decimals);
    jo_kfixed(j, "max", d->max / unit, decimals);
    for (size_t i = 0; i < s->n_q; i++) {
        quantile_key(name, s->q[i]);
        jo_kfixed(j, name, d->q[i] / unit, decimals);
    }
    jo_ku64(j, "censored", d->censored);
    if (d->at_least) {
        jo_key(j, "at_least");
        jo_arr(j);
        for (size_t i = 0; i < s->n_q; i++) {
            quantile_key(name, s->q[i]);
            if (d->at_least >> i & 1)
                jo_strz(j, name);
        }
        jo_end_arr(j);
    }
}

static void put_dist(struct jout *j, const char *key, const struct summary *s, const struct sum_dist *d, double unit,
                     int decimals)
{
    jo_key(j, key);
    if (!d->present) {
        jo_null(j);
        return;
    }
    jo_obj(j);
    put_members(j, s, d, unit, decimals);
    jo_end_obj(j);
}

static void put_metrics(struct jout *j, const struct summary *s, const struct sum_metric *m)
{
    jo_key(j, "header_metrics");
    jo_obj(j);
    for (size_t i = 0; i < s->n_metrics; i++) {
        jo_key(j, s->metric_name[i]);
        jo_obj(j);
        put_members(j, s, &m[i].dist, 1, 6);
        jo_ku64(j, "unparsable", m[i].bad);
        jo_ku64(j, "missing", m[i].missing);
        jo_end_obj(j);
    }
    jo_end_obj(j);
}

static void put_counts(struct jout *j, const char *key, const struct sum_counts *c)
{
    jo_key(j, key);
    jo_obj(j);
    for (size_t i = 0; i < c->n; i++)
        jo_ku64(j, c->v[i].name, c->v[i].n);
    jo_end_obj(j);
}

static void put_texts(struct jout *j, const char *key, const struct sum_texts *t)
{
    jo_key(j, key);
    jo_arr(j);
    for (size_t i = 0; i < t->n; i++)
        jo_strz(j, t->v[i]);
    jo_end_arr(j);
}

static void put_known(struct jout *j, const char *key, int64_t v)
{
    jo_key(j, key);
    if (v < 0)
        jo_null(j);
    else
        jo_i64(j, v);
}

static const char *state_name(enum sum_state s)
{
    static const char *const names[] = {NULL, "met", "broken", "undecided"};
    return names[s];
}

static void put_load(struct jout *j, const struct sum_level *l)
{
    jo_key(j, "load");
    jo_obj(j);
    jo_kstrz(j, "mode", l->open ? "open" : "closed");
    jo_kfixed(j, "rate", l->open ? l->rate : NAN, 9);
    jo_kstrz(j, "profile", l->profile[0] ? l->profile : NULL);
    jo_kstrz(j, "arrival", l->open ? l->arrival : NULL);
    jo_kfixed(j, "burstiness", l->burstiness > 0 ? l->burstiness : NAN, 9);
    jo_kfixed(j, "speed", l->speed > 0 ? l->speed : NAN, 9);
    put_known(j, "concurrency", l->open ? -1 : (int64_t)l->concurrency);
    put_known(j, "max_concurrency", l->max_concurrency ? (int64_t)l->max_concurrency : -1);
    jo_kfixed(j, "rate_limit", l->rate_limit > 0 ? l->rate_limit : NAN, 9);
    put_known(j, "num_requests", l->num_requests ? (int64_t)l->num_requests : -1);
    jo_kbool(j, "sessions", l->sessions.on);
    jo_kstrz(j, "think_time", l->think[0] ? l->think : NULL);
    jo_kfixed(j, "duration_s", l->window_s, 9);
    jo_end_obj(j);
}

static void put_requests(struct jout *j, const struct sum_level *l)
{
    jo_key(j, "requests");
    jo_obj(j);
    jo_ku64(j, "attempted", l->attempted);
    jo_ku64(j, "successful", l->successful);
    jo_ku64(j, "failed", l->failed);
    jo_ku64(j, "cancelled", l->cancelled);
    jo_ku64(j, "left", l->left);
    jo_ku64(j, "unsent", l->unsent);
    jo_ku64(j, "warmup", l->warmup);
    jo_end_obj(j);
    jo_key(j, "rates");
    jo_obj(j);
    jo_kfixed(j, "offered_rps", l->offered_rps, 6);
    jo_kfixed(j, "attempted_rps", l->attempted_rps, 6);
    jo_kfixed(j, "completed_rps", l->completed_rps, 6);
    jo_kfixed(j, "successful_rps", l->successful_rps, 6);
    jo_kfixed(j, "success_rate", l->success_rate, 6);
    jo_kfixed(j, "input_tok_s", l->input_tok_s, 6);
    jo_kfixed(j, "output_tok_s", l->output_tok_s, 6);
    jo_end_obj(j);
}

static void put_sessions(struct jout *j, const struct sum_sessions *s)
{
    jo_key(j, "sessions");
    if (!s->on) {
        jo_null(j);
        return;
    }
    jo_obj(j);
    jo_ku64(j, "begun", s->begun);
    jo_ku64(j, "completed", s->completed);
    jo_ku64(j, "broken", s->broken);
    jo_ku64(j, "left", s->left);
    jo_end_obj(j);
}

static void put_counted(struct jout *j, const char *key, const struct sum_counted *c)
{
    jo_key(j, key);
    if (c->requests == 0) {
        jo_null(j);
        return;
    }
    jo_obj(j);
    jo_ku64(j, "requests", c->requests);
    jo_ki64(j, "tokenizer", c->own);
    jo_ki64(j, "server", c->server);
    jo_kfixed(j, "deviation", c->deviation, 6);
    jo_kstrz(j, "pattern", counted_how_name(c->how));
    jo_end_obj(j);
}

static void put_tokenizer(struct jout *j, const struct sum_tokenizer *t)
{
    jo_key(j, "tokenizer");
    if (!t->used) {
        jo_null(j);
        return;
    }
    jo_obj(j);
    put_counted(j, "output", &t->out);
    put_counted(j, "input", &t->in);
    jo_kstrz(j, "input_of", t->in_texts ? "messages" : "prompt");
    jo_ku64(j, "input_counted", t->in_counted);
    jo_ku64(j, "not_kept", t->uncounted);
    jo_end_obj(j);
}

static void put_tokens(struct jout *j, const struct sum_level *l)
{
    jo_key(j, "tokens");
    jo_obj(j);
    jo_kstrz(j, "source", token_source_name(l->token_source));
    put_known(j, "input", l->tokens_in);
    put_known(j, "output", l->tokens_out);
    put_known(j, "cached", l->tokens_cached);
    put_known(j, "reasoning", l->tokens_reasoning);
    jo_kfixed(j, "per_chunk", l->tokens_per_chunk, 6);
    jo_kstrz(j, "itl_unit", l->itl_by_token ? "token" : "chunk");
    put_tokenizer(j, &l->tokenizer);
    jo_end_obj(j);
}

static void put_slo(struct jout *j, const struct sum_level *l)
{
    jo_key(j, "slo");
    if (l->slo.n == 0) {
        jo_null(j);
        return;
    }
    jo_obj(j);
    jo_kstrz(j, "state", state_name(l->slo.state));
    jo_key(j, "terms");
    jo_arr(j);
    for (size_t i = 0; i < l->slo.n; i++) {
        const struct sum_slo_term *t = &l->slo.t[i];
        bool latency = t->term->metric < (int)METRIC_LATENCIES;
        jo_obj(j);
        jo_kstrz(j, "text", t->term->text);
        jo_kstrz(j, "metric", metric_name((enum metric)t->term->metric));
        jo_kfixed(j, latency ? "value_ms" : "value", latency ? t->value / MS : t->value, 6);
        jo_kfixed(j, latency ? "limit_ms" : "limit", latency ? t->term->limit / MS : t->term->limit, 6);
        jo_kbool(j, "at_least", t->at_least);
        jo_kstrz(j, "state", state_name(t->state));
        jo_end_obj(j);
    }
    jo_end_arr(j);
    jo_end_obj(j);
}

static void put_goodput(struct jout *j, const struct sum_level *l)
{
    const struct sum_goodput *g = &l->goodput;
    jo_key(j, "goodput");
    if (!g->terms) {
        jo_null(j);
        return;
    }
    jo_obj(j);
    jo_key(j, "terms");
    jo_arr(j);
    for (size_t i = 0; i < g->terms->n; i++)
        jo_strz(j, g->terms->t[i].text);
    jo_end_arr(j);
    jo_ku64(j, "met", g->met);
    jo_ku64(j, "undecided", g->open);
    jo_ku64(j, "of", g->of);
    jo_kfixed(j, "rps", g->rps_lo, 6);
    jo_kfixed(j, "rps_max", g->rps_hi, 6);
    jo_kfixed(j, "attainment", g->attainment_lo, 6);
    jo_kfixed(j, "attainment_max", g->attainment_hi, 6);
    jo_end_obj(j);
}

static void put_cost(struct jout *j, const struct sum_cost *c)
{
    jo_key(j, "cost");
    if (!(c->per_hour > 0)) {
        jo_null(j);
        return;
    }
    jo_obj(j);
    jo_kfixed(j, "per_hour", c->per_hour, 6);
    jo_kfixed(j, "window", c->window, 9);
    jo_kfixed(j, "per_request", c->per_request, 9);
    jo_kfixed(j, "per_1k_input_tokens", c->per_input_token * 1e3, 9);
    jo_kfixed(j, "per_1k_output_tokens", c->per_output_token * 1e3, 9);
    jo_kfixed(j, "per_million_input_tokens", c->per_input_token * 1e6, 6);
    jo_kfixed(j, "per_million_output_tokens", c->per_output_token * 1e6, 6);
    jo_kfixed(j, "per_million_tokens", c->per_token * 1e6, 6);
    jo_end_obj(j);
}

static void put_client(struct jout *j, const struct summary *s, const struct sum_level *l)
{
    const struct sum_client *c = &l->client;
    jo_key(j, "client");
    jo_obj(j);
    put_dist(j, "lag_us", s, &c->lag, US, 3);
    put_dist(j, "send_lag_us", s, &c->send_lag, US, 3);
    jo_kfixed(j, "busy", c->busy, 6);
    jo_kfixed(j, "busy_mean", c->busy_mean, 6);
    jo_kfixed(j, "kernel_stamped", c->kernel_stamped, 6);
    jo_ku64(j, "clock_steps", c->clock_steps);
    jo_ku64(j, "unplaced_stamps", c->unplaced_stamps);
    jo_kfixed(j, "wide_gaps", c->wide_gaps, 6);
    jo_kfixed(j, "wide_gap_us", (double)c->wide_threshold / US, 3);
    jo_kfixed(j, "late", c->late, 6);
    jo_kfixed(j, "run_delay", c->run_delay, 6);
    jo_kfixed(j, "involuntary_per_s", c->involuntary, 3);
    jo_kfixed(j, "steal", c->steal, 6);
    jo_ku64(j, "workers", c->workers);
    jo_ku64(j, "connections_opened", c->conns_opened);
    jo_ku64(j, "connections_reused", c->conns_reused);
    jo_ku64(j, "connections_resumed", c->conns_resumed);
    jo_ku64(j, "retried", c->retried);
    jo_ku64(j, "lost_records", c->lost_records);
    jo_ku64(j, "exhausted", c->exhausted);
    jo_end_obj(j);
    jo_key(j, "verdict");
    jo_obj(j);
    jo_kstrz(j, "status", verdict_name(l->verdict));
    put_texts(j, "reasons", &l->reasons);
    jo_end_obj(j);
}

static void put_part(struct jout *j, const struct summary *s, const struct sum_endpoint *p)
{
    jo_ku64(j, "attempted", p->attempted);
    jo_ku64(j, "successful", p->successful);
    jo_ku64(j, "failed", p->failed);
    jo_ku64(j, "cancelled", p->cancelled);
    jo_kfixed(j, "share", p->share, 6);
    jo_kfixed(j, "output_tok_s", p->output_tok_s, 6);
    jo_key(j, "tokens");
    jo_obj(j);
    put_known(j, "input", p->tokens_in);
    put_known(j, "output", p->tokens_out);
    jo_end_obj(j);
    jo_key(j, "latency_ms");
    jo_obj(j);
    put_dist(j, "ttft", s, &p->ttft, MS, 6);
    put_dist(j, "itl", s, &p->itl, MS, 6);
    put_dist(j, "tpot", s, &p->tpot, MS, 6);
    put_dist(j, "e2e", s, &p->e2e, MS, 6);
    put_dist(j, "total", s, &p->total, MS, 6);
    jo_end_obj(j);
    put_metrics(j, s, p->metrics);
    put_counts(j, "outcomes", &p->outcomes);
}

static void put_groups(struct jout *j, const struct summary *s, const struct sum_level *l)
{
    jo_key(j, "groups");
    jo_arr(j);
    for (size_t i = 0; i < l->n_groups; i++) {
        jo_obj(j);
        jo_kstrz(j, "by", group_kind_name(l->groups[i].kind));
        jo_kstrz(j, "name", l->groups[i].name);
        put_part(j, s, &l->groups[i].part);
        jo_end_obj(j);
    }
    jo_end_arr(j);
}

/* Of several; empty where there is one, whose figures are the level's. */
static void put_endpoints(struct jout *j, const struct summary *s, const struct sum_level *l)
{
    jo_key(j, "endpoints");
    jo_arr(j);
    for (size_t i = 0; i < l->n_endpoints; i++) {
        const struct sum_endpoint *p = &l->endpoints[i];
        jo_obj(j);
        jo_kstrz(j, "url", p->url);
        put_part(j, s, p);
        jo_end_obj(j);
    }
    jo_end_arr(j);
}

static void put_level(struct jout *j, const struct summary *s, const struct sum_level *l)
{
    char iso[40];
    jo_obj(j);
    jo_ku64(j, "level", l->level);
    jo_kstrz(j, "name", l->name[0] ? l->name : NULL);
    put_load(j, l);
    jo_kstrz(j, "window_start", fmt_utc_iso(iso, s->epoch_unix + l->w0));
    jo_kbool(j, "complete", l->final && !l->interrupted && !l->stopped[0]);
    jo_kstrz(j, "stopped", l->stopped[0] ? l->stopped : NULL);
    put_requests(j, l);
    put_sessions(j, &l->sessions);
    jo_key(j, "latency_ms");
    jo_obj(j);
    for (int k = 0; k < METRIC_LATENCIES; k++)
        put_dist(j, metric_name((enum metric)k), s, &l->lat[k], MS, 6);
    jo_end_obj(j);
    put_dist(j, "tokens_per_s", s, &l->tokens_per_s, 1, 6);
    put_metrics(j, s, l->metrics);
    put_tokens(j, l);
    jo_key(j, "bytes");
    jo_obj(j);
    jo_ku64(j, "received", l->bytes_in);
    jo_ku64(j, "sent", l->bytes_out);
    jo_end_obj(j);
    jo_kbool(j, "plain", l->plain);
    put_counts(j, "outcomes", &l->outcomes);
    put_counts(j, "status_codes", &l->status_codes);
    put_counts(j, "finish_reasons", &l->finish_reasons);
    put_slo(j, l);
    put_goodput(j, l);
    put_cost(j, &l->cost);
    server_json_level(j, l);
    put_endpoints(j, s, l);
    put_groups(j, s, l);
    put_client(j, s, l);
    put_texts(j, "notes", &l->notes);
    jo_end_obj(j);
}

void report_json(struct buf *out, const struct summary *s)
{
    struct jout j;
    char iso[40];
    jo_init(&j, out, 2);
    jo_obj(&j);
    jo_kstrz(&j, "schema", "weir.summary/1");
    jo_kstrz(&j, "weir", s->version);
    jo_kstrz(&j, "started", fmt_utc_iso(iso, s->started));
    jo_ku64(&j, "seed", s->seed);
    jo_kbool(&j, "interrupted", s->interrupted);
    jo_kbool(&j, "stopped", s->stopped);
    jo_kbool(&j, "cut", s->cut);
    jo_kstrz(&j, "verdict", verdict_name(s->verdict));
    jo_kstrz(&j, "slo", state_name(s->slo));
    put_texts(&j, "notes", &s->notes);
    saturation_json(&j, s);
    server_json_sources(&j, s);
    jo_key(&j, "levels");
    jo_arr(&j);
    for (size_t i = 0; i < s->n_levels; i++)
        put_level(&j, s, &s->levels[i]);
    jo_end_arr(&j);
    jo_end_obj(&j);
    buf_addc(out, '\n');
}
