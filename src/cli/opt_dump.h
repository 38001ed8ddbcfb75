/* opt_dump.h - what was given, as data: the "options" of metadata.json, and its way back for --replay. Cold. */
#ifndef WEIR_CLI_OPT_DUMP_H
#define WEIR_CLI_OPT_DUMP_H

#include "base/jdoc.h"
#include "base/jout.h"
#include "cli/opt.h"

/* An object of the options that differ from their defaults by long name; every value is text that opt_set reads back,
 * lists are arrays. Options marked secret are left out, and so are the names in `without` (NULL-ended). */
void opt_dump(struct jout *j, const struct opt_table *t, const void *config, const struct opt_seen *seen,
              const char *const *without);

/* Set what such an object holds, as from a file. The document must outlive the settings. Unknown names are errors. */
int opt_load(const struct opt_table *t, void *config, struct opt_seen *seen, jnode *options, struct err *e);

#endif
