#include <math.h>

#include "analysis/acc_level.h"
#include "base/xalloc.h"

static int by_count(const void *a, const void *b)
{
    const struct sum_count *x = a, *y = b;
    if (x->n != y->n)
        return x->n < y->n ? 1 : -1;
    return strcmp(x->name, y->name);
}

static void counts_add(struct sum_counts *c, const char *name, uint64_t n)
{
    if (n == 0)
        return;
    c->v = xreallocarray(c->v, c->n + 1, sizeof *c->v);
    snprintf(c->v[c->n].name, sizeof c->v[c->n].name, "%s", name);
    c->v[c->n++].n = n;
}

static void counts_sort(struct sum_counts *c)
{
    if (c->n)
        qsort(c->v, c->n, sizeof *c->v, by_count);
}

/* A run that was killed left no final line: its window ends where it was planned to, or with the last thing seen. */
static void finish_window(const struct acc_level *l, struct sum_level *out)
{
    const struct rec_level *i = &l->info;
    out->begin = i->begin;
    out->w0 = i->w0 ? i->w0 : l->first_key ? l->first_key : i->begin;
    out->w1 = i->w1;
    if (out->w1 == 0 || (!i->final && out->w1 > l->last_instant))
        out->w1 = l->last_instant;
    out->w1 = MAX(out->w1, out->w0);
    out->window_s = (double)(out->w1 - out->w0) / (double)NS_PER_S;
}

static void finish_load(const struct acc_level *l, struct sum_level *out)
{
    const struct rec_level *i = &l->info;
    out->level = i->level;
    snprintf(out->name, sizeof out->name, "%s", i->name);
    out->open = i->open;
    snprintf(out->arrival, sizeof out->arrival, "%s", i->open ? i->arrival : "");
    out->rate = i->open && i->rate > 0 ? i->rate : NAN;
    snprintf(out->profile, sizeof out->profile, "%s", i->profile);
    out->burstiness = i->burstiness;
    out->speed = i->speed;
    out->rate_limit = i->rate_limit;
    out->concurrency = i->concurrency;
    out->max_concurrency = i->max_concurrency;
    out->num_requests = i->num_requests;
    out->duration_asked = i->duration;
    out->final = i->final;
    out->interrupted = i->interrupted;
    snprintf(out->think, sizeof out->think, "%s", i->think);
    snprintf(out->stopped, sizeof out->stopped, "%s", i->stopped);
}

static double share(uint64_t k, uint64_t n)
{
    return n ? (double)k / (double)n : NAN;
}

static void finish_requests(const struct acc_level *l, struct sum_level *out)
{
    uint64_t unsent = l->outcomes.n[OUT_UNSENT];
    out->attempted = l->members - unsent;
    out->successful = l->outcomes.n[OUT_OK];
    out->cancelled = l->outcomes.n[OUT_CANCELLED];
    out->failed = out->attempted - out->successful - out->cancelled;
    out->left = l->left;
    out->sessions = l->sessions;
    out->sessions.on = l->info.sessions;
    out->plain = l->members > 0 && l->plain == l->members;
    out->bytes_in = l->bytes_in;
    out->bytes_out = l->bytes_out;
    out->unsent = l->info.final ? l->info.unsent : unsent;
    out->scheduled = l->info.final && l->info.scheduled ? l->info.scheduled : out->attempted + out->unsent;
    out->warmup = l->warmup;
    out->success_rate = share(out->successful, out->successful + out->failed);
    out->error_rate = share(out->failed, out->successful + out->failed);

    double w = out->window_s > 0 ? out->window_s : NAN;
    out->offered_rps = out->open && strcmp(out->arrival, "burst") != 0 ? (double)out->scheduled / w : NAN;
    out->attempted_rps = tcount_between(&l->starts, out->w0, out->w1) / w;
    out->completed_rps = tcount_between(&l->ends, out->w0, out->w1) / w;
    out->successful_rps = tcount_between(&l->ends_ok, out->w0, out->w1) / w;
    out->input_tok_s = l->tok_in.total ? tcount_between(&l->tok_in, out->w0, out->w1) / w : NAN;
    out->output_tok_s = l->tok_out.total ? tcount_between(&l->tok_out, out->w0, out->w1) / w : NAN;
}

void outcomes_finish(const struct outcome_counts *c, struct sum_counts *out)
{
    char name[32];
    for (int o = 0; o < OUT_COUNT; o++)
        if (o != OUT_HTTP)
            counts_add(out, outcome_name((enum outcome)o), c->n[o]);
    uint64_t plain = c->n[OUT_HTTP];
    for (int s = 1; s < STATUS_MAX; s++) {
        plain -= c->http[s];
        counts_add(out, outcome_text(name, OUT_HTTP, s), c->http[s]);
    }
    counts_add(out, outcome_name(OUT_HTTP), plain);
    counts_sort(out);
}

static void finish_counts(const struct acc_level *l, struct sum_level *out)
{
    char name[32];
    outcomes_finish(&l->outcomes, &out->outcomes);
    for (int s = 1; s < STATUS_MAX; s++) {
        snprintf(name, sizeof name, "%d", s);
        counts_add(&out->status_codes, name, l->status[s]);
    }
    counts_add(&out->status_codes, "other", l->status_other);
    for (int f = 0; f <= FINISH_OTHER; f++)
        counts_add(&out->finish_reasons, finish_reason_name((enum finish_reason)f), l->finish[f]);
    counts_sort(&out->status_codes);
    counts_sort(&out->finish_reasons);
}

static void finish_tokens(const struct acc_level *l, struct sum_level *out)
{
    out->tokens_in = l->known_in ? (int64_t)l->tokens_in : -1;
    out->tokens_out = l->known_out ? (int64_t)l->tokens_out : -1;
    out->tokens_cached = l->known_cached ? (int64_t)l->tokens_cached : -1;
    out->tokens_reasoning = l->known_reasoning ? (int64_t)l->tokens_reasoning : -1;
    counted_finish(&l->counted_out, &out->tokenizer.out);
    counted_finish(&l->counted_in, &out->tokenizer.in);
    out->tokenizer.in_texts = l->in_texts > 0;
    out->tokenizer.in_counted = l->in_counted;
    out->tokenizer.uncounted = l->uncounted;
    out->tokenizer.used = l->own_out + l->own_in + l->uncounted + l->sources[TOKENS_TOKENIZER] > 0;
    out->tokens_per_chunk = share(l->chunk_tokens, l->chunks);
    unsigned used = 0;
    out->token_source = TOKENS_NONE;
    for (int k = TOKENS_USAGE; k < TOKEN_SOURCES; k++) {
        used += l->sources[k] > 0;
        if (l->sources[k] > l->sources[out->token_source] || out->token_source == TOKENS_NONE)
            out->token_source = l->sources[k] ? (enum token_source)k : out->token_source;
    }
    out->token_source_mixed = used + (l->sources[TOKENS_NONE] > 0) > 1;
}

static void finish_latencies(struct acc_level *l, const struct summary *s, struct sum_level *out)
{
    static const enum metric open_only[] = {METRIC_TTFT_RESPONSE, METRIC_E2E_RESPONSE, METRIC_QUEUE_WAIT};
    static const enum metric streaming_only[] = {METRIC_TTFT, METRIC_TTFT_RESPONSE, METRIC_TTFO, METRIC_ITL,
                                                 METRIC_TPOT};
    for (int k = 0; k < METRIC_LATENCIES; k++)
        samples_dist(&l->lat[k], 1, s->q, s->n_q, &out->lat[k]);
    out->itl_by_token = gaps_by_token(&l->gaps);
    gaps_dist(&l->gaps, s->q, s->n_q, &out->lat[METRIC_ITL]);
    samples_dist(&l->tok_rate, 1e-6, s->q, s->n_q, &out->tokens_per_s);
    for (size_t i = 0; i < ARRAY_LEN(open_only); i++)
        out->lat[open_only[i]].present = out->open;
    /* Answers that were not streamed have no first token to wait for. */
    bool streams = out->successful == 0 || l->not_streamed < out->successful;
    for (size_t i = 0; i < ARRAY_LEN(streaming_only); i++)
        if (!streams)
            out->lat[streaming_only[i]].present = false;
}

static void finish_endpoints(struct acc_level *l, const struct summary *s, struct sum_level *out)
{
    out->n_endpoints = l->n_endpoints;
    out->endpoints = xcalloc(l->n_endpoints + 1, sizeof *out->endpoints);
    for (size_t i = 0; i < l->n_endpoints; i++) {
        acc_endpoint_finish(&l->endpoints[i], s, out, &out->endpoints[i]);
        out->endpoints[i].url = s->url[i];
    }
}

void acc_level_finish(struct acc_level *l, const struct summary *s, const struct acc_opts *o, struct sum_level *out)
{
    *out = (struct sum_level){0};
    finish_load(l, out);
    finish_window(l, out);
    acc_level_settle_unsent(l, out->w1, o->goodput);
    finish_requests(l, out);
    finish_counts(l, out);
    finish_tokens(l, out);
    finish_latencies(l, s, out);
    headers_finish(l->headers, s, out->successful, out->metrics);
    finish_endpoints(l, s, out);
    acc_groups_finish(&l->groups, s, out);
    timeline_finish(&l->timeline, &l->tok_out, out);
    hist_dist(l->lag, NULL, hist_n(l->lag), s->q, s->n_q, &out->client.lag);
    samples_dist(&l->send_lag, 1, s->q, s->n_q, &out->client.send_lag);
    out->client.send_lag.present = out->open;
    judge_slo(s, o->slo, out);
    judge_goodput(l, o->goodput, out);
    cost_finish(out, o->cost_per_hour);
    judge_client(l, out);
    for (size_t i = 0; i < l->notes.n; i++)
        texts_add(&out->notes, "%s", l->notes.v[i]);
    write_notes(l, s, out);
    write_endpoint_notes(out);
}

void sum_level_free(struct sum_level *out)
{
    free(out->outcomes.v);
    free(out->status_codes.v);
    free(out->finish_reasons.v);
    for (size_t i = 0; i < out->n_endpoints; i++)
        free(out->endpoints[i].outcomes.v);
    free(out->endpoints);
    for (size_t i = 0; i < out->n_groups; i++)
        free(out->groups[i].part.outcomes.v);
    free(out->groups);
    free(out->rows);
    texts_free(&out->reasons);
    texts_free(&out->notes);
    *out = (struct sum_level){0};
}
