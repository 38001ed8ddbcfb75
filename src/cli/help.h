/* help.h - help from the command and option tables, wrapped to a width. Thread-safe. */
#ifndef WEIR_CLI_HELP_H
#define WEIR_CLI_HELP_H

#include "base/buf.h"
#include "cli/cmd.h"
#include "cli/opt.h"

unsigned help_width(int fd); /* columns of the terminal behind fd, 80 where there is none; 40..120 */
void help_short(FILE *out);  /* a few lines, for a bare `weir` */
void help_overview(FILE *out, unsigned width);
void help_command(FILE *out, const struct cmd *c, unsigned width);

/* An option's whole text: its help, choices, other names and default. Also for the man page. */
void help_option_text(struct buf *b, const struct opt *o);

#endif
