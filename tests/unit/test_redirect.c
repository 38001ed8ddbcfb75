/* test_redirect.c - where a Location points (the examples of RFC 3986, 5.4, among them), what is said of it, and that
 * nothing secret is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/redirect.h"

static void texts(void **state)
{
    (void)state;
    static const struct {
        const char *origin, *path, *location, *to, *hint;
    } cases[] = {
        {"http://a:8000", "/v1/x", "https://a/v1/x", "https://a/v1/x", "wants https; write https://"},
        {"http://a", "/v1/x?k=secret", "https://a/v1/x?k=secret", "https://a/v1/x?[not shown]", "wants https"},
        {"http://[::1]:80", "/v1/x", "https://[::1]:8443/v1/x", "https://[::1]:8443/v1/x", "wants https"},
        {"https://a", "/v1/x", "/v1/x/", "https://a/v1/x/", "lacks a slash at its end"},
        {"https://a", "/v1/x/", "https://a:443/v1/x#f", "https://a:443/v1/x", "a slash too many"},
        {"http://a", "/v1/x", "//b/v1/x", "http://b/v1/x", "the server to be measured"},
        {"http://a:1", "/v1/x", "http://a:2/v1/x", "http://a:2/v1/x", "the server to be measured"},
        {"https://a", "/v1/x", "http://a/v1/x", "http://a/v1/x", "not encrypted"},
        {"https://a", "/v1/x", "https://id.example/oauth2/start?rd=x", "https://id.example/oauth2/start?[not shown]",
         "log in"},
        {"https://a", "/v1/x", "https://user:pw@b/y", "https://[redacted]@b/y", "the server to be measured"},
        {"http://a", "/v1/x", "/v1/x", "http://a/v1/x", "that is where it was sent"},
        {"http://a", "/v1/x", "/v2/x", "http://a/v2/x", "give that URL"},
        {"http://a", "/b/c/d;p?q", "g", "http://a/b/c/g", "give that URL"},
        {"http://a", "/b/c/d;p?q", "/g", "http://a/g", "give that URL"},
        {"http://a", "/b/c/d;p?q", "g?y", "http://a/b/c/g?[not shown]", "give that URL"},
        {"http://a", "/b/c/d;p?q", "?y", "http://a/b/c/d;p?[not shown]", "that is where it was sent"},
        {"http://a", "/b/c/d;p?q", "//g", "http://g/", "the server to be measured"},
        {"http://a", "/b/c/d;p?q", "//g?y", "http://g/?[not shown]", "the server to be measured"},
        {"http://a", "/x", "/y\033[31m\n", "http://a/y?[31m", "give that URL"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct target t = {.origin = (char *)(uintptr_t)cases[i].origin,
                           .tls = str_starts(str_of(cases[i].origin), STR("https:"))};
        struct buf b = BUF_INIT(4096);
        char want[200];
        redirect_text(&b, &t, str_of(cases[i].path), str_of(cases[i].location));
        snprintf(want, sizeof want, "redirects to %s; weir follows none: ", cases[i].to);
        if (!str_starts(buf_str(&b), str_of(want)) || !strstr(b.p, cases[i].hint))
            fail_msg("%s: \"%s\" is not \"%s\", or does not say \"%s\"", cases[i].location, b.p, want, cases[i].hint);
        buf_free(&b);
    }
}

static void shown(void **state)
{
    (void)state;
    static const struct {
        const char *location, *shown;
    } cases[] = {
        {"/a?token=1", "/a?[not shown]"},
        {"https://u:p@h/a", "https://[redacted]@h/a"},
        {"//h", "//h"},
        {"a:b", "a:b"},
        {"", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = BUF_INIT(4096);
        redirect_location(&b, str_of(cases[i].location));
        assert_string_equal(b.p ? b.p : "", cases[i].shown);
        buf_free(&b);
    }
    char longest[5000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    struct buf b = BUF_INIT(4096);
    redirect_location(&b, str_of(longest));
    assert_int_equal(b.n, 303);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),
        cmocka_unit_test(shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
