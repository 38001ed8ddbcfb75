/* test_opt.c - the option engine, on a table of its own. Expected values are written by hand from the rules in opt.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "cli/opt.h"

struct conf {
    const char *url_base;
    bool fast, no_cache, seed_given;
    const char *model, *arrival;
    const char **headers;
    int64_t tokens, timeout, grace;
    uint64_t count, body, seed;
    int fd;
    double heat;
    const char *rate, *users, *end_text;
    int64_t duration;
    uint64_t requests;
    const char *secret;
};
#define C struct conf

static int check_even(const char *v, struct err *e)
{
    return strlen(v) % 2 == 0 ? 0 : err_set(e, ERR_USAGE, "has an odd length");
}

static const struct opt rows[] = {
    {"fast", 'f', NULL, NULL, "A", OPT_BOOL(C, fast), .flags = OPT_NEGATABLE, .help = "h"},
    {"no-cache", 0, NULL, NULL, "A", OPT_BOOL(C, no_cache), .flags = OPT_NEGATABLE, .help = "h"},
    {"model", 'm', "model-name", "NAME", "A", OPT_STR(C, model), .def = "base", .env = "PLAIN", .check = check_even,
     .help = "h"},
    {"arrival", 0, NULL, "P", "A", OPT_CHOICE(C, arrival), .def = "constant", .choices = "constant poisson",
     .help = "h"},
    {"header", 'H', NULL, "H", "A", OPT_STRS(C, headers), .help = "h"},
    {"max-tokens", 0, NULL, "N", "A", OPT_I64(C, tokens), .def = "none", .word = "none", .word_value = -1,
     .flags = OPT_POSITIVE, .help = "h"},
    {"timeout", 0, NULL, "T", "A", OPT_NS(C, timeout), .def = "300s", .flags = OPT_POSITIVE, .max = 3600, .help = "h"},
    {"grace", 0, NULL, "T", "A", OPT_NS(C, grace), .def = "timeout", .word = "timeout", .word_value = -1, .help = "h"},
    {"count", 'c', "number how-many", "N", "A", OPT_U64(C, count), .def = "4", .min = 2, .max = 10, .help = "h"},
    {"body", 0, NULL, "S", "A", OPT_BYTES(C, body), .def = "2k", .help = "h"},
    {"fd", 0, NULL, "N", "A", OPT_I32(C, fd), .def = "-1", .min = -1, .max = 9, .help = "h"},
    {"heat", 0, NULL, "X", "A", OPT_F64(C, heat), .def = "none", .word = "none", .help = "h"},
    {"seed", 0, NULL, "N", "A", OPT_U64(C, seed), .def = "random", .word = "random", .given = offsetof(C, seed_given),
     .help = "h"},
    {"rate", 0, NULL, "R", "B", OPT_STR(C, rate), .group = "load", .help = "h"},
    {"users", 0, NULL, "N", "B", OPT_STR(C, users), .def = "1", .group = "load", .help = "h"},
    {"duration", 0, NULL, "T", "B", OPT_NS(C, duration), .def = "30s", .word = "none", .group = "end",
     .flags = OPT_TOGETHER, .help = "h"},
    {"requests", 0, NULL, "N", "B", OPT_U64(C, requests), .def = "none", .word = "none", .group = "end",
     .flags = OPT_TOGETHER, .help = "h"},
    {"secret", 0, NULL, "K", "B", OPT_STR(C, secret), .check = check_even, .flags = OPT_SECRET, .help = "h"},
    {"debug", 0, NULL, "X", "B", OPT_STR(C, end_text), .flags = OPT_HIDDEN, .help = "h"},
};
static const struct opt_table table = {"try", "TRY_", rows, ARRAY_LEN(rows), "URL", 2};

struct tried {
    struct conf c;
    struct opt_seen seen;
    struct err e;
    int rc;
};

static const char *const *environment; /* name, value in turn; of the test that runs */

static char *fake_env(const char *name)
{
    for (size_t i = 0; environment && environment[i]; i += 2) {
        if (strcmp(environment[i], name) == 0)
            return (char *)(uintptr_t)environment[i + 1];
    }
    return NULL;
}

static void try(struct tried *t, const char *const *words)
{
    const char *argv[32] = {"try"};
    int argc = 1;
    for (; words[argc - 1]; argc++)
        argv[argc] = words[argc - 1];
    memset(t, 0, sizeof *t);
    memset(&t->c, 0xa5, sizeof t->c); /* every place must be filled */
    t->rc = opt_parse(&table, argc, argv, fake_env, &t->c, &t->seen, &t->e);
}
#define TRY(t, ...) try(t, (const char *const[]){__VA_ARGS__, NULL})
#define NONE NULL

static void done(struct tried *t)
{
    opt_free(&table, &t->c, &t->seen);
    environment = NULL;
}

static void wrong(const char *const *words, const char *text)
{
    struct tried t;
    try(&t, words);
    assert_int_equal(t.rc, -1);
    assert_int_equal(t.e.code, ERR_USAGE);
    assert_string_equal(t.e.text, text);
    done(&t);
}
#define WRONG(text, ...) wrong((const char *const[]){__VA_ARGS__, NULL}, text)

static void defaults(void **state)
{
    struct tried t;
    TRY(&t, NONE);
    assert_int_equal(t.rc, 0);
    assert_false(t.c.fast);
    assert_false(t.c.no_cache);
    assert_string_equal(t.c.model, "base");
    assert_string_equal(t.c.arrival, "constant");
    assert_null(t.c.headers);
    assert_int_equal(t.c.tokens, -1);
    assert_int_equal(t.c.timeout, 300 * NS_PER_S);
    assert_int_equal(t.c.grace, -1);
    assert_int_equal(t.c.count, 4);
    assert_int_equal(t.c.body, 2048);
    assert_int_equal(t.c.fd, -1);
    assert_true(isnan(t.c.heat));
    assert_int_equal(t.c.seed, 0);
    assert_false(t.c.seed_given);
    assert_null(t.c.rate);
    assert_string_equal(t.c.users, "1");
    assert_int_equal(t.c.duration, 30 * NS_PER_S);
    assert_int_equal(t.c.requests, 0);
    assert_int_equal(t.seen.n_pos, 0);
    done(&t);
}

static void spellings(void **state)
{
    struct tried t;
    TRY(&t, "http://a", "--model", "abcd", "-c8", "--timeout=1m30s", "-H", "A: 1", "-fignored");
    assert_int_equal(t.rc, -1); /* -f is a flag */
    done(&t);
    TRY(&t, "http://a", "--model", "abcd", "-c8", "--timeout=1m30s", "-H", "A: 1", "-f", "--heat", "1.5", "-HB: 2", "x",
        "--seed", "7");
    assert_int_equal(t.rc, 0);
    assert_string_equal(t.c.model, "abcd");
    assert_int_equal(t.c.count, 8);
    assert_int_equal(t.c.timeout, 90 * NS_PER_S);
    assert_string_equal(t.c.headers[0], "A: 1");
    assert_string_equal(t.c.headers[1], "B: 2");
    assert_null(t.c.headers[2]);
    assert_true(t.c.fast);
    assert_int_equal(t.c.seed, 7);
    assert_true(t.c.seed_given);
    assert_int_equal(t.seen.n_pos, 2);
    assert_string_equal(t.seen.pos[0], "http://a");
    assert_string_equal(t.seen.pos[1], "x");
    assert_null(t.seen.pos[2]);
    assert_int_equal(opt_source_of(&table, &t.seen, "count"), OPT_FROM_FLAG);
    assert_int_equal(opt_source_of(&table, &t.seen, "body"), OPT_FROM_DEFAULT);
    done(&t);
    TRY(&t, "--how-many", "3", "--model-name=", "--", "--fast", "-");
    assert_int_equal(t.rc, 0);
    assert_int_equal(t.c.count, 3);
    assert_string_equal(t.c.model, "");
    assert_false(t.c.fast);
    assert_string_equal(t.seen.pos[0], "--fast");
    assert_string_equal(t.seen.pos[1], "-");
    done(&t);
    TRY(&t, "--count", "3", "--count", "5", "--max-tokens", "none", "--grace", "0");
    assert_int_equal(t.c.count, 5); /* the last one counts */
    assert_int_equal(t.c.tokens, -1);
    assert_int_equal(t.c.grace, 0);
    done(&t);
}

static void negation(void **state)
{
    struct tried t;
    TRY(&t, "--fast", "--no-fast", "--no-cache");
    assert_int_equal(t.rc, 0);
    assert_false(t.c.fast);
    assert_true(t.c.no_cache);
    done(&t);
    TRY(&t, "--no-cache", "--cache", "--fast=yes");
    assert_int_equal(t.rc, 0);
    assert_false(t.c.no_cache);
    assert_true(t.c.fast);
    done(&t);
    TRY(&t, "--fast=off");
    assert_false(t.c.fast);
    done(&t);
    WRONG("--fast maybe: say 1 or 0", "--fast=maybe");
    WRONG("--no-fast takes no value", "--no-fast=1");
    WRONG("unknown option --no-model; did you mean --model? (see weir try --help)", "--no-model");
}

static void precedence(void **state)
{
    struct tried t;
    environment = (const char *const[]){"TRY_COUNT",  "9",    "TRY_MAX_TOKENS", "50", "TRY_FAST", "1",
                                        "TRY_HEADER", "E: 0", "TRY_MODEL",      "",   NULL};
    TRY(&t, "--count", "3", "--header", "F: 1");
    assert_int_equal(t.rc, 0);
    assert_int_equal(t.c.count, 3);
    assert_int_equal(t.c.tokens, 50);
    assert_true(t.c.fast);
    assert_string_equal(t.c.headers[0], "F: 1"); /* a list from a higher source replaces the lower one's */
    assert_null(t.c.headers[1]);
    assert_string_equal(t.c.model, "base"); /* empty = not set */
    assert_int_equal(opt_source_of(&table, &t.seen, "max-tokens"), OPT_FROM_ENV);
    done(&t);
    /* A variable without the prefix stands below the one with it, and is named where it was the one. */
    environment = (const char *const[]){"PLAIN", "abcd", NULL};
    TRY(&t, NONE);
    assert_string_equal(t.c.model, "abcd");
    assert_string_equal(t.seen.where[opt_find(&table, STR("model")) - rows], "PLAIN");
    done(&t);
    environment = (const char *const[]){"PLAIN", "abcd", "TRY_MODEL", "ef", NULL};
    TRY(&t, NONE);
    assert_string_equal(t.c.model, "ef");
    assert_null(t.seen.where[opt_find(&table, STR("model")) - rows]);
    done(&t);
    environment = (const char *const[]){"PLAIN", "abcd", "TRY_MODEL", "", NULL};
    TRY(&t, NONE);
    assert_string_equal(t.c.model, "abcd");
    done(&t);
    environment = (const char *const[]){"PLAIN", "abc", NULL};
    WRONG("PLAIN: TRY_MODEL=abc: has an odd length", NONE);
    /* A file read after the flags still stands below them, whatever the order of the calls. */
    TRY(&t, "--count", "3");
    assert_int_equal(opt_set(&table, &t.c, &t.seen, opt_find(&table, STR("count")), "7", OPT_FROM_FILE, &t.e), 0);
    assert_int_equal(t.c.count, 3);
    assert_int_equal(opt_set(&table, &t.c, &t.seen, opt_find(&table, STR("body")), "1M", OPT_FROM_FILE, &t.e), 0);
    assert_int_equal(t.c.body, 1048576);
    done(&t);
}

static void groups(void **state)
{
    struct tried t;
    TRY(&t, "--rate", "5");
    assert_string_equal(t.c.rate, "5");
    assert_null(t.c.users); /* its default gave way */
    done(&t);
    WRONG("--rate and --users exclude each other; give one of them", "--users", "2", "--rate", "5");
    environment = (const char *const[]){"TRY_RATE", "5", NULL};
    TRY(&t, "--users", "2");
    assert_int_equal(t.rc, 0);
    assert_null(t.c.rate); /* the flag silences the environment */
    assert_string_equal(t.c.users, "2");
    done(&t);
    environment = (const char *const[]){"TRY_RATE", "5", "TRY_USERS", "2", NULL};
    WRONG("TRY_RATE and TRY_USERS exclude each other; give one of them", NONE);
    TRY(&t, "--requests", "10");
    assert_int_equal(t.c.requests, 10);
    assert_int_equal(t.c.duration, 0);
    done(&t);
    TRY(&t, "--requests", "10", "--duration", "5s");
    assert_int_equal(t.rc, 0);
    assert_int_equal(t.c.requests, 10);
    assert_int_equal(t.c.duration, 5 * NS_PER_S);
    done(&t);
}

static void mistakes(void **state)
{
    WRONG("unknown option --cuont; did you mean --count? (see weir try --help)", "--cuont", "3");
    WRONG("unknown option --xylophone (see weir try --help)", "--xylophone");
    WRONG("unknown option --max; did you mean --max-tokens? (see weir try --help)", "--max", "3");
    WRONG("unknown option --debog (see weir try --help)", "--debog=1"); /* a hidden one is not suggested */
    WRONG("unknown option -z (see weir try --help)", "-z");
    WRONG("--count needs a value: --count N", "--count");
    WRONG("--count needs a value: --count N", "--count", "--fast");
    WRONG("--count needs a value: --count N", "-c");
    WRONG("--count 1: must be at least 2", "--count", "1");
    WRONG("--count -3: must be at least 2", "--count", "-3");
    WRONG("--count 11: must be at most 10", "-c", "11");
    WRONG("--count 2.5: must be a whole number", "--count", "2.5");
    WRONG("--count two: is not a whole number", "--count", "two");
    WRONG("--count '': is not a whole number", "--count=");
    WRONG("--max-tokens 0: must be at least 1", "--max-tokens", "0");
    WRONG("--timeout 0: must be above 0", "--timeout", "0");
    WRONG("--timeout -1: must be above 0", "--timeout", "-1");
    WRONG("--timeout 2h: must be at most 3600s", "--timeout", "2h");
    WRONG("--timeout -2ms: must be above 0", "--timeout", "-2ms");
    WRONG("--grace -2ms: must not be negative", "--grace", "-2ms");
    WRONG("--heat '{': is not a number", "--heat", "{");
    WRONG("unknown option --how-mny; did you mean --how-many? (see weir try --help)", "--how-mny", "1");
    WRONG("--timeout soon: is not a duration; write 500ms, 10s or 2m", "--timeout", "soon");
    WRONG("--body 'a lot': is not a size; write 512, 64k or 10M", "--body", "a lot");
    WRONG("--heat hot: is not a number", "--heat", "hot");
    WRONG("--heat -1: must be at least 0", "--heat", "-1");
    WRONG("--heat nan: is not a number", "--heat", "nan");
    WRONG("--fd 10: must be at most 9", "--fd", "10");
    WRONG("--arrival poison: must be one of constant, poisson; did you mean poisson?", "--arrival", "poison");
    WRONG("--arrival x: must be one of constant, poisson", "--arrival", "x");
    WRONG("--model abc: has an odd length", "-mabc");
    WRONG("--secret: has an odd length", "--secret", "abc"); /* and its value is not said */
    WRONG("'c' is one URL too many (see weir try --help)", "a", "b", "c");
    environment = (const char *const[]){"TRY_COUNT", "99", NULL};
    WRONG("TRY_COUNT=99: must be at most 10", NONE);
    environment = (const char *const[]){"TRY_FAST", "perhaps", NULL};
    WRONG("TRY_FAST=perhaps: say 1 or 0", NONE);
}

static void help_wanted(void **state)
{
    struct {
        const char *words[6];
        bool want;
    } const rows_[] = {
        {{"try", "--help"}, true},
        {{"try", "x", "-h"}, true},
        {{"try", "--model", "--help"}, false}, /* the value of an option */
        {{"try", "--model=x", "--help"}, true},
        {{"try", "-m", "-h"}, false},
        {{"try", "-mx", "-h"}, true},
        {{"try", "--", "--help"}, false},
        {{"try", "--fast", "--help"}, true},
        {{"try", "--unknown", "--help"}, true},
        {{"try"}, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows_); i++) {
        int n = 0;
        while (n < 6 && rows_[i].words[n])
            n++;
        assert_int_equal(opt_wants_help(&table, n, rows_[i].words), rows_[i].want);
    }
    const char *const words[] = {"version", "--help"};
    assert_true(opt_wants_help(NULL, 2, words));
}

static void names(void **state)
{
    char name[64];
    assert_string_equal(opt_env_name(name, &table, opt_find(&table, STR("max-tokens"))), "TRY_MAX_TOKENS");
    assert_ptr_equal(opt_find(&table, STR("number")), opt_find(&table, STR("count")));
    assert_null(opt_find(&table, STR("coun")));
    assert_null(opt_find(&table, STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),    cmocka_unit_test(spellings), cmocka_unit_test(negation),
        cmocka_unit_test(precedence),  cmocka_unit_test(groups),    cmocka_unit_test(mistakes),
        cmocka_unit_test(help_wanted), cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
