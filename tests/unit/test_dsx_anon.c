/* test_dsx_anon.c - what looks personal goes, what only resembles it stays. Numbers with check digits are the published
 * examples: ISO 13616's registry, the card schemes' test numbers, RFC 4291, the makers' documentation of their keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/jdoc.h"
#include "load/dsx_anon.h"

static char *anonymized(struct anon *a, const char *text)
{
    struct buf b = BUF_INIT(1 << 20);
    anon_text(a, str_of(text), &b);
    buf_addz(&b, "");
    return b.p ? buf_take(&b) : strdup("");
}

/* Of each kind: the text, what must be gone and what must have stayed. */
static void test_kinds(void **state)
{
    static const struct {
        enum anon_kind kind;
        const char *text, *gone, *stays;
    } t[] = {
        {ANON_EMAIL, "write to ada.l+x@mail.acme.co.uk.", "ada.l", "write to "},
        {ANON_EMAIL, "<bob@acme.io>", "bob@acme.io", "<"},
        {ANON_PHONE, "call +49 30 901820 now", "901820", "call +49"},
        {ANON_PHONE, "call (415) 867-5309 now", "867-5309", " now"},
        {ANON_PHONE, "call 415-867-5309.", "867-5309", "call "},
        {ANON_PHONE, "Tel. 030 901820123", "901820123", "Tel. 0"},
        {ANON_IBAN, "to DE89 3704 0044 0532 0130 00 please", "3704 0044", "to DE00 "},
        {ANON_IBAN, "GB82WEST12345698765432", "WEST1234", "GB00"},
        {ANON_CARD, "card 4111 1111 1111 1111, thanks", "4111 1111 1111 1111", ", thanks"},
        {ANON_CARD, "378282246310005", "378282246310005", ""},
        {ANON_IP, "from 84.12.7.201:443", "84.12.7.201", ":443"},
        {ANON_IP, "at 2a02:8109:9a40::17ff, port 80", "8109", ", port 80"},
        {ANON_URL, "https://joe:s3cret@host.acme.io/x", "s3cret", "@host.acme.io/x"},
        {ANON_URL, "see https://acme.io/a?page=2&api_key=Zx81Kq&x=1#t", "Zx81Kq", "?page=2&api_key="},
        {ANON_KEY, "key sk-proj-abcDEF0123456789abcDEF done", "abcDEF0123456789", "key sk-"},
        {ANON_KEY, "AKIAIOSFODNN7EXAMPLX", "IOSFODNN7EXAMPLX", "AKIA"},
        {ANON_KEY, "Authorization: Bearer abcdefghijklmnop1234", "abcdefghijklmnop", "Authorization: Bearer "},
        {ANON_KEY, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmN", "sdWIi", "eyJ"},
        {ANON_KEY, "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nx", "MIIE", "\nx"},
        {ANON_NAME, "Dear Mr. Kowalski, ", "Kowalski", "Dear Mr. "},
        {ANON_NAME, "my name is Jürgen Müller and", "Müller", " and"},
        {ANON_NAME, "Frau Özdemir hat", "zdemir", "Frau "},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct anon a = {.seed = 1};
        char *got = anonymized(&a, t[i].text);
        if (strstr(got, t[i].gone) || !strstr(got, t[i].stays) || a.count[t[i].kind] != 1)
            fail_msg("%s became %s", t[i].text, got);
        for (int k = 0; k < ANON_KINDS; k++)
            if (k != (int)t[i].kind && a.count[k])
                fail_msg("%s: also %s", t[i].text, anon_kind_name((enum anon_kind)k, false));
        free(got);
    }
}

static void test_what_stays(void **state)
{
    static const char *const t[] = {
        "plain words, 12 of them; 3.14159 and 0.123456789",
        "on 2024-11-14 at 12:34:56, in 2019-2020",
        "version 1.2.3, pages 100-200, 1,000,000 people",
        "4111 1111 1111 1112", /* Luhn's sum does not hold */
        "DE88 3704 0044 0532 0130 00",
        "std::vector<int> a; x::y::z; dead::beef",
        "a@b and @handle, user@localhost",
        "person-1@example.com and me@mail.example.org",
        "127.0.0.1 and 192.0.2.7 and 2001:db8::1 and 256.1.1.1 and 1.2.3.4.5",
        "https://acme.io/a?page=2&sort=asc",
        "sk-short, AKIA, Bearer of news, eyJ.x.y",
        "Dear Sir or Madam, Dear all, Mr. and Mrs.",
        "0-306-40615-2 is a book, 1234567890 a number",
        "日本語 und ein Maß Öl — “quoted”",
        "",
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct anon a = {.seed = 1};
        char *got = anonymized(&a, t[i]);
        if (strcmp(got, t[i]) != 0)
            fail_msg("%s became %s", t[i], got);
        free(got);
    }
}

/* The same original has the same replacement, in any surroundings; another seed gives another one. */
static void test_same_by_same(void **state)
{
    struct anon a = {.seed = 7}, b = {.seed = 8};
    char *one = anonymized(&a, "joe@acme.io joe@acme.io"), *two = anonymized(&a, "(joe@acme.io)"),
         *other = anonymized(&b, "joe@acme.io joe@acme.io"), *else_ = anonymized(&a, "jim@acme.io");
    size_t n = strlen(one) / 2;
    assert_memory_equal(one, one + n + 1, n);
    assert_memory_equal(one, two + 1, n);
    assert_string_not_equal(one, other);
    assert_memory_not_equal(one, else_, n);
    free(one);
    free(two);
    free(other);
    free(else_);
}

/* Replaced once, a text stays as it is but for what has no reserved form: numbers that fail their check, addresses of
 * documentation, the domain example.com. */
static void test_replacements_are_harmless(void **state)
{
    static const char *const t[] = {"4111 1111 1111 1111", "378282246310005",      "DE89 3704 0044 0532 0130 00",
                                    "84.12.7.201",         "2a02:8109:9a40::17ff", "joe@acme.io"};
    for (uint64_t seed = 0; seed < 50; seed++) {
        for (size_t i = 0; i < ARRAY_LEN(t); i++) {
            struct anon a = {.seed = seed}, again = {.seed = seed};
            char *got = anonymized(&a, t[i]), *twice = anonymized(&again, got);
            assert_string_equal(got, twice);
            free(got);
            free(twice);
        }
    }
}

static void test_escaped_and_json(void **state)
{
    struct anon a = {.seed = 1};
    struct buf out = BUF_INIT(1 << 16), scratch = BUF_INIT(1 << 16);
    anon_escaped(&a, STR("say \\\"hi\\\"\\nto joe\\u0040acme.io"), &scratch, &out);
    assert_true(str_starts(buf_str(&out), STR("say \\\"hi\\\"\\nto person-")));
    buf_clear(&out);
    anon_json(&a,
              STR("{\"joe@acme.io\": [1, \"joe@acme.io\", {\"url\" : \"data:image/png;base64,AKIAIOSFODNN7EXAMPLX\"}],"
                  " \"b\": \"a\\\"4111111111111111\\\"\"}"),
              &scratch, &out);
    struct jdoc *d = jdoc_parse(buf_str(&out), "out", NULL);
    assert_non_null(d);
    const char *name;
    jnode *list = jn_member(jdoc_root(d), 0, &name);
    assert_string_equal(name, "joe@acme.io"); /* names of members are part of the form */
    assert_true(str_starts(jn_str(jn_at(list, 1), ""), STR("person-")));
    assert_true(str_ends(jn_str(jn_get(jn_at(list, 2), "url"), ""), STR("7EXAMPLX")));
    assert_int_equal(a.count[ANON_CARD], 1);
    assert_int_equal(a.count[ANON_EMAIL], 2);
    jdoc_free(&d);
    buf_free(&out);
    buf_free(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_what_stays),
        cmocka_unit_test(test_same_by_same),
        cmocka_unit_test(test_replacements_are_harmless),
        cmocka_unit_test(test_escaped_and_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
