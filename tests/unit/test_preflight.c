#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "campaign/campaign_private.h"

/* In a process of its own, whose limits may be lowered for good. What it says comes back. */
static int checked(struct campaign_state *s, rlim_t soft, rlim_t hard, char said[1000])
{
    int fds[2], status;
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit r = {soft, hard};
        struct err e = {0};
        if (setrlimit(RLIMIT_NOFILE, &r) != 0)
            _exit(77);
        int rc = preflight(s, &e);
        getrlimit(RLIMIT_NOFILE, &r);
        ssize_t n = write(fds[1], e.text, strlen(e.text));
        (void)n;
        _exit(rc < 0 ? 10 + (int)e.code : r.rlim_cur == r.rlim_max ? 0 : 1);
    }
    close(fds[1]);
    ssize_t n = read(fds[0], said, 999);
    said[MAX(n, 0)] = 0;
    close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static struct run_config config;

static struct campaign_state closed(uint32_t a, uint32_t b)
{
    config = (struct run_config){0};
    return (struct campaign_state){
        .c = &config, .workers = 1, .n_levels = 2, .level = {{.concurrency = a}, {.concurrency = b}}};
}

static void soft_limit_is_raised_as_far_as_it_goes(void **state)
{
    (void)state;
    char said[1000];
    struct campaign_state s = closed(10, 300);
    assert_int_equal(checked(&s, 64, 500, said), 0);
    assert_string_equal(said, "");
}

static void the_largest_level_must_fit(void **state)
{
    (void)state;
    char said[1000];
    struct campaign_state s = closed(300, 10);
    assert_int_equal(checked(&s, 64, 300, said), 10 + ERR_LIMIT);
    assert_non_null(strstr(said, "300 connections"));
    assert_non_null(strstr(said, "may have 300"));
    assert_non_null(strstr(said, "at most 228")); /* 300 less 64 and 8 of the worker */
    s.level[0].concurrency = 228;
    assert_int_equal(checked(&s, 64, 300, said), 0);
    s.level[0].concurrency = 229;
    assert_int_equal(checked(&s, 64, 300, said), 10 + ERR_LIMIT);
}

static void endpoints_need_files_and_share_ports(void **state)
{
    (void)state;
    char said[1000];
    const char *urls[] = {"a:1", "http://a:2/x b:1", "A:1/y", NULL};
    struct campaign_state s = closed(225, 1);
    config.urls = urls;
    assert_int_equal(checked(&s, 300, 300, said), 0); /* 300 less 64, 8 of the worker and 3 of the further endpoints */
    s.level[0].concurrency = 226;
    assert_int_equal(checked(&s, 300, 300, said), 10 + ERR_LIMIT);
    assert_non_null(strstr(said, "at most 225"));
    struct rlimit r;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &r), 0);
    if (r.rlim_max < 71000)
        return;
    s.level[0].concurrency = 70000; /* to three destinations */
    assert_int_equal(checked(&s, 71000, 71000, said), 0);
    urls[1] = NULL;
    assert_int_equal(checked(&s, 71000, 71000, said), 10 + ERR_LIMIT);
}

static void workers_need_files_too(void **state)
{
    (void)state;
    char said[1000];
    struct campaign_state s = closed(1, 1);
    s.workers = 30;
    assert_int_equal(checked(&s, 200, 200, said), 10 + ERR_LIMIT);
    assert_non_null(strstr(said, "30 workers"));
    assert_null(strstr(said, "at most"));
}

static void an_open_loop_needs_its_cap(void **state)
{
    (void)state;
    char said[1000];
    struct campaign_state s = closed(1, 1);
    s.level[0] = s.level[1] = (struct level_plan){.open = true, .rate = 1000};
    assert_int_equal(checked(&s, 100, 100, said), 0); /* uncapped: what it will hold is not known */
    config.max_concurrency = 1000;
    assert_int_equal(checked(&s, 100, 100, said), 10 + ERR_LIMIT);
}

static void ports_are_counted_unless_the_socket_is_local(void **state)
{
    (void)state;
    char said[1000];
    struct rlimit r;
    struct campaign_state s = closed(70000, 1);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &r), 0);
    if (r.rlim_max < 71000)
        skip();
    assert_int_equal(checked(&s, 71000, 71000, said), 10 + ERR_LIMIT);
    assert_non_null(strstr(said, "ports"));
    config.unix_socket = "/tmp/x.sock";
    assert_int_equal(checked(&s, 71000, 71000, said), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(soft_limit_is_raised_as_far_as_it_goes),
        cmocka_unit_test(the_largest_level_must_fit),
        cmocka_unit_test(endpoints_need_files_and_share_ports),
        cmocka_unit_test(workers_need_files_too),
        cmocka_unit_test(an_open_loop_needs_its_cap),
        cmocka_unit_test(ports_are_counted_unless_the_socket_is_local),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
