/* test_tok_joints.c - cutting a piece where nothing merges across changes no id. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tok/tok_bpe.h"
#include "tok/tok_utf8.h"

/* Knuth's MMIX generator: the same texts everywhere. */
static uint64_t below(uint64_t *r, uint64_t n)
{
    *r = *r * 6364136223846793005ULL + 1442695040888963407ULL;
    return (*r >> 33) % n;
}

static const char *const letters[] = {"a", "b", " ", "é", "中", "文", "。", "，", "😀", "😁"};

static size_t some_text(uint64_t *r, char *out, size_t n)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        const char *l = letters[below(r, ARRAY_LEN(letters))];
        memcpy(out + k, l, strlen(l));
        k += strlen(l);
    }
    return k;
}

/* The 256 bytes and tokens that begin and end anywhere in a text, inside of characters too. */
static struct model *some_model(uint64_t *r)
{
    enum { N = 256 + 80 };
    struct str tokens[N];
    char bytes[256], block[N][64];
    struct model *m;
    struct err e;
    uint32_t n = 256;
    for (unsigned i = 0; i < 256; i++) {
        bytes[i] = (char)i;
        tokens[i] = (struct str){bytes + i, 1};
    }
    while (n < N) {
        char text[64];
        size_t len = some_text(r, text, 4), from = below(r, len - 1), to = from + 2 + below(r, MIN(len - from - 1, 6));
        bool known = false;
        for (uint32_t i = 256; i < n; i++)
            known = known || str_eq(tokens[i], (struct str){text + from, to - from});
        if (known)
            continue;
        memcpy(block[n], text + from, to - from);
        tokens[n] = (struct str){block[n], to - from};
        n++;
    }
    if (bpe_from_ranks(&m, tokens, n, 0, &e) != 0)
        fail_msg("%s", e.text);
    return m;
}

static size_t cuts(const struct joints *j, struct str text)
{
    size_t found = 0;
    uint32_t before = 0;
    unsigned n;
    for (size_t at = 0; at < text.n; at += n) {
        uint32_t c = utf8_get(text.p + at, &n);
        found += at > 0 && !joints_meet(j, true, before, c, text.p + at, n);
        before = c;
    }
    return found;
}

static void test_cut_pieces_have_the_same_ids(void **state)
{
    uint64_t r = 5;
    size_t cut = 0, whole = 0;
    for (int i = 0; i < 60; i++) {
        struct model *m = some_model(&r);
        struct bpe *b = (struct bpe *)m;
        struct joints *joints = b->joints;
        struct model_scratch *s = bpe_scratch(m, 3), *bare = bpe_scratch(m, 0);
        assert_non_null(joints);
        for (int k = 0; k < 60; k++) {
            char text[1000];
            size_t n = some_text(&r, text, 1 + below(&r, k % 8 ? 12 : 200));
            struct tok_ids want = {0}, got = {0};
            b->joints = NULL;
            model_bpe.encode(m, bare, (struct str){text, n}, &want);
            b->joints = joints;
            for (int way = 0; way < 3; way++) {
                got.n = 0;
                model_bpe.encode(m, way ? s : bare, (struct str){text, n}, &got);
                assert_int_equal(got.n, want.n);
                assert_memory_equal(got.v, want.v, want.n * sizeof *want.v);
            }
            cut += cuts(joints, (struct str){text, n});
            whole += n;
            tok_ids_free(&want);
            tok_ids_free(&got);
        }
        model_bpe.scratch_free(s);
        model_bpe.scratch_free(bare);
        model_bpe.free(m);
    }
    assert_true(cut > whole / 20); /* or nothing was tried */
}

/* A token that nothing merges into is found as a piece, not as a part of one, though the cache has seen it as a piece.
 */
static void test_a_segment_is_no_piece(void **state)
{
    char bytes[256], text[] = "aaaaaaaaaaaaaaaaaaaab";
    struct str tokens[258];
    struct model *m;
    struct err e;
    for (unsigned i = 0; i < 256; i++) {
        bytes[i] = (char)i;
        tokens[i] = (struct str){bytes + i, 1};
    }
    for (size_t n = 5; n <= 20; n++) { /* on both levels of the cache */
        const char *from = text + 20 - n;
        struct tok_ids ids = {0};
        tokens[256] = STR("aa");
        tokens[257] = (struct str){from, n};
        assert_int_equal(bpe_from_ranks(&m, tokens, 258, 0, &e), 0);
        struct model_scratch *s = bpe_scratch(m, 3);
        model_bpe.encode(m, s, (struct str){from, n}, &ids);
        assert_int_equal(ids.n, 1);
        assert_int_equal(ids.v[0], 257);
        for (int k = 0; k < 2; k++) {
            ids.n = 0;
            model_bpe.encode(m, s, (struct str){from, n + 1}, &ids);
            assert_int_equal(ids.n, n / 2 + n % 2 + 1);
            assert_int_equal(ids.v[0], 256);
            assert_int_equal(ids.v[ids.n - 1], 'b');
        }
        tok_ids_free(&ids);
        model_bpe.scratch_free(s);
        model_bpe.free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_pieces_have_the_same_ids),
        cmocka_unit_test(test_a_segment_is_no_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
