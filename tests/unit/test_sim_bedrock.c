#include "sim_rig.h"

static void asks(void **state)
{
    (void)state;
    struct ask a = rig_ask(&sim_converse, "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"a b\"}]}],"
                                          "\"system\":[{\"text\":\"c\"}],\"inferenceConfig\":{\"maxTokens\":7}}");
    assert_true(a.prompt_tokens == 3 && a.max_tokens == 7);
    a = rig_ask(&sim_bedrock_llama, "{\"prompt\":\"a b\",\"max_gen_len\":8,\"temperature\":0}");
    assert_true(a.prompt_tokens == 2 && a.max_tokens == 8);
    a = rig_ask(&sim_bedrock_titan, "{\"inputText\":\"a\",\"textGenerationConfig\":{\"maxTokenCount\":9,\"topP\":1}}");
    assert_true(a.prompt_tokens == 1 && a.max_tokens == 9);
    a = rig_ask(&sim_bedrock_anthropic, "{\"anthropic_version\":\"bedrock-2023-05-31\",\"max_tokens\":5,"
                                        "\"messages\":[{\"role\":\"user\",\"content\":\"a b c\"}]}");
    assert_true(a.prompt_tokens == 3 && a.max_tokens == 5);
    rig_refused(&sim_converse, "{}", "'messages' is missing");
    rig_refused(&sim_bedrock_llama, "{\"max_gen_len\":8}", "'prompt' is missing");
    rig_refused(&sim_bedrock_titan, "{\"inputText\":1}", "'inputText' must be a string");
    rig_refused(&sim_bedrock_anthropic, "{\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}",
                "anthropic_version: Field required");
}

static const char *const words[] = {"a", " b"};

static void streams(void **state)
{
    (void)state;
    rig_streams(
        &sim_converse, words, 2, RIG_END,
        "event: messageStart\ndata: {\"role\":\"assistant\"}\n\n"
        "event: contentBlockDelta\ndata: {\"contentBlockIndex\":0,\"delta\":{\"text\":\"a\"},\"p\":\"abcdefghijk\"}\n\n"
        "event: contentBlockDelta\ndata: {\"contentBlockIndex\":0,\"delta\":{\"text\":\" "
        "b\"},\"p\":\"abcdefghijk\"}\n\n"
        "event: contentBlockStop\ndata: {\"contentBlockIndex\":0}\n\n"
        "event: messageStop\ndata: {\"stopReason\":\"max_tokens\"}\n\n"
        "event: metadata\ndata: "
        "{\"usage\":{\"inputTokens\":3,\"outputTokens\":2,\"totalTokens\":5},\"metrics\":{\"latencyMs\":0}}\n\n");
    rig_streams(
        &sim_bedrock_llama, words, 2, RIG_END,
        "data: {\"generation\":\"a\",\"prompt_token_count\":3,\"generation_token_count\":1,\"stop_reason\":null}\n\n"
        "data: {\"generation\":\" "
        "b\",\"prompt_token_count\":null,\"generation_token_count\":2,\"stop_reason\":null}\n\n"
        "data: "
        "{\"generation\":\"\",\"prompt_token_count\":null,\"generation_token_count\":2,\"stop_reason\":\"length\","
        "\"amazon-bedrock-invocationMetrics\":{\"inputTokenCount\":3,\"outputTokenCount\":2,\"invocationLatency\":0,"
        "\"firstByteLatency\":0}}\n\n");
    rig_streams(
        &sim_bedrock_titan, words, 2, RIG_END,
        "data: {\"outputText\":\"a\",\"index\":0,\"totalOutputTextTokenCount\":null,\"completionReason\":null,"
        "\"inputTextTokenCount\":3}\n\n"
        "data: {\"outputText\":\" b\",\"index\":0,\"totalOutputTextTokenCount\":2,\"completionReason\":\"LENGTH\","
        "\"inputTextTokenCount\":null,\"amazon-bedrock-invocationMetrics\":{\"inputTokenCount\":3,\"outputTokenCount\":"
        "2,\"invocationLatency\":0,\"firstByteLatency\":0}}\n\n");
}

static void bodies(void **state)
{
    (void)state;
    struct jdoc *d = rig_body(&sim_converse, "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"x\"}]}]}");
    rig_assert_words(jn_get(jn_at(jn_get(jdoc_root(d), "output.message.content"), 0), "text"));
    rig_assert_i64(d, "usage.inputTokens", 1);
    rig_assert_i64(d, "usage.totalTokens", 3);
    jdoc_free(&d);
    d = rig_body(&sim_bedrock_llama, "{\"prompt\":\"x y\"}");
    rig_assert_words(jn_get(jdoc_root(d), "generation"));
    rig_assert_i64(d, "prompt_token_count", 2);
    rig_assert_i64(d, "generation_token_count", 2);
    jdoc_free(&d);
    d = rig_body(&sim_bedrock_titan, "{\"inputText\":\"x\"}");
    rig_assert_words(jn_get(jn_at(jn_get(jdoc_root(d), "results"), 0), "outputText"));
    assert_int_equal(jn_i64(jn_get(jn_at(jn_get(jdoc_root(d), "results"), 0), "tokenCount"), -1), 2);
    jdoc_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(asks), cmocka_unit_test(streams), cmocka_unit_test(bodies)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
