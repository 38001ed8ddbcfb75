/* cmd_version.c - `weir version` and `weir --version`. */
#include "cli/cmd.h"

static int run(int argc, const char *const *argv)
{
    if (argc > 1) {
        struct err e = {0};
        err_set(&e, ERR_USAGE, "takes no arguments, but was given '%.200s'", argv[1]);
        return cli_fail("version", &e);
    }
    puts("weir " WEIR_VERSION);
    return 0;
}

const struct cmd cmd_version = {
    .name = "version",
    .args = "",
    .summary = "print the version",
    .prose = "Prints the name and the version, as weir --version does.",
    .run = run,
};
