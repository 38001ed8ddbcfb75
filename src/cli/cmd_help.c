/* cmd_help.c - `weir help [COMMAND]` and `weir --help`. */
#include "cli/cmd.h"
#include "cli/help.h"

static int run(int argc, const char *const *argv)
{
    if (argc < 2) {
        help_overview(stdout, help_width(1));
        return 0;
    }
    struct err e = {0};
    const struct cmd *c = cli_find(argv[1]);
    if (c && argc == 2) {
        help_command(stdout, c, help_width(1));
        return 0;
    }
    const char *near = cli_nearest(argv[1]);
    if (argc > 2)
        err_set(&e, ERR_USAGE, "one command at a time: weir help COMMAND");
    else if (near)
        err_set(&e, ERR_USAGE, "unknown command '%.200s'; did you mean %s?", argv[1], near);
    else
        err_set(&e, ERR_USAGE, "unknown command '%.200s' (see weir --help)", argv[1]);
    return cli_fail("help", &e);
}

const struct cmd cmd_help = {
    .name = "help",
    .args = "[COMMAND]",
    .summary = "explain a command",
    .prose = "Explains a command and its options; without a command, says which there are.",
    .examples = "weir help run",
    .run = run,
};
