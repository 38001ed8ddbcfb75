#include "engine_rig.h"

#include "engine/ready.h"

#define OK_STREAM                                                                                                      \
    {                                                                                                                  \
        "200 OK", SSE_TYPE, STREAM                                                                                     \
    }
#define LIST                                                                                                           \
    {                                                                                                                  \
        "200 OK", JSON_TYPE, "{\"data\":[{\"id\":\"m\",\"owned_by\":\"me\"}]}"                                         \
    }
#define GONE                                                                                                           \
    {                                                                                                                  \
        "404 Not Found", "", ""                                                                                        \
    }

static enum ready_state ask(const struct reply *script, int n, const char *model, struct ready *r, struct rig *g)
{
    struct target t;
    struct err e = {0};
    struct api_opts o = {.model = model, .max_tokens = -1, .temperature = NAN, .stream = true};
    struct dataset *ds = dataset_of_prompt("hello");
    rig_start(g, script, n);
    struct target_opts to = {.url = g->url, .default_path = "/x/v1/chat/completions", .stream = true};
    assert_int_equal(target_open(&t, &to, &e), 0);
    r->timeout = 10 * NS_PER_S;
    r->ask_request = true;
    enum ready_state s = ready_ask(&t, api_find(STR("openai-chat")), &o, dataset_at(ds, 0), r, &e);
    assert_int_equal(s == READY_NEVER, e.code != ERR_NONE && r->why[0] == 0);
    rig_stop(g);
    target_close(&t);
    dataset_free(&ds);
    return s;
}

static void each_step_must_pass(void **state)
{
    (void)state;
    static const struct {
        struct reply script[3];
        const char *model;
        enum ready_state state;
        const char *why;
        int requests;
    } cases[] = {
        {{GONE, LIST, OK_STREAM}, NULL, READY_YES, "", 3},
        {{GONE, OK_STREAM}, "m", READY_YES, "", 2},
        {{{"503 Loading", "", ""}}, NULL, READY_LATER, "status 503", 1},
        {{GONE, {"502 No", "", ""}}, NULL, READY_LATER, "status 502", 2},
        {{GONE, {"200 OK", JSON_TYPE, "{\"data\":[]}"}}, NULL, READY_LATER, "it lists no model", 2},
        {{GONE, LIST, {"503 Busy", "", ""}}, NULL, READY_LATER, "status 503", 3},
        {{GONE, LIST, {"429 Slow", "", ""}}, NULL, READY_YES, "", 3}, /* it answers: what it says is the probe's */
        {{GONE, {"401 No", "", ""}}, NULL, READY_YES, "", 2},         /* will not change by waiting */
        {{GONE, {"404 No", "", ""}}, "m", READY_YES, "", 2},          /* likewise */
        {{{.reset = true}}, NULL, READY_LATER, "the connection was closed without an answer", 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig g;
        struct ready r = {0};
        int n = 1;
        while (n < 3 && (cases[i].script[n].line || cases[i].script[n].reset))
            n++;
        enum ready_state s = ask(cases[i].script, n, cases[i].model, &r, &g);
        if (s != cases[i].state || strcmp(r.why, cases[i].why) != 0)
            fail_msg("case %zu: %d \"%s\"", i, s, r.why);
        assert_int_equal(g.requests, cases[i].requests);
        assert_memory_equal(g.log[0], "GET /x/health HTTP", 18);
        rig_free(&g);
    }
}

static void nobody_listens(void **state)
{
    (void)state;
    struct addr a;
    int fd = listen_only(1, &a);
    char url[64], text[64];
    snprintf(url, sizeof url, "http://%s", addr_text(&a, text));
    close(fd);
    struct target t;
    struct err e = {0};
    struct api_opts o = {.max_tokens = -1, .temperature = NAN};
    struct target_opts to = {.url = url, .default_path = "/v1/chat/completions"};
    struct ready r = {.timeout = 5 * NS_PER_S};
    assert_int_equal(target_open(&t, &to, &e), 0);
    assert_int_equal(ready_ask(&t, api_find(STR("openai-chat")), &o, NULL, &r, &e), READY_LATER);
    assert_string_equal(r.why, "connection refused");
    target_close(&t);
}

/* A port that speaks something else will not come to speak HTTP. */
static void what_is_wrong_for_good_is_not_waited_for(void **state)
{
    (void)state;
    const struct reply script[] = {{"200 OK", "", ""}};
    static const char *const schemes[] = {"https", "http"};
    for (size_t i = 0; i < 2; i++) {
        struct rig g;
        struct target t;
        struct err e = {0};
        char url[80];
        rig_start(&g, script, 1);
        snprintf(url, sizeof url, "%s://127.0.0.1:%u", schemes[i], g.port);
        struct target_opts to = {
            .url = url, .default_path = "/v1/chat/completions", .tls = {.cacert = "/nonexistent/ca.pem"}};
        struct api_opts o = {.model = "m", .max_tokens = -1, .temperature = NAN};
        struct ready r = {.timeout = 2 * NS_PER_S};
        assert_int_equal(target_open(&t, &to, &e), 0);
        enum ready_state s = ready_ask(&t, api_find(STR("openai-chat")), &o, NULL, &r, &e);
        assert_int_equal(s, i == 0 ? READY_NEVER : READY_YES);
        rig_free(&g);
        target_close(&t);
    }
}

static void detection_is_bounded_and_stops_when_sure(void **state)
{
    (void)state;
    static const struct {
        struct reply script[4];
        int n;
        enum server_kind kind;
        int requests;
    } cases[] = {
        {{{"200 OK", JSON_TYPE, "{\"data\":[{\"id\":\"m\",\"owned_by\":\"vllm\"}]}"}}, 1, SERVER_VLLM, 1},
        {{GONE, GONE, {"200 OK", JSON_TYPE, "{\"model_path\":\"m\"}"}}, 3, SERVER_SGLANG, 3},
        {{GONE}, 1, SERVER_UNKNOWN, 7},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig g;
        struct target t;
        struct err e = {0};
        struct probe p = {0};
        rig_start(&g, cases[i].script, cases[i].n);
        struct target_opts to = {.url = g.url, .default_path = "/v1/chat/completions", .key = "sk-detect"};
        assert_int_equal(target_open(&t, &to, &e), 0);
        detect_server(&t, &p);
        assert_int_equal(p.id.kind, cases[i].kind);
        assert_int_equal(g.requests, cases[i].requests);
        assert_memory_equal(g.log[0], "GET /v1/models HTTP", 19);
        for (int k = 0; k < g.requests; k++)
            assert_memory_equal(g.log[k], "GET ", 4); /* asks, never generates */
        rig_free(&g);
        target_close(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_must_pass),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(what_is_wrong_for_good_is_not_waited_for),
        cmocka_unit_test(detection_is_bounded_and_stops_when_sure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
