#include "analysis/gaps.h"

#include "analysis/samples.h"

void gaps_init(struct gaps *g, bool width)
{
    *g = (struct gaps){.all = hist_new(), .token = hist_new(), .censored = hist_new()};
    if (width)
        g->width = hist_new();
}

void gaps_free(struct gaps *g)
{
    hist_free(&g->all);
    hist_free(&g->token);
    hist_free(&g->censored);
    hist_free(&g->width);
}

void gaps_end(struct gaps *g, const struct gap_walk *w, const struct record *r)
{
    if (w->events > 1) {
        g->requests++;
        g->counted += w->counted;
    }
    if (w->events && r->outcome != OUT_OK && r->end > w->prev)
        hist_add(g->censored, r->end - w->prev, 1);
}

bool gaps_by_token(const struct gaps *g)
{
    return g->requests > 0 && g->counted == g->requests;
}

void gaps_dist(const struct gaps *g, const double *q, size_t n_q, struct sum_dist *d)
{
    hist_dist(gaps_by_token(g) ? g->token : g->all, g->censored, g->requests, q, n_q, d);
}
