/* test_ds_jsonl.c - a prompt per JSON object, members by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ds_show.h"

#define GOOD(text, want) ds_expect(text, "j.jsonl", "auto", want)
#define BAD(text, says) ds_refused(text, "j.jsonl", "jsonl", says)

static void test_members(void **state)
{
    GOOD("{\"prompt\": \"a \\\"b\\\"\", \"max_tokens\": 5, \"x\": [{}]}\n\n"
         "{\"system\": \"s\", \"prompt\": \"c\", \"class\": \"k\", \"model\": \"m\", \"max_tokens\": null}\n"
         "{\"prompt\": \"\"}\n",
         "[j.jsonl:1 words 2 max 5] user=a \\\"b\\\";\n[j.jsonl:3 words 2 class k model m] system=s; user=c;\n");
    GOOD("[{\"prompt\": \"a\"},\n {\"prompt\": \"b\", \"max_tokens\": \"7\"}]",
         "[j.jsonl:1 words 1] user=a;\n[j.jsonl:2 words 1 max 7] user=b;\n");
}

/* Names are plain text, however the file spells them. */
static void test_names(void **state)
{
    GOOD("{\"prompt\": \"a\", \"class\": \"a \\\"b\\\"\", \"model\": \"meta\\/llama\"}\n"
         "{\"prompt\": \"b\", \"model\": \"caf\\u00e9\"}\n{\"prompt\": \"c\", \"model\": \"org\\\\x\"}\n",
         "[j.jsonl:1 words 1 class a \"b\" model meta/llama] user=a;\n[j.jsonl:2 words 1 model caf\xC3\xA9] user=b;\n"
         "[j.jsonl:3 words 1 model org\\x] user=c;\n");
    BAD("{\"prompt\": \"a\", \"model\": \"m\\u0000\"}",
        "j.jsonl:1: \"model\" has a control character, 0x00; it is a name");
    BAD("{\"prompt\": \"a\", \"class\": \"\\u001b[2J\"}",
        "j.jsonl:1: \"class\" has a control character, 0x1b; it is a name");
#define TEN "abcdefghij"
#define FIFTY TEN TEN TEN TEN TEN
    GOOD("{\"prompt\": \"a\", \"class\": \"" FIFTY FIFTY FIFTY FIFTY FIFTY "abcde\"}\n",
         "[j.jsonl:1 words 1 class " FIFTY FIFTY FIFTY FIFTY FIFTY "abcde] user=a;\n");
    BAD("{\"prompt\": \"a\", \"class\": \"" FIFTY FIFTY FIFTY FIFTY FIFTY "abcdef\"}",
        "j.jsonl:1: \"class\" is longer than the 255 bytes of a name");
}

static void test_mapped(void **state)
{
    struct dataset_opts o = {.fields = "prompt=in.turns.0,max_tokens=out.n,system=a.b"};
    ds_expect_with("{\"in\": {\"turns\": [\"x y\"]}, \"out\": {\"n\": 9}, \"a.b\": \"dotted\"}\n"
                   "{\"in\": {\"turns\": [\"z\", 3]}, \"inn\": 1, \"a\": {\"b\": \"deep\"}}\n",
                   "j", &o, "[j:1 words 3 max 9] system=dotted; user=x y;\n[j:2 words 2] system=deep; user=z;\n");
    ds_refused_with("{\"in\": {\"turns\": []}}", "j", &o, ERR_DATA,
                    "j:1: \"in.turns.0\" is missing; --dataset-fields prompt=NAME says what it is called here");
    o.format = "jsonl";
    o.fields = "prompt";
    ds_refused_with("{}", "j", &o, ERR_USAGE,
                    "--dataset-fields: 'prompt' maps no field; write prompt=NAME,max_tokens=NAME");
    o = (struct dataset_opts){.fields = "at=ts,input_tokens=in,max_tokens=out"};
    ds_expect_with("{\"ts\": 3, \"in\": 0, \"out\": 1}\n{\"ts\": 2.5, \"in\": 1, \"out\": 1, \"prompt\": \"q\"}\n", "j",
                   &o, "[j:2 words 1 max 1 at 0 in 1] user=q;\n");
}

/* Instants count from the first that there is, also where it lies before 1970; entries without one get none. */
static void test_instants(void **state)
{
    struct dataset_opts o = {0};
    ds_expect_with("{\"prompt\":\"b\",\"class\":\"y\",\"at\":6}\n{\"prompt\":\"a\",\"class\":\"x\"}\n"
                   "{\"prompt\":\"c\",\"at\":5}\n{\"prompt\":\"d\"}\n",
                   "j", &o,
                   "[j:2 words 1 class x] user=a;\n[j:4 words 1] user=d;\n[j:3 words 1 at 0] user=c;\n"
                   "[j:1 words 1 at 1000000000 class y] user=b;\n");
    ds_expect_with(
        "{\"prompt\":\"a\",\"at\":\"1970-01-01 00:59:59.999999999+01:00\"}\n{\"prompt\":\"b\",\"model\":\"m\"}\n"
        "{\"prompt\":\"c\",\"at\":\"1970-01-01 00:00:00+23:59\"}\n{\"prompt\":\"d\",\"at\":9223199236}\n",
        "j", &o,
        "[j:2 words 1 model m] user=b;\n[j:3 words 1 at 0] user=c;\n[j:1 words 1 at 86339999999999] user=a;\n"
        "[j:4 words 1 at 9223285576000000000] user=d;\n");
}

static void test_bad(void **state)
{
    BAD("{\"prompt\": \"a\"}\n[]", "j.jsonl:2: not a JSON object; each entry needs {\"prompt\": \"...\"}");
    BAD("{\"prompt\": 3}", "j.jsonl:1: \"prompt\" is not a string; write its text in quotes");
    BAD("{\"prompt\": \"a\", \"max_tokens\": []}",
        "j.jsonl:1: \"max_tokens\" is not a whole number from 0 to 16000000");
    BAD("{\"prompt\": \"a\"", "j.jsonl:1: invalid JSON: the line ends within the value; write each entry on one line");
    BAD("[{\"prompt\": \"a\"}, {\"x\": 1}]",
        "j.jsonl:1: \"prompt\" is missing; --dataset-fields prompt=NAME says what it is called here");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),  cmocka_unit_test(test_names), cmocka_unit_test(test_mapped),
        cmocka_unit_test(test_instants), cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
