#include "engine_rig.h"

#include "engine/check.h"

struct told {
    struct buf text;
    struct rig g;
    struct err why;
    int rc;
};

static void take(void *arg, const char *line)
{
    struct told *x = arg;
    buf_addf(&x->text, "%s\n", line);
}

static void check(struct told *x, const struct reply *script, const char *url_path, bool stream)
{
    struct target t;
    struct probe p = {0};
    char url[128];
    memset(x, 0, sizeof *x);
    buf_init(&x->text, 1u << 20);
    rig_start(&x->g, script, 1);
    snprintf(url, sizeof url, "%s%s", x->g.url, url_path);
    const char *const headers[] = {"X-Other: top-secret-value", NULL};
    struct target_opts to = {.url = url,
                             .default_path = "/v1/chat/completions",
                             .key = "sk-check-key",
                             .headers = headers,
                             .stream = stream};
    struct api_opts o = {.model = "m", .max_tokens = 4, .temperature = NAN, .stream = stream, .include_usage = stream};
    struct dataset *ds = dataset_of_prompt("hello");
    assert_int_equal(target_open(&t, &to, &x->why), 0);
    const struct check k = {.target = &t,
                            .ops = api_find(STR("openai-chat")),
                            .opts = &o,
                            .sample = dataset_at(ds, 0),
                            .timeout = 5 * NS_PER_S,
                            .say = take,
                            .arg = x};
    x->rc = check_ask(&k, &p, &x->why);
    rig_free(&x->g);
    target_close(&t);
    dataset_free(&ds);
    assert_null(strstr(x->text.p, "sk-check"));
    assert_null(strstr(x->text.p, "top-secret"));
}

static void says(const struct told *x, const char *what)
{
    if (!strstr(x->text.p, what))
        fail_msg("no \"%s\" in\n%s", what, x->text.p);
}

static void a_stream_is_told_from_both_ends(void **state)
{
    (void)state;
    const struct reply script[] = {{"200 OK", SSE_TYPE "X-Echo: sk-check-key\r\nSet-Cookie: a=b\r\n", STREAM}};
    struct told x;
    check(&x, script, "/v1/chat/completions?key=sk-check-query", true);
    assert_int_equal(x.rc, 0);
    says(&x, "> POST /v1/chat/completions?[not shown] HTTP/1.1\n> Host: 127.0.0.1:");
    says(&x, "> Authorization: [redacted]\n");
    says(&x, "> X-Other: ****************\n");
    says(&x, "> {\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}],\"model\":\"m\",\"max_tokens\":4,");
    says(&x, "Connected: 127.0.0.1:");
    says(&x, "< status 200, after ");
    says(&x, "< X-Echo: ************\n< Set-Cookie: [redacted]\n");
    says(&x, "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"one \"}}]}\n");
    says(&x, " [DONE]\n");
    says(&x, "Answer:    7 bytes:\n           one two\n");
    says(&x, "Finish:    stop, and the stream's terminal event came\n");
    says(&x, "Tokens:    7 in, 2 out (as the server counts)\n");
    says(&x, ", ITL mean ");
    says(&x, "over 1 gaps");
    buf_free(&x.text);
}

static void a_long_stream_is_cut_in_its_middle(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(1u << 20);
    for (int i = 0; i < 20; i++)
        buf_addf(&b, "data: {\"choices\":[{\"delta\":{\"content\":\"t%d \"}}]}\n\n", i);
    buf_addz(&b, DONE);
    const struct reply script[] = {{"200 OK", SSE_TYPE, b.p}};
    struct told x;
    check(&x, script, "", true);
    says(&x, "\"t7 \"");
    assert_null(strstr(x.text.p, "\"t8 \""));
    says(&x, "< [10 events more]\n"); /* of 21, the first 8 and the last 3 are shown */
    says(&x, "\"t19 \"");
    assert_null(strstr(x.text.p, "\"t17 \""));
    says(&x, "\"t18 \"");
    says(&x, "Note:      no token counts came");
    buf_free(&b);
    buf_free(&x.text);
}

static void documents_and_refusals_are_told(void **state)
{
    (void)state;
    const struct reply whole[] = {
        {"200 OK", JSON_TYPE,
         "{\"choices\":[{\"message\":{\"content\":\"a\\u00e9\"},\"finish_reason\":\"length\"}],"
         "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":9}}"}};
    const struct reply no[] = {{"401 No", JSON_TYPE, "{\"error\":{\"message\":\"bad key sk-check-key\"}}"}};
    const struct reply junk[] = {{"200 OK", "Content-Type: text/html\r\n", "<html>\033[31m</html>"}};
    struct told x;
    check(&x, whole, "", true);
    assert_int_equal(x.rc, 0);
    says(&x, "Answer:    3 bytes:\n           a\xc3\xa9\n");
    says(&x, "Tokens:    3 in, 9 out");
    says(&x, "Note:      a stream was asked for, and one whole answer came");
    buf_free(&x.text);
    check(&x, no, "", false);
    assert_int_equal(x.rc, -1);
    assert_non_null(strstr(x.why.text, "--api-key-file"));
    says(&x, "< status 401");
    says(&x, "bad key ************");
    buf_free(&x.text);
    check(&x, junk, "", false);
    assert_int_equal(x.rc, -1);
    says(&x, "< <html>?[31m</html>\n");
    buf_free(&x.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_is_told_from_both_ends),
        cmocka_unit_test(a_long_stream_is_cut_in_its_middle),
        cmocka_unit_test(documents_and_refusals_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
