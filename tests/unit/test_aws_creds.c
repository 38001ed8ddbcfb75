/* test_aws_creds.c - the order of the chain, what is kept and for how long, and what is said where there is nothing. */
#include "aws_rig.h"
#include "base/log.h"

#define KEYS(n, until)                                                                                                 \
    "{\"AccessKeyId\":\"" n "\",\"SecretAccessKey\":\"secret\",\"Token\":\"tok\",\"Expiration\":\"" until "\"}"

static void environment(void **state)
{
    struct rig r;
    rig_open(&r);
    rig_set(&r, "AWS_ACCESS_KEY_ID", "AKENV");
    rig_says(&r, "! AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
    rig_set(&r, "AWS_SECRET_ACCESS_KEY", "sec/ret");
    assert_string_equal(rig_get(&r), "AKENV sec/ret - 0 the environment");
    rig_set(&r, "AWS_SESSION_TOKEN", "tok");
    assert_string_equal(rig_get(&r), "AKENV sec/ret tok 0 the environment");
    rig_set(&r, "AWS_CREDENTIAL_EXPIRATION", "2023-11-14T23:13:20Z");
    assert_string_equal(rig_get(&r), "AKENV sec/ret tok 1700003600 the environment");
    rig_set(&r, "AWS_CREDENTIAL_EXPIRATION", "2023-11-14T22:13:20Z");
    rig_says(&r, "! the AWS credentials of the environment have expired at 2023-11-14T22:13:20");
    rig_set(&r, "AWS_SECRET_ACCESS_KEY", "sec ret");
    rig_says(&r, "! the AWS credentials of the environment: the secret key has a character at position 4");
    rig_close(&r);
}

static void older_names(void **state)
{
    struct rig r;
    rig_open(&r);
    rig_set(&r, "AWS_ACCESS_KEY", "AK");
    rig_set(&r, "AWS_SECRET_KEY", "s");
    rig_set(&r, "AWS_SECURITY_TOKEN", "t");
    assert_string_equal(rig_get(&r), "AK s t 0 the environment");
    rig_set(&r, "AWS_ACCESS_KEY_ID", "AKNEW");
    rig_set(&r, "AWS_SECRET_ACCESS_KEY", "new");
    rig_set(&r, "AWS_SESSION_TOKEN", "newer");
    assert_string_equal(rig_get(&r), "AKNEW new newer 0 the environment");
    rig_close(&r);
}

/* Everything is there; one after the other is taken away. */
static void order(void **state)
{
    struct rig r;
    char path[100], full[100];
    rig_open(&r);
    rig_route(&r, "POST / ", 200,
              "<Credentials><AccessKeyId>AKWEB</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t"
              "</SessionToken><Expiration>2023-11-14T23:13:20Z</Expiration></Credentials>");
    rig_route(&r, "GET /creds ", 200, KEYS("AKCONT", "2023-11-14T23:13:20Z"));
    rig_route(&r, "PUT /latest/api/token ", 200, "tok");
    rig_route(&r, "GET /latest/meta-data/iam/security-credentials/ ", 200, "role");
    rig_route(&r, "GET /latest/meta-data/iam/security-credentials/role ", 200, KEYS("AKEC2", "2023-11-14T23:13:20Z"));
    snprintf(path, sizeof path, "%s/token", r.home);
    snprintf(full, sizeof full, "%s/creds", r.url);
    rig_file(&r, "token", "eyJ");
    rig_file(&r, ".aws/credentials",
             "[default]\naws_access_key_id=AKFILE\naws_secret_access_key=s\n"
             "[other]\naws_access_key_id=AKOTHER\naws_secret_access_key=s\n");
    rig_set(&r, "AWS_ACCESS_KEY_ID", "AKENV");
    rig_set(&r, "AWS_SECRET_ACCESS_KEY", "s");
    rig_set(&r, "AWS_WEB_IDENTITY_TOKEN_FILE", path);
    rig_set(&r, "AWS_ROLE_ARN", "arn:x");
    rig_set(&r, "AWS_ENDPOINT_URL_STS", r.url);
    rig_set(&r, "AWS_CONTAINER_CREDENTIALS_FULL_URI", full);
    rig_set(&r, "AWS_EC2_METADATA_SERVICE_ENDPOINT", r.url);
    rig_unset(&r, "AWS_EC2_METADATA_DISABLED");
    rig_says(&r, "AKENV s");
    r.opts.profile = "other"; /* by name it is alone */
    rig_says(&r, "AKOTHER s");
    r.opts.profile = NULL;
    assert_int_equal(rig_n_asked(&r), 0);
    rig_unset(&r, "AWS_ACCESS_KEY_ID");
    rig_says(&r, "AKWEB s t 1700003600 the web identity");
    rig_unset(&r, "AWS_WEB_IDENTITY_TOKEN_FILE");
    rig_says(&r, "AKFILE s");
    rig_set(&r, "AWS_PROFILE", "other");
    rig_says(&r, "AKOTHER s");
    rig_unset(&r, "AWS_PROFILE");
    rig_file(&r, ".aws/credentials", "");
    rig_says(&r, "AKCONT secret tok 1700003600 the container's");
    rig_unset(&r, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    rig_says(&r, "AKEC2 secret tok 1700003600 the EC2");
    rig_close(&r);
}

/* What is configured and fails ends the search: nobody is silently somebody else. */
static void a_failure_ends_the_search(void **state)
{
    struct rig r;
    rig_open(&r);
    rig_set(&r, "AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/token");
    rig_file(&r, ".aws/credentials", "[default]\naws_access_key_id=AKFILE\naws_secret_access_key=s\n");
    rig_says(&r, "! AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
    rig_set(&r, "AWS_ROLE_ARN", "arn:x");
    rig_says(&r, "! the web identity of AWS_WEB_IDENTITY_TOKEN_FILE: cannot open /nonexistent/token");
    rig_unset(&r, "AWS_WEB_IDENTITY_TOKEN_FILE");
    rig_file(&r, ".aws/config", "[default\n");
    rig_says(&r, "! the AWS profile files: ");
    rig_close(&r);
}

static void nothing_at_all(void **state)
{
    struct rig r;
    rig_open(&r);
    rig_says(
        &r, "! no AWS credentials for sagemaker; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or choose a profile");
    static const char *const places[] = {"AWS_ACCESS_KEY_ID is not set", "AWS_WEB_IDENTITY_TOKEN_FILE is not set",
                                         "there are no profile files", "no container's endpoint",
                                         "EC2 metadata service: AWS_EC2_METADATA_DISABLED is set"};
    for (size_t i = 0; i < ARRAY_LEN(places); i++)
        rig_says(&r, places[i]);
    rig_set(&r, "AWS_SECRET_ACCESS_KEY", "hidden");
    rig_says(&r, "AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not set");
    assert_null(strstr(rig_get(&r), "hidden"));
    rig_file(&r, ".aws/config", "[profile dev]\nregion=us-east-1\n");
    rig_says(&r, "the profile files have no profile default");
    rig_set(&r, "AWS_PROFILE", "dev");
    rig_says(&r, "profile dev has neither keys nor a role");
    r.opts.profile = "dev";
    rig_says(&r, "`aws configure --profile dev` sets it up");
    r.opts.profile = "deb";
    rig_says(&r, "! there is no AWS profile 'deb' (");
    rig_says(&r, "name: dev)");
    rig_close(&r);
}

static const char *again(struct rig *r)
{
    static char text[1100];
    struct aws_creds c;
    struct err e = {0};
    if (aws_chain_get(r->chain, &c, &e) != 0) {
        snprintf(text, sizeof text, "! %s", e.text);
        return text;
    }
    snprintf(text, sizeof text, "%s", c.access_key_id);
    aws_creds_free(&c);
    return text;
}

static void kept_until_five_minutes_before(void **state)
{
    struct rig r;
    char full[100];
    rig_open(&r);
    snprintf(full, sizeof full, "%s/creds", r.url);
    rig_set(&r, "AWS_CONTAINER_CREDENTIALS_FULL_URI", full);
    rig_route(&r, "GET /creds ", 200, KEYS("AK1", "2023-11-14T23:13:20Z"));
    rig_chain(&r);
    assert_string_equal(again(&r), "AK1");
    rig_route(&r, "GET /creds ", 200, KEYS("AK2", "2023-11-15T00:13:20Z"));
    r.now = RIG_NOW + 3600 - AWS_REFRESH_S;
    assert_string_equal(again(&r), "AK1");
    assert_int_equal(rig_n_asked(&r), 1);
    r.now++;
    assert_string_equal(again(&r), "AK2");
    assert_string_equal(again(&r), "AK2");
    assert_int_equal(rig_n_asked(&r), 2);
    rig_close(&r);
}

/* Refused anew: the old ones serve to their end, and the server is not asked at every call. */
static void old_ones_serve_to_their_end(void **state)
{
    struct rig r;
    char full[100];
    log_set_level(LOG_ERROR);
    rig_open(&r);
    snprintf(full, sizeof full, "%s/creds", r.url);
    rig_set(&r, "AWS_CONTAINER_CREDENTIALS_FULL_URI", full);
    rig_route(&r, "GET /creds ", 200, KEYS("AK1", "2023-11-14T23:13:20Z"));
    rig_chain(&r);
    assert_string_equal(again(&r), "AK1");
    rig_route(&r, "GET /creds ", 403, "{\"message\":\"not now\"}");
    r.now = RIG_NOW + 3500;
    assert_string_equal(again(&r), "AK1");
    assert_string_equal(again(&r), "AK1");
    assert_int_equal(rig_n_asked(&r), 2);
    r.mono += 11 * NS_PER_S;
    assert_string_equal(again(&r), "AK1");
    assert_int_equal(rig_n_asked(&r), 3);
    r.now = RIG_NOW + 3600;
    assert_string_equal(again(&r),
                        "! the container's credentials (AWS_CONTAINER_CREDENTIALS_*): it answers 403 (not now)");
    rig_route(&r, "GET /creds ", 200, KEYS("AK2", "2023-11-15T02:13:20Z"));
    assert_string_equal(again(&r), "AK2");
    rig_close(&r);
}

static void keys_that_never_expire_are_read_once(void **state)
{
    struct rig r;
    rig_open(&r);
    rig_set(&r, "AWS_ACCESS_KEY_ID", "AK1");
    rig_set(&r, "AWS_SECRET_ACCESS_KEY", "s");
    rig_chain(&r);
    assert_string_equal(again(&r), "AK1");
    rig_set(&r, "AWS_ACCESS_KEY_ID", "AK2");
    r.now += 1000000;
    assert_string_equal(again(&r), "AK1");
    rig_close(&r);
}

/* The options of a user, without a fake environment: getenv and the real clock. */
static void of_the_process(void **state)
{
    struct aws_creds c;
    struct err e = {0};
    setenv("AWS_ACCESS_KEY_ID", "AKREAL", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
    struct aws_chain *chain = aws_chain_new(&(struct aws_chain_opts){0}, &e);
    assert_int_equal(aws_chain_get(chain, &c, &e), 0);
    assert_string_equal(c.access_key_id, "AKREAL");
    aws_creds_free(&c);
    aws_chain_free(&chain);
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(environment),
                                       cmocka_unit_test(older_names),
                                       cmocka_unit_test(order),
                                       cmocka_unit_test(a_failure_ends_the_search),
                                       cmocka_unit_test(nothing_at_all),
                                       cmocka_unit_test(kept_until_five_minutes_before),
                                       cmocka_unit_test(old_ones_serve_to_their_end),
                                       cmocka_unit_test(keys_that_never_expire_are_read_once),
                                       cmocka_unit_test(of_the_process)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
