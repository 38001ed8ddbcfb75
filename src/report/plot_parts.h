/* plot_parts.h - what the figures of a summary share: colours of percentiles, units, titles, a text of the result.
 * Private to plot_sweep.c and plot_timeline.c. */
#ifndef WEIR_REPORT_PLOT_PARTS_H
#define WEIR_REPORT_PLOT_PARTS_H

#include "analysis/summary.h"
#include "report/plot.h"

#define PLOT_BLUE 0x2E86ABu
#define PLOT_GREEN 0x06A77Du
#define PLOT_ORANGE 0xF18F01u
#define PLOT_RED 0xC73E1Du
#define PLOT_PLUM 0xA23B72u
#define PLOT_FAINT 0x8A929Cu
#define PLOT_PAPER 0xE8EDF2u

struct plot_look {
    uint32_t colour;
    enum plot_marker marker;
};
/* Of a percentile: the same in every figure, whichever others are shown. k: its place among them. */
struct plot_look plot_look_of(double q, size_t k);

/* A figure for n panels in two columns, with title and subtitle of the run: `what` is "Rate sweep" and the like. */
struct plot_figure *plot_for(const struct summary *s, const char *what, size_t n);
/* The next cell, in order of reading. */
struct plot_panel *plot_next(struct plot_figure *f, const char *title);
/* Rows that stayed empty go, and their height with them. */
void plot_shrink(struct plot_figure *f);
/* Limits of --slo on metric m as lines of an axis whose unit is `size` ns. */
void plot_limits(struct plot_figure *f, struct plot_panel *p, const struct summary *s, enum metric m, double size);
const char *plot_unit_name(const char *name); /* "us" with its Greek letter */
/* The panel "Result": requests, failures and verdict of each level. */
void plot_result(struct plot_figure *f, const struct summary *s);
/* What marks mean, where there are such. */
void plot_foot(struct plot_figure *f, bool response, bool at_least, bool small);

#endif
