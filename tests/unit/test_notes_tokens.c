/* test_notes_tokens.c - two counts that differ are told, with the cause that their difference speaks for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "records.h"

struct counts { /* of each request: the tokenizer's counts as a share of the server's, and so many more */
    double out, in;
    int64_t out_more, in_more;
    unsigned flags; /* of each record; of every other one REC_UNCOUNTED */
    enum finish_reason finish;
    int64_t hidden; /* tokens of reasoning that the server counts and does not send */
    bool same;
};

/* 400 answers of 10 to 59 tokens. */
static const struct sum_level *level_of(struct acc *a, const struct counts *m)
{
    struct rec_slab s;
    rec_slab_init(&s, 1000);
    struct rec_level line = level_line(true, 1000, 11000, false);
    acc_sink.level(a, &line);
    for (int i = 0; i < 400; i++) {
        struct record *r = success(&s, 1000 + 20 * i, 1000 + 20 * i, 1050 + 20 * i + i * 37 % 10, 2, 10);
        r->index = (uint64_t)i;
        r->text_bytes += (uint64_t)i;
        r->tokens_out = m->same ? 30 : 10 + i % 50;
        r->tokens_in = m->same ? 30 : 100 + i % 100;
        r->flags |= m->flags & (i % 2 ? ~(unsigned)REC_UNCOUNTED : ~0u);
        if (m->finish)
            r->finish = m->finish;
        if (m->out > 0)
            r->counted_out = (int64_t)((double)r->tokens_out * m->out + 0.5) + m->out_more;
        r->tokens_out += m->hidden;
        r->tokens_reasoning = m->hidden;
        if (m->in > 0)
            r->counted_in = (int64_t)((double)r->tokens_in * m->in + 0.5) + m->in_more;
        feed(a, &s, r);
    }
    line.final = true;
    line.scheduled = 400;
    acc_sink.level(a, &line);
    rec_slab_free(&s);
    return &acc_finish(a)->levels[0];
}

static void check(const char *want, const struct counts m)
{
    struct acc *a = acc_new(&(struct acc_opts){0});
    const struct sum_level *l = level_of(a, &m);
    if (want[0] == 0 && l->notes.n > 0)
        fail_msg("%s", l->notes.v[0]);
    if (want[0] && (l->notes.n != 1 || !strstr(l->notes.v[0], want)))
        fail_msg("%zu notes, the first \"%s\"", l->notes.n, l->notes.n ? l->notes.v[0] : "");
    acc_free(&a);
}
#define CHECK(want, ...) check(want, (struct counts){__VA_ARGS__})

static void test_output(void **state)
{
    CHECK("", .out = 0);
    CHECK("", .out = 1);
    CHECK("", .out = 0.995);
    CHECK("of output tokens the tokenizer counts 13000 where the server says 13800 (-5.8 %), by about 2 an answer, "
          "however "
          "long it is",
          .out = 1, .out_more = -2);
    CHECK("in proportion to the length: this is probably not the model's tokenizer", .out = 1.3);
    CHECK("more answers, of several lengths, would tell which", .out = 1, .out_more = -2, .same = true);
    CHECK("", .out = 1.3, .finish = FINISH_TOOL); /* the marks round a tool call are in no text */
    CHECK("reasoning that was counted but not streamed", .out = 1, .hidden = 20);
}

static void test_input(void **state)
{
    CHECK("of prompt tokens the tokenizer counts 57800 where the server says 59800 (-3.3 %), by about 5 a prompt",
          .in = 1, .in_more = -5);
    CHECK("in proportion to the length", .in = 1.5);
    CHECK("prompts of several lengths would tell which", .in = 1, .in_more = 3, .same = true);
    /* Of a chat the template is missing, which is as it should be; fewer tokens than the texts have are not. */
    CHECK("", .in = 1, .in_more = -5, .flags = REC_IN_TEXTS);
    CHECK("of the messages' tokens the tokenizer counts 89800 where the server says 59800 (+50.2 %), and no chat "
          "template "
          "takes tokens away",
          .in = 1.5, .flags = REC_IN_TEXTS);
    CHECK("the server does not say how many tokens 400 prompts had: the tokenizer counted the messages' texts", .in = 1,
          .flags = REC_IN_TEXTS | REC_IN_COUNTED);
    CHECK("", .in = 1, .flags = REC_IN_COUNTED);
    CHECK("", .in = 1.5, .flags = REC_IN_COUNTED); /* the server has said nothing that it could be compared with */
}

static void test_not_kept(void **state)
{
    CHECK("200 answers or prompts were not kept for the tokenizer, because --text-limit was used up", .out = 1,
          .flags = REC_UNCOUNTED);
}

static void test_figures(void **state)
{
    const struct counts m = {.out = 1, .out_more = -2, .in = 1, .flags = REC_IN_TEXTS};
    struct acc *a = acc_new(&(struct acc_opts){0});
    const struct sum_tokenizer *t = &level_of(a, &m)->tokenizer;
    assert_true(t->used && t->in_texts);
    assert_int_equal(t->out.requests, 400);
    assert_int_equal(t->out.server, 13800);
    assert_int_equal(t->out.own, 13000);
    assert_int_equal(t->in.own, 59800);
    assert_int_equal(t->in.how, COUNTED_AGREE);
    assert_int_equal(t->in_counted, 0);
    acc_free(&a);
    a = acc_new(&(struct acc_opts){0});
    assert_false(level_of(a, &(struct counts){0})->tokenizer.used);
    acc_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_output),
        cmocka_unit_test(test_input),
        cmocka_unit_test(test_not_kept),
        cmocka_unit_test(test_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
