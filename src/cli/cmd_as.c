/* cmd_as.c - `weir as NAME ARGUMENTS`: other programs' command lines, each in src/compat. */
#include "cli/cmd.h"
#include "compat/compat.h"

static int run(int argc, const char *const *argv)
{
    struct err e = {0};
    if (argc < 2) {
        puts("weir as NAME ARGUMENTS runs another program's command line; NAME is one of:\n");
        compat_list(stdout);
        puts("\nweir as NAME --help tells its options. A link to weir with the program's name does the same.");
        return 0;
    }
    const struct compat_program *p = compat_find(argv[1]);
    if (p)
        return p->run(argc - 1, argv + 1);
    const char *near = compat_nearest(argv[1]);
    if (near)
        err_set(&e, ERR_USAGE, "unknown program '%.200s'; did you mean %s? (weir as lists them)", argv[1], near);
    else
        err_set(&e, ERR_USAGE, "unknown program '%.200s' (weir as lists them)", argv[1]);
    return cli_fail("as", &e);
}

const struct cmd cmd_as = {
    .name = "as",
    .args = "[NAME [arguments of NAME]]",
    .summary = "run the command line of another benchmark",
    .prose = "Does what another program does, with its command line and its outputs, by weir's own engine: the "
             "figures have the documented names, and are right. Without a name it lists the programs; "
             "`weir as NAME --help` tells the options of one. A symbolic link to weir with a program's name runs that "
             "program. docs/SEED-PROGRAMS.md says what each does otherwise than the original, and why.",
    .examples = "weir as",
    .foreign = true,
    .run = run,
};
