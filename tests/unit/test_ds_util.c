/* test_ds_util.c - words against decoding and splitting, UTF-8 against RFC 3629's table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/xalloc.h"
#include "load/ds_util.h"

static void test_words(void **state)
{
    static const struct {
        const char *raw;
        uint32_t words;
    } cases[] = {
        {"", 0},
        {" ", 0},
        {"one", 1},
        {"two words", 2},
        {"  two   words  ", 2},
        {"a\\nb\\tc\\rd\\fe", 5},
        {"\\n\\n", 0},
        {"a\\\\nb", 1}, /* a backslash and an n */
        {"a\\\"b\\/c\\bd", 1},
        {"a\\u0020b\\u000ac\\u000Ad\\u0009e\\u000df\\u000bg\\u000ch", 8},
        {"a\\u0041b\\u0120c\\u2009d\\u0000e", 1}, /* only ASCII white space counts */
        {"caf\xC3\xA9 \xE2\x82\xAC", 2},
        {"no\xC2\xA0"
         "break",
         1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (ds_words(str_of(cases[i].raw)) != cases[i].words)
            fail_msg("\"%s\": %u words, not %u", cases[i].raw, ds_words(str_of(cases[i].raw)), cases[i].words);
}

static uint32_t plain_words(const char *p, size_t n)
{
    uint32_t words = 0;
    for (size_t i = 0; i < n; i++)
        words += !strchr(" \t\n\v\f\r", p[i]) && (i == 0 || strchr(" \t\n\v\f\r", p[i - 1]));
    return words;
}

/* Random texts of pieces, short and long, rich and poor in escapes: the count equals that of the decoded text. */
static void test_words_of_decoded(void **state)
{
    static const char *const pieces[] = {
        "a",       "bc",    " ",  "\\n", "\\t",     "\\u0020", "\\u00e9", "\\\\", "\\\"", "n", "\\ud83d\\ude00",
        "\\u000B", "u0020", "  ", "\\/", "\xC3\xA9"};
    for (uint64_t round = 0; round < 3000; round++) {
        static char raw[60000], out[60000];
        size_t n = 0, units = round % 100 ? round % 97 : 5000, kinds = round % 3 ? ARRAY_LEN(pieces) : 4;
        for (uint64_t k = 0; k < units; k++) {
            bool plain = round % 2 && k % 64;
            const char *p = pieces[rng_below(round, RNG_TEST, k, plain ? 3 : kinds)];
            memcpy(raw + n, p, strlen(p));
            n += strlen(p);
        }
        size_t m = js_decode((struct str){raw, n}, out);
        assert_int_equal(ds_words((struct str){raw, n}), plain_words(out, m));
    }
}

static void test_lines(void **state)
{
    const char text[] = "one\ntwo\n\nfour";
    struct ds_line l;
    ds_line_init(&l, str_of(text));
    assert_int_equal(ds_line_of(&l, text), 1);
    assert_int_equal(ds_line_of(&l, text + 3), 1); /* the newline belongs to its line */
    assert_int_equal(ds_line_of(&l, text + 4), 2);
    assert_int_equal(ds_line_of(&l, text + 8), 3);
    assert_int_equal(ds_line_of(&l, text + 12), 4);
    assert_int_equal(ds_line_of(&l, text + 13), 4);
    struct err e = {0};
    assert_int_equal(ds_fail(&e, "f.json", str_of(text), text + 9, "no %d", 7), DS_SAID);
    assert_string_equal(e.text, "f.json:4: no 7");
    assert_int_equal(e.line, 4);
    assert_int_equal(e.code, ERR_DATA);
}

static bool valid(const char *p, size_t n)
{
    char *copy = xmalloc(n ? n : 1);
    memcpy(copy, p, n);
    bool ok = ds_bad_utf8((struct str){copy, n}) == NULL;
    free(copy);
    return ok;
}

static void test_utf8(void **state)
{
    static const char *const good[] = {"",
                                       "plain",
                                       "\x7F",
                                       "\xC2\x80\xDF\xBF",
                                       "\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF",
                                       "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF",
                                       "12345678\xC3\xA9"
                                       "1234567\xC3\xA9"};
    static const char *const bad[] = {"\x80",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xC3",
                                      "\xC3(",
                                      "\xE0\x9F\xBF",
                                      "\xED\xA0\x80",
                                      "\xE2\x82",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xFF",
                                      "\xFE",
                                      "12345678\xE9 1234",
                                      "\xF0\x9F\x98"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(valid(good[i], strlen(good[i])));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(valid(bad[i], strlen(bad[i])));
    assert_true(valid("a\0b", 3));
    const char late[] = "0123456789\xE9";
    assert_ptr_equal(ds_bad_utf8(str_of(late)), late + 10);
}

static void test_roles_and_names(void **state)
{
    enum plan_role r;
    assert_int_equal(ds_role(STR("us\\u0065r"), &r), 0);
    assert_int_equal(r, ROLE_USER);
    assert_int_equal(ds_role(STR("robot"), &r), -1);
    char big[100];
    memset(big, 'u', sizeof big);
    assert_int_equal(ds_role((struct str){big, sizeof big}, &r), -1);
    assert_true(ds_has_ext("a/b.JSON", ".json"));
    assert_false(ds_has_ext("a/b.jsonl", ".json"));
    assert_false(ds_has_ext("n", ".json"));
    assert_int_equal(ds_first_char(STR(" \n\t[1]")), '[');
    assert_int_equal(ds_first_char(STR(" \n")), 0);
    assert_true(ds_head_has(STR("{\"messages\": 1}"), "\"messages\""));
    assert_false(ds_head_has(STR("{}"), "\"messages\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words), cmocka_unit_test(test_words_of_decoded), cmocka_unit_test(test_lines),
        cmocka_unit_test(test_utf8),  cmocka_unit_test(test_roles_and_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
