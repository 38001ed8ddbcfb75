/* test_aws_imds.c - the EC2 metadata service, version 2 and its way back to 1. */
#include "aws_rig.h"

#define ROLES "GET /latest/meta-data/iam/security-credentials/"
#define GOOD                                                                                                           \
    "{\"Code\":\"Success\",\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"2023-11-" \
    "14T23:13:20Z\"}"

static void open_rig(struct rig *r)
{
    rig_open(r);
    rig_unset(r, "AWS_EC2_METADATA_DISABLED");
    rig_set(r, "AWS_EC2_METADATA_SERVICE_ENDPOINT", r->url);
    rig_route(r, "PUT /latest/api/token ", 200, "tok==");
    rig_route(r, ROLES " ", 200, "my-role");
    rig_route(r, ROLES "my-role ", 200, GOOD);
}

static void version_2(void **state)
{
    struct rig r;
    open_rig(&r);
    assert_string_equal(rig_get(&r), "AK s t 1700003600 the EC2 instance's role");
    rig_was_asked(&r, 0, "PUT /latest/api/token ");
    rig_was_asked(&r, 0, "\r\nX-aws-ec2-metadata-token-ttl-seconds: 21600\r\n");
    rig_was_asked(&r, 1, "\r\nX-aws-ec2-metadata-token: tok==\r\n");
    rig_was_asked(&r, 2, "\r\nX-aws-ec2-metadata-token: tok==\r\n");
    rig_close(&r);
}

static void version_1_where_2_is_refused(void **state)
{
    static const int statuses[] = {403, 404, 405, 500};
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        struct rig r;
        open_rig(&r);
        rig_route(&r, "PUT /latest/api/token ", statuses[i], "");
        rig_says(&r, "AK s t");
        assert_null(strstr(rig_asked(&r, 1), "X-aws-ec2-metadata-token"));
        rig_set(&r, "AWS_EC2_METADATA_V1_DISABLED", "true");
        rig_says(&r, "EC2 metadata service: no token was given, and AWS_EC2_METADATA_V1_DISABLED is set");
        rig_close(&r);
    }
}

/* A token that is lost on the way: hop limits of 1 do not let it into a container. */
static void version_1_where_2_is_silent(void **state)
{
    struct rig r;
    open_rig(&r);
    rig_route(&r, "PUT /latest/api/token ", 200, NULL);
    rig_says(&r, "AK s t");
    rig_close(&r);
}

static void no_service(void **state)
{
    struct rig r;
    open_rig(&r);
    rig_route(&r, "PUT /latest/api/token ", 400, "");
    rig_says(&r, "EC2 metadata service: it answers 400");
    rig_route(&r, "PUT /latest/api/token ", 200, "tok");
    rig_route(&r, ROLES, 404, "");
    rig_says(&r, "EC2 metadata service: the instance has no role");
    rig_route(&r, ROLES, 200, "../../x y");
    rig_says(&r, "EC2 metadata service: the name of its role is none");
    rig_set(&r, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1");
    rig_says(&r, "EC2 metadata service: ");
    rig_set(&r, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ftp://x");
    rig_says(&r, "EC2 metadata service: AWS_EC2_METADATA_SERVICE_ENDPOINT: ");
    size_t before = rig_n_asked(&r);
    rig_set(&r, "AWS_EC2_METADATA_SERVICE_ENDPOINT", r.url);
    rig_set(&r, "AWS_EC2_METADATA_DISABLED", "True");
    rig_says(&r, "EC2 metadata service: AWS_EC2_METADATA_DISABLED is set");
    assert_int_equal(rig_n_asked(&r), before);
    rig_close(&r);
}

/* When it cannot renew them it hands out the old ones: they are tried, and asked for again soon. */
static void old_ones_are_taken(void **state)
{
    struct rig r;
    open_rig(&r);
    r.now = RIG_NOW + 10000;
    assert_string_equal(rig_get(&r), "AK s t 1700010600 the EC2 instance's role");
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(version_2), cmocka_unit_test(version_1_where_2_is_refused),
                                       cmocka_unit_test(version_1_where_2_is_silent), cmocka_unit_test(no_service),
                                       cmocka_unit_test(old_ones_are_taken)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
