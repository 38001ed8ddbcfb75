#include "analysis/acc.h"

#include <math.h>

#include "analysis/acc_level.h"
#include "analysis/acc_server.h"
#include "analysis/saturation.h"
#include "base/xalloc.h"

struct acc {
    struct acc_opts o;
    struct summary s;
    struct acc_level *now; /* the level whose records come in */
    uint64_t strays;       /* records of no level, or of one that has ended */
    bool finished;
    struct acc_server server;
};

static void add_quantile(struct summary *s, double q)
{
    if (q >= 0 && q <= 1 && s->n_q < SUMMARY_Q_MAX && summary_q_index(s, q) < 0)
        s->q[s->n_q++] = q;
}

struct acc *acc_new(const struct acc_opts *o)
{
    struct acc *a = xcalloc(1, sizeof *a);
    a->o = *o;
    for (size_t i = 0; i < SUMMARY_Q_JSON; i++)
        add_quantile(&a->s, summary_q_json[i]);
    for (size_t i = 0; o->slo && i < o->slo->n; i++)
        add_quantile(&a->s, o->slo->t[i].quantile);
    size_t n = o->percentiles ? MIN(o->n_percentiles, ARRAY_LEN(a->s.shown)) : 0;
    for (size_t i = 0; i < n; i++) {
        add_quantile(&a->s, o->percentiles[i]);
        a->s.shown[i] = o->percentiles[i];
    }
    a->s.n_shown = n;
    if (n == 0) {
        const double usual[] = {0.5, 0.95, 0.99};
        memcpy(a->s.shown, usual, sizeof usual);
        a->s.n_shown = ARRAY_LEN(usual);
    }
    a->s.by = o->by;
    return a;
}

void acc_free(struct acc **ap)
{
    struct acc *a = *ap;
    if (!a)
        return;
    *ap = NULL;
    acc_level_free(&a->now);
    for (size_t i = 0; i < a->s.n_levels; i++)
        sum_level_free(&a->s.levels[i]);
    free(a->s.levels);
    texts_free(&a->s.notes);
    saturation_free(&a->s.saturation);
    acc_server_free(&a->server);
    free(a);
}

static void close_level(struct acc *a)
{
    struct summary *s = &a->s;
    if (!a->now)
        return;
    s->levels = xreallocarray(s->levels, s->n_levels + 1, sizeof *s->levels);
    struct sum_level *l = &s->levels[s->n_levels++];
    acc_level_finish(a->now, s, &a->o, l);
    acc_level_free(&a->now);
    s->interrupted |= l->interrupted;
    s->cut |= !l->final;
    s->verdict = MAX(s->verdict, l->verdict);
    if (s->slo == STATE_NONE || l->slo.state == STATE_BROKEN ||
        (l->slo.state == STATE_UNDECIDED && s->slo == STATE_MET))
        s->slo = l->slo.state;
    s->attempted += l->attempted;
    s->successful += l->successful;
    s->left += l->left;
    s->stopped |= l->stopped[0] != 0;
}

static void on_run(void *arg, const struct rec_run *r)
{
    struct acc *a = arg;
    memcpy(a->s.version, r->version, sizeof a->s.version);
    a->s.version[sizeof a->s.version - 1] = 0;
    a->s.epoch_unix = r->epoch_unix;
    a->s.seed = r->seed;
    a->s.no_requests = (r->flags & REC_RUN_NO_REQUESTS) != 0;
}

static void on_endpoint(void *arg, const struct rec_endpoint *p)
{
    struct acc *a = arg;
    if (p->endpoint >= REC_ENDPOINTS_MAX || a->now || a->s.n_levels)
        return; /* levels that have begun know how many there are */
    a->s.n_endpoints = MAX(a->s.n_endpoints, (size_t)p->endpoint + 1);
    snprintf(a->s.url[p->endpoint], sizeof a->s.url[0], "%s", p->url);
}

static void on_metric(void *arg, const struct rec_metric *m)
{
    struct acc *a = arg;
    if (m->metric >= HEADER_METRICS_MAX || a->now || a->s.n_levels)
        return;
    a->s.n_metrics = MAX(a->s.n_metrics, (size_t)m->metric + 1);
    snprintf(a->s.metric_name[m->metric], sizeof a->s.metric_name[0], "%s", m->name);
}

static void on_level(void *arg, const struct rec_level *info)
{
    struct acc *a = arg;
    if (a->now && a->now->info.level == info->level) {
        acc_level_update(a->now, info);
        return;
    }
    for (size_t i = 0; i < a->s.n_levels; i++)
        if (a->s.levels[i].level == info->level)
            return; /* it has ended: its figures stand */
    close_level(a);
    a->now = acc_level_new(info, a->s.n_endpoints, a->o.by);
    if (a->s.n_levels == 0)
        a->s.started = a->s.epoch_unix + info->begin;
}

static void on_client(void *arg, const struct rec_client *c)
{
    struct acc *a = arg;
    if (a->now && a->now->info.level == c->level)
        acc_level_client(a->now, c);
}

static void on_request(void *arg, const struct record *r)
{
    struct acc *a = arg;
    if (a->now && a->now->info.level == r->level)
        acc_level_request(a->now, r, a->o.goodput);
    else
        a->strays++;
}

static void on_note(void *arg, const struct rec_note *n)
{
    struct acc *a = arg;
    if (n->whole_run)
        texts_add(&a->s.notes, "%s", n->text);
    else if (a->now && a->now->info.level == n->level)
        texts_add(&a->now->notes, "%s", n->text);
}

const struct rec_sink acc_sink = {
    .run = on_run,
    .endpoint = on_endpoint,
    .metric = on_metric,
    .level = on_level,
    .client = on_client,
    .request = on_request,
    .note = on_note,
};

void acc_source(struct acc *a, const struct scrape_source *s)
{
    acc_server_source(&a->server, &a->s, s);
}

void acc_scrape(struct acc *a, const struct scrape *s)
{
    acc_server_scrape(&a->server, &a->s, s);
}

static void on_source(void *arg, const struct scrape_source *s)
{
    acc_source(arg, s);
}

static void on_scrape(void *arg, const struct scrape *s)
{
    acc_scrape(arg, s);
}

const struct scrapes_sink acc_scrapes_sink = {.source = on_source, .scrape = on_scrape};

const struct summary *acc_finish(struct acc *a)
{
    if (a->finished)
        return &a->s;
    a->finished = true;
    close_level(a);
    acc_server_finish(&a->server, &a->s);
    saturation_find(&a->s, 2, &a->s.saturation);
    if (a->strays)
        texts_add(&a->s.notes, "%llu records belong to no level of the run and were left out",
                  (unsigned long long)a->strays);
    return &a->s;
}

int64_t acc_live_ttft_p50(const struct acc *a)
{
    if (!a->now || hist_n(a->now->ttft_live) == 0)
        return -1;
    return llround(hist_quantile(a->now->ttft_live, 0.5));
}
