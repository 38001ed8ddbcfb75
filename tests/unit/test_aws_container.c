/* test_aws_container.c - the endpoint beside a container: which hosts may be asked, with what token. */
#include "aws_rig.h"

#define GOOD                                                                                                           \
    "{\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"2023-11-14T23:13:20Z\","       \
    "\"RoleArn\":\"x\"}"
#define FULL "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define RELATIVE "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"

static void relative_before_full(void **state)
{
    struct rig r;
    rig_open(&r);
    r.opts.container_host = r.url;
    rig_route(&r, "GET /v2/credentials/1-2?x=y ", 200, GOOD);
    rig_set(&r, FULL, "http://127.0.0.1:1/");
    rig_set(&r, RELATIVE, "/v2/credentials/1-2?x=y");
    assert_string_equal(rig_get(&r), "AK s t 1700003600 the container's endpoint");
    rig_was_asked(&r, 0, "\r\nAccept: application/json\r\n");
    assert_null(strstr(rig_asked(&r, 0), "Authorization"));
    rig_set(&r, RELATIVE, "v2");
    rig_says(&r, "! AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with a slash");
    rig_set(&r, RELATIVE, "/a b");
    rig_says(&r, "! AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: ");
    rig_close(&r);
}

static void tokens(void **state)
{
    struct rig r;
    char path[100], url[100];
    rig_open(&r);
    rig_route(&r, "GET /x ", 200, GOOD);
    snprintf(url, sizeof url, "%s/x", r.url);
    snprintf(path, sizeof path, "%s/token", r.home);
    rig_set(&r, FULL, url);
    rig_set(&r, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic abc");
    rig_says(&r, "AK s t");
    rig_was_asked(&r, 0, "\r\nAuthorization: Basic abc\r\n");
    rig_file(&r, "token", "eyJ.one\n");
    rig_set(&r, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path);
    rig_says(&r, "AK s t");
    rig_was_asked(&r, 1, "\r\nAuthorization: eyJ.one\r\n");
    rig_file(&r, "token", "eyJ.two");
    rig_says(&r, "AK s t");
    rig_was_asked(&r, 2, "\r\nAuthorization: eyJ.two\r\n");
    rig_file(&r, "token", "a\r\nX: y");
    rig_says(&r, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: ");
    rig_unset(&r, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    rig_set(&r, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "hidden\r\nX: y");
    rig_says(&r, "AWS_CONTAINER_AUTHORIZATION_TOKEN has a control character");
    assert_null(strstr(rig_get(&r), "hidden"));
    assert_int_equal(rig_n_asked(&r), 3);
    rig_close(&r);
}

/* The rules of the AWS SDKs: plain http to this machine and to the addresses of ECS and EKS only. */
static void hosts(void **state)
{
    static const char *const far[] = {"http://192.168.0.1/",           "http://169.254.169.254/",
                                      "http://example.com/",           "http://localhost.example.com/",
                                      "http://127.0.0.1.example.com/", "http://128.0.0.1/",
                                      "http://[fd00:ec2::24]/"};
    struct rig r;
    char url[100];
    rig_open(&r);
    for (size_t i = 0; i < ARRAY_LEN(far); i++) {
        rig_set(&r, FULL, far[i]);
        rig_says(&r, "plain http is for this machine only");
    }
    rig_set(&r, FULL, "127.0.0.1:1/x");
    rig_says(&r, "must begin with http:// or https://");
    rig_set(&r, FULL, "http://127.0.0.1@example.com/x");
    rig_says(&r, "must not hold a user's name");
    rig_set(&r, FULL, "ftp://127.0.0.1/x");
    rig_says(&r, "! AWS_CONTAINER_CREDENTIALS_FULL_URI: ");
    rig_route(&r, "GET /x ", 200, GOOD);
    snprintf(url, sizeof url, "http://LocalHost%s/x", strrchr(r.url, ':'));
    rig_set(&r, FULL, url);
    rig_says(&r, "AK s t");
    rig_close(&r);
}

static void answers(void **state)
{
    static const struct {
        int status;
        const char *body, *want;
        size_t asked;
    } cases[] = {{200, "{", "its answer is no JSON object", 1},
                 {200, "[]", "its answer is no JSON object", 1},
                 {200, "{\"AccessKeyId\":\"a\"}", "the JSON has no SecretAccessKey", 1},
                 {200, "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"hidden\",\"Expiration\":\"x\"}",
                  "their expiry is no time", 1},
                 {403, "{\"code\":\"x\",\"message\":\"no such role\"}", "it answers 403 (no such role)", 1},
                 {403, "{\"message\":\"bad token abc\"}", "it answers 403", 1},
                 {404, "", "it answers 404", 1},
                 {500, "", "it answers 500", 3},
                 {429, "", "it answers 429", 3},
                 {200, "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\",\"Expiration\":\"2023-11-14T22:13:20Z\"}",
                  "the container's endpoint have expired at 2023-11-14T22:13:20", 1}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig r;
        char url[100];
        rig_open(&r);
        snprintf(url, sizeof url, "%s/x", r.url);
        rig_set(&r, FULL, url);
        rig_set(&r, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "abc");
        rig_route(&r, "GET /x ", cases[i].status, cases[i].body);
        const char *got = rig_get(&r);
        if (!strstr(got, cases[i].want) || strstr(got, "hidden") || strstr(got, "abc"))
            fail_msg("'%s' is not in, or a secret is: %s", cases[i].want, got);
        assert_int_equal(rig_n_asked(&r), cases[i].asked);
        rig_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(relative_before_full), cmocka_unit_test(tokens),
                                       cmocka_unit_test(hosts), cmocka_unit_test(answers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
