/* What the dialects have in common: how an answer is framed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/api.h"

static void the_content_type_says_the_framing(void **state)
{
    static const struct {
        const char *type;
        enum api_framing framing, of_lines; /* the latter where the dialect streams JSON lines */
    } cases[] = {
        {"text/event-stream", API_SSE, API_SSE},
        {"Text/Event-Stream; charset=utf-8", API_SSE, API_SSE},
        {"text/event-stream-not", API_WHOLE, API_LINES},
        {"application/x-ndjson", API_LINES, API_LINES},
        {"application/x-ndjson; charset=utf-8", API_LINES, API_LINES},
        {"application/jsonlines", API_LINES, API_LINES},
        {"application/jsonl", API_LINES, API_LINES},
        {"application/json", API_WHOLE, API_WHOLE},
        {"application/json ; charset=utf-8", API_WHOLE, API_WHOLE},
        {"text/plain", API_WHOLE, API_LINES},
        {"", API_WHOLE, API_LINES},
    };
    struct api_ops plain = {.lines = false}, lines = {.lines = true};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str type = str_of(cases[i].type);
        assert_int_equal(api_framing_of(&plain, true, type), cases[i].framing);
        assert_int_equal(api_framing_of(&plain, false, type), cases[i].framing);
        assert_int_equal(api_framing_of(&lines, true, type), cases[i].of_lines);
        assert_int_equal(api_framing_of(&lines, false, type), cases[i].framing);
    }
}

/* Every dialect is whole, so that none can be called where it has nothing. */
static void each_dialect_is_complete(void **state)
{
    for (size_t i = 0; api_all()[i]; i++) {
        const struct api_ops *o = api_all()[i];
        assert_true(o->name && o->help && o->default_path && o->default_path[0] == '/');
        assert_true(o->ours && o->check && o->members && o->body && o->event && o->document);
        assert_true(!o->models_path || o->models_id);
        assert_true(!o->headers || str_ends(str_of(o->headers), STR("\r\n")));
        assert_true(o->limit_needed == 0 || o->limit);
        assert_ptr_equal(api_find(str_of(o->name)), o);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(api_all()[k]->name, o->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_content_type_says_the_framing),
        cmocka_unit_test(each_dialect_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
