#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "campaign/campaign_private.h"
#include "cli/opt_dump.h"
#include "cli/opts.h"

struct all {
    bool flag, on, given;
    const char *text, *word_text, *choice;
    const char **list, **secret_list;
    int64_t whole, time, time_word;
    uint64_t count, seed, size;
    int small;
    double x, nan_word;
    const char *secret, *left_out;
};

static const struct opt rows[] = {
    {"flag", 0, NULL, NULL, "c", OPT_BOOL(struct all, flag), .flags = OPT_NEGATABLE},
    {"on", 0, NULL, NULL, "c", OPT_BOOL(struct all, on), .def = "1", .flags = OPT_NEGATABLE},
    {"text", 0, NULL, "T", "c", OPT_STR(struct all, text)},
    {"word-text", 0, NULL, "T", "c", OPT_STR(struct all, word_text), .def = "some", .word = "none"},
    {"choice", 0, NULL, "T", "c", OPT_CHOICE(struct all, choice), .def = "a", .choices = "a b"},
    {"list", 0, NULL, "T", "c", OPT_STRS(struct all, list)},
    {"secret-list", 0, NULL, "T", "c", OPT_STRS(struct all, secret_list), .flags = OPT_SECRET},
    {"whole", 0, NULL, "N", "c", OPT_I64(struct all, whole), .def = "none", .word = "none", .word_value = -1,
     .min = -1e19},
    {"time", 0, NULL, "T", "c", OPT_NS(struct all, time)},
    {"time-word", 0, NULL, "T", "c", OPT_NS(struct all, time_word), .def = "3s", .word = "timeout", .word_value = -1},
    {"count", 0, NULL, "N", "c", OPT_U64(struct all, count), .def = "7", .word = "none"},
    {"seed", 0, NULL, "N", "c", OPT_U64(struct all, seed), .def = "random", .word = "random",
     .given = offsetof(struct all, given)},
    {"size", 0, NULL, "N", "c", OPT_BYTES(struct all, size)},
    {"small", 0, NULL, "N", "c", OPT_I32(struct all, small), .min = -10},
    {"x", 0, NULL, "X", "c", OPT_F64(struct all, x)},
    {"nan-word", 0, NULL, "X", "c", OPT_F64(struct all, nan_word), .def = "1", .word = "none"},
    {"secret", 0, NULL, "T", "c", OPT_STR(struct all, secret), .flags = OPT_SECRET},
    {"left-out", 0, NULL, "T", "c", OPT_STR(struct all, left_out)},
};
static const struct opt_table table = {"test", "WEIRT_", rows, ARRAY_LEN(rows), NULL, 0};

static void dump(struct buf *b, const struct opt_table *t, const void *config, const struct opt_seen *seen)
{
    static const char *const without[] = {"left-out", NULL};
    struct jout j;
    buf_clear(b);
    jo_init(&j, b, 0);
    opt_dump(&j, t, config, seen, without, false);
}

static void same_settings(const struct all *a, const struct all *b)
{
    assert_int_equal(a->flag, b->flag);
    assert_int_equal(a->on, b->on);
    assert_int_equal(a->given, b->given);
    const char *const *p[] = {&a->text, &b->text, &a->word_text, &b->word_text, &a->choice, &b->choice};
    for (size_t i = 0; i < ARRAY_LEN(p); i += 2) {
        assert_int_equal(*p[i] == NULL, *p[i + 1] == NULL);
        if (*p[i])
            assert_string_equal(*p[i], *p[i + 1]);
    }
    size_t n = 0;
    for (; a->list && a->list[n]; n++)
        assert_string_equal(a->list[n], b->list[n]);
    assert_true(n == 0 || b->list[n] == NULL);
    assert_int_equal(a->whole, b->whole);
    assert_int_equal(a->time, b->time);
    assert_int_equal(a->time_word, b->time_word);
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->seed, b->seed);
    assert_int_equal(a->size, b->size);
    assert_int_equal(a->small, b->small);
    assert_memory_equal(&a->x, &b->x, sizeof a->x);
    assert_true(a->nan_word == b->nan_word || (isnan(a->nan_word) && isnan(b->nan_word)));
}

/* Parse, dump, load, dump: the settings and the text are the same. */
static void round_trip(int argc, const char *const *argv, const char *want)
{
    struct all a = {0}, b = {0};
    struct opt_seen seen_a = {0}, seen_b = {0};
    struct err e = {0};
    struct buf first = BUF_INIT(65536), second = BUF_INIT(65536);
    if (opt_parse(&table, argc, argv, NULL, &a, &seen_a, &e) != 0)
        fail_msg("%s", e.text);
    dump(&first, &table, &a, &seen_a);
    if (want)
        assert_string_equal(first.p, want);
    struct jdoc *d = jdoc_parse(buf_str(&first), "options", &e);
    assert_non_null(d);
    assert_int_equal(opt_defaults(&table, &b, &e), 0);
    if (opt_load(&table, &b, &seen_b, jdoc_root(d), OPT_FROM_STORED, &e) != 0 ||
        opt_settle(&table, &b, &seen_b, &e) != 0)
        fail_msg("%s: %s", first.p, e.text);
    same_settings(&a, &b);
    dump(&second, &table, &b, &seen_b);
    assert_string_equal(first.p, second.p);
    opt_free(&table, &a, &seen_a);
    opt_free(&table, &b, &seen_b);
    jdoc_free(&d);
    buf_free(&first);
    buf_free(&second);
}
#define ROUND(want, ...)                                                                                               \
    round_trip((int)ARRAY_LEN(((const char *[]){"t", __VA_ARGS__})), (const char *[]){"t", __VA_ARGS__}, want)

static void what_was_given_comes_back(void **state)
{
    (void)state;
    round_trip(1, (const char *[]){"t"}, "{}");
    ROUND("{\"flag\":\"true\",\"on\":\"false\"}", "--flag", "--no-on");
    ROUND("{\"text\":\"\",\"choice\":\"b\"}", "--text=", "--choice", "b");
    ROUND("{\"text\":\"caf\xc3\xa9 \\\"q\\\"\\n\"}", "--text", "caf\xc3\xa9 \"q\"\n");
    ROUND("{\"list\":[\"a\",\"\",\"b: c\"]}", "--list", "a", "--list=", "--list", "b: c");
    ROUND("{\"whole\":\"-9223372036854775808\"}", "--whole", "-9223372036854775808");
    ROUND("{\"time\":\"1500ms\",\"time-word\":\"0s\"}", "--time", "1.5", "--time-word", "0");
    ROUND("{\"count\":\"18446744073709551615\",\"seed\":\"5\"}", "--count", "18446744073709551615", "--seed", "5");
    ROUND("{\"size\":\"65536\",\"small\":\"-3\"}", "--size", "64k", "--small", "-3");
    ROUND(NULL, "--x", "0.1", "--nan-word", "2.5e-300");
    ROUND("{}", "--secret", "SECRET", "--secret-list", "A: SECRET", "--left-out", "y");
}

static void urls_lose_their_secrets(void **state)
{
    (void)state;
    static const char *const words[] = {"run", "--mix", "a=1:http://me:SECRET@h/x.jsonl", "--mix", "b=1:y.jsonl"};
    struct buf b = BUF_INIT(1000);
    struct run_config c = {0};
    struct opt_seen seen = {0};
    struct err e = {0};
    if (opt_parse(&opt_run, ARRAY_LEN(words), words, NULL, &c, &seen, &e) != 0)
        fail_msg("%s", e.text);
    dump(&b, &opt_run, &c, &seen);
    assert_string_equal(b.p, "{\"mix\":[\"a=1:http://[redacted]@h/x.jsonl\",\"b=1:y.jsonl\"]}");
    opt_free(&opt_run, &c, &seen);
    buf_free(&b);
}

static void words_come_back_as_words(void **state)
{
    (void)state;
    ROUND("{\"word-text\":\"none\",\"whole\":\"none\",\"time-word\":\"timeout\",\"count\":\"none\",\"nan-word\":"
          "\"none\"}",
          "--word-text", "none", "--whole", "none", "--time-word", "timeout", "--count", "none", "--nan-word", "none");
    ROUND("{\"seed\":\"random\"}", "--seed", "random");
    ROUND("{\"seed\":\"0\"}", "--seed", "0"); /* a seed, though the word has its value */
}

static void other_documents_are_refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {{"{\"nonsense\":\"1\"}", "options.nonsense: no such option"},
                                         {"{\"text\":1}", "options.text: must be text"},
                                         {"{\"text\":null}", "options.text: must be text"},
                                         {"{\"list\":[\"a\",2]}", "options.list: must be text"},
                                         {"{\"small\":\"x\"}", "options.small: "},
                                         {"{\"choice\":\"c\"}", "options.choice: "}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct all a = {0};
        struct opt_seen seen = {0};
        struct err e = {0};
        struct jdoc *d = jdoc_parse(str_of(bad[i][0]), "options", &e);
        assert_int_equal(opt_defaults(&table, &a, &e), 0);
        assert_int_equal(opt_load(&table, &a, &seen, jdoc_root(d), OPT_FROM_STORED, &e), -1);
        assert_memory_equal(e.text, bad[i][1], strlen(bad[i][1]));
        opt_free(&table, &a, &seen);
        jdoc_free(&d);
    }
}

/* Each spelling that the parser accepts of each secret option: what is stored of the command line holds no secret. */
static void no_secret_option_reaches_the_stored_command(void **state)
{
    (void)state;
    int n = 0;
    for (size_t i = 0; i < opt_run.n; i++) {
        const struct opt *o = &opt_run.opts[i];
        char names[256], *save = NULL;
        if (!(o->flags & OPT_SECRET))
            continue;
        snprintf(names, sizeof names, "%s %s", o->name, o->aliases ? o->aliases : "");
        for (char *name = strtok_r(names, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
            char apart[64], joined[128], letter[8] = "", close[64] = "";
            snprintf(apart, sizeof apart, "--%s", name);
            snprintf(joined, sizeof joined, "--%s=A: SECRET", name);
            if (o->letter) {
                snprintf(letter, sizeof letter, "-%c", o->letter);
                snprintf(close, sizeof close, "-%cA: SECRET", o->letter);
            }
            const char *const words[][3] = {
                {"run", apart, "A: SECRET"}, {"run", joined, "x"}, {"run", letter, "A: SECRET"}, {"run", close, "x"}};
            for (size_t k = 0; k < (o->letter ? 4 : 2); k++) {
                struct run_config c = {0};
                struct opt_seen seen = {0};
                struct err e = {0};
                if (opt_parse(&opt_run, 3, words[k], NULL, &c, &seen, &e) != 0)
                    fail_msg("%s", e.text);
                assert_int_equal(opt_source_of(&opt_run, &seen, o->name), OPT_FROM_FLAG); /* it is that option */
                opt_free(&opt_run, &c, &seen);
                struct buf b = BUF_INIT(10000);
                struct jout j;
                jo_init(&j, &b, 0);
                redact_command(&j, words[k], 3);
                if (strstr(b.p, "SECRET"))
                    fail_msg("%s", b.p);
                buf_free(&b);
                n++;
            }
        }
    }
    assert_true(n >= 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_given_comes_back),
        cmocka_unit_test(urls_lose_their_secrets),
        cmocka_unit_test(words_come_back_as_words),
        cmocka_unit_test(other_documents_are_refused),
        cmocka_unit_test(no_secret_option_reaches_the_stored_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
