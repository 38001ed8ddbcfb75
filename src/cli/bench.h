/* bench.h - a benchmark in a file: the options of `weir run` by their long names, as YAML.
 *
 * Several files are merged, the later wins. A value may use variables of the environment (${NAME}, ${NAME:-default}, $$
 * for a dollar), anchors and merge keys. `levels:` lists the levels: maps of the options that may differ between them
 * (OPT_LEVEL) and a `name`. Keys that begin with "x-" are for anchors and otherwise ignored. Every error names file,
 * line and column, and the remedy. Bounds: ydoc.h. Cold, no global state. */
#ifndef WEIR_CLI_BENCH_H
#define WEIR_CLI_BENCH_H

#include "base/err.h"
#include "cli/opt.h"

struct bench;

enum { BENCH_MAX_LEVELS = 64 };

struct bench *bench_new(const struct opt_table *t); /* borrows the table */
void bench_free(struct bench **b);                  /* what bench_apply set borrows from it until then */
/* Add a file over those before it; "-" is standard input. env: as getenv(3). */
int bench_add_file(struct bench *b, const char *path, opt_env_fn *env, struct err *e);
int bench_add_text(struct bench *b, const char *name, struct str text, opt_env_fn *env, struct err *e);

size_t bench_levels(const struct bench *b);
const char *bench_level_name(const struct bench *b, size_t i); /* NULL: none */
/* "bench.yaml:7:5", where the level stands. Returns out. */
char *bench_level_where(const struct bench *b, size_t i, char out[320]);

/* Set what the files say into a config, after opt_parse and before opt_settle; level SIZE_MAX: what holds for the whole
 * run, else what that level says (OPT_FROM_LEVEL). */
int bench_apply(const struct bench *b, size_t level, void *config, struct opt_seen *seen, struct err *e);

/* What a file says of the option as it is written there, variables unexpanded; entry i, NULL: none. */
const char *bench_written(const struct bench *b, size_t level, const struct opt *o, size_t i);

#endif
