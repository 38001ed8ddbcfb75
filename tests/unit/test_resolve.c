#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "net/resolve.h"

static void test_literals(void **state)
{
    struct addr a[4];
    char text[64];
    assert_int_equal(resolve_host("192.0.2.7", 8080, a, 4, NULL), 1);
    const struct sockaddr_in *in = (const struct sockaddr_in *)&a[0].sa;
    assert_int_equal(in->sin_family, AF_INET);
    assert_int_equal(ntohl(in->sin_addr.s_addr), 0xc0000207);
    assert_int_equal(ntohs(in->sin_port), 8080);
    assert_int_equal(a[0].len, sizeof(*in));
    assert_string_equal(addr_text(&a[0], text), "192.0.2.7:8080");

    assert_int_equal(resolve_host("2001:db8::1", 443, a, 4, NULL), 1);
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a[0].sa;
    static const unsigned char want[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
    assert_int_equal(in6->sin6_family, AF_INET6);
    assert_memory_equal(&in6->sin6_addr, want, 16);
    assert_int_equal(ntohs(in6->sin6_port), 443);
    assert_string_equal(addr_text(&a[0], text), "[2001:db8::1]:443");
}

static void test_localhost(void **state)
{
    struct addr a[8];
    int n = resolve_host("localhost", 80, a, 8, NULL);
    assert_in_range(n, 1, 8);
    char text[64];
    for (int i = 0; i < n; i++) {
        addr_text(&a[i], text);
        assert_true(strcmp(text, "127.0.0.1:80") == 0 || strcmp(text, "[::1]:80") == 0);
        for (int k = 0; k < i; k++) /* no address twice */
            assert_false(a[k].len == a[i].len && memcmp(&a[k].sa, &a[i].sa, a[i].len) == 0);
    }
    assert_int_equal(resolve_host("localhost", 80, a, 1, NULL), 1);
}

static void test_failures_name_the_host(void **state)
{
    struct addr a[2];
    struct err e = {0};
    assert_int_equal(resolve_host("no-such-host.invalid", 80, a, 2, &e), -1);
    assert_int_equal(e.code, ERR_NET);
    assert_non_null(strstr(e.text, "\"no-such-host.invalid\""));
    assert_int_equal(resolve_host("300.1.2.3.4", 80, a, 2, NULL), -1);
}

static void test_unix_paths(void **state)
{
    struct addr a;
    struct err e = {0};
    char text[64], path[200];
    assert_int_equal(resolve_unix("/run/weir.sock", &a, &e), 0);
    const struct sockaddr_un *un = (const struct sockaddr_un *)&a.sa;
    assert_int_equal(un->sun_family, AF_UNIX);
    assert_string_equal(un->sun_path, "/run/weir.sock");
    assert_string_equal(addr_text(&a, text), "unix:/run/weir.sock");
    memset(path, 'p', sizeof(path));
    path[0] = '/';
    path[107] = 0; /* the longest: 107 bytes and the closing 0 */
    assert_int_equal(resolve_unix(path, &a, &e), 0);
    addr_text(&a, text);
    assert_int_equal(strlen(text), 63);
    path[107] = 'p';
    path[108] = 0;
    assert_int_equal(resolve_unix(path, &a, &e), -1);
    assert_non_null(strstr(e.text, "107"));
    assert_int_equal(resolve_unix("", &a, &e), -1);
    a.sa.ss_family = AF_UNSPEC;
    assert_string_equal(addr_text(&a, text), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_literals),
        cmocka_unit_test(test_localhost),
        cmocka_unit_test(test_failures_name_the_host),
        cmocka_unit_test(test_unix_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
