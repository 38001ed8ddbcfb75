/* test_tok_ranks.c - tiktoken's files. The real ones are not in the tree; these have their number of ranks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base64.h"
#include "tok/tok_ranks.h"

static void add_base64(struct buf *b, const unsigned char *p, size_t n)
{
    static const char a[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        unsigned v = (unsigned)p[i] << 16 | (i + 1 < n ? (unsigned)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0);
        buf_addc(b, a[v >> 18]);
        buf_addc(b, a[v >> 12 & 63]);
        buf_addc(b, i + 1 < n ? a[v >> 6 & 63] : '=');
        buf_addc(b, i + 2 < n ? a[v & 63] : '=');
    }
}

/* Ranks 0 to 255 are the bytes, then come two bytes each from "\0\0" on, then three. */
static void make(struct buf *b, unsigned ranks, unsigned hole)
{
    for (unsigned i = 0; i < ranks; i++) {
        unsigned k = i - 256, l = k - 65536;
        unsigned char t[3] = {(unsigned char)i, 0, 0};
        size_t n = 1;
        if (i >= 256) {
            t[0] = (unsigned char)(k >> 8), t[1] = (unsigned char)k, n = 2;
            if (k >= 65536)
                t[0] = (unsigned char)(l >> 16), t[1] = (unsigned char)(l >> 8), t[2] = (unsigned char)l, n = 3;
        }
        if (i == hole)
            continue;
        add_base64(b, t, n);
        buf_addf(b, " %u\n", i);
    }
}

static void test_families_are_told_apart(void **state)
{
    static const struct {
        unsigned ranks, hole;
        const char *path, *name;
        const char *special; /* the last one */
        uint32_t id;
        size_t specials;
        const char *in_pattern;
        bool nfc;
        int64_t bos;
    } cases[] = {
        {50256, 0, "some/file", "r50k_base", "<|endoftext|>", 50256, 1, " ?\\p{N}+", false, -1},
        {50281, 50256, "p50k_base.tiktoken", "p50k_base", "<|endoftext|>", 50256, 1, " ?\\p{N}+", false, -1},
        {50281, 50256, "x/p50k_edit.tiktoken", "p50k_edit", "<|fim_suffix|>", 50283, 4, " ?\\p{N}+", false, -1},
        {100256, 0, "cl100k_base.tiktoken", "cl100k_base", "<|endofprompt|>", 100276, 5, "{1,3}", false, -1},
        {199998, 0, "o200k_base.tiktoken", "o200k_base", "<|endofprompt|>", 200018, 2, "\\p{Lt}", false, -1},
        {199998, 0, "o200k_harmony.tiktoken", "o200k_harmony", "<|reserved_201087|>", 201087, 1090, "\\p{Lt}", false,
         -1},
        {128000, 0, "tokenizer.model", "llama3", "<|reserved_special_token_245|>", 128255, 256, "{1,3}", false, 128000},
        {200000, 0, "tokenizer.model", "llama4", "<|reserved_special_token_903|>", 202047, 2048, "\\p{Lt}", false,
         200000},
        {151643, 0, "qwen.tiktoken", "qwen", "<|extra_204|>", 151850, 208, "|\\p{N}|", true, -1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = BUF_INIT(1 << 24);
        struct rank_file f;
        struct err e;
        make(&b, cases[i].ranks, cases[i].hole ? cases[i].hole : UINT32_MAX);
        assert_true(ranks_looks(buf_str(&b)));
        if (ranks_read(&f, buf_str(&b), cases[i].path, &e) != 0)
            fail_msg("%s: %s", cases[i].name, e.text);
        assert_string_equal(f.name, cases[i].name);
        assert_true(str_find(f.pattern, str_of(cases[i].in_pattern)) >= 0);
        assert_int_equal(f.n_special, cases[i].specials);
        assert_true(str_eqz(f.special[f.n_special - 1].text, cases[i].special));
        assert_int_equal(f.special[f.n_special - 1].id, cases[i].id);
        assert_true(f.special_in_text);
        assert_int_equal(f.nfc, cases[i].nfc);
        assert_int_equal(f.has_bos ? (int64_t)f.bos : -1, cases[i].bos);
        rank_file_free(&f);
        buf_free(&b);
    }
}

static void test_merging_by_rank(void **state)
{
    struct buf b = BUF_INIT(1 << 24);
    struct rank_file f;
    struct err e;
    struct tok_ids ids = {0};
    make(&b, 50256, UINT32_MAX);
    assert_int_equal(ranks_read(&f, buf_str(&b), "gpt2", &e), 0);
    struct model_scratch *s = f.model->ops->scratch(f.model);
    /* "ba" ranks behind "ab": of "abab" the two "ab" merge, of "bab" the later pair; "\xC3\xA9" has no token. */
    f.model->ops->encode(f.model, s, STR("abab"), &ids);
    f.model->ops->encode(f.model, s, STR("bab"), &ids);
    f.model->ops->encode(f.model, s, STR("\xC3\xA9"), &ids);
    f.model->ops->encode(f.model, s, STR("ba"), &ids);
    const uint32_t ab = 256 + 0x6162, ba = 256 + 0x6261;
    const uint32_t want[] = {ab, ab, 'b', ab, 0xC3, 0xA9, ba};
    assert_int_equal(ids.n, ARRAY_LEN(want));
    assert_memory_equal(ids.v, want, sizeof want);
    assert_true(str_eqz(vocab_token(f.model->ops->vocab(f.model), 256 + 0x2041), "\xC4\xA0"
                                                                                 "A"));
    f.model->ops->scratch_free(s);
    tok_ids_free(&ids);
    rank_file_free(&f);
    buf_free(&b);
}

static void test_bad_files(void **state)
{
    struct buf b = BUF_INIT(1 << 24);
    struct rank_file f;
    struct err e;
    assert_false(ranks_looks(STR("")));
    assert_false(ranks_looks(STR("{\"a\": 1}")));
    assert_false(ranks_looks(STR("hello 1\n")));
    assert_true(ranks_looks(STR("IQ== 0\r\n")));
    assert_int_equal(ranks_read(&f, STR("IQ== 0\nIg== 1\n"), "my.tiktoken", &e), -1);
    assert_non_null(strstr(e.text, "2 ranks are none of the known families"));
    assert_non_null(strstr(e.text, "tokenizer.json"));
    assert_int_equal(ranks_read(&f, STR("IQ== 0\n\nIg=x 1\n"), "my.tiktoken", &e), -1);
    assert_non_null(strstr(e.text, "line 3: must be a token in base64"));
    assert_int_equal(ranks_read(&f, STR("IQ== 0\nIg== 0\n"), "my.tiktoken", &e), -1);
    assert_non_null(strstr(e.text, "line 2: another token has the rank 0 already"));
    make(&b, 50257, 7);
    buf_drop(&b, 0);
    assert_int_equal(ranks_read(&f, buf_str(&b), "x", &e), -1); /* as many as GPT-2 has, up to another rank */
    assert_non_null(strstr(e.text, "50256 ranks are none of the known"));
    buf_clear(&b);
    make(&b, 50255, UINT32_MAX);
    buf_addz(&b, "IQ== 50255\n");
    assert_int_equal(ranks_read(&f, buf_str(&b), "x", &e), -1);
    assert_non_null(strstr(e.text, "the tokens of the ranks 33 and 50255 are the same"));
    buf_free(&b);
}

static void test_base64(void **state)
{
    static const struct {
        const char *in, *out;
    } good[] = {{"Zg==", "f"},        {"Zm8=", "fo"},        {"Zm9v", "foo"},
                {"Zm9vYg==", "foob"}, {"Zm9vYmE=", "fooba"}, {"Zm9vYmFy", "foobar"}};
    char out[16];
    for (size_t i = 0; i < ARRAY_LEN(good); i++) { /* the examples of RFC 4648 */
        int n = base64_decode(str_of(good[i].in), out);
        assert_int_equal(n, strlen(good[i].out));
        assert_memory_equal(out, good[i].out, n);
    }
    assert_int_equal(base64_decode(STR("Zm9"), out), -1);
    assert_int_equal(base64_decode(STR("Zm9*"), out), -1);
    assert_int_equal(base64_decode(STR("Z==="), out), -1);
    assert_int_equal(base64_decode(STR(""), out), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_families_are_told_apart),
        cmocka_unit_test(test_merging_by_rank),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_base64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
