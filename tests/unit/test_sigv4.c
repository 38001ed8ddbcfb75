/* test_sigv4.c - signatures against those that AWS has published: the IAM User Guide's example, the SigV4 test suite,
 * the examples of S3's API reference. tests/interop/test_sigv4.py asks botocore about random requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <cmocka.h>

#include "auth/sigv4.h"
#include "base/xalloc.h"

#define NOON 1440938160 /* 2015-08-30T12:36:00Z */
#define MAY 1369353600  /* 2013-05-24T00:00:00Z */
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct sigv4_key suite_key = {STR("AKIDEXAMPLE"), STR("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), {0}};
static const struct sigv4_key s3_key = {
    STR("AKIAIOSFODNN7EXAMPLE"), STR("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), {0}};

/* `head`: "GET / HTTP/1.1\r\nHost: ...\r\n". Returns the lines, to be freed. */
static char *sign(struct sigv4 *s, const struct sigv4_key *k, const char *head, const char *body, int64_t at)
{
    struct sigv4_request q;
    struct sigv4_header room[SIGV4_MAX_HEADERS];
    struct iovec v = {(void *)(uintptr_t)body, strlen(body)};
    char payload[65];
    struct buf out = BUF_INIT(65536);
    assert_int_equal(sigv4_read_head(&q, room, str_of(head)), 0);
    sigv4_payload(s, &v, 1, payload);
    q.payload = payload;
    assert_int_equal(sigv4_sign(s, &q, k, at, &out), 0);
    return buf_take(&out);
}

static void expect_signature(const char *lines, const char *names, const char *signature)
{
    char *tail = xasprintf("SignedHeaders=%s, Signature=%s\r\n", names, signature);
    if (!str_ends(str_of(lines), str_of(tail)))
        print_message("got %swant %s", lines, tail);
    assert_true(str_ends(str_of(lines), str_of(tail)));
    free(tail);
}

static void test_iam_example(void **state)
{
    struct sigv4 *s = sigv4_new(STR("us-east-1"), STR("iam"), false);
    char *lines = sign(s, &suite_key,
                       "GET /?Action=ListUsers&Version=2010-05-08 HTTP/1.1\r\nHost: iam.amazonaws.com\r\n"
                       "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n",
                       "", NOON);
    assert_string_equal(lines, "X-Amz-Date: 20150830T123600Z\r\n"
                               "Authorization: AWS4-HMAC-SHA256 "
                               "Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
                               "SignedHeaders=content-type;host;x-amz-date, "
                               "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7\r\n");
    assert_string_equal(sigv4_to_sign(s).p, "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n"
                                            "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59");
    free(lines);
    sigv4_free(&s);
    assert_null(s);
}

/* The test suite's names; `head` without what all have. */
static const struct {
    const char *name, *line, *headers, *body, *names, *signature;
} suite[] = {
#define V "host;x-amz-date"
    {"get-vanilla", "GET /", "", "", V, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash", "GET //", "", "", V, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash-dot-slash", "GET /./", "", "", V, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-relative", "GET /example/..", "", "", V, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-relative-relative", "GET /example1/example2/../..", "", "", V,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash-pointless-dot", "GET /./example", "", "", V,
     "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
    {"get-slashes", "GET //example//", "", "", V, "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
    {"get-unreserved", "GET /-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "", "", V,
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"get-utf8", "GET /\xe1\x88\xb4", "", "", V, "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    {"get-vanilla-query", "GET /?", "", "", V, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-vanilla-query-order-key-case", "GET /?Param2=value2&Param1=value1", "", "", V,
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-vanilla-empty-query-key", "GET /?Param1=value1", "", "", V,
     "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
    {"get-vanilla-query-unreserved",
     "GET /?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
     "abcdefghijklmnopqrstuvwxyz",
     "", "", V, "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
    {"get-vanilla-utf8-query", "GET /?\xe1\x88\xb4=bar", "", "", V,
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"get-header-key-duplicate", "GET /", "My-Header1: value2\r\nMy-Header1: value2\r\nMy-Header1: value1\r\n", "",
     "host;my-header1;x-amz-date", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"get-header-value-order", "GET /",
     "My-Header1: value4\r\nMy-Header1: value1\r\nMy-Header1: value3\r\nMy-Header1: value2\r\n", "",
     "host;my-header1;x-amz-date", "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
    {"get-header-value-trim", "GET /", "My-Header1:  value1\r\nMy-Header2: \"a   b   c\"\r\n", "",
     "host;my-header1;my-header2;x-amz-date", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"post-vanilla", "POST /", "", "", V, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-vanilla-query", "POST /?Param1=value1", "", "", V,
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
    {"post-header-key-sort", "POST /", "My-Header1: value1\r\n", "", "host;my-header1;x-amz-date",
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
    {"post-header-value-case", "POST /", "My-Header1: VALUE1\r\n", "", "host;my-header1;x-amz-date",
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
    {"post-x-www-form-urlencoded", "POST /", "Content-Type: application/x-www-form-urlencoded\r\n", "Param1=value1",
     "content-type;host;x-amz-date", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
#undef V
};

static void test_published_suite(void **state)
{
    struct sigv4 *s = sigv4_new(STR("us-east-1"), STR("service"), false);
    for (size_t i = 0; i < ARRAY_LEN(suite); i++) {
        char *head = xasprintf("%s HTTP/1.1\r\nHost: example.amazonaws.com\r\nX-Amz-Date: 20150830T123600Z\r\n%s",
                               suite[i].line, suite[i].headers);
        char *lines = sign(s, &suite_key, head, suite[i].body, NOON);
        expect_signature(lines, suite[i].names, suite[i].signature);
        free(lines);
        free(head);
    }
    sigv4_free(&s);
}

static void test_s3_examples(void **state)
{
    struct sigv4 *s = sigv4_new(STR("us-east-1"), STR("s3"), true);
#define HOST "Host: examplebucket.s3.amazonaws.com\r\n"
    char *lines = sign(s, &s3_key, "GET /test.txt HTTP/1.1\r\n" HOST "Range: bytes=0-9\r\n", "", MAY);
    expect_signature(lines, "host;range;x-amz-content-sha256;x-amz-date",
                     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    assert_non_null(strstr(lines, "X-Amz-Content-Sha256: " EMPTY "\r\n"));
    free(lines);
    lines = sign(s, &s3_key,
                 "PUT /test$file.text HTTP/1.1\r\n" HOST "Date: Fri, 24 May 2013 00:00:00 GMT\r\n"
                 "x-amz-storage-class: REDUCED_REDUNDANCY\r\n",
                 "Welcome to Amazon S3.", MAY);
    expect_signature(lines, "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
    free(lines);
    lines = sign(s, &s3_key, "GET /?lifecycle HTTP/1.1\r\n" HOST, "", MAY);
    expect_signature(lines, "host;x-amz-content-sha256;x-amz-date",
                     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    free(lines);
    lines = sign(s, &s3_key, "GET /?max-keys=2&prefix=J HTTP/1.1\r\n" HOST, "", MAY);
    expect_signature(lines, "host;x-amz-content-sha256;x-amz-date",
                     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
    free(lines);
    struct sigv4_header host = {STR("Host"), STR("examplebucket.s3.amazonaws.com")};
    struct sigv4_request q = {STR("GET"), STR("/test.txt"), &host, 1, "UNSIGNED-PAYLOAD"};
    struct buf out = BUF_INIT(65536);
    assert_int_equal(sigv4_presign(s, &q, &s3_key, MAY, 86400, &out), 0);
    assert_string_equal(out.p, "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F"
                               "20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires="
                               "86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
                               "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
    buf_free(&out);
    sigv4_free(&s);
}

/* What the suite does not have, by its canonical form. */
static void expect_canonical(const char *service, const char *target, const char *path, const char *query)
{
    struct sigv4 *s = sigv4_new(STR("us-east-1"), str_of(service), false);
    char *head = xasprintf("POST %s HTTP/1.1\r\nHost: h\r\n", target);
    char *want = xasprintf("POST\n%s\n%s\nhost:h\nx-amz-date:20150830T123600Z\n\nhost;x-amz-date\n" EMPTY, path, query);
    free(sign(s, &suite_key, head, "", NOON));
    assert_string_equal(sigv4_canonical(s).p, want);
    free(head);
    free(want);
    sigv4_free(&s);
}

static void test_paths_and_queries(void **state)
{
    /* Bedrock's ids, as they travel from botocore (%3A) and as people type them. */
    expect_canonical("bedrock", "/model/anthropic.claude-v2%3A1/invoke", "/model/anthropic.claude-v2%253A1/invoke", "");
    expect_canonical("bedrock", "/model/anthropic.claude-v2:1/invoke", "/model/anthropic.claude-v2%3A1/invoke", "");
    expect_canonical("s3", "/a%20b/../c:d//e%2Ff", "/a%20b/../c%3Ad//e/f", "");
    expect_canonical("s3", "?", "/", "");
    expect_canonical("es", "?", "/", "");
    expect_canonical("es", "/a/b/", "/a/b/", "");
    expect_canonical("es", "/a/./b/../", "/a/", "");
    expect_canonical("es", "/../..", "/", "");
    expect_canonical("es", "/?b=2&a=2&a=1&A=%7e&c&=x&&d=a=b", "/", "=x&A=~&a=1&a=2&b=2&c=&d=a%3Db");
    expect_canonical("es", "/?q=a+b&r=a%20b&s=a%2Bb&t=%zz%4", "/", "q=a%20b&r=a%20b&s=a%2Bb&t=%25zz%254");
    expect_canonical("es", "http://proxy.example:8000/x?y", "/x", "y=");
    expect_canonical("es", "/x?url=http://y", "/x", "url=http%3A%2F%2Fy");
}

static void test_headers(void **state)
{
    struct sigv4 *s = sigv4_new(STR("eu-west-1"), STR("sagemaker"), true);
    struct sigv4_key k = suite_key;
    k.token = STR("tok/en+=");
    char *lines = sign(s, &k,
                       "POST /endpoints/x/invocations HTTP/1.1\r\nHost: h:8443\r\nUser-Agent: weir\r\nAccept: */*\r\n"
                       "X-Custom: \t a \t  b  \r\nx-request-id: 1\r\nProxy-Authorization: secret\r\n"
                       "X-Amz-Date: 19700101T000000Z\r\nConnection: close\r\nX-Empty:\r\n\r\nX-Not: read",
                       "{}", NOON);
    assert_string_equal(sigv4_canonical(s).p,
                        "POST\n/endpoints/x/invocations\n\nhost:h:8443\n"
                        "x-amz-content-sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\n"
                        "x-amz-date:20150830T123600Z\nx-amz-security-token:tok/en+=\nx-custom:a b\nx-empty:\n\n"
                        "host;x-amz-content-sha256;x-amz-date;x-amz-security-token;x-custom;x-empty\n"
                        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    assert_non_null(strstr(lines, "X-Amz-Security-Token: tok/en+=\r\n"));
    free(lines);
    sigv4_free(&s);
}

/* The key is derived anew for another day and another secret, and only then. */
static void test_keys_change(void **state)
{
    static const char head[] = "GET / HTTP/1.1\r\nHost: example.amazonaws.com\r\n";
    struct sigv4 *s = sigv4_new(STR("us-east-1"), STR("service"), false);
    char *first = sign(s, &suite_key, head, "", NOON);
    char *later = sign(s, &suite_key, head, "", NOON + 86400);
    char *other = sign(s, &s3_key, head, "", NOON + 86400);
    char *again = sign(s, &suite_key, head, "", NOON);
    struct sigv4 *fresh = sigv4_new(STR("us-east-1"), STR("service"), false);
    char *alone = sign(fresh, &s3_key, head, "", NOON + 86400);
    expect_signature(first, "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    assert_string_equal(first, again);
    assert_string_equal(other, alone);
    assert_string_not_equal(strstr(later, "Signature="), strstr(first, "Signature="));
    assert_string_not_equal(strstr(later, "Signature="), strstr(other, "Signature="));
    free(first);
    free(later);
    free(other);
    free(again);
    free(alone);
    sigv4_free(&s);
    sigv4_free(&fresh);
}

static void test_refusals(void **state)
{
    static const char *const bad[] = {
        "", "GET", "GET /", "GET / HTTP/1.1", "GET / HTTP/1.1\r\nno colon\r\n", "GET / HTTP/1.1\r\n: x\r\n"};
    struct sigv4_request q;
    struct sigv4_header room[SIGV4_MAX_HEADERS];
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(sigv4_read_head(&q, room, str_of(bad[i])), -1);
    struct buf many = BUF_INIT(65536);
    buf_addz(&many, "GET / HTTP/1.1\r\n");
    for (int i = 0; i < SIGV4_MAX_HEADERS; i++)
        buf_addf(&many, "h%d: x\r\n", i);
    assert_int_equal(sigv4_read_head(&q, room, buf_str(&many)), 0);
    struct sigv4 *s = sigv4_new(STR("r"), STR("s"), true); /* with its own ones too */
    struct buf out = BUF_INIT(65536);
    q.payload = EMPTY;
    assert_int_equal(sigv4_sign(s, &q, &suite_key, NOON, &out), 0);
    buf_addz(&many, "one: more\r\n");
    assert_int_equal(sigv4_read_head(&q, room, buf_str(&many)), -1);
    buf_clear(&many);
    buf_addz(&many, "GET /?");
    for (int i = 0; i < 1025; i++)
        buf_addz(&many, "a&");
    buf_addz(&many, " HTTP/1.1\r\n");
    assert_int_equal(sigv4_read_head(&q, room, buf_str(&many)), 0);
    q.payload = EMPTY;
    size_t n = out.n;
    assert_int_equal(sigv4_sign(s, &q, &suite_key, NOON, &out), -1);
    assert_int_equal(out.n, n);
    buf_free(&many);
    buf_free(&out);
    sigv4_free(&s);
    assert_true(sigv4_name_valid(STR("us-gov-west-1")) && sigv4_name_valid(STR("execute-api")));
    assert_false(sigv4_name_valid(STR("")) || sigv4_name_valid(STR("a/b")) || sigv4_name_valid(STR("a b")));
    assert_true(sigv4_own_header(STR("Authorization")) && sigv4_own_header(STR("x-amz-DATE")));
    assert_false(sigv4_own_header(STR("x-amz-target")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iam_example), cmocka_unit_test(test_published_suite),
        cmocka_unit_test(test_s3_examples), cmocka_unit_test(test_paths_and_queries),
        cmocka_unit_test(test_headers),     cmocka_unit_test(test_keys_change),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
