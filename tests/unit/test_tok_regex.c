/* test_tok_regex.c - patterns with Oniguruma's meaning, as PyPI's tokenizers 0.23.3 shows it; test_tok_pre.c has more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "tok/tok_regex.h"

/* All matches of a text, each in brackets. */
static void matches(const char *pattern, bool tiktoken, const char *text, const char *want)
{
    struct regex *r = NULL;
    struct err e = {0};
    if (regex_new(&r, str_of(pattern), tiktoken, &e) < 0)
        fail_msg("%s: %s", pattern, e.text);
    struct regex_scratch *s = regex_scratch_new();
    struct regex_walk w = {.text = str_of(text)};
    struct buf b = BUF_INIT(1 << 20);
    size_t from, to, last = 0;
    while (regex_next(r, s, &w, &from, &to)) {
        buf_add(&b, text + last, from - last);
        buf_addf(&b, "[%.*s]", (int)(to - from), text + from);
        last = to;
    }
    buf_addz(&b, text + last);
    if (strcmp(b.p, want) != 0)
        fail_msg("%s: \"%s\" instead of \"%s\"", pattern, b.p, want);
    buf_free(&b);
    regex_scratch_free(&s);
    regex_free(&r);
}

static void refused(const char *pattern, bool tiktoken, const char *text)
{
    struct regex *r = NULL;
    struct err e = {0};
    if (regex_new(&r, str_of(pattern), tiktoken, &e) == 0)
        fail_msg("%s was taken", pattern);
    assert_int_equal(e.code, ERR_DATA);
    if (!strstr(e.text, text))
        fail_msg("%s: \"%s\" instead of \"%s\"", pattern, e.text, text);
}

static void test_meanings(void **state)
{
    matches("x{2}?", false, "xxxxx", "[xx][xx]x[]"); /* absent, not: as few as possible */
    matches("x{2}?", true, "xxxxx", "[xx][xx]x");
    matches("x{1,2}+", false, "xxxxx y", "[xxxxx] y");
    matches("x{1,2}+", true, "xxxxx y", "[xx][xx][x] y");
    matches("a(?i)b|c", false, "aC C c aB", "[aC] C c [aB]");
    matches("a$", false, "a\na", "[a]\n[a]");
    matches("a$", true, "a\na", "a\n[a]");
    matches("^a", false, "a\na", "[a]\n[a]");
    matches("^a", true, "a\na", "[a]\na");
    matches("\\h", false, "fg1", "[f]g[1]");
    matches("(?i:ks)", false, "\xE2\x84\xAA\xC5\xBF", "[\xE2\x84\xAA\xC5\xBF]"); /* the Kelvin sign, the long s */
    matches("[a-z&&[^aeiou]]+", false, "abcde", "a[bcd]e");
    matches("\\s", false, "\xE1\xA0\x8E", "\xE1\xA0\x8E"); /* U+180E is no white space since Unicode 6.3 */
    matches("(?=[A-Z])", false, "aBcD", "a[]Bc[]D");
    matches("b*", false, "abbc", "[]a[bb]c[]");
    matches("\\b", false, "a\xC2\xB2 b", "[]a\xC2\xB2[] []b[]");
    matches("", false, "ab", "[]a[]b[]");
    matches(".", false, "\r\n", "[\r]\n");
    /* What tiktoken 0.14 shows of Rust's crate regex: joiners are of words, ASCII alone is of [:NAME:]. */
    matches("\\w+", true,
            "a\xE2\x80\x8D"
            "b\xC2\xB2",
            "[a\xE2\x80\x8D"
            "b]\xC2\xB2");
    matches("\\w+", false,
            "a\xE2\x80\x8D"
            "b\xC2\xB2",
            "[a]\xE2\x80\x8D[b\xC2\xB2]");
    matches("a\\b", true, "a\xE2\x80\x8D a", "a\xE2\x80\x8D [a]");
    matches("[[:alpha:]]+", true,
            "a\xC3\xA9"
            "b",
            "[a]\xC3\xA9[b]");
    matches("[[:^digit:]]", true, "1\xD9\xA3", "1[\xD9\xA3]");
    matches("[[:digit:]]", false, "1\xD9\xA3", "[1][\xD9\xA3]");
    matches("\\p{L}", false, "\xE1\xB2\x89", "[\xE1\xB2\x89]"); /* U+1C89, a letter since Unicode 16 */
}

static void test_refused(void **state)
{
    refused("a\\X", false, "at character 2 of the pattern: this escape");
    refused("\xC3\xA9(?~a)", false, "at character 2 of the pattern: this kind of group");
    refused("[z-a]", false, "at character 3 of the pattern: a range whose end");
    refused("[\\w-a]", false, "a range that begins with a class");
    refused("[[:foo:]]", false, "at character 2 of the pattern: no POSIX bracket");
    refused("\\p{Foo}", false, "at character 1 of the pattern: no property \"Foo\" is known");
    refused("(?i:st)", false, "at character 6 of the pattern: letters under (?i)");
    refused("(?i)[\\p{Ll}]", false, "at character 5 of the pattern: a bracket under (?i)");
    refused("*a", false, "nothing stands before the repetition");
    refused("^*", false, "a repetition of what has no width");
    refused("a{2,1}", false, "an interval whose end");
    refused("a{70000}", false, "more than 65535");
    refused("(a", false, "the group does not end");
    refused("a)", false, "at character 2 of the pattern: a \")\" too many");
    refused("[a", false, "the bracket does not end");
    refused("[]", false, "an empty bracket");
    refused("\\", false, "a backslash at the end");
    refused("\\xE9", false, "bytes of UTF-8");
    refused("(?<=a*)b", false, "cannot be compiled by PCRE2");
    refused("(?m)a", true, "the option m");
    refused("[a-z--b]", true, "at character 5 of the pattern: -- and ~~");
    refused("[a~~b]", true, "at character 3 of the pattern: -- and ~~");
    refused("\\p{Print}", true, "no property \"Print\" is known");
    char *deep = xmalloc(100001);
    memset(deep, '(', 50000);
    deep[50000] = 0;
    refused(deep, false, "nested too deeply");
    memset(deep, '[', 50000);
    refused(deep, false, "nested too deeply");
    memset(deep, 'a', 100000);
    deep[100000] = 0;
    refused(deep, false, "the limit is 65536");
    free(deep);
}

/* Patterns that backtrack come to an end, and a stack that is too small for the compiled code is made up for. */
static void test_bounds(void **state)
{
    size_t n = 1 << 20;
    char *text = xmalloc(n + 1);
    memset(text, 'a', n);
    static const char *const patterns[] = {"(a|b)*c", "(?:a|aa)+$b", "(a*)*b", "\\w+\\d"};
    for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
        struct regex *r = NULL;
        struct err e = {0};
        assert_int_equal(regex_new(&r, str_of(patterns[i]), false, &e), 0);
        struct regex_scratch *s = regex_scratch_new();
        struct regex_walk w = {.text = {text, 3000}};
        size_t from, to;
        assert_false(regex_next(r, s, &w, &from, &to));
        regex_scratch_free(&s);
        regex_free(&r);
    }
    text[n] = 0;
    struct regex *r = NULL;
    struct err e = {0};
    assert_int_equal(regex_new(&r, STR("(?:a|b)+"), false, &e), 0);
    struct regex_scratch *s = regex_scratch_new();
    struct regex_walk w = {.text = {text, n}};
    size_t from = 1, to = 0;
    assert_true(regex_next(r, s, &w, &from, &to));
    assert_int_equal(from, 0);
    assert_int_equal(to, n);
    regex_scratch_free(&s);
    regex_free(&r);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meanings),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
