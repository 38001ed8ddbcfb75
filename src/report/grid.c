#include "report/grid.h"

#include "base/xalloc.h"

#define GAP 2       /* between columns */
#define GROUP_GAP 3 /* between groups */

struct paint paint_of(bool colour)
{
    if (!colour)
        return (struct paint){"", "", "", "", "", ""};
    return (struct paint){"\033[1m", "\033[2m", "\033[31m", "\033[33m", "\033[32m", "\033[0m"};
}

size_t text_width(const char *z)
{
    size_t n = 0;
    for (; *z; z++)
        n += ((unsigned char)*z & 0xc0) != 0x80;
    return n;
}

void grid_init(struct grid *g, size_t n_rows)
{
    memset(g, 0, sizeof *g);
    g->n_rows = n_rows;
}

void grid_free(struct grid *g)
{
    for (size_t i = 0; i < g->n_cols; i++)
        free(g->col[i].cell);
    g->n_cols = g->n_groups = 0;
}

void grid_group(struct grid *g, const char *title)
{
    if (g->n_groups == GRID_COLS_MAX)
        return;
    struct grid_group *x = &g->group[g->n_groups++];
    *x = (struct grid_group){.first = g->n_cols};
    snprintf(x->title, sizeof x->title, "%s", title);
}

char (*grid_col(struct grid *g, const char *title))[GRID_CELL]
{
    if (g->n_cols == GRID_COLS_MAX || g->n_groups == 0)
        return NULL;
    struct grid_col *c = &g->col[g->n_cols++];
    snprintf(c->title, sizeof c->title, "%s", title);
    c->cell = xcalloc(MAX(g->n_rows, 1), GRID_CELL);
    g->group[g->n_groups - 1].n++;
    return c->cell;
}

static void spaces(struct buf *out, int n)
{
    for (; n > 0; n--)
        buf_addc(out, ' ');
}

static void rule(struct buf *out, int n)
{
    for (; n > 0; n--)
        buf_addz(out, "─");
}

static void right(struct buf *out, const char *z, int width)
{
    spaces(out, width - (int)text_width(z));
    buf_addz(out, z);
}

static int group_width(const struct grid *g, size_t k)
{
    int w = 0;
    for (size_t i = 0; i < g->group[k].n; i++)
        w += g->col[g->group[k].first + i].width + (i ? GAP : 0);
    return w;
}

static void measure_columns(struct grid *g)
{
    for (size_t i = 0; i < g->n_cols; i++) {
        struct grid_col *c = &g->col[i];
        c->width = (int)text_width(c->title);
        for (size_t r = 0; r < g->n_rows; r++)
            c->width = MAX(c->width, (int)text_width(c->cell[r]));
    }
    for (size_t k = 0; k < g->n_groups; k++) { /* the heading must fit over its columns */
        int lack = (int)text_width(g->group[k].title) - group_width(g, k);
        if (lack > 0 && g->group[k].n)
            g->col[g->group[k].first].width += lack;
    }
}

/* One line of a stack: groups 0 (which row) and from..to-1. */
static void line(struct buf *out, const struct grid *g, size_t from, size_t to, ptrdiff_t row)
{
    buf_addc(out, ' ');
    for (size_t k = 0; k < to; k = k == 0 ? from : k + 1) {
        const struct grid_group *x = &g->group[k];
        if (k)
            spaces(out, GROUP_GAP);
        for (size_t i = 0; i < x->n; i++) {
            const struct grid_col *c = &g->col[x->first + i];
            spaces(out, i ? GAP : 0);
            right(out, row < 0 ? c->title : c->cell[row], c->width);
        }
    }
    buf_addc(out, '\n');
}

static void stack(struct buf *out, const struct grid *g, size_t from, size_t to, const struct paint *p)
{
    buf_addz(out, p->bold);
    buf_addc(out, ' ');
    for (size_t k = 0; k < to; k = k == 0 ? from : k + 1) {
        int w = group_width(g, k), t = (int)text_width(g->group[k].title);
        spaces(out, k ? GROUP_GAP : 0);
        spaces(out, (w - t) / 2);
        buf_addz(out, g->group[k].title);
        spaces(out, w - t - (w - t) / 2);
    }
    while (out->n && out->p[out->n - 1] == ' ')
        out->p[--out->n] = 0;
    buf_addz(out, p->off);
    buf_addc(out, '\n');
    line(out, g, from, to, -1);
    buf_addz(out, p->dim);
    buf_addc(out, ' ');
    for (size_t k = 0; k < to; k = k == 0 ? from : k + 1) {
        spaces(out, k ? GROUP_GAP : 0);
        rule(out, group_width(g, k));
    }
    buf_addz(out, p->off);
    buf_addc(out, '\n');
    for (size_t r = 0; r < g->n_rows; r++)
        line(out, g, from, to, (ptrdiff_t)r);
}

void grid_print(struct buf *out, struct grid *g, int width, bool colour)
{
    struct paint p = paint_of(colour);
    measure_columns(g);
    for (size_t from = 1; from < g->n_groups;) {
        int w = 1 + group_width(g, 0);
        size_t to = from;
        while (to < g->n_groups && (to == from || w + GROUP_GAP + group_width(g, to) <= width)) {
            w += GROUP_GAP + group_width(g, to);
            to++;
        }
        if (from > 1)
            buf_addc(out, '\n');
        stack(out, g, from, to, &p);
        from = to;
    }
}

void text_wrap(struct buf *out, const char *first, const char *text, int width)
{
    int indent = (int)text_width(first), at = indent;
    bool fresh = true;
    buf_addz(out, first);
    while (*text) {
        while (*text == ' ')
            text++;
        size_t n = 0;
        int w = 0;
        for (; text[n] && text[n] != ' '; n++)
            w += ((unsigned char)text[n] & 0xc0) != 0x80;
        if (n == 0)
            break;
        if (!fresh && at + 1 + w > width) {
            buf_addc(out, '\n');
            spaces(out, indent);
            at = indent;
            fresh = true;
        }
        if (!fresh)
            buf_addc(out, ' ');
        buf_add(out, text, n);
        at += w + !fresh;
        fresh = false;
        text += n;
    }
    buf_addc(out, '\n');
}
