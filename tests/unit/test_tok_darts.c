/* test_tok_darts.c - the rules of a normalizer as a double array, made here by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tok/tok_darts.h"

enum { UNITS = 256, VALUE = 1 << 8 };
#define LEAF 0x80000000U

struct blob {
    char bytes[4 + 4 * UNITS + 16];
    size_t n;
};

static void put32(char *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (char)(v >> (8 * i));
}

/* Rules: "a" becomes "x", "ab" becomes "yy". The root leads to 1, "a" to 3. */
static void make(struct blob *b, uint32_t first, uint32_t second)
{
    memset(b, 0, sizeof *b);
    put32(b->bytes, 4 * UNITS);
    char *unit = b->bytes + 4;
    put32(unit, 1U << 10);
    put32(unit + 4 * (1 ^ 'a'), 'a' | VALUE | (uint32_t)((1 ^ 'a') ^ 3) << 10);
    put32(unit + 4 * 3, LEAF | first);
    put32(unit + 4 * (3 ^ 'b'), 'b' | VALUE | (uint32_t)((3 ^ 'b') ^ 7) << 10);
    put32(unit + 4 * 7, LEAF | second);
    memcpy(unit + 4 * UNITS, "x\0yy\0\xC3\xA4\0", 8);
    b->n = 4 + 4 * UNITS + 8;
}

static void test_search(void **state)
{
    struct blob b;
    struct darts d;
    struct err e = {0};
    struct str to;
    size_t n;
    make(&b, 0, 2);
    assert_int_equal(darts_read(&d, (struct str){b.bytes, b.n}, "here", &e), 0);
    assert_true(darts_shortest(&d, STR("abc"), &to));
    assert_true(str_eqz(to, "x"));
    assert_true(darts_longest(&d, STR("abc"), &to, &n));
    assert_true(str_eqz(to, "yy"));
    assert_int_equal(n, 2);
    assert_true(darts_longest(&d, STR("ac"), &to, &n));
    assert_int_equal(n, 1);
    assert_false(darts_longest(&d, STR("b"), &to, &n));
    assert_false(darts_longest(&d, STR(""), &to, &n));
    assert_false(darts_shortest(&d, STR("\0a"), &to));
    assert_false(d.lone_ascii['a']);
    assert_true(d.lone_ascii['b']);
    darts_free(&d);
}

/* A rule for the first byte of a character would leave the others behind. */
static void test_part_of_a_character(void **state)
{
    struct blob b;
    struct darts d;
    struct err e = {0};
    struct str to;
    size_t n;
    make(&b, 0, 2);
    put32(b.bytes + 4 + 4 * (1 ^ 0xC3), 0xC3 | VALUE | (uint32_t)((1 ^ 0xC3) ^ 9) << 10);
    put32(b.bytes + 4 + 4 * 9, LEAF | 2);
    assert_int_equal(darts_read(&d, (struct str){b.bytes, b.n}, "here", &e), 0);
    assert_true(darts_longest(&d, STR("\xC3"), &to, &n));
    assert_false(darts_longest(&d, STR("\xC3\xA9"), &to, &n));
    assert_false(darts_shortest(&d, STR("\xC3\xA9"), &to));
    darts_free(&d);
}

static void refused(struct str blob, const char *text)
{
    struct darts d;
    struct err e = {0};
    assert_int_equal(darts_read(&d, blob, "here", &e), -1);
    if (!strstr(e.text, text))
        fail_msg("\"%s\" instead of \"%s\"", e.text, text);
}

static void test_refused(void **state)
{
    struct blob b;
    refused(STR(""), "here: is damaged: its trie");
    refused(STR("\1\0\0\0"), "here: is damaged: its trie");
    make(&b, 0, 2);
    refused((struct str){b.bytes, 300}, "here: is damaged: its trie of 1024 bytes does not fit");
    refused((struct str){b.bytes, b.n - 2}, "its strings are not UTF-8");
    make(&b, 0, 9);
    refused((struct str){b.bytes, b.n}, "leads outside its strings");
    make(&b, 6, 0); /* into the middle of a character */
    refused((struct str){b.bytes, b.n}, "leads outside its strings");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_part_of_a_character),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
