/* help_table.h - the help of one option table, wrapped to a width; of commands (help.h) and of other programs' command
 * lines (src/compat). Thread-safe. */
#ifndef WEIR_CLI_HELP_TABLE_H
#define WEIR_CLI_HELP_TABLE_H

#include <stdio.h>

#include "base/buf.h"
#include "cli/opt.h"

unsigned help_width(int fd); /* columns of the terminal behind fd, 80 where there is none; 40..120 */
/* Words of one paragraph from column `at` on, which is where the cursor stands; further lines are indented to it. */
void help_wrap(FILE *out, struct str text, unsigned at, unsigned width);
/* An option's whole text: its help, choices, other names and default. Also for the man page. */
void help_option_text(struct buf *b, const struct opt *o);
/* All options by their categories, and --help. */
void help_table(FILE *out, const struct opt_table *t, unsigned width);

#endif
