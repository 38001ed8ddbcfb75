/* test_aws_sts.c - what STS is asked, where, and what becomes of its answers. Signatures are held against botocore's in
 * tests/interop/test_aws_credentials.py. */
#include "aws_rig.h"

#define ANSWER(key)                                                                                                    \
    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n <AssumeRoleResult>\n  <Credentials>\n" \
    "<AccessKeyId>" key                                                                                                \
    "</AccessKeyId>\n<SecretAccessKey>s&lt;/&amp;lt;</SecretAccessKey>\n<SessionToken> t&quot;&gt;"                    \
    "</SessionToken>\n<Expiration>2023-11-14T23:13:20Z</Expiration></Credentials></AssumeRoleResult>"

static void web_identity(void **state)
{
    struct rig r;
    char path[100];
    rig_open(&r);
    snprintf(path, sizeof path, "%s/token", r.home);
    rig_file(&r, "token", "eyJ+/=.x\n");
    rig_set(&r, "AWS_WEB_IDENTITY_TOKEN_FILE", path);
    rig_set(&r, "AWS_ROLE_ARN", "arn:aws:iam::1:role/a+b");
    rig_set(&r, "AWS_ENDPOINT_URL_STS", r.url);
    rig_route(&r, "POST / ", 200, ANSWER("AK"));
    assert_string_equal(rig_get(&r), "AK s</&lt; t\"> 1700003600 the web identity of the environment");
    rig_was_asked(&r, 0, "\r\nContent-Type: application/x-www-form-urlencoded; charset=utf-8\r\n");
    rig_was_asked(&r, 0,
                  "\r\n\r\nAction=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3A"
                  "role%2Fa%2Bb&RoleSessionName=weir-1700000000&WebIdentityToken=eyJ%2B%2F%3D.x");
    assert_null(strstr(rig_asked(&r, 0), "Authorization"));
    rig_set(&r, "AWS_ROLE_SESSION_NAME", "me@x");
    rig_get(&r);
    rig_was_asked(&r, 1, "&RoleSessionName=me%40x&");
    rig_route(
        &r, "POST / ", 400,
        "<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>Token &amp; more\nis over</Message></Error>"
        "</ErrorResponse>");
    rig_says(
        &r, "! the web identity of AWS_WEB_IDENTITY_TOKEN_FILE: STS does not give the role arn:aws:iam::1:role/a+b: it "
            "answers 400 (ExpiredTokenException: Token & more is over)");
    rig_route(&r, "POST / ", 400, "<Error><Message>eyJ+/=.x is bad</Message></Error>");
    rig_says(&r, "it answers 400");
    assert_null(strstr(rig_get(&r), "eyJ"));
    rig_route(&r, "POST / ", 200, "<html>");
    rig_says(&r, "STS's answer: the access key ID is missing");
    rig_close(&r);
}

static const char BY[] = "[default]\nrole_arn=arn:r\nsource_profile=base\nexternal_id=e/1\nduration_seconds=900\n"
                         "role_session_name=n\n[profile base]\naws_access_key_id=AKBASE\naws_secret_access_key=hidden\n"
                         "aws_session_token=tokbase\n";

static void role(void **state)
{
    struct rig r;
    rig_open(&r);
    rig_set(&r, "AWS_ENDPOINT_URL_STS", r.url);
    rig_set(&r, "AWS_REGION", "eu-west-3");
    rig_file(&r, ".aws/config", BY);
    rig_route(&r, "POST / ", 200, ANSWER("AKROLE"));
    assert_string_equal(rig_get(&r), "AKROLE s</&lt; t\"> 1700003600 profile default (role)");
    rig_was_asked(&r, 0,
                  "\r\n\r\nAction=AssumeRole&Version=2011-06-15&RoleArn=arn%3Ar&RoleSessionName=n&ExternalId=e%2F1&"
                  "DurationSeconds=900");
    rig_was_asked(&r, 0, "Authorization: AWS4-HMAC-SHA256 Credential=AKBASE/20231114/eu-west-3/sts/aws4_request, ");
    rig_was_asked(&r, 0, "\r\nX-Amz-Date: 20231114T221320Z\r\n");
    rig_was_asked(&r, 0, "\r\nX-Amz-Security-Token: tokbase\r\n");
    assert_null(strstr(rig_asked(&r, 0), "hidden"));
    rig_unset(&r, "AWS_REGION");
    rig_get(&r);
    rig_was_asked(&r, 1, "Credential=AKBASE/20231114/us-east-1/sts/aws4_request, ");
    rig_route(&r, "POST / ", 403, "<Error><Code>AccessDenied</Code></Error>");
    rig_says(&r, "! profile default: STS does not give the role arn:r: it answers 403 (AccessDenied)");
    rig_set(&r, "AWS_ENDPOINT_URL_STS", "ftp://x");
    rig_says(&r, "! profile default: the address of STS: ");
    rig_set(&r, "AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1");
    rig_says(&r, "! profile default: STS (http://127.0.0.1:1/): ");
    rig_set(&r, "AWS_ENDPOINT_URL_STS", "http://me:hidden@127.0.0.1:1");
    rig_says(&r, "! profile default: STS (127.0.0.1:1/): ");
    rig_close(&r);
}

static void is_endpoint(struct rig *r, const char *want)
{
    rig_chain(r);
    assert_int_equal(aws_load_profiles(r->chain, NULL), 0);
    char *url = aws_endpoint(r->chain, "STS", "https://usual");
    assert_string_equal(url, want);
    free(url);
}

/* As the AWS SDKs and Tools Reference Guide orders them ("Service-specific endpoints"). */
static void endpoints(void **state)
{
    struct rig r;
    rig_open(&r);
    is_endpoint(&r, "https://usual");
    rig_file(&r, ".aws/config",
             "[default]\nendpoint_url=http://profile\nservices=s\n[services s]\nsso=\n  endpoint_url=http://x\n");
    is_endpoint(&r, "http://profile");
    rig_file(
        &r, ".aws/config",
        "[default]\nendpoint_url=http://profile\nservices=s\n[services s]\nsts=\n  endpoint_url=http://services/\n");
    is_endpoint(&r, "http://services");
    rig_set(&r, "AWS_ENDPOINT_URL", "http://all/");
    is_endpoint(&r, "http://all");
    rig_set(&r, "AWS_ENDPOINT_URL_STS", "http://sts");
    is_endpoint(&r, "http://sts");
    rig_set(&r, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    is_endpoint(&r, "https://usual");
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(web_identity), cmocka_unit_test(role),
                                       cmocka_unit_test(endpoints)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
