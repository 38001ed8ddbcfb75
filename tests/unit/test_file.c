/* test_file.c - files, pipes, devices and folders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/xalloc.h"

static char root[64];

static int setup(void **state)
{
    snprintf(root, sizeof root, "/tmp/weir-test-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
    return rmdir(root); /* each test must have left it empty */
}

static const char *in_root(const char *name)
{
    static char path[4][256];
    static unsigned turn;
    char *p = path[turn++ % 4];
    snprintf(p, 256, "%s/%s", root, name);
    return p;
}

static void test_write_then_read(void **state)
{
    struct err e = {0};
    const char *path = in_root("a");
    assert_int_equal(file_write(path, STR("one\0two"), &e), 0);
    assert_int_equal(access(in_root("a.tmp"), F_OK), -1);
    struct buf b = BUF_INIT(7);
    assert_int_equal(file_read(&b, path, &e), 0);
    assert_memory_equal(b.p, "one\0two", 8);
    assert_false(b.failed);
    buf_free(&b);
    struct buf small = BUF_INIT(6);
    assert_int_equal(file_read(&small, path, &e), -1);
    assert_int_equal(e.code, ERR_LIMIT);
    assert_non_null(strstr(e.text, "6 bytes"));
    buf_free(&small);
    struct file_map m;
    assert_int_equal(file_open_map(&m, path, 0, &e), 0);
    assert_true(m.mapped);
    assert_true(str_eq(m.text, STR("one\0two")));
    file_close_map(&m);
    assert_int_equal(file_write(path, STR(""), &e), 0); /* replaced by an empty one */
    assert_int_equal(file_open_map(&m, path, 100, &e), 0);
    assert_int_equal(m.text.n, 0);
    file_close_map(&m);
    file_close_map(&m); /* twice is harmless */
    unlink(path);
}

static void test_a_failed_write_leaves_the_old_file(void **state)
{
    struct err e = {0};
    const char *path = in_root("a");
    assert_int_equal(file_write(path, STR("old"), &e), 0);
    assert_int_equal(mkdir(in_root("a.tmp"), 0700), 0); /* in the way of the temporary file */
    assert_int_equal(file_write(path, STR("new"), &e), -1);
    assert_int_equal(e.code, ERR_IO);
    struct buf b = BUF_INIT(10);
    assert_int_equal(file_read(&b, path, &e), 0);
    assert_string_equal(b.p, "old");
    buf_free(&b);
    rmdir(in_root("a.tmp"));
    unlink(path);
}

static void test_errors_name_the_path(void **state)
{
    struct err e = {0};
    struct file_map m;
    struct buf b = BUF_INIT(10);
    assert_int_equal(file_open_map(&m, in_root("none"), 10, &e), -1);
    assert_int_equal(e.sys, ENOENT);
    assert_non_null(strstr(e.text, "/none: No such file"));
    assert_int_equal(file_open_map(&m, root, 10, &e), -1);
    assert_int_equal(e.sys, EISDIR);
    assert_int_equal(file_read(&b, root, &e), -1);
    assert_int_equal(e.sys, EISDIR);
    assert_int_equal(file_write(in_root("no/such"), STR("x"), &e), -1);
    assert_int_equal(e.sys, ENOENT);
    assert_non_null(strstr(e.text, "no/such"));
    buf_free(&b);
}

static void test_devices_are_written_in_place(void **state)
{
    struct err e = {0};
    struct stat st;
    assert_int_equal(file_write("/dev/null", STR("x"), &e), 0);
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    assert_int_equal(file_write("/dev/full", STR("x"), &e), -1);
    assert_int_equal(e.sys, ENOSPC);
    assert_non_null(strstr(e.text, "/dev/full"));
}

static void test_pipes(void **state)
{
    struct err e = {0};
    struct file_map m;
    char name[32];
    for (int fits = 0; fits < 2; fits++) {
        int fd[2];
        assert_int_equal(pipe(fd), 0);
        assert_int_equal(fd_write_all(fd[1], "12345", 5), 0);
        close(fd[1]);
        snprintf(name, sizeof name, "/dev/fd/%d", fd[0]);
        int rc = file_open_map(&m, name, fits ? 5 : 4, &e);
        close(fd[0]);
        if (fits) {
            assert_int_equal(rc, 0);
            assert_false(m.mapped);
            assert_true(str_eqz(m.text, "12345"));
            file_close_map(&m);
        } else {
            assert_int_equal(rc, -1);
            assert_int_equal(e.code, ERR_LIMIT);
        }
    }
}

static void test_stdin(void **state)
{
    int fd[2], old = dup(0);
    struct err e = {0};
    struct file_map m;
    assert_int_equal(pipe(fd), 0);
    assert_int_equal(fd_write_all(fd[1], "in", 2), 0);
    close(fd[1]);
    dup2(fd[0], 0);
    close(fd[0]);
    assert_int_equal(file_open_map(&m, "-", 100, &e), 0);
    assert_true(str_eqz(m.text, "in"));
    file_close_map(&m);
    assert_true(fcntl(0, F_GETFD) >= 0); /* still open */
    dup2(old, 0);
    close(old);
}

static void test_large_file(void **state)
{
    struct err e = {0};
    size_t n = 9 << 20;
    char *big = xmalloc(n);
    for (size_t i = 0; i < n; i++)
        big[i] = (char)(i * 31 >> 3);
    const char *path = in_root("big");
    assert_int_equal(file_write(path, (struct str){big, n}, &e), 0);
    struct buf b = BUF_INIT(n);
    assert_int_equal(file_read(&b, path, &e), 0);
    assert_int_equal(b.n, n);
    assert_memory_equal(b.p, big, n);
    buf_free(&b);
    free(big);
    unlink(path);
}

static void test_folders(void **state)
{
    struct err e = {0};
    assert_true(dir_is_empty(root));
    assert_true(dir_is_empty(in_root("none")));
    assert_int_equal(dir_make(in_root("x//y/z/"), &e), 0);
    assert_int_equal(dir_make(in_root("x/y/z"), &e), 0); /* again is fine */
    assert_int_equal(dir_make("/", &e), 0);
    assert_false(dir_is_empty(root));
    assert_true(dir_is_empty(in_root("x/y/z")));
    assert_int_equal(file_write(in_root("f"), STR(""), &e), 0);
    assert_false(dir_is_empty(in_root("f")));
    assert_int_equal(dir_make(in_root("f"), &e), -1);
    assert_int_equal(e.sys, ENOTDIR);
    assert_int_equal(dir_make(in_root("f/g"), &e), -1);
    assert_int_equal(dir_make("", &e), -1);
    char longer[5000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    assert_int_equal(dir_make(longer, &e), -1);
    unlink(in_root("f"));
    rmdir(in_root("x/y/z"));
    rmdir(in_root("x/y"));
    rmdir(in_root("x"));
}

static void test_write_all_reports_errors(void **state)
{
    int fd = open("/dev/full", O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, "x", 1), -ENOSPC);
    close(fd);
    assert_int_equal(fd_write_all(-1, "x", 1), -EBADF);
    assert_int_equal(fd_write_all(-1, "x", 0), 0);
}

static void limit_of_files(void **state)
{
    struct rlimit before, lower, after;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    lower = (struct rlimit){before.rlim_cur / 2, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &lower), 0);
    assert_int_equal(files_raise_limit(), before.rlim_max);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
    assert_int_equal(after.rlim_cur, before.rlim_max);
    setrlimit(RLIMIT_NOFILE, &before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limit_of_files),
        cmocka_unit_test(test_write_then_read),
        cmocka_unit_test(test_a_failed_write_leaves_the_old_file),
        cmocka_unit_test(test_errors_name_the_path),
        cmocka_unit_test(test_devices_are_written_in_place),
        cmocka_unit_test(test_pipes),
        cmocka_unit_test(test_stdin),
        cmocka_unit_test(test_large_file),
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_write_all_reports_errors),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
