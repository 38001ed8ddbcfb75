#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/xalloc.h"
#include "gateway/gw_keys.h"

static int load(struct gw_keys *k, struct str text, struct err *e)
{
    char path[] = "/tmp/weir-keys-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, text.p, text.n), 0);
    close(fd);
    int rc = gw_keys_load(k, path, e);
    unlink(path);
    return rc;
}

static void any_of_the_keys_is_taken(void **state)
{
    (void)state;
    struct gw_keys k = {0};
    struct err e = {0};
    struct sha256 *h = sha256_new();
    assert_int_equal(load(&k, STR("# of ours\nkey-one\r\n\n  key-two \nkey-three"), &e), 0);
    assert_int_equal(k.n, 3);
    assert_true(gw_keys_allow(&k, h, STR("Bearer key-one"), STR("")));
    assert_true(gw_keys_allow(&k, h, STR("bearer  key-two"), STR("")));
    assert_true(gw_keys_allow(&k, h, STR(""), STR("key-three")));
    assert_true(gw_keys_allow(&k, h, STR("Bearer wrong"), STR("key-one")));
    static const char *const wrong[] = {"",
                                        "Bearer",
                                        "Bearer ",
                                        "key-one",
                                        "Basic key-one",
                                        "Bearer key-on",
                                        "Bearer key-one2",
                                        "Bearer # of ours",
                                        "Bearer KEY-ONE"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(gw_keys_allow(&k, h, str_of(wrong[i]), STR("")));
    gw_keys_free(&k);
    assert_true(gw_keys_allow(&k, h, STR(""), STR(""))); /* none are asked for */
    sha256_end(&h, NULL);
}

static void a_file_without_a_key_lets_nobody_start(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "\n\n", "# only\n", "two words\n", "tab\tin\n"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct gw_keys k = {0};
        struct err e = {0};
        assert_int_equal(load(&k, str_of(bad[i]), &e), -1);
        assert_int_equal(e.code, ERR_DATA);
        assert_null(strstr(e.text, "words")); /* a key is not shown */
        assert_null(k.digest);
    }
}

static void there_is_a_ceiling(void **state)
{
    (void)state;
    struct gw_keys k = {0};
    struct err e = {0};
    struct buf b = BUF_INIT(1 << 20);
    for (int i = 0; i < GW_KEYS_MAX; i++)
        buf_addf(&b, "key-%d\n", i);
    struct sha256 *h = sha256_new();
    assert_int_equal(load(&k, buf_str(&b), &e), 0);
    assert_true(gw_keys_allow(&k, h, STR(""), STR("key-4095")));
    assert_false(gw_keys_allow(&k, h, STR(""), STR("key-4096")));
    gw_keys_free(&k);
    buf_addz(&b, "one-more\n");
    assert_int_equal(load(&k, buf_str(&b), &e), -1);
    buf_free(&b);
    sha256_end(&h, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_of_the_keys_is_taken),
        cmocka_unit_test(a_file_without_a_key_lets_nobody_start),
        cmocka_unit_test(there_is_a_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
