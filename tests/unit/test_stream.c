/* test_stream.c - plain streams over real sockets: stamps, bounds, failures. The peer is a bare blocking socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/listen.h"
#include "net/resolve.h"
#include "net/stream.h"

struct peer { /* a stream and all that its callback was told */
    struct loop *l;
    struct stream *s;
    unsigned seen, stop_on;
    int calls;
};

static void on_stream(void *arg, struct stream *s, unsigned what)
{
    struct peer *p = arg;
    p->seen |= what;
    p->calls++;
    if (what & p->stop_on)
        loop_stop(p->l);
}

static void on_deadline(struct timer *t)
{
    fail_msg("the loop waited for more than 5 s");
}

static void run_until(struct peer *p, unsigned what)
{
    struct timer t = {.fire = on_deadline};
    p->stop_on = what;
    p->seen = 0;
    loop_timer_set(p->l, &t, clock_mono() + 5 * NS_PER_S);
    loop_run(p->l);
    loop_timer_stop(p->l, &t);
}

struct stopper {
    struct timer t;
    struct loop *l;
};

static void on_stopper(struct timer *t)
{
    loop_stop(CONTAINER_OF(t, struct stopper, t)->l);
}

static void run_for(struct loop *l, int64_t ns)
{
    struct stopper s = {.t = {.fire = on_stopper}, .l = l};
    loop_timer_set(l, &s.t, clock_mono() + ns);
    loop_run(l);
}

static int listen_on(struct addr *a)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in *in = (struct sockaddr_in *)&a->sa;
    memset(a, 0, sizeof(*a));
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a->len = sizeof(*in);
    assert_int_equal(bind(fd, (struct sockaddr *)in, a->len), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)in, &a->len), 0);
    return fd;
}

/* A stream that is up, and the bare socket at its other end. */
static int connect_pair(struct peer *p, bool no_stamps)
{
    struct addr a;
    int lfd = listen_on(&a);
    struct dial d = {.addrs = &a, .n_addrs = 1, .no_stamps = no_stamps};
    enum stream_rc rc;
    p->l = loop_new(NULL, NULL);
    p->s = stream_dial(p->l, &d, on_stream, p, &rc);
    assert_non_null(p->s);
    assert_int_equal(p->calls, 0); /* never from inside */
    run_until(p, STREAM_UP);
    int fd = accept(lfd, NULL, NULL), one = 1;
    assert_true(fd >= 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    close(lfd);
    return fd;
}

static void done(struct peer *p, int fd)
{
    stream_close(&p->s);
    assert_null(p->s);
    loop_free(&p->l);
    close(fd);
}

static void test_connect_read_and_write(void **state)
{
    struct peer p = {0};
    int64_t t0 = clock_mono();
    int fd = connect_pair(&p, false);
    const struct stream_times *t = stream_get_times(p.s);
    assert_true(t->conn_start >= t0 && t->conn_end >= t->conn_start && t->conn_end <= clock_mono());
    assert_int_equal(t->tls_end, 0);
    assert_false(stream_is_unix(p.s));
    int on = 0;
    socklen_t len = sizeof(on);
    assert_int_equal(getsockopt(stream_fd(p.s), IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    assert_int_equal(on, 1);

    char buf[100];
    struct rx rx;
    assert_int_equal(stream_read(p.s, buf, sizeof(buf), &rx), STREAM_AGAIN);
    struct iovec v[3] = {{(char *)"he", 2}, {(char *)"", 0}, {(char *)"llo", 3}};
    assert_int_equal(stream_writev(p.s, v, 3), 5);
    assert_int_equal(recv(fd, buf, 5, MSG_WAITALL), 5);
    assert_memory_equal(buf, "hello", 5);

    assert_int_equal(send(fd, "abc", 3, 0), 3);
    stream_want(p.s, true, false);
    run_until(&p, STREAM_READABLE);
    assert_int_equal(stream_read(p.s, buf, sizeof(buf), &rx), 3);
    assert_memory_equal(buf, "abc", 3);
    stream_want(p.s, true, true);
    run_until(&p, STREAM_WRITABLE);
    stream_want(p.s, true, false);
    shutdown(fd, SHUT_WR);
    run_until(&p, STREAM_READABLE);
    assert_int_equal(stream_read(p.s, buf, sizeof(buf), &rx), STREAM_EOF);
    done(&p, fd);
}

static void test_a_delayed_read_still_gives_the_arrival(void **state)
{
    struct peer p = {0};
    int fd = connect_pair(&p, false);
    stream_want(p.s, true, false);
    char buf[100];
    struct rx rx;
    /* The kernel switches stamping on by a work item, and off behind the test before by another, which may still run:
     * when stamps have come for 20 ms without a gap, all must have one. */
    for (int i = 0, in_row = 0; i < 500 && in_row < 10; i++) {
        assert_int_equal(send(fd, "x", 1, 0), 1);
        poll(NULL, 0, 2);
        run_until(&p, STREAM_READABLE);
        assert_int_equal(stream_read(p.s, buf, sizeof(buf), &rx), 1);
        in_row = rx.kernel ? in_row + 1 : 0;
    }
    int64_t best = INT64_MAX;
    int kernel = 0;
    for (int i = 0; i < 20; i++) {
        int64_t before = clock_mono();
        assert_int_equal(send(fd, "x", 1, 0), 1);
        poll(NULL, 0, 5); /* nobody reads */
        run_until(&p, STREAM_READABLE);
        int64_t t = clock_mono();
        assert_int_equal(stream_read(p.s, buf, sizeof(buf), &rx), 1);
        assert_true(rx.user >= t && rx.user - before >= 5 * NS_PER_MS);
        assert_true(rx.since <= rx.stamp && rx.stamp <= rx.user);
        if (!rx.kernel)
            continue;
        kernel++;
        /* The sender's own clock is the truth; 1 us for the two clocks being read one after the other. */
        assert_true(rx.stamp >= before - NS_PER_US);
        best = MIN(best, rx.stamp - before);
    }
    if (kernel == 0)
        skip(); /* a kernel without stamps */
    assert_int_equal(kernel, 20);
    assert_true(best < NS_PER_MS);
    done(&p, fd);
}

static void test_without_stamps_the_read_is_the_instant(void **state)
{
    struct peer p = {0};
    int fd = connect_pair(&p, true);
    stream_want(p.s, true, false);
    char buf[100];
    struct rx rx;
    int64_t before = clock_mono();
    assert_int_equal(send(fd, "x", 1, 0), 1);
    poll(NULL, 0, 5);
    run_until(&p, STREAM_READABLE);
    assert_int_equal(stream_read(p.s, buf, sizeof(buf), &rx), 1);
    assert_false(rx.kernel);
    assert_int_equal(rx.stamp, rx.user);
    assert_true(rx.stamp >= before + 5 * NS_PER_MS);
    done(&p, fd);
}

static void test_two_segments_in_one_read_lie_in_the_interval(void **state)
{
    struct peer p = {0};
    int fd = connect_pair(&p, false);
    stream_want(p.s, true, false);
    char buf[100];
    struct rx rx;
    for (int i = 0; i < 5; i++) {
        run_for(p.l, NS_PER_MS); /* a wait that finds nothing: the lower bound */
        int64_t sent1 = clock_mono();
        assert_int_equal(send(fd, "one", 3, 0), 3);
        poll(NULL, 0, 2);
        int64_t sent2 = clock_mono();
        assert_int_equal(send(fd, "two", 3, 0), 3);
        poll(NULL, 0, 2);
        run_until(&p, STREAM_READABLE);
        assert_int_equal(stream_read(p.s, buf, sizeof(buf), &rx), 6);
        assert_true(rx.since <= sent1);
        assert_true(rx.since >= sent1 - 200 * NS_PER_MS);
        if (rx.kernel)
            assert_true(rx.stamp >= sent2 - NS_PER_US);
    }
    done(&p, fd);
}

/* Sends the pieces one segment each, reads them all at once and asks. */
static bool read_was_one(struct peer *p, int fd, const char *const *pieces, size_t cap)
{
    char buf[100];
    struct rx rx;
    size_t n = 0;
    for (; *pieces; pieces++) {
        assert_int_equal(send(fd, *pieces, strlen(*pieces), 0), strlen(*pieces));
        n += strlen(*pieces);
        poll(NULL, 0, 2);
    }
    bool one = false;
    while (n > 0) {
        run_until(p, STREAM_READABLE);
        ssize_t k = stream_read(p->s, buf, cap, &rx);
        assert_true(k > 0);
        n -= (size_t)k;
        if (n > 0)
            assert_false(stream_one_segment(p->s)); /* something waits unread */
        else
            one = stream_one_segment(p->s);
        assert_true(one == (n == 0 && stream_one_segment(p->s))); /* the same until the next read */
    }
    return one;
}

static void test_one_segment_is_told_from_several(void **state)
{
    static const char *const one[] = {"three events at once", NULL}, *const two[] = {"one", "two", NULL};
    struct peer p = {0};
    int fd = connect_pair(&p, false);
    stream_want(p.s, true, false);
    for (int i = 0; i < 3; i++) {
        assert_true(read_was_one(&p, fd, one, 100));
        assert_true(read_was_one(&p, fd, one, 100));
        assert_false(read_was_one(&p, fd, two, 100));
        assert_true(read_was_one(&p, fd, one, 100)); /* the count began anew with the last question */
        assert_false(read_was_one(&p, fd, one, 10)); /* cut by its buffer */
        assert_false(read_was_one(&p, fd, two, 3));  /* as many reads as segments, but of other bytes */
        read_was_one(&p, fd, one, 100);              /* may be unknown: the count starts here */
        assert_true(read_was_one(&p, fd, one, 100));
    }
    done(&p, fd);
}

/* One read, `nap` ms after `n` bytes were sent. */
static struct rx read_after(struct peer *p, int fd, size_t n, int nap)
{
    char bytes[2000] = {0};
    struct rx rx;
    assert_int_equal(send(fd, bytes, n, 0), n);
    poll(NULL, 0, nap);
    run_until(p, STREAM_READABLE);
    assert_int_equal(stream_read(p->s, bytes, sizeof bytes, &rx), n);
    return rx;
}

static void test_behind_a_late_read_the_bound_reaches_back(void **state)
{
    struct peer p = {0};
    int fd = connect_pair(&p, false);
    stream_want(p.s, true, false);
    struct rx late = {0}, next = {0};
    for (int i = 0; i < 200 && !late.kernel; i++)
        late = read_after(&p, fd, 1, 0);
    if (!late.kernel)
        skip(); /* a kernel without stamps */
    stream_one_segment(p.s);
    late = read_after(&p, fd, 1500, 6); /* so much may be ten small segments, whose sender waits for us */
    stream_one_segment(p.s);
    next = read_after(&p, fd, 300, 0);
    assert_int_equal(next.since, late.since);
    assert_false(stream_one_segment(p.s));
    struct rx third = read_after(&p, fd, 300, 0); /* and then it is over, if that read was not late too */
    if (next.user - next.stamp < 2 * NS_PER_MS)
        assert_true(third.since > late.stamp);
    late = read_after(&p, fd, 100, 6); /* one small segment is held back by nobody */
    next = read_after(&p, fd, 300, 0);
    assert_true(next.since > late.stamp + 4 * NS_PER_MS);
    done(&p, fd);
}

static void test_the_lower_bound_survives_a_full_read(void **state)
{
    struct peer p = {0};
    int fd = connect_pair(&p, false);
    stream_want(p.s, true, false);
    char buf[4];
    struct rx rx;
    int64_t sent = clock_mono();
    assert_int_equal(send(fd, "12345678", 8, 0), 8);
    for (int i = 0; i < 2; i++) {
        run_until(&p, STREAM_READABLE);
        assert_int_equal(stream_read(p.s, buf, 4, &rx), 4);
        /* The second half came before the first was read: only instants before `sent` are lower bounds. */
        assert_true(rx.since <= sent);
        poll(NULL, 0, 2);
    }
    /* The second read was full, too, so its end is not known to have emptied the socket; a read that is not full is. */
    int64_t sent2 = clock_mono();
    assert_int_equal(send(fd, "9", 1, 0), 1);
    run_until(&p, STREAM_READABLE);
    assert_int_equal(stream_read(p.s, buf, 4, &rx), 1);
    assert_true(rx.since <= sent2);
    int64_t after = clock_mono();
    run_for(p.l, NS_PER_MS);
    assert_int_equal(send(fd, "a", 1, 0), 1);
    run_until(&p, STREAM_READABLE);
    assert_int_equal(stream_read(p.s, buf, 4, &rx), 1);
    assert_true(rx.since >= after - 100 * NS_PER_US && rx.since >= sent2);
    done(&p, fd);
}

static void test_a_pause_in_asking_is_no_lower_bound(void **state)
{
    struct peer p = {0};
    int fd = connect_pair(&p, false);
    char buf[100];
    struct rx rx;
    int64_t sent = clock_mono();
    assert_int_equal(send(fd, "x", 1, 0), 1);
    for (int i = 0; i < 3; i++)
        run_for(p.l, NS_PER_MS); /* waits that did not report it because nobody asked */
    stream_want(p.s, true, false);
    run_until(&p, STREAM_READABLE);
    assert_int_equal(stream_read(p.s, buf, sizeof(buf), &rx), 1);
    assert_true(rx.since <= sent);
    done(&p, fd);
}

static void test_refused_and_the_next_address(void **state)
{
    struct addr a[2];
    int lfd = listen_on(&a[0]), lfd2 = listen_on(&a[1]);
    close(lfd); /* a port that nobody listens on */
    struct peer p = {.l = loop_new(NULL, NULL)};
    struct dial d = {.addrs = a, .n_addrs = 1};
    enum stream_rc rc;
    p.s = stream_dial(p.l, &d, on_stream, &p, &rc);
    assert_non_null(p.s);
    run_until(&p, STREAM_UP | STREAM_FAILED);
    assert_int_equal(p.seen, STREAM_FAILED);
    assert_int_equal(p.calls, 1);
    assert_int_equal(stream_fail_rc(p.s), STREAM_REFUSED);
    assert_int_equal(stream_errno(p.s), ECONNREFUSED);
    assert_string_equal(stream_error(p.s), "connection refused");
    stream_close(&p.s);

    d.n_addrs = 2;
    p.s = stream_dial(p.l, &d, on_stream, &p, &rc);
    run_until(&p, STREAM_UP | STREAM_FAILED);
    assert_int_equal(p.seen, STREAM_UP);
    assert_int_equal(stream_errno(p.s), 0);
    assert_string_equal(stream_error(p.s), "");
    stream_close(&p.s);
    close(lfd2);
    loop_free(&p.l);
}

static void test_reset_by_the_peer(void **state)
{
    struct peer p = {0};
    int fd = connect_pair(&p, false);
    stream_want(p.s, true, false);
    struct linger lg = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg));
    close(fd);
    run_until(&p, STREAM_READABLE);
    char buf[10];
    struct rx rx;
    assert_int_equal(stream_read(p.s, buf, sizeof(buf), &rx), STREAM_RESET);
    assert_int_equal(stream_errno(p.s), ECONNRESET);
    struct iovec v = {(char *)"x", 1};
    assert_int_equal(stream_writev(p.s, &v, 1), STREAM_RESET); /* and no SIGPIPE */
    stream_close(&p.s);
    loop_free(&p.l);
}

static void test_our_reset_reaches_the_peer(void **state)
{
    struct peer p = {0};
    int fd = connect_pair(&p, false);
    stream_reset_on_close(p.s);
    stream_close(&p.s);
    char c;
    assert_int_equal(recv(fd, &c, 1, 0), -1);
    assert_int_equal(errno, ECONNRESET);
    loop_free(&p.l);
    close(fd);
}

struct acceptor {
    struct loop *l;
    struct stream *s;
    struct peer *peer;
};

static void on_accept(void *arg, int fd)
{
    struct acceptor *a = arg;
    a->s = stream_accept(a->l, fd, NULL, on_stream, a->peer);
}

static void test_accepted_streams_are_stamped_from_the_first_byte(void **state)
{
    struct loop *l = loop_new(NULL, NULL);
    struct peer client = {.l = l}, server = {.l = l};
    struct acceptor acc = {.l = l, .peer = &server};
    struct addr a;
    assert_int_equal(resolve_host("127.0.0.1", 0, &a, 1, NULL), 1);
    struct listener *ln = listener_new(l, &a, false, true, on_accept, &acc, NULL);
    assert_non_null(ln);
    listener_addr(ln, &a);
    /* The bytes are there before accept is called. */
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a.sa, a.len), 0);
    int64_t before = clock_mono();
    assert_int_equal(send(fd, "early", 5, 0), 5);
    poll(NULL, 0, 10);
    run_until(&server, STREAM_UP);
    stream_want(acc.s, true, false);
    run_until(&server, STREAM_READABLE);
    char buf[10];
    struct rx rx;
    assert_int_equal(stream_read(acc.s, buf, sizeof(buf), &rx), 5);
    assert_true(rx.since <= before);
    if (rx.kernel) {
        assert_true(rx.stamp >= before - NS_PER_US);
        assert_true(rx.user - rx.stamp >= 2 * NS_PER_MS);
    }
    int on = 0;
    socklen_t len = sizeof(on);
    getsockopt(stream_fd(acc.s), IPPROTO_TCP, TCP_NODELAY, &on, &len);
    assert_int_equal(on, 1);
    stream_close(&acc.s);
    listener_free(&ln);
    close(fd);
    loop_free(&l);
    (void)client;
}

static void test_unix_sockets_have_no_stamps(void **state)
{
    struct loop *l = loop_new(NULL, NULL);
    struct peer client = {.l = l}, server = {.l = l};
    struct acceptor acc = {.l = l, .peer = &server};
    char path[64];
    snprintf(path, sizeof(path), "/tmp/weir-test-stream-%d", (int)getpid());
    struct addr a;
    assert_int_equal(resolve_unix(path, &a, NULL), 0);
    struct dial d = {.addrs = &a, .n_addrs = 1};
    enum stream_rc rc;
    client.s = stream_dial(l, &d, on_stream, &client, &rc);
    assert_non_null(client.s);
    run_until(&client, STREAM_FAILED);
    assert_int_equal(stream_fail_rc(client.s), STREAM_UNREACHABLE);
    assert_string_equal(stream_error(client.s), "no such socket");
    stream_close(&client.s);

    struct listener *ln = listener_new(l, &a, false, true, on_accept, &acc, NULL);
    assert_non_null(ln);
    client.s = stream_dial(l, &d, on_stream, &client, &rc);
    run_until(&server, STREAM_UP);
    if (!(client.seen & STREAM_UP))
        run_until(&client, STREAM_UP);
    assert_true(stream_is_unix(client.s));
    assert_true(stream_is_unix(acc.s));
    struct iovec v = {(char *)"abc", 3};
    assert_int_equal(stream_writev(client.s, &v, 1), 3);
    stream_want(acc.s, true, false);
    run_until(&server, STREAM_READABLE);
    char buf[10];
    struct rx rx;
    assert_int_equal(stream_read(acc.s, buf, sizeof(buf), &rx), 3);
    assert_false(rx.kernel);
    assert_int_equal(rx.stamp, rx.user);
    stream_close(&acc.s);
    stream_close(&client.s);
    listener_free(&ln);
    assert_int_equal(access(path, F_OK), -1);
    loop_free(&l);
}

static void test_a_full_unix_backlog_is_waited_for(void **state)
{
    enum { N = 4 };
    struct loop *l = loop_new(NULL, NULL);
    char path[64];
    snprintf(path, sizeof(path), "/tmp/weir-test-backlog-%d", (int)getpid());
    struct addr a;
    assert_int_equal(resolve_unix(path, &a, NULL), 0);
    int lfd = socket(AF_UNIX, SOCK_STREAM, 0), fd[N];
    assert_int_equal(bind(lfd, (struct sockaddr *)&a.sa, a.len), 0);
    assert_int_equal(listen(lfd, 0), 0); /* room for one */
    struct peer p[N];
    struct dial d = {.addrs = &a, .n_addrs = 1};
    enum stream_rc rc;
    for (int i = 0; i < N; i++) {
        p[i] = (struct peer){.l = l};
        p[i].s = stream_dial(l, &d, on_stream, &p[i], &rc);
        assert_non_null(p[i].s);
    }
    run_for(l, 10 * NS_PER_MS);
    int up = 0;
    for (int i = 0; i < N; i++) {
        assert_false(p[i].seen & STREAM_FAILED);
        up += p[i].seen == STREAM_UP;
    }
    assert_true(up < N);
    for (int i = 0; i < N; i++) {
        fd[i] = accept(lfd, NULL, NULL);
        assert_true(fd[i] >= 0);
        run_for(l, 5 * NS_PER_MS);
    }
    for (int i = 0; i < N; i++) {
        assert_int_equal(p[i].seen, STREAM_UP);
        stream_close(&p[i].s);
        close(fd[i]);
    }
    close(lfd);
    unlink(path);
    loop_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect_read_and_write),
        cmocka_unit_test(test_a_delayed_read_still_gives_the_arrival),
        cmocka_unit_test(test_without_stamps_the_read_is_the_instant),
        cmocka_unit_test(test_two_segments_in_one_read_lie_in_the_interval),
        cmocka_unit_test(test_one_segment_is_told_from_several),
        cmocka_unit_test(test_behind_a_late_read_the_bound_reaches_back),
        cmocka_unit_test(test_the_lower_bound_survives_a_full_read),
        cmocka_unit_test(test_a_pause_in_asking_is_no_lower_bound),
        cmocka_unit_test(test_refused_and_the_next_address),
        cmocka_unit_test(test_reset_by_the_peer),
        cmocka_unit_test(test_our_reset_reaches_the_peer),
        cmocka_unit_test(test_accepted_streams_are_stamped_from_the_first_byte),
        cmocka_unit_test(test_unix_sockets_have_no_stamps),
        cmocka_unit_test(test_a_full_unix_backlog_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
