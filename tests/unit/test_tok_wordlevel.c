/* test_tok_wordlevel.c - the model against ids that Hugging Face's library gave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tok_golden.h"

static void test_golden(void **state)
{
    golden_model(&model_wordlevel, "wordlevel.json");
}

static void test_refused(void **state)
{
    golden_refused(&model_wordlevel, "{\"vocab\":{\"a\":0}}", "model.unk_token: is missing");
    golden_refused(&model_wordlevel, "{\"unk_token\":\"u\",\"vocab\":{\"a\":0}}", "model.unk_token: \"u\" is not in");
    golden_refused(&model_wordlevel, "{\"unk_token\":\"a\",\"vocab\":{\"a\":-1}}", "model.vocab[\"a\"]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
