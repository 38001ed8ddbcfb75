/* test_ask.c - one question, one answer: what is sent, and what becomes of answers of all kinds. */
#include "aws_rig.h"

static int ask(const char *url, const struct ask *q, size_t max, struct ask_answer *a)
{
    struct err e = {0};
    struct asker *x = asker_new(&e);
    struct ask with = *q;
    assert_non_null(x);
    with.url = url;
    with.timeout = q->timeout ? q->timeout : 20 * NS_PER_S;
    with.direct = true;
    *a = (struct ask_answer){.body = BUF_INIT(max)};
    int rc = asker_ask(x, &with, a);
    assert_int_equal(rc != 0, a->why[0] != 0);
    asker_free(&x);
    return rc;
}

static void what_is_sent(void **state)
{
    struct rig r;
    struct ask_answer a;
    char url[100];
    const char *headers[] = {"X-A: 1", "Content-Type: text/x"};
    rig_open(&r);
    rig_route(&r, "POST /p?q=1 ", 201, "made");
    rig_route(&r, "PUT /p ", 403, "no");
    rig_route(&r, "GET /p ", 302, "");
    snprintf(url, sizeof url, "%s/p?q=1", r.url);
    assert_int_equal(
        ask(url, &(struct ask){.method = "POST", .headers = headers, .n_headers = 2, .body = STR("a=b")}, 100, &a), 0);
    assert_int_equal(a.status, 201);
    assert_string_equal(a.body.p, "made");
    assert_true(a.connected);
    buf_free(&a.body);
    rig_was_asked(&r, 0, "\r\nX-A: 1\r\n");
    rig_was_asked(&r, 0, "\r\nContent-Type: text/x\r\n");
    rig_was_asked(&r, 0, "\r\n\r\na=b");
    rig_was_asked(&r, 0, "\r\nUser-Agent: weir/");
    snprintf(url, sizeof url, "%s/p", r.url);
    assert_int_equal(ask(url, &(struct ask){.method = "PUT"}, 100, &a), 0);
    assert_int_equal(a.status, 403);
    buf_free(&a.body);
    assert_int_equal(ask(url, &(struct ask){.method = "GET"}, 100, &a), 0);
    assert_int_equal(a.status, 302); /* and it is not followed */
    buf_free(&a.body);
    assert_int_equal(rig_n_asked(&r), 3);
    rig_close(&r);
}

static void what_goes_wrong(void **state)
{
    struct rig r;
    struct ask_answer a;
    char url[100];
    rig_open(&r);
    rig_route(&r, "GET /silent ", 200, NULL);
    rig_route(&r, "GET /long ", 200, "0123456789");
    snprintf(url, sizeof url, "%s/silent", r.url);
    assert_int_equal(ask(url, &(struct ask){.method = "GET", .timeout = 200 * NS_PER_MS}, 100, &a), -1);
    assert_string_equal(a.why, "no answer in time");
    assert_true(a.connected);
    buf_free(&a.body);
    snprintf(url, sizeof url, "%s/long", r.url);
    assert_int_equal(ask(url, &(struct ask){.method = "GET"}, 9, &a), -1);
    assert_string_equal(a.why, "the answer is too long");
    buf_free(&a.body);
    assert_int_equal(ask(url, &(struct ask){.method = "GET"}, 10, &a), 0);
    buf_free(&a.body);
    assert_int_equal(ask("ftp://127.0.0.1/", &(struct ask){.method = "GET"}, 10, &a), -1);
    buf_free(&a.body);
    snprintf(url, sizeof url, "%s", r.url);
    rig_close(&r);
    assert_int_equal(ask(url, &(struct ask){.method = "GET"}, 10, &a), -1);
    assert_false(a.connected);
    assert_int_equal(a.status, 0);
    buf_free(&a.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_sent), cmocka_unit_test(what_goes_wrong)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
