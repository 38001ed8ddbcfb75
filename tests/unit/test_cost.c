/* test_cost.c - what tokens and requests cost, by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/acc_level.h"

static void near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-12 * fabs(b)))
        fail_msg("%.17g is not %.17g", a, b);
}

/* $7.20 an hour is $0.002 a second: $0.02 for 10 s. */
static void by_hand(void **state)
{
    (void)state;
    struct sum_level l = {.window_s = 10, .successful_rps = 4, .input_tok_s = 100, .output_tok_s = 50};
    cost_finish(&l, 7.2);
    near(l.cost.per_hour, 7.2);
    near(l.cost.window, 0.02);
    near(l.cost.per_request, 0.0005);
    near(l.cost.per_input_token, 0.02 / 1000);
    near(l.cost.per_output_token, 0.02 / 500);
    near(l.cost.per_token, 0.02 / 1500);
}

static void what_never_came_has_no_price(void **state)
{
    (void)state;
    struct sum_level l = {.window_s = 10, .input_tok_s = NAN, .output_tok_s = 0};
    cost_finish(&l, 7.2);
    near(l.cost.window, 0.02);
    assert_true(isnan(l.cost.per_request) && isnan(l.cost.per_input_token) && isnan(l.cost.per_output_token) &&
                isnan(l.cost.per_token));
    struct sum_level asked_not = {.window_s = 10, .output_tok_s = 5};
    cost_finish(&asked_not, 0);
    assert_true(asked_not.cost.per_hour == 0 && asked_not.cost.window == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_hand), cmocka_unit_test(what_never_came_has_no_price)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
