#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "api/api_custom.h"
#include "base/jdoc.h"

#define LIT(z)                                                                                                         \
    {                                                                                                                  \
        z, sizeof z - 1                                                                                                \
    }
static const struct plan_msg two[] = {{ROLE_SYSTEM, LIT("be \\\"brief\\\""), {NULL, 0}},
                                      {ROLE_USER, LIT("caf\\u00e9\\n"), {NULL, 0}}};
static const struct plan_msg raw[] = {{ROLE_USER, {NULL, 0}, LIT("{\"role\":\"user\",\"content\":[1]}")}};

/* The body, copied out. */
static char *render(const char *template, const struct plan_msg *msgs, uint32_t n, uint64_t key)
{
    struct err e = {0};
    struct api_custom_opts co = {.body = template, .text = "t", .seed = 7};
    struct api_custom *c = api_custom_new(&co, &e);
    if (!c)
        fail_msg("%s", e.text);
    struct api_opts o = {.model = "m\"1", .max_tokens = -1, .temperature = NAN, .stream = true, .custom = c};
    struct plan_sample s = {.msgs = msgs, .n_msgs = n, .max_tokens = 12, .where = STR("d:1")};
    struct api a;
    struct api_body b = {.spill = BUF_INIT(1 << 20)};
    assert_int_equal(api_prepare(&a, api_find(STR("custom")), &o, &e), 0);
    assert_int_equal(api_custom_check(c, &o, &s, &e), 0);
    struct plan_item it = {.what = &s, .key = key, .nonce = "[n] "};
    api_render(&a, &it, &b);
    api_render(&a, &it, &b); /* the same again, in the same memory */
    assert_int_equal(b.n, 1);
    char *text = strndup(b.v[0].iov_base, b.v[0].iov_len);
    struct jdoc *d = jdoc_parse(str_of(text), "body", &e); /* another reader's JSON */
    if (!d)
        fail_msg("%s: %s", text, e.text);
    jdoc_free(&d);
    buf_free(&b.spill);
    api_free(&a);
    api_custom_free(&c);
    return text;
}

static void places_are_filled_by_their_context(void **state)
{
    (void)state;
    static const struct {
        const char *template, *body;
    } cases[] = {
        {"{\"p\": {{prompt}}}", "{\"p\": \"[n] be \\\"brief\\\"\\ncaf\\u00e9\\n\"}"},
        {"{\"p\": \"Say: {{prompt}}!\"}", "{\"p\": \"Say: [n] be \\\"brief\\\"\\ncaf\\u00e9\\n!\"}"},
        {"{\"p\": \"a \\\" {{ prompt }}\"}", "{\"p\": \"a \\\" [n] be \\\"brief\\\"\\ncaf\\u00e9\\n\"}"},
        {"{\"m\":{{messages}}}", "{\"m\":[{\"role\":\"system\",\"content\":\"[n] be "
                                 "\\\"brief\\\"\"},{\"role\":\"user\",\"content\":\"caf\\u00e9\\n\"}]}"},
        {"[{{max_tokens}},\"{{max_tokens}}\",{{model}},\"x-{{model}}\",{{stream}}]",
         "[12,\"12\",\"m\\\"1\",\"x-m\\\"1\",true]"},
        {" {\"a\":{\"b\":{\"c\":1}}} ", "{\"a\":{\"b\":{\"c\":1}}}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *body = render(cases[i].template, two, 2, 5);
        assert_string_equal(body, cases[i].body);
        free(body);
    }
    char *body = render("{\"m\":{{messages}}}", raw, 1, 0);
    assert_string_equal(body, "{\"m\":[{\"role\":\"user\",\"content\":[1]}]}");
    free(body);
}

static void uuids_differ_and_come_again(void **state)
{
    (void)state;
    char *a = render("[{{uuid}},\"{{uuid}}\"]", two, 2, 1), *b = render("[{{uuid}},\"{{uuid}}\"]", two, 2, 2),
         *c = render("[{{uuid}},\"{{uuid}}\"]", two, 2, 1);
    assert_string_equal(a, c);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), 1 + 38 + 1 + 38 + 1);
    assert_memory_equal(a + 2, a + 2 + 39, 36); /* one request, one UUID */
    assert_int_equal(a[2 + 14], '4');           /* version, and variant 10xx */
    assert_non_null(strchr("89ab", a[2 + 19]));
    assert_int_equal(a[2 + 8], '-');
    assert_int_equal(a[2 + 23], '-');
    free(a);
    free(b);
    free(c);
}

static void bad_templates_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *template, *says;
    } cases[] = {
        {"{\"p\": {{prompt}", "has no }}"},
        {"{\"p\": {{question}}}", "{{question}} is none of {{prompt}}"},
        {"{\"p\": \"{{messages}}\"}", "{{messages}} stands within quotes"},
        {"{\"p\":\n {{prompt}}", "line 2"},
        {"", "not JSON"},
        {"{\"p\": {{prompt}}} {}", "not JSON"},
        {"{\"p\": x{{prompt}}}", "not JSON"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = {0};
        struct api_custom_opts o = {.body = cases[i].template, .text = "t"};
        assert_null(api_custom_new(&o, &e));
        assert_int_equal(e.code, ERR_USAGE);
        if (!strstr(e.text, cases[i].says))
            fail_msg("\"%s\" does not say \"%s\"", e.text, cases[i].says);
    }
}

static void what_is_asked_for_must_be_known(void **state)
{
    (void)state;
    struct err e = {0};
    struct api_custom_opts co = {.body = "[{{max_tokens}},{{model}},{{prompt}}]", .text = "t"};
    struct api_custom *c = api_custom_new(&co, &e);
    struct api_opts o = {.max_tokens = -1};
    struct plan_sample s = {.msgs = two, .n_msgs = 2, .max_tokens = -1, .where = STR("d:1")};
    assert_int_equal(api_custom_check(c, &o, &s, &e), -1);
    assert_non_null(strstr(e.text, "give --max-tokens"));
    o.max_tokens = 1;
    assert_int_equal(api_custom_check(c, &o, &s, &e), -1);
    assert_non_null(strstr(e.text, "give --model"));
    o.model = "m";
    assert_int_equal(api_custom_check(c, &o, &s, &e), 0);
    s = (struct plan_sample){.msgs = raw, .n_msgs = 1, .max_tokens = -1, .where = STR("d:2")};
    assert_int_equal(api_custom_check(c, &o, &s, &e), -1);
    assert_non_null(strstr(e.text, "{{prompt}} takes only text"));
    const struct plan_extra own = {.body = STR("{}")};
    s.extra = &own;
    assert_int_equal(api_custom_check(c, &o, &s, &e), 0);
    api_custom_free(&c);
}

static void streams_end_as_they_were_said_to(void **state)
{
    (void)state;
    static const struct {
        const char *end, *finish, *data;
        bool terminal, must_end;
    } cases[] = {{NULL, NULL, "[DONE]", true, false},
                 {NULL, NULL, " [DONE] ", true, false},
                 {NULL, "f", "[DONE]", true, true},
                 {"{\"end\":1}", NULL, "{\"end\":1}", true, true},
                 {"{\"end\":1}", NULL, "{\"end\":2}", false, true}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct api_custom_opts o = {.body = "{}", .text = "t", .finish = cases[i].finish, .stream_end = cases[i].end};
        struct api_custom *c = api_custom_new(&o, NULL);
        struct api a = {.custom = c};
        struct api_event ev;
        assert_int_equal(api_custom_event(c, STR(""), str_of(cases[i].data), &ev), API_OK);
        assert_int_equal(ev.flags, cases[i].terminal ? API_TERMINAL : 0);
        assert_int_equal(api_must_end(&a), cases[i].must_end);
        assert_int_equal(api_custom_event(c, STR(""), STR("junk"), &ev), API_E_SYNTAX);
        assert_int_equal(api_custom_event(c, STR("error"), STR("junk"), &ev), API_OK);
        assert_true((ev.flags & API_ERROR) && str_eqz(ev.error, "junk"));
        api_custom_free(&c);
    }
    struct api other = {0};
    assert_true(api_must_end(&other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_filled_by_their_context), cmocka_unit_test(uuids_differ_and_come_again),
        cmocka_unit_test(bad_templates_are_refused),          cmocka_unit_test(what_is_asked_for_must_be_known),
        cmocka_unit_test(streams_end_as_they_were_said_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
