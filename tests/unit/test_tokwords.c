/* test_tokwords.c - words that stay one token each, and texts of exactly so many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "load/tokwords.h"
#include "words_tokenizer.h"

static struct tok *loaded(struct str json)
{
    char path[] = "/tmp/weir-tokwords-XXXXXX";
    struct err e = {0};
    struct tok *t = NULL;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, json.p, json.n), (ssize_t)json.n);
    close(fd);
    if (tok_load(&t, path, &e) != 0)
        fail_msg("%s", e.text);
    unlink(path);
    return t;
}

static struct tok *of_words(void)
{
    struct buf b = BUF_INIT(1 << 20);
    words_tokenizer(&b);
    struct tok *t = loaded(buf_str(&b));
    buf_free(&b);
    return t;
}

static void test_the_words_are_those_that_stand_alone_too(void **state)
{
    struct tok *t = of_words();
    struct err e = {0};
    struct tokwords *s = tokwords_new(t, &e);
    assert_non_null(s);
    assert_int_equal(tokwords_n(s), N_TEST_WORDS); /* neither "zq" nor "wu" nor the beginnings of words */
    for (size_t i = 0; i < N_TEST_WORDS; i++)
        assert_true(str_eqz(tokwords_at(s, i), TEST_WORDS[i]));
    tokwords_free(&s);
    tok_free(&t);
}

static void test_a_text_has_as_many_tokens_as_asked_for(void **state)
{
    static const uint64_t lengths[] = {1, 2, 3, 100, 4097};
    struct tok *t = of_words();
    struct err e = {0};
    struct tokwords *s = tokwords_new(t, &e);
    struct buf longest = BUF_INIT(1 << 20), b = BUF_INIT(1 << 20);
    tokwords_fill(s, &longest, 7, 1, 5000);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint64_t words = 1;
        buf_clear(&b);
        tokwords_fill(s, &b, 7, 1, lengths[i]);
        for (size_t k = 0; k < b.n; k++)
            words += b.p[k] == ' ';
        assert_int_equal(words, lengths[i]);
        assert_int_equal(tokwords_count(s, buf_str(&b)), lengths[i]);
        assert_memory_equal(b.p, longest.p, b.n);
    }
    buf_clear(&b);
    tokwords_fill(s, &b, 8, 1, 4097);
    assert_memory_not_equal(b.p, longest.p, b.n);
    buf_free(&b);
    buf_free(&longest);
    tokwords_free(&s);
    tok_free(&t);
}

static void test_a_text_is_made_to_fit(void **state)
{
    struct tok *t = of_words();
    struct err e = {0};
    struct tokwords *s = tokwords_new(t, &e);
    struct buf b = BUF_INIT(1 << 20);
    tokwords_fill(s, &b, 1, 1, 20);
    assert_int_equal(tokwords_fit(s, &b, 12, &e), 0);
    assert_int_equal(tokwords_count(s, buf_str(&b)), 12);
    buf_clear(&b);
    buf_addz(&b, "zq an"); /* "z", "q", " an" */
    assert_int_equal(tokwords_fit(s, &b, 9, &e), 0);
    assert_int_equal(tokwords_count(s, buf_str(&b)), 9);
    buf_clear(&b);
    buf_addz(&b, "zq"); /* two tokens, and none to take away but both */
    assert_int_equal(tokwords_fit(s, &b, 1, &e), 0);
    assert_int_equal(tokwords_count(s, buf_str(&b)), 1);
    buf_free(&b);
    tokwords_free(&s);
    tok_free(&t);
}

static void test_too_few_words_are_refused(void **state)
{
    struct err e = {0};
    struct tok *t =
        loaded(STR("{\"version\":\"1.0\",\"added_tokens\":[],\"normalizer\":null,\"pre_tokenizer\":{\"type\":"
                   "\"WhitespaceSplit\"},\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":"
                   "\"WordLevel\",\"vocab\":{\"one\":0,\"two\":1,\"[UNK]\":2},\"unk_token\":\"[UNK]\"}}"));
    assert_null(tokwords_new(t, &e));
    assert_non_null(strstr(e.text, "has 2 words that are one token each"));
    tok_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_words_are_those_that_stand_alone_too),
        cmocka_unit_test(test_a_text_has_as_many_tokens_as_asked_for),
        cmocka_unit_test(test_a_text_is_made_to_fit),
        cmocka_unit_test(test_too_few_words_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
