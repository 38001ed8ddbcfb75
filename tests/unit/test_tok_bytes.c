/* test_tok_bytes.c - the alphabet as tokenizers.pre_tokenizers.ByteLevel.alphabet() and its encoder show it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tok/tok_private.h"

static void test_known_spellings(void **state)
{
    static const struct {
        const char *raw, *text;
    } pairs[] = {
        {" the", "\xC4\xA0the"},
        {"\n", "\xC4\x8A"},
        {"\t", "\xC4\x89"},
        {"\x7F", "\xC4\xA1"},
        {"\xC3\xA9", "\xC3\x83\xC2\xA9"}, /* é */
        {"\xC2\xA0", "\xC3\x82\xC5\x82"},
        {"\xC2\xAD", "\xC3\x82\xC5\x83"},
        {"\xE2\x82\xAC", "\xC3\xA2\xC4\xA4\xC2\xAC"}, /* € */
    };
    struct buf out = BUF_INIT(1000);
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        buf_clear(&out);
        bytelevel_text(str_of(pairs[i].raw), &out);
        assert_string_equal(out.p, pairs[i].text);
        buf_clear(&out);
        assert_true(bytelevel_raw(str_of(pairs[i].text), &out));
        assert_string_equal(out.p, pairs[i].raw);
    }
    buf_free(&out);
}

static void test_every_byte_has_a_character_of_its_own(void **state)
{
    bool seen[0x144] = {false};
    for (unsigned b = 0; b < 256; b++) {
        unsigned c = bytelevel_char((unsigned char)b);
        assert_in_range(c, '!', 0x143);
        assert_false(seen[c]);
        seen[c] = true;
        assert_int_equal(bytelevel_byte(c), b);
    }
    for (unsigned c = 0; c < 0x200; c++)
        assert_int_equal(bytelevel_byte(c) >= 0, c < 0x144 && seen[c]);
}

static void test_what_is_outside_changes_nothing(void **state)
{
    struct buf out = BUF_INIT(1000);
    buf_addz(&out, "x");
    assert_false(bytelevel_raw(STR("a b"), &out));
    assert_false(bytelevel_raw(STR("\xC5\x84"), &out)); /* U+0144 */
    assert_false(bytelevel_raw(STR("\xE2\x96\x81"), &out));
    assert_false(bytelevel_raw(STR("a\xC4"), &out));
    assert_string_equal(out.p, "x");
    assert_true(bytelevel_raw(STR(""), &out));
    assert_string_equal(out.p, "x");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_spellings),
        cmocka_unit_test(test_every_byte_has_a_character_of_its_own),
        cmocka_unit_test(test_what_is_outside_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
