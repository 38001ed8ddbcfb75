#include "sim_rig.h"

static void asks(void **state)
{
    (void)state;
    struct ask a = rig_ask(
        &sim_sglang, "{\"text\":\"two words\",\"sampling_params\":{\"max_new_tokens\":5,\"top_p\":1},\"stream\":true}");
    assert_true(a.stream && a.max_tokens == 5 && a.prompt_tokens == 2);
    a = rig_ask(&sim_sglang, "{\"text\":\"x\",\"sampling_params\":null}");
    assert_true(!a.stream && a.max_tokens == 0);
    rig_refused(&sim_sglang, "{\"sampling_params\":{}}", "text");
    rig_refused(&sim_sglang, "{\"text\":7}", "'text' must be a string");
    rig_refused(&sim_sglang, "{\"text\":\"x\",\"sampling_params\":[]}", "must be an object");
    rig_refused(&sim_sglang, "{\"text\":\"x\",\"sampling_params\":{\"max_new_tokens\":0}}", "at least 1");
    rig_refused(&sim_sglang, "{\"text\":\"x\"", "not valid JSON");
}

#define META(finish, n)                                                                                                \
    "\"output_ids\":[1],\"meta_info\":{\"id\":\"0000000000000002\",\"finish_reason\":" finish ",\"prompt_tokens\":3,"  \
    "\"weight_version\":\"default\",\"completion_tokens\":" n ",\"cached_tokens\":0}}\n\n"

static void answers(void **state)
{
    (void)state;
    static const char *const words[] = {"a", " \\\"b", "\\nc"};
    rig_streams(&sim_sglang, words, 3, RIG_END,
                "data: {\"text\":\"a\"," META("null", "1") "data: {\"text\":\"a \\\"b\"," META(
                    "null", "2") "data: {\"text\":\"a \\\"b\\nc\"," META("{\"type\":\"length\",\"length\":3}",
                                                                         "3") "data: [DONE]\n\n");
    rig_streams(&sim_sglang, words, 0, RIG_ERROR,
                "data: {\"error\":{\"message\":\"The simulated engine failed.\"}}\n\ndata: [DONE]\n\n");
    rig_streams(&sim_sglang, words, 0, RIG_BAD_JSON, "data: {\"text\":\"cut of\n\n");
    struct jdoc *d = rig_body(&sim_sglang, "{\"text\":\"x y z\"}");
    rig_assert_words(jn_get(jdoc_root(d), "text"));
    rig_assert_i64(d, "meta_info.completion_tokens", 2);
    rig_assert_i64(d, "meta_info.prompt_tokens", 3);
    jdoc_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(asks), cmocka_unit_test(answers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
