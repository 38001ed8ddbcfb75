#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "cli/bench.h"

struct all {
    const char *text, *terms, *pairs, *json, *rate, *count;
    const char **lines, **secrets;
    bool no_flag;
    int64_t time;
    uint64_t requests;
};

static const struct opt rows[] = {
    {"text", 0, "words", "T", "c", OPT_STR(struct all, text), .flags = OPT_LEVEL},
    {"terms", 0, NULL, "T", "c", OPT_STR(struct all, terms), .list = ',', .map = OPT_MAP_LIMITS},
    {"pairs", 0, NULL, "T", "c", OPT_STR(struct all, pairs), .list = ',', .map = OPT_MAP_PAIRS},
    {"json", 0, NULL, "T", "c", OPT_STR(struct all, json), .map = OPT_MAP_JSON, .flags = OPT_LEVEL},
    {"rate", 0, NULL, "N", "c", OPT_STR(struct all, rate), .list = ',', .group = "load", .flags = OPT_LEVEL},
    {"count", 0, NULL, "N", "c", OPT_STR(struct all, count), .def = "1", .group = "load", .flags = OPT_LEVEL},
    {"lines", 0, NULL, "T", "c", OPT_STRS(struct all, lines), .map = OPT_MAP_LINES, .flags = OPT_LEVEL},
    {"secrets", 0, NULL, "T", "c", OPT_STRS(struct all, secrets), .flags = OPT_SECRET},
    {"no-flag", 0, NULL, NULL, "c", OPT_BOOL(struct all, no_flag), .flags = OPT_NEGATABLE},
    {"time", 0, NULL, "T", "c", OPT_NS(struct all, time), .def = "3s", .group = "end",
     .flags = OPT_TOGETHER | OPT_LEVEL},
    {"requests", 0, NULL, "N", "c", OPT_U64(struct all, requests), .def = "none", .word = "none", .group = "end",
     .flags = OPT_TOGETHER | OPT_LEVEL},
};
static const struct opt_table table = {"test", "WEIRT_", rows, ARRAY_LEN(rows), NULL, 0};

static char *env(const char *name)
{
    static char word[] = "w: ${X} $$", key[] = "k";
    return strcmp(name, "WORD") == 0 ? word : strcmp(name, "MY_KEY") == 0 ? key : NULL;
}

struct tried {
    struct bench *b;
    struct all c;
    struct opt_seen seen;
    struct err e;
};

/* Files one after the other, NULL-ended; then what `level` says. */
static int try(struct tried *t, size_t level, const char *const *text)
{
    static const char *const argv[] = {"test", NULL};
    memset(t, 0, sizeof *t);
    t->b = bench_new(&table);
    assert_int_equal(opt_parse(&table, 1, argv, NULL, &t->c, &t->seen, &t->e), 0);
    for (; *text; text++) {
        if (bench_add_text(t->b, "f", str_of(*text), env, &t->e) < 0)
            return -1;
    }
    if (bench_apply(t->b, SIZE_MAX, &t->c, &t->seen, &t->e) < 0 ||
        (level != SIZE_MAX && bench_apply(t->b, level, &t->c, &t->seen, &t->e) < 0))
        return -1;
    return opt_settle(&table, &t->c, &t->seen, &t->e);
}
#define TRY(t, level, ...) try((t), (level), (const char *const[]){__VA_ARGS__, NULL})

static void done(struct tried *t)
{
    opt_free(&table, &t->c, &t->seen);
    bench_free(&t->b);
}

static void values_become_what_the_row_reads(void **state)
{
    (void)state;
    struct tried t;
    assert_int_equal(TRY(&t, SIZE_MAX,
                         "words: 'a: b'\n"
                         "terms: {ttft: {p95: 1s, p99: '>2s'}, success_rate: 99%, error_rate: 1%}\n"
                         "pairs: {ttft: 1s, e2e: 2s}\n"
                         "json: {a: 1, b: '1', c: [01, 1.50, -2e3, true, \"true\", null, x], d: {}}\n"
                         "rate: [1, 2.5]\n"
                         "lines: {A: b, C: d e}\n"
                         "flag: no\n"
                         "time: 5\n"),
                     0);
    assert_string_equal(t.c.text, "a: b");
    assert_string_equal(t.c.terms, "ttft:p95<1s,ttft:p99>2s,success_rate>99%,error_rate<1%");
    assert_string_equal(t.c.pairs, "ttft:1s,e2e:2s");
    assert_string_equal(
        t.c.json, "{\"a\":1,\"b\":\"1\",\"c\":[\"01\",1.50,-2e3,true,\"true\",null,\"x\"],\"d\":{}}"); /* RFC 8259, 6 */
    assert_string_equal(t.c.rate, "1,2.5");
    assert_null(t.c.count); /* its default gave way */
    assert_string_equal(t.c.lines[0], "A: b");
    assert_string_equal(t.c.lines[1], "C: d e");
    assert_true(t.c.no_flag);
    assert_int_equal(t.c.time, 5 * NS_PER_S);
    done(&t);
}

static void later_files_and_stronger_maps_win(void **state)
{
    (void)state;
    struct tried t;
    assert_int_equal(
        TRY(&t, SIZE_MAX, "rate: 5\nlines: [a, b]\ntext: first\ntime: 2s\n", "count: 3\nlines: c\nrequests: 7\n"), 0);
    assert_null(t.c.rate); /* excluded by what the second says */
    assert_string_equal(t.c.count, "3");
    assert_string_equal(t.c.lines[0], "c");
    assert_null(t.c.lines[1]);
    assert_string_equal(t.c.text, "first");
    assert_true(t.c.time == 2 * NS_PER_S && t.c.requests == 7); /* these two do not exclude each other */
    assert_string_equal(t.seen.where[0], "f:3");
    done(&t);
    assert_int_equal(TRY(&t, SIZE_MAX,
                         "x-a: &a {text: a, rate: 1, time: 1s}\n"
                         "x-b: &b {text: b, count: 2, requests: 3}\n"
                         "x-c: &c {<<: *b, requests: 4}\n"
                         "time: 9s\n"
                         "<<: [*c, *a]\n"),
                     0);
    assert_string_equal(t.c.text, "b"); /* the first of the list */
    assert_string_equal(t.c.count, "2");
    assert_null(t.c.rate);
    assert_true(t.c.requests == 4 && t.c.time == 9 * NS_PER_S);
    done(&t);
}

static void levels_stand_above_the_rest_of_the_file(void **state)
{
    (void)state;
    static const char text[] = "rate: 5\n"
                               "text: all\n"
                               "levels:\n"
                               "- {name: a, count: 4}\n"
                               "- text: own\n"
                               "  requests: 2\n";
    struct tried t;
    char where[320];
    assert_int_equal(TRY(&t, 0, text), 0);
    assert_int_equal(bench_levels(t.b), 2);
    assert_string_equal(bench_level_name(t.b, 0), "a");
    assert_null(bench_level_name(t.b, 1));
    assert_string_equal(bench_level_where(t.b, 1, where), "f:5:3");
    assert_string_equal(t.c.count, "4");
    assert_null(t.c.rate);
    assert_string_equal(t.c.text, "all");
    assert_int_equal(opt_source_of(&table, &t.seen, "count"), OPT_FROM_LEVEL);
    done(&t);
    assert_int_equal(TRY(&t, 1, text), 0);
    assert_string_equal(t.c.rate, "5");
    assert_string_equal(t.c.text, "own");
    assert_true(t.c.requests == 2 && t.c.time == 0); /* the default of its group gave way */
    done(&t);
    assert_int_equal(TRY(&t, 0, text, "levels: [{rate: 1}]"), 0);
    assert_int_equal(bench_levels(t.b), 1);
    assert_string_equal(t.c.rate, "1");
    done(&t);
    assert_int_equal(TRY(&t, 0, "levels: [{pairs: a}]"), -1);
    assert_string_equal(t.e.text, "f:1:11: pairs is of the whole run and cannot differ between levels; move it to the "
                                  "top");
    done(&t);
}

static void variables_are_put_in_once(void **state)
{
    (void)state;
    static const struct {
        const char *file, *text;
        bool secret;
    } cases[] = {
        {"text: ${WORD}", "w: ${X} $$", false}, /* what a variable holds is not looked through, nor read as YAML */
        {"text: \"$$ $$$$ $ $x ${WORD:-d}!\"", "$ $$ $ $x w: ${X} $$!", false},
        {"text: a${NONE:-}b${NONE:-c d}", "abc d", false},
        {"text: ${MY_KEY}", "k", true},
        {"text: '$${MY_KEY}'", "${MY_KEY}", false},
        {"text: ${NO_KEY:-d}", "d", false},
        {"text: |\n  one\n  ${MY_KEY}\n", "one\nk\n", true},
    };
    static const char *const bad[][2] = {
        {"text: ab ${NONE}", "f:1:10: the environment has no NONE"},
        {"text: 'ab ${NONE}'", "f:1:11: "},
        {"text: ${", "f:1:7: \"${\" has no \"}\""},
        {"text: ${}", "f:1:7: \"${}\" is no variable"},
        {"text: ${1A}", "f:1:7: "},
        {"text: ${A:=b}", "f:1:7: "},
        {"text: ${A:-", "f:1:7: "},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct tried t;
        if (TRY(&t, SIZE_MAX, cases[i].file) != 0)
            fail_msg("%s", t.e.text);
        assert_string_equal(t.c.text, cases[i].text);
        assert_int_equal(t.seen.secret[0], cases[i].secret);
        done(&t);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct tried t;
        assert_int_equal(TRY(&t, SIZE_MAX, bad[i][0]), -1);
        if (strncmp(t.e.text, bad[i][1], strlen(bad[i][1])) != 0)
            fail_msg("%s: %s", bad[i][0], t.e.text);
        done(&t);
    }
}

static void everything_has_a_bound(void **state)
{
    (void)state;
    struct tried t;
    struct buf b = BUF_INIT(4u << 20);
    for (int i = 0; i < 40; i++)
        buf_addz(&b, "[");
    for (int i = 0; i < 40; i++)
        buf_addz(&b, "]");
    assert_int_equal(TRY(&t, SIZE_MAX, b.p), -1);
    assert_non_null(strstr(t.e.text, "more than 32 levels deep"));
    done(&t);
    buf_clear(&b);
    buf_addz(&b, "levels:\n");
    for (int i = 0; i < 65; i++)
        buf_addz(&b, "- rate: 5\n");
    assert_int_equal(TRY(&t, SIZE_MAX, b.p), -1);
    assert_non_null(strstr(t.e.text, "more than 64 levels"));
    done(&t);
    buf_clear(&b);
    buf_addz(&b, "secrets: [a");
    for (int i = 0; i < 20000; i++)
        buf_addz(&b, ",a");
    buf_addz(&b, "]");
    assert_int_equal(TRY(&t, SIZE_MAX, b.p), -1);
    assert_non_null(strstr(t.e.text, "more than 20000 values"));
    done(&t);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_become_what_the_row_reads),
        cmocka_unit_test(later_files_and_stronger_maps_win),
        cmocka_unit_test(levels_stand_above_the_rest_of_the_file),
        cmocka_unit_test(variables_are_put_in_once),
        cmocka_unit_test(everything_has_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
