/* plot_canvas.h - what a figure is drawn on: lines, shapes and letters, in points from the upper left corner. Cairo's
 * (PNG and PDF) and SVG's. Private to the plots. Not thread-safe. */
#ifndef WEIR_REPORT_PLOT_CANVAS_H
#define WEIR_REPORT_PLOT_CANVAS_H

#include "report/plot.h"

struct plot_point {
    double x, y;
};
struct plot_box {
    double x, y, w, h;
};
struct plot_pen {
    uint32_t colour;
    double alpha; /* 0..1 */
    double width;
    enum plot_line line;
};
enum plot_face { PLOT_SANS, PLOT_BOLD, PLOT_MONO, PLOT_MONO_BOLD };
enum plot_anchor { PLOT_START, PLOT_MIDDLE, PLOT_END };

struct plot_text {
    const char *z; /* valid UTF-8 without control characters: see plot_clean */
    double x, y;   /* of the baseline, at the anchor */
    double size;
    enum plot_face face;
    enum plot_anchor anchor;
    bool upright; /* turned by a quarter, reading upwards */
    uint32_t colour;
};

struct plot_canvas {
    void (*lines)(struct plot_canvas *c, const struct plot_point *p, size_t n, const struct plot_pen *pen);
    /* fill_alpha 0: not filled; pen NULL: no edge */
    void (*polygon)(struct plot_canvas *c, const struct plot_point *p, size_t n, uint32_t fill, double fill_alpha,
                    const struct plot_pen *edge);
    void (*circle)(struct plot_canvas *c, struct plot_point at, double radius, uint32_t fill, double fill_alpha,
                   const struct plot_pen *edge);
    void (*text)(struct plot_canvas *c, const struct plot_text *t);
    double (*text_width)(struct plot_canvas *c, const char *z, enum plot_face face, double size);
    void (*clip)(struct plot_canvas *c, const struct plot_box *b); /* NULL: no more; one at a time */
};

/* Bytes that are no UTF-8 become "?", control characters spaces. Writes at most size - 1 bytes, whole characters. */
char *plot_clean(char *out, size_t size, const char *z);

/* Dashes of a line `width` wide: lengths of what is drawn and left out, in turn; 0 of them: solid. */
size_t plot_dashes(enum plot_line line, double width, double out[2]);

/* A text of the caller's, cleaned; where it is wider than `max`, in smaller letters, and then cut. */
void plot_put(struct plot_canvas *c, struct plot_text t, double max);

/* Panels of text. */
enum { PLOT_TEXT_LINES_MAX = 200, PLOT_TEXT_COLUMNS = 4 };
#define PLOT_TEXT_LEADING 1.4

/* The whole figure. */
void plot_draw(struct plot_canvas *c, const struct plot_figure *f);
/* One panel within its frame; see plot_panel.c. beside: its legend stands on its title's line, for which there must be
 * room. */
struct plot_room { /* what a panel needs around its frame */
    double left, right, top, bottom;
    bool fits_beside;
};
void plot_panel_room(struct plot_canvas *c, const struct plot_panel *p, double letter, struct plot_box cell,
                     bool beside, struct plot_room *room);
void plot_panel_draw(struct plot_canvas *c, const struct plot_panel *p, double letter, struct plot_box frame,
                     struct plot_box cell, bool beside);
void plot_text_panel(struct plot_canvas *c, const struct plot_panel *p, double letter, struct plot_box cell);

/* Colours of what is not data. */
#define PLOT_INK 0x1F2328u
#define PLOT_GREY 0x6B7280u
#define PLOT_GRID 0x9AA3AEu

#endif
