/* test_proxy.c - which proxy leads where. What no_proxy matches was asked of curl 7.88 for each row; tests/interop asks
 * the one that is installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/proxy.h"

static void urls(void **state)
{
    (void)state;
    static const struct {
        const char *url, *text, *authorization; /* text NULL: refused */
    } cases[] = {
        {"http://p.example:3128", "http://p.example:3128", NULL},
        {"p.example", "http://p.example:1080", NULL},
        {"http://p.example/x", "http://p.example:1080", NULL},
        {"http://[::1]:8080", "http://[::1]:8080", NULL},
        {"http://user:pass@p:1", "http://p:1", "Basic dXNlcjpwYXNz"},
        {"http://user@p:1", "http://p:1", "Basic dXNlcjo="},
        {"http://me:p%40ss%3A%2f@p:1", "http://p:1", "Basic bWU6cEBzczov"},
        {"http://me:100%@p:1", "http://p:1", "Basic bWU6MTAwJQ=="},
        {"https://p:1", NULL, NULL},
        {"socks5://p:1", NULL, NULL},
        {"http://:1", NULL, NULL},
        {"http://p:99999", NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct proxy p;
        struct err e = {0};
        int rc = proxy_parse(&p, cases[i].url, "--proxy", &e);
        assert_int_equal(rc, cases[i].text ? 0 : -1);
        if (cases[i].text) {
            assert_string_equal(p.text, cases[i].text);
            assert_string_equal(p.authorization ? p.authorization : "",
                                cases[i].authorization ? cases[i].authorization : "");
        } else {
            assert_true(str_starts(str_of(e.text), STR("--proxy: ")));
        }
        proxy_free(&p);
    }
}

static void bypassed(void **state)
{
    (void)state;
    static const struct {
        const char *host, *list;
        bool matches;
    } cases[] = {
        /* no proxy: by curl 7.88.1 */
        {"example.com", "example.com", true},
        {"example.com", "EXAMPLE.com", true},
        {"www.example.com", "example.com", true},
        {"www.example.com", ".example.com", true},
        {"example.com", ".example.com", true},
        {"notexample.com", "example.com", false},
        {"example.com", "www.example.com", false},
        {"example.com", "com", true},
        {"example.com", "*", true},
        {"example.com", "*.com", false},
        {"www.example.com", "*.example.com", false},
        {"example.com", "a,*", false},
        {"example.com", "a.com, example.com", true},
        {"example.com", "a.com example.com", true},
        {"example.com", "a.com,example.com.", true},
        {"example.com.", "example.com", true},
        {"example.com", "example.com:80", false},
        {"example.com", "", false},
        {"example.com", ",", false},
        {"example.com", "..example.com", false},
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "127.0.0.0/8", true},
        {"127.1.2.3", "127.0.0.0/8", true},
        {"128.0.0.1", "127.0.0.0/8", false},
        {"10.1.2.3", "10.1.2.0/23", true},
        {"10.1.4.3", "10.1.2.0/23", false},
        {"127.0.0.1", "localhost", false},
        {"127.0.0.1", "127.0.0.1/33", false},
        {"127.0.0.1", "127.0.0.0/0", false},
        {"127.0.0.1", "0.0.1", false},
        {"127.0.0.1", ".1", false},
        {"127.0.0.1", "127.0.0", false},
        {"127.0.0.1", "127.0.0.1/32", true},
        {"::1", "::1", true},
        {"::1", "[::1]", false},
        {"::1", "::/0", false},
        {"localhost", "localhost", true},
        {"localhost", "127.0.0.1", false},
        {"localhost", "LOCALHOST", true},
        {"a.localhost", "localhost", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (proxy_is_bypassed(str_of(cases[i].host), cases[i].list) != cases[i].matches)
            fail_msg("%s with no_proxy=%s", cases[i].host, cases[i].list);
    assert_false(proxy_is_bypassed(STR("a"), NULL));
    /* as later versions of curl have it, which mend what 7.88 made of networks of IPv6 */
    assert_true(proxy_is_bypassed(STR("fe80::1"), "fe80::/10"));
    assert_true(proxy_is_bypassed(STR("::1"), "0:0:0:0:0:0:0:1"));
    assert_false(proxy_is_bypassed(STR("fec0::1"), "fe80::/10"));
}

/* name=value, ... of the test under way */
static const char *const *vars_of(const char *const *set)
{
    static _Thread_local const char *const *vars;
    if (set)
        vars = set;
    return vars;
}

static char *env(const char *name)
{
    size_t n = strlen(name);
    for (const char *const *v = vars_of(NULL); *v; v++)
        if (strncmp(*v, name, n) == 0 && (*v)[n] == '=')
            return (char *)(uintptr_t)(*v + n + 1);
    return NULL;
}

static void choices(void **state)
{
    (void)state;
    static const struct {
        const char *vars[5], *given, *url, *from, *text; /* from NULL: none */
    } cases[] = {
        {{"http_proxy=http://a:1"}, "auto", "http://h", "http_proxy", "http://a:1"},
        {{"http_proxy=http://a:1"}, "auto", "https://h", NULL, NULL},
        {{"HTTP_PROXY=http://a:1"}, "auto", "http://h", NULL, NULL},
        {{"HTTPS_PROXY=http://a:1"}, "auto", "https://h", "HTTPS_PROXY", "http://a:1"},
        {{"HTTPS_PROXY=http://a:1", "https_proxy=http://b:2"}, "auto", "https://h", "https_proxy", "http://b:2"},
        {{"https_proxy=", "ALL_PROXY=c:3"}, "auto", "https://h", "ALL_PROXY", "http://c:3"},
        {{"ALL_PROXY=c:3", "all_proxy=d:4"}, "auto", "http://h", "all_proxy", "http://d:4"},
        {{"http_proxy=http://a:1", "no_proxy=h"}, "auto", "http://h", NULL, NULL},
        {{"http_proxy=http://a:1", "no_proxy=x", "NO_PROXY=h"}, "auto", "http://h", "http_proxy", "http://a:1"},
        {{"http_proxy=http://a:1", "NO_PROXY=h"}, "auto", "http://h:8000", NULL, NULL},
        {{"http_proxy=http://a:1"}, "none", "http://h", NULL, NULL},
        {{"http_proxy=http://a:1"}, NULL, "http://h", NULL, NULL},
        {{"http_proxy=http://a:1"}, "http://e:5", "http://h", "--proxy", "http://e:5"},
        {{"NO_PROXY=h"}, "http://e:5", "http://h", NULL, NULL},
        {{NULL}, "auto", "https://h", NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct proxy p;
        struct url u;
        struct err e = {0};
        vars_of(cases[i].vars);
        url_parse(&u, str_of(cases[i].url), NULL);
        int rc = proxy_choose(&p, cases[i].given, &u, env, &e);
        assert_int_equal(rc, cases[i].from != NULL);
        if (rc == 1) {
            assert_string_equal(p.from, cases[i].from);
            assert_string_equal(p.text, cases[i].text);
        }
        proxy_free(&p);
    }
    static const char *const socks[] = {"all_proxy=socks5h://user:secret@p:1", NULL};
    struct proxy p;
    struct url u;
    struct err e = {0};
    vars_of(socks);
    url_parse(&u, STR("http://h"), NULL);
    assert_int_equal(proxy_choose(&p, "auto", &u, env, &e), -1);
    assert_string_equal(e.text, "all_proxy: weir speaks to proxies by http://; \"socks5h://\" is of another kind");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls),
        cmocka_unit_test(bypassed),
        cmocka_unit_test(choices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
