/* help.c - writes help from the tables. */
#include "cli/help.h"

#include <sys/ioctl.h>

#define LEFT 30 /* columns of an option's name and value */

unsigned help_width(int fd)
{
    struct winsize w;
    unsigned n = 80;
    if (ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
        n = w.ws_col;
    return MIN(MAX(n, 40), 120);
}

/* Words of one paragraph from column `at` on, which is where the cursor stands; further lines are indented to it. */
static void wrap(FILE *out, struct str text, unsigned at, unsigned width)
{
    unsigned col = at;
    struct str_split it = {.rest = text, .sep = ' '};
    struct str word;
    while (str_next(&it, &word)) {
        if (word.n == 0)
            continue;
        if (col > at && col + 1 + word.n > width) {
            fprintf(out, "\n%*s", (int)at, "");
            col = at;
        } else if (col > at) {
            fputc(' ', out);
            col++;
        }
        fprintf(out, STR_FMT, STR_ARG(word));
        col += (unsigned)word.n;
    }
    fputc('\n', out);
}

static void wrap_prose(FILE *out, const char *prose, unsigned width)
{
    struct str_split it = {.rest = str_of(prose), .sep = '\n'};
    struct str line;
    while (str_next(&it, &line))
        wrap(out, line, 0, width);
}

static void indent_lines(FILE *out, struct str lines)
{
    struct str_split it = {.rest = lines, .sep = '\n'};
    struct str line;
    while (lines.n > 0 && str_next(&it, &line))
        fprintf(out, "  " STR_FMT "\n", STR_ARG(line));
}

void help_option_text(struct buf *b, const struct opt *o)
{
    struct str part;
    buf_addz(b, o->help);
    if (o->choices) {
        struct str_split it = {.rest = str_of(o->choices), .sep = ' '};
        for (const char *sep = " One of "; str_next(&it, &part); sep = ", ")
            buf_addf(b, "%s" STR_FMT, sep, STR_ARG(part));
        buf_addz(b, ".");
    }
    if (o->aliases) {
        struct str_split it = {.rest = str_of(o->aliases), .sep = ' '};
        for (const char *sep = " Also "; str_next(&it, &part); sep = ", ")
            buf_addf(b, "%s--" STR_FMT, sep, STR_ARG(part));
        buf_addz(b, ".");
    }
    /* A default that is a mere word (none, auto) is explained by the help's own sentence. */
    if (o->def && !(o->word && strcmp(o->word, o->def) == 0))
        buf_addf(b, " [%s]", o->def);
}

static void print_option(FILE *out, const struct opt *o, unsigned width)
{
    char left[128], letter[8] = "    ";
    if (o->letter)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    int n = snprintf(left, sizeof left, "  %s--%s%s%s", letter, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
    unsigned at = width >= 70 ? LEFT : 10;
    fputs(left, out);
    if ((unsigned)n + 2 > at)
        fprintf(out, "\n%*s", (int)at, "");
    else
        fprintf(out, "%*s", (int)at - n, "");
    struct buf b = BUF_INIT(4096);
    help_option_text(&b, o);
    wrap(out, buf_str(&b), at, width);
    buf_free(&b);
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
        wrap(out, str_of((*c)->summary), 27, width);
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
    const char *category = "";
    for (size_t i = 0; t && i < t->n; i++) {
        if (t->opts[i].flags & OPT_HIDDEN)
            continue;
        if (strcmp(category, t->opts[i].category) != 0) {
            category = t->opts[i].category;
            fprintf(out, "\n%s:\n", category);
        }
        print_option(out, &t->opts[i], width);
    }
    if (!t)
        return;
    fputs("\nAnd:\n", out);
    fputs("  -h, --help                  This text.\n", out);
    fputc('\n', out);
    struct buf b = BUF_INIT(1024);
    buf_addf(
        &b,
        "Values in brackets are defaults. Durations: 500ms, 10s, 2m; a bare number is seconds. Each option can also "
        "come from the environment: %s and its long name in capitals, such as %s%s; the command line wins.%s",
        t->env_prefix, t->env_prefix, "SEED",
        opt_find(t, STR("file")) ? " And from a YAML file (-f), by its long name; the environment wins over files."
                                 : "");
    wrap(out, buf_str(&b), 0, width);
    buf_free(&b);
}
