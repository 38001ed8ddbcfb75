/* test_tok_norm.c - each normalizer against texts that Hugging Face's library normalized. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tok_golden.h"

static void one_kind(jnode *def, jnode *pairs, unsigned number)
{
    struct norm *n = NULL;
    struct err e = {0};
    if (norm_new(&n, def, "normalizer", &e) != 0)
        fail_msg("kind %u: %s", number, e.text);
    struct norm_scratch *s = norm_scratch_new();
    for (size_t i = 0; i < jn_len(pairs); i++) {
        struct str in = jn_str(jn_at(jn_at(pairs, i), 0), NULL), want = jn_str(jn_at(jn_at(pairs, i), 1), NULL);
        struct str got = norm_apply(n, s, in);
        if (!str_eq(got, want))
            fail_msg("kind %u (%s), text %zu \"%s\": \"" STR_FMT "\" instead of \"%s\"", number,
                     jn_str(jn_get(def, "type"), "").p, i, in.p, STR_ARG(got), want.p);
    }
    norm_scratch_free(&s);
    norm_free(&n);
    assert_null(n);
}

static void test_golden(void **state)
{
    struct golden g;
    golden_load(&g, "normalizers.json");
    assert_true(jn_len(g.cases) >= 25);
    for (size_t i = 0; i < jn_len(g.cases); i++)
        one_kind(jn_at(jn_at(g.cases, i), 0), jn_at(jn_at(g.cases, i), 1), (unsigned)i);
    golden_free(&g);
}

static struct norm *make(const char *json)
{
    struct norm *n = NULL;
    struct err e = {0};
    struct jdoc *d = jdoc_parse(str_of(json), "test", &e);
    if (!d || norm_new(&n, jdoc_root(d), "normalizer", &e) != 0)
        fail_msg("%s: %s", json, e.text);
    jdoc_free(&d);
    return n;
}

static void test_unchanged_text_is_not_copied(void **state)
{
    static const char *const kinds[] = {
        "{\"type\":\"NFC\"}",
        "{\"type\":\"NFKD\"}",
        "{\"type\":\"Lowercase\"}",
        "{\"type\":\"StripAccents\"}",
        "{\"type\":\"Nmt\"}",
        "{\"type\":\"Strip\",\"strip_left\":true,\"strip_right\":true}",
        "{\"type\":\"Replace\",\"pattern\":{\"String\":\"Q\"},\"content\":\"\"}",
    };
    const char *text = "plain text, \xE4\xB8\xAD\xE6\x96\x87 too";
    struct norm_scratch *s = norm_scratch_new();
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct norm *n = make(kinds[i]);
        assert_ptr_equal(norm_apply(n, s, str_of(text)).p, text);
        norm_free(&n);
    }
    assert_ptr_equal(norm_apply(NULL, s, str_of(text)).p, text);
    norm_scratch_free(&s);
}

/* A megabyte of marks in the worst order: sorting them must not be quadratic. */
static void test_many_marks(void **state)
{
    enum { N = 1 << 18 };
    struct norm *n = make("{\"type\":\"NFC\"}");
    struct norm_scratch *s = norm_scratch_new();
    struct buf text = BUF_INIT(8 << 20), want = BUF_INIT(8 << 20);
    buf_addc(&text, '=');
    buf_addc(&want, '=');
    for (unsigned i = 0; i < N; i++)
        buf_addz(&text, "\xCC\x81\xCC\xA3"); /* U+0301 of class 230, U+0323 of 220 */
    for (unsigned i = 0; i < N; i++)
        buf_addz(&want, "\xCC\xA3");
    for (unsigned i = 0; i < N; i++)
        buf_addz(&want, "\xCC\x81");
    assert_true(str_eq(norm_apply(n, s, buf_str(&text)), buf_str(&want)));
    buf_free(&text);
    buf_free(&want);
    norm_scratch_free(&s);
    norm_free(&n);
}

static void refused(const char *json, const char *text)
{
    struct norm *n = NULL;
    struct err e = {0};
    struct jdoc *d = jdoc_parse(str_of(json), "test", &e);
    assert_non_null(d);
    if (norm_new(&n, jdoc_root(d), "normalizer", &e) == 0)
        fail_msg("%s: was taken", json);
    if (!strstr(e.text, text))
        fail_msg("%s: \"%s\" instead of \"%s\"", json, e.text, text);
    jdoc_free(&d);
}

static void test_refused(void **state)
{
    refused("{}", "normalizer.type: is missing");
    refused("{\"type\":\"NFX\"}", "normalizer.type: \"NFX\" is no normalizer");
    refused("{\"type\":\"Sequence\"}", "normalizer.normalizers: must be an array");
    refused("{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFC\"},{\"type\":\"Sequence\",\"normalizers\":[7]}]}",
            "normalizer.normalizers[1].normalizers[0].type: is missing");
    refused("{\"type\":\"Strip\",\"strip_left\":true}", "normalizer.strip_right: must be true or false");
    refused("{\"type\":\"Prepend\"}", "normalizer.prepend: is missing");
    refused("{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":1}",
            "normalizer.handle_chinese_chars: must be true or false");
    refused("{\"type\":\"Replace\",\"content\":\"\"}", "normalizer.pattern: must be");
    refused("{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"}}", "normalizer.content: is missing");
    refused("{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"(a\"},\"content\":\"\"}", "normalizer.pattern.Regex: ");
    refused("{\"type\":\"Precompiled\",\"precompiled_charsmap\":null}",
            "normalizer.precompiled_charsmap: must be a string in base64");
    refused("{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AA=A\"}", "must be a string in base64");
    refused("{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAEAAA==\"}",
            "normalizer.precompiled_charsmap: is damaged");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_unchanged_text_is_not_copied),
        cmocka_unit_test(test_many_marks),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
