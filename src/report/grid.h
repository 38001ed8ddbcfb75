/* grid.h - columns of text with a heading over groups of them, stacked where they do not fit side by side: the first
 * column (which row this is) then stands again. Widths count characters of UTF-8, not bytes; colours are kept out of
 * the cells. Private to the table. Not thread-safe. */
#ifndef WEIR_REPORT_GRID_H
#define WEIR_REPORT_GRID_H

#include "base/buf.h"

#define GRID_CELL 48
#define GRID_COLS_MAX 96

struct grid_col {
    char title[GRID_CELL];
    char (*cell)[GRID_CELL]; /* n_rows */
    int width;
};
struct grid_group {
    char title[48];
    size_t first, n; /* of the columns */
};
struct grid {
    size_t n_rows, n_cols, n_groups;
    struct grid_col col[GRID_COLS_MAX];
    struct grid_group group[GRID_COLS_MAX];
};
void grid_init(struct grid *g, size_t n_rows);
void grid_free(struct grid *g);
void grid_group(struct grid *g, const char *title);
/* A column in the last group; its cells are "" and can be written to. NULL when there are too many. */
char (*grid_col(struct grid *g, const char *title))[GRID_CELL];
void grid_print(struct buf *out, struct grid *g, int width, bool colour);

/* Text for people, wrapped at `width`: `first` stands before the first line, every later one is indented as far. */
void text_wrap(struct buf *out, const char *first, const char *text, int width);
size_t text_width(const char *z); /* characters of UTF-8 */

/* ANSI escapes, or "" without colour. */
struct paint {
    const char *bold, *dim, *red, *yellow, *green, *off;
};
struct paint paint_of(bool colour);

#endif
