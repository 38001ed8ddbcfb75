#include "analysis/acc_endpoint.h"

#include <math.h>

#include "analysis/acc_level.h"

void outcomes_add(struct outcome_counts *c, const struct record *r)
{
    c->n[(unsigned)r->outcome < OUT_COUNT ? r->outcome : OUT_BAD_FRAME]++;
    if (r->outcome == OUT_HTTP && r->status > 0 && r->status < STATUS_MAX)
        c->http[r->status]++;
}

/* Of a success: what a refusal says of itself is no measurement. */
void headers_add(struct header_samples h[HEADER_METRICS_MAX], const struct record *r)
{
    for (uint32_t left = r->metrics; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctz(left);
        if (header_metric_is(r->metric[i]))
            samples_add(&h[i].seen, header_metric_value(r->metric[i]), false);
        else
            h[i].bad++;
    }
}

void headers_finish(struct header_samples h[HEADER_METRICS_MAX], const struct summary *s, uint64_t successful,
                    struct sum_metric out[HEADER_METRICS_MAX])
{
    for (size_t i = 0; i < s->n_metrics; i++) {
        samples_dist(&h[i].seen, 1.0 / HEADER_METRIC_UNIT, s->q, s->n_q, &out[i].dist);
        out[i].bad = h[i].bad;
        out[i].missing = successful - out[i].dist.n - h[i].bad;
    }
}

void headers_free(struct header_samples h[HEADER_METRICS_MAX])
{
    for (size_t i = 0; i < HEADER_METRICS_MAX; i++)
        samples_free(&h[i].seen);
}

void acc_endpoint_init(struct acc_endpoint *p, int64_t begin)
{
    *p = (struct acc_endpoint){0};
    p->ttft.exact = p->tpot.exact = p->e2e.exact = p->total.exact = ENDPOINT_EXACT;
    for (size_t i = 0; i < HEADER_METRICS_MAX; i++)
        p->headers[i].seen.exact = ENDPOINT_EXACT;
    gaps_init(&p->gaps, false);
    tcount_init(&p->tok_out, begin, false);
}

void acc_endpoint_free(struct acc_endpoint *p)
{
    samples_free(&p->ttft);
    samples_free(&p->tpot);
    samples_free(&p->e2e);
    samples_free(&p->total);
    headers_free(p->headers);
    gaps_free(&p->gaps);
    tcount_free(&p->tok_out);
}

static void add(struct samples *s, const struct measured *m, enum metric k)
{
    if (m->v[k] >= 0)
        samples_add(s, m->v[k], (m->censored >> k & 1) != 0);
}

void acc_endpoint_member(struct acc_endpoint *p, const struct record *r, const struct measured *m)
{
    p->members++;
    outcomes_add(&p->outcomes, r);
    if (r->outcome == OUT_OK)
        headers_add(p->headers, r);
    if (r->tokens_in >= 0)
        p->tokens_in += (uint64_t)r->tokens_in, p->known_in++;
    if (r->tokens_out >= 0)
        p->tokens_out += (uint64_t)r->tokens_out, p->known_out++;
    add(&p->ttft, m, METRIC_TTFT);
    add(&p->tpot, m, METRIC_TPOT);
    add(&p->e2e, m, METRIC_E2E);
    add(&p->total, m, METRIC_TOTAL);
}

void acc_endpoint_finish(struct acc_endpoint *p, const struct summary *s, const struct sum_level *level,
                         struct sum_endpoint *out)
{
    *out = (struct sum_endpoint){
        .attempted = p->members,
        .successful = p->outcomes.n[OUT_OK],
        .cancelled = p->outcomes.n[OUT_CANCELLED],
    };
    out->failed = out->attempted - out->successful - out->cancelled;
    out->share = level->attempted ? (double)out->attempted / (double)level->attempted : NAN;
    double w = level->window_s > 0 ? level->window_s : NAN;
    out->output_tok_s = p->tok_out.total ? tcount_between(&p->tok_out, level->w0, level->w1) / w : NAN;
    samples_dist(&p->ttft, 1, s->q, s->n_q, &out->ttft);
    gaps_dist(&p->gaps, s->q, s->n_q, &out->itl);
    out->tokens_in = p->known_in ? (int64_t)p->tokens_in : -1;
    out->tokens_out = p->known_out ? (int64_t)p->tokens_out : -1;
    samples_dist(&p->tpot, 1, s->q, s->n_q, &out->tpot);
    samples_dist(&p->e2e, 1, s->q, s->n_q, &out->e2e);
    samples_dist(&p->total, 1, s->q, s->n_q, &out->total);
    out->ttft.present = level->lat[METRIC_TTFT].present;
    out->tpot.present = level->lat[METRIC_TPOT].present;
    out->itl.present = level->lat[METRIC_ITL].present;
    out->itl_by_token = gaps_by_token(&p->gaps);
    outcomes_finish(&p->outcomes, &out->outcomes);
    headers_finish(p->headers, s, out->successful, out->metrics);
}
