/* plot_cairo.h - a canvas on cairo, which is loaded when it is first needed: with what stands behind it, linking it
 * would nearly double what each start of the program takes. Only declarations come from its headers. Cairo finds fonts
 * by fontconfig. To be opened before other threads start, or while none draws. It stays loaded to the end. */
#ifndef WEIR_REPORT_PLOT_CAIRO_H
#define WEIR_REPORT_PLOT_CAIRO_H

#include "report/plot_canvas.h"

struct plot_cairo;

struct plot_cairo_opts {
    enum plot_format format; /* of SVG: nothing is drawn, but texts can be measured */
    double width, height;    /* points */
    double dpi;
    int64_t made; /* as struct plot_figure */
    const char *title;
};
/* -1 + e: cairo is not installed, or finds no font. */
int plot_cairo_open(struct plot_cairo **c, const struct plot_cairo_opts *o, struct err *e);
struct plot_canvas *plot_cairo_canvas(struct plot_cairo *c);
/* The whole picture behind what is in *out. */
int plot_cairo_write(struct plot_cairo *c, struct buf *out, struct err *e);
void plot_cairo_close(struct plot_cairo **c);

#endif
