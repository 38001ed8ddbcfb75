/* test_api_read.c - values of a type that the dialect does not say, and long arrays passed over beside the scanner's
 * own way, at every length and with every byte at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/api_read.h"

static const char *const values[] = {"\"a\\\"b\"", "{\"x\":[1,{}]}", "[\"]\",2]", "-1.5e3", "true", "false", "null"};

/* Each reads one value, whatever it is, and leaves the scanner behind it. */
static void test_one_value_of_any_type(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        char text[64];
        struct js s;
        struct str raw = {0}, key;
        struct api_event ev;
        int64_t n;
        int len = snprintf(text, sizeof text, "[%s,%s,%s,%s,7]", values[i], values[i], values[i], values[i]);
        api_event_clear(&ev);
        js_init(&s, (struct str){text, (size_t)len});
        assert_true(js_enter(&s, '[') && js_elem(&s));
        assert_int_equal(api_read_string(&s, &raw), i == 0);
        if (i == 0)
            assert_true(str_eqz(raw, "a\\\"b"));
        assert_true(js_elem(&s));
        if (api_read_object(&s)) {
            assert_int_equal(i, 1);
            assert_true(js_key(&s, &key) && js_skip(&s, NULL) == 0 && !js_key(&s, &key));
        }
        assert_true(js_elem(&s));
        if (api_read_array(&s)) {
            assert_int_equal(i, 2);
            while (js_elem(&s))
                js_skip(&s, NULL);
        }
        assert_true(js_elem(&s));
        if (i != 1) /* that object has no counts, and is one */
            api_read_counts(&s, NULL, 0, &ev);
        else
            api_read_input_usage(&s, &ev);
        assert_int_equal(ev.prompt_tokens, -1);
        assert_true(js_elem(&s) && js_i64(&s, &n) == 0 && n == 7);
        assert_false(js_elem(&s));
        assert_true(js_done(&s));
    }
}

static void test_counts(void **state)
{
    static const struct api_count_of rows[] = {
        {"prompt_tokens", NULL, offsetof(struct api_event, prompt_tokens)},
        {"completion_tokens", NULL, offsetof(struct api_event, completion_tokens)},
        {"prompt_tokens_details", "cached_tokens", offsetof(struct api_event, cached_tokens)},
    };
    struct api_event ev;
    struct js s;
    api_event_clear(&ev);
    js_init(&s, STR("{\"other\":[1],\"completion_tokens\":null,\"prompt_tokens\":9,"
                    "\"prompt_tokens_details\":{\"audio\":1,\"cached_tokens\":4,\"x\":{}},\"completion_tokens\":2.5}"));
    api_read_counts(&s, rows, ARRAY_LEN(rows), &ev);
    assert_true(js_done(&s));
    assert_int_equal(ev.prompt_tokens, 9);
    assert_int_equal(ev.completion_tokens, -1);
    assert_int_equal(ev.cached_tokens, 4);
    api_event_clear(&ev);
    js_init(&s, STR("{\"prompt_tokens_details\":[4],\"prompt_tokens\":{\"cached_tokens\":1}}"));
    api_read_counts(&s, rows, ARRAY_LEN(rows), &ev);
    assert_true(js_done(&s));
    assert_int_equal(ev.prompt_tokens, -1);
    assert_int_equal(ev.cached_tokens, -1);
}

static void test_usage_of_inputs(void **state)
{
    static const struct {
        const char *text;
        int64_t want;
    } cases[] = {
        {"{\"prompt_tokens\":9,\"total_tokens\":12}", 9},
        {"{\"total_tokens\":12,\"prompt_tokens\":9}", 9},
        {"{\"total_tokens\":12}", 12},
        {"{\"prompt_tokens\":null,\"total_tokens\":12}", 12},
        {"{\"total_tokens\":-1}", -1},
        {"{}", -1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct api_event ev;
        struct js s;
        api_event_clear(&ev);
        js_init(&s, str_of(cases[i].text));
        api_read_input_usage(&s, &ev);
        assert_true(js_done(&s));
        assert_int_equal(ev.prompt_tokens, cases[i].want);
    }
}

static void test_events_named_errors(void **state)
{
    struct api_event ev;
    api_event_clear(&ev);
    assert_int_equal(api_read_named(STR("message"), STR("{}"), API_E_SYNTAX, &ev), API_E_SYNTAX);
    assert_int_equal(ev.flags & API_ERROR, 0);
    assert_int_equal(api_read_named(STR("error"), STR("overloaded"), API_E_SYNTAX, &ev), API_OK);
    assert_int_equal(ev.flags & API_ERROR, API_ERROR);
    assert_true(str_eqz(ev.error, "overloaded"));
    ev.error = STR("found before");
    assert_int_equal(api_read_named(STR("error"), STR("{}"), API_OK, &ev), API_OK);
    assert_true(str_eqz(ev.error, "found before"));
}

/* Behind what the scanner itself passes over, in the same state. */
static void skips_alike(struct str text)
{
    struct js quick, plain;
    js_init(&quick, text);
    js_init(&plain, text);
    api_skip_numbers(&quick);
    if (js_skip(&plain, NULL) < 0)
        return; /* bad JSON: the quick way looks for less, and need not see it */
    assert_null(quick.bad);
    assert_ptr_equal(quick.p, plain.p);
    assert_int_equal(quick.depth, plain.depth);
}

static void test_arrays_are_passed_over_as_the_scanner_does(void **state)
{
    static const char *const elements[] = {"0.25", "-1e-7", "12", " 3 ", "\n4", "\t5\r", "1E+9"};
    char text[512];
    for (size_t n = 0; n < 40; n++) {
        size_t len = 0;
        text[len++] = '[';
        for (size_t i = 0; i < n; i++) {
            const char *e = elements[(i * 5 + n) % ARRAY_LEN(elements)];
            if (i > 0)
                text[len++] = ',';
            memcpy(text + len, e, strlen(e));
            len += strlen(e);
        }
        text[len++] = ']';
        size_t behind = (size_t)snprintf(text + len, sizeof text - len, ",[1,2],\"]\"%*s", (int)(n % 20), "");
        struct str all = {text, len + behind};
        struct js s;
        js_init(&s, all);
        api_skip_numbers(&s);
        assert_ptr_equal(s.p, text + len);
        skips_alike((struct str){text, len});
        for (size_t at = 1; at < len; at++) {
            char was = text[at];
            for (int c = 0; c < 256; c += c < 128 ? 1 : 16) { /* from 128 on one like the other */
                text[at] = (char)c;
                skips_alike(all);
            }
            text[at] = was;
        }
    }
    skips_alike(STR("[[1,2],[3]],4]"));
    skips_alike(STR("[\"]\",\"\\\"]\",1]"));
    skips_alike(STR("\"of another type\""));
    skips_alike(STR("{\"a\":[1]}"));
}

/* What has no end is no array, however many numbers were there. */
static void test_arrays_cut_off(void **state)
{
    const char *text = "[0.125,0.25,0.375,0.5,0.625,0.75,0.875,1]";
    for (size_t n = 1; n < strlen(text); n++) {
        char *copy = memcpy(malloc(n), text, n); /* nothing behind it may be read */
        struct js s;
        js_init(&s, (struct str){copy, n});
        api_skip_numbers(&s);
        assert_non_null(s.bad);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_value_of_any_type),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_usage_of_inputs),
        cmocka_unit_test(test_events_named_errors),
        cmocka_unit_test(test_arrays_are_passed_over_as_the_scanner_does),
        cmocka_unit_test(test_arrays_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
