/* cli.c - the array of commands, and the way into them. */
#include <signal.h>

#include "base/log.h"
#include "cli/cmd.h"
#include "cli/complete.h"
#include "cli/help.h"
#include "cli/man.h"
#include "cli/opt.h"
#include "compat/compat.h"

static const struct cmd *const commands[] = {&cmd_run,     &cmd_report,   &cmd_sim,     &cmd_calibrate,
                                             &cmd_dataset, &cmd_tokenize, &cmd_gateway, &cmd_as,
                                             &cmd_help,    &cmd_version,  NULL};

const struct cmd *const *cli_commands(void)
{
    return commands;
}

const struct cmd *cli_find(const char *name)
{
    for (size_t i = 0; commands[i]; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    return NULL;
}

const char *cli_nearest(const char *name)
{
    const char *names[ARRAY_LEN(commands)] = {0};
    for (size_t i = 0; commands[i]; i++)
        names[i] = commands[i]->name;
    return opt_nearest(str_of(name), names);
}

int cli_fail(const char *command, const struct err *e)
{
    fflush(stdout); /* what was said before stands before */
    fprintf(stderr, "weir%s%s: %s\n", command ? " " : "", command ? command : "", e->text);
    return e->code == ERR_USAGE || e->code == ERR_DATA ? 2 : 1;
}

static int unknown_command(const char *word)
{
    struct err e = {0};
    const char *near = cli_nearest(word);
    if (word[0] == '-')
        err_set(&e, ERR_USAGE, "unknown option %.200s; options stand behind a command (see weir --help)", word);
    else if (strstr(word, "://"))
        err_set(&e, ERR_USAGE, "'%.200s' is not a command; did you mean weir run %.200s?", word, word);
    else if (near)
        err_set(&e, ERR_USAGE, "unknown command '%.200s'; did you mean %s? (see weir --help)", word, near);
    else
        err_set(&e, ERR_USAGE, "unknown command '%.200s' (see weir --help)", word);
    return cli_fail(NULL, &e);
}

static int dispatch(int argc, const char *const *argv)
{
    const struct compat_program *other = argc > 0 ? compat_find(argv[0]) : NULL; /* a link with its name */
    if (other)
        return other->run(argc, argv);
    if (argc < 2) {
        help_short(stderr);
        return 2;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return cmd_help.run(1, argv + 1);
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
        return cmd_version.run(1, argv + 1);
    if (strcmp(word, "__man") == 0)
        return man_main(argc - 1, argv + 1);
    if (strcmp(word, "__complete") == 0)
        return complete_main(argc - 1, argv + 1);
    const struct cmd *c = cli_find(word);
    if (!c)
        return unknown_command(word);
    if (opt_wants_help(c->options, c->foreign ? MIN(argc - 1, 2) : argc - 1, argv + 1)) {
        help_command(stdout, c, help_width(1));
        return 0;
    }
    return c->run(argc - 1, argv + 1);
}

int cli_main(int argc, const char *const *argv)
{
    signal(SIGXFSZ, SIG_IGN); /* a file at its limit is an error of that write, not the end of the program */
    int rc = dispatch(argc, argv);
    /* A result that did not arrive (full disk, closed pipe) must not look like one that did. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "weir: cannot write to standard output\n");
        return rc ? rc : 1;
    }
    return rc;
}
