/* hclient_rig.h - for the tests of the HTTP client: a server thread that plays one scripted part per connection with
 * plain blocking calls, sharing nothing with the client, and an exchange that keeps count of its callbacks. */
#ifndef WEIR_TESTS_HCLIENT_RIG_H
#define WEIR_TESTS_HCLIENT_RIG_H

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

static inline void *serve(void *arg)
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

static inline void listen_any(struct server *s)
{
    s->lfd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(resolve_host("127.0.0.1", 0, &s->addr, 1, NULL), 1);
    assert_int_equal(bind(s->lfd, (struct sockaddr *)&s->addr.sa, s->addr.len), 0);
    assert_int_equal(listen(s->lfd, 64), 0);
    assert_int_equal(getsockname(s->lfd, (struct sockaddr *)&s->addr.sa, &s->addr.len), 0);
}

static inline void server_start(struct server *s, part *const *parts, int n)
{
    listen_any(s);
    s->parts = parts;
    s->n_parts = n;
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static inline void server_join(struct server *s)
{
    shutdown(s->lfd, SHUT_RDWR); /* ends an accept that waits for ever */
    pthread_join(s->thread, NULL);
    close(s->lfd);
}

/* Read one request: headers, and a body of content-length. False at the end of the connection. */
static inline bool get_request(int fd)
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

static inline void say(int fd, const char *z)
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

static inline void wait_for_close(int fd)
{
    char b[256];
    while (recv(fd, b, sizeof(b), 0) > 0)
        ;
}

static inline void reset(int fd)
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

static inline int reached(struct hx *x, int at)
{
    struct ask *a = (struct ask *)x;
    if (a->cancel_in == at) {
        hx_cancel(x);
        loop_stop(a->l);
    }
    return a->stop_in == at;
}

static inline int on_status(struct hx *x, int status)
{
    struct ask *a = (struct ask *)x;
    a->n_status++;
    assert_int_equal(x->status, status);
    return reached(x, AT_STATUS);
}

static inline int on_header(struct hx *x, struct str name, struct str value)
{
    struct ask *a = (struct ask *)x;
    buf_addf(&a->headers, STR_FMT "=" STR_FMT ";", STR_ARG(name), STR_ARG(value));
    return reached(x, AT_HEADER);
}

static inline int on_headers_done(struct hx *x)
{
    ((struct ask *)x)->n_headers_done++;
    return reached(x, AT_HEADERS_DONE);
}

static inline int on_body(struct hx *x, struct str piece, const struct rx *rx)
{
    struct ask *a = (struct ask *)x;
    buf_adds(&a->body, piece);
    a->rx = *rx;
    return reached(x, AT_BODY);
}

static inline void on_read_end(struct hx *x, const struct rx *rx, bool followed)
{
    ((struct ask *)x)->n_read_end++;
    reached(x, AT_READ_END);
}

static inline void on_done(struct hx *x)
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

static inline void ask_init(struct ask *a, struct loop *l, struct hclient *c)
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

static inline void ask_again(struct ask *a)
{
    buf_clear(&a->body);
    buf_clear(&a->headers);
    a->n_status = a->n_headers_done = a->n_read_end = a->n_done = 0;
}

static inline void ask_free(struct ask *a)
{
    buf_free(&a->body);
    buf_free(&a->headers);
}

static inline void on_deadline(struct timer *t)
{
    fail_msg("the loop waited for more than 5 s");
}

static inline void run(struct loop *l)
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

static inline void on_stopper(struct timer *t)
{
    loop_stop(CONTAINER_OF(t, struct stopper, t)->l);
}

static inline void run_for(struct loop *l, int64_t ns)
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

static inline void rig_open(struct rig *r, part *const *parts, int n, const struct hclient_opts *o)
{
    server_start(&r->srv, parts, n);
    r->l = loop_new(NULL, NULL);
    struct hclient_opts opts = o ? *o : (struct hclient_opts){0};
    opts.addrs = &r->srv.addr;
    opts.n_addrs = 1;
    r->c = hclient_new(r->l, &opts);
    ask_init(&r->a, r->l, r->c);
}

static inline void rig_close(struct rig *r)
{
    hclient_free(&r->c);
    loop_free(&r->l);
    ask_free(&r->a);
    server_join(&r->srv);
}

static inline void ask(struct rig *r)
{
    ask_again(&r->a);
    hx_start(r->c, &r->a.x);
    assert_int_equal(r->a.n_done, 0);
    run(r->l);
    assert_int_equal(r->a.n_done, 1);
}

static inline void assert_body(const struct ask *a, const char *want)
{
    assert_int_equal(a->body.n, strlen(want));
    assert_memory_equal(a->body.p ? a->body.p : "", want, a->body.n);
}

/* ---- parts that several files use */

#define CHUNKED                                                                                                        \
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Id:  7 \r\nTransfer-Encoding: chunked\r\n\r\n"            \
    "5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n"

static inline void part_chunked(int fd)
{
    while (get_request(fd))
        say(fd, CHUNKED);
}

static inline void part_closes_early(int fd)
{
    get_request(fd);
}

static inline void part_one_then_close_later(int fd)
{
    get_request(fd);
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    get_request(fd); /* and closes without a word: the request meets the FIN */
}

#endif
