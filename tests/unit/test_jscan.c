/* test_jscan.c - the grammar of RFC 8259, read in two ways that must agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/jscan.h"
#include "base/rng.h"
#include "base/xalloc.h"

/* Read any value through the public calls alone; false on error. */
static bool walk(struct js *s)
{
    struct str x;
    bool b;
    switch (js_peek(s)) {
    case JS_OBJ:
        if (!js_enter(s, '{'))
            return false;
        while (js_key(s, &x))
            if (!walk(s))
                return false;
        return s->bad == NULL;
    case JS_ARR:
        if (!js_enter(s, '['))
            return false;
        while (js_elem(s))
            if (!walk(s))
                return false;
        return s->bad == NULL;
    case JS_STR:
        return js_string(s, &x) == 0;
    case JS_TRUE:
    case JS_FALSE:
        return js_bool(s, &b) == 0;
    case JS_NUM:
    case JS_NULL:
        return js_skip(s, &x) == 0;
    default:
        return false;
    }
}

/* Both ways of reading agree, on a copy that ends where the text does. */
static bool accepts(const char *text, size_t n)
{
    struct js s;
    char *copy = xmalloc(n);
    memcpy(copy, text, n);
    js_init(&s, (struct str){copy, n});
    bool by_skip = js_peek(&s) != JS_END && js_skip(&s, NULL) == 0 && js_done(&s);
    assert_true(by_skip || s.bad || n == 0 || js_peek(&s) == JS_END);
    js_init(&s, (struct str){copy, n});
    bool by_walk = walk(&s) && js_done(&s);
    assert_int_equal(by_skip, by_walk);
    free(copy);
    return by_skip;
}

static const char *const valid[] = {
    "null",
    "true",
    "false",
    "0",
    "-0",
    "12",
    "-3.25",
    "1e5",
    "1E+5",
    "1.5e-7",
    "\"\"",
    "\"a\"",
    "[]",
    "{}",
    " [ ] ",
    "\t{\r\n}",
    "[1,2,3]",
    "[[],{}]",
    "{\"a\":1}",
    "{\"a\":{\"b\":[true,false,null]},\"c\":\"d\"}",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud800\"",
    "{\"\":0}",
    "{\"a\":1,\"a\":2}",
    " [ 1 , { \"k\" : \"v\" } ] ",
    "\"exactly sixteen!\"",
    "\"a string that is quite a bit longer than thirty-two bytes\"",
    "\"\x7f \xc3\xa9\"",
    "123456789012345678901234567890",
    "-1e-99999",
};

static const char *const invalid[] = {
    "",
    " ",
    "nul",
    "nulll",
    "True",
    "tru",
    "falsey",
    "01",
    "-",
    "-a",
    "+1",
    ".5",
    "5.",
    "1.e2",
    "1e",
    "1e+",
    "0x1",
    "1 2",
    "NaN",
    "Infinity",
    "\"",
    "\"a",
    "'a'",
    "\"\t\"",
    "\"\n\"",
    "\"\\x41\"",
    "\"\\u12\"",
    "\"\\u12g4\"",
    "\"\\",
    "\"\\\"",
    "[",
    "]",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[1}",
    "{",
    "}",
    "{\"a\"",
    "{\"a\":",
    "{\"a\":1",
    "{\"a\":1,",
    "{\"a\":1,}",
    "{,}",
    "{a:1}",
    "{1:2}",
    "{\"a\" 1}",
    "{\"a\":1]",
    "{\"a\":1 \"b\":2}",
    "[]]",
    "{}{}",
    "[1]x",
    "// c\n1",
    "[1/**/]",
    "\v1",
    "\"a\"\"b\"",
    "1,",
    "[\"a\",\n4\n,1,",
    "\xef\xbb\xbf[]",
    "[\"\x1f\"]",
    "{\"a\x01\":1}",
    "{\"a\\q\":1}",
    "[1,,2]",
    "{\"a\"::1}",
    "--1",
    "-01",
    "1e5.5",
};

static void test_grammar(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(valid); i++)
        if (!accepts(valid[i], strlen(valid[i])))
            fail_msg("not accepted: %s", valid[i]);
    for (size_t i = 0; i < ARRAY_LEN(invalid); i++)
        if (accepts(invalid[i], strlen(invalid[i])))
            fail_msg("accepted: %s", invalid[i]);
    assert_false(accepts("\"a\0b\"", 5));
    assert_false(accepts("1\0", 2));
}

/* Strings of every length around the 16-byte steps, with a byte of each kind at every place. */
static void test_every_place_in_a_string(void **state)
{
    for (size_t n = 0; n < 40; n++) {
        for (size_t at = 0; at < n; at++) {
            for (int c = 0; c < 256; c++) {
                char text[64];
                memset(text, 'x', sizeof text);
                text[0] = '"';
                text[1 + at] = (char)c;
                text[1 + n] = '"';
                bool want = c >= 0x20 && c != '"' && c != '\\';
                if (c == '\\' && at + 1 == n)
                    want = false; /* escapes the quote: unterminated */
                assert_int_equal(accepts(text, n + 2), want);
            }
        }
    }
}

/* Whatever one byte of a document is changed to, both ways of reading agree (accepts() checks that), and no true prefix
 * of a container is a value. */
static void test_mutations_and_prefixes(void **state)
{
    static const char doc[] = "{\"id\":\"c\\u00e9\",\"n\":[-1.5e3,0,true],\"o\":{\"k\":null,\"e\":[]},\"s\":\"a\\nb\"}";
    static const char subst[] = "\"\\{}[]:,0123-+.eEtfn \t\nu\x01\x80";
    size_t n = sizeof doc - 1, accepted = 0;
    char copy[sizeof doc];
    assert_true(accepts(doc, n));
    for (size_t i = 0; i < n; i++) {
        assert_false(accepts(doc, i));
        for (size_t k = 0; k < sizeof subst; k++) { /* with its closing 0 */
            memcpy(copy, doc, sizeof doc);
            copy[i] = subst[k];
            accepted += accepts(copy, n);
        }
    }
    assert_true(accepted > 100); /* changes within strings and numbers */
}

static void test_reading(void **state)
{
    struct js s;
    struct str key, v;
    int64_t i;
    double d;
    bool b;
    js_init(&s, STR(" {\"a\" : \"x\\ny\" , \"b\":-12,\"c\":[1.5,true , false],\"d\":{\"e\":[{}]} } "));
    assert_int_equal(js_peek(&s), JS_OBJ);
    assert_true(js_enter(&s, '{'));
    assert_true(js_key(&s, &key) && str_eqz(key, "a"));
    assert_int_equal(js_peek(&s), JS_STR);
    assert_int_equal(js_string(&s, &v), 0);
    assert_true(str_eqz(v, "x\\ny"));
    assert_true(js_key(&s, &key) && str_eqz(key, "b"));
    assert_int_equal(js_i64(&s, &i), 0);
    assert_int_equal(i, -12);
    assert_true(js_key(&s, &key) && str_eqz(key, "c"));
    assert_true(js_enter(&s, '['));
    assert_true(js_elem(&s));
    assert_int_equal(js_f64(&s, &d), 0);
    assert_true(d == 1.5);
    assert_true(js_elem(&s));
    assert_int_equal(js_bool(&s, &b), 0);
    assert_true(b);
    assert_true(js_elem(&s));
    assert_int_equal(js_bool(&s, &b), 0);
    assert_false(b);
    assert_false(js_elem(&s));
    assert_null(s.bad);
    assert_true(js_key(&s, &key) && str_eqz(key, "d"));
    assert_int_equal(js_skip(&s, &v), 0);
    assert_true(str_eqz(v, "{\"e\":[{}]}"));
    assert_false(js_key(&s, &key));
    assert_int_equal(js_peek(&s), JS_END);
    assert_true(js_done(&s));
}

static void test_values_one_after_another(void **state)
{
    struct js s;
    int64_t v;
    js_init(&s, STR("1\n2\n3\n"));
    for (int64_t i = 1; i <= 3; i++) {
        assert_int_equal(js_peek(&s), JS_NUM);
        assert_int_equal(js_i64(&s, &v), 0);
        assert_int_equal(v, i);
    }
    assert_int_equal(js_peek(&s), JS_END);
    assert_true(js_done(&s));
}

static void test_errors_are_sticky(void **state)
{
    struct js s;
    struct str x;
    int64_t i = 5;
    double d = 5;
    bool b = true;
    js_init(&s, STR("{\"a\":\"text\",\n\"b\":1}"));
    assert_true(js_enter(&s, '{'));
    assert_true(js_key(&s, &x));
    assert_int_equal(js_i64(&s, &i), -1); /* of another type */
    assert_int_equal(s.bad - s.begin, 5);
    assert_string_equal(s.what, "expected a number");
    assert_false(js_key(&s, &x));
    assert_false(js_elem(&s));
    assert_false(js_enter(&s, '{'));
    assert_int_equal(js_peek(&s), JS_BAD);
    assert_int_equal(js_skip(&s, &x), -1);
    assert_int_equal(js_string(&s, &x), -1);
    assert_int_equal(js_f64(&s, &d), -1);
    assert_int_equal(js_bool(&s, &b), -1);
    assert_false(js_done(&s));
    assert_int_equal(s.bad - s.begin, 5);
    assert_int_equal(i, 5);
    assert_string_equal(s.what, "expected a number");
}

static void test_where_and_what(void **state)
{
    static const struct {
        const char *text;
        size_t at, line;
        const char *what;
    } t[] = {
        {"[1,\n2,\n x]", 8, 3, "expected a value"},
        {"{\"a\" 1}", 5, 1, "expected ':' behind a key"},
        {"{\"a\":1 2}", 7, 1, "expected ',' or '}'"},
        {"[1 2]", 3, 1, "expected ',' or ']'"},
        {"[1", 2, 1, "unexpected end"},
        {"[\"ab", 4, 1, "unexpected end"},
        {"\n[\"a\\qb\"]", 4, 2, "invalid escape in a string"},
        {"[\"a\nb\"]", 3, 1, "control character in a string"},
        {"[-x]", 2, 1, "invalid number"},
        {"[trux]", 4, 1, "invalid literal"},
        {"{1:2}", 1, 1, "expected a key in quotes"},
        {"[] x", 3, 1, "something behind the end of the value"},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct js s;
        js_init(&s, str_of(t[i].text));
        if (js_skip(&s, NULL) == 0)
            assert_false(js_done(&s));
        assert_non_null(s.bad);
        assert_int_equal(s.bad - s.begin, t[i].at);
        assert_int_equal(js_line(&s, s.bad), t[i].line);
        assert_string_equal(s.what, t[i].what);
    }
}

static void test_depth(void **state)
{
    char text[2 * JS_MAX_DEPTH + 4];
    for (size_t depth = JS_MAX_DEPTH - 1; depth <= JS_MAX_DEPTH + 1; depth++) {
        memset(text, '[', depth);
        text[depth] = '1';
        memset(text + depth + 1, ']', depth);
        assert_int_equal(accepts(text, 2 * depth + 1), depth <= JS_MAX_DEPTH);
        memmove(text + depth, text + depth + 1, depth); /* an empty container counts like any other */
        assert_int_equal(accepts(text, 2 * depth), depth <= JS_MAX_DEPTH);
    }
    static char deep[100000]; /* costs neither stack nor time */
    memset(deep, '[', sizeof deep);
    assert_false(accepts(deep, sizeof deep));
}

static void test_integers(void **state)
{
    static const struct {
        const char *text;
        int64_t want;
    } good[] = {
        {"0", 0},
        {"-0", 0},
        {"3.0", 3},
        {"3e0", 3},
        {"-3.000", -3},
        {"12e2", 1200},
        {"1.5e1", 15},
        {"1500e-2", 15},
        {"0.0015e4", 15},
        {"0e99999999999", 0},
        {"0.000", 0},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"9.223372036854775807e18", INT64_MAX},
        {"-922337203685477580.8e1", INT64_MIN},
        {"1e18", 1000000000000000000},
        {"100000000000000000000000000000e-28", 10},
        {"10.0e-1", 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct js s;
        int64_t v = 99;
        js_init(&s, str_of(good[i].text));
        assert_int_equal(js_i64(&s, &v), 0);
        assert_true(v == good[i].want);
        assert_true(js_done(&s));
    }
    static const char *const bad[] = {"0.5",
                                      "1.5",
                                      "15e-1",
                                      "1e-1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "1e19",
                                      "9.3e18",
                                      "1e99999999999999",
                                      "1e-99999999999999",
                                      "123456789012345678901234567890.5",
                                      "\"1\"",
                                      "true",
                                      "-922337203685477580.9e1"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct js s;
        int64_t v = 99;
        js_init(&s, str_of(bad[i]));
        assert_int_equal(js_i64(&s, &v), -1);
        assert_non_null(s.bad);
        assert_true(v == 99);
    }
}

static void test_doubles_round_as_strtod(void **state)
{
    static const char *const t[] = {"0",
                                    "-0",
                                    "-0.0",
                                    "0.1",
                                    "0.3",
                                    "123.456",
                                    "999999999999999",
                                    "0.000000000000001",
                                    "123456789.123456",
                                    "5e-324",
                                    "2.2250738585072014e-308",
                                    "1.7976931348623157e308",
                                    "9007199254740993",
                                    "0.1e1",
                                    "1E-5",
                                    "3.141592653589793238462643",
                                    "100000000000000000000000",
                                    "-1.5e-9",
                                    "8.5",
                                    "0.7"};
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct js s;
        double v = 7, want = strtod(t[i], NULL);
        js_init(&s, str_of(t[i]));
        assert_int_equal(js_f64(&s, &v), 0);
        assert_memory_equal(&v, &want, sizeof v);
    }
    for (uint64_t i = 0; i < 20000; i++) { /* any number of digits before and behind the point */
        char text[64];
        uint64_t r = rng_u64(1, RNG_TEST, i);
        snprintf(text, sizeof text, "%llu.%0*llu", (unsigned long long)(r >> (i % 64)), (int)(i % 13) + 1,
                 (unsigned long long)(r & 0xFFFF));
        struct js s;
        double v, want = strtod(text, NULL);
        js_init(&s, str_of(text));
        assert_int_equal(js_f64(&s, &v), 0);
        assert_true(v == want);
    }
    struct js s;
    double v;
    js_init(&s, STR("1e999"));
    assert_int_equal(js_f64(&s, &v), -1);
    js_init(&s, STR("1e999"));
    assert_int_equal(js_skip(&s, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grammar),
        cmocka_unit_test(test_every_place_in_a_string),
        cmocka_unit_test(test_mutations_and_prefixes),
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_values_one_after_another),
        cmocka_unit_test(test_errors_are_sticky),
        cmocka_unit_test(test_where_and_what),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_doubles_round_as_strtod),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
