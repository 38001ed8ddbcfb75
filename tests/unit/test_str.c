/* test_str.c - views: comparing, cutting, splitting, edit distance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

static void test_compare(void **state)
{
    struct str none = str_of(NULL);
    assert_int_equal(none.n, 0);
    assert_true(str_eq(none, STR("")));
    assert_true(str_eqz(none, ""));
    assert_true(str_eq(STR("a\0b"), STR("a\0b")));
    assert_false(str_eq(STR("a\0b"), STR("a\0c")));
    assert_false(str_eqz(STR("ab"), "abc"));
    assert_true(str_ieq(STR("Content-TYPE"), STR("content-type")));
    assert_false(str_ieq(STR("ab"), STR("abc")));
    assert_false(str_ieq(STR("["), STR("{"))); /* 0x20 apart, but no letters */
    assert_false(str_ieq(STR("\xC0"), STR("\xE0")));
    assert_true(str_starts(STR("data: x"), STR("data:")));
    assert_true(str_starts(STR("x"), none));
    assert_false(str_starts(STR("da"), STR("data")));
    assert_true(str_istarts(STR("Bearer x"), STR("bearer ")));
    assert_false(str_istarts(STR("Bear"), STR("bearer")));
    assert_true(str_ends(STR("a.json"), STR(".json")));
    assert_false(str_ends(STR("json"), STR(".json")));
}

static void test_parts(void **state)
{
    struct str s = STR("hello");
    assert_true(str_eqz(str_sub(s, 1, 3), "ell"));
    assert_true(str_eqz(str_sub(s, 3, 100), "lo"));
    assert_true(str_eqz(str_sub(s, 5, 1), ""));
    assert_true(str_eqz(str_sub(s, 100, SIZE_MAX), ""));
    assert_true(str_eqz(str_sub(s, 1, SIZE_MAX), "ello"));
    assert_true(str_eqz(str_trim(STR(" \t\r\n a b \n")), "a b"));
    assert_true(str_eqz(str_trim(STR(" \t ")), ""));
    assert_int_equal(str_chr(s, 'l'), 2);
    assert_int_equal(str_chr(s, 'z'), -1);
    assert_int_equal(str_chr(str_of(NULL), 'z'), -1);
    assert_int_equal(str_find(s, STR("lo")), 3);
    assert_int_equal(str_find(s, STR("lol")), -1);
    assert_int_equal(str_find(s, STR("")), 0);
    assert_int_equal(str_find(str_of(NULL), STR("x")), -1);
}

static void check_split(const char *text, const char *const *want, size_t n)
{
    struct str_split it = {str_of(text), ',', false};
    struct str part;
    size_t i = 0;
    for (; str_next(&it, &part); i++) {
        assert_true(i < n);
        assert_true(str_eqz(part, want[i]));
    }
    assert_int_equal(i, n);
    assert_false(str_next(&it, &part));
}

static void test_split(void **state)
{
    check_split("a,,b", (const char *[]){"a", "", "b"}, 3);
    check_split("", (const char *[]){""}, 1);
    check_split(",", (const char *[]){"", ""}, 2);
    check_split("one", (const char *[]){"one"}, 1);
    check_split(NULL, (const char *[]){""}, 1);
}

static void test_distance(void **state)
{
    /* Known values of the optimal string alignment distance. */
    static const struct {
        const char *a, *b;
        unsigned want;
    } t[] = {
        {"", "", 0},
        {"abc", "", 3},
        {"", "ab", 2},
        {"kitten", "sitting", 3},
        {"rate", "rate", 0},
        {"raet", "rate", 1},
        {"concurency", "concurrency", 1},
        {"ca", "abc", 3},
        {"flaw", "lawn", 2},
        {"a", "b", 1},
        {"ab", "ba", 1},
        {"duration", "druation", 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        assert_int_equal(str_distance(str_of(t[i].a), str_of(t[i].b)), t[i].want);
        assert_int_equal(str_distance(str_of(t[i].b), str_of(t[i].a)), t[i].want);
    }
    char x[65], y[65];
    memset(x, 'x', 65);
    memset(y, 'y', 65);
    assert_int_equal(str_distance((struct str){x, 64}, (struct str){y, 64}), 64);
    assert_int_equal(str_distance((struct str){x, 64}, (struct str){x, 64}), 0);
    assert_int_equal(str_distance((struct str){x, 65}, (struct str){x, 65}), 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
