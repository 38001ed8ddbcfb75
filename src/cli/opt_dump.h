/* opt_dump.h - what was given, as data: the "options" of metadata.json, and its way back for --replay. Cold. */
#ifndef WEIR_CLI_OPT_DUMP_H
#define WEIR_CLI_OPT_DUMP_H

#include "base/jdoc.h"
#include "base/jout.h"
#include "cli/opt.h"

/* An object of the options that differ from their defaults by long name; every value is text that opt_set reads back,
 * lists are arrays. Options and values marked secret are left out, and so are the names in `without` (NULL-ended). With
 * `level`, those alone that a level said. */
void opt_dump(struct jout *j, const struct opt_table *t, const void *config, const struct opt_seen *seen,
              const char *const *without, bool level);

/* One value as text that opt_set reads back; of a list, entry i. NULL: there is none (any more). Borrowed from the
 * settings, or in out. */
const char *opt_text(const struct opt *o, const void *config, size_t i, char out[64]);

/* Set what such an object holds, as from a stored run. The document must outlive the settings. Unknown names are
 * errors. */
int opt_load(const struct opt_table *t, void *config, struct opt_seen *seen, jnode *options, enum opt_source from,
             struct err *e);

#endif
