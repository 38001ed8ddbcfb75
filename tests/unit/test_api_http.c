#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "api/api.h"

static void bodies_go_out_as_they_are(void **state)
{
    (void)state;
    static const struct plan_msg msg = {ROLE_USER, {"hello", 5}, {NULL, 0}};
    static const struct plan_extra body = {.body = {"\xff{any", 5}}, path = {.path = {"/x", 2}};
    static const char *const names[] = {"http", "openai-chat", "openai-completions"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct api_ops *ops = api_find(str_of(names[i]));
        struct api_opts o = {.model = "m", .max_tokens = 5, .temperature = NAN, .stream = true, .include_usage = true};
        struct api a;
        struct api_body b = {.spill = BUF_INIT(1 << 20)};
        assert_int_equal(api_prepare(&a, ops, &o, NULL), 0);
        struct plan_sample s = {.msgs = &msg, .n_msgs = 1, .max_tokens = -1, .where = STR("d:1"), .extra = &body};
        struct plan_item it = {.what = &s, .nonce = "[n] "};
        api_render(&a, &it, &b); /* in any dialect, and without a nonce in front */
        assert_int_equal(b.n, 1);
        assert_int_equal(b.bytes, 5);
        assert_memory_equal(b.v[0].iov_base, "\xff{any", 5);
        struct plan_sample bare = {.max_tokens = -1, .where = STR("d:2"), .extra = &path};
        it.what = &bare;
        api_render(&a, &it, &b);
        assert_int_equal(b.bytes == 0, ops->plain);
        buf_free(&b.spill);
        api_free(&a);
    }
}

static void a_prompt_is_no_plain_request(void **state)
{
    (void)state;
    static const struct plan_msg msg = {ROLE_USER, {"hello", 5}, {NULL, 0}};
    const struct api_ops *ops = api_find(STR("http"));
    struct plan_sample s = {.msgs = &msg, .n_msgs = 1, .where = STR("d:7")};
    struct err e = {0};
    assert_int_equal(ops->check(&s, &e), -1);
    assert_int_equal(e.code, ERR_DATA);
    assert_memory_equal(e.text, "d:7: is a prompt", 16);
    const struct plan_extra x = {.method = STR("GET")};
    struct plan_sample get = {.where = STR("d:8"), .extra = &x};
    assert_int_equal(ops->check(&get, NULL), 0);
}

static void answers_mean_nothing(void **state)
{
    (void)state;
    const struct api_ops *ops = api_find(STR("http"));
    struct api_event ev;
    assert_true(ops->plain);
    assert_string_equal(ops->key_env, ""); /* another server's key does not go there */
    assert_int_equal(ops->event(STR("error"), STR("[DONE]"), &ev), API_OK);
    assert_int_equal(ev.flags, 0);
    assert_int_equal(ops->document(STR("<html>"), &ev), API_OK);
    assert_int_equal(ev.flags, 0);
    assert_null(api_of_path(STR("/hello")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_go_out_as_they_are),
        cmocka_unit_test(a_prompt_is_no_plain_request),
        cmocka_unit_test(answers_mean_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
