/* test_stream_tunnel.c - streams through a proxy, which is a bare socket: when they are up, whose bytes are whose, and
 * what is said when the proxy does not open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/stream.h"

#define ASK "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n"

struct peer {
    struct loop *l;
    struct stream *s;
    unsigned seen, stop_on;
    int lfd, fd;
    struct timer stop;
};

static void on_stream(void *arg, struct stream *s, unsigned what)
{
    struct peer *p = arg;
    p->seen |= what;
    if (what & p->stop_on)
        loop_stop(p->l);
}

static void on_stop(struct timer *t)
{
    loop_stop(CONTAINER_OF(t, struct peer, stop)->l);
}

/* Until that has come, or for so long. */
static void turn(struct peer *p, unsigned what, int64_t ns)
{
    p->stop_on = what;
    p->stop.fire = on_stop;
    loop_timer_set(p->l, &p->stop, clock_mono() + ns);
    loop_run(p->l);
    loop_timer_stop(p->l, &p->stop);
}

/* The request has come to the proxy, whose socket is p->fd. */
static void open_peer(struct peer *p)
{
    struct addr a = {.len = sizeof(struct sockaddr_in)};
    struct sockaddr_in *in = (struct sockaddr_in *)&a.sa;
    *p = (struct peer){.lfd = socket(AF_INET, SOCK_STREAM, 0)};
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(p->lfd, (struct sockaddr *)in, a.len), 0);
    assert_int_equal(listen(p->lfd, 1), 0);
    assert_int_equal(getsockname(p->lfd, (struct sockaddr *)in, &a.len), 0);
    struct dial d = {.addrs = &a, .n_addrs = 1, .tunnel = ASK};
    enum stream_rc rc;
    p->l = loop_new(NULL, NULL);
    p->s = stream_dial(p->l, &d, on_stream, p, &rc);
    assert_non_null(p->s);
    turn(p, STREAM_UP | STREAM_FAILED, 20 * NS_PER_MS);
    assert_int_equal(p->seen, 0);
    p->fd = accept(p->lfd, NULL, NULL);
    char got[200];
    assert_int_equal(recv(p->fd, got, sizeof(got), 0), sizeof(ASK) - 1);
    assert_memory_equal(got, ASK, sizeof(ASK) - 1);
}

static void close_peer(struct peer *p)
{
    stream_close(&p->s);
    loop_free(&p->l);
    if (p->fd >= 0)
        close(p->fd);
    close(p->lfd);
}

static void say(struct peer *p, const char *text)
{
    assert_int_equal(send(p->fd, text, strlen(text), 0), (ssize_t)strlen(text));
}

/* It is up with the answer's end and not before, and what comes behind that is the other end's. */
static void opened(void **state)
{
    struct peer p;
    struct rx rx;
    char got[100];
    open_peer(&p);
    say(&p, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Connection est");
    turn(&p, STREAM_UP | STREAM_FAILED, 20 * NS_PER_MS);
    assert_int_equal(p.seen, 0);
    int64_t before = clock_mono();
    say(&p, "ablished\r\nVia: x\r\n\r\nhello");
    turn(&p, STREAM_UP | STREAM_FAILED, 5 * NS_PER_S);
    assert_int_equal(p.seen, STREAM_UP);
    const struct stream_times *t = stream_get_times(p.s);
    assert_true(t->conn_start > 0 && t->conn_start < before && t->conn_end >= before && t->tls_end == 0);
    stream_want(p.s, true, false);
    turn(&p, STREAM_READABLE, 5 * NS_PER_S);
    assert_int_equal(stream_read(p.s, got, sizeof(got), &rx), 5);
    assert_memory_equal(got, "hello", 5);
    assert_true(rx.since <= rx.stamp && rx.stamp <= rx.user);
    struct iovec v = {(char *)(uintptr_t) "to the end", 10};
    assert_int_equal(stream_writev(p.s, &v, 1), 10);
    assert_int_equal(recv(p.fd, got, sizeof(got), 0), 10);
    assert_memory_equal(got, "to the end", 10);
    close_peer(&p);
}

static void refused(void **state)
{
    static const struct {
        const char *answer, *text; /* NULL: it closes */
    } cases[] = {
        {"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno",
         "the proxy answers 407 Proxy Authentication Required"},
        {"HTTP/1.1 502 Bad Gateway\r\n\r\n", "the proxy answers 502 Bad Gateway"},
        {"220 mail ready\r\n", "the proxy does not answer by HTTP"},
        {NULL, "the proxy has closed the connection without an answer to CONNECT"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct peer p;
        open_peer(&p);
        if (cases[i].answer) {
            say(&p, cases[i].answer);
        } else {
            close(p.fd);
            p.fd = -1;
        }
        turn(&p, STREAM_UP | STREAM_FAILED, 5 * NS_PER_S);
        assert_int_equal(p.seen, STREAM_FAILED);
        assert_int_equal(stream_fail_rc(p.s), STREAM_PROXY);
        assert_string_equal(stream_error(p.s), cases[i].text);
        close_peer(&p);
    }
}

static void closed_meanwhile(void **state)
{
    struct peer p;
    open_peer(&p);
    say(&p, "HTTP/1.1 2");
    turn(&p, STREAM_UP | STREAM_FAILED, 5 * NS_PER_MS);
    close_peer(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opened),
        cmocka_unit_test(refused),
        cmocka_unit_test(closed_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
