/* test_tok.c - the stages one behind the other: what tokenizers 0.23 gives for the same files, as constants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tok/tok.h"

#define TOKEN(id, text, normalized, special)                                                                           \
    "{\"id\":" id ",\"content\":\"" text                                                                               \
    "\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":" normalized ",\"special\":" special    \
    "}"

/* Small letters, white space between words, <s> in front, and two added tokens of each kind. */
static const char words[] = "{\"version\":\"1.0\",\"added_tokens\":[" TOKEN("3", "<s>", "false", "true") "," TOKEN(
    "9", "Day", "true",
    "false") "],"
             "\"normalizer\":{\"type\":\"Lowercase\"},\"pre_tokenizer\":{\"type\":\"WhitespaceSplit\"},"
             "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\",\"type_"
             "id\":0}},"
             "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"pair\":[],\"special_tokens\":{\"<s>\":{\"id\":\"<s>\","
             "\"ids\":[3],"
             "\"tokens\":[\"<s>\"]}}},"
             "\"model\":{\"type\":\"WordLevel\",\"vocab\":{\"<unk>\":0,\"x\":1,\"y\":2,\"<s>\":3},\"unk_token\":\"<unk>"
             "\"}}";

static struct tok *load(const char *json)
{
    struct tok *t;
    struct err e = {0};
    if (tok_load_text(&t, str_of(json), "case", &e) != 0)
        fail_msg("%s", e.text);
    return t;
}

static void take(void *arg, const uint32_t *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        tok_ids_push(arg, v[i]);
}

static void gives(struct tok_coder *c, const char *text, unsigned flags, const char *want)
{
    struct tok_ids ids = {0}, away = {0};
    struct buf out = BUF_INIT(100000);
    size_t n = tok_encode(c, str_of(text), flags, &ids);
    assert_int_equal(n, ids.n);
    assert_int_equal(tok_encode(c, str_of(text), flags, NULL), n);
    assert_int_equal(tok_encode_to(c, str_of(text), flags, take, &away), n);
    assert_int_equal(away.n, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(ids.v[i], away.v[i]);
        buf_addf(&out, "%s%u", i ? " " : "", ids.v[i]);
    }
    assert_string_equal(out.n ? out.p : "", want);
    tok_encode(c, str_of(text), flags, &ids); /* appends */
    assert_int_equal(ids.n, 2 * n);
    tok_ids_free(&ids);
    tok_ids_free(&away);
    buf_free(&out);
}

static void test_stages(void **state)
{
    struct tok *t = load(words);
    struct tok_coder *c = tok_coder_new(t);
    gives(c, "", 0, "");
    gives(c, "", TOK_SPECIALS, "3");
    gives(c, "X  y z", 0, "1 2 0");
    gives(c, "x", TOK_SPECIALS, "3 1");
    gives(c, "x<s> y<S>x", 0, "1 3 0");
    gives(c, "xDAYy dayday x", 0, "1 4 2 4 4 1");
    gives(c, "<s>", 0, "3");
    gives(c, " \n ", 0, "");
    assert_int_equal(tok_replaced(c), 0);
    gives(c, "x \xFF y", 0, "1 0 2");
    assert_int_equal(tok_replaced(c), 4); /* in each of the four passes */
    tok_coder_free(&c);
    tok_free(&t);
}

/* Texts of many runs of ids, with added tokens alone and in between. */
static void test_runs(void **state)
{
    struct tok *t = load(words);
    struct tok_coder *c = tok_coder_new(t);
    struct buf text = BUF_INIT(1 << 24);
    struct tok_ids ids = {0}, away = {0};
    for (int i = 0; i < 40000; i++)
        buf_addz(&text, i % 7 ? "x y " : "<s><s>day");
    size_t n = tok_encode(c, buf_str(&text), TOK_SPECIALS, &ids);
    assert_int_equal(n, 1 + 34285 * 2 + 5715 * 3);
    assert_int_equal(tok_encode(c, buf_str(&text), TOK_SPECIALS, NULL), n);
    assert_int_equal(tok_encode_to(c, buf_str(&text), TOK_SPECIALS, take, &away), n);
    assert_int_equal(away.n, n);
    assert_memory_equal(ids.v, away.v, n * sizeof *ids.v);
    tok_ids_free(&ids);
    tok_ids_free(&away);
    buf_free(&text);
    tok_coder_free(&c);
    tok_free(&t);
}

static void test_tokens(void **state)
{
    struct tok *t = load(words);
    struct tok_coder *c = tok_coder_new(t);
    struct tok_about about;
    struct buf out = BUF_INIT(1000);
    uint32_t id;
    const uint32_t ids[] = {3, 1, 4, 77, 2};
    tok_about(t, &about);
    assert_string_equal(about.path, "case");
    assert_string_equal(about.format, "tokenizer.json");
    assert_string_equal(about.model, "WordLevel");
    assert_string_equal(about.scanner, "");
    assert_int_equal(about.vocab, 5);
    assert_int_equal(about.specials, 1);
    assert_true(str_eqz(tok_token(t, 1), "x"));
    assert_true(str_eqz(tok_token(t, 4), "day")); /* as it is normalized */
    assert_null(tok_token(t, 5).p);
    assert_true(tok_id(t, STR("Day"), &id) && id == 4);
    assert_true(tok_id(t, STR("y"), &id) && id == 2);
    assert_false(tok_id(t, STR("day"), &id));
    assert_true(tok_is_special(t, 3));
    assert_false(tok_is_special(t, 4));
    assert_false(tok_is_special(t, 1000));
    tok_decode(c, ids, ARRAY_LEN(ids), false, &out);
    assert_string_equal(out.p, "<s> x day y");
    buf_clear(&out);
    tok_decode(c, ids, ARRAY_LEN(ids), true, &out);
    assert_string_equal(out.p, "x day y");
    buf_free(&out);
    tok_coder_free(&c);
    tok_free(&t);
}

/* Metaspace's "first" means the beginning of the text, not of what lies between added tokens; it is not there where the
 * normalizer has dropped it. */
static void test_first(void **state)
{
    static const char json[] = "{\"version\":\"1.0\",\"added_tokens\":[" TOKEN(
        "4", "<s>", "false", "true") "],\"normalizer\":{\"type\":\"Strip\","
                                     "\"strip_left\":true,\"strip_right\":true},\"pre_tokenizer\":{\"type\":"
                                     "\"Metaspace\",\"replacement\":\"_\","
                                     "\"prepend_scheme\":\"first\",\"split\":false},\"model\":{\"type\":\"WordLevel\","
                                     "\"vocab\":{\"<unk>\":0,\"x\":1,"
                                     "\"_x\":2},\"unk_token\":\"<unk>\"}}";
    struct tok *t = load(json);
    struct tok_coder *c = tok_coder_new(t);
    gives(c, "x", 0, "2");
    gives(c, "x<s>x", 0, "2 3 1");
    gives(c, "<s>x", 0, "3 1");
    gives(c, " x", 0, "1");
    gives(c, "x ", 0, "2");
    tok_coder_free(&c);
    tok_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
