/* man.c - man pages (the man macros of roff) from the command and option tables. */
#include "cli/man.h"

#include "cli/cmd.h"
#include "cli/help.h"
#include "compat/compat.h"

/* Text as roff reads it back: backslashes and dashes escaped, no line that looks like a request. */
static void text(struct str s)
{
    bool start = true;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (start && (c == '.' || c == '\''))
            fputs("\\&", stdout);
        if (c == '\\')
            fputs("\\e", stdout);
        else if (c == '-')
            fputs("\\-", stdout);
        else if (c == '\'')
            fputs("\\(aq", stdout);
        else if (c == '`')
            fputs("\\(ga", stdout);
        else if (c == '~')
            fputs("\\(ti", stdout);
        else if (c == '^')
            fputs("\\(ha", stdout);
        else
            fputc(c, stdout);
        start = c == '\n';
    }
}

static void textz(const char *z)
{
    text(str_of(z));
}

static void paragraphs(const char *z)
{
    struct str_split it = {.rest = str_of(z), .sep = '\n'};
    struct str line;
    bool gap = true;
    while (str_next(&it, &line)) {
        if (line.n == 0) {
            gap = true;
            continue;
        }
        if (gap)
            puts(".PP");
        gap = false;
        text(line);
        putchar('\n');
    }
}

static void examples(const char *z)
{
    puts(".nf");
    struct str_split it = {.rest = str_of(z), .sep = '\n'};
    struct str line;
    while (str_next(&it, &line)) {
        fputs("    ", stdout);
        text(line);
        putchar('\n');
    }
    puts(".fi");
}

static void title(const char *page, const char *summary)
{
    char upper[64];
    snprintf(upper, sizeof upper, "%s", page);
    for (char *c = upper; *c; c++)
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    fputs(".TH \"", stdout);
    textz(upper);
    puts("\" 1 \"\" \"weir " WEIR_VERSION "\" \"User Commands\"");
    puts(".SH NAME");
    textz(page);
    fputs(" \\- ", stdout);
    textz(summary);
    putchar('\n');
}

static void options(const struct opt_table *t)
{
    puts(".SH OPTIONS");
    const char *category = "";
    for (size_t i = 0; i < t->n; i++) {
        const struct opt *o = &t->opts[i];
        if (o->flags & OPT_HIDDEN)
            continue;
        if (strcmp(category, o->category) != 0) {
            category = o->category;
            printf(".SS \"%s\"\n", category);
        }
        puts(".TP");
        fputs("\\fB", stdout);
        if (o->letter)
            printf("\\-%c\\fR, \\fB", o->letter);
        fputs("\\-\\-", stdout);
        textz(o->name);
        fputs("\\fR", stdout);
        if (o->arg) {
            fputs(" \\fI", stdout);
            textz(o->arg);
            fputs("\\fR", stdout);
        }
        putchar('\n');
        struct buf b = BUF_INIT(4096);
        help_option_text(&b, o);
        text(buf_str(&b));
        putchar('\n');
        buf_free(&b);
    }
    puts(".SS \"And\"\n.TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nA shorter form of this text.");
    puts(".PP\nValues in brackets are defaults. Durations are written 500ms, 10s, 2m; a bare number is seconds. Sizes "
         "are "
         "written 512, 64k, 10M.");
}

static void bench_file(const struct opt_table *t)
{
    if (!opt_find(t, STR("file")))
        return;
    puts(".SH A BENCHMARK IN A FILE");
    paragraphs(
        "With --file, options come from a YAML file, by their long names. What an option repeats or separates by "
        "commas "
        "may be a list. Headers, --slo, --goodput and --extra-body may be maps. A flag takes true or false; stream: "
        "false "
        "is no-stream: true.\n"
        "\n"
        "Anchors and merge keys (<<) work; keys that begin with x- hold what they refer to and are ignored otherwise. "
        "In "
        "values, ${NAME} is a variable of the environment, ${NAME:-TEXT} one with a default, and $$ a dollar. A value "
        "from a variable whose name speaks of a key, token, secret or password is neither stored nor shown.\n"
        "\n"
        "levels is a list of levels, one after another. Each is a map of the options that are its own, such as rate, "
        "concurrency, duration, max-tokens, dataset or headers, and may have a name, which the report shows. What is "
        "of "
        "the whole run, such as the URL or the seed, stands outside. A level that lists several rates is so many "
        "levels.\n"
        "\n"
        "The command line wins over the environment, that over a level, that over the file, a later file over an "
        "earlier "
        "one. --show-config prints what comes together, and from where; --dry-run what would be sent, and when.");
    puts(".PP\nAn example:\n.PP\n.nf\n.RS");
    puts("url: http://localhost:8000\nmodel: ${MODEL:\\-llama}\nduration: 60s\nslo: {ttft: {p95: 500ms}}\nlevels:\n"
         "  \\- {name: calm, rate: 1}\n  \\- {name: busy, rate: 20, arrival: poisson}\n"
         "  \\- {name: long answers, concurrency: 8, max\\-tokens: 1000}\n.RE\n.fi");
}

static void environment(const struct opt_table *t)
{
    puts(".SH ENVIRONMENT");
    fputs("Each option can come from the environment, under ", stdout);
    textz(t->env_prefix);
    puts("and its long name in capitals with _ for \\-. A flag is set by 1, yes, true or on. The command line wins.");
    char name[64];
    for (size_t i = 0; i < t->n; i++) {
        if (t->opts[i].flags & OPT_HIDDEN)
            continue;
        printf(".TP\n\\fB%s\\fR\n", opt_env_name(name, t, &t->opts[i]));
        fputs("as \\fB\\-\\-", stdout);
        textz(t->opts[i].name);
        puts("\\fR");
        if (t->opts[i].env)
            printf(".TP\n\\fB%s\\fR\nThe same, where that is not set.\n", t->opts[i].env);
    }
    if (strcmp(t->command, "run") == 0) {
        puts(".TP\n\\fBOPENAI_API_KEY\\fR\nThe API key, unless another is named by an option.");
        puts(".TP\n\\fBSSLKEYLOGFILE\\fR\nA file to which TLS session keys are appended, for Wireshark and the like.");
        puts(".TP\n\\fBNO_COLOR\\fR\nNo colours when it is set.");
    }
}

static void exit_status(void)
{
    static const char *const rows[] = {
        "0",   "Fine.",
        "1",   "Every request failed, --max-errors stopped the run, or it broke.",
        "2",   "The command line, the configuration or an input file is wrong.",
        "3",   "An objective of --slo was not met.",
        "4",   "The verdict is INVALID: the client's own numbers cannot be trusted.",
        "130", "Interrupted; what was measured until then is written and marked.",
        NULL,
    };
    puts(".SH EXIT STATUS");
    for (size_t i = 0; rows[i]; i += 2) {
        printf(".TP\n\\fB%s\\fR\n", rows[i]);
        textz(rows[i + 1]);
        putchar('\n');
    }
}

static void files(void)
{
    static const char *const rows[] = {
        "summary.json",
        "Every printed figure, schema weir.summary/1.",
        "requests.jsonl",
        "One line per request with every instant and token, schema weir.records/1. Written while the run goes "
        "on: weir report reads it even after a kill.",
        "timeline.csv",
        "One row per second.",
        "errors.jsonl",
        "The first 20 failures of each kind, with status, headers and body.",
        "metadata.json",
        "The command with its secrets removed, seed, versions, machine, server and dataset.",
        NULL,
    };
    puts(".SH FILES");
    puts("In results/YYYY\\-MM\\-DD_HH\\-MM\\-SS/, or the folder of \\fB\\-\\-output\\-dir\\fR:");
    for (size_t i = 0; rows[i]; i += 2) {
        printf(".TP\n\\fB%s\\fR\n", rows[i]);
        textz(rows[i + 1]);
        putchar('\n');
    }
}

static void metrics(void)
{
    puts(".SH METRICS");
    for (size_t i = 0; man_metrics[i]; i += 2) {
        fputs(".TP\n\\fB", stdout);
        textz(man_metrics[i]);
        fputs("\\fR\n", stdout);
        textz(man_metrics[i + 1]);
        putchar('\n');
    }
}

static bool has_page(const struct cmd *c)
{
    return c->options || c->foreign;
}

static void see_also(const char *self)
{
    puts(".SH SEE ALSO");
    const char *sep = "";
    if (self) {
        fputs("\\fBweir\\fR(1)", stdout);
        sep = ", ";
    }
    for (const struct cmd *const *c = cli_commands(); *c; c++) {
        if (!has_page(*c) || (self && strcmp(self, (*c)->name) == 0))
            continue;
        printf("%s\\fBweir\\-%s\\fR(1)", sep, (*c)->name);
        sep = ", ";
    }
    putchar('\n');
}

/* Of `weir as`: what it can be. */
static void programs(void)
{
    puts(".SH PROGRAMS");
    for (const struct compat_program *const *p = compat_programs(); *p; p++) {
        printf(".TP\n\\fB%s\\fR\n", (*p)->name);
        textz((*p)->summary);
        putchar('\n');
    }
}

static void page_command(const struct cmd *c)
{
    char page[64];
    snprintf(page, sizeof page, "weir-%s", c->name);
    title(page, c->summary);
    printf(".SH SYNOPSIS\n\\fBweir %s\\fR ", c->name);
    textz(c->args);
    puts("\n.SH DESCRIPTION");
    paragraphs(c->prose);
    if (c->options) {
        options(c->options);
        bench_file(c->options);
        environment(c->options);
    } else {
        programs();
    }
    exit_status();
    if (strcmp(c->name, "run") == 0 || strcmp(c->name, "report") == 0) { /* they have the files of a run */
        files();
        metrics();
    }
    puts(".SH EXAMPLES");
    examples(c->examples);
    see_also(c->name);
}

static void page_weir(void)
{
    title("weir", "measure LLM endpoints: load, token timing, and how far to trust the figures");
    puts(".SH SYNOPSIS\n\\fBweir\\fR COMMAND [options]\n.SH DESCRIPTION");
    paragraphs(
        "A weir is the barrier that hydrologists put across a river to measure its flow. weir measures the flow of an "
        "LLM endpoint: it sends realistic load, times every token where the kernel received it, and says how far its "
        "own numbers can be trusted.");
    puts(".SH COMMANDS");
    for (const struct cmd *const *c = cli_commands(); *c; c++) {
        printf(".TP\n\\fBweir %s\\fR ", (*c)->name);
        textz((*c)->args);
        putchar('\n');
        textz((*c)->summary);
        putchar('\n');
    }
    puts(".SH OPTIONS\n.TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nThe commands, with examples.");
    puts(".TP\n\\fB\\-V\\fR, \\fB\\-\\-version\\fR\nThe version.");
    exit_status();
    puts(".SH EXAMPLES");
    for (const struct cmd *const *c = cli_commands(); *c; c++) {
        if ((*c)->examples)
            examples((*c)->examples);
    }
    see_also(NULL);
}

int man_main(int argc, const char *const *argv)
{
    const struct cmd *c = argc == 2 ? cli_find(argv[1]) : NULL;
    if (argc == 1) {
        page_weir();
    } else if (c && has_page(c)) {
        page_command(c);
    } else {
        struct err e = {0};
        err_set(&e, ERR_USAGE, "no such man page");
        return cli_fail(argv[0], &e);
    }
    return 0;
}
