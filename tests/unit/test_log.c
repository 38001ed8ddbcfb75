/* test_log.c - what one message writes, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

static int reader; /* a datagram socket: each write(2) to stderr is one message of its own */
static int old_stderr;

static int setup(void **state)
{
    int fd[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fd) != 0)
        return -1;
    reader = fd[0];
    fcntl(reader, F_SETFL, O_NONBLOCK);
    old_stderr = dup(2);
    dup2(fd[1], 2);
    close(fd[1]);
    return 0;
}

static int teardown(void **state)
{
    log_live_line(NULL);
    log_set_level(LOG_INFO);
    dup2(old_stderr, 2);
    close(old_stderr);
    close(reader);
    return 0;
}

/* The next write, NULL when there was none. */
static const char *next_write(void)
{
    static char text[16384];
    ssize_t n = recv(reader, text, sizeof text - 1, 0);
    if (n < 0)
        return NULL;
    text[n] = 0;
    return text;
}

static void expect(const char *want)
{
    const char *got = next_write();
    assert_non_null(got);
    assert_string_equal(got, want);
    assert_null(next_write());
}

static void test_levels_and_prefixes(void **state)
{
    assert_int_equal(log_level(), LOG_INFO);
    log_error("e %d", 1);
    expect("weir: error: e 1\n");
    log_warn("w");
    expect("weir: warning: w\n");
    log_info("i");
    expect("weir: i\n");
    log_debug("d");
    assert_null(next_write());
    log_set_level(LOG_DEBUG);
    log_debug("d");
    expect("weir: debug: d\n");
    log_set_level(LOG_ERROR);
    log_warn("w");
    log_info("i");
    assert_null(next_write());
    log_error("e");
    expect("weir: error: e\n");
}

static void test_terminal_controls_are_defused(void **state)
{
    log_info("a\033[2Jb\r\x7f\tc\n\u00e9");
    expect("weir: a?[2Jb??\tc\n\u00e9\n");
}

static void test_long_messages_are_cut_not_split(void **state)
{
    static char big[20000];
    memset(big, 'x', sizeof big - 1);
    log_info("%s", big);
    const char *got = next_write();
    assert_non_null(got);
    assert_int_equal(strlen(got), 4096);
    assert_int_equal(got[4095], '\n');
    assert_null(next_write());
}

static void test_live_line(void **state)
{
    log_live_line(NULL);
    assert_null(next_write());
    log_live_line("10 %");
    expect("\r10 %\033[K");
    log_live_line("20 %");
    expect("\r20 %\033[K");
    log_info("hello"); /* above the line, which comes back below it */
    expect("\r\033[Kweir: hello\n20 %");
    log_live_line(NULL);
    expect("\r\033[K");
    log_info("done");
    expect("weir: done\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_levels_and_prefixes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_terminal_controls_are_defused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_messages_are_cut_not_split, setup, teardown),
        cmocka_unit_test_setup_teardown(test_live_line, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
