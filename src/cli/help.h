/* help.h - help from the command and option tables, wrapped to a width. Thread-safe. */
#ifndef WEIR_CLI_HELP_H
#define WEIR_CLI_HELP_H

#include "cli/cmd.h"
#include "cli/help_table.h"

void help_short(FILE *out); /* a few lines, for a bare `weir` */
void help_overview(FILE *out, unsigned width);
void help_command(FILE *out, const struct cmd *c, unsigned width);

#endif
