/* test_digest.c - SHA-256 against published vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/xalloc.h"

/* The examples that NIST publishes with FIPS 180-4. */
static void test_published_vectors(void **state)
{
    char hex[65];
    sha256_hex(STR("abc"), hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_hex(str_of(NULL), hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_hex(STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), hex);
    assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    char *million = xmalloc(1000000);
    memset(million, 'a', 1000000);
    sha256_hex((struct str){million, 1000000}, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    struct sha256 *h = sha256_new(); /* and in pieces */
    for (size_t at = 0, n = 0; at < 1000000; at += n, n = n * 3 / 2 + 1)
        sha256_add(h, str_sub((struct str){million, 1000000}, at, n));
    sha256_end(&h, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    assert_null(h);
    free(million);
}

static void one_hmac(struct sha256 *h, struct str key, struct str text, const char *want)
{
    unsigned char out[32];
    char hex[65];
    hmac_sha256(h, key, text, out);
    digest_hex(out, hex);
    assert_string_equal(hex, want);
}

/* RFC 4231, 4.2, 4.3, 4.4 and 4.7; one context for all. */
static void test_hmac_vectors(void **state)
{
    struct sha256 *h = sha256_new();
    char key[131], text[50];
    memset(key, 0x0b, 20);
    one_hmac(h, (struct str){key, 20}, STR("Hi There"),
             "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    one_hmac(h, STR("Jefe"), STR("what do ya want for nothing?"),
             "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    memset(text, 0xdd, sizeof text);
    one_hmac(h, (struct str){key, 20}, (struct str){text, 50},
             "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    one_hmac(h, (struct str){key, 131}, STR("Test Using Larger Than Block-Size Key - Hash Key First"),
             "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    unsigned char raw[32];
    char hex[65], plain[65];
    sha256_add(h, STR("abc")); /* the context is empty again */
    sha256_raw(h, raw);
    digest_hex(raw, hex);
    sha256_hex(STR("abc"), plain);
    assert_string_equal(hex, plain);
    sha256_end(&h, NULL);
}

/* Of the same examples of NIST. */
static void test_sha1(void **state)
{
    char hex[41];
    sha1_hex(STR("abc"), hex);
    assert_string_equal(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
    sha1_hex(STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), hex);
    assert_string_equal(hex, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    sha1_hex(str_of(NULL), hex);
    assert_string_equal(hex, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_published_vectors), cmocka_unit_test(test_hmac_vectors),
                                       cmocka_unit_test(test_sha1)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
