/* test_api_trtllm.c - Triton's generate extension with TensorRT-LLM's members. */
#include "api_rig.h"

static const struct plan_msg hello[] = {{ROLE_USER, STR("Say hi"), {0}}};
static const struct plan_sample sample = {.msgs = hello, .n_msgs = 1, .max_tokens = 7};

static void requests(void **state)
{
    (void)state;
    struct api_opts o = rig_plain;
    rig_assert_body("tensorrt-llm", &o, &sample, "{\"text_input\":\"Say hi\",\"max_tokens\":7,\"stream\":true}");
    o.stream = false;
    o.temperature = 0.5;
    o.max_tokens = 20;
    o.extra_body = "{\"return_num_output_tokens\":true}";
    rig_assert_body("tensorrt-llm", &o, &sample,
                    "{\"text_input\":\"Say hi\",\"max_tokens\":20,\"temperature\":0.5,\"stream\":false,"
                    "\"return_num_output_tokens\":true}");
}

#define EVENT(text)                                                                                                    \
    "data: {\"context_logits\":0.0,\"cum_log_probs\":0.0,\"generation_logits\":0.0,\"model_name\":\"ensemble\","       \
    "\"model_version\":\"1\",\"output_log_probs\":[0.0,0.0],\"sequence_end\":false,\"sequence_id\":0,"                 \
    "\"sequence_start\":false,\"text_output\":\"" text "\"}\n\n"

static void answers(void **state)
{
    (void)state;
    rig_assert_stream("tensorrt-llm", EVENT("This") EVENT(" is") EVENT("") EVENT(" an\\n"),
                      "C~This~\nC~ is~\nresult\nC~ an\\n~\n");
    rig_assert_document("tensorrt-llm",
                        "{\"model_name\":\"ensemble\",\"model_version\":\"1\",\"num_input_tokens\":3,"
                        "\"num_output_tokens\":[4,9],\"sequence_end\":false,\"text_output\":\"This is an answer\"}",
                        "C~This is an answer~ counts=3/4/-\n");
    rig_assert_document("tensorrt-llm", "{\"error\":\"in ensemble 'ensemble', Encountered an error\"}",
                        "error~\"in ensemble 'ensemble', Encountered an error\"~\n");
    rig_assert_stream("tensorrt-llm", "data: {\"error\":\"stopped\"}\n\n", "error~\"stopped\"~\n");
    rig_assert_document("tensorrt-llm", "{\"text_output\":\"a\",\"num_output_tokens\":[]}", "C~a~\n");
    rig_assert_document("tensorrt-llm", "{\"text_output\":", "refused\n");
}

static void its_paths_name_the_model(void **state)
{
    (void)state;
    const struct api_ops *ops = rig_ops("tensorrt-llm");
    assert_ptr_equal(api_of_path(STR("/v2/models/llama/generate_stream")), ops);
    assert_ptr_equal(api_of_path(STR("/v2/models/llama/versions/1/generate")), ops);
    assert_ptr_not_equal(api_of_path(STR("/generate_stream")), ops); /* TGI's */
    assert_string_equal(api_path(ops, true), "/v2/models/ensemble/generate_stream");
    assert_string_equal(api_path(ops, false), "/v2/models/ensemble/generate");
    assert_false(ops->has_terminal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(answers),
        cmocka_unit_test(its_paths_name_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
