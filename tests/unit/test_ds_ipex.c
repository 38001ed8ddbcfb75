/* test_ds_ipex.c - prompts by family and length: which are chosen, and what there is to choose from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ds_show.h"

#define TEXT "{\"gpt-j\": {\"32\": \"a b\", \"64\": \"c d e\"},\n \"llama\": {\"32\": \"f\",\n \"1024\": \"g h\"}}"

static void with_key(const char *key, const char *want)
{
    struct dataset_opts o = {.key = key};
    ds_expect_with(TEXT, "prompt.json", &o, want);
}

static void without(const char *key, const char *says)
{
    struct dataset_opts o = {.key = key};
    ds_refused_with(TEXT, "prompt.json", &o, ERR_DATA, says);
}

static void test_keys(void **state)
{
    with_key(NULL, "[prompt.json:1 words 2 in 32] user=a b;\n[prompt.json:1 words 3 in 64] user=c d e;\n"
                   "[prompt.json:2 words 1 in 32] user=f;\n[prompt.json:3 words 2 in 1024] user=g h;\n");
    with_key("llama", "[prompt.json:2 words 1 in 32] user=f;\n[prompt.json:3 words 2 in 1024] user=g h;\n");
    with_key("gpt-j/64", "[prompt.json:1 words 3 in 64] user=c d e;\n");
    with_key("/32", "[prompt.json:1 words 2 in 32] user=a b;\n[prompt.json:2 words 1 in 32] user=f;\n");
    without("bloom", "prompt.json: has no \"bloom\"; --dataset-key can choose from gpt-j, llama");
    without("llama/64", "prompt.json: has no \"llama/64\"; --dataset-key can choose from 32, 1024");
}

static void test_bad(void **state)
{
    struct dataset_opts skip = {.format = "ipex", .skip_bad = true};
    ds_refused("[]", "p.json", "ipex", "p.json:1: the file is not a JSON object of families of models");
    ds_refused("{\"a\": 1}", "p.json", "ipex", "p.json:1: a family is not an object of prompts by length");
    ds_refused("{\"a\": {\"1\": \"x\",\n\"2\": 2}}", "p.json", "ipex",
               "p.json:2: the prompt is not a string; write its text in quotes");
    ds_refused("{\"a\": {\"1\": \"x\"}} {}", "p.json", "ipex", "p.json:1: something follows the object of families");
    ds_refused("{\"a\": {\"1\": \"x\"}", "p.json", "ipex",
               "p.json:1: invalid JSON: unexpected end; a quote or bracket is not closed, or the file was cut off");
    ds_refused("{}", "p.json", "ipex", "p.json: the dataset is empty; it needs at least one entry");
    ds_expect_with("{\"a\": {\"1\": \"x\", \"2\": 2, \"3\": \"y\"}}", "p.json", &skip,
                   "[p.json:1 words 1 in 1] user=x;\n[p.json:1 words 1 in 3] user=y;\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
