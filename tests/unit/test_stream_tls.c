/* test_stream_tls.c - TLS streams, both ends in one loop; and against the openssl program where it is installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "net/listen.h"
#include "net/resolve.h"
#include "net/stream.h"
#include "net/tls.h"

struct end {
    struct loop *l;
    struct stream *s;
    unsigned seen;
    int readable; /* calls with STREAM_READABLE */
};

struct pair {
    struct loop *l;
    struct listener *ln;
    struct addr addr;
    struct tls_ctx *server_ctx, *client_ctx;
    struct tls_sessions *sessions;
    struct end client, server;
    char ca[64];
};

static void on_end(void *arg, struct stream *s, unsigned what)
{
    struct end *e = arg;
    e->seen |= what;
    e->readable += !!(what & STREAM_READABLE);
    loop_stop(e->l);
}

static void on_accept(void *arg, int fd)
{
    struct pair *p = arg;
    stream_close(&p->server.s);
    p->server.s = stream_accept(p->l, fd, p->server_ctx, on_end, &p->server);
}

static void on_deadline(struct timer *t)
{
    fail_msg("the loop waited for more than 5 s");
}

/* Turn the loop until one end has seen one of `what`. */
static void run_until(struct end *e, unsigned what)
{
    struct timer t = {.fire = on_deadline};
    loop_timer_set(e->l, &t, clock_mono() + 5 * NS_PER_S);
    while (!(e->seen & what))
        loop_run(e->l);
    loop_timer_stop(e->l, &t);
}

static void pair_open_alpn(struct pair *p, const struct tls_client_opts *o, unsigned server_alpn)
{
    struct err e = {0};
    memset(p, 0, sizeof(*p));
    p->l = p->client.l = p->server.l = loop_new(NULL, &e);
    snprintf(p->ca, sizeof(p->ca), "/tmp/weir-test-ca-%d.pem", (int)getpid());
    p->server_ctx = tls_server_new(&(struct tls_server_opts){.write_cert = p->ca, .alpn = server_alpn}, &e);
    assert_non_null(p->server_ctx);
    struct tls_client_opts mine = o ? *o : (struct tls_client_opts){.cacert = p->ca};
    p->client_ctx = tls_client_new(&mine, &e);
    assert_non_null(p->client_ctx);
    assert_int_equal(resolve_host("127.0.0.1", 0, &p->addr, 1, &e), 1);
    p->ln = listener_new(p->l, &p->addr, false, true, on_accept, p, &e);
    assert_non_null(p->ln);
    listener_addr(p->ln, &p->addr);
}

static void pair_open(struct pair *p, const struct tls_client_opts *o)
{
    pair_open_alpn(p, o, 0);
}

static void pair_dial(struct pair *p, const char *sni)
{
    struct dial d = {.addrs = &p->addr, .n_addrs = 1, .tls = p->client_ctx, .sni = sni, .sessions = p->sessions};
    enum stream_rc rc;
    p->client.s = stream_dial(p->l, &d, on_end, &p->client, &rc);
    assert_non_null(p->client.s);
}

static void pair_up(struct pair *p)
{
    pair_dial(p, "localhost");
    run_until(&p->client, STREAM_UP | STREAM_FAILED);
    run_until(&p->server, STREAM_UP | STREAM_FAILED);
    assert_int_equal(p->client.seen, STREAM_UP);
    assert_int_equal(p->server.seen, STREAM_UP);
    stream_want(p->client.s, true, false);
    stream_want(p->server.s, true, false);
}

static void pair_close(struct pair *p)
{
    stream_close(&p->client.s);
    stream_close(&p->server.s);
    listener_free(&p->ln);
    tls_sessions_free(&p->sessions);
    tls_free(&p->client_ctx);
    tls_free(&p->server_ctx);
    loop_free(&p->l);
    unlink(p->ca);
}

/* Read n bytes with a buffer of `cap`. */
static void read_all(struct end *e, char *out, size_t n, size_t cap)
{
    struct rx rx;
    for (size_t have = 0; have < n;) {
        e->seen = 0;
        run_until(e, STREAM_READABLE);
        ssize_t r = stream_read(e->s, out + have, MIN(cap, n - have), &rx);
        if (r == STREAM_AGAIN)
            continue;
        assert_true(r > 0);
        assert_true(rx.since <= rx.stamp && rx.stamp <= rx.user);
        have += (size_t)r;
    }
}

static void test_round_trip(void **state)
{
    struct pair p;
    pair_open(&p, NULL);
    int64_t t0 = clock_mono();
    pair_up(&p);
    const struct stream_times *t = stream_get_times(p.client.s);
    assert_true(t->conn_start >= t0 && t->conn_end >= t->conn_start && t->tls_end > t->conn_end);
    char buf[32];
    struct iovec v[2] = {{(char *)"hello ", 6}, {(char *)"server", 6}};
    assert_int_equal(stream_writev(p.client.s, v, 2), 12);
    read_all(&p.server, buf, 12, sizeof(buf));
    assert_memory_equal(buf, "hello server", 12);
    assert_int_equal(stream_writev(p.server.s, v, 1), 6);
    read_all(&p.client, buf, 6, sizeof(buf));
    assert_memory_equal(buf, "hello ", 6);
    struct rx rx;
    assert_int_equal(stream_read(p.client.s, buf, sizeof(buf), &rx), STREAM_AGAIN);
    stream_close(&p.server.s); /* sends close_notify */
    p.client.seen = 0;
    run_until(&p.client, STREAM_READABLE);
    assert_int_equal(stream_read(p.client.s, buf, sizeof(buf), &rx), STREAM_EOF);
    pair_close(&p);
}

static void test_stamps_belong_to_the_ciphertext(void **state)
{
    struct pair p;
    pair_open(&p, NULL);
    pair_up(&p);
    char buf[32];
    struct rx rx;
    struct iovec v = {(char *)"x", 1};
    int64_t before = clock_mono();
    assert_int_equal(stream_writev(p.server.s, &v, 1), 1);
    int64_t after = clock_mono();
    poll(NULL, 0, 5);
    ssize_t n;
    do { /* the server's tickets come first */
        p.client.seen = 0;
        run_until(&p.client, STREAM_READABLE);
        n = stream_read(p.client.s, buf, sizeof(buf), &rx);
    } while (n == STREAM_AGAIN);
    assert_int_equal(n, 1);
    assert_true(rx.user >= before + 5 * NS_PER_MS);
    if (rx.kernel) {
        assert_true(rx.stamp >= before - NS_PER_US);
        assert_true(rx.stamp <= after + 2 * NS_PER_MS);
    }
    pair_close(&p);
}

static char *pattern(size_t n)
{
    char *p = xmalloc(n);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)(i * 31 + i / 251);
    return p;
}

/* What does not fit the reader's buffer is told again without new bytes from the network. */
static void test_small_reads_lose_nothing(void **state)
{
    enum { N = 50000 };
    static const size_t caps[] = {1, 7, 1000, 16384, 65536};
    char *want = pattern(N), *got = xmalloc(N);
    for (size_t c = 0; c < ARRAY_LEN(caps); c++) {
        size_t n = caps[c] == 1 ? 3000 : N;
        struct pair p;
        pair_open(&p, NULL);
        pair_up(&p);
        struct iovec v[3] = {{want, 10}, {want + 10, 20}, {want + 30, n - 30}};
        assert_int_equal(stream_writev(p.server.s, v, 3), n);
        memset(got, 0, n);
        read_all(&p.client, got, n, caps[c]);
        assert_memory_equal(got, want, n);
        pair_close(&p);
    }
    free(want);
    free(got);
}

/* More than the socket takes: partial writes, repeated from where they ended. */
static void test_large_transfer_with_partial_writes(void **state)
{
    enum { N = 8 * 1024 * 1024 };
    char *want = pattern(N), *got = xmalloc(N), *buf = xmalloc(65536);
    struct pair p;
    pair_open(&p, NULL);
    pair_up(&p);
    size_t sent = 0, have = 0;
    int again = 0;
    struct rx rx;
    stream_want(p.server.s, true, true);
    while (have < N) {
        ssize_t r = 0;
        while (sent < N && r >= 0) {
            /* The cuts between the pieces move, as they do when a caller goes on from where it stopped. */
            size_t a = MIN((size_t)5000, N - sent), b = MIN((size_t)200000, N - sent - a);
            struct iovec v[2] = {{want + sent, a}, {want + sent + a, b}};
            r = stream_writev(p.server.s, v, 2);
            if (r > 0)
                sent += (size_t)r;
        }
        again += r == STREAM_AGAIN;
        p.client.seen = 0;
        run_until(&p.client, STREAM_READABLE);
        while ((r = stream_read(p.client.s, buf, 65536, &rx)) > 0) {
            memcpy(got + have, buf, (size_t)r);
            have += (size_t)r;
        }
        assert_int_equal(r, STREAM_AGAIN);
    }
    assert_true(again > 0);
    assert_int_equal(have, N);
    assert_memory_equal(got, want, N);
    pair_close(&p);
    free(want);
    free(got);
    free(buf);
}

/* Two streams of one loop share one buffer. */
static void test_streams_do_not_mix(void **state)
{
    enum { N = 30000 };
    struct pair p, q;
    pair_open(&p, NULL);
    pair_up(&p);
    pair_open(&q, NULL);
    struct loop *own = q.l;
    listener_free(&q.ln);
    q.l = q.client.l = q.server.l = p.l;
    assert_int_equal(resolve_host("127.0.0.1", 0, &q.addr, 1, NULL), 1);
    q.ln = listener_new(p.l, &q.addr, false, true, on_accept, &q, NULL);
    listener_addr(q.ln, &q.addr);
    pair_up(&q);
    char *a = pattern(N), *b = pattern(N), *got_a = xcalloc(1, N), *got_b = xcalloc(1, N);
    for (size_t i = 0; i < N; i++)
        b[i] = (char)~b[i];
    struct iovec va = {a, N}, vb = {b, N};
    assert_int_equal(stream_writev(p.server.s, &va, 1), N);
    assert_int_equal(stream_writev(q.server.s, &vb, 1), N);
    for (size_t at = 0; at < N; at += 1000) {
        read_all(&p.client, got_a + at, 1000, 1000);
        read_all(&q.client, got_b + at, 1000, 1000);
    }
    assert_memory_equal(got_a, a, N);
    assert_memory_equal(got_b, b, N);
    struct loop *shared = p.l;
    q.l = own;
    stream_close(&p.client.s);
    stream_close(&p.server.s);
    listener_free(&p.ln);
    tls_free(&p.client_ctx);
    tls_free(&p.server_ctx);
    stream_close(&q.client.s);
    stream_close(&q.server.s);
    listener_free(&q.ln);
    loop_free(&shared);
    pair_close(&q);
    free(a);
    free(b);
    free(got_a);
    free(got_b);
}

static void expect_failure(struct pair *p, const char *sni, const char *text)
{
    pair_dial(p, sni);
    run_until(&p->client, STREAM_UP | STREAM_FAILED);
    assert_int_equal(p->client.seen, STREAM_FAILED);
    assert_int_equal(stream_fail_rc(p->client.s), STREAM_TLS);
    assert_string_equal(stream_error(p->client.s), text);
    stream_close(&p->client.s); /* the alert is on its way: the server fails, too */
    p->client.seen = 0;
    run_until(&p->server, STREAM_UP | STREAM_FAILED);
    stream_close(&p->server.s);
    p->server.seen = 0;
}

static void test_verification(void **state)
{
    struct pair p;
    pair_open(&p, NULL);
    expect_failure(&p, "example.com", "certificate verify failed: hostname mismatch");
    expect_failure(&p, "127.0.0.2", "certificate verify failed: IP address mismatch");
    pair_dial(&p, "127.0.0.1");
    run_until(&p.client, STREAM_UP | STREAM_FAILED);
    assert_int_equal(p.client.seen, STREAM_UP);
    run_until(&p.server, STREAM_UP | STREAM_FAILED);
    pair_close(&p);

    struct tls_client_opts system = {0};
    pair_open(&p, &system);
    expect_failure(&p, "localhost", "certificate verify failed: self-signed certificate");
    pair_close(&p);

    struct tls_client_opts insecure = {.insecure = true};
    pair_open(&p, &insecure);
    pair_dial(&p, "example.com");
    run_until(&p.client, STREAM_UP | STREAM_FAILED);
    assert_int_equal(p.client.seen, STREAM_UP);
    pair_close(&p);
}

static void test_a_peer_that_does_not_speak_tls(void **state)
{
    struct pair p;
    pair_open(&p, NULL);
    struct tls_ctx *server = p.server_ctx;
    p.server_ctx = NULL; /* accepts plain */
    pair_dial(&p, "localhost");
    run_until(&p.server, STREAM_UP);
    struct iovec v = {(char *)"HTTP/1.1 400 Bad Request\r\n\r\n", 28};
    assert_int_equal(stream_writev(p.server.s, &v, 1), 28);
    run_until(&p.client, STREAM_FAILED);
    assert_int_equal(stream_fail_rc(p.client.s), STREAM_TLS);
    assert_string_equal(stream_error(p.client.s),
                        "TLS handshake failed: wrong version number (the peer does not speak TLS?)");
    stream_close(&p.client.s);
    stream_close(&p.server.s);
    memset(&p.client.seen, 0, sizeof(p.client.seen));
    p.server.seen = 0;

    pair_dial(&p, "localhost");
    run_until(&p.server, STREAM_UP);
    stream_close(&p.server.s);
    run_until(&p.client, STREAM_FAILED);
    assert_int_equal(stream_fail_rc(p.client.s), STREAM_TLS);
    assert_true(strstr(stream_error(p.client.s), "has closed the connection") ||
                strstr(stream_error(p.client.s), "has reset the connection"));
    p.server_ctx = server;
    pair_close(&p);
}

static void test_keylog_has_the_secrets_of_tls13(void **state)
{
    char path[64], text[4096];
    snprintf(path, sizeof(path), "/tmp/weir-test-keys-%d", (int)getpid());
    struct tls_client_opts o = {.insecure = true, .keylog = path};
    struct pair p;
    pair_open(&p, &o);
    pair_up(&p);
    pair_close(&p);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    unlink(path);
    assert_true(n > 0);
    text[n] = 0;
    /* Labels of draft-ietf-tls-keylogfile, each followed by 32 bytes of client random in hexadecimal. */
    static const char *const labels[] = {"CLIENT_HANDSHAKE_TRAFFIC_SECRET ", "SERVER_HANDSHAKE_TRAFFIC_SECRET ",
                                         "CLIENT_TRAFFIC_SECRET_0 ", "SERVER_TRAFFIC_SECRET_0 "};
    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        const char *at = strstr(text, labels[i]);
        assert_non_null(at);
        assert_true(at == text || at[-1] == '\n');
        at += strlen(labels[i]);
        assert_int_equal(strspn(at, "0123456789abcdef"), 64);
        assert_int_equal(at[64], ' ');
    }
    assert_int_equal(text[n - 1], '\n');
}

static void stop_loop(void *arg)
{
    loop_stop(arg);
}

static void test_closing_in_the_middle_of_a_handshake(void **state)
{
    struct pair p;
    pair_open(&p, NULL);
    pair_dial(&p, "localhost");
    stream_close(&p.client.s); /* at once */
    pair_dial(&p, "localhost");
    for (int i = 0; i < 1000 && !p.server.s; i++) { /* one turn at a time */
        loop_wake(p.l, stop_loop, p.l);
        loop_run(p.l);
    }
    assert_non_null(p.server.s);
    assert_false(p.client.seen & STREAM_UP);
    stream_close(&p.client.s);
    pair_close(&p);
}

/* An implementation that is not ours: the openssl program as the server. */
static void test_against_the_openssl_program(void **state)
{
    if (access("/usr/bin/openssl", X_OK) != 0)
        skip();
    struct pair p;
    pair_open(&p, NULL);
    char cert[64], key[64], accept[32];
    snprintf(cert, sizeof(cert), "/tmp/weir-test-ec-%d.pem", (int)getpid());
    snprintf(key, sizeof(key), "/tmp/weir-test-ek-%d.pem", (int)getpid());
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0), dup2(null, 1), dup2(null, 2);
        execl("/usr/bin/openssl", "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
              "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
              key, "-out", cert, (char *)NULL);
        _exit(127);
    }
    int st;
    assert_int_equal(waitpid(pid, &st, 0), pid);
    assert_int_equal(st, 0);
    uint16_t port = ntohs(((struct sockaddr_in *)&p.addr.sa)->sin_port);
    listener_free(&p.ln); /* its port is free now */
    snprintf(accept, sizeof(accept), "127.0.0.1:%u", port);
    pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0), dup2(null, 1), dup2(null, 2);
        execl("/usr/bin/openssl", "openssl", "s_server", "-accept", accept, "-cert", cert, "-key", key, "-www", "-alpn",
              "http/1.1", (char *)NULL);
        _exit(127);
    }
    struct err e = {0};
    tls_free(&p.client_ctx);
    p.client_ctx = tls_client_new(&(struct tls_client_opts){.cacert = cert}, &e);
    assert_non_null(p.client_ctx);
    for (int i = 0; i < 200; i++) { /* until it listens */
        p.client.seen = 0;
        pair_dial(&p, "localhost");
        run_until(&p.client, STREAM_UP | STREAM_FAILED);
        if (p.client.seen == STREAM_UP || stream_fail_rc(p.client.s) != STREAM_REFUSED)
            break;
        stream_close(&p.client.s);
        poll(NULL, 0, 10);
    }
    bool up = p.client.seen == STREAM_UP;
    char buf[12];
    if (up) {
        struct iovec v = {(char *)"GET / HTTP/1.0\r\n\r\n", 18};
        stream_want(p.client.s, true, false);
        assert_int_equal(stream_writev(p.client.s, &v, 1), 18);
        read_all(&p.client, buf, sizeof(buf), sizeof(buf));
    }
    kill(pid, SIGKILL);
    waitpid(pid, &st, 0);
    unlink(cert);
    unlink(key);
    assert_true(up);
    assert_memory_equal(buf, "HTTP/1.0 200", 12);
    pair_close(&p);
}

static void test_alpn_settles_the_protocol(void **state)
{
    enum { H1 = TLS_ALPN_HTTP11, H2 = TLS_ALPN_H2 };
    static const struct {
        unsigned client, server;
        bool h2;
    } cases[] = {{0, H1 | H2, false}, {H1 | H2, 0, false},  {H1 | H2, H1 | H2, true},  {H2, H1 | H2, true},
                 {H1 | H2, H2, true}, {H1, H1 | H2, false}, {H2, H1, false /* none */}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pair p;
        pair_open_alpn(&p, &(struct tls_client_opts){.insecure = true, .alpn = cases[i].client}, cases[i].server);
        pair_up(&p);
        assert_int_equal(stream_is_h2(p.client.s), cases[i].h2);
        assert_int_equal(stream_is_h2(p.server.s), cases[i].h2);
        pair_close(&p);
    }
}

/* One more connection, closed again; whether both ends say that it was resumed. */
static bool resumes(struct pair *p)
{
    char byte = 'x';
    p->client.seen = p->server.seen = 0;
    pair_up(p);
    bool resumed = stream_is_resumed(p->client.s);
    assert_int_equal(stream_is_resumed(p->server.s), resumed);
    /* A ticket comes behind the handshake, with the first data at the latest. */
    struct iovec v = {&byte, 1};
    assert_int_equal(stream_writev(p->server.s, &v, 1), 1);
    read_all(&p->client, &byte, 1, 1);
    stream_close(&p->client.s);
    stream_close(&p->server.s);
    return resumed;
}

static void test_sessions_are_resumed(void **state)
{
    struct pair p;
    pair_open(&p, NULL);
    p.sessions = tls_sessions_new();
    assert_false(resumes(&p));
    for (int i = 0; i < 5; i++) /* each brings the ticket for the next */
        assert_true(resumes(&p));
    pair_close(&p);
}

/* With TLS 1.3 a session that was kept is offered once: those that shake hands together do not share one. */
static void test_a_ticket_is_used_once(void **state)
{
    struct pair p;
    pair_open(&p, NULL);
    p.sessions = tls_sessions_new();
    assert_false(resumes(&p)); /* leaves two tickets, as OpenSSL's servers give */
    struct end more[3] = {{.l = p.l}, {.l = p.l}, {.l = p.l}};
    int resumed = 0;
    for (size_t i = 0; i < ARRAY_LEN(more); i++) {
        struct dial d = {
            .addrs = &p.addr, .n_addrs = 1, .tls = p.client_ctx, .sni = "localhost", .sessions = p.sessions};
        enum stream_rc rc;
        more[i].s = stream_dial(p.l, &d, on_end, &more[i], &rc);
        run_until(&more[i], STREAM_UP | STREAM_FAILED); /* nothing is read, so no new ticket is taken */
        assert_int_equal(more[i].seen & STREAM_UP, STREAM_UP);
        resumed += stream_is_resumed(more[i].s);
    }
    assert_int_equal(resumed, 2);
    for (size_t i = 0; i < ARRAY_LEN(more); i++)
        stream_close(&more[i].s);
    pair_close(&p);
}

static void test_resumption_can_be_switched_off(void **state)
{
    struct pair p;
    pair_open(&p, NULL); /* no place to keep sessions */
    assert_false(resumes(&p));
    assert_false(resumes(&p));
    pair_close(&p);

    pair_open(&p, NULL); /* a server without tickets */
    p.sessions = tls_sessions_new();
    tls_free(&p.server_ctx);
    p.server_ctx = tls_server_new(&(struct tls_server_opts){.write_cert = p.ca, .no_tickets = true}, NULL);
    tls_free(&p.client_ctx);
    p.client_ctx = tls_client_new(&(struct tls_client_opts){.cacert = p.ca}, NULL);
    assert_false(resumes(&p));
    assert_false(resumes(&p));
    pair_close(&p);
}

static void test_servers_share_their_tickets(void **state)
{
    struct pair p;
    pair_open(&p, &(struct tls_client_opts){.insecure = true});
    p.sessions = tls_sessions_new();
    assert_false(resumes(&p));
    struct tls_ctx *first = p.server_ctx;
    p.server_ctx = tls_server_new(&(struct tls_server_opts){.tickets_of = first}, NULL);
    assert_true(resumes(&p));
    tls_free(&p.server_ctx);
    p.server_ctx = tls_server_new(&(struct tls_server_opts){0}, NULL);
    assert_false(resumes(&p)); /* keys of its own */
    tls_free(&first);
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_stamps_belong_to_the_ciphertext),
        cmocka_unit_test(test_small_reads_lose_nothing),
        cmocka_unit_test(test_large_transfer_with_partial_writes),
        cmocka_unit_test(test_streams_do_not_mix),
        cmocka_unit_test(test_verification),
        cmocka_unit_test(test_a_peer_that_does_not_speak_tls),
        cmocka_unit_test(test_keylog_has_the_secrets_of_tls13),
        cmocka_unit_test(test_closing_in_the_middle_of_a_handshake),
        cmocka_unit_test(test_against_the_openssl_program),
        cmocka_unit_test(test_alpn_settles_the_protocol),
        cmocka_unit_test(test_sessions_are_resumed),
        cmocka_unit_test(test_a_ticket_is_used_once),
        cmocka_unit_test(test_resumption_can_be_switched_off),
        cmocka_unit_test(test_servers_share_their_tickets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
