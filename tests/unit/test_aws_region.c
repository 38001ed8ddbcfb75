/* test_aws_region.c - regions of hosts, of the environment, of profiles and of the metadata service. */
#include "aws_rig.h"

static void in_host(const char *host, const char *want)
{
    struct str r = aws_host_region(str_of(host));
    if (!str_eqz(r, want))
        fail_msg("%s: '%.*s', not '%s'", host, STR_ARG(r), want);
}

/* Names as the AWS General Reference lists them. */
static void hosts(void **state)
{
    in_host("runtime.sagemaker.us-east-1.amazonaws.com", "us-east-1");
    in_host("runtime-fips.sagemaker.us-gov-west-1.amazonaws.com", "us-gov-west-1");
    in_host("bedrock-runtime.eu-central-1.amazonaws.com", "eu-central-1");
    in_host("bedrock-runtime.ap-southeast-2.api.aws", "ap-southeast-2");
    in_host("runtime.sagemaker.cn-north-1.amazonaws.com.cn", "cn-north-1");
    in_host("us-west-2.queue.amazonaws.com", "us-west-2");
    in_host("vpce-0a1-b2c3.runtime.sagemaker.us-east-2.vpce.amazonaws.com", "us-east-2");
    in_host("vpce-0a1-b2c3-us-east-1a.bedrock-runtime.us-east-1.vpce.amazonaws.com", "us-east-1");
    in_host("abc123.execute-api.il-central-1.amazonaws.com", "il-central-1");
    in_host("abc123.lambda-url.sa-east-1.on.aws", "sa-east-1");
    in_host("sts.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1");
    in_host("sts.us-iso-east-1.c2s.ic.gov", "us-iso-east-1");
    in_host("my-bucket-1.s3.amazonaws.com", "");
    in_host("Runtime.SageMaker.US-EAST-1.AmazonAWS.com.", "US-EAST-1");
    in_host("sts.amazonaws.com", "");
    in_host("amazonaws.com", "");
    in_host("us-east-1.example.com", "");
    in_host("x.us-east-1.amazonaws.com.example.com", "");
    in_host("us-east-1-x.amazonaws.com", "");
    in_host("x.us-east-100.amazonaws.com", "");
    in_host("127.0.0.1", "");
    in_host("", "");
}

static void partitions(void **state)
{
    assert_string_equal(aws_dns_suffix("us-east-1"), "amazonaws.com");
    assert_string_equal(aws_dns_suffix("us-gov-east-1"), "amazonaws.com");
    assert_string_equal(aws_dns_suffix("cn-northwest-1"), "amazonaws.com.cn");
    assert_string_equal(aws_dns_suffix("us-isob-east-1"), "sc2s.sgov.gov");
    assert_string_equal(aws_dns_suffix("us-iso-west-1"), "c2s.ic.gov");
}

static void is_region(struct rig *r, const char *host, const char *want)
{
    const char *got = aws_chain_region(rig_chain(r), host);
    assert_string_equal(got ? got : "none", want);
}

static void order(void **state)
{
    static const char host[] = "runtime.sagemaker.us-east-1.amazonaws.com";
    struct rig r;
    rig_open(&r);
    is_region(&r, NULL, "none");
    assert_non_null(strstr(aws_chain_region_missing(r.chain), "set AWS_REGION"));
    rig_set(&r, "AWS_EC2_METADATA_SERVICE_ENDPOINT", r.url);
    rig_unset(&r, "AWS_EC2_METADATA_DISABLED");
    rig_route(&r, "PUT /latest/api/token ", 200, "tok");
    rig_route(&r, "GET /latest/meta-data/placement/region ", 200, "eu-north-1\n");
    is_region(&r, "127.0.0.1", "eu-north-1");
    assert_int_equal(rig_n_asked(&r), 2);
    assert_string_equal(aws_chain_region(r.chain, NULL), "eu-north-1"); /* and it is not asked again */
    assert_int_equal(rig_n_asked(&r), 2);
    rig_file(&r, ".aws/config", "[default]\nregion=ap-east-1\n[profile dev]\nregion=ap-east-2\n");
    is_region(&r, NULL, "ap-east-1");
    rig_set(&r, "AWS_PROFILE", "dev");
    is_region(&r, NULL, "ap-east-2");
    rig_set(&r, "AWS_DEFAULT_REGION", "us-west-1");
    is_region(&r, NULL, "us-west-1");
    rig_set(&r, "AWS_REGION", "us-west-2");
    is_region(&r, NULL, "us-west-2");
    is_region(&r, host, "us-east-1");
    is_region(&r, "RUNTIME.SAGEMAKER.US-EAST-1.AMAZONAWS.COM", "us-east-1");
    r.opts.region = "ca-west-1";
    is_region(&r, host, "ca-west-1");
    assert_int_equal(rig_n_asked(&r), 2);
    rig_close(&r);
}

static void refused(void **state)
{
    struct rig r;
    struct err e = {0};
    rig_open(&r);
    rig_set(&r, "AWS_REGION", "us east 1");
    is_region(&r, NULL, "none");
    assert_non_null(strstr(aws_chain_region_missing(r.chain), "AWS_REGION"));
    static const char *const bad[] = {"", "a.b", "us_east_1", "evil.example/", "-a", "a-"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_null(aws_chain_new(&(struct aws_chain_opts){.region = bad[i]}, &e));
        assert_int_equal(e.code, ERR_USAGE);
    }
    assert_null(aws_chain_new(&(struct aws_chain_opts){.profile = ""}, &e));
    rig_close(&r);
}

/* Where STS is asked: the host's region only when nothing else names one. */
static void of_services(void **state)
{
    struct rig r;
    rig_open(&r);
    assert_null(aws_service_region(rig_chain(&r)));
    assert_string_equal(aws_chain_region(r.chain, "bedrock-runtime.us-west-2.amazonaws.com"), "us-west-2");
    assert_string_equal(aws_service_region(r.chain), "us-west-2");
    rig_set(&r, "AWS_REGION", "eu-west-3");
    assert_string_equal(aws_service_region(r.chain), "eu-west-3");
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hosts), cmocka_unit_test(partitions), cmocka_unit_test(order),
                                       cmocka_unit_test(refused), cmocka_unit_test(of_services)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
