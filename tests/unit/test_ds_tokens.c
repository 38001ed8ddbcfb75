/* test_ds_tokens.c - datasets measured by a tokenizer, and prompts made up of exactly so many tokens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "load/ds_tokens.h"
#include "load/dsx_ipex.h"
#include "load/synth.h"
#include "words_tokenizer.h"

static struct tok *tok, *another; /* which has a word "ax" in place of "an" */

static bool load(struct tok **t, struct str text)
{
    char path[] = "/tmp/weir-ds-tokens-XXXXXX";
    struct err e = {0};
    int fd = mkstemp(path);
    bool good = fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n && tok_load(t, path, &e) == 0;
    close(fd);
    unlink(path);
    return good;
}

static int set_up(void **state)
{
    struct buf b = BUF_INIT(1 << 20);
    words_tokenizer(&b);
    bool good = load(&tok, buf_str(&b));
    for (size_t i = 0; i + 2 < b.n; i++)
        if (b.p[i] == 'a' && (memcmp(b.p + i, "an\"", 3) == 0 || memcmp(b.p + i, "a n\"", 4) == 0))
            b.p[i + (b.p[i + 1] == ' ' ? 2 : 1)] = 'x';
    good &= load(&another, buf_str(&b));
    buf_free(&b);
    return good ? 0 : -1;
}

static int tear_down(void **state)
{
    tok_free(&tok);
    tok_free(&another);
    return 0;
}

static struct dataset *read_text(const char *text, const char *format, const char *lengths)
{
    struct dataset_opts o = {.format = format, .lengths = lengths, .answer_length = true, .tok = tok, .seed = 4};
    struct err e = {0};
    struct dataset *ds = dataset_load_text_with(str_of(text), "here", &o, &e);
    if (!ds)
        fail_msg("%s", e.text);
    return ds;
}

/* Of the test's own words each is a token, of which none stands in another. */
static size_t words_of(struct str s)
{
    size_t n = s.n > 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == ' ';
    return n;
}

static void test_lengths_are_tokens(void **state)
{
    /* Two words of a token each; one word of three letters, each a token; one of four. */
    struct dataset *ds = read_text("an as\nabc\nabcd\n", "text", "input:3..3");
    assert_int_equal(dataset_n(ds), 1);
    assert_true(str_eqz(dataset_at(ds, 0)->msgs[0].content, "abc"));
    dataset_free(&ds);
    ds = read_text("[{\"conversations\":[{\"from\":\"human\",\"value\":\"as\"},{\"from\":\"gpt\",\"value\":\"abc "
                   "\\u0061n\"}]}]",
                   "sharegpt", "none");
    assert_int_equal(dataset_at(ds, 0)->max_tokens, 4); /* a, b, c, " an" */
    dataset_free(&ds);
    ds = read_text("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"abc\"}]}]}\n"
                   "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"an\"}]}]}\n",
                   "messages", "input:3..3");
    assert_int_equal(dataset_n(ds), 1);
    assert_int_equal(dataset_at(ds, 0)->msgs[0].content.n, 0); /* given whole */
    dataset_free(&ds);
}

static void test_a_traces_prompts_have_exactly_their_lengths(void **state)
{
    struct dataset *ds = read_text("{\"timestamp\":0,\"input_length\":1300,\"output_length\":5,\"hash_ids\":[1,2,9]}\n"
                                   "{\"timestamp\":1,\"input_length\":700,\"output_length\":5,\"hash_ids\":[1,2]}\n",
                                   "mooncake", NULL);
    struct tok_coder *c = tok_coder_new(tok);
    assert_int_equal(dataset_n(ds), 2);
    struct str a = dataset_at(ds, 0)->msgs[0].content, b = dataset_at(ds, 1)->msgs[0].content;
    assert_int_equal(tok_encode(c, a, 0, NULL), 1300);
    assert_int_equal(tok_encode(c, b, 0, NULL), 700);
    assert_int_equal(words_of(a), 1300);
    assert_memory_equal(a.p, b.p, b.n); /* the same blocks */
    tok_coder_free(&c);
    dataset_free(&ds);
}

static void test_synthetic_prompts_have_exactly_their_lengths(void **state)
{
    enum { N = 500 };
    struct synth_opts o = {.prefix = 33, .groups = 2, .pool = N, .seed = 5, .tok = tok}, in_words = o;
    struct err e = {0};
    struct tok_coder *c = tok_coder_new(tok);
    assert_int_equal(dist_parse(&o.isl, STR("uniform:1,200"), &e), 0);
    in_words.isl = o.isl;
    in_words.tok = NULL;
    struct dataset *ds = dataset_synthetic(&o, &e), *words = dataset_synthetic(&in_words, &e);
    assert_non_null(ds);
    for (size_t i = 0; i < N; i++) {
        const struct plan_sample *s = dataset_at(ds, i), *w = dataset_at(words, i);
        assert_int_equal(s->n_msgs, 2);
        assert_int_equal(tok_encode(c, s->msgs[0].content, 0, NULL), 33);
        assert_int_equal(words_of(s->msgs[1].content), words_of(w->msgs[1].content)); /* the same draws */
        assert_int_equal(tok_encode(c, s->msgs[1].content, 0, NULL), words_of(w->msgs[1].content));
    }
    assert_string_not_equal(dataset_get_stats(ds)->sha256, dataset_get_stats(words)->sha256);
    o.tok = another; /* what --replay goes by: the same draws, of other words */
    struct dataset *others = dataset_synthetic(&o, &e);
    assert_string_not_equal(dataset_get_stats(ds)->sha256, dataset_get_stats(others)->sha256);
    dataset_free(&others);
    tok_coder_free(&c);
    dataset_free(&ds);
    dataset_free(&words);
}

static void test_the_file_of_ipex_is_read_back(void **state)
{
    struct tokenizer t = {.tok = tok};
    struct dsx_ipex x = {STR("llama, gpt-j"), STR("1,32,64"), 3, &t};
    struct buf b = BUF_INIT(1 << 20);
    struct err e = {0};
    struct tok_coder *c = tok_coder_new(tok);
    size_t n;
    assert_int_equal(dsx_generate_ipex(&x, &b, &n, &e), 0);
    assert_int_equal(n, 6);
    struct dataset_opts o = {.key = "gpt-j/64"};
    struct dataset *ds = dataset_load_text_with(buf_str(&b), "prompt.json", &o, &e);
    assert_non_null(ds);
    assert_string_equal(dataset_get_stats(ds)->format, "ipex");
    assert_int_equal(dataset_n(ds), 1);
    assert_int_equal(dataset_at(ds, 0)->extra->tokens_in, 64);
    assert_int_equal(tok_encode(c, dataset_at(ds, 0)->msgs[0].content, 0, NULL), 64);
    dataset_free(&ds);
    buf_clear(&b);
    x.lengths = STR("32,x");
    assert_int_equal(dsx_generate_ipex(&x, &b, &n, &e), -1);
    assert_non_null(strstr(e.text, "--lengths: \"x\" is no length"));
    buf_clear(&b);
    x.lengths = STR("32");
    x.families = STR("llama,");
    assert_int_equal(dsx_generate_ipex(&x, &b, &n, &e), -1);
    assert_non_null(strstr(e.text, "--families: a name is empty"));
    static const char *const wrong[][3] = {
        {"llama", "32,64, 32", "--lengths: 32 stands there twice"},
        {"llama", "32,032", "--lengths: \"032\" is no length"},
        {"a,llama, a", "32", "--families: \"a\" stands there twice"},
        {"meta/llama", "32", "--families: \"meta/llama\" has a slash"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        buf_clear(&b);
        x.families = str_of(wrong[i][0]);
        x.lengths = str_of(wrong[i][1]);
        assert_int_equal(dsx_generate_ipex(&x, &b, &n, &e), -1);
        assert_non_null(strstr(e.text, wrong[i][2]));
    }
    tok_coder_free(&c);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths_are_tokens),
        cmocka_unit_test(test_a_traces_prompts_have_exactly_their_lengths),
        cmocka_unit_test(test_synthetic_prompts_have_exactly_their_lengths),
        cmocka_unit_test(test_the_file_of_ipex_is_read_back),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
