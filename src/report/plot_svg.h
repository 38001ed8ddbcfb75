/* plot_svg.h - a canvas that writes SVG 1.1, with texts as texts: they can be searched, read aloud and restyled. Each
 * says how long it is, so that another font at the reader's keeps the layout. Private to the plots. */
#ifndef WEIR_REPORT_PLOT_SVG_H
#define WEIR_REPORT_PLOT_SVG_H

#include "report/plot_canvas.h"

struct plot_svg {
    struct plot_canvas canvas;
    struct plot_canvas *ruler; /* borrowed: what measures texts */
    struct buf *out;
    unsigned clips;
    bool clipped;
};
/* Begins the document in *out; title may be NULL. */
void plot_svg_begin(struct plot_svg *s, struct plot_canvas *ruler, struct buf *out, double width, double height,
                    const char *title);
void plot_svg_end(struct plot_svg *s);

#endif
