/* test_tok_cluster.c - grapheme clusters: lines of GraphemeBreakTest.txt of Unicode 17, one or more for each rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "tok/tok_cluster.h"

/* `text` is the clusters, parted by '|'. */
static void check(const char *text)
{
    char joined[200];
    size_t n = 0;
    for (const char *p = text; *p; p++)
        if (*p != '|')
            joined[n++] = *p;
    struct str_split it = {str_of(text), '|', false};
    struct str part;
    size_t at = 0;
    while (str_next(&it, &part)) {
        size_t len = cluster_next(joined + at, joined + n);
        if (len != part.n)
            fail_msg("%s: a cluster of %zu bytes instead of %zu at %zu", text, len, part.n, at);
        at += len;
    }
    assert_int_equal(at, n);
}

static void test_rules(void **state)
{
    check("a| |b");
    check("\r\n|\r|\r\n|\n");                                    /* GB3 to GB5 */
    check("a|\n|\xCC\x88");                                      /* a mark behind a line break stands alone */
    check("\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA8|\xE1\x84\x80");  /* GB6 to GB8: L V T, L */
    check("\xEA\xB0\x80\xE1\x86\xA8|\xEA\xB0\x81|\xE1\x85\xA1"); /* LV T, LVT, V */
    check("a\xCC\x88\xE2\x80\x8D|b");                            /* GB9: marks and joiners */
    check("\xE0\xA4\x95\xE0\xA4\xBF");                           /* GB9a: a spacing mark */
    check("\xD8\x80"
          "a|b");                                              /* GB9b: prepended */
    check("\xE0\xA4\x95\xE0\xA5\x8D\xE0\xA4\xA4|a");           /* GB9c: consonant, linker, consonant */
    check("\xE0\xA4\x95\xE0\xA5\x8D\xE2\x80\x8D\xE0\xA4\xA4"); /* with a joiner behind the linker */
    check("\xE0\xA4\x95|\xE0\xA4\xA4");
    check("\xE0\xA4\x95\xE0\xA5\x8D|a");
    check("\xF0\x9F\x91\xA9\xF0\x9F\x8F\xBB\xE2\x80\x8D\xF0\x9F\x91\xA9|a"); /* GB11 */
    check("a\xE2\x80\x8D|\xF0\x9F\x91\xA9");
    check("\xC2\xA9\xE2\x80\x8D\xC2\xA9|\xC2\xAE");
    check("\xF0\x9F\x87\xA6\xF0\x9F\x87\xA7|\xF0\x9F\x87\xA8\xF0\x9F\x87\xA9|\xF0\x9F\x87\xAA|a"); /* GB12, GB13 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
