/* test_hconn.c - exchanges over TLS and unix sockets, with both ends in one loop; the server side is bare streams that
 * answer a fixed text, one part of it per turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "http/hclient.h"
#include "net/listen.h"
#include "net/resolve.h"
#include "net/tls.h"

#define HEAD "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
static const char *const answer[] = {HEAD, "6\r\ndata: \r\n", "3\r\none\r\n", "4\r\n two\r\n0\r\n\r\n"};

enum { MAX_CONNS = 256 };

struct srv_conn {
    struct srv *srv;
    struct stream *s;
    struct buf in;
    size_t at; /* next part of the answer, ARRAY_LEN(answer): waiting for a request */
    struct timer t;
};

struct srv {
    struct loop *l;
    struct listener *ln;
    struct addr addr;
    struct tls_ctx *tls;
    struct srv_conn *conn[MAX_CONNS];
    int n, requests, failed;
};

static void next_part(struct timer *t)
{
    struct srv_conn *k = CONTAINER_OF(t, struct srv_conn, t);
    struct iovec v = {(char *)answer[k->at], strlen(answer[k->at])};
    assert_int_equal(stream_writev(k->s, &v, 1), v.iov_len);
    if (++k->at < ARRAY_LEN(answer))
        loop_timer_set(k->srv->l, t, loop_now(k->srv->l) + 300 * NS_PER_US);
}

static void on_srv(void *arg, struct stream *s, unsigned what)
{
    struct srv_conn *k = arg;
    char b[4096];
    struct rx rx;
    if (what & STREAM_UP)
        stream_want(s, true, false);
    if (what & STREAM_FAILED) {
        k->srv->failed++;
        loop_timer_stop(k->srv->l, &k->t);
        stream_close(&k->s);
        return;
    }
    if (!(what & STREAM_READABLE))
        return;
    ssize_t n = stream_read(s, b, sizeof(b), &rx);
    if (n == STREAM_AGAIN)
        return;
    if (n < 0) {
        loop_timer_stop(k->srv->l, &k->t);
        stream_close(&k->s);
        return;
    }
    buf_add(&k->in, b, (size_t)n);
    if (str_ends(buf_str(&k->in), STR("\r\n\r\n"))) {
        buf_clear(&k->in);
        k->srv->requests++;
        k->at = 0;
        next_part(&k->t);
    }
}

static void on_accept(void *arg, int fd)
{
    struct srv *v = arg;
    struct srv_conn *k = xcalloc(1, sizeof(*k));
    k->srv = v;
    k->t.fire = next_part;
    buf_init(&k->in, 1 << 16);
    k->s = stream_accept(v->l, fd, v->tls, on_srv, k);
    assert_true(v->n < MAX_CONNS);
    v->conn[v->n++] = k;
}

static void srv_open(struct srv *v, struct loop *l, const struct addr *a, struct tls_ctx *tls)
{
    memset(v, 0, sizeof(*v));
    v->l = l;
    v->tls = tls;
    v->addr = *a;
    v->ln = listener_new(l, a, false, false, on_accept, v, NULL);
    assert_non_null(v->ln);
    listener_addr(v->ln, &v->addr);
}

static void srv_close(struct srv *v)
{
    for (int i = 0; i < v->n; i++) {
        loop_timer_stop(v->l, &v->conn[i]->t);
        stream_close(&v->conn[i]->s);
        buf_free(&v->conn[i]->in);
        free(v->conn[i]);
    }
    listener_free(&v->ln);
}

struct ask {
    struct hx x; /* first */
    struct loop *l;
    struct hclient *c;
    char body[64];
    size_t n_body;
    int *left; /* exchanges still to be done by all */
    int again; /* by this one */
    int64_t last_stamp;
};

static int on_body(struct hx *x, struct str piece, const struct rx *rx)
{
    struct ask *a = (struct ask *)x;
    assert_true(a->n_body + piece.n <= sizeof(a->body));
    memcpy(a->body + a->n_body, piece.p, piece.n);
    a->n_body += piece.n;
    assert_true(rx->stamp >= a->last_stamp); /* in order, on one connection */
    assert_true(rx->since <= rx->stamp && rx->stamp <= rx->user);
    a->last_stamp = rx->stamp;
    return 0;
}

static void on_done(struct hx *x)
{
    struct ask *a = (struct ask *)x;
    if (x->result == HX_OK) {
        assert_int_equal(a->n_body, 13);
        assert_memory_equal(a->body, "data: one two", 13);
    }
    a->n_body = 0;
    a->last_stamp = 0;
    --*a->left;
    if (--a->again > 0)
        hx_start(a->c, x);
    else if (*a->left == 0)
        loop_stop(a->l);
}

static const struct hx_ops ops = {.body = on_body, .done = on_done};
static char request_text[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
static const struct iovec request = {request_text, sizeof(request_text) - 1};

static void on_deadline(struct timer *t)
{
    fail_msg("the loop waited for more than 20 s");
}

static void run(struct loop *l)
{
    struct timer t = {.fire = on_deadline};
    loop_timer_set(l, &t, clock_mono() + 20 * NS_PER_S);
    loop_run(l);
    loop_timer_stop(l, &t);
}

/* n askers at once, each `again` times. */
static void ask_all(struct loop *l, struct hclient *c, struct ask *a, int n, int again)
{
    int left = n * again;
    memset(a, 0, (size_t)n * sizeof(*a));
    for (int i = 0; i < n; i++) {
        a[i] = (struct ask){.l = l, .c = c, .left = &left, .again = again};
        a[i].x.ops = &ops;
        a[i].x.out = &request;
        a[i].x.n_out = 1;
        hx_start(c, &a[i].x);
    }
    run(l);
    assert_int_equal(left, 0);
}

static struct addr loopback(void)
{
    struct addr a;
    assert_int_equal(resolve_host("127.0.0.1", 0, &a, 1, NULL), 1);
    return a;
}

static void test_many_exchanges_at_once(void **state)
{
    enum { N = 100, AGAIN = 10 };
    struct loop *l = loop_new(NULL, NULL);
    struct srv v;
    struct addr a = loopback();
    srv_open(&v, l, &a, NULL);
    struct hclient *c = hclient_new(l, &(struct hclient_opts){.addrs = &v.addr, .n_addrs = 1});
    static struct ask asks[N];
    ask_all(l, c, asks, N, AGAIN);
    struct hclient_stats st = hclient_get_stats(c);
    assert_int_equal(v.requests, N * AGAIN);
    assert_int_equal(st.opened, N);
    assert_int_equal(st.reused, N * AGAIN - N);
    assert_int_equal(st.idle_now, N);
    for (int i = 0; i < N; i++)
        assert_int_equal(asks[i].x.result, HX_OK);
    hclient_free(&c);
    srv_close(&v);
    loop_free(&l);
}

struct tls_rig {
    struct loop *l;
    struct srv v;
    struct tls_ctx *server, *client;
    char ca[64];
};

static void tls_open(struct tls_rig *r, bool trust)
{
    struct err e = {0};
    r->l = loop_new(NULL, &e);
    snprintf(r->ca, sizeof(r->ca), "/tmp/weir-test-hconn-%d.pem", (int)getpid());
    r->server = tls_server_new(&(struct tls_server_opts){.write_cert = r->ca}, &e);
    assert_non_null(r->server);
    r->client = tls_client_new(&(struct tls_client_opts){.cacert = trust ? r->ca : NULL}, &e);
    assert_non_null(r->client);
    struct addr a = loopback();
    srv_open(&r->v, r->l, &a, r->server);
}

static void tls_close(struct tls_rig *r)
{
    srv_close(&r->v);
    tls_free(&r->client);
    tls_free(&r->server);
    loop_free(&r->l);
    unlink(r->ca);
}

static void test_tls(void **state)
{
    enum { N = 5, AGAIN = 4 };
    struct tls_rig r;
    tls_open(&r, true);
    struct hclient_opts o = {.addrs = &r.v.addr, .n_addrs = 1, .tls = r.client, .sni = "localhost"};
    struct hclient *c = hclient_new(r.l, &o);
    static struct ask asks[N];
    ask_all(r.l, c, asks, N, 1);
    for (int i = 0; i < N; i++) {
        const struct hx *x = &asks[i].x;
        assert_int_equal(x->result, HX_OK);
        assert_true(x->conn_start > 0 && x->conn_end >= x->conn_start && x->tls_end > x->conn_end);
        assert_true(x->sent_first >= x->tls_end && x->end >= x->first_byte);
        /* Plaintext, not records. */
        assert_int_equal(x->bytes_in, strlen(answer[0]) + strlen(answer[1]) + strlen(answer[2]) + strlen(answer[3]));
    }
    ask_all(r.l, c, asks, N, AGAIN);
    struct hclient_stats st = hclient_get_stats(c);
    assert_int_equal(st.opened, N);
    assert_int_equal(st.reused, N * AGAIN);
    assert_int_equal(st.server_closed, 0);
    hclient_free(&c);
    tls_close(&r);
}

static void test_tls_failure_is_a_failure_to_connect(void **state)
{
    struct tls_rig r;
    tls_open(&r, false);
    struct hclient_opts o = {.addrs = &r.v.addr, .n_addrs = 1, .tls = r.client, .sni = "localhost"};
    struct hclient *c = hclient_new(r.l, &o);
    struct ask a;
    ask_all(r.l, c, &a, 1, 1);
    assert_int_equal(a.x.result, HX_CONNECT);
    assert_int_equal((int)a.x.rc, STREAM_TLS);
    assert_string_equal(a.x.detail, "certificate verify failed: self-signed certificate");
    assert_true(a.x.conn_end > 0 && a.x.tls_end == 0);
    assert_int_equal(hclient_get_stats(c).failed_connects, 1);
    hclient_free(&c);
    tls_close(&r);
}

static void test_unix_socket(void **state)
{
    enum { N = 3, AGAIN = 3 };
    struct loop *l = loop_new(NULL, NULL);
    char path[64];
    snprintf(path, sizeof(path), "/tmp/weir-test-hconn-%d.sock", (int)getpid());
    struct addr a;
    assert_int_equal(resolve_unix(path, &a, NULL), 0);
    struct srv v;
    srv_open(&v, l, &a, NULL);
    struct hclient *c = hclient_new(l, &(struct hclient_opts){.addrs = &a, .n_addrs = 1});
    static struct ask asks[N];
    ask_all(l, c, asks, N, AGAIN);
    for (int i = 0; i < N; i++)
        assert_int_equal(asks[i].x.result, HX_OK);
    struct hclient_stats st = hclient_get_stats(c);
    assert_int_equal(st.opened, N);
    assert_int_equal(st.reads, 0); /* no stamps are to be had, so none is missing */
    hclient_free(&c);
    srv_close(&v);
    struct ask one;
    c = hclient_new(l, &(struct hclient_opts){.addrs = &a, .n_addrs = 1});
    ask_all(l, c, &one, 1, 1);
    assert_int_equal(one.x.result, HX_CONNECT);
    assert_string_equal(one.x.detail, "no such socket");
    hclient_free(&c);
    loop_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_exchanges_at_once),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_tls_failure_is_a_failure_to_connect),
        cmocka_unit_test(test_unix_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
