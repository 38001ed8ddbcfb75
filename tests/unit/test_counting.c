/* test_counting.c - records as workers hand them over, and what the tokenizer makes of them. Tokens are words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "campaign/counting.h"
#include "word_tokenizer.h"

struct bench {
    struct tok *tok;
    struct dataset *ds;
    struct counter *c;
};

static void open_bench(struct bench *b, bool completes, bool unique)
{
    char path[64];
    struct err e = {0};
    snprintf(path, sizeof path, "/tmp/weir-test-counting-%d.json", (int)getpid());
    assert_int_equal(file_write(path, STR(WORD_TOKENIZER), NULL), 0);
    int rc = tok_load(&b->tok, path, &e);
    unlink(path);
    if (rc < 0)
        fail_msg("%s", e.text);
    b->ds = dataset_load_text(STR("{\"prompt\":\"how deep is the weir\"}\n{\"prompt\":\"two\\nwords\"}\n"), "d.jsonl",
                              "jsonl", &e);
    assert_non_null(b->ds);
    const struct counter_opts o = {.tok = b->tok, .ds = b->ds, .completes = completes, .unique = unique};
    b->c = counter_new(&o);
}

static void close_bench(struct bench *b)
{
    counter_free(&b->c);
    assert_null(b->c);
    dataset_free(&b->ds);
    tok_free(&b->tok);
}

/* An answer as it comes from a worker, with nothing said by the server. */
static void fill(struct record *r, enum outcome outcome, const char *content, const char *reasoning, const char *tool,
                 const char *prompt, size_t n_prompt)
{
    const char *part[] = {content, reasoning, tool};
    struct rec_text *t = xcalloc(1, sizeof *t + 400);
    char *p = t->bytes;
    for (int k = 0; k < REC_RAW_PROMPT; k++) {
        t->n_raw[k] = strlen(part[k]);
        p = stpcpy(p, part[k]);
    }
    if (n_prompt)
        memcpy(p, prompt, n_prompt);
    t->n_raw[REC_RAW_PROMPT] = n_prompt;
    *r = (struct record){.outcome = outcome,
                         .tokens_in = -1,
                         .tokens_out = -1,
                         .tokens_cached = -1,
                         .tokens_reasoning = -1,
                         .counted_in = -1,
                         .counted_out = -1,
                         .text = t};
}

static void expect(struct bench *b, struct record *r, int64_t out, int64_t in, enum token_source source)
{
    counter_take(b->c, r);
    free(r->text);
    assert_int_equal(r->tokens_out, out);
    assert_int_equal(r->tokens_in, in);
    assert_int_equal(r->token_source, source);
}

static void test_silent_server(void **state)
{
    struct bench b;
    struct record r;
    open_bench(&b, false, false);
    fill(&r, OUT_OK, "it is \\\"deep\\\"", "let me\\nsee", "{} {}", "", 0);
    expect(&b, &r, 3 + 3 + 2, 5, TOKENS_TOKENIZER);
    assert_int_equal(r.counted_out, 8);
    assert_int_equal(r.counted_in, 5);
    assert_int_equal(r.tokens_reasoning, 3);
    assert_int_equal(r.flags, REC_IN_COUNTED | REC_IN_TEXTS);
    fill(&r, OUT_OK, "", "", "", "", 0);
    r.sample = 1;
    expect(&b, &r, 0, 2, TOKENS_TOKENIZER);
    fill(&r, OUT_TRUNCATED, "half of", "", "", "", 0); /* without an event it may never have been read */
    expect(&b, &r, 2, -1, TOKENS_TOKENIZER);
    fill(&r, OUT_RESET, "", "", "", "", 0);
    expect(&b, &r, -1, -1, TOKENS_NONE);
    assert_int_equal(r.counted_out, -1);
    close_bench(&b);
}

static void test_counting_server(void **state)
{
    struct bench b;
    struct record r;
    open_bench(&b, false, false);
    fill(&r, OUT_OK, "a b c", "", "", "", 0);
    r.tokens_out = 4;
    r.tokens_in = 30;
    r.token_source = TOKENS_USAGE;
    expect(&b, &r, 4, 30, TOKENS_USAGE);
    assert_int_equal(r.counted_out, 3);
    assert_int_equal(r.counted_in, 5);
    assert_int_equal(r.flags, REC_IN_TEXTS);
    fill(&r, OUT_OK, "a b c", "", "", "", 0); /* of one count alone */
    r.tokens_out = 4;
    r.token_source = TOKENS_SERVER;
    expect(&b, &r, 4, 5, TOKENS_SERVER);
    assert_int_equal(r.flags, REC_IN_COUNTED | REC_IN_TEXTS);
    close_bench(&b);
}

/* A completion's prompt is one text, with what the tokenizer puts in front of it. */
static void test_completions(void **state)
{
    static const char handed[] = "cone\0chi \\\"you\\\"\0ctwo"; /* the 0 of the last is the literal's own */
    struct bench b;
    struct record r;
    open_bench(&b, true, false);
    fill(&r, OUT_OK, "x", "", "", "", 0);
    expect(&b, &r, 1, 5 + 1, TOKENS_TOKENIZER);
    assert_int_equal(r.flags, REC_IN_COUNTED);
    fill(&r, OUT_OK, "x", "", "", handed, sizeof handed); /* of a session */
    r.turns = 3;
    expect(&b, &r, 1, 4 + 1, TOKENS_TOKENIZER);
    fill(&r, OUT_OK, "x", "", "", "", 0); /* what was not handed over is unknown */
    r.turns = 3;
    expect(&b, &r, 1, -1, TOKENS_TOKENIZER);
    close_bench(&b);
}

static void test_handed_over(void **state)
{
    static const char handed[] = "c[0123456789abcdef] how deep\0j{\"content\":\"one two\"}";
    struct bench b;
    struct record r;
    open_bench(&b, false, true);
    fill(&r, OUT_OK, "x", "", "", handed, sizeof handed);
    expect(&b, &r, 1, 3 + 2, TOKENS_TOKENIZER);
    fill(&r, OUT_OK, "x", "", "", "", 0); /* with a nonce in front the dataset's entry is not it */
    expect(&b, &r, 1, -1, TOKENS_TOKENIZER);
    close_bench(&b);
}

static void test_no_counting(void **state)
{
    struct bench b;
    struct record r;
    open_bench(&b, false, false);
    fill(&r, OUT_OK, "x", "", "", "", 0);
    r.flags = REC_PLAIN;
    expect(&b, &r, -1, -1, TOKENS_NONE);
    fill(&r, OUT_UNSENT, "", "", "", "", 0);
    expect(&b, &r, -1, -1, TOKENS_NONE);
    fill(&r, OUT_OK, "", "", "", "", 0); /* an embedding has an input alone */
    r.flags = REC_NO_TEXT;
    expect(&b, &r, -1, 5, TOKENS_TOKENIZER);
    assert_int_equal(r.counted_out, -1);
    fill(&r, OUT_OK, "", "", "", "", 0); /* not kept: unknown, rather than none */
    r.flags = REC_UNCOUNTED;
    expect(&b, &r, -1, 5, TOKENS_NONE);
    fill(&r, OUT_OK, "caf\xc3\xa9 \\n \"x", "", "", "", 0); /* bare text is no JSON */
    r.text->raw_plain = true;
    expect(&b, &r, 3, 5, TOKENS_TOKENIZER);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silent_server), cmocka_unit_test(test_counting_server),
        cmocka_unit_test(test_completions),   cmocka_unit_test(test_handed_over),
        cmocka_unit_test(test_no_counting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
