/* test_aws_sso.c - IAM Identity Center: what the files must say, the token that lies there, and the question. */
#include "aws_rig.h"

#include <sys/stat.h>

/* By `printf corp | sha1sum` and `printf https://x.example/start | sha1sum`. */
#define CORP ".aws/sso/cache/" CORP_SHA1 ".json"
#define CORP_SHA1 "ee0bfd2552fbd840c02cc48b6e823320543c450f"
#define GOOD "{\"accessToken\":\"good\",\"expiresAt\":\"2023-11-14T23:00:00Z\"}"
#define SESSION "[sso-session corp]\nsso_region=eu-west-1\nsso_start_url=https://x.example/start\n"
#define PROFILE "[default]\nsso_session=corp\nsso_account_id=123456789012\nsso_role_name=Ad min+\n"
#define ROUTE "GET /federation/credentials?role_name=Ad%20min%2B&account_id=123456789012 "
#define KEYS                                                                                                           \
    "{\"roleCredentials\":{\"accessKeyId\":\"AK\",\"secretAccessKey\":\"s\",\"sessionToken\":\"t\","                   \
    "\"expiration\":1700003600999}}"

static void open_rig(struct rig *r)
{
    rig_open(r);
    rig_set(r, "AWS_ENDPOINT_URL_SSO", r->url);
    rig_route(r, "GET /federation/", 500, "");
    rig_route(r, ROUTE, 200, KEYS);
    rig_file(r, CORP, GOOD);
    rig_file(r, ".aws/config", PROFILE SESSION);
}

static void by_session(void **state)
{
    struct rig r;
    open_rig(&r);
    assert_string_equal(rig_get(&r), "AK s t 1700003600 profile default (SSO)");
    rig_was_asked(&r, 0, "\r\nx-amz-sso_bearer_token: good\r\n");
    rig_close(&r);
}

static void the_old_form(void **state)
{
    struct rig r;
    open_rig(&r);
    rig_file(&r, ".aws/config",
             "[default]\nsso_start_url=https://x.example/start\nsso_region=eu-west-1\nsso_account_id=123456789012\n"
             "sso_role_name=Ad min+\n");
    rig_says(&r, "! profile default: nobody is signed in");
    rig_file(&r, ".aws/sso/cache/80c7f57c51e0449101de09ef74138a588ea0d4a6.json", GOOD);
    rig_says(&r, "AK s t");
    rig_close(&r);
}

static void the_token(void **state)
{
    struct rig r;
    open_rig(&r);
    rig_file(&r, CORP, "{\"accessToken\":\"hidden\",\"expiresAt\":\"2023-11-14T22:13:20Z\"}");
    rig_says(&r, "! profile default: the sign-in has ended; run `aws sso login --profile default`");
    rig_file(&r, CORP, "{\"accessToken\":\"hidden\"}");
    rig_says(&r, "is damaged; run `aws sso login");
    rig_file(&r, CORP, "{\"accessToken\":\"hid\\r\\nden\",\"expiresAt\":\"2023-11-14T23:13:20Z\"}");
    rig_says(&r, "is damaged");
    rig_file(&r, CORP, "{");
    rig_says(&r, "nobody is signed in");
    char path[100];
    snprintf(path, sizeof path, "%s/.aws/config", r.home);
    rig_set(&r, "AWS_CONFIG_FILE", path);
    rig_set(&r, "HOME", "");
    rig_says(&r, "! profile default: HOME is not set");
    rig_set(&r, "AWS_CONFIG_FILE", "/dev/null");
    rig_says(&r, "the profile files have no profile default");
    assert_int_equal(rig_n_asked(&r), 0);
    rig_close(&r);
}

#define RENEWABLE                                                                                                      \
    "{\"accessToken\":\"old\",\"expiresAt\":\"2023-11-14T22:%s:00Z\",\"clientId\":\"id\",\"clientSecret\":\"cs\","     \
    "\"refreshToken\":\"rt1\",\"registrationExpiresAt\":\"%s-01-01T00:00:00Z\"}"

static void lies_there(struct rig *r, const char *minute, const char *year)
{
    char *text = xasprintf(RENEWABLE, minute, year);
    rig_file(r, CORP, text);
    free(text);
}

/* 15 minutes before its end, or after it, as long as the sign-in behind it lasts. */
static void renewal(void **state)
{
    struct rig r;
    char path[200];
    struct buf kept = BUF_INIT(10000);
    open_rig(&r);
    rig_set(&r, "AWS_ENDPOINT_URL_SSO_OIDC", r.url);
    rig_route(&r, "POST /token ", 200, "{\"accessToken\":\"new\",\"expiresIn\":3600,\"refreshToken\":\"rt2\"}");
    lies_there(&r, "30", "2024");
    rig_says(&r, "AK s t");
    assert_int_equal(rig_n_asked(&r), 1);
    rig_was_asked(&r, 0, "\r\nx-amz-sso_bearer_token: old\r\n");
    lies_there(&r, "10", "2024");
    rig_says(&r, "AK s t");
    rig_was_asked(&r, 1,
                  "\r\n\r\n{\"grantType\":\"refresh_token\",\"clientId\":\"id\",\"clientSecret\":\"cs\","
                  "\"refreshToken\":\"rt1\"}");
    rig_was_asked(&r, 1, "\r\nContent-Type: application/json\r\n");
    rig_was_asked(&r, 2, "\r\nx-amz-sso_bearer_token: new\r\n");
    snprintf(path, sizeof path, "%s/%s", r.home, CORP);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(file_read(&kept, path, NULL), 0);
    assert_string_equal(kept.p,
                        "{\"startUrl\":\"https://x.example/start\",\"region\":\"eu-west-1\",\"accessToken\":\"new\","
                        "\"expiresAt\":\"2023-11-14T23:13:20Z\",\"clientId\":\"id\",\"clientSecret\":\"cs\","
                        "\"registrationExpiresAt\":\"2024-01-01T00:00:00Z\",\"refreshToken\":\"rt2\"}");
    buf_free(&kept);
    rig_says(&r, "AK s t"); /* and it is taken from there */
    assert_int_equal(rig_n_asked(&r), 4);
    lies_there(&r, "10", "2023");
    rig_says(&r, "the sign-in has ended");
    assert_int_equal(rig_n_asked(&r), 4);
    rig_route(&r, "POST /token ", 400, "{\"error\":\"invalid_grant\"}");
    lies_there(&r, "10", "2024");
    rig_says(&r, "the sign-in has ended");
    lies_there(&r, "20", "2024");
    rig_says(&r, "AK s t");
    rig_close(&r);
}

static void what_is_missing(void **state)
{
    struct rig r;
    open_rig(&r);
    rig_file(&r, ".aws/config", PROFILE);
    rig_says(&r, "! profile default: there is no [sso-session corp]");
    rig_file(&r, ".aws/config", "[default]\nsso_session=corp\nsso_role_name=x\n" SESSION);
    rig_says(&r, "has no sso_account_id; `aws configure sso` sets it up");
    rig_file(&r, ".aws/config", PROFILE "[sso-session corp]\nsso_region=eu-west-1\n");
    rig_says(&r, "has no sso_start_url");
    rig_file(&r, ".aws/config", PROFILE "sso_region=us-east-1\n" SESSION);
    rig_says(&r, "its sso_region is not that of its sso-session");
    rig_file(&r, ".aws/config", PROFILE "[sso-session corp]\nsso_start_url=u\nsso_region=evil.example/\n");
    rig_says(&r, "its sso_region is no region");
    rig_close(&r);
}

static void refusals(void **state)
{
    struct rig r;
    open_rig(&r);
    rig_route(&r, ROUTE, 401, "{\"message\":\"good\"}");
    rig_says(&r, "the sign-in is not valid any more; run `aws sso login --profile default`");
    rig_route(&r, ROUTE, 403, "{\"message\":\"No access\",\"__type\":\"ForbiddenException\"}");
    rig_says(&r, "! profile default: SSO answers 403 (No access)");
    rig_route(&r, ROUTE, 200, "{\"roleCredentials\":{\"accessKeyId\":\"AK\"}}");
    rig_says(&r, "SSO's answer: the secret key is missing");
    rig_route(&r, ROUTE, 200, "{}");
    rig_says(&r, "SSO's answer: the access key ID is missing");
    rig_set(&r, "AWS_ENDPOINT_URL_SSO", "http://127.0.0.1:1");
    rig_says(&r, "! profile default: SSO (http://127.0.0.1:1/federation/credentials?");
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_session),      cmocka_unit_test(the_old_form),
                                       cmocka_unit_test(the_token),       cmocka_unit_test(renewal),
                                       cmocka_unit_test(what_is_missing), cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
