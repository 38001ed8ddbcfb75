/* compat.h - other programs' command lines and outputs: `weir as NAME ARGUMENTS`.
 * A program turns its arguments into the words of an ordinary `weir run` (compat_words.h), has it run
 * (compat_run.h), and writes its own outputs from the ordinary summary and the requests' rows. It measures nothing
 * itself. There are 4 things to do to add one:
 *  1. write src/compat/NAME.c with one `const struct compat_program compat_NAME`;
 *  2. declare it here and add it to the array in compat.c;
 *  3. list the file in src/compat/meson.build;
 *  4. add tests/seeds/test_NAME_*.py, and its commands and corrected figures to docs/SEED-PROGRAMS.md. */
#ifndef WEIR_COMPAT_COMPAT_H
#define WEIR_COMPAT_COMPAT_H

#include <stdio.h>

#include "base/err.h"

struct compat_program {
    const char *name;    /* "awscurl"; a link of that name to weir runs it too */
    const char *aliases; /* further names, separated by a space, or NULL */
    const char *summary; /* one line */
    /* argv[0] is the name it was called by. Its exit code: 0; 1 when nothing succeeded or the run broke; 2 for its
     * arguments and files; 130 interrupted. What weir thinks of its own measurement is told, and is no exit code. */
    int (*run)(int argc, const char *const *argv);
};

extern const struct compat_program compat_analyze_results, compat_async_benchmarking, compat_aws_benchmark,
    compat_aws_streaming_bench, compat_awscurl, compat_benchmark, compat_benchmark_serving;

/* What most of them do: --help, the words into `settings` (zeroed before), `go`, and an error as one line. */
struct opt_table;
struct opt_seen;
struct compat_command {
    const char *name; /* for the error */
    const struct opt_table *table;
    char *(*env)(const char *name); /* of the table's variables, as opt_env_fn; NULL: none */
    void (*help)(void);             /* to standard output */
    /* 0 or the exit code, or -1 + e */
    int (*go)(void *settings, const struct opt_seen *seen, struct err *e);
};
int compat_go(const struct compat_command *c, void *settings, int argc, const char *const *argv);

const struct compat_program *const *compat_programs(void);  /* NULL-ended */
const struct compat_program *compat_find(const char *name); /* also by alias or by a path that ends so; or NULL */
const char *compat_nearest(const char *name);               /* the one that was perhaps meant, or NULL */
void compat_list(FILE *out);                                /* names and what they are, a line each */
int compat_fail(const char *program, const struct err *e);  /* one line on stderr; the exit code of its kind */

#endif
