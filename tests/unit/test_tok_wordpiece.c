/* test_tok_wordpiece.c - the model against ids that Hugging Face's library gave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tok_golden.h"

static void test_golden(void **state)
{
    golden_model(&model_wordpiece, "wordpiece.json");
    golden_model(&model_wordpiece, "wordpiece-plain.json");
}

#define HEAD "{\"unk_token\":\"a\",\"continuing_subword_prefix\":\"##\","

static void test_a_long_word_costs_its_length(void **state)
{
    enum { N = 1 << 20 };
    struct err e = {0};
    struct model *m = NULL;
    const char *json =
        HEAD "\"max_input_chars_per_word\":2000000,\"vocab\":{\"a\":0,\"##aa\":1,\"##aaaa\":2,\"##a\":3}}";
    struct jdoc *doc = jdoc_parse(str_of(json), "test", &e);
    struct model_def def = {.head = jdoc_root(doc)};
    js_path(str_of(json), "vocab", &def.vocab);
    assert_int_equal(model_wordpiece.load(&m, &def, &e), 0);
    struct model_scratch *s = model_wordpiece.scratch(m);
    char *text = malloc(N + 2);
    memset(text, 'a', N + 2);
    struct tok_ids ids = {0};
    model_wordpiece.encode(m, s, (struct str){text, N + 2}, &ids); /* a, then fours, then one */
    assert_int_equal(ids.n, 1 + N / 4 + 1);
    assert_int_equal(ids.v[0], 0);
    assert_int_equal(ids.v[1], 2);
    assert_int_equal(ids.v[ids.n - 1], 3);
    free(text);
    tok_ids_free(&ids);
    model_wordpiece.scratch_free(s);
    model_wordpiece.free(m);
    jdoc_free(&doc);
}

static void test_refused(void **state)
{
    golden_refused(&model_wordpiece, "{\"vocab\":{}}", "model.unk_token: is missing");
    golden_refused(&model_wordpiece, "{\"unk_token\":\"a\",\"vocab\":{}}", "model.continuing_subword_prefix");
    golden_refused(&model_wordpiece, HEAD "\"vocab\":{}}", "model.max_input_chars_per_word");
    golden_refused(&model_wordpiece, HEAD "\"max_input_chars_per_word\":100,\"vocab\":{\"b\":0}}",
                   "model.unk_token: \"a\" is not in");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_a_long_word_costs_its_length),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
