/* test_tok_vocab.c - the vocabulary as a map both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tok/tok_private.h"

static void test_both_ways(void **state)
{
    struct vocab *v = vocab_new(10);
    enum { N = 50000 };
    char text[40];
    uint32_t id;
    assert_int_equal(vocab_end(v), 0);
    for (uint32_t i = 0; i < N; i++) {
        int n = snprintf(text, sizeof text, "%s%u", i % 3 ? "a rather long token " : "t", i);
        assert_true(vocab_add(v, (struct str){text, (size_t)n}, i * 2));
    }
    assert_int_equal(vocab_size(v), N);
    assert_int_equal(vocab_end(v), N * 2 - 1);
    for (uint32_t i = 0; i < N; i++) {
        int n = snprintf(text, sizeof text, "%s%u", i % 3 ? "a rather long token " : "t", i);
        assert_true(vocab_id(v, (struct str){text, (size_t)n}, &id));
        assert_int_equal(id, i * 2);
        assert_true(str_eqz(vocab_token(v, i * 2), text));
        assert_null(vocab_token(v, i * 2 + 1).p);
        assert_false(vocab_id(v, (struct str){text, (size_t)n - 1}, &id) && id == i * 2);
    }
    assert_false(vocab_id(v, STR("t"), &id));
    assert_false(vocab_id(v, STR(""), &id));
    vocab_free(&v);
    assert_null(v);
}

static void test_the_last_id_of_a_token_holds(void **state)
{
    struct vocab *v = vocab_new(0);
    uint32_t id;
    vocab_add(v, STR("x"), 1);
    vocab_add(v, STR("y"), 2);
    vocab_add(v, STR("x"), 7);
    assert_true(vocab_id(v, STR("x"), &id));
    assert_int_equal(id, 7);
    assert_null(vocab_token(v, 1).p);
    assert_int_equal(vocab_size(v), 2);
    vocab_add(v, STR(""), 3);
    assert_true(vocab_id(v, STR(""), &id));
    assert_int_equal(id, 3);
    assert_non_null(vocab_token(v, 3).p);
    assert_int_equal(vocab_token(v, 3).n, 0);
    assert_false(vocab_add(v, STR("z"), VOCAB_IDS));
    assert_false(vocab_id(v, STR("z"), &id));
    vocab_free(&v);
}

static void test_read(void **state)
{
    struct vocab *v = vocab_new(0);
    struct err e = {0};
    uint32_t id;
    assert_int_equal(
        vocab_read(v, STR("{\"a\":0,\"\\u0120the\":5,\"\\\"\":2, \"\\ud83d\\ude00\" : 3}"), "model.vocab", &e), 0);
    assert_true(vocab_id(v, STR("\xC4\xA0the"), &id) && id == 5);
    assert_true(vocab_id(v, STR("\""), &id) && id == 2);
    assert_true(vocab_id(v, STR("\xF0\x9F\x98\x80"), &id) && id == 3);
    assert_int_equal(vocab_read(v, STR("{\"b\":-1}"), "model.vocab", &e), -1);
    assert_string_equal(e.text, "model.vocab[\"b\"]: the id must be a whole number from 0 to 16777215");
    assert_int_equal(vocab_read(v, STR("{\"b\":16777216}"), "model.vocab", &e), -1);
    assert_int_equal(vocab_read(v, STR("{\"b\":\"1\"}"), "model.vocab", &e), -1);
    assert_int_equal(vocab_read(v, STR("{\"b\":1.5}"), "model.vocab", &e), -1);
    assert_int_equal(vocab_read(v, STR("[1]"), "model.vocab", &e), -1);
    assert_string_equal(e.text, "model.vocab: is no object of tokens and their ids");
    assert_int_equal(vocab_read(v, STR("{\"b\":1"), "model.vocab", &e), -1);
    vocab_free(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_the_last_id_of_a_token_holds),
        cmocka_unit_test(test_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
