/* Exchanges in the form that Ollama's server gives them (its docs/api.md). */
#include "api_show.h"

#define HEAD "{\"model\":\"llama3.2\",\"created_at\":\"2026-01-02T03:04:05.67"
#define TIMES                                                                                                          \
    "\"total_duration\":4883583458,\"load_duration\":1334875,\"prompt_eval_duration\":342546000,"                      \
    "\"eval_duration\":4535599000"

static void chat_streams(void **state)
{
    assert_stream(
        "ollama-chat",
        HEAD "1Z\",\"message\":{\"role\":\"assistant\",\"content\":\"The\"},\"done\":false}\n" HEAD
             "2Z\",\"message\":{\"role\":\"assistant\",\"content\":\" sky \\u00e9\"},\"done\":false}\n" HEAD
             "3Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\"," TIMES
             ",\"prompt_eval_count\":26,\"eval_count\":298}\n",
        "C[The] C[ sky \\u00e9] U(26,298,-1,-1) F1 END");
    /* thoughts first; a prompt that was cached is not counted; the limit was reached */
    assert_stream(
        "ollama-chat",
        HEAD
        "1Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"Hm\"},\"done\":false}\n" HEAD
        "2Z\",\"message\":{\"role\":\"assistant\",\"content\":\"Yes\"},\"done\":false}\n" HEAD
        "3Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"length\"," TIMES
        ",\"eval_count\":2}",
        "R[Hm] C[Yes] U(-1,2,-1,-1) F2 END");
    assert_stream(
        "ollama-chat",
        HEAD "1Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{\"function\":{\"name\":"
             "\"weather\",\"arguments\":{\"city\":\"Bern\"}}}]},\"done\":false}\n" HEAD
             "2Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\"}\n",
        "T[weather] F1 END");
    assert_stream("ollama-chat",
                  HEAD "1Z\",\"message\":{\"role\":\"assistant\",\"content\":\"a\"},\"done\":false}\n"
                       "{\"error\":\"an error was encountered while running the model\"}\n",
                  "C[a] E[\"an error was encountered while running the model\"]");
    assert_stream("ollama-chat", HEAD "1Z\",\"mess\n", "BAD");
}

static void generate_streams(void **state)
{
    assert_stream("ollama-generate",
                  HEAD "1Z\",\"response\":\"The\",\"done\":false}\n" HEAD
                       "2Z\",\"response\":\" sky\",\"done\":false}\n" HEAD
                       "3Z\",\"response\":\"\",\"done\":true,\"done_reason\":\"stop\",\"context\":[1,2,3]," TIMES
                       ",\"prompt_eval_count\":5,\"eval_count\":2}\n",
                  "C[The] C[ sky] U(5,2,-1,-1) F1 END");
    assert_stream("ollama-generate", HEAD "1Z\",\"response\":\"\",\"thinking\":\"so\",\"done\":false}\n", "R[so]");
    assert_stream("ollama-generate", HEAD "1Z\",\"response\":\"\",\"done\":true,\"done_reason\":\"load\"}\n", "F5 END");
}

static void whole_answers(void **state)
{
    assert_document(
        "ollama-chat",
        HEAD "1Z\",\"message\":{\"role\":\"assistant\",\"content\":\"The sky\"},\"done_reason\":\"stop\",\"done\":"
             "true," TIMES ",\"prompt_eval_count\":26,\"eval_count\":2}",
        "C[The sky] U(26,2,-1,-1) F1 END");
    assert_document("ollama-generate",
                    HEAD "1Z\",\"response\":\"The sky\",\"done\":true,\"done_reason\":\"length\",\"eval_count\":2}",
                    "C[The sky] U(-1,2,-1,-1) F2 END");
    assert_document("ollama-generate", "{\"error\":\"model 'x' not found\"}", "E[\"model 'x' not found\"]");
    assert_document("ollama-chat", "[]", "BAD");
    assert_document("ollama-chat", "{\"message\":3,\"done\":0,\"eval_count\":-4,\"prompt_eval_count\":1.5e3}",
                    "U(1500,-1,-1,-1)");
}

static void numbers_of_the_last_line_are_figures(void **state)
{
    struct api_event ev;
    const struct api_ops *chat = api_find(STR("ollama-chat")), *generate = api_find(STR("ollama-generate"));
    struct str last = STR(HEAD "3Z\",\"response\":\"\",\"done\":true," TIMES ",\"eval_count\":2}");
    (void)state;
    assert_int_equal(generate->event(STR(""), STR(HEAD "1Z\",\"response\":\"The\",\"done\":false}"), &ev), API_OK);
    assert_int_equal(ev.figures.n, 0);
    assert_int_equal(generate->event(STR(""), last, &ev), API_OK);
    assert_true(str_eq(ev.figures, last) && ev.figures_ns);
    assert_int_equal(chat->document(last, &ev), API_OK);
    assert_true(str_eq(ev.figures, last) && ev.figures_ns);
}

static void options_lie_in_an_object(void **state)
{
    struct api_opts o = plain;
    struct plan_sample s = sample_of(talk, 4, 33);
    struct jdoc *d = asked("ollama-chat", &o, &s, "N ");
    jnode *r = jdoc_root(d), *m = jn_get(r, "messages");
    assert_int_equal(jn_len(r), 4); /* messages, model, stream, options */
    assert_int_equal(jn_len(m), 4);
    assert_text(jn_get(jn_at(m, 0), "role"), "system");
    assert_text(jn_get(jn_at(m, 0), "content"), "N Be \"brief\".");
    assert_text(jn_get(jn_at(m, 3), "content"), "Why?\n");
    assert_true(jn_bool(jn_get(r, "stream"), false));
    assert_int_equal(jn_i64(jn_get(r, "options.num_predict"), 0), 33);
    assert_int_equal(jn_len(jn_get(r, "options")), 1);
    jdoc_free(&d);

    o.temperature = 0.5; /* the sample's limit in front of what is there */
    o.extra_body = "{\"options\":{\"top_k\":3},\"keep_alive\":\"5m\"}";
    d = asked("ollama-generate", &o, &s, "N ");
    r = jdoc_root(d);
    assert_text(jn_get(r, "prompt"), "N Be \"brief\".\nHi\nHello\nWhy?\n");
    assert_int_equal(jn_i64(jn_get(r, "options.num_predict"), 0), 33);
    assert_int_equal(jn_i64(jn_get(r, "options.top_k"), 0), 3);
    assert_float_equal(jn_f64(jn_get(r, "options.temperature"), 0), 0.5, 1e-12);
    assert_text(jn_get(r, "keep_alive"), "5m");
    jdoc_free(&d);

    o.extra_body = "{\"options\":{\"num_predict\":8}}"; /* the user's wins, and stands once */
    o.temperature = NAN;
    d = asked("ollama-generate", &o, &s, "");
    assert_int_equal(jn_i64(jn_get(jdoc_root(d), "options.num_predict"), 0), 8);
    jdoc_free(&d);

    s.max_tokens = -1;
    o.extra_body = NULL;
    o.stream = false;
    d = asked("ollama-chat", &o, &s, "");
    assert_false(jn_bool(jn_get(jdoc_root(d), "stream"), true));
    assert_int_equal(jn_len(jn_get(jdoc_root(d), "options")), 0);
    jdoc_free(&d);
}

static void what_cannot_be_said_is_refused(void **state)
{
    struct api a;
    struct err e = {0};
    struct api_opts o = plain;
    o.extra_body = "{\"options\":3}";
    assert_int_equal(api_prepare(&a, api_find(STR("ollama-chat")), &o, &e), -1);
    assert_non_null(strstr(e.text, "\"options\" must be an object"));
    api_free(&a);
    o.extra_body = "{\"system\":\"x\"}";
    assert_int_equal(api_prepare(&a, api_find(STR("ollama-generate")), &o, &e), -1);
    assert_non_null(strstr(e.text, "\"system\" is set by weir"));
    api_free(&a);
    struct plan_msg parts = {
        ROLE_USER, {0}, STR("{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}")};
    struct plan_sample s = sample_of(&parts, 1, -1);
    assert_refused("ollama-chat", &s, "data:7: message 1 has content parts");
    assert_refused("ollama-generate", &s, "message 1 is not plain text");
    parts.raw_json = STR("{\"role\":\"user\",\"content\":\"what is this?\",\"images\":[\"iVBO\"]}");
    assert_int_equal(api_find(STR("ollama-chat"))->check(&s, &e), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chat_streams),
        cmocka_unit_test(generate_streams),
        cmocka_unit_test(whole_answers),
        cmocka_unit_test(numbers_of_the_last_line_are_figures),
        cmocka_unit_test(options_lie_in_an_object),
        cmocka_unit_test(what_cannot_be_said_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
