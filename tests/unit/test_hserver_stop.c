/* test_hserver_stop.c - a server that lets its clients finish: plain sockets and nghttp2's own client session, in the
 * server's loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <nghttp2/nghttp2.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "http/hserver.h"
#include "net/resolve.h"

struct rig {
    struct loop *l;
    struct hserver *s;
    struct addr addr;
    struct hs_conn *held[8];
    int n_held, requests, gone;
    bool keep[8]; /* what the requests said, in order */
};

static void on_request(void *arg, struct hs_conn *c, const struct hs_request *q)
{
    struct rig *r = arg;
    assert_true(r->requests < 8);
    r->keep[r->requests++] = q->keep_alive;
    hs_set_user(c, r);
    if (str_eqz(q->path, "/hold")) {
        r->held[r->n_held++] = c;
    } else if (q->http2) {
        hs2_head(c, 200, NULL, 0, false);
        hs2_data(c, STR("ok"), false);
        hs_end(c, true);
    } else {
        hs_puts(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 40);
        hs_end(c, true);
    }
}

static void on_refused(void *arg, struct hs_conn *c, const struct hs_request *q, int status, const char *why)
{
    fail_msg("%s", why);
}

static void on_gone(void *arg, struct hs_conn *c, void *user)
{
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

static uint64_t open_now(const struct rig *r)
{
    return hserver_get_stats(r->s).open_now;
}

/* Within so many ns. */
static void all_close(struct rig *r, int64_t ns)
{
    for (int64_t end = clock_mono() + ns; open_now(r) > 0 && clock_mono() < end;)
        run_for(r, NS_PER_MS);
    assert_int_equal(open_now(r), 0);
}

static void rig_open(struct rig *r, unsigned http)
{
    memset(r, 0, sizeof *r);
    struct hserver_opts o = {.http = http, .max_body = 1000, .max_out = 1 << 20, .ops = &ops, .arg = r};
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

static void say(struct rig *r, int fd, const char *z)
{
    assert_int_equal(send(fd, z, strlen(z), MSG_NOSIGNAL), strlen(z));
    run_for(r, 5 * NS_PER_MS);
}

/* All that comes until the end. */
static void hears(struct rig *r, int fd, const char *want, bool end)
{
    char b[1000];
    size_t n = 0;
    ssize_t k = -1;
    errno = EAGAIN;
    for (int i = 0; i < 200 && k != 0 && n < strlen(want) + end && (k > 0 || errno == EAGAIN); i++) {
        k = recv(fd, b + n, sizeof b - 1 - n, MSG_DONTWAIT);
        n += k > 0 ? (size_t)k : 0;
        run_for(r, NS_PER_MS);
    }
    b[n] = 0;
    assert_string_equal(b, want);
    if (end)
        assert_int_equal(k, 0);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void test_http1(void **state)
{
    struct rig r;
    rig_open(&r, HS_HTTP1 | HS_HTTP2);
    int fresh = dial(&r), idle = dial(&r), busy = dial(&r), half = dial(&r), late = dial(&r);
    say(&r, idle, GET("/a"));
    hears(&r, idle, OK, false);
    say(&r, late, GET("/a"));
    hears(&r, late, OK, false);
    say(&r, busy, GET("/hold"));
    say(&r, half, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe");
    assert_int_equal(send(late, GET("/b"), strlen(GET("/b")), 0), strlen(GET("/b"))); /* not seen by the loop yet */
    hserver_stop(r.s);
    hserver_stop(r.s);
    struct addr same;
    hserver_addr(r.s, &same);
    assert_memory_equal(&same.sa, &r.addr.sa, r.addr.len);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&r.addr.sa, r.addr.len), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(fd);
    hears(&r, fresh, "", true);
    hears(&r, idle, "", true);
    hears(&r, late, OK, true); /* it had been sent: it is answered */
    assert_int_equal(r.requests, 4);
    assert_false(r.keep[3]);
    assert_true(r.keep[2]);
    say(&r, half, "llo");
    hears(&r, half, OK, true);
    assert_false(r.keep[4]);
    assert_int_equal(r.requests, 5);
    run_for(&r, 50 * NS_PER_MS);
    assert_true(open_now(&r) >= 1);
    hs_puts(r.held[0], OK, 40);
    say(&r, busy, GET("/late")); /* pipelined: too late, but it must not destroy the answer */
    hs_end(r.held[0], true);
    hears(&r, busy, OK, true);
    int all[] = {fresh, idle, busy, half, late};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        close(all[i]);
    all_close(&r, NS_PER_S);
    assert_int_equal(r.requests, 5);
    assert_int_equal(r.gone, 0);
    rig_close(&r);
}

/* Clients that do not close are left after two seconds. */
static void test_patience(void **state)
{
    struct rig r;
    rig_open(&r, HS_HTTP1);
    int fd = dial(&r);
    say(&r, fd, GET("/hold"));
    hserver_stop(r.s);
    run_for(&r, 20 * NS_PER_MS);
    hs_puts(r.held[0], OK, 40);
    hs_end(r.held[0], true);
    all_close(&r, 4 * NS_PER_S);
    close(fd);
    rig_close(&r);
}

/* ---- HTTP/2 */

struct peer {
    int fd;
    nghttp2_session *s;
    int32_t last[4]; /* of each GOAWAY */
    int n_goaway, answered, refused;
    bool mute, eof; /* mute: does not answer PINGs */
};

static ssize_t peer_send(nghttp2_session *s, const uint8_t *p, size_t n, int flags, void *arg)
{
    struct peer *c = arg;
    return send(c->fd, p, n, MSG_NOSIGNAL);
}

static int peer_frame(nghttp2_session *s, const nghttp2_frame *f, void *arg)
{
    struct peer *c = arg;
    if (f->hd.type == NGHTTP2_PING && !c->mute) /* by hand: the library's session is closing already, and mute */
        nghttp2_submit_ping(s, NGHTTP2_FLAG_ACK, f->ping.opaque_data);
    if (f->hd.type == NGHTTP2_GOAWAY) {
        assert_int_equal(f->goaway.error_code, NGHTTP2_NO_ERROR);
        c->last[c->n_goaway++ % 4] = f->goaway.last_stream_id;
    }
    return 0;
}

static int peer_close(nghttp2_session *s, int32_t id, uint32_t code, void *arg)
{
    struct peer *c = arg;
    *(code == NGHTTP2_NO_ERROR ? &c->answered : &c->refused) += 1;
    return 0;
}

static void peer_open(struct peer *c, struct rig *r, bool mute)
{
    nghttp2_session_callbacks *cb;
    nghttp2_option *opt;
    *c = (struct peer){.fd = dial(r), .mute = mute};
    nghttp2_session_callbacks_new(&cb);
    nghttp2_session_callbacks_set_send_callback(cb, peer_send);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, peer_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, peer_close);
    nghttp2_option_new(&opt);
    nghttp2_option_set_no_auto_ping_ack(opt, 1);
    nghttp2_session_client_new2(&c->s, cb, c, opt);
    nghttp2_option_del(opt);
    nghttp2_session_callbacks_del(cb);
    nghttp2_submit_settings(c->s, 0, NULL, 0);
}

static void peer_free(struct peer *c)
{
    nghttp2_session_del(c->s);
    close(c->fd);
}

static void ask(struct peer *c, const char *path)
{
    nghttp2_nv v[] = {{(uint8_t *)":method", (uint8_t *)"GET", 7, 3, 0},
                      {(uint8_t *)":scheme", (uint8_t *)"http", 7, 4, 0},
                      {(uint8_t *)":authority", (uint8_t *)"h", 10, 1, 0},
                      {(uint8_t *)":path", (uint8_t *)(uintptr_t)path, 5, strlen(path), 0}};
    assert_true(nghttp2_submit_request(c->s, NULL, v, 4, NULL, NULL) > 0);
    nghttp2_session_send(c->s);
}

static void carry(struct rig *r, struct peer *c, int64_t ns)
{
    uint8_t b[4096];
    for (int64_t end = clock_mono() + ns; clock_mono() < end;) {
        nghttp2_session_send(c->s);
        ssize_t n = recv(c->fd, b, sizeof b, MSG_DONTWAIT);
        if (n > 0)
            assert_int_equal(nghttp2_session_mem_recv(c->s, b, (size_t)n), n);
        c->eof |= n == 0;
        run_for(r, NS_PER_MS);
    }
}

static void test_http2(void **state)
{
    struct rig r;
    struct peer c;
    rig_open(&r, HS_HTTP1 | HS_HTTP2);
    peer_open(&c, &r, false);
    ask(&c, "/hold");
    ask(&c, "/a");
    carry(&r, &c, 20 * NS_PER_MS);
    hserver_stop(r.s);
    run_for(&r, 5 * NS_PER_MS);
    ask(&c, "/b"); /* crosses the first GOAWAY, which leaves it in */
    carry(&r, &c, 30 * NS_PER_MS);
    assert_int_equal(c.n_goaway, 2);
    assert_int_equal(c.last[0], INT32_MAX);
    assert_int_equal(c.last[1], 5);
    assert_int_equal(c.answered, 2);
    assert_false(c.eof);
    hs2_head(r.held[0], 200, NULL, 0, false);
    hs_end(r.held[0], true);
    carry(&r, &c, 30 * NS_PER_MS);
    assert_int_equal(c.answered, 3);
    assert_int_equal(c.refused, 0);
    assert_true(c.eof);
    assert_int_equal(r.requests, 3);
    peer_free(&c);
    all_close(&r, NS_PER_S);
    assert_int_equal(r.gone, 0);
    rig_close(&r);
}

/* An idle connection ends by itself; a client that answers no PING learns the second step all the same. */
static void test_http2_idle_and_mute(void **state)
{
    struct rig r;
    struct peer idle, mute;
    rig_open(&r, HS_HTTP2);
    peer_open(&idle, &r, false);
    peer_open(&mute, &r, true);
    ask(&mute, "/hold");
    ask(&idle, "/a");
    carry(&r, &idle, 20 * NS_PER_MS);
    carry(&r, &mute, 20 * NS_PER_MS);
    hserver_stop(r.s);
    carry(&r, &idle, 30 * NS_PER_MS);
    assert_true(idle.eof);
    peer_free(&idle);
    carry(&r, &mute, 30 * NS_PER_MS);
    assert_int_equal(mute.n_goaway, 1);
    for (int i = 0; i < 40 && mute.n_goaway < 2; i++)
        carry(&r, &mute, 100 * NS_PER_MS);
    assert_int_equal(mute.n_goaway, 2);
    assert_int_equal(mute.last[1], 1);
    assert_int_equal(open_now(&r), 1);
    hs2_head(r.held[0], 204, NULL, 0, true);
    hs_end(r.held[0], true);
    carry(&r, &mute, 30 * NS_PER_MS);
    assert_int_equal(mute.answered, 1);
    assert_true(mute.eof);
    peer_free(&mute);
    all_close(&r, NS_PER_S);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http1),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_http2),
        cmocka_unit_test(test_http2_idle_and_mute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
