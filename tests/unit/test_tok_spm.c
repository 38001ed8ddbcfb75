/* test_tok_spm.c - SentencePiece models: ids against those of sentencepiece itself, and files that are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tok/tok_spm.h"
#include "tok_golden.h"

static void from_base64(struct str text, struct buf *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t v = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < text.n && text.p[i] != '='; i++) {
        v = v << 6 | (uint32_t)(strchr(digits, text.p[i]) - digits);
        bits += 6;
        if (bits >= 8)
            buf_addc(out, (char)(v >> (bits -= 8)));
    }
}

struct loaded {
    struct norm *norm;
    struct norm_scratch *norm_scratch;
    struct model *model;
    struct model_scratch *scratch;
};

static void load(struct loaded *l, struct str bytes)
{
    struct spm_file f;
    struct err e = {0};
    if (spm_read(&f, bytes, &e) != 0 || spm_norm_new(&l->norm, &f, &e) != 0)
        fail_msg("%s", e.text);
    l->model = spm_model_new(&f);
    spm_free(&f);
    l->norm_scratch = norm_scratch_new();
    l->scratch = l->model->ops->scratch(l->model);
}

static void unload(struct loaded *l)
{
    l->model->ops->scratch_free(l->scratch);
    l->model->ops->free(l->model);
    norm_scratch_free(&l->norm_scratch);
    norm_free(&l->norm);
}

static void encode(struct loaded *l, struct str text, struct tok_ids *ids)
{
    struct str t = norm_apply(l->norm, l->norm_scratch, text);
    ids->n = 0;
    if (t.n)
        l->model->ops->encode(l->model, l->scratch, t, ids);
}

static void golden_spm(const char *name)
{
    struct golden g;
    struct loaded l;
    struct tok_ids ids = {0};
    struct buf bytes = BUF_INIT(1 << 20), got = BUF_INIT(1 << 20), want = BUF_INIT(1 << 20);
    golden_load(&g, name);
    from_base64(jn_str(jn_get(jdoc_root(g.doc), "model"), NULL), &bytes);
    load(&l, buf_str(&bytes));
    assert_true(jn_len(g.cases) >= 60);
    /* Twice: the second time from the cache of words. */
    for (size_t k = 0; k < 2 * jn_len(g.cases); k++) {
        size_t i = k % jn_len(g.cases);
        struct str text = jn_str(jn_at(jn_at(g.cases, i), 0), NULL);
        encode(&l, text, &ids);
        buf_clear(&got);
        buf_clear(&want);
        golden_show(ids.v, ids.n, &got);
        golden_ids(jn_at(jn_at(g.cases, i), 1), &want);
        if (!str_eq(buf_str(&got), buf_str(&want)))
            fail_msg("%s, case %zu, \"%s\": %s instead of %s", name, i, text.p, got.p ? got.p : "",
                     want.p ? want.p : "");
    }
    unload(&l);
    tok_ids_free(&ids);
    buf_free(&bytes);
    buf_free(&got);
    buf_free(&want);
    golden_free(&g);
}

static void test_golden(void **state)
{
    static const char *const names[] = {
        "spm-unigram.json", "spm-unigram-symbols.json", "spm-unigram-flat.json",
        "spm-bpe.json",     "spm-bpe-symbols.json",     "spm-bpe-flat.json",
        "spm-word.json",    "spm-word-symbols.json",    "spm-word-flat.json",
        "spm-char.json",    "spm-char-symbols.json",    "spm-char-flat.json",
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        golden_spm(names[i]);
}

/* --- files made here -------------------------------------------------------------------------------------------------
 */

static void add_piece(struct buf *b, const char *text, float score, int type)
{
    uint32_t bits;
    memcpy(&bits, &score, sizeof bits);
    char value[4] = {(char)bits, (char)(bits >> 8), (char)(bits >> 16), (char)(bits >> 24)};
    size_t n = strlen(text);
    char head[] = {0x0A, (char)(n + 9), 0x0A, (char)n}, kind[] = {0x18, (char)type};
    buf_add(b, head, 4);
    buf_addz(b, text);
    buf_addc(b, 0x15);
    buf_add(b, value, 4);
    buf_add(b, kind, 2);
}

static void add_trainer(struct buf *b, int kind, bool bytes)
{
    char spec[] = {0x12, 5, 0x18, (char)kind, (char)0x98, 2, bytes};
    buf_add(b, spec, sizeof spec);
}

/* A megabyte without a space, of pieces that overlap everywhere: no more work than for many small texts. */
static void test_a_long_piece(void **state)
{
    enum { N = 1 << 20 };
    for (int kind = SPM_UNIGRAM; kind <= SPM_CHAR; kind++) {
        struct buf file = BUF_INIT(4096);
        struct loaded l;
        struct tok_ids ids = {0};
        add_piece(&file, "?", 0, SPM_UNKNOWN);
        add_piece(&file, "aa", -1, SPM_NORMAL);
        add_piece(&file, "a", -2, SPM_NORMAL);
        add_piece(&file, "aaaa", -3, SPM_NORMAL);
        add_trainer(&file, kind, false);
        load(&l, buf_str(&file));
        char *text = malloc(N);
        memset(text, 'a', N);
        encode(&l, (struct str){text, N}, &ids);
        /* The visible space in front is unknown. */
        size_t want[] = {[SPM_UNIGRAM] = 1 + N / 2, [SPM_BPE] = 1 + N / 4, [SPM_WORD] = 1, [SPM_CHAR] = 1 + N};
        assert_int_equal(ids.n, want[kind]);
        free(text);
        tok_ids_free(&ids);
        unload(&l);
        buf_free(&file);
    }
}

static void refused(struct buf *file, const char *text)
{
    struct spm_file f;
    struct err e = {0};
    assert_int_equal(spm_read(&f, buf_str(file), &e), -1);
    if (!strstr(e.text, text))
        fail_msg("\"%s\" instead of \"%s\"", e.text, text);
    buf_clear(file);
}

static void test_refused(void **state)
{
    struct buf b = BUF_INIT(4096);
    add_piece(&b, "a", 0, SPM_NORMAL);
    refused(&b, "pieces: 0 of 1 are for what is unknown");
    add_piece(&b, "?", 0, SPM_UNKNOWN);
    add_piece(&b, "", 0, SPM_NORMAL);
    refused(&b, "pieces[1].piece: must be of 1 to");
    add_piece(&b, "?", 0, SPM_UNKNOWN);
    add_piece(&b, "a", 0, SPM_NORMAL);
    add_piece(&b, "a", 0, SPM_USER_DEFINED);
    refused(&b, "pieces[2].piece: \"a\" is there already, as pieces[1]");
    add_piece(&b, "a", 0, 7);
    refused(&b, "pieces[0].type: is 7");
    add_piece(&b, "\xC3", 0, SPM_NORMAL);
    refused(&b, "pieces[0].piece: is not UTF-8");
    add_piece(&b, "<0x41>", 0, SPM_BYTE);
    refused(&b, "pieces[0].type: is that of a byte");
    add_trainer(&b, SPM_BPE, true);
    add_piece(&b, "<0x4>", 0, SPM_BYTE);
    refused(&b, "pieces[0].piece: must be a byte");
    add_trainer(&b, SPM_BPE, true);
    add_piece(&b, "<0x41>", 0, SPM_BYTE);
    refused(&b, "pieces: 1 are bytes");
    add_trainer(&b, 5, false);
    refused(&b, "trainer_spec.model_type: is 5");
    buf_addz(&b, "\x0A\x05\x0A");
    refused(&b, "the model: is damaged");
    buf_addz(&b, "\x0A\x02\x0A\x05");
    refused(&b, "pieces[0]: is damaged");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_a_long_piece),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
