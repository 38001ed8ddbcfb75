/* test_api_sagemaker.c - the bodies of LMI containers: DJL Serving's documented examples. */
#include "api_rig.h"

static const struct plan_msg hello[] = {{ROLE_USER, STR("What is Deep Learning?"), {0}}};
static const struct plan_sample sample = {.msgs = hello, .n_msgs = 1, .max_tokens = 256};

static void requests(void **state)
{
    (void)state;
    struct api_opts o = rig_plain;
    rig_assert_body("sagemaker-lmi", &o, &sample,
                    "{\"inputs\":\"What is Deep Learning?\",\"parameters\":{\"max_new_tokens\":256,\"details\":true},"
                    "\"stream\":true}");
    o.temperature = 0.5;
    o.stream = false;
    o.max_tokens = 10;
    rig_assert_body("sagemaker-lmi", &o, &sample,
                    "{\"inputs\":\"What is Deep Learning?\",\"parameters\":{\"max_new_tokens\":10,\"temperature\":0.5,"
                    "\"do_sample\":true,\"details\":true},\"stream\":false}");
    assert_ptr_equal(api_of_path(STR("/endpoints/my-endpoint/invocations")), rig_ops("sagemaker-lmi"));
    assert_ptr_equal(api_of_path(STR("/endpoints/my-endpoint/invocations-response-stream")), rig_ops("sagemaker-lmi"));
}

#define LINES(p, end)                                                                                                  \
    p "{\"token\": {\"id\": 304, \"text\": \"Deep \", \"log_prob\": -0.052432529628276825}}" end p                     \
      "{\"token\": {\"id\": 11157, \"text\": \" Learning\", \"log_prob\": -1.2865009307861328}}" end p                 \
      "{\"token\": {\"id\": 5972, \"text\": \" field.\", \"log_prob\": -0.6950479745864868}, \"generated_text\": "     \
      "\"Deep Learning field.\", \"details\": {\"finish_reason\": \"length\", \"generated_tokens\": 100, \"inputs\": " \
      "\"What is Deep Learning?\"}}" end
#define TOLD "C~Deep ~\nC~ Learning~\nC~ field.~ finish=length counts=-/100/-\n"

static void streams(void **state)
{
    (void)state;
    rig_assert_lines("sagemaker-lmi", LINES("", "\n"), TOLD);
    rig_assert_stream("sagemaker-lmi", LINES("data:", "\n\n"), TOLD);
    rig_assert_lines("sagemaker-lmi", "{\"outputs\": [\"This\"]}\n{\"outputs\": [\" opportunity\"]}\n",
                     "C~This~ finish=-\nC~ opportunity~ finish=-\n");
    assert_int_equal(api_framing_of(rig_ops("sagemaker-lmi"), true, STR("application/jsonlines")), API_LINES);
    assert_int_equal(api_framing_of(rig_ops("sagemaker-lmi"), true, STR("text/event-stream")), API_SSE);
}

static void documents(void **state)
{
    (void)state;
    static const char *const recorded[][2] = {
        {"{\"generated_text\":\"Deep Learning is\",\"details\":{\"finish reason\":\"length\",\"generated_tokens\":8,"
         "\"inputs\":\"What is Deep Learning?\",\"tokens\":[{\"id\":1,\"text\":\"no\"}]}}",
         "C~Deep Learning is~ finish=length counts=-/8/-\n"},
        {"[{\"generated_text\":\"Deep\",\"details\":{\"finish_reason\":\"eos_token\",\"generated_tokens\":1}}]",
         "C~Deep~ finish=stop counts=-/1/-\n"},
        {"[{\"generated_text\":\"Deep\"}]", "C~Deep~ finish=-\n"},
        {"{\"generated_text\":\"\"}", "finish=-\n"},
        {"Deep", "refused\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(recorded); i++)
        rig_assert_document("sagemaker-lmi", recorded[i][0], recorded[i][1]);
}

#define LAST                                                                                                           \
    "{\"token\": {\"id\": -1, \"text\": \"\", \"log_prob\": -1, \"special_token\": true}, \"generated_text\": \"\", "  \
    "\"details\": {\"finish_reason\": \"error\", \"generated_tokens\": null, \"inputs\": null}}"

static void errors_inside_an_answer(void **state)
{
    (void)state;
    rig_assert_document("sagemaker-lmi", "{\"error\":\"bad parameter\",\"code\":424}", "error~\"bad parameter\"~\n");
    rig_assert_lines("sagemaker-lmi", LAST "\n", "finish=- error~" LAST "~\n");
    rig_assert_document("sagemaker-lmi",
                        "{\"generated_text\":\"\",\"details\":{\"finish_reason\":\"error\",\"generated_tokens\":null}}",
                        "finish=- error~{\"generated_text\":\"\",\"details\":{\"finish_reason\":\"error\","
                        "\"generated_tokens\":null}}~\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(streams),
        cmocka_unit_test(documents),
        cmocka_unit_test(errors_inside_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
