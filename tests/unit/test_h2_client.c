/* test_h2_client.c - against nghttp2's own server session, against frames written by hand from RFC 9113, and against
 * a header block of RFC 7541, C.6.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <nghttp2/nghttp2.h>

#include "base/xalloc.h"
#include "proto/h2_client.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define MIB (1u << 20)

/* ---- our side: each request keeps a log of its calls */

struct ask {
    struct h2_stream *s;
    struct h2_client *c;
    struct buf log, body;
    bool over;
    struct h2_close how;
    size_t came, gone;
    bool all_gone;
    int stop_in, cancel_in; /* 0, or the initial of a call */
    struct ask *cancel;     /* which one */
};

static void ask_init(struct ask *a, struct h2_client *c)
{
    memset(a, 0, sizeof *a);
    a->c = c;
    buf_init(&a->log, MIB);
    buf_init(&a->body, 64 * MIB);
    buf_addz(&a->log, "");
}

static void ask_free(struct ask *a)
{
    buf_free(&a->log);
    buf_free(&a->body);
}

static int reached(struct ask *a, int what)
{
    if (a->cancel_in == what) {
        struct ask *b = a->cancel ? a->cancel : a;
        h2_client_cancel(b->c, b->s);
        b->s = NULL;
        a->cancel_in = 0;
    }
    return a->stop_in == what;
}

static int on_status(void *arg, void *owner, int status)
{
    struct ask *a = owner;
    buf_addf(&a->log, "S%d;", status);
    return reached(a, 'S');
}

static int on_header(void *arg, void *owner, struct str name, struct str value)
{
    struct ask *a = owner;
    buf_addf(&a->log, STR_FMT "=" STR_FMT ";", STR_ARG(name), STR_ARG(value));
    return reached(a, 'h');
}

static int on_headers_done(void *arg, void *owner)
{
    buf_addz(&((struct ask *)owner)->log, "H;");
    return reached(owner, 'H');
}

static int on_data(void *arg, void *owner, struct str piece)
{
    struct ask *a = owner;
    buf_adds(&a->body, piece);
    return reached(a, 'd');
}

static int on_trailer(void *arg, void *owner, struct str name, struct str value)
{
    struct ask *a = owner;
    buf_addf(&a->log, "T:" STR_FMT "=" STR_FMT ";", STR_ARG(name), STR_ARG(value));
    return reached(a, 'T');
}

struct told { /* what concerns the connection */
    struct buf runs;
    uint32_t max_streams, goaway_code;
    int n_settings, n_goaway;
    char goaway[64];
    struct ask *first; /* runs are told by the request's number */
};

static void on_run_end(void *arg, void *owner, bool followed)
{
    struct told *t = arg;
    buf_addf(&t->runs, "%d%c", (int)((struct ask *)owner - t->first), followed ? '+' : '.');
}

static void on_came(void *arg, void *owner, size_t bytes)
{
    ((struct ask *)owner)->came += bytes;
}

static void on_gone(void *arg, void *owner, size_t bytes, bool last)
{
    struct ask *a = owner;
    assert_false(a->all_gone);
    a->gone += bytes;
    a->all_gone = last;
}

static void on_closed(void *arg, void *owner, const struct h2_close *how)
{
    struct ask *a = owner;
    assert_false(a->over);
    a->over = true;
    a->how = *how;
    a->s = NULL;
    buf_addf(&a->log, "E%d %s;", how->end, h2_code_name(how->code));
}

static void on_settings(void *arg, uint32_t max_streams)
{
    struct told *t = arg;
    t->n_settings++;
    t->max_streams = max_streams;
}

static void on_goaway(void *arg, uint32_t code, struct str text)
{
    struct told *t = arg;
    t->n_goaway++;
    t->goaway_code = code;
    snprintf(t->goaway, sizeof t->goaway, STR_FMT, STR_ARG(text));
}

static const struct h2_client_cb calls = {on_status, on_header, on_headers_done, on_data,     on_trailer, on_run_end,
                                          on_came,   on_gone,   on_closed,       on_settings, on_goaway};

/* ---- the other side: nghttp2's server session with one behaviour per path */

struct peer_stream {
    struct peer_stream *next;
    struct peer *p;
    int32_t id;
    struct buf head, body;
    size_t left; /* of the response's body */
    bool trailers;
};

struct peer {
    nghttp2_session *ng;
    struct peer_stream *streams;
    int n_requests;
    bool hold; /* answer nothing */
};

static const char *path_of(const struct peer_stream *s)
{
    const char *p = strstr(s->head.p, ":path=");
    return p ? p + 6 : "";
}

static int peer_begin(nghttp2_session *ng, const nghttp2_frame *f, void *arg)
{
    struct peer *p = arg;
    struct peer_stream *s = xcalloc(1, sizeof *s);
    *s = (struct peer_stream){.next = p->streams, .p = p, .id = f->hd.stream_id};
    buf_init(&s->head, MIB);
    buf_init(&s->body, 64 * MIB);
    p->streams = s;
    nghttp2_session_set_stream_user_data(ng, s->id, s);
    return 0;
}

static int peer_header(nghttp2_session *ng, const nghttp2_frame *f, const uint8_t *n, size_t nn, const uint8_t *v,
                       size_t nvl, uint8_t flags, void *arg)
{
    struct peer_stream *s = nghttp2_session_get_stream_user_data(ng, f->hd.stream_id);
    return buf_addf(&s->head, "%.*s=%.*s;", (int)nn, n, (int)nvl, v);
}

static int peer_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *p, size_t n, void *arg)
{
    struct peer_stream *s = nghttp2_session_get_stream_user_data(ng, id);
    return buf_add(&s->body, p, n);
}

static ssize_t peer_give(nghttp2_session *ng, int32_t id, uint8_t *to, size_t room, uint32_t *flags,
                         nghttp2_data_source *from, void *arg)
{
    struct peer_stream *s = from->ptr;
    size_t n = MIN(room, s->left);
    memset(to, 'a' + (int)(s->left % 23), n);
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

#define NV(name, value)                                                                                                \
    {                                                                                                                  \
        (uint8_t *)(name), (uint8_t *)(value), strlen(name), strlen(value), 0                                          \
    }

static void answer(struct peer *p, struct peer_stream *s)
{
    const char *path = path_of(s);
    nghttp2_nv ok[] = {NV(":status", "200"), NV("content-type", "text/event-stream")};
    nghttp2_nv early[] = {NV(":status", "103"), NV("link", "x")};
    nghttp2_data_provider from = {.source.ptr = s, .read_callback = peer_give};
    if (strncmp(path, "/reset", 6) == 0) {
        nghttp2_submit_rst_stream(p->ng, 0, s->id, (uint32_t)strtoul(path + 6, NULL, 10));
        return;
    }
    if (strncmp(path, "/early", 6) == 0)
        nghttp2_submit_headers(p->ng, 0, s->id, NULL, early, 2, NULL);
    s->left = strtoul(path + strcspn(path, "0123456789"), NULL, 10);
    s->trailers = strncmp(path, "/trailers", 9) == 0;
    if (strncmp(path, "/empty", 6) == 0)
        nghttp2_submit_response(p->ng, s->id, ok, 2, NULL);
    else
        nghttp2_submit_response(p->ng, s->id, ok, 2, &from);
}

static int peer_frame(nghttp2_session *ng, const nghttp2_frame *f, void *arg)
{
    struct peer *p = arg;
    if ((f->hd.type == NGHTTP2_HEADERS || f->hd.type == NGHTTP2_DATA) && (f->hd.flags & NGHTTP2_FLAG_END_STREAM)) {
        p->n_requests++;
        if (!p->hold)
            answer(p, nghttp2_session_get_stream_user_data(ng, f->hd.stream_id));
    }
    return 0;
}

static void peer_open(struct peer *p, uint32_t max_streams)
{
    nghttp2_session_callbacks *cbs;
    memset(p, 0, sizeof *p);
    nghttp2_session_callbacks_new(&cbs);
    nghttp2_session_callbacks_set_on_begin_headers_callback(cbs, peer_begin);
    nghttp2_session_callbacks_set_on_header_callback(cbs, peer_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cbs, peer_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cbs, peer_frame);
    nghttp2_session_server_new(&p->ng, cbs, p);
    nghttp2_session_callbacks_del(cbs);
    nghttp2_settings_entry e = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, max_streams};
    nghttp2_submit_settings(p->ng, 0, &e, 1);
}

static void peer_close(struct peer *p)
{
    nghttp2_session_del(p->ng);
    while (p->streams) {
        struct peer_stream *s = p->streams;
        p->streams = s->next;
        buf_free(&s->head);
        buf_free(&s->body);
        free(s);
    }
}

/* ---- both */

struct pair {
    struct h2_client *c;
    struct peer p;
    struct told told;
    struct ask a[64];
    struct h2_head common, own;
};

static void pair_open(struct pair *x, uint32_t max_streams)
{
    memset(&x->told, 0, sizeof x->told);
    buf_init(&x->told.runs, MIB);
    buf_addz(&x->told.runs, "");
    x->told.first = x->a;
    x->c = h2_client_new(&calls, &x->told, 0);
    peer_open(&x->p, max_streams);
    for (size_t i = 0; i < ARRAY_LEN(x->a); i++)
        ask_init(&x->a[i], x->c);
    h2_head_init(&x->common);
    h2_head_init(&x->own);
}

static void pair_close(struct pair *x)
{
    h2_client_free(&x->c);
    peer_close(&x->p);
    for (size_t i = 0; i < ARRAY_LEN(x->a); i++)
        ask_free(&x->a[i]);
    h2_head_free(&x->common);
    h2_head_free(&x->own);
    buf_free(&x->told.runs);
}

static void request(struct pair *x, int i, const char *line, const struct iovec *body, int n)
{
    char text[256], own[64];
    size_t bytes = 0;
    for (int k = 0; k < n; k++)
        bytes += body[k].iov_len;
    snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer k\r\n", line);
    snprintf(own, sizeof own, "X-Request-Id: %d\r\nContent-Length: %zu\r\n\r\n", i, bytes);
    struct iovec v = {own, strlen(own)};
    assert_int_equal(h2_head_request(&x->common, str_of(text), true), 0);
    assert_int_equal(h2_head_lines(&x->own, &v, 1), 0);
    x->a[i].s = h2_client_request(x->c, &x->common, &x->own, body, n, &x->a[i]);
    assert_non_null(x->a[i].s);
}

/* Carry bytes to and fro until both are silent, in pieces of `cut` bytes towards us. */
static void pump(struct pair *x, size_t cut)
{
    struct buf out = BUF_INIT(64 * MIB);
    for (bool more = true; more;) {
        more = false;
        buf_clear(&out);
        assert_int_equal(h2_client_out(x->c, &out, 4 * MIB), 0);
        if (out.n > 0) {
            more = true;
            assert_int_equal(nghttp2_session_mem_recv(x->p.ng, (uint8_t *)out.p, out.n), out.n);
        }
        const uint8_t *p;
        buf_clear(&out);
        for (ssize_t n; out.n < 4 * MIB && (n = nghttp2_session_mem_send(x->p.ng, &p)) > 0;)
            buf_add(&out, p, (size_t)n);
        for (size_t at = 0; at < out.n; at += cut) {
            more = true;
            assert_int_equal(h2_client_feed(x->c, out.p + at, MIN(cut, out.n - at)), 0);
        }
    }
    buf_free(&out);
}

static void says(const struct ask *a, const char *want)
{
    assert_string_equal(a->log.p, want);
}

#define HEAD "S200;content-type=text/event-stream;H;"
static const struct iovec hi[2] = {{(char[]){'h'}, 1}, {(char[]){'i'}, 1}};

static void what_the_server_sees(void **state)
{
    (void)state;
    struct pair x;
    pair_open(&x, 100);
    request(&x, 0, "POST /5", hi, 2);
    request(&x, 1, "GET /0", NULL, 0);
    struct iovec empty[3] = {{hi[0].iov_base, 0}, hi[0], {hi[0].iov_base, 0}};
    request(&x, 2, "POST /3", empty, 3);
    pump(&x, SIZE_MAX);
    struct peer_stream *s = x.p.streams;
    assert_string_equal(s->body.p, "h");
    s = s->next;
    assert_string_equal(s->head.p, ":method=GET;:scheme=https;:path=/0;:authority=h;authorization=Bearer k;"
                                   "x-request-id=1;content-length=0;");
    s = s->next;
    assert_string_equal(s->head.p, ":method=POST;:scheme=https;:path=/5;:authority=h;authorization=Bearer k;"
                                   "x-request-id=0;content-length=2;");
    assert_string_equal(s->body.p, "hi");
    for (int i = 0; i < 3; i++) {
        says(&x.a[i], HEAD "E0 NO_ERROR;");
        assert_true(x.a[i].all_gone);
        assert_int_equal(x.a[i].body.n, i == 0 ? 5 : i == 1 ? 0 : 3);
    }
    assert_int_equal(x.told.max_streams, 100);
    assert_true(h2_client_alive(x.c));
    assert_string_equal(h2_client_reason(x.c), "");
    pair_close(&x);
}

/* The first bytes of a connection, and that nothing of them is left to chance. */
static void preface(void **state)
{
    (void)state;
    struct h2_client *c = h2_client_new(&calls, NULL, 0);
    struct buf out = BUF_INIT(MIB);
    assert_int_equal(h2_client_out(c, &out, MIB), 0);
    static const char want[] = PREFACE "\0\0\x12\x04\0\0\0\0\0" /* SETTINGS, 18 bytes */
                                       "\0\x02\0\0\0\0"         /* ENABLE_PUSH 0 */
                                       "\0\x04\x01\0\0\0"       /* INITIAL_WINDOW_SIZE 16 MiB */
                                       "\0\x06\0\x01\0\0"       /* MAX_HEADER_LIST_SIZE 64 KiB */
                                       "\0\0\x04\x08\0\0\0\0\0" /* WINDOW_UPDATE of the connection */
                                       "\x0f\xff\0\x01";        /* 256 MiB - 65535 */
    assert_int_equal(out.n, sizeof want - 1);
    assert_memory_equal(out.p, want, out.n);
    assert_int_equal(h2_client_out(c, &out, MIB), 0);
    assert_int_equal(out.n, sizeof want - 1);
    buf_free(&out);
    h2_client_free(&c);
}

/* Frames by hand. */
static void frame(struct buf *b, int type, int flags, unsigned id, const char *p, size_t n)
{
    const char head[9] = {(char)(n >> 16),  (char)(n >> 8),   (char)n,         (char)type, (char)flags,
                          (char)(id >> 24), (char)(id >> 16), (char)(id >> 8), (char)id};
    buf_add(b, head, 9);
    buf_add(b, p, n);
}

enum { F_DATA = 0, F_HEADERS = 1, F_RST = 3, F_SETTINGS = 4, F_PING = 6, F_GOAWAY = 7, F_CONT = 9 };
enum { END_STREAM = 1, END_HEADERS = 4, ACK = 1 };
#define OK_BLOCK "\x88" /* :status 200 of the static table */

/* RFC 7541, C.6.1: a response with Huffman coding. */
static const char rfc7541_c61[] =
    "\x48\x82\x64\x02\x58\x85\xae\xc3\x77\x1a\x4b\x61\x96\xd0\x7a\xbe\x94\x10\x54\xd4\x44\xa8\x20\x05\x95\x04\x0b\x81"
    "\x66\xe0\x82\xa6\x2d\x1b\xff\x6e\x91\x9d\x29\xad\x17\x18\x63\xc7\x8f\x0b\x97\xc8\xe9\xae\x82\xae\x43\xd3";

/* Our requests go out, to nowhere. */
static void swallow(struct pair *x)
{
    struct buf out = BUF_INIT(MIB);
    h2_client_out(x->c, &out, MIB);
    buf_free(&out);
}

static void feed(struct pair *x, const struct buf *b, size_t cut)
{
    for (size_t at = 0; at < b->n; at += cut)
        h2_client_feed(x->c, b->p + at, MIN(cut, b->n - at));
}

static void published_block(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < 120; cut += 7) {
        struct pair x;
        struct buf in = BUF_INIT(MIB);
        pair_open(&x, 1);
        request(&x, 0, "GET /", NULL, 0);
        swallow(&x);
        frame(&in, F_SETTINGS, 0, 0, "", 0);
        frame(&in, F_HEADERS, END_STREAM, 1, rfc7541_c61, 20); /* cut within a string */
        frame(&in, F_CONT, END_HEADERS, 1, rfc7541_c61 + 20, sizeof rfc7541_c61 - 1 - 20);
        feed(&x, &in, cut);
        says(&x.a[0], "S302;cache-control=private;date=Mon, 21 Oct 2013 20:13:21 GMT;location=https://www.example.com;"
                      "H;E0 NO_ERROR;");
        assert_int_equal(x.a[0].came, 9 + 9 + sizeof rfc7541_c61 - 1);
        buf_free(&in);
        pair_close(&x);
    }
}

static void ends(void **state)
{
    (void)state;
    static const struct {
        const char *line, *log;
        size_t body;
        enum h2_end end;
    } cases[] = {
        {"GET /0", HEAD "E0 NO_ERROR;", 0, H2_END_OK},
        {"GET /empty", HEAD "E0 NO_ERROR;", 0, H2_END_OK},
        {"GET /early7", HEAD "E0 NO_ERROR;", 7, H2_END_OK},
        {"GET /trailers70000", HEAD "T:grpc-status=13;E0 NO_ERROR;", 70000, H2_END_OK},
        {"GET /reset2", "E1 INTERNAL_ERROR;", 0, H2_END_RESET},
        {"GET /reset0", "E1 NO_ERROR;", 0, H2_END_RESET},
        {"GET /reset7", "E2 REFUSED_STREAM;", 0, H2_END_REFUSED},
    };
    for (size_t cut = 1; cut < 100; cut += 33) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
            struct pair x;
            pair_open(&x, 100);
            request(&x, 0, cases[i].line, NULL, 0);
            pump(&x, cut);
            says(&x.a[0], cases[i].log);
            assert_int_equal(x.a[0].how.end, cases[i].end);
            assert_int_equal(x.a[0].body.n, cases[i].body);
            assert_true(h2_client_alive(x.c));
            pair_close(&x);
        }
    }
}

/* Neither direction may stop for want of a window. */
static void large(void **state)
{
    (void)state;
    struct pair x;
    pair_open(&x, 100);
    char *p = xmalloc(10 * MIB);
    for (size_t i = 0; i < 10 * MIB; i++)
        p[i] = (char)(i * 2654435761u >> 24);
    struct iovec v[3] = {{p, 1}, {p + 1, 5 * MIB}, {p + 1 + 5 * MIB, 5 * MIB - 1}};
    request(&x, 0, "POST /10485760", v, 3);
    request(&x, 1, "POST /41943040", hi, 2);
    pump(&x, 65536);
    struct peer_stream *s = x.p.streams->next;
    assert_int_equal(s->body.n, 10 * MIB);
    assert_memory_equal(s->body.p, p, 10 * MIB);
    says(&x.a[0], HEAD "E0 NO_ERROR;");
    assert_int_equal(x.a[0].body.n, 10 * MIB);
    assert_int_equal(x.a[1].body.n, 40 * MIB);
    assert_true(x.a[0].gone > 10 * MIB && x.a[0].gone < 10 * MIB + 10 * 1024);
    assert_true(x.a[0].came > 10 * MIB && x.a[0].came < 10 * MIB + 10 * 1024);
    free(p);
    pair_close(&x);
}

/* A server that never opens our windows again sends what they allow: no less than a stream of tokens will ever need. */
static void windows_are_wide(void **state)
{
    (void)state;
    struct pair x;
    struct buf out = BUF_INIT(64 * MIB);
    size_t got = 0;
    pair_open(&x, 100);
    request(&x, 0, "GET /20000000", NULL, 0);
    h2_client_out(x.c, &out, MIB);
    nghttp2_session_mem_recv(x.p.ng, (uint8_t *)out.p, out.n);
    const uint8_t *p;
    for (ssize_t n; (n = nghttp2_session_mem_send(x.p.ng, &p)) > 0;)
        got += (size_t)n;
    assert_true(got > 16 * MIB && got < 17 * MIB);
    buf_free(&out);
    pair_close(&x);
}

static void many(void **state)
{
    (void)state;
    struct pair x;
    pair_open(&x, 64);
    for (int round = 0; round < 5; round++) {
        char line[32];
        for (int i = 0; i < 64; i++) {
            ask_free(&x.a[i]);
            ask_init(&x.a[i], x.c);
            snprintf(line, sizeof line, "POST /%d", i * 1000);
            request(&x, i, line, hi, 2);
        }
        pump(&x, 1000);
        for (int i = 0; i < 64; i++) {
            says(&x.a[i], HEAD "E0 NO_ERROR;");
            assert_int_equal(x.a[i].body.n, i * 1000);
        }
    }
    assert_int_equal(x.p.n_requests, 320);
    pair_close(&x);
}

/* What the server has not begun is safe to send again; the rest is answered. */
static void goaway(void **state)
{
    (void)state;
    struct pair x;
    pair_open(&x, 100);
    x.p.hold = true;
    for (int i = 0; i < 4; i++)
        request(&x, i, "GET /3", NULL, 0);
    pump(&x, SIZE_MAX);
    nghttp2_submit_goaway(x.p.ng, 0, 3, NGHTTP2_NO_ERROR, (const uint8_t *)"bye", 3);
    pump(&x, SIZE_MAX);
    assert_int_equal(x.told.n_goaway, 1);
    assert_int_equal(x.told.goaway_code, 0);
    assert_string_equal(x.told.goaway, "bye");
    says(&x.a[0], "");
    says(&x.a[1], "");
    says(&x.a[2], "E2 REFUSED_STREAM;");
    says(&x.a[3], "E2 REFUSED_STREAM;");
    assert_null(h2_client_request(x.c, &x.common, NULL, NULL, 0, &x.a[4]));
    assert_true(h2_client_alive(x.c));
    for (struct peer_stream *s = x.p.streams; s; s = s->next) {
        if (s->id <= 3)
            answer(&x.p, s);
    }
    pump(&x, SIZE_MAX);
    says(&x.a[0], HEAD "E0 NO_ERROR;");
    says(&x.a[1], HEAD "E0 NO_ERROR;");
    assert_false(h2_client_alive(x.c));
    pair_close(&x);
}

static void cancel_and_stop(void **state)
{
    (void)state;
    static const char at[] = {'S', 'h', 'H', 'd', 'T'};
    for (size_t i = 0; i < sizeof at; i++) {
        for (int how = 0; how < 3; how++) {
            struct pair x;
            pair_open(&x, 100);
            request(&x, 0, "GET /trailers50000", NULL, 0);
            request(&x, 1, "GET /trailers50000", NULL, 0);
            if (how == 0)
                x.a[0].stop_in = at[i];
            else
                x.a[0].cancel_in = at[i];
            x.a[0].cancel = how == 2 ? &x.a[1] : NULL;
            pump(&x, 16384);
            assert_int_equal(x.a[0].over, how != 1);
            assert_int_equal(x.a[0].how.end, how == 0 ? H2_END_STOPPED : H2_END_OK);
            bool too_late = how == 2 && x.a[1].over; /* the other one had ended before */
            if (how == 2 && !too_late)
                assert_null(strstr(x.a[1].log.p, "E"));
            if (how != 2)
                says(&x.a[1], HEAD "T:grpc-status=13;E0 NO_ERROR;");
            assert_true(h2_client_alive(x.c));
            request(&x, 2, "GET /1", NULL, 0);
            pump(&x, 16384);
            says(&x.a[2], HEAD "E0 NO_ERROR;");
            pair_close(&x);
        }
    }
}

/* Before a byte of it has left, and while its body waits for a window. */
static void cancel_early(void **state)
{
    (void)state;
    struct pair x;
    char *body = xcalloc(1, MIB);
    struct iovec v = {body, MIB};
    pair_open(&x, 100);
    request(&x, 0, "POST /1", &v, 1);
    h2_client_cancel(x.c, x.a[0].s);
    request(&x, 1, "POST /1", &v, 1);
    struct buf out = BUF_INIT(4 * MIB);
    h2_client_out(x.c, &out, 4 * MIB);
    assert_true(out.n > 65535 && out.n < 70000); /* the peer's first window */
    assert_int_equal(x.a[0].gone, 0);
    h2_client_cancel(x.c, x.a[1].s);
    free(body); /* not ours any more */
    nghttp2_session_mem_recv(x.p.ng, (uint8_t *)out.p, out.n);
    pump(&x, SIZE_MAX);
    assert_int_equal(x.p.n_requests, 0);
    says(&x.a[0], "");
    says(&x.a[1], "");
    buf_free(&out);
    pair_close(&x);
}

/* An answer that comes before the request is out ends it. */
static void early_answer(void **state)
{
    (void)state;
    struct pair x;
    char *body = xcalloc(1, MIB);
    struct iovec v = {body, MIB};
    pair_open(&x, 100);
    x.p.hold = true;
    request(&x, 0, "POST /1", &v, 1);
    struct buf out = BUF_INIT(4 * MIB);
    h2_client_out(x.c, &out, 4 * MIB);
    nghttp2_session_mem_recv(x.p.ng, (uint8_t *)out.p, out.n);
    answer(&x.p, x.p.streams);
    pump(&x, SIZE_MAX);
    says(&x.a[0], HEAD "E0 NO_ERROR;");
    assert_false(x.a[0].all_gone);
    free(body);
    buf_free(&out);
    pair_close(&x);
}

/* Responses that break a rule of their stream, and ceilings. */
static void broken_streams(void **state)
{
    (void)state;
    static char big[16000];
    memset(big, 'b', sizeof big);
    static const char ab[] = "\x88\x40\x01"
                             "A\x01"
                             "b",
                      cl[] = "\x88\x0f\x0d\x01"
                             "9",
                      cl_only[] = "\x0f\x0d\x01"
                                  "9";
    for (int i = 0; i < 6; i++) {
        struct pair x;
        struct buf in = BUF_INIT(MIB), out = BUF_INIT(MIB), block = BUF_INIT(MIB);
        pair_open(&x, 1);
        request(&x, 0, "GET /", NULL, 0);
        request(&x, 1, "GET /", NULL, 0);
        h2_client_out(x.c, &out, MIB);
        frame(&in, F_SETTINGS, 0, 0, "", 0);
        switch (i) {
        case 0: /* an upper-case name */
            frame(&in, F_HEADERS, END_HEADERS, 1, ab, sizeof ab - 1);
            break;
        case 1: /* content-length: 9, and none */
            frame(&in, F_HEADERS, END_HEADERS, 1, cl, sizeof cl - 1);
            frame(&in, F_DATA, END_STREAM, 1, "12", 2);
            break;
        case 2: /* no status */
            frame(&in, F_HEADERS, END_HEADERS, 1, cl_only, sizeof cl_only - 1);
            break;
        case 3: /* DATA after nothing but a 103: literal, not indexed, name 8 of the static table */
            frame(&in, F_HEADERS, END_HEADERS, 1,
                  "\x08\x03"
                  "103",
                  5);
            frame(&in, F_DATA, END_STREAM, 1, "12", 2);
            break;
        case 4: /* five headers of 16000 bytes: literal, not indexed, name "a", length 16000 */
            buf_add(&block, "\x88", 1);
            for (int k = 0; k < 5; k++) {
                buf_add(&block,
                        "\0\x01"
                        "a\x7f\x81\x7c",
                        6);
                buf_add(&block, big, sizeof big);
            }
            frame(&in, F_HEADERS, 0, 1, block.p, 16000);
            for (size_t at = 16000; at < block.n; at += 16000)
                frame(&in, F_CONT, block.n - at <= 16000 ? END_HEADERS : 0, 1, block.p + at, MIN(16000, block.n - at));
            break;
        default: /* 300 headers */
            buf_add(&block, "\x88", 1);
            for (int k = 0; k < 300; k++)
                buf_add(&block,
                        "\0\x01"
                        "a\x01"
                        "b",
                        5);
            frame(&in, F_HEADERS, END_HEADERS, 1, block.p, block.n);
        }
        frame(&in, F_HEADERS, END_HEADERS | END_STREAM, 3, OK_BLOCK, 1);
        assert_int_equal(h2_client_feed(x.c, in.p, in.n), 0);
        h2_client_out(x.c, &out, MIB);
        if (!x.a[0].over)
            fail_msg("case %d: %s", i, x.a[0].log.p);
        assert_int_equal(x.a[0].how.end, i < 4 ? H2_END_BROKEN : H2_END_TOOBIG);
        says(&x.a[1], "S200;H;E0 NO_ERROR;");
        buf_free(&in);
        buf_free(&out);
        buf_free(&block);
        pair_close(&x);
    }
}

static void broken_connections(void **state)
{
    (void)state;
    static const struct {
        struct str bytes;
        const char *reason;
    } cases[] = {
        {STR("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), "PROTOCOL_ERROR"},
        {STR("\0\0\x08\x06\0\0\0\0\0........"), "PROTOCOL_ERROR"},                             /* PING first */
        {STR("\0\0\0\x04\0\0\0\0\0\0\0\x05\x06\0\0\0\0\0....."), "FRAME_SIZE_ERROR"},          /* a PING of 5 bytes */
        {STR("\0\0\0\x04\0\0\0\0\0\0\0\x06\x04\0\0\0\0\0\0\x02\0\0\0\x07"), "PROTOCOL_ERROR"}, /* ENABLE_PUSH 7 */
        {STR("\0\0\0\x04\0\0\0\0\0\0\0\x01\x01\x04\0\0\0\x01\xff"), "COMPRESSION_ERROR"},
        {STR("\0\0\0\x04\0\0\0\0\0\0\0\x02\0\0\0\0\0\x01"
             "12"),
         "PROTOCOL_ERROR"}, /* DATA before HEADERS */
        {STR("\0\0\0\x04\0\0\0\0\0\xff\xff\xff\0\0\0\0\0\x01"), "FRAME_SIZE_ERROR"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (size_t cut = 1; cut < 64; cut += 31) {
            struct pair x;
            struct buf in = BUF_INIT(MIB), out = BUF_INIT(MIB);
            pair_open(&x, 1);
            request(&x, 0, "GET /", NULL, 0);
            h2_client_out(x.c, &out, MIB);
            buf_adds(&in, cases[i].bytes);
            feed(&x, &in, cut);
            h2_client_out(x.c, &out, MIB);
            assert_false(h2_client_alive(x.c));
            if (!strstr(h2_client_reason(x.c), cases[i].reason))
                fail_msg("case %zu: %s", i, h2_client_reason(x.c));
            assert_null(h2_client_request(x.c, &x.common, NULL, NULL, 0, &x.a[1]));
            buf_free(&in);
            buf_free(&out);
            pair_close(&x);
        }
    }
}

/* Which pieces of a read are the last of it, by hand and by cut. */
static void runs(void **state)
{
    (void)state;
    struct pair x;
    struct buf in = BUF_INIT(MIB);
    pair_open(&x, 1);
    for (int i = 0; i < 3; i++)
        request(&x, i, "GET /", NULL, 0);
    swallow(&x);
    frame(&in, F_SETTINGS, 0, 0, "", 0);
    for (unsigned i = 0; i < 3; i++)
        frame(&in, F_HEADERS, END_HEADERS, 1 + 2 * i, OK_BLOCK, 1);
    feed(&x, &in, SIZE_MAX);
    assert_string_equal(x.told.runs.p, "");
    struct str one = STR("one");
    static const struct {
        const char *frames; /* digits: DATA of that request; e: empty DATA of 0; p: PING; r: RST_STREAM of 2 */
        size_t cut_off;     /* of the last frame's end */
        const char *runs;
    } cases[] = {
        {"0", 0, "0."},   {"00", 0, "0."},   {"01", 0, "0+1."},  {"010", 0, "0+1+0."},
        {"0e", 0, "0."},  {"0p", 0, "0+"},   {"0p1", 0, "0+1."}, {"0r", 0, "0+"},
        {"01", 3, "0+"},  {"01", 2, "0+1."}, {"01", 12, "0."},   {"01", 11, "0+"},
        {"00", 11, "0+"}, {"e", 0, ""},      {"p", 0, ""},       {"1p0e", 0, "1+0."},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_clear(&in);
        buf_clear(&x.told.runs);
        for (const char *f = cases[i].frames; *f; f++) {
            if (*f == 'p')
                frame(&in, F_PING, 0, 0, "........", 8);
            else if (*f == 'r')
                frame(&in, F_RST, 0, 5, "\0\0\0\x02", 4);
            else if (*f == 'e')
                frame(&in, F_DATA, 0, 1, "", 0);
            else
                frame(&in, F_DATA, 0, (unsigned)(1 + 2 * (*f - '0')), one.p, one.n);
        }
        size_t n = in.n - cases[i].cut_off;
        assert_int_equal(h2_client_feed(x.c, in.p, n), 0);
        buf_addz(&x.told.runs, "");
        const char *got = x.told.runs.p;
        if (strncmp(got, cases[i].runs, x.told.runs.n) != 0 || x.told.runs.n != strlen(cases[i].runs))
            fail_msg("case %zu, %s less %zu bytes: %s, not %s", i, cases[i].frames, cases[i].cut_off, got,
                     cases[i].runs);
        if (n < in.n)
            assert_int_equal(h2_client_feed(x.c, in.p + n, in.n - n), 0);
    }
    buf_free(&in);
    pair_close(&x);
}

static void settings_change(void **state)
{
    (void)state;
    struct pair x;
    pair_open(&x, 100);
    pump(&x, 1);
    assert_int_equal(x.told.n_settings, 1);
    nghttp2_settings_entry e[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2},
                                  {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 0}};
    nghttp2_submit_settings(x.p.ng, 0, e, 2);
    nghttp2_submit_ping(x.p.ng, 0, NULL);
    pump(&x, 1);
    assert_int_equal(x.told.n_settings, 2);
    assert_int_equal(x.told.max_streams, 2);
    for (int i = 0; i < 3; i++) { /* with no memory for compression */
        request(&x, i, "POST /9", hi, 2);
        pump(&x, 1);
        says(&x.a[i], HEAD "E0 NO_ERROR;");
    }
    h2_client_goodbye(x.c);
    pump(&x, 1);
    assert_false(h2_client_alive(x.c));
    assert_string_equal(h2_client_reason(x.c), "");
    pair_close(&x);
}

/* A mixture, whole and cut everywhere. */
static void splits(void **state)
{
    (void)state;
    struct pair x;
    struct buf in = BUF_INIT(MIB);
    pair_open(&x, 100);
    static const char *const lines[] = {"GET /300", "GET /early20", "GET /trailers30", "GET /reset8", "GET /empty"};
    for (int i = 0; i < 5; i++)
        request(&x, i, lines[i], NULL, 0);
    struct buf out = BUF_INIT(MIB);
    h2_client_out(x.c, &out, MIB);
    nghttp2_session_mem_recv(x.p.ng, (uint8_t *)out.p, out.n);
    nghttp2_submit_goaway(x.p.ng, 0, 9, NGHTTP2_NO_ERROR, (const uint8_t *)"bye", 3);
    const uint8_t *p;
    for (ssize_t n; (n = nghttp2_session_mem_send(x.p.ng, &p)) > 0;)
        buf_add(&in, p, (size_t)n);
    feed(&x, &in, SIZE_MAX);
    says(&x.a[2], HEAD "T:grpc-status=13;E0 NO_ERROR;");
    for (size_t cut = 1; cut < in.n; cut++) {
        struct pair y;
        pair_open(&y, 100);
        for (int i = 0; i < 5; i++)
            request(&y, i, lines[i], NULL, 0);
        buf_clear(&out);
        h2_client_out(y.c, &out, MIB);
        feed(&y, &in, cut);
        for (int i = 0; i < 5; i++) {
            says(&y.a[i], x.a[i].log.p);
            assert_true(str_eq(buf_str(&y.a[i].body), buf_str(&x.a[i].body)));
            assert_int_equal(y.a[i].came, x.a[i].came);
        }
        assert_int_equal(y.told.n_goaway, 1);
        pair_close(&y);
    }
    buf_free(&in);
    buf_free(&out);
    pair_close(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(preface),
        cmocka_unit_test(what_the_server_sees),
        cmocka_unit_test(published_block),
        cmocka_unit_test(ends),
        cmocka_unit_test(large),
        cmocka_unit_test(windows_are_wide),
        cmocka_unit_test(many),
        cmocka_unit_test(goaway),
        cmocka_unit_test(cancel_and_stop),
        cmocka_unit_test(cancel_early),
        cmocka_unit_test(early_answer),
        cmocka_unit_test(broken_streams),
        cmocka_unit_test(settings_change),
        cmocka_unit_test(runs),
        cmocka_unit_test(splits),
        cmocka_unit_test(broken_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
