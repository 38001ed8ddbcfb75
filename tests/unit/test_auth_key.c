#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "auth/auth_key.h"
#include "base/file.h"
#include "base/xalloc.h"

static void first_given_source_wins(void **state)
{
    (void)state;
    struct err e = {0};
    char *key = NULL;
    setenv("OPENAI_API_KEY", "sk-env", 1);
    setenv("WEIR_TEST_KEY", " sk-named ", 1);
    assert_int_equal(auth_key_load(&(struct auth_key_source){0}, &key, &e), 0);
    assert_string_equal(key, "sk-env");
    free(key);
    assert_int_equal(auth_key_load(&(struct auth_key_source){.env_name = "WEIR_TEST_KEY"}, &key, &e), 0);
    assert_string_equal(key, "sk-named");
    free(key);
    assert_int_equal(
        auth_key_load(&(struct auth_key_source){.literal = "sk-lit", .env_name = "WEIR_TEST_KEY"}, &key, &e), 0);
    assert_string_equal(key, "sk-lit");
    free(key);
    unsetenv("OPENAI_API_KEY");
    assert_int_equal(auth_key_load(&(struct auth_key_source){0}, &key, &e), 0);
    assert_null(key);
}

static void file_gives_its_first_line(void **state)
{
    (void)state;
    struct err e = {0};
    char path[] = "/tmp/weir-key-XXXXXX", *key = NULL;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(file_write(path, STR("sk-file\r\nsecond\n"), &e), 0);
    assert_int_equal(auth_key_load(&(struct auth_key_source){.file = path}, &key, &e), 0);
    assert_string_equal(key, "sk-file");
    free(key);
    unlink(path);
    assert_int_equal(auth_key_load(&(struct auth_key_source){.file = path}, &key, &e), -1);
    assert_non_null(strstr(e.text, path));
}

static void bad_keys_are_refused_without_being_shown(void **state)
{
    (void)state;
    struct err e = {0};
    char *key = NULL;
    assert_int_equal(auth_key_load(&(struct auth_key_source){.literal = "sk-a\r\nX: y"}, &key, &e), -1);
    assert_null(key);
    assert_null(strstr(e.text, "sk-a"));
    assert_non_null(strstr(e.text, "control character"));
    assert_int_equal(auth_key_load(&(struct auth_key_source){.literal = "  "}, &key, &e), -1);
    assert_int_equal(auth_key_load(&(struct auth_key_source){.env_name = "WEIR_NO_SUCH_VARIABLE"}, &key, &e), -1);
    assert_non_null(strstr(e.text, "WEIR_NO_SUCH_VARIABLE"));
}

static void header_has_the_asked_style(void **state)
{
    (void)state;
    static const struct {
        const char *style, *line;
    } cases[] = {
        {"bearer", "Authorization: Bearer k\r\n"}, {"x-api-key", "x-api-key: k\r\n"}, {"api-key", "api-key: k\r\n"}};
    struct err e = {0};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = BUF_INIT(100);
        enum auth_style s;
        assert_int_equal(auth_style_parse(str_of(cases[i].style), &s, &e), 0);
        auth_key_header(&b, s, "k");
        assert_string_equal(b.p, cases[i].line);
        buf_free(&b);
    }
    enum auth_style s;
    assert_int_equal(auth_style_parse(STR("basic"), &s, &e), -1);
    assert_true(auth_is_secret_header(STR("AUTHORIZATION")));
    assert_true(auth_is_secret_header(STR("Set-Cookie")));
    assert_false(auth_is_secret_header(STR("x-request-id")));
}

static void expect_covered(const char *text, const char *secret, const char *want)
{
    char *copy = xmemdup0(text, strlen(text));
    auth_cover(copy, strlen(text), str_of(secret));
    assert_string_equal(copy, want);
    free(copy);
}

static void secrets_are_covered_also_where_the_text_ends(void **state)
{
    expect_covered("a secret, secrets and secre", "secret", "a ******, ******s and secre");
    expect_covered("cut within my-secret-to", "my-secret-token", "cut within ************");
    expect_covered("my-secret-token", "my-secret-token", "***************");
    expect_covered("my-sec", "my-secret-token", "******");
    expect_covered("my-se", "my-secret-token", "my-se"); /* too little to tell */
    expect_covered("short ones stay: short", "short", "short ones stay: short");
    expect_covered("", "my-secret-token", "");
    auth_cover(NULL, 0, STR("my-secret-token"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_given_source_wins),
        cmocka_unit_test(file_gives_its_first_line),
        cmocka_unit_test(bad_keys_are_refused_without_being_shown),
        cmocka_unit_test(header_has_the_asked_style),
        cmocka_unit_test(secrets_are_covered_also_where_the_text_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
