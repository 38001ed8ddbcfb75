/* test_tok_uni.c - the tables against counts and sums over all code points that PyPI's tokenizers 0.23.3 gave (its
 * patterns, Digits, Punctuation, Whitespace, BertNormalizer, StripAccents, Lowercase); tests/interop/test_unicode.py
 * compares each code point. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tok/tok_uni.h"

static bool scalar(uint32_t c) /* what a text can hold */
{
    return c < 0xD800 || c > 0xDFFF;
}

static void test_categories(void **state)
{
    static const struct {
        uint32_t mask, count, sum;
    } want[] = {
        {UNI_MASK_L, 141028, 2356027370u},  {UNI_BIT(LU), 1858, 86924357u},    {UNI_BIT(LL), 2258, 104713123u},
        {UNI_BIT(LT), 31, 220514u},         {UNI_BIT(LM), 404, 19538368u},     {UNI_BIT(LO), 136477, 2144631008u},
        {UNI_MASK_M, 2501, 316771473u},     {UNI_BIT(MN), 2020, 296911989u},   {UNI_MASK_N, 1911, 110651895u},
        {UNI_BIT(ND), 760, 39891450u},      {UNI_MASK_P, 855, 28835015u},      {UNI_MASK_S, 8514, 620170451u},
        {UNI_MASK_Z, 19, 141398u},          {UNI_MASK_CC, 65, 5215u},          {UNI_BIT(CF), 170, 92312063u},
        {UNI_BIT(CN), 819533, 2418549178u}, {UNI_BIT(CO), 137468, 383087494u}, {UNI_MASK_SPACE, 25, 141586u},
    };
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        uint32_t n = 0, sum = 0;
        for (uint32_t c = 0; c < 0x110000; c++)
            if (scalar(c) && uni_is(c, want[i].mask)) {
                n++;
                sum += c;
            }
        assert_int_equal(n, want[i].count);
        assert_int_equal(sum, want[i].sum);
    }
    for (uint32_t c = 0xD800; c < 0xE000; c++)
        assert_int_equal(uni_gc(c), UNI_GC_CS);
}

static void test_libraries(void **state)
{
    static const struct {
        unsigned flag;
        uint32_t count, sum;
    } want[] = {
        {UNI_LIB_NUMERIC, 1924, 111666371u}, {UNI_LIB_PUNCT, 726, 20675981u},
        {UNI_LIB_OTHER, 137683, 474065820u}, {UNI_LIB_NONSPACING, 1567, 262554314u},
        {UNI_LIB_WORD, 144667, 2736743500u},
    };
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        uint32_t n = 0, sum = 0;
        for (uint32_t c = 0; c < 0x110000; c++)
            if (scalar(c) && (uni_lib(c) & want[i].flag)) {
                n++;
                sum += c;
            }
        assert_int_equal(n, want[i].count);
        assert_int_equal(sum, want[i].sum);
    }
    uint32_t han = 0, marks = 0, sum = 0;
    for (uint32_t c = 0; c < 0x110000; c++) {
        han += (uni_class(c) & UNI_CLASS_HAN) != 0;
        if (uni_form(c) & UNI_MARK) {
            marks++;
            sum += c;
        }
    }
    assert_int_equal(han, 99030);
    assert_int_equal(marks, 2097);
    assert_int_equal(sum, 286880651u);
}

/* DerivedNormalizationProps.txt of Unicode 9: which quick checks do not say yes. */
static void test_forms(void **state)
{
    static const struct {
        uint32_t c;
        unsigned bits;
    } want[] = {
        {'a', 0},
        {0xE9, UNI_NFD | UNI_NFKD},
        {0xB2, UNI_NFKC | UNI_NFKD},
        {0x2126, UNI_NFC | UNI_NFD | UNI_NFKC | UNI_NFKD},
        {0x301, UNI_NFC | UNI_NFKC | UNI_MARK},
        {0x489, UNI_MARK},
        {0x1161, UNI_NFC | UNI_NFKC},
        {0xAC00, UNI_NFD | UNI_NFKD},
        {0x1F95E, 0},           /* of Unicode 9 */
        {0x1F9FF, UNI_SINCE_9}, /* of Unicode 11 */
        {0x1E5EE, UNI_SINCE_9}, /* a mark of Unicode 16 */
        {0xD800, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        if (uni_form(want[i].c) != want[i].bits)
            fail_msg("U+%04X: %u instead of %u", want[i].c, uni_form(want[i].c), want[i].bits);
}

static void test_lower(void **state)
{
    uint32_t n = 0, from = 0, to[2];
    uint64_t sum = 0;
    for (uint32_t c = 0; c < 0x110000; c++) {
        unsigned k = uni_lower(c, to);
        assert_int_equal(k, c == 0x130 ? 2 : 1);
        if (scalar(c) && to[0] != c) {
            n++;
            from += c;
            sum += to[0];
        }
    }
    assert_int_equal(n, 1488);
    assert_int_equal(from, 36394052);
    assert_int_equal(sum, 39002393);
    uni_lower(0x130, to);
    assert_int_equal(to[0], 'i');
    assert_int_equal(to[1], 0x307);
    uni_lower(0x3A3, to); /* sigma at a word's end too */
    assert_int_equal(to[0], 0x3C3);
    assert_int_equal(uni_fold(0x17F), 's');
    assert_int_equal(uni_fold(0x212A), 'k');
    assert_int_equal(uni_fold('Q'), 'q');
    assert_int_equal(uni_fold('1'), '1');
}

static void test_scripts(void **state)
{
    assert_int_equal(uni_script(' '), 0);
    assert_int_equal(uni_script(0x1F9FF), 0);
    assert_int_equal(uni_script('a'), uni_script(0xE9));
    assert_int_not_equal(uni_script('a'), uni_script('.'));
    assert_int_not_equal(uni_script('a'), uni_script(0x434));
    assert_int_equal(uni_script(0x4E00), uni_script(0x3042));
    assert_int_equal(uni_script(0x4E00), uni_script(0x30AB));
    assert_int_equal(uni_script(0x4E00), uni_script(0x30FC));
}

static void test_walk(void **state)
{
    static const uint32_t c[] = {0, 'a', 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFD, 0xFFFF, 0x10000, 0x10FFFF};
    static const char text[] = "\0a\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBD\xEF\xBF\xBF"
                               "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF";
    const char *p = text;
    for (size_t i = 0; i < ARRAY_LEN(c); i++) {
        const char *at = p;
        assert_int_equal(uni_next(&p), c[i]);
        assert_ptr_equal(uni_back(p), at);
    }
    assert_ptr_equal(p, text + sizeof text - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_categories), cmocka_unit_test(test_libraries), cmocka_unit_test(test_forms),
        cmocka_unit_test(test_lower),      cmocka_unit_test(test_scripts),   cmocka_unit_test(test_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
