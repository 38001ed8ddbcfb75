/* plot_panel.c - one panel with axes: what it needs around its frame, and what stands in it. */
#include <math.h>

#include "base/xalloc.h"
#include "report/plot_axes.h"
#include "report/plot_canvas.h"
#include "report/plot_legend.h"

/* All in letters. */
#define TICK 0.35
#define MINOR 0.2
#define NAME 4.0 /* the least room for a name */
#define TICK_GAP 0.3
#define AXIS_ROOM 1.6 /* an axis's text, and the numbers below a frame */

struct axis {
    enum plot_scale scale;
    double lo, hi;
    size_t n;
    double at[PLOT_TICKS_MAX];
    char label[PLOT_TICKS_MAX][PLOT_LABEL];
    bool named; /* each label has a place of its own, and is cut to it */
};

struct axes {
    struct axis x, left, right;
    bool has_right;
};

static unsigned ticks_for(double length, double each, unsigned least)
{
    double n = length / each;
    return n < least ? least : n > 9 ? 9 : (unsigned)n;
}

static struct plot_range range_of(const struct plot_panel *p, enum plot_side side)
{
    struct plot_range r;
    plot_range_init(&r);
    for (size_t k = 0; k < p->n_series; k++)
        for (size_t i = 0; p->series[k].side == side && i < p->series[k].n; i++)
            plot_range_add(&r, p->series[k].y[i]);
    for (size_t k = 0; k < p->n_rules; k++)
        if (!p->rule[k].upright && p->rule[k].side == side)
            plot_range_add(&r, p->rule[k].at);
    return r;
}

static void make_y(struct axis *a, const struct plot_panel *p, enum plot_side side, unsigned most)
{
    const struct plot_axis *asked = side == PLOT_LEFT ? &p->left : &p->right;
    struct plot_range r = range_of(p, side);
    a->scale = plot_scale_for(&r, asked->scale);
    if (a->scale == PLOT_LOG)
        plot_fit_log(&r, &a->lo, &a->hi);
    else
        plot_fit_linear(&r, most, &a->lo, &a->hi);
    if (isfinite(asked->lo))
        a->lo = asked->lo;
    if (isfinite(asked->hi))
        a->hi = asked->hi;
    a->n =
        a->scale == PLOT_LOG ? plot_ticks_log(a->lo, a->hi, most, a->at) : plot_ticks_linear(a->lo, a->hi, most, a->at);
    if (r.n == 0 && !isfinite(asked->hi))
        a->n = 0; /* an axis without a value tells nothing */
    plot_labels(a->at, a->n, a->scale == PLOT_LOG, a->label);
}

/* Names that would have no room of at least some letters give way to the levels' numbers. */
static void make_x(struct axis *a, const struct plot_panel *p, double letter, double width)
{
    const struct plot_axis *asked = &p->x;
    unsigned most = ticks_for(width, 6 * letter, 2);
    struct plot_range r;
    plot_range_init(&r);
    for (size_t k = 0; k < p->n_series; k++)
        for (size_t i = 0; i < p->series[k].n; i++)
            plot_range_add(&r, p->series[k].x[i]);
    a->scale = asked->scale == PLOT_LOG ? PLOT_LOG : PLOT_LINEAR;
    a->lo = isfinite(asked->lo) ? asked->lo : r.n ? r.min : 0;
    a->hi = isfinite(asked->hi) ? asked->hi : r.n ? r.max : 1;
    if (!(a->hi > a->lo))
        a->hi = a->lo + 1;
    if (asked->n_at == 0) {
        a->n = a->scale == PLOT_LOG ? plot_ticks_log(a->lo, a->hi, most, a->at)
                                    : plot_ticks_linear(a->lo, a->hi, most, a->at);
        plot_labels(a->at, a->n, a->scale == PLOT_LOG, a->label);
        return;
    }
    a->named = asked->names && width * 0.8 / (double)asked->n_at > NAME * letter;
    size_t every = (asked->n_at + PLOT_TICKS_MAX - 1) / PLOT_TICKS_MAX;
    for (size_t i = 0; i < asked->n_at; i += every) {
        a->at[a->n] = asked->at[i];
        if (asked->names && !a->named)
            snprintf(a->label[a->n], PLOT_LABEL, "%zu", i + 1);
        else if (asked->names)
            plot_clean(a->label[a->n], PLOT_LABEL, asked->names[i]);
        else
            plot_label(a->label[a->n], asked->at[i]);
        a->n++;
    }
}

static void make_axes(struct axes *a, const struct plot_panel *p, double letter, const struct plot_box *cell)
{
    memset(a, 0, sizeof *a);
    unsigned most = ticks_for(cell->h - 6 * letter, 2 * letter, 2);
    make_x(&a->x, p, letter, cell->w);
    make_y(&a->left, p, PLOT_LEFT, most);
    a->has_right = p->right.label != NULL;
    for (size_t k = 0; k < p->n_series; k++)
        a->has_right |= p->series[k].side == PLOT_RIGHT;
    if (a->has_right)
        make_y(&a->right, p, PLOT_RIGHT, most);
}

static double widest(struct plot_canvas *c, const struct axis *a, double letter)
{
    double w = 0;
    for (size_t i = 0; i < a->n; i++)
        w = MAX(w, c->text_width(c, a->label[i], PLOT_SANS, letter));
    return w;
}

void plot_panel_room(struct plot_canvas *c, const struct plot_panel *p, double letter, struct plot_box cell,
                     bool beside, struct plot_room *room)
{
    struct axes *a = xcalloc(1, sizeof *a);
    struct plot_legend_room *l = xcalloc(1, sizeof *l);
    make_axes(a, p, letter, &cell);
    plot_legend_make(c, l, p, letter, cell.w * 0.94, beside);
    double last = a->x.n && !a->x.named ? c->text_width(c, a->x.label[a->x.n - 1], PLOT_SANS, letter) / 2 : 0;
    room->left = widest(c, &a->left, letter) + letter * (TICK_GAP + TICK + (p->left.label ? AXIS_ROOM : 0));
    room->right = MAX(last, letter * 0.5);
    if (a->has_right)
        room->right = MAX(room->right,
                          widest(c, &a->right, letter) + letter * (TICK_GAP + TICK + (p->right.label ? AXIS_ROOM : 0)));
    room->fits_beside = l->fits_beside;
    room->top = letter * (PLOT_TITLE_ROOM + PLOT_LEGEND_ROOM * l->rows);
    room->bottom = letter * (TICK + AXIS_ROOM + (p->x.label ? AXIS_ROOM : 0));
    free(a);
    free(l);
}

static double at_x(const struct axes *a, const struct plot_box *f, double v)
{
    return f->x + f->w * plot_share(a->x.scale, a->x.lo, a->x.hi, v);
}

static double at_y(const struct axis *a, const struct plot_box *f, double v)
{
    return f->y + f->h * (1 - plot_share(a->scale, a->lo, a->hi, v));
}

static bool within(double v, double from, double length)
{
    return v >= from - 0.01 && v <= from + length + 0.01;
}

static void draw_grid(struct plot_canvas *c, const struct axes *a, const struct plot_box *f, double letter)
{
    struct plot_pen pen = {PLOT_GRID, 0.35, letter * 0.06, PLOT_SOLID};
    for (size_t i = 0; i < a->left.n; i++) {
        double y = at_y(&a->left, f, a->left.at[i]);
        const struct plot_point p[] = {{f->x, y}, {f->x + f->w, y}};
        c->lines(c, p, 2, &pen);
    }
    for (size_t i = 0; i < a->x.n; i++) {
        double x = at_x(a, f, a->x.at[i]);
        const struct plot_point p[] = {{x, f->y}, {x, f->y + f->h}};
        c->lines(c, p, 2, &pen);
    }
}

static void draw_rules(struct plot_canvas *c, const struct plot_panel *p, const struct axes *a,
                       const struct plot_box *f, double letter)
{
    for (size_t k = 0; k < p->n_rules; k++) {
        const struct plot_rule *r = &p->rule[k];
        struct plot_pen pen = {r->colour, 0.85, letter * PLOT_LINE_WIDTH, r->line};
        double at = r->upright ? at_x(a, f, r->at) : at_y(r->side == PLOT_LEFT ? &a->left : &a->right, f, r->at);
        const struct plot_point flat[] = {{f->x, at}, {f->x + f->w, at}}, up[] = {{at, f->y}, {at, f->y + f->h}};
        if (isfinite(at))
            c->lines(c, r->upright ? up : flat, 2, &pen);
    }
}

/* A gap ends a line; what stands alone between two gaps shows by its marker, or as a dot where there are none. */
static void draw_line(struct plot_canvas *c, const struct plot_series *s, const struct axes *a,
                      const struct plot_box *f, double letter)
{
    const struct axis *y = s->side == PLOT_LEFT ? &a->left : &a->right;
    struct plot_pen pen = {s->colour, 1, letter * PLOT_LINE_WIDTH, s->line};
    struct plot_point *at = xcalloc(s->n, sizeof *at);
    size_t n = 0;
    for (size_t i = 0; i <= s->n; i++) {
        struct plot_point p = {NAN, NAN};
        if (i < s->n && isfinite(s->y[i]))
            p = (struct plot_point){at_x(a, f, s->x[i]), at_y(y, f, s->y[i])};
        if (isfinite(p.x) && isfinite(p.y)) {
            at[n++] = p;
            continue;
        }
        if (n > 1)
            c->lines(c, at, n, &pen);
        else if (n == 1 && s->marker == PLOT_NO_MARKER)
            c->circle(c, at[0], letter * 0.16, s->colour, 1, NULL);
        n = 0;
    }
    free(at);
}

static void draw_series(struct plot_canvas *c, const struct plot_panel *p, const struct axes *a, struct plot_box *f,
                        double letter)
{
    c->clip(c, f);
    draw_rules(c, p, a, f, letter);
    for (size_t k = 0; k < p->n_series; k++)
        if (p->series[k].line != PLOT_NO_LINE && p->series[k].n)
            draw_line(c, &p->series[k], a, f, letter);
    c->clip(c, NULL);
    for (size_t k = 0; k < p->n_series; k++) {
        const struct plot_series *s = &p->series[k];
        double r = plot_marker_radius(p, s, letter);
        for (size_t i = 0; s->marker != PLOT_NO_MARKER && i < s->n; i++) {
            struct plot_point at = {at_x(a, f, s->x[i]), at_y(s->side == PLOT_LEFT ? &a->left : &a->right, f, s->y[i])};
            if (isfinite(s->y[i]) && within(at.x, f->x, f->w) && within(at.y, f->y, f->h))
                plot_marker(c, s->marker, at, r, s->colour, s->hollow && s->hollow[i], letter);
        }
    }
}

/* Says so where no series has a value: in the whole panel, or at one level. */
static void draw_gaps(struct plot_canvas *c, const struct plot_panel *p, const struct axes *a, const struct plot_box *f,
                      double letter)
{
    size_t levels = p->x.n_at, seen = 0, missing = 0;
    bool *has = xcalloc(MAX(levels, 1u), sizeof *has);
    for (size_t k = 0; k < p->n_series; k++) {
        const struct plot_series *s = &p->series[k];
        for (size_t i = 0; i < s->n; i++) {
            seen += isfinite(s->y[i]) != 0;
            if (s->n == levels && s->marker != PLOT_NO_MARKER && isfinite(s->y[i]))
                has[i] = true;
        }
    }
    for (size_t i = 0; i < levels; i++)
        missing += !has[i];
    struct plot_text t = {"no data", f->x + f->w / 2, f->y + f->h / 2, letter * 1.2,
                          PLOT_SANS, PLOT_MIDDLE,     false,           PLOT_GREY};
    if (seen == 0)
        plot_put(c, t, f->w);
    for (size_t i = 0; seen && missing < levels && i < levels; i++) {
        double free_width = f->w / (double)levels;
        t = (struct plot_text){"no data",
                               at_x(a, f, p->x.at[i]) + letter * 0.33,
                               f->y + f->h - letter * 0.5,
                               letter * 0.9,
                               PLOT_SANS,
                               PLOT_START,
                               true,
                               PLOT_GREY};
        if (!has[i] && free_width > letter)
            plot_put(c, t, f->h - letter);
    }
    free(has);
}

static void draw_x_axis(struct plot_canvas *c, const struct plot_panel *p, const struct axes *a,
                        const struct plot_box *f, double letter)
{
    double at[PLOT_TICKS_MAX], width[PLOT_TICKS_MAX];
    bool keep[PLOT_TICKS_MAX];
    struct plot_pen pen = {PLOT_INK, 1, letter * 0.07, PLOT_SOLID};
    double below = f->y + f->h;
    for (size_t i = 0; i < a->x.n; i++) {
        at[i] = at_x(a, f, a->x.at[i]);
        width[i] = c->text_width(c, a->x.label[i], PLOT_SANS, letter);
    }
    plot_thin(at, width, a->x.n, letter * 0.6, keep);
    double slot = f->w / (double)MAX(a->x.n, 1u) - letter * 0.5;
    for (size_t i = 0; i < a->x.n; i++) {
        const struct plot_point tick[] = {{at[i], below}, {at[i], below + letter * TICK}};
        struct plot_text t = {a->x.label[i], at[i],   below + letter * (TICK + 1.15), letter, PLOT_SANS, PLOT_MIDDLE,
                              false,         PLOT_INK};
        c->lines(c, tick, 2, &pen);
        if (a->x.named)
            plot_put(c, t, slot);
        else if (keep[i])
            c->text(c, &t);
    }
    struct plot_text t = {p->x.label,    f->x + f->w / 2, below + letter * (TICK + AXIS_ROOM + 1.1),
                          letter * 1.05, PLOT_SANS,       PLOT_MIDDLE,
                          false,         PLOT_INK};
    if (p->x.label)
        plot_put(c, t, f->w);
}

/* The one colour of an axis's series, else that of the ink. */
static uint32_t axis_colour(const struct plot_panel *p, enum plot_side side, bool both)
{
    uint32_t colour = PLOT_INK;
    size_t n = 0;
    for (size_t k = 0; k < p->n_series; k++)
        if (p->series[k].side == side && p->series[k].marker != PLOT_NO_MARKER) {
            colour = p->series[k].colour;
            n++;
        }
    return both && n == 1 ? colour : PLOT_INK;
}

/* The nine steps of each power of ten, where they are not too near to each other: that is how a logarithmic axis shows.
 */
static void draw_minor(struct plot_canvas *c, const struct axis *a, const struct plot_box *f, double letter,
                       enum plot_side side)
{
    struct plot_pen pen = {PLOT_INK, 1, letter * 0.05, PLOT_SOLID};
    double edge = side == PLOT_LEFT ? f->x : f->x + f->w, out = side == PLOT_LEFT ? -1 : 1;
    double decade = f->h / log10(a->hi / a->lo);
    if (decade < letter * 2.5)
        return;
    for (double p = pow(10, floor(log10(a->lo))); p < a->hi; p *= 10)
        for (int m = 2; m < 10; m++) {
            double y = at_y(a, f, m * p);
            const struct plot_point tick[] = {{edge, y}, {edge + out * letter * MINOR, y}};
            if (within(y, f->y, f->h))
                c->lines(c, tick, 2, &pen);
        }
}

static void draw_y_axis(struct plot_canvas *c, const struct plot_panel *p, const struct axes *axes,
                        const struct plot_box *f, double letter, enum plot_side side)
{
    const struct axis *a = side == PLOT_LEFT ? &axes->left : &axes->right;
    const char *label = side == PLOT_LEFT ? p->left.label : p->right.label;
    struct plot_pen pen = {PLOT_INK, 1, letter * 0.07, PLOT_SOLID};
    uint32_t colour = axis_colour(p, side, axes->has_right);
    double edge = side == PLOT_LEFT ? f->x : f->x + f->w, out = side == PLOT_LEFT ? -1 : 1;
    for (size_t i = 0; i < a->n; i++) {
        double y = at_y(a, f, a->at[i]);
        const struct plot_point tick[] = {{edge, y}, {edge + out * letter * TICK, y}};
        struct plot_text t = {a->label[i],
                              edge + out * letter * (TICK + TICK_GAP),
                              y + letter * 0.36,
                              letter,
                              PLOT_SANS,
                              side == PLOT_LEFT ? PLOT_END : PLOT_START,
                              false,
                              colour};
        c->lines(c, tick, 2, &pen);
        c->text(c, &t);
    }
    if (a->scale == PLOT_LOG)
        draw_minor(c, a, f, letter, side);
    if (!label)
        return;
    double away = widest(c, a, letter) + letter * (TICK + TICK_GAP);
    struct plot_text t = {label,
                          edge + out * away + letter * (side == PLOT_LEFT ? -0.6 : 1.3),
                          f->y + f->h / 2,
                          letter * 1.05,
                          PLOT_SANS,
                          PLOT_MIDDLE,
                          true,
                          colour};
    plot_put(c, t, f->h + letter * 2);
}

void plot_panel_draw(struct plot_canvas *c, const struct plot_panel *p, double letter, struct plot_box frame,
                     struct plot_box cell, bool beside)
{
    struct axes *a = xcalloc(1, sizeof *a);
    struct plot_legend_room *l = xcalloc(1, sizeof *l);
    make_axes(a, p, letter, &cell);
    plot_legend_make(c, l, p, letter, cell.w * 0.94, beside);
    draw_grid(c, a, &frame, letter);
    draw_series(c, p, a, &frame, letter);
    draw_gaps(c, p, a, &frame, letter);
    struct plot_pen pen = {PLOT_INK, 1, letter * 0.07, PLOT_SOLID};
    const struct plot_point box[] = {{frame.x, frame.y},
                                     {frame.x + frame.w, frame.y},
                                     {frame.x + frame.w, frame.y + frame.h},
                                     {frame.x, frame.y + frame.h}};
    c->polygon(c, box, ARRAY_LEN(box), 0, 0, &pen);
    draw_x_axis(c, p, a, &frame, letter);
    draw_y_axis(c, p, a, &frame, letter, PLOT_LEFT);
    if (a->has_right)
        draw_y_axis(c, p, a, &frame, letter, PLOT_RIGHT);
    plot_legend_draw(c, p, l, letter, frame, cell);
    free(a);
    free(l);
}
