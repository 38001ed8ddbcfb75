#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "compat/aws_http.h"

static void test_urls(void **state)
{
    struct err e = {0};
    bool tls = false;
    assert_int_equal(aws_check_url("https://id.execute-api.us-east-1.amazonaws.com/prod/chat/completions", &tls, &e),
                     0);
    assert_true(tls);
    assert_int_equal(aws_check_url("http://127.0.0.1:8000/x", &tls, &e), 0);
    assert_false(tls);
    assert_int_equal(aws_check_url("ftp://x", &tls, &e), -1);
    assert_int_equal(e.code, ERR_USAGE);
    assert_non_null(strstr(e.text, "ftp://x"));
    char *shown = aws_shown_url("https://u:p@h/x?api-key=secret");
    assert_null(strstr(shown, "secret"));
    assert_null(strstr(shown, "u:p"));
    free(shown);
}

static void test_words(void **state)
{
    struct compat_words w = {0};
    const char *headers[] = {"x-api-key: a b", NULL};
    setenv("OPENAI_API_KEY", "of-another-api", 1);
    aws_run_words(&w, &(struct aws_to){.url = "http://h/x", .headers = headers, .cacert = "ca.pem"});
    assert_string_equal(w.v[0], "http://h/x");
    unsigned seen = 0;
    for (size_t i = 1; i < w.n; i++)
        seen |= (strcmp(w.v[i], "--header=x-api-key: a b") == 0) | (strcmp(w.v[i], "--cacert=ca.pem") == 0) << 1 |
                (strcmp(w.v[i], "--streams-per-conn=1") == 0) << 2 | (strcmp(w.v[i], "--insecure") == 0) << 3;
    assert_int_equal(seen, 7);
    assert_null(getenv("OPENAI_API_KEY"));
    compat_words_free(&w);
}

static void test_failures(void **state)
{
    struct sum_count counts[] = {{"ok", 7}, {"http_429", 2}, {"reset", 1}};
    struct sum_level l = {.attempted = 10, .failed = 3, .outcomes = {3, counts}};
    char *text = aws_failures(&l);
    assert_string_equal(text,
                        "3 of 10 requests failed, most of them http_429: the API Gateway has limits of its own; raise "
                        "them, or ask for less at a time");
    free(text);
    l.outcomes = (struct sum_counts){1, &counts[2]};
    text = aws_failures(&l);
    assert_string_equal(text, "3 of 10 requests failed, most of them reset");
    free(text);
    l.failed = 0;
    text = aws_failures(&l);
    assert_string_equal(text, "");
    free(text);
    assert_null(aws_hint(200));
    assert_non_null(aws_hint(504));
}

static void test_errors(void **state)
{
    char dir[] = "/tmp/weir-test-errors-XXXXXX", path[64];
    struct err e = {0};
    struct compat_row v[] = {{.level = 0, .index = 1, .detail = xstrdup("")},
                             {.level = 1, .index = 1, .detail = xstrdup("")},
                             {.level = 0, .index = 2, .detail = xstrdup("reset")}};
    struct compat_rows rows = {.v = v, .n = 3};
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/errors.jsonl", dir);
    aws_take_errors(&rows, dir); /* there is none */
    assert_int_equal(
        file_write(path,
                   STR("{\"kind\":\"http_500\",\"level\":0,\"index\":1,\"body\":\"{\\\"error\\\":\\\"b\\\"}\\n\"}\n"
                       "{\"kind\":\"reset\",\"level\":0,\"index\":2,\"body\":\"x\"}\nnot JSON\n"),
                   &e),
        0);
    aws_take_errors(&rows, dir);
    assert_string_equal(v[0].detail, "{\"error\":\"b\"}");
    assert_string_equal(v[1].detail, "");
    assert_string_equal(v[2].detail, "reset");
    for (int i = 0; i < 3; i++)
        free(v[i].detail);
    unlink(path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_urls), cmocka_unit_test(test_words),
                                       cmocka_unit_test(test_failures), cmocka_unit_test(test_errors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
