#include "analysis/calibration.h"

#include <math.h>

#include "stat/hist.h"

/* An answer's first gap lasts up to two steps, and the next request takes a moment: a stream is never quite full. */
#define ENOUGH 0.85
#define TOO_BUSY 0.95
#define BUSY 0.7 /* whoever falls behind below that was kept from its core by something else */
#define FEW 0.01

struct cal_dist cal_dist_of(const struct hist *h)
{
    uint64_t n = hist_n(h);
    if (n == 0)
        return (struct cal_dist){0, NAN, NAN, NAN};
    return (struct cal_dist){n, hist_quantile(h, 0.5), hist_quantile(h, 0.99), (double)hist_max(h)};
}

const char *cal_limit_name(enum cal_limit l)
{
    static const char *const names[] = {NULL, "client", "simulator", "failures", "other"};
    return names[l];
}

enum cal_limit calibration_judge(const struct cal_row *r)
{
    uint64_t bad = r->failed + r->unmatched;
    if (r->requests == 0 || (double)bad > FEW * (double)r->requests)
        return CAL_FAILURES;
    if (r->busy > TOO_BUSY)
        return CAL_CLIENT;
    if (!isnan(r->asked_per_s) && !(r->events_per_s >= ENOUGH * r->asked_per_s))
        return !(MAX(r->busy, r->server_busy) > BUSY) ? CAL_OTHER : r->busy > r->server_busy ? CAL_CLIENT : CAL_SERVER;
    return CAL_CARRIED;
}

static double better(double ceiling, const struct cal_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct cal_row *r = &rows[i];
        bool holds =
            r->limit != CAL_FAILURES && r->ttft_error.p99 <= CAL_ERROR_MAX && r->itl_error.p99 <= CAL_ERROR_MAX;
        if (holds && !(ceiling >= r->events_per_s)) /* NaN: none yet */
            ceiling = r->events_per_s;
    }
    return ceiling;
}

double calibration_ceiling(const struct calibration *c)
{
    return better(better(NAN, c->levels, c->n_levels), c->rates, c->n_rates);
}
