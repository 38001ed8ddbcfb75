/* test_tok_added.c - added tokens as Hugging Face's tokenizers finds them (tok_cases.h), with a normalizer of this
 * file's own: small letters of ASCII. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "tok/tok_added.h"
#include "tok_cases.h"

struct norm_scratch {
    struct buf text;
};

struct norm_scratch *norm_scratch_new(void)
{
    return xcalloc(1, sizeof(struct norm_scratch));
}

void norm_scratch_free(struct norm_scratch **s)
{
    if (*s)
        buf_free(&(*s)->text);
    free(*s);
    *s = NULL;
}

struct str norm_apply(const struct norm *n, struct norm_scratch *s, struct str text)
{
    buf_free(&s->text);
    buf_init(&s->text, 1000);
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != '!') /* dropped */
            buf_addc(&s->text, (char)(text.p[i] >= 'A' && text.p[i] <= 'Z' ? text.p[i] + 32 : text.p[i]));
    return buf_str(&s->text);
}

static struct vocab *small_vocab(void)
{
    struct vocab *v = vocab_new(4);
    vocab_add(v, STR("<unk>"), 0);
    vocab_add(v, STR("x"), 1);
    vocab_add(v, STR("y"), 2);
    vocab_add(v, STR("[IN]"), 5);
    return v;
}

static struct added *read_added(const char *json, const struct norm *norm)
{
    struct err e = {0};
    struct jdoc *doc = jdoc_parse(str_of(json), "case", &e);
    struct added_def defs[20] = {0};
    jnode *list = jdoc_root(doc);
    for (size_t i = 0; i < jn_len(list); i++) {
        jnode *x = jn_at(list, i);
        defs[i] = (struct added_def){
            .content = jn_str(jn_get(x, "content"), NULL),
            .single_word = jn_bool(jn_get(x, "single_word"), false),
            .lstrip = jn_bool(jn_get(x, "lstrip"), false),
            .rstrip = jn_bool(jn_get(x, "rstrip"), false),
            .normalized = jn_bool(jn_get(x, "normalized"), false),
            .special = jn_bool(jn_get(x, "special"), false),
        };
    }
    struct vocab *v = small_vocab();
    struct added *a = NULL;
    assert_int_equal(added_new(&a, defs, jn_len(list), false, v, vocab_size(v), norm, &e), 0);
    vocab_free(&v);
    jdoc_free(&doc);
    return a;
}

static void show(struct buf *out, uint32_t id, const char *begin, struct str what)
{
    if (what.n)
        buf_addf(out, "%s%u@%td-%td", out->n ? " " : "", id, what.p - begin, what.p + what.n - begin);
}

/* What the model makes of a piece: its own words, else 0. */
static uint32_t word_id(struct str s)
{
    return str_eqz(s, "x") ? 1 : str_eqz(s, "y") ? 2 : 0;
}

/* Both sets in turn, as tok.c goes through them; the normalizer here keeps every byte where it is. */
static void walk_normal(const struct added *a, const struct norm *norm, const char *begin, struct str raw,
                        struct buf *out)
{
    struct norm_scratch *s = norm_scratch_new();
    struct str text = norm ? norm_apply(norm, s, raw) : raw, plain;
    struct added_walk w;
    uint32_t id;
    size_t at = 0;
    added_walk(&w, a, true, text);
    for (bool more = true; more;) {
        more = added_next(&w, &plain, &id);
        size_t from = plain.n ? (size_t)(plain.p - text.p) : at;
        show(out, word_id(plain), begin, str_sub(raw, from, plain.n));
        at = from + plain.n;
        if (more)
            show(out, id, begin, str_sub(raw, at, w.start - at));
        at = w.start;
    }
    norm_scratch_free(&s);
}

static void test_cases(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(added_cases); i++) {
        bool lower = strstr(added_cases[i][0], "normalized") != NULL;
        const struct norm *norm = lower ? (const struct norm *)(const void *)"" : NULL;
        struct added *a = read_added(added_cases[i][0], norm);
        struct str text = str_of(added_cases[i][1]), plain;
        struct buf out = BUF_INIT(10000);
        struct added_walk w;
        uint32_t id;
        size_t at = 0;
        added_walk(&w, a, false, text);
        for (bool more = true; more;) {
            more = added_next(&w, &plain, &id);
            if (plain.n)
                walk_normal(a, norm, text.p, plain, &out);
            size_t before = plain.n ? (size_t)(plain.p - text.p) + plain.n : at;
            if (more && w.start > before)
                show(&out, id, text.p, str_sub(text, before, w.start - before));
            else if (more) /* it lies in space that the token before it has taken */
                buf_addf(&out, "%s%u@again", out.n ? " " : "", id);
            at = w.start;
        }
        if (!strstr(out.n ? out.p : "", "again"))
            assert_string_equal(out.n ? out.p : "", added_cases[i][2]);
        buf_free(&out);
        added_free(&a);
    }
}

/* Tokens of white space behind one that strips: they are found in what it has taken, and count again. */
static void test_overlap(void **state)
{
    struct added *a = read_added("[{\"content\":\"<r>\",\"rstrip\":true},{\"content\":\"  \"}]", NULL);
    struct added_walk w;
    struct str plain;
    uint32_t id;
    added_walk(&w, a, false, STR("<r>    x"));
    assert_true(added_next(&w, &plain, &id) && id == 4 && plain.n == 0 && w.start == 7);
    assert_true(added_next(&w, &plain, &id) && id == 6 - 1 && plain.n == 0 && w.start == 5);
    assert_true(added_next(&w, &plain, &id) && id == 5 && plain.n == 0 && w.start == 7);
    assert_false(added_next(&w, &plain, &id));
    assert_true(str_eqz(plain, "x"));
    added_free(&a);
}

static void test_look_ups(void **state)
{
    const struct norm *norm = (const struct norm *)(const void *)"";
    struct added *a = read_added("[{\"content\":\"<S>\",\"special\":true},{\"content\":\"Day\",\"normalized\":true},"
                                 "{\"content\":\"[IN]\"}]",
                                 norm);
    uint32_t id;
    assert_true(added_id(a, STR("<S>"), &id) && id == 4);
    assert_true(added_id(a, STR("[IN]"), &id) && id == 5); /* the vocabulary's own id, which "Day" was given too */
    assert_false(added_id(a, STR("x"), &id));
    assert_true(str_eqz(added_text(a, 4), "<S>"));
    assert_null(added_text(a, 1).p);
    assert_true(added_is_special(a, STR("<S>")));
    assert_false(added_is_special(a, STR("[IN]")));
    assert_int_equal(added_end(a), 6);
    added_free(&a);
    assert_null(added_text(NULL, 1).p);
    assert_int_equal(added_end(NULL), 0);

    struct err e = {0};
    struct vocab *v = small_vocab();
    struct added_def lost = {.content = STR("!"), .normalized = true};
    assert_int_equal(added_new(&a, &lost, 1, false, v, 4, norm, &e), -1);
    assert_string_equal(
        e.text, "added_tokens[0]: the normalizer leaves nothing of \"!\", which would then be found everywhere");
    struct added_def given[] = {{.content = STR("<|a|>"), .id = 100}, {.content = STR("x"), .id = 7}};
    assert_int_equal(added_new(&a, given, 2, true, v, 0, NULL, &e), 0);
    assert_true(added_id(a, STR("x"), &id) && id == 7);
    assert_true(str_eqz(added_text(a, 100), "<|a|>"));
    assert_true(added_any(a, false));
    assert_false(added_any(a, true));
    added_hide(a);
    assert_false(added_any(a, false));
    assert_true(str_eqz(added_text(a, 100), "<|a|>"));
    added_free(&a);
    given[0].id = VOCAB_IDS;
    assert_int_equal(added_new(&a, given, 2, true, v, 0, NULL, &e), -1);
    assert_string_equal(e.text, "added_tokens[0]: its id 16777216 is not below 16777216");
    assert_null(a);
    assert_int_equal(added_new(&a, NULL, 0, false, v, 0, NULL, &e), 0);
    assert_null(a);
    vocab_free(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_look_ups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
