#include "report/plot_legend.h"

/* In letters. */
#define TITLE 1.2
#define SAMPLE 2.2 /* of a line */
#define SAMPLE_GAP 0.5
#define ENTRY_GAP 1.4

void plot_marker(struct plot_canvas *c, enum plot_marker m, struct plot_point at, double r, uint32_t colour,
                 bool hollow, double letter)
{
    struct plot_pen edge = {hollow ? colour : 0xFFFFFF, 1, letter * (hollow ? 0.12 : 0.055), PLOT_SOLID};
    uint32_t inside = hollow ? 0xFFFFFF : colour;
    if (m == PLOT_CIRCLE) {
        c->circle(c, at, r, inside, 1, &edge);
    } else if (m == PLOT_DIAMOND) {
        double d = r * 1.25;
        const struct plot_point p[] = {{at.x, at.y - d}, {at.x + d, at.y}, {at.x, at.y + d}, {at.x - d, at.y}};
        c->polygon(c, p, ARRAY_LEN(p), inside, 1, &edge);
    } else if (m == PLOT_SQUARE) {
        double d = r * 0.88;
        const struct plot_point p[] = {
            {at.x - d, at.y - d}, {at.x + d, at.y - d}, {at.x + d, at.y + d}, {at.x - d, at.y + d}};
        c->polygon(c, p, ARRAY_LEN(p), inside, 1, &edge);
    } else if (m == PLOT_TRIANGLE) {
        double d = r * 1.1;
        const struct plot_point p[] = {{at.x, at.y - d}, {at.x + d, at.y + d * 0.85}, {at.x - d, at.y + d * 0.85}};
        c->polygon(c, p, ARRAY_LEN(p), inside, 1, &edge);
    } else if (m == PLOT_CROSS) {
        double d = r * 0.85;
        struct plot_pen pen = {colour, 1, letter * 0.2, PLOT_SOLID};
        const struct plot_point p[] = {{at.x - d, at.y - d}, {at.x + d, at.y + d}};
        const struct plot_point q[] = {{at.x - d, at.y + d}, {at.x + d, at.y - d}};
        c->lines(c, p, 2, &pen);
        c->lines(c, q, 2, &pen);
    }
}

double plot_marker_radius(const struct plot_panel *p, const struct plot_series *s, double letter)
{
    size_t before = 0;
    for (const struct plot_series *k = p->series; k < s; k++)
        before += k->marker != PLOT_NO_MARKER;
    return letter * MAX(0.54 - 0.07 * (double)before, 0.3);
}

void plot_legend_make(struct plot_canvas *c, struct plot_legend_room *l, const struct plot_panel *p, double letter,
                      double width, bool beside)
{
    double at = 0;
    memset(l, 0, sizeof *l);
    l->fits_beside = true;
    if (p->legend == PLOT_LEGEND_NONE)
        return;
    for (size_t i = 0; i < p->n_series + p->n_rules; i++) {
        const struct plot_series *s = i < p->n_series ? &p->series[i] : NULL;
        const struct plot_rule *r = s ? NULL : &p->rule[i - p->n_series];
        const char *text = s ? s->label : r->label;
        if (!text)
            continue;
        struct plot_entry *v = &l->v[l->n++];
        *v = (struct plot_entry){s, r, "", 0, 0};
        plot_clean(v->text, sizeof v->text, text);
        v->width = letter * (SAMPLE + SAMPLE_GAP) + c->text_width(c, v->text, PLOT_SANS, letter * 0.95);
        double gap = at > 0 ? letter * ENTRY_GAP : 0;
        if (at > 0 && at + gap + v->width > width) {
            l->rows++;
            at = gap = 0;
        }
        v->row = l->rows;
        at += gap + v->width;
        l->row_width[l->rows] = at;
    }
    l->rows += l->n > 0;
    l->title = p->title ? c->text_width(c, p->title, PLOT_BOLD, letter * TITLE) : 0;
    l->fits_beside = l->rows == 0 || (l->rows == 1 && l->title + letter * 3 + l->row_width[0] < width * 0.9);
    if (beside && l->fits_beside)
        l->rows = 0;
}

static void draw_entry(struct plot_canvas *c, const struct plot_panel *p, const struct plot_entry *v, double letter,
                       double x, double y)
{
    const struct plot_point sample[] = {{x, y}, {x + letter * SAMPLE, y}}, middle = {x + letter * SAMPLE / 2, y};
    struct plot_pen pen = {v->series ? v->series->colour : v->rule->colour, 1, letter * PLOT_LINE_WIDTH,
                           v->series ? v->series->line : v->rule->line};
    struct plot_text t = {
        v->text, x + letter * (SAMPLE + SAMPLE_GAP), y + letter * 0.33, letter * 0.95, PLOT_SANS, PLOT_START, false,
        PLOT_INK};
    if (pen.line != PLOT_NO_LINE)
        c->lines(c, sample, 2, &pen);
    if (v->series)
        plot_marker(c, v->series->marker, middle, plot_marker_radius(p, v->series, letter), v->series->colour, false,
                    letter);
    c->text(c, &t);
}

void plot_legend_draw(struct plot_canvas *c, const struct plot_panel *p, const struct plot_legend_room *l,
                      double letter, struct plot_box frame, struct plot_box cell)
{
    double x = 0, top = cell.y + letter * 1.2, right = cell.x + cell.w;
    struct plot_text t = {p->title, frame.x, top, letter * TITLE, PLOT_BOLD, PLOT_START, false, PLOT_INK};
    if (p->title)
        plot_put(c, t, right - frame.x);
    for (size_t i = 0; i < l->n; i++) {
        const struct plot_entry *v = &l->v[i];
        double w = l->row_width[v->row], y = top - letter * 0.35;
        if (l->rows > 0)
            y = cell.y + letter * (PLOT_TITLE_ROOM + PLOT_LEGEND_ROOM * v->row + 0.5);
        if (i == 0 || v->row != v[-1].row) { /* in the frame's middle, as far as there is room */
            x = MIN(frame.x + frame.w / 2 - w / 2, right - w);
            x = MAX(x, l->rows == 0 ? MIN(frame.x + l->title + letter * 2, right - w) : cell.x);
        }
        draw_entry(c, p, v, letter, x, y);
        x += v->width + letter * ENTRY_GAP;
    }
}
