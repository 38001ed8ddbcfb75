#include "compat/compat.h"

#include "base/str.h"
#include "cli/opt.h"

/* clang-format off */
static const struct compat_program *const programs[] = {
    &compat_analyze_results,
    &compat_async_benchmarking,
    &compat_aws_benchmark,
    &compat_aws_streaming_bench,
    &compat_awscurl,
    &compat_benchmark,
    &compat_benchmark_serving,
    NULL,
};
/* clang-format on */

const struct compat_program *const *compat_programs(void)
{
    return programs;
}

static bool is_one_of(const char *names, struct str name)
{
    struct str_split it = {.rest = str_of(names), .sep = ' '};
    struct str part;
    while (names && str_next(&it, &part)) {
        if (str_eq(part, name))
            return true;
    }
    return false;
}

const struct compat_program *compat_find(const char *name)
{
    const char *slash = strrchr(name, '/');
    struct str last = str_of(slash ? slash + 1 : name);
    for (size_t i = 0; programs[i]; i++) {
        if (str_eqz(last, programs[i]->name) || is_one_of(programs[i]->aliases, last))
            return programs[i];
    }
    return NULL;
}

const char *compat_nearest(const char *name)
{
    const char *names[ARRAY_LEN(programs)] = {0};
    for (size_t i = 0; programs[i]; i++)
        names[i] = programs[i]->name;
    return opt_nearest(str_of(name), names);
}

void compat_list(FILE *out)
{
    for (size_t i = 0; programs[i]; i++)
        fprintf(out, "  %-20s %s\n", programs[i]->name, programs[i]->summary);
}

int compat_fail(const char *program, const struct err *e)
{
    fflush(stdout); /* what was said before stands before */
    fprintf(stderr, "weir as %s: %s\n", program, e->text);
    return e->code == ERR_USAGE || e->code == ERR_DATA ? 2 : 1;
}

int compat_go(const struct compat_command *c, void *settings, int argc, const char *const *argv)
{
    struct opt_seen seen = {0};
    struct err e = {0};
    if (opt_wants_help(c->table, argc, argv)) {
        c->help();
        return 0;
    }
    int code = opt_parse(c->table, argc, argv, c->env, settings, &seen, &e);
    if (code == 0)
        code = c->go(settings, &seen, &e);
    opt_free(c->table, settings, &seen);
    return code < 0 ? compat_fail(c->name, &e) : code;
}
