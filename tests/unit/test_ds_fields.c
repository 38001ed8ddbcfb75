/* test_ds_fields.c - maps of names, instants, and the traces that are CSV files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ds_show.h"
#include "load/ds_fields.h"

static int64_t instant(const char *text)
{
    int64_t ns = -7;
    return ds_instant_parse(str_of(text), NS_PER_S, &ns) == 0 ? ns : -1;
}

/* From `date -u -d TEXT +%s%N`. */
static void test_instants(void **state)
{
    assert_true(instant("0") == 0);
    assert_true(instant("5") == 5000000000);
    assert_true(instant("1718.25") == 1718250000000);
    assert_true(instant("0.000000001") == 1);
    assert_true(instant("1700158546.6805900") == 1700158546680590000);
    assert_true(instant("1970-01-01 00:00:00") == 0);
    assert_true(instant("2023-11-16 18:15:46.6805900") == 1700158546680590000);
    assert_true(instant("2023-11-16T18:15:46.68059Z") == 1700158546680590000);
    assert_true(instant("2024-05-10 00:00:00.009930+00:00") == 1715299200009930000);
    assert_true(instant("2024-05-10 00:00:00.009930+02:00") == 1715292000009930000);
    assert_true(instant("2024-02-29 23:59:59-0130") == 1709256599000000000);
    assert_true(instant("2000/02/29 12:00:00") == 951825600000000000);
    assert_true(instant("2100-03-01 00:00:00") == 4107542400000000000);
    static const char *const bad[] = {"",
                                      "x",
                                      "-1",
                                      "1.",
                                      "1e3",
                                      "2023-11-16",
                                      "2023-11-16 18:15",
                                      "2023-13-16 18:15:46",
                                      "2023-11-16 18:15:46 x",
                                      "99999999999",
                                      "2023-11-16 24:00:00",
                                      "2023-11-16 18:15:46."};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (instant(bad[i]) != -1)
            fail_msg("\"%s\" was taken", bad[i]);
    assert_true(instant("9223199236") == 9223199236000000000);
    assert_true(instant("9223372036.854775807") == -1); /* fits, but not with a zone's hours before it */
    int64_t ns;
    assert_int_equal(ds_instant_parse(STR("27482.5"), NS_PER_MS, &ns), 0);
    assert_true(ns == 27482500000);
}

static void test_maps(void **state)
{
    struct ds_map map = ds_map_plain;
    assert_int_equal(ds_map_parse(&map, NULL, NULL), 0);
    assert_int_equal(ds_map_parse(&map, "prompt=q, at = t.s ,model=a=b", NULL), 0);
    assert_true(str_eqz(map.name[FIELD_PROMPT], "q") && map.given[FIELD_PROMPT]);
    assert_true(str_eqz(map.name[FIELD_AT], "t.s"));
    assert_true(str_eqz(map.name[FIELD_MODEL], "a=b"));
    assert_true(str_eqz(map.name[FIELD_SYSTEM], "system") && !map.given[FIELD_SYSTEM]);
    static const char *const bad[] = {"", "prompt", "prompt=", "=x", "prompt=q,", "text=q"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(ds_map_parse(&map, bad[i], NULL), -1);
}

/* The heads of the files that Azure and BurstGPT publish. */
static void test_traces(void **state)
{
    struct err e = {0};
    struct dataset *ds = dataset_load_text(STR("TIMESTAMP,ContextTokens,GeneratedTokens\r\n"
                                               "2023-11-16 18:17:03.9799600,4808,10\r\n"
                                               "2023-11-16 18:17:04.0319600,110,27\r\n"
                                               "2023-11-16 18:17:04.0781670,0,27\r\n"),
                                           "a.csv", NULL, &e);
    if (!ds)
        fail_msg("%s", e.text);
    assert_string_equal(dataset_get_stats(ds)->format, "azure");
    assert_int_equal(dataset_n(ds), 2);
    assert_int_equal(dataset_get_stats(ds)->skipped, 1);
    assert_int_equal(dataset_at(ds, 0)->extra->at, 0);
    assert_int_equal(dataset_at(ds, 0)->extra->tokens_in, 4808);
    assert_int_equal(dataset_at(ds, 0)->words, 4808);
    assert_int_equal(dataset_at(ds, 0)->max_tokens, 10);
    assert_int_equal(dataset_at(ds, 1)->extra->at, 52000000);
    dataset_free(&ds);
    ds = dataset_load_text(STR("Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
                               "5,ChatGPT,472,18,490,Conversation log\n"
                               "45,ChatGPT,1087,230,1317,API log\n"
                               "118,GPT-4,417,0,417,Conversation log\n"),
                           "b.csv", NULL, &e);
    if (!ds)
        fail_msg("%s", e.text);
    assert_string_equal(dataset_get_stats(ds)->format, "burstgpt");
    assert_int_equal(dataset_n(ds), 2);
    assert_int_equal(dataset_get_stats(ds)->skipped, 1);
    assert_int_equal(dataset_at(ds, 1)->extra->at, 40000000000);
    assert_true(str_eqz(dataset_at(ds, 0)->extra->klass, "Conversation log"));
    assert_int_equal(dataset_at(ds, 0)->extra->model.n, 0);
    dataset_free(&ds);
    struct dataset_opts o = {.format = "azure"};
    ds_refused_with(
        "TIMESTAMP,ContextTokens\n2023-11-16 18:17:03,5\n2023-11-16 18:17:03,\n", "a.csv", &o, ERR_DATA,
        "a.csv:3: \"ContextTokens\" is missing; --dataset-fields input_tokens=NAME says what it is called here");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_instants),
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_traces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
