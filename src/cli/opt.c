/* opt.c - reads a command line and the environment by an option table. */
#include "cli/opt.h"

#include "base/xalloc.h"
#include "campaign/redact.h"

static size_t index_of(const struct opt_table *t, const struct opt *o)
{
    return (size_t)(o - t->opts);
}

static bool has_alias(const struct opt *o, struct str name)
{
    struct str_split it = {.rest = str_of(o->aliases), .sep = ' '};
    struct str part;
    while (o->aliases && str_next(&it, &part)) {
        if (part.n > 0 && str_eq(part, name))
            return true;
    }
    return false;
}

const struct opt *opt_find(const struct opt_table *t, struct str name)
{
    for (size_t i = 0; i < t->n; i++) {
        if (str_eqz(name, t->opts[i].name) || has_alias(&t->opts[i], name))
            return &t->opts[i];
    }
    return NULL;
}

static const struct opt *find_letter(const struct opt_table *t, char c)
{
    for (size_t i = 0; i < t->n; i++) {
        if (c && t->opts[i].letter == c)
            return &t->opts[i];
    }
    return NULL;
}

/* "no-NAME" of a negatable flag NAME, or NAME of a negatable flag "no-NAME". */
const struct opt *opt_find_negated(const struct opt_table *t, struct str name)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct opt *o = &t->opts[i];
        if (o->kind != OPT_FLAG || !(o->flags & OPT_NEGATABLE))
            continue;
        struct str own = str_of(o->name);
        if (str_starts(name, STR("no-")) && str_eq(str_sub(name, 3, name.n), own))
            return o;
        if (str_starts(own, STR("no-")) && str_eq(str_sub(own, 3, own.n), name))
            return o;
    }
    return NULL;
}

enum opt_source opt_source_of(const struct opt_table *t, const struct opt_seen *seen, const char *name)
{
    const struct opt *o = opt_find(t, str_of(name));
    return o ? (enum opt_source)seen->source[index_of(t, o)] : OPT_FROM_DEFAULT;
}

char *opt_env_name(char out[64], const struct opt_table *t, const struct opt *o)
{
    snprintf(out, 64, "%s%s", t->env_prefix, o->name);
    for (char *c = out; *c; c++) {
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
        else if (*c == '-')
            *c = '_';
    }
    return out;
}

const char *opt_nearest(struct str word, const char *const *names)
{
    const char *best = NULL;
    unsigned best_d = word.n < 4 ? 2 : word.n < 8 ? 3 : 4; /* exclusive: 1, 2 or 3 slips */
    for (size_t i = 0; names[i]; i++) {
        unsigned d = str_distance(word, str_of(names[i]));
        if (d < best_d) {
            best_d = d;
            best = names[i];
        }
    }
    for (size_t i = 0; !best && word.n >= 3 && names[i]; i++) { /* or a word cut short */
        if (str_starts(str_of(names[i]), word))
            best = names[i];
    }
    return best;
}

const char *opt_suggest(const struct opt_table *t, struct str name, const char *const *more, char out[64])
{
    /* Long names first, so that they win over other spellings that are as near. */
    enum { MORE = 8 };
    char aliases[OPT_MAX][40];
    const char *names[2 * OPT_MAX + MORE + 1] = {0};
    size_t n = 0, n_aliases = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (!(t->opts[i].flags & OPT_HIDDEN))
            names[n++] = t->opts[i].name;
    }
    for (size_t i = 0; more && more[i] && i < MORE; i++)
        names[n++] = more[i];
    for (size_t i = 0; i < t->n; i++) {
        struct str_split it = {.rest = str_of(t->opts[i].aliases), .sep = ' '};
        struct str part;
        while (t->opts[i].aliases && n_aliases < OPT_MAX && str_next(&it, &part)) {
            snprintf(aliases[n_aliases], sizeof aliases[0], STR_FMT, STR_ARG(part));
            names[n++] = aliases[n_aliases++];
        }
    }
    const char *near = opt_nearest(name, names);
    if (!near)
        return NULL;
    snprintf(out, 64, "%s", near);
    return out;
}

static int unknown(const struct opt_table *t, struct str name, struct err *e)
{
    static const char *const more[] = {"help", NULL};
    char near[64];
    if (opt_suggest(t, name, more, near))
        return err_set(e, ERR_USAGE, "unknown option --" STR_FMT "; did you mean --%s? (see weir %s --help)",
                       STR_ARG(name), near, t->command);
    return err_set(e, ERR_USAGE, "unknown option --" STR_FMT " (see weir %s --help)", STR_ARG(name), t->command);
}

/* Nothing at all: what the row's word stands for, else false, NULL, 0. */
static int clear(const struct opt *o, void *config, struct err *e)
{
    char *p = (char *)config + o->at;
    if (o->given)
        *(bool *)(void *)((char *)config + o->given) = false;
    switch (o->kind) {
    case OPT_FLAG:
        *(bool *)(void *)p = false;
        break;
    case OPT_STRING:
    case OPT_ENUM:
        *(const char **)(void *)p = NULL;
        break;
    case OPT_LIST:
        free((void *)*(const char ***)(void *)p);
        *(const char ***)(void *)p = NULL;
        break;
    case OPT_SMALLINT:
        *(int *)(void *)p = 0;
        break;
    case OPT_DOUBLE:
        *(double *)(void *)p = 0;
        break;
    case OPT_INT:
    case OPT_UINT:
    case OPT_DURATION:
    case OPT_SIZE:
        *(int64_t *)(void *)p = 0;
        break;
    }
    return o->word ? opt_store(o, config, o->word, e) : 0;
}

int opt_defaults(const struct opt_table *t, void *config, struct err *e)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->opts[i].kind == OPT_LIST)
            *(const char ***)(void *)((char *)config + t->opts[i].at) = NULL;
    }
    if (t->n > OPT_MAX)
        return err_set(e, ERR_INTERNAL, "the option table of %s is too long", t->command);
    for (size_t i = 0; i < t->n; i++) {
        const struct opt *o = &t->opts[i];
        if (clear(o, config, e) != 0 || (o->def && opt_store(o, config, o->def, e) != 0))
            return err_prefix(e, "the default of --%s: ", o->name);
    }
    return 0;
}

/* What the user wrote, for a message: "--rate", "WEIR_RATE=". */
static const char *spelled(char out[80], const struct opt_table *t, const struct opt *o, enum opt_source from)
{
    char env[64];
    if (from == OPT_FROM_ENV)
        snprintf(out, 80, "%s", opt_env_name(env, t, o));
    else if (from < OPT_FROM_ENV)
        snprintf(out, 80, "%s", o->name);
    else
        snprintf(out, 80, "--%s", o->name);
    return out;
}

bool opt_same_group(const struct opt *a, const struct opt *b)
{
    return a != b && a->group && b->group && strcmp(a->group, b->group) == 0;
}

/* A second option of an exclusive group from the same source is a mistake. */
static int check_group(const struct opt_table *t, const struct opt_seen *seen, const struct opt *o,
                       enum opt_source from, struct err *e)
{
    for (size_t i = 0; !(o->flags & OPT_TOGETHER) && i < t->n; i++) {
        const struct opt *other = &t->opts[i];
        char a[80], b[80];
        if (opt_same_group(o, other) && seen->source[i] == from)
            return err_set(e, ERR_USAGE, "%s and %s exclude each other; give one of them",
                           spelled(a, t, o < other ? o : other, from), spelled(b, t, o < other ? other : o, from));
    }
    return 0;
}

int opt_settle(const struct opt_table *t, void *config, struct opt_seen *seen, struct err *e)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct opt *o = &t->opts[i];
        enum opt_source strongest = (enum opt_source)seen->source[i];
        for (size_t k = 0; o->group && k < t->n; k++) {
            if (opt_same_group(o, &t->opts[k]) && seen->source[k] > strongest)
                strongest = (enum opt_source)seen->source[k];
        }
        bool gives_way = seen->source[i] < strongest;
        if ((o->flags & OPT_TOGETHER) && seen->source[i] != OPT_FROM_DEFAULT)
            gives_way = false;
        if (gives_way) {
            if (clear(o, config, e) != 0)
                return -1;
            seen->source[i] = OPT_FROM_DEFAULT;
        }
    }
    return 0;
}

/* Whether a value can stand in a message without quotes. */
static bool is_plain(const char *v)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+.,:/=@%";
    return *v && v[strspn(v, plain)] == 0;
}

/* As below, without the secrets that may be in it. */
static int url_prefix(struct err *e, const char *name, const char *sep, const char *value)
{
    struct buf b = BUF_INIT(1u << 20);
    redact_url(&b, str_of(value));
    bool quote = !is_plain(value);
    err_prefix(e, "%s%s%s%.200s%s: ", name, sep, quote ? "'" : "", b.p ? b.p : "", quote ? "'" : "");
    buf_free(&b);
    return -1;
}

int opt_set(const struct opt_table *t, void *config, struct opt_seen *seen, const struct opt *o, const char *value,
            enum opt_source from, struct err *e)
{
    unsigned char *source = &seen->source[index_of(t, o)];
    if (*source > from)
        return 0;
    if (check_group(t, seen, o, from, e) != 0)
        return -1;
    if (o->kind == OPT_LIST && *source < from && clear(o, config, e) != 0)
        return -1;
    if (opt_store(o, config, value, e) != 0) {
        char name[80];
        const char *sep = from == OPT_FROM_FLAG ? " " : "=";
        bool quote = !is_plain(value);
        if (o->flags & OPT_SECRET)
            return err_prefix(e, "%s: ", spelled(name, t, o, from));
        if (o->flags & OPT_URL)
            return url_prefix(e, spelled(name, t, o, from), sep, value);
        return err_prefix(e, "%s%s%s%.200s%s: ", spelled(name, t, o, from), sep, quote ? "'" : "", value,
                          quote ? "'" : "");
    }
    if (o->given)
        *(bool *)(void *)((char *)config + o->given) = !(o->word && strcmp(o->word, value) == 0);
    *source = (unsigned char)from;
    return 0;
}

static int from_env(const struct opt_table *t, opt_env_fn *env, void *config, struct opt_seen *seen, struct err *e)
{
    for (size_t i = 0; env && i < t->n; i++) {
        const struct opt *o = &t->opts[i];
        char name[64];
        const char *v = env(opt_env_name(name, t, o));
        bool other = (!v || !*v) && o->env;
        if (other)
            v = env(o->env);
        if (v && *v && opt_set(t, config, seen, o, v, OPT_FROM_ENV, e) != 0)
            return other ? err_prefix(e, "%s: ", o->env) : -1;
        if (v && *v && other)
            seen->where[i] = o->env;
    }
    return 0;
}

/* One word of the command line taken apart. */
struct word {
    const struct opt *o;
    const char *value; /* the value that stands in the same word, or NULL */
    bool negated;
    struct str name; /* as written, without dashes and value */
};

/* True when `arg` is an option's word at all; w->o NULL: of no known option. */
static bool take_apart(const struct opt_table *t, const char *arg, struct word *w)
{
    *w = (struct word){0};
    if (arg[0] != '-' || arg[1] == 0)
        return false;
    if (arg[1] == '-') {
        const char *eq = strchr(arg, '=');
        w->name = (struct str){arg + 2, eq ? (size_t)(eq - arg) - 2 : strlen(arg) - 2};
        w->value = eq ? eq + 1 : NULL;
        w->o = t ? opt_find(t, w->name) : NULL;
        if (t && !w->o && (w->o = opt_find_negated(t, w->name)) != NULL)
            w->negated = true;
        return true;
    }
    w->name = (struct str){arg + 1, 1};
    w->o = t ? find_letter(t, arg[1]) : NULL;
    w->value = arg[2] ? arg + 2 : NULL;
    return true;
}

bool opt_wants_help(const struct opt_table *t, int argc, const char *const *argv)
{
    for (int i = 1; i < argc; i++) {
        struct word w;
        if (strcmp(argv[i], "--") == 0)
            return false;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
        if (take_apart(t, argv[i], &w) && w.o && w.o->kind != OPT_FLAG && !w.value)
            i++;
    }
    return false;
}

static int one_option(const struct opt_table *t, const struct word *w, int argc, const char *const *argv, int *i,
                      void *config, struct opt_seen *seen, struct err *e)
{
    const struct opt *o = w->o;
    if (!o)
        return argv[*i][1] == '-' ? unknown(t, w->name, e)
                                  : err_set(e, ERR_USAGE, "unknown option -" STR_FMT " (see weir %s --help)",
                                            STR_ARG(w->name), t->command);
    if (o->kind == OPT_FLAG) {
        if (w->value && argv[*i][1] != '-')
            return err_set(e, ERR_USAGE, "%.100s: -%c takes no value; write each letter on its own", argv[*i],
                           o->letter);
        if (w->value && w->negated)
            return err_set(e, ERR_USAGE, "--" STR_FMT " takes no value", STR_ARG(w->name));
        return opt_set(t, config, seen, o, w->value ? w->value : w->negated ? "0" : "1", OPT_FROM_FLAG, e);
    }
    const char *value = w->value;
    if (!value) {
        struct word next;
        /* A word that is itself a known option is rather a forgotten value than a strange one. */
        if (*i + 1 < argc && !(take_apart(t, argv[*i + 1], &next) && next.o && argv[*i + 1][1] == '-'))
            value = argv[++*i];
        else
            return err_set(e, ERR_USAGE, "--%s needs a value: --%s %s", o->name, o->name, o->arg);
    }
    return opt_set(t, config, seen, o, value, OPT_FROM_FLAG, e);
}

static int from_args(const struct opt_table *t, int argc, const char *const *argv, void *config, struct opt_seen *seen,
                     struct err *e)
{
    bool ended = false;
    for (int i = 1; i < argc; i++) {
        struct word w;
        if (!ended && strcmp(argv[i], "--") == 0) {
            ended = true;
        } else if (!ended && take_apart(t, argv[i], &w)) {
            if (one_option(t, &w, argc, argv, &i, config, seen, e) != 0)
                return -1;
        } else if (seen->n_pos >= t->max_pos) {
            return t->max_pos == 0
                       ? err_set(e, ERR_USAGE, "'%.200s' is no option (see weir %s --help)", argv[i], t->command)
                       : err_set(e, ERR_USAGE, "'%.200s' is one %s too many (see weir %s --help)", argv[i], t->pos_name,
                                 t->command);
        } else {
            seen->pos[seen->n_pos++] = argv[i];
        }
    }
    return 0;
}

int opt_parse(const struct opt_table *t, int argc, const char *const *argv, opt_env_fn *env, void *config,
              struct opt_seen *seen, struct err *e)
{
    *seen = (struct opt_seen){0};
    seen->pos = xcalloc((size_t)MAX(argc, 1) + 1, sizeof *seen->pos);
    if (opt_defaults(t, config, e) != 0 || from_env(t, env, config, seen, e) != 0 ||
        from_args(t, argc, argv, config, seen, e) != 0)
        return -1;
    return opt_settle(t, config, seen, e);
}

void opt_free(const struct opt_table *t, void *config, struct opt_seen *seen)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->opts[i].kind != OPT_LIST)
            continue;
        const char ***list = (const char ***)(void *)((char *)config + t->opts[i].at);
        free((void *)*list);
        *list = NULL;
    }
    free((void *)seen->pos);
    *seen = (struct opt_seen){0};
}
