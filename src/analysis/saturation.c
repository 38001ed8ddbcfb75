#include "analysis/saturation.h"

#include <math.h>

#include "analysis/acc_level.h"
#include "base/xalloc.h"

#define BEHIND 0.05      /* of what was offered: a backlog that grows by less is no overload */
#define CLIENT_LATE 0.01 /* of the requests: above it the client's own lateness is taken off what was offered */
#define TTFT_FLOOR 1e9   /* ns */
#define TTFT_GROWTH 3.0  /* times the lowest level's */
#define TAIL_MIN_N 100   /* requests: the p99 of fewer is their maximum */
#define GAIN_MIN 0.1     /* of what the load rose by */
#define GAIN_CHANCE 2.0  /* standard errors */

enum { P95 = 2, P99 = 3 }; /* in summary_q_json */

const char *sat_reason_name(int bit)
{
    static const char *const names[SAT_REASONS] = {"success", "completed", "ttft", "tail", "throughput"};
    return bit >= 0 && bit < SAT_REASONS ? names[bit] : "?";
}

struct backlog level_backlog(const struct sum_level *l)
{
    struct backlog b = {0};
    int64_t first = (l->w0 - l->begin + NS_PER_S - 1) / NS_PER_S, end = (l->w1 - l->begin) / NS_PER_S;
    if (!l->open || end - first < 4 || end > (int64_t)l->n_rows)
        return b;
    int64_t mid = (first + end) / 2, offered = 0, answered = 0, mid_offered = 0, mid_answered = 0;
    for (int64_t k = 0; k < end; k++) {
        if (k == mid) {
            mid_offered = offered;
            mid_answered = answered;
        }
        offered += (int64_t)l->rows[k].offered;
        answered += (int64_t)(l->rows[k].completed + l->rows[k].failed + l->rows[k].left);
    }
    b.known = true;
    b.mid = mid_offered - mid_answered;
    b.end = offered - answered;
    b.offered_rps = (double)(offered - mid_offered) / (double)(end - mid);
    b.answered_rps = (double)(answered - mid_answered) / (double)(end - mid);
    double growth = (double)(b.end - b.mid), chance = 3 * sqrt((double)(MAX(b.end, 0) + MAX(b.mid, 0)));
    b.grows = growth > chance + 1 && growth > BEHIND * (double)(offered - mid_offered);
    return b;
}

static double load_of(const struct sum_level *l)
{
    return l->open ? l->rate : (double)l->concurrency;
}

static char *load_text(char out[48], const struct sum_level *l)
{
    snprintf(out, 48, l->open ? "%.5g/s" : "%.5g in flight", load_of(l));
    return out;
}

/* The levels of the sweep by rising load into at[]; how many, 0 where the run is none. */
static size_t sweep_of(const struct summary *s, size_t *at)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_levels; i++) {
        const struct sum_level *l = &s->levels[i];
        if (l->name[0] || l->profile[0] || l->sessions.on || l->open != s->levels[0].open ||
            !(load_of(l) > 0 && isfinite(load_of(l))))
            return 0;
        if (!l->final || l->interrupted || l->attempted == 0)
            continue;
        size_t k = n++;
        for (; k > 0 && load_of(&s->levels[at[k - 1]]) > load_of(l); k--)
            at[k] = at[k - 1];
        at[k] = i;
        if (k > 0 && load_of(&s->levels[at[k - 1]]) == load_of(l))
            return 0;
    }
    return n;
}

static void check_success(const struct sum_level *l, struct sum_saturation *out)
{
    if (!(l->success_rate < SAT_SUCCESS_MIN))
        return;
    out->reasons |= SAT_SUCCESS;
    texts_add(&out->why, "%.*f %% of the requests succeeded, fewer than 95 %%", l->success_rate < 0.9495 ? 1 : 3,
              l->success_rate * 100);
}

/* What the client was late with did not reach the server, which cannot have answered it. */
static void check_completed(const struct sum_level *l, struct sum_saturation *out)
{
    struct backlog b = level_backlog(l);
    double due = b.offered_rps * (l->client.late > CLIENT_LATE ? 1 - l->client.late : 1);
    if (!b.grows || !(b.answered_rps < (1 - BEHIND) * due))
        return;
    out->reasons |= SAT_COMPLETED;
    texts_add(&out->why, "%.3g of %.3g requests/s were answered in the window's second half, and the backlog grew",
              b.answered_rps, b.offered_rps);
}

/* What users wait for, METRIC_COUNT where nothing is known of it. */
static enum metric wait_of(const struct sum_level *l)
{
    static const enum metric order[] = {METRIC_TTFT_RESPONSE, METRIC_TTFT, METRIC_E2E_RESPONSE};
    for (size_t i = 0; i < ARRAY_LEN(order); i++)
        if (l->lat[order[i]].present && l->lat[order[i]].n + l->lat[order[i]].censored > 0)
            return order[i];
    return METRIC_COUNT;
}

static void check_wait(const struct sum_level *l, const struct sum_level *lowest, int q, struct sum_saturation *out)
{
    char a[32], c[48], limit[128] = "1 s";
    enum metric m = wait_of(l);
    if (m == METRIC_COUNT || wait_of(lowest) != m)
        return;
    const struct sum_dist *d = &l->lat[m], *base = &lowest->lat[m];
    if (!isfinite(d->q[q]) || !isfinite(base->q[q]) ||
        (q == P99 && MIN(d->n + d->censored, base->n + base->censored) < TAIL_MIN_N))
        return;
    double grown = TTFT_GROWTH * base->q[q];
    if (!(d->q[q] > MAX(TTFT_FLOOR, grown)))
        return;
    out->reasons |= q == P99 ? SAT_TAIL : SAT_TTFT;
    if (grown > TTFT_FLOOR)
        snprintf(limit, sizeof limit, "3 times the %s at %s", fmt_duration(a, llround(base->q[q])),
                 load_text(c, lowest));
    texts_add(&out->why, "%s %s is %s%s, above %s", m == METRIC_E2E_RESPONSE ? "E2E" : "TTFT", q == P99 ? "p99" : "p95",
              d->at_least >> q & 1 ? "at least " : "", fmt_duration(a, llround(d->q[q])), limit);
}

/* Relative variance of a level's throughput, as far as its answers differ in length. */
static double spread(const struct sum_level *l)
{
    const struct sum_dist *d = &l->lat[METRIC_TOTAL];
    return d->n && d->mean > 0 && isfinite(d->std) ? d->std * d->std / (d->mean * d->mean) / (double)d->n : 0;
}

static void check_throughput(const struct sum_level *l, const struct sum_level *below, struct sum_saturation *out)
{
    char load[48];
    bool tokens = l->output_tok_s > 0 && below->output_tok_s > 0;
    double now = tokens ? l->output_tok_s : l->successful_rps;
    double before = tokens ? below->output_tok_s : below->successful_rps;
    if (!(before > 0) || !isfinite(now))
        return;
    double gain = now / before - 1, asked = load_of(l) / load_of(below) - 1;
    if (gain > GAIN_MIN * asked || asked - gain <= GAIN_CHANCE * sqrt(spread(l) + spread(below)))
        return;
    out->reasons |= SAT_THROUGHPUT;
    texts_add(&out->why, "throughput grew no more: %.4g %s/s, %.4g at %s", now, tokens ? "output tokens" : "requests",
              before, load_text(load, below));
}

static void check(const struct sum_level *l, const struct sum_level *lowest, const struct sum_level *below,
                  struct sum_saturation *out)
{
    check_success(l, out);
    if (l->open) {
        check_completed(l, out);
        check_wait(l, lowest, P95, out);
        check_wait(l, lowest, P99, out);
    } else if (below) {
        check_throughput(l, below, out);
    }
}

static double part(const struct sum_saturation *out, double share)
{
    double v = out->max * share;
    return out->axis == SAT_CONCURRENCY ? MAX(floor(v + 1e-9), 1.0) : v;
}

static void recommend(const struct sum_level *l, struct sum_saturation *out)
{
    /* What the client did not send was not held. */
    out->max = load_of(l) * (l->open && l->client.late > CLIENT_LATE ? 1 - l->client.late : 1);
    out->conservative = part(out, 0.8);
    out->aggressive = part(out, 0.9);
    out->production_lo = part(out, 0.7);
    out->production_hi = part(out, 0.8);
}

void saturation_free(struct sum_saturation *x)
{
    texts_free(&x->why);
}

void saturation_find(const struct summary *s, size_t least, struct sum_saturation *out)
{
    *out = (struct sum_saturation){.first = -1, .last = -1};
    out->max = out->conservative = out->aggressive = out->production_lo = out->production_hi = NAN;
    size_t *at = xcalloc(s->n_levels + 1, sizeof *at);
    size_t n = sweep_of(s, at);
    n = n < least ? 0 : n;
    if (n > 0)
        out->axis = s->levels[0].open ? SAT_RATE : SAT_CONCURRENCY;
    for (size_t i = 0; i < n && out->first < 0; i++) {
        const struct sum_level *l = &s->levels[at[i]];
        check(l, &s->levels[at[0]], i > 0 ? &s->levels[at[i - 1]] : NULL, out);
        *(out->reasons ? &out->first : &out->last) = (ptrdiff_t)at[i];
    }
    if (out->last >= 0)
        recommend(&s->levels[out->last], out);
    free(at);
}
