/* test_api_llm_on_ray.c - LLM-on-Ray's simple protocol: what its benchmark sends, and what its servers answer. */
#include "api_rig.h"

static const struct plan_msg msgs[] = {
    {ROLE_USER, STR("Once upon a time"), {0}}, {ROLE_ASSISTANT, STR("there"), {0}}, {ROLE_USER, STR("go on"), {0}}};

static void requests(void **state)
{
    (void)state;
    struct plan_sample one = {.msgs = msgs, .n_msgs = 1, .max_tokens = 32};
    struct plan_sample three = {.msgs = msgs, .n_msgs = 3, .max_tokens = -1};
    struct api_opts o = rig_plain;
    rig_assert_body("llm-on-ray", &o, &one,
                    "{\"text\":\"Once upon a time\",\"config\":{\"max_new_tokens\":32},\"stream\":true}");
    o.max_tokens = 64;
    o.temperature = 0.7;
    o.extra_body = "{\"config\":{\"do_sample\":true}}";
    rig_assert_body(
        "llm-on-ray", &o, &three,
        "{\"text\":[{\"role\":\"user\",\"content\":\"Once upon a time\"},{\"role\":\"assistant\",\"content\":"
        "\"there\"},{\"role\":\"user\",\"content\":\"go on\"}],\"config\":{\"max_new_tokens\":64,"
        "\"temperature\":0.7,\"do_sample\":true},\"stream\":true}");
}

static void streams_are_bare_text(void **state)
{
    (void)state;
    const struct api_ops *ops = rig_ops("llm-on-ray");
    assert_int_equal(api_framing_of(ops, true, STR("text/plain; charset=utf-8")), API_TEXT);
    assert_int_equal(api_framing_of(ops, true, STR("application/json")), API_WHOLE);
    assert_int_equal(api_framing_of(ops, false, STR("text/plain")), API_WHOLE);
    assert_int_equal(api_framing_of(rig_ops("openai-chat"), true, STR("text/plain")), API_WHOLE);
    static const char *const pieces[] = {"there", " was", " a \"weir\"\\n", "plain", "{\"text\":1}"};
    struct api_memo m = {0};
    bool in_word = false;
    uint64_t words = 0;
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        struct api_event ev;
        assert_int_equal(api_memo_event(ops, &m, STR(""), str_of(pieces[i]), &ev), API_OK);
        assert_int_equal(ev.flags, API_CONTENT);
        assert_true(ev.plain);
        assert_true(str_eqz(ev.text[0], pieces[i]));
        words += api_count_plain_words(ev.text[0], &in_word);
    }
    assert_int_equal(words, 4); /* a backslash is one here */
    api_memo_free(&m);
}

static void answers(void **state)
{
    (void)state;
    static const char *const recorded[][2] = {
        {"{\"text\":\"there was a weir\",\"input_length\":4,\"generate_length\":5}",
         "C~there was a weir~ counts=4/5/- result\n"},
        {"[{\"text\":\"there\",\"input_length\":4,\"generate_length\":5}]", "C~there~ counts=4/5/- result\n"},
        {"{\"generated_text\":\"there\",\"num_input_tokens\":4,\"num_input_tokens_batch\":4,\"num_generated_tokens\":6,"
         "\"preprocessing_time\":0.002}",
         "C~there~ counts=4/6/- result\n"},
        {"[\"there was\"]", "C~there was~\n"},
        {"there was\na weir", "C~there was\na weir~ plain\n"},
        {"{curly words}", "C~{curly words}~ plain\n"},
        {"42 is the answer", "C~42 is the answer~ plain\n"},
        {"{\"text\":\"\",\"generate_length\":0}", "counts=-/0/- result\n"},
        {"", "\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(recorded); i++)
        rig_assert_document("llm-on-ray", recorded[i][0], recorded[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(streams_are_bare_text),
        cmocka_unit_test(answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
