/* test_api_servers.c - what vLLM, SGLang and llama.cpp make of OpenAI's chat completions: streams as they send them. */
#include "api_rig.h"

#define VLLM(rest)                                                                                                     \
    "data: {\"id\":\"chatcmpl-a\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\"," rest "}\n\n"
#define DELTA(delta)                                                                                                   \
    "\"choices\":[{\"index\":0,\"delta\":{" delta "},\"logprobs\":null,\"finish_reason\":null,\"token_ids\":null}]"
#define USAGE(n)                                                                                                       \
    "\"usage\":{\"prompt_tokens\":9,\"total_tokens\":12,\"completion_tokens\":" n ",\"prompt_tokens_details\":null}"

static void vllm(void **state)
{
    (void)state;
    rig_assert_stream(
        "openai-chat",
        VLLM("\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":"
             "null,\"finish_reason\":null}],\"prompt_token_ids\":null") VLLM(DELTA("\"reasoning_content\":\"Hm\""))
            VLLM(DELTA("\"reasoning\":\", yes\"")) VLLM(DELTA("\"content\":\"Hi\"")) ": keep-alive\n\n" VLLM(
                "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"logprobs\":null,\"finish_reason\":"
                "\"stop\",\"stop_reason\":null}]") VLLM("\"choices\":[]," USAGE("3")) "data: [DONE]\n\n",
        "\nR~Hm~\nR~, yes~\nC~Hi~\nfinish=stop\nusage=9/3/-\nterminal\n");
}

/* stream_options.continuous_usage_stats */
static void counts_in_each_event(void **state)
{
    (void)state;
    rig_assert_stream(
        "openai-chat",
        VLLM("\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason"
             "\":null}]," USAGE("0")) VLLM(DELTA("\"content\":\"Hi\"") "," USAGE("1"))
            VLLM(DELTA("\"content\":\" you all\"") "," USAGE("3"))
                VLLM("\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]," USAGE("3"))
                    VLLM("\"choices\":[]," USAGE("3")) "data: [DONE]\n\n",
        "usage=9/0/-\nC~Hi~ usage=9/1/-\nC~ you all~ usage=9/3/-\nfinish=length usage=9/3/-\nusage=9/3/-\n"
        "terminal\n");
}

static void tool_calls(void **state)
{
    (void)state;
    rig_assert_stream(
        "openai-chat",
        VLLM(DELTA("\"tool_calls\":[{\"id\":\"call-1\",\"type\":\"function\",\"index\":0,\"function\":{"
                   "\"name\":\"weather\"}}]"))
            VLLM(DELTA("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"city\\\": \"}}]"))
                VLLM(DELTA("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\\"Bern\\\"}\"}}]"))
                    VLLM("\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":"
                         "\"tool_calls\"}]") "data: [DONE]\n\n",
        "T~weather~\nT~{\\\"city\\\": ~\nT~\\\"Bern\\\"}~\nfinish=tool\nterminal\n");
}

static void sglang_chat(void **state)
{
    (void)state;
    rig_assert_stream(
        "openai-chat",
        "data: {\"id\":\"a\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{"
        "\"role\":\"assistant\",\"content\":\"\",\"reasoning_content\":null,\"tool_calls\":null},"
        "\"logprobs\":null,\"finish_reason\":null,\"matched_stop\":null}],\"usage\":null}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":null,\"content\":null,\"reasoning_content\":"
        "\"So\",\"tool_calls\":null},\"finish_reason\":null,\"matched_stop\":null}],\"usage\":null}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\",\"reasoning_content\":null},"
        "\"finish_reason\":null}],\"usage\":{\"prompt_tokens\":9,\"total_tokens\":11,\"completion_tokens\":"
        "2,\"prompt_tokens_details\":null,\"reasoning_tokens\":1}}\n\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\",\"matched_stop\":151645}]"
        ",\"usage\":null}\n\n"
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"total_tokens\":12,\"completion_tokens\":3,"
        "\"prompt_tokens_details\":{\"cached_tokens\":4},\"reasoning_tokens\":1}}\n\n"
        "data: [DONE]\n\n",
        "\nR~So~\nC~Hi~ usage=9/2/- reasoned=1\nfinish=stop\nusage=9/3/4 reasoned=1\nterminal\n");
}

#define TIMINGS(cache, n)                                                                                              \
    "\"timings\":{" cache                                                                                              \
    "\"prompt_n\":2,\"prompt_ms\":11.3,\"prompt_per_token_ms\":5.65,\"prompt_per_second\":176.9,"                      \
    "\"predicted_n\":" n ",\"predicted_ms\":20.4,\"predicted_per_token_ms\":6.8,\"predicted_per_second\":147.0}"

static void llama_cpp(void **state)
{
    (void)state;
    /* without stream_options: the timings alone */
    rig_assert_stream("openai-chat",
                      "data: {\"choices\":[{\"finish_reason\":null,\"index\":0,\"delta\":{\"role\":\"assistant\","
                      "\"content\":null}}],\"created\":1,\"id\":\"chatcmpl-b\",\"model\":\"m\",\"system_fingerprint\":"
                      "\"b6000\",\"object\":\"chat.completion.chunk\"}\n\n"
                      "data: {\"choices\":[{\"finish_reason\":null,\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n"
                      "data: {\"choices\":[{\"finish_reason\":\"length\",\"index\":0,\"delta\":{}}]," TIMINGS(
                          "\"cache_n\":5,", "3") "}\n\n"
                                                 "data: [DONE]\n\n",
                      "\nC~Hi~\nfinish=length counts=7/3/5\nterminal\n");
    /* timings_per_token; an older server does not say what it had in its cache, so the prompt is not known */
    rig_assert_stream("openai-chat",
                      "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]," TIMINGS(
                          "", "1") "}\n\n"
                                   "data: {\"choices\":[{\"delta\":{\"content\":\" you\"}}]," TIMINGS("", "2") "}\n\n",
                      "C~Hi~ counts=-/1/-\nC~ you~ counts=-/2/-\n");
    /* usage and timings in one chunk */
    rig_assert_stream(
        "openai-chat",
        "data: {\"choices\":[],\"usage\":{\"completion_tokens\":3,\"prompt_tokens\":7,\"total_tokens\":10}," TIMINGS(
            "\"cache_n\":5,", "4") "}\n\n",
        "usage=7/3/-\n");
    rig_assert_stream("openai-chat",
                      "data: {\"error\":{\"code\":500,\"message\":\"context is full\",\"type\":\"server_error\"}}\n\n",
                      "error~{\"code\":500,\"message\":\"context is full\",\"type\":\"server_error\"}~\n");
}

static void running_usage_is_asked_for(void **state)
{
    (void)state;
    static const struct plan_msg hi[] = {{ROLE_USER, STR("hi"), {0}}};
    struct plan_sample s = {.msgs = hi, .n_msgs = 1, .max_tokens = -1};
    struct api_opts o = rig_plain;
    o.include_usage = o.running_usage = true;
    char *body = rig_body("openai-chat", &o, &s, "");
    assert_non_null(strstr(body, "\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true}"));
    free(body);
    o.include_usage = false; /* the server took none of it */
    body = rig_body("openai-chat", &o, &s, "");
    assert_null(strstr(body, "stream_options"));
    free(body);
}

static void timings_and_meta_info_are_figures(void **state)
{
    struct api_event ev;
    (void)state;
    assert_int_equal(api_find(STR("openai-chat"))
                         ->event(STR(""), STR("{\"choices\":[],\"timings\":{\"prompt_n\":3,\"prompt_ms\":4.5}}"), &ev),
                     API_OK);
    assert_true(str_eqz(ev.figures, "{\"prompt_n\":3,\"prompt_ms\":4.5}") && !ev.figures_ns);
    assert_int_equal(api_find(STR("openai-chat"))->event(STR(""), STR("{\"choices\":[],\"timings\":{\"a\":}}"), &ev),
                     API_E_SYNTAX);
    assert_int_equal(
        api_find(STR("sglang"))->event(STR(""), STR("{\"text\":\"a\",\"meta_info\":{\"e2e_latency\":0.31}}"), &ev),
        API_OK);
    assert_true(str_eqz(ev.figures, "{\"e2e_latency\":0.31}") && !ev.figures_ns);
    assert_int_equal(api_find(STR("sglang"))->event(STR(""), STR("{\"text\":\"a\"}"), &ev), API_OK);
    assert_int_equal(ev.figures.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vllm),
        cmocka_unit_test(counts_in_each_event),
        cmocka_unit_test(tool_calls),
        cmocka_unit_test(sglang_chat),
        cmocka_unit_test(llama_cpp),
        cmocka_unit_test(running_usage_is_asked_for),
        cmocka_unit_test(timings_and_meta_info_are_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
