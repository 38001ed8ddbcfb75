/* test_hserver_idle.c - which connections a server parts with after idle_ns, and which it keeps; plain sockets in the
 * server's loop. HTTP/2's frames are written out by hand (RFC 9113, 4.1; RFC 7541, C.3.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "http/hserver.h"
#include "net/resolve.h"

#define IDLE (150 * NS_PER_MS)
#define LONG_ENOUGH (8 * IDLE)

#define PUT(c, text) hs_puts(c, text, sizeof(text) - 1)

struct rig {
    struct loop *l;
    struct hserver *s;
    struct addr addr;
    struct hs_conn *held;
    int requests, gone;
};

static void on_request(void *arg, struct hs_conn *c, const struct hs_request *q)
{
    struct rig *r = arg;
    r->requests++;
    if (str_eqz(q->path, "/hold")) {
        r->held = c;
    } else {
        PUT(c, "HTTP/1.1 204 No Content\r\n\r\n");
        hs_end(c, true);
    }
}

static void on_refused(void *arg, struct hs_conn *c, const struct hs_request *q, int status, const char *why)
{
    (void)arg, (void)c, (void)q, (void)status;
    fail_msg("%s", why);
}

static void on_gone(void *arg, struct hs_conn *c, void *user)
{
    (void)c, (void)user;
    ((struct rig *)arg)->gone++;
}

static const struct hserver_ops ops = {.request = on_request, .refused = on_refused, .gone = on_gone};

static void on_stop(struct timer *t)
{
    loop_stop(*(struct loop **)(t + 1));
}

static void run_for(struct rig *r, int64_t ns)
{
    struct {
        struct timer t;
        struct loop *l;
    } s = {{.fire = on_stop}, r->l};
    loop_timer_set(r->l, &s.t, clock_mono() + ns);
    loop_run(r->l);
}

static void rig_open(struct rig *r, int64_t idle)
{
    memset(r, 0, sizeof *r);
    const struct hserver_opts o = {
        .http = HS_HTTP1 | HS_HTTP2, .max_body = 100000, .max_out = 64UL << 20, .idle_ns = idle, .ops = &ops, .arg = r};
    r->l = loop_new(NULL, NULL);
    assert_int_equal(resolve_host("127.0.0.1", 0, &r->addr, 1, NULL), 1);
    assert_non_null(r->s = hserver_new(r->l, &r->addr, &o, NULL));
    hserver_addr(r->s, &r->addr);
}

static void rig_close(struct rig *r)
{
    hserver_free(&r->s);
    loop_free(&r->l);
}

static int dial(struct rig *r)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&r->addr.sa, r->addr.len), 0);
    run_for(r, 2 * NS_PER_MS);
    return fd;
}

static void say(struct rig *r, int fd, const void *p, size_t n)
{
    assert_int_equal(send(fd, p, n, MSG_NOSIGNAL), n);
    run_for(r, 5 * NS_PER_MS);
}
#define SAY(r, fd, text) say(r, fd, text, sizeof(text) - 1)

/* Whether the other side has closed; what came before is read. */
static bool is_closed(int fd, struct buf *got)
{
    char b[4096];
    ssize_t n;
    while ((n = recv(fd, b, sizeof b, MSG_DONTWAIT)) > 0)
        if (got)
            buf_add(got, b, (size_t)n);
    return n == 0;
}

static void those_that_say_nothing_go(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, IDLE);
    int mute = dial(&r), kept = dial(&r), half = dial(&r), busy = dial(&r);
    SAY(&r, kept, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    SAY(&r, half, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n");
    SAY(&r, busy, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    for (int64_t end = clock_mono() + LONG_ENOUGH; clock_mono() < end;) { /* slowly, but never to its end */
        send(half, "x", 1, MSG_NOSIGNAL);
        run_for(&r, IDLE / 5);
    }
    assert_true(is_closed(mute, NULL));
    assert_true(is_closed(kept, NULL));
    assert_int_equal(recv(half, (char[8]){0}, 8, MSG_DONTWAIT) <= 0, 1);
    assert_int_equal(hserver_get_stats(r.s).idle_closed, 3);
    assert_int_equal(hserver_get_stats(r.s).open_now, 1); /* that which is being answered */
    assert_int_equal(r.gone, 0);
    PUT(r.held, "HTTP/1.1 204 No Content\r\n\r\n");
    hs_end(r.held, true);
    run_for(&r, IDLE / 3);
    assert_false(is_closed(busy, NULL)); /* its time begins with the end of the answer */
    for (int i = 0; i < 4; i++) {        /* and anew with each request */
        SAY(&r, busy, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        run_for(&r, IDLE / 3);
        assert_false(is_closed(busy, NULL));
    }
    run_for(&r, LONG_ENOUGH);
    assert_true(is_closed(busy, NULL));
    close(mute), close(kept), close(half), close(busy);
    rig_close(&r);
}

static void an_answer_that_nobody_takes_goes(void **state)
{
    (void)state;
    struct rig r;
    static char much[16 << 20];
    rig_open(&r, IDLE);
    int fd = dial(&r);
    SAY(&r, fd, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    PUT(r.held, "HTTP/1.1 200 OK\r\nContent-Length: 16777216\r\n\r\n");
    hs_puts(r.held, much, sizeof much);
    assert_true(hs_queued(r.held) > 0);
    hs_end(r.held, true);
    run_for(&r, LONG_ENOUGH);
    assert_int_equal(hserver_get_stats(r.s).open_now, 0);
    close(fd);
    rig_close(&r);
}

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define SETTINGS "\0\0\0\4\0\0\0\0\0"
#define ASK "\0\0\x0c\1\5\0\0\0\1\x82\x86\x04\5/hold\x41\1h" /* GET http h /hold, its end */

static void http2_says_goaway(void **state)
{
    (void)state;
    struct rig r;
    struct buf got = BUF_INIT(4096);
    rig_open(&r, IDLE);
    int idle = dial(&r), busy = dial(&r);
    SAY(&r, idle, PREFACE SETTINGS);
    SAY(&r, busy, PREFACE SETTINGS ASK);
    assert_int_equal(r.requests, 1);
    run_for(&r, LONG_ENOUGH);
    assert_true(is_closed(idle, &got));
    assert_true(got.n >= 17);
    const unsigned char *last = (const unsigned char *)got.p + got.n - 17; /* type, last stream and code of GOAWAY */
    assert_int_equal(last[3], 7);
    assert_memory_equal(last + 9, "\0\0\0\0\0\0\0\0", 8);
    assert_false(is_closed(busy, NULL));
    hs2_head(r.held, 204, NULL, 0, true);
    hs_end(r.held, true);
    run_for(&r, IDLE / 3);
    assert_false(is_closed(busy, NULL));
    run_for(&r, LONG_ENOUGH);
    assert_true(is_closed(busy, NULL));
    assert_int_equal(r.gone, 0);
    buf_free(&got);
    close(idle), close(busy);
    rig_close(&r);
}

static void nobody_goes_without_a_limit(void **state)
{
    (void)state;
    struct rig r;
    rig_open(&r, 0);
    int fd = dial(&r);
    run_for(&r, LONG_ENOUGH);
    assert_false(is_closed(fd, NULL));
    close(fd);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_that_say_nothing_go),
        cmocka_unit_test(an_answer_that_nobody_takes_goes),
        cmocka_unit_test(http2_says_goaway),
        cmocka_unit_test(nobody_goes_without_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
