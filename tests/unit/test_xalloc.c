/* test_xalloc.c - contents, and that overflowing products abort. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xalloc.h"

static void test_zero_sizes_give_memory(void **state)
{
    void *a = xmalloc(0), *b = xcalloc(0, 8), *c = xrealloc(NULL, 0);
    assert_non_null(a);
    assert_non_null(b);
    assert_non_null(c);
    free(a);
    free(b);
    free(c);
}

static void test_contents(void **state)
{
    unsigned char *z = xcalloc(100, 3);
    for (int i = 0; i < 300; i++)
        assert_int_equal(z[i], 0);
    memset(z, 7, 300);
    z = xreallocarray(z, 1000, 3);
    for (int i = 0; i < 300; i++)
        assert_int_equal(z[i], 7);
    free(z);
    char *s = xstrdup("weir"), *m = xmemdup0("a\0b", 3), *f = xasprintf("%d-%s", 5, "x"), *none = xmemdup0(NULL, 0);
    assert_string_equal(s, "weir");
    assert_memory_equal(m, "a\0b\0", 4);
    assert_string_equal(f, "5-x");
    assert_string_equal(none, "");
    free(s);
    free(m);
    free(f);
    free(none);
}

static void test_wide(void **state)
{
    const size_t sizes[] = {0, 1, 100, HUGE_BYTES - 1, HUGE_BYTES, HUGE_BYTES + 1, 5 * HUGE_BYTES / 2};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *p = xmalloc_wide(sizes[i]), any = 0;
        assert_int_equal((uintptr_t)p % (sizes[i] < HUGE_BYTES ? 64 : HUGE_BYTES), 0);
        memset(p, 7, sizes[i]);
        free(p);
        p = xcalloc_wide(sizes[i], 1);
        for (size_t k = 0; k < sizes[i]; k++)
            any |= p[k];
        assert_int_equal(any, 0);
        free(p);
    }
}

static void overflow_calloc(void)
{
    free(xcalloc(SIZE_MAX / 2, 3));
}

static void overflow_calloc_wide(void)
{
    free(xcalloc_wide(SIZE_MAX / 2, 3));
}

static void refused_wide(void)
{
    free(xmalloc_wide(SIZE_MAX / 4));
}

static void overflow_reallocarray(void)
{
    free(xreallocarray(NULL, SIZE_MAX / 8 + 1, 8));
}

/* Run f in a child: it must end by abort() with a message. */
static void expect_abort(void (*f)(void))
{
    int fd[2], status;
    assert_int_equal(pipe(fd), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, SIG_DFL);
        dup2(fd[1], 2);
        f();
        _exit(0);
    }
    close(fd[1]);
    char text[200];
    ssize_t n = read(fd[0], text, sizeof text - 1);
    close(fd[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_true(n > 0);
    text[n] = 0;
    assert_non_null(strstr(text, "out of memory"));
}

static void test_overflowing_products_abort(void **state)
{
    expect_abort(overflow_calloc);
    expect_abort(overflow_calloc_wide);
    if (!getenv("WEIR_SANITIZED")) /* whose allocator ends the program by itself */
        expect_abort(refused_wide);
    expect_abort(overflow_reallocarray);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zero_sizes_give_memory),
        cmocka_unit_test(test_contents),
        cmocka_unit_test(test_wide),
        cmocka_unit_test(test_overflowing_products_abort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
