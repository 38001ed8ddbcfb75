/* test_jmerge.c - merging of objects as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/jdoc.h"

static void test_merge(void **state)
{
    static const struct {
        const char *base, *over, *want;
    } t[] = {
        {"{}", "{}", "{}"},
        {"{\"a\":1}", "{}", "{\"a\":1}"},
        {"{}", "{\"a\":1}", "{\"a\":1}"},
        {"{\"a\":1,\"b\":2}", "{\"b\":3,\"c\":4}", "{\"a\":1,\"b\":3,\"c\":4}"},
        {"{\"o\":{\"x\":1,\"y\":2}}", "{\"o\":{\"y\":{},\"z\":[1]}}", "{\"o\":{\"x\":1,\"y\":{},\"z\":[1]}}"},
        {"{\"o\":{\"x\":1}}", "{\"o\":5}", "{\"o\":5}"},
        {"{\"o\":5}", "{\"o\":{\"x\":1}}", "{\"o\":{\"x\":1}}"},
        {"{\"l\":[1,2]}", "{\"l\":[3]}", "{\"l\":[3]}"},
        {"{\"n\":null}", "{\"m\":null}", "{\"n\":null,\"m\":null}"},
        /* Numbers and strings as they were written; keys compared decoded; a repeated key counts once, with its last
           value. */
        {"{\"t\":0.7,\"i\":123456789012345678901234567890}", "{\"s\":\"\\u00e9\\/\"}",
         "{\"t\":0.7,\"i\":123456789012345678901234567890,\"s\":\"\\u00e9\\/\"}"},
        {"{\"key\":1}", "{\"k\\u0065y\":2}", "{\"key\":2}"},
        {"{\"a\":1,\"a\":2}", "{\"b\":3,\"b\":4}", "{\"a\":2,\"b\":4}"},
        {" { \"a\" : 1 } ", "\n{ \"b\" : [ 2 ] }\n", "{\"a\":1,\"b\":[ 2 ]}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct buf b = BUF_INIT(1000);
        struct err e = {0};
        assert_int_equal(json_merge(&b, str_of(t[i].base), str_of(t[i].over), &e), 0);
        assert_string_equal(b.p, t[i].want);
        struct jdoc *d = jdoc_parse(buf_str(&b), "merged", &e);
        if (!strstr(t[i].want, "123456789012345678901234567890")) /* beyond what a tree's integers hold */
            assert_non_null(d);
        jdoc_free(&d);
        buf_free(&b);
    }
}

static void test_deep(void **state)
{
    struct buf base = BUF_INIT(10000), over = BUF_INIT(10000), out = BUF_INIT(10000);
    struct err e = {0};
    for (int i = 0; i < 127; i++) {
        buf_addz(&base, "{\"a\":");
        buf_addz(&over, "{\"a\":");
    }
    buf_addz(&base, "{\"x\":1}");
    buf_addz(&over, "{\"y\":2}");
    for (int i = 0; i < 127; i++) {
        buf_addc(&base, '}');
        buf_addc(&over, '}');
    }
    assert_int_equal(json_merge(&out, buf_str(&base), buf_str(&over), &e), 0);
    assert_non_null(strstr(out.p, "{\"x\":1,\"y\":2}"));
    assert_int_equal(out.n, base.n + 6);
    buf_free(&base);
    buf_free(&over);
    buf_free(&out);
}

static void test_errors(void **state)
{
    static const struct {
        const char *base, *over, *says;
    } t[] = {
        {"{}", "[]", "object"},
        {"1", "{}", "object"},
        {"{}", "{\"a\":}", "expected a value at byte 6"},
        {"{}", "", "at byte 1"},
        {"{}", "{} x", "something behind"},
        {"{", "{}", "unexpected end at byte 2"},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct buf b = BUF_INIT(1000);
        struct err e = {0};
        assert_int_equal(json_merge(&b, str_of(t[i].base), str_of(t[i].over), &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        assert_non_null(strstr(e.text, t[i].says));
        assert_int_equal(b.n, 0);
        buf_free(&b);
    }
    struct buf b = BUF_INIT(10);
    struct err e = {0};
    assert_int_equal(json_merge(&b, STR("{\"a\":1}"), STR("{\"b\":2}"), &e), -1);
    assert_int_equal(e.code, ERR_LIMIT);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_deep),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
