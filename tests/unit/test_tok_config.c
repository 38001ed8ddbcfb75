/* test_tok_config.c - what a tokenizer_config.json adds, as transformers 5.24 does (tokenization_utils_tokenizers.py,
 * TokenizersBackend.__init__). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "tok/tok_config.h"
#include "tok/tok_post.h"

static int added_of(const char *json, struct buf *out, struct err *e)
{
    struct jdoc *doc = jdoc_parse(str_of(json), "config", e);
    assert_non_null(doc);
    size_t n = 2;
    struct added_def *defs = xcalloc(n, sizeof *defs);
    defs[0] = (struct added_def){.content = STR("<s>"), .special = true};
    defs[1] = (struct added_def){.content = STR("<x>"), .normalized = true};
    int rc = tok_config_added(jdoc_root(doc), &defs, &n, e);
    for (size_t i = 2; i < n && rc == 0; i++)
        buf_addf(out, "%s" STR_FMT "%s%s%s%s%s", i > 2 ? " " : "", STR_ARG(defs[i].content), defs[i].special ? "!" : "",
                 defs[i].normalized ? "~" : "", defs[i].lstrip ? "<" : "", defs[i].rstrip ? ">" : "",
                 defs[i].single_word ? "_" : "");
    free(defs);
    jdoc_free(&doc);
    return rc;
}

static void adds(const char *json, const char *want)
{
    struct buf out = BUF_INIT(10000);
    struct err e = {0};
    assert_int_equal(added_of(json, &out, &e), 0);
    assert_string_equal(out.n ? out.p : "", want);
    buf_free(&out);
}

static void test_added(void **state)
{
    adds("{}", "");
    adds("{\"bos_token\":\"<s>\",\"eos_token\":null,\"pad_token\":\"<x>\"}",
         ""); /* known already, whatever its flags */
    adds("{\"eos_token\":\"</s>\",\"bos_token\":{\"content\":\"<b>\",\"lstrip\":true,\"normalized\":false}}",
         "<b>!< </s>!");
    adds("{\"additional_special_tokens\":[\"<u>\",{\"content\":\"<v>\",\"rstrip\":true,\"normalized\":false}]}",
         "<u>! <v>!>");
    adds("{\"extra_special_tokens\":[\"<u>\"],\"additional_special_tokens\":[\"<w>\"]}", "<u>!");
    adds("{\"added_tokens_decoder\":{\"10\":{\"content\":\"<t>\",\"special\":true},\"9\":{\"content\":\"<n>\"},"
         "\"0\":{\"content\":\"<s>\",\"normalized\":false,\"special\":true},"
         "\"1\":{\"content\":\"<x>\",\"normalized\":false,\"single_word\":true}}}",
         "<x>_ <n>~ <t>!");
    adds("{\"added_tokens_decoder\":{\"9\":{\"content\":\"<p>\",\"normalized\":false}},\"pad_token\":\"<p>\"}", "<p>!");
}

static void test_refused(void **state)
{
    struct buf out = BUF_INIT(10000);
    struct err e = {0};
    assert_int_equal(added_of("{\"added_tokens_decoder\":{\"x\":{\"content\":\"a\"}}}", &out, &e), -1);
    assert_string_equal(e.text, "tokenizer_config.json: added_tokens_decoder[\"x\"]: must be an id and an object with "
                                "\"content\"");
    assert_int_equal(added_of("{\"added_tokens_decoder\":{\"1\":{}}}", &out, &e), -1);
    buf_free(&out);
}

static struct vocab *ends_vocab;

static const struct vocab *vocab_of(const struct model *m)
{
    return ends_vocab;
}

static void test_ends(void **state)
{
    static const struct {
        const char *json, *want;
    } cases[] = {
        {"{}", "T"},
        {"{\"add_bos_token\":true,\"bos_token\":\"<s>\",\"eos_token\":\"</s>\"}", "1 T"},
        {"{\"add_bos_token\":true,\"add_eos_token\":true,\"bos_token\":{\"content\":\"<s>\"},\"eos_token\":\"</s>\"}",
         "1 T 2"},
        {"{\"add_bos_token\":false,\"add_eos_token\":false}", "T"},
        {"{\"add_bos_token\":true,\"bos_token\":\"<q>\"}", NULL},
        {"{\"add_eos_token\":true}", NULL},
    };
    const struct model_ops ops = {.vocab = vocab_of};
    struct model m = {&ops};
    ends_vocab = vocab_new(2);
    vocab_add(ends_vocab, STR("<s>"), 1);
    vocab_add(ends_vocab, STR("</s>"), 2);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct tok_parts p = {.model = &m};
        struct err e = {0};
        struct jdoc *doc = jdoc_parse(str_of(cases[i].json), "config", &e);
        struct buf out = BUF_INIT(1000);
        size_t n;
        assert_int_equal(tok_config_ends(&p, jdoc_root(doc), &e), cases[i].want ? 0 : -1);
        const struct post_item *items = post_items(p.post, true, &n);
        for (size_t k = 0; k < n; k++)
            buf_addf(&out, items[k].text ? "%sT" : "%s%u", k ? " " : "", items[k].id);
        if (cases[i].want)
            assert_string_equal(out.p, cases[i].want);
        else
            assert_non_null(strstr(e.text, "is no token of the vocabulary"));
        buf_free(&out);
        post_free(&p.post);
        jdoc_free(&doc);
    }
    vocab_free(&ends_vocab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_added),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
