#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/jdoc.h"
#include "gateway/gw_lambda.h"

/* Cut down from the examples of AWS's documentation, spelling and places as there. */
static const char rest[] =
    "{\"resource\":\"/{proxy+}\",\"path\":\"/chat/completions\",\"httpMethod\":\"POST\",\"headers\":{\"Accept\":\"*/"
    "*\","
    "\"Authorization\":\"Bearer one\",\"X-Api-Key\":\"two\"},\"multiValueHeaders\":{\"Accept\":[\"*/*\"]},"
    "\"queryStringParameters\":null,\"pathParameters\":{\"proxy\":\"chat/completions\"},\"stageVariables\":null,"
    "\"requestContext\":{\"accountId\":\"123456789012\",\"stage\":\"prod\",\"path\":\"/prod/chat/completions\","
    "\"identity\":{\"sourceIp\":\"192.168.100.1\"},\"resourcePath\":\"/{proxy+}\",\"httpMethod\":\"POST\"},"
    "\"body\":\"{\\\"model\\\":\\\"m\\u00e9\\\"}\",\"isBase64Encoded\":false}";

#define TWO(domain, stage, path, rest)                                                                                 \
    "{\"version\":\"2.0\",\"routeKey\":\"$default\",\"rawPath\":\"" path "\",\"rawQueryString\":\"a=1\","              \
    "\"cookies\":[\"c=1\"],\"headers\":{\"authorization\":\"Bearer x\",\"x-request-id\":\"id-7\"},"                    \
    "\"requestContext\":{\"accountId\":\"123456789012\",\"domainName\":\"" domain                                      \
    "\",\"http\":{\"method\":\"POST\",\"path\":\"" path                                                                \
    "\",\"protocol\":\"HTTP/1.1\",\"sourceIp\":\"192.0.2.1\"},\"stage\":\"" stage "\"}," rest "}"

/* Of an HTTP API that is set to payload 1.0. */
#define ONE(stage, path, id)                                                                                           \
    "{\"version\":\"1.0\",\"resource\":\"" path "\",\"path\":\"" path                                                  \
    "\",\"httpMethod\":\"POST\",\"headers\":{\"X-Request-ID\":\"" id "\"},\"multiValueHeaders\":{},"                   \
    "\"requestContext\":{\"stage\":\"" stage "\",\"httpMethod\":\"POST\",\"path\":\"" path                             \
    "\"},\"body\":\"{}\",\"isBase64Encoded\":false}"

#define BALANCER(headers, body)                                                                                        \
    "{\"requestContext\":{\"elb\":{\"targetGroupArn\":\"arn:aws:elasticloadbalancing:us-east-1:123456789012:"          \
    "targetgroup/lambda-1/49e9d65c45c6791a\"}},\"httpMethod\":\"GET\",\"path\":\"/health\"," headers                   \
    ",\"body\":\"" body "\",\"isBase64Encoded\":true}"

struct want {
    const char *json;
    enum gw_shape shape;
    const char *method, *path, *authorization, *api_key, *request_id, *body;
};

static const struct want events[] = {
    {rest, GW_REST, "POST", "/chat/completions", "Bearer one", "two", "", "{\"model\":\"m\xc3\xa9\"}"},
    {TWO("abc.execute-api.us-east-1.amazonaws.com", "$default", "/v1/chat/completions",
         "\"body\":\"eA==\",\"isBase64Encoded\":true"),
     GW_HTTP_API, "POST", "/v1/chat/completions", "Bearer x", "", "id-7", "x"},
    {TWO("abc.execute-api.us-east-1.amazonaws.com", "dev", "/dev/health", "\"isBase64Encoded\":false"), GW_HTTP_API,
     "POST", "/health", "Bearer x", "", "id-7", ""},
    {TWO("abc.execute-api.us-east-1.amazonaws.com", "prod", "/production/health", "\"body\":null"), GW_HTTP_API, "POST",
     "/production/health", "Bearer x", "", "id-7", ""},
    {TWO("id.lambda-url.us-west-2.on.aws", "$default", "/", "\"body\":\"\""), GW_FUNCTION_URL, "POST", "/", "Bearer x",
     "", "id-7", ""},
    {ONE("$default", "/v1/chat/completions", "a b"), GW_HTTP_API, "POST", "/v1/chat/completions", "", "", "", "{}"},
    {ONE("prod", "/prod/health", "line\\r\\nX-Evil: 1"), GW_HTTP_API, "POST", "/health", "", "", "", "{}"},
    {ONE("dev", "/dev/v1/models", "r-1"), GW_HTTP_API, "POST", "/v1/models", "", "", "r-1", "{}"},
    {BALANCER("\"headers\":{\"x-api-key\":\"k\"}", ""), GW_ALB, "GET", "/health", "", "k", "", ""},
    {BALANCER("\"multiValueHeaders\":{\"Authorization\":[\"Bearer 1\",\"Bearer 2\"],\"x-api-key\":[]}", "YWJj"),
     GW_ALB_MULTI, "GET", "/health", "Bearer 2", "", "", "abc"},
};

static void is(struct str got, const char *want)
{
    if (!str_eqz(got, want))
        fail_msg("\"" STR_FMT "\" is not \"%s\"", STR_ARG(got), want);
}

static void all_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        const struct want *w = &events[i];
        struct gw_event ev;
        struct err e = {0};
        if (gw_event_read(&ev, str_of(w->json), &e) != 0)
            fail_msg("%zu: %s", i, e.text);
        assert_int_equal(ev.shape, w->shape);
        is(ev.method, w->method);
        is(ev.path, w->path);
        is(ev.authorization, w->authorization);
        is(ev.api_key, w->api_key);
        is(ev.request_id, w->request_id);
        is(ev.body, w->body);
        gw_event_free(&ev);
    }
}

static void what_is_no_event(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "null",
        "{\"hello\":1}",
        "{\"version\":\"2.0\",\"rawPath\":\"/x\"}",
        "{\"httpMethod\":\"POST\"}",
        "{\"httpMethod\":\"POST\",\"path\":7}",
        "{\"httpMethod\":\"POST\",\"path\":\"/x\",\"body\":\"%%%\",\"isBase64Encoded\":true}",
        "{\"httpMethod\":\"POST\",\"path\":\"/x\"",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct gw_event ev;
        struct err e = {0};
        if (gw_event_read(&ev, str_of(texts[i]), &e) == 0 || e.text[0] == 0)
            fail_msg("%s: taken, or refused without a word", texts[i]);
        gw_event_free(&ev);
    }
}

static const struct gw_field fields[] = {
    {{"Content-Type", sizeof "Content-Type" - 1}, {"text/plain", sizeof "text/plain" - 1}},
    {{"X-TTFT-MS", sizeof "X-TTFT-MS" - 1}, {"1.50", sizeof "1.50" - 1}}};

static void answers(void **state)
{
    struct buf b = BUF_INIT(4096);
    (void)state;
    gw_event_answer(GW_HTTP_API, 200, fields, 2, STR("a \"b\"\n\xe2\x82\xac"), &b);
    is(buf_str(&b), "{\"statusCode\":200,\"headers\":{\"Content-Type\":\"text/plain\",\"X-TTFT-MS\":\"1.50\"},"
                    "\"body\":\"a \\\"b\\\"\\n\xe2\x82\xac\",\"isBase64Encoded\":false}");
    buf_clear(&b);
    gw_event_answer(GW_ALB_MULTI, 404, fields, 1, STR(""), &b);
    is(buf_str(&b), "{\"statusCode\":404,\"multiValueHeaders\":{\"Content-Type\":[\"text/plain\"]},\"body\":\"\","
                    "\"isBase64Encoded\":false}");
    buf_clear(&b);
    gw_event_answer(GW_REST, 200, NULL, 0, STR("\xff\xfe"), &b); /* no text */
    is(buf_str(&b), "{\"statusCode\":200,\"headers\":{},\"body\":\"//4=\",\"isBase64Encoded\":true}");
    buf_clear(&b);
    gw_event_prelude(200, fields, 1, &b);
    struct str want = STR("{\"statusCode\":200,\"headers\":{\"Content-Type\":\"text/plain\"}}\0\0\0\0\0\0\0\0");
    assert_int_equal(b.n, want.n);
    assert_memory_equal(b.p, want.p, want.n);
    buf_free(&b);
}

static void who_streams(void **state)
{
    (void)state;
    assert_true(gw_shape_streams(GW_REST) && gw_shape_streams(GW_FUNCTION_URL));
    assert_false(gw_shape_streams(GW_HTTP_API) || gw_shape_streams(GW_ALB) || gw_shape_streams(GW_ALB_MULTI));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_shapes), cmocka_unit_test(what_is_no_event),
                                       cmocka_unit_test(answers), cmocka_unit_test(who_streams)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
