/* test_dsx_write.c - what is written reads back as the same messages, and what is lost is counted. Sampling and
 * generating, whose results are read back likewise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "load/dsx_generate.h"
#include "load/dsx_sample.h"
#include "load/dsx_write.h"

static struct dataset *read_text(struct str text, const char *format)
{
    struct err e = {0};
    struct dataset *ds = dataset_load_text(text, "t", format, &e);
    if (!ds)
        fail_msg("%s", e.text);
    return ds;
}

static struct dsx_lost written(const struct dataset *ds, enum dsx_format f, struct buf *b)
{
    struct dsx_writer w;
    dsx_writer_init(&w, f, b, NULL);
    for (size_t i = 0; i < dataset_n(ds); i++)
        dsx_write(&w, dataset_at(ds, i));
    dsx_writer_end(&w);
    dsx_writer_free(&w);
    return w.lost;
}

static void assert_same(const struct dataset *a, const struct dataset *b, bool limits)
{
    assert_int_equal(dataset_n(a), dataset_n(b));
    for (size_t i = 0; i < dataset_n(a); i++) {
        const struct plan_sample *x = dataset_at(a, i), *y = dataset_at(b, i);
        assert_int_equal(x->n_msgs, y->n_msgs);
        if (limits)
            assert_int_equal(x->max_tokens, y->max_tokens);
        for (uint32_t k = 0; k < x->n_msgs; k++) {
            assert_int_equal(x->msgs[k].role, y->msgs[k].role);
            assert_true(str_eq(x->msgs[k].content, y->msgs[k].content));
            assert_true(str_eq(x->msgs[k].raw_json, y->msgs[k].raw_json));
        }
    }
}

static const char MESSAGES[] =
    "{\"messages\":[{\"role\":\"system\",\"content\":\"be "
    "\\\"brief\\\"\"},{\"role\":\"user\",\"content\":\"caf\xC3\xA9\\n\\u0041\"}]}\n"
    "{\"messages\":[{\"role\":\"user\",\"content\":\"a, b\"},{\"role\":\"assistant\",\"content\":\"b\"},"
    "{\"role\":\"user\",\"content\":\"c\"}],\"max_tokens\":7}\n";

/* conversations -> messages -> conversations, and messages -> messages, to the byte of the text. */
static void test_round_trips(void **state)
{
    struct dataset *ds = read_text(STR(MESSAGES), "messages");
    struct buf b = BUF_INIT(1 << 20);
    struct dsx_lost lost = written(ds, DSX_MESSAGES, &b);
    struct dataset *again = read_text(buf_str(&b), NULL);
    assert_same(ds, again, true);
    assert_memory_equal(&lost, &(struct dsx_lost){0}, sizeof lost);
    dataset_free(&again);
    buf_clear(&b);
    lost = written(ds, DSX_CONVERSATIONS, &b);
    again = read_text(buf_str(&b), NULL);
    assert_string_equal(dataset_get_stats(again)->format, "conversations");
    assert_same(ds, again, false);
    assert_int_equal(lost.max_tokens, 1);
    dataset_free(&again);
    dataset_free(&ds);
    buf_free(&b);
}

static void test_generated_conversations_go_round(void **state)
{
    struct dataset *ds = dsx_generate_conversations(300, 5), *half = dsx_generate_conversations(150, 5);
    struct buf b = BUF_INIT(16 << 20);
    unsigned single = 0, dialogue = 0, lengthy = 0;
    for (size_t i = 0; i < 300; i++) {
        const struct plan_sample *s = dataset_at(ds, i);
        uint32_t turns = s->n_msgs / 2; /* system, then user and assistant in turn */
        assert_int_equal(s->msgs[0].role, ROLE_SYSTEM);
        assert_int_equal(s->msgs[s->n_msgs - 1].role, ROLE_USER);
        assert_int_equal(s->n_msgs % 2, 0);
        single += turns == 1;
        dialogue += turns >= 3 && turns <= 5;
        lengthy += turns >= 10 && s->words > 300;
        if (i < 150)
            assert_true(str_eq(s->msgs[1].content, dataset_at(half, i)->msgs[1].content));
    }
    assert_int_equal(single + dialogue + lengthy, 300);
    assert_true(abs((int)single - 150) < 44 && abs((int)dialogue - 105) < 42 && abs((int)lengthy - 45) < 31); /* 5 sd */
    written(ds, DSX_CONVERSATIONS, &b);
    struct dataset *again = read_text(buf_str(&b), NULL);
    assert_same(ds, again, true);
    assert_int_equal(dataset_get_stats(again)->skipped, 0);
    dataset_free(&ds);
    dataset_free(&half);
    dataset_free(&again);
    buf_free(&b);
}

static void test_text_and_csv(void **state)
{
    struct dataset *ds = read_text(STR(MESSAGES), "messages");
    struct buf b = BUF_INIT(1 << 20);
    struct dsx_lost lost = written(ds, DSX_TEXT, &b);
    assert_string_equal(b.p, "be \"brief\" caf\xC3\xA9 A\na, b b c\n");
    assert_int_equal(lost.joined, 2);
    assert_int_equal(lost.max_tokens, 1);
    buf_clear(&b);
    written(ds, DSX_CSV, &b);
    assert_string_equal(b.p, "prompt,max_tokens\n\"be \"\"brief\"\"\ncaf\xC3\xA9\nA\",\n\"a, b\nb\nc\",7\n");
    struct dataset *again = read_text(buf_str(&b), "csv");
    assert_int_equal(dataset_n(again), 2);
    assert_int_equal(dataset_at(again, 1)->max_tokens, 7);
    assert_true(str_eqz(dataset_at(again, 1)->msgs[0].content, "a, b\\nb\\nc"));
    dataset_free(&again);
    dataset_free(&ds);
    buf_free(&b);
}

/* Tool calls and content parts are kept by messages and lost, and counted, elsewhere. */
static void test_losses(void **state)
{
    static const char text[] =
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}]}\n"
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"system\",\"content\":\"b\"}]}\n";
    struct dataset *ds = read_text(STR(text), "messages");
    struct buf b = BUF_INIT(1 << 20);
    struct dsx_lost lost = written(ds, DSX_MESSAGES, &b);
    struct dataset *again = read_text(buf_str(&b), NULL);
    assert_same(ds, again, true);
    assert_int_equal(lost.whole, 0);
    buf_clear(&b);
    lost = written(ds, DSX_CONVERSATIONS, &b);
    assert_int_equal(lost.entries, 1);
    assert_int_equal(lost.whole, 1);
    assert_int_equal(lost.roles, 1);
    dataset_free(&again);
    again = read_text(buf_str(&b), NULL);
    assert_int_equal(dataset_n(again), 1);
    dataset_free(&again);
    dataset_free(&ds);
    buf_free(&b);
}

static void test_sampling(void **state)
{
    struct buf b = BUF_INIT(1 << 20);
    for (int i = 0; i < 1000; i++)
        buf_addf(&b, "w%s\n", i % 4 == 0 ? " x x x" : i % 4 == 1 ? " x" : "");
    struct dataset *ds = read_text(buf_str(&b), "text");
    size_t n, n2, in = 0;
    size_t *at = dsx_sample(ds, &(struct dsx_sample){.n = 100, .seed = 3}, &n);
    size_t *more = dsx_sample(ds, &(struct dsx_sample){.n = 200, .seed = 3}, &n2);
    assert_int_equal(n, 100);
    assert_int_equal(n2, 200);
    for (size_t i = 0, k = 0; i < n; i++) {
        assert_true(i == 0 || at[i] > at[i - 1]);
        while (k < n2 && more[k] < at[i])
            k++;
        in += k < n2 && more[k] == at[i];
    }
    assert_int_equal(in, 100);
    free(more);
    more = dsx_sample(ds, &(struct dsx_sample){.n = 100, .seed = 4}, &n2);
    assert_memory_not_equal(at, more, 100 * sizeof *at);
    free(at);
    free(more);
    at = dsx_sample(ds, &(struct dsx_sample){.min_words = 2, .max_words = 3}, &n);
    assert_int_equal(n, 250);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(at[i] % 4, 1);
    free(at);
    at = dsx_sample(ds, &(struct dsx_sample){.share = 0.25, .min_words = 2}, &n);
    assert_int_equal(n, 125);
    free(at);
    at = dsx_sample(ds, &(struct dsx_sample){.min_words = 9}, &n);
    assert_int_equal(n, 0);
    free(at);
    dataset_free(&ds);
    buf_free(&b);
}

/* The trace reads back with its rate, lengths and shared beginnings. */
static void test_trace(void **state)
{
    enum { N = 2000 };
    struct dsx_trace t = {.n = N, .seed = 2, .rate = 10, .prefix = 1024, .groups = 3};
    struct buf b = BUF_INIT(16 << 20);
    assert_int_equal(dist_parse(&t.isl, STR("uniform:10,100"), NULL), 0);
    assert_int_equal(dist_parse(&t.osl, STR("5"), NULL), 0);
    dsx_generate_trace(&t, &b);
    struct dataset *ds = read_text(buf_str(&b), NULL);
    assert_string_equal(dataset_get_stats(ds)->format, "mooncake");
    assert_int_equal(dataset_n(ds), N);
    struct str beginning[3] = {{0}};
    unsigned groups = 0;
    for (size_t i = 0; i < N; i++) {
        const struct plan_sample *s = dataset_at(ds, i);
        struct str head = str_sub(s->msgs[0].content, 0, 2000); /* of at least 1,024 words of a letter or more */
        unsigned g = 0;
        assert_true(s->extra->tokens_in >= 1034 && s->extra->tokens_in <= 1124);
        assert_int_equal(s->max_tokens, 5);
        while (g < groups && !str_eq(beginning[g], head))
            g++;
        assert_true(g < 3);
        if (g == groups)
            beginning[groups++] = head;
    }
    double span = (double)dataset_at(ds, N - 1)->extra->at / 1e9;
    assert_true(fabs(span - (N - 1) / 10.0) < 5 * sqrt(N) / 10);
    dataset_free(&ds);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),  cmocka_unit_test(test_generated_conversations_go_round),
        cmocka_unit_test(test_text_and_csv), cmocka_unit_test(test_losses),
        cmocka_unit_test(test_sampling),     cmocka_unit_test(test_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
