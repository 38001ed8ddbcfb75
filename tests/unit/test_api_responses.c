/* Exchanges in the form that OpenAI's responses API gives them. */
#include "api_show.h"

#define EVENT(type, rest) "event: " type "\ndata: {\"type\":\"" type "\",\"sequence_number\":4" rest "}\n\n"
#define DELTA(kind, text)                                                                                              \
    EVENT("response." kind ".delta",                                                                                   \
          ",\"item_id\":\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"" text "\",\"logprobs\":[]")
#define USAGE                                                                                                          \
    "\"usage\":{\"input_tokens\":37,\"input_tokens_details\":{\"cached_tokens\":16},\"output_tokens\":11,"             \
    "\"output_tokens_details\":{\"reasoning_tokens\":4},\"total_tokens\":48}"
#define OUTPUT                                                                                                         \
    "\"output\":[{\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"Hm\"}]},"  \
    "{\"type\":\"message\",\"id\":\"msg_1\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{\"type\":"   \
    "\"output_text\",\"text\":\"Hi there\",\"annotations\":[]}]}],"
#define RESPONSE(status, rest)                                                                                         \
    "{\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"" status "\",\"error\":null,\"model\":\"m\"," rest "}"

static void streams(void **state)
{
    assert_stream(
        "openai-responses",
        EVENT("response.created", ",\"response\":" RESPONSE("in_progress", "\"output\":[],\"usage\":null"))
            EVENT("response.in_progress", ",\"response\":" RESPONSE("in_progress", "\"usage\":null")) EVENT(
                "response.output_item.added", ",\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\","
                                              "\"status\":\"in_progress\",\"role\":\"assistant\",\"content\":[]}")
                EVENT("response.content_part.added", ",\"part\":{\"type\":\"output_text\",\"text\":\"\"}")
                    DELTA("output_text", "Hi") DELTA("output_text", " there")
                        EVENT("response.output_text.done", ",\"text\":\"Hi there\"") EVENT(
                            "response.content_part.done", ",\"part\":{\"type\":\"output_text\",\"text\":\"Hi there\"}")
                            EVENT("response.output_item.done",
                                  ",\"item\":{\"type\":\"message\",\"content\":[{\"text\":\"Hi there\"}]}")
                                EVENT("response.completed", ",\"response\":" RESPONSE("completed", OUTPUT USAGE)),
        "C[Hi] C[ there] U(37,11,16,4) F1 END");
}

static void thoughts_and_tools(void **state)
{
    assert_stream(
        "openai-responses",
        DELTA("reasoning_summary_text", "So") DELTA("reasoning_text", "Hm") DELTA("refusal", "No") EVENT(
            "response.output_item.added", ",\"item\":{\"type\":\"function_call\",\"id\":\"fc\",\"call_id\":\"c\","
                                          "\"name\":\"weather\",\"arguments\":\"\"}")
            EVENT("response.function_call_arguments.delta", ",\"item_id\":\"fc\",\"delta\":\"{\\\"a\\\"\"")
                EVENT("response.function_call_arguments.done", ",\"arguments\":\"{\\\"a\\\":1}\"") EVENT(
                    "response.completed",
                    ",\"response\":" RESPONSE(
                        "completed",
                        "\"output\":[{\"type\":\"function_call\",\"name\":\"weather\",\"arguments\":\"{}\"}]," USAGE)),
        "R[So] R[Hm] C[No] T[weather] T[{\\\"a\\\"] U(37,11,16,4) F3 END");
}

static void ends(void **state)
{
    assert_stream("openai-responses",
                  EVENT("response.incomplete",
                        ",\"response\":" RESPONSE("incomplete",
                                                  "\"incomplete_details\":{\"reason\":\"max_output_tokens\"}," USAGE)),
                  "U(37,11,16,4) F2 END");
    assert_stream("openai-responses",
                  EVENT("response.incomplete", ",\"response\":" RESPONSE("incomplete", "\"incomplete_details\":null")),
                  "F5 END");
    assert_stream(
        "openai-responses",
        DELTA("output_text", "a") "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{"
                                  "\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"x\"}}}\n\n",
        "C[a] END E[{\"code\":\"server_error\",\"message\":\"x\"}]");
    assert_stream("openai-responses", "data: {\"type\":\"error\",\"code\":null,\"message\":\"x\"}\n\n",
                  "E[{\"type\":\"error\",\"code\":null,\"message\":\"x\"}]");
    assert_stream("openai-responses", "data: [DONE]\n\n", "END");
    assert_stream("openai-responses", "data: {\"type\":\n\n", "BAD");
}

static void whole_answers(void **state)
{
    assert_document("openai-responses", RESPONSE("completed", OUTPUT USAGE), "C[Hm|Hi there] U(37,11,16,4) F1");
    assert_document(
        "openai-responses",
        RESPONSE("completed", "\"output\":[{\"type\":\"custom_tool_call\",\"name\":\"f\",\"input\":\"x\"}]"),
        "T[f|x] F3");
    assert_document("openai-responses",
                    RESPONSE("incomplete", "\"incomplete_details\":{\"reason\":\"content_filter\"},\"output\":[]"),
                    "F4");
    assert_document("openai-responses", "{\"error\":{\"message\":\"no\"}}", "E[{\"message\":\"no\"}]");
    assert_document("openai-responses", "3", "BAD");
}

static void the_body_has_items(void **state)
{
    struct api_opts o = plain;
    struct plan_sample s = sample_of(talk, 4, 20);
    struct jdoc *d = asked("openai-responses", &o, &s, "N ");
    jnode *r = jdoc_root(d), *m = jn_get(r, "input");
    assert_int_equal(jn_len(r), 4); /* input, model, max_output_tokens, stream */
    assert_int_equal(jn_len(m), 4);
    assert_text(jn_get(jn_at(m, 0), "content"), "N Be \"brief\".");
    assert_text(jn_get(jn_at(m, 2), "role"), "assistant");
    assert_int_equal(jn_i64(jn_get(r, "max_output_tokens"), 0), 20);
    jdoc_free(&d);
    struct plan_msg msgs[60];
    for (int i = 0; i < 60; i++)
        msgs[i] = (struct plan_msg){i % 2 ? ROLE_ASSISTANT : ROLE_USER, STR("w"), {0}};
    msgs[1] = (struct plan_msg){
        ROLE_USER, {0}, STR("{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"p\"}]}")};
    for (uint32_t n = 1; n <= 60; n++) {
        s = sample_of(msgs, n, -1);
        d = asked("openai-responses", &o, &s, "N ");
        assert_int_equal(jn_len(jn_get(jdoc_root(d), "input")), n);
        jdoc_free(&d);
    }
    msgs[0] =
        (struct plan_msg){ROLE_USER, {0}, STR("{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"p\"}]}")};
    assert_refused("openai-responses", &s, "message 1 has content parts");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams),       cmocka_unit_test(thoughts_and_tools), cmocka_unit_test(ends),
        cmocka_unit_test(whole_answers), cmocka_unit_test(the_body_has_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
