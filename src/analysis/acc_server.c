#include "analysis/acc_server.h"

#include <math.h>

#include "base/xalloc.h"

void acc_server_source(struct acc_server *a, struct summary *s, const struct scrape_source *source)
{
    if (source->source >= SCRAPE_SOURCES_MAX)
        return;
    a->n_sources = MAX(a->n_sources, source->source + 1);
    s->n_sources = a->n_sources;
    snprintf(s->sources[source->source].url, sizeof s->sources[0].url, "%s", source->url);
}

void acc_server_scrape(struct acc_server *a, struct summary *s, const struct scrape *scrape)
{
    if (scrape->source >= a->n_sources)
        return;
    struct sum_source *from = &s->sources[scrape->source];
    from->scrapes++;
    if (scrape->failed && from->failed++ == 0)
        snprintf(from->error, sizeof from->error, "%s", scrape->why);
    if (a->n == a->cap) {
        a->cap = a->cap ? 2 * a->cap : 64;
        a->v = xreallocarray(a->v, a->cap, sizeof *a->v);
    }
    struct server_scrape *to = &a->v[a->n++];
    *to = (struct server_scrape){
        .at = scrape->at, .source = scrape->source, .gpus = scrape->gpus, .failed = scrape->failed};
    memcpy(to->v, scrape->v, sizeof to->v);
}

void acc_server_free(struct acc_server *a)
{
    free(a->v);
    *a = (struct acc_server){0};
}

static int by_time(const void *x, const void *y)
{
    const struct server_scrape *a = x, *b = y;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return a->source < b->source ? -1 : a->source > b->source;
}

static bool within(const struct server_scrape *x, const struct sum_level *l)
{
    return x->at >= l->w0 && x->at < l->w1;
}

/* What all URLs say together: requests and power add up, shares are averaged. The largest of a sum is that of what each
 * said last. */
static struct sum_gauge gauge(const struct acc_server *a, const struct sum_level *l, enum scrape_value k)
{
    double sum[SCRAPE_SOURCES_MAX] = {0}, last[SCRAPE_SOURCES_MAX] = {0}, total = 0, max = NAN;
    uint64_t n[SCRAPE_SOURCES_MAX] = {0};
    unsigned have = 0;
    for (size_t i = 0; i < a->n; i++) {
        const struct server_scrape *x = &a->v[i];
        if (!within(x, l) || x->failed || isnan(x->v[k]))
            continue;
        sum[x->source] += x->v[k];
        n[x->source]++;
        last[x->source] = x->v[k];
        double now = 0;
        for (size_t c = 0; c < SCRAPE_SOURCES_MAX; c++)
            now += last[c];
        now = scrape_value_how(k) == SCRAPE_MEAN ? x->v[k] : now;
        max = !(max >= now) ? now : max;
    }
    for (size_t i = 0; i < SCRAPE_SOURCES_MAX; i++) {
        have += n[i] > 0;
        total += n[i] > 0 ? sum[i] / (double)n[i] : 0;
    }
    if (have == 0)
        return (struct sum_gauge){.mean = NAN, .max = NAN};
    return (struct sum_gauge){
        .present = true, .mean = scrape_value_how(k) == SCRAPE_MEAN ? total / have : total, .max = max};
}

/* A counter of one URL at an instant; NaN: not known. Before its first answer and behind its last it stands still. */
static double count_at(const struct acc_server *a, uint32_t source, enum scrape_value k, int64_t at)
{
    const struct server_scrape *before = NULL, *after = NULL;
    for (size_t i = 0; i < a->n && !after; i++) {
        const struct server_scrape *x = &a->v[i];
        if (x->source != source || x->failed || isnan(x->v[k]))
            continue;
        if (x->at <= at)
            before = x;
        else
            after = x;
    }
    if (!before || !after)
        return before ? before->v[k] : after ? after->v[k] : NAN;
    double part = (double)(at - before->at) / (double)(after->at - before->at);
    return before->v[k] + part * (after->v[k] - before->v[k]);
}

/* Whether this URL answered with k behind the window's beginning: before that, nothing is known of the window. */
static bool covers(const struct acc_server *a, const struct sum_level *l, uint32_t source, enum scrape_value k)
{
    for (size_t i = a->n; i-- > 0;) {
        const struct server_scrape *x = &a->v[i];
        if (x->at <= l->w0)
            return false;
        if (x->source == source && !x->failed && !isnan(x->v[k]))
            return true;
    }
    return false;
}

static double counter(const struct acc_server *a, const struct sum_level *l, enum scrape_value k)
{
    double total = NAN;
    for (uint32_t i = 0; i < a->n_sources; i++) {
        if (!covers(a, l, i, k))
            continue;
        double d = count_at(a, i, k, l->w1) - count_at(a, i, k, l->w0);
        total = isnan(total) ? d : total + d;
    }
    return total;
}

static void finish_energy(const struct sum_level *l, struct sum_server *v)
{
    double tokens = l->output_tok_s * l->window_s;
    v->by_power = isnan(v->energy_j) && v->power.present;
    if (v->by_power)
        v->energy_j = v->power.mean * l->window_s;
    v->j_per_output_token = tokens > 0 ? v->energy_j / tokens : NAN;
}

static void finish_level(const struct acc_server *a, struct sum_level *l)
{
    struct sum_server *v = &l->server;
    *v = (struct sum_server){.on = true};
    for (size_t i = 0; i < a->n; i++) {
        const struct server_scrape *x = &a->v[i];
        if (!within(x, l))
            continue;
        v->scrapes++;
        v->failed += x->failed;
        v->gpus = MAX(v->gpus, x->gpus);
    }
    v->running = gauge(a, l, SCRAPE_RUNNING);
    v->waiting = gauge(a, l, SCRAPE_WAITING);
    v->kv_usage = gauge(a, l, SCRAPE_KV_USAGE);
    v->power = gauge(a, l, SCRAPE_GPU_POWER);
    v->gpu_util = gauge(a, l, SCRAPE_GPU_UTIL);
    v->preemptions = counter(a, l, SCRAPE_PREEMPTIONS);
    v->energy_j = counter(a, l, SCRAPE_GPU_ENERGY);
    v->prefix_queries = counter(a, l, SCRAPE_PREFIX_QUERIES);
    v->prefix_hits = counter(a, l, SCRAPE_PREFIX_HITS);
    struct sum_gauge told = gauge(a, l, SCRAPE_PREFIX_RATE);
    v->prefix_rate =
        v->prefix_queries > 0 && v->prefix_hits >= 0 ? MIN(v->prefix_hits / v->prefix_queries, 1.0) : told.mean;
    finish_energy(l, v);
}

void acc_server_finish(struct acc_server *a, struct summary *s)
{
    if (a->n_sources == 0)
        return;
    if (a->n > 0)
        qsort(a->v, a->n, sizeof *a->v, by_time);
    for (size_t i = 0; i < s->n_levels; i++)
        finish_level(a, &s->levels[i]);
    write_server_notes(s);
}
