/* plot.h - a figure as plain data, and the figure as a file: a grid of panels with axes, series, reference lines and
 * legends, or with text. Cold: a figure takes some 10 ms to some 100 ms. Not thread-safe for one figure.
 *
 * Lengths are in points (1/72 inch), as the size of the letters is. Colours are 0xRRGGBB. Everything that a figure
 * holds is its own, copied when it is added and freed by plot_free(). A value that is not finite is a gap: the line
 * breaks there. The same figure gives the same bytes on one machine; letters are the fonts' that fontconfig finds. */
#ifndef WEIR_REPORT_PLOT_H
#define WEIR_REPORT_PLOT_H

#include "base/buf.h"
#include "base/err.h"

enum { PLOT_CELLS_MAX = 16, PLOT_SERIES_MAX = 40, PLOT_LINES_MAX = 24 };

enum plot_marker { PLOT_NO_MARKER, PLOT_CIRCLE, PLOT_DIAMOND, PLOT_SQUARE, PLOT_TRIANGLE, PLOT_CROSS };
enum plot_line { PLOT_NO_LINE, PLOT_SOLID, PLOT_DASHED, PLOT_DOTTED };
/* PLOT_AUTO: logarithmic where values reach over more than PLOT_AUTO_RATIO and none is 0 or below. */
enum plot_scale { PLOT_AUTO, PLOT_LINEAR, PLOT_LOG };
#define PLOT_AUTO_RATIO 40
enum plot_side { PLOT_LEFT, PLOT_RIGHT };
/* A legend stands between the title and the frame, where it covers nothing. */
enum plot_legend { PLOT_LEGEND_TOP, PLOT_LEGEND_NONE };

struct plot_series {
    const char *label; /* NULL: not in the legend */
    uint32_t colour;
    enum plot_marker marker;
    enum plot_line line;
    enum plot_side side;
    size_t n; /* 0: stands in the legend alone */
    const double *x, *y;
    const bool *hollow; /* NULL, or per point: its marker is not filled (a lower bound) */
};

struct plot_rule {     /* a line from side to side, or from top to bottom */
    const char *label; /* in the legend; NULL: not there */
    uint32_t colour;
    enum plot_line line;
    enum plot_side side;
    bool upright; /* at is an x */
    double at;
};

struct plot_axis {
    const char *label; /* NULL: no such text; of `right` without series: no such axis */
    enum plot_scale scale;
    double lo, hi; /* NaN: by the data */
    /* x alone: where labels stand, at most one for each level; with `names` these are the labels, else the values.
     * n_at 0: round values. */
    size_t n_at;
    const double *at;
    const char *const *names;
};

struct plot_panel {
    bool used; /* false: the cell stays empty */
    const char *title;
    unsigned rows, cols; /* cells that it covers, downwards and to the right; 0 is 1 */
    enum plot_legend legend;
    struct plot_axis x, left, right;
    size_t n_series;
    struct plot_series series[PLOT_SERIES_MAX];
    size_t n_rules;
    struct plot_rule rule[PLOT_LINES_MAX];
    /* Not NULL: lines of text in letters of one width instead of axes, on a ground of this colour. Empty lines part it
     * where it has to go in columns. */
    const char *text;
    uint32_t ground;
};

struct plot_figure {
    const char *title, *subtitle, *footnote; /* NULL: none */
    double width, height;                    /* points */
    double dpi;                              /* of a PNG */
    double letter;                           /* points: the size of an axis's numbers, to which all others are held */
    int64_t made;                            /* seconds since 1970, for what a PDF tells of itself */
    unsigned rows, cols;
    struct plot_panel panel[PLOT_CELLS_MAX]; /* row by row */
    size_t n_owned, cap_owned;
    void **owned; /* private */
};

/* A figure of `inches` with rows x cols empty cells; what is not said here may be set afterwards. */
struct plot_figure *plot_new(unsigned rows, unsigned cols, double inches_wide, double inches_high, double dpi,
                             double letter);
void plot_free(struct plot_figure **f);
char *plot_textf(struct plot_figure *f, const char *fmt, ...) ATTR_PRINTF(2, 3); /* a text that the figure owns */
double *plot_numbers(struct plot_figure *f, const double *v, size_t n);          /* a copy; v NULL: room for n */
/* The cell as a panel with axes: used, with a title. */
struct plot_panel *plot_panel_at(struct plot_figure *f, unsigned row, unsigned col, const char *title);
/* A copy of *s with its arrays behind the panel's last series; at most PLOT_SERIES_MAX, what is more is left out. */
struct plot_series *plot_add(struct plot_figure *f, struct plot_panel *p, const struct plot_series *s);
void plot_add_rule(struct plot_panel *p, const struct plot_rule *r);
/* The axis of x for levels at `x`: a label each, their `names` or their values. Values that are not finite, not told
 * apart or not rising give way to their order, and so do values with names; then x[] is rewritten to 0, 1, 2 ... and
 * false returned. */
bool plot_levels_x(struct plot_figure *f, struct plot_axis *a, double *x, size_t n, const char *const *names);

enum plot_format { PLOT_PNG, PLOT_SVG, PLOT_PDF };
/* By the file's ending, in any case. -1 + e (ERR_USAGE) where it is none of them. */
int plot_format_of(const char *path, enum plot_format *format, struct err *e);
/* Everything that can be known before: the ending, that the file can be written, that cairo and a font are there.
 * `made`: a folder that will be there by then, or NULL. Before threads start. 0, or -1 + e. Leaves no file behind. */
int plot_check(const char *path, const char *made, struct err *e);
int plot_render(struct buf *out, const struct plot_figure *f, enum plot_format format, struct err *e); /* appends */
int plot_write(const char *path, const struct plot_figure *f, struct err *e); /* all or nothing */

struct summary;
/* The figure of a run: its levels over rate, concurrency or their order; of one level, its seconds. */
struct plot_figure *plot_summary(const struct summary *s);
struct plot_figure *plot_timeline(const struct summary *s, size_t level);

#endif
