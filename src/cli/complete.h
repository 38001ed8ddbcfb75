/* complete.h - `weir __complete SHELL`: completions for bash, zsh and fish from the tables, for the build and the
 * tests. */
#ifndef WEIR_CLI_COMPLETE_H
#define WEIR_CLI_COMPLETE_H

int complete_main(int argc, const char *const *argv); /* argv[0] = "__complete"; the exit code */

#endif
