#include "report/plot_axes.h"

#include <math.h>

#define MOST_MARGIN 0.98 /* a marker at the very top would be cut */
#define EPS 1e-9

void plot_range_init(struct plot_range *r)
{
    *r = (struct plot_range){0, INFINITY, -INFINITY, INFINITY};
}

void plot_range_add(struct plot_range *r, double v)
{
    if (!isfinite(v))
        return;
    r->n++;
    r->min = MIN(r->min, v);
    r->max = MAX(r->max, v);
    if (v > 0)
        r->min_positive = MIN(r->min_positive, v);
}

enum plot_scale plot_scale_for(const struct plot_range *r, enum plot_scale asked)
{
    if (asked == PLOT_LOG)
        return isfinite(r->min_positive) ? PLOT_LOG : PLOT_LINEAR;
    if (asked == PLOT_LINEAR || r->n == 0 || r->min <= 0)
        return PLOT_LINEAR;
    return r->max > r->min * PLOT_AUTO_RATIO ? PLOT_LOG : PLOT_LINEAR;
}

/* 10^k, exactly for what a double holds exactly: pow() may be off by a bit. */
static double power10(int k)
{
    double p = 1;
    if (k >= 0 && k <= 22) {
        for (int i = 0; i < k; i++)
            p *= 10;
        return p;
    }
    if (k < 0 && k >= -22)
        return 1 / power10(-k);
    return pow(10, k);
}

double plot_step(double span, unsigned most)
{
    static const double round[] = {1, 2, 5, 10};
    double raw = span / most;
    int k = (int)floor(log10(raw));
    for (size_t i = 0; i < ARRAY_LEN(round); i++) {
        double step = k < 0 ? round[i] / power10(-k) : round[i] * power10(k);
        if (step >= raw * (1 - EPS))
            return step;
    }
    return raw; /* not reached for finite spans */
}

void plot_fit_linear(const struct plot_range *r, unsigned most, double *lo, double *hi)
{
    double min = r->n && r->min < 0 ? r->min : 0, max = r->n && r->max > 0 ? r->max : 0;
    if (!(max - min > 0))
        max = min + 1;
    double step = plot_step((max - min) / MOST_MARGIN, most);
    *lo = floor(min / step + EPS) * step;
    *hi = ceil((*lo + (max - *lo) / MOST_MARGIN) / step - EPS) * step;
}

/* The largest of 1, 2, 5 x 10^k not above v, or the smallest not below. */
static double round_log(double v, bool up)
{
    static const double round[] = {1, 2, 5, 10};
    int k = (int)floor(log10(v) + EPS);
    double at = 0;
    for (size_t i = 0; i < ARRAY_LEN(round); i++) {
        double s = k < 0 ? round[i] / power10(-k) : round[i] * power10(k);
        if (up && s >= v * (1 - EPS))
            return s;
        if (!up && s <= v * (1 + EPS))
            at = s;
    }
    return at > 0 ? at : v;
}

void plot_fit_log(const struct plot_range *r, double *lo, double *hi)
{
    if (!isfinite(r->min_positive)) {
        *lo = 0.1;
        *hi = 1;
        return;
    }
    *lo = round_log(r->min_positive, false);
    *hi = round_log(r->max * 1.05, true);
    if (r->min_positive < *lo * 1.05 && *lo > 1e-300) /* a marker on the very edge */
        *lo = round_log(*lo * 0.9, false);
}

size_t plot_ticks_linear(double lo, double hi, unsigned most, double out[PLOT_TICKS_MAX])
{
    size_t n = 0;
    if (!(hi > lo) || !isfinite(hi - lo))
        return 0;
    most = MIN(most, PLOT_TICKS_MAX - 2u);
    double step = plot_step(hi - lo, MAX(most, 1u));
    double first = ceil(lo / step - EPS), last = floor(hi / step + EPS);
    bool small = step < 1; /* k/(1/step) is the nearest double to a decimal fraction, k*step is not */
    double per = small ? round(1 / step) : 0;
    for (double k = first; k <= last && n < PLOT_TICKS_MAX; k++)
        out[n++] = small && fabs(per * step - 1) < EPS ? k / per : k * step;
    return n;
}

/* How many values of 1, 2, 5 x 10^k lie in [lo, hi]. */
static size_t count_125(double lo, double hi)
{
    static const double m[] = {1, 2, 5};
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(m); i++)
        n += (size_t)MAX(floor(log10(hi / m[i]) + EPS) - ceil(log10(lo / m[i]) - EPS) + 1, 0);
    return n;
}

size_t plot_ticks_log(double lo, double hi, unsigned most, double out[PLOT_TICKS_MAX])
{
    size_t n = 0;
    if (!(lo > 0) || !(hi > lo) || !isfinite(hi))
        return 0;
    most = MAX(MIN(most, PLOT_TICKS_MAX - 4u), 2u);
    int from = (int)floor(log10(lo) + EPS), to = (int)ceil(log10(hi) - EPS);
    int every = 1;
    bool between = count_125(lo, hi) <= most + 2;
    while (!between && (unsigned)((to - from) / every + 1) > most)
        every++;
    if (every > 1) /* 1 is among them, where it is on the axis */
        from = (int)ceil((double)from / every) * every;
    for (int k = from; k <= to; k += every) {
        for (int m = 1; m <= (between ? 5 : 1) && n < PLOT_TICKS_MAX; m = m == 2 ? 5 : m + 1) {
            double v = k < 0 ? m / power10(-k) : m * power10(k);
            if (v >= lo * (1 - EPS) && v <= hi * (1 + EPS))
                out[n++] = v;
        }
    }
    return n;
}

enum plot_scale plot_level_scale(const double *x, size_t n)
{
    double linear = INFINITY, logarithmic = INFINITY;
    if (n < 3 || !(x[0] > 0))
        return PLOT_LINEAR;
    for (size_t i = 1; i < n; i++) {
        linear = MIN(linear, (x[i] - x[i - 1]) / (x[n - 1] - x[0]));
        logarithmic = MIN(logarithmic, log(x[i] / x[i - 1]) / log(x[n - 1] / x[0]));
    }
    return logarithmic > 1.5 * linear ? PLOT_LOG : PLOT_LINEAR;
}

void plot_fit_levels(const double *x, size_t n, enum plot_scale scale, double *lo, double *hi)
{
    double from = n ? x[0] : 0, to = n ? x[n - 1] : 0;
    if (scale == PLOT_LOG && from > 0) {
        double beyond = to > from ? pow(to / from, 0.06) : 2;
        *lo = from / beyond;
        *hi = to * beyond;
        return;
    }
    double beyond = to > from ? (to - from) * 0.05 : from != 0 ? fabs(from) / 2 : 1;
    *lo = from - beyond;
    *hi = to + beyond;
}

/* The fewest decimals that tell all values, `most` at most. */
static int decimals_for(const double *v, size_t n, double unit, int most)
{
    for (int d = 0; d < most; d++) {
        bool all = true;
        for (size_t i = 0; i < n; i++) {
            double scaled = fabs(v[i] / unit) * power10(d);
            all &= fabs(scaled - round(scaled)) <= 1e-6 * MAX(scaled, 1e-3);
        }
        if (all)
            return d;
    }
    return most;
}

static void with_commas(char out[PLOT_LABEL], double v)
{
    char digits[PLOT_LABEL];
    int n = snprintf(digits, sizeof digits, "%.0f", fabs(v)), at = 0;
    if (v < 0)
        out[at++] = '-';
    for (int i = 0; i < n && at < PLOT_LABEL - 2; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = 0;
}

void plot_labels(const double *v, size_t n, bool each, char (*out)[PLOT_LABEL])
{
    static const struct {
        double size;
        const char *name;
    } units[] = {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1, ""}};
    double max = 0, min = INFINITY;
    for (size_t i = 0; i < n; i++) {
        max = MAX(max, fabs(v[i]));
        if (v[i] != 0)
            min = MIN(min, fabs(v[i]));
    }
    for (size_t i = 0; i < n; i++) {
        double top = each ? fabs(v[i]) : max, low = each ? fabs(v[i]) : min;
        if (v[i] == 0) {
            snprintf(out[i], PLOT_LABEL, "0");
        } else if (top >= 1e15 || low < 0.999e-3) {
            snprintf(out[i], PLOT_LABEL, "%.3g", v[i]);
        } else if (top >= 1e4) {
            size_t u = 0;
            while (units[u].size > top * (1 + EPS))
                u++;
            snprintf(out[i], PLOT_LABEL, "%.*f%s",
                     each ? decimals_for(&v[i], 1, units[u].size, 3) : decimals_for(v, n, units[u].size, 3),
                     v[i] / units[u].size, units[u].name);
        } else {
            int d = each ? decimals_for(&v[i], 1, 1, 6) : decimals_for(v, n, 1, 6);
            if (d == 0)
                with_commas(out[i], v[i]);
            else
                snprintf(out[i], PLOT_LABEL, "%.*f", d, v[i]);
        }
    }
}

char *plot_label(char out[PLOT_LABEL], double v)
{
    if (fabs(v) >= 1e4 && fabs(v) < 1e15)
        plot_labels(&v, 1, true, (char(*)[PLOT_LABEL])out);
    else
        snprintf(out, PLOT_LABEL, "%.6g", v);
    return out;
}

void plot_thin(const double *middle, const double *width, size_t n, double gap, bool *keep)
{
    if (n == 0)
        return;
    double last = middle[n - 1] - width[n - 1] / 2, end = -INFINITY;
    for (size_t i = 0; i + 1 < n; i++) {
        double from = middle[i] - width[i] / 2, to = middle[i] + width[i] / 2;
        keep[i] = from >= end + gap && to + gap <= last;
        if (keep[i])
            end = to;
    }
    keep[n - 1] = true;
}

double plot_share(enum plot_scale scale, double lo, double hi, double v)
{
    if (scale != PLOT_LOG)
        return (v - lo) / (hi - lo);
    return v > 0 ? log(v / lo) / log(hi / lo) : NAN;
}
