/* ds_each.h - the entries of a JSON file one by one: the elements of its one array, or one value per line. Bad entries
 * are counted or end the loading, see dataset_bad(). Cold. */
#ifndef WEIR_LOAD_DS_EACH_H
#define WEIR_LOAD_DS_EACH_H

#include "load/ds_util.h"

/* Reads the one value at s into the sample that has begun: 0, or an enum ds_rc (what s holds counts as DS_BAD_JSON). */
typedef int ds_read_fn(const struct ds_reader *r, struct js *s);

/* Each 0, or -1 + e. `what` the array should hold: "conversations". */
int ds_each_element(struct ds_reader *r, const char *what, ds_read_fn *read, struct err *e);
int ds_each_line(struct ds_reader *r, ds_read_fn *read, struct err *e);

#endif
