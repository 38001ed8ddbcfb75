/* test_api_sglang.c - SGLang's /generate: requests, and exchanges as its server sends them. */
#include "api_rig.h"

static const struct plan_msg hello[] = {{ROLE_SYSTEM, STR("Be brief."), {0}}, {ROLE_USER, STR("Say \\\"hi\\\""), {0}}};
static const struct plan_sample sample = {.msgs = hello, .n_msgs = 2, .max_tokens = 7};
static const struct plan_sample free_sample = {.msgs = hello, .n_msgs = 2, .max_tokens = -1};

static void requests(void **state)
{
    (void)state;
    struct api_opts o = rig_plain;
    o.model = "not named"; /* one server has one model */
    rig_assert_body("sglang", &o, &sample,
                    "{\"text\":\"Be brief.\\nSay \\\"hi\\\"\",\"sampling_params\":{\"max_new_tokens\":7},\"stream\":"
                    "true}");
    rig_assert_body("sglang", &o, &free_sample,
                    "{\"text\":\"Be brief.\\nSay \\\"hi\\\"\",\"sampling_params\":{},\"stream\":true}");
    o.max_tokens = 16;
    o.temperature = 0;
    o.ignore_eos = true;
    o.stream = false;
    o.extra_body = "{\"sampling_params\":{\"top_p\":0.9},\"return_logprob\":true}";
    char *body = rig_body("sglang", &o, &sample, "[n] ");
    assert_non_null(strstr(body, "{\"text\":\"[n] Be brief."));
    assert_non_null(strstr(body, "\"max_new_tokens\":16"));
    assert_null(strstr(body, "\"max_new_tokens\":7"));
    assert_non_null(strstr(body, "\"temperature\":0"));
    assert_non_null(strstr(body, "\"ignore_eos\":true"));
    assert_non_null(strstr(body, "\"top_p\":0.9"));
    assert_non_null(strstr(body, "\"return_logprob\":true"));
    assert_non_null(strstr(body, "\"stream\":false"));
    free(body);
}

#define META(finish, n)                                                                                                \
    "\"meta_info\":{\"id\":\"7f3\",\"finish_reason\":" finish ",\"prompt_tokens\":6,\"weight_version\":\"default\","   \
    "\"completion_tokens\":" n ",\"cached_tokens\":2,\"e2e_latency\":0.31}"

static void each_event_is_what_is_new(void **state)
{
    (void)state;
    rig_assert_stream(
        "sglang",
        "data: {\"text\":\" Paris\",\"output_ids\":[12095]," META(
            "null", "1") "}\n\n"
                         "data: {\"text\":\" Paris\"," META(
                             "null", "2") "}\n\n" /* held back: half a character */
                                          "data: {\"text\":\" Paris, \\\"the\"," META(
                                              "null",
                                              "4") "}\n\n"
                                                   "data: {\"text\":\" Paris, \\\"the \\ud83d\\ude80 end.\"," META(
                                                       "{\"type\":\"length\",\"length\":8}", "8") "}\n\n"
                                                                                                  "data: [DONE]\n\n",
        "C~ Paris~ counts=6/1/2\n"
        "counts=6/2/2\n"
        "C~, \\\"the~ counts=6/4/2\n"
        "C~ \\ud83d\\ude80 end.~ finish=length counts=6/8/2\n"
        "terminal\n");
}

/* --incremental-streaming-output */
static void a_server_may_send_only_what_is_new(void **state)
{
    (void)state;
    rig_assert_stream(
        "sglang",
        "data: {\"text\":\" Paris\"," META("null", "1") "}\n\n"
                                                        "data: {\"text\":\", the\"," META(
                                                            "null", "3") "}\n\n"
                                                                         "data: {\"text\":\" Paris\"," META(
                                                                             "{\"type\":\"stop\",\"matched\":2}",
                                                                             "5") "}\n\n"
                                                                                  "data: [DONE]\n\n",
        "C~ Paris~ counts=6/1/2\nC~, the~ counts=6/3/2\nC~ Paris~ finish=stop counts=6/5/2\nterminal\n");
}

/* One stream; a letter per event (T: token, t: token without text, -: none), and all text put together. */
static void assert_tokens(const char *const *events, size_t n, const char *want, const char *want_text)
{
    struct api_memo m = {0};
    struct buf told = BUF_INIT(1u << 10), text = BUF_INIT(1u << 10);
    for (size_t i = 0; i < n; i++) {
        struct api_event ev;
        assert_int_equal(api_memo_event(rig_ops("sglang"), &m, STR(""), str_of(events[i]), &ev), API_OK);
        buf_addc(&told, !(ev.flags & API_CONTENT) ? '-' : ev.n_texts > 0 ? 'T' : 't');
        assert_int_equal(ev.text_bytes, ev.n_texts > 0 ? ev.text[0].n : 0);
        if (ev.n_texts > 0)
            buf_adds(&text, ev.text[0]);
    }
    assert_string_equal(told.p, want);
    assert_string_equal(text.p, want_text);
    buf_free(&told);
    buf_free(&text);
    api_memo_free(&m);
}

#define EV(text, n) "{\"text\":\"" text "\"," META("null", n) "}"
#define LAST(text, n) "{\"text\":\"" text "\"," META("{\"type\":\"stop\",\"matched\":2}", n) "}"

static void a_token_may_bring_no_text(void **state)
{
    (void)state;
    static const char *const equal[] = {EV("!", "1"), EV("!", "2"), EV("!", "3"), EV("!", "3"), LAST("", "4")};
    static const char *const lead[] = {EV("\\n", "1"), EV("\\n", "2"), EV("The", "3"), EV("\\n", "4"), LAST("", "4")};
    static const char *const shorter[] = {EV("!!", "2"), EV("!", "3"), EV("!", "4"), EV("", "5"), EV("!", "6")};
    static const char *const held[] = {EV("", "1"),  EV("a", "2"),        EV("a", "3"),
                                       EV("a", "3"), EV("a\\u00e9", "4"), LAST("a\\u00e9", "5")};
    static const char *const back[] = {EV("ab", "1"), EV("ab EN", "2"), LAST("ab", "3")}; /* a stop string */
    static const char *const uncounted[] = {"{\"text\":\"a\"}", "{\"text\":\"a\"}", "{\"text\":\"\"}"};
    assert_tokens(equal, ARRAY_LEN(equal), "Ttt-t", "!");
    assert_tokens(lead, ARRAY_LEN(lead), "TtTT-", "\\nThe\\n");
    assert_tokens(shorter, ARRAY_LEN(shorter), "TTTtT", "!!!!!");
    assert_tokens(held, ARRAY_LEN(held), "-Tt-Tt", "a\\u00e9");
    assert_tokens(back, ARRAY_LEN(back), "TTt", "ab EN");
    assert_tokens(uncounted, ARRAY_LEN(uncounted), "T--", "a");
}

static void the_next_stream_begins_anew(void **state)
{
    (void)state;
    static const char *const events[] = {"{\"text\":\"ab\"}", "{\"text\":\"abcd\"}"};
    struct api_memo m = {0};
    for (int stream = 0; stream < 2; stream++) {
        for (size_t i = 0; i < ARRAY_LEN(events); i++) {
            struct api_event ev;
            assert_int_equal(api_memo_event(rig_ops("sglang"), &m, STR(""), str_of(events[i]), &ev), API_OK);
            assert_int_equal(ev.n_texts, 1);
            assert_true(str_eqz(ev.text[0], i ? "cd" : "ab"));
            assert_int_equal(ev.text_bytes, 2);
        }
        api_memo_reset(&m);
    }
    api_memo_free(&m);
}

/* Whatever is cut off: the parts put together are the answer, and no piece begins before the last one ended. */
static void parts_make_the_whole(void **state)
{
    (void)state;
    enum { N = 300 };
    char text[N + 1];
    struct api_memo m = {0};
    struct buf got = BUF_INIT(1u << 16);
    for (int i = 0; i < N; i++)
        text[i] = (char)('a' + i * 7 % 26);
    text[N] = 0;
    for (int n = 1; n <= N; n += 1 + n % 5) {
        char event[N + 64];
        struct api_event ev;
        int len = snprintf(event, sizeof event, "{\"text\":\"%.*s\"}", n, text);
        assert_int_equal(api_memo_event(rig_ops("sglang"), &m, STR(""), (struct str){event, (size_t)len}, &ev), API_OK);
        buf_adds(&got, ev.text[0]);
        assert_int_equal(got.n, n);
    }
    assert_memory_equal(got.p, text, got.n);
    buf_free(&got);
    api_memo_free(&m);
}

static void errors_and_documents(void **state)
{
    (void)state;
    rig_assert_stream("sglang", "data: {\"error\":{\"message\":\"too long\"}}\n\ndata: [DONE]\n\n",
                      "error~{\"message\":\"too long\"}~\nterminal\n");
    rig_assert_stream("sglang",
                      "data: {\"text\":\"a\"," META("{\"type\":\"abort\",\"message\":\"out of memory\"}", "1") "}\n\n",
                      "C~a~ counts=6/1/2 error~{\"type\":\"abort\",\"message\":\"out of memory\"}~\n");
    rig_assert_document("sglang", "{\"text\":\" Paris.\"," META("{\"type\":\"stop\",\"matched\":128009}", "3") "}",
                        "C~ Paris.~ finish=stop counts=6/3/2\n");
    rig_assert_document("sglang", "{\"text\":\" Pa", "refused\n");
    rig_assert_document("sglang", "[1]", "refused\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(each_event_is_what_is_new),
        cmocka_unit_test(a_server_may_send_only_what_is_new),
        cmocka_unit_test(a_token_may_bring_no_text),
        cmocka_unit_test(the_next_stream_begins_anew),
        cmocka_unit_test(parts_make_the_whole),
        cmocka_unit_test(errors_and_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
