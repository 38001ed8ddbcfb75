#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "base/file.h"
#include "campaign/truth_read.h"

/* As the simulator writes them (docs/FORMATS.md), written by hand. */
#define A                                                                                                              \
    "{\"id\":\"a\",\"n\":1,\"fault\":null,\"kernel\":true,\"recv\":5,\"tokens\":[100,250,7000000000000],\"end\":9}\n"
#define B "{\"tokens\":[],\"id\":\"bb\",\"new member\":{\"tokens\":[1],\"id\":\"x\"},\"complete\":false}\n"
#define C "{\"id\":\"c\",\"status\":200}\n"

static struct truth_file *parse(const char *text)
{
    struct err e = {0};
    struct truth_file *t = truth_file_parse(str_of(text), "truth", &e);
    if (!t)
        fail_msg("%s", e.text);
    return t;
}

static void test_tokens(void **state)
{
    (void)state;
    struct truth_file *t = parse(A B C);
    size_t n;
    assert_int_equal(truth_file_lines(t), 3);
    assert_false(truth_file_cut(t));
    const int64_t *at = truth_file_tokens(t, STR("a"), &n);
    assert_int_equal(n, 3);
    assert_int_equal(at[0], 100);
    assert_int_equal(at[1], 250);
    assert_int_equal(at[2], 7000000000000);
    assert_non_null(truth_file_tokens(t, STR("bb"), &n)); /* no token is an answer */
    assert_int_equal(n, 0);
    assert_null(truth_file_tokens(t, STR("c"), &n)); /* no such member is none */
    assert_int_equal(n, 0);
    assert_null(truth_file_tokens(t, STR("x"), &n)); /* that of an inner object */
    assert_null(truth_file_tokens(t, STR(""), &n));
    truth_file_free(&t);
    assert_null(t);
    truth_file_free(&t);
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    static const char text[] = A B C;
    for (size_t cut = 0; cut < sizeof text; cut++) {
        struct err e = {0};
        size_t n, whole = 0;
        for (size_t i = 0; i < cut; i++)
            whole += text[i] == '\n';
        char *copy = strndup(text, cut); /* so that a sanitizer sees a read beyond it */
        struct truth_file *t = truth_file_parse((struct str){copy, cut}, "truth", &e);
        assert_non_null(t);
        assert_int_equal(truth_file_lines(t), whole);
        assert_int_equal(truth_file_cut(t), cut > 0 && text[cut - 1] != '\n');
        assert_int_equal(truth_file_tokens(t, STR("a"), &n) != NULL, whole > 0);
        truth_file_free(&t);
        free(copy);
    }
}

static void test_bad(void **state)
{
    (void)state;
    static const char *const bad[] = {
        A "[]\n", A "{\"id\":\n", A "{\"id\":\"q\",\"tokens\":[1,]}\n", A "{} {}\n", A "no\n", A "\"a\"\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = {0};
        assert_null(truth_file_parse(str_of(bad[i]), "truth", &e));
        assert_int_equal(e.code, ERR_DATA);
        assert_int_equal(e.line, 2);
        assert_non_null(strstr(e.text, "truth:2: "));
    }
    /* Strange, but JSON: left aside. */
    struct truth_file *t =
        parse("{\"id\":7,\"tokens\":[1]}\n\n{\"id\":\"d\",\"tokens\":7}\n{\"id\":\"e\",\"tokens\":[1,\"2\"]}\n"
              "{\"id\":\"f\",\"tokens\":[1.5]}\n");
    size_t n;
    assert_int_equal(truth_file_lines(t), 3);
    assert_null(truth_file_tokens(t, STR("d"), &n));
    assert_null(truth_file_tokens(t, STR("e"), &n));
    assert_null(truth_file_tokens(t, STR("f"), &n));
    truth_file_free(&t);
}

static void test_many(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(8u << 20);
    for (int i = 0; i < 5000; i++) {
        buf_addf(&b, "{\"id\":\"sim-%d\",\"tokens\":[", i);
        for (int k = 0; k <= i % 300; k++)
            buf_addf(&b, "%s%d", k ? "," : "", i * 1000 + k);
        buf_addz(&b, "]}\n");
    }
    struct truth_file *t = truth_file_parse(buf_str(&b), "truth", NULL);
    assert_non_null(t);
    for (int i = 4999; i >= 0; i -= 7) {
        char id[32];
        size_t n;
        snprintf(id, sizeof id, "sim-%d", i);
        const int64_t *at = truth_file_tokens(t, str_of(id), &n);
        assert_int_equal(n, i % 300 + 1);
        assert_int_equal(at[0], i * 1000);
        assert_int_equal(at[n - 1], i * 1000 + i % 300);
    }
    truth_file_free(&t);
    buf_free(&b);
}

static void test_file_from(void **state)
{
    (void)state;
    char path[] = "/tmp/weir-truth-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, A B C, strlen(A B C)), 0);
    close(fd);
    size_t a = strlen(A), b = strlen(B), all = strlen(A B C), n;
    static const size_t none = 0;
    const struct {
        size_t from, lines;
    } rows[] = {{none, 3}, {1, 2}, {a - 1, 2}, {a, 2}, {a + 1, 1}, {a + b, 1}, {all - 1, 0}, {all, 0}, {all + 9, 0}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct truth_file *t = truth_file_open(path, rows[i].from, NULL);
        assert_non_null(t);
        assert_int_equal(truth_file_lines(t), rows[i].lines);
        assert_int_equal(truth_file_tokens(t, STR("a"), &n) != NULL, rows[i].from == 0);
        truth_file_free(&t);
    }
    unlink(path);
    struct err e = {0};
    assert_null(truth_file_open(path, 0, &e));
    assert_int_equal(e.code, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens), cmocka_unit_test(test_cut_anywhere), cmocka_unit_test(test_bad),
        cmocka_unit_test(test_many),   cmocka_unit_test(test_file_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
