/* What is generated is read back by other programs in tests/e2e/test_media.py; here, what they cannot see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/api_media.h"

static char *whole(const struct api_media *m, uint64_t index, uint64_t key, unsigned j)
{
    struct media_part p;
    struct buf b = BUF_INIT(1 << 20);
    assert_true(api_media_part(m, index, key, j, &p));
    assert_int_equal(p.head.n % 4, 0); /* so that the rest can follow */
    buf_adds(&b, p.head);
    api_media_tail(m, index, key, j, &b);
    return buf_take(&b);
}

static void files_are_base64(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *text; /* RFC 4648, section 10 */
    } cases[] = {{"f", "Zg=="},        {"fo", "Zm8="},        {"foo", "Zm9v"},
                 {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct media_source s = {.file = str_of(cases[i].bytes), .type = "image/png"};
        struct api_media *m = api_media_new(&s, 1, 1, false, 1);
        char *text = whole(m, i, i, 0);
        assert_string_equal(text, cases[i].text);
        free(text);
        api_media_free(&m);
    }
}

static void parts_come_in_turn(void **state)
{
    (void)state;
    const struct media_source v[] = {{.audio = true, .file = STR("s"), .type = "wav"},
                                     {.file = STR("a"), .type = "image/a"},
                                     {.file = STR("b"), .type = "image/b"},
                                     {.file = STR("c"), .type = "image/c"}};
    struct api_media *m = api_media_new(v, 4, 2, false, 1);
    struct media_part p;
    const char *want = "abcabcabc";
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned j = 0; j < 2; j++) {
            assert_true(api_media_part(m, i, i, j, &p));
            assert_false(p.audio);
            assert_int_equal(p.type[6], want[2 * i + j]);
        }
        assert_true(api_media_part(m, i, i, 2, &p));
        assert_true(p.audio);
        assert_false(api_media_part(m, i, i, 3, &p));
    }
    api_media_free(&m);
    m = api_media_new(v, 1, 2, false, 1); /* sound alone */
    assert_true(api_media_part(m, 0, 0, 0, &p) && p.audio);
    assert_false(api_media_part(m, 0, 0, 1, &p));
    api_media_free(&m);
}

static void each_is_drawn_by_seed_and_key(void **state)
{
    (void)state;
    const struct media_source v[] = {{.w = 20, .h = 10, .type = "image/png"},
                                     {.audio = true, .seconds = 0.1, .type = "wav"}};
    struct api_media *m = api_media_new(v, 2, 1, false, 7), *again = api_media_new(v, 2, 1, false, 7),
                     *other = api_media_new(v, 2, 1, false, 8), *same = api_media_new(v, 2, 1, true, 7);
    for (unsigned j = 0; j < 2; j++) {
        char *a = whole(m, 0, 5, j), *b = whole(again, 9, 5, j), *c = whole(m, 0, 6, j), *d = whole(other, 0, 5, j),
             *s1 = whole(same, 0, 5, j), *s2 = whole(same, 0, 6, j);
        assert_string_equal(a, b);
        assert_string_not_equal(a, c);
        assert_string_not_equal(a, d);
        assert_string_equal(s1, s2);
        assert_int_equal(strlen(a), strlen(c));
        char *all[] = {a, b, c, d, s1, s2};
        for (size_t i = 0; i < ARRAY_LEN(all); i++)
            free(all[i]);
    }
    struct api_media *list[] = {m, again, other, same};
    for (size_t i = 0; i < ARRAY_LEN(list); i++)
        api_media_free(&list[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_base64),
        cmocka_unit_test(parts_come_in_turn),
        cmocka_unit_test(each_is_drawn_by_seed_and_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
