/* test_tok_post.c - post-processors as Hugging Face applies them (tok_cases.h), and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tok/tok_post.h"
#include "tok_cases.h"

static void items_text(const struct post *p, bool specials, struct buf *out)
{
    size_t n;
    const struct post_item *items = post_items(p, specials, &n);
    for (size_t i = 0; i < n; i++)
        if (items[i].text)
            buf_addf(out, "%s1 2", i ? " " : "");
        else
            buf_addf(out, "%s%u", i ? " " : "", items[i].id);
}

static int make(struct post **p, const char *json, struct err *e)
{
    struct jdoc *doc = jdoc_parse(str_of(json), "case", e);
    assert_non_null(doc);
    int rc = post_new(p, jdoc_root(doc), "post_processor", e);
    jdoc_free(&doc);
    return rc;
}

static void test_cases(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(post_cases); i++) {
        struct post *p = NULL;
        struct err e = {0};
        assert_int_equal(make(&p, post_cases[i][0], &e), 0);
        for (int specials = 0; specials < 2; specials++) {
            struct buf out = BUF_INIT(1000);
            items_text(p, specials, &out);
            assert_string_equal(out.n ? out.p : "", post_cases[i][1 + specials]);
            buf_free(&out);
        }
        post_free(&p);
    }
}

static void refused(const char *json, const char *text)
{
    struct post *p = NULL;
    struct err e = {0};
    assert_int_equal(make(&p, json, &e), -1);
    assert_null(p);
    assert_string_equal(e.text, text);
}

static void test_refused(void **state)
{
    refused("{\"type\":\"Foo\"}", "post_processor.type: \"Foo\" is not known to weir; it knows TemplateProcessing, "
                                  "BertProcessing, RobertaProcessing, ByteLevel and Sequence");
    refused("{\"type\":\"Sequence\",\"processors\":[{\"type\":\"ByteLevel\"},{\"type\":\"BertProcessing\",\"sep\":["
            "\"s\",1]}]}",
            "post_processor.processors[1].cls: must be a token and its id, like [\"[SEP]\", 102]");
    refused(
        "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"[CLS]\"}}],\"special_tokens\":{}}",
        "post_processor.special_tokens: has no ids for \"[CLS]\", which the template names");
    refused("{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"B\"}}],\"special_tokens\":{}}",
            "post_processor.single[0]: names the second text of a pair, where there is only one");
    refused("{\"type\":\"TemplateProcessing\",\"single\":[7],\"special_tokens\":{}}",
            "post_processor.single[0]: must be {\"SpecialToken\": …} or {\"Sequence\": {\"id\": \"A\" or \"B\", …}}");
    refused("{\"type\":\"TemplateProcessing\"}", "post_processor.single: must be a list of pieces");
    refused("{\"type\":\"Sequence\"}", "post_processor.processors: must be a list");
}

static void test_without(void **state)
{
    struct post *p = NULL;
    struct err e = {0};
    struct buf out = BUF_INIT(1000);
    const uint32_t front[] = {7}, back[] = {8, 9};
    assert_int_equal(post_new(&p, NULL, "post_processor", &e), 0);
    assert_null(p);
    items_text(p, true, &out);
    assert_string_equal(out.p, "1 2");
    buf_clear(&out);
    assert_int_equal(post_new_ids(&p, front, 1, back, 2), 0);
    items_text(p, true, &out);
    assert_string_equal(out.p, "7 1 2 8 9");
    buf_clear(&out);
    items_text(p, false, &out);
    assert_string_equal(out.p, "1 2");
    post_free(&p);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
