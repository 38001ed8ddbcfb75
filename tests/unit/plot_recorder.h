/* plot_recorder.h - a canvas that keeps what is drawn, for the tests of the plots. Each letter is 0.6 of its size wide.
 * After cmocka.h. */
#ifndef WEIR_TESTS_UNIT_PLOT_RECORDER_H
#define WEIR_TESTS_UNIT_PLOT_RECORDER_H

#include <string.h>

#include "report/plot_canvas.h"

enum { DRAWN_MAX = 6000 };
enum drawn_kind { DRAWN_LINES, DRAWN_POLYGON, DRAWN_CIRCLE, DRAWN_TEXT };

struct drawn {
    enum drawn_kind kind;
    uint32_t colour; /* of the line, the filling or the letters */
    uint32_t edge;
    enum plot_line line;
    size_t n;
    struct plot_point at, last; /* of lines and polygons: the first and the last point; the middle of a circle */
    char text[256];
    struct plot_box box; /* of a text, from its letters' tops to below its baseline */
    bool clipped;
};

struct recorder {
    struct plot_canvas canvas;
    bool clipped;
    size_t n;
    struct drawn v[DRAWN_MAX];
};

static inline struct drawn *recorder_new_mark(struct plot_canvas *c, enum drawn_kind kind)
{
    struct recorder *r = (struct recorder *)(void *)c;
    if (r->n == DRAWN_MAX)
        abort();
    struct drawn *d = &r->v[r->n++];
    memset(d, 0, sizeof *d);
    d->kind = kind;
    d->clipped = r->clipped;
    return d;
}

static inline void recorder_lines(struct plot_canvas *c, const struct plot_point *p, size_t n,
                                  const struct plot_pen *pen)
{
    struct drawn *d = recorder_new_mark(c, DRAWN_LINES);
    d->colour = pen->colour;
    d->line = pen->line;
    d->n = n;
    d->at = p[0];
    d->last = p[n - 1];
}

static inline void recorder_polygon(struct plot_canvas *c, const struct plot_point *p, size_t n, uint32_t fill,
                                    double alpha, const struct plot_pen *edge)
{
    struct drawn *d = recorder_new_mark(c, DRAWN_POLYGON);
    (void)alpha;
    d->colour = fill;
    d->edge = edge ? edge->colour : 0;
    d->n = n;
    d->at = p[0];
    d->last = p[n - 1];
}

static inline void recorder_circle(struct plot_canvas *c, struct plot_point at, double radius, uint32_t fill,
                                   double alpha, const struct plot_pen *edge)
{
    struct drawn *d = recorder_new_mark(c, DRAWN_CIRCLE);
    (void)radius;
    (void)alpha;
    d->colour = fill;
    d->edge = edge ? edge->colour : 0;
    d->at = at;
}

static inline double recorder_width(struct plot_canvas *c, const char *z, enum plot_face face, double size)
{
    size_t n = 0;
    (void)c;
    (void)face;
    for (; *z; z++)
        n += ((unsigned char)*z & 0xC0) != 0x80;
    return 0.6 * size * (double)n;
}

static inline void recorder_text(struct plot_canvas *c, const struct plot_text *t)
{
    struct drawn *d = recorder_new_mark(c, DRAWN_TEXT);
    double w = recorder_width(c, t->z, t->face, t->size), high = t->size * 0.75, low = t->size * 0.2;
    double back = t->anchor == PLOT_START ? 0 : t->anchor == PLOT_MIDDLE ? w / 2 : w;
    d->colour = t->colour;
    d->at = (struct plot_point){t->x, t->y};
    snprintf(d->text, sizeof d->text, "%s", t->z);
    if (t->upright)
        d->box = (struct plot_box){t->x - high, t->y + back - w, high + low, w};
    else
        d->box = (struct plot_box){t->x - back, t->y - high, w, high + low};
}

static inline void recorder_clip(struct plot_canvas *c, const struct plot_box *b)
{
    ((struct recorder *)(void *)c)->clipped = b != NULL;
}

static inline void recorder_init(struct recorder *r)
{
    r->canvas = (struct plot_canvas){recorder_lines, recorder_polygon, recorder_circle,
                                     recorder_text,  recorder_width,   recorder_clip};
    r->n = 0;
    r->clipped = false;
}

/* Every text lies on the canvas, and no two of them lie on each other. */
static inline void recorder_check_texts(const struct recorder *r, const struct plot_figure *f)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct plot_box *a = &r->v[i].box;
        if (r->v[i].kind != DRAWN_TEXT)
            continue;
        if (a->x < 0 || a->y < 0 || a->x + a->w > f->width || a->y + a->h > f->height)
            fail_msg("\"%s\" leaves the canvas: %.1f %.1f %.1f %.1f", r->v[i].text, a->x, a->y, a->w, a->h);
        for (size_t k = 0; k < i; k++) {
            const struct plot_box *b = &r->v[k].box;
            double over_x = MIN(a->x + a->w, b->x + b->w) - MAX(a->x, b->x);
            double over_y = MIN(a->y + a->h, b->y + b->h) - MAX(a->y, b->y);
            if (r->v[k].kind == DRAWN_TEXT && over_x > 0.01 && over_y > 0.01)
                fail_msg("\"%s\" lies on \"%s\"", r->v[i].text, r->v[k].text);
        }
    }
}

#endif
