/* plot_axes.h - the arithmetic of axes: ranges, round values, their labels, and which labels fit. Pure functions;
 * thread-safe. Linear steps are 1, 2 or 5 times a power of ten; logarithmic ticks stand at 1, 2 and 5, at powers of
 * ten, or at every so many powers, as there is room. */
#ifndef WEIR_REPORT_PLOT_AXES_H
#define WEIR_REPORT_PLOT_AXES_H

#include "report/plot.h"

enum { PLOT_TICKS_MAX = 64, PLOT_LABEL = 64 };

struct plot_range { /* of the finite values that were added; n 0: none */
    size_t n;
    double min, max;
    double min_positive; /* INFINITY: none */
};
void plot_range_init(struct plot_range *r);
void plot_range_add(struct plot_range *r, double v); /* what is not finite is left aside */

enum plot_scale plot_scale_for(const struct plot_range *r, enum plot_scale asked); /* never PLOT_AUTO */

/* The smallest of 1, 2, 5 x 10^k that cuts `span` into at most `most` pieces; span > 0, most >= 1. */
double plot_step(double span, unsigned most);
/* A linear axis over the range, from 0 unless a value lies below: both ends at whole steps, and the highest value at
 * most 98 % of the way up. One value alone, or none, still gives a range. */
void plot_fit_linear(const struct plot_range *r, unsigned most, double *lo, double *hi);
/* A logarithmic axis: both ends at 1, 2 or 5 times a power of ten, beyond every positive value. */
void plot_fit_log(const struct plot_range *r, double *lo, double *hi);

/* Round values in [lo, hi], at most PLOT_TICKS_MAX; returns how many. */
size_t plot_ticks_linear(double lo, double hi, unsigned most, double out[PLOT_TICKS_MAX]);
size_t plot_ticks_log(double lo, double hi, unsigned most, double out[PLOT_TICKS_MAX]);

/* Of levels at rising values: logarithmic where that leaves the nearest two clearly more room than they have on a
 * linear axis (1, 2, 4 ... 64; not 1, 5, 10, 20). */
enum plot_scale plot_level_scale(const double *x, size_t n);
/* An axis with some room beyond both ends; of one value, around it. */
void plot_fit_levels(const double *x, size_t n, enum plot_scale scale, double *lo, double *hi);

/* Labels of the ticks of one axis, in one form, or each in its own: "0.25", "1,500", "20k", "1.5M", "2e-05". */
void plot_labels(const double *v, size_t n, bool each, char (*out)[PLOT_LABEL]);
/* One value by itself, in as few digits as tell it, six at most: "0.5", "20", "1200". */
char *plot_label(char out[PLOT_LABEL], double v);

/* Which labels may stand, in order of their middles: none nearer than `gap` to another; the last one always stands, the
 * first one too where it leaves room. */
void plot_thin(const double *middle, const double *width, size_t n, double gap, bool *keep);

/* Where v lies between lo (0) and hi (1); NaN where a logarithm has no value. */
double plot_share(enum plot_scale scale, double lo, double hi, double v);

#endif
