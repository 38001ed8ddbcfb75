#include "sim_rig.h"

static void asks(void **state)
{
    (void)state;
    struct ask a = rig_ask(&sim_llm_on_ray,
                           "{\"text\":\"a b\",\"config\":{\"max_new_tokens\":32,\"do_sample\":false},\"stream\":true}");
    assert_true(a.stream && a.max_tokens == 32 && a.prompt_tokens == 2);
    a = rig_ask(&sim_llm_on_ray,
                "{\"text\":[{\"role\":\"user\",\"content\":\"a b c\"}],\"config\":{},\"stream\":false}");
    assert_true(!a.stream && a.prompt_tokens == 3);
    rig_refused(&sim_llm_on_ray, "{\"text\":\"a\",\"config\":{}}", "'stream' is missing");
    rig_refused(&sim_llm_on_ray, "{\"stream\":true}", "'text' is missing");
}

static void answers(void **state)
{
    (void)state;
    static const char *const words[] = {"a", " \\\"b\\u00e9\\\"", "\\nc"};
    rig_streams(&sim_llm_on_ray, words, 3, RIG_END, "a \"b\303\251\"\nc");
    rig_streams(&sim_llm_on_ray, words, 1, RIG_ERROR, "a");
    assert_string_equal(sim_llm_on_ray.stream_type, "text/plain; charset=utf-8");
    struct jdoc *d = rig_body(&sim_llm_on_ray, "{\"text\":\"x y z\",\"stream\":false}");
    rig_assert_words(jn_get(jdoc_root(d), "text"));
    rig_assert_i64(d, "input_length", 3);
    rig_assert_i64(d, "generate_length", 2);
    jdoc_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(asks), cmocka_unit_test(answers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
