/* The server's half of HTTP/2 against nghttp2's own client, byte by byte in memory; floods are built by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <nghttp2/nghttp2.h>

#include "proto/h2_server.h"

#include "base/buf.h"
#include "base/xalloc.h"

#define MAX_STREAMS 8
#define WINDOW 65535

struct exchange { /* one of the server's */
    struct h2s_stream *st;
    struct buf text;
    bool open;
};

struct rig {
    struct h2s *h;
    nghttp2_session *client;
    struct exchange x[64];
    size_t n_x;
    struct buf log;    /* the server's events */
    struct buf got;    /* what the client saw */
    struct buf to;     /* bytes on their way to the server */
    struct buf wire;   /* all that was fed */
    size_t uploaded;   /* by the client's data source */
    size_t received;   /* body bytes at the server */
    bool echo;         /* answer at the end of each request */
    bool hold_windows; /* the client takes data without giving windows back */
};

/* ---- the server's side */

static void *on_begin(void *arg, struct h2s_stream *st)
{
    struct rig *r = arg;
    struct exchange *x = &r->x[r->n_x++ % ARRAY_LEN(r->x)];
    buf_free(&x->text);
    *x = (struct exchange){.st = st, .text = BUF_INIT(1 << 20), .open = true};
    return x;
}

static void on_field(void *arg, void *user, struct str name, struct str value)
{
    struct exchange *x = user;
    buf_addf(&x->text, STR_FMT "=" STR_FMT ";", STR_ARG(name), STR_ARG(value));
}

static void on_headers(void *arg, void *user, bool too_large, bool end)
{
    struct exchange *x = user;
    buf_addz(&x->text, too_large ? "too large|" : "|");
}

static void on_data(void *arg, void *user, struct str piece)
{
    struct rig *r = arg;
    struct exchange *x = user;
    r->received += piece.n;
    if (x->text.n + piece.n < 100000)
        buf_adds(&x->text, piece);
}

static void on_end(void *arg, void *user)
{
    struct rig *r = arg;
    struct exchange *x = user;
    buf_addf(&r->log, "end " STR_FMT "\n", STR_ARG(buf_str(&x->text)));
    if (r->echo) {
        struct h2s_field f = {STR("x-kind"), STR("echo")};
        assert_int_equal(h2s_head(x->st, 200, &f, 1, false), 0);
        assert_int_equal(h2s_data(x->st, x->text.p, x->text.n, 7), 0);
        assert_int_equal(h2s_end(x->st, NULL, 0), 0);
    }
}

static void on_sent(void *arg, void *user, uint32_t tag)
{
    struct rig *r = arg;
    buf_addf(&r->log, "sent %u\n", tag);
}

static void on_finished(void *arg, void *user)
{
    struct rig *r = arg;
    buf_addz(&r->log, "finished\n");
}

static void on_closed(void *arg, void *user, uint32_t code)
{
    struct rig *r = arg;
    struct exchange *x = user;
    assert_true(x->open);
    x->open = false;
    buf_addf(&r->log, "closed %u\n", code);
}

static const struct h2s_ops ops = {on_begin, on_field, on_headers, on_data, on_end, on_sent, on_finished, on_closed};

/* ---- the client's side */

static ssize_t client_send(nghttp2_session *s, const uint8_t *p, size_t n, int flags, void *arg)
{
    struct rig *r = arg;
    buf_add(&r->to, p, n);
    return (ssize_t)n;
}

static int client_header(nghttp2_session *s, const nghttp2_frame *f, const uint8_t *name, size_t name_n,
                         const uint8_t *value, size_t value_n, uint8_t flags, void *arg)
{
    struct rig *r = arg;
    buf_addf(&r->got, "%.*s=%.*s;", (int)name_n, (const char *)name, (int)value_n, (const char *)value);
    return 0;
}

static int client_frame(nghttp2_session *s, const nghttp2_frame *f, void *arg)
{
    struct rig *r = arg;
    const char *end = f->hd.flags & NGHTTP2_FLAG_END_STREAM ? "!" : "";
    switch (f->hd.type) {
    case NGHTTP2_HEADERS:
        buf_addf(&r->got, "H%d%s\n", f->hd.stream_id, end);
        break;
    case NGHTTP2_DATA:
        buf_addf(&r->got, "D%d:%zu%s\n", f->hd.stream_id, f->hd.length, end);
        break;
    case NGHTTP2_RST_STREAM:
        buf_addf(&r->got, "R%d:%u\n", f->hd.stream_id, f->rst_stream.error_code);
        break;
    case NGHTTP2_GOAWAY:
        buf_addf(&r->got, "G%d:%u\n", f->goaway.last_stream_id, f->goaway.error_code);
        break;
    default:
        break;
    }
    return 0;
}

static int client_data(nghttp2_session *s, uint8_t flags, int32_t id, const uint8_t *p, size_t n, void *arg)
{
    struct rig *r = arg;
    if (n < 2000 && p[0] != 0) /* zeros are filling */
        buf_add(&r->got, p, n);
    if (!r->hold_windows)
        nghttp2_session_consume(s, id, n);
    return 0;
}

static ssize_t client_body(nghttp2_session *s, int32_t id, uint8_t *to, size_t max, uint32_t *flags,
                           nghttp2_data_source *source, void *arg)
{
    struct rig *r = arg;
    size_t n = MIN(max, (size_t)source->fd - r->uploaded);
    memset(to, 'b', n);
    r->uploaded += n;
    if (r->uploaded == (size_t)source->fd)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static struct rig *rig_new(uint32_t client_window)
{
    static const struct h2s_opts o = {
        .max_streams = MAX_STREAMS, .window = WINDOW, .max_headers = 4000, .max_out = 10 << 20};
    struct rig *r = xcalloc(1, sizeof(*r));
    nghttp2_session_callbacks *cb;
    nghttp2_option *opt;
    buf_init(&r->log, 1 << 20);
    buf_init(&r->got, 1 << 20);
    buf_init(&r->to, 64 << 20);
    buf_init(&r->wire, 64 << 20);
    buf_addc(&r->log, 0); /* so that both are texts */
    buf_addc(&r->got, 0);
    buf_clear(&r->log);
    buf_clear(&r->got);
    r->h = h2s_new(&o, &ops, r);
    nghttp2_session_callbacks_new(&cb);
    nghttp2_session_callbacks_set_send_callback(cb, client_send);
    nghttp2_session_callbacks_set_on_header_callback(cb, client_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, client_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, client_data);
    nghttp2_option_new(&opt);
    nghttp2_option_set_no_auto_window_update(opt, 1);
    nghttp2_session_client_new2(&r->client, cb, r, opt);
    nghttp2_option_del(opt);
    nghttp2_session_callbacks_del(cb);
    nghttp2_settings_entry e = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, client_window};
    nghttp2_submit_settings(r->client, NGHTTP2_FLAG_NONE, &e, 1);
    return r;
}

static void rig_free(struct rig *r)
{
    h2s_free(&r->h);
    nghttp2_session_del(r->client);
    for (size_t i = 0; i < ARRAY_LEN(r->x); i++) {
        assert_false(r->x[i].open);
        buf_free(&r->x[i].text);
    }
    buf_free(&r->log);
    buf_free(&r->got);
    buf_free(&r->to);
    buf_free(&r->wire);
    free(r);
}

/* Whatever the server has to say goes to the client. Returns the number of frames. */
static unsigned deliver(struct rig *r)
{
    const char *p;
    unsigned frames = 0;
    for (size_t n; (n = h2s_pull(r->h, &p)) > 0; frames++)
        assert_int_equal(nghttp2_session_mem_recv(r->client, (const uint8_t *)p, n), n);
    return frames;
}

/* Both ways until nobody has anything to say. Returns what h2s_feed said last. */
static int settle(struct rig *r)
{
    int rc = 0;
    do {
        nghttp2_session_send(r->client);
        if (r->to.n > 0) {
            buf_adds(&r->wire, buf_str(&r->to));
            rc = h2s_feed(r->h, r->to.p, r->to.n);
            buf_clear(&r->to);
        }
    } while (deliver(r) > 0 || nghttp2_session_want_write(r->client));
    return rc;
}

#define NV(n, v)                                                                                                       \
    {                                                                                                                  \
        (uint8_t *)(uintptr_t)(n), (uint8_t *)(uintptr_t)(v), sizeof(n) - 1, sizeof(v) - 1, NGHTTP2_NV_FLAG_NONE       \
    }

/* Returns the stream's id. body: its length, 0 = none. */
static int32_t request(struct rig *r, size_t body)
{
    const nghttp2_nv nv[] = {NV(":method", "POST"), NV(":scheme", "http"), NV(":authority", "h"), NV(":path", "/p?q"),
                             NV("X-Test", "v")};
    nghttp2_data_provider from = {.source.fd = (int)body, .read_callback = client_body};
    r->uploaded = 0;
    return nghttp2_submit_request(r->client, NULL, nv, ARRAY_LEN(nv), body > 0 ? &from : NULL, NULL);
}

#define ASKED ":method=POST;:scheme=http;:authority=h;:path=/p?q;x-test=v;|"

static void expect(const struct buf *b, const char *text)
{
    if (b->n != strlen(text) || memcmp(b->p, text, b->n) != 0)
        fail_msg("got:\n%.*s\nwanted:\n%s", (int)b->n, b->p, text);
}

static void test_request_and_answer(void **state)
{
    struct rig *r = rig_new(65535);
    r->echo = true;
    request(r, 0);
    assert_int_equal(settle(r), 0);
    expect(&r->log, "end " ASKED "\nsent 7\nfinished\nclosed 0\n");
    expect(&r->got, ":status=200;x-kind=echo;H1\n" ASKED "D1:60!\n");
    buf_clear(&r->log);
    buf_clear(&r->got);
    request(r, 5);
    settle(r);
    expect(&r->log, "end " ASKED "bbbbb\nsent 7\nfinished\nclosed 0\n");
    expect(&r->got, ":status=200;x-kind=echo;H3\n" ASKED "bbbbbD3:65!\n");
    assert_int_equal(h2s_open(r->h), 0);
    assert_int_equal(h2s_queued_all(r->h), 0);
    assert_false(h2s_done(r->h));
    rig_free(r);
}

static void test_no_body_and_trailers(void **state)
{
    struct rig *r = rig_new(65535);
    struct h2s_field t[] = {{STR("x-a"), STR("1")}, {STR("x-b"), STR("")}};
    request(r, 0);
    settle(r);
    assert_int_equal(h2s_head(r->x[0].st, 204, NULL, 0, true), 0);
    assert_int_equal(h2s_data(r->x[0].st, "x", 1, 0), -1);
    settle(r);
    expect(&r->got, ":status=204;H1!\n");
    buf_clear(&r->got);
    request(r, 0);
    settle(r);
    assert_int_equal(h2s_data(r->x[1].st, "x", 1, 0), -1); /* the head comes first */
    assert_int_equal(h2s_end(r->x[1].st, NULL, 0), -1);
    h2s_head(r->x[1].st, 200, NULL, 0, false);
    h2s_data(r->x[1].st, "abc", 3, 0);
    assert_int_equal(h2s_end(r->x[1].st, t, 2), 0);
    assert_int_equal(h2s_head(r->x[1].st, 200, NULL, 0, false), -1);
    settle(r);
    expect(&r->got, ":status=200;H3\nabcD3:3\nx-a=1;x-b=;H3!\n");
    buf_clear(&r->got);
    request(r, 0);
    settle(r);
    h2s_continue(r->x[2].st);
    h2s_head(r->x[2].st, 200, NULL, 0, false);
    settle(r);
    h2s_end(r->x[2].st, NULL, 0); /* nothing before it */
    settle(r);
    expect(&r->got, ":status=100;H5\n:status=200;H5\nD5:0!\n");
    rig_free(r);
}

/* One frame for one piece, each tag with the frame that ends its piece, several streams in turn. */
static void test_pieces(void **state)
{
    struct rig *r = rig_new(1 << 20);
    char *big = xcalloc(1, 40000);
    const char *p;
    request(r, 0);
    request(r, 0);
    settle(r);
    for (int i = 0; i < 2; i++)
        h2s_head(r->x[i].st, 200, NULL, 0, false);
    settle(r);
    buf_clear(&r->got);
    buf_clear(&r->log);
    for (uint32_t k = 1; k <= 3; k++)
        for (uint32_t i = 0; i < 2; i++)
            h2s_data(r->x[i].st, big, k, 10 * (i + 1) + k);
    assert_int_equal(h2s_queued(r->x[0].st), 6);
    assert_int_equal(h2s_queued_all(r->h), 12);
    for (unsigned frame = 1; frame <= 6; frame++) { /* a tag is told while its frame is pulled, none before */
        size_t n = h2s_pull(r->h, &p);
        assert_int_equal(nghttp2_session_mem_recv(r->client, (const uint8_t *)p, n), n);
        unsigned told = 0;
        for (size_t i = 0; i < r->log.n; i++)
            told += r->log.p[i] == '\n';
        assert_int_equal(told, frame);
    }
    assert_int_equal(h2s_pull(r->h, &p), 0);
    assert_int_equal(h2s_queued_all(r->h), 0);
    buf_addc(&r->got, 0);
    for (int i = 1; i <= 3; i += 2)
        for (int k = 1; k <= 3; k++) {
            char want[20];
            snprintf(want, sizeof(want), "D%d:%d\n", i, k);
            assert_non_null(strstr(r->got.p, want));
        }
    assert_null(strstr(r->log.p, "sent 11\nsent 12")); /* in turn */
    buf_clear(&r->got);
    buf_clear(&r->log);
    h2s_data(r->x[0].st, big, 40000, 5); /* more than a frame holds */
    h2s_data(r->x[0].st, big, 1, 6);
    settle(r);
    const char *want = "D1:16384\nD1:16384\nD1:7232\n";
    assert_memory_equal(r->got.p, want, strlen(want));
    expect(&r->log, "sent 5\nsent 6\n");
    free(big);
    rig_free(r);
}

/* The client's window holds data back; nothing is lost, and the tag comes when the last byte has gone. */
static void test_flow_control(void **state)
{
    struct rig *r = rig_new(100);
    char block[250];
    memset(block, 'x', sizeof(block));
    r->hold_windows = true;
    int32_t id = request(r, 0);
    settle(r);
    h2s_head(r->x[0].st, 200, NULL, 0, false);
    h2s_data(r->x[0].st, block, sizeof(block), 9);
    h2s_data(r->x[0].st, "last", 4, 10);
    h2s_end(r->x[0].st, NULL, 0);
    settle(r);
    assert_int_equal(h2s_queued(r->x[0].st), 154);
    assert_null(memmem(r->log.p, r->log.n, "sent", 4));
    for (int i = 0; i < 3; i++) {
        nghttp2_submit_window_update(r->client, NGHTTP2_FLAG_NONE, id, 51);
        settle(r);
    }
    assert_int_equal(h2s_queued(r->x[0].st), 1);
    assert_non_null(memmem(r->log.p, r->log.n, "sent 9\n", 7));
    assert_null(memmem(r->log.p, r->log.n, "sent 10", 7));
    nghttp2_submit_window_update(r->client, NGHTTP2_FLAG_NONE, id, 51);
    settle(r);
    assert_non_null(memmem(r->log.p, r->log.n, "sent 10\nfinished\nclosed 0\n", 26));
    assert_non_null(memmem(r->got.p, r->got.n, "!", 1));
    rig_free(r);
}

static void test_ceiling_of_what_waits(void **state)
{
    struct rig *r = rig_new(100);
    char *big = xcalloc(1, 6 << 20);
    request(r, 0);
    settle(r);
    h2s_head(r->x[0].st, 200, NULL, 0, false);
    assert_int_equal(h2s_data(r->x[0].st, big, 6 << 20, 0), 0);
    assert_int_equal(h2s_data(r->x[0].st, big, 6 << 20, 0), -1);
    assert_int_equal(h2s_data(r->x[0].st, big, 1 << 20, 0), 0);
    assert_int_equal(h2s_queued_all(r->h), 7 << 20);
    h2s_reset(r->x[0].st, H2S_CANCEL);
    settle(r);
    assert_int_equal(h2s_queued_all(r->h), 0);
    free(big);
    rig_free(r);
}

static void test_upload(void **state)
{
    enum { SIZE = 10 << 20 };
    struct rig *r = rig_new(65535);
    request(r, SIZE);
    settle(r);
    assert_int_equal(r->received, SIZE);
    assert_int_equal(r->uploaded, SIZE);
    h2s_head(r->x[0].st, 200, NULL, 0, true);
    settle(r);
    rig_free(r);
}

/* An answer that does not wait for the whole request stops the client. */
static void test_answered_early(void **state)
{
    struct rig *r = rig_new(65535);
    int32_t id = request(r, 1 << 20);
    nghttp2_session_send(r->client); /* what fits into the first window */
    h2s_feed(r->h, r->to.p, r->to.n);
    buf_clear(&r->to);
    assert_true(r->x[0].open && r->received > 0 && r->received < 1 << 20);
    h2s_head(r->x[0].st, 413, NULL, 0, false);
    h2s_data(r->x[0].st, "no", 2, 0);
    h2s_end(r->x[0].st, NULL, 0);
    settle(r);
    expect(&r->got, ":status=413;H1\nnoD1:2!\nR1:0\n");
    assert_false(r->x[0].open);
    assert_int_equal(id, 1);
    rig_free(r);
}

static void test_resets(void **state)
{
    struct rig *r = rig_new(65535);
    int32_t id = request(r, 0);
    settle(r);
    nghttp2_submit_rst_stream(r->client, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    settle(r);
    expect(&r->log, "end " ASKED "\nclosed 8\n");
    buf_clear(&r->log);
    request(r, 0);
    settle(r);
    h2s_head(r->x[1].st, 200, NULL, 0, false);
    h2s_data(r->x[1].st, "abc", 3, 0);
    settle(r);
    h2s_data(r->x[1].st, "lost", 4, 0);
    h2s_reset(r->x[1].st, H2S_REFUSED_STREAM);
    assert_int_equal(h2s_data(r->x[1].st, "x", 1, 0), -1);
    settle(r);
    expect(&r->got, ":status=200;H3\nabcD3:3\nR3:7\n");
    expect(&r->log, "end " ASKED "\nclosed 7\n");
    rig_free(r);
}

static void test_goaway(void **state)
{
    struct rig *r = rig_new(65535);
    request(r, 0);
    settle(r);
    request(r, 0); /* on its way when the server decides */
    nghttp2_session_send(r->client);
    h2s_goaway(r->h, H2S_NO_ERROR, false);
    deliver(r);
    expect(&r->got, "G1:0\n");
    settle(r);
    assert_int_equal(r->n_x, 1); /* not processed */
    assert_false(h2s_done(r->h));
    h2s_head(r->x[0].st, 200, NULL, 0, true);
    settle(r);
    assert_true(h2s_done(r->h));
    rig_free(r);
    r = rig_new(65535);
    request(r, 0);
    request(r, 0);
    settle(r);
    h2s_goaway(r->h, H2S_ENHANCE_YOUR_CALM, true);
    settle(r);
    expect(&r->got, "G3:11\n");
    assert_true(h2s_done(r->h));
    assert_int_equal(h2s_open(r->h), 2);
    rig_free(r); /* tells of them */
}

static void test_max_streams(void **state)
{
    struct rig *r = rig_new(65535);
    for (int i = 0; i < MAX_STREAMS + 3; i++)
        request(r, 0);
    settle(r); /* the client did not know the limit yet */
    assert_int_equal(h2s_open(r->h), MAX_STREAMS);
    unsigned refused = 0;
    for (size_t i = 0; i + 1 < r->got.n; i++)
        refused += r->got.p[i] == 'R';
    assert_int_equal(refused, 3);
    assert_non_null(memmem(r->got.p, r->got.n, "R21:7\n", 6));
    rig_free(r);
}

static void test_large_headers(void **state)
{
    struct rig *r = rig_new(65535);
    char value[3000];
    memset(value, 'v', sizeof(value));
    nghttp2_nv nv[] = {NV(":method", "GET"),  NV(":scheme", "http"), NV(":authority", "h"),
                       NV(":path", "/large"), NV("a", ""),           NV("b", "")};
    nv[4].value = nv[5].value = (uint8_t *)value;
    nv[4].valuelen = sizeof(value);
    nv[5].valuelen = 900;
    nghttp2_submit_request(r->client, NULL, nv, 5, NULL, NULL); /* below */
    nghttp2_submit_request(r->client, NULL, nv, 6, NULL, NULL); /* above */
    settle(r);
    assert_null(memmem(r->x[0].text.p, r->x[0].text.n, "too large", 9));
    assert_non_null(memmem(r->x[1].text.p, r->x[1].text.n, "too large|", 10));
    assert_null(memmem(r->x[1].text.p, r->x[1].text.n, "b=", 2));
    rig_free(r);
}

static void test_request_trailers_are_dropped(void **state)
{
    struct rig *r = rig_new(65535);
    const nghttp2_nv nv[] = {NV("x-checksum", "1")};
    int32_t id = request(r, 3);
    nghttp2_session_send(r->client);
    /* A second request of its own frames: HEADERS without END_STREAM, then trailers. */
    const nghttp2_nv head[] = {NV(":method", "POST"), NV(":scheme", "http"), NV(":authority", "h"), NV(":path", "/t")};
    int32_t other = nghttp2_submit_headers(r->client, NGHTTP2_FLAG_NONE, -1, NULL, head, ARRAY_LEN(head), NULL);
    nghttp2_session_send(r->client);
    nghttp2_submit_trailer(r->client, other, nv, 1);
    settle(r);
    expect(&r->log, "end " ASKED "bbb\nend :method=POST;:scheme=http;:authority=h;:path=/t;|\n");
    assert_int_equal(id, 1);
    rig_free(r);
}

/* ---- frames by hand */

static void frame(struct buf *b, unsigned type, unsigned flags, uint32_t id, const void *p, size_t n)
{
    const unsigned char head[9] = {(unsigned char)(n >> 16),  (unsigned char)(n >> 8),  (unsigned char)n,
                                   (unsigned char)type,       (unsigned char)flags,     (unsigned char)(id >> 24),
                                   (unsigned char)(id >> 16), (unsigned char)(id >> 8), (unsigned char)id};
    buf_add(b, head, 9);
    buf_add(b, p, n);
}

enum { HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, CONTINUATION = 9 };

/* GET http h / by the static table alone; 'h' as a literal. */
static const char GET_BLOCK[] = "\x82\x86\x84\x41\x01h";

static void begin(struct buf *b)
{
    buf_addz(b, H2S_PREFACE);
    frame(b, SETTINGS, 0, 0, "", 0);
}

/* Feeds the whole flood without pulling (the client does not read), then looks for the GOAWAY. */
static void drowns(const struct buf *flood, const char *goaway_code)
{
    struct rig *r = rig_new(65535);
    int rc = 0;
    const char *p;
    bool found = false;
    for (size_t at = 0; at < flood->n && rc == 0; at += 1000)
        rc = h2s_feed(r->h, flood->p + at, MIN(1000, flood->n - at));
    for (size_t n; (n = h2s_pull(r->h, &p)) > 0;)
        found |= n >= 17 && p[3] == 7 && memcmp(p + 13, goaway_code, 4) == 0;
    assert_true(found);
    assert_true(h2s_done(r->h));
    rig_free(r);
}

static void test_floods(void **state)
{
    struct buf b = BUF_INIT(64 << 20);
    const char calm[] = "\0\0\0\x0b", protocol[] = "\0\0\0\x01";
    begin(&b);
    for (int i = 0; i < 5000; i++)
        frame(&b, PING, 0, 0, "12345678", 8);
    drowns(&b, calm);
    buf_clear(&b);
    begin(&b);
    for (int i = 0; i < 5000; i++)
        frame(&b, SETTINGS, 0, 0, "", 0);
    drowns(&b, calm);
    buf_clear(&b);
    buf_addz(&b, "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
    drowns(&b, protocol);
#ifdef HAVE_NGHTTP2_MAX_CONTINUATIONS
    buf_clear(&b);
    begin(&b);
    frame(&b, HEADERS, 1, 1, GET_BLOCK, 6);
    for (int i = 0; i < 100; i++)
        frame(&b, CONTINUATION, 0, 1, "\x84", 1);
    drowns(&b, calm);
#endif
    buf_free(&b);
}

/* Cancelled as soon as asked, again and again: the connection ends, having held one stream at most. */
static void test_rapid_reset(void **state)
{
#ifndef HAVE_NGHTTP2_STREAM_RESET_RATE_LIMIT
    skip();
#else
    struct buf b = BUF_INIT(64 << 20);
    struct rig *r = rig_new(65535);
    bool over = false;
    unsigned i;
    begin(&b);
    for (i = 0; i < 100000 && !over; i++) {
        frame(&b, HEADERS, 5, 2 * i + 1, GET_BLOCK, 6);
        frame(&b, RST_STREAM, 0, 2 * i + 1, "\0\0\0\x08", 4);
        over = h2s_feed(r->h, b.p, b.n) < 0;
        assert_true(h2s_open(r->h) <= 1);
        const char *p;
        while (h2s_pull(r->h, &p) > 0)
            ;
        over |= h2s_done(r->h);
        buf_clear(&b);
    }
    assert_true(over);
    assert_true(i >= 10000); /* a client may well cancel many */
    rig_free(r);
    buf_free(&b);
#endif
}

/* A client that does not read while making the server speak: reading is to stop before the memory grows. */
static void test_says_when_not_to_read(void **state)
{
    struct rig *r = rig_new(65535);
    struct buf b = BUF_INIT(64 << 20);
    const char *p;
    begin(&b);
    for (uint32_t i = 0; i < 5000; i++)
        frame(&b, HEADERS, 5, 2 * i + 1, GET_BLOCK, 6); /* refused beyond the eighth */
    size_t at = 0;
    assert_true(h2s_can_read(r->h));
    for (; at < b.n && h2s_can_read(r->h); at += 100)
        assert_int_equal(h2s_feed(r->h, b.p + at, MIN(100, b.n - at)), 0);
    assert_true(at < b.n / 2);
    while (h2s_pull(r->h, &p) > 0)
        ;
    assert_true(h2s_can_read(r->h));
    buf_free(&b);
    rig_free(r);
}

/* The same bytes, cut anywhere: the same events. */
static void test_split_everywhere(void **state)
{
    struct rig *r = rig_new(65535);
    int32_t id = request(r, 0);
    request(r, 300);
    settle(r);
    request(r, 40);
    nghttp2_submit_ping(r->client, NGHTTP2_FLAG_NONE, NULL);
    settle(r);
    nghttp2_submit_rst_stream(r->client, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    settle(r);
    nghttp2_session_terminate_session(r->client, NGHTTP2_NO_ERROR);
    settle(r);
    assert_true(r->log.n > 300 && memmem(r->log.p, r->log.n, "closed 8", 8) != NULL);
    for (size_t cut = 0; cut < r->wire.n; cut++) { /* cut 0: byte by byte */
        struct rig *s = rig_new(65535);
        for (size_t at = 0; at < r->wire.n;) {
            size_t n = cut == 0 ? 1 : at == 0 ? cut : r->wire.n - at;
            assert_int_equal(h2s_feed(s->h, r->wire.p + at, n), 0);
            at += n;
        }
        assert_int_equal(s->log.n, r->log.n);
        assert_memory_equal(s->log.p, r->log.p, r->log.n);
        rig_free(s);
    }
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_and_answer),
        cmocka_unit_test(test_no_body_and_trailers),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_flow_control),
        cmocka_unit_test(test_ceiling_of_what_waits),
        cmocka_unit_test(test_upload),
        cmocka_unit_test(test_answered_early),
        cmocka_unit_test(test_resets),
        cmocka_unit_test(test_goaway),
        cmocka_unit_test(test_max_streams),
        cmocka_unit_test(test_large_headers),
        cmocka_unit_test(test_request_trailers_are_dropped),
        cmocka_unit_test(test_floods),
        cmocka_unit_test(test_rapid_reset),
        cmocka_unit_test(test_says_when_not_to_read),
        cmocka_unit_test(test_split_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
