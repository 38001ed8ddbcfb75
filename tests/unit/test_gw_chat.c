/* What gw_answer's examples do not reach: values of other types than OpenAI's reference says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/gw_chat.h"

static void rewritten(bool to_chunk, const char *json, const char *want)
{
    struct buf b = BUF_INIT(4096);
    struct js s;
    gw_chat_rewrite(str_of(json), to_chunk, &b);
    if (!str_eqz(buf_str(&b), want))
        fail_msg("%s\nis not\n%s", b.p, want);
    js_init(&s, buf_str(&b));
    assert_int_equal(js_skip(&s, NULL), 0);
    assert_true(js_done(&s));
    buf_free(&b);
}

static void odd_values(void **state)
{
    (void)state;
    rewritten(true, "{}", "{}");
    rewritten(true, "{\"choices\":null,\"usage\":null}", "{\"choices\":null}");
    rewritten(true, "{\"choices\":[]}", "{\"choices\":[]}");
    rewritten(true, "{\"choices\":[null,7,{}]}", "{\"choices\":[null,7,{}]}");
    rewritten(true, "{\"choices\":[{\"message\":null,\"finish_reason\":null}]}",
              "{\"choices\":[{\"delta\":null,\"finish_reason\":null}]}");
    rewritten(true, "{\"choices\":[{\"message\":{\"tool_calls\":null}}]}",
              "{\"choices\":[{\"delta\":{\"tool_calls\":null}}]}");
    rewritten(true, "{\"choices\":[{\"message\":{\"tool_calls\":[]}}]}",
              "{\"choices\":[{\"delta\":{\"tool_calls\":[]}}]}");
    rewritten(true, "{\"choices\":[{\"message\":{\"tool_calls\":[ { } ,1,{ \"id\" : 2}]}}]}",
              "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0},1,{\"index\":2,\"id\" : 2}]}}]}");
    rewritten(true, "{\"object\":{\"a\":1},\"x\":\"usage\"}", "{\"object\":\"chat.completion.chunk\",\"x\":\"usage\"}");
    rewritten(true, "{\"usage\":{},\"a\":1,\"usage\":2,\"b\":[\"\\n\"]}", "{\"a\":1,\"b\":[\"\\n\"]}");
}

/* Only a choice's own finish_reason, and only LMI's words, are changed. */
static void only_reasons(void **state)
{
    (void)state;
    rewritten(
        false,
        "{\"finish_reason\":\"eos_token\",\"choices\":[{\"finish_reason\":\"eos_token\",\"message\":{\"finish_reason\":"
        "\"eos_token\"}},{\"finish_reason\":\"stop_sequence\"},{\"finish_reason\":\"length\"},{\"finish_reason\":"
        "\"content_filter\"},{\"finish_reason\":[\"eos_token\"]}]}",
        "{\"finish_reason\":\"eos_token\",\"choices\":[{\"finish_reason\":\"stop\",\"message\":{\"finish_reason\":"
        "\"eos_token\"}},{\"finish_reason\":\"stop\"},{\"finish_reason\":\"length\"},{\"finish_reason\":\"content_"
        "filter\"},"
        "{\"finish_reason\":[\"eos_token\"]}]}");
    rewritten(false, "{\"usage\":{\n\"a\":1},\r\n\"object\":\"o\"}", "{\"usage\":{ \"a\":1},\"object\":\"o\"}");
}

static void one_line(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(100);
    buf_addz(&b, "\n"); /* what was there stays */
    gw_chat_line(STR("{\r\n\"a\":\n1}"), &b);
    assert_string_equal(b.p, "\n{  \"a\": 1}");
    buf_clear(&b);
    gw_chat_line(STR(""), &b);
    assert_int_equal(b.n, 0);
    buf_free(&b);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(gw_chat_finish_name(API_FIN_NONE), "stop");
    assert_string_equal(gw_chat_finish_name(API_FIN_OTHER), "stop");
    assert_string_equal(gw_chat_finish_name(API_FIN_LENGTH), "length");
    assert_string_equal(gw_chat_finish_name(API_FIN_TOOL), "tool_calls");
    assert_string_equal(gw_chat_finish_name(API_FIN_FILTER), "content_filter");
}

/* A buffer that is full stays a prefix of what was to be written. */
static void no_room(void **state)
{
    (void)state;
    const struct gw_asked q = {.stream = true, .model = STR("m"), .id = STR("i"), .created = 1};
    static const char json[] = "{\"choices\":[{\"message\":{\"tool_calls\":[{}]},\"finish_reason\":\"eos_token\"}]}";
    for (size_t max = 0; max < 150; max++) {
        struct buf b = BUF_INIT(max);
        gw_chat_rewrite(STR(json), true, &b);
        assert_true(b.n <= max);
        gw_chat_delta(&q, true, STR("abc"), &b);
        assert_true(b.n <= max && b.failed);
        buf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_values), cmocka_unit_test(only_reasons), cmocka_unit_test(one_line),
        cmocka_unit_test(names),      cmocka_unit_test(no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
