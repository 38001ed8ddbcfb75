/* test_signer.c - credentials given out, clocks corrected, secrets covered; and what the engine sends when it signs. */
#include "engine_rig.h"

#include "auth/signer.h"
#include "engine/call.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define NOON (1440938160 * NS_PER_S) /* 2015-08-30T12:36:00Z */

struct env {
    const char *key, *secret, *token, *region;
    int64_t now; /* of the clock, ns */
};

static const char *env_of(void *arg, const char *name)
{
    const struct env *v = arg;
    return strcmp(name, "AWS_ACCESS_KEY_ID") == 0           ? v->key
           : strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0     ? v->secret
           : strcmp(name, "AWS_SESSION_TOKEN") == 0         ? v->token
           : strcmp(name, "AWS_REGION") == 0                ? v->region
           : strcmp(name, "AWS_EC2_METADATA_DISABLED") == 0 ? "true"
                                                            : NULL;
}

static int64_t mono_of(void *arg)
{
    return clock_mono();
}

static int64_t real_of(void *arg)
{
    return ((struct env *)arg)->now;
}

static struct env env_default(void)
{
    return (struct env){.key = "AKIDEXAMPLE", .secret = SECRET, .region = "us-east-1", .now = NOON};
}

struct fixed {
    struct env env;
    struct clock_src clock;
    struct signer *s;
};

static void fixed_open(struct fixed *f, struct env env, const char *service)
{
    struct err e = {0};
    f->env = env;
    f->clock = (struct clock_src){mono_of, real_of, &f->env};
    const struct signer_opts o = {.service = service, .env = env_of, .env_arg = &f->env, .clock = &f->clock};
    f->s = signer_new(&o, &e);
    if (!f->s)
        fail_msg("%s", e.text);
}

/* The example of the IAM User Guide, with X-Amz-Content-Sha256 on top: what precedes the signature is known. */
static void test_signs(void **state)
{
    struct fixed f;
    struct signing g = {0};
    struct buf out = BUF_INIT(65536);
    char payload[65], region[SIGV4_NAME_MAX + 1];
    fixed_open(&f, env_default(), "iam");
    assert_string_equal(signer_source(f.s), "the environment");
    assert_int_equal(signer_region(f.s, "127.0.0.1", region, NULL), 0);
    assert_string_equal(region, "us-east-1");
    struct sigv4 *v = signer_sigv4(f.s, region);
    sha256_hex(STR(""), payload);
    assert_true(signer_stale(f.s, &g));
    assert_int_equal(signer_sign(f.s, v, STR("GET / HTTP/1.1\r\nHost: h\r\n"), payload, &out, &g), 0);
    assert_true(str_starts(buf_str(&out), STR("X-Amz-Date: 20150830T123600Z\r\nX-Amz-Content-Sha256: e3b0c442")));
    assert_non_null(strstr(out.p, "Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
                                  "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature="));
    assert_false(signer_stale(f.s, &g));
    f.env.now += SIGNER_FRESH_S * NS_PER_S;
    assert_false(signer_stale(f.s, &g));
    f.env.now += NS_PER_S;
    assert_true(signer_stale(f.s, &g));
    f.env.now = NOON - NS_PER_S; /* someone has set the clock */
    assert_true(signer_stale(f.s, &g));
    assert_int_equal(signer_sign(f.s, v, STR("no head"), payload, &out, &g), -1);
    assert_int_equal(signer_watch(f.s, NULL), 0); /* nothing of these expires */
    assert_int_equal(signer_renewed(f.s), 0);
    buf_free(&out);
    sigv4_free(&v);
    signer_free(&f.s);
}

static void test_refuses(void **state)
{
    struct err e = {0};
    struct env none = {.now = NOON};
    struct signer_opts o = {.service = "no service", .env = env_of, .env_arg = &none};
    assert_null(signer_new(&o, &e));
    assert_non_null(strstr(e.text, "--aws-sigv4 \"no service\""));
    o.service = "sagemaker";
    assert_null(signer_new(&o, &e)); /* no credentials */
    struct env all = env_default();
    all.region = NULL;
    o.env_arg = &all;
    struct signer *s = signer_new(&o, &e);
    char region[SIGV4_NAME_MAX + 1];
    assert_int_equal(signer_region(s, "127.0.0.1", region, &e), -1);
    assert_non_null(strstr(e.text, "--aws-region"));
    signer_free(&s);
}

static void test_server_clock(void **state)
{
    static const struct str said = STR("{\"message\":\"Signature expired: 20150830T123600Z is now earlier than ...\"}");
    static const struct str late = STR("Server: x\ndate: Sun, 30 Aug 2015 12:46:00 GMT\n");
    static const char *const no_date[] = {"",
                                          "Server: x\n",
                                          "Date: yesterday\n",
                                          "Date: Sun, 30 Ugh 2015 12:46:00 GMT\n",
                                          "Date: Sun, 30 Aug 2015 12:46:00\n",
                                          "Date: Sun, 30 anF 2015 12:46:00 GMT\n"};
    struct fixed f;
    struct signing g = {0};
    struct buf out = BUF_INIT(65536);
    fixed_open(&f, env_default(), "iam");
    struct sigv4 *v = signer_sigv4(f.s, "us-east-1");
    assert_int_equal(signer_sign(f.s, v, STR("GET / HTTP/1.1\r\nHost: h\r\n"), "x", &out, &g), 0);
    for (size_t i = 0; i < ARRAY_LEN(no_date); i++)
        assert_false(signer_refused(f.s, 403, str_of(no_date[i]), said));
    assert_false(signer_refused(f.s, 403, late, STR("{\"message\":\"not authorized\"}")));
    assert_false(signer_refused(f.s, 500, late, said));
    assert_false(signer_refused(f.s, 200, late, said));
    assert_int_equal(signer_skew(f.s), 0);
    assert_false(signer_stale(f.s, &g));
    assert_true(signer_refused(f.s, 403, late, said));
    assert_int_equal(signer_skew(f.s), 600);
    assert_true(signer_stale(f.s, &g));
    assert_false(signer_refused(f.s, 403, late, said)); /* others that were on their way */
    buf_clear(&out);
    assert_int_equal(signer_sign(f.s, v, STR("GET / HTTP/1.1\r\nHost: h\r\n"), "x", &out, &g), 0);
    assert_true(str_starts(buf_str(&out), STR("X-Amz-Date: 20150830T124600Z\r\n")));
    assert_false(signer_stale(f.s, &g));
    assert_true(signer_refused(f.s, 403, STR("Date: Sun, 30 Aug 2015 11:36:00 GMT\n"),
                               STR("<Error><Code>RequestTimeTooSkewed</Code></Error>")));
    assert_int_equal(signer_skew(f.s), -3600);
    buf_free(&out);
    sigv4_free(&v);
    signer_free(&f.s);
}

static void test_redacts(void **state)
{
    struct fixed f;
    struct env env = env_default();
    env.token = "session-token";
    fixed_open(&f, env, "iam");
    char text[] = "a session-token, a " SECRET " and AKIDEXAMPLE: session-token";
    signer_redact(f.s, text, sizeof text - 1);
    assert_string_equal(text, "a *************, a **************************************** and AKIDEXAMPLE: "
                              "*************");
    char cut[] = "x-amz-security-token:session-t";
    signer_redact(f.s, cut, sizeof cut - 1);
    assert_string_equal(cut, "x-amz-security-token:*********");
    signer_redact(f.s, NULL, 0);
    signer_free(&f.s);
}

static const struct reply good = {"200 OK", SSE_TYPE, STREAM};

static struct str header_of(const char *request, const char *name, struct buf *room)
{
    char *start = xasprintf("\r\n%s: ", name);
    const char *at = strstr(request, start);
    assert_non_null(at);
    at += strlen(start);
    buf_clear(room);
    buf_add(room, at, (size_t)(strstr(at, "\r\n") - at));
    free(start);
    return buf_str(room);
}

/* Signs what the server got anew, at the instant that it says, and compares. */
static void expect_signed(const char *request, const char *token)
{
    struct buf got = BUF_INIT(65536), date = BUF_INIT(1024), hash = BUF_INIT(1024), want = BUF_INIT(65536);
    struct sigv4_request q;
    struct sigv4_header room[SIGV4_MAX_HEADERS];
    char payload[65];
    struct tm tm = {0};
    const char *body = strstr(request, "\r\n\r\n") + 4;
    assert_int_equal(sigv4_read_head(&q, room, str_sub(str_of(request), 0, (size_t)(body - request - 2))), 0);
    header_of(request, "X-Amz-Date", &date);
    header_of(request, "Authorization", &got);
    sha256_hex(str_of(body), payload);
    assert_string_equal(header_of(request, "X-Amz-Content-Sha256", &hash).p, payload);
    assert_int_equal(sscanf(date.p, "%4d%2d%2dT%2d%2d%2dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
                            &tm.tm_min, &tm.tm_sec),
                     6);
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    q.payload = payload;
    struct sigv4 *v = sigv4_new(STR("us-east-1"), STR("sagemaker"), true);
    const struct sigv4_key k = {STR("AKIDEXAMPLE"), STR(SECRET), str_of(token)};
    assert_int_equal(sigv4_sign(v, &q, &k, timegm(&tm), &want), 0);
    assert_non_null(strstr(want.p, got.p));
    assert_true(token == NULL || str_eqz(header_of(request, "X-Amz-Security-Token", &hash), token));
    sigv4_free(&v);
    buf_free(&got);
    buf_free(&date);
    buf_free(&hash);
    buf_free(&want);
}

static void signed_level(struct fixed *f, struct level_rig *x, const struct reply *script, int n, uint64_t requests)
{
    level_open(x, script, n, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 2, .num_requests = requests});
    target_close(&x->target);
    const struct target_opts to = {
        .url = x->g.url, .default_path = "/v1/chat/completions", .stream = true, .signer = f->s};
    struct err e = {0};
    if (target_open(&x->target, &to, &e) < 0)
        fail_msg("%s", e.text);
}

static void test_requests_are_signed(void **state)
{
    struct fixed f;
    struct level_rig x;
    struct env env = env_default();
    env.token = "session-token";
    fixed_open(&f, env, "sagemaker");
    signed_level(&f, &x, &good, 1, 6);
    level_go(&x);
    assert_int_equal(count_outcome(&x, OUT_OK), 6);
    rig_stop(&x.g);
    assert_int_equal(x.g.accepted, 2); /* connections are used again */
    for (int i = 0; i < 6; i++)
        expect_signed(x.g.log[i], "session-token");
    level_close(&x);
    signer_free(&f.s);
}

/* In a run the request that is refused for the clock has failed; what is signed after it goes by the server's. */
static void test_clock_within_a_run(void **state)
{
    static const struct reply script[] = {
        {"403 Forbidden", "Date: Sun, 30 Aug 2015 12:46:00 GMT\r\n" JSON_TYPE,
         "{\"message\":\"Signature expired: session-token\"}"},
        {"200 OK", SSE_TYPE, STREAM},
    };
    struct fixed f;
    struct level_rig x;
    struct env env = env_default();
    env.token = "session-token";
    fixed_open(&f, env, "sagemaker");
    signed_level(&f, &x, script, 2, 5);
    x.load.o.concurrency = 1;
    level_go(&x);
    assert_int_equal(count_outcome(&x, OUT_OK), 4);
    assert_int_equal(count_outcome(&x, OUT_HTTP), 1);
    assert_string_equal(x.kept[0].body, "{\"message\":\"Signature expired: *************\"}");
    assert_non_null(strstr(x.g.log[0], "\r\nX-Amz-Date: 20150830T123600Z\r\n"));
    for (int i = 1; i < 5; i++)
        assert_non_null(strstr(x.g.log[i], "\r\nX-Amz-Date: 20150830T124600Z\r\n"));
    level_close(&x);
    signer_free(&f.s);
}

/* A question before a run is asked again. */
static void test_clock_of_a_call(void **state)
{
    static const struct reply script[] = {
        {"403 Forbidden", "Date: Sun, 30 Aug 2015 12:26:00 GMT\r\n" JSON_TYPE,
         "{\"message\":\"Signature not yet current\"}"},
        {"200 OK", JSON_TYPE, "{}"},
        {"403 Forbidden", "Date: Sun, 30 Aug 2015 12:26:00 GMT\r\n" JSON_TYPE, "{\"message\":\"Signature expired\"}"},
    };
    struct fixed f;
    struct level_rig x;
    struct err e = {0};
    fixed_open(&f, env_default(), "sagemaker");
    signed_level(&f, &x, script, 3, 1);
    struct call c = {.method = "GET", .path = "/v1/models", .timeout = 20 * NS_PER_S};
    assert_int_equal(call_do(&x.target, &c, &e), 0);
    assert_int_equal(c.status, 200);
    assert_string_equal(buf_str(&c.reply).p, "{}");
    call_free(&c);
    assert_int_equal(x.g.requests, 2);
    assert_non_null(strstr(x.g.log[1], "\r\nX-Amz-Date: 20150830T122600Z\r\n"));
    assert_int_equal(call_do(&x.target, &c, &e), 0); /* nothing else can be done about this one */
    assert_int_equal(c.status, 403);
    assert_int_equal(x.g.requests, 3);
    call_free(&c);
    level_close(&x);
    signer_free(&f.s);
}

static void test_headers_of_the_user(void **state)
{
    struct fixed f;
    struct err e = {0};
    struct target t;
    const char *const bad[] = {"x-amz-date: now", NULL};
    struct target_opts o = {.url = "http://127.0.0.1:1", .default_path = "/", .headers = bad};
    fixed_open(&f, env_default(), "sagemaker");
    o.signer = f.s;
    assert_int_equal(target_open(&t, &o, &e), -1);
    assert_string_equal(e.text, "--header \"x-amz-date\": --aws-sigv4 sets this header itself");
    const char *many[SIGV4_MAX_HEADERS + 1];
    for (int i = 0; i < SIGV4_MAX_HEADERS; i++)
        many[i] = "X-A: b";
    many[SIGV4_MAX_HEADERS] = NULL;
    o.headers = many;
    assert_int_equal(target_open(&t, &o, &e), -1);
    assert_non_null(strstr(e.text, "more than 128 headers"));
    signer_free(&f.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signs),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_server_clock),
        cmocka_unit_test(test_redacts),
        cmocka_unit_test(test_requests_are_signed),
        cmocka_unit_test(test_clock_within_a_run),
        cmocka_unit_test(test_clock_of_a_call),
        cmocka_unit_test(test_headers_of_the_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
