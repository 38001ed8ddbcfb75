/* test_tok_score.c - numbers as Hugging Face's library reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tok/tok_score.h"
#include "tok_golden.h"

static void test_golden(void **state)
{
    struct golden g;
    golden_load(&g, "scores.json");
    unsigned inexact = 0;
    assert_true(jn_len(g.cases) >= 300);
    for (size_t i = 0; i < jn_len(g.cases); i++) {
        struct str digits = jn_str(jn_at(jn_at(g.cases, i), 0), NULL);
        double want = strtod(jn_str(jn_at(jn_at(g.cases, i), 1), NULL).p, NULL), got = 0;
        assert_int_equal(score_read(digits, &got), 0);
        if (memcmp(&got, &want, sizeof got) != 0)
            print_message("%s: %.17g instead of %.17g", digits.p, got, want);
        inexact += got != strtod(digits.p, NULL);
    }
    assert_true(inexact > 20); /* else the file would not show the difference */
    golden_free(&g);
}

static void test_too_large(void **state)
{
    double v;
    assert_int_equal(score_read(STR("1e309"), &v), -1);
    assert_int_equal(score_read(STR("-1e99999999999"), &v), -1);
    assert_int_equal(score_read(STR("10e308"), &v), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
