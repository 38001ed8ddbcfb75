/* test_sim_sigv4.c - the simulator's own check of signatures against those that AWS has published, and its refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "sim/sim_sigv4.h"

#define NOON 1440938160 /* 2015-08-30T12:36:00Z */
#define MAY 1369353600  /* 2013-05-24T00:00:00Z */
#define SUITE "AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define S3 "AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define AUTH(scope, names, signature)                                                                                  \
    "Authorization: AWS4-HMAC-SHA256 Credential=" scope "/aws4_request, SignedHeaders=" names ", Signature=" signature \
    "\n"
#define VANILLA "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
#define SCOPE "AKIDEXAMPLE/20150830/us-east-1/service"
#define HOST "Host: example.amazonaws.com\nX-Amz-Date: 20150830T123600Z\n"

/* 0, or -1 with its type and message, to be freed. headers: lines. */
static int judge(const char *user, const char *method, const char *target, const char *headers, const char *body,
                 int64_t now, const char **type, char **message)
{
    struct hs_header h[64];
    struct hs_request q = {.method = str_of(method), .target = str_of(target), .headers = h, .body = str_of(body)};
    struct str_split it = {.rest = str_of(headers), .sep = '\n'};
    struct str line;
    struct sim_sigv4 v = {0};
    struct sim_sigv4_refusal no;
    const char *users[] = {"OTHER:other-secret", user, NULL};
    while (str_next(&it, &line) && line.n > 0) {
        ptrdiff_t colon = str_chr(line, ':');
        h[q.n_headers++] =
            (struct hs_header){str_sub(line, 0, (size_t)colon), str_trim(str_sub(line, (size_t)colon + 1, line.n))};
    }
    size_t path = strcspn(target, "?");
    q.path = str_sub(q.target, 0, path);
    q.query = str_sub(q.target, path + 1, q.target.n);
    assert_int_equal(sim_sigv4_parse(&v, users, NULL), 0);
    int rc = sim_sigv4_check(&v, &q, now, &no);
    if (rc < 0)
        assert_int_equal(no.status, 403);
    *type = rc < 0 ? no.type : NULL;
    *message = rc < 0 ? buf_take(&no.message) : NULL;
    buf_free(&no.message);
    return rc;
}

static void good(const char *user, const char *method, const char *target, const char *headers, const char *body,
                 int64_t now)
{
    const char *type;
    char *message;
    if (judge(user, method, target, headers, body, now, &type, &message) < 0)
        fail_msg("%s %s: %s: %s", method, target, type, message);
}

static void bad(const char *user, const char *target, const char *headers, int64_t now, const char *want_type,
                const char *says)
{
    const char *type;
    char *message;
    assert_int_equal(judge(user, "GET", target, headers, "", now, &type, &message), -1);
    assert_string_equal(type, want_type);
    if (!strstr(message, says))
        fail_msg("\"%s\" is not in \"%s\"", says, message);
    free(message);
}

static void test_published_signatures(void **state)
{
    good(SUITE, "GET", "/", HOST AUTH(SCOPE, "host;x-amz-date", VANILLA), "", NOON);
    good(SUITE, "GET", "/example1/example2/../..", HOST AUTH(SCOPE, "host;x-amz-date", VANILLA), "", NOON + 299);
    good(SUITE, "GET", "//example//",
         HOST AUTH(SCOPE, "host;x-amz-date", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"), "",
         NOON - 299);
    good(SUITE, "GET", "/\xe1\x88\xb4",
         HOST AUTH(SCOPE, "host;x-amz-date", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"), "",
         NOON);
    good(SUITE, "GET", "/?Param2=value2&Param1=value1",
         HOST AUTH(SCOPE, "host;x-amz-date", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"), "",
         NOON);
    good(SUITE, "GET", "/?\xe1\x88\xb4=bar",
         HOST AUTH(SCOPE, "host;x-amz-date", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"), "",
         NOON);
    good(SUITE, "GET", "/",
         HOST "My-Header1: value4\nMy-Header1: value1\nMy-Header1: value3\nMy-Header1: value2\n" AUTH(
             SCOPE, "host;my-header1;x-amz-date", "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"),
         "", NOON);
    good(SUITE, "GET", "/",
         HOST "My-Header1:  value1\nMy-Header2: \"a   b   c\"\n" AUTH(
             SCOPE, "host;my-header1;my-header2;x-amz-date",
             "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
         "", NOON);
    good(SUITE, "POST", "/",
         HOST "Content-Type: application/x-www-form-urlencoded\n" AUTH(
             SCOPE, "content-type;host;x-amz-date", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
         "Param1=value1", NOON);
    good(SUITE, "GET", "/?Action=ListUsers&Version=2010-05-08",
         "Host: iam.amazonaws.com\nContent-Type: application/x-www-form-urlencoded; charset=utf-8\n"
         "X-Amz-Date: 20150830T123600Z\n" AUTH("AKIDEXAMPLE/20150830/us-east-1/iam", "content-type;host;x-amz-date",
                                               "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"),
         "", NOON);
    good(S3, "PUT", "/test$file.text",
         "Host: examplebucket.s3.amazonaws.com\nDate: Fri, 24 May 2013 00:00:00 GMT\nx-amz-date: 20130524T000000Z\n"
         "x-amz-storage-class: REDUCED_REDUNDANCY\n"
         "x-amz-content-sha256: 44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072\n" AUTH(
             "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3",
             "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
             "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
         "Welcome to Amazon S3.", MAY);
}

#define PRESIGNED                                                                                                      \
    "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"  \
    "aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="           \
    "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"

static void test_published_query(void **state)
{
    const char *host = "Host: examplebucket.s3.amazonaws.com\n";
    good(S3, "GET", PRESIGNED, host, "", MAY + 86400);
    bad(S3, PRESIGNED, host, MAY + 86401, "InvalidSignatureException", "Signature expired: 20130524T000000Z");
    bad(S3, PRESIGNED, "Host: other.s3.amazonaws.com\n", MAY, "InvalidSignatureException", "does not match");
    bad(S3, "/?X-Amz-Algorithm=AWS4-HMAC-SHA256", host, MAY, "IncompleteSignatureException", "'Credential'");
}

/* As many parts as a head has room for: none is left out of what is signed. */
static void test_many_parts(void **state)
{
    enum { MANY = 20000 };
    struct buf target = BUF_INIT(SIZE_MAX), want = BUF_INIT(SIZE_MAX);
    const char *vanilla = HOST AUTH(SCOPE, "host;x-amz-date", VANILLA);
    for (int i = 0; i < MANY; i++)
        buf_addz(&target, "/a");
    for (int i = 0; i < MANY; i++)
        buf_addz(&target, "/..");
    good(SUITE, "GET", target.p, vanilla, "", NOON);

    buf_clear(&target);
    buf_addz(&want, "'GET\n");
    for (int i = 0; i < MANY; i++) {
        buf_addz(&target, i % 2 > 0 ? "//a" : "/a");
        buf_addz(&want, "/a");
    }
    buf_addc(&target, '?');
    buf_addc(&want, '\n');
    for (int i = 0; i < MANY; i++) {
        buf_addf(&target, "&%d", MANY + MANY - 1 - i);
        buf_addf(&want, "%s%d=", i > 0 ? "&" : "", MANY + i);
    }
    buf_addz(&want, "\nhost:");
    bad(SUITE, target.p, vanilla, NOON, "InvalidSignatureException", want.p);
    buf_free(&target);
    buf_free(&want);
}

static void test_refusals(void **state)
{
    const char *vanilla = HOST AUTH(SCOPE, "host;x-amz-date", VANILLA), *wrong = "InvalidSignatureException";
    bad(SUITE, "/", HOST, NOON, "MissingAuthenticationTokenException", "Missing Authentication Token");
    bad(SUITE, "/", HOST "Authorization: Bearer x\n", NOON, "IncompleteSignatureException", "AWS4-HMAC-SHA256");
    bad(SUITE, "/", HOST "Authorization: AWS4-HMAC-SHA256 Credential=a/b\n", NOON, "IncompleteSignatureException",
        "'Signature' parameter. Authorization header requires 'SignedHeaders' parameter.");
    bad(SUITE, "/", "Host: h\n" AUTH(SCOPE, "host", "0"), NOON, "IncompleteSignatureException", "X-Amz-Date");
    bad(SUITE, "/", HOST AUTH("AKIDEXAMPLE/20150830/us-east-1", "host", "0"), NOON, "IncompleteSignatureException",
        "exactly 5");
    bad(SUITE, "/", HOST AUTH("AKIDEXAMPLE/20150829/us-east-1/service", "host;x-amz-date", VANILLA), NOON, wrong,
        "'20150829' != '20150830', from '20150830T123600Z'");
    bad(SUITE, "/", "Host: h\nX-Amz-Date: 2015-08-30\n" AUTH(SCOPE, "host;x-amz-date", "0"), NOON,
        "IncompleteSignatureException", "'2015-08-30'");
    bad("AKIDEXAMPLE:another-secret", "/", vanilla, NOON, wrong,
        "have been\n'GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\nhost;x-amz-date\ne3b0c442");
    bad(SUITE, "/other", vanilla, NOON, wrong, "AWS Secret Access Key and signing method");
    bad("AKIDOTHER:secret", "/", vanilla, NOON, "UnrecognizedClientException", "security token");
    bad(SUITE ":token", "/", vanilla, NOON, "UnrecognizedClientException", "security token");
    bad(SUITE ":token", "/",
        HOST "X-Amz-Security-Token: others\n" AUTH(SCOPE, "host;x-amz-date;x-amz-security-token", VANILLA), NOON,
        "UnrecognizedClientException", "security token");
    bad(SUITE, "/", HOST "X-Amz-Target: x\n" AUTH(SCOPE, "host;x-amz-date", VANILLA), NOON, wrong, "'X-Amz-Target'");
    bad(SUITE, "/", HOST AUTH(SCOPE, "x-amz-date", VANILLA), NOON, wrong, "'Host'");
    bad(SUITE, "/", vanilla, NOON + 301, wrong,
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)");
    bad(SUITE, "/", vanilla, NOON - 301, wrong,
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)");
    const char *type; /* the body counts, whatever is said of it */
    char *message;
    assert_int_equal(judge(SUITE, "GET", "/", vanilla, "x", NOON, &type, &message), -1);
    free(message);
}

static void test_credentials_given(void **state)
{
    static const char *const bad_ones[] = {"", "a", "a:", ":b", "a:b:", "a:b:c:d"};
    struct sim_sigv4 v;
    struct err e;
    for (size_t i = 0; i < ARRAY_LEN(bad_ones); i++) {
        const char *given[] = {bad_ones[i], NULL};
        assert_int_equal(sim_sigv4_parse(&v, given, &e), -1);
        assert_non_null(strstr(e.text, "KEY:SECRET"));
    }
    const char *nine[] = {"a:b", "a:b", "a:b", "a:b", "a:b", "a:b", "a:b", "a:b", "a:b", NULL};
    assert_int_equal(sim_sigv4_parse(&v, nine, &e), -1);
    assert_int_equal(sim_sigv4_parse(&v, nine + 1, &e), 0);
    assert_int_equal(v.n, 8);
    assert_int_equal(sim_sigv4_parse(&v, NULL, &e), 0);
    assert_int_equal(v.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_signatures), cmocka_unit_test(test_published_query),
        cmocka_unit_test(test_many_parts),           cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_credentials_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
