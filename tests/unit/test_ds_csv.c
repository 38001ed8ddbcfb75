/* test_ds_csv.c - a prompt per row, columns by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ds_show.h"

#define GOOD(text, want) ds_expect(text, "c.csv", "auto", want)
#define BAD(text, says) ds_refused(text, "c.csv", "csv", says)

static void test_columns(void **state)
{
    GOOD("id,Prompt ,max_tokens,system,class,model\r\n"
         "1,\"say \"\"hi\"\",\r\nplease\",16,be brief,short,m-1\r\n"
         "2,plain,,,,\r\n"
         "3,less\r\n",
         "[c.csv:2 words 5 max 16 class short model m-1] system=be brief; user=say \\\"hi\\\",\\r\\nplease;\n"
         "[c.csv:4 words 1] user=plain;\n"
         "[c.csv:5 words 1] user=less;\n");
    GOOD("prompt;at\na b;1.5\nc;0.25\n", "[c.csv:3 words 1 at 0] user=c;\n[c.csv:2 words 2 at 1250000000] user=a b;\n");
    GOOD("prompt,class,model\na,\"\"\"k\"\"\",org\\x\n", "[c.csv:2 words 1 class \"k\" model org\\x] user=a;\n");
    BAD("prompt,class\na,\"k\nl\"\n", "c.csv:2: \"class\" has a control character, 0x0a; it is a name");
    GOOD("prompt\nhello\n", "[c.csv:2 words 1] user=hello;\n");
    ds_expect("prompt,x\na,b\n", "stdin", "auto", "[stdin:2 words 1] user=a;\n");
}

static void test_mapped(void **state)
{
    struct dataset_opts o = {.fields = "prompt = Question,max_tokens=n,class=\xC3\xBC"};
    ds_expect_with("question,n,\xC3\xBC,prompt\nwhy?,7,k\xC3\xB6,x\n", "c", &o,
                   "[c:2 words 1 max 7 class k\xC3\xB6] user=why?;\n");
    ds_refused_with("prompt,n\nx,7\n", "c.csv", &o, ERR_DATA,
                    "c.csv:1: there is no column \"\xC3\xBC\" but prompt, n; --dataset-fields says what the "
                    "header calls each field");
    o = (struct dataset_opts){.fields = "question=prompt"};
    ds_refused_with("prompt\nx\n", "c.csv", &o, ERR_USAGE,
                    "--dataset-fields: 'question' is no field; the fields are prompt, system, answer, max_tokens, "
                    "input_tokens, class, model and at");
    o = (struct dataset_opts){.format = "text", .fields = "prompt=x"};
    ds_refused_with("prompt\nx\n", "c.csv", &o, ERR_USAGE,
                    "--dataset-fields names fields of CSV and JSON objects; the format text has none");
}

/* Prompts of a given length are made up by the seed. */
static void test_made_up(void **state)
{
    struct dataset_opts o = {.seed = 42};
    struct dataset *a = dataset_load_text_with(STR("prompt,input_tokens\n,5\nx,3\n"), "c.csv", &o, NULL);
    struct dataset *b = dataset_load_text_with(STR("prompt,input_tokens\n,6\n"), "c.csv", &o, NULL);
    assert_int_equal(dataset_at(a, 0)->words, 5);
    assert_int_equal(dataset_at(a, 0)->extra->tokens_in, 5);
    assert_true(str_eqz(dataset_at(a, 1)->msgs[0].content, "x"));
    assert_int_equal(dataset_at(b, 0)->words, 6);
    assert_true(str_starts(dataset_at(b, 0)->msgs[0].content, dataset_at(a, 0)->msgs[0].content));
    dataset_free(&b);
    o.seed = 43;
    b = dataset_load_text_with(STR("prompt,input_tokens\n,5\n"), "c.csv", &o, NULL);
    assert_false(str_eq(dataset_at(b, 0)->msgs[0].content, dataset_at(a, 0)->msgs[0].content));
    dataset_free(&a);
    dataset_free(&b);
}

static void test_bad(void **state)
{
    BAD("question,n\nx,1\n", "c.csv:1: there is no column \"prompt\" but question, n; --dataset-fields says "
                             "what the header calls each field");
    BAD("prompt,n\nx,1\ny,1,2\n",
        "c.csv:3: 3 fields, but the header names 2; a text with a separator in it needs quotes");
    BAD("prompt\n\"a\nb\"\n\n\"c\n", "c.csv:5: a quote is not closed");
    BAD("prompt,max_tokens\nx,many\n", "c.csv:2: \"max_tokens\" is not a whole number from 0 to 16000000");
    BAD("prompt,max_tokens\nx,-1\n", "c.csv:2: \"max_tokens\" is not a whole number from 0 to 16000000");
    BAD("prompt,max_tokens\n,5\n",
        "c.csv:2: \"prompt\" is missing; --dataset-fields prompt=NAME says what it is called here");
    BAD("prompt,at\nx,tomorrow\n",
        "c.csv:2: \"at\" is no instant; write a number or a date and time like 2024-05-10 00:00:00.5");
    BAD("prompt\n", "c.csv: the dataset is empty; it needs at least one entry");
}

static void test_skip_bad(void **state)
{
    struct dataset_opts o = {.skip_bad = true};
    struct dataset *ds =
        dataset_load_text_with(STR("prompt,max_tokens\nx,many\ny,1,2\nz,3\n\"z\"z,3\nw,0\n"), "c.csv", &o, NULL);
    assert_non_null(ds);
    assert_int_equal(dataset_n(ds), 1);
    assert_int_equal(dataset_get_stats(ds)->bad, 3);
    assert_int_equal(dataset_get_stats(ds)->skipped, 1);
    assert_string_equal(dataset_get_stats(ds)->first_bad,
                        "c.csv:2: \"max_tokens\" is not a whole number from 0 to 16000000");
    assert_int_equal(dataset_get_stats(ds)->text_bytes, 1);
    dataset_free(&ds);
    ds_refused_with(
        "prompt,max_tokens\nx,many\n", "c.csv", &o, ERR_DATA,
        "c.csv: each of its 1 entries is bad; the first: c.csv:2: \"max_tokens\" is not a whole number from 0 "
        "to 16000000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns), cmocka_unit_test(test_mapped),   cmocka_unit_test(test_made_up),
        cmocka_unit_test(test_bad),     cmocka_unit_test(test_skip_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
