/* table_parts.h - cells of the table, and what stands below its rows. Private to the table. */
#ifndef WEIR_REPORT_TABLE_PARTS_H
#define WEIR_REPORT_TABLE_PARTS_H

#include "analysis/summary.h"
#include "report/grid.h"

struct legend { /* marks that were used, to be explained */
    bool at_least, small, open;
};

/* One unit for a whole group of columns, so that rows can be compared at a glance. */
struct unit {
    const char *name;
    double size;
    int decimals;
};
struct unit unit_for(double max_ns);
struct unit unit_plain(double max);                                                 /* of numbers that bear none */
void cell_number(char cell[GRID_CELL], double v, int decimals, const char *suffix); /* "-" where there is none */
int cell_decimals(double v);
void cell_percent(char cell[GRID_CELL], double share);
/* marks: a lower bound only; few requests */
void cell_quantile(char cell[GRID_CELL], double v, struct unit u, const bool marks[2], struct legend *legend);

char *level_target(char out[GRID_CELL], const struct sum_level *l); /* "20/s" or "8" */
char *level_cell(char out[GRID_CELL], const struct sum_level *l);   /* its name, else its target */
const char *level_heading(const struct summary *s);                 /* of a column of level_cell */
/* "20/s" or "8 in flight", with the level's name in front where it has one. Returns out. */
char *level_title(char out[128], const struct sum_level *l);
/* A row for each endpoint of each level, where there are several. */
void table_endpoints(struct buf *out, const struct summary *s, struct legend *legend, int width, bool colour);
/* A row for each group of each level, of the kinds asked for (groups_parse). */
void table_groups(struct buf *out, const struct summary *s, unsigned kinds, struct legend *legend, int width,
                  bool colour);
/* --metrics-url: columns of the levels' grid, and lines below a level. */
void table_server_columns(struct grid *g, const struct summary *s);
void table_server_lines(struct buf *out, const struct sum_level *l, int width);
void table_legend(struct buf *out, const struct legend *l, const struct paint *p, int width);
void table_level(struct buf *out, const struct summary *s, const struct sum_level *l, const struct paint *p, int width);
/* Below a sweep: where it goes over, and what load to plan with. */
void table_saturation(struct buf *out, const struct summary *s, const struct paint *p, int width);
void table_notes(struct buf *out, const struct summary *s, const struct paint *p, int width);

#endif
