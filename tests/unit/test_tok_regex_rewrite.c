/* test_tok_regex_rewrite.c - how a pattern is spelled for PCRE2, by the syntax of pcre2pattern(3); what it then matches
 * is test_tok_regex.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "tok/tok_regex.h"

static void becomes(const char *pattern, bool tiktoken, const char *want)
{
    struct buf out = BUF_INIT(1 << 20);
    struct err e = {0};
    if (regex_rewrite(str_of(pattern), tiktoken, &out, &e) < 0)
        fail_msg("%s: %s", pattern, e.text);
    if (!str_eqz(buf_str(&out), want))
        fail_msg("%s: " STR_FMT " instead of %s", pattern, STR_ARG(buf_str(&out)), want);
    buf_free(&out);
}

static void test_spelling(void **state)
{
    becomes("a|b", false, "\\x{61}|\\x{62}");
    becomes("(?:a)(b)\\1", false, "(?:\\x{61})(\\x{62})\\g{1}");
    becomes("(?<n>a)", false, "(?:\\x{61})");
    becomes("(?<=a)(?!b)", false, "(?<=\\x{61})(?!\\x{62})");
    becomes("^.$", false, "(?m:^)[^\\x{A}](?m:$)");
    becomes("^.$", true, "\\A[^\\x{A}]\\z");
    becomes("(?m:.).", false, "(?:(?s:.))[^\\x{A}]");
    becomes("(?s:.).", true, "(?:(?s:.))[^\\x{A}]");
    becomes("a(?#b*)c", false, "\\x{61}\\x{63}");
    becomes("(?x: a # b\n | c )", false, "(?:\\x{61}|\\x{63})");
    becomes("(?x: a + )a ", false, "(?:\\x{61}+)\\x{61}\\x{20}");
    becomes("(?i:-k)", false, "(?:\\x{2D}[\\x{4B}\\x{6B}\\x{212A}])");
    becomes("(?i:k)k", false, "(?:[\\x{4B}\\x{6B}\\x{212A}])\\x{6B}");
    becomes("[^a]", false, "[^\\x{61}]");
    becomes("[a&&b]", false, "(?!)");
}

static void test_repetitions(void **state)
{
    becomes("a{2}", false, "\\x{61}{2}");
    becomes("a{2,}", false, "\\x{61}{2,}");
    becomes("a{,3}", false, "\\x{61}{0,3}");
    becomes("a{,3}", true, "\\x{61}\\x{7B}\\x{2C}\\x{33}\\x{7D}");
    becomes("a{x", false, "\\x{61}\\x{7B}\\x{78}");
    becomes("a{2}?", false, "(?:\\x{61}{2})?");
    becomes("a{2}?", true, "\\x{61}{2}?");
    becomes("a{2,3}?", false, "\\x{61}{2,3}?");
    becomes("a{2,3}+", false, "(?:\\x{61}{2,3})+");
    becomes("a{2,3}+", true, "\\x{61}{2,3}+");
    becomes("a*+?", false, "(?:\\x{61}*+)?");
    becomes("a+?*", false, "(?:\\x{61}+?)*");
}

static void refused(const char *pattern, size_t room, const char *why)
{
    struct buf out = BUF_INIT(room);
    struct err e = {0};
    assert_int_equal(regex_rewrite(str_of(pattern), false, &out, &e), -1);
    if (!strstr(e.text, why))
        fail_msg("\"%s\" instead of \"%s\"", e.text, why);
    buf_free(&out);
}

/* A short pattern never costs much time or memory. */
static void test_bounds(void **state)
{
    char *p = xmalloc(65536);
    memset(p, '*', 65535);
    p[0] = 'a';
    p[65535] = 0;
    refused(p, 1 << 20, "too many repetitions behind one another");
    for (size_t i = 0; i + 2 <= 65534; i += 2)
        memcpy(p + i, "\\h", 3);
    refused(p, 1 << 20, "too many brackets and classes");
    memset(p, 'a', 1000);
    p[1000] = 0;
    refused(p, 100, "the pattern becomes too long");
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spelling),
        cmocka_unit_test(test_repetitions),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
