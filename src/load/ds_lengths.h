/* ds_lengths.h - which entries of a dataset to keep, by how long they are: "input:4..1024,output:4..,total:..2048".
 * Lengths are those that the dataset gives in tokens, and otherwise words of the text: dataset_end() is the one place
 * that measures, so that a tokenizer can take over there. What an entry does not say (an answer's length) is not
 * judged. */
#ifndef WEIR_LOAD_DS_LENGTHS_H
#define WEIR_LOAD_DS_LENGTHS_H

#include "base/err.h"
#include "base/str.h"

enum ds_length { DS_INPUT, DS_OUTPUT, DS_TOTAL, DS_LENGTHS };

struct ds_lengths {
    uint64_t min[DS_LENGTHS], max[DS_LENGTHS]; /* both inclusive */
};

/* NULL and "none" keep everything. 0, or -1 + e (ERR_USAGE). */
int ds_lengths_parse(struct ds_lengths *l, const char *text, struct err *e);
bool ds_lengths_keep(const struct ds_lengths *l, uint64_t input, int64_t output); /* output -1: not known */

#endif
