#include "analysis/counted.h"

#include <math.h>

#define TOLERATED 0.01 /* of the server's count */
#define ALIKE 0.05     /* lengths whose standard deviation is a smaller share of their mean tell nothing apart */
#define FEWEST 3

void counted_add(struct counted *c, int64_t server, int64_t own)
{
    __int128 d = server - own;
    c->n++;
    c->server += server;
    c->own += own;
    c->d += d;
    c->dd += d * d;
    c->dt += d * own;
    c->tt += (__int128)own * own;
}

static enum counted_how how_of(const struct counted *c)
{
    double n = (double)c->n, d = (double)c->d, t = (double)c->own, tt = (double)c->tt;
    double spread = n * tt - t * t; /* n^2 times the variance of t */
    if (c->n < FEWEST || tt <= 0 || spread < ALIKE * ALIKE * t * t)
        return COUNTED_UNCLEAR;
    double constant = (double)c->dd - d * d / n, ratio = (double)c->dd - (double)c->dt * (double)c->dt / tt;
    return constant <= ratio ? COUNTED_CONSTANT : COUNTED_PROPORTIONAL;
}

void counted_finish(const struct counted *c, struct sum_counted *out)
{
    *out = (struct sum_counted){.requests = c->n, .server = c->server, .own = c->own, .deviation = NAN};
    if (c->n == 0 || c->server <= 0)
        return;
    out->deviation = (double)(c->own - c->server) / (double)c->server;
    out->per_request = (double)c->d / (double)c->n;
    if (fabs(out->deviation) > TOLERATED)
        out->how = how_of(c);
}
