#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
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
static struct target targets[2];
static struct endpoints endpoints = {.target = targets};
static struct variant variant = {.c = &config, .ep = &endpoints};

static struct campaign_state closed(uint32_t a, uint32_t b)
{
    config = (struct run_config){0};
    return (struct campaign_state){.c = &config,
                                   .variant = &variant,
                                   .n_variants = 1,
                                   .workers = 1,
                                   .n_levels = 2,
                                   .level = {{.v = &variant, .concurrency = a}, {.v = &variant, .concurrency = b}}};
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
    s.level[0] = s.level[1] = (struct level_plan){.v = &variant, .open = true, .rate = 1000};
    assert_int_equal(checked(&s, 100, 100, said), 0); /* uncapped: what it will hold is not known */
    config.max_concurrency = 1000;
    assert_int_equal(checked(&s, 100, 100, said), 10 + ERR_LIMIT);
}

/* ---- ports and memory, with a /proc of ours */

static char proc[64];

static void put(const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", proc, name);
    for (char *p = path + strlen(proc) + 1; (p = strchr(p, '/')); p++) {
        *p = 0;
        mkdir(path, 0700);
        *p = '/';
    }
    struct err e = {0};
    assert_int_equal(file_write(path, str_of(text), &e), 0);
}

static int open_proc(void **state)
{
    (void)state;
    snprintf(proc, sizeof proc, "/tmp/weir-preflight-XXXXXX");
    return mkdtemp(proc) ? 0 : -1;
}

static int close_proc(void **state)
{
    (void)state;
    static const char *const names[] = {"sys/net/ipv4/ip_local_port_range",
                                        "sys/net/ipv4/ip_local_reserved_ports",
                                        "sys/net/ipv4",
                                        "sys/net",
                                        "sys",
                                        "net/tcp",
                                        "net",
                                        "meminfo",
                                        ""};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[200];
        snprintf(path, sizeof path, "%s/%s", proc, names[i]);
        remove(path);
    }
    return 0;
}

/* One endpoint at 127.0.0.1:8080, ports 40001 to 41000, 1 GiB of memory. */
static struct campaign_state with_proc(uint32_t connections)
{
    struct campaign_state s = closed(connections, 1);
    s.proc_root = proc;
    s.n_targets = 1;
    memset(targets, 0, sizeof targets);
    targets[0].origin = (char *)(uintptr_t) "http://127.0.0.1:8080";
    targets[0].n_addrs = resolve_host("127.0.0.1", 8080, targets[0].addrs, 1, NULL);
    put("sys/net/ipv4/ip_local_port_range", "40001\t41000\n");
    put("sys/net/ipv4/ip_local_reserved_ports", "\n");
    put("meminfo", "MemTotal:        2000000 kB\nMemAvailable:    1048576 kB\n");
    put("net/tcp", "");
    return s;
}

static void add_source(struct campaign_state *s, const char *address)
{
    assert_int_equal(resolve_host(address, 0, &s->binds[s->n_binds++], 1, NULL), 1);
}

static void refused(struct campaign_state *s, const char *why)
{
    struct err e = {0};
    s->plan[0] = 0;
    assert_int_equal(preflight_targets(s, &e), -1);
    assert_int_equal(e.code, ERR_LIMIT);
    if (!strstr(e.text, why))
        fail_msg("%s", e.text);
}

static void accepted(struct campaign_state *s)
{
    struct err e = {0};
    s->plan[0] = 0;
    if (preflight_targets(s, &e) < 0)
        fail_msg("%s", e.text);
}

static void ports_are_four_tuples(void **state)
{
    (void)state;
    struct campaign_state s = with_proc(1000);
    accepted(&s);
    assert_non_null(strstr(s.plan, "1000 ports per source address x 1 source address x 1 destination"));
    s.level[0].concurrency = 1001;
    refused(&s, "1001 connections to http://127.0.0.1:8080 need as many local ports, but there are 1000");
    refused(&s, "--bind");
    s.level[0].concurrency = 2000;
    add_source(&s, "127.0.0.2");
    refused(&s, "x 1 source address x");
    add_source(&s, "127.0.0.3"); /* twice the ports */
    add_source(&s, "::1");       /* of the other family: none */
    accepted(&s);
    assert_non_null(strstr(s.plan, "x 2 source addresses x 1 destination;"));
    s.level[0].concurrency = 2001;
    refused(&s, "there are 2000");
    assert_int_equal(resolve_host("127.0.0.9", 8080, &targets[0].addrs[1], 1, NULL), 1);
    targets[0].n_addrs = 2; /* a name with two addresses */
    s.level[0].concurrency = 4000;
    accepted(&s);
    s.level[0].concurrency = 4001;
    refused(&s, "x 2 destinations");
}

static void several_endpoints_share_the_connections(void **state)
{
    (void)state;
    struct campaign_state s = with_proc(2000);
    targets[1] = targets[0];
    s.n_targets = 2;
    refused(&s, "2000 connections"); /* two URLs of one place */
    assert_int_equal(resolve_host("127.0.0.1", 8081, targets[1].addrs, 1, NULL), 1);
    accepted(&s);
    s.level[0].concurrency = 2001;
    refused(&s, "1001 connections");
}

static void ports_in_use_and_reserved_do_not_count(void **state)
{
    (void)state;
    struct campaign_state s = with_proc(1000);
    put("sys/net/ipv4/ip_local_reserved_ports", "80,40001,40990-50000\n"); /* 12 of them within the range */
    refused(&s, "there are 988");
    s.level[0].concurrency = 988;
    accepted(&s);
    put("sys/net/ipv4/ip_local_reserved_ports", "\n");
    put("net/tcp", /* as the kernel writes them: a listener, its side of a connection, ours, one that waits, another's
                    */
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1\n"
        "   1: 0100007F:1F90 0100007F:9C42 01 00000000:00000000 00:00000000 00000000     0        0 2 1\n"
        "   2: 0100007F:9C42 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 3 1\n"
        "   3: 0100007F:9C43 0100007F:1F90 06 00000000:00000000 03:00000FA0 00000000     0        0 0 3\n"
        "   4: 0100007F:9C44 0100007F:1F91 01 00000000:00000000 00:00000000 00000000     0        0 4 1\n");
    s.level[0].concurrency = 1000;
    refused(&s, "there are 998 (1000 ports per source address x 1 source address x 1 destination, 2 in use)");
}

static void memory_must_do(void **state)
{
    (void)state;
    struct campaign_state s = with_proc(1000);
    put("meminfo", "MemAvailable:    20480 kB\n"); /* 20 MiB: enough for 1000 plain ones, not for TLS */
    accepted(&s);
    assert_non_null(strstr(s.plan, "about 15 MiB of memory"));
    targets[0].tls = true;
    refused(&s, "1000 connections with TLS need about 44 MiB of memory, but 20 MiB are available");
    s.level[0].concurrency = 999; /* few: nothing is looked at */
    accepted(&s);
    assert_string_equal(s.plan, "");
}

static void a_unix_socket_needs_no_ports(void **state)
{
    (void)state;
    struct campaign_state s = with_proc(5000);
    refused(&s, "5000 connections");
    assert_int_equal(resolve_unix("/tmp/x.sock", targets[0].addrs, NULL), 0);
    accepted(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(soft_limit_is_raised_as_far_as_it_goes),
        cmocka_unit_test(the_largest_level_must_fit),
        cmocka_unit_test(endpoints_need_files_and_share_ports),
        cmocka_unit_test(workers_need_files_too),
        cmocka_unit_test(an_open_loop_needs_its_cap),
        cmocka_unit_test_setup_teardown(ports_are_four_tuples, open_proc, close_proc),
        cmocka_unit_test_setup_teardown(several_endpoints_share_the_connections, open_proc, close_proc),
        cmocka_unit_test_setup_teardown(ports_in_use_and_reserved_do_not_count, open_proc, close_proc),
        cmocka_unit_test_setup_teardown(memory_must_do, open_proc, close_proc),
        cmocka_unit_test_setup_teardown(a_unix_socket_needs_no_ports, open_proc, close_proc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
