/* test_api_rerank.c - rankings in Cohere's, Jina's and vLLM's form. */
#include "api_rig.h"

static const struct plan_msg msgs[] = {{ROLE_USER, STR("what is a weir"), {0}},
                                       {ROLE_USER, STR("A weir is a \\\"barrier\\\"."), {0}},
                                       {ROLE_USER, STR(""), {0}}};
static const struct plan_sample sample = {.msgs = msgs, .n_msgs = 3, .max_tokens = 7};

static void requests(void **state)
{
    (void)state;
    struct api_opts o = rig_plain;
    o.stream = false;
    rig_assert_body("rerank", &o, &sample,
                    "{\"query\":\"what is a weir\",\"documents\":[\"A weir is a \\\"barrier\\\".\",\"\"]}");
    o.model = "m";
    o.extra_body = "{\"top_n\":1,\"return_documents\":false}";
    rig_assert_body(
        "rerank", &o, &sample,
        "{\"query\":\"what is a weir\",\"documents\":[\"A weir is a \\\"barrier\\\".\",\"\"],\"model\":\"m\","
        "\"top_n\":1,\"return_documents\":false}");
    char *body = rig_body("rerank", &o, &sample, "[1] ");
    assert_non_null(strstr(body, "\"query\":\"[1] what"));
    free(body);
}

static void many_documents_are_copied_alike(void **state)
{
    (void)state;
    struct plan_msg many[100];
    struct api_opts o = rig_plain;
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = (struct plan_msg){ROLE_USER, STR("d"), {0}};
    for (uint32_t n = 2; n <= ARRAY_LEN(many); n++) {
        struct plan_sample s = {.msgs = many, .n_msgs = n, .max_tokens = -1};
        char *body = rig_body("rerank", &o, &s, "");
        assert_int_equal(strlen(body), strlen("{\"query\":\"d\",\"documents\":[]}") + 4 * (n - 1) - 1);
        free(body);
    }
}

static void one_message_is_no_ranking(void **state)
{
    (void)state;
    struct err e = {0};
    struct plan_sample one = {.msgs = msgs, .n_msgs = 1, .where = STR("f.jsonl:3")};
    assert_int_equal(rig_ops("rerank")->check(&sample, &e), 0);
    assert_int_equal(rig_ops("rerank")->check(&one, &e), -1);
    assert_non_null(strstr(e.text, "f.jsonl:3: one message"));
}

static void answers(void **state)
{
    (void)state;
    static const char *const recorded[][2] = {
        /* Cohere */
        {"{\"results\":[{\"index\":3,\"relevance_score\":0.999071},{\"index\":4,\"relevance_score\":0.7867867}],\"id\":"
         "\"07734bd2\",\"meta\":{\"api_version\":{\"version\":\"2\"},\"billed_units\":{\"search_units\":1}}}",
         "result\n"},
        {"{\"results\":[{\"index\":0,\"relevance_score\":1}],\"meta\":{\"billed_units\":{\"input_tokens\":9},"
         "\"tokens\":"
         "{\"input_tokens\":31,\"output_tokens\":0}}}",
         "usage=31/-/- result\n"},
        /* Jina */
        {"{\"model\":\"jina-reranker-v2-base-multilingual\",\"usage\":{\"total_tokens\":815},\"results\":[{\"index\":0,"
         "\"document\":{\"text\":\"x\"},\"relevance_score\":0.93}]}",
         "usage=815/-/- result\n"},
        /* vLLM, llama.cpp */
        {"{\"id\":\"rerank-17b\",\"model\":\"m\",\"usage\":{\"total_tokens\":56,\"prompt_tokens\":55},\"results\":[{"
         "\"index\":1,\"document\":{\"text\":\"The capital\",\"multi_modal\":null},\"relevance_score\":9e-01}]}",
         "usage=55/-/- result\n"},
        /* Text Embeddings Inference */
        {"[{\"index\":1,\"score\":0.9987},{\"index\":0,\"text\":\"A bird.\",\"score\":1.2e-4}]", "result\n"},
        {"[]", "\n"},
        {"[{\"index\":1,\"score\":null}]", "\n"},
        {"[{\"index\":1,\"score\":0.9}", "refused\n"},
        {"{\"results\":[]}", "\n"},
        {"{\"message\":\"no documents\"}", "\n"},
        {"{\"error\":\"x\"}", "error~\"x\"~\n"},
        {"{\"results\":[{\"index\":0,", "refused\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(recorded); i++)
        rig_assert_document("rerank", recorded[i][0], recorded[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(many_documents_are_copied_alike),
        cmocka_unit_test(one_message_is_no_ranking),
        cmocka_unit_test(answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
