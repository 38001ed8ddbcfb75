/* test_hclient.c - exchanges over real sockets. The server is a thread that plays one scripted part per connection with
 * plain blocking calls; nothing of it is shared with the client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "http/hclient.h"
#include "net/resolve.h"

/* ---- the server */

typedef void part(int fd);

struct server {
    pthread_t thread;
    int lfd;
    struct addr addr;
    part *const *parts; /* one per connection, in order */
    int n_parts;
};

static void *serve(void *arg)
{
    struct server *s = arg;
    for (int i = 0; i < s->n_parts; i++) {
        int fd = accept(s->lfd, NULL, NULL), one = 1;
        if (fd < 0)
            break;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        s->parts[i](fd);
        close(fd);
    }
    return NULL;
}

static void listen_any(struct server *s)
{
    s->lfd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(resolve_host("127.0.0.1", 0, &s->addr, 1, NULL), 1);
    assert_int_equal(bind(s->lfd, (struct sockaddr *)&s->addr.sa, s->addr.len), 0);
    assert_int_equal(listen(s->lfd, 64), 0);
    assert_int_equal(getsockname(s->lfd, (struct sockaddr *)&s->addr.sa, &s->addr.len), 0);
}

static void server_start(struct server *s, part *const *parts, int n)
{
    listen_any(s);
    s->parts = parts;
    s->n_parts = n;
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_join(struct server *s)
{
    shutdown(s->lfd, SHUT_RDWR); /* ends an accept that waits for ever */
    pthread_join(s->thread, NULL);
    close(s->lfd);
}

/* Read one request: headers, and a body of content-length. False at the end of the connection. */
static bool get_request(int fd)
{
    char b[4096], *end = NULL;
    size_t n = 0;
    while (!end) {
        ssize_t r = recv(fd, b + n, sizeof(b) - 1 - n, 0);
        if (r <= 0)
            return false;
        n += (size_t)r;
        b[n] = 0;
        end = strstr(b, "\r\n\r\n");
    }
    const char *cl = strcasestr(b, "content-length:");
    size_t body = cl ? strtoul(cl + 15, NULL, 10) : 0, have = n - (size_t)(end + 4 - b);
    char sink[65536];
    while (have < body) {
        ssize_t r = recv(fd, sink, MIN(sizeof(sink), body - have), 0);
        if (r <= 0)
            return false;
        have += (size_t)r;
    }
    return true;
}

static void say(int fd, const char *z)
{
    size_t n = strlen(z);
    while (n > 0) {
        ssize_t r = send(fd, z, n, MSG_NOSIGNAL);
        if (r <= 0)
            return;
        z += r;
        n -= (size_t)r;
    }
}

static void wait_for_close(int fd)
{
    char b[256];
    while (recv(fd, b, sizeof(b), 0) > 0)
        ;
}

static void reset(int fd)
{
    struct linger lg = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg));
}

/* ---- the client */

struct ask {
    struct hx x; /* first */
    struct loop *l;
    struct buf body, headers;
    int n_status, n_headers_done, n_read_end, n_done;
    int cancel_in; /* 0, or an enum at */
    int stop_in;
    bool keep_running;
    struct ask *then; /* started from inside done */
    struct hclient *c;
    struct rx rx;
};

enum at { AT_STATUS = 1, AT_HEADER, AT_HEADERS_DONE, AT_BODY, AT_READ_END };

static int reached(struct hx *x, int at)
{
    struct ask *a = (struct ask *)x;
    if (a->cancel_in == at) {
        hx_cancel(x);
        loop_stop(a->l);
    }
    return a->stop_in == at;
}

static int on_status(struct hx *x, int status)
{
    struct ask *a = (struct ask *)x;
    a->n_status++;
    assert_int_equal(x->status, status);
    return reached(x, AT_STATUS);
}

static int on_header(struct hx *x, struct str name, struct str value)
{
    struct ask *a = (struct ask *)x;
    buf_addf(&a->headers, STR_FMT "=" STR_FMT ";", STR_ARG(name), STR_ARG(value));
    return reached(x, AT_HEADER);
}

static int on_headers_done(struct hx *x)
{
    ((struct ask *)x)->n_headers_done++;
    return reached(x, AT_HEADERS_DONE);
}

static int on_body(struct hx *x, struct str piece, const struct rx *rx)
{
    struct ask *a = (struct ask *)x;
    buf_adds(&a->body, piece);
    a->rx = *rx;
    return reached(x, AT_BODY);
}

static void on_read_end(struct hx *x, const struct rx *rx)
{
    ((struct ask *)x)->n_read_end++;
    reached(x, AT_READ_END);
}

static void on_done(struct hx *x)
{
    struct ask *a = (struct ask *)x;
    a->n_done++;
    if (a->then)
        hx_start(a->c, &a->then->x);
    else if (!a->keep_running)
        loop_stop(a->l);
}

static const struct hx_ops ask_ops = {on_status, on_header, on_headers_done, on_body, on_read_end, on_done};

static char request_text[] = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n";
static const struct iovec request[2] = {{request_text, sizeof(request_text) - 1}, {(char[]){'h', 'i'}, 2}};
enum { REQUEST_BYTES = sizeof(request_text) - 1 + 2 };

static void ask_init(struct ask *a, struct loop *l, struct hclient *c)
{
    memset(a, 0, sizeof(*a));
    a->l = l;
    a->c = c;
    buf_init(&a->body, 1 << 20);
    buf_init(&a->headers, 1 << 20);
    a->x.ops = &ask_ops;
    a->x.out = request;
    a->x.n_out = 2;
}

static void ask_again(struct ask *a)
{
    buf_clear(&a->body);
    buf_clear(&a->headers);
    a->n_status = a->n_headers_done = a->n_read_end = a->n_done = 0;
}

static void ask_free(struct ask *a)
{
    buf_free(&a->body);
    buf_free(&a->headers);
}

static void on_deadline(struct timer *t)
{
    fail_msg("the loop waited for more than 5 s");
}

static void run(struct loop *l)
{
    struct timer t = {.fire = on_deadline};
    loop_timer_set(l, &t, clock_mono() + 5 * NS_PER_S);
    loop_run(l);
    loop_timer_stop(l, &t);
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

struct rig {
    struct server srv;
    struct loop *l;
    struct hclient *c;
    struct ask a;
};

static void rig_open(struct rig *r, part *const *parts, int n, const struct hclient_opts *o)
{
    server_start(&r->srv, parts, n);
    r->l = loop_new(NULL, NULL);
    struct hclient_opts opts = o ? *o : (struct hclient_opts){0};
    opts.addrs = &r->srv.addr;
    opts.n_addrs = 1;
    r->c = hclient_new(r->l, &opts);
    ask_init(&r->a, r->l, r->c);
}

static void rig_close(struct rig *r)
{
    hclient_free(&r->c);
    loop_free(&r->l);
    ask_free(&r->a);
    server_join(&r->srv);
}

static void ask(struct rig *r)
{
    ask_again(&r->a);
    hx_start(r->c, &r->a.x);
    assert_int_equal(r->a.n_done, 0);
    run(r->l);
    assert_int_equal(r->a.n_done, 1);
}

static void assert_body(const struct ask *a, const char *want)
{
    assert_int_equal(a->body.n, strlen(want));
    assert_memory_equal(a->body.p ? a->body.p : "", want, a->body.n);
}

/* ---- tests */

#define CHUNKED                                                                                                        \
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Id:  7 \r\nTransfer-Encoding: chunked\r\n\r\n"            \
    "5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n"

static void part_chunked(int fd)
{
    while (get_request(fd))
        say(fd, CHUNKED);
}

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
    assert_true(x->sent_first <= x->sent_last && x->sent_last <= x->first_byte + NS_PER_MS);
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
    for (int i = 0; i < 2; i++) {
        ask(&r);
        assert_int_equal(r.a.x.result, HX_OK);
        assert_body(&r.a, "hello, world");
        assert_true(r.a.n_read_end > 5);
        assert_true(r.a.x.first_byte < r.a.x.end);
        assert_true(r.a.x.first_byte <= r.a.x.headers_at);
    }
    assert_int_equal(hclient_get_stats(r.c).opened, 1);
    rig_close(&r);
}

static _Atomic int64_t said_at;

static void part_at_a_known_instant(int fd)
{
    get_request(fd);
    poll(NULL, 0, 3);
    said_at = clock_mono();
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    wait_for_close(fd);
}

static void busy(struct timer *t)
{
    poll(NULL, 0, 12); /* the loop's thread is held up while the response arrives */
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
        assert_true(r.a.rx.user - said_at > 5 * NS_PER_MS);
        assert_true(r.a.x.first_byte >= said_at - NS_PER_US);
        assert_true(r.a.x.first_byte <= said_at + NS_PER_MS);
        assert_int_equal(r.a.x.first_byte, r.a.x.end);
        assert_true(r.a.rx.since <= said_at);
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

static void part_closes_early(int fd)
{
    get_request(fd);
}

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

static void part_one_then_close_later(int fd)
{
    get_request(fd);
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    get_request(fd); /* and closes without a word: the request meets the FIN */
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

static void part_one_then_408(int fd)
{
    part_one(fd);
    poll(NULL, 0, 2);
    say(fd, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
}

static void test_the_server_closes_an_idle_connection(void **state)
{
    static part *const parts[] = {part_one, part_one_then_408};
    struct rig r;
    rig_open(&r, parts, 2, NULL);
    for (unsigned i = 1; i <= 2; i++) {
        ask(&r);
        assert_int_equal(r.a.x.result, HX_OK);
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
    hclient_prewarm(r.c, 5, on_warm, &r); /* and freed in the middle of one */
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
    assert_true(r.a.x.sent_last - r.a.x.sent_first > 5 * NS_PER_MS);
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
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_connection_refused),
        cmocka_unit_test(test_out_of_files),
        cmocka_unit_test(test_stale_connections_are_retried_once),
        cmocka_unit_test(test_when_not_to_retry),
        cmocka_unit_test(test_the_server_closes_an_idle_connection),
        cmocka_unit_test(test_we_close_idle_connections),
        cmocka_unit_test(test_prewarming_and_the_newest_first),
        cmocka_unit_test(test_prewarming_without_a_server),
        cmocka_unit_test(test_the_next_exchange_from_inside_done),
        cmocka_unit_test(test_stopping_from_callbacks),
        cmocka_unit_test(test_cancelling_from_callbacks),
        cmocka_unit_test(test_cancelling_at_any_time),
        cmocka_unit_test(test_large_requests),
        cmocka_unit_test(test_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
