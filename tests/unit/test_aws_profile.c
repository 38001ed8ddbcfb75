/* test_aws_profile.c - which files are read, and what the two say of a profile together. */
#include "aws_rig.h"

#include <sys/stat.h>

static void load(struct rig *r, struct aws_profiles *p)
{
    struct err e = {0};
    if (aws_profiles_load(p, rig_getenv, r, &e) != 0)
        fail_msg("%s", e.text);
}

static const char *value(const struct aws_profiles *p, const char *profile, const char *key)
{
    struct aws_profile found;
    const char *v = aws_profile_find(p, profile, &found) ? aws_profile_value(&found, key) : "no profile";
    return v ? v : "no value";
}

static void names_of_sections(void **state)
{
    struct rig r;
    struct aws_profiles p;
    rig_open(&r);
    rig_file(&r, ".aws/config",
             "[default]\nregion=d\n[profile dev]\nregion=1\n[profile \"a b\"]\nregion=2\n[profile 'c']\nregion=3\n"
             "[other]\nregion=4\n[sso-session s]\nsso_region=5\n[services s]\nsts=\n  endpoint_url=6\n"
             "[profile a b]\nregion=7\n[profile \"open]\nregion=8\n[preview]\ncloudfront=true\n");
    rig_file(&r, ".aws/credentials", "[default]\nx=y\n[profile z]\nregion=9\n[a b]\nx=z\n");
    load(&r, &p);
    assert_string_equal(value(&p, "default", "region"), "d");
    assert_string_equal(value(&p, "default", "x"), "y");
    assert_string_equal(value(&p, "dev", "region"), "1");
    assert_string_equal(value(&p, "a b", "region"), "2");
    assert_string_equal(value(&p, "a b", "x"), "z");
    assert_string_equal(value(&p, "c", "region"), "3");
    assert_string_equal(value(&p, "other", "region"), "no profile");
    assert_string_equal(value(&p, "s", "region"), "no profile");
    assert_string_equal(value(&p, "z", "region"), "no profile");
    assert_string_equal(value(&p, "profile z", "region"), "9");
    assert_string_equal(aws_ini_value(aws_profiles_section(&p, AWS_SECTION_SSO_SESSION, "s"), "sso_region"), "5");
    assert_string_equal(aws_ini_value(aws_profiles_section(&p, AWS_SECTION_SERVICES, "s"), "sts.endpoint_url"), "6");
    assert_null(aws_profiles_section(&p, AWS_SECTION_SERVICES, "dev"));
    struct buf names = BUF_INIT(200);
    aws_profiles_names(&p, 4, &names);
    assert_string_equal(names.p, "default, profile z, a b, dev, ...");
    buf_free(&names);
    aws_profiles_free(&p);
    rig_close(&r);
}

static void credentials_file_counts_first(void **state)
{
    struct rig r;
    struct aws_profiles p;
    rig_open(&r);
    rig_file(&r, ".aws/config", "[default]\nregion=a\noutput=json\n[profile default]\nregion=b\n");
    load(&r, &p);
    assert_string_equal(value(&p, "default", "region"), "b");
    assert_string_equal(value(&p, "default", "output"), "no value");
    aws_profiles_free(&p);
    rig_file(&r, ".aws/credentials", "[default]\nregion=c\n");
    load(&r, &p);
    assert_string_equal(value(&p, "default", "region"), "c");
    aws_profiles_free(&p);
    rig_close(&r);
}

static void other_places(void **state)
{
    struct rig r;
    struct aws_profiles p;
    struct err e = {0};
    char path[200];
    rig_open(&r);
    load(&r, &p);
    assert_false(p.has_config || p.has_credentials);
    aws_profiles_free(&p);
    rig_file(&r, "c", "[default]\nregion=a\n");
    rig_file(&r, "d", "[default]\nx=b\n");
    rig_set(&r, "AWS_CONFIG_FILE", "~/c");
    snprintf(path, sizeof path, "%s/d", r.home);
    rig_set(&r, "AWS_SHARED_CREDENTIALS_FILE", path);
    load(&r, &p);
    assert_string_equal(value(&p, "default", "region"), "a");
    assert_string_equal(value(&p, "default", "x"), "b");
    aws_profiles_free(&p);
    rig_unset(&r, "HOME");
    load(&r, &p);
    assert_string_equal(value(&p, "default", "x"), "b");
    assert_string_equal(value(&p, "default", "region"), "no value");
    aws_profiles_free(&p);
    rig_file(&r, "d", "[default]\nx=b\nc\n");
    assert_int_equal(aws_profiles_load(&p, rig_getenv, &r, &e), -1);
    assert_non_null(strstr(e.text, "/d:3: neither"));
    aws_profiles_free(&p);
    rig_set(&r, "AWS_SHARED_CREDENTIALS_FILE", r.home);
    assert_int_equal(aws_profiles_load(&p, rig_getenv, &r, &e), -1);
    assert_non_null(strstr(e.text, "Is a directory"));
    aws_profiles_free(&p);
    rig_close(&r);
}

static void a_file_has_a_ceiling(void **state)
{
    struct rig r;
    struct aws_profiles p;
    struct err e = {0};
    rig_open(&r);
    char *big = xmalloc((1 << 20) + 2);
    memset(big, '#', (1 << 20) + 1);
    big[(1 << 20) + 1] = 0;
    rig_file(&r, ".aws/config", big);
    free(big);
    assert_int_equal(aws_profiles_load(&p, rig_getenv, &r, &e), -1);
    assert_int_equal(e.code, ERR_LIMIT);
    aws_profiles_free(&p);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_of_sections),
                                       cmocka_unit_test(credentials_file_counts_first), cmocka_unit_test(other_places),
                                       cmocka_unit_test(a_file_has_a_ceiling)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
