/* test_api_payload.c - bodies as they are, answers of any server read by their type. LMI's answers as DJL's
 * documentation of its schema shows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "api/api_custom.h"

static const struct api_ops *payload(void)
{
    return api_find(STR("payload"));
}

static void types_decide(void **state)
{
    static const struct {
        const char *type;
        enum api_framing framing;
    } t[] = {
        {"", API_TEXT},
        {"text/plain; charset=utf-8", API_TEXT},
        {"application/json", API_WHOLE},
        {"Application/JSON;charset=utf-8", API_WHOLE},
        {"application/jsonlines", API_LINES},
        {"text/event-stream", API_SSE},
        {"image/png", API_BYTES},
        {"text/html", API_BYTES},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        assert_int_equal(api_framing_of(payload(), true, str_of(t[i].type)), t[i].framing);
}

static void event_is(const char *data, enum api_rc rc, unsigned flags, const char *text)
{
    struct api_event ev;
    assert_int_equal(payload()->event(STR(""), str_of(data), &ev), rc);
    if (rc < 0)
        return;
    assert_int_equal(ev.flags, flags);
    assert_int_equal(ev.n_texts, text ? 1 : 0);
    if (text)
        assert_true(str_eqz(ev.text[0], text));
}

static void events(void **state)
{
    (void)state;
    event_is("{\"token\": {\"id\": 304, \"text\": \" a\", \"log_prob\": -0.05}}", API_OK, API_CONTENT, " a");
    event_is("{\"outputs\": [\"b\"]}", API_OK, API_CONTENT | API_FINISH, "b");
    event_is("{\"token\":{\"id\":-1,\"text\":\"\"},\"generated_text\":\"\",\"details\":{\"finish_reason\":\"error\"}}",
             API_OK, API_ERROR | API_FINISH, NULL);
    event_is("[DONE]", API_OK, API_TERMINAL, NULL);
    event_is("{\"choices\":[]}", API_OK, 0, NULL);
    event_is("7", API_OK, 0, NULL);
    event_is("\"x\"", API_OK, 0, NULL);
    event_is("{\"token\":", API_E_SYNTAX, 0, NULL);
    event_is("plain", API_E_SYNTAX, 0, NULL);
}

/* Any JSON is an answer; an error in it is an error. */
static void documents(void **state)
{
    struct api_event ev;
    (void)state;
    assert_int_equal(payload()->document(STR("{\"generated_text\":\"x y\"}"), &ev), API_OK);
    assert_int_equal(ev.flags, API_CONTENT | API_FINISH | API_RESULT);
    assert_int_equal(payload()->document(STR("[1,2]"), &ev), API_OK);
    assert_int_equal(payload()->document(STR("{\"vector\":[1]}"), &ev), API_OK);
    assert_int_equal(ev.flags, API_RESULT);
    assert_int_equal(payload()->document(STR("{\"error\":\"no\",\"code\":424}"), &ev), API_OK);
    assert_true(ev.flags & API_ERROR);
    assert_int_equal(payload()->document(STR("{"), &ev), API_E_SYNTAX);
    assert_int_equal(payload()->document(STR(""), &ev), API_OK); /* of HEAD */
}

static void text_at_a_path(void **state)
{
    struct api_event ev;
    struct err e = {0};
    const struct api_custom_opts o = {.text = "choices/delta/content", .also = api_find(STR("sagemaker-lmi"))};
    struct api_custom *c = api_custom_new(&o, &e);
    (void)state;
    assert_non_null(c);
    assert_int_equal(api_custom_event(c, STR(""), STR("{\"choices\":[{\"delta\":{\"content\":\"x\"}}]}"), &ev), API_OK);
    assert_int_equal(ev.flags, API_CONTENT);
    assert_true(str_eqz(ev.text[0], "x"));
    assert_int_equal(api_custom_event(c, STR(""), STR("[DONE]"), &ev), API_OK);
    assert_int_equal(ev.flags, API_TERMINAL);
    /* What a server of the other schema calls an error is one. */
    assert_int_equal(api_custom_event(c, STR(""), STR("{\"details\":{\"finish_reason\":\"error\"}}"), &ev), API_OK);
    assert_true(ev.flags & API_ERROR);
    assert_int_equal(
        api_custom_document(c, STR("{\"generated_text\":\"no\",\"details\":{\"generated_tokens\":7}}"), &ev), API_OK);
    assert_int_equal(ev.n_texts, 0);
    assert_int_equal(ev.completion_tokens, 7);
    api_custom_free(&c);
}

static void bodies(void **state)
{
    static const struct plan_msg msg = {ROLE_USER, {"hello", 5}, {NULL, 0}};
    static const struct plan_extra body = {.body = {"\xff{any", 5}};
    struct api_opts o = {.max_tokens = -1, .temperature = NAN, .stream = true};
    struct api a;
    struct err e = {0};
    struct api_body b = {.spill = BUF_INIT(1 << 20)};
    struct plan_sample s = {.max_tokens = -1, .where = STR("d:1"), .extra = &body};
    struct plan_item it = {.what = &s};
    (void)state;
    assert_int_equal(api_prepare(&a, payload(), &o, NULL), 0);
    api_render(&a, &it, &b);
    assert_int_equal(b.bytes, 5);
    struct plan_sample prompt = {.msgs = &msg, .n_msgs = 1, .where = STR("d:7")};
    assert_int_equal(payload()->check(&prompt, &e), -1);
    assert_memory_equal(e.text, "d:7: is a prompt", 16);
    buf_free(&b.spill);
    api_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_decide),   cmocka_unit_test(events), cmocka_unit_test(documents),
        cmocka_unit_test(text_at_a_path), cmocka_unit_test(bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
