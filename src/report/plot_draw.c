/* plot_draw.c - a figure on a canvas: where its panels stand, its titles, and panels of text. */
#include <math.h>

#include "base/xalloc.h"
#include "report/plot_canvas.h"

/* Characters: between two columns of text, and of a line that is not cut. */
#define TEXT_GAP 4
#define TEXT_LINE ((size_t)72)

size_t plot_dashes(enum plot_line line, double width, double out[2])
{
    if (line != PLOT_DASHED && line != PLOT_DOTTED)
        return 0;
    out[0] = width * (line == PLOT_DASHED ? 4 : 1.2);
    out[1] = width * (line == PLOT_DASHED ? 2.2 : 1.8);
    return 2;
}

/* Length of the character of UTF-8 at z (0-ended), 0: there is none. */
static size_t character(const unsigned char *z)
{
    size_t n = z[0] < 0x80                   ? 1
               : z[0] >= 0xC2 && z[0] < 0xE0 ? 2
               : (z[0] & 0xF0) == 0xE0       ? 3
               : z[0] >= 0xF0 && z[0] < 0xF5 ? 4
                                             : 0;
    for (size_t i = 1; i < n; i++)
        if ((z[i] & 0xC0) != 0x80)
            return 0;
    if ((z[0] == 0xE0 && z[1] < 0xA0) || (z[0] == 0xED && z[1] > 0x9F) || (z[0] == 0xF0 && z[1] < 0x90) ||
        (z[0] == 0xF4 && z[1] > 0x8F))
        return 0;
    return n;
}

char *plot_clean(char *out, size_t size, const char *z)
{
    size_t at = 0;
    while (*z) {
        size_t n = character((const unsigned char *)z);
        if (at + MAX(n, 1u) >= size)
            break;
        if (n == 1 && ((unsigned char)*z < 0x20 || *z == 0x7F))
            out[at++] = ' ';
        else if (n == 2 && (unsigned char)z[0] == 0xC2 && (unsigned char)z[1] < 0xA0) /* C1 controls */
            out[at++] = ' ';
        else if (n)
            memcpy(out + at, z, n), at += n;
        else
            out[at++] = '?';
        z += MAX(n, 1u);
    }
    out[at] = 0;
    return out;
}

void plot_put(struct plot_canvas *c, struct plot_text t, double max)
{
    char clean[1024];
    t.z = plot_clean(clean, sizeof clean, t.z);
    double w = c->text_width(c, t.z, t.face, t.size);
    if (w > max) {
        t.size *= MAX(max / w, 0.8);
        w = c->text_width(c, t.z, t.face, t.size);
    }
    while (w > max && strlen(clean) > 4) {
        size_t n = strlen(clean) - 3; /* a character less, and the dots that stand there already */
        while (n > 0 && ((unsigned char)clean[n] & 0xC0) == 0x80)
            n--;
        if (n > 0)
            n--;
        while (n > 0 && ((unsigned char)clean[n] & 0xC0) == 0x80)
            n--;
        snprintf(clean + n, sizeof clean - n, "…");
        w = c->text_width(c, clean, t.face, t.size);
    }
    c->text(c, &t);
}

struct text_lines {
    size_t n;
    struct str v[PLOT_TEXT_LINES_MAX];
};

static void split(struct text_lines *l, const char *text)
{
    struct str_split it = {str_of(text), '\n', false};
    struct str part;
    *l = (struct text_lines){0};
    while (l->n < PLOT_TEXT_LINES_MAX && str_next(&it, &part)) {
        l->v[l->n++] = part;
    }
    while (l->n && l->v[l->n - 1].n == 0)
        l->n--;
}

/* How many columns of at most `high` lines the text takes; a part (up to an empty line) is not torn where it fits in a
 * column. first[k]: where column k begins. */
static size_t columns(const struct text_lines *l, size_t high, size_t first[PLOT_TEXT_COLUMNS + 1])
{
    size_t n = 0, at = 0;
    while (at < l->n && n < PLOT_TEXT_COLUMNS) {
        size_t end = MIN(at + high, l->n), cut = end;
        first[n++] = at;
        while (end < l->n && cut > at && l->v[cut].n != 0)
            cut--;
        at = cut > at ? cut : end;
        while (at < l->n && l->v[at].n == 0)
            at++;
    }
    first[n] = at;
    return at < l->n ? PLOT_TEXT_COLUMNS + 1 : n;
}

struct text_fit {
    double size;
    size_t cols, first[PLOT_TEXT_COLUMNS + 1];
    size_t chars[PLOT_TEXT_COLUMNS]; /* of a column's longest line */
};

/* The largest letters with which all lines find room, in as many columns as that takes. one: the width of a character
 * in letters. */
static struct text_fit fit(const struct text_lines *l, double one, double w, double h, double most)
{
    struct text_fit best = {0};
    for (size_t high = 1; high <= l->n; high++) {
        struct text_fit t = {0};
        size_t chars = 0;
        t.cols = columns(l, high, t.first);
        if (t.cols > PLOT_TEXT_COLUMNS)
            continue;
        for (size_t k = 0; k < t.cols; k++) {
            for (size_t i = t.first[k]; i < t.first[k + 1]; i++)
                t.chars[k] = MAX(t.chars[k], MIN(l->v[i].n, TEXT_LINE));
            chars += t.chars[k] + (k ? TEXT_GAP : 0);
        }
        t.size = MIN(most, MIN(w / ((double)MAX(chars, 1u) * one), h / ((double)high * PLOT_TEXT_LEADING)));
        if (t.size > best.size + 1e-9 || (t.size > best.size - 1e-9 && t.cols < best.cols))
            best = t;
    }
    return best;
}

void plot_text_panel(struct plot_canvas *c, const struct plot_panel *p, double letter, struct plot_box cell)
{
    struct text_lines *l = xcalloc(1, sizeof *l);
    struct plot_text title = {
        p->title ? p->title : "", cell.x, cell.y + letter * 1.2, letter * 1.2, PLOT_BOLD, PLOT_START, false, PLOT_INK};
    struct plot_pen edge = {PLOT_GRID, 0.8, letter * 0.07, PLOT_SOLID};
    double pad = letter, top = p->title ? letter * 1.9 : 0;
    struct plot_box b = {cell.x, cell.y + top, cell.w, cell.h - top};
    const struct plot_point corners[] = {{b.x, b.y}, {b.x + b.w, b.y}, {b.x + b.w, b.y + b.h}, {b.x, b.y + b.h}};
    char line[512];
    plot_put(c, title, cell.w);
    c->polygon(c, corners, ARRAY_LEN(corners), p->ground, 0.5, &edge);
    split(l, p->text);
    double one = c->text_width(c, "0", PLOT_MONO, 100) / 100, least = letter * 0.7;
    struct text_fit t = fit(l, one, b.w - 2 * pad, b.h - 2 * pad, letter * 1.25);
    while (t.size < least && l->n > 1) { /* the end is left out rather than that nothing can be read */
        l->v[--l->n - 1] = STR("…");
        t = fit(l, one, b.w - 2 * pad, b.h - 2 * pad, letter * 1.25);
    }
    t.size = MAX(t.size, least);
    double x = b.x + pad;
    for (size_t k = 0; k < t.cols; k++) {
        for (size_t i = t.first[k]; i < t.first[k + 1]; i++) {
            size_t n = l->v[i].n > TEXT_LINE ? TEXT_LINE - 1 : l->v[i].n;
            while (n > 0 && n < l->v[i].n && ((unsigned char)l->v[i].p[n] & 0xC0) == 0x80)
                n--;
            snprintf(line, sizeof line, "%.*s%s", (int)n, l->v[i].p, n < l->v[i].n ? "…" : "");
            struct plot_text s = {line, x, b.y + pad, t.size, PLOT_MONO, PLOT_START, false, PLOT_INK};
            s.y += t.size * (0.95 + PLOT_TEXT_LEADING * (double)(i - t.first[k]));
            if (l->v[i].n && line[0] != ' ' && l->v[i].p[l->v[i].n - 1] == ':')
                s.face = PLOT_MONO_BOLD;
            if (l->v[i].n)
                plot_put(c, s, b.x + b.w - pad - x);
        }
        x += (double)(t.chars[k] + TEXT_GAP) * one * t.size;
    }
    free(l);
}

struct layout {
    struct plot_box area;
    double gap_x, gap_y, cell_w, cell_h;
};

static struct plot_box cell_of(const struct layout *g, const struct plot_panel *p, unsigned row, unsigned col)
{
    unsigned rows = MAX(p->rows, 1u), cols = MAX(p->cols, 1u);
    return (struct plot_box){g->area.x + col * (g->cell_w + g->gap_x), g->area.y + row * (g->cell_h + g->gap_y),
                             g->cell_w * cols + g->gap_x * (cols - 1), g->cell_h * rows + g->gap_y * (rows - 1)};
}

struct rooms {
    struct plot_room column[PLOT_CELLS_MAX], line[PLOT_CELLS_MAX];
};

/* Frames in one row begin and end at the same height, those in one column at the same sides. False: not every legend
 * fits beside its title. */
static bool measure(struct plot_canvas *c, const struct plot_figure *f, const struct layout *g, bool beside,
                    struct rooms *rooms)
{
    bool fits = true;
    memset(rooms, 0, sizeof *rooms);
    for (unsigned k = 0; k < f->rows * f->cols; k++) {
        struct plot_room r, *col = &rooms->column[k % f->cols], *row = &rooms->line[k / f->cols];
        if (!f->panel[k].used || f->panel[k].text)
            continue;
        plot_panel_room(c, &f->panel[k], f->letter, cell_of(g, &f->panel[k], k / f->cols, k % f->cols), beside, &r);
        col->left = MAX(col->left, r.left);
        col->right = MAX(col->right, r.right);
        row->top = MAX(row->top, r.top);
        row->bottom = MAX(row->bottom, r.bottom);
        fits &= r.fits_beside;
    }
    return fits;
}

static void draw_panels(struct plot_canvas *c, const struct plot_figure *f, const struct layout *g)
{
    struct rooms rooms;
    bool beside = measure(c, f, g, true, &rooms);
    if (!beside)
        measure(c, f, g, false, &rooms);
    for (unsigned k = 0; k < f->rows * f->cols; k++) {
        const struct plot_panel *p = &f->panel[k];
        const struct plot_room *col = &rooms.column[k % f->cols], *row = &rooms.line[k / f->cols];
        struct plot_box cell = cell_of(g, p, k / f->cols, k % f->cols);
        struct plot_box frame = {cell.x + col->left, cell.y + row->top, cell.w - col->left - col->right,
                                 cell.h - row->top - row->bottom};
        if (p->used && p->text)
            plot_text_panel(c, p, f->letter, cell);
        else if (p->used)
            plot_panel_draw(c, p, f->letter, frame, cell, beside);
    }
}

void plot_draw(struct plot_canvas *c, const struct plot_figure *f)
{
    double margin = f->letter * 1.2, y = margin, wide = f->width - 2 * margin;
    if (f->title) {
        struct plot_text t = {f->title, f->width / 2, y + f->letter * 1.3, f->letter * 1.6, PLOT_BOLD, PLOT_MIDDLE,
                              false,    PLOT_INK};
        plot_put(c, t, wide);
        y += f->letter * 2.2;
    }
    if (f->subtitle) {
        struct plot_text t = {f->subtitle, f->width / 2, y + f->letter * 0.75, f->letter, PLOT_SANS, PLOT_MIDDLE,
                              false,       PLOT_GREY};
        plot_put(c, t, wide);
        y += f->letter * 1.7;
    }
    double bottom = margin;
    if (f->footnote) {
        struct plot_text t = {f->footnote,     f->width / 2, f->height - margin * 0.8,
                              f->letter * 0.9, PLOT_SANS,    PLOT_MIDDLE,
                              false,           PLOT_GREY};
        plot_put(c, t, wide);
        bottom += f->letter * 1.4;
    }
    struct layout g = {.area = {margin, y + f->letter * 0.4, wide, f->height - y - f->letter * 0.4 - bottom}};
    g.gap_x = f->letter * 2.2;
    g.gap_y = f->letter * 1.1;
    g.cell_w = (g.area.w - g.gap_x * (f->cols - 1)) / f->cols;
    g.cell_h = (g.area.h - g.gap_y * (f->rows - 1)) / f->rows;
    draw_panels(c, f, &g);
}
