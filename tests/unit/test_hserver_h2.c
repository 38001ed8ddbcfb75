/* The server's HTTP/2 on loopback, spoken to by nghttp2's own client on plain blocking sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "http/hserver.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "net/resolve.h"

#define MAX_BODY 100000
#define BIG (5 * 1000 * 1000)
#define MAX_STREAMS 30
#define STALLS (1UL << 40) /* added to the length of a body: its end never comes */

/* ---- the server, in a thread of its own */

struct fixture {
    struct hserver_opts opts;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool ready;
    struct loop *loop;
    struct hserver *server;
    struct addr addr;
    struct timer flood, later;
    struct hs_conn *flooded, *late[MAX_STREAMS];
    unsigned n_late;
    int64_t at[1000]; /* of marked pieces */
    bool waited[1000];
    _Atomic unsigned gone, refused, written, ended, whole;
    _Atomic uint64_t dropped;
};

static void respond(struct hs_conn *c, int status, struct str body)
{
    struct hs_header h = {STR("x-kind"), STR("answer")};
    hs2_head(c, status, &h, 1, body.n == 0);
    if (body.n > 0)
        hs2_data(c, body, false);
    hs_end(c, true);
}

/* What the server understood, as a text. */
static void echo(struct hs_conn *c, const struct hs_request *q)
{
    struct buf b = BUF_INIT(1 << 20);
    buf_addf(&b, STR_FMT " " STR_FMT "?" STR_FMT " %zu [" STR_FMT "] [" STR_FMT "] %d%d%d " STR_FMT, STR_ARG(q->method),
             STR_ARG(q->path), STR_ARG(q->query), q->n_headers, STR_ARG(hs_header(q, "X-Test")),
             STR_ARG(hs_header(q, "Host")), q->http2, q->http10, q->keep_alive, STR_ARG(q->body));
    bool ordered = q->recv <= q->recv_last && q->recv_last <= q->received && q->kernel && q->received <= clock_mono() &&
                   clock_mono() - q->recv < 10 * NS_PER_S;
    if (q->http2) {
        respond(c, ordered ? 200 : 599, buf_str(&b));
    } else {
        char head[100];
        hs_puts(c, head, (size_t)snprintf(head, sizeof(head), "HTTP/1.1 200 X\r\nContent-Length: %zu\r\n\r\n", b.n));
        hs_puts(c, b.p, b.n);
        hs_end(c, true);
    }
    buf_free(&b);
}

static void on_flood(struct timer *t)
{
    static const char block[65536];
    struct fixture *f = CONTAINER_OF(t, struct fixture, flood);
    if (f->flooded != NULL && hs2_data(f->flooded, (struct str){block, sizeof(block)}, false) == 0)
        loop_timer_set(f->loop, t, 0);
}

/* All streams that were put off step together: a marked piece for each, in one turn. */
static void on_later(struct timer *t)
{
    struct fixture *f = CONTAINER_OF(t, struct fixture, later);
    for (unsigned i = 0; i < f->n_late; i++) {
        hs2_head(f->late[i], 200, NULL, 0, false);
        hs2_data(f->late[i], STR("step"), true);
        hs2_end(f->late[i], NULL, 0);
    }
    f->n_late = 0;
}

static void pieces(struct hs_conn *c, bool flush)
{
    hs2_head(c, 200, NULL, 0, false);
    for (int i = 0; i < 3; i++) {
        hs2_data(c, STR("abc"), true);
        if (flush)
            hs_flush(c);
    }
    hs2_end(c, NULL, 0);
}

static void special(struct fixture *f, struct hs_conn *c, struct str path)
{
    static const struct hs_header trailer = {{"x-sum", 5}, {"42", 2}};
    if (str_eqz(path, "/reset")) {
        hs2_head(c, 200, NULL, 0, false);
        hs2_data(c, STR("before"), false);
        hs_reset(c);
    } else if (str_eqz(path, "/refuse")) {
        hs2_reset(c, 7);
    } else if (str_eqz(path, "/trailers")) {
        hs2_head(c, 200, NULL, 0, false);
        hs2_data(c, STR("abc"), true);
        hs2_end(c, &trailer, 1);
    } else if (str_eqz(path, "/flood")) {
        f->flooded = c;
        hs2_head(c, 200, NULL, 0, false);
        loop_timer_set(f->loop, &f->flood, 0);
    } else if (str_eqz(path, "/late")) {
        f->late[f->n_late++] = c;
        if (f->n_late == 20)
            loop_timer_set(f->loop, &f->later, 0);
    } else if (str_eqz(path, "/big")) {
        char *p = xcalloc(1, BIG);
        hs2_head(c, 200, NULL, 0, false);
        hs2_data(c, (struct str){p, BIG}, true);
        hs2_end(c, NULL, 0);
        free(p);
    } else {
        pieces(c, str_eqz(path, "/flushed"));
    }
}

static void on_request(void *arg, struct hs_conn *c, const struct hs_request *q)
{
    struct fixture *f = arg;
    hs_set_user(c, f);
    if (str_eqz(q->path, "/hold"))
        return;
    if (q->http2 && str_eqz(q->method, "GET") && !str_starts(q->path, STR("/a/")))
        special(f, c, q->path);
    else
        echo(c, q);
}

static void on_refused(void *arg, struct hs_conn *c, const struct hs_request *q, int status, const char *why)
{
    struct fixture *f = arg;
    f->refused++;
    if (q->http2) {
        respond(c, status, str_of(why));
        return;
    }
    hs_puts(c, "HTTP/1.1 400 X\r\nContent-Length: 0\r\n\r\n", 37);
    hs_end(c, false);
}

static void on_gone(void *arg, struct hs_conn *c, void *user)
{
    struct fixture *f = arg;
    if (user != f)
        abort();
    if (c == f->flooded)
        f->flooded = NULL;
    if (f->server != NULL)
        f->dropped = hserver_get_stats(f->server).dropped;
    f->gone++;
}

static void on_written(void *arg, struct hs_conn *c, void *user, int64_t at, bool waited)
{
    struct fixture *f = arg;
    if (user != f || at > clock_mono())
        abort();
    f->at[f->written % 1000] = at;
    f->waited[f->written % 1000] = waited;
    f->written++;
}

static void on_ended(void *arg, struct hs_conn *c, void *user, bool whole)
{
    struct fixture *f = arg;
    if (user != f)
        abort();
    f->whole += whole;
    f->ended++;
}

static const struct hserver_ops ops = {on_request, on_refused, on_gone, on_written, on_ended};

static void *serve(void *arg)
{
    struct fixture *f = arg;
    struct addr a;
    struct err e = {0};
    f->loop = loop_new(NULL, &e);
    if (resolve_host("127.0.0.1", 0, &a, 1, &e) != 1)
        abort();
    f->flood.fire = on_flood;
    f->later.fire = on_later;
    f->opts.max_body = MAX_BODY;
    f->opts.max_out = 1 << 20;
    f->opts.ops = &ops;
    f->opts.arg = f;
    f->server = hserver_new(f->loop, &a, &f->opts, &e);
    if (f->server == NULL)
        abort();
    hserver_addr(f->server, &f->addr);
    pthread_mutex_lock(&f->lock);
    f->ready = true;
    pthread_cond_signal(&f->cond);
    pthread_mutex_unlock(&f->lock);
    loop_run(f->loop);
    struct hserver *s = f->server;
    f->server = NULL;
    loop_timer_stop(f->loop, &f->flood);
    loop_timer_stop(f->loop, &f->later);
    hserver_free(&s);
    loop_free(&f->loop);
    return NULL;
}

static struct fixture *start(struct hserver_opts o)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    f->opts = o;
    f->opts.max_streams = MAX_STREAMS;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->cond, NULL);
    pthread_create(&f->thread, NULL, serve, f);
    pthread_mutex_lock(&f->lock);
    while (!f->ready)
        pthread_cond_wait(&f->cond, &f->lock);
    pthread_mutex_unlock(&f->lock);
    return f;
}

static void stop_loop(void *loop)
{
    loop_stop(loop);
}

static void finish(struct fixture *f)
{
    loop_wake(f->loop, stop_loop, f->loop);
    pthread_join(f->thread, NULL);
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->cond);
}

static void await(const _Atomic unsigned *v, unsigned want)
{
    for (int i = 0; i < 5000 && *v != want; i++)
        usleep(1000);
    assert_int_equal(*v, want);
}

/* ---- the client */

struct answer {
    int status;
    struct buf body;
    char trailers[100];
    bool continued, over;
    uint32_t code; /* of its end */
};

struct peer {
    int fd;
    nghttp2_session *s;
    struct answer a[200]; /* by (id - 1) / 2 */
    bool eof, slow;
    int goaway; /* 1 + its code */
    int32_t last_id;
};

static ssize_t peer_send(nghttp2_session *s, const uint8_t *p, size_t n, int flags, void *arg)
{
    struct peer *c = arg;
    ssize_t w = send(c->fd, p, n, MSG_NOSIGNAL);
    return w < 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : w;
}

static struct answer *answer_of(struct peer *c, int32_t id)
{
    return &c->a[(size_t)(id - 1) / 2 % ARRAY_LEN(c->a)];
}

static int peer_header(nghttp2_session *s, const nghttp2_frame *f, const uint8_t *name, size_t name_n,
                       const uint8_t *value, size_t value_n, uint8_t flags, void *arg)
{
    struct answer *a = answer_of(arg, f->hd.stream_id);
    if (name_n == 7 && memcmp(name, ":status", 7) == 0) {
        int status = (int)strtol((const char *)value, NULL, 10);
        a->continued |= status == 100;
        a->status = status;
    } else if (f->headers.cat == NGHTTP2_HCAT_HEADERS && !a->continued) {
        snprintf(a->trailers, sizeof(a->trailers), "%.*s=%.*s", (int)name_n, (const char *)name, (int)value_n,
                 (const char *)value);
    }
    return 0;
}

static int peer_data(nghttp2_session *s, uint8_t flags, int32_t id, const uint8_t *p, size_t n, void *arg)
{
    struct peer *c = arg;
    buf_add(&answer_of(c, id)->body, p, n);
    if (!c->slow)
        nghttp2_session_consume(s, id, n);
    return 0;
}

static int peer_close(nghttp2_session *s, int32_t id, uint32_t code, void *arg)
{
    struct answer *a = answer_of(arg, id);
    a->over = true;
    a->code = code;
    return 0;
}

static int peer_frame(nghttp2_session *s, const nghttp2_frame *f, void *arg)
{
    struct peer *c = arg;
    if (f->hd.type == NGHTTP2_GOAWAY) {
        c->goaway = 1 + (int)f->goaway.error_code;
        c->last_id = f->goaway.last_stream_id;
    }
    return 0;
}

static ssize_t peer_body(nghttp2_session *s, int32_t id, uint8_t *to, size_t max, uint32_t *flags,
                         nghttp2_data_source *source, void *arg)
{
    size_t *left = source->ptr;
    size_t n = MIN(max, *left % STALLS);
    if (*left == STALLS)
        return NGHTTP2_ERR_DEFERRED;
    memset(to, 'b', n);
    *left -= n;
    if (*left == 0)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static int dial(const struct fixture *f)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct timeval tv = {.tv_sec = 20};
    assert_true(fd >= 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    assert_int_equal(connect(fd, (const struct sockaddr *)&f->addr.sa, f->addr.len), 0);
    return fd;
}

static struct peer *peer_new(const struct fixture *f, uint32_t window)
{
    struct peer *c = xcalloc(1, sizeof(*c));
    nghttp2_session_callbacks *cb;
    nghttp2_option *opt;
    nghttp2_settings_entry e = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window};
    c->fd = dial(f);
    nghttp2_session_callbacks_new(&cb);
    nghttp2_session_callbacks_set_send_callback(cb, peer_send);
    nghttp2_session_callbacks_set_on_header_callback(cb, peer_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, peer_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, peer_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, peer_frame);
    nghttp2_option_new(&opt);
    nghttp2_option_set_no_auto_window_update(opt, 1);
    nghttp2_option_set_max_send_header_block_length(opt, 1 << 20);
    nghttp2_session_client_new2(&c->s, cb, c, opt);
    nghttp2_option_del(opt);
    nghttp2_session_callbacks_del(cb);
    nghttp2_submit_settings(c->s, NGHTTP2_FLAG_NONE, &e, 1);
    for (size_t i = 0; i < ARRAY_LEN(c->a); i++)
        buf_init(&c->a[i].body, 16 << 20);
    return c;
}

static void peer_free(struct peer *c)
{
    if (c->fd >= 0)
        close(c->fd);
    nghttp2_session_del(c->s);
    for (size_t i = 0; i < ARRAY_LEN(c->a); i++)
        buf_free(&c->a[i].body);
    free(c);
}

static nghttp2_nv nv(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name), strlen(value),
                        NGHTTP2_NV_FLAG_NONE};
}

/* left: bytes of the body, counted down; NULL: none. extra: a header, or NULL. */
static struct answer *ask(struct peer *c, const char *path, size_t *left, const char *extra, const char *value)
{
    nghttp2_nv v[5] = {nv(":method", left != NULL ? "POST" : "GET"), nv(":scheme", "http"), nv(":authority", "auth:1"),
                       nv(":path", path), nv("", "")};
    nghttp2_data_provider from = {.source.ptr = left, .read_callback = peer_body};
    if (extra != NULL)
        v[4] = nv(extra, value);
    int32_t id = nghttp2_submit_request(c->s, NULL, v, extra != NULL ? 5 : 4, left != NULL ? &from : NULL, NULL);
    assert_true(id > 0);
    return answer_of(c, id);
}

static void step(struct peer *c)
{
    char p[20000];
    nghttp2_session_send(c->s);
    ssize_t n = recv(c->fd, p, sizeof(p), 0);
    if (n > 0)
        assert_true(nghttp2_session_mem_recv(c->s, (uint8_t *)p, (size_t)n) >= 0);
    else if (n == 0 || errno == ECONNRESET)
        c->eof = true;
    else
        fail_msg("no answer within 20 s");
}

static void wait_over(struct peer *c, const struct answer *a)
{
    while (!a->over && !c->eof)
        step(c);
    nghttp2_session_send(c->s);
}

static void expect(struct peer *c, struct answer *a, int status, const char *body)
{
    wait_over(c, a);
    assert_int_equal(a->status, status);
    if (body != NULL && (a->body.n != strlen(body) || memcmp(a->body.p, body, a->body.n) != 0))
        fail_msg("got %.*s, wanted %s", (int)a->body.n, a->body.p, body);
    assert_true(a->over);
    assert_int_equal(a->code, 0);
}

static struct fixture *start_both(void)
{
    return start((struct hserver_opts){.http = HS_HTTP1 | HS_HTTP2});
}

/* ---- tests */

static void test_requests(void **state)
{
    struct fixture *f = start_both();
    struct peer *c = peer_new(f, 65535);
    size_t five = 5, all = MAX_BODY;
    expect(c, ask(c, "/a/b%20c?x=1&y=2", NULL, "x-test", "v w"), 200, "GET /a/b%20c?x=1&y=2 2 [v w] [auth:1] 101 ");
    expect(c, ask(c, "/p", &five, NULL, NULL), 200, "POST /p? 1 [] [auth:1] 101 bbbbb");
    struct answer *a = ask(c, "/p", &all, NULL, NULL);
    wait_over(c, a);
    assert_int_equal(a->body.n, strlen("POST /p? 1 [] [auth:1] 101 ") + MAX_BODY);
    peer_free(c);
    finish(f);
    assert_int_equal(f->gone, 0);
    free(f);
}

/* Both versions on one port; the preface may come in pieces, and what only begins like it is HTTP/1. */
static void test_recognised(void **state)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    static const unsigned char settings[] = {0, 0, 0, 4, 0, 0, 0, 0, 0};
    struct fixture *f = start_both();
    for (size_t cut = 1; cut < sizeof(preface) - 1; cut++) {
        int fd = dial(f);
        unsigned char got[9];
        assert_int_equal(send(fd, preface, cut, MSG_NOSIGNAL), cut);
        usleep(cut % 4 == 0 ? 2000 : 200);
        send(fd, preface + cut, sizeof(preface) - 1 - cut, MSG_NOSIGNAL);
        send(fd, settings, sizeof(settings), MSG_NOSIGNAL);
        assert_int_equal(recv(fd, got, 9, MSG_WAITALL), 9);
        assert_int_equal(got[3], 4); /* SETTINGS */
        close(fd);
    }
    const char *post = "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab";
    const char *want = "HTTP/1.1 200 X\r\nContent-Length: 25\r\n\r\nPOST /p? 2 [] [h] 001 ab";
    for (size_t cut = 0; cut < 3; cut++) {
        char got[200] = "";
        int fd = dial(f);
        if (cut > 0)
            send(fd, post, cut, MSG_NOSIGNAL);
        usleep(2000);
        send(fd, post + cut, strlen(post) - cut, MSG_NOSIGNAL);
        assert_int_equal(recv(fd, got, strlen(want) - 1, MSG_WAITALL), strlen(want) - 1);
        assert_memory_equal(got + 38, want + 38, 20);
        close(fd);
    }
    int fd = dial(f);
    char got[200] = "";
    const char *neither = "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n";
    send(fd, neither, strlen(neither), MSG_NOSIGNAL);
    assert_true(recv(fd, got, sizeof(got) - 1, 0) > 12);
    assert_memory_equal(got, "HTTP/1.1 400", 12);
    close(fd);
    finish(f);
    free(f);
}

static void test_one_version_alone(void **state)
{
    char got[200] = "";
    struct fixture *f = start((struct hserver_opts){.http = HS_HTTP1});
    struct peer *c = peer_new(f, 65535);
    ask(c, "/a/", NULL, NULL, NULL);
    nghttp2_session_send(c->s);
    assert_true(recv(c->fd, got, sizeof(got) - 1, 0) > 12);
    assert_memory_equal(got, "HTTP/1.1 400", 12);
    peer_free(c);
    finish(f);
    free(f);
    f = start((struct hserver_opts){.http = HS_HTTP2});
    int fd = dial(f);
    send(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 27, MSG_NOSIGNAL);
    ssize_t n, all = 0;
    while ((n = recv(fd, got + all, sizeof(got) - (size_t)all, 0)) > 0)
        all += n;
    assert_int_equal(n, 0); /* SETTINGS, WINDOW_UPDATE, GOAWAY (PROTOCOL_ERROR), the end */
    assert_true(all > 17 && got[all - 17 + 3] == 7 && got[all - 1] == 1);
    close(fd);
    c = peer_new(f, 65535);
    expect(c, ask(c, "/a/b", NULL, NULL, NULL), 200, NULL);
    peer_free(c);
    finish(f);
    free(f);
}

/* Streams that step together share a write, and its instant; with hs_flush each piece has its own. */
static void test_instants(void **state)
{
    struct fixture *f = start_both();
    struct peer *c = peer_new(f, 65535);
    struct answer *a[20];
    int64_t before = clock_mono();
    for (int i = 0; i < 20; i++)
        a[i] = ask(c, "/late", NULL, NULL, NULL);
    for (int i = 0; i < 20; i++)
        expect(c, a[i], 200, "step");
    await(&f->ended, 20);
    assert_int_equal(f->written, 20);
    for (int i = 0; i < 20; i++) {
        assert_true(f->at[i] == f->at[0] && f->at[i] > before);
        assert_false(f->waited[i]);
    }
    expect(c, ask(c, "/flushed", NULL, NULL, NULL), 200, "abcabcabc");
    await(&f->ended, 21);
    assert_int_equal(f->written, 23);
    assert_true(f->at[20] < f->at[21] && f->at[21] < f->at[22]);
    expect(c, ask(c, "/together", NULL, NULL, NULL), 200, "abcabcabc");
    await(&f->ended, 22);
    assert_true(f->at[23] == f->at[24] && f->at[24] == f->at[25]);
    assert_int_equal(f->whole, 22);
    peer_free(c);
    finish(f);
    free(f);
}

/* A closed window holds pieces back: they are told when they go, and that they waited. */
static void test_closed_window(void **state)
{
    struct fixture *f = start_both();
    struct peer *c = peer_new(f, 4);
    c->slow = true;
    struct answer *a = ask(c, "/pieces", NULL, NULL, NULL);
    while (a->body.n < 4)
        step(c);
    await(&f->written, 1); /* of 3 bytes each */
    assert_int_equal(f->ended, 0);
    int64_t before = clock_mono();
    nghttp2_submit_window_update(c->s, NGHTTP2_FLAG_NONE, 1, 100);
    expect(c, a, 200, "abcabcabc");
    await(&f->ended, 1);
    assert_int_equal(f->written, 3);
    assert_true(!f->waited[0] && f->waited[1] && f->waited[2]);
    assert_true(f->at[0] < before && f->at[1] > before && f->at[2] > before);
    peer_free(c);
    finish(f);
    free(f);
}

static void test_ends(void **state)
{
    struct fixture *f = start_both();
    struct peer *c = peer_new(f, 65535);
    struct answer *a = ask(c, "/reset", NULL, NULL, NULL);
    wait_over(c, a);
    assert_int_equal(a->code, 2);
    assert_int_equal(a->status, 200);
    assert_int_equal(a->body.n, 6); /* what was given before goes before */
    a = ask(c, "/refuse", NULL, NULL, NULL);
    wait_over(c, a);
    assert_int_equal(a->code, 7);
    assert_int_equal(a->status, 0);
    a = ask(c, "/trailers", NULL, NULL, NULL);
    expect(c, a, 200, "abc");
    assert_string_equal(a->trailers, "x-sum=42");
    expect(c, ask(c, "/a/", NULL, NULL, NULL), 200, NULL); /* the connection lives on */
    peer_free(c);
    finish(f);
    assert_int_equal(f->gone, 0);
    free(f);
}

static void test_refused(void **state)
{
    struct fixture *f = start_both();
    struct peer *c = peer_new(f, 65535);
    size_t over = MAX_BODY + 1, many = 1 << 20;
    char *value = xcalloc(1, 40001);
    memset(value, 'v', 40000);
    struct answer *a = ask(c, "/x", &over, "content-length", "100001"); /* before it comes */
    wait_over(c, a);
    assert_int_equal(a->status, 413);
    assert_int_equal(a->code, 0);
    a = ask(c, "/x", &many, NULL, NULL); /* as soon as it is too much */
    wait_over(c, a);
    assert_int_equal(a->status, 413);
    nghttp2_nv v[6] = {nv(":method", "GET"), nv(":scheme", "http"), nv(":authority", "h"),
                       nv(":path", "/a/"),   nv("a", value),        nv("b", value)};
    a = answer_of(c, nghttp2_submit_request(c->s, NULL, v, 6, NULL, NULL));
    wait_over(c, a);
    assert_int_equal(a->status, 431);
    nghttp2_nv lots[304] = {v[0], v[1], v[2], v[3]};
    for (int i = 4; i < 304; i++)
        lots[i] = nv("n", "v");
    a = answer_of(c, nghttp2_submit_request(c->s, NULL, lots, 304, NULL, NULL));
    wait_over(c, a);
    assert_int_equal(a->status, 431);
    assert_int_equal(f->refused, 4);
    expect(c, ask(c, "/a/", NULL, NULL, NULL), 200, NULL);
    free(value);
    peer_free(c);
    finish(f);
    free(f);
}

/* Many bodies that never end: together they stay below a ceiling, and whoever passes it is cut off. */
static void test_bodies_under_way(void **state)
{
    enum { N = 20 };
    struct fixture *f = start_both();
    struct peer *c = peer_new(f, 65535);
    size_t left[N];
    struct answer *a[N];
    unsigned calmed = 0;
    for (int i = 0; i < N; i++) {
        left[i] = STALLS + MAX_BODY;
        a[i] = ask(c, "/hold", &left[i], NULL, NULL);
    }
    while (calmed < N - 8 && !c->eof) {
        step(c);
        calmed = 0;
        for (int i = 0; i < N; i++)
            calmed += a[i]->over && a[i]->code == NGHTTP2_ENHANCE_YOUR_CALM;
    }
    assert_int_equal(calmed, N - 8);
    assert_int_equal(f->refused, 0);
    peer_free(c);
    finish(f);
    free(f);
}

static void test_expect_continue(void **state)
{
    struct fixture *f = start_both();
    struct peer *c = peer_new(f, 65535);
    size_t three = 3;
    struct answer *a = ask(c, "/x", &three, "expect", "100-continue");
    wait_over(c, a);
    assert_true(a->continued);
    assert_int_equal(a->status, 200);
    peer_free(c);
    finish(f);
    free(f);
}

static void test_client_goes_away(void **state)
{
    struct fixture *f = start_both();
    struct peer *c = peer_new(f, 65535);
    size_t more = 1000000;
    for (int i = 0; i < 5; i++)
        ask(c, "/hold", NULL, NULL, NULL);
    expect(c, ask(c, "/a/", NULL, NULL, NULL), 200, NULL);
    assert_int_equal(f->gone, 0);
    nghttp2_submit_rst_stream(c->s, NGHTTP2_FLAG_NONE, 3, NGHTTP2_CANCEL);
    nghttp2_session_send(c->s);
    await(&f->gone, 1);
    ask(c, "/a/", &more, NULL, NULL); /* half of a request */
    nghttp2_session_send(c->s);
    expect(c, ask(c, "/a/", NULL, NULL, NULL), 200, NULL);
    close(c->fd);
    c->fd = -1;
    await(&f->gone, 5);
    peer_free(c);
    finish(f);
    free(f);
}

static void test_answer_lost(void **state)
{
    struct fixture *f = start_both();
    struct peer *c = peer_new(f, 1);
    c->slow = true;
    struct answer *a = ask(c, "/pieces", NULL, NULL, NULL);
    while (a->body.n < 1)
        step(c);
    close(c->fd);
    c->fd = -1;
    await(&f->ended, 1); /* given to its end, and lost */
    assert_int_equal(f->whole, 0);
    assert_int_equal(f->gone, 0);
    peer_free(c);
    finish(f);
    free(f);
}

static void test_client_does_not_read(void **state)
{
    struct fixture *f = start_both();
    struct peer *c = peer_new(f, 1 << 30);
    ask(c, "/flood", NULL, NULL, NULL);
    nghttp2_session_send(c->s);
    await(&f->gone, 1);
    assert_int_equal(f->dropped, 1);
    peer_free(c);
    finish(f);
    free(f);
}

static void test_big_answer(void **state)
{
    struct fixture *f = start_both();
    struct peer *c = peer_new(f, 65535);
    struct answer *a = ask(c, "/big", NULL, NULL, NULL);
    struct answer *b = ask(c, "/a/", NULL, NULL, NULL); /* does not wait for it */
    wait_over(c, b);
    assert_false(a->over);
    wait_over(c, a);
    assert_int_equal(a->body.n, BIG);
    await(&f->ended, 1);
    assert_int_equal(f->written, 1);
    assert_true(f->waited[0]);
    peer_free(c);
    finish(f);
    free(f);
}

static void test_goaway(void **state)
{
    struct fixture *f = start((struct hserver_opts){.http = HS_HTTP1 | HS_HTTP2, .goaway_after = 3});
    struct peer *c = peer_new(f, 65535);
    struct answer *a[6];
    for (int i = 0; i < 6; i++)
        a[i] = ask(c, "/a/", NULL, NULL, NULL);
    nghttp2_session_send(c->s);
    while (!c->eof)
        step(c);
    assert_int_equal(c->goaway, 1); /* NO_ERROR */
    assert_int_equal(c->last_id, 5);
    for (int i = 0; i < 6; i++)
        assert_int_equal(a[i]->status, i < 3 ? 200 : 0);
    peer_free(c);
    finish(f);
    assert_int_equal(f->gone, 0);
    free(f);
    f = start((struct hserver_opts){.http = HS_HTTP1 | HS_HTTP2, .goaway_after = 3, .goaway_abrupt = true});
    c = peer_new(f, 65535);
    for (int i = 0; i < 2; i++)
        a[i] = ask(c, "/hold", NULL, NULL, NULL);
    for (int i = 2; i < 6; i++)
        a[i] = ask(c, "/a/", NULL, NULL, NULL);
    while (!c->eof)
        step(c);
    assert_int_equal(c->goaway, 3); /* INTERNAL_ERROR */
    assert_int_equal(c->last_id, 5);
    for (int i = 0; i < 6; i++)
        assert_int_equal(a[i]->status, 0);
    await(&f->gone, 2);
    peer_free(c);
    finish(f);
    free(f);
}

static void test_freed_while_busy(void **state)
{
    struct fixture *f = start_both();
    struct peer *c = peer_new(f, 1);
    c->slow = true;
    for (int i = 0; i < 20; i++)
        ask(c, "/hold", NULL, NULL, NULL);
    struct answer *a = ask(c, "/pieces", NULL, NULL, NULL);
    while (a->body.n < 1)
        step(c);
    finish(f);
    assert_int_equal(f->gone, 20);
    assert_int_equal(f->ended, 1);
    assert_int_equal(f->whole, 0);
    peer_free(c);
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),          cmocka_unit_test(test_recognised),
        cmocka_unit_test(test_one_version_alone), cmocka_unit_test(test_instants),
        cmocka_unit_test(test_closed_window),     cmocka_unit_test(test_ends),
        cmocka_unit_test(test_refused),           cmocka_unit_test(test_bodies_under_way),
        cmocka_unit_test(test_expect_continue),   cmocka_unit_test(test_client_goes_away),
        cmocka_unit_test(test_answer_lost),       cmocka_unit_test(test_client_does_not_read),
        cmocka_unit_test(test_big_answer),        cmocka_unit_test(test_goaway),
        cmocka_unit_test(test_freed_while_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
