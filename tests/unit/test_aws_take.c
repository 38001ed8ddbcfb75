/* test_aws_take.c - what may be a key, and times, tokens and texts of servers. */
#include "aws_rig.h"

static int64_t at(const char *iso)
{
    int64_t t = -1;
    return aws_time_parse(str_of(iso), &t) == 0 ? t : -1;
}

/* By `date -d ... +%s`. */
static void times(void **state)
{
    assert_int_equal(at("2023-11-14T22:13:20Z"), 1700000000);
    assert_int_equal(at("2023-11-14 22:13:20Z"), 1700000000);
    assert_int_equal(at("2023-11-14T22:13:20"), 1700000000);
    assert_int_equal(at("2023-11-14T22:13:20UTC"), 1700000000);
    assert_int_equal(at("2023-11-14T22:13:20.987654Z"), 1700000000);
    assert_int_equal(at("2023-11-14T22:13:20+00:00"), 1700000000);
    assert_int_equal(at("2023-11-15T03:43:20+05:30"), 1700000000);
    assert_int_equal(at("2023-11-14T17:13:20.5-0500"), 1700000000);
    assert_int_equal(at("2024-02-29T12:00:00Z"), 1709208000);
    assert_int_equal(at("2038-01-19T03:14:08Z"), 2147483648);
    static const char *const bad[] = {"",
                                      "2023",
                                      "2023-11-14",
                                      "2023-13-14T22:13:20Z",
                                      "2023-11-14T25:13:20Z",
                                      "2023-11-14T22:13:20X",
                                      "2023-11-14T22:13:20+5",
                                      "1700000000",
                                      "2023-11-14T22:13:20+99:00",
                                      "2023-11-14T22-13-20Z",
                                      "23-11-14T22:13:20Z",
                                      "1969-11-14T22:13:20Z"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (at(bad[i]) != -1)
            fail_msg("%s is taken", bad[i]);
}

static void refuses(struct aws_taken t, const char *want)
{
    struct aws_creds c = {0};
    struct err e = {0};
    assert_int_equal(aws_take(&c, &t, &e), -1);
    if (!strstr(e.text, want))
        fail_msg("%s", e.text);
    assert_null(c.access_key_id);
    assert_null(strstr(e.text, "hidden"));
}

static void keys(void **state)
{
    struct aws_creds c = {0};
    struct err e = {0};
    struct aws_taken t = {STR("AKIA"), STR("a/b+="), STR("t"), STR("2023-11-14T22:13:20Z")};
    assert_int_equal(aws_take(&c, &t, &e), 0);
    assert_string_equal(c.secret_key, "a/b+=");
    assert_string_equal(c.session_token, "t");
    assert_int_equal(c.expires_unix, 1700000000);
    aws_creds_free(&c);
    assert_null(c.access_key_id);
    t = (struct aws_taken){STR("AKIA"), STR("s"), STR(""), STR("")};
    assert_int_equal(aws_take(&c, &t, &e), 0);
    assert_null(c.session_token);
    assert_int_equal(c.expires_unix, 0);
    aws_creds_free(&c);
    refuses((struct aws_taken){STR(""), STR("s"), STR(""), STR("")}, "the access key ID is missing");
    refuses((struct aws_taken){STR("k"), STR(""), STR(""), STR("")}, "the secret key is missing");
    refuses((struct aws_taken){STR("k"), STR("hidden # x"), STR(""), STR("")}, "position 7");
    refuses((struct aws_taken){STR("k\r\nX: y"), STR("hidden"), STR(""), STR("")}, "position 2");
    refuses((struct aws_taken){STR("k"), STR("hidden"), STR("a\xc3\xa4"), STR("")}, "the session token");
    refuses((struct aws_taken){STR("k"), STR("hidden"), STR(""), STR("tomorrow")}, "their expiry is no time");
    char *long_one = xmalloc(AWS_FIELD_MAX + 2);
    memset(long_one, 'a', AWS_FIELD_MAX + 1);
    refuses((struct aws_taken){STR("k"), {long_one, AWS_FIELD_MAX + 1}, STR(""), STR("")}, "longer than 16 KiB");
    free(long_one);
}

static void token_files(void **state)
{
    struct rig r;
    struct err e = {0};
    char path[100];
    rig_open(&r);
    snprintf(path, sizeof path, "%s/t", r.home);
    rig_file(&r, "t", " eyJ.x-_ y\n");
    char *token = aws_token_file(path, &e);
    assert_string_equal(token, "eyJ.x-_ y");
    free(token);
    rig_file(&r, "t", "a\nb\n");
    assert_null(aws_token_file(path, &e));
    assert_non_null(strstr(e.text, "holds no token"));
    rig_file(&r, "t", "\n");
    assert_null(aws_token_file(path, &e));
    unlink(path);
    assert_null(aws_token_file(path, &e));
    assert_non_null(strstr(e.text, "No such file"));
    rig_close(&r);
}

static void texts(void **state)
{
    struct buf b = BUF_INIT(1000);
    aws_add_encoded(&b, "aZ09-._~ /+=&%:\xc3\xa4");
    assert_string_equal(b.p, "aZ09-._~%20%2F%2B%3D%26%25%3A%C3%A4");
    buf_clear(&b);
    aws_add_said(&b, STR(" go\naway "), "key");
    assert_string_equal(b.p, " (go away)");
    buf_clear(&b);
    aws_add_said(&b, STR("not key"), "key");
    aws_add_said(&b, STR(""), NULL);
    assert_int_equal(b.n, 0);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(times), cmocka_unit_test(keys), cmocka_unit_test(token_files),
                                       cmocka_unit_test(texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
