/* test_tok_scan.c - the scanners against PCRE2, which is given the same pattern; and that time grows with the length of
 * a text, whatever is in it. test_tok_pre.c compares them with another program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "tok/tok_regex.h"
#include "tok/tok_scan.h"
#include "tok/tok_uni.h"

#define FOLDED "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define SPACES "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define PREFIX "[^\\r\\n\\p{L}\\p{N}]?"
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define KIMI_UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]"
#define KIMI_LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]"

static const struct {
    const char *name, *pattern;
    bool tiktoken;
} patterns[] = {
    {"gpt2", "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+", false},
    {"gpt2", "'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?!\\S)|\\s", true},
    {"cl100k", FOLDED "|" PREFIX "\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" SPACES, false},
    {"cl100k",
     "'(?i:[sdmt]|ll|ve|re)|" PREFIX
     "+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+",
     true},
    {"cl100k",
     "'(?i:[sdmt]|ll|ve|re)|" PREFIX
     "+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s",
     true},
    {"qwen2", FOLDED "|" PREFIX "\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" SPACES, false},
    {"qwen3.5", FOLDED "|" PREFIX "[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" SPACES, false},
    {"o200k",
     PREFIX UPPER "*" LOWER "+" FOLDED "?|" PREFIX UPPER "+" LOWER "*" FOLDED
                  "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" SPACES,
     false},
    {"tekken", PREFIX UPPER "*" LOWER "+|" PREFIX UPPER "+" LOWER "*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" SPACES,
     false},
    {"kimi",
     "[\\p{Han}]+|" PREFIX KIMI_UPPER "*" KIMI_LOWER "+" FOLDED "?|" PREFIX KIMI_UPPER "+" KIMI_LOWER "*" FOLDED
     "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" SPACES,
     false},
};
static const char deepseek[3][120] = {"\\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+",
                                      "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}"
                                      "\\p{S}]?"};
static const char deepseek_rest[] = "[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|" SPACES;

/* What the patterns look at, and what their borders are made of. */
static const uint32_t pool[] = {
    ' ',    ' ',    ' ',    '\n',   '\r',   '\t',   'a',     'b',     'e',     'l',     'L',     's',
    'S',    't',    'r',    'v',    'd',    'm',    'E',     '\'',    '\'',    '1',     '2',     '9',
    '.',    ',',    '/',    '-',    '_',    '$',    0,       0x7F,    0x85,    0xA0,    0xAA,    0xAD,
    0xB2,   0xC9,   0xE9,   0xDF,   0x17F,  0x1C5,  0x2B0,   0x301,   0x378,   0x430,   0x410,   0x663,
    0x903,  0x180E, 0x1C89, 0x200D, 0x2028, 0x20AC, 0x20DD,  0x212A,  0x2167,  0x2E80,  0x3000,  0x3005,
    0x3007, 0x3040, 0x3042, 0x3097, 0x3099, 0x309B, 0x30A0,  0x30AB,  0x30FB,  0x30FC,  0x4E00,  0x4E2D,
    0x9FA5, 0x9FA6, 0xE000, 0xFE0F, 0xFF21, 0xFFFD, 0x10D40, 0x16FF0, 0x1D7CE, 0x1F600, 0x1FAE9, 0xE0100,
};

struct rng { /* SplitMix64 */
    uint64_t s;
};
static void rng_seed(struct rng *r, uint64_t seed)
{
    r->s = seed;
}
static uint64_t rng_next(struct rng *r)
{
    uint64_t z = r->s += 0x9E3779B97F4A7C15U;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27) * 0x94D049BB133111EBU;
    return z ^ z >> 31;
}

static size_t random_text(struct rng *r, char *out, size_t max)
{
    size_t n = 0, want = 1 + rng_next(r) % max;
    while (n + 4 <= want || n == 0) {
        uint64_t v = rng_next(r);
        uint32_t c = pool[v % ARRAY_LEN(pool)];
        if ((v >> 32) % 16 == 0)
            c = (uint32_t)((v >> 40) % 0xD800);
        for (uint64_t k = (v >> 24) % 8 == 0 ? 3 : 1; k > 0 && (n + 4 <= want || n == 0); k--)
            n += utf8_put(out + n, c);
    }
    return n;
}

static void random_equal(const struct scan_entry *e, const struct regex *r, uint64_t seed)
{
    struct rng rng;
    struct regex_scratch *s = regex_scratch_new();
    char text[128];
    rng_seed(&rng, seed);
    for (int i = 0; i < 8000; i++) {
        size_t n = random_text(&rng, text, 100), at = 0, from, to;
        struct regex_walk w = {.text = {text, n}};
        while (regex_next(r, s, &w, &from, &to)) {
            assert_int_equal(from, at);
            size_t len = e->scan(text + at, text + n);
            if (len != to - from)
                fail_msg("%s: \"%.*s\" at %zu: a piece of %zu bytes instead of %zu", e->name, (int)n, text, at, len,
                         to - from);
            at = to;
        }
        assert_int_equal(at, n);
    }
    regex_scratch_free(&s);
}

static void test_against_pcre2(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
        struct err e = {0};
        struct regex *r = NULL;
        const struct scan_entry *entry = scan_find(str_of(patterns[i].pattern), patterns[i].tiktoken);
        if (!entry)
            fail_msg("%s is not known", patterns[i].pattern);
        assert_string_equal(entry->name, patterns[i].name);
        assert_int_equal(regex_new(&r, str_of(patterns[i].pattern), patterns[i].tiktoken, &e), 0);
        random_equal(entry, r, i);
        regex_free(&r);
    }
    assert_ptr_equal(scan_gpt2()->scan, scan_find(str_of(patterns[0].pattern), false)->scan);
    assert_null(scan_find(STR("\\p{L}+"), false));
    assert_null(scan_find(str_of(patterns[4].pattern), false)); /* {1,3}+ is something else to Oniguruma */
}

/* Three splits of a piece, one after another: the last on what the others leave, gaps kept. */
static void three(struct regex *const *r, unsigned level, struct regex_scratch *s, const char *text, size_t at,
                  size_t end, size_t *out, size_t *n)
{
    if (at == end)
        return;
    if (level == 3) {
        out[(*n)++] = end - at;
        return;
    }
    struct regex_walk w = {.text = {text + at, end - at}};
    size_t from, to, last = at;
    while (regex_next(r[level], s, &w, &from, &to)) {
        three(r, level + 1, s, text, last, at + from, out, n);
        three(r, level + 1, s, text, at + from, at + to, out, n);
        last = at + to;
    }
    three(r, level + 1, s, text, last, end, out, n);
}

static void test_deepseek(void **state)
{
    struct regex *r[3] = {NULL, NULL, NULL};
    char *last = xasprintf("%s%s", deepseek[2], deepseek_rest);
    const char *p[3] = {deepseek[0], deepseek[1], last};
    const struct scan_entry *e = scan_find_3(str_of(p[0]), str_of(p[1]), str_of(p[2]));
    assert_non_null(e);
    assert_null(scan_find_3(str_of(p[0]), str_of(p[2]), str_of(p[1])));
    struct err err = {0};
    for (int i = 0; i < 3; i++)
        assert_int_equal(regex_new(&r[i], str_of(p[i]), false, &err), 0);
    struct rng rng;
    rng_seed(&rng, 99);
    struct regex_scratch *s = regex_scratch_new();
    char text[128];
    for (int i = 0; i < 8000; i++) {
        size_t n = random_text(&rng, text, 100), at = 0, want[128], k = 0;
        three(r, 0, s, text, 0, n, want, &k);
        for (size_t j = 0; j < k; j++) {
            size_t len = e->scan(text + at, text + n);
            if (len != want[j])
                fail_msg("\"%.*s\" at %zu: a piece of %zu bytes instead of %zu", (int)n, text, at, len, want[j]);
            at += len;
        }
        assert_int_equal(at, n);
    }
    regex_scratch_free(&s);
    for (int i = 0; i < 3; i++)
        regex_free(&r[i]);
    free(last);
}

static size_t scan_all(const struct scan_entry *e, const char *text, size_t n)
{
    size_t pieces = 0;
    for (size_t at = 0; at < n; pieces++) {
        size_t len = e->scan(text + at, text + n);
        assert_true(len > 0 && len <= n - at);
        at += len;
    }
    return pieces;
}

/* A quarter of a megabyte of one thing, or of two in turn. */
static void test_long_runs(void **state)
{
    static const char *const units[] = {"a",        "A",         " ",   "\n",        "!",   "1",    "中",
                                        "\xCC\x81", "'",         "中A", "A\xCC\x81", " \n", "\n ",  "' ",
                                        "\xC2\xAD", "\xC2\xAD ", "aA",  "'s",        "/\n", "ー゛", "\xC2\xA0"};
    size_t max = 1 << 18;
    char *text = xmalloc(max + 1);
    int64_t begin = clock_mono();
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        size_t k = strlen(units[i]), n = max / k * k;
        for (size_t at = 0; at < n; at += k)
            memcpy(text + at, units[i], k);
        for (size_t j = 0; j < ARRAY_LEN(patterns); j++)
            scan_all(scan_find(str_of(patterns[j].pattern), patterns[j].tiktoken), text, n);
        char *last = xasprintf("%s%s", deepseek[2], deepseek_rest);
        scan_all(scan_find_3(str_of(deepseek[0]), str_of(deepseek[1]), str_of(last)), text, n);
        free(last);
    }
    /* 58 MB: about half a second; what grows with the square would take hours. */
    if (!getenv("WEIR_SANITIZED"))
        assert_true(clock_mono() - begin < 60 * NS_PER_S);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_pcre2),
        cmocka_unit_test(test_deepseek),
        cmocka_unit_test(test_long_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
