/* test_hclient.c - exchanges that go well, their instants, and what becomes of their connections. */
#include "hclient_rig.h"

static void test_a_response_and_its_instants(void **state)
{
    static part *const parts[] = {part_chunked};
    struct rig r;
    rig_open(&r, parts, 1, NULL);
    int64_t t0 = clock_mono();
    ask(&r);
    int64_t t1 = clock_mono();
    const struct hx *x = &r.a.x;
    assert_int_equal(x->result, HX_OK);
    assert_int_equal(x->status, 200);
    assert_body(&r.a, "hello, world");
    assert_string_equal(r.a.headers.p, "Content-Type=text/event-stream;X-Id=7;Transfer-Encoding=chunked;");
    assert_int_equal(r.a.n_status, 1);
    assert_int_equal(r.a.n_headers_done, 1);
    assert_true(r.a.n_read_end >= 1);
    assert_true(x->new_conn && !x->retried);
    assert_int_equal(x->conn_id, 1);
    assert_true(t0 <= x->conn_start && x->conn_start <= x->conn_end && x->conn_end <= x->sent_first);
    assert_true(x->sent_first <= x->sent_last && x->sent_first <= x->first_byte);
    assert_true(x->first_byte <= x->headers_at && x->headers_at <= x->end && x->end <= t1);
    assert_int_equal(x->tls_end, 0);
    assert_int_equal(x->bytes_in, sizeof(CHUNKED) - 1);
    assert_int_equal(x->bytes_out, REQUEST_BYTES);

    ask(&r); /* the same connection again */
    assert_int_equal(x->result, HX_OK);
    assert_body(&r.a, "hello, world");
    assert_false(x->new_conn);
    assert_int_equal(x->conn_id, 1);
    assert_int_equal(x->conn_start, 0);
    struct hclient_stats st = hclient_get_stats(r.c);
    assert_int_equal(st.opened, 1);
    assert_int_equal(st.reused, 1);
    assert_int_equal(st.open_now, 1);
    assert_int_equal(st.idle_now, 1);
    assert_true(st.reads >= 2 && st.kernel_stamped <= st.reads);
    rig_close(&r);
}

static void part_slowly(int fd)
{
    while (get_request(fd))
        for (const char *p = CHUNKED; *p; p++) {
            send(fd, p, 1, MSG_NOSIGNAL);
            if (p[1] == '\n' || p - CHUNKED > (ptrdiff_t)sizeof(CHUNKED) - 12)
                usleep(200); /* so that not all bytes are merged into few reads */
        }
}

static void test_bytes_one_by_one(void **state)
{
    static part *const parts[] = {part_slowly};
    struct rig r;
    rig_open(&r, parts, 1, NULL);
    int torn = 0;
    for (int i = 0; i < 50 && torn < 2; i++) { /* where this thread is not let run, one read brings all */
        ask(&r);
        assert_int_equal(r.a.x.result, HX_OK);
        assert_body(&r.a, "hello, world");
        assert_true(r.a.x.first_byte <= r.a.x.headers_at && r.a.x.headers_at <= r.a.x.end);
        if (r.a.n_read_end == 1)
            continue;
        assert_true(r.a.x.first_byte < r.a.x.end);
        torn++;
    }
    assert_int_equal(torn, 2);
    assert_int_equal(hclient_get_stats(r.c).opened, 1);
    rig_close(&r);
}

static _Atomic int64_t said_at, said_after;

static void part_at_a_known_instant(int fd)
{
    get_request(fd);
    poll(NULL, 0, 3);
    said_at = clock_mono();
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    said_after = clock_mono();
    wait_for_close(fd);
}

static int64_t busy_end;

static void busy(struct timer *t)
{
    poll(NULL, 0, 12); /* the loop's thread is held up while the response arrives */
    busy_end = clock_mono();
}

static void test_stamps_are_those_of_arrival(void **state)
{
    static part *const parts[] = {part_at_a_known_instant};
    struct rig r;
    rig_open(&r, parts, 1, NULL);
    struct timer t = {.fire = busy};
    loop_timer_set(r.l, &t, clock_mono() + NS_PER_MS);
    ask(&r);
    if (r.a.rx.kernel) {
        assert_true(r.a.x.first_byte >= said_at - NS_PER_US);
        assert_true(r.a.x.first_byte <= said_after + NS_PER_MS);
        assert_int_equal(r.a.x.first_byte, r.a.x.end);
        assert_true(r.a.rx.since <= said_at);
        if (said_after < busy_end - 3 * NS_PER_MS) /* else the server was held up longer than the client */
            assert_true(r.a.rx.user - r.a.rx.stamp > NS_PER_MS);
    }
    rig_close(&r);
}

static void part_to_eof(int fd)
{
    get_request(fd);
    say(fd, "HTTP/1.1 200 OK\r\n\r\nuntil the end");
}

static void part_http10(int fd)
{
    get_request(fd);
    say(fd, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok");
    wait_for_close(fd);
}

static void part_says_close(int fd)
{
    get_request(fd);
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    wait_for_close(fd);
}

static void part_with_garbage(int fd)
{
    get_request(fd);
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n");
    wait_for_close(fd);
}

static void part_interim(int fd)
{
    get_request(fd);
    say(fd, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    wait_for_close(fd);
}

static void test_when_a_connection_is_kept(void **state)
{
    static part *const parts[] = {part_to_eof, part_http10, part_says_close, part_with_garbage, part_interim};
    static const struct {
        const char *body;
        int status;
        unsigned idle;
    } want[] = {{"until the end", 200, 0}, {"ok", 200, 0}, {"ok", 200, 0}, {"ok", 200, 0}, {"", 204, 1}};
    struct rig r;
    rig_open(&r, parts, ARRAY_LEN(parts), NULL);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        ask(&r);
        assert_int_equal(r.a.x.result, HX_OK);
        assert_int_equal(r.a.x.status, want[i].status);
        assert_int_equal(r.a.n_status, 1);
        assert_body(&r.a, want[i].body);
        assert_true(r.a.x.new_conn);
        assert_int_equal(r.a.x.conn_id, i + 1);
        assert_int_equal(hclient_get_stats(r.c).idle_now, want[i].idle);
        assert_int_equal(hclient_get_stats(r.c).open_now, want[i].idle);
    }
    rig_close(&r);
}

static void test_no_keepalive(void **state)
{
    static part *const parts[] = {part_chunked, part_chunked, part_chunked};
    struct hclient_opts o = {.no_keepalive = true, .no_stamps = true};
    struct rig r;
    rig_open(&r, parts, 3, &o);
    for (int i = 0; i < 3; i++) {
        ask(&r);
        assert_int_equal(r.a.x.result, HX_OK);
        assert_true(r.a.x.new_conn);
        assert_false(r.a.rx.kernel);
    }
    struct hclient_stats st = hclient_get_stats(r.c);
    assert_int_equal(st.opened, 3);
    assert_int_equal(st.open_now, 0);
    assert_int_equal(st.kernel_stamped, 0);
    rig_close(&r);
}

static void part_one_then_reset(int fd)
{
    get_request(fd);
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    get_request(fd);
    reset(fd);
}

static void part_one_then_half(int fd)
{
    get_request(fd);
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    get_request(fd);
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nha");
}

static void test_stale_connections_are_retried_once(void **state)
{
    static part *const stale[] = {part_one_then_close_later, part_one_then_reset};
    for (size_t i = 0; i < ARRAY_LEN(stale); i++) {
        part *parts[] = {stale[i], part_chunked};
        struct rig r;
        rig_open(&r, parts, 2, NULL);
        ask(&r);
        assert_int_equal(r.a.x.result, HX_OK);
        ask(&r);
        assert_int_equal(r.a.x.result, HX_OK);
        assert_body(&r.a, "hello, world");
        assert_int_equal(r.a.n_status, 1);
        assert_true(r.a.x.retried && r.a.x.new_conn);
        assert_int_equal(r.a.x.conn_id, 2);
        assert_true(r.a.x.sent_first >= r.a.x.conn_end);
        assert_int_equal(r.a.x.bytes_out, REQUEST_BYTES);
        assert_int_equal(hclient_get_stats(r.c).retried, 1);
        rig_close(&r);
    }
}

static void test_when_not_to_retry(void **state)
{
    part *again[] = {part_one_then_close_later, part_closes_early};
    struct rig r;
    rig_open(&r, again, 2, NULL);
    ask(&r);
    ask(&r); /* the second connection fails, too: no third */
    assert_int_equal(r.a.x.result, HX_RESET);
    assert_true(r.a.x.retried);
    assert_int_equal(hclient_get_stats(r.c).opened, 2);
    rig_close(&r);

    part *forbidden[] = {part_one_then_close_later};
    rig_open(&r, forbidden, 1, NULL);
    ask(&r);
    r.a.x.no_retry = true;
    ask(&r);
    assert_int_equal(r.a.x.result, HX_RESET);
    assert_false(r.a.x.retried);
    rig_close(&r);

    part *begun[] = {part_one_then_half};
    rig_open(&r, begun, 1, NULL);
    ask(&r);
    ask(&r);
    assert_int_equal(r.a.x.result, HX_TRUNCATED);
    assert_false(r.a.x.retried);
    rig_close(&r);
}

static void part_one(int fd)
{
    get_request(fd);
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

static atomic_bool answered; /* the client has the whole answer: its connection is idle */

static void part_one_until_idle(int fd)
{
    part_one(fd);
    for (int i = 0; i < 5000 && !atomic_load(&answered); i++)
        poll(NULL, 0, 2);
}

static void part_one_then_408(int fd)
{
    part_one_until_idle(fd);
    say(fd, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
}

static void test_the_server_closes_an_idle_connection(void **state)
{
    static part *const parts[] = {part_one_until_idle, part_one_then_408};
    struct rig r;
    rig_open(&r, parts, 2, NULL);
    for (unsigned i = 1; i <= 2; i++) {
        atomic_store(&answered, false);
        ask(&r);
        assert_int_equal(r.a.x.result, HX_OK);
        atomic_store(&answered, true);
        for (int k = 0; k < 500 && hclient_get_stats(r.c).idle_now > 0; k++)
            run_for(r.l, 10 * NS_PER_MS);
        assert_int_equal(hclient_get_stats(r.c).idle_now, 0);
        assert_int_equal(hclient_get_stats(r.c).open_now, 0);
        assert_int_equal(hclient_get_stats(r.c).server_closed, i);
        assert_int_equal(r.a.n_done, 1);
    }
    assert_int_equal(hclient_get_stats(r.c).retried, 0);
    rig_close(&r);
}

static void test_we_close_idle_connections(void **state)
{
    static part *const parts[] = {part_chunked, part_chunked};
    struct hclient_opts o = {.idle_ns = 30 * NS_PER_MS};
    struct rig r;
    rig_open(&r, parts, 2, &o);
    ask(&r);
    int64_t t0 = clock_mono();
    while (hclient_get_stats(r.c).idle_now > 0 && clock_mono() < t0 + 5 * NS_PER_S)
        run_for(r.l, NS_PER_MS);
    assert_true(clock_mono() - t0 >= 25 * NS_PER_MS);
    assert_int_equal(hclient_get_stats(r.c).idle_closed, 1);
    ask(&r);
    assert_int_equal(r.a.x.result, HX_OK);
    assert_true(r.a.x.new_conn);
    rig_close(&r);
}

/* Several connections at once need a server that takes them at once. */
static void *serve_chunked(void *arg)
{
    int fd = (int)(intptr_t)arg;
    part_chunked(fd);
    close(fd);
    return NULL;
}

static void part_detach(int fd)
{
    pthread_t t;
    pthread_create(&t, NULL, serve_chunked, (void *)(intptr_t)dup(fd));
    pthread_detach(t);
}

static void on_warm(void *arg)
{
    struct rig *r = arg;
    r->a.n_status++;
    loop_stop(r->l);
}

static void test_prewarming_and_the_newest_first(void **state)
{
    static part *const parts[] = {part_detach, part_detach, part_detach};
    struct rig r;
    rig_open(&r, parts, 3, NULL);
    hclient_prewarm(r.c, 3, on_warm, &r);
    assert_int_equal(r.a.n_status, 0);
    run(r.l);
    assert_int_equal(r.a.n_status, 1);
    assert_int_equal(hclient_get_stats(r.c).idle_now, 3);
    assert_int_equal(hclient_get_stats(r.c).opened, 3);

    struct ask b;
    ask_init(&b, r.l, r.c);
    b.keep_running = true;
    hx_start(r.c, &b.x);
    ask(&r);
    while (b.n_done == 0)
        run_for(r.l, NS_PER_MS);
    assert_int_equal(b.x.result, HX_OK);
    assert_false(b.x.new_conn || r.a.x.new_conn);
    assert_true(b.x.conn_id != r.a.x.conn_id);
    assert_int_equal(hclient_get_stats(r.c).reused, 2);
    uint64_t last = r.a.x.end >= b.x.end ? r.a.x.conn_id : b.x.conn_id;
    ask(&r);
    /* Either can have come back last where both ends fell into one turn; the third was never touched. */
    assert_true(r.a.x.conn_id == last || r.a.x.conn_id == b.x.conn_id);
    hclient_prewarm(r.c, 0, on_warm, &r);
    r.a.n_status = 0;
    run(r.l);
    assert_int_equal(r.a.n_status, 1);
    ask_free(&b);
    rig_close(&r);
}

static void test_prewarming_without_a_server(void **state)
{
    struct rig r;
    rig_open(&r, NULL, 0, NULL);
    close(r.srv.lfd);
    r.srv.lfd = -1;
    hclient_prewarm(r.c, 300, on_warm, &r); /* more than are tried at once */
    run(r.l);
    assert_int_equal(r.a.n_status, 1);
    assert_int_equal(hclient_get_stats(r.c).failed_connects, 300);
    assert_int_equal(hclient_get_stats(r.c).idle_now, 0);
    hclient_prewarm(r.c, 100000, on_warm, &r); /* and freed in the middle of one */
    run_for(r.l, NS_PER_MS);
    rig_close(&r);
}

static void test_none_is_closed_for_idleness_while_others_are_opened(void **state)
{
    static part *const parts[] = {part_detach, part_detach, part_detach, part_detach};
    struct rig r;
    const int64_t gap = 30 * NS_PER_MS;
    rig_open(&r, parts, 4, &(struct hclient_opts){.prewarm_gap = gap, .idle_ns = gap / 2});
    hclient_prewarm(r.c, 4, on_warm, &r);
    run(r.l);
    assert_int_equal(hclient_get_stats(r.c).idle_now, 4);
    run_for(r.l, 3 * gap); /* from now on they are */
    assert_int_equal(hclient_get_stats(r.c).idle_now, 0);
    assert_int_equal(hclient_get_stats(r.c).idle_closed, 4);
    rig_close(&r);
}

static void test_prewarming_is_paced_and_can_be_stopped(void **state)
{
    enum { N = 8 };
    static part *const parts[N] = {part_detach, part_detach, part_detach, part_detach,
                                   part_detach, part_detach, part_detach, part_detach};
    struct rig r;
    const int64_t gap = 100 * NS_PER_MS;
    rig_open(&r, parts, N, &(struct hclient_opts){.prewarm_gap = gap});
    int64_t began = clock_mono();
    hclient_prewarm(r.c, 5, on_warm, &r);
    run(r.l);
    assert_true(clock_mono() - began >= 4 * gap); /* between five of them */
    assert_int_equal(hclient_get_stats(r.c).opened, 5);
    assert_int_equal(r.a.n_status, 1);

    hclient_prewarm(r.c, 1000, on_warm, &r);
    run_for(r.l, gap / 2);
    hclient_prewarm_stop(r.c);
    run_for(r.l, 3 * gap);
    assert_in_range(hclient_get_stats(r.c).opened, 6, N); /* what had begun */
    assert_int_equal(r.a.n_status, 1);                    /* and nothing was told */
    for (uint64_t i = hclient_get_stats(r.c).opened; i < N; i++)
        hclient_prewarm(r.c, 1, NULL, NULL); /* the server waits for them all */
    run_for(r.l, 3 * gap);
    rig_close(&r);
}

static void test_the_next_exchange_from_inside_done(void **state)
{
    static part *const parts[] = {part_chunked};
    struct rig r;
    rig_open(&r, parts, 1, NULL);
    struct ask b;
    ask_init(&b, r.l, r.c);
    r.a.then = &b;
    ask(&r);
    assert_int_equal(b.n_done, 1);
    assert_int_equal(b.x.result, HX_OK);
    assert_body(&b, "hello, world");
    assert_int_equal(b.x.conn_id, 1);
    assert_int_equal(hclient_get_stats(r.c).opened, 1);
    r.a.then = NULL;
    ask_free(&b);
    rig_close(&r);
}

static void part_head(int fd)
{
    while (get_request(fd))
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
}

static void test_head(void **state)
{
    static part *const parts[] = {part_head};
    struct iovec v = {(char *)"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", 28};
    struct rig r;
    rig_open(&r, parts, 1, NULL);
    r.a.x.out = &v;
    r.a.x.n_out = 1;
    for (int i = 0; i < 2; i++) {
        ask(&r);
        assert_int_equal(r.a.x.result, HX_OK);
        assert_int_equal(r.a.x.conn_id, 1);
    }
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_response_and_its_instants),
        cmocka_unit_test(test_bytes_one_by_one),
        cmocka_unit_test(test_stamps_are_those_of_arrival),
        cmocka_unit_test(test_when_a_connection_is_kept),
        cmocka_unit_test(test_no_keepalive),
        cmocka_unit_test(test_stale_connections_are_retried_once),
        cmocka_unit_test(test_when_not_to_retry),
        cmocka_unit_test(test_the_server_closes_an_idle_connection),
        cmocka_unit_test(test_we_close_idle_connections),
        cmocka_unit_test(test_prewarming_and_the_newest_first),
        cmocka_unit_test(test_prewarming_without_a_server),
        cmocka_unit_test(test_none_is_closed_for_idleness_while_others_are_opened),
        cmocka_unit_test(test_prewarming_is_paced_and_can_be_stopped),
        cmocka_unit_test(test_the_next_exchange_from_inside_done),
        cmocka_unit_test(test_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
