/* The server on loopback, spoken to by plain blocking sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "http/hserver.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "net/resolve.h"

#define MAX_BODY 100000
#define BIG (5 * 1000 * 1000)

struct fixture {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool ready;
    struct loop *loop;
    struct hserver *server;
    struct addr addr;
    struct timer flood;
    struct hs_conn *flooded;
    _Atomic unsigned gone, refused;
    _Atomic uint64_t dropped;
};

static void respond(struct hs_conn *c, const struct hs_request *q, int status, struct str body)
{
    char head[200];
    int n = snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%s\r\n", status, body.n,
                     q->keep_alive ? "" : "Connection: close\r\n");
    struct iovec v[2] = {{head, (size_t)n}, {(char *)(uintptr_t)body.p, body.n}};
    hs_write(c, v, body.n > 0 ? 2 : 1);
    hs_end(c, true);
}

/* What the server understood, as a text. */
static void echo(struct hs_conn *c, const struct hs_request *q)
{
    struct buf b = BUF_INIT(1 << 20);
    struct str x = hs_header(q, "X-TEST");
    buf_addf(&b, STR_FMT " " STR_FMT "?" STR_FMT " %zu [" STR_FMT "] %d%d " STR_FMT, STR_ARG(q->method),
             STR_ARG(q->path), STR_ARG(q->query), q->n_headers, STR_ARG(x), q->http10, q->keep_alive, STR_ARG(q->body));
    bool ordered = q->recv <= q->recv_last && q->recv_last <= q->received && q->kernel && q->received <= clock_mono() &&
                   clock_mono() - q->recv < 10 * NS_PER_S;
    if (!ordered)
        fprintf(stderr, "recv %lld, last %lld, received %lld, kernel %d\n", (long long)q->recv, (long long)q->recv_last,
                (long long)q->received, q->kernel);
    respond(c, q, ordered ? 200 : 599, buf_str(&b));
    buf_free(&b);
}

static void on_flood(struct timer *t)
{
    static const char block[65536];
    struct fixture *f = CONTAINER_OF(t, struct fixture, flood);
    if (f->flooded != NULL && hs_puts(f->flooded, block, sizeof(block)) == 0)
        loop_timer_set(f->loop, t, 0);
}

static void on_request(void *arg, struct hs_conn *c, const struct hs_request *q)
{
    struct fixture *f = arg;
    hs_set_user(c, f);
    if (str_eqz(q->path, "/hold"))
        return;
    if (str_eqz(q->path, "/reset")) {
        hs_puts(c, "HTTP/1.1 ", 9);
        hs_reset(c);
    } else if (str_eqz(q->path, "/flood")) {
        f->flooded = c;
        loop_timer_set(f->loop, &f->flood, 0);
    } else if (str_eqz(q->path, "/big")) {
        char *p = xcalloc(1, BIG);
        respond(c, q, 200, (struct str){p, BIG});
        free(p);
    } else if (str_eqz(q->path, "/cut")) {
        hs_puts(c, "HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nabc", 40);
        hs_end(c, false);
    } else {
        echo(c, q);
    }
}

static void on_refused(void *arg, struct hs_conn *c, const struct hs_request *q, int status, const char *why)
{
    struct fixture *f = arg;
    f->refused++;
    respond(c, q, status, str_of(why));
}

static void on_gone(void *arg, struct hs_conn *c, void *user)
{
    struct fixture *f = arg;
    if (user != f)
        abort();
    if (c == f->flooded)
        f->flooded = NULL;
    if (f->server != NULL) /* not while it is being freed */
        f->dropped = hserver_get_stats(f->server).dropped;
    f->gone++;
}

static const struct hserver_ops ops = {on_request, on_refused, on_gone};

static void *serve(void *arg)
{
    struct fixture *f = arg;
    struct err e = {0};
    struct addr a;
    f->loop = loop_new(NULL, &e);
    struct hserver_opts o = {.max_body = MAX_BODY, .max_out = 1 << 20, .ops = &ops, .arg = f};
    if (f->loop == NULL || resolve_host("127.0.0.1", 0, &a, 1, &e) != 1 ||
        (f->server = hserver_new(f->loop, &a, &o, &e)) == NULL) {
        fprintf(stderr, "%s\n", e.text);
        abort();
    }
    f->flood.fire = on_flood;
    hserver_addr(f->server, &f->addr);
    pthread_mutex_lock(&f->lock);
    f->ready = true;
    pthread_cond_signal(&f->cond);
    pthread_mutex_unlock(&f->lock);
    loop_run(f->loop);
    loop_timer_stop(f->loop, &f->flood);
    hserver_free(&f->server);
    loop_free(&f->loop);
    return NULL;
}

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->cond, NULL);
    pthread_create(&f->thread, NULL, serve, f);
    pthread_mutex_lock(&f->lock);
    while (!f->ready)
        pthread_cond_wait(&f->cond, &f->lock);
    pthread_mutex_unlock(&f->lock);
    *state = f;
    return 0;
}

static void stop(void *loop)
{
    loop_stop(loop);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    loop_wake(f->loop, stop, f->loop);
    pthread_join(f->thread, NULL);
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->cond);
    free(f);
    return 0;
}

static int dial(struct fixture *f)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct timeval tv = {.tv_sec = 10};
    assert_true(fd >= 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    assert_int_equal(connect(fd, (struct sockaddr *)&f->addr.sa, f->addr.len), 0);
    return fd;
}

static void put(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t w = send(fd, p, n, MSG_NOSIGNAL);
        if (w <= 0)
            return; /* the server has closed: what it said shows in the answer */
        p += w;
        n -= (size_t)w;
    }
}

static void puts_to(int fd, const char *z)
{
    put(fd, z, strlen(z));
}

/* One response with Content-Length: its status, the body in out. -1: the connection ended before. */
static int answer(int fd, char *out, size_t cap)
{
    char head[1000];
    size_t n = 0;
    while (n < 4 || memcmp(head + n - 4, "\r\n\r\n", 4) != 0) {
        assert_true(n < sizeof(head) - 1);
        if (recv(fd, head + n, 1, 0) != 1)
            return -1;
        n++;
    }
    head[n] = 0;
    const char *cl = strstr(head, "Content-Length: ");
    size_t body = cl == NULL ? 0 : strtoul(cl + 16, NULL, 10);
    assert_true(body < cap);
    for (size_t got = 0; got < body;) {
        ssize_t r = recv(fd, out + got, body - got, 0);
        if (r <= 0)
            return -1;
        got += (size_t)r;
    }
    out[body] = 0;
    return (int)strtol(head + 9, NULL, 10);
}

static void is_closed(int fd)
{
    char c;
    assert_int_equal(recv(fd, &c, 1, 0), 0);
    close(fd);
}

static void expect(int fd, int status, const char *body)
{
    char got[4096];
    assert_int_equal(answer(fd, got, sizeof(got)), status);
    if (body != NULL)
        assert_string_equal(got, body);
}

static void test_requests(void **state)
{
    int fd = dial(*state);
    puts_to(fd, "GET /a/b%20c?x=1&y=2 HTTP/1.1\r\nHost: h\r\nx-test:  v w \r\n\r\n");
    expect(fd, 200, "GET /a/b%20c?x=1&y=2 2 [v w] 01 ");
    puts_to(fd, "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"); /* on the same connection */
    expect(fd, 200, "POST /p? 2 [] 01 hello");
    puts_to(fd, "\r\n\r\nPOST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                "3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nTrailer: x\r\n\r\n");
    expect(fd, 200, "POST /c? 2 [] 01 abcdefg");
    puts_to(fd, "GET http://host:80/abs?q HTTP/1.1\r\nHost: h\r\n\r\n");
    expect(fd, 200, "GET /abs?q 1 [] 01 ");
    puts_to(fd, "GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    expect(fd, 200, "GET /last? 2 [] 00 ");
    is_closed(fd);
    fd = dial(*state);
    puts_to(fd, "GET /old HTTP/1.0\r\n\r\n");
    expect(fd, 200, "GET /old? 0 [] 10 ");
    is_closed(fd);
    fd = dial(*state);
    puts_to(fd, "GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    expect(fd, 200, "GET /old? 1 [] 11 ");
    puts_to(fd, "GET /old2 HTTP/1.0\r\n\r\n");
    expect(fd, 200, "GET /old2? 0 [] 10 ");
    is_closed(fd);
}

/* Cut in two at every place, and byte by byte: the server understands the same. */
static void test_split_everywhere(void **state)
{
    const char *req = "POST /s?q HTTP/1.1\r\nHost: h\r\nX-Test: v\r\nContent-Length: 7\r\n\r\nabc\r\n12";
    size_t n = strlen(req);
    int fd = dial(*state);
    for (size_t cut = 1; cut < n; cut++) {
        put(fd, req, cut);
        usleep(cut % 8 == 0 ? 2000 : 200);
        put(fd, req + cut, n - cut);
        expect(fd, 200, "POST /s?q 3 [v] 01 abc\r\n12");
    }
    for (size_t i = 0; i < n; i++)
        put(fd, req + i, 1);
    expect(fd, 200, "POST /s?q 3 [v] 01 abc\r\n12");
    close(fd);
}

static void test_pipelined(void **state)
{
    int fd = dial(*state);
    struct buf b = BUF_INIT(1 << 20);
    for (int i = 0; i < 200; i++)
        buf_addf(&b, "POST /n%d HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n%02d", i, i % 100);
    put(fd, b.p, b.n);
    for (int i = 0; i < 200; i++) {
        char want[100];
        snprintf(want, sizeof(want), "POST /n%d? 2 [] 01 %02d", i, i % 100);
        expect(fd, 200, want);
    }
    buf_free(&b);
    close(fd);
}

/* Much more than is read ahead waits in the kernel until the answer before is through, and nothing is lost. */
static void test_pipelined_behind_a_big_answer(void **state)
{
    int fd = dial(*state);
    char *body = xmalloc(BIG + 1), req[300];
    struct buf b = BUF_INIT(1 << 20);
    buf_addz(&b, "GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
    for (int i = 0; i < 20; i++)
        buf_addf(&b, "POST /n%d HTTP/1.1\r\nHost: h\r\nContent-Length: 9999\r\n\r\n%09999d", i, i);
    put(fd, b.p, b.n);
    assert_int_equal(answer(fd, body, BIG + 1), 200);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(answer(fd, body, BIG), 200);
        snprintf(req, sizeof(req), "POST /n%d? 2 [] 01 0000", i);
        assert_memory_equal(body, req, strlen(req));
    }
    buf_free(&b);
    free(body);
    close(fd);
}

static void test_refused(void **state)
{
    struct fixture *f = *state;
    char line[20000];
    int fd = dial(f);
    puts_to(fd, "this is not HTTP\r\n\r\n");
    expect(fd, 400, NULL);
    is_closed(fd);
    fd = dial(f);
    puts_to(fd, "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 100001\r\n\r\n"); /* refused before it comes */
    expect(fd, 413, NULL);
    is_closed(fd);
    fd = dial(f);
    puts_to(fd, "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    memset(line, 'x', sizeof(line));
    for (int i = 0; i < 6; i++) {
        puts_to(fd, "4e20\r\n");
        put(fd, line, sizeof(line));
        puts_to(fd, "\r\n");
    }
    expect(fd, 413, NULL);
    is_closed(fd);
    fd = dial(f);
    puts_to(fd, "GET /x HTTP/1.1\r\n");
    for (int i = 0; i < 4; i++) {
        puts_to(fd, "A: ");
        put(fd, line, sizeof(line));
        puts_to(fd, "\r\n");
    }
    expect(fd, 431, NULL);
    is_closed(fd);
    assert_int_equal(f->refused, 4);
    assert_int_equal(f->gone, 0);
}

static void test_body_at_the_ceiling(void **state)
{
    struct fixture *f = *state;
    int fd = dial(f);
    char *body = xcalloc(1, MAX_BODY), *got = xmalloc(MAX_BODY + 200);
    memset(body, 'b', MAX_BODY);
    puts_to(fd, "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
    put(fd, body, MAX_BODY);
    assert_int_equal(answer(fd, got, MAX_BODY + 200), 200);
    assert_int_equal(strlen(got), strlen("POST /x? 2 [] 01 ") + MAX_BODY);
    free(body);
    free(got);
    close(fd);
}

static void test_expect_continue(void **state)
{
    int fd = dial(*state);
    char got[100];
    puts_to(fd, "POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    assert_int_equal(answer(fd, got, sizeof(got)), 100);
    puts_to(fd, "abc");
    expect(fd, 200, "POST /x? 3 [] 01 abc");
    close(fd);
}

static void await(const _Atomic unsigned *v, unsigned want)
{
    for (int i = 0; i < 5000 && *v != want; i++)
        usleep(1000);
    assert_int_equal(*v, want);
}

static void test_client_goes_away(void **state)
{
    struct fixture *f = *state;
    int fd = dial(f);
    puts_to(fd, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    usleep(5000);
    assert_int_equal(f->gone, 0);
    close(fd);
    await(&f->gone, 1);
    fd = dial(f); /* half of a request, then nobody */
    puts_to(fd, "GET /hold HTTP/1.1\r\nHo");
    close(fd);
    fd = dial(f); /* an idle one */
    puts_to(fd, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    expect(fd, 200, NULL);
    close(fd);
    fd = dial(f);
    puts_to(fd, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    struct linger lg = {1, 0};
    usleep(5000);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg));
    close(fd); /* RST */
    await(&f->gone, 2);
}

static void test_client_does_not_read(void **state)
{
    struct fixture *f = *state;
    int fd = dial(f);
    puts_to(fd, "GET /flood HTTP/1.1\r\nHost: h\r\n\r\n");
    await(&f->gone, 1);
    assert_int_equal(f->dropped, 1);
    close(fd);
}

static void test_slow_reader_gets_all(void **state)
{
    struct fixture *f = *state;
    int fd = dial(f), small = 50000;
    size_t n = 0;
    static char part[30000];
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    puts_to(fd, "GET /big HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    for (;;) {
        ssize_t r = recv(fd, part, sizeof(part), 0);
        assert_true(r >= 0);
        if (r == 0)
            break;
        n += (size_t)r;
    }
    assert_true(n > BIG && n < BIG + 200);
    close(fd);
}

static void test_reset_and_cut(void **state)
{
    int fd = dial(*state);
    char got[100];
    ssize_t r;
    puts_to(fd, "GET /reset HTTP/1.1\r\nHost: h\r\n\r\n");
    while ((r = recv(fd, got, sizeof(got), 0)) > 0)
        ;
    assert_int_equal(r, -1);
    assert_int_equal(errno, ECONNRESET);
    close(fd);
    fd = dial(*state);
    puts_to(fd, "GET /cut HTTP/1.1\r\nHost: h\r\n\r\n");
    size_t n = 0;
    while ((r = recv(fd, got + n, sizeof(got) - n, 0)) > 0)
        n += (size_t)r;
    assert_int_equal(r, 0);
    assert_int_equal(n, 40);
    close(fd);
}

static void test_freed_while_busy(void **state)
{
    struct fixture *f = *state;
    int fd[20];
    for (int i = 0; i < 20; i++) {
        fd[i] = dial(f);
        puts_to(fd[i], "GET /hold HTTP/1.1\r\nHost: h\r\n\r\nGET /ahead");
    }
    usleep(20000);
    loop_wake(f->loop, stop, f->loop);
    await(&f->gone, 20);
    for (int i = 0; i < 20; i++)
        close(fd[i]);
}

/* teardown without stopping twice */
static int teardown_stopped(void **state)
{
    struct fixture *f = *state;
    pthread_join(f->thread, NULL);
    free(f);
    return 0;
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_requests),
        T(test_split_everywhere),
        T(test_pipelined),
        T(test_pipelined_behind_a_big_answer),
        T(test_refused),
        T(test_body_at_the_ceiling),
        T(test_expect_continue),
        T(test_client_goes_away),
        T(test_client_does_not_read),
        T(test_slow_reader_gets_all),
        T(test_reset_and_cut),
        cmocka_unit_test_setup_teardown(test_freed_while_busy, setup, teardown_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
