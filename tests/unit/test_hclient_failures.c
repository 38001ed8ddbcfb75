/* test_hclient_failures.c - exchanges that fail, are stopped or cancelled, and requests too large for one write. */
#include "hclient_rig.h"

static void part_resets_early(int fd)
{
    get_request(fd);
    reset(fd);
}

static void part_truncates(int fd)
{
    get_request(fd);
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nonly so much");
}

static void part_truncates_chunks(int fd)
{
    get_request(fd);
    say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
}

static void part_truncates_headers(int fd)
{
    get_request(fd);
    say(fd, "HTTP/1.1 200 OK\r\nContent-Le");
}

static void part_resets_within(int fd)
{
    get_request(fd);
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nonly so much");
    poll(NULL, 0, 20); /* let it be read before the reset throws it away */
    reset(fd);
}

static void part_not_http(int fd)
{
    get_request(fd);
    say(fd, "SSH-2.0-OpenSSH_9.2\r\n");
    wait_for_close(fd);
}

static void part_bad_chunk(int fd)
{
    get_request(fd);
    say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n");
    wait_for_close(fd);
}

static void part_switches(int fd)
{
    get_request(fd);
    say(fd, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
    wait_for_close(fd);
}

static void part_huge_headers(int fd)
{
    get_request(fd);
    say(fd, "HTTP/1.1 200 OK\r\nX: ");
    for (int i = 0; i < 70; i++) {
        char b[1025];
        memset(b, 'x', 1024);
        b[1024] = 0;
        say(fd, b);
    }
    wait_for_close(fd);
}

static void test_failures(void **state)
{
    static const struct {
        part *p;
        enum hx_result result;
        int rc, sys;
        const char *body, *detail;
    } want[] = {
        {part_closes_early, HX_RESET, STREAM_EOF, 0, "",
         "the server has closed the connection before any byte of the response"},
        {part_resets_early, HX_RESET, STREAM_RESET, ECONNRESET, "", "connection reset by the peer"},
        {part_truncates, HX_TRUNCATED, STREAM_EOF, 0, "only so much",
         "the server has closed the connection within the response"},
        {part_truncates_chunks, HX_TRUNCATED, STREAM_EOF, 0, "hello", NULL},
        {part_truncates_headers, HX_TRUNCATED, STREAM_EOF, 0, "", NULL},
        {part_resets_within, HX_TRUNCATED, STREAM_RESET, ECONNRESET, "only so much", "connection reset by the peer"},
        {part_not_http, HX_BAD_FRAME, 0, 0, "", NULL},
        {part_bad_chunk, HX_BAD_FRAME, 0, 0, "hello", NULL},
        {part_switches, HX_BAD_FRAME, 0, 0, "", NULL},
        {part_huge_headers, HX_TOOBIG, 0, 0, "", "more than 64 KiB of headers"},
    };
    part *parts[ARRAY_LEN(want)];
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        parts[i] = want[i].p;
    struct rig r;
    rig_open(&r, parts, ARRAY_LEN(want), NULL);
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        ask(&r);
        assert_int_equal(r.a.x.result, want[i].result);
        assert_int_equal((int)r.a.x.rc, want[i].rc);
        assert_int_equal(r.a.x.sys, want[i].sys);
        assert_body(&r.a, want[i].body);
        if (want[i].detail)
            assert_string_equal(r.a.x.detail, want[i].detail);
        else
            assert_true(r.a.x.detail[0] != 0);
        assert_int_equal(hclient_get_stats(r.c).open_now, 0);
        assert_true(r.a.x.end >= r.a.x.first_byte);
    }
    assert_int_equal(hclient_get_stats(r.c).retried, 0); /* all on new connections */
    rig_close(&r);
}

static void test_connection_refused(void **state)
{
    struct rig r;
    rig_open(&r, NULL, 0, NULL);
    close(r.srv.lfd); /* nobody listens there any more */
    r.srv.lfd = -1;
    for (int i = 0; i < 2; i++) {
        ask(&r);
        assert_int_equal(r.a.x.result, HX_CONNECT);
        assert_int_equal((int)r.a.x.rc, STREAM_REFUSED);
        assert_int_equal(r.a.x.sys, ECONNREFUSED);
        assert_string_equal(r.a.x.detail, "connection refused");
        assert_true(r.a.x.conn_start > 0 && r.a.x.conn_end == 0);
    }
    assert_int_equal(hclient_get_stats(r.c).failed_connects, 2);
    assert_int_equal(hclient_get_stats(r.c).opened, 0);
    rig_close(&r);
}

static void test_out_of_files(void **state)
{
    struct rlimit old, tight;
    struct rig r;
    rig_open(&r, NULL, 0, NULL);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    int lowest = dup(0);
    close(lowest);
    tight = old;
    tight.rlim_cur = (rlim_t)lowest;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    ask(&r);
    setrlimit(RLIMIT_NOFILE, &old);
    assert_int_equal(r.a.x.result, HX_CONNECT);
    assert_int_equal((int)r.a.x.rc, STREAM_NOFILES);
    assert_string_equal(r.a.x.detail, "too many open files");
    rig_close(&r);
}

static void test_stopping_from_callbacks(void **state)
{
    static part *const parts[] = {part_chunked, part_chunked, part_chunked, part_chunked};
    struct rig r;
    rig_open(&r, parts, 4, NULL);
    for (int at = AT_STATUS; at <= AT_BODY; at++) {
        r.a.stop_in = at;
        ask(&r);
        assert_int_equal(r.a.x.result, HX_STOPPED);
        assert_int_equal(hclient_get_stats(r.c).open_now, 0);
    }
    rig_close(&r);
}

static void test_cancelling_from_callbacks(void **state)
{
    static part *const parts[] = {part_chunked, part_chunked, part_chunked, part_chunked, part_chunked};
    struct rig r;
    rig_open(&r, parts, 5, NULL);
    for (int at = AT_STATUS; at <= AT_READ_END; at++) {
        ask_again(&r.a);
        r.a.cancel_in = at;
        hx_start(r.c, &r.a.x);
        run(r.l);
        run_for(r.l, 2 * NS_PER_MS);
        assert_int_equal(r.a.n_done, 0);
        assert_int_equal(r.a.n_status, 1);
        assert_int_equal(r.a.n_headers_done, at >= AT_HEADERS_DONE);
        assert_int_equal(r.a.n_read_end, at == AT_READ_END);
        assert_int_equal(r.a.x.result, HX_CANCELLED);
        assert_true(r.a.x.end > 0);
        assert_int_equal(hclient_get_stats(r.c).open_now, 0);
        hx_cancel(&r.a.x); /* again: nothing */
    }
    rig_close(&r);
}

static void part_silent(int fd)
{
    wait_for_close(fd);
}

static void test_cancelling_at_any_time(void **state)
{
    static part *const parts[] = {part_silent, part_silent, part_one_then_close_later};
    struct rig r;
    rig_open(&r, parts, 3, NULL);
    hx_start(r.c, &r.a.x); /* while connecting, at once */
    hx_cancel(&r.a.x);
    run_for(r.l, 2 * NS_PER_MS);
    hx_start(r.c, &r.a.x); /* while waiting */
    while (r.a.x.sent_last == 0)
        run_for(r.l, NS_PER_MS);
    run_for(r.l, 2 * NS_PER_MS);
    hx_cancel(&r.a.x);
    run_for(r.l, 2 * NS_PER_MS);
    assert_int_equal(r.a.n_done, 0);
    assert_int_equal(hclient_get_stats(r.c).open_now, 0);
    r.a.cancel_in = 0;
    ask(&r); /* the same hx again; then cancelled on a reused connection */
    assert_int_equal(r.a.x.result, HX_OK);
    hx_start(r.c, &r.a.x);
    hx_cancel(&r.a.x);
    run_for(r.l, 2 * NS_PER_MS);
    assert_int_equal(hclient_get_stats(r.c).open_now, 0);
    hx_cancel(&r.a.x);
    rig_close(&r);
}

enum { BIG = 6 * 1024 * 1024 };

static void part_big_request(int fd)
{
    poll(NULL, 0, 20); /* the socket fills up first */
    if (get_request(fd))
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ngot");
    wait_for_close(fd);
}

static void part_answers_early(int fd)
{
    char b[100];
    if (recv(fd, b, sizeof(b), 0) > 0)
        say(fd, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig");
    poll(NULL, 0, 50);
}

static void part_answers_early_and_resets(int fd)
{
    char b[100];
    if (recv(fd, b, sizeof(b), 0) > 0)
        say(fd, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig");
}

static void test_large_requests(void **state)
{
    static part *const parts[] = {part_big_request, part_answers_early, part_answers_early_and_resets};
    char head[100], *body = xcalloc(1, BIG);
    int n = snprintf(head, sizeof(head), "POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n", BIG);
    struct iovec v[4] = {{head, (size_t)n}, {body, 1000}, {body, 0}, {body + 1000, BIG - 1000}};
    struct rig r;
    rig_open(&r, parts, 3, NULL);
    r.a.x.out = v;
    r.a.x.n_out = 4;
    ask(&r);
    assert_int_equal(r.a.x.result, HX_OK);
    assert_body(&r.a, "got");
    assert_int_equal(r.a.x.bytes_out, (size_t)n + BIG);
    assert_true(r.a.x.sent_last > r.a.x.sent_first);
    assert_int_equal(hclient_get_stats(r.c).idle_now, 1);
    hclient_free(&r.c);
    struct hclient_opts o = {.addrs = &r.srv.addr, .n_addrs = 1};
    r.c = hclient_new(r.l, &o);
    for (int i = 0; i < 2; i++) {
        ask(&r); /* answered before the request is out: taken, and the connection given up */
        if (i == 1 && r.a.x.result == HX_RESET)
            break; /* the reset may overtake the answer: the kernel threw it away */
        assert_int_equal(r.a.x.result, HX_OK);
        assert_int_equal(r.a.x.status, 413);
        assert_body(&r.a, "big");
        assert_int_equal(r.a.x.sent_last, 0);
        assert_true(r.a.x.bytes_out < BIG);
        assert_int_equal(hclient_get_stats(r.c).open_now, 0);
    }
    rig_close(&r);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_connection_refused),
        cmocka_unit_test(test_out_of_files),
        cmocka_unit_test(test_stopping_from_callbacks),
        cmocka_unit_test(test_cancelling_from_callbacks),
        cmocka_unit_test(test_cancelling_at_any_time),
        cmocka_unit_test(test_large_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
