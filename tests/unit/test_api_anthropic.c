/* Exchanges in the form that Anthropic's API gives them (messages, streaming messages). */
#include "api_show.h"

#define EVENT(type, rest) "event: " type "\ndata: {\"type\":\"" type "\"" rest "}\n\n"
#define START(usage)                                                                                                   \
    EVENT("message_start",                                                                                             \
          ",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[],"                 \
          "\"model\":\"m\",\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{" usage "}}")
#define DELTA(type, member, text)                                                                                      \
    EVENT("content_block_delta", ",\"index\":0,\"delta\":{\"type\":\"" type "\",\"" member "\":\"" text "\"}")
#define TEXT(text) DELTA("text_delta", "text", text)
#define STOP EVENT("content_block_stop", ",\"index\":0")
#define END(reason, usage)                                                                                             \
    EVENT("message_delta", ",\"delta\":{\"stop_reason\":\"" reason "\",\"stop_sequence\":null},\"usage\":{" usage "}") \
    EVENT("message_stop", "")

static void streams(void **state)
{
    assert_stream("anthropic-messages",
                  START("\"input_tokens\":25,\"output_tokens\":1")
                      EVENT("content_block_start", ",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}")
                          EVENT("ping", "") TEXT("Hello") TEXT("!") TEXT(" \\\"x\\\"") TEXT(" y")
                              STOP END("end_turn", "\"output_tokens\":15"),
                  "U(25,-1,-1,-1) C[Hello] C[!] C[ \\\"x\\\"] C[ y] U(-1,15,-1,-1) F1 END");
}

static void thoughts_and_tools(void **state)
{
    assert_stream(
        "anthropic-messages",
        EVENT("content_block_start", ",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\"}")
            DELTA("thinking_delta", "thinking", "Hm") DELTA("signature_delta", "signature", "EqQB") STOP EVENT(
                "content_block_start",
                ",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"weather\",\"input\":{}}")
                DELTA("input_json_delta", "partial_json", "")
                    DELTA("input_json_delta", "partial_json", "{\\\"city\\\":") END("tool_use", "\"output_tokens\":89"),
        "R[Hm] T[weather] T[{\\\"city\\\":] U(-1,89,-1,-1) F3 END");
}

static void finishes(void **state)
{
    assert_stream("anthropic-messages", END("max_tokens", "\"output_tokens\":3"), "U(-1,3,-1,-1) F2 END");
    assert_stream("anthropic-messages", END("refusal", "\"output_tokens\":3"), "U(-1,3,-1,-1) F4 END");
    assert_stream("anthropic-messages", END("pause_turn", "\"output_tokens\":3"), "U(-1,3,-1,-1) F5 END");
}

/* The prompt is what was read anew, what went into the cache and what came out of it. */
static void cached_input_is_input(void **state)
{
    assert_stream("anthropic-messages",
                  START("\"input_tokens\":5,\"cache_creation_input_tokens\":20,\"cache_read_input_tokens\":1000,"
                        "\"output_tokens\":1"),
                  "U(1025,-1,1000,-1)");
    assert_stream("anthropic-messages",
                  START("\"input_tokens\":5,\"cache_creation_input_tokens\":null,\"cache_read_input_tokens\":0"),
                  "U(5,-1,0,-1)");
    assert_stream("anthropic-messages",
                  END("end_turn", "\"input_tokens\":5,\"cache_read_input_tokens\":7,\"output_tokens\":40,"
                                  "\"output_tokens_details\":{\"thinking_tokens\":30}"),
                  "U(12,40,7,30) F1 END");
}

static void errors(void **state)
{
    assert_stream("anthropic-messages",
                  TEXT("a") EVENT("error", ",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}"),
                  "C[a] E[{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}]");
    assert_stream("anthropic-messages", "event: error\ndata: out of memory\n\n", "E[out of memory]");
    assert_stream("anthropic-messages", "data: {\"type\":\"error\"}\n\n",
                  "E[{\"type\":\"error\"}]"); /* the data has the type too */
    assert_stream("anthropic-messages", "event: ping\ndata: {cut\n\n", "BAD");
}

static void whole_answers(void **state)
{
    assert_document(
        "anthropic-messages",
        "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[{\"type\":"
        "\"thinking\",\"thinking\":\"Hm\",\"signature\":\"x\"},{\"type\":\"text\",\"text\":\"Hi\"}],"
        "\"stop_reason\":\"end_turn\",\"stop_sequence\":null,\"usage\":{\"input_tokens\":12,\"output_tokens\":6}}",
        "C[Hm|Hi] U(12,6,-1,-1) F1");
    assert_document(
        "anthropic-messages",
        "{\"content\":[{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{\"a\":1}}],\"stop_reason\":"
        "\"tool_use\"}",
        "T[f] F3");
    assert_document("anthropic-messages", "{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"x\"}}",
                    "E[{\"type\":\"api_error\",\"message\":\"x\"}]");
    assert_document("anthropic-messages", "{\"content\":\"odd\",\"usage\":[]}", "");
    assert_document("anthropic-messages", "{\"content\":[", "BAD");
}

static void the_system_prompt_is_a_member(void **state)
{
    struct api_opts o = plain;
    struct plan_sample s = sample_of(talk, 4, -1);
    struct jdoc *d = asked("anthropic-messages", &o, &s, "N ");
    jnode *r = jdoc_root(d), *m = jn_get(r, "messages");
    assert_text(jn_get(r, "system"), "N Be \"brief\".");
    assert_int_equal(jn_len(m), 3);
    assert_text(jn_get(jn_at(m, 0), "role"), "user");
    assert_text(jn_get(jn_at(m, 0), "content"), "Hi");
    assert_text(jn_get(jn_at(m, 1), "role"), "assistant");
    assert_text(jn_get(r, "model"), "m");
    assert_true(jn_bool(jn_get(r, "stream"), false));
    assert_int_equal(jn_i64(jn_get(r, "max_tokens"), 0), 1024); /* it insists on one */
    jdoc_free(&d);
    s = sample_of(talk + 1, 3, 77);
    d = asked("anthropic-messages", &o, &s, "N ");
    r = jdoc_root(d);
    assert_null(jn_get(r, "system"));
    assert_text(jn_get(jn_at(jn_get(r, "messages"), 0), "content"), "N Hi");
    assert_int_equal(jn_i64(jn_get(r, "max_tokens"), 0), 77);
    jdoc_free(&d);
    o.max_tokens = 5;
    d = asked("anthropic-messages", &o, &s, "");
    assert_int_equal(jn_i64(jn_get(jdoc_root(d), "max_tokens"), 0), 5);
    jdoc_free(&d);
}

static void many_messages_are_copied_alike(void **state)
{
    enum { N = 100 };
    struct plan_msg msgs[N];
    for (int i = 0; i < N; i++)
        msgs[i] = (struct plan_msg){i == 0 || i == 3 ? ROLE_SYSTEM : i % 2 ? ROLE_USER : ROLE_ASSISTANT, STR("w"), {0}};
    msgs[5] =
        (struct plan_msg){ROLE_USER, {0}, STR("{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"p\"}]}")};
    for (uint32_t n = 2; n <= N; n = n < 20 ? n + 1 : n * 2 + 1) {
        struct plan_sample s = sample_of(msgs, n, -1);
        struct jdoc *d = asked("anthropic-messages", &plain, &s, "N ");
        jnode *m = jn_get(jdoc_root(d), "messages");
        assert_int_equal(jn_len(m), n - (n > 3 ? 2 : 1));
        assert_text(jn_get(jdoc_root(d), "system"), n > 3 ? "N w\n\nw" : "N w");
        if (n > 5)
            assert_text(jn_get(jn_at(jn_get(jn_at(m, 3), "content"), 0), "text"), "p");
        jdoc_free(&d);
    }
}

static void what_cannot_be_said_is_refused(void **state)
{
    struct plan_sample s = sample_of(talk, 1, -1);
    assert_refused("anthropic-messages", &s, "data:7: there is only a system prompt");
    struct plan_msg m[] = {{ROLE_USER, STR("x"), {0}}, {ROLE_TOOL, STR("y"), {0}}};
    s = sample_of(m, 2, -1);
    assert_refused("anthropic-messages", &s, "message 2 is a tool's answer");
    m[1] = (struct plan_msg){ROLE_USER, {0}, STR("{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}")};
    assert_refused("anthropic-messages", &s, "message 2 has content parts");
    m[1].raw_json = STR("{\"role\":\"assistant\",\"content\":\"x\",\"tool_calls\":[]}");
    assert_refused("anthropic-messages", &s, "message 2 has content parts or members");
    m[1].role = ROLE_SYSTEM;
    assert_refused("anthropic-messages", &s, "message 2 is a system prompt of several parts");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams),
        cmocka_unit_test(thoughts_and_tools),
        cmocka_unit_test(finishes),
        cmocka_unit_test(cached_input_is_input),
        cmocka_unit_test(errors),
        cmocka_unit_test(whole_answers),
        cmocka_unit_test(the_system_prompt_is_a_member),
        cmocka_unit_test(many_messages_are_copied_alike),
        cmocka_unit_test(what_cannot_be_said_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
