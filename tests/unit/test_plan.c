/* test_plan.c - the names of the roles as the OpenAI API writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plan/plan.h"

static void test_roles(void **state)
{
    static const struct {
        enum plan_role role;
        const char *name;
    } cases[] = {{ROLE_SYSTEM, "system"},
                 {ROLE_USER, "user"},
                 {ROLE_ASSISTANT, "assistant"},
                 {ROLE_TOOL, "tool"},
                 {ROLE_DEVELOPER, "developer"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        enum plan_role r = (enum plan_role)99;
        assert_string_equal(plan_role_name(cases[i].role), cases[i].name);
        assert_int_equal(plan_role_of(str_of(cases[i].name), &r), 0);
        assert_int_equal(r, cases[i].role);
    }
}

static void test_unknown(void **state)
{
    static const char *const bad[] = {"", "User", "users", "use", "human", "function", "user "};
    enum plan_role r = ROLE_TOOL;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(plan_role_of(str_of(bad[i]), &r), -1);
    assert_int_equal(r, ROLE_TOOL); /* untouched */
    assert_string_equal(plan_role_name((enum plan_role)99), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
