/* test_h1.c - messages written after RFC 9112, in every two pieces and byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "proto/h1.h"

/* What was called: "S200;h=v;H;(body)D", with + for a message that allows reuse and - for one that does not. */
struct log {
    struct buf out;
    bool in_body;
    char stop_at; /* a letter of S h H b D: that callback asks to stop */
};

static void close_body(struct log *l)
{
    if (l->in_body)
        buf_addc(&l->out, ')');
    l->in_body = false;
}

static int on_start(void *arg, struct str method, struct str target, int status)
{
    struct log *l = arg;
    if (status)
        buf_addf(&l->out, "S%d;", status);
    else
        buf_addf(&l->out, "S" STR_FMT " " STR_FMT ";", STR_ARG(method), STR_ARG(target));
    return l->stop_at == 'S';
}

static int on_header(void *arg, struct str name, struct str value)
{
    struct log *l = arg;
    buf_addf(&l->out, STR_FMT "=" STR_FMT ";", STR_ARG(name), (int)value.n, value.p ? value.p : "");
    return l->stop_at == 'h';
}

static int on_headers_done(void *arg)
{
    struct log *l = arg;
    buf_addc(&l->out, 'H');
    return l->stop_at == 'H';
}

static int on_body(void *arg, struct str piece)
{
    struct log *l = arg;
    assert_true(piece.n > 0);
    if (!l->in_body)
        buf_addc(&l->out, '(');
    l->in_body = true;
    buf_adds(&l->out, piece);
    return l->stop_at == 'b';
}

static int on_done(void *arg)
{
    struct log *l = arg;
    close_body(l);
    buf_addc(&l->out, 'D');
    return l->stop_at == 'D';
}

static int on_trailer(void *arg, struct str name, struct str value)
{
    struct log *l = arg;
    close_body(l);
    buf_addf(&l->out, "T" STR_FMT "=" STR_FMT ";", STR_ARG(name), (int)value.n, value.p ? value.p : "");
    return l->stop_at == 'T';
}

static const struct h1_cb CB = {on_start, on_header, on_headers_done, on_body, on_done, on_trailer};

/* Feed one piece; goes on with the next message after each H1_DONE. The piece is freed afterwards. */
static enum h1_rc feed(struct h1 *p, struct log *l, const char *data, size_t n, bool head)
{
    char *copy = xmalloc(n ? n : 1);
    if (n)
        memcpy(copy, data, n);
    enum h1_rc rc = H1_OK;
    for (size_t at = 0; at < n;) {
        size_t used = 99999;
        rc = h1_feed(p, copy + at, n - at, &used);
        if (rc < 0)
            break;
        assert_true(used <= n - at);
        at += used;
        if (rc == H1_OK) {
            assert_int_equal(at, n);
            break;
        }
        buf_addc(&l->out, h1_keep_alive(p) ? '+' : '-');
        if (rc == H1_UPGRADE) {
            buf_addf(&l->out, "^" STR_FMT, (int)(n - at), copy + at);
            break;
        }
        if (head)
            h1_head_response(p);
        rc = H1_OK;
    }
    memset(copy, '#', n ? n : 1);
    free(copy);
    return rc;
}

struct want {
    const char *log;
    enum h1_rc rc; /* of the bytes, or else of the end of the connection */
    bool head;
};

static void finish(struct h1 *p, struct log *l, enum h1_rc rc, const struct want *w, const char *how, size_t cut)
{
    if (rc == H1_OK) {
        rc = h1_eof(p);
        if (rc == H1_DONE)
            buf_addc(&l->out, h1_keep_alive(p) ? '+' : '-');
    }
    close_body(l);
    if (rc != w->rc || !str_eqz(buf_str(&l->out), w->log))
        fail_msg("%s %zu: rc %d (%s), want %d\n got %s\nwant %s", how, cut, rc, h1_reason(p), w->rc,
                 l->out.p ? l->out.p : "", w->log);
    if (rc < 0)
        assert_true(strlen(h1_reason(p)) > 3);
}

static void check_str(enum h1_kind kind, struct str text, struct want w)
{
    struct log l = {.out = BUF_INIT(1 << 20)};
    struct h1 *p = h1_new(kind, &CB, &l);
    for (size_t cut = 0; cut <= text.n; cut++) {
        h1_reset(p);
        buf_clear(&l.out);
        if (w.head)
            h1_head_response(p);
        enum h1_rc rc = feed(p, &l, text.p, cut, w.head);
        if (rc == H1_OK)
            rc = feed(p, &l, text.p + cut, text.n - cut, w.head);
        else if (rc == H1_UPGRADE)
            buf_addf(&l.out, STR_FMT, (int)(text.n - cut), text.p + cut);
        finish(p, &l, rc, &w, "cut at", cut);
    }
    h1_reset(p);
    buf_clear(&l.out);
    if (w.head)
        h1_head_response(p);
    enum h1_rc rc = H1_OK;
    size_t i = 0;
    while (i < text.n && rc == H1_OK)
        rc = feed(p, &l, text.p + i++, 1, w.head);
    if (rc == H1_UPGRADE)
        buf_addf(&l.out, STR_FMT, (int)(text.n - i), text.p + i);
    finish(p, &l, rc, &w, "byte by byte", i);
    h1_free(&p);
    assert_null(p);
    buf_free(&l.out);
}

#define RESPONSE(text, ...) check_str(H1_RESPONSE, STR(text), (struct want){__VA_ARGS__})
#define REQUEST(text, ...) check_str(H1_REQUEST, STR(text), (struct want){__VA_ARGS__})

static void test_response_lengths(void **state)
{
    RESPONSE("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "S200;Content-Length=5;H(hello)D+", H1_OK);
    RESPONSE("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "S200;Content-Length=0;HD+", H1_OK);
    RESPONSE("HTTP/1.1 200 OK\r\n\r\nuntil the end", "S200;H(until the end)D-", H1_DONE);
    RESPONSE("HTTP/1.1 200 OK\r\n\r\n", "S200;HD-", H1_DONE);
    RESPONSE("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "S200;Content-Length=1;H(x)D-", H1_OK);
    RESPONSE("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
             "S200;Connection=keep-alive;Content-Length=1;H(x)D+", H1_OK);
    RESPONSE("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
             "S200;Connection=close;Content-Length=1;H(x)D-", H1_OK);
    RESPONSE("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "S200;Content-Length=0;HD+", H1_OK);
    RESPONSE("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "S200;Content-Length=0;HD+", H1_OK);
    RESPONSE("HTTP/1.1 503 Service Unavailable, come back\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\nno",
             "S503;Retry-After=1;Content-Length=2;H(no)D+", H1_OK);
}

static void test_chunked(void **state)
{
    RESPONSE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n",
             "S200;Transfer-Encoding=chunked;H(hello, world)D+", H1_OK);
    /* extensions, upper and lower case sizes with leading zeros, and trailers */
    RESPONSE(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
        "00A;a=b\r\n0123456789\r\n1;q=\"x y\"\r\nZ\r\nb\r\nabcdefghijk\r\n0;last\r\nX-Sum: 42\r\nX-More: y\r\n\r\n",
        "S200;Transfer-Encoding=chunked;Trailer=X-Sum;H(0123456789Zabcdefghijk)TX-Sum=42;TX-More=y;D+", H1_OK);
    RESPONSE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "S200;Transfer-Encoding=chunked;HD+",
             H1_OK);
    RESPONSE("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc", "S200;Transfer-Encoding=gzip;H(abc)D-", H1_DONE);
    /* bodies whose bytes look like HTTP */
    RESPONSE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n\r\n\r\n\r\n5\r\n0\r\n\r\n\r\n0\r\n\r\n",
             "S200;Transfer-Encoding=chunked;H(\r\n\r\n0\r\n\r\n)D+", H1_OK);
}

static void test_no_body(void **state)
{
    RESPONSE("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
             "S204;HD+S200;Content-Length=1;H(x)D+", H1_OK);
    RESPONSE("HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\nHTTP/1.1 204 N\r\n\r\n",
             "S304;Content-Length=500;HD+S204;HD+", H1_OK);
    RESPONSE("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", "S304;Transfer-Encoding=chunked;HD+",
             H1_OK);
    RESPONSE("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
             "S200;Content-Length=500;HD+S200;HD+", H1_OK, .head = true);
    RESPONSE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "S200;Transfer-Encoding=chunked;HD+", H1_OK,
             .head = true);
}

static void test_interim(void **state)
{
    RESPONSE("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
             "S200;Content-Length=2;H(ok)D+", H1_OK);
    RESPONSE("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 C\r\nA: b\r\nContent-Length: 3\r\n\r\n"
             "HTTP/1.1 204 N\r\n\r\n",
             "S204;HD+", H1_OK);
    RESPONSE("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "S200;Content-Length=9;HD+",
             H1_OK, .head = true);
    RESPONSE("HTTP/1.1 100 Continue\r\n\r\n", "", H1_OK);
    RESPONSE("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 2", "", H1_E_SYNTAX);
}

static void test_upgrade(void **state)
{
    RESPONSE("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nraw bytes",
             "S101;Connection=Upgrade;Upgrade=x;HD-^raw bytes", H1_UPGRADE);
    RESPONSE("HTTP/1.1 101 Switching\r\n\r\nraw", "S101;HD-^raw", H1_UPGRADE);
    REQUEST("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n\x16\x03",
            "SCONNECT example.com:443;Host=example.com:443;HD-^\x16\x03", H1_UPGRADE);
    /* Mere offers to upgrade are ordinary messages. */
    RESPONSE("HTTP/1.1 200 OK\r\nConnection: Upgrade\r\nUpgrade: h2\r\nContent-Length: 2\r\n\r\nok",
             "S200;Connection=Upgrade;Upgrade=h2;Content-Length=2;H(ok)D+", H1_OK);
    REQUEST("POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nokGET /2 "
            "HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
            "SPOST /;Host=a;Connection=Upgrade;Upgrade=h2c;Content-Length=2;H(ok)D+"
            "SGET /2;Host=a;Connection=Upgrade;Upgrade=h2c;HD+SGET /3;Host=a;HD+",
            H1_OK);
}

static void test_requests(void **state)
{
    REQUEST("POST /v1/chat/completions?x=y HTTP/1.1\r\nHost: a:80\r\nContent-Length: 2\r\n\r\n{}"
            "GET /health HTTP/1.1\r\nhost:a\r\n\r\n"
            "\r\n\r\nPUT /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "SPOST /v1/chat/completions?x=y;Host=a:80;Content-Length=2;H({})D+"
            "SGET /health;host=a;HD+"
            "SPUT /c;Host=a;Transfer-Encoding=chunked;H(abc)D+"
            "SHEAD /;Host=a;Connection=close;HD-",
            H1_OK);
    REQUEST("GET / HTTP/1.0\r\n\r\n", "SGET /;HD-", H1_OK);
    REQUEST("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "SOPTIONS *;Host=a;HD+", H1_OK);
    REQUEST("", "", H1_OK);
    REQUEST("\r\n", "", H1_OK);
}

static void test_header_values(void **state)
{
    RESPONSE("HTTP/1.1 204 N\r\nEmpty:\r\nSpaces:   \r\nTight:x\r\nWide:  \t a b \t \r\nDup: 1\r\nDup: 2\r\n"
             "Colons: a:b:c\r\nHigh: \xC3\xA9\r\n\r\n",
             "S204;Empty=;Spaces=;Tight=x;Wide=a b;Dup=1;Dup=2;Colons=a:b:c;High=\xC3\xA9;HD+", H1_OK);
}

static void test_bad(void **state)
{
    RESPONSE("hello", "", H1_E_SYNTAX);
    RESPONSE("<html><body>502</body></html>", "", H1_E_SYNTAX);
    RESPONSE("SSH-2.0-OpenSSH_9.2\r\n", "", H1_E_SYNTAX);
    RESPONSE("HTTP/1.1 2x0 OK\r\n\r\n", "", H1_E_SYNTAX);
    RESPONSE("HTTP/2.0 200 OK\r\n\r\n", "", H1_E_SYNTAX);
    RESPONSE("HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n", "", H1_E_SYNTAX);
    RESPONSE("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n", "", H1_E_SYNTAX);
    RESPONSE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "S200;Transfer-Encoding=chunked;H",
             H1_E_SYNTAX);
    RESPONSE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
             "S200;Transfer-Encoding=chunked;H", H1_E_SYNTAX);
    REQUEST("get / HTTP/1.1\r\n\r\n", "", H1_E_SYNTAX);
    REQUEST("\x16\x03\x01\x02\x00\x01\x00\x01", "", H1_E_SYNTAX); /* TLS to a plain port */
    REQUEST("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "", H1_E_SYNTAX);
    REQUEST("POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "SPOST /;Content-Length=3;Transfer-Encoding=chunked;", H1_E_SYNTAX); /* smuggling, RFC 9112 section 6.3 */
}

static void test_cut_off(void **state)
{
    RESPONSE("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "S200;Content-Length=5;H(hell)", H1_E_SYNTAX);
    RESPONSE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
             "S200;Transfer-Encoding=chunked;H(hello)", H1_E_SYNTAX);
    RESPONSE("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
             "S200;Transfer-Encoding=chunked;H(hello)", H1_E_SYNTAX);
    RESPONSE("HTTP/1.1 20", "", H1_E_SYNTAX);
    RESPONSE("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloH", "S200;Content-Length=5;H(hello)D+", H1_E_SYNTAX);
    REQUEST("GET / HTTP/1.1\r\nHost: a\r\nB", "SGET /;Host=a;", H1_E_SYNTAX);
}

static void repeat(struct buf *b, const char *z, size_t times)
{
    for (size_t i = 0; i < times; i++)
        buf_addz(b, z);
}

/* The ceilings: 64 KiB of target, names and values, and 256 headers. Fed in pieces of several sizes. */
static void test_ceilings(void **state)
{
    static const size_t pieces[] = {1, 7, 4096, 1 << 20};
    static const struct {
        size_t value_bytes, headers;
        enum h1_rc rc;
    } cases[] = {{65535, 1, H1_OK},     {65536, 1, H1_E_TOOBIG}, {100000, 1, H1_E_TOOBIG}, {1, 256, H1_OK},
                 {1, 257, H1_E_TOOBIG}, {1000, 65, H1_OK},       {1000, 66, H1_E_TOOBIG}};
    for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
        struct buf b = BUF_INIT(1 << 20);
        buf_addz(&b, "HTTP/1.1 204 \r\n");
        for (size_t h = 0; h < cases[c].headers; h++) {
            buf_addz(&b, "a:");
            repeat(&b, "v", cases[c].value_bytes);
            buf_addz(&b, "\r\n");
        }
        buf_addz(&b, "\r\n");
        for (size_t k = 0; k < ARRAY_LEN(pieces); k++) {
            struct log l = {.out = BUF_INIT(1 << 20)};
            struct h1 *p = h1_new(H1_RESPONSE, &CB, &l);
            enum h1_rc rc = H1_OK;
            for (size_t at = 0; at < b.n && rc == H1_OK; at += pieces[k])
                rc = feed(p, &l, b.p + at, MIN(pieces[k], b.n - at), false);
            assert_int_equal(rc, cases[c].rc);
            size_t used;
            if (rc < 0) /* sticky */
                assert_int_equal(h1_feed(p, "x", 1, &used), rc);
            h1_free(&p);
            buf_free(&l.out);
        }
        buf_free(&b);
    }
}

static void test_ceiling_of_target_and_trailers(void **state)
{
    struct buf b = BUF_INIT(1 << 20);
    struct log l = {.out = BUF_INIT(1 << 20)};
    buf_addz(&b, "GET /");
    repeat(&b, "x", 65536);
    struct h1 *p = h1_new(H1_REQUEST, &CB, &l);
    assert_int_equal(feed(p, &l, b.p, b.n, false), H1_E_TOOBIG);
    h1_free(&p);
    buf_clear(&b);
    buf_addz(&b, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
    repeat(&b, "t: x\r\n", 300);
    p = h1_new(H1_RESPONSE, &CB, &l);
    assert_int_equal(feed(p, &l, b.p, b.n, false), H1_E_TOOBIG);
    h1_free(&p);
    buf_free(&b);
    buf_free(&l.out);
}

static void test_stop(void **state)
{
    static const struct {
        char at;
        const char *log;
    } cases[] = {{'S', "S200;"},
                 {'h', "S200;Content-Length=3;"},
                 {'H', "S200;Content-Length=3;H"},
                 {'b', "S200;Content-Length=3;H(abc)"},
                 {'D', "S200;Content-Length=3;H(abc)D"}};
    const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 204 N\r\n\r\n";
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct log l = {.out = BUF_INIT(1000), .stop_at = cases[i].at};
        struct h1 *p = h1_new(H1_RESPONSE, &CB, &l);
        assert_int_equal(feed(p, &l, text, sizeof text - 1, false), H1_E_STOPPED);
        close_body(&l);
        assert_string_equal(l.out.p, cases[i].log);
        assert_int_equal(h1_eof(p), H1_E_STOPPED);
        h1_reset(p); /* as good as new */
        l.stop_at = 0;
        buf_clear(&l.out);
        assert_int_equal(feed(p, &l, text, sizeof text - 1, false), H1_OK);
        assert_string_equal(l.out.p, "S200;Content-Length=3;H(abc)D+S204;HD+");
        h1_free(&p);
        buf_free(&l.out);
    }
}

/* Each message by itself: *used stops at its last byte whatever follows. */
static void test_used_is_exact(void **state)
{
    static const char *const messages[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n",
        "HTTP/1.1 204 N\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        struct buf b = BUF_INIT(1000);
        struct log l = {.out = BUF_INIT(1000)};
        struct h1 *p = h1_new(H1_RESPONSE, &CB, &l);
        buf_addf(&b, "%s\x01junk", messages[i]);
        size_t used = 0;
        assert_int_equal(h1_feed(p, b.p, b.n, &used), H1_DONE);
        assert_int_equal(used, strlen(messages[i]));
        h1_free(&p);
        buf_free(&b);
        buf_free(&l.out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_response_lengths),
        cmocka_unit_test(test_chunked),
        cmocka_unit_test(test_no_body),
        cmocka_unit_test(test_interim),
        cmocka_unit_test(test_upgrade),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_header_values),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_ceilings),
        cmocka_unit_test(test_ceiling_of_target_and_trailers),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_used_is_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
