#include "engine_rig.h"

#include "engine/probe.h"

#define OK_STREAM                                                                                                      \
    {                                                                                                                  \
        "200 OK", SSE_TYPE "Server: rig\r\nSet-Cookie: id=1\r\n", STREAM                                               \
    }

struct ask {
    struct rig g;
    struct target t;
    struct probe p;
    struct api_opts o;
    struct err e;
    int rc;
};

static void open_ask(struct ask *a, const struct reply *script, int n)
{
    memset(a, 0, sizeof *a);
    rig_start(&a->g, script, n);
    a->p.timeout = 10 * NS_PER_S;
    a->o = (struct api_opts){.model = "m", .max_tokens = -1, .temperature = NAN, .stream = true, .include_usage = true};
    struct target_opts to = {
        .url = a->g.url, .default_path = "/v1/chat/completions?key=sk-query", .key = "sk-probe-key", .stream = true};
    assert_int_equal(target_open(&a->t, &to, &a->e), 0);
}

static void probe(struct ask *a)
{
    struct dataset *ds = dataset_of_prompt("hello");
    a->rc = probe_request(&a->t, api_find(STR("openai-chat")), &a->o, dataset_at(ds, 0), &a->p, &a->e);
    dataset_free(&ds);
    rig_stop(&a->g);
}

static void close_ask(struct ask *a)
{
    target_close(&a->t);
    rig_free(&a->g);
}

static void a_good_answer_settles_everything(void **state)
{
    (void)state;
    const struct reply script[] = {OK_STREAM};
    struct ask a;
    open_ask(&a, script, 1);
    probe(&a);
    assert_int_equal(a.rc, 0);
    assert_int_equal(a.p.status, 200);
    assert_true(a.p.usage && a.p.streamed && a.o.include_usage);
    assert_false(a.p.refused || a.p.stream_options_rejected);
    assert_non_null(strstr(a.p.headers, "Server: rig\n"));
    assert_non_null(strstr(a.p.headers, "Set-Cookie: [redacted]\n"));
    assert_int_equal(a.g.requests, 1);
    assert_non_null(strstr(a.g.log[0], "\"max_tokens\":8"));
    assert_non_null(strstr(a.g.log[0], "\"include_usage\":true"));
    close_ask(&a);
}

static void documents_are_answers_too(void **state)
{
    (void)state;
    const struct reply script[] = {
        {"200 OK", JSON_TYPE, "{\"choices\":[{\"message\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}"}};
    struct ask a;
    open_ask(&a, script, 1);
    probe(&a);
    assert_int_equal(a.rc, 0);
    assert_false(a.p.usage || a.p.streamed);
    close_ask(&a);
}

static void what_the_run_can_do_without_is_left_out(void **state)
{
    (void)state;
    const struct reply script[] = {
        {"400 Bad Request", JSON_TYPE, "{\"error\":{\"message\":\"stream_options is not supported\"}}"},
        {"400 Bad Request", JSON_TYPE, "{\"error\":{\"message\":\"max_tokens is not supported with this model\"}}"},
        {"200 OK", SSE_TYPE, DELTA("hi") FINISH DONE}};
    struct ask a;
    open_ask(&a, script, 3);
    probe(&a);
    assert_int_equal(a.rc, 0);
    assert_true(a.p.stream_options_rejected);
    assert_false(a.o.include_usage || a.p.usage);
    assert_int_equal(a.g.requests, 3);
    assert_non_null(strstr(a.g.log[0], "stream_options"));
    assert_null(strstr(a.g.log[1], "stream_options"));
    assert_non_null(strstr(a.g.log[1], "max_tokens"));
    assert_null(strstr(a.g.log[2], "max_tokens"));
    close_ask(&a);

    open_ask(&a, script + 1, 1); /* what the user wants is not left out */
    a.o.max_tokens = 100;
    probe(&a);
    assert_int_equal(a.rc, -1);
    assert_int_equal(a.g.requests, 1);
    close_ask(&a);
}

#define COUNTED(text, n)                                                                                               \
    "data: {\"choices\":[{\"delta\":{\"content\":\"" text "\"}}],\"usage\":{\"completion_tokens\":" n "}}\n\n"

static void counts_in_each_event_are_asked_for_once(void **state)
{
    (void)state;
    const struct reply script[] = {
        {"400 Bad Request", JSON_TYPE, "{\"error\":{\"message\":\"Unknown: stream_options.continuous_usage_stats\"}}"},
        {"200 OK", SSE_TYPE, COUNTED("a", "1") COUNTED("b", "2") COUNTED("c", "3") FINISH DONE},
        {"200 OK", SSE_TYPE, COUNTED("a", "1") DELTA("b") DELTA("c") FINISH DONE}};
    struct ask a;
    open_ask(&a, script, 2);
    a.o.running_usage = true;
    probe(&a);
    assert_int_equal(a.rc, 0);
    assert_non_null(strstr(a.g.log[0], "continuous_usage_stats"));
    assert_null(strstr(a.g.log[1], "continuous_usage_stats"));
    assert_non_null(strstr(a.g.log[1], "include_usage"));
    assert_false(a.p.stream_options_rejected || a.o.running_usage);
    assert_true(a.o.include_usage && a.p.running_usage); /* some give them unasked */
    close_ask(&a);

    open_ask(&a, script + 2, 1); /* taken, and not done */
    a.o.running_usage = true;
    probe(&a);
    assert_int_equal(a.rc, 0);
    assert_true(a.o.running_usage && a.p.usage);
    assert_false(a.p.running_usage);
    close_ask(&a);
}

static void each_refusal_has_its_remedy(void **state)
{
    (void)state;
    static const struct {
        struct reply r;
        enum err_code code;
        const char *says[3];
        int requests;
    } cases[] = {
        {{"401 Unauthorized", JSON_TYPE, "{\"error\":{\"message\":\"bad key sk-probe-key\"}}"},
         ERR_USAGE,
         {"status 401", "bad key ****", "--api-key-file"},
         1},
        {{"403 Forbidden", "", ""}, ERR_USAGE, {"status 403", "nothing more", "--auth-style"}, 1},
        {{"404 Not Found", JSON_TYPE, "{\"message\":\"The model `m` does not exist\"}"},
         ERR_USAGE,
         {"status 404", "does not exist", "--model"},
         1},
        {{"405 No", "", "<html><title>405 here</title>"}, ERR_USAGE, {"status 405", "(405 here)", "path"}, 1},
        {{"307 Temporary Redirect", "Location: https://else.example/v1/x?key=sk-there\r\n", ""},
         ERR_USAGE,
         {"status 307", "https://else.example/v1/x?[not shown];", "follows none"},
         1},
        {{"422 No", "", "line\nbreak\033[31m"}, ERR_USAGE, {"status 422", "line break [31m", ""}, 1},
        {{"500 Oops", "", ""}, ERR_PROTO, {"status 500", "", ""}, 3},
        {{"200 OK", JSON_TYPE, "<html>"}, ERR_PROTO, {"not openai-chat's JSON", "--api", ""}, 3},
        {{"200 OK", JSON_TYPE, "{}"}, ERR_PROTO, {"not openai-chat's JSON", "", ""}, 3},
        {{"204 No Content", "", ""}, ERR_PROTO, {"not openai-chat's JSON", "", ""}, 3},
        {{"200 OK", SSE_TYPE, "data: junk\n\n"}, ERR_PROTO, {"not openai-chat's JSON", "", ""}, 3},
        {{"200 OK", SSE_TYPE "Content-Encoding: gzip\r\n", "\037\213\010"},
         ERR_PROTO,
         {"ends before its packed data", "", ""},
         3},
        {{"200 OK", SSE_TYPE "Content-Encoding: deflate\r\n", "x"},
         ERR_PROTO,
         {"Accept-Encoding: identity", "", ""},
         3},
        {{"200 OK", SSE_TYPE, "data: {\"error\":{\"message\":\"inside sk-probe-key\"}}\n\n"},
         ERR_PROTO,
         {"error inside: inside ****", "", ""},
         3},
        {{"200 OK", JSON_TYPE, "{\"error\":{\"message\":\"inside\"}}"}, ERR_PROTO, {"error inside: inside", "", ""}, 3},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ask a;
        open_ask(&a, &cases[i].r, 1);
        probe(&a);
        assert_int_equal(a.rc, -1);
        assert_int_equal(a.e.code, cases[i].code);
        for (int k = 0; k < 3; k++) {
            if (!strstr(a.e.text, cases[i].says[k]))
                fail_msg("\"%s\" does not say \"%s\"", a.e.text, cases[i].says[k]);
        }
        assert_non_null(strstr(a.e.text, "/v1/chat/completions"));
        assert_null(strstr(a.e.text, "sk-")); /* neither key nor query */
        assert_int_equal(a.g.requests, cases[i].requests);
        close_ask(&a);
    }
}

static void a_passing_fault_passes(void **state)
{
    (void)state;
    const struct reply faults[] = {{.reset = true}, {"502 Bad Gateway", "", ""}, OK_STREAM};
    struct ask a;
    open_ask(&a, faults, 3);
    probe(&a);
    assert_int_equal(a.rc, 0);
    assert_int_equal(a.g.requests, 3);
    close_ask(&a);
    const struct reply waits[] = {
        {"503 Busy", "Retry-After: 0\r\n", ""}, {"429 Slow", "Retry-After: 0\r\n", ""}, OK_STREAM};
    open_ask(&a, waits, 3);
    probe(&a);
    assert_int_equal(a.rc, 0);
    assert_false(a.p.refused);
    assert_true(a.p.usage);
    close_ask(&a);
}

static void an_overloaded_server_is_measured_unprobed(void **state)
{
    (void)state;
    const struct reply busy[] = {{"503 Busy", "Retry-After: 0\r\n", ""}};
    struct ask a;
    open_ask(&a, busy, 1);
    probe(&a);
    assert_int_equal(a.rc, 0);
    assert_true(a.p.refused);
    assert_int_equal(a.p.status, 503);
    assert_int_equal(a.g.requests, 3);
    close_ask(&a);
}

static void models_are_asked_where_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *url_path, *asked;
    } paths[] = {{"", "GET /v1/models HTTP"},
                 {"/v1/chat/completions", "GET /v1/models HTTP"},
                 {"/a/b/completions/", "GET /a/b/models HTTP"},
                 {"/generate", "GET /v1/models HTTP"}};
    const struct reply list = {"200 OK", JSON_TYPE,
                               "{\"object\":\"list\",\"data\":[{\"id\":\"first\"},{\"id\":\"second\"}]}"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct rig g;
        struct target t;
        struct probe p = {.timeout = 10 * NS_PER_S};
        char url[128];
        rig_start(&g, &list, 1);
        snprintf(url, sizeof url, "%s%s", g.url, paths[i].url_path);
        struct target_opts o = {.url = url, .default_path = "/v1/chat/completions"};
        assert_int_equal(target_open(&t, &o, NULL), 0);
        const struct api_ops *ops = api_of_path(str_of(paths[i].url_path));
        if (!ops)
            ops = api_find(STR("openai-chat"));
        assert_int_equal(probe_model(&t, ops, NULL, &p, NULL), 0);
        assert_string_equal(p.model, "first");
        assert_int_equal(probe_model(&t, ops, "second", &p, NULL), 0); /* listed, though not first */
        assert_string_equal(p.model, "second");
        assert_int_equal(probe_model(&t, ops, "third", &p, NULL), 0);
        assert_string_equal(p.model, "first");
        rig_stop(&g);
        assert_memory_equal(g.log[0], paths[i].asked, strlen(paths[i].asked));
        target_close(&t);
        rig_free(&g);
    }
}

/* Each dialect has its list, beside its own path. */
static void every_dialect_has_its_list(void **state)
{
    (void)state;
    static const struct {
        const char *api, *url_path, *asked, *list, *model;
    } cases[] = {
        {"ollama-chat", "", "GET /api/tags HTTP", "{\"models\":[{\"name\":\"llama3.2:latest\",\"size\":1}]}",
         "llama3.2:latest"},
        {"ollama-generate", "/x/api/generate", "GET /x/api/tags HTTP",
         "{\"models\":[{\"name\":\"a\"},{\"name\":\"b\"}]}", "a"},
        {"anthropic-messages", "/anthropic/v1/messages/", "GET /anthropic/v1/models HTTP",
         "{\"data\":[{\"type\":\"model\",\"id\":\"m-1\",\"display_name\":\"M\"}]}", "m-1"},
        {"openai-responses", "/v1/responses", "GET /v1/models HTTP", "{\"data\":[{\"id\":\"m-2\"}]}", "m-2"},
        {"tgi", "/generate_stream", "GET /info HTTP", "{\"model_id\":\"org/m\",\"router\":\"text-generation-router\"}",
         "org/m"},
        {"tgi", "/y/generate", "GET /y/info HTTP", "{\"max_input_tokens\":1}", ""}, /* it may keep it to itself */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct reply list = {"200 OK", JSON_TYPE, cases[i].list};
        const struct api_ops *ops = api_find(str_of(cases[i].api));
        struct rig g;
        struct target t;
        struct probe p = {.timeout = 10 * NS_PER_S};
        char url[128];
        rig_start(&g, &list, 1);
        snprintf(url, sizeof url, "%s%s", g.url, cases[i].url_path);
        struct target_opts o = {.url = url, .default_path = api_path(ops, true)};
        assert_int_equal(target_open(&t, &o, NULL), 0);
        assert_int_equal(probe_model(&t, ops, NULL, &p, NULL), 0);
        assert_string_equal(p.model, cases[i].model);
        rig_stop(&g);
        assert_memory_equal(g.log[0], cases[i].asked, strlen(cases[i].asked));
        target_close(&t);
        rig_free(&g);
    }
}

/* JSON lines are a stream too; an error line is an error; counts of the output alone are told apart. */
static void json_lines_are_probed(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        int rc;
        bool usage, input;
        const char *says;
    } cases[] = {
        {"{\"message\":{\"content\":\"a\"},\"done\":false}\n"
         "{\"message\":{\"content\":\"\"},\"done\":true,\"eval_count\":1,\"prompt_eval_count\":3}\n",
         0, true, true, NULL},
        {"{\"message\":{\"content\":\"a\"},\"done\":false}\n{\"done\":true,\"eval_count\":1}", 0, true, false, NULL},
        {"{\"error\":\"model requires more system memory\"}\n", -1, false, false, "model requires more system memory"},
        {"{\"hello\":1}\n", -1, false, false, "the answer is not ollama-chat's JSON"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct reply r = {"200 OK", "Content-Type: application/x-ndjson\r\n", cases[i].lines};
        struct rig g;
        struct target t;
        struct probe p = {.timeout = 10 * NS_PER_S};
        struct err e = {0};
        struct api_opts o = {.model = "m", .max_tokens = -1, .temperature = NAN, .stream = true};
        struct dataset *ds = dataset_of_prompt("Hi");
        rig_start(&g, &r, 1);
        struct target_opts to = {.url = g.url, .default_path = "/api/chat", .stream = true, .lines = true};
        assert_int_equal(target_open(&t, &to, NULL), 0);
        assert_int_equal(probe_request(&t, api_find(STR("ollama-chat")), &o, dataset_at(ds, 0), &p, &e), cases[i].rc);
        assert_true(p.streamed);
        assert_int_equal(p.usage, cases[i].usage);
        assert_int_equal(p.usage_input, cases[i].input);
        if (cases[i].says && !strstr(e.text, cases[i].says))
            fail_msg("%s", e.text);
        rig_stop(&g);
        assert_non_null(strstr(g.log[0], "\r\nAccept: application/x-ndjson, application/json\r\n"));
        assert_non_null(strstr(g.log[0], "\"options\":{\"num_predict\":8}"));
        target_close(&t);
        dataset_free(&ds);
        rig_free(&g);
    }
}

/* OpenAI refuses a limit below 16 there; what the user asks for is asked all the same. */
static void a_probe_is_not_too_small(void **state)
{
    (void)state;
    static const struct {
        int64_t max_tokens;
        const char *sent;
    } cases[] = {{-1, "\"max_output_tokens\":16"}, {200, "\"max_output_tokens\":16"}, {5, "\"max_output_tokens\":5"}};
    const struct reply r = {"200 OK", JSON_TYPE, "{\"status\":\"completed\",\"output\":[]}"};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rig g;
        struct target t;
        struct probe p = {.timeout = 10 * NS_PER_S};
        struct err e = {0};
        struct api_opts o = {.model = "m", .max_tokens = cases[i].max_tokens, .temperature = NAN};
        struct dataset *ds = dataset_of_prompt("Hi");
        rig_start(&g, &r, 1);
        struct target_opts to = {.url = g.url, .default_path = "/v1/responses"};
        assert_int_equal(target_open(&t, &to, NULL), 0);
        assert_int_equal(probe_request(&t, api_find(STR("openai-responses")), &o, dataset_at(ds, 0), &p, &e), 0);
        rig_stop(&g);
        assert_non_null(strstr(g.log[0], cases[i].sent));
        target_close(&t);
        dataset_free(&ds);
        rig_free(&g);
    }
}

static void no_model_is_an_error(void **state)
{
    (void)state;
    static const struct {
        struct reply r;
        const char *say;
    } cases[] = {{{"404 Not Found", "", ""}, "give --model"},
                 {{"401 No", "", ""}, "--api-key-file"},
                 {{"200 OK", JSON_TYPE, "{\"data\":[]}"}, "names no model"},
                 {{"200 OK", JSON_TYPE, "junk"}, "names no model"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ask a;
        open_ask(&a, &cases[i].r, 1);
        assert_int_equal(probe_model(&a.t, api_find(STR("openai-chat")), NULL, &a.p, &a.e), -1);
        assert_int_equal(a.e.code, ERR_USAGE);
        assert_non_null(strstr(a.e.text, cases[i].say));
        rig_stop(&a.g);
        close_ask(&a);
    }
}

static void versions_are_asked_but_not_needed(void **state)
{
    (void)state;
    const struct reply said[] = {{"200 OK", JSON_TYPE, "{\"version\":\"1.2.3\"}"}, {"404 No", "", ""}};
    struct ask a;
    open_ask(&a, said, 2);
    probe_version(&a.t, &a.p);
    assert_string_equal(a.p.server_version, "1.2.3");
    a.p.server_version[0] = 0;
    probe_version(&a.t, &a.p);
    assert_string_equal(a.p.server_version, "");
    rig_stop(&a.g);
    assert_memory_equal(a.g.log[0], "GET /version HTTP/1.1", 21);
    close_ask(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_answer_settles_everything),
        cmocka_unit_test(documents_are_answers_too),
        cmocka_unit_test(what_the_run_can_do_without_is_left_out),
        cmocka_unit_test(counts_in_each_event_are_asked_for_once),
        cmocka_unit_test(each_refusal_has_its_remedy),
        cmocka_unit_test(a_passing_fault_passes),
        cmocka_unit_test(an_overloaded_server_is_measured_unprobed),
        cmocka_unit_test(models_are_asked_where_they_are),
        cmocka_unit_test(every_dialect_has_its_list),
        cmocka_unit_test(json_lines_are_probed),
        cmocka_unit_test(a_probe_is_not_too_small),
        cmocka_unit_test(no_model_is_an_error),
        cmocka_unit_test(versions_are_asked_but_not_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
