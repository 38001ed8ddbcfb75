/* opt.h - the option table engine: one table per command, from which the command line, the environment, the help, the
 * man page and the completions come. An option is a row: name, kind, place in the command's settings (a plain struct),
 * default as text. Defaults, environment and flags are read by the same code, so a default shown is a default that
 * works. A value from a higher source is never replaced by a lower one, see enum opt_source, whatever the order of the
 * calls. Strings are borrowed from the table, the environment and argv; lists own their array
 * (opt_free). Cold path, no global state: thread-safe as long as nobody changes the environment. */
#ifndef WEIR_CLI_OPT_H
#define WEIR_CLI_OPT_H

#include "base/err.h"
#include "base/str.h"

enum opt_kind {
    OPT_FLAG,     /* bool; takes no value on the command line, 1/0, yes/no, true/false, on/off elsewhere */
    OPT_STRING,   /* const char * */
    OPT_ENUM,     /* const char *, one of .choices */
    OPT_LIST,     /* const char **, NULL-ended; the option may be repeated */
    OPT_INT,      /* int64_t */
    OPT_UINT,     /* uint64_t */
    OPT_SMALLINT, /* int */
    OPT_DOUBLE,   /* double */
    OPT_DURATION, /* int64_t, ns */
    OPT_SIZE,     /* uint64_t, bytes */
};

enum opt_source { /* the higher wins */
                  OPT_FROM_DEFAULT = 0,
                  OPT_FROM_STORED,       /* a stored run that is replayed ... */
                  OPT_FROM_STORED_LEVEL, /* ... and one of its levels */
                  OPT_FROM_FILE,
                  OPT_FROM_LEVEL, /* one of the levels that a file lists */
                  OPT_FROM_ENV,
                  OPT_FROM_FLAG
};

enum {
    OPT_HIDDEN = 1,    /* for tests: works, but stands in no help, man page or completion */
    OPT_SECRET = 2,    /* its value appears in no message */
    OPT_NEGATABLE = 4, /* a flag: --no-NAME takes it back (of no-NAME: --NAME) */
    OPT_POSITIVE = 8,  /* a number: must be above 0 */
    OPT_FILE = 16,     /* the value names a file: for completions */
    OPT_DIR = 32,      /* the value names a folder: for completions */
    OPT_TOGETHER = 64, /* of a group: may be given with the others; only its default gives way to them */
    OPT_LEVEL = 128,   /* may differ between the levels of a file: whatever reads it reads the level's settings */
    OPT_NO_FILE = 256, /* belongs on a command line, not in a file */
    OPT_URL = 512,     /* the value may be a URL: stored without the secrets in it */
};

enum opt_map { /* what a map in a file becomes */
               OPT_MAP_NONE = 0,
               OPT_MAP_LINES,  /* {NAME: VALUE}: a list of "NAME: VALUE" */
               OPT_MAP_PAIRS,  /* {A: 1, B: 2}: "A:1,B:2" */
               OPT_MAP_LIMITS, /* {ttft: {p95: 500ms}, error_rate: 1%}: "ttft:p95<500ms,error_rate<1%" */
               OPT_MAP_JSON,   /* as JSON */
};

struct opt {
    const char *name;     /* long name, "max-tokens" */
    char letter;          /* short form, 0 = none */
    const char *aliases;  /* other long names, separated by a space, or NULL */
    const char *arg;      /* what the value is called in the help; NULL for flags */
    const char *category; /* rows of one category stand together */
    enum opt_kind kind;
    size_t at;           /* offset in the settings: written by the OPT_* macros below, which check the type */
    const char *def;     /* default as text; NULL: false, NULL, 0 */
    const char *choices; /* OPT_ENUM: "constant poisson" */
    const char *word;    /* a word that stands for word_value: "none", "auto"; for OPT_DOUBLE it gives NAN */
    int64_t word_value;
    double min, max;   /* numbers, both inclusive, max 0 = none; durations in s; the word is exempt */
    const char *group; /* options of one group exclude each other: what is given clears the others' defaults and what
                        * lower sources said; two from one source are an error */
    const char *env;   /* a variable without the table's prefix, read where the one with it is not set; or NULL */
    size_t given;      /* offset of a bool that is set when the user gave a value; 0 = none */
    unsigned flags;
    char list;        /* a list in a file is joined by this; 0: no list (OPT_LIST: repeated) */
    enum opt_map map; /* what a map in a file becomes */
    int (*check)(const char *value, struct err *e); /* cheap syntax check; its text is put behind "--NAME VALUE: " */
    const char *help;                               /* one or more sentences, wrapped where they are shown */
};

/* Kind and place of a row at once: `{"model", OPT_STR(struct run_config, model), ...}`; a wrong type does not compile.
 */
#define OPT_PLACE(k, T, m, ctype) .kind = (k), .at = offsetof(T, m) + 0 * sizeof(_Generic(((T *)0)->m, ctype : 1))
#define OPT_BOOL(T, m) OPT_PLACE(OPT_FLAG, T, m, bool)
#define OPT_STR(T, m) OPT_PLACE(OPT_STRING, T, m, const char *)
#define OPT_CHOICE(T, m) OPT_PLACE(OPT_ENUM, T, m, const char *)
#define OPT_STRS(T, m) OPT_PLACE(OPT_LIST, T, m, const char **)
#define OPT_I64(T, m) OPT_PLACE(OPT_INT, T, m, int64_t)
#define OPT_U64(T, m) OPT_PLACE(OPT_UINT, T, m, uint64_t)
#define OPT_I32(T, m) OPT_PLACE(OPT_SMALLINT, T, m, int)
#define OPT_F64(T, m) OPT_PLACE(OPT_DOUBLE, T, m, double)
#define OPT_NS(T, m) OPT_PLACE(OPT_DURATION, T, m, int64_t)
#define OPT_BYTES(T, m) OPT_PLACE(OPT_SIZE, T, m, uint64_t)

struct opt_table {
    const char *command;    /* "run", for messages */
    const char *env_prefix; /* "WEIR_": --max-tokens is WEIR_MAX_TOKENS */
    const struct opt *opts;
    size_t n;
    const char *pos_name; /* what stands without an option: "URL"; NULL: nothing may */
    size_t max_pos;
};

#define OPT_MAX 192 /* options of one table */

/* What was given, and where from. Zero it before the first use. */
struct opt_seen {
    unsigned char source[OPT_MAX]; /* enum opt_source, by the option's place in the table */
    const char *where[OPT_MAX];    /* of a file: "bench.yaml:3"; borrowed from whoever set it. Of the environment: the
                                    * variable, where it is the row's `env` */
    bool secret[OPT_MAX];          /* the value holds what must not be stored or shown, OPT_SECRET aside */
    const char **pos;              /* the words that are no options, NULL-ended; owned, words borrowed */
    size_t n_pos;
};

/* Fill `config` (all of the table's places) with defaults, environment (`env`, as getenv(3); NULL = none) and the
 * command line (argv[0] is skipped). 0, or -1 + one sentence; call opt_free in both cases. --help is not known here:
 * opt_wants_help. */
typedef char *opt_env_fn(const char *name);
int opt_parse(const struct opt_table *t, int argc, const char *const *argv, opt_env_fn *env, void *config,
              struct opt_seen *seen, struct err *e);
void opt_free(const struct opt_table *t, void *config, struct opt_seen *seen);

/* The steps of opt_parse, for further sources (a file comes between the defaults and the environment): defaults, then
 * opt_set per value, which keeps what a higher source said, then opt_settle for the groups. Each 0, or -1 + e. */
int opt_defaults(const struct opt_table *t, void *config, struct err *e);
int opt_set(const struct opt_table *t, void *config, struct opt_seen *seen, const struct opt *o, const char *value,
            enum opt_source from, struct err *e);
int opt_settle(const struct opt_table *t, void *config, struct opt_seen *seen, struct err *e);

/* Whether --help or -h stands on the command line as an option (not as the value of one). t may be NULL. */
bool opt_wants_help(const struct opt_table *t, int argc, const char *const *argv);

const struct opt *opt_find(const struct opt_table *t, struct str name); /* by long name or alias, or NULL */
/* The flag whose opposite `name` is ("stream" of no-stream, "no-json" of json), or NULL. */
const struct opt *opt_find_negated(const struct opt_table *t, struct str name);
/* The option's name, or that of one of `more` (NULL-ended, or NULL), that `name` was perhaps meant to be, into out;
 * NULL: none is near. */
const char *opt_suggest(const struct opt_table *t, struct str name, const char *const *more, char out[64]);
/* Whether giving one takes back the other. */
bool opt_same_group(const struct opt *a, const struct opt *b);
enum opt_source opt_source_of(const struct opt_table *t, const struct opt_seen *seen, const char *name);
/* "WEIR_MAX_TOKENS". Returns out. */
char *opt_env_name(char out[64], const struct opt_table *t, const struct opt *o);
/* The word nearest to `word`, or NULL when none is near. `names` is NULL-ended. */
const char *opt_nearest(struct str word, const char *const *names);

/* Read one value as opt_set does and store it in the row's place (src/cli/opt_value.c). The error says only what is
 * wrong with the value, not which option it was. Lists: appended. */
int opt_store(const struct opt *o, void *config, const char *value, struct err *e);

#endif
