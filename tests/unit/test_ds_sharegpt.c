/* test_ds_sharegpt.c - ShareGPT: which turns are sent, which entries are left out, what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ds_show.h"

#define ALL ((struct dataset_opts){.format = "sharegpt", .lengths = "none"})
#define GOOD(text, want) ds_expect_with(text, "s.json", &ALL, want)
#define BAD(text, says) ds_refused_with(text, "s.json", &ALL, ERR_DATA, says)

#define H "{\"from\": \"human\", \"value\": "
#define G "{\"from\": \"gpt\", \"value\": "

static void test_turns(void **state)
{
    GOOD("[{\"id\": \"x\", \"conversations\": [" H "\"one \\\"two\\\"\"}, " G "\"three\"}, " H "\"four\"}]},\n"
         "{\"conversations\": [" G "\"its own\"}, " H "\"then\"}]},\n"
         "{\"conversations\": [{\"from\": \"system\", \"value\": \"be brief\"}, {\"value\": \"a b\", \"from\": "
         "\"user\", \"x\": [1]}, " G "\"c\"}], \"y\": {}}]",
         "[s.json:1 words 2] user=one \\\"two\\\";\n"
         "[s.json:2 words 2] user=its own;\n"
         "[s.json:3 words 4] system=be brief; user=a b;\n");
    GOOD("{\"conversations\": [" H "\"a\"}, " G "\"b\"}]}\n{\"conversations\": [" H "\"c\"}, " G "\"d\"}]}\n",
         "[s.json:1 words 1] user=a;\n[s.json:2 words 1] user=c;\n");
}

static void test_left_out(void **state)
{
    struct err e = {0};
    struct dataset *ds = dataset_load_text_with(
        STR("[{\"conversations\": []}, {\"conversations\": [" H "\"a\"}]}, {\"conversations\": [" H "\"\"}, " G
            "\"x\"}]}, {\"conversations\": [{\"from\": \"system\", \"value\": \"s\"}, " H "\"a\"}]}, "
            "{\"conversations\": [" H "\"a\"}, " G "\"b\"}]}]"),
        "s.json", &ALL, &e);
    assert_non_null(ds);
    assert_int_equal(dataset_n(ds), 1);
    assert_int_equal(dataset_get_stats(ds)->skipped, 4);
    assert_int_equal(dataset_get_stats(ds)->out_of_range, 0);
    dataset_free(&ds);
}

static void words(struct buf *b, int n)
{
    for (int i = 0; i < n; i++)
        buf_addz(b, i ? " w" : "w");
}

/* The filters of the program that the seed describes: 4 to 1024, 4 and more, at most 2048 together. */
static void test_lengths(void **state)
{
    static const struct {
        int prompt, answer;
        bool kept;
    } cases[] = {{3, 9, false},      {4, 4, true},        {4, 3, false},   {1024, 4, true}, {1025, 4, false},
                 {1024, 1024, true}, {1024, 1025, false}, {4, 2044, true}, {4, 2045, false}};
    struct buf b = BUF_INIT(1 << 20);
    size_t kept = 0, at = 0;
    buf_addc(&b, '[');
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_addf(&b, "%s{\"conversations\": [" H "\"", i ? ",\n" : "");
        words(&b, cases[i].prompt);
        buf_addz(&b, "\"}, " G "\"");
        words(&b, cases[i].answer);
        buf_addz(&b, "\"}]}");
        kept += cases[i].kept;
    }
    buf_addc(&b, ']');
    struct dataset_opts o = {.answer_length = true};
    struct dataset *ds = dataset_load_text_with(buf_str(&b), "s.json", &o, NULL);
    assert_non_null(ds);
    assert_string_equal(dataset_get_stats(ds)->format, "sharegpt");
    assert_int_equal(dataset_n(ds), kept);
    assert_int_equal(dataset_get_stats(ds)->out_of_range, ARRAY_LEN(cases) - kept);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (!cases[i].kept)
            continue;
        assert_int_equal(dataset_at(ds, at)->words, cases[i].prompt);
        assert_int_equal(dataset_at(ds, at)->max_tokens, cases[i].answer);
        at++;
    }
    dataset_free(&ds);
    o = (struct dataset_opts){.lengths = "output:..100"};
    ds = dataset_load_text_with(buf_str(&b), "s.json", &o, NULL);
    assert_int_equal(dataset_n(ds), 5);
    assert_int_equal(dataset_at(ds, 0)->max_tokens, -1); /* not asked for */
    dataset_free(&ds);
    o.lengths = "input:9000..";
    ds_refused_with(b.p, "s.json", &o, ERR_DATA,
                    "s.json: no entry has the wanted lengths (9 left out); --dataset-lengths none keeps them all");
    buf_free(&b);
}

static void test_bad(void **state)
{
    BAD("[{\"id\": 1}]", "s.json:1: \"conversations\" is missing; each entry needs its turns there");
    BAD("[1]", "s.json:1: an entry is not an object; each needs conversations");
    BAD("[{\"conversations\": {}}]", "s.json:1: \"conversations\" is not an array of turns");
    BAD("[\n{\"conversations\": [1]}]", "s.json:2: a turn is not an object; each turn needs from and value");
    BAD("[{\"conversations\": [{\"value\": \"x\"}]}]", "s.json:1: \"from\" is missing; each turn needs from and value");
    BAD("[{\"conversations\": [{\"from\": \"x\"}]}]", "s.json:1: \"value\" is missing; each turn needs from and value");
    BAD("[{\"conversations\": [" H "null}]}]", "s.json:1: \"value\" is not a string; write its text in quotes");
    BAD("[{\"conversations\": [" H "\"a\"}, " G "\"b\"}, {]}]", "s.json:1: invalid JSON: expected a key in quotes");
    BAD("[] []", "s.json:1: something follows the array of conversations; put all between one [ and ]");
    BAD("7", "s.json:1: the file is not a JSON array; put the conversations between [ and ]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
