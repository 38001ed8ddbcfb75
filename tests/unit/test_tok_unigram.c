/* test_tok_unigram.c - the model against ids that Hugging Face's library gave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tok_golden.h"

static void test_golden(void **state)
{
    golden_model(&model_unigram, "unigram.json");
    golden_model(&model_unigram, "unigram-ties.json");
    golden_model(&model_unigram, "unigram-high.json");
    golden_model(&model_unigram, "unigram-bytes.json");
    golden_model(&model_unigram, "unigram-twice.json");
    golden_model(&model_unigram, "unigram-level.json");
}

/* A megabyte without a space, of tokens that overlap everywhere. */
static void test_a_long_piece_costs_its_length(void **state)
{
    enum { N = 1 << 20 };
    struct err e = {0};
    struct model *m = NULL;
    const char *json = "{\"unk_id\":0,\"vocab\":[[\"?\",0],[\"a\",-2],[\"aa\",-3],[\"aaa\",-1],[\"aaaaa\",-9]]}";
    struct jdoc *doc = jdoc_parse(str_of(json), "test", &e);
    struct model_def def = {.head = jdoc_root(doc)};
    js_path(str_of(json), "vocab", &def.vocab);
    assert_int_equal(model_unigram.load(&m, &def, &e), 0);
    struct model_scratch *s = model_unigram.scratch(m);
    char *text = malloc(N);
    memset(text, 'a', N);
    struct tok_ids ids = {0};
    model_unigram.encode(m, s, (struct str){text, N / 3 * 3}, &ids);
    assert_int_equal(ids.n, N / 3);
    for (size_t i = 0; i < ids.n; i++)
        assert_int_equal(ids.v[i], 3);
    ids.n = 0;
    memset(text, 'b', N);
    model_unigram.encode(m, s, (struct str){text, N}, &ids); /* one run of what is unknown */
    assert_int_equal(ids.n, 1);
    free(text);
    tok_ids_free(&ids);
    model_unigram.scratch_free(s);
    model_unigram.free(m);
    jdoc_free(&doc);
}

static void test_refused(void **state)
{
    golden_refused(&model_unigram, "{\"vocab\":{}}", "model.vocab: must be an array");
    golden_refused(&model_unigram, "{\"vocab\":[[\"a\",1],[\"b\"]]}", "model.vocab[1]: must be a token and its score");
    golden_refused(&model_unigram, "{\"vocab\":[[\"a\",1,2]]}", "model.vocab[0]: must be");
    golden_refused(&model_unigram, "{\"vocab\":[[\"a\",1]]}", "model.unk_id: is null");
    golden_refused(&model_unigram, "{\"unk_id\":1,\"vocab\":[[\"a\",1]]}", "model.unk_id: must be the index");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_a_long_piece_costs_its_length),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
