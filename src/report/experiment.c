/* experiment.c - the experiment's memory, and what follows from its data. */
#include "report/experiment.h"

#include <math.h>

#include "base/xalloc.h"
#include "report/plot.h"
#include "stat/quant.h"

void xp_init(struct experiment *x)
{
    *x = (struct experiment){.max_tokens = NAN};
    x->setup.hourly_usd = NAN;
}

void xp_free(struct experiment *x)
{
    for (size_t i = 0; i < x->n_levels; i++)
        free(x->levels[i].errors.v);
    for (size_t i = 0; i < x->n_streams; i++) {
        free(x->streams[i].client_s);
        free(x->streams[i].told_s);
        free(x->streams[i].errors.v);
    }
    for (size_t i = 0; i < XP_PICTURES; i++)
        plot_free(&x->picture[i].figure);
    for (size_t i = 0; i < x->n_owned; i++)
        free(x->owned[i]);
    free(x->owned);
    free(x->facts);
    free(x->levels);
    free(x->streams);
    free(x->minutes);
    free(x->files);
    *x = (struct experiment){0};
}

const char *xp_own(struct experiment *x, char *text)
{
    if (x->n_owned == x->cap_owned) {
        x->cap_owned = x->cap_owned ? x->cap_owned * 2 : 64;
        x->owned = xreallocarray(x->owned, x->cap_owned, sizeof *x->owned);
    }
    return x->owned[x->n_owned++] = text;
}

const char *xp_textf(struct experiment *x, const char *fmt, ...)
{
    struct buf b = BUF_INIT(1u << 20);
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(&b, fmt, ap);
    va_end(ap);
    return xp_own(x, b.p ? buf_take(&b) : xstrdup(""));
}

void xp_add_fact(struct experiment *x, const char *what, const char *value, const char *from)
{
    x->facts = xreallocarray(x->facts, x->n_facts + 1, sizeof *x->facts);
    x->facts[x->n_facts++] = (struct xp_fact){what, value && *value ? value : NULL, from};
}

void xp_add_error(struct xp_errors *e, const char *what, uint64_t n, const char *hint)
{
    e->v = xreallocarray(e->v, e->n + 1, sizeof *e->v);
    e->v[e->n++] = (struct xp_error){what, hint, n};
}

/* ---- findings */

double xp_tok_s(const struct xp_level *l, bool *estimated)
{
    *estimated = !isfinite(l->tok_s) && isfinite(l->estimated_tok_s);
    return *estimated ? l->estimated_tok_s : l->tok_s;
}

double xp_cost_per_1k(double usd_per_hour, double tok_s)
{
    return usd_per_hour > 0 && tok_s > 0 ? usd_per_hour * 1000 / (tok_s * 3600) : NAN;
}

double xp_instances_for(const struct xp_setup *s, double tokens_per_min)
{
    double n = ceil(tokens_per_min / s->target_tokens_per_min - 1e-9);
    n = fmax(n, (double)MAX(s->min_instances, 1));
    return s->max_instances > 0 ? fmin(n, (double)s->max_instances) : n;
}

bool xp_too_few(uint64_t n, double share)
{
    return n < quant_min_n(share);
}

static double throughput(const struct xp_level *l, bool by_tokens)
{
    bool estimated;
    double v = by_tokens ? xp_tok_s(l, &estimated) : l->rps;
    return isfinite(v) ? v : -1;
}

struct xp_findings xp_find(const struct experiment *x)
{
    struct xp_findings f = {.best = -1, .compliant = -1, .by_tokens = x->n_levels > 0, .price = x->setup.hourly_usd};
    for (size_t i = 0; i < x->n_levels; i++) {
        bool estimated;
        f.by_tokens &= isfinite(xp_tok_s(&x->levels[i], &estimated)) != 0;
        f.estimated |= estimated;
    }
    for (size_t i = 0; i < x->n_levels; i++) {
        double v = throughput(&x->levels[i], f.by_tokens);
        if (v > 0 && (f.best < 0 || v > throughput(&x->levels[f.best], f.by_tokens)))
            f.best = (ptrdiff_t)i;
        if (x->levels[i].slo != STATE_MET)
            continue;
        f.n_compliant++;
        if (v > 0 && (f.compliant < 0 || v > throughput(&x->levels[f.compliant], f.by_tokens)))
            f.compliant = (ptrdiff_t)i;
    }
    if (x->setup.instances > 1)
        f.price *= (double)x->setup.instances;
    return f;
}
