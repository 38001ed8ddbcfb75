/* notes_server.c - what the server's own figures (--metrics-url) say of how far the client's can be read. */
#include <math.h>

#include "analysis/acc_level.h"
#include "analysis/acc_server.h"

#define RISE 0.05  /* of the prefix cache's hit rate, between levels */
#define QUEUED 1.0 /* requests that wait on average: fewer are the chance of arrivals */

static char *load_text(char out[96], const struct sum_level *l)
{
    if (l->name[0])
        snprintf(out, 96, "level %s", l->name);
    else if (l->open && isfinite(l->rate))
        snprintf(out, 96, "%.5g requests/s", l->rate);
    else if (!l->open && !l->profile[0])
        snprintf(out, 96, "%u in flight", l->concurrency);
    else
        snprintf(out, 96, "level %u", l->level + 1);
    return out;
}

/* Against the lowest that an earlier level had. */
static void note_prefix(struct summary *s, size_t i)
{
    struct sum_level *l = &s->levels[i], *low = NULL;
    char load[96];
    for (size_t k = 0; k < i; k++) {
        if (!isnan(s->levels[k].server.prefix_rate) &&
            (!low || s->levels[k].server.prefix_rate < low->server.prefix_rate))
            low = &s->levels[k];
    }
    if (!low || !(l->server.prefix_rate >= low->server.prefix_rate + RISE))
        return;
    texts_add(&l->notes,
              "the server's prefix cache hit rate rose from %.3g %% (%s) to %.3g %% here: cached prompts flatter the "
              "TTFT and the throughput of this level, and levels cannot be compared; use --unique-prompts, or empty "
              "the cache between levels",
              low->server.prefix_rate * 100, load_text(load, low), l->server.prefix_rate * 100);
}

static void note_level(struct summary *s, size_t i)
{
    struct sum_level *l = &s->levels[i];
    const struct sum_server *v = &l->server;
    char beside[48] = "";
    if (l->attempted == 0)
        return;
    if (v->running.present)
        snprintf(beside, sizeof beside, ", beside %.3g that ran", v->running.mean);
    note_prefix(s, i);
    if (v->preemptions >= 0.5)
        texts_add(&l->notes,
                  "the server preempted %.0f requests for want of KV cache: what they had was computed again, which "
                  "ITL and throughput show; lower the load, or give the cache more memory",
                  v->preemptions);
    if (v->waiting.present && v->waiting.mean >= QUEUED)
        texts_add(
            &l->notes,
            "%.3g requests waited in the server's queue on average%s: TTFT holds that wait; more load adds to it, "
            "and to nothing else",
            v->waiting.mean, beside);
    if (v->scrapes == v->failed)
        texts_add(&l->notes,
                  v->scrapes ? "no answer of --metrics-url came within the window: the server's view of it is missing"
                             : "the window was over before the server's metrics were asked for; a shorter "
                               "--metrics-interval or a longer --duration shows them");
}

void write_server_notes(struct summary *s)
{
    for (size_t i = 0; i < s->n_sources; i++) {
        const struct sum_source *from = &s->sources[i];
        if (from->failed > 0)
            texts_add(&s->notes,
                      "%llu of %llu questions to %s failed (the first: %s): the server's view is made of the others",
                      (unsigned long long)from->failed, (unsigned long long)from->scrapes, from->url, from->error);
    }
    for (size_t i = 0; i < s->n_levels; i++)
        note_level(s, i);
}
