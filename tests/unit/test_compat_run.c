#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "compat/compat_run.h"

/* Runs against servers are those of tests/seeds; here what never comes to one. */
static void test_words(void **state)
{
    struct compat_words w = {0};
    compat_word(&w, "http://127.0.0.1:9");
    compat_opt(&w, "--rate", "%.17g", 0.5);
    compat_opt(&w, "--prompt", "%s", "-x y");
    assert_int_equal(w.n, 3);
    assert_string_equal(w.v[1], "--rate=0.5");
    assert_string_equal(w.v[2], "--prompt=-x y");
    assert_null(w.v[3]);
    compat_words_free(&w);
    assert_int_equal(w.n, 0);
}

static void test_a_wrong_word(void **state)
{
    struct compat_words w = {0};
    struct compat_run r;
    struct err e = {0};
    setenv("WEIR_RATE", "nonsense", 1); /* is not looked at */
    compat_word(&w, "http://127.0.0.1:9");
    compat_opt(&w, "--num-requests", "-1");
    assert_int_equal(compat_run(&r, &w, &(struct compat_run_opts){0}, &e), -1);
    assert_int_equal(e.code, ERR_USAGE);
    assert_non_null(strstr(e.text, "--num-requests"));
    assert_null(r.summary);
    char dir[sizeof r.dir];
    memcpy(dir, r.dir, sizeof dir);
    assert_int_equal(access(dir, F_OK), 0);
    compat_run_free(&r);
    assert_int_equal(access(dir, F_OK), -1);
    compat_words_free(&w);
    unsetenv("WEIR_RATE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words), cmocka_unit_test(test_a_wrong_word)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
