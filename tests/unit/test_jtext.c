/* test_jtext.c - decoding of strings, look-ups by path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/jscan.h"

static void test_decode(void **state)
{
    static const struct {
        const char *raw, *want;
    } t[] = {
        {"", ""},
        {"plain", "plain"},
        {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t"},
        {"a\\u0041b", "aAb"},
        {"\\u00e9\\u20AC", "\u00e9\u20ac"},
        {"\\ud83d\\ude00", "\U0001F600"},
        {"\\ud800", "\uFFFD"},
        {"\\udc00x", "\uFFFDx"},
        {"\\ud800\\ud83d\\ude00", "\uFFFD\U0001F600"},
        {"\\ud83d\\u0041", "\uFFFDA"},
        {"\\udbff\\udfff", "\U0010FFFF"},
        {"\\ud83dx", "\uFFFDx"},
        {"\\udc00\\udc00", "\uFFFD\uFFFD"},
        {"\u00e9\\n\u00e9", "\u00e9\n\u00e9"},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        char out[100];
        size_t n = js_decode(str_of(t[i].raw), out), raw_n = strlen(t[i].raw);
        assert_true(n <= raw_n);
        assert_int_equal(n, strlen(t[i].want));
        assert_memory_equal(out, t[i].want, n);
        assert_true(js_raw_eq(str_of(t[i].raw), t[i].want));
        if (n > 0)
            assert_false(js_raw_eq(str_of(t[i].raw), t[i].want + 1));
        snprintf(out, sizeof out, "%sx", t[i].want);
        assert_false(js_raw_eq(str_of(t[i].raw), out));
        memcpy(out, t[i].raw, raw_n); /* in place */
        assert_int_equal(js_decode((struct str){out, raw_n}, out), n);
        assert_memory_equal(out, t[i].want, n);
    }
    char out[8];
    assert_int_equal(js_decode(STR("a\\u0000b"), out), 3);
    assert_memory_equal(out, "a\0b", 3);
    assert_false(js_raw_eq(STR("a\\u0000b"), "a"));
    assert_false(js_raw_eq(STR("\\u0000"), ""));
}

/* Text that js_string never saw must not lead beyond its end. */
static void test_decode_of_broken_escapes(void **state)
{
    static const char *const t[] = {"\\", "a\\", "\\u", "\\u12", "\\uzzzz", "\\ud83d\\u", "\\ud83d\\ude", "\\q"};
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        size_t n = strlen(t[i]);
        char *exact = malloc(n), out[32];
        assert_non_null(exact);
        memcpy(exact, t[i], n);
        assert_true(js_decode((struct str){exact, n}, out) <= n);
        assert_false(js_raw_eq((struct str){exact, n}, "other"));
        free(exact);
    }
}

static void test_path(void **state)
{
    struct str doc = STR("{\"id\":\"x\",\"choices\":[{\"i\":0},{\"delta\":{\"content\":\"hi\"},\"i\":1}],"
                         "\"usage\":{\"completion_tokens\":12 },\"k\\u0065y\":true}");
    struct str v;
    assert_int_equal(js_path(doc, "usage.completion_tokens", &v), 0);
    assert_true(str_eqz(v, "12"));
    assert_int_equal(js_path(doc, "choices.1.delta.content", &v), 0);
    assert_true(str_eqz(v, "\"hi\""));
    assert_int_equal(js_path(doc, "choices.0", &v), 0);
    assert_true(str_eqz(v, "{\"i\":0}"));
    assert_int_equal(js_path(doc, "key", &v), 0);
    assert_true(str_eqz(v, "true"));
    static const char *const none[] = {"nope",      "usage.nope", "choices.2", "choices.x",
                                       "id.deeper", "choices.-1", "",          "usage."};
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        assert_int_equal(js_path(doc, none[i], &v), -1);
    assert_int_equal(js_path(STR("{\"a\":"), "a", &v), -1);
    assert_int_equal(js_path(STR("{\"a\" 1}"), "a", &v), -1);
    assert_int_equal(js_path(STR(""), "a", &v), -1);
}

static void test_line(void **state)
{
    struct js s;
    struct str text = STR("a\n\nb\nc");
    js_init(&s, text);
    static const size_t want[] = {1, 1, 2, 3, 3, 4, 4};
    for (size_t i = 0; i <= text.n; i++)
        assert_int_equal(js_line(&s, text.p + i), want[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_decode_of_broken_escapes),
        cmocka_unit_test(test_path),
        cmocka_unit_test(test_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
