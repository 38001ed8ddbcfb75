/* ds_csv.h - the reader of CSV files with a header row, for the formats that are such files: each has its own map.
 * Columns are found by name, whatever the case; an empty cell is as none. */
#ifndef WEIR_LOAD_DS_CSV_H
#define WEIR_LOAD_DS_CSV_H

#include "load/ds_fields.h"

/* 0, or -1 + e. */
int ds_csv_load(struct dataset *ds, struct str text, const char *path, const struct ds_map *own, struct err *e);
bool ds_csv_has(struct str text, const char *const *columns, size_t n); /* all of them stand in the first line */

#endif
