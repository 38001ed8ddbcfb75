/* test_h2conn.c - exchanges on a connection of HTTP/2, with and without TLS: how each kind of answer ends, what is
 * recorded of it, and what happens when the caller gives up. */
#include "h2_rig.h"

static struct rig *open_one(bool tls)
{
    return rig_open(&(struct rig_opts){.server_alpn = tls ? TLS_ALPN_H2 : 0, .h.http = tls ? HCLIENT_2 : 0});
}

static void one(void **state)
{
    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        struct rig *g = open_one(tls);
        for (int i = 0; i < 5; i++) {
            ask_one(g, "/ok/1000");
            const struct ask *a = &g->a[0];
            const struct hx *x = &a->x;
            assert_int_equal(x->result, HX_OK);
            assert_int_equal(x->status, 200);
            assert_int_equal(x->http, 2);
            assert_string_equal(x->detail, "");
            assert_string_equal(a->host, "h.example");
            assert_int_equal(a->got, 1000);
            assert_int_equal(a->n_status, 1);
            assert_int_equal(a->n_headers_done, 1);
            assert_int_equal(x->new_conn, i == 0);
            assert_int_equal(x->conn_id, 1);
            assert_true(x->sent_first > 0 && x->sent_first <= x->sent_last && x->sent_last <= x->first_byte);
            assert_true(x->first_byte <= x->headers_at && x->headers_at <= x->end);
            assert_int_equal(x->conn_start > 0, i == 0);
            assert_int_equal(x->tls_end > 0, tls && i == 0);
            if (i == 0)
                assert_true(x->conn_start <= x->conn_end && x->conn_end <= x->sent_first);
            /* HEADERS, DATA and perhaps an empty DATA with the end; requests are a HEADERS frame. */
            assert_true(x->bytes_in > 1000 + 2 * 9 && x->bytes_in < 1000 + 100);
            assert_true(x->bytes_out > 9 && x->bytes_out < 200);
        }
        struct hclient_stats s = hclient_get_stats(g->c);
        assert_int_equal(s.opened, 1);
        assert_int_equal(s.reused, 4);
        assert_int_equal(s.open_now, 1);
        assert_int_equal(s.idle_now, 1);
        assert_int_equal(s.retried, 0);
        assert_true(s.reads > 0 && s.kernel_stamped <= s.reads);
        assert_int_equal(g->v.n, 1);
        rig_close(g);
    }
}

static void each_end(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum hx_result result;
        int status;
        size_t got;
        const char *detail;
        bool lost; /* the connection goes with it */
    } cases[] = {
        {"/ok/0", HX_OK, 200, 0, "", false},
        {"/trailers/70000", HX_OK, 200, 70000, "", false},
        {"/rst/2", HX_RESET, 0, 0, "RST_STREAM INTERNAL_ERROR", false},
        {"/rst/8", HX_RESET, 0, 0, "RST_STREAM CANCEL", false},
        {"/rst/0", HX_RESET, 0, 0, "RST_STREAM NO_ERROR", false},
        {"/mid/11", HX_TRUNCATED, 200, 3, "RST_STREAM ENHANCE_YOUR_CALM", false},
        {"/angry", HX_RESET, 0, 0, "GOAWAY ENHANCE_YOUR_CALM (slow down)", true},
        {"/close", HX_RESET, 0, 0, "the server has closed the connection before any byte of the response", true},
        {"/cut", HX_TRUNCATED, 200, 3, "the server has closed the connection within the response", true},
    };
    for (int tls = 0; tls < 2; tls++) {
        struct rig *g = open_one(tls);
        int conns = 0;
        bool lost = true;
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
            conns += lost;
            lost = cases[i].lost;
            if (lost) { /* on a connection of its own, so that nothing is retried */
                rig_close(g);
                g = open_one(tls);
                conns = 1;
            }
            ask_one(g, cases[i].path);
            const struct hx *x = &g->a[0].x;
            /* Our last bytes may still be on their way when the server closes: then it is a reset. */
            bool same = strcmp(x->detail, cases[i].detail) == 0 ||
                        (lost && x->rc == STREAM_RESET && strcmp(x->detail, "connection reset by the peer") == 0);
            if (x->result != cases[i].result || !same)
                fail_msg("%s: %d %s", cases[i].path, x->result, x->detail);
            assert_int_equal(x->status, cases[i].status);
            assert_int_equal(g->a[0].got, cases[i].got);
            assert_int_equal(g->v.n, conns);
            assert_int_equal(x->retried, false);
            assert_int_equal(hclient_get_stats(g->c).open_now, !lost);
            if (x->result == HX_TRUNCATED || x->result == HX_RESET)
                assert_true(x->rc == STREAM_RESET || x->rc == STREAM_EOF);
        }
        rig_close(g);
    }
}

static void many_at_once(void **state)
{
    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        struct rig *g = rig_open(&(struct rig_opts){.max_streams = 256,
                                                    .server_alpn = tls ? TLS_ALPN_H2 : 0,
                                                    .h = {.http = tls ? HCLIENT_2 : 0, .streams_per_conn = 256}});
        char path[32];
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 256; i++) {
                snprintf(path, sizeof(path), "/ok/%d", i * 40);
                g->a[i].n_done = 0;
                rig_ask(g, &g->a[i], path);
            }
            rig_run(g);
            for (int i = 0; i < 256; i++) {
                assert_int_equal(g->a[i].n_done, 1);
                assert_int_equal(g->a[i].x.result, HX_OK);
                assert_int_equal(g->a[i].got, i * 40);
            }
        }
        assert_int_equal(g->v.n, 1);
        assert_int_equal(g->v.requests, 768);
        assert_int_equal(hclient_get_stats(g->c).opened, 1);
        assert_int_equal(hclient_get_stats(g->c).reused, 767);
        rig_close(g);
    }
}

/* 10 MB each way, beside small ones that must not wait for them. */
static void large_bodies(void **state)
{
    (void)state;
    enum { BIG = 10 << 20 };
    for (int tls = 0; tls < 2; tls++) {
        struct rig *g = open_one(tls);
        char *p = xcalloc(1, BIG);
        g->a[0].body = (struct iovec){p, BIG};
        rig_ask(g, &g->a[0], "/ok/10485760");
        for (int i = 1; i < 10; i++)
            rig_ask(g, &g->a[i], "/ok/10");
        rig_run(g);
        assert_int_equal(g->v.body_bytes, BIG);
        for (int i = 0; i < 10; i++) {
            assert_int_equal(g->a[i].x.result, HX_OK);
            assert_int_equal(g->a[i].got, i == 0 ? BIG : 10);
            assert_true(g->a[i].x.sent_last >= g->a[i].x.sent_first);
        }
        assert_true(g->a[0].x.bytes_out > BIG && g->a[0].x.bytes_in > BIG);
        assert_int_equal(g->v.n, 1);
        free(p);
        rig_close(g);
    }
}

/* Giving up one stream costs one stream. */
static void cancels(void **state)
{
    (void)state;
    static const char where[] = {'s', 'h', 'H', 'b', 'r'};
    for (size_t i = 0; i < sizeof(where); i++) {
        for (int stop = 0; stop < 2; stop++) {
            struct rig *g = rig_open(&(struct rig_opts){0});
            g->a[0].cut_in = where[i];
            g->a[0].cut_how = stop ? 's' : 'c';
            rig_ask(g, &g->a[0], "/ok/200000");
            rig_ask(g, &g->a[1], "/ok/200000");
            rig_run(g);
            bool stopped = stop && where[i] != 'r'; /* read_end cannot stop */
            assert_int_equal(g->a[0].n_done, stop);
            assert_int_equal(g->a[0].x.result, !stop ? HX_CANCELLED : stopped ? HX_STOPPED : HX_OK);
            assert_int_equal(g->a[1].x.result, HX_OK);
            assert_int_equal(g->a[1].got, 200000);
            g->a[0].cut_in = g->a[0].n_done = 0;
            ask_one(g, "/ok/5");
            assert_int_equal(g->v.n, 1);
            assert_int_equal(srv_open_streams(&g->v), 0); /* the server was told */
            rig_close(g);
        }
    }
}

static void cancels_from_outside(void **state)
{
    (void)state;
    struct rig *g = rig_open(&(struct rig_opts){0});
    /* While connecting: the last one takes the attempt with it. */
    rig_ask(g, &g->a[0], "/ok/1");
    rig_ask(g, &g->a[1], "/ok/1");
    hx_cancel(&g->a[1].x);
    hx_cancel(&g->a[0].x);
    hx_cancel(&g->a[0].x); /* once more is nothing */
    g->left = 0;
    assert_int_equal(hclient_get_stats(g->c).opened, 0);
    /* In flight. */
    for (int i = 0; i < 20; i++)
        rig_ask(g, &g->a[i], "/hold");
    rig_run_for(g, 50 * NS_PER_MS);
    assert_int_equal(srv_open_streams(&g->v), 20);
    for (int i = 0; i < 20; i += 2) {
        hx_cancel(&g->a[i].x);
        g->left--;
    }
    rig_run_for(g, 50 * NS_PER_MS);
    assert_int_equal(srv_open_streams(&g->v), 10);
    srv_release(&g->v);
    rig_run(g);
    for (int i = 0; i < 20; i++)
        assert_int_equal(g->a[i].x.result, i % 2 ? HX_OK : HX_CANCELLED);
    assert_int_equal(hclient_get_stats(g->c).idle_now, 1);
    rig_close(g);
}

/* A body that nobody reads, given up half-way: its memory is the caller's again at once. */
static void cancel_while_sending(void **state)
{
    (void)state;
    enum { BIG = 4 << 20 };
    struct rig *g = rig_open(&(struct rig_opts){.mute = true});
    char *p = xcalloc(1, BIG);
    g->a[0].body = (struct iovec){p, BIG};
    rig_ask(g, &g->a[0], "/ok/1");
    rig_run_for(g, 30 * NS_PER_MS);
    assert_true(g->a[0].x.sent_first > 0);
    assert_int_equal(g->a[0].x.sent_last, 0);
    hx_cancel(&g->a[0].x);
    free(p);
    rig_run_for(g, 30 * NS_PER_MS);
    rig_close(g);
}

static void not_http2(void **state)
{
    (void)state;
    /* A peer that answers by HTTP/1. */
    struct rig *g = rig_open(&(struct rig_opts){.mute = true});
    rig_ask(g, &g->a[0], "/ok/1");
    rig_ask(g, &g->a[1], "/ok/1");
    rig_run_for(g, 30 * NS_PER_MS);
    static const char text[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    struct iovec v = {(char *)(uintptr_t)text, sizeof(text) - 1};
    assert_int_equal(stream_writev(g->v.conn[0]->s, &v, 1), sizeof(text) - 1);
    rig_run(g);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(g->a[i].x.result, HX_BAD_FRAME);
        assert_non_null(strstr(g->a[i].x.detail, "the server answers by HTTP/1; HTTP/2 says PROTOCOL_ERROR"));
    }
    assert_int_equal(hclient_get_stats(g->c).open_now, 0);
    rig_close(g);
}

static void no_such_server(void **state)
{
    (void)state;
    struct rig *g = rig_open(&(struct rig_opts){0});
    listener_free(&g->v.ln);
    for (int i = 0; i < 5; i++)
        rig_ask(g, &g->a[i], "/ok/1");
    rig_run(g);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(g->a[i].x.result, HX_CONNECT);
        assert_int_equal(g->a[i].x.rc, STREAM_REFUSED);
        assert_int_equal(g->a[i].x.new_conn, i == 0);
        assert_string_equal(g->a[i].x.detail, "connection refused");
        assert_int_equal(g->a[i].x.conn_start > 0, i == 0);
    }
    assert_int_equal(hclient_get_stats(g->c).failed_connects, 1);
    rig_close(g);
}

/* The next one begins inside the end of the last one. */
static void from_inside_done(void **state)
{
    (void)state;
    struct rig *g = rig_open(&(struct rig_opts){0});
    g->a[0].then = "/rst/2";
    g->a[1].then = "/ok/3";
    rig_ask(g, &g->a[0], "/ok/1");
    rig_ask(g, &g->a[1], "/rst/2");
    rig_run(g);
    assert_int_equal(g->a[0].n_done, 2);
    assert_int_equal(g->a[0].x.result, HX_RESET);
    assert_int_equal(g->a[1].n_done, 2);
    assert_int_equal(g->a[1].x.result, HX_OK);
    assert_int_equal(g->a[1].got, 3);
    rig_close(g);
}

static void heads_that_cannot_be(void **state)
{
    (void)state;
    struct rig *g = rig_open(&(struct rig_opts){0});
    rig_ask(g, &g->a[0], "/ok/1");
    g->a[1].g = g;
    g->a[1].out[0] = (struct iovec){(char[]){"POST"}, 4};
    g->a[1].x = (struct hx){.ops = &ask_ops, .out = g->a[1].out, .n_out = 1};
    g->left++;
    hx_start(g->c, &g->a[1].x);
    assert_int_equal(g->a[1].n_done, 0);
    rig_run(g);
    assert_int_equal(g->a[0].x.result, HX_OK);
    assert_int_equal(g->a[1].x.result, HX_BAD_FRAME);
    assert_non_null(strstr(g->a[1].x.detail, "cannot be sent"));
    rig_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one),
        cmocka_unit_test(each_end),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(large_bodies),
        cmocka_unit_test(cancels),
        cmocka_unit_test(cancels_from_outside),
        cmocka_unit_test(cancel_while_sending),
        cmocka_unit_test(not_http2),
        cmocka_unit_test(no_such_server),
        cmocka_unit_test(from_inside_done),
        cmocka_unit_test(heads_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
