/* test_aws_role.c - profiles that lead to other profiles, and which of a profile's ways counts. */
#include "aws_rig.h"

#define ANSWER                                                                                                         \
    "<Credentials><AccessKeyId>AKROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>" \
    "<Expiration>2023-11-14T23:13:20Z</Expiration></Credentials>"
#define KEYS(name) "aws_access_key_id=AK" name "\naws_secret_access_key=hidden\n"

static void config(struct rig *r, const char *text)
{
    rig_file(r, ".aws/config", text);
}

static void open_rig(struct rig *r)
{
    rig_open(r);
    rig_set(r, "AWS_ENDPOINT_URL_STS", r->url);
    rig_route(r, "POST / ", 200, ANSWER);
}

static void signed_by(struct rig *r, size_t n, const char *key)
{
    char want[100];
    snprintf(want, sizeof want, " Credential=%s/", key);
    rig_was_asked(r, n, want);
}

static void chains(void **state)
{
    struct rig r;
    open_rig(&r);
    config(&r, "[default]\nrole_arn=arn:1\nsource_profile=b\n[profile b]\nrole_arn=arn:2\nsource_profile=c\n"
               "[profile c]\n" KEYS("C"));
    rig_says(&r, "AKROLE s t");
    signed_by(&r, 0, "AKC");
    rig_was_asked(&r, 0, "RoleArn=arn%3A2&");
    signed_by(&r, 1, "AKROLE");
    rig_was_asked(&r, 1, "RoleArn=arn%3A1&");
    rig_was_asked(&r, 1, "\r\nX-Amz-Security-Token: t\r\n");
    assert_int_equal(rig_n_asked(&r), 2);
    rig_close(&r);
}

/* A profile may be its own source where it has keys; a source that has keys is not asked for its role. */
static void keys_of_a_source(void **state)
{
    struct rig r;
    open_rig(&r);
    config(&r, "[default]\nrole_arn=arn:1\nsource_profile=default\n" KEYS("OWN"));
    rig_says(&r, "AKROLE s t");
    signed_by(&r, 0, "AKOWN");
    config(&r,
           "[default]\nrole_arn=arn:1\nsource_profile=b\n[profile b]\nrole_arn=arn:2\nsource_profile=b\n" KEYS("B"));
    rig_says(&r, "AKROLE s t");
    signed_by(&r, 1, "AKB");
    rig_was_asked(&r, 1, "RoleArn=arn%3A1&");
    config(&r, "[default]\nrole_arn=arn:1\nsource_profile=b\n[profile b]\ncredential_process=sh -c 'echo "
               "\"{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"AKPROC\\\",\\\"SecretAccessKey\\\":\\\"s\\\"}\"'\n");
    rig_says(&r, "AKROLE s t");
    signed_by(&r, 2, "AKPROC");
    rig_close(&r);
}

static void loops(void **state)
{
    struct rig r;
    open_rig(&r);
    config(&r, "[default]\nrole_arn=arn:1\nsource_profile=default\n");
    rig_says(&r, "! profile default: its source_profile default leads back to itself");
    config(&r, "[default]\nrole_arn=arn:1\nsource_profile=b\n[profile b]\nrole_arn=arn:2\nsource_profile=default\n");
    rig_says(&r, "! profile default: profile b: its source_profile default leads back to itself");
    struct buf b = BUF_INIT(10000);
    buf_addz(&b, "[default]\nrole_arn=a\nsource_profile=p0\n");
    for (int i = 0; i < 40; i++)
        buf_addf(&b, "[profile p%d]\nrole_arn=a\nsource_profile=p%d\n", i, i + 1);
    config(&r, b.p);
    rig_says(&r, "! profile default: profile p0: ");
    rig_says(&r, "a chain of more than 15 source_profiles");
    buf_free(&b);
    assert_int_equal(rig_n_asked(&r), 0);
    rig_close(&r);
}

static void sources_by_name(void **state)
{
    struct rig r;
    open_rig(&r);
    config(&r, "[default]\nrole_arn=arn:1\ncredential_source=Environment\n");
    rig_says(&r, "! profile default: its credential_source Environment has none: AWS_ACCESS_KEY_ID is not set");
    r.opts.profile = "default";
    rig_set(&r, "AWS_ACCESS_KEY_ID", "AKENV");
    rig_set(&r, "AWS_SECRET_ACCESS_KEY", "s");
    rig_says(&r, "AKROLE s t");
    signed_by(&r, 0, "AKENV");
    config(&r, "[default]\nrole_arn=arn:1\ncredential_source=EcsContainer\n");
    rig_says(&r, "its credential_source EcsContainer has none: no container's endpoint");
    config(&r, "[default]\nrole_arn=arn:1\ncredential_source=Ec2InstanceMetadata\n");
    rig_says(&r, "its credential_source Ec2InstanceMetadata has none: EC2 metadata service: AWS_EC2_METADATA_DISABLED");
    config(&r, "[default]\nrole_arn=arn:1\ncredential_source=Elsewhere\n");
    rig_says(&r, "its credential_source 'Elsewhere' must be Environment, Ec2InstanceMetadata or EcsContainer");
    rig_close(&r);
}

static void what_is_wrong(void **state)
{
    static const struct {
        const char *config, *want;
    } cases[] = {
        {"role_arn=a\n", "it has a role_arn, but no source_profile and no credential_source"},
        {"role_arn=a\nsource_profile=b\ncredential_source=Environment\n", "both source_profile and credential_source"},
        {"role_arn=a\nsource_profile=nobody\n", "its source_profile nobody does not exist"},
        {"role_arn=a\nsource_profile=empty\n[profile empty]\nregion=x\n",
         "its source_profile empty has no credentials"},
        {"role_arn=a\nsource_profile=b\nmfa_serial=m\n[profile b]\n" KEYS("B"), "wants an MFA code"},
        {"login_session=x\n", "signs in by `aws login`"},
        {"web_identity_token_file=x\n", "a web_identity_token_file, but no role_arn"},
        {"web_identity_token_file=/nonexistent/t\nrole_arn=a\n", "cannot open /nonexistent/t"},
        {"aws_access_key_id=a\n", "config: aws_secret_access_key is missing"},
        {"aws_access_key_id=\naws_secret_access_key=b\n", "config: the access key ID is missing"},
        {"aws_access_key_id=a\naws_secret_access_key=hidden # mine\n", "must stand on a line of its own"},
    };
    struct rig r;
    open_rig(&r);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *text = xasprintf("[default]\n%s", cases[i].config);
        config(&r, text);
        free(text);
        rig_says(&r, "! profile default: ");
        rig_says(&r, cases[i].want);
        assert_null(strstr(rig_get(&r), "hidden"));
    }
    assert_int_equal(rig_n_asked(&r), 0);
    rig_close(&r);
}

/* Keys of two files are not put together. */
static void keys_of_one_file(void **state)
{
    struct rig r;
    open_rig(&r);
    config(&r, "[default]\n" KEYS("CONFIG") "aws_session_token=tok\n");
    rig_file(&r, ".aws/credentials", "[default]\n" KEYS("CRED"));
    rig_says(&r, "AKCRED hidden - 0 profile default");
    rig_file(&r, ".aws/credentials", "[default]\naws_secret_access_key=x\n");
    rig_says(&r, "AKCONFIG hidden tok 0 profile default");
    rig_file(&r, ".aws/credentials", "[default]\naws_access_key_id=x\n");
    rig_says(&r, "/.aws/credentials: aws_secret_access_key is missing");
    rig_close(&r);
}

static void web_identity_of_a_profile(void **state)
{
    struct rig r;
    rig_open(&r);
    rig_set(&r, "AWS_ENDPOINT_URL_STS", r.url);
    rig_route(&r, "POST / ", 200, ANSWER);
    rig_file(&r, "t", "eyJ");
    char *text = xasprintf(
        "[default]\nrole_arn=arn:1\nsource_profile=b\nweb_identity_token_file=%s/t\nrole_session_name=me\n", r.home);
    config(&r, text);
    free(text);
    rig_says(&r, "AKROLE s t 1700003600 profile default (web identity)");
    rig_was_asked(
        &r, 0,
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3A1&RoleSessionName=me&WebIdentityToken=eyJ");
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(chains),
                                       cmocka_unit_test(keys_of_a_source),
                                       cmocka_unit_test(loops),
                                       cmocka_unit_test(sources_by_name),
                                       cmocka_unit_test(what_is_wrong),
                                       cmocka_unit_test(keys_of_one_file),
                                       cmocka_unit_test(web_identity_of_a_profile)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
