/* test_url.c - what RFC 3986 says of the parts, and the mistakes people make. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/url.h"

static char *show(const struct url *u, char out[400])
{
    snprintf(out, 400, "%s " STR_FMT " " STR_FMT "@" STR_FMT "%s:%d%s " STR_FMT "%s" STR_FMT, u->tls ? "tls" : "plain",
             STR_ARG(u->scheme), STR_ARG(u->userinfo), STR_ARG(u->host), u->host_is_v6 ? "(6)" : "", u->port,
             u->has_port ? "!" : "", STR_ARG(u->path), u->has_query ? "?" : "", STR_ARG(u->query));
    return out;
}

static void test_good(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"localhost", "plain  @localhost:80 "},
        {"localhost:8000", "plain  @localhost:8000! "},
        {"localhost:8000/v1/chat/completions", "plain  @localhost:8000! /v1/chat/completions"},
        {"http://example.com", "plain http @example.com:80 "},
        {"https://example.com", "tls https @example.com:443 "},
        {"HTTPS://Example.COM:8443/A?b=c#d", "tls HTTPS @Example.COM:8443! /A?b=c"},
        {"http://example.com/", "plain http @example.com:80 /"},
        {"http://example.com:/x", "plain http @example.com:80 /x"},
        {"http://example.com?q", "plain http @example.com:80 ?q"},
        {"http://example.com/?", "plain http @example.com:80 /?"},
        {"http://example.com#f?g/h", "plain http @example.com:80 "},
        {"http://a/p?x=/y?z", "plain http @a:80 /p?x=/y?z"},
        {"http://a/p@q:7?r", "plain http @a:80 /p@q:7?r"},
        {"a/http://b", "plain  @a:80 /http://b"},
        {"[::1]", "plain  @::1(6):80 "},
        {"[::1]:8000/x", "plain  @::1(6):8000! /x"},
        {"https://[2001:db8::7]/", "tls https @2001:db8::7(6):443 /"},
        {"http://[::ffff:192.0.2.1]:1", "plain http @::ffff:192.0.2.1(6):1! "},
        {"http://user:pw@host:9/", "plain http user:pw@host:9! /"},
        {"http://user@host", "plain http user@host:80 "},
        {"http://u@v:w@host", "plain http u@v:w@host:80 "},
        {"127.0.0.1:65535", "plain  @127.0.0.1:65535! "},
        {"my_host-1.example.:1/a%20b", "plain  @my_host-1.example.:1! /a%20b"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct url u;
        struct err e = {0};
        char got[400];
        if (url_parse(&u, str_of(cases[i].text), &e) != 0)
            fail_msg("%s: %s", cases[i].text, e.text);
        assert_int_equal(e.code, ERR_NONE);
        assert_string_equal(show(&u, got), cases[i].want);
        assert_true(u.scheme.p && u.userinfo.p && u.path.p && u.query.p); /* fit for %.*s and memcpy */
    }
}

static void test_bad(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "names no host"},
        {"http://", "names no host"},
        {"http:///path", "names no host"},
        {"/v1/chat", "names no host"},
        {"http://:80", "names no host"},
        {"http://user@", "names no host"},
        {"ftp://a", "\"ftp\" is not a scheme weir speaks; use http or https"},
        {"htps://a", "\"htps\" is not a scheme"},
        {"://a", "\"\" is not a scheme"},
        {"http://a b/", "a space at byte 9; write %20"},
        {"http://a/\tx", "control character (0x09) at byte 10"},
        {"http://a/\x7f", "control character (0x7f)"},
        {"http://a/\r\nX: y", "control character (0x0d)"},
        {"http://a/\xC3\xA9", "not ASCII at 10; write it percent-encoded"},
        {"http://a:0", "port \"0\" is not a number from 1 to 65535"},
        {"http://a:65536", "port \"65536\""},
        {"http://a:80x/", "port \"80x\""},
        {"http://a:-1", "port \"-1\""},
        {"http://a:+1", "port \"+1\""},
        {"http://a:99999999999999999999", "port \"99999999999999999999\""},
        {"http://::1/", "in brackets: [::1]:8000"},
        {"2001:db8::7", "in brackets"},
        {"http://[::1", "bracket of the IPv6 address is not closed"},
        {"http://[]/", "\"[]\" is not an IPv6 address"},
        {"http://[1.2.3.4]/", "is not an IPv6 address"},
        {"http://[::g]/", "\"[::g]\" is not an IPv6 address"},
        {"http://[::1]8000/", "only \":PORT\" or a path"},
        {"http://a%20b/", "\"%\" cannot be in one"},
        {"http://a,b/", "\",\" cannot be in one"},
        {"http://a\\b/", "cannot be in one"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct url u = {.port = 7};
        struct err e = {0};
        if (url_parse(&u, str_of(cases[i].text), &e) == 0)
            fail_msg("\"%s\" was accepted", cases[i].text);
        assert_int_equal(e.code, ERR_USAGE);
        assert_int_equal(u.port, 7); /* untouched */
        if (!strstr(e.text, cases[i].says))
            fail_msg("\"%s\": \"%s\" does not say \"%s\"", cases[i].text, e.text, cases[i].says);
        assert_int_equal(url_parse(&u, str_of(cases[i].text), NULL), -1);
    }
}

static void test_limits(void **state)
{
    char text[9000];
    struct url u;
    struct err e = {0};
    memset(text, 'a', sizeof text);
    assert_int_equal(url_parse(&u, (struct str){text, 253}, &e), 0);
    assert_int_equal(url_parse(&u, (struct str){text, 254}, &e), -1);
    assert_non_null(strstr(e.text, "253"));
    text[1] = '/';
    assert_int_equal(url_parse(&u, (struct str){text, 8192}, &e), 0);
    assert_int_equal(url_parse(&u, (struct str){text, 8193}, &e), -1);
    assert_non_null(strstr(e.text, "8192"));
}

/* A NUL is a control character, not an end; a password is never repeated in an error. */
static void test_secrets_and_nul(void **state)
{
    static const char *const bad[] = {"http://me:sesame@",    "http://me:sesame@h:x",   "http://me:sesame@[::g]",
                                      "http://me:sesame@a,b", "http://me:sesame@h:1:2", "http://me:sesame@h/ x"};
    struct url u;
    struct err e = {0};
    assert_int_equal(url_parse(&u, STR("http://a\0b/"), &e), -1);
    assert_non_null(strstr(e.text, "0x00"));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(url_parse(&u, str_of(bad[i]), &e), -1);
        assert_null(strstr(e.text, "sesame"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_secrets_and_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
