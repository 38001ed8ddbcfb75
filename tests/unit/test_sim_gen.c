/* Generation requests to the simulator as a process: streams, their truth, and each fault. Timing is only bounded
 * from below here (nothing may come earlier than the model says), so that it holds on any machine. */
#include "sim_child.h"

static void test_stream_and_truth(void **state)
{
    struct fixture *f = start(base_config());
    int fd = dial(f);
    int64_t before = clock_mono();
    ask(fd, CHAT, "x-request-id: mine-1\r\n",
        "{" MSG ",\"stream\":true,\"max_tokens\":40,\"stream_options\":{\"include_usage\":true}}");
    struct resp r = answer(fd);
    assert_int_equal(r.status, 200);
    assert_true(r.complete);
    assert_non_null(strstr(r.head, "x-request-id: mine-1\r\n"));
    assert_non_null(strstr(r.head, "Content-Type: text/event-stream"));
    assert_int_equal(count(r.body, "data: "), 1 + 40 + 1 + 1 + 1); /* role, tokens, finish, usage, [DONE] */
    assert_non_null(strstr(r.body, "\"finish_reason\":\"length\""));
    assert_non_null(strstr(r.body, "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":40,\"total_tokens\":43}"));
    assert_true(r.end_at - before >= 20 * MS + 39 * 2 * MS);
    ask(fd, CHAT, "", "{" MSG "}"); /* same connection, not streamed, length from --output-tokens */
    expect(fd, 200, "application/json", "\"finish_reason\":\"stop\"");
    ask(fd, "/v1/completions", "x-request-id: bad id\r\n", "{\"model\":\"m\",\"prompt\":\"a\",\"max_tokens\":1}");
    expect(fd, 200, "x-request-id: sim-", "\"object\":\"text_completion\"");
    close(fd);
    finish(f, SIGINT);
    struct jdoc *d = truth_line(f, 0);
    jnode *t = jdoc_root(d), *tokens = jn_get(t, "tokens");
    assert_true(str_eqz(jn_str(jn_get(t, "id"), ""), "mine-1"));
    assert_int_equal(jn_i64(jn_get(t, "n"), 0), 1);
    assert_int_equal(jn_i64(jn_get(t, "status"), 0), 200);
    assert_int_equal(jn_i64(jn_get(t, "prompt_tokens"), 0), 3);
    assert_int_equal(jn_i64(jn_get(t, "output_tokens"), 0), 40);
    assert_int_equal(jn_len(tokens), 40);
    assert_true(jn_bool(jn_get(t, "complete"), false) && jn_bool(jn_get(t, "stream"), false));
    int64_t recv_at = jn_i64(jn_get(t, "recv"), 0), got = jn_i64(jn_get(t, "received"), 0),
            headers = jn_i64(jn_get(t, "headers"), 0), end = jn_i64(jn_get(t, "end"), 0);
    assert_true(before <= recv_at && recv_at <= got && got <= headers && end <= clock_mono());
    assert_true(headers <= r.head_at);
    int64_t last = got + 20 * MS;
    for (size_t k = 0; k < 40; k++) { /* never before it is due */
        int64_t at = jn_i64(jn_at(tokens, k), 0);
        assert_true(at >= got + 20 * MS + (int64_t)k * 2 * MS && at >= last);
        last = at;
    }
    assert_true(last <= end);
    jdoc_free(&d);
    d = truth_line(f, 1);
    assert_int_equal(jn_i64(jn_get(jdoc_root(d), "output_tokens"), 0), 8);
    assert_int_equal(jn_len(jn_get(jdoc_root(d), "tokens")), 0);
    assert_false(jn_bool(jn_get(jdoc_root(d), "stream"), true));
    jdoc_free(&d);
    d = truth_line(f, 2);
    assert_int_equal(jn_i64(jn_get(jdoc_root(d), "n"), 0), 3);
    jdoc_free(&d);
    assert_null(truth_line(f, 3));
    free_resp(&r);
    drop(f);
}

/* The fault strikes every request; returns what came and the truth's word for it. */
static struct resp faulty(const char *fault, const char *body, const char *name, bool complete)
{
    struct sim_config c = base_config();
    c.fault = fault;
    struct fixture *f = start(c);
    int fd = dial(f);
    ask(fd, CHAT, "", body);
    struct resp r = answer(fd);
    close(fd);
    finish(f, SIGTERM);
    struct jdoc *d = truth_line(f, 0);
    assert_non_null(d);
    assert_true(str_eqz(jn_str(jn_get(jdoc_root(d), "fault"), ""), name));
    assert_int_equal(jn_bool(jn_get(jdoc_root(d), "complete"), !complete), complete);
    if (r.status == 200 && strstr(r.head, "event-stream") != NULL) /* what was written is what came */
        assert_true(count(r.body, "\"delta\":{\"content\":\"") >= (unsigned)jn_len(jn_get(jdoc_root(d), "tokens")) ||
                    strcmp(name, "reset") == 0);
    jdoc_free(&d);
    drop(f);
    return r;
}

static void test_faults_in_streams(void **state)
{
    struct resp r = faulty("reset:1", STREAM, "reset", false);
    assert_false(r.complete);
    free_resp(&r);
    r = faulty("truncate:1", STREAM, "truncate", false);
    assert_true(r.status == 200 && !r.complete && strstr(r.body, "[DONE]") == NULL);
    free_resp(&r);
    r = faulty("garbage:1", STREAM, "garbage", false);
    assert_true(r.status == 200 && !r.complete);
    free_resp(&r);
    r = faulty("error_event:1", STREAM, "error_event", true);
    assert_true(r.status == 200 && r.complete && strstr(r.body, "data: {\"error\":{") != NULL);
    assert_true(strstr(r.body, "[DONE]") != NULL && strstr(r.body, "finish_reason\":\"length") == NULL);
    free_resp(&r);
    r = faulty("bad_json:1", STREAM, "bad_json", true);
    assert_true(r.complete && count(r.body, "data: ") == 1 + 5 + 1 + 1 + 1);
    free_resp(&r);
    r = faulty("http503:1", STREAM, "http503", true);
    assert_true(r.status == 503 && r.complete && strstr(r.head, "Retry-After") != NULL);
    free_resp(&r);
    int64_t t0 = clock_mono();
    r = faulty("stall:1:300ms", STREAM, "stall", true);
    assert_true(r.complete && count(r.body, "data: ") == 8 && r.end_at - t0 >= 300 * MS);
    free_resp(&r);
    t0 = clock_mono();
    r = faulty("slow_headers:1:300ms", STREAM, "slow_headers", true);
    assert_true(r.complete && count(r.body, "data: ") == 8 && r.head_at - t0 >= 300 * MS);
    free_resp(&r);
    r = faulty("split:1", STREAM, "split", true);
    assert_true(r.complete && count(r.body, "data: ") == 8);
    free_resp(&r);
}

static void test_faults_without_stream(void **state)
{
    const char *body = "{" MSG ",\"max_tokens\":5}";
    struct resp r = faulty("reset:1", body, "reset", false);
    assert_int_equal(r.status, 0);
    free_resp(&r);
    r = faulty("truncate:1", body, "truncate", false);
    assert_true(r.status == 200 && !r.complete);
    free_resp(&r);
    r = faulty("garbage:1", body, "garbage", false);
    assert_int_equal(r.status, 0);
    free_resp(&r);
    r = faulty("error_event:1", body, "error_event", true);
    assert_true(r.status == 200 && strstr(r.body, "\"error\"") != NULL);
    free_resp(&r);
    r = faulty("bad_json:1", body, "bad_json", true);
    assert_true(r.status == 200 && r.complete && jdoc_parse(str_of(r.body), "x", NULL) == NULL);
    free_resp(&r);
    r = faulty("http500:1", body, "http500", true);
    assert_true(r.status == 500 && r.complete);
    free_resp(&r);
    int64_t t0 = clock_mono();
    r = faulty("stall:1:200ms", body, "stall", true);
    assert_true(r.complete && r.end_at - t0 >= 200 * MS);
    free_resp(&r);
    r = faulty("slow_headers:1:200ms", body, "slow_headers", true);
    assert_true(r.complete);
    free_resp(&r);
    r = faulty("split:1", body, "", true); /* nothing to tear */
    assert_true(r.complete);
    free_resp(&r);
}

static void test_http10(void **state)
{
    struct fixture *f = start(base_config());
    int fd = dial(f);
    char req[400];
    int n =
        snprintf(req, sizeof(req), "POST %s HTTP/1.0\r\nContent-Length: %zu\r\n\r\n%s", CHAT, strlen(STREAM), STREAM);
    send(fd, req, (size_t)n, 0);
    struct resp r = answer(fd); /* to the end of the connection */
    assert_true(r.status == 200 && strstr(r.head, "chunked") == NULL && strstr(r.head, "Connection: close") != NULL);
    assert_true(strncmp(r.body, "data: {", 7) == 0);
    assert_string_equal(r.body + r.n - 14, "data: [DONE]\n\n");
    free_resp(&r);
    close(fd);
    finish(f, SIGTERM);
    drop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream_and_truth),
        cmocka_unit_test(test_faults_in_streams),
        cmocka_unit_test(test_faults_without_stream),
        cmocka_unit_test(test_http10),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
