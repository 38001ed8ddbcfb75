/* cmd.h - the commands of weir.
 * There are 4 things to do to add a command:
 *  1. write src/cli/cmd_NAME.c with one `const struct cmd cmd_NAME` (and opt_NAME.c when its option table is long);
 *  2. declare it here and add it to the array in cli.c;
 *  3. list the files in src/cli/meson.build;
 *  4. add a golden test in tests/cli. Help, man page and completions follow from the tables; a test compares them. */
#ifndef WEIR_CLI_CMD_H
#define WEIR_CLI_CMD_H

#include "base/err.h"

struct opt_table;

struct cmd {
    const char *name;                /* "run" */
    const char *args;                /* "[URL] [options]" */
    const char *summary;             /* one line */
    const char *prose;               /* paragraphs for help and man page */
    const char *examples;            /* lines */
    const struct opt_table *options; /* NULL: none */
    bool foreign; /* its words are another program's: its own --help stands directly behind its name */
    int (*run)(int argc, const char *const *argv); /* argv[0] = the command's name; returns the exit code */
};

extern const struct cmd cmd_run, cmd_sim, cmd_report, cmd_calibrate, cmd_dataset, cmd_tokenize, cmd_gateway, cmd_as,
    cmd_help, cmd_version;

const struct cmd *const *cli_commands(void);  /* all that people see, NULL-ended */
const struct cmd *cli_find(const char *name); /* NULL: none */
const char *cli_nearest(const char *name);    /* the command that was perhaps meant, or NULL */

/* Print what is wrong as one line on stderr ("weir run: TEXT"; command NULL: "weir: TEXT") and return the exit code
 * that its kind asks for: 2 for ERR_USAGE and ERR_DATA, else 1. */
int cli_fail(const char *command, const struct err *e);

int cli_main(int argc, const char *const *argv); /* argv[0] = the program's name */

#endif
