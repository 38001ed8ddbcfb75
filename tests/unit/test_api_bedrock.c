/* test_api_bedrock.c - Converse and InvokeModel: the examples of Bedrock's API reference and user guide. */
#include "api_rig.h"

static const struct plan_msg talk[] = {{ROLE_SYSTEM, STR("Be brief."), {0}},
                                       {ROLE_USER, STR("Write an article about \\\"weirs\\\""), {0}},
                                       {ROLE_ASSISTANT, STR("A weir"), {0}},
                                       {ROLE_USER, STR("Go on"), {0}}};
static const struct plan_sample sample = {.msgs = talk, .n_msgs = 4, .max_tokens = 256};
static const struct plan_sample one = {.msgs = talk + 3, .n_msgs = 1, .max_tokens = -1};

static void requests(void **state)
{
    (void)state;
    struct api_opts o = rig_plain;
    rig_assert_body("bedrock-converse", &o, &sample,
                    "{\"system\":[{\"text\":\"Be brief.\"}],\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":"
                    "\"Write an article about \\\"weirs\\\"\"}]},{\"role\":\"assistant\",\"content\":[{\"text\":\"A "
                    "weir\"}]},{\"role\":\"user\",\"content\":[{\"text\":\"Go on\"}]}],\"inferenceConfig\":{"
                    "\"maxTokens\":256}}");
    rig_assert_body("bedrock-converse", &o, &one,
                    "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Go on\"}]}],\"inferenceConfig\":{}}");
    rig_assert_body("bedrock-invoke", &o, &one,
                    "{\"messages\":[{\"role\":\"user\",\"content\":\"Go on\"}],\"max_tokens\":1024,"
                    "\"anthropic_version\":\"bedrock-2023-05-31\"}");
    o.temperature = 0.5;
    o.max_tokens = 10;
    o.model = "not in the body";
    rig_assert_body("bedrock-converse", &o, &one,
                    "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Go on\"}]}],\"inferenceConfig\":{"
                    "\"maxTokens\":10,\"temperature\":0.5}}");
    rig_assert_body("bedrock-invoke", &o, &one,
                    "{\"messages\":[{\"role\":\"user\",\"content\":\"Go on\"}],\"anthropic_version\":"
                    "\"bedrock-2023-05-31\",\"max_tokens\":10,\"temperature\":0.5}");
    char *body = rig_body("bedrock-converse", &o, &sample, "7 ");
    assert_non_null(strstr(body, "[{\"text\":\"7 Be brief.\"}]"));
    free(body);
    struct plan_msg raw = {ROLE_USER, {0}, STR("{\"role\":\"user\",\"content\":[]}")};
    struct plan_sample parts = {.msgs = &raw, .n_msgs = 1, .where = STR("x:1")};
    struct err e = {0};
    assert_int_equal(rig_ops("bedrock-converse")->check(&parts, &e), -1);
    assert_non_null(strstr(e.text, "x:1"));
}

static void paths(void **state)
{
    (void)state;
    static const char *const known[][2] = {
        {"/model/a.b-v1%3A0/converse", "bedrock-converse"},
        {"/model/a.b-v1:0/converse-stream", "bedrock-converse"},
        {"/model/a/invoke", "bedrock-invoke"},
        {"/model/a/invoke-with-response-stream", "bedrock-invoke"},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        assert_ptr_equal(api_of_path(str_of(known[i][0])), rig_ops(known[i][1]));
}

/* One event of the frame's type. */
static void told(const char *dialect, const char *type, const char *data, const char *want)
{
    struct api_event ev;
    struct buf b = BUF_INIT(1 << 16);
    if (rig_ops(dialect)->event(str_of(type), str_of(data), &ev) < 0)
        buf_addz(&b, "refused\n");
    else
        rig_tell(&b, rig_ops(dialect), &ev);
    assert_string_equal(b.p, want);
    buf_free(&b);
}

static void converse_events(void **state)
{
    (void)state;
    static const char *const events[][3] = {
        {"messageStart", "{\"p\":\"abc\",\"role\":\"assistant\"}", "\n"},
        {"contentBlockDelta", "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"Hi\\n\"},\"p\":\"abcdef\"}",
         "C~Hi\\n~\n"},
        {"contentBlockDelta", "{\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":{\"text\":\"Hm\"}}}",
         "R~Hm~\n"},
        {"contentBlockDelta", "{\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":{\"signature\":\"x\"}}}", "\n"},
        {"contentBlockStart", "{\"contentBlockIndex\":1,\"start\":{\"toolUse\":{\"name\":\"f\",\"toolUseId\":\"t\"}}}",
         "T~f~\n"},
        {"contentBlockDelta", "{\"contentBlockIndex\":1,\"delta\":{\"toolUse\":{\"input\":\"{\\\"a\\\"\"}}}",
         "T~{\\\"a\\\"~\n"},
        {"contentBlockStop", "{\"contentBlockIndex\":0}", "\n"},
        {"messageStop", "{\"stopReason\":\"max_tokens\"}", "finish=length\n"},
        {"messageStop", "{\"stopReason\":\"guardrail_intervened\"}", "finish=filter\n"},
        {"metadata",
         "{\"metrics\":{\"latencyMs\":420},\"usage\":{\"inputTokens\":12,\"outputTokens\":34,\"totalTokens\":46,"
         "\"cacheReadInputTokens\":5}}",
         "usage=12/34/5 terminal\n"},
        {"contentBlockDelta", "[]", "refused\n"},
        {"contentBlockDelta", "{\"delta\":{\"text\":\"cut", "refused\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(events); i++)
        told("bedrock-converse", events[i][0], events[i][1], events[i][2]);
    rig_assert_document("bedrock-converse",
                        "{\"metrics\":{\"latencyMs\":1},\"output\":{\"message\":{\"content\":[{\"text\":\"Here\"},{"
                        "\"text\":\" it is\"}],\"role\":\"assistant\"}},\"stopReason\":\"end_turn\",\"usage\":{"
                        "\"inputTokens\":1,\"outputTokens\":2,\"totalTokens\":3}}",
                        "C~Here~ C~ it is~ finish=stop usage=1/2/-\n");
    rig_assert_document("bedrock-converse", "[]", "refused\n");
}

static void invoke_events(void **state)
{
    (void)state;
    static const char *const events[][2] = {
        {"{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":9,"
         "\"output_tokens\":1}}}",
         "usage=9/-/-\n"},
        {"{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}}",
         "C~Hi~\n"},
        {"{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":4}}",
         "finish=stop usage=-/4/-\n"},
        {"{\"type\":\"message_stop\",\"amazon-bedrock-invocationMetrics\":{\"inputTokenCount\":9,\"outputTokenCount\":"
         "4,"
         "\"invocationLatency\":10,\"firstByteLatency\":3}}",
         "usage=9/4/- terminal\n"},
        {"{\"generation\":\" Paris\",\"prompt_token_count\":null,\"generation_token_count\":2,\"stop_reason\":null}",
         "C~ Paris~ usage=-/2/-\n"},
        {"{\"generation\":\"\",\"prompt_token_count\":7,\"generation_token_count\":3,\"stop_reason\":\"length\","
         "\"amazon-bedrock-invocationMetrics\":{\"inputTokenCount\":7,\"outputTokenCount\":3}}",
         "finish=length usage=7/3/- terminal\n"},
        {"{\"outputText\":\"A\",\"index\":0,\"totalOutputTextTokenCount\":null,\"completionReason\":\"FINISH\","
         "\"inputTextTokenCount\":5}",
         "C~A~ finish=stop usage=5/-/-\n"},
        {"{\"outputs\":[{\"text\":\" B\",\"stop_reason\":null}]}", "C~ B~\n"},
        {"{\"text\":\"C\",\"is_finished\":true,\"finish_reason\":\"MAX_TOKENS\"}", "C~C~ finish=length\n"},
        {"{\"contentBlockDelta\":{\"delta\":{\"text\":\"D\"},\"contentBlockIndex\":0}}", "C~D~\n"},
        {"{\"messageStop\":{\"stopReason\":\"end_turn\"}}", "finish=stop\n"},
        {"\"text\"", "refused\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(events); i++)
        told("bedrock-invoke", "chunk", events[i][0], events[i][1]);
    rig_assert_document("bedrock-invoke",
                        "{\"id\":\"m\",\"type\":\"message\",\"content\":[{\"type\":\"text\",\"text\":\"Hi\"}],"
                        "\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}",
                        "C~Hi~ finish=stop usage=3/1/-\n");
    rig_assert_document("bedrock-invoke",
                        "{\"inputTextTokenCount\":3,\"results\":[{\"tokenCount\":2,\"outputText\":\"Hi\","
                        "\"completionReason\":\"LENGTH\"}]}",
                        "C~Hi~ finish=length usage=3/2/-\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(paths),
        cmocka_unit_test(converse_events),
        cmocka_unit_test(invoke_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
