#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/jout.h"
#include "base/jscan.h"
#include "base/utf8.h"
#include "gateway/gw_error.h"

static bool listed(const char *code)
{
    for (size_t i = 0; gw_error_codes[i]; i++)
        if (strcmp(gw_error_codes[i], code) == 0)
            return true;
    return false;
}

static void same(const char *got, const char *want)
{
    if (strcmp(got, want) != 0)
        fail_msg("%s\nis not\n%s", got, want);
}

/* Statuses that OpenAI's clients make their exceptions of; every fault has words of its own. */
static void all_faults(void **state)
{
    (void)state;
    static const int status[GW_FAULTS] = {400, 400, 404, 405, 401, 413, 431, 429, 503, 502, 502, 502, 504, 502};
    struct gw_error e, other;
    for (int i = 0; i < GW_FAULTS; i++) {
        gw_error_set(&e, (enum gw_fault)i, STR(""));
        assert_int_equal(e.status, status[i]);
        assert_true(e.text[0] != 0 && e.type[0] != 0 && e.code[0] != 0);
        assert_true(listed(e.code));
        for (int k = 0; k < i; k++) {
            gw_error_set(&other, (enum gw_fault)k, STR(""));
            assert_string_not_equal(e.text, other.text);
            assert_string_not_equal(e.code, other.code);
        }
    }
    gw_error_set(&e, GW_MISSING_BODY, STR(""));
    assert_string_equal(e.text, "missing body");
    gw_error_set(&e, GW_INVALID_JSON, STR("byte 4: unexpected end"));
    assert_string_equal(e.text, "invalid JSON: byte 4: unexpected end");
}

#define CANONICAL                                                                                                      \
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key " \
    "and signing method.\\n\\nThe Canonical String for this request should have been\\n'POST\\n/endpoints/w/"          \
    "invocations\\n\\nhost:x\\nx-amz-security-token:FwoGZXIvYXdzEXAMPLE\\n'"

#define MODEL_ERROR(original, status)                                                                                  \
    "{\"ErrorCode\":\"CLIENT_ERROR_FROM_MODEL\",\"LogStreamArn\":\"arn:aws:logs:us-east-1:123456789012:log-group:/"    \
    "aws/"                                                                                                             \
    "sagemaker/Endpoints/w\",\"Message\":\"Received client error (400) from primary with message \\\"x\\\". See "      \
    "https://example.com in account 123456789012 for more information.\",\"OriginalMessage\":" original                \
    ",\"OriginalStatusCode\":" #status "}"

static const struct {
    int status;
    const char *type, *body;
    int want;
    const char *kind, *code, *text;
} answers[] = {
    /* SageMaker's own. */
    {400, "ValidationError:http://internal.amazon.com/coral/com.amazonaws.sagemaker/",
     "{\"Message\":\"Endpoint w of account 123 not found.\"}", 502, "api_error", "upstream_error",
     "Endpoint w of account 123 not found."},
    {400, "ValidationError", "{\"Message\":\"1 validation error detected: Value at 'body' failed\"}", 400,
     "invalid_request_error", "upstream_refused", "1 validation error detected: Value at 'body' failed"},
    {400, "ThrottlingException", "{\"message\":\"Rate exceeded\"}", 429, "rate_limit_error", "upstream_throttled",
     "Rate exceeded"},
    {400, "", "{\"__type\":\"com.amazon.coral.availability#ThrottlingException\",\"message\":\"Rate exceeded\"}", 429,
     "rate_limit_error", "upstream_throttled", "Rate exceeded"},
    {429, "ModelNotReadyException", "{\"Message\":\"Model is loading\"}", 503, "api_error", "model_not_ready",
     "Model is loading"},
    {503, "ServiceUnavailable", "{\"Message\":\"busy\"}", 503, "api_error", "upstream_unavailable", "busy"},
    {500, "InternalFailure", "{\"Message\":null}", 502, "api_error", "upstream_error", "{\"Message\":null}"},
    {530, "InternalDependencyException", "", 502, "api_error", "upstream_error",
     "The endpoint answered with status 530 and no reason"},
    {403, "AccessDeniedException",
     "{\"Message\":\"User: arn:aws:iam::123456789012:user/x is not authorized to perform: sagemaker:InvokeEndpoint\"}",
     502, "api_error", "upstream_credentials", "AWS does not take the gateway's credentials: AccessDeniedException"},
    {403, "", "{\"message\":\"" CANONICAL "\"}", 502, "api_error", "upstream_credentials",
     "AWS does not take the gateway's credentials"},
    {400, "IncompleteSignature", "{\"Message\":\"Authorization=AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/2\"}", 502,
     "api_error", "upstream_credentials", "AWS does not take the gateway's credentials: IncompleteSignature"},
    {400, "", "{\"__type\":\"ExpiredTokenException\",\"message\":\"The security token is expired\"}", 502, "api_error",
     "upstream_credentials", "AWS does not take the gateway's credentials: ExpiredTokenException"},
    {403, "MissingAuthenticationTokenException", "{\"message\":\"Missing Authentication Token\"}", 502, "api_error",
     "upstream_credentials", "AWS does not take the gateway's credentials: MissingAuthenticationTokenException"},
    /* ModelError: the container's own status and words. */
    {424, "ModelError", MODEL_ERROR("\"{\\\"error\\\":\\\"max_tokens is too large\\\",\\\"code\\\":424}\"", 400), 400,
     "invalid_request_error", "upstream_refused", "max_tokens is too large"},
    {424, "ModelError",
     MODEL_ERROR("\"{\\\"object\\\":\\\"error\\\",\\\"message\\\":\\\"context is 8192 tokens\\\",\\\"code\\\":400}\"",
                 400),
     400, "invalid_request_error", "upstream_refused", "context is 8192 tokens"},
    {424, "ModelError", MODEL_ERROR("\"{\\\"error\\\":{\\\"message\\\":\\\"no\\\",\\\"type\\\":\\\"t\\\"}}\"", 422),
     422, "invalid_request_error", "upstream_refused", "no"},
    {424, "ModelError", MODEL_ERROR("\"CUDA out of memory\"", 500), 502, "api_error", "model_error",
     "CUDA out of memory"},
    {424, "ModelError", MODEL_ERROR("\"no such file\"", 404), 502, "api_error", "model_error", "no such file"},
    {424, "ModelError", MODEL_ERROR("\"gated\"", 403), 502, "api_error", "model_error", "gated"},
    {424, "ModelError", MODEL_ERROR("\"full\"", 503), 503, "api_error", "upstream_unavailable", "full"},
    {424, "ModelError", MODEL_ERROR("\"slow down\"", 429), 429, "rate_limit_error", "upstream_throttled", "slow down"},
    {424, "ModelError",
     "{\"ErrorCode\":\"INTERNAL_FAILURE_FROM_MODEL\",\"Message\":\"Received server error (0) from primary with message "
     "\\\"Your "
     "invocation timed out while waiting for a response from container primary.\\\"\",\"OriginalMessage\":\"Your "
     "invocation "
     "timed out\",\"OriginalStatusCode\":0}",
     504, "api_error", "upstream_timeout", "Your invocation timed out"},
    {424, "ModelError", "{\"Message\":\"Received server error\"}", 502, "api_error", "model_error",
     "Received server error"},
    /* A container without SageMaker, and others that stand in between. */
    {400, "", "{\"error\":{\"message\":\"bad 'x'\",\"type\":\"BadRequestError\",\"param\":null,\"code\":400}}", 400,
     "invalid_request_error", "upstream_refused", "bad 'x'"},
    {424, "", "{\"code\": 424,\"message\": \"invoke handler failure\",\"error\": \"details\"}", 502, "api_error",
     "model_error", "invoke handler failure"},
    {413, "", "too large", 413, "invalid_request_error", "upstream_refused", "too large"},
    {401, "", "{\"detail\":\"no\"}", 502, "api_error", "upstream_credentials",
     "AWS does not take the gateway's credentials"},
    {404, "", "<html>\n\n not found</html>", 502, "api_error", "upstream_error", "<html> not found</html>"},
    {504, "", "", 504, "api_error", "upstream_timeout", "The endpoint answered with status 504 and no reason"},
    {302, "", "", 502, "api_error", "upstream_error", "The endpoint answered with status 302 and no reason"},
};

static void upstream(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct gw_error e;
        gw_error_of_upstream(&e, answers[i].status, str_of(answers[i].type), str_of(answers[i].body));
        if (e.status != answers[i].want || strcmp(e.type, answers[i].kind) != 0 ||
            strcmp(e.code, answers[i].code) != 0 || strcmp(e.text, answers[i].text) != 0)
            fail_msg("%zu: %d %s %s: %s", i, e.status, e.type, e.code, e.text);
        assert_true(listed(e.code));
    }
}

static void words(const char *raw, size_t max, const char *want)
{
    struct buf b = BUF_INIT(4096);
    buf_addz(&b, "<");
    gw_error_words(str_of(raw), max, &b);
    buf_addz(&b, ">");
    if (strncmp(b.p + 1, want, b.n - 2) != 0 || strlen(want) != b.n - 2)
        fail_msg("%s\nis not\n<%s>", b.p, want);
    buf_free(&b);
}

static void no_secrets(void **state)
{
    (void)state;
    words("{\"message\":\"" CANONICAL "\"}", 2000,
          "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
          "Key "
          "and signing method.");
    words("Authorization header requires 'Signature' parameter. Authorization=AWS4-HMAC-SHA256 "
          "Credential=AKIAIOSFODNN7EXAMPLE/x",
          2000, "Authorization header requires 'Signature' parameter.");
    words("https://h/?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F1&X-Amz-Signature=abcdef&X-Amz-Security-Token=FwoGZX&a=1",
          2000, "https://h/?X-Amz-Credential=***&X-Amz-Signature=***&X-Amz-Security-Token=***&a=1");
    words("token hf_abcdefghijklmnop may not read this", 2000, "token *** may not read this");
    words("key 'AKIAIOSFODNN7EXAMPLE' (ASIAIOSFODNN7EXAMPLE)", 2000, "key '***' (***)");
    words("\"Incorrect API key: sk-proj-abcdefghijkl_mnop\"", 2000, "Incorrect API key: ***");
    words("bearer abc.def-ghi is old", 2000, "bearer *** is old");
    words("mask-based attention, AKIA and sk-1 are no keys", 2000, "mask-based attention, AKIA and sk-1 are no keys");
}

static void shapes(void **state)
{
    (void)state;
    words("plain", 100, "plain");
    words("\"a\\nb\\u00e9\\\"\"", 100, "a b\xc3\xa9\"");
    words("{\"error\":\"{\\\"message\\\":\\\"deep\\\"}\"}", 100, "deep");
    words("{\"detail\":[{\"msg\":\"x\"}]}", 100, "{\"detail\":[{\"msg\":\"x\"}]}");
    words("ModelStreamError: {\"Message\":\"broke\",\"ErrorCode\":\"StreamBroken\"}", 100, "ModelStreamError: broke");
    words("{\"message\":\"cut of", 100, "{\"message\":\"cut of");
    words("  tabs\tand\r\n lines \x01\x7f ", 100, "tabs and lines");
    words("bad \xff\xc3 bytes", 100, "bad ?? bytes");
    words("\xc3\xa9\xc3\xa9\xc3\xa9", 5, "\xc3\xa9\xc3\xa9"); /* whole characters */
    words("abcdef", 3, "abc");
    words("", 3, "");
}

/* Always within its room, valid UTF-8, whatever comes. */
static void long_ones(void **state)
{
    (void)state;
    static char body[5000];
    struct gw_error e;
    for (size_t i = 0; i < sizeof body - 2; i += 2)
        memcpy(body + i, "\xc3\xa9", 2);
    for (size_t from = 0; from < 4; from++) {
        gw_error_of_upstream(&e, 500, STR(""), (struct str){body + from, sizeof body - 10});
        assert_true(strlen(e.text) < sizeof e.text);
        assert_true(strlen(e.text) > sizeof e.text - 10);
        assert_null(utf8_bad(str_of(e.text)));
        gw_error_set(&e, GW_INVALID_JSON, (struct str){body + from, sizeof body - 10});
        assert_true(strlen(e.text) > sizeof e.text - 10);
        assert_null(utf8_bad(str_of(e.text)));
    }
}

static void json(void **state)
{
    (void)state;
    struct gw_error e;
    struct buf b = BUF_INIT(4096);
    gw_error_set(&e, GW_TIMEOUT, STR("\"10 s\" \\ over"));
    gw_error_json(&e, &b);
    same(b.p, "{\"error\":{\"message\":\"The endpoint did not answer in time: \\\"10 s\\\" \\\\ "
              "over\",\"type\":\"api_error\","
              "\"param\":null,\"code\":\"upstream_timeout\"}}");
    buf_clear(&b);
    e.code = NULL;
    gw_error_event(&e, &b);
    same(b.p, "data: {\"error\":{\"message\":\"The endpoint did not answer in time: \\\"10 s\\\" \\\\ over\",\"type\":"
              "\"api_error\",\"param\":null,\"code\":null}}\n\n");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_faults), cmocka_unit_test(upstream),  cmocka_unit_test(no_secrets),
        cmocka_unit_test(shapes),     cmocka_unit_test(long_ones), cmocka_unit_test(json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
