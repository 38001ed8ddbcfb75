#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/sim_ask.h"

static const struct ask_rules any = {0};

static struct ask good(enum ask_kind kind, const char *body)
{
    struct ask a;
    struct ask_error x = {0};
    if (ask_parse(&a, kind, str_of(body), &any, &x) < 0)
        fail_msg("%s: %s", body, x.message);
    return a;
}

static void bad(enum ask_kind kind, const char *body, const char *param, const char *says)
{
    struct ask a;
    struct ask_error x = {0};
    if (ask_parse(&a, kind, str_of(body), &any, &x) == 0)
        fail_msg("accepted: %s", body);
    assert_int_equal(x.status, 400);
    if (strstr(x.message, says) == NULL)
        fail_msg("%s: \"%s\" does not say \"%s\"", body, x.message, says);
    if (param == NULL)
        assert_null(x.param);
    else
        assert_string_equal(x.param, param);
}

#define M "\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a b c\"}]"
#define P "\"model\":\"m\",\"prompt\":\"a b\""

static void test_chat(void **state)
{
    struct ask a = good(ASK_CHAT, "{" M "}");
    assert_true(str_eqz(a.model, "m"));
    assert_int_equal(a.prompt_tokens, 3);
    assert_int_equal(a.max_tokens, 0);
    assert_false(a.stream || a.include_usage || a.continuous_usage);
    a = good(ASK_CHAT, " {\"stream\":true,\"stream_options\":{\"include_usage\":true,\"x\":[1]},\"max_tokens\":7," M
                       ",\"temperature\":0.7,\"stop\":[\"x\"],\"seed\":1,\"tools\":[{\"a\":{}}],\"n\":1}\n");
    assert_true(a.stream && a.include_usage && !a.continuous_usage);
    assert_int_equal(a.max_tokens, 7);
    a = good(ASK_CHAT, "{" M ",\"max_tokens\":5,\"max_completion_tokens\":9}");
    assert_int_equal(a.max_tokens, 9);
    a = good(ASK_CHAT, "{" M ",\"max_completion_tokens\":9,\"max_tokens\":5}");
    assert_int_equal(a.max_tokens, 9);
    a = good(ASK_CHAT, "{" M ",\"max_tokens\":3.0}");
    assert_int_equal(a.max_tokens, 3);
    a = good(ASK_CHAT, "{" M ",\"stream\":null,\"max_tokens\":null,\"n\":null,\"stream_options\":null}");
    assert_false(a.stream);
    a = good(ASK_CHAT, "{" M ",\"stream\":true,\"stream_options\":{\"continuous_usage_stats\":true}}");
    assert_true(a.continuous_usage && !a.include_usage);
    a = good(ASK_CHAT, "{\"mo\\u0064el\":\"a\\\"b\",\"messages\":[{\"role\":\"user\",\"content\":null}]}");
    assert_true(str_eqz(a.model, "a\\\"b")); /* as it stood */
    assert_int_equal(a.prompt_tokens, 0);
}

/* Words of all contents, decoded first: \n and \u0020 part words, an escaped quote does not. */
static void test_prompt_words(void **state)
{
    struct ask a = good(ASK_CHAT, "{\"model\":\"m\",\"messages\":["
                                  "{\"role\":\"system\",\"content\":\"one\\ntwo\\u0020three  four\"},"
                                  "{\"content\":\"f\\\"i\\\"ve\",\"role\":\"user\"},"
                                  "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"six seven\"},"
                                  "{\"type\":\"image_url\",\"image_url\":{\"url\":\"not words\"}}]},"
                                  "{\"role\":\"assistant\",\"content\":\"\",\"name\":\"not a word\"}]}");
    assert_int_equal(a.prompt_tokens, 7 + 256);
}

static void test_completion(void **state)
{
    assert_int_equal(good(ASK_COMPLETION, "{" P "}").prompt_tokens, 2);
    assert_int_equal(good(ASK_COMPLETION, "{\"model\":\"m\",\"prompt\":[\"a b c\"]}").prompt_tokens, 3);
    assert_int_equal(good(ASK_COMPLETION, "{\"model\":\"m\",\"prompt\":[5,6,7,8]}").prompt_tokens, 4);
    assert_int_equal(good(ASK_COMPLETION, "{\"model\":\"m\",\"prompt\":[[5,6]]}").prompt_tokens, 2);
    bad(ASK_COMPLETION, "{\"model\":\"m\",\"prompt\":[\"a\",\"b\"]}", "prompt", "one prompt");
    bad(ASK_COMPLETION, "{\"model\":\"m\",\"prompt\":[[1],[2]]}", "prompt", "one prompt");
    bad(ASK_COMPLETION, "{\"model\":\"m\",\"prompt\":[]}", "prompt", "empty");
    bad(ASK_COMPLETION, "{\"model\":\"m\",\"prompt\":7}", "prompt", "string");
    bad(ASK_COMPLETION, "{\"model\":\"m\",\"prompt\":[true]}", "prompt", "text or token ids");
    bad(ASK_COMPLETION, "{" M "}", "prompt", "must provide 'prompt'");
}

static void test_bad_json(void **state)
{
    bad(ASK_CHAT, "", NULL, "empty");
    bad(ASK_CHAT, "  ", NULL, "empty");
    bad(ASK_CHAT, "hello", NULL, "not valid JSON");
    bad(ASK_CHAT, "[1]", NULL, "must be a JSON object");
    bad(ASK_CHAT, "{" M, NULL, "not valid JSON");
    bad(ASK_CHAT, "{" M "} x", NULL, "not valid JSON");
    bad(ASK_CHAT, "{" M ",}", NULL, "not valid JSON");
    bad(ASK_CHAT, "{" M ",\"x\":tru}", NULL, "not valid JSON");
    bad(ASK_CHAT, "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a\\q\"}]}", NULL, "not valid JSON");
}

/* Every proper prefix of a good body is refused, whatever it cuts through. */
static void test_every_prefix(void **state)
{
    const char *body = "{" M ",\"stream\":true,\"stream_options\":{\"include_usage\":true},\"max_tokens\":12}";
    struct ask a;
    struct ask_error x;
    for (size_t n = 0; n < strlen(body); n++)
        assert_int_equal(ask_parse(&a, ASK_CHAT, (struct str){body, n}, &any, &x), -1);
    assert_int_equal(ask_parse(&a, ASK_CHAT, str_of(body), &any, &x), 0);
}

static void test_refused(void **state)
{
    bad(ASK_CHAT, "{\"model\":\"m\"}", "messages", "must provide 'messages'");
    bad(ASK_CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "model", "'model'");
    bad(ASK_CHAT, "{\"model\":3}", "model", "string");
    bad(ASK_CHAT, "{\"model\":\"m\",\"messages\":[]}", "messages", "empty");
    bad(ASK_CHAT, "{\"model\":\"m\",\"messages\":\"x\"}", "messages", "array");
    bad(ASK_CHAT, "{\"model\":\"m\",\"messages\":[3]}", "messages", "messages[0]");
    bad(ASK_CHAT, "{\"model\":\"m\",\"messages\":[{\"role\":\"user\"},{\"content\":\"x\"}]}", "messages",
        "messages[1] has no 'role'");
    bad(ASK_CHAT, "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":3}]}", "messages", "'content'");
    bad(ASK_CHAT, "{" M ",\"n\":2}", "n", "at most 1");
    bad(ASK_CHAT, "{" M ",\"n\":0}", "n", "at least 1");
    bad(ASK_CHAT, "{" M ",\"max_tokens\":0}", "max_tokens", "at least 1");
    bad(ASK_CHAT, "{" M ",\"max_tokens\":-5}", "max_tokens", "at least 1");
    bad(ASK_CHAT, "{" M ",\"max_tokens\":1.5}", "max_tokens", "whole number");
    bad(ASK_CHAT, "{" M ",\"max_tokens\":\"5\"}", "max_tokens", "whole number");
    bad(ASK_CHAT, "{" M ",\"max_tokens\":1e300}", "max_tokens", "whole number");
    bad(ASK_CHAT, "{" M ",\"max_tokens\":99999999999}", "max_tokens", "at most");
    bad(ASK_CHAT, "{" M ",\"stream\":\"yes\"}", "stream", "true or false");
    bad(ASK_CHAT, "{" M ",\"stream_options\":{\"include_usage\":true}}", "stream_options", "only allowed");
    bad(ASK_CHAT, "{" M ",\"stream\":true,\"stream_options\":true}", "stream_options", "object");
}

static void test_rules(void **state)
{
    struct ask a;
    struct ask_error x;
    struct ask_rules only = {.model = "m\"x"}, old = {.no_stream_options = true};
    assert_int_equal(ask_parse(&a, ASK_CHAT, STR("{" M "}"), &only, &x), -1);
    assert_int_equal(x.status, 404);
    assert_string_equal(x.code, "model_not_found");
    assert_non_null(strstr(x.message, "'m'"));
    assert_int_equal(ask_parse(&a, ASK_COMPLETION, STR("{\"model\":\"m\\u0022x\",\"prompt\":\"\"}"), &only, &x), 0);
    assert_int_equal(ask_parse(&a, ASK_CHAT, STR("{" M ",\"stream\":true,\"stream_options\":{}}"), &old, &x), -1);
    assert_int_equal(x.status, 400);
    assert_string_equal(x.param, "stream_options");
    assert_int_equal(ask_parse(&a, ASK_CHAT, STR("{" M ",\"stream\":true}"), &old, &x), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chat),     cmocka_unit_test(test_prompt_words), cmocka_unit_test(test_completion),
        cmocka_unit_test(test_bad_json), cmocka_unit_test(test_every_prefix), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
