/* complete.c - completions for bash, zsh and fish from the command and option tables. */
#include "cli/complete.h"

#include "cli/cmd.h"
#include "cli/opt.h"
#include "compat/compat.h"

static bool shown(const struct opt *o)
{
    return !(o->flags & OPT_HIDDEN);
}

/* The first sentence of the help, without what a shell's quotes would trip over. */
static void brief(const struct opt *o)
{
    const char *end = strpbrk(o->help, ".:;");
    size_t n = end ? (size_t)(end - o->help) : strlen(o->help);
    for (size_t i = 0; i < n; i++) {
        if (!strchr("'\"\\`$[]", o->help[i]))
            putchar(o->help[i]);
    }
}

static void bash_values(const struct cmd *c, const struct opt *o)
{
    if (!o->choices && !(o->flags & (OPT_FILE | OPT_DIR)))
        return;
    printf("    %s:--%s", c->name, o->name);
    if (o->letter)
        printf(" | %s:-%c", c->name, o->letter);
    struct str_split it = {.rest = str_of(o->aliases), .sep = ' '};
    struct str part;
    while (o->aliases && str_next(&it, &part))
        printf(" | %s:--" STR_FMT, c->name, STR_ARG(part));
    if (o->choices)
        printf(") COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return ;;\n", o->choices);
    else
        printf(") COMPREPLY=($(compgen -%c -- \"$cur\")); compopt -o filenames; return ;;\n",
               o->flags & OPT_DIR ? 'd' : 'f');
}

static void bash(void)
{
    puts("# bash completion for weir; made by `weir __complete bash`");
    puts("_weir()\n{\n    local cur prev cmd words");
    puts("    COMPREPLY=()");
    puts("    cur=${COMP_WORDS[COMP_CWORD]}");
    puts("    prev=${COMP_WORDS[COMP_CWORD-1]}");
    puts("    cmd=${COMP_WORDS[1]}");
    fputs("    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        COMPREPLY=($(compgen -W '--help --version", stdout);
    for (const struct cmd *const *c = cli_commands(); *c; c++)
        printf(" %s", (*c)->name);
    puts("' -- \"$cur\"))\n        return\n    fi");
    puts("    case $cmd:$prev in");
    for (const struct cmd *const *c = cli_commands(); *c; c++) {
        for (size_t i = 0; (*c)->options && i < (*c)->options->n; i++) {
            if (shown(&(*c)->options->opts[i]))
                bash_values(*c, &(*c)->options->opts[i]);
        }
    }
    puts("    esac\n    words=--help\n    case $cmd in");
    for (const struct cmd *const *c = cli_commands(); *c; c++) {
        if (!(*c)->options)
            continue;
        printf("    %s) words='--help", (*c)->name);
        for (size_t i = 0; i < (*c)->options->n; i++) {
            if (shown(&(*c)->options->opts[i]))
                printf(" --%s", (*c)->options->opts[i].name);
        }
        puts("' ;;");
    }
    fputs("    help) words='", stdout);
    for (const struct cmd *const *c = cli_commands(); *c; c++)
        printf("%s%s", c == cli_commands() ? "" : " ", (*c)->name);
    fputs("' ;;\n    as) words='", stdout);
    for (const struct compat_program *const *p = compat_programs(); *p; p++)
        printf("%s%s", p == compat_programs() ? "" : " ", (*p)->name);
    puts("' ;;\n    esac");
    puts("    if [ \"$cmd\" = as ] && [ \"$COMP_CWORD\" -gt 2 ]; then\n        compopt -o default\n        return\n    "
         "fi");
    puts("    case $cmd:$cur in");
    puts("    report:[!-]* | report:) COMPREPLY=($(compgen -d -- \"$cur\")); compopt -o filenames; return ;;");
    puts("    esac");
    puts("    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}");
    puts("complete -F _weir weir");
}

/* One _arguments spec per option. */
static void zsh_option(const struct opt *o)
{
    fputs("        '", stdout);
    if (o->kind == OPT_LIST && o->letter)
        printf("*'{-%c,--%s}'", o->letter, o->name);
    else if (o->letter)
        printf("(-%c --%s)'{-%c,--%s}'", o->letter, o->name, o->letter, o->name);
    else if (o->kind == OPT_LIST)
        printf("*--%s", o->name);
    else
        printf("--%s", o->name);
    putchar('[');
    brief(o);
    putchar(']');
    if (o->choices)
        printf(":value:(%s)", o->choices);
    else if (o->flags & OPT_DIR)
        fputs(":folder:_files -/", stdout);
    else if (o->flags & OPT_FILE)
        fputs(":file:_files", stdout);
    else if (o->arg)
        fputs(":value:", stdout);
    puts("' \\");
}

static void zsh(void)
{
    puts("#compdef weir\n# zsh completion for weir; made by `weir __complete zsh`");
    puts("_weir() {\n    local -a commands\n    commands=(");
    for (const struct cmd *const *c = cli_commands(); *c; c++)
        printf("        '%s:%s'\n", (*c)->name, (*c)->summary);
    puts("    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n        return\n    fi");
    puts("    case $words[2] in");
    for (const struct cmd *const *c = cli_commands(); *c; c++) {
        if (!(*c)->options)
            continue;
        printf("    %s)\n        shift words; (( CURRENT-- ))\n        _arguments \\\n", (*c)->name);
        for (size_t i = 0; i < (*c)->options->n; i++) {
            if (shown(&(*c)->options->opts[i]))
                zsh_option(&(*c)->options->opts[i]);
        }
        printf("        '(-h --help)'{-h,--help}'[help]'%s\n        ;;\n",
               strcmp((*c)->name, "report") == 0 ? " '*:folder:_files -/'" : "");
    }
    puts("    as)\n        local -a programs\n        programs=(");
    for (const struct compat_program *const *p = compat_programs(); *p; p++)
        printf("            '%s:%s'\n", (*p)->name, (*p)->summary);
    puts("        )\n        (( CURRENT == 3 )) && _describe program programs || _files\n        ;;");
    puts("    help) _describe command commands ;;\n    esac\n}\n_weir \"$@\"");
}

static void fish(void)
{
    puts("# fish completion for weir; made by `weir __complete fish`");
    puts("complete -c weir -f");
    for (const struct cmd *const *c = cli_commands(); *c; c++)
        printf("complete -c weir -n __fish_use_subcommand -a %s -d '%s'\n", (*c)->name, (*c)->summary);
    puts("complete -c weir -n __fish_use_subcommand -l help -d 'help'");
    puts("complete -c weir -n __fish_use_subcommand -l version -d 'version'");
    for (const struct compat_program *const *p = compat_programs(); *p; p++)
        printf("complete -c weir -n '__fish_seen_subcommand_from as' -a %s -d '%s'\n", (*p)->name, (*p)->summary);
    for (const struct cmd *const *c = cli_commands(); *c; c++) {
        for (size_t i = 0; (*c)->options && i < (*c)->options->n; i++) {
            const struct opt *o = &(*c)->options->opts[i];
            if (!shown(o))
                continue;
            printf("complete -c weir -n '__fish_seen_subcommand_from %s' -l %s", (*c)->name, o->name);
            if (o->letter)
                printf(" -s %c", o->letter);
            if (o->choices)
                printf(" -x -a '%s'", o->choices);
            else if (o->flags & (OPT_FILE | OPT_DIR))
                fputs(" -r -F", stdout);
            else if (o->arg)
                fputs(" -x", stdout);
            fputs(" -d '", stdout);
            brief(o);
            puts("'");
        }
    }
}

/* Every row as "COMMAND NAME LETTER ALIASES VARIABLE shown|hidden", for the test that compares what is made from them.
 */
static void list(void)
{
    char env[64];
    for (const struct cmd *const *c = cli_commands(); *c; c++) {
        for (size_t i = 0; (*c)->options && i < (*c)->options->n; i++) {
            const struct opt *o = &(*c)->options->opts[i];
            printf("%s\t%s\t%.1s\t%s\t%s\t%s\n", (*c)->name, o->name, o->letter ? &o->letter : "",
                   o->aliases ? o->aliases : "", opt_env_name(env, (*c)->options, o), shown(o) ? "shown" : "hidden");
        }
    }
}

int complete_main(int argc, const char *const *argv)
{
    const char *shell = argc == 2 ? argv[1] : "";
    if (strcmp(shell, "bash") == 0) {
        bash();
    } else if (strcmp(shell, "zsh") == 0) {
        zsh();
    } else if (strcmp(shell, "fish") == 0) {
        fish();
    } else if (strcmp(shell, "list") == 0) {
        list();
    } else {
        struct err e = {0};
        err_set(&e, ERR_USAGE, "give one of bash, zsh, fish");
        return cli_fail(argv[0], &e);
    }
    return 0;
}
