/* The whole simulator as a process of its own: routes, limits, threads, pause, its end. Timing is only bounded
 * from below here (nothing may come earlier than the model says), so that it holds on any machine. */
#include "sim_child.h"

static void test_routes(void **state)
{
    struct sim_config c = base_config();
    c.api_key = "sesame";
    c.model = "only";
    struct fixture *f = start(c);
    char want[100];
    snprintf(want, sizeof(want), "weir sim listening on http://127.0.0.1:%d\n", f->port);
    assert_string_equal(f->line, want);
    int fd = dial(f);
    ask(fd, "/health", "", NULL);
    expect(fd, 200, "Content-Length: 0", NULL);
    ask(fd, "/version", "", NULL);
    expect(fd, 200, NULL, "\"version\":\"" WEIR_VERSION "\"");
    ask(fd, "/metrics", "", NULL);
    expect(fd, 200, "Content-Type: text/plain", "vllm:num_requests_running{model_name=\"only\"} 0");
    ask(fd, "/nothing", "", NULL);
    expect(fd, 404, NULL, "\"code\":\"not_found\"");
    ask(fd, CHAT, "", NULL);
    expect(fd, 405, "Allow: POST", "\"error\"");
    ask(fd, "/health", "", "{}");
    expect(fd, 405, "Allow: GET, HEAD", "\"error\"");
    ask(fd, "/v1/models", "", NULL);
    expect(fd, 401, "WWW-Authenticate: Bearer", "invalid_api_key");
    ask(fd, "/v1/models", "Authorization: Bearer wrong!\r\n", NULL);
    expect(fd, 401, NULL, NULL);
    ask(fd, "/v1/models", "authorization: bearer sesame\r\n", NULL);
    expect(fd, 200, NULL, "\"id\":\"only\"");
    ask(fd, "/v1/models", "X-API-Key: sesame\r\n", NULL);
    expect(fd, 200, NULL, NULL);
    ask(fd, "/v1/models", "api-key: sesame\r\n", NULL);
    expect(fd, 200, NULL, NULL);
    ask(fd, CHAT, "api-key: sesame\r\n", "{" MSG "}");
    expect(fd, 404, NULL, "model_not_found");
    ask(fd, "/only", "api-key: sesame\r\n",
        "{\"text\":\"one two\",\"config\":{\"max_new_tokens\":2},\"stream\":false}");
    expect(fd, 200, NULL, "\"input_length\":2,\"generate_length\":2}");
    ask(fd, "/other", "api-key: sesame\r\n", "{\"text\":\"one two\",\"stream\":false}");
    expect(fd, 404, NULL, "not_found");
    ask(fd, "/only", "", NULL);
    expect(fd, 405, "Allow: POST", NULL);
    ask(fd, CHAT, "api-key: sesame\r\n", "{\"model\":");
    expect(fd, 400, NULL, "not valid JSON");
    ask(fd, CHAT, "", "{}");
    expect(fd, 401, NULL, NULL);
    send_text(fd, "HEAD /version HTTP/1.1\r\nHost: h\r\n\r\nGET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
    struct buf head = BUF_INIT(1000);
    while (head.n < 4 || memcmp(head.p + head.n - 4, "\r\n\r\n", 4) != 0)
        assert_true(recv_line(fd, &head));
    buf_free(&head);
    expect(fd, 200, NULL, "Hello World"); /* right behind the head of the HEAD's answer */
    close(fd);
    fd = dial(f);
    send_text(fd, "garbage\r\n\r\n");
    expect(fd, 400, "Connection: close", "\"error\"");
    close(fd);
    fd = dial(f);
    send_text(fd, "POST /v1/completions HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999\r\n\r\n");
    expect(fd, 413, "Connection: close", "\"error\"");
    close(fd);
    finish(f, SIGTERM);
    drop(f);
}

static void test_limit_and_queue(void **state)
{
    struct sim_config c = base_config();
    c.ttft = 300 * MS;
    c.max_seqs = 2;
    c.max_queue = 1;
    c.limit = 4;
    struct fixture *f = start(c);
    int fd[4];
    for (int i = 0; i < 4; i++) {
        fd[i] = dial(f);
        ask(fd[i], CHAT, "", STREAM);
        usleep(10000); /* so that they arrive in this order */
    }
    expect(fd[3], 503, "Retry-After: 1", "queue_full"); /* two run, one waits */
    ask(fd[3], "/tokenizer?output_tokens=3", "", NULL);
    usleep(10000);
    int late = dial(f);
    ask(late, CHAT, "", STREAM);
    expect(late, 429, "Retry-After: 1", "rate_limit"); /* four in flight */
    ask(late, "/tokenizer?output_tokens=3", "", NULL);
    struct resp r = answer(late);
    assert_int_equal(r.status, 429);
    assert_string_equal(r.body, "{\"error\":\"Too many concurrent requests\"}\n");
    free_resp(&r);
    ask(late, "/metrics", "", NULL);
    r = answer(late);
    assert_non_null(strstr(r.body, "vllm:num_requests_running{model_name=\"weir-sim\"} 2\n"));
    assert_non_null(strstr(r.body, "vllm:num_requests_waiting{model_name=\"weir-sim\"} 1\n"));
    free_resp(&r);
    close(fd[0]); /* its slot goes to the one that waits */
    for (int i = 1; i < 3; i++)
        expect(fd[i], 200, NULL, "[DONE]");
    expect(fd[3], 200, NULL, "{\"output_tokens\":3}\n");
    finish(f, SIGTERM);
    struct jdoc *d = truth_line(f, 4);
    for (size_t i = 0; d != NULL && i < 20; i++, jdoc_free(&d), d = truth_line(f, i))
        if (jn_i64(jn_get(jdoc_root(d), "n"), 0) == 1)
            assert_false(jn_bool(jn_get(jdoc_root(d), "complete"), true));
    if (d != NULL)
        jdoc_free(&d);
    for (int i = 1; i < 4; i++)
        close(fd[i]);
    close(late);
    drop(f);
}

static void test_tokenizer(void **state)
{
    struct fixture *f = start(base_config());
    const char *bad[] = {"/tokenizer",
                         "/tokenizer?output_tokens=",
                         "/tokenizer?output_tokens=0",
                         "/tokenizer?output_tokens=-3",
                         "/tokenizer?output_tokens=x",
                         "/tokenizer?other=3",
                         "/sleeper",
                         "/sleeper?sleep_length=-1"};
    int fd = dial(f), other = dial(f);
    int64_t t0 = clock_mono();
    ask(fd, "/tokenizer?x=1&output_tokens=%203", "", NULL);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        ask(other, bad[i], "", NULL);
        expect(other, 400, "Content-Type: text/html; charset=utf-8", "Invalid input");
    }
    ask(other, "/sleeper?sleep_length=0", "", NULL);
    struct resp r = answer(other);
    assert_string_equal(r.body, "slept for 1 second");
    assert_true(r.end_at - t0 >= NS_PER_S);
    free_resp(&r);
    r = answer(fd);
    assert_string_equal(r.body, "{\"output_tokens\":3}\n");
    assert_non_null(strstr(r.head, "Content-Type: application/json\r\n"));
    assert_true(r.end_at - t0 >= NS_PER_S);
    free_resp(&r);
    close(fd);
    close(other);
    finish(f, SIGTERM);
    drop(f);
}

/* --preset flask-mock: its three paths and no other, errors in HTML. */
static void test_mock_paths(void **state)
{
    struct sim_config c = base_config();
    c.preset = "flask-mock";
    c.limit = 1;
    c.time_scale = 0.01;
    struct fixture *f = start(c);
    int fd = dial(f);
    ask(fd, "/hello", "", NULL);
    expect(fd, 200, "Content-Type: text/html; charset=utf-8", "Hello World");
    ask(fd, "/sleeper?sleep_length=2", "", NULL);
    expect(fd, 200, "Content-Type: text/html; charset=utf-8", "slept for 2 second");
    const char *none[] = {"/", "/health", "/v1/models", "/metrics", "/tokenizer/"};
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        ask(fd, none[i], "", NULL);
        expect(fd, 404, "Content-Type: text/html; charset=utf-8", "404 Not Found");
    }
    ask(fd, CHAT, "", "{" MSG "}");
    expect(fd, 404, NULL, "404 Not Found");
    ask(fd, "/tokenizer?output_tokens=3", "", "{}");
    expect(fd, 405, "Allow: GET, HEAD", "405 Method Not Allowed");
    ask(fd, "/hello", "", NULL); /* nothing of these still counts as open */
    expect(fd, 200, NULL, "Hello World");
    close(fd);
    finish(f, SIGTERM);
    drop(f);
}

/* How long it takes by the number asked for: the longest are asked first and end last, since one thread's timers fire
 * in their order. */
static void test_mock_times(void **state)
{
    static const struct {
        const char *n;
        int hundredths; /* a hundredth of the seconds, in units of 10 ms */
    } asked[] = {{"9", 1}, {"10", 2}, {"99", 2}, {"100", 3}, {"999", 3}, {"1000", 5}, {"30000", 5}};
    struct sim_config c = base_config();
    c.preset = "flask-mock";
    c.time_scale = 0.01;
    struct fixture *f = start(c);
    int fd[ARRAY_LEN(asked)];
    for (size_t i = ARRAY_LEN(asked); i-- > 0;) {
        char path[64], id[64];
        snprintf(path, sizeof path, "/tokenizer?output_tokens=%s", asked[i].n);
        snprintf(id, sizeof id, "x-request-id: %d\r\n", asked[i].hundredths);
        fd[i] = dial(f);
        ask(fd[i], path, id, NULL);
    }
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        char want[64];
        snprintf(want, sizeof want, "{\"output_tokens\":%s}\n", asked[i].n);
        expect(fd[i], 200, "Content-Type: application/json", want);
        close(fd[i]);
    }
    finish(f, SIGTERM);
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        struct jdoc *d = truth_line(f, i);
        assert_non_null(d);
        int64_t took = jn_i64(jn_get(jdoc_root(d), "end"), 0) - jn_i64(jn_get(jdoc_root(d), "received"), 0);
        char id[8];
        snprintf(id, sizeof id, "%d", asked[i].hundredths);
        assert_true(str_eqz(jn_str(jn_get(jdoc_root(d), "id"), ""), id));
        assert_true(took >= asked[i].hundredths * 10 * MS);
        jdoc_free(&d);
    }
    drop(f);
}

/* The limit is exact however many threads there are. */
static void test_mock_limit(void **state)
{
    enum { N = 40, LIMIT = 7 };
    struct sim_config c = base_config();
    c.preset = "flask-mock";
    c.threads = 4;
    c.limit = LIMIT;
    struct fixture *f = start(c);
    int fd[N], ok = 0, refused = 0;
    for (int i = 0; i < N; i++)
        fd[i] = dial(f);
    for (int i = 0; i < N; i++)
        ask(fd[i], "/tokenizer?output_tokens=1", "", NULL);
    for (int i = 0; i < N; i++) {
        struct resp r = answer(fd[i]);
        ok += r.status == 200;
        refused += r.status == 429 && strcmp(r.body, "{\"error\":\"Too many concurrent requests\"}\n") == 0;
        free_resp(&r);
        close(fd[i]);
    }
    assert_int_equal(ok, LIMIT);
    assert_int_equal(refused, N - LIMIT);
    finish(f, SIGTERM);
    drop(f);
}

/* Each time of the model is a hundredth. */
static void test_time_scale(void **state)
{
    struct sim_config c = base_config();
    c.ttft = 4000 * MS;
    c.itl = 1000 * MS;
    c.time_scale = 0.01;
    c.fault = "slow_headers:1:6s";
    struct fixture *f = start(c);
    int fd = dial(f);
    ask(fd, CHAT, "", STREAM);
    expect(fd, 200, NULL, "[DONE]");
    close(fd);
    finish(f, SIGTERM);
    struct jdoc *d = truth_line(f, 0);
    jnode *t = jdoc_root(d), *tokens = jn_get(t, "tokens");
    int64_t first = jn_i64(jn_at(tokens, 0), 0) - jn_i64(jn_get(t, "received"), 0);
    assert_true(first >= 100 * MS && first < 4000 * MS);
    int64_t rest = jn_i64(jn_at(tokens, 4), 0) - jn_i64(jn_at(tokens, 0), 0);
    assert_true(rest >= 35 * MS && rest < 4000 * MS);
    jdoc_free(&d);
    drop(f);
}

/* Many streams over several threads; every one is whole, and the truth has each once. */
static void test_threads(void **state)
{
    enum { N = 60 };
    struct sim_config c = base_config();
    c.threads = 3;
    c.max_seqs = 7; /* so that slots pass between threads */
    c.ttft = 2 * MS;
    c.itl = MS / 2;
    c.jitter = "uniform:0.5,1.5";
    struct fixture *f = start(c);
    int fd[N];
    for (int i = 0; i < N; i++) {
        fd[i] = dial(f);
        ask(fd[i], CHAT, "", STREAM);
    }
    close(fd[0]);
    for (int i = 1; i < N; i++) {
        expect(fd[i], 200, NULL, "[DONE]");
        close(fd[i]);
    }
    finish(f, SIGTERM);
    bool seen[N + 1] = {false};
    size_t complete = 0;
    for (size_t i = 0; i < N; i++) {
        struct jdoc *d = truth_line(f, i);
        assert_non_null(d);
        int64_t n = jn_i64(jn_get(jdoc_root(d), "n"), 0);
        assert_true(n >= 1 && n <= N && !seen[n]);
        seen[n] = true;
        complete += jn_bool(jn_get(jdoc_root(d), "complete"), false);
        jdoc_free(&d);
    }
    assert_null(truth_line(f, N));
    assert_true(complete >= N - 1);
    drop(f);
}

/* The server stands still from 300 ms to 700 ms after it began to listen, also for a stream under way. */
static void test_pause(void **state)
{
    struct sim_config c = base_config();
    c.pause = "400ms@300ms";
    c.itl = 10 * MS;
    struct fixture *f = start(c);
    int fd = dial(f);
    ask(fd, CHAT, "", "{" MSG ",\"stream\":true,\"max_tokens\":60}"); /* 20 + 590 ms without it */
    struct resp r = answer(fd);
    assert_true(r.complete);
    free_resp(&r);
    close(fd);
    finish(f, SIGTERM);
    struct jdoc *d = truth_line(f, 0);
    jnode *t = jdoc_root(d), *tokens = jn_get(t, "tokens");
    int64_t widest = 0, sum = 0, first = jn_i64(jn_at(tokens, 0), 0);
    for (size_t k = 1; k < 60; k++) {
        int64_t gap = jn_i64(jn_at(tokens, k), 0) - jn_i64(jn_at(tokens, k - 1), 0);
        widest = MAX(widest, gap);
        sum += gap;
    }
    assert_true(widest >= 400 * MS);
    assert_true(sum >= 400 * MS + 590 * MS - 10 * MS); /* no burst afterwards: all later tokens moved */
    assert_true(first > 0);
    jdoc_free(&d);
    drop(f);
}

/* SIGTERM amid streams: their truth lines are there, marked as cut. */
static void test_ended_amid_streams(void **state)
{
    struct sim_config c = base_config();
    c.threads = 2;
    struct fixture *f = start(c);
    int fd[10];
    for (int i = 0; i < 10; i++) {
        fd[i] = dial(f);
        ask(fd[i], CHAT, "", "{" MSG ",\"stream\":true,\"max_tokens\":100000}");
    }
    usleep(100000);
    finish(f, SIGTERM);
    for (size_t i = 0; i < 10; i++) {
        struct jdoc *d = truth_line(f, i);
        assert_non_null(d);
        assert_false(jn_bool(jn_get(jdoc_root(d), "complete"), true));
        assert_true(jn_i64(jn_get(jdoc_root(d), "end"), 0) > 0);
        jdoc_free(&d);
        close(fd[i]);
    }
    assert_null(truth_line(f, 10));
    drop(f);
}

static void test_unix_socket(void **state)
{
    char path[64], listen[80], want[200];
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    snprintf(path, sizeof(path), "/tmp/weir-sim-%d.sock", (int)getpid());
    snprintf(listen, sizeof(listen), "unix:%s", path);
    snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
    int stale = socket(AF_UNIX, SOCK_STREAM, 0); /* left from a killed one */
    assert_int_equal(bind(stale, (struct sockaddr *)&un, sizeof(un)), 0);
    close(stale);
    struct sim_config c = base_config();
    c.listen = listen;
    c.threads = 4;
    struct fixture *f = start(c);
    snprintf(want, sizeof(want), "weir sim listening on unix:%s\n", path);
    assert_string_equal(f->line, want);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
    ask(fd, CHAT, "", STREAM);
    expect(fd, 200, NULL, "[DONE]");
    close(fd);
    finish(f, SIGTERM);
    struct jdoc *d = truth_line(f, 0);
    assert_false(jn_bool(jn_get(jdoc_root(d), "kernel"), true));
    jdoc_free(&d);
    assert_int_equal(access(path, F_OK), -1);
    drop(f);
}

static void refused(struct sim_config c, int rc)
{
    assert_int_equal(sim_run(&c), rc);
}

static void test_bad_configurations(void **state)
{
    struct sim_config c = base_config();
    c.fault = "explode:1";
    refused(c, 2);
    c = base_config();
    c.pause = "soon";
    refused(c, 2);
    c = base_config();
    c.listen = "nowhere";
    refused(c, 2);
    c.listen = "::1:80:";
    refused(c, 2);
    c.listen = "127.0.0.1:99999";
    refused(c, 2);
    c = base_config();
    c.h2_goaway = "soon";
    refused(c, 2);
    c.h2_goaway = "0";
    refused(c, 2);
    c.h2_goaway = "3:gently";
    refused(c, 2);
    c.h2_goaway = "3";
    c.http = "1.1";
    refused(c, 2);
    c.h2_goaway = NULL;
    c.fault = "refuse:0.1";
    refused(c, 2);
    c = base_config();
    c.jitter = "gauss";
    refused(c, 2);
    c = base_config();
    c.max_seqs = 0;
    refused(c, 2);
    c = base_config();
    c.truth = "/nonexistent/dir/t";
    refused(c, 1);
    c = base_config();
    c.tls = true;
    c.cert = c.key = "/nonexistent.pem";
    refused(c, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes),      cmocka_unit_test(test_limit_and_queue),
        cmocka_unit_test(test_tokenizer),   cmocka_unit_test(test_threads),
        cmocka_unit_test(test_pause),       cmocka_unit_test(test_ended_amid_streams),
        cmocka_unit_test(test_unix_socket), cmocka_unit_test(test_bad_configurations),
        cmocka_unit_test(test_mock_paths),  cmocka_unit_test(test_mock_times),
        cmocka_unit_test(test_mock_limit),  cmocka_unit_test(test_time_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
