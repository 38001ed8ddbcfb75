/* test_tok_pre.c - pre-tokenizers against the pieces that PyPI's tokenizers cut (tok_pre_cases.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tok/tok_private.h"
#include "tok_pre_cases.h"

static struct pre *load(const char *def)
{
    struct err e = {0};
    struct pre *p = NULL;
    struct jdoc *d = jdoc_parse(str_of(def), "test", &e);
    if (!d || pre_new(&p, jdoc_root(d), "pre_tokenizer", &e) < 0)
        fail_msg("%s: %s", def, e.text);
    jdoc_free(&d);
    return p;
}

static void join(const struct pre *p, const struct pieces *v, struct buf *out)
{
    buf_clear(out);
    for (size_t i = 0; i < v->n; i++) {
        struct str one = {v->text + v->v[i].at, v->v[i].n};
        if (i)
            buf_addc(out, 1);
        if (pre_gives_bytes(p))
            bytelevel_text(one, out);
        else
            buf_adds(out, one);
    }
}

static void test_cases(void **state)
{
    struct pre *p = NULL;
    struct pre_scratch *s = NULL;
    struct pieces v = {0};
    struct buf b = BUF_INIT(1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(pre_cases); i++) {
        const struct pre_case *c = &pre_cases[i];
        if (c->def) {
            pre_scratch_free(&s);
            pre_free(&p);
            p = load(c->def);
            s = pre_scratch_new(p);
        }
        pre_split(p, s, str_of(c->text), true, &v);
        join(p, &v, &b);
        if (!str_eqz(buf_str(&b), c->pieces))
            fail_msg("case %zu, \"%s\": \"%s\" instead of \"%s\"", i, c->text, b.p ? b.p : "", c->pieces);
    }
    pre_scratch_free(&s);
    pre_free(&p);
    free(v.v);
    buf_free(&b);
}

static void pieces_are(const struct pre *p, struct pre_scratch *s, const char *text, bool first, const char *want)
{
    struct pieces v = {0};
    struct buf b = BUF_INIT(1 << 10);
    pre_split(p, s, str_of(text), first, &v);
    join(p, &v, &b);
    assert_string_equal(b.p, want);
    buf_free(&b);
    free(v.v);
}

static void test_first(void **state)
{
    struct pre *p = load("{\"type\":\"Metaspace\",\"replacement\":\"_\",\"prepend_scheme\":\"first\",\"split\":true}");
    struct pre_scratch *s = pre_scratch_new(p);
    pieces_are(p, s, "a b", true, "_a\1_b");
    pieces_are(p, s, "a b", false, "a\1_b");
    assert_false(pre_gives_bytes(p));
    assert_null(pre_scanner(p));
    assert_string_equal(pre_scanner_name(p), "");
    pre_scratch_free(&s);
    pre_free(&p);
    p = load(
        "{\"type\":\"Metaspace\",\"replacement\":\"_\",\"add_prefix_space\":false}"); /* as files before 0.19 say it */
    s = pre_scratch_new(p);
    pieces_are(p, s, "a b", true, "a\1_b");
    pre_scratch_free(&s);
    pre_free(&p);
}

static void test_none(void **state)
{
    struct pre *p = NULL;
    struct err e = {0};
    assert_int_equal(pre_new(&p, NULL, "pre_tokenizer", &e), 0);
    assert_null(p);
    struct pre_scratch *s = pre_scratch_new(p);
    pieces_are(p, s, "a b", true, "a b");
    pre_scratch_free(&s);
}

static void test_tiktoken(void **state)
{
    struct pre *p = NULL;
    struct err e = {0};
    assert_int_equal(pre_new_pattern(&p, STR("\\p{N}{1,3}+|[a-z]+|\\s++$|\\s"), &e), 0);
    assert_true(pre_gives_bytes(p));
    assert_string_equal(pre_scanner_name(p), "pcre2");
    struct pre_scratch *s = pre_scratch_new(p);
    pieces_are(p, s, "12345 ab!c\n\n", true, "123\00145\1\xC4\xA0\1ab\1c\1\xC4\x8A\xC4\x8A"); /* the "!" is lost */
    pre_scratch_free(&s);
    pre_free(&p);
    assert_int_equal(pre_new_pattern(&p, STR("(?i:a"), &e), -1);
    assert_null(p);
    assert_non_null(strstr(e.text, "at character 1 of the pattern: the group does not end"));
}

static void test_refused(void **state)
{
    static const struct {
        const char *def, *text;
    } want[] = {
        {"[]", "pre_tokenizer must be an object with a \"type\""},
        {"{\"type\":\"Foo\"}", "pre_tokenizer.type: \"Foo\" is no pre-tokenizer that is known"},
        {"{\"type\":\"Delimiter\",\"delimiter\":\"-\"}", "pre_tokenizer.type: \"Delimiter\""},
        {"{\"type\":\"Sequence\"}", "pre_tokenizer.pretokenizers must be a list"},
        {"{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Whitespace\"},{\"type\":\"Bar\"}]}",
         "pre_tokenizer.pretokenizers[1].type: \"Bar\""},
        {"{\"type\":\"Whitespace\",\"foo\":1}", "pre_tokenizer.foo is not known"},
        {"{\"type\":\"Digits\"}", "pre_tokenizer.individual_digits must be true or false"},
        {"{\"type\":\"FixedLength\",\"length\":0}", "pre_tokenizer.length must be a number from 1 on"},
        {"{\"type\":\"Punctuation\",\"behavior\":\"removed\"}", "pre_tokenizer.behavior must be Removed"},
        {"{\"type\":\"Metaspace\"}", "pre_tokenizer.replacement must be one character"},
        {"{\"type\":\"Metaspace\",\"replacement\":\"__\"}", "pre_tokenizer.replacement must be one character"},
        {"{\"type\":\"Metaspace\",\"replacement\":\"_\",\"prepend_scheme\":\"last\"}", "prepend_scheme must be always"},
        {"{\"type\":\"Metaspace\",\"replacement\":\"_\",\"prepend_scheme\":\"always\",\"add_prefix_space\":false}",
         "add_prefix_space is false, but prepend_scheme is always"},
        {"{\"type\":\"Split\",\"pattern\":\"a\",\"behavior\":\"Removed\",\"invert\":false}",
         "pre_tokenizer.pattern must be"},
        {"{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a\"},\"behavior\":\"Removed\"}", "pre_tokenizer.invert must be"},
        {"{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a(\"},\"behavior\":\"Removed\",\"invert\":false}",
         "pre_tokenizer.pattern.Regex: at character 2 of the pattern"},
        {"{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\\\\p{N}{1,3}\"},"
         "\"behavior\":\"Isolated\",\"invert\":false},{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\\\\X\"},"
         "\"behavior\":\"Isolated\",\"invert\":false}]}",
         "pre_tokenizer.pretokenizers[1].pattern.Regex: at character 1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        struct err e = {0};
        struct pre *p = NULL;
        struct jdoc *d = jdoc_parse(str_of(want[i].def), "test", &e);
        assert_non_null(d);
        assert_int_equal(pre_new(&p, jdoc_root(d), "pre_tokenizer", &e), -1);
        assert_null(p);
        assert_int_equal(e.code, ERR_DATA);
        if (!strstr(e.text, want[i].text))
            fail_msg("%s: \"%s\" instead of \"%s\"", want[i].def, e.text, want[i].text);
        jdoc_free(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),    cmocka_unit_test(test_first),   cmocka_unit_test(test_none),
        cmocka_unit_test(test_tiktoken), cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
