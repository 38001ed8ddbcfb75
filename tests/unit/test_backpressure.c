/* test_backpressure.c - a slow reader, from end to end: a server that writes while nothing waits (hs_queued, `drained`)
 * and a client that pauses (hx_pause), over both versions, in cleartext and through TLS. What is given must come to a
 * stop between them, other exchanges must go on, and all must arrive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "http/hclient.h"
#include "http/hserver.h"
#include "net/resolve.h"
#include "net/tls.h"

enum { BIG = 24 << 20, PIECE = 16000, ROOM = 64 * 1024, WINDOW = 100000 };

struct answering { /* one of the server's */
    struct hs_conn *c;
    bool h2;
    size_t given, whole;
    unsigned waits, drains;
};

struct asking {
    struct hx x; /* first */
    struct rig *r;
    char head[200];
    struct iovec out;
    size_t got;
    unsigned reads;
    bool pauses, done;
};

struct rig {
    struct loop *l;
    struct hserver *s;
    struct hclient *c;
    struct tls_ctx *server_tls, *client_tls;
    struct answering answering[4];
    int n_answering;
    struct asking a[4];
    unsigned gone, ended;
};

static char byte_at(size_t i)
{
    return (char)(i * 7 + (i >> 10) + (i >> 17));
}

/* ---- the server */

static void give(struct answering *a)
{
    static char p[PIECE];
    while (a->given < a->whole && hs_queued(a->c) <= ROOM) {
        size_t n = MIN((size_t)PIECE, a->whole - a->given);
        for (size_t i = 0; i < n; i++)
            p[i] = byte_at(a->given + i);
        int rc = a->h2 ? hs2_data(a->c, (struct str){p, n}, false) : hs_puts(a->c, p, n);
        assert_int_equal(rc, 0);
        a->given += n;
    }
    if (a->given == a->whole) {
        hs_end(a->c, true);
        a->c = NULL;
    } else {
        a->waits++;
    }
}

static void on_request(void *arg, struct hs_conn *c, const struct hs_request *q)
{
    struct rig *r = arg;
    struct answering *a = &r->answering[r->n_answering++];
    int64_t n = 0;
    assert_int_equal(parse_i64((struct str){q->path.p + 1, q->path.n - 1}, &n), 0);
    *a = (struct answering){.c = c, .h2 = q->http2, .whole = (size_t)n};
    hs_set_user(c, a);
    if (q->http2) {
        hs2_head(c, 200, NULL, 0, false);
    } else {
        char head[100];
        hs_puts(c, head,
                (size_t)snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", (size_t)n));
    }
    give(a);
}

static void on_refused(void *arg, struct hs_conn *c, const struct hs_request *q, int status, const char *why)
{
    fail_msg("%s", why);
}

static void on_gone(void *arg, struct hs_conn *c, void *user)
{
    ((struct answering *)user)->c = NULL;
    ((struct rig *)arg)->gone++;
}

static void on_drained(void *arg, struct hs_conn *c, void *user)
{
    struct answering *a = user;
    assert_ptr_equal(a->c, c);
    assert_int_equal(hs_queued(c), 0);
    a->drains++;
    assert_true(a->drains <= a->waits); /* once each time */
    give(a);
}

static const struct hserver_ops server_ops = {
    .request = on_request, .refused = on_refused, .gone = on_gone, .drained = on_drained};

/* ---- the client */

static int on_body(struct hx *x, struct str piece, const struct rx *rx)
{
    struct asking *a = (struct asking *)x;
    for (size_t i = 0; i < piece.n; i++) {
        if (piece.p[i] != byte_at(a->got + i))
            fail_msg("wrong byte at %zu", a->got + i);
    }
    a->got += piece.n;
    if (a->pauses)
        hx_pause(x);
    return 0;
}

static void on_read_end(struct hx *x, const struct rx *rx, bool followed)
{
    ((struct asking *)x)->reads++;
}

static void on_done(struct hx *x)
{
    struct asking *a = (struct asking *)x;
    assert_int_equal(x->result, HX_OK);
    a->done = true;
}

static const struct hx_ops client_ops = {.body = on_body, .read_end = on_read_end, .done = on_done};

static void ask(struct rig *r, int i, size_t n, bool pauses)
{
    struct asking *a = &r->a[i];
    *a = (struct asking){.r = r, .pauses = pauses};
    a->out.iov_base = a->head;
    a->out.iov_len = (size_t)snprintf(a->head, sizeof a->head, "GET /%zu HTTP/1.1\r\nHost: h\r\n\r\n", n);
    a->x.ops = &client_ops;
    a->x.out = &a->out;
    a->x.n_out = 1;
    hx_start(r->c, &a->x);
}

/* ---- both */

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

static void wait_done(struct rig *r, const struct asking *a)
{
    for (int i = 0; i < 5000 && !a->done; i++)
        run_for(r, NS_PER_MS);
    assert_true(a->done);
}

static struct rig *rig_open(bool h2, bool tls)
{
    struct rig *r = xcalloc(1, sizeof *r);
    struct addr at;
    struct hserver_opts so = {
        .http = h2 ? HS_HTTP2 : HS_HTTP1, .max_body = 1000, .max_out = 1 << 20, .ops = &server_ops, .arg = r};
    struct hclient_opts co = {
        .n_addrs = 1, .http = h2 ? (tls ? HCLIENT_2 : HCLIENT_H2C) : HCLIENT_11, .h2_window = WINDOW};
    if (tls) {
        unsigned alpn = h2 ? TLS_ALPN_H2 : TLS_ALPN_HTTP11;
        assert_non_null(r->server_tls = tls_server_new(&(struct tls_server_opts){.alpn = alpn}, NULL));
        assert_non_null(r->client_tls =
                            tls_client_new(&(struct tls_client_opts){.insecure = true, .alpn = alpn}, NULL));
    }
    so.tls = r->server_tls;
    co.tls = r->client_tls;
    r->l = loop_new(NULL, NULL);
    assert_int_equal(resolve_host("127.0.0.1", 0, &at, 1, NULL), 1);
    assert_non_null(r->s = hserver_new(r->l, &at, &so, NULL));
    hserver_addr(r->s, &at);
    co.addrs = &at;
    r->c = hclient_new(r->l, &co);
    return r;
}

static void rig_close(struct rig *r)
{
    hclient_free(&r->c);
    hserver_free(&r->s);
    loop_free(&r->l);
    tls_free(&r->client_tls);
    tls_free(&r->server_tls);
    free(r);
}

static void slow_reader(bool h2, bool tls)
{
    struct rig *r = rig_open(h2, tls);
    const struct answering *big = &r->answering[0];
    ask(r, 0, BIG, true);
    while (r->a[0].got == 0)
        run_for(r, NS_PER_MS);
    run_for(r, 100 * NS_PER_MS);
    size_t got = r->a[0].got, given = big->given;
    /* What is under way when it is paused: one read; of HTTP/2 what the window allowed. */
    assert_true(got <= (h2 ? WINDOW : 65536));
    if (!h2)
        assert_int_equal(r->a[0].reads, 1);
    assert_true(given < (h2 ? (size_t)WINDOW + ROOM + PIECE + 1 : (size_t)BIG)); /* HTTP/1: the sockets' buffers */
    run_for(r, 100 * NS_PER_MS);
    assert_int_equal(r->a[0].got, got);
    assert_int_equal(big->given, given); /* it has come to a stop */
    ask(r, 1, 3 * WINDOW, false);        /* others go on, on the same connection or on another */
    wait_done(r, &r->a[1]);
    assert_int_equal(r->a[1].got, 3 * WINDOW);
    assert_int_equal(hclient_get_stats(r->c).opened, h2 ? 1 : 2);
    assert_int_equal(r->a[0].got, got);
    for (int i = 0; i < 100000 && !r->a[0].done; i++) { /* paused again with each piece */
        if (i == 500)
            r->a[0].pauses = false;
        hx_resume(&r->a[0].x);
        run_for(r, NS_PER_MS);
    }
    assert_true(r->a[0].done);
    assert_int_equal(r->a[0].got, BIG);
    assert_true(big->drains > 0);
    assert_int_equal(r->gone, 0);
    assert_int_equal(hserver_get_stats(r->s).dropped, 0);
    struct hclient_stats s = hclient_get_stats(r->c);
    assert_int_equal(s.idle_now, s.open_now);
    ask(r, 2, 10, false); /* the connection is as good as new */
    wait_done(r, &r->a[2]);
    assert_false(r->a[2].x.new_conn);
    rig_close(r);
}

static void test_slow_reader(void **state)
{
    for (int i = 0; i < 4; i++)
        slow_reader(i & 1, i & 2);
}

/* What is paused may be given up, and the server learns of it. */
static void test_cancelled(void **state)
{
    for (int i = 0; i < 4; i++) {
        struct rig *r = rig_open(i & 1, i & 2);
        ask(r, 0, BIG, true);
        while (r->a[0].got == 0)
            run_for(r, NS_PER_MS);
        run_for(r, 20 * NS_PER_MS);
        hx_cancel(&r->a[0].x);
        hx_resume(&r->a[0].x);
        for (int k = 0; k < 5000 && r->gone == 0; k++)
            run_for(r, NS_PER_MS);
        assert_int_equal(r->gone, 1);
        assert_false(r->a[0].done);
        ask(r, 1, 1000, false);
        wait_done(r, &r->a[1]);
        rig_close(r);
    }
}

/* Paused before there is a connection, and let go from the callback of another. */
static struct asking *held;

static void release(struct hx *x)
{
    on_done(x);
    hx_resume(&held->x);
}

static void test_paused_before_it_begins(void **state)
{
    static const struct hx_ops ops = {.body = on_body, .done = release};
    for (int i = 0; i < 4; i++) {
        struct rig *r = rig_open(i & 1, i & 2);
        held = &r->a[0];
        ask(r, 0, 5 * WINDOW, false);
        hx_pause(&held->x);
        ask(r, 1, 10, false);
        run_for(r, 100 * NS_PER_MS);
        assert_true(r->a[1].done);
        assert_false(held->done);
        assert_true(held->got <= (i & 1 ? WINDOW : 0));
        ask(r, 2, 10, false);
        r->a[2].x.ops = &ops;
        wait_done(r, held);
        assert_int_equal(held->got, 5 * WINDOW);
        rig_close(r);
    }
}

/* Nothing is queued of a small answer over HTTP/1, and of HTTP/2 nothing is left when its end is given. */
static void test_not_told_for_nothing(void **state)
{
    for (int i = 0; i < 4; i++) {
        struct rig *r = rig_open(i & 1, i & 2);
        for (int k = 0; k < 4; k++) {
            ask(r, k, 1000, false);
            wait_done(r, &r->a[k]);
            assert_int_equal(r->answering[k].drains, 0);
        }
        rig_close(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_paused_before_it_begins),
        cmocka_unit_test(test_not_told_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
