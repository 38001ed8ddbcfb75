/* test_tok_cset.c - sets of characters against counts that PyPI's tokenizers 0.23.3 (Oniguruma) gave over all code
 * points, and what PCRE2 makes of their spelling against the sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "tok/tok_cset.h"

static uint32_t count(const struct cset *s)
{
    uint32_t n = 0;
    for (uint32_t c = 0; c < 0x110000; c++)
        n += cset_has(s, c);
    return n;
}

static void test_names(void **state)
{
    static const struct {
        const char *name;
        bool posix, in_class;
        uint32_t count;
    } want[] = {
        {"L", false, true, 141028},
        {"Lu", false, true, 1858},
        {" l ", false, true, 141028},
        {"Letter", false, true, 141028},
        {"LC", false, true, 4147},
        {"P", false, true, 855},
        {"punct", false, true, 855},
        {"PosixPunct", false, true, 9369},
        {"punct", true, true, 9369},
        {"S", false, true, 8514},
        {"M", false, true, 2501},
        {"Cn", false, true, 819533},
        {"C", false, true, 957236},
        {"Any", false, true, 1112064},
        {"Assigned", false, true, 292531},
        {"space", true, true, 25},
        {"White_Space", false, true, 25},
        {"alpha", true, true, 142759},
        {"alnum", true, true, 143519},
        {"upper", true, true, 1978},
        {"lower", true, true, 2569},
        {"digit", true, true, 760},
        {"cntrl", true, true, 65},
        {"graph", true, true, 292447},
        {"print", true, true, 292464},
        {"blank", true, true, 18},
        {"xdigit", true, true, 22},
        {"ascii", true, true, 128},
        {"word", true, true, 144665},
        {"word", false, false, 144671},
        {"Han", false, true, 99030},
        {"Hiragana", false, true, 381},
        {"Katakana", false, true, 321},
        {"Hangul", false, true, 11739},
        {"Latin", false, true, 1487},
        {"Cyrillic", false, true, 508},
        {"Arabic", false, true, 1373},
        {"Thai", false, true, 86},
        {"Greek", false, true, 518},
        {"Hebrew", false, true, 134},
        {"Devanagari", false, true, 164},
        {"Common", false, true, 9053},
        {"Inherited", false, true, 657},
        {"Emoji", false, true, 1431},
        {"Emoji_Presentation", false, true, 1212},
        {"Ideographic", false, true, 106477},
        {"Unified_Ideograph", false, true, 97680},
        {"Extended_Pictographic", false, true, 3537},
    };
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        struct cset *s = cset_new();
        assert_true(cset_add_named(s, str_of(want[i].name), want[i].posix, want[i].in_class));
        if (count(s) != want[i].count)
            fail_msg("%s: %u instead of %u", want[i].name, count(s), want[i].count);
        cset_free(&s);
    }
    struct cset *s = cset_new();
    assert_false(cset_add_named(s, STR("Foo"), false, true));
    assert_false(cset_add_named(s, STR("Script=Han"), false, true));
    assert_false(cset_add_named(s, STR("L"), true, true));
    assert_int_equal(count(s), 0);
    cset_free(&s);
}

static void test_algebra(void **state)
{
    struct cset *a = cset_new(), *b = cset_new();
    cset_add(a, 'a', 'z');
    cset_add(b, 'm', 0x4E00);
    cset_and(a, b);
    assert_int_equal(count(a), 'z' - 'm' + 1);
    cset_or(a, b);
    assert_int_equal(count(a), 0x4E00 - 'm' + 1);
    cset_not(a);
    assert_int_equal(count(a), 1112064 - (0x4E00 - 'm' + 1));
    assert_false(cset_has(a, 0xD800)); /* never in a text */
    cset_free(&a);
    a = cset_new();
    cset_add(a, 'S', 'S');
    cset_add(a, 'k', 'k');
    cset_fold(a);
    assert_int_equal(count(a), 6);
    assert_true(cset_has(a, 0x17F) && cset_has(a, 0x212A));
    cset_free(&a);
    cset_free(&b);
}

/* PCRE2 must match exactly the members, one character after another through all of Unicode. */
static void spelled(const struct cset_speller *sp, const struct cset *s, const char *name)
{
    struct buf b = BUF_INIT(1 << 20);
    cset_spell(sp, s, &b);
    int code;
    PCRE2_SIZE at;
    pcre2_code *re = pcre2_compile((PCRE2_SPTR)b.p, b.n, PCRE2_UTF, &code, &at, NULL);
    if (!re)
        fail_msg("%s: %s is refused", name, b.p);
    pcre2_jit_compile(re, PCRE2_JIT_COMPLETE);
    pcre2_match_data *m = pcre2_match_data_create(1, NULL);
    for (uint32_t c = 0; c < 0x110000; c++) {
        char text[4];
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        int rc = pcre2_match(re, (PCRE2_SPTR)text, utf8_put(text, c), 0, PCRE2_NO_UTF_CHECK, m, NULL);
        if ((rc >= 0) != cset_has(s, c))
            fail_msg("%s: U+%04X is %s for PCRE2, with %.200s", name, c, rc >= 0 ? "in" : "out", b.p);
    }
    pcre2_match_data_free(m);
    pcre2_code_free(re);
    buf_free(&b);
}

static void test_spelling(void **state)
{
    static const char *const names[] = {"L", "P", "Han", "word", "Cn", "Any"};
    struct cset_speller *sp = cset_speller_new();
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct cset *s = cset_new();
        cset_add_named(s, str_of(names[i]), false, false);
        spelled(sp, s, names[i]);
        cset_free(&s);
    }
    struct cset *s = cset_new(); /* [^\s\p{L}\p{N}], and so on */
    cset_add_mask(s, UNI_MASK_SPACE | UNI_MASK_L | UNI_MASK_N);
    cset_not(s);
    spelled(sp, s, "neither space nor letter nor number");
    cset_free(&s);
    s = cset_new();
    cset_add_mask(s, UNI_MASK_L);
    for (uint32_t c = 0; c < 0x110000; c += 3000)
        s->w[c / 64] ^= (uint64_t)uni_is(c, UNI_MASK_L) << c % 64;
    spelled(sp, s, "most letters");
    cset_not(s);
    spelled(sp, s, "all else");
    cset_free(&s);
    s = cset_new();
    spelled(sp, s, "nothing");
    cset_free(&s);
    cset_speller_free(&sp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_algebra),
        cmocka_unit_test(test_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
