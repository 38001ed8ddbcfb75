/* test_tok_tekken.c - Mistral's tekken.json: which tokens count and where their ids lie, as mistral-common has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tok/tok_ranks.h"

/* The 256 bytes, then "ab", "abc" and one that default_vocab_size leaves out. */
static void make(struct buf *b, const char *config, const char *more, const char *special)
{
    static const char a[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    buf_addf(b, "{\"config\": {%s}, \"vocab\": [", config);
    for (unsigned i = 0; i < 256; i++)
        buf_addf(b, "{\"rank\": %u, \"token_bytes\": \"%c%c==\", \"token_str\": null}, ", i, a[i >> 2],
                 a[(i & 3) << 4]);
    buf_addf(b, "%s]%s}", more, special);
}
#define CONFIG                                                                                                         \
    "\"pattern\": \"\\\\p{L}+|.\", \"num_vocab_tokens\": 9999, \"default_vocab_size\": 268, "                          \
    "\"default_num_special_tokens\": 10, "
#define MORE                                                                                                           \
    "{\"rank\": 256, \"token_bytes\": \"YWI=\", \"token_str\": \"ab\"}, "                                              \
    "{\"rank\": 257, \"token_bytes\": \"YWJj\", \"token_str\": \"abc\"}, {\"rank\": 258, \"token_bytes\": \"YmM=\", "  \
    "\"token_str\": \"bc\"}"

static void test_ids_lie_behind_the_special_tokens(void **state)
{
    struct buf b = BUF_INIT(1 << 20);
    struct rank_file f;
    struct err e;
    struct tok_ids ids = {0};
    make(&b, CONFIG "\"version\": \"v3\"", MORE, "");
    assert_true(tekken_looks(buf_str(&b)));
    if (tekken_read(&f, buf_str(&b), "tekken.json", &e) != 0)
        fail_msg("%s", e.text);
    assert_string_equal(f.name, "tekken");
    assert_true(str_eqz(f.pattern, "\\p{L}+|."));
    assert_int_equal(f.n_special, 10);
    assert_true(str_eqz(f.special[3].text, "[INST]"));
    assert_true(str_eqz(f.special[9].text, "[TOOL_CALLS]"));
    assert_false(f.special_in_text);
    assert_true(f.has_bos);
    assert_int_equal(f.bos, 1);
    struct model_scratch *s = f.model->ops->scratch(f.model);
    f.model->ops->encode(f.model, s, STR("abcbc"), &ids);
    const uint32_t want[] = {267, 'b' + 10, 'c' + 10};
    assert_int_equal(ids.n, ARRAY_LEN(want));
    assert_memory_equal(ids.v, want, sizeof want);
    f.model->ops->scratch_free(s);
    tok_ids_free(&ids);
    rank_file_free(&f);
    buf_free(&b);
}

static void test_special_tokens_of_the_file(void **state)
{
    struct buf b = BUF_INIT(1 << 20);
    struct rank_file f;
    struct err e;
    make(&b, CONFIG "\"version\": \"v13\"", MORE,
         ", \"special_tokens\": [{\"rank\": 0, \"token_str\": \"<s>\", \"is_control\": true}, {\"rank\": 1, "
         "\"token_str\": "
         "\"[\\u00e9]\", \"is_control\": true}], \"type\": \"Tekken\"");
    if (tekken_read(&f, buf_str(&b), "tekken.json", &e) != 0)
        fail_msg("%s", e.text);
    assert_int_equal(f.n_special, 10);
    assert_true(str_eqz(f.special[1].text, "[\xC3\xA9]"));
    assert_true(str_eqz(f.special[2].text, "<SPECIAL_2>"));
    assert_true(str_eqz(f.special[9].text, "<SPECIAL_9>"));
    assert_int_equal(f.special[9].id, 9);
    assert_int_equal(f.bos, 0);
    rank_file_free(&f);
    buf_free(&b);
}

static void test_bad_files(void **state)
{
    static const struct {
        const char *config, *more, *special, *says;
    } bad[] = {
        {"\"default_vocab_size\": 1", MORE, "", "config.pattern: is missing"},
        {"\"pattern\": \"x\"", MORE, "", "config.default_vocab_size: must be larger"},
        {CONFIG "\"version\": \"v13\"", MORE, "", "special_tokens: is missing"},
        {CONFIG "\"version\": \"v3\"", "{\"rank\": 256, \"token_bytes\": \"YWI=\"}", "",
         "vocab: has 257 tokens, config.default_vocab_size asks for 258"},
        {CONFIG "\"version\": \"v3\"", "{\"rank\": 255, \"token_bytes\": \"YWI=\"}", "",
         "vocab[256].rank: must be 256"},
        {CONFIG "\"version\": \"v3\"", "{\"rank\": 256, \"token_bytes\": \"Y\"}", "",
         "vocab[256].token_bytes: must be base64"},
        {CONFIG "\"version\": \"v13\"", MORE, ", \"special_tokens\": [{\"rank\": 1, \"token_str\": \"<s>\"}]",
         "special_tokens[0]: must have a token_str and the rank 0"},
        {CONFIG "\"version\": \"v13\"", MORE, ", \"special_tokens\": {}", "special_tokens: must be an array"},
        {CONFIG "\"version\": \"v3\"", MORE, ", \"x\": [", "unexpected end"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct buf b = BUF_INIT(1 << 20);
        struct rank_file f;
        struct err e;
        make(&b, bad[i].config, bad[i].more, bad[i].special);
        if (strcmp(bad[i].says, "unexpected end") == 0)
            b.n--;
        assert_int_equal(tekken_read(&f, buf_str(&b), "tekken.json", &e), -1);
        if (!strstr(e.text, bad[i].says))
            fail_msg("\"%s\" does not say \"%s\"", e.text, bad[i].says);
        buf_free(&b);
    }
    assert_false(tekken_looks(STR("{\"config\": 1, \"model\": 2, \"vocab\": 3}")));
    assert_false(tekken_looks(STR("[1]")));
    assert_false(tekken_looks(STR("{\"vocab\": 3}")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids_lie_behind_the_special_tokens),
        cmocka_unit_test(test_special_tokens_of_the_file),
        cmocka_unit_test(test_bad_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
