/* test_tok_regex_class.c - brackets, classes and escapes as sets, written out by hand by the rules of Oniguruma's
 * doc/RE; test_tok_pre.c and tests/interop/test_unicode.py compare them with that library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tok/tok_regex_private.h"

static struct rewriter at(const char *text, bool icase, bool tiktoken, struct err *e)
{
    size_t n = strlen(text);
    return (struct rewriter){.begin = text, .p = text, .end = text + n, .e = e, .icase = icase, .tiktoken = tiktoken};
}

/* Which ASCII characters the bracket takes, and how much of the text it is. */
static void holds(const char *text, bool icase, bool tiktoken, const char *want, size_t behind)
{
    struct err e = {0};
    struct rewriter w = at(text, icase, tiktoken, &e);
    struct cset *s = NULL;
    char got[129];
    size_t n = 0;
    assert_true(regex_take(&w, "["));
    if (regex_bracket(&w, &s) < 0)
        fail_msg("%s: %s", text, e.text);
    for (uint32_t c = 1; c < 128; c++)
        if (cset_has(s, c))
            got[n++] = (char)c;
    got[n] = 0;
    if (strcmp(got, want) != 0)
        fail_msg("%s: \"%s\" instead of \"%s\"", text, got, want);
    assert_int_equal(w.end - w.p, behind);
    assert_int_equal(w.depth, 0);
    cset_free(&s);
}

static void test_brackets(void **state)
{
    holds("[a-c]x", false, false, "abc", 1);
    holds("[]a]", false, false, "]a", 0); /* a "]" in front stands for itself where another one follows */
    holds("[a-]", false, false, "-a", 0);
    holds("[-a]", false, false, "-a", 0);
    holds("[+--]", false, false, "+,-", 0);
    holds("[a-f&&c-z]", false, false, "cdef", 0);
    holds("[a-f&&[^bd]&&c-z]", false, false, "cef", 0);
    holds("[a&&]", false, false, "", 0);
    holds("[a-&&-z]", false, false, "-", 0);
    holds("[x[0-2]y]", false, false, "012xy", 0);
    holds("[\\d_]", false, false, "0123456789_", 0);
    holds("[\\h]", false, false, "0123456789ABCDEFabcdef", 0);
    holds("[[:digit:]a]", false, false, "0123456789a", 0);
    holds("[\\x41\\u0042\\x{43}\\n]", false, false, "\nABC", 0);
    holds("[\\b\\-\\]]", false, false, "\b-]", 0);
    holds("[\\t-\\r]", false, false, "\t\n\v\f\r", 0);
    holds("[b-k]", true, false, "BCDEFGHIJKbcdefghijk", 0);
    holds("[\\pN]", false, true, "0123456789", 0);
}

static void test_beyond_ascii(void **state)
{
    struct err e = {0};
    struct cset *s = NULL;
    struct rewriter w = at("[^\\x{E9}k]", true, false, &e);
    assert_true(regex_take(&w, "["));
    assert_int_equal(regex_bracket(&w, &s), 0);
    assert_false(cset_has(s, 0xE9) || cset_has(s, 0xC9) || cset_has(s, 'K') || cset_has(s, 0x212A));
    assert_false(cset_has(s, 0xD800));
    assert_true(cset_has(s, 'a') && cset_has(s, 0x10FFFF));
    cset_free(&s);
    s = cset_new();
    w = at("p{^L}", false, false, &e);
    assert_int_equal(regex_class(&w, s, false), 1);
    assert_true(cset_has(s, '1') && !cset_has(s, 'a'));
    assert_false(regex_more(&w));
    w = at("P{^L}", false, false, &e);
    assert_int_equal(regex_class(&w, s, false), 1);
    assert_true(cset_has(s, 'a'));
    cset_free(&s);
}

static void test_escapes(void **state)
{
    static const struct {
        const char *text;
        int rc;
        uint32_t c;
        size_t behind;
    } want[] = {
        {"n", 1, '\n', 0},
        {"e1", 1, 0x1B, 1},
        {"x41g", 1, 'A', 1},
        {"x4g", 1, 4, 1},
        {"x{10FFFF}", 1, 0x10FFFF, 0},
        {"u00E91", 1, 0xE9, 1},
        {"0177", 1, 0xF, 1},
        {"08", 1, 0, 1},
        {"x{110000}", -1, 0, 0},
        {"x{D800}", -1, 0, 0},
        {"x{41 42}", -1, 0, 0},
        {"x80", -1, 0, 0},
        {"u12", -1, 0, 0},
        {"x{}", -1, 0, 0},
        {"q", 0, 0, 1},
        {"1", 0, 0, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        struct err e = {0};
        struct rewriter w = at(want[i].text, false, false, &e);
        uint32_t c = 0;
        int rc = regex_escaped(&w, &c);
        if (rc != want[i].rc || (rc == 1 && c != want[i].c))
            fail_msg("%s: %d, U+%04X", want[i].text, rc, c);
        if (rc >= 0)
            assert_int_equal(w.end - w.p, want[i].behind);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } want[] = {
        {"[a-\\d]", "at character 3 of the pattern: a range that ends in a class"},
        {"[\\d-a]", "at character 4 of the pattern: a range that begins with a class"},
        {"[a-[b]]", "a range that ends in a bracket"},
        {"[\xC3\xA9-\\x{E8}]", "at character 3 of the pattern: a range whose end"},
        {"[[:alpha]", "a POSIX bracket that does not end"},
        {"[a[b]", "at character 1 of the pattern: the bracket does not end"},
        {"[\\p]", "\\p without {NAME}"},
        {"[\\p{L", "\"}\" is missing"},
        {"[\\B]", "this escape in brackets"},
        {"[\\", "a backslash at the end"},
        {"[a-\\", "a range that ends in a class"},
    };
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        struct err e = {0};
        struct rewriter w = at(want[i].text, false, false, &e);
        struct cset *s = NULL;
        assert_true(regex_take(&w, "["));
        assert_int_equal(regex_bracket(&w, &s), -1);
        assert_null(s);
        if (!strstr(e.text, want[i].why))
            fail_msg("%s: \"%s\" instead of \"%s\"", want[i].text, e.text, want[i].why);
    }
}

/* Full case folding (CaseFolding.txt, status F): ss, ff, fi, fl, st, an iota below, Armenian pairs. */
static void test_folding(void **state)
{
    static const struct {
        uint32_t before, c;
        bool together;
    } want[] = {
        {0, 0xDF, true},    {0, 0xFB06, true},    {'s', 'S', true},     {'s', 't', true},   {'f', 'L', true},
        {'j', 0x30C, true}, {0x3B1, 0x3B9, true}, {0x565, 0x582, true}, {0x2BC, 'N', true}, {0, 's', false},
        {'t', 's', false},  {'a', 'b', false},    {'f', 's', false},    {0, 0x30C, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        struct rewriter w = {.before = want[i].before};
        if (regex_folds_together(&w, want[i].c) != want[i].together)
            fail_msg("U+%04X U+%04X", want[i].before, want[i].c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_brackets), cmocka_unit_test(test_beyond_ascii), cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_folding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
