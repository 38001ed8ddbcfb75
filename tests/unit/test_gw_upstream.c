#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/gw_upstream.h"

static const char *some_env(void *arg, const char *name)
{
    (void)arg;
    return strcmp(name, "AWS_ACCESS_KEY_ID") == 0           ? "AKIDEXAMPLE"
           : strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0     ? "example"
           : strcmp(name, "AWS_EC2_METADATA_DISABLED") == 0 ? "true"
           : strcmp(name, "HOME") == 0                      ? "/nonexistent"
                                                            : NULL;
}

static struct signer *some_signer(const char *region)
{
    struct err e = {0};
    const struct signer_opts o = {.service = "sagemaker", .region = region, .env = some_env};
    struct signer *s = signer_new(&o, &e);
    assert_non_null(s);
    return s;
}

static void names_of_endpoints(void **state)
{
    (void)state;
    struct str name;
    assert_true(gw_upstream_is_endpoint(STR("sagemaker:samllm-endpoint"), &name));
    assert_true(str_eqz(name, "samllm-endpoint"));
    assert_true(gw_upstream_is_endpoint(STR("llm8"), &name));
    assert_true(str_eqz(name, "llm8"));
    static const char *const others[] = {
        "",       "sagemaker:",      "sagemaker:a/b", "a.b", "a:80", "http://a/invocations",
        "a_name", "sagemaker:-ends", "127.0.0.1:80"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_false(gw_upstream_is_endpoint(str_of(others[i]), &name));
    char long_name[65];
    memset(long_name, 'a', 64);
    long_name[64] = 0;
    assert_false(gw_upstream_is_endpoint(str_of(long_name), &name));
    long_name[63] = 0;
    assert_true(gw_upstream_is_endpoint(str_of(long_name), &name));
}

static void an_endpoint_streams_at_a_route_of_its_own(void **state)
{
    (void)state;
    struct err e = {0};
    struct gw_upstream u;
    const struct gateway_config c = {.upstream = "http://127.0.0.1:81/endpoints/my-llm/invocations", .no_sigv4 = true};
    assert_int_equal(gw_upstream_open(&u, &c, NULL, &e), 0);
    assert_string_equal(u.endpoint, "my-llm");
    assert_string_equal(u.path[0], "/endpoints/my-llm/invocations");
    assert_string_equal(u.path[1], "/endpoints/my-llm/invocations-response-stream");
    assert_string_equal(u.head[1].p, "POST /endpoints/my-llm/invocations-response-stream HTTP/1.1\r\n"
                                     "Host: 127.0.0.1:81\r\nUser-Agent: weir-gateway/" WEIR_VERSION "\r\n"
                                     "Content-Type: application/json\r\n");
    assert_string_equal(u.region, "");
    assert_int_equal(u.n_addrs, 1);
    gw_upstream_close(&u);
}

static void a_container_streams_at_the_same_route(void **state)
{
    (void)state;
    struct err e = {0};
    struct gw_upstream u;
    const struct gateway_config c = {.upstream = "http://[::1]:8080/invocations", .no_sigv4 = true};
    assert_int_equal(gw_upstream_open(&u, &c, NULL, &e), 0);
    assert_string_equal(u.path[1], "/invocations");
    assert_string_equal(u.head[0].p, u.head[1].p);
    assert_non_null(strstr(u.head[0].p, "\r\nHost: [::1]:8080\r\n"));
    gw_upstream_close(&u);
}

/* SageMaker Runtime's hosts as "Amazon SageMaker AI endpoints and quotas" lists them. No name is looked up here: the
 * environment names another address, and without it the URL is made before the look-up fails or not. */
static void a_name_becomes_the_regions_host(void **state)
{
    (void)state;
    static const struct {
        const char *region, *url;
    } cases[] = {
        {"us-east-1", "https://runtime.sagemaker.us-east-1.amazonaws.com/endpoints/llm/invocations"},
        {"cn-north-1", "https://runtime.sagemaker.cn-north-1.amazonaws.com.cn/endpoints/llm/invocations"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char url[256];
        struct err e = {0};
        struct signer *s = some_signer(cases[i].region);
        assert_int_equal(gw_upstream_url(STR("llm"), s, NULL, url, sizeof url, &e), 0);
        assert_string_equal(url, cases[i].url);
        assert_int_equal(gw_upstream_url(STR("llm"), s, "http://127.0.0.1:9/", url, sizeof url, &e), 0);
        assert_string_equal(url, "http://127.0.0.1:9/endpoints/llm/invocations");
        signer_free(&s);
    }
    struct err e = {0};
    char url[256];
    struct signer *s = some_signer(NULL);
    assert_int_equal(gw_upstream_url(STR("llm"), s, NULL, url, sizeof url, &e), -1); /* no region */
    assert_int_equal(e.code, ERR_USAGE);
    signer_free(&s);
}

static void what_is_no_invocations_route_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"http://127.0.0.1/v1/chat/completions",
                                      "http://127.0.0.1/invocations-response-stream",
                                      "http://127.0.0.1/invocations?a=b",
                                      "http://u:p@127.0.0.1/invocations",
                                      "http://127.0.0.1",
                                      "http://127.0.0.1/endpoints/a\"b/invocations",
                                      "http://127.0.0.1/endpoints/a\\b/invocations",
                                      "http://127.0.0.1/endpoints/\xc3\xa9/invocations",
                                      "ftp://127.0.0.1/invocations",
                                      "sagemaker:not_a_name",
                                      "sagemaker:unsigned"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = {0};
        struct gw_upstream u;
        const struct gateway_config c = {.upstream = bad[i], .no_sigv4 = true};
        assert_int_equal(gw_upstream_open(&u, &c, NULL, &e), -1);
        assert_int_equal(e.code, ERR_USAGE);
        assert_null(strstr(e.text, "u:p"));
        gw_upstream_close(&u);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_endpoints),
        cmocka_unit_test(an_endpoint_streams_at_a_route_of_its_own),
        cmocka_unit_test(a_container_streams_at_the_same_route),
        cmocka_unit_test(a_name_becomes_the_regions_host),
        cmocka_unit_test(what_is_no_invocations_route_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
