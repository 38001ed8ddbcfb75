/* experiment_write.h - `weir report --format experiment DIR`: gathers the data of an experiment and writes its page and
 * plots. Files: docs/FORMATS.md. Cold. */
#ifndef WEIR_CLI_EXPERIMENT_WRITE_H
#define WEIR_CLI_EXPERIMENT_WRITE_H

#include "cli/opts.h"

/* 0, or -1 + e. Prints where the page is, unless c->quiet. */
int experiment_write(const struct report_config *c, const char *dir, struct err *e);

#endif
