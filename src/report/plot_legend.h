/* plot_legend.h - what stands above a panel's frame: its title, and its legend beside it, or below where it is too
 * long; and the marks of points, which both share. Private to the plots. */
#ifndef WEIR_REPORT_PLOT_LEGEND_H
#define WEIR_REPORT_PLOT_LEGEND_H

#include "report/plot_canvas.h"

/* In letters. */
#define PLOT_TITLE_ROOM 1.9
#define PLOT_LEGEND_ROOM 1.5 /* a row of it */
#define PLOT_LINE_WIDTH 0.15

struct plot_entry {
    const struct plot_series *series; /* or */
    const struct plot_rule *rule;
    char text[128];
    double width;
    unsigned row;
};

struct plot_legend_room {
    size_t n;
    unsigned rows; /* below the title; 0: beside it, or none */
    bool fits_beside;
    double title; /* its width */
    double row_width[PLOT_SERIES_MAX + PLOT_LINES_MAX];
    struct plot_entry v[PLOT_SERIES_MAX + PLOT_LINES_MAX];
};
void plot_legend_make(struct plot_canvas *c, struct plot_legend_room *l, const struct plot_panel *p, double letter,
                      double width, bool beside);
void plot_legend_draw(struct plot_canvas *c, const struct plot_panel *p, const struct plot_legend_room *l,
                      double letter, struct plot_box frame, struct plot_box cell);

void plot_marker(struct plot_canvas *c, enum plot_marker m, struct plot_point at, double r, uint32_t colour,
                 bool hollow, double letter);
/* Where series lie on each other, the later ones are smaller: each is seen. */
double plot_marker_radius(const struct plot_panel *p, const struct plot_series *s, double letter);

#endif
