/* table_parts.h - what stands below the table's rows. Private to the table. */
#ifndef WEIR_REPORT_TABLE_PARTS_H
#define WEIR_REPORT_TABLE_PARTS_H

#include "analysis/summary.h"
#include "report/grid.h"

struct legend { /* marks that were used, to be explained */
    bool at_least, small, open;
};

char *level_target(char out[GRID_CELL], const struct sum_level *l); /* "20/s" or "8" */
void table_legend(struct buf *out, const struct legend *l, const struct paint *p, int width);
void table_level(struct buf *out, const struct summary *s, const struct sum_level *l, const struct paint *p, int width);
void table_notes(struct buf *out, const struct summary *s, const struct paint *p, int width);

#endif
