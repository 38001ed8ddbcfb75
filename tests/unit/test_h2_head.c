/* test_h2_head.c - heads against RFC 9113, 8.2 and 8.3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/h2_head.h"

static void shown(const struct h2_head *h, struct buf *out)
{
    buf_clear(out);
    for (int i = 0; i < h->n; i++)
        buf_addf(out, STR_FMT "=" STR_FMT ";", STR_ARG(h->f[i].name), STR_ARG(h->f[i].value));
    buf_addz(out, "");
}

static void requests(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
        bool tls;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: h:8000\r\n\r\n", ":method=GET;:scheme=http;:path=/;:authority=h:8000;", false},
        {"POST /v1/x?y=1%20z HTTP/1.1\r\nHOST:h\r\nUser-Agent: weir/1\r\nX-A:  b c \t\r\nConnection: close\r\n",
         ":method=POST;:scheme=https;:path=/v1/x?y=1%20z;:authority=h;user-agent=weir/1;x-a=b c;", true},
        {"GET / HTTP/1.1\r\n", ":method=GET;:scheme=http;:path=/;", false},
        {"GET / HTTP/1.1\r\nAccept: a:b\r\nKeep-Alive: 1\r\nTransfer-Encoding: chunked\r\nUpgrade: h2c\r\nTE: gzip\r\n"
         "HTTP2-Settings: x\r\nProxy-Connection: y\r\nte: Trailers\r\nE:\r\n",
         ":method=GET;:scheme=http;:path=/;accept=a:b;te=Trailers;e=;", false},
        {"GET / HTTP/1.1\r\nA: 1\r\nHost: late\r\nB: 2\r\n",
         ":method=GET;:scheme=http;:path=/;:authority=late;a=1;b=2;", false},
    };
    struct h2_head h;
    struct buf out = BUF_INIT(1 << 16);
    h2_head_init(&h);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(h2_head_request(&h, str_of(cases[i].text), cases[i].tls), 0);
        shown(&h, &out);
        assert_string_equal(out.p, cases[i].want);
    }
    h2_head_free(&h);
    buf_free(&out);
}

static void lines(void **state)
{
    (void)state;
    struct h2_head h;
    struct buf out = BUF_INIT(1 << 16);
    h2_head_init(&h);
    struct iovec v[] = {{(char[]){"X-Request-Id: 1-2\r\nCont"}, 23},
                        {(char[]){"ent-Length: 7\r\nHost: z\r\n\r\n"}, 26}};
    for (int again = 0; again < 3; again++) {
        assert_int_equal(h2_head_lines(&h, v, 2), 0);
        shown(&h, &out);
        assert_string_equal(out.p, "x-request-id=1-2;content-length=7;");
    }
    assert_int_equal(h2_head_lines(&h, v, 0), 0);
    assert_int_equal(h.n, 0);
    h2_head_free(&h);
    buf_free(&out);
}

static void refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "GET",
                                      "GET /\r\n",
                                      "GET / HTTP/1.1",
                                      "GET / HTTP/1.1\r\nno colon\r\n",
                                      "GET / HTTP/1.1\r\n: x\r\n",
                                      "GET / HTTP/1.1\r\nA: 1\r\n\r\nbody",
                                      "GET / HTTP/1.1\r\nA: 1",
                                      " / HTTP/1.1\r\n",
                                      "GET  HTTP/1.1\r\n"};
    struct h2_head h;
    h2_head_init(&h);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (h2_head_request(&h, str_of(bad[i]), false) == 0)
            fail_msg("taken: %s", bad[i]);
        assert_int_equal(h.n, 0);
    }
    struct buf many = BUF_INIT(1 << 20);
    buf_addz(&many, "GET / HTTP/1.1\r\n");
    for (int i = 0; i < H2_HEAD_FIELDS - 3; i++)
        buf_addz(&many, "A: 1\r\n");
    assert_int_equal(h2_head_request(&h, buf_str(&many), false), -1); /* :authority needs a place too */
    many.n -= 6;
    assert_int_equal(h2_head_request(&h, buf_str(&many), false), 0);
    buf_clear(&many);
    buf_addz(&many, "GET / HTTP/1.1\r\nA: ");
    for (int i = 0; i < H2_HEAD_BYTES; i++)
        buf_addc(&many, 'a');
    buf_addz(&many, "\r\n");
    assert_int_equal(h2_head_request(&h, buf_str(&many), false), -1);
    assert_int_equal(h2_head_request(&h, STR("GET / HTTP/1.1\r\nHost: h\r\n"), false), 0); /* as good as new */
    assert_int_equal(h.n, 4);
    buf_free(&many);
    h2_head_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(lines),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
