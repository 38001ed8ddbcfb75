/* test_tunnel.c - answers to CONNECT, at every split. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "net/tunnel.h"

static void answers(void **state)
{
    (void)state;
    static const struct {
        const char *head, *rest, *why;
        enum tunnel_rc rc;
        int status;
    } cases[] = {
        {"HTTP/1.1 200 Connection established\r\n\r\n", "\x16\x03", "answers 200 Connection established", TUNNEL_OPEN,
         200},
        {"HTTP/1.0 200 OK\r\nVia: 1.1 p\r\nContent-Length: 5\r\n\r\n", "", "answers 200 OK", TUNNEL_OPEN, 200},
        {"HTTP/1.1 204\n\n", "x", "answers 204", TUNNEL_OPEN, 204},
        {"HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "y", "answers 200 OK", TUNNEL_OPEN, 200},
        {"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n", "no",
         "answers 407 Proxy Authentication Required", TUNNEL_REFUSED, 407},
        {"HTTP/1.1 502 \033[31mBad\xff\r\n\r\n", "", "answers 502 ?[31mBad?", TUNNEL_REFUSED, 502},
        {"HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n", "", "answers 301 Moved", TUNNEL_REFUSED, 301},
        {"SSH-2.0-OpenSSH\r\n", "\r\n", "does not answer by HTTP", TUNNEL_NOT_HTTP, 0},
        {"HTTP/2 200 OK\r\n", "\r\n", "does not answer by HTTP", TUNNEL_NOT_HTTP, 0},
        {"HTTP/1.1 700 Odd\r\n", "\r\n", "does not answer by HTTP", TUNNEL_NOT_HTTP, 0},
        {"\r\n", "HTTP/1.1 200 OK\r\n\r\n", "does not answer by HTTP", TUNNEL_NOT_HTTP, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *all = xasprintf("%s%s", cases[i].head, cases[i].rest);
        size_t n = strlen(all), head = strlen(cases[i].head);
        for (size_t at = 0; at <= n; at++) {
            struct tunnel t;
            size_t used = 0, more = 0;
            tunnel_init(&t);
            enum tunnel_rc rc = tunnel_feed(&t, (struct str){all, at}, &used);
            assert_int_equal(used, MIN(at, head));
            assert_int_equal(rc, at < head ? TUNNEL_MORE : cases[i].rc);
            rc = tunnel_feed(&t, (struct str){all + used, n - used}, &more);
            assert_int_equal(rc, cases[i].rc);
            assert_int_equal(used + more, head);
            assert_int_equal(t.status, cases[i].status);
            assert_string_equal(t.why, cases[i].why);
        }
        free(all);
    }
}

static void endless_head(void **state)
{
    (void)state;
    struct tunnel t;
    size_t used = 0, sum = 0;
    tunnel_init(&t);
    tunnel_feed(&t, STR("HTTP/1.1 200 OK\r\n"), &used);
    enum tunnel_rc rc = TUNNEL_MORE;
    while (rc == TUNNEL_MORE && sum < 100000) {
        rc = tunnel_feed(&t, STR("X-Long: value\r\n"), &used);
        sum += used;
    }
    assert_int_equal(rc, TUNNEL_NOT_HTTP);
    assert_true(sum < 17000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(endless_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
