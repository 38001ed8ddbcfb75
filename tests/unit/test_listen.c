#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/listen.h"
#include "net/resolve.h"

struct got {
    struct loop *l;
    int fd[128], n, want;
    struct listener **free_after; /* freed with the first connection */
};

static void on_accept(void *arg, int fd)
{
    struct got *g = arg;
    g->fd[g->n++] = fd;
    if (g->free_after)
        listener_free(g->free_after);
    if (g->n == g->want)
        loop_stop(g->l);
}

static void on_stop(struct timer *t)
{
    fail_msg("the loop waited for more than 5 s");
}

static void run(struct loop *l)
{
    struct timer t = {.fire = on_stop};
    loop_timer_set(l, &t, clock_mono() + 5 * NS_PER_S);
    loop_run(l);
    loop_timer_stop(l, &t);
}

struct stopper {
    struct timer t;
    struct loop *l;
};

static void on_stopper(struct timer *t)
{
    loop_stop(CONTAINER_OF(t, struct stopper, t)->l);
}

static void run_for(struct loop *l, int64_t ns)
{
    struct stopper s = {.t = {.fire = on_stopper}, .l = l};
    loop_timer_set(l, &s.t, clock_mono() + ns);
    loop_run(l);
}

static int call(const struct addr *a)
{
    int fd = socket(a->sa.ss_family, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&a->sa, a->len), 0);
    return fd;
}

static void close_all(const struct got *g)
{
    for (int i = 0; i < g->n; i++)
        close(g->fd[i]);
}

static struct addr loopback(uint16_t port)
{
    struct addr a;
    assert_int_equal(resolve_host("127.0.0.1", port, &a, 1, NULL), 1);
    return a;
}

static void test_port_zero_and_options(void **state)
{
    struct got g = {.l = loop_new(NULL, NULL), .want = 1};
    struct addr a = loopback(0), b;
    struct listener *ln = listener_new(g.l, &a, false, true, on_accept, &g, NULL);
    assert_non_null(ln);
    listener_addr(ln, &b);
    assert_int_not_equal(ntohs(((struct sockaddr_in *)&b.sa)->sin_port), 0);
    int fd = call(&b), on = 0;
    run(g.l);
    assert_int_equal(g.n, 1);
    assert_true(fcntl(g.fd[0], F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(g.fd[0], F_GETFD) & FD_CLOEXEC);
    socklen_t len = sizeof(on);
    assert_int_equal(getsockopt(g.fd[0], IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    assert_int_equal(on, 1);
    assert_int_equal(getsockopt(g.fd[0], SOL_SOCKET, SO_TIMESTAMPING, &on, &len), 0);
    assert_int_not_equal(on, 0);
    close(fd);
    close_all(&g);

    /* The port is taken; the sentence names it. */
    struct err e = {0};
    char text[64];
    assert_null(listener_new(g.l, &b, false, false, on_accept, &g, &e));
    assert_int_equal(e.code, ERR_NET);
    assert_non_null(strstr(e.text, addr_text(&b, text)));
    listener_free(&ln);
    assert_null(ln);
    /* And free again at once. */
    ln = listener_new(g.l, &b, false, false, on_accept, &g, &e);
    assert_non_null(ln);
    listener_free(&ln);
    loop_free(&g.l);
}

static void test_many_at_once(void **state)
{
    struct got g = {.l = loop_new(NULL, NULL), .want = 100};
    struct addr a = loopback(0);
    struct listener *ln = listener_new(g.l, &a, false, false, on_accept, &g, NULL);
    listener_addr(ln, &a);
    int fd[100];
    for (int i = 0; i < 100; i++)
        fd[i] = call(&a);
    run(g.l);
    assert_int_equal(g.n, 100);
    for (int i = 0; i < 100; i++)
        close(fd[i]);
    close_all(&g);
    listener_free(&ln);
    loop_free(&g.l);
}

static void test_two_listeners_on_one_port(void **state)
{
    struct got g = {.l = loop_new(NULL, NULL), .want = 40};
    struct addr a = loopback(0);
    struct listener *one = listener_new(g.l, &a, true, false, on_accept, &g, NULL);
    assert_non_null(one);
    listener_addr(one, &a);
    struct listener *two = listener_new(g.l, &a, true, false, on_accept, &g, NULL);
    assert_non_null(two);
    int fd[40];
    for (int i = 0; i < 40; i++)
        fd[i] = call(&a);
    run(g.l); /* none is lost, whoever takes it */
    for (int i = 0; i < 40; i++)
        close(fd[i]);
    close_all(&g);
    listener_free(&one);
    listener_free(&two);
    loop_free(&g.l);
}

static void test_freed_from_inside(void **state)
{
    struct got g = {.l = loop_new(NULL, NULL), .want = 1};
    struct addr a = loopback(0);
    struct listener *ln = listener_new(g.l, &a, false, false, on_accept, &g, NULL);
    listener_addr(ln, &a);
    g.free_after = &ln;
    int one = call(&a), two = call(&a);
    run(g.l);
    assert_int_equal(g.n, 1);
    assert_null(ln);
    close(one);
    close(two);
    close_all(&g);
    loop_free(&g.l);
}

static void test_out_of_files_waits_and_goes_on(void **state)
{
    struct got g = {.l = loop_new(NULL, NULL), .want = 1};
    struct addr a = loopback(0);
    struct listener *ln = listener_new(g.l, &a, false, false, on_accept, &g, NULL);
    listener_addr(ln, &a);
    int fd = call(&a), lowest = dup(0);
    close(lowest);
    struct rlimit old, tight;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    tight = old;
    tight.rlim_cur = (rlim_t)lowest;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    uint64_t waits = loop_get_stats(g.l).waits;
    run_for(g.l, 50 * NS_PER_MS);
    waits = loop_get_stats(g.l).waits - waits;
    setrlimit(RLIMIT_NOFILE, &old);
    assert_int_equal(g.n, 0);
    assert_true(waits < 50); /* it does not turn for ever over the readable queue */
    run(g.l);
    assert_int_equal(g.n, 1);
    close(fd);
    close_all(&g);
    listener_free(&ln);
    loop_free(&g.l);
}

static void test_unix_listener(void **state)
{
    struct got g = {.l = loop_new(NULL, NULL), .want = 1};
    char path[64];
    snprintf(path, sizeof(path), "/tmp/weir-test-listen-%d", (int)getpid());
    struct addr a, b;
    assert_int_equal(resolve_unix(path, &a, NULL), 0);
    struct listener *ln = listener_new(g.l, &a, false, true, on_accept, &g, NULL);
    assert_non_null(ln);
    listener_addr(ln, &b);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    int fd = call(&b);
    run(g.l);
    assert_int_equal(g.n, 1);
    struct err e = {0};
    assert_null(listener_new(g.l, &a, false, true, on_accept, &g, &e));
    assert_int_equal(stat(path, &st), 0); /* the other's socket stays */
    listener_free(&ln);
    assert_int_equal(stat(path, &st), -1);
    close(fd);
    close_all(&g);
    loop_free(&g.l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_port_zero_and_options),          cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_two_listeners_on_one_port),      cmocka_unit_test(test_freed_from_inside),
        cmocka_unit_test(test_out_of_files_waits_and_goes_on), cmocka_unit_test(test_unix_listener),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
