/* cmd_dataset.h - what the files of `weir dataset` share. To add a verb: one more file with its function, a row in
 * cmd_dataset.c, and the options that are its own in opt_dataset.c. */
#ifndef WEIR_CLI_CMD_DATASET_H
#define WEIR_CLI_CMD_DATASET_H

#include "base/buf.h"
#include "cli/opts.h"
#include "load/dataset.h"
#include "load/tokenizer.h"

enum dataset_verb { VERB_INSPECT = 1, VERB_CONVERT = 2, VERB_SAMPLE = 4, VERB_GENERATE = 8 };

/* Each 0, or -1 + e. `t`: that of --tokenizer, or NULL. `path` is the dataset's; NULL for generate. */
int dataset_inspect(const struct dataset_config *c, const struct tokenizer *t, const char *path, struct err *e);
int dataset_convert(const struct dataset_config *c, const struct tokenizer *t, const char *path, struct err *e);
int dataset_sample(const struct dataset_config *c, const struct tokenizer *t, const char *path, struct err *e);
int dataset_generate(const struct dataset_config *c, const struct tokenizer *t, const char *path, struct err *e);

struct dataset *dataset_read(const struct dataset_config *c, const struct tokenizer *t, const char *path,
                             struct err *e);

/* The entries `at[0..n)` (at NULL: the first n) in the format that --format names, or `otherwise`, to --output. Says on
 * standard error how many there are and what was lost. */
int dataset_write(const struct dataset_config *c, const struct dataset *ds, const size_t *at, size_t n,
                  const char *otherwise, struct err *e);

/* Where results go: standard output, or a file that is there as a whole or not at all. */
struct out_file {
    int fd;
    char *path, *temporary; /* NULL: standard output */
};
int out_open(struct out_file *o, const char *path, struct err *e);
int out_put(struct out_file *o, struct buf *b, struct err *e); /* empties b */
int out_close(struct out_file *o, bool good, struct err *e);   /* not good: nothing stays */

#endif
