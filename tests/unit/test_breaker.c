/* test_breaker.c - which failures are too many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "campaign/breaker.h"

static const struct record ok = {.outcome = OUT_OK, .status = 200}, bad = {.outcome = OUT_HTTP, .status = 503},
                           gone = {.outcome = OUT_CANCELLED}, unsent = {.outcome = OUT_UNSENT};

static struct breaker made(const char *text)
{
    struct breaker_rule rule;
    struct breaker b;
    assert_int_equal(breaker_parse(&rule, str_of(text), NULL), 0);
    breaker_init(&b, &rule);
    return b;
}

static bool feed(struct breaker *b, const struct record *r, int n)
{
    char why[200] = "";
    for (int i = 0; i < n; i++)
        if (breaker_trips(b, r, why))
            return true;
    return false;
}

static void forms(void **state)
{
    static const char *const no[] = {"", "-1", "5.5", "100%", "x%", "-1%", "20 %x"};
    struct breaker_rule r;
    (void)state;
    assert_int_equal(breaker_parse(&r, STR("20"), NULL), 0);
    assert_true(r.on && !r.by_share && r.limit == 20);
    assert_int_equal(breaker_parse(&r, STR(" 12.5 % "), NULL), 0);
    assert_true(r.on && r.by_share && r.limit == 0.125);
    for (size_t i = 0; i < ARRAY_LEN(no); i++) {
        struct err e = {0};
        assert_int_equal(breaker_parse(&r, str_of(no[i]), &e), -1);
        assert_non_null(strstr(e.text, "(5%)"));
    }
}

static void a_number_is_borne_and_one_more_is_not(void **state)
{
    struct breaker b = made("3");
    char why[200];
    (void)state;
    assert_false(feed(&b, &ok, 1000));
    assert_false(feed(&b, &bad, 3));
    assert_false(feed(&b, &gone, 10));
    assert_false(feed(&b, &unsent, 10));
    assert_true(breaker_trips(&b, &bad, why));
    assert_string_equal(why, "4 requests failed, more than --max-errors 3 (the last one: http_503)");
    b = made("0");
    assert_true(feed(&b, &bad, 1));
}

static void a_share_needs_twenty(void **state)
{
    struct breaker b = made("50%");
    char why[200];
    (void)state;
    assert_false(feed(&b, &bad, 19));
    assert_true(breaker_trips(&b, &bad, why));
    assert_string_equal(why, "20 of the last 20 requests failed, more than --max-errors 50% (the last one: http_503)");
}

static void a_share_is_of_the_last_hundred(void **state)
{
    struct breaker b = made("10%");
    (void)state;
    assert_false(feed(&b, &ok, 1000)); /* a long good time does not cover for what comes */
    assert_false(feed(&b, &bad, 10));
    assert_false(feed(&b, &ok, 90));  /* exactly ten of a hundred */
    assert_false(feed(&b, &bad, 10)); /* the first ten have left */
    assert_true(feed(&b, &bad, 1));
}

static void without_a_rule_nothing_trips(void **state)
{
    struct breaker_rule none = {0};
    struct breaker b;
    (void)state;
    breaker_init(&b, &none);
    assert_false(feed(&b, &bad, 10000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(a_number_is_borne_and_one_more_is_not),
        cmocka_unit_test(a_share_needs_twenty),
        cmocka_unit_test(a_share_is_of_the_last_hundred),
        cmocka_unit_test(without_a_rule_nothing_trips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
