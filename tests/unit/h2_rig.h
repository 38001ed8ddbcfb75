/* h2_rig.h - for the tests of the client over HTTP/2: a server of bare streams and nghttp2's own server sessions, in
 * the client's loop, that does what a request's path says; and exchanges that keep what they are told. /ok/N
 * /trailers/N  N bytes of body      /hold          no answer, until srv_release /rst/C /mid/C      RST_STREAM with code
 * C, before the headers or within the body /once              REFUSED_STREAM the first time, then as /ok/2 /max/N
 * SETTINGS with MAX_CONCURRENT_STREAMS N, then as /ok/2 /away              GOAWAY that leaves this stream out, the
 * first time; then as /ok/2 /angry             GOAWAY ENHANCE_YOUR_CALM, and the end of the connection /close /cut the
 * end of the connection, before the headers or within the body */
#ifndef WEIR_TESTS_H2_RIG_H
#define WEIR_TESTS_H2_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <nghttp2/nghttp2.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "http/hclient.h"
#include "net/listen.h"
#include "net/resolve.h"
#include "net/tls.h"

enum { MAX_CONNS = 512, NO_STREAMS = 1 << 30 };

struct srv_stream {
    struct srv_stream *next;
    struct srv_conn *k;
    int32_t id;
    char path[64];
    char host[64];
    size_t got, left;
    bool trailers, whole;
};

struct srv_conn {
    struct srv *v;
    struct stream *s;
    nghttp2_session *ng;
    struct buf out;
    struct srv_stream *streams;
    int open, most; /* streams now, and at most at once */
    bool want_close;
    struct timer later, late;
};

struct srv {
    struct loop *l;
    struct listener *ln;
    struct addr addr;
    struct tls_ctx *tls;
    uint32_t max_streams; /* of the SETTINGS */
    bool mute;            /* no SETTINGS, no answer */
    int64_t late_first;   /* the first connection says nothing for so long */
    struct srv_conn *conn[MAX_CONNS];
    int n, requests, refused, aways;
    size_t body_bytes;
};

static inline void srv_write(struct srv_conn *k);

static inline ssize_t srv_give(nghttp2_session *ng, int32_t id, uint8_t *to, size_t room, uint32_t *flags,
                               nghttp2_data_source *from, void *arg)
{
    struct srv_stream *s = from->ptr;
    size_t n = MIN(room, s->left);
    if (strncmp(s->path, "/mid", 4) == 0 || strncmp(s->path, "/cut", 4) == 0) {
        to[0] = 'm';
        if (s->left-- == 1) {
            if (s->path[1] == 'm')
                nghttp2_submit_rst_stream(ng, 0, id, (uint32_t)strtoul(s->path + 5, NULL, 10));
            else
                s->k->want_close = true;
            return NGHTTP2_ERR_DEFERRED;
        }
        return 1;
    }
    memset(to, 'x', n);
    s->left -= n;
    if (s->left > 0)
        return (ssize_t)n;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (s->trailers) {
        nghttp2_nv nv = {(uint8_t *)"grpc-status", (uint8_t *)"13", 11, 2, 0};
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        nghttp2_submit_trailer(ng, id, &nv, 1);
    }
    return (ssize_t)n;
}

static inline void srv_ok(struct srv_stream *s, size_t n)
{
    nghttp2_nv nv[] = {{(uint8_t *)":status", (uint8_t *)"200", 7, 3, 0},
                       {(uint8_t *)"x-host", (uint8_t *)s->host, 6, strlen(s->host), 0}};
    nghttp2_data_provider from = {.source.ptr = s, .read_callback = srv_give};
    s->left = n;
    nghttp2_submit_response(s->k->ng, s->id, nv, 2, &from);
}

static inline void srv_answer(struct srv_stream *s)
{
    struct srv_conn *k = s->k;
    struct srv *v = k->v;
    const char *p = s->path, *slash = strrchr(p, '/');
    uint32_t number = (uint32_t)strtoul(slash + 1, NULL, 10);
    s->trailers = strncmp(p, "/trailers", 9) == 0;
    if (strncmp(p, "/hold", 5) == 0)
        return;
    if (strncmp(p, "/rst", 4) == 0) {
        nghttp2_submit_rst_stream(k->ng, 0, s->id, number);
    } else if (strncmp(p, "/once", 5) == 0 && v->refused++ == 0) {
        nghttp2_submit_rst_stream(k->ng, 0, s->id, NGHTTP2_REFUSED_STREAM);
    } else if (strncmp(p, "/away", 5) == 0 && v->aways++ == 0) {
        nghttp2_submit_goaway(k->ng, 0, s->id - 2, NGHTTP2_NO_ERROR, NULL, 0);
    } else if (strncmp(p, "/angry", 6) == 0) {
        nghttp2_submit_goaway(k->ng, 0, s->id, NGHTTP2_ENHANCE_YOUR_CALM, (const uint8_t *)"slow down", 9);
        k->want_close = true;
    } else if (strncmp(p, "/close", 6) == 0) {
        k->want_close = true;
    } else {
        if (strncmp(p, "/max", 4) == 0) {
            nghttp2_settings_entry e = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, number};
            nghttp2_submit_settings(k->ng, 0, &e, 1);
        }
        bool sized = strncmp(p, "/ok", 3) == 0 || s->trailers;
        srv_ok(s, sized ? number : strncmp(p, "/mid", 4) == 0 || strncmp(p, "/cut", 4) == 0 ? 4 : 2);
    }
}

static inline int srv_begin(nghttp2_session *ng, const nghttp2_frame *f, void *arg)
{
    struct srv_conn *k = arg;
    struct srv_stream *s = xcalloc(1, sizeof(*s));
    *s = (struct srv_stream){.next = k->streams, .k = k, .id = f->hd.stream_id};
    k->streams = s;
    k->open++;
    k->most = MAX(k->most, k->open);
    nghttp2_session_set_stream_user_data(ng, s->id, s);
    return 0;
}

static inline int srv_header(nghttp2_session *ng, const nghttp2_frame *f, const uint8_t *n, size_t nn, const uint8_t *p,
                             size_t np, uint8_t flags, void *arg)
{
    struct srv_stream *s = nghttp2_session_get_stream_user_data(ng, f->hd.stream_id);
    if (nn == 5 && memcmp(n, ":path", 5) == 0)
        snprintf(s->path, sizeof(s->path), "%.*s", (int)np, p);
    if (nn == 10 && memcmp(n, ":authority", 10) == 0)
        snprintf(s->host, sizeof(s->host), "%.*s", (int)np, p);
    return 0;
}

static inline int srv_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *p, size_t n, void *arg)
{
    struct srv_stream *s = nghttp2_session_get_stream_user_data(ng, id);
    s->got += n;
    s->k->v->body_bytes += n;
    return 0;
}

static inline int srv_frame(nghttp2_session *ng, const nghttp2_frame *f, void *arg)
{
    struct srv_conn *k = arg;
    struct srv_stream *s = nghttp2_session_get_stream_user_data(ng, f->hd.stream_id);
    if (s && !s->whole && (f->hd.type == NGHTTP2_HEADERS || f->hd.type == NGHTTP2_DATA) &&
        (f->hd.flags & NGHTTP2_FLAG_END_STREAM)) {
        s->whole = true;
        k->v->requests++;
        srv_answer(s);
    }
    return 0;
}

static inline int srv_closed(nghttp2_session *ng, int32_t id, uint32_t code, void *arg)
{
    struct srv_conn *k = arg;
    struct srv_stream *gone = nghttp2_session_get_stream_user_data(ng, id);
    for (struct srv_stream **at = &k->streams; *at; at = &(*at)->next) {
        if (*at == gone) {
            *at = gone->next;
            free(gone);
            k->open--;
            break;
        }
    }
    return 0;
}

static inline void srv_end(struct srv_conn *k)
{
    loop_timer_stop(k->v->l, &k->later);
    loop_timer_stop(k->v->l, &k->late);
    stream_close(&k->s);
}

static inline void srv_write(struct srv_conn *k)
{
    const uint8_t *p;
    for (ssize_t n; k->out.n < (1 << 20) && (n = nghttp2_session_mem_send(k->ng, &p)) > 0;)
        buf_add(&k->out, p, (size_t)n);
    if (k->out.n > 0) {
        struct iovec v = {k->out.p, k->out.n};
        ssize_t r = stream_writev(k->s, &v, 1);
        if (r > 0)
            buf_drop(&k->out, (size_t)r);
        else if (r != STREAM_AGAIN)
            buf_clear(&k->out);
    }
    stream_want(k->s, true, k->out.n > 0 || nghttp2_session_want_write(k->ng));
    if (k->want_close && k->out.n == 0)
        loop_timer_set(k->v->l, &k->later, 0);
}

static inline void srv_later(struct timer *t)
{
    srv_end(CONTAINER_OF(t, struct srv_conn, later));
}

static inline void srv_up(struct srv_conn *k)
{
    nghttp2_session_callbacks *cbs;
    nghttp2_session_callbacks_new(&cbs);
    nghttp2_session_callbacks_set_on_begin_headers_callback(cbs, srv_begin);
    nghttp2_session_callbacks_set_on_header_callback(cbs, srv_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cbs, srv_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cbs, srv_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cbs, srv_closed);
    nghttp2_session_server_new(&k->ng, cbs, k);
    nghttp2_session_callbacks_del(cbs);
    nghttp2_settings_entry e = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, k->v->max_streams};
    if (e.value == NO_STREAMS)
        e.value = 0;
    nghttp2_submit_settings(k->ng, 0, &e, k->v->max_streams > 0);
    stream_want(k->s, true, false);
    srv_write(k);
}

static inline void srv_late(struct timer *t)
{
    srv_up(CONTAINER_OF(t, struct srv_conn, late));
}

/* Requests come whole. */
static inline void srv_http1(struct srv_conn *k)
{
    static char b[4096], text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx-host: one\r\n\r\nxx";
    struct rx rx;
    ssize_t n = stream_read(k->s, b, sizeof(b), &rx);
    struct iovec v = {text, sizeof(text) - 1};
    if (n > 0) {
        k->v->requests++;
        assert_int_equal(stream_writev(k->s, &v, 1), v.iov_len);
    } else if (n != STREAM_AGAIN) {
        srv_end(k);
    }
}

static inline void on_srv(void *arg, struct stream *s, unsigned what)
{
    static char b[65536];
    struct srv_conn *k = arg;
    struct rx rx;
    if (what & STREAM_FAILED) {
        srv_end(k);
        return;
    }
    if ((what & STREAM_UP) && k->v->mute)
        return;
    if ((what & STREAM_UP) && k->v->late_first && k == k->v->conn[0]) {
        loop_timer_set(k->v->l, &k->late, clock_mono() + k->v->late_first);
        return;
    }
    if ((what & STREAM_UP) && k->v->tls && !stream_is_h2(s))
        stream_want(s, true, false);
    else if (what & STREAM_UP)
        srv_up(k);
    if ((what & STREAM_READABLE) && !k->ng) {
        srv_http1(k);
        return;
    }
    if (what & STREAM_READABLE) {
        ssize_t n = stream_read(s, b, sizeof(b), &rx);
        if (n == STREAM_AGAIN)
            return;
        if (n < 0 || nghttp2_session_mem_recv(k->ng, (uint8_t *)b, (size_t)n) < 0) {
            srv_end(k);
            return;
        }
    }
    if (what & (STREAM_READABLE | STREAM_WRITABLE))
        srv_write(k);
}

static inline void on_accept(void *arg, int fd)
{
    struct srv *v = arg;
    struct srv_conn *k = xcalloc(1, sizeof(*k));
    k->v = v;
    k->later.fire = srv_later;
    k->late.fire = srv_late;
    buf_init(&k->out, 4 << 20);
    k->s = stream_accept(v->l, fd, v->tls, on_srv, k);
    assert_true(v->n < MAX_CONNS);
    v->conn[v->n++] = k;
}

static inline void srv_close(struct srv *v)
{
    for (int i = 0; i < v->n; i++) {
        struct srv_conn *k = v->conn[i];
        srv_end(k);
        nghttp2_session_del(k->ng);
        while (k->streams) {
            struct srv_stream *s = k->streams;
            k->streams = s->next;
            free(s);
        }
        buf_free(&k->out);
        free(k);
    }
    listener_free(&v->ln);
}

static inline int srv_open_streams(const struct srv *v)
{
    int n = 0;
    for (int i = 0; i < v->n; i++)
        n += v->conn[i]->s ? v->conn[i]->open : 0;
    return n;
}

/* What is held gets its answer. */
static inline void srv_release(struct srv *v)
{
    for (int i = 0; i < v->n; i++) {
        if (!v->conn[i]->s)
            continue;
        for (struct srv_stream *s = v->conn[i]->streams; s; s = s->next) {
            if (strncmp(s->path, "/hold", 5) == 0 && s->whole)
                srv_ok(s, 2);
        }
        srv_write(v->conn[i]);
    }
}

/* ---- the client's side */

struct ask {
    struct hx x; /* first */
    struct rig *g;
    char head[160], own[64];
    struct iovec out[3];
    struct iovec body;
    size_t got;
    char host[64];
    int n_done, n_status, n_headers_done, cut_in, cut_how; /* in: 's' 'h' 'H' 'b' 'r'; how: 'c' cancel, 's' stop */
    const char *then;                                      /* asked from inside done */
    bool quiet;                                            /* does not count in left */
};

struct rig {
    struct loop *l;
    struct srv v;
    struct hclient *c;
    struct tls_ctx *client_tls;
    int left;
    struct ask a[256];
};

static inline void rig_ask(struct rig *g, struct ask *a, const char *path);

static inline int reached(struct ask *a, int where)
{
    if (a->cut_in != where)
        return 0;
    if (a->cut_how == 's')
        return 1;
    hx_cancel(&a->x);
    if (--a->g->left == 0)
        loop_stop(a->g->l);
    return 0;
}

static inline int on_status(struct hx *x, int status)
{
    struct ask *a = (struct ask *)x;
    a->n_status++;
    assert_int_equal(x->status, status);
    return reached(a, 's');
}

static inline int on_header(struct hx *x, struct str name, struct str value)
{
    struct ask *a = (struct ask *)x;
    if (str_eqz(name, "x-host"))
        snprintf(a->host, sizeof(a->host), STR_FMT, STR_ARG(value));
    assert_false(str_eqz(name, "grpc-status")); /* a trailer is no header */
    return reached(a, 'h');
}

static inline int on_headers_done(struct hx *x)
{
    ((struct ask *)x)->n_headers_done++;
    return reached((struct ask *)x, 'H');
}

static inline int on_body(struct hx *x, struct str piece, const struct rx *rx)
{
    struct ask *a = (struct ask *)x;
    a->got += piece.n;
    assert_true(rx->since <= rx->stamp && rx->stamp <= rx->user);
    return reached(a, 'b');
}

static inline void on_read_end(struct hx *x, const struct rx *rx, bool followed)
{
    reached((struct ask *)x, 'r');
}

static inline void on_done(struct hx *x)
{
    struct ask *a = (struct ask *)x;
    a->n_done++;
    if (a->then) {
        const char *path = a->then;
        a->then = NULL;
        rig_ask(a->g, a, path);
    }
    if (--a->g->left == 0)
        loop_stop(a->g->l);
}

static const struct hx_ops ask_ops = {on_status, on_header, on_headers_done, on_body, on_read_end, on_done};

static inline void rig_ask(struct rig *g, struct ask *a, const char *path)
{
    struct iovec body = a->body;
    const char *then = a->then;
    int cut_in = a->cut_in, cut_how = a->cut_how, done = a->n_done;
    memset(a, 0, sizeof(*a));
    *a = (struct ask){.g = g, .then = then, .cut_in = cut_in, .cut_how = cut_how, .body = body, .n_done = done};
    snprintf(a->head, sizeof(a->head), "POST %s HTTP/1.1\r\nHost: h.example\r\nConnection: close\r\n", path);
    snprintf(a->own, sizeof(a->own), "Content-Length: %zu\r\n\r\n", body.iov_len);
    a->out[0] = (struct iovec){a->head, strlen(a->head)};
    a->out[1] = (struct iovec){a->own, strlen(a->own)};
    a->out[2] = body;
    a->x.ops = &ask_ops;
    a->x.out = a->out;
    a->x.n_out = body.iov_len ? 3 : 2;
    a->x.n_head = 2;
    g->left++;
    hx_start(g->c, &a->x);
}

static inline void on_deadline(struct timer *t)
{
    fail_msg("the loop waited for more than 20 s");
}

static inline void rig_run(struct rig *g)
{
    struct timer t = {.fire = on_deadline};
    loop_timer_set(g->l, &t, clock_mono() + 20 * NS_PER_S);
    while (g->left > 0)
        loop_run(g->l);
    loop_timer_stop(g->l, &t);
}

struct stopper {
    struct timer t;
    struct loop *l;
};

static inline void on_stopper(struct timer *t)
{
    loop_stop(CONTAINER_OF(t, struct stopper, t)->l);
}

static inline void rig_run_for(struct rig *g, int64_t ns)
{
    struct stopper s = {.t = {.fire = on_stopper}, .l = g->l};
    loop_timer_set(g->l, &s.t, clock_mono() + ns);
    loop_run(g->l);
}

struct rig_opts {
    uint32_t max_streams;
    unsigned server_alpn; /* 0: without TLS */
    int64_t late_first;
    bool mute;
    struct hclient_opts h;
};

static inline struct rig *rig_open(const struct rig_opts *o)
{
    struct rig *g = xcalloc(1, sizeof(*g));
    struct addr a;
    g->l = loop_new(NULL, NULL);
    g->v.l = g->l;
    g->v.max_streams = o->max_streams;
    g->v.mute = o->mute;
    g->v.late_first = o->late_first;
    if (o->server_alpn) {
        struct tls_server_opts so = {.alpn = o->server_alpn};
        struct tls_client_opts co = {.insecure = true, .alpn = TLS_ALPN_H2};
        if (o->h.http == HCLIENT_AUTO)
            co.alpn |= TLS_ALPN_HTTP11;
        assert_non_null(g->v.tls = tls_server_new(&so, NULL));
        assert_non_null(g->client_tls = tls_client_new(&co, NULL));
    }
    assert_int_equal(resolve_host("127.0.0.1", 0, &a, 1, NULL), 1);
    assert_non_null(g->v.ln = listener_new(g->l, &a, false, false, on_accept, &g->v, NULL));
    listener_addr(g->v.ln, &g->v.addr);
    struct hclient_opts h = o->h;
    h.addrs = &g->v.addr;
    h.n_addrs = 1;
    h.tls = g->client_tls;
    h.sni = "localhost";
    if (!o->server_alpn && h.http == HCLIENT_11)
        h.http = HCLIENT_H2C;
    g->c = hclient_new(g->l, &h);
    return g;
}

static inline void rig_close(struct rig *g)
{
    hclient_free(&g->c);
    srv_close(&g->v);
    loop_free(&g->l);
    if (g->v.tls)
        tls_free(&g->v.tls);
    if (g->client_tls)
        tls_free(&g->client_tls);
    free(g);
}

static inline void ask_one(struct rig *g, const char *path)
{
    g->a[0].n_done = 0;
    rig_ask(g, &g->a[0], path);
    assert_int_equal(g->a[0].n_done, 0);
    rig_run(g);
    assert_int_equal(g->a[0].n_done, 1);
}

#endif
