#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <sys/un.h>

#include "engine/target.h"

/* The head of a POST, or the error. Freed by the caller's buf. */
static const char *head_of(struct buf *b, struct target_opts o)
{
    struct target t;
    struct err e = {0};
    buf_clear(b);
    if (!o.default_path)
        o.default_path = "/v1/chat/completions";
    if (target_open(&t, &o, &e) < 0) {
        buf_addf(b, "error %d: %s", (int)e.code, e.text);
        return b->p;
    }
    target_head(&t, "POST", NULL, true, b);
    target_close(&t);
    return b->p;
}

static void bare_host_gets_the_default_path(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(65536);
    assert_string_equal(head_of(&b, (struct target_opts){.url = "127.0.0.1:8000"}),
                        "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: weir/" WEIR_VERSION
                        "\r\n"
                        "Accept: application/json\r\nContent-Type: application/json\r\n");
    assert_non_null(
        strstr(head_of(&b, (struct target_opts){.url = "http://127.0.0.1/"}), "POST /v1/chat/completions HTTP"));
    assert_non_null(strstr(head_of(&b, (struct target_opts){.url = "127.0.0.1?api-version=1"}),
                           "POST /v1/chat/completions?api-version=1 HTTP"));
    assert_non_null(strstr(head_of(&b, (struct target_opts){.url = "http://127.0.0.1/a/b?c=d#e", .stream = true}),
                           "POST /a/b?c=d HTTP/1.1\r\nHost: 127.0.0.1\r\n"));
    assert_non_null(strstr(b.p, "Accept: text/event-stream, application/json\r\n"));
    /* A base URL as OpenAI's clients take it. */
    assert_non_null(
        strstr(head_of(&b, (struct target_opts){.url = "http://127.0.0.1/v1"}), "POST /v1/chat/completions HTTP"));
    assert_non_null(strstr(
        head_of(&b, (struct target_opts){.url = "http://127.0.0.1/api/v1/?k=v", .default_path = "/v1/completions"}),
        "POST /api/v1/completions?k=v HTTP"));
    assert_non_null(strstr(head_of(&b, (struct target_opts){.url = "http://127.0.0.1/rev1"}), "POST /rev1 HTTP"));
    struct target_opts colons = {.url = "http://127.0.0.1/model/a-v1:0:x/converse?k=a:b"};
    assert_non_null(strstr(head_of(&b, colons), "POST /model/a-v1:0:x/converse?k=a:b HTTP"));
    colons.escape_colons = true;
    assert_non_null(strstr(head_of(&b, colons), "POST /model/a-v1%3A0%3Ax/converse?k=a:b HTTP"));
    buf_free(&b);
}

static void host_names_the_port_that_is_not_the_schemes(void **state)
{
    (void)state;
    static const struct {
        const char *url, *host;
    } cases[] = {
        {"http://127.0.0.1:80", "\r\nHost: 127.0.0.1\r\n"},
        {"https://127.0.0.1", "\r\nHost: 127.0.0.1\r\n"},
        {"https://127.0.0.1:443", "\r\nHost: 127.0.0.1\r\n"},
        {"https://127.0.0.1:80", "\r\nHost: 127.0.0.1:80\r\n"},
        {"http://127.0.0.1:443", "\r\nHost: 127.0.0.1:443\r\n"},
        {"http://[::1]:9/x", "\r\nHost: [::1]:9\r\n"},
        {"http://[::1]/x", "\r\nHost: [::1]\r\n"},
    };
    struct buf b = BUF_INIT(65536);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_non_null(strstr(head_of(&b, (struct target_opts){.url = cases[i].url}), cases[i].host));
    buf_free(&b);
}

static int count(const char *text, const char *needle)
{
    int n = 0;
    for (const char *p = text; (p = strcasestr(p, needle)); p++)
        n++;
    return n;
}

static void headers_of_the_user_replace_ours(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(65536);
    const char *const all[] = {"host: front.example",
                               "USER-AGENT:me",
                               "accept: text/plain",
                               "content-type: x/y",
                               "authorization: Basic QQ",
                               "X-Other:  two words ",
                               NULL};
    const char *h =
        head_of(&b, (struct target_opts){.url = "127.0.0.1", .headers = all, .key = "sk-hidden", .no_keepalive = true});
    assert_int_equal(count(h, "\r\nhost:"), 1);
    assert_int_equal(count(h, "\r\nuser-agent:"), 1);
    assert_int_equal(count(h, "\r\naccept:"), 1);
    assert_int_equal(count(h, "\r\ncontent-type:"), 1);
    assert_int_equal(count(h, "\r\nauthorization:"), 1);
    assert_non_null(strstr(h, "\r\nauthorization: Basic QQ\r\n"));
    assert_non_null(strstr(h, "\r\nX-Other: two words\r\n"));
    assert_non_null(strstr(h, "\r\nConnection: close\r\n"));
    assert_null(strstr(h, "sk-hidden"));
    static const struct {
        enum auth_style style;
        const char *line;
    } styles[] = {{AUTH_BEARER, "\r\nAuthorization: Bearer sk-1\r\n"},
                  {AUTH_X_API_KEY, "\r\nx-api-key: sk-1\r\n"},
                  {AUTH_API_KEY, "\r\napi-key: sk-1\r\n"}};
    for (size_t i = 0; i < ARRAY_LEN(styles); i++)
        assert_non_null(
            strstr(head_of(&b, (struct target_opts){.url = "127.0.0.1", .key = "sk-1", .auth_style = styles[i].style}),
                   styles[i].line));
    buf_free(&b);
}

static void headers_that_would_break_a_request_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "sk-secret",         ": x",           "Na me: sk-secret",          "A: sk-secret\r\nB: c", "A: sk-secret\x7f",
        "Content-Length: 1", "connection: x", "Transfer-Encoding: chunked"};
    struct buf b = BUF_INIT(65536);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const char *const one[] = {bad[i], NULL};
        const char *said = head_of(&b, (struct target_opts){.url = "127.0.0.1", .headers = one});
        assert_memory_equal(said, "error 1: --header", 17);
        assert_null(strstr(said, "sk-secret")); /* a value may be a key */
    }
    char *huge = malloc(70000);
    memset(huge, 'a', 69999);
    memcpy(huge, "A: ", 3);
    huge[69999] = 0;
    const char *const one[] = {huge, NULL};
    assert_memory_equal(head_of(&b, (struct target_opts){.url = "127.0.0.1", .headers = one}), "error 1: --header", 17);
    free(huge);
    buf_free(&b);
}

static void bad_urls_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           "ftp://127.0.0.1",   "http://127.0.0.1/a b", "http://127.0.0.1/a\r\nX: y",
        "http://:80", "http://127.0.0.1:0"};
    struct buf b = BUF_INIT(65536);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_memory_equal(head_of(&b, (struct target_opts){.url = bad[i]}), "error 1:", 8);
    const char *said = head_of(&b, (struct target_opts){.url = "http://me:sk-secret@127.0.0.1"});
    assert_memory_equal(said, "error 1:", 8);
    assert_null(strstr(said, "sk-secret"));
    buf_free(&b);
}

static void connections_can_go_elsewhere(void **state)
{
    (void)state;
    struct target t;
    struct err e = {0};
    struct target_opts o = {.url = "https://front.example/x", .default_path = "/", .connect_to = "127.0.0.1:81"};
    assert_int_equal(target_open(&t, &o, &e), 0);
    const struct sockaddr_in *in = (const struct sockaddr_in *)&t.addrs[0].sa;
    assert_int_equal(t.n_addrs, 1);
    assert_int_equal(in->sin_family, AF_INET);
    assert_int_equal(ntohs(in->sin_port), 81);
    assert_string_equal(t.host, "front.example"); /* what TLS verifies */
    assert_non_null(strstr(t.common.p, "Host: front.example\r\n"));
    char where[400];
    assert_string_equal(target_where(&t, where, sizeof where), "https://front.example (127.0.0.1:81)");
    target_close(&t);

    o.connect_to = "[::1]:82";
    assert_int_equal(target_open(&t, &o, &e), 0);
    assert_int_equal(((const struct sockaddr_in6 *)&t.addrs[0].sa)->sin6_family, AF_INET6);
    target_close(&t);

    static const char *const bad[] = {"127.0.0.1",       "http://127.0.0.1:1", "127.0.0.1:1/x",
                                      "127.0.0.1:99999", "a@127.0.0.1:1",      ""};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        o.connect_to = bad[i];
        assert_int_equal(target_open(&t, &o, &e), -1);
        assert_non_null(strstr(e.text, "--connect-to"));
    }
    struct target_opts u = {
        .url = "http://front.example/x", .default_path = "/", .unix_socket = "/tmp/weir-no-such.sock"};
    if (target_open(&t, &u, &e) == 0) { /* no look-up of front.example */
        assert_int_equal(t.addrs[0].sa.ss_family, AF_UNIX);
        assert_string_equal(((const struct sockaddr_un *)&t.addrs[0].sa)->sun_path, u.unix_socket);
        target_close(&t);
    } else {
        assert_non_null(strstr(e.text, "weir-no-such.sock"));
    }
}

static void what_a_server_repeats_is_starred(void **state)
{
    (void)state;
    struct target t;
    const char *const headers[] = {"Authorization: Bearer tok-abcdef", "X-Tenant: acme-corp", "Accept: text/harmless",
                                   NULL};
    struct target_opts o = {.url = "127.0.0.1", .default_path = "/", .key = "sk-12345", .headers = headers};
    assert_int_equal(target_open(&t, &o, NULL), 0);
    char text[] = "no sk-12345 and sk-12345sk-12345, tok-abcdef; acme-corp text/harmless";
    target_redact(&t, text, sizeof text - 1);
    assert_string_equal(text, "no ******** and ****************, **********; ********* text/harmless");
    target_redact(&t, NULL, 0);
    target_close(&t);
    o.key = "ab"; /* too short to be looked for: it would star half the text */
    assert_int_equal(target_open(&t, &o, NULL), 0);
    char other[] = "abc tok-abcdef";
    target_redact(&t, other, sizeof other - 1);
    assert_string_equal(other, "abc **********");
    target_close(&t);
}

/* What asks the proxy has the credentials, for TLS and h2c in the tunnel's head, else in each request; and neither they
 * nor the password alone are shown when somebody repeats them. */
static void a_proxy_is_asked_in_its_way(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        enum hclient_http http;
        bool tunnel;
    } cases[] = {
        {"https://127.0.0.1:8443/v1/x", HCLIENT_AUTO, true},
        {"http://127.0.0.1:8443/v1/x", HCLIENT_H2C, true},
        {"http://127.0.0.1:8443/v1/x", HCLIENT_AUTO, false},
    };
    struct proxy p;
    struct err e = {0};
    assert_int_equal(proxy_parse(&p, "http://me:password@127.0.0.9:3128", "--proxy", &e), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct target_opts o = {.url = cases[i].url, .http = cases[i].http, .default_path = "/", .proxy = &p};
        struct target t;
        struct buf b = BUF_INIT(65536);
        assert_int_equal(target_open(&t, &o, &e), 0);
        target_head(&t, "POST", NULL, true, &b);
        if (cases[i].tunnel)
            assert_string_equal(t.tunnel,
                                "CONNECT 127.0.0.1:8443 HTTP/1.1\r\nHost: 127.0.0.1:8443\r\nUser-Agent: "
                                "weir/" WEIR_VERSION "\r\nProxy-Authorization: Basic bWU6cGFzc3dvcmQ=\r\n\r\n");
        else
            assert_null(t.tunnel);
        assert_true(str_starts(buf_str(&b), cases[i].tunnel ? STR("POST /v1/x HTTP/1.1\r\n")
                                                            : STR("POST http://127.0.0.1:8443/v1/x HTTP/1.1\r\n")));
        assert_true((strstr(b.p, "Proxy-Authorization: Basic bWU6cGFzc3dvcmQ=\r\n") != NULL) == !cases[i].tunnel);
        char said[] = "Basic bWU6cGFzc3dvcmQ= bWU6cGFzc3dvcmQ= password";
        target_redact(&t, said, strlen(said));
        assert_null(strpbrk(said, "bp"));
        char where[200], text[64];
        assert_string_equal(addr_text(&t.addrs[0], text), "127.0.0.9:3128");
        assert_non_null(strstr(target_where(&t, where, sizeof where), " through the proxy http://127.0.0.9:3128"));
        buf_free(&b);
        target_close(&t);
    }
    proxy_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bare_host_gets_the_default_path),
        cmocka_unit_test(host_names_the_port_that_is_not_the_schemes),
        cmocka_unit_test(headers_of_the_user_replace_ours),
        cmocka_unit_test(headers_that_would_break_a_request_are_refused),
        cmocka_unit_test(bad_urls_are_refused),
        cmocka_unit_test(connections_can_go_elsewhere),
        cmocka_unit_test(what_a_server_repeats_is_starred),
        cmocka_unit_test(a_proxy_is_asked_in_its_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
