/* test_tok_match.c - the matcher against a search that tries every string at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "tok/tok_match.h"

/* Leftmost-longest by definition. */
static bool plain_next(const struct str *strings, size_t n, struct str text, size_t from, struct match *found)
{
    for (size_t at = from; at < text.n; at++) {
        size_t best = 0;
        for (size_t i = 0; i < n; i++) {
            if (strings[i].n > best && str_starts(str_sub(text, at, text.n), strings[i])) {
                best = strings[i].n;
                *found = (struct match){at, at + best, (uint32_t)i};
            }
        }
        if (best)
            return true;
    }
    return false;
}

static void same(const struct matcher *m, const struct str *strings, size_t n, struct str text)
{
    struct match a, b;
    for (size_t from = 0;;) {
        bool found = matcher_next(m, text, from, &a);
        assert_int_equal(found, plain_next(strings, n, text, from, &b));
        if (!found)
            break;
        assert_int_equal(a.start, b.start);
        assert_int_equal(a.end, b.end);
        assert_int_equal(a.which, b.which);
        from = a.end;
    }
}

static uint64_t draw(uint64_t *at, uint64_t limit)
{
    return rng_u64(5, RNG_TEST, (*at)++) % limit;
}

static void test_random(void **state)
{
    uint64_t at = 0;
    for (int round = 0; round < 3000; round++) {
        static char letters[20][8], text[300];
        struct str strings[20];
        size_t n = 1 + draw(&at, 20), alphabet = 1 + draw(&at, 4), many = draw(&at, 8) == 0 ? 60 : alphabet;
        for (size_t i = 0; i < n; i++) {
            strings[i] = (struct str){letters[i], draw(&at, 8)};
            for (size_t k = 0; k < strings[i].n; k++)
                letters[i][k] = (char)('a' + draw(&at, k ? alphabet : many));
        }
        struct matcher *m = matcher_new(strings, n);
        for (int t = 0; t < 5; t++) {
            size_t len = draw(&at, sizeof text);
            for (size_t k = 0; k < len; k++)
                text[k] = (char)('a' + draw(&at, draw(&at, 3) ? alphabet : 60));
            if (m)
                same(m, strings, n, (struct str){text, len});
        }
        matcher_free(&m);
    }
}

static void test_small_cases(void **state)
{
    const struct str strings[] = {STR("abcd"), STR("bc"), STR("b"), STR(""), STR("bc"), STR("\xFF")};
    struct matcher *m = matcher_new(strings, ARRAY_LEN(strings));
    same(m, strings, ARRAY_LEN(strings), STR("abcx abcd bcd b\xFF"));
    same(m, strings, ARRAY_LEN(strings), STR(""));
    struct match x;
    assert_true(matcher_next(m, STR("abc"), 0, &x)); /* the longer one that began earlier came to nothing */
    assert_int_equal(x.start, 1);
    assert_int_equal(x.end, 3);
    assert_int_equal(x.which, 1);
    assert_false(matcher_next(m, STR("abc"), 3, &x));
    matcher_free(&m);
    assert_null(m);
    assert_null(matcher_new(strings + 3, 1));
    assert_null(matcher_new(strings, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_small_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
