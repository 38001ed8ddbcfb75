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

static bool tells(const struct server_scrape *x, uint32_t source, enum scrape_value k)
{
    return x->source == source && !x->failed && !isnan(x->v[k]);
}

/* NaN: this URL did not tell k within the window. */
static double mean_of(const struct acc_server *a, const struct sum_level *l, uint32_t source, enum scrape_value k)
{
    double sum = 0;
    uint64_t n = 0;
    for (size_t i = 0; i < a->n; i++) {
        const struct server_scrape *x = &a->v[i];
        if (!within(x, l) || !tells(x, source, k))
            continue;
        sum += x->v[k];
        n++;
    }
    return n > 0 ? sum / (double)n : NAN;
}

/* Of a sum that of what each URL said last. */
static double max_of(const struct acc_server *a, const struct sum_level *l, enum scrape_value k)
{
    double last[SCRAPE_SOURCES_MAX] = {0}, max = NAN;
    for (size_t i = 0; i < a->n; i++) {
        const struct server_scrape *x = &a->v[i];
        if (!within(x, l) || !tells(x, x->source, k))
            continue;
        last[x->source] = x->v[k];
        double now = 0;
        for (size_t c = 0; c < SCRAPE_SOURCES_MAX; c++)
            now += last[c];
        max = fmax(max, scrape_value_how(k) == SCRAPE_MEAN ? x->v[k] : now);
    }
    return max;
}

/* What all URLs say together. */
static struct sum_gauge gauge(const struct acc_server *a, const struct sum_level *l, enum scrape_value k)
{
    double total = 0;
    unsigned have = 0;
    for (uint32_t i = 0; i < a->n_sources; i++) {
        double mean = mean_of(a, l, i, k);
        if (isnan(mean))
            continue;
        total += mean;
        have++;
    }
    if (have == 0)
        return (struct sum_gauge){.mean = NAN, .max = NAN};
    return (struct sum_gauge){
        .present = true, .mean = scrape_value_how(k) == SCRAPE_MEAN ? total / have : total, .max = max_of(a, l, k)};
}

/* A counter of one URL at an instant; NaN: not known. Before its first answer and behind its last it stands still. */
static double count_at(const struct acc_server *a, uint32_t source, enum scrape_value k, int64_t at)
{
    const struct server_scrape *before = NULL, *after = NULL;
    for (size_t i = 0; i < a->n && !after; i++) {
        const struct server_scrape *x = &a->v[i];
        if (!tells(x, source, k))
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
        if (tells(x, source, k))
            return true;
    }
    return false;
}

/* Of one URL, over the window; NaN: not known. */
static double increase_of(const struct acc_server *a, const struct sum_level *l, uint32_t source, enum scrape_value k)
{
    return covers(a, l, source, k) ? count_at(a, source, k, l->w1) - count_at(a, source, k, l->w0) : NAN;
}

static double plus(double total, double more)
{
    return isnan(more) ? total : isnan(total) ? more : total + more;
}

static double counter(const struct acc_server *a, const struct sum_level *l, enum scrape_value k)
{
    double total = NAN;
    for (uint32_t i = 0; i < a->n_sources; i++)
        total = plus(total, increase_of(a, l, i, k));
    return total;
}

/* Of a URL without a counter by its power. */
static void finish_energy(const struct acc_server *a, const struct sum_level *l, struct sum_server *v)
{
    double tokens = l->output_tok_s * l->window_s;
    v->energy_j = NAN;
    for (uint32_t i = 0; i < a->n_sources; i++) {
        double joule = increase_of(a, l, i, SCRAPE_GPU_ENERGY);
        if (isnan(joule)) {
            joule = mean_of(a, l, i, SCRAPE_GPU_POWER) * l->window_s;
            v->by_power |= !isnan(joule);
        }
        v->energy_j = plus(v->energy_j, joule);
    }
    v->j_per_output_token = tokens > 0 ? v->energy_j / tokens : NAN;
}

static void finish_level(const struct acc_server *a, struct sum_level *l)
{
    struct sum_server *v = &l->server;
    uint32_t gpus[SCRAPE_SOURCES_MAX] = {0};
    *v = (struct sum_server){.on = true};
    for (size_t i = 0; i < a->n; i++) {
        const struct server_scrape *x = &a->v[i];
        if (!within(x, l))
            continue;
        v->scrapes++;
        v->failed += x->failed;
        gpus[x->source] = MAX(gpus[x->source], x->gpus);
    }
    for (uint32_t i = 0; i < a->n_sources; i++)
        v->gpus += gpus[i];
    v->running = gauge(a, l, SCRAPE_RUNNING);
    v->waiting = gauge(a, l, SCRAPE_WAITING);
    v->kv_usage = gauge(a, l, SCRAPE_KV_USAGE);
    v->power = gauge(a, l, SCRAPE_GPU_POWER);
    v->gpu_util = gauge(a, l, SCRAPE_GPU_UTIL);
    v->preemptions = counter(a, l, SCRAPE_PREEMPTIONS);
    v->prefix_queries = counter(a, l, SCRAPE_PREFIX_QUERIES);
    v->prefix_hits = counter(a, l, SCRAPE_PREFIX_HITS);
    struct sum_gauge told = gauge(a, l, SCRAPE_PREFIX_RATE);
    v->prefix_rate =
        v->prefix_queries > 0 && v->prefix_hits >= 0 ? MIN(v->prefix_hits / v->prefix_queries, 1.0) : told.mean;
    finish_energy(a, l, v);
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
