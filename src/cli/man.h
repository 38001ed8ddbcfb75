/* man.h - `weir __man [COMMAND]`: man pages from the tables, for the build and the tests. */
#ifndef WEIR_CLI_MAN_H
#define WEIR_CLI_MAN_H

#include "base/attr.h"

int man_main(int argc, const char *const *argv); /* argv[0] = "__man"; the exit code */

/* Definitions of the figures, name and text in turn, NULL-ended; the long form is docs/METRICS.md (man_metrics.c). */
extern const char *const man_metrics[];

#endif
