#include "engine_rig.h"

#include "engine/call.h"

static void with_server(const struct reply *r, struct call *c, struct err *e, int *rc, struct rig *g)
{
    struct target t;
    rig_start(g, r, 1);
    struct target_opts o = {.url = g->url, .default_path = "/v1/x", .key = "sk-call-key"};
    assert_int_equal(target_open(&t, &o, e), 0);
    *rc = call_do(&t, c, e);
    rig_stop(g);
    target_close(&t);
}

static void a_response_comes_whole(void **state)
{
    (void)state;
    const struct reply r = {"201 Created", "Set-Cookie: id=1\r\nX-Say: sk-call-key\r\nRetry-After: 7\r\n" SSE_TYPE,
                            "body sk-call-key."};
    struct call c = {.method = "POST", .body = STR("question"), .timeout = 10 * NS_PER_S};
    struct err e = {0};
    struct rig g;
    int rc;
    with_server(&r, &c, &e, &rc, &g);
    assert_int_equal(rc, 0);
    assert_int_equal(c.status, 201);
    assert_string_equal(buf_str(&c.reply).p, "body ***********.");
    assert_non_null(strstr(c.headers.p, "Set-Cookie: [redacted]\n"));
    assert_non_null(strstr(c.headers.p, "X-Say: ***********\n"));
    assert_string_equal(c.type, "text/event-stream");
    assert_int_equal(c.retry_after, 7 * NS_PER_S);
    assert_memory_equal(g.log[0], "POST /v1/x HTTP/1.1\r\n", 21);
    assert_non_null(strstr(g.log[0], "\r\nAuthorization: Bearer sk-call-key\r\n"));
    assert_non_null(strstr(g.log[0], "\r\nContent-Length: 8\r\n\r\nquestion"));
    call_free(&c);
    rig_free(&g);
}

static void a_long_reply_is_read_to_its_end_and_kept_in_part(void **state)
{
    (void)state;
    char *long_body = malloc(3000001);
    memset(long_body, 'x', 3000000);
    long_body[3000000] = 0;
    const struct reply r = {"500 No", "", long_body};
    struct call c = {.method = "GET", .path = "/other", .timeout = 10 * NS_PER_S, .max_reply = 100};
    struct err e = {0};
    struct rig g;
    int rc;
    with_server(&r, &c, &e, &rc, &g);
    assert_int_equal(rc, 0);
    assert_int_equal(c.status, 500);
    assert_int_equal(c.reply.n, 100);
    assert_int_equal(c.retry_after, -1);
    assert_memory_equal(g.log[0], "GET /other HTTP/1.1\r\n", 21);
    assert_null(strstr(g.log[0], "Content-Length"));
    call_free(&c);
    rig_free(&g);
    free(long_body);
}

static void what_failed_is_said(void **state)
{
    (void)state;
    static const struct {
        struct reply r;
        const char *say;
        enum hx_result result;
    } cases[] = {
        {{.reset = true}, "is this the API's port", HX_RESET},
        {{.close = true}, "is this the API's port", HX_RESET},
        {{"200 OK", "", "0123456789", .cut = 4}, "closed within the response", HX_TRUNCATED},
        {{"junk", "", ""}, "is not HTTP", HX_BAD_FRAME},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct call c = {.method = "GET", .timeout = 10 * NS_PER_S};
        struct err e = {0};
        struct rig g;
        int rc;
        with_server(&cases[i].r, &c, &e, &rc, &g);
        assert_int_equal(rc, -1);
        assert_int_equal(c.result, cases[i].result);
        assert_false(c.timed_out);
        assert_non_null(strstr(e.text, cases[i].say));
        assert_non_null(strstr(e.text, g.url));
        call_free(&c);
        rig_free(&g);
    }
    struct rig g;
    struct call c = {.method = "GET", .timeout = 30 * NS_PER_MS};
    struct err e = {0};
    int rc;
    with_server(&(struct reply){.hang = true}, &c, &e, &rc, &g);
    assert_int_equal(rc, -1);
    assert_true(c.timed_out);
    assert_non_null(strstr(e.text, "no answer within 30"));
    call_free(&c);
    rig_free(&g);
}

static void a_refused_port_is_said(void **state)
{
    (void)state;
    struct rig g;
    struct target t;
    struct err e = {0};
    rig_start(&g, &(struct reply){.hang = true}, 1);
    struct target_opts o = {.url = g.url, .default_path = "/"};
    assert_int_equal(target_open(&t, &o, &e), 0);
    rig_stop(&g); /* nobody listens there any more */
    struct call c = {.method = "GET", .timeout = 10 * NS_PER_S};
    assert_int_equal(call_do(&t, &c, &e), -1);
    assert_int_equal(e.code, ERR_NET);
    assert_non_null(strstr(e.text, "connection refused"));
    call_free(&c);
    target_close(&t);
    rig_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_response_comes_whole),
        cmocka_unit_test(a_long_reply_is_read_to_its_end_and_kept_in_part),
        cmocka_unit_test(what_failed_is_said),
        cmocka_unit_test(a_refused_port_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
