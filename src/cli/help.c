/* help.c - writes help from the tables. */
#include "cli/help.h"

static void wrap_prose(FILE *out, const char *prose, unsigned width)
{
    struct str_split it = {.rest = str_of(prose), .sep = '\n'};
    struct str line;
    while (str_next(&it, &line))
        help_wrap(out, line, 0, width);
}

static void indent_lines(FILE *out, struct str lines)
{
    struct str_split it = {.rest = lines, .sep = '\n'};
    struct str line;
    while (lines.n > 0 && str_next(&it, &line))
        fprintf(out, "  " STR_FMT "\n", STR_ARG(line));
}

void help_short(FILE *out)
{
    fputs("usage: weir COMMAND [options]\n\n", out);
    for (const struct cmd *const *c = cli_commands(); *c; c++)
        fprintf(out, "  weir %-9s %s\n", (*c)->name, (*c)->summary);
    fputs("\nTry `weir run` for a first benchmark and `weir --help` for examples.\n", out);
}

void help_overview(FILE *out, unsigned width)
{
    fputs("weir measures LLM endpoints: it sends realistic load, times every token where the\n"
          "kernel received it, and says how far its own numbers can be trusted.\n\nExamples:\n",
          out);
    for (const struct cmd *const *c = cli_commands(); *c; c++) {
        /* All of the first command, which is the main one; of the others one line. */
        struct str all = str_of((*c)->examples);
        ptrdiff_t end = c == cli_commands() ? -1 : str_chr(all, '\n');
        indent_lines(out, end < 0 ? all : str_sub(all, 0, (size_t)end));
    }
    fputs("\nCommands:\n", out);
    for (const struct cmd *const *c = cli_commands(); *c; c++) {
        int n = fprintf(out, "  %s%s%s", (*c)->name, *(*c)->args ? " " : "", (*c)->args);
        fprintf(out, "%*s", MAX(27 - n, 2), "");
        help_wrap(out, str_of((*c)->summary), 27, width);
    }
    fputs("\n`weir COMMAND --help` explains a command and its options; `man weir-COMMAND` says more.\n", out);
}

void help_command(FILE *out, const struct cmd *c, unsigned width)
{
    fprintf(out, "usage: weir %s%s%s\n\n", c->name, *c->args ? " " : "", c->args);
    if (c->examples) {
        fputs("Examples:\n", out);
        indent_lines(out, str_of(c->examples));
        fputc('\n', out);
    }
    wrap_prose(out, c->prose, width);
    const struct opt_table *t = c->options;
    if (!t)
        return;
    help_table(out, t, width);
    fputc('\n', out);
    struct buf b = BUF_INIT(1024);
    buf_addf(
        &b,
        "Values in brackets are defaults. Durations: 500ms, 10s, 2m; a bare number is seconds. Each option can also "
        "come from the environment: %s and its long name in capitals, such as %s%s; the command line wins.%s",
        t->env_prefix, t->env_prefix, "SEED",
        opt_find(t, STR("file")) ? " And from a YAML file (-f), by its long name; the environment wins over files."
                                 : "");
    help_wrap(out, buf_str(&b), 0, width);
    buf_free(&b);
}
