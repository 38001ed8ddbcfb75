/* help_table.c - what an option table says of itself. */
#include "cli/help_table.h"

#include <string.h>
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

void help_wrap(FILE *out, struct str text, unsigned at, unsigned width)
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
    help_wrap(out, buf_str(&b), at, width);
    buf_free(&b);
}

void help_table(FILE *out, const struct opt_table *t, unsigned width)
{
    const char *category = "";
    for (size_t i = 0; i < t->n; i++) {
        if (t->opts[i].flags & OPT_HIDDEN)
            continue;
        if (strcmp(category, t->opts[i].category) != 0) {
            category = t->opts[i].category;
            fprintf(out, "\n%s:\n", category);
        }
        print_option(out, &t->opts[i], width);
    }
    fputs("\nAnd:\n", out);
    fputs("  -h, --help                  This text.\n", out);
}
