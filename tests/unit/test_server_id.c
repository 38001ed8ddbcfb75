/* Bodies as the servers' documentation shows them, shortened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/server_id.h"

static void each_server_gives_itself_away(void **state)
{
    (void)state;
    static const struct {
        enum server_ask ask;
        const char *body;
        enum server_kind kind;
        const char *text;
    } cases[] = {
        {ASK_MODELS, "{\"object\":\"list\",\"data\":[{\"id\":\"m\",\"owned_by\":\"vllm\",\"max_model_len\":4096}]}",
         SERVER_VLLM, "vLLM (owned_by in /v1/models)"},
        {ASK_MODELS, "{\"data\":[{\"id\":\"m\",\"owned_by\":\"sglang\"}]}", SERVER_SGLANG,
         "SGLang (owned_by in /v1/models)"},
        {ASK_MODELS, "{\"data\":[{\"id\":\"m.gguf\",\"owned_by\":\"llamacpp\",\"meta\":{}}]}", SERVER_LLAMACPP,
         "llama.cpp (owned_by in /v1/models)"},
        {ASK_MODELS, "{\"data\":[{\"id\":\"llama3:8b\",\"owned_by\":\"library\"}]}", SERVER_OLLAMA,
         "Ollama (owned_by in /v1/models)"},
        {ASK_MODELS, "{\"data\":[{\"id\":\"m\",\"owned_by\":\"someone\"}]}", SERVER_UNKNOWN,
         "an OpenAI-compatible server (/v1/models)"},
        {ASK_MODELS,
         "{\"data\":[{\"type\":\"model\",\"id\":\"c\",\"display_name\":\"C\",\"created_at\":\"2025-02-19T00:00:00Z\"}]"
         "}",
         SERVER_UNKNOWN, "an Anthropic-compatible server (/v1/models)"},
        {ASK_VERSION, "{\"version\":\"0.6.3.post1\"}", SERVER_UNKNOWN, "not recognized, version 0.6.3.post1"},
        {ASK_VERSION, "{\"version\":\"0.1.0\",\"server\":\"weir-sim\"}", SERVER_WEIR_SIM, "weir sim 0.1.0 (/version)"},
        {ASK_MODEL_INFO, "{\"model_path\":\"m\",\"tokenizer_path\":\"m\",\"is_generation\":true}", SERVER_SGLANG,
         "SGLang (/get_model_info)"},
        {ASK_INFO, "{\"model_id\":\"m\",\"max_best_of\":2,\"router\":\"text-generation-router\",\"version\":\"3.0.1\"}",
         SERVER_TGI, "Text Generation Inference 3.0.1 (/info)"},
        {ASK_INFO,
         "{\"model_id\":\"m\",\"model_type\":{\"embedding\":{\"pooling\":\"cls\"}},\"version\":\"1.5\","
         "\"docker_label\":\"sha\"}",
         SERVER_TEI, "Text Embeddings Inference 1.5 (/info)"},
        {ASK_INFO, "{\"model_id\":\"m\"}", SERVER_UNKNOWN, "not recognized"},
        {ASK_TAGS, "{\"models\":[]}", SERVER_OLLAMA, "Ollama (/api/tags)"},
        {ASK_PROPS, "{\"default_generation_settings\":{\"n_ctx\":4096},\"build_info\":\"b4567-abc\"}", SERVER_LLAMACPP,
         "llama.cpp b4567-abc (/props)"},
        {ASK_V2, "{\"name\":\"triton\",\"version\":\"2.50.0\",\"extensions\":[\"classification\"]}", SERVER_TRITON,
         "Triton 2.50.0 (/v2)"},
        {ASK_HEALTH, "{\"status\":\"ok\"}", SERVER_UNKNOWN, "not recognized"},
        {ASK_TAGS, "<html>", SERVER_UNKNOWN, "not recognized"},
        {ASK_VERSION, "{\"version\":\"a b\\u001b[31m\"}", SERVER_UNKNOWN, "not recognized"},
        {ASK_MODELS, "[1]", SERVER_UNKNOWN, "not recognized"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct server_id id = {0};
        char text[256];
        server_id_answer(&id, cases[i].ask, 200, str_of(cases[i].body));
        assert_int_equal(id.kind, cases[i].kind);
        assert_string_equal(server_id_text(&id, text), cases[i].text);
        struct server_id other = {0}; /* the same behind another status says nothing */
        server_id_answer(&other, cases[i].ask, 404, str_of(cases[i].body));
        assert_int_equal(other.kind, SERVER_UNKNOWN);
        assert_true(other.asked);
    }
}

static void headers_and_order(void **state)
{
    (void)state;
    struct server_id id = {0};
    char text[256];
    server_id_headers(&id, STR("Date: now\nX-LiteLLM-Version: 1.40.2\nServer: uvicorn\n"));
    assert_string_equal(server_id_text(&id, text), "LiteLLM 1.40.2 (response headers)");
    server_id_answer(&id, ASK_MODELS, 200, STR("{\"data\":[{\"id\":\"m\",\"owned_by\":\"vllm\"}]}"));
    assert_int_equal(id.kind, SERVER_LITELLM); /* what answers, not what stands behind it */
    struct server_id open = {0};
    server_id_headers(&open, STR("openai-processing-ms: 12\n"));
    assert_int_equal(open.kind, SERVER_OPENAI);
    struct server_id cpp = {0};
    server_id_headers(&cpp, STR("Server: llama.cpp\n"));
    assert_int_equal(cpp.kind, SERVER_LLAMACPP);
    struct server_id locked = {0};
    server_id_answer(&locked, ASK_MODELS, 401, STR(""));
    assert_true(locked.openai);
    server_id_answer(&locked, ASK_INFO, 0, STR("")); /* no answer at all */
    assert_int_equal(locked.kind, SERVER_UNKNOWN);
}

static const char *first_dialect(enum server_kind kind, bool openai, const char *path)
{
    struct server_id id = {.kind = kind, .openai = openai};
    const char *name = server_id_dialects(&id, str_of(path))[0];
    return name ? name : "";
}

static void openai_comes_first(void **state)
{
    (void)state;
    for (int k = 0; k < SERVER_KINDS; k++) {
        if (k != SERVER_TEI)
            assert_string_equal(first_dialect((enum server_kind)k, true, ""), "openai-chat");
    }
    assert_string_equal(first_dialect(SERVER_UNKNOWN, false, ""), "");
    assert_string_equal(first_dialect(SERVER_UNKNOWN, false, "/generate"), "");
    assert_memory_equal(first_dialect(SERVER_OLLAMA, false, ""), "ollama", 6);
    assert_memory_equal(first_dialect(SERVER_SGLANG, true, "/generate"), "sglang", 6);
    assert_memory_equal(first_dialect(SERVER_TGI, true, "/x/generate_stream"), "tgi", 3);
    assert_memory_equal(first_dialect(SERVER_TRITON, false, "/v2/models/m/generate"), "trtllm", 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_server_gives_itself_away),
        cmocka_unit_test(headers_and_order),
        cmocka_unit_test(openai_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
