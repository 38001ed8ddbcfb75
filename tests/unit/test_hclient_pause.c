/* test_hclient_pause.c - hx_pause and hx_resume over HTTP/1, against a server that writes whether it is read or not:
 * what may still come, what does not, and how each kind of end is met. Both versions and TLS: test_backpressure.c. */
#include "hclient_rig.h"

enum { BIG = 24 << 20 }; /* more than the sockets between can hold */

static _Atomic size_t said;

/* A body in which each place can be recognised. */
static unsigned char byte_at(size_t i)
{
    return (unsigned char)(i * 7 + (i >> 10) + (i >> 17));
}

static void say_big(int fd, size_t n)
{
    static unsigned char p[16384];
    for (size_t at = 0; at < n; at += sizeof(p)) {
        for (size_t i = 0; i < sizeof(p); i++)
            p[i] = byte_at(at + i);
        for (size_t done = 0; done < sizeof(p);) {
            ssize_t r = send(fd, p + done, sizeof(p) - done, MSG_NOSIGNAL);
            if (r <= 0)
                return;
            done += (size_t)r;
            said += (size_t)r;
        }
    }
}

#define HEAD_BIG "HTTP/1.1 200 OK\r\nContent-Length: 25165824\r\n\r\n"

static void part_big(int fd)
{
    while (get_request(fd)) {
        said = 0;
        say(fd, HEAD_BIG);
        say_big(fd, BIG);
    }
}

static void part_big_then_close(int fd)
{
    get_request(fd);
    say(fd, HEAD_BIG);
    say_big(fd, 1 << 17);
}

static void part_big_then_reset(int fd)
{
    part_big_then_close(fd);
    usleep(20000); /* what was said goes out before */
    reset(fd);
}

static int pieces;

/* Checked where it stands, and not kept. */
static int on_big(struct hx *x, struct str piece, const struct rx *rx)
{
    struct ask *a = (struct ask *)x;
    for (size_t i = 0; i < piece.n; i++) {
        if ((unsigned char)piece.p[i] != byte_at(a->body.n + i))
            fail_msg("wrong byte at %zu", a->body.n + i);
    }
    pieces++;
    a->body.n += piece.n; /* used as a counter: its memory stays empty */
    hx_pause(x);
    return 0;
}

static const struct hx_ops pausing_ops = {on_status, on_header, on_headers_done, on_big, on_read_end, on_done};

static void rig_open_big(struct rig *r, part *const *parts, int n)
{
    rig_open(r, parts, n, NULL);
    r->a.x.ops = &pausing_ops;
    r->a.keep_running = true; /* run_for ends by itself */
}

static void start(struct rig *r)
{
    r->a.body.n = pieces = 0;
    r->a.n_done = r->a.n_read_end = r->a.n_status = 0;
    hx_start(r->c, &r->a.x);
}

static void test_nothing_comes_while_paused(void **state)
{
    part *const parts[] = {part_big};
    struct rig r;
    rig_open_big(&r, parts, 1);
    for (int round = 0; round < 2; round++) {
        start(&r);
        while (r.a.body.n == 0)
            run_for(r.l, NS_PER_MS);
        for (size_t before = 1; before != said;) { /* until the sockets are full */
            before = said;
            run_for(r.l, 100 * NS_PER_MS);
        }
        size_t got = r.a.body.n, sent = said;
        uint64_t waits = loop_get_stats(r.l).waits;
        assert_int_equal(pieces, 1); /* that in which it was paused */
        assert_true(got <= 65536);
        assert_true(sent < BIG);
        run_for(r.l, 200 * NS_PER_MS);
        assert_int_equal(r.a.body.n, got);
        assert_int_equal(said, sent); /* the server stands still */
        assert_true(loop_get_stats(r.l).waits - waits < 50);
        int reads = 0;
        while (r.a.n_done == 0) {
            int before = r.a.n_read_end;
            hx_resume(&r.a.x);
            hx_resume(&r.a.x); /* again is nothing */
            assert_int_equal(r.a.n_read_end, before);
            run_for(r.l, NS_PER_MS);
            reads++;
            assert_true(r.a.n_read_end <= before + 1);
        }
        assert_int_equal(r.a.x.result, HX_OK);
        assert_int_equal(r.a.body.n, BIG);
        assert_int_equal(r.a.x.new_conn, round == 0); /* back in the pool, and fit for the next */
        assert_int_equal(hclient_get_stats(r.c).idle_now, 1);
        hx_pause(&r.a.x); /* nothing is under way */
        hx_resume(&r.a.x);
    }
    r.a.body.n = 0;
    rig_close(&r);
}

static void test_paused_before_it_begins(void **state)
{
    part *const parts[] = {part_chunked};
    struct rig r;
    rig_open(&r, parts, 1, NULL);
    for (int round = 0; round < 2; round++) { /* on a new connection, on an idle one */
        ask_again(&r.a);
        hx_start(r.c, &r.a.x);
        hx_pause(&r.a.x);
        run_for(r.l, 50 * NS_PER_MS);
        assert_int_equal(r.a.n_status, 0);
        assert_true(r.a.x.sent_last > 0); /* the request has gone */
        assert_int_equal(r.a.x.bytes_in, 0);
        hx_resume(&r.a.x);
        run(r.l);
        assert_int_equal(r.a.x.result, HX_OK);
        assert_int_equal(r.a.x.new_conn, round == 0);
        assert_body(&r.a, "hello, world");
    }
    rig_close(&r);
}

static void test_cancelled_while_paused(void **state)
{
    part *const parts[] = {part_big, part_chunked};
    struct rig r;
    rig_open_big(&r, parts, 2);
    start(&r);
    while (r.a.body.n == 0)
        run_for(r.l, NS_PER_MS);
    hx_cancel(&r.a.x);
    hx_resume(&r.a.x);
    run_for(r.l, 20 * NS_PER_MS);
    assert_int_equal(r.a.n_done, 0);
    assert_int_equal(r.a.x.result, HX_CANCELLED);
    assert_int_equal(hclient_get_stats(r.c).open_now, 0);
    r.a.x.ops = &ask_ops;
    r.a.keep_running = false;
    ask(&r);
    assert_body(&r.a, "hello, world");
    rig_close(&r);
}

static void test_the_peer_ends_it_while_paused(void **state)
{
    part *const parts[2][1] = {{part_big_then_close}, {part_big_then_reset}};
    for (int i = 0; i < 2; i++) {
        struct rig r;
        rig_open_big(&r, parts[i], 1);
        start(&r);
        while (r.a.body.n == 0)
            run_for(r.l, NS_PER_MS);
        run_for(r.l, 100 * NS_PER_MS);
        uint64_t waits = loop_get_stats(r.l).waits;
        run_for(r.l, 100 * NS_PER_MS);
        assert_true(loop_get_stats(r.l).waits - waits < 50); /* a dead file does not keep the loop busy */
        assert_int_equal(r.a.n_done, 0);
        for (int k = 0; k < 100 && r.a.n_done == 0; k++) {
            hx_resume(&r.a.x);
            run_for(r.l, NS_PER_MS);
        }
        assert_int_equal(r.a.n_done, 1);
        assert_int_equal(r.a.x.result, HX_TRUNCATED);
        assert_int_equal(r.a.x.rc, i == 0 ? STREAM_EOF : STREAM_RESET);
        if (i == 0)
            assert_int_equal(r.a.body.n, 1 << 17); /* what it had said is not lost */
        r.a.body.n = 0;
        rig_close(&r);
    }
}

static int pause_in_status(struct hx *x, int status)
{
    hx_pause(x);
    return on_status(x, status);
}

static const struct hx_ops pause_at_once = {pause_in_status, on_header, on_headers_done, on_body, on_read_end, on_done};

static atomic_bool answered;

static void part_one_until_answered(int fd)
{
    get_request(fd);
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    for (int i = 0; i < 5000 && !answered; i++)
        usleep(1000);
}

/* The whole answer lies in the read in which it is paused: it ends, and the idle connection hears its end. */
static void test_the_end_in_the_same_read(void **state)
{
    part *const parts[] = {part_one_until_answered};
    struct rig r;
    rig_open(&r, parts, 1, NULL);
    r.a.x.ops = &pause_at_once;
    ask(&r);
    assert_int_equal(r.a.x.result, HX_OK);
    assert_body(&r.a, "ok");
    assert_int_equal(hclient_get_stats(r.c).idle_now, 1);
    answered = true;
    for (int i = 0; i < 500 && hclient_get_stats(r.c).idle_now > 0; i++)
        run_for(r.l, 10 * NS_PER_MS);
    assert_int_equal(hclient_get_stats(r.c).open_now, 0);
    assert_int_equal(hclient_get_stats(r.c).server_closed, 1);
    rig_close(&r);
}

/* A pause is of the exchange, not of the connection: it outlives a retry. */
static void test_closed_before_the_answer(void **state)
{
    part *const parts[] = {part_one_then_close_later, part_chunked, part_closes_early};
    struct rig r;
    rig_open(&r, parts, 3, NULL);
    ask(&r);
    assert_body(&r.a, "ok");
    for (int i = 0; i < 2; i++) { /* the second time on a connection that answers */
        ask_again(&r.a);
        hx_start(r.c, &r.a.x);
        hx_pause(&r.a.x);
        run_for(r.l, 50 * NS_PER_MS);
        assert_int_equal(r.a.n_done, 0); /* closed or answered, nobody looks */
        hx_resume(&r.a.x);
        run(r.l);
        assert_int_equal(r.a.x.retried, i == 0);
        assert_body(&r.a, "hello, world");
    }
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_comes_while_paused), cmocka_unit_test(test_paused_before_it_begins),
        cmocka_unit_test(test_cancelled_while_paused),     cmocka_unit_test(test_the_peer_ends_it_while_paused),
        cmocka_unit_test(test_the_end_in_the_same_read),   cmocka_unit_test(test_closed_before_the_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
