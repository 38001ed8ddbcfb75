/* test_jdoc.c - trees: look-ups, defaults, order and errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/file.h"
#include "base/jdoc.h"

static void test_look_ups(void **state)
{
    struct err e = {0};
    struct jdoc *d = jdoc_parse(STR("{\"z\":{\"rate\":2.5,\"n\":3,\"f\":4.0,\"deep\":{\"s\":\"a\\u0000b\"}},\"a\":[1,"
                                    "\"two\",null,true],\"m\":null,"
                                    "\"big\":1e300}"),
                                "t", &e);
    assert_non_null(d);
    jnode *root = jdoc_root(d);
    assert_true(jn_is_obj(root) && !jn_is_arr(root));
    assert_int_equal(jn_len(root), 4);
    assert_true(jn_f64(jn_get(root, "z.rate"), -1) == 2.5);
    assert_true(jn_f64(jn_get(root, "z.n"), -1) == 3);
    assert_int_equal(jn_i64(jn_get(root, "z.n"), -1), 3);
    assert_int_equal(jn_i64(jn_get(root, "z.f"), -1), 4);
    assert_int_equal(jn_i64(jn_get(root, "z.rate"), -1), -1); /* a fraction is no integer */
    assert_int_equal(jn_i64(jn_get(root, "big"), -1), -1);
    struct str s = jn_str(jn_get(root, "z.deep.s"), "dflt");
    assert_true(str_eq(s, STR("a\0b")));
    jnode *a = jn_get(root, "a");
    assert_true(jn_is_arr(a));
    assert_int_equal(jn_len(a), 4);
    assert_true(str_eqz(jn_str(jn_at(a, 1), NULL), "two"));
    assert_true(jn_is_null(jn_at(a, 2)));
    assert_true(jn_bool(jn_at(a, 3), false));
    assert_null(jn_at(a, 4));
    assert_true(jn_is_null(jn_get(root, "m")));
    jdoc_free(&d);
    assert_null(d);
    jdoc_free(&d);
}

static void test_absent_gives_defaults(void **state)
{
    assert_null(jdoc_root(NULL));
    jnode *none = jn_get(jn_at(jn_get(NULL, "a.b"), 3), "c");
    const char *key = "untouched";
    assert_null(none);
    assert_int_equal(jn_i64(none, 7), 7);
    assert_true(jn_f64(none, 1.5) == 1.5);
    assert_true(jn_bool(none, true));
    assert_true(jn_is_null(none));
    assert_true(str_eqz(jn_str(none, "d"), "d"));
    assert_int_equal(jn_str(none, NULL).n, 0);
    assert_int_equal(jn_len(none), 0);
    assert_null(jn_member(none, 0, &key));
    assert_string_equal(key, "untouched");
    struct err e;
    struct jdoc *d = jdoc_parse(STR("[{\"s\":\"x\"}]"), "t", &e);
    assert_null(jn_get(jdoc_root(d), "s")); /* an array has no members */
    jnode *o = jn_at(jdoc_root(d), 0);
    assert_null(jn_at(o, 0));
    assert_null(jn_get(o, "s.t"));
    assert_int_equal(jn_i64(jn_get(o, "s"), 9), 9); /* of another type */
    assert_true(jn_bool(jn_get(o, "s"), true));
    jdoc_free(&d);
}

static void test_members_in_file_order(void **state)
{
    struct err e;
    struct jdoc *d = jdoc_parse(STR("{\"z\":0,\"b\":1,\"a\":2,\"y\":3}"), "t", &e);
    static const char *const want[] = {"z", "b", "a", "y"};
    for (size_t i = 0; i < 4; i++) {
        const char *key;
        jnode *v = jn_member(jdoc_root(d), i, &key);
        assert_string_equal(key, want[i]);
        assert_int_equal(jn_i64(v, -1), i);
    }
    const char *key;
    assert_null(jn_member(jdoc_root(d), 4, &key));
    void *it = NULL;
    jnode *v = NULL;
    for (size_t i = 0; i < 4; i++) {
        assert_true(jn_next(jdoc_root(d), &it, &key, &v));
        assert_string_equal(key, want[i]);
        assert_int_equal(jn_i64(v, -1), i);
    }
    assert_false(jn_next(jdoc_root(d), &it, &key, &v));
    it = NULL;
    assert_false(jn_next(NULL, &it, &key, &v));
    assert_false(jn_next(v, &it, &key, &v)); /* a number has none */
    jdoc_free(&d);
}

static void test_errors_name_file_and_line(void **state)
{
    static const struct {
        const char *text;
        size_t line;
    } t[] = {{"{\n\"a\": 1,\n\"b\": }", 3},
             {"", 1},
             {"[1,2", 1},
             {"{\"a\":1} x", 1},
             {"[1,]", 1},
             {"\"\xff\"", 1},
             {"\n\n\nnope", 4}};
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct err e = {0};
        char want[32];
        assert_null(jdoc_parse(str_of(t[i].text), "dir/x.json", &e));
        assert_int_equal(e.code, ERR_DATA);
        assert_int_equal(e.line, t[i].line);
        snprintf(want, sizeof want, "dir/x.json:%zu: ", t[i].line);
        assert_memory_equal(e.text, want, strlen(want));
        assert_true(strlen(e.text) > strlen(want));
    }
    assert_null(jdoc_parse(STR("["), "x", NULL));
    struct err e = {0};
    assert_null(jdoc_parse(STR("1\n\0"), "x", &e)); /* Jansson alone takes a NUL behind a number */
    assert_int_equal(e.line, 2);
    assert_memory_equal(e.text, "x:2: a NUL", 10);
}

static void test_load(void **state)
{
    char path[] = "/tmp/weir-test-XXXXXX";
    struct err e = {0};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, "[1,\nx]", 6), 0);
    assert_null(jdoc_load(path, 100, &e));
    assert_int_equal(e.line, 2);
    assert_memory_equal(e.text, path, strlen(path));
    assert_null(jdoc_load(path, 5, &e));
    assert_int_equal(e.code, ERR_LIMIT);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, "[1]", 3, 0), 3);
    struct jdoc *d = jdoc_load(path, 100, &e);
    assert_int_equal(jn_i64(jn_at(jdoc_root(d), 0), 0), 1);
    jdoc_free(&d);
    close(fd);
    unlink(path);
    assert_null(jdoc_load(path, 100, &e));
    assert_int_equal(e.code, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_look_ups),
        cmocka_unit_test(test_absent_gives_defaults),
        cmocka_unit_test(test_members_in_file_order),
        cmocka_unit_test(test_errors_name_file_and_line),
        cmocka_unit_test(test_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
