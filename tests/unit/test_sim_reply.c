#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/sim_reply.h"

#include "base/jdoc.h"

static void head_is(const struct reply_head *h, int64_t now, const char *want)
{
    struct buf b = BUF_INIT(4096);
    reply_head(&b, h, now);
    assert_string_equal(b.p, want);
    buf_free(&b);
}

static void test_heads(void **state)
{
    struct reply_head h = {
        .status = 200, .type = "application/json", .length = 12, .keep_alive = true, .id = STR("a b")};
    /* The date is the example of RFC 9110, 5.6.7. */
    head_is(&h, 784111777,
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: weir-sim/" WEIR_VERSION
            "\r\nContent-Type: application/json\r\nContent-Length: 12\r\nx-request-id: a b\r\n\r\n");
    h = (struct reply_head){.status = 429, .keep_alive = true, .http10 = true, .extra = "Retry-After: 1\r\n"};
    head_is(&h, 0,
            "HTTP/1.1 429 Too Many Requests\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nServer: weir-sim/" WEIR_VERSION
            "\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: keep-alive\r\n\r\n");
    h = (struct reply_head){.status = 200, .chunked = true};
    head_is(&h, 951782400,
            "HTTP/1.1 200 OK\r\nDate: Tue, 29 Feb 2000 00:00:00 GMT\r\nServer: weir-sim/" WEIR_VERSION
            "\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
    h = (struct reply_head){.status = 200, .until_close = true};
    head_is(&h, 0,
            "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nServer: weir-sim/" WEIR_VERSION
            "\r\nConnection: close\r\n\r\n");
}

static void test_errors(void **state)
{
    struct buf b = BUF_INIT(4096);
    reply_error(&b, 404, "no \"x\"", "model", "model_not_found");
    assert_string_equal(b.p,
                        "{\"error\":{\"message\":\"no \\\"x\\\"\",\"type\":\"not_found_error\",\"param\":\"model\","
                        "\"code\":\"model_not_found\"}}");
    buf_clear(&b);
    reply_error(&b, 400, "m", NULL, NULL);
    assert_string_equal(
        b.p, "{\"error\":{\"message\":\"m\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":null}}");
    buf_free(&b);
    assert_string_equal(reply_reason(503), "Service Unavailable");
    assert_string_equal(reply_reason(418), "Unknown");
}

/* The same for HTTP/2: nothing of the connection, names in lower case (RFC 9113, 8.2). */
static void fields_are(const struct reply_head *h, const char *want)
{
    struct reply_fields f;
    struct buf b = BUF_INIT(4096);
    reply_fields(&f, h, 784111777);
    for (size_t i = 0; i < f.n; i++)
        buf_addf(&b, STR_FMT "=" STR_FMT "|", STR_ARG(f.v[i].name), STR_ARG(f.v[i].value));
    assert_string_equal(b.p, want);
    buf_free(&b);
}

static void test_fields(void **state)
{
    struct reply_head h = {.status = 429,
                           .type = "application/json",
                           .length = 12,
                           .keep_alive = false,
                           .id = STR("a b"),
                           .extra = "Retry-After: 1\r\nAllow: GET, HEAD\r\n"};
    fields_are(&h, "date=Sun, 06 Nov 1994 08:49:37 GMT|server=weir-sim/" WEIR_VERSION
                   "|content-type=application/json|content-length=12|x-request-id=a b|retry-after=1|allow=GET, HEAD|");
    h = (struct reply_head){.status = 200, .until_close = true};
    fields_are(&h, "date=Sun, 06 Nov 1994 08:49:37 GMT|server=weir-sim/" WEIR_VERSION "|cache-control=no-cache|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_heads), cmocka_unit_test(test_errors),
                                       cmocka_unit_test(test_fields)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
