/* test_h2pool.c - which connections are made and used over HTTP/2: limits of either side, GOAWAY and refused streams,
 * what waits for a version to be known, prewarming, idle connections. */
#include "h2_rig.h"

static struct rig *open_plain(unsigned streams_per_conn, uint32_t max_streams)
{
    return rig_open(&(struct rig_opts){.max_streams = max_streams, .h.streams_per_conn = streams_per_conn});
}

static void ask_many(struct rig *g, int n, const char *path)
{
    for (int i = 0; i < n; i++) {
        g->a[i].n_done = 0;
        rig_ask(g, &g->a[i], path);
    }
}

static void all_ok(struct rig *g, int n)
{
    for (int i = 0; i < n; i++) {
        if (g->a[i].x.result != HX_OK || g->a[i].n_done != 1)
            fail_msg("%d: %d %s", i, g->a[i].x.result, g->a[i].x.detail);
    }
}

static int most(const struct rig *g)
{
    int m = 0;
    for (int i = 0; i < g->v.n; i++)
        m = MAX(m, g->v.conn[i]->most);
    return m;
}

static void our_own_limit(void **state)
{
    (void)state;
    struct rig *g = open_plain(10, 0);
    ask_many(g, 95, "/hold");
    rig_run_for(g, 100 * NS_PER_MS);
    assert_int_equal(g->v.n, 10);
    assert_int_equal(srv_open_streams(&g->v), 95);
    assert_int_equal(most(g), 10);
    int fresh = 0;
    for (int i = 0; i < 95; i++)
        fresh += g->a[i].x.new_conn;
    assert_int_equal(fresh, 10);
    /* Now to those with the fewest. */
    rig_ask(g, &g->a[95], "/ok/1");
    rig_run_for(g, 20 * NS_PER_MS);
    assert_int_equal(g->a[95].x.conn_id, 10);
    srv_release(&g->v);
    rig_run(g);
    all_ok(g, 95);
    assert_int_equal(g->v.n, 10);
    assert_int_equal(hclient_get_stats(g->c).idle_now, 10);
    rig_close(g);
}

/* The server takes fewer than we would send. What it refuses before its SETTINGS came is sent again, once. */
static void the_servers_limit(void **state)
{
    (void)state;
    struct rig *g = open_plain(100, 7);
    ask_many(g, 50, "/hold");
    rig_run_for(g, 200 * NS_PER_MS);
    assert_int_equal(srv_open_streams(&g->v), 50);
    assert_int_equal(g->v.n, 8);
    srv_release(&g->v);
    rig_run(g);
    all_ok(g, 50);
    assert_int_equal(hclient_get_stats(g->c).retried, 43);
    /* From now on it is known. */
    ask_many(g, 60, "/hold");
    rig_run_for(g, 200 * NS_PER_MS);
    assert_int_equal(srv_open_streams(&g->v), 60);
    assert_int_equal(g->v.n, 9);
    srv_release(&g->v);
    rig_run(g);
    all_ok(g, 60);
    assert_int_equal(hclient_get_stats(g->c).retried, 43);
    rig_close(g);
}

/* More than a hundred wait for the server's SETTINGS, so that none need be refused. */
static void a_wide_connection(void **state)
{
    (void)state;
    struct rig *g = open_plain(250, 120);
    ask_many(g, 240, "/hold");
    rig_run_for(g, 200 * NS_PER_MS);
    assert_int_equal(srv_open_streams(&g->v), 240);
    assert_int_equal(g->v.n, 2);
    assert_int_equal(most(g), 120);
    assert_int_equal(hclient_get_stats(g->c).retried, 0);
    srv_release(&g->v);
    rig_run(g);
    all_ok(g, 240);
    rig_close(g);
}

static void lowered_on_the_way(void **state)
{
    (void)state;
    struct rig *g = open_plain(100, 50);
    ask_many(g, 20, "/hold");
    rig_run_for(g, 50 * NS_PER_MS);
    rig_ask(g, &g->a[20], "/max/5");
    rig_run_for(g, 50 * NS_PER_MS);
    assert_int_equal(g->a[20].x.result, HX_OK);
    assert_int_equal(g->v.n, 1);
    for (int i = 21; i < 30; i++)
        rig_ask(g, &g->a[i], "/hold");
    rig_run_for(g, 50 * NS_PER_MS);
    assert_int_equal(g->v.n, 3); /* 20 remain where they are; 9 go to two others */
    assert_int_equal(srv_open_streams(&g->v), 29);
    srv_release(&g->v);
    rig_run(g);
    all_ok(g, 30);
    rig_close(g);
}

/* A server that allows no stream at all is not asked for ever. */
static void none_allowed(void **state)
{
    (void)state;
    struct rig *g = open_plain(100, NO_STREAMS);
    for (int round = 0; round < 2; round++) {
        ask_many(g, 5, "/ok/1");
        rig_run(g);
        for (int i = 0; i < 5; i++) {
            assert_int_equal(g->a[i].x.result, HX_RESET);
            assert_string_equal(g->a[i].x.detail, "RST_STREAM REFUSED_STREAM");
        }
        assert_in_range(g->v.n, 1, 20);
    }
    rig_close(g);
    /* Where another connection may have some, that one is taken. */
    g = open_plain(100, 50);
    ask_one(g, "/max/0");
    rig_run_for(g, 20 * NS_PER_MS);
    ask_one(g, "/ok/1");
    assert_int_equal(g->a[0].x.result, HX_OK);
    assert_int_equal(g->a[0].x.conn_id, 2);
    rig_close(g);
}

static void refused_streams(void **state)
{
    (void)state;
    static const char *const paths[] = {"/once", "/away"};
    for (int i = 0; i < 2; i++) {
        struct rig *g = open_plain(100, 0);
        for (int k = 1; k < 4; k++)
            rig_ask(g, &g->a[k], "/hold");
        rig_run_for(g, 30 * NS_PER_MS);
        rig_ask(g, &g->a[0], paths[i]);
        rig_run_for(g, 50 * NS_PER_MS);
        assert_int_equal(g->a[0].x.result, HX_OK);
        assert_int_equal(g->a[0].x.status, 200);
        assert_true(g->a[0].x.retried);
        assert_true(g->a[0].x.new_conn);
        assert_int_equal(g->a[0].x.conn_id, 2);
        assert_int_equal(g->v.n, 2);
        assert_int_equal(hclient_get_stats(g->c).retried, 1);
        srv_release(&g->v); /* the others end where they are */
        rig_run(g);
        all_ok(g, 4);
        rig_run_for(g, 20 * NS_PER_MS);
        assert_int_equal(hclient_get_stats(g->c).open_now, i == 0 ? 2 : 1); /* drained and closed */
        rig_close(g);
    }
    /* Not twice, and not where it is not wanted. */
    struct rig *g = open_plain(100, 0);
    rig_ask(g, &g->a[0], "/rst/7");
    rig_run(g);
    assert_int_equal(g->a[0].x.result, HX_RESET);
    assert_true(g->a[0].x.retried);
    assert_int_equal(g->v.requests, 2);
    rig_close(g);
}

/* The end of a connection that was idle meets the request: not the server's fault, and not ours. */
static void stale(void **state)
{
    (void)state;
    struct rig *g = open_plain(100, 0);
    ask_one(g, "/ok/1");
    srv_end(g->v.conn[0]);
    ask_many(g, 3, "/ok/1");
    rig_run(g);
    all_ok(g, 3);
    assert_true(g->a[0].x.retried); /* a write that fails spares the others the same */
    assert_int_equal(g->v.n, 2);
    /* Ended while nothing was asked: noticed, and that is all. */
    srv_end(g->v.conn[1]);
    rig_run_for(g, 20 * NS_PER_MS);
    assert_int_equal(hclient_get_stats(g->c).server_closed, 1);
    ask_one(g, "/ok/1");
    assert_false(g->a[0].x.retried);
    rig_close(g);
}

static void idle_ones_are_closed(void **state)
{
    (void)state;
    struct rig *g = rig_open(&(struct rig_opts){.h = {.idle_ns = 40 * NS_PER_MS, .streams_per_conn = 1}});
    ask_many(g, 3, "/ok/1");
    rig_run(g);
    assert_int_equal(hclient_get_stats(g->c).open_now, 3);
    for (int i = 0; i < 200 && hclient_get_stats(g->c).open_now > 0; i++)
        rig_run_for(g, 10 * NS_PER_MS);
    struct hclient_stats s = hclient_get_stats(g->c);
    assert_int_equal(s.idle_closed, 3);
    assert_int_equal(s.open_now, 0);
    assert_int_equal(s.idle_now, 0);
    rig_close(g);
}

static void without_keepalive(void **state)
{
    (void)state;
    struct rig *g = rig_open(&(struct rig_opts){.h.no_keepalive = true});
    for (int round = 0; round < 3; round++) {
        ask_many(g, 4, "/ok/1");
        rig_run(g);
        all_ok(g, 4);
    }
    assert_int_equal(g->v.n, 12);
    g->a[0].n_done = 0;
    g->a[0].then = "/ok/1"; /* as a closed loop does, from inside the end of the one before */
    rig_ask(g, &g->a[0], "/ok/1");
    rig_run(g);
    assert_int_equal(g->a[0].n_done, 2);
    assert_int_equal(g->v.n, 14);
    assert_int_equal(most(g), 1);
    assert_int_equal(hclient_get_stats(g->c).reused, 0);
    assert_int_equal(hclient_get_stats(g->c).open_now, 0);
    rig_close(g);
}

/* ---- what the server chooses */

static struct rig *open_tls(unsigned server_alpn, enum hclient_http http, int expect)
{
    return rig_open(&(struct rig_opts){.server_alpn = server_alpn, .h = {.http = http, .expect = expect}});
}

static void negotiated(void **state)
{
    (void)state;
    enum { BOTH = TLS_ALPN_H2 | TLS_ALPN_HTTP11 };
    static const struct {
        unsigned server;
        enum hclient_http http;
        int version, conns; /* of 20 at once */
    } cases[] = {
        {BOTH, HCLIENT_AUTO, 2, 1},
        {TLS_ALPN_H2, HCLIENT_AUTO, 2, 1},
        {TLS_ALPN_HTTP11, HCLIENT_AUTO, 1, 20},
        {BOTH, HCLIENT_2, 2, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (int expect = 0; expect < 3; expect++) { /* what is expected may be wrong, and costs a connection then */
            struct rig *g = open_tls(cases[i].server, cases[i].http, expect);
            ask_many(g, 20, "/ok/2");
            rig_run(g);
            all_ok(g, 20);
            for (int k = 0; k < 20; k++) {
                assert_int_equal(g->a[k].x.http, cases[i].version);
                assert_string_equal(g->a[k].host, cases[i].version == 2 ? "h.example" : "one");
                assert_int_equal(g->a[k].got, 2);
                assert_false(g->a[k].x.retried);
            }
            if (expect != 1 || cases[i].version == 1 || cases[i].http == HCLIENT_2)
                assert_int_equal(g->v.n, cases[i].conns);
            int before = g->v.n;
            struct hclient_stats s = hclient_get_stats(g->c);
            assert_int_equal(s.opened, before);
            assert_int_equal(s.opened + s.reused, 20);
            ask_many(g, 20, "/ok/2");
            rig_run(g);
            assert_int_equal(g->v.n, before);
            assert_int_equal(hclient_get_stats(g->c).reused, s.reused + 20);
            rig_close(g);
        }
    }
}

static void wanted_in_vain(void **state)
{
    (void)state;
    struct rig *g = open_tls(TLS_ALPN_HTTP11, HCLIENT_2, 0);
    ask_many(g, 3, "/ok/2");
    rig_run(g);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(g->a[i].x.result, HX_CONNECT);
        assert_int_equal(g->a[i].x.rc, STREAM_TLS);
        assert_string_equal(g->a[i].x.detail, "the server does not choose HTTP/2 (ALPN h2)");
    }
    rig_close(g);
}

static void cancelled_while_unknown(void **state)
{
    (void)state;
    for (unsigned alpn = TLS_ALPN_HTTP11; alpn <= TLS_ALPN_H2; alpn++) {
        struct rig *g = open_tls(alpn, HCLIENT_AUTO, 0);
        ask_many(g, 5, "/ok/2");
        hx_cancel(&g->a[0].x); /* the one that all wait for */
        hx_cancel(&g->a[3].x);
        g->left -= 2;
        rig_run(g);
        for (int i = 0; i < 5; i++)
            assert_int_equal(g->a[i].x.result, i == 0 || i == 3 ? HX_CANCELLED : HX_OK);
        rig_close(g);
    }
}

/* ---- opened ahead */

static void on_ready(void *arg)
{
    struct rig *g = arg;
    g->left--;
    loop_stop(g->l);
}

static void prewarmed(void **state)
{
    (void)state;
    static const struct {
        unsigned alpn, streams_per_conn;
        uint32_t max_streams;
        enum hclient_http http;
        unsigned n;
        int conns;
    } cases[] = {
        {0, 10, 0, HCLIENT_11, 35, 4},
        {0, 0, 0, HCLIENT_11, 100, 1},
        {0, 100, 8, HCLIENT_11, 20, 3},
        {0, 10, 0, HCLIENT_11, 0, 0},
        {TLS_ALPN_H2, 10, 0, HCLIENT_2, 35, 4},
        {TLS_ALPN_H2, 10, 0, HCLIENT_AUTO, 35, 4},
        {TLS_ALPN_H2, 50, 8, HCLIENT_AUTO, 20, 3},
        {TLS_ALPN_HTTP11, 10, 0, HCLIENT_AUTO, 5, 5},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig *g =
            rig_open(&(struct rig_opts){.server_alpn = cases[i].alpn,
                                        .max_streams = cases[i].max_streams,
                                        .h = {.http = cases[i].http, .streams_per_conn = cases[i].streams_per_conn}});
        g->left = 1;
        hclient_prewarm(g->c, cases[i].n, on_ready, g);
        rig_run(g);
        struct hclient_stats s = hclient_get_stats(g->c);
        if ((int)s.open_now != cases[i].conns)
            fail_msg("case %zu: %u connections", i, s.open_now);
        assert_int_equal(s.idle_now, s.open_now);
        if (cases[i].n > 0) {
            ask_many(g, (int)cases[i].n, "/ok/2");
            rig_run(g);
            all_ok(g, (int)cases[i].n);
        }
        assert_int_equal(g->v.n, cases[i].conns); /* they were enough */
        assert_int_equal(hclient_get_stats(g->c).retried, 0);
        for (unsigned k = 0; k < cases[i].n; k++)
            assert_false(g->a[k].x.new_conn);
        rig_close(g);
    }
}

/* Of two connections that are to take 100 and 20 requests, and may take 30 each, either may be told so first. */
static void prewarmed_in_either_order(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct rig *g = rig_open(
            &(struct rig_opts){.max_streams = 30, .late_first = late ? 30 * NS_PER_MS : 0, .h.streams_per_conn = 100});
        g->left = 1;
        hclient_prewarm(g->c, 120, on_ready, g);
        rig_run(g);
        assert_int_equal(hclient_get_stats(g->c).open_now, 4);
        assert_int_equal(hclient_get_stats(g->c).room, 120);
        rig_close(g);
    }
}

static void prewarmed_in_vain(void **state)
{
    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        struct rig *g =
            rig_open(&(struct rig_opts){.server_alpn = tls ? TLS_ALPN_H2 : 0, .h.http = tls ? HCLIENT_AUTO : 0});
        listener_free(&g->v.ln);
        g->left = 1;
        hclient_prewarm(g->c, 300, on_ready, g);
        rig_run(g);
        assert_int_equal(hclient_get_stats(g->c).open_now, 0);
        rig_close(g);
    }
    /* One that allows no stream is not connected to for ever. */
    struct rig *n = open_plain(100, NO_STREAMS);
    n->left = 1;
    hclient_prewarm(n->c, 5, on_ready, n);
    rig_run(n);
    assert_in_range(hclient_get_stats(n->c).open_now, 1, 5);
    rig_close(n);
    /* A server that takes connections and says nothing does not hold the run up for ever. */
    struct rig *g = rig_open(&(struct rig_opts){.mute = true});
    g->left = 1;
    hclient_prewarm(g->c, 10, on_ready, g);
    rig_run(g);
    assert_int_equal(hclient_get_stats(g->c).open_now, 1);
    rig_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_limit),
        cmocka_unit_test(the_servers_limit),
        cmocka_unit_test(a_wide_connection),
        cmocka_unit_test(lowered_on_the_way),
        cmocka_unit_test(none_allowed),
        cmocka_unit_test(refused_streams),
        cmocka_unit_test(stale),
        cmocka_unit_test(idle_ones_are_closed),
        cmocka_unit_test(without_keepalive),
        cmocka_unit_test(negotiated),
        cmocka_unit_test(wanted_in_vain),
        cmocka_unit_test(cancelled_while_unknown),
        cmocka_unit_test(prewarmed),
        cmocka_unit_test(prewarmed_in_either_order),
        cmocka_unit_test(prewarmed_in_vain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
