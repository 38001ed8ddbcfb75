/* bench_private.h - shared by the files that read a benchmark's file. */
#ifndef WEIR_CLI_BENCH_PRIVATE_H
#define WEIR_CLI_BENCH_PRIVATE_H

#include "base/buf.h"
#include "cli/bench.h"
#include "cli/ydoc.h"

struct bench_value {
    const struct opt *o;
    char **text; /* n of them; more than one only of an OPT_LIST */
    char **raw;  /* as written, variables unexpanded; likewise */
    size_t n;
    bool secret;     /* from a variable whose name says so */
    unsigned rank;   /* see struct ydoc_member; files count on */
    char where[280]; /* "bench.yaml:3" */
    size_t line, value_line, value_column;
};

struct bench_values {
    struct bench_value *v;
    size_t n;
};

struct bench_level {
    char *name; /* NULL: none */
    char where[280];
    size_t column;
    struct bench_values values;
};

struct bench {
    const struct opt_table *t;
    struct bench_values values;
    struct bench_level *level;
    size_t n_levels;
    unsigned levels_rank;
    size_t levels_line;
    unsigned rank;
};

/* What reading one file needs. */
struct bench_reader {
    struct ydoc d;
    opt_env_fn *env;
};

/* bench_expand.c: append the scalar with its variables put in. *secret is set when one of them is named like a secret.
 */
int bench_expand(const struct bench_reader *r, const yaml_node_t *scalar, struct buf *out, bool *secret, struct err *e);

/* bench_value.c: fill v->text and v->raw by what the option takes. `negated`: the key is the opposite of the flag. */
int bench_read_value(const struct bench_reader *r, struct bench_value *v, bool negated, const yaml_node_t *node,
                     struct err *e);
void bench_value_add(struct bench_value *v, const char *text, const char *raw);
void bench_value_free(struct bench_value *v);

#endif
