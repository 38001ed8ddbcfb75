/* test_request.c - what is sent, and how requests end that no response ends. */
#include "engine_rig.h"

#define CHUNKED "Transfer-Encoding: chunked\r\n"

static const struct reply good = {"200 OK", SSE_TYPE, STREAM};

static void each_request_is_whole_and_has_its_id(void **state)
{
    (void)state;
    struct level_rig x;
    level_open(&x, &good, 1, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = 3, .level = 2});
    level_go(&x);
    assert_int_equal(x.g.requests, 3);
    assert_int_equal(x.g.accepted, 1); /* kept alive, opened ahead */
    assert_int_equal(x.clients[0].conns_reused, 3);
    for (int i = 0; i < 3; i++) {
        char id[64];
        snprintf(id, sizeof id, "\r\nX-Request-Id: rig-2-%d\r\n", i);
        assert_non_null(strstr(x.g.log[i], id));
        const char *body = strstr(x.g.log[i], "\r\n\r\n") + 4;
        assert_string_equal(
            body, "{\"messages\":[{\"role\":\"user\",\"content\":\"say two words\"}],\"model\":\"m\",\"max_tokens\":2,"
                  "\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
        assert_int_equal(strtoul(strstr(x.g.log[i], "Content-Length: ") + 16, NULL, 10), strlen(body));
        assert_non_null(strstr(x.g.log[i], "Authorization: Bearer sk-rig-key\r\n"));
        assert_int_equal(x.kept[i].r.bytes_out, strlen(x.g.log[i]));
        assert_true(x.kept[i].r.bytes_in > strlen(STREAM));
        assert_int_equal(x.kept[i].r.conn, 1);
    }
    level_close(&x);
}

static void without_keepalive_each_has_a_connection(void **state)
{
    (void)state;
    struct level_rig x;
    level_open(&x, &good, 1, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 2, .num_requests = 6});
    x.o.no_keepalive = true;
    level_go(&x);
    assert_int_equal(count_outcome(&x, OUT_OK), 6);
    assert_int_equal(x.g.accepted, 6);
    for (int i = 0; i < x.n; i++) {
        assert_true(x.kept[i].r.flags & REC_NEW_CONN);
        assert_true(x.kept[i].r.conn_start > 0 && x.kept[i].r.conn_end >= x.kept[i].r.conn_start);
    }
    level_close(&x);
}

static void a_connection_closed_while_idle_is_retried_once(void **state)
{
    (void)state;
    const struct reply script[] = {good, {.close = true}, good};
    struct level_rig x;
    level_open(&x, script, 3, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = 2});
    level_go(&x);
    assert_int_equal(count_outcome(&x, OUT_OK), 2);
    assert_int_equal(x.g.requests, 3);
    assert_false(x.kept[0].r.flags & REC_RETRIED);
    assert_true(x.kept[1].r.flags & REC_RETRIED);
    assert_int_equal(x.clients[0].retried, 1);
    level_close(&x);

    const struct reply twice[] = {good, {.close = true}};
    level_open(&x, twice, 2, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = 2});
    level_go(&x);
    assert_int_equal(x.kept[1].r.outcome, OUT_RESET);
    assert_int_equal(x.g.requests, 3);
    level_close(&x);
}

static void late_answers_are_timeouts(void **state)
{
    (void)state;
    static const struct {
        struct reply r;
        int64_t timeout, first_token;
        enum outcome outcome;
        int status;
    } cases[] = {
        {{.hang = true}, 40, 0, OUT_TIMEOUT_TOTAL, 0},
        {{.hang = true}, 5000, 40, OUT_TIMEOUT_FIRST_TOKEN, 0},
        {{"200 OK", SSE_TYPE CHUNKED, "5\r\n: hi\n\r\n", .framed = true}, 5000, 40, OUT_TIMEOUT_FIRST_TOKEN, 200},
        {{"200 OK", SSE_TYPE CHUNKED, "6\r\ndata: \r\n", .framed = true}, 40, 0, OUT_TIMEOUT_TOTAL, 200},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct level_rig x;
        level_open(&x, &cases[i].r, 1, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = 1});
        x.o.timeout = cases[i].timeout * NS_PER_MS;
        x.o.first_token_timeout = cases[i].first_token * NS_PER_MS;
        level_go(&x);
        assert_int_equal(x.n, 1);
        assert_int_equal(x.kept[0].r.outcome, cases[i].outcome);
        assert_int_equal(x.kept[0].r.status, cases[i].status);
        assert_true(x.kept[0].r.end - x.kept[0].r.start >= 40 * NS_PER_MS);
        level_close(&x);
    }
}

/* A server that says nothing for so long; one that goes on saying something is none, however long it takes. */
static void a_silent_server_has_stalled(void **state)
{
    (void)state;
    static const struct {
        struct reply r;
        int status;
    } cases[] = {
        {{.hang = true}, 0},
        {{"200 OK", SSE_TYPE CHUNKED, "5\r\n: hi\n\r\n", .framed = true}, 200},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct level_rig x;
        level_open(&x, &cases[i].r, 1, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = 1});
        x.o.timeout = 5 * NS_PER_S;
        x.o.stall_timeout = 40 * NS_PER_MS;
        level_go(&x);
        assert_int_equal(x.n, 1);
        assert_int_equal(x.kept[0].r.outcome, OUT_TIMEOUT_STALL);
        assert_int_equal(x.kept[0].r.status, cases[i].status);
        assert_true(x.kept[0].r.end - x.kept[0].r.start >= 40 * NS_PER_MS);
        level_close(&x);
    }
}

static void an_error_that_does_not_end_is_that_error(void **state)
{
    (void)state;
    const struct reply r = {"500 Oops", CHUNKED, "3\r\nwhy\r\n", .framed = true};
    struct level_rig x;
    level_open(&x, &r, 1, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = 1});
    x.o.timeout = 40 * NS_PER_MS;
    level_go(&x);
    assert_int_equal(x.kept[0].r.outcome, OUT_HTTP);
    assert_int_equal(x.kept[0].r.status, 500);
    assert_string_equal(x.kept[0].body, "why");
    level_close(&x);
}

static void who_does_not_accept_is_a_connect_timeout(void **state)
{
    (void)state;
    /* A listener whose queue is full does not answer a SYN. */
    struct addr a;
    int lfd = listen_only(0, &a), fill[4];
    for (size_t i = 0; i < ARRAY_LEN(fill); i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fill[i], (struct sockaddr *)&a.sa, a.len);
    }
    static const struct {
        int64_t connect, first_token;
        enum outcome outcome;
    } cases[] = {{40, 0, OUT_TIMEOUT_CONNECT}, {5000, 40, OUT_TIMEOUT_FIRST_TOKEN}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct level_rig x;
        level_open(&x, &good, 1, (struct load_opts){.mode = LOAD_OPEN, .rate = 1000, .num_requests = 1});
        x.target.addrs[0] = a;
        x.o.connect_timeout = cases[i].connect * NS_PER_MS;
        x.o.first_token_timeout = cases[i].first_token * NS_PER_MS;
        level_go(&x);
        assert_int_equal(x.n, 1);
        assert_int_equal(x.kept[0].r.outcome, cases[i].outcome);
        assert_int_equal(x.kept[0].r.sent_first, 0);
        level_close(&x);
    }
    for (size_t i = 0; i < ARRAY_LEN(fill); i++)
        close(fill[i]);
    close(lfd);
}

static void nobody_listening_is_refused_without_a_busy_loop(void **state)
{
    (void)state;
    struct level_rig x;
    level_open(&x, &good, 1, (struct load_opts){.mode = LOAD_CLOSED, .concurrency = 2, .duration_ns = 250 * NS_PER_MS});
    rig_stop(&x.g);
    level_go(&x);
    assert_true(x.n >= 2 && x.n <= 8); /* a slot rests 100 ms after a connection that failed */
    assert_int_equal(count_outcome(&x, OUT_REFUSED), x.n);
    assert_true(x.totals.prewarm_failed > 0);
    level_close(&x);
}

/* A share of 1: all of them go. */
static struct load_opts leaving(const char *after, uint64_t n)
{
    struct load_opts o = {.mode = LOAD_CLOSED, .concurrency = 1, .num_requests = n, .seed = 3, .leaving.share = 1};
    assert_int_equal(leaving_after_parse(&o.leaving, str_of(after), NULL), 0);
    return o;
}

static void one_who_leaves_after_a_time_is_cancelled_then(void **state)
{
    (void)state;
    static const struct reply script[] = {
        {.hang = true},
        {"200 OK", SSE_TYPE, DELTA("a"), .cut = 0, .framed = true}, /* goes on for ever */
        {"503 Busy", JSON_TYPE "Content-Length: 100\r\n", "{", .framed = true},
    };
    struct level_rig x;
    level_open(&x, script, 3, leaving("250ms", 3));
    x.o.save_text = true;
    level_go(&x);
    assert_int_equal(x.n, 3);
    for (int i = 0; i < 2; i++) {
        const struct record *r = &x.kept[i].r;
        assert_int_equal(r->outcome, OUT_CANCELLED);
        assert_true(r->flags & REC_LEFT);
        assert_true(r->end - r->start >= 250 * NS_PER_MS);
        assert_true(r->n_events == (unsigned)i);
    }
    assert_int_equal(x.kept[2].r.outcome, OUT_HTTP); /* the server has said what matters */
    assert_false(x.kept[2].r.flags & REC_LEFT);
    assert_int_equal(x.g.accepted, 3); /* each connection is closed by its end */
    level_close(&x);
}

static void one_who_leaves_with_a_token_takes_no_more(void **state)
{
    (void)state;
    static const struct reply script[] = {
        {"200 OK", SSE_TYPE, DELTA("a") DELTA("b") DELTA("c") FINISH USAGE DONE}, /* in one read */
        {"200 OK", SSE_TYPE, DELTA("a") FINISH USAGE DONE},                       /* over before */
    };
    struct level_rig x;
    level_open(&x, script, 2, leaving("2tokens", 2));
    level_go(&x);
    assert_int_equal(x.n, 2);
    const struct record *r = &x.kept[0].r;
    assert_int_equal(r->outcome, OUT_CANCELLED);
    assert_true((r->flags & REC_LEFT) && !(r->flags & REC_TERMINAL));
    assert_int_equal(r->n_events, 2);
    assert_int_equal(r->text_bytes, 2);
    assert_int_equal(x.kept[1].r.outcome, OUT_OK);
    assert_int_equal(x.kept[1].r.flags & (REC_LEFT | REC_TERMINAL), REC_TERMINAL);
    level_close(&x);
}

/* A timeout that comes first is the server's failure, not the client's wish. */
static void a_timeout_before_leaving_is_a_timeout(void **state)
{
    (void)state;
    static const struct reply hang = {.hang = true};
    struct level_rig x;
    level_open(&x, &hang, 1, leaving("5s", 1));
    x.o.first_token_timeout = 30 * NS_PER_MS;
    level_go(&x);
    assert_int_equal(x.kept[0].r.outcome, OUT_TIMEOUT_FIRST_TOKEN);
    assert_false(x.kept[0].r.flags & REC_LEFT);
    level_close(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_is_whole_and_has_its_id),
        cmocka_unit_test(without_keepalive_each_has_a_connection),
        cmocka_unit_test(a_connection_closed_while_idle_is_retried_once),
        cmocka_unit_test(late_answers_are_timeouts),
        cmocka_unit_test(a_silent_server_has_stalled),
        cmocka_unit_test(an_error_that_does_not_end_is_that_error),
        cmocka_unit_test(who_does_not_accept_is_a_connect_timeout),
        cmocka_unit_test(nobody_listening_is_refused_without_a_busy_loop),
        cmocka_unit_test(one_who_leaves_after_a_time_is_cancelled_then),
        cmocka_unit_test(one_who_leaves_with_a_token_takes_no_more),
        cmocka_unit_test(a_timeout_before_leaving_is_a_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
