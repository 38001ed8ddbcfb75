/* test_acc_group.c - requests by what they have in common, against counting by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/acc.h"

enum { N = 240 };
/* 60 characters of two bytes each. */
#define TEN "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
static const char LONG[] = TEN TEN TEN TEN TEN TEN;

/* Request i: class by i % 2, model by i % 3, turn i % 4 of 4, i input tokens; its first token comes after i ms. */
static void feed(struct acc *a, unsigned more)
{
    static const struct str class[] = {{"chat", 4}, {"code", 4}}, model[] = {{"a", 1}, {"b", 1}, {"c", 1}};
    struct rec_run run = {.epoch_unix = 1};
    struct rec_level l = {.w0 = 1, .w1 = 1 + NS_PER_S, .begin = 1, .concurrency = 1};
    acc_sink.run(a, &run);
    acc_sink.metric(a, &(struct rec_metric){0, "x-half"});
    acc_sink.level(a, &l);
    for (unsigned i = 0; i < N; i++) {
        int64_t start = 1 + (int64_t)i * NS_PER_MS, first = start + (int64_t)(i + 1) * NS_PER_MS;
        struct record r = {.index = i,
                           .flags = REC_STREAMED,
                           .outcome = i == 7 ? OUT_RESET : OUT_OK,
                           .klass = class[i % 2],
                           .model = model[i % 3],
                           .turn = i % 4,
                           .turns = 4,
                           .start = start,
                           .first_token = first,
                           .last_token = first,
                           .end = first,
                           .tokens_in = (int64_t)i,
                           .tokens_out = 1,
                           .tokens_cached = -1,
                           .tokens_reasoning = -1,
                           .token_source = TOKENS_USAGE};
        r.metrics = i % 10 == 9 ? 0 : 1U; /* its header says i / 2, or something else, or is not there */
        r.metric[0] = i % 10 == 8 ? HEADER_METRIC_BAD : header_metric_of(i / 2.0);
        char name[24];
        char long_name[200];
        if (more == 2) { /* two that differ behind what is shown */
            snprintf(long_name, sizeof long_name, "%.*s%c", 120, LONG, i % 2 ? 'x' : 'y');
            r.klass = str_of(long_name);
        } else if (more) { /* each a class of its own */
            snprintf(name, sizeof name, "class %03u", i);
            r.klass = str_of(name);
        }
        acc_sink.request(a, &r);
    }
    l.final = true;
    acc_sink.level(a, &l);
}

static const struct sum_group *group(const struct sum_level *l, enum group_kind k, const char *name)
{
    for (size_t i = 0; i < l->n_groups; i++)
        if (l->groups[i].kind == k && strcmp(l->groups[i].name, name) == 0)
            return &l->groups[i];
    fail_msg("no %s %s", group_kind_name(k), name);
    return NULL;
}

static void by_hand(void **state)
{
    (void)state;
    struct acc *a = acc_new(&(struct acc_opts){.by = 1U << GROUP_INPUT});
    feed(a, 0);
    const struct sum_level *l = &acc_finish(a)->levels[0];
    assert_int_equal(l->n_groups, 2 + 3 + 4 + 2);
    const struct sum_group *code = group(l, GROUP_CLASS, "code");
    assert_int_equal(code->part.attempted, N / 2);
    assert_int_equal(code->part.failed, 1);
    assert_int_equal(group(l, GROUP_CLASS, "chat")->part.failed, 0);
    assert_true(code->part.share == 0.5);
    assert_int_equal(code->part.tokens_in, 120 * 120); /* 1 + 3 + ... + 239 */
    /* Of the times 1, 4, 7, ... 238 ms the median lies between the 40th and the 41st. */
    assert_true(fabs(group(l, GROUP_MODEL, "a")->part.ttft.q[0] / 1e6 - (118 + 121) / 2.0) < 1e-9);
    assert_int_equal(group(l, GROUP_TURN, "4")->part.attempted, N / 4);
    assert_int_equal(group(l, GROUP_INPUT, "0-127")->part.attempted, 128);
    assert_int_equal(group(l, GROUP_INPUT, "128-255")->part.attempted, N - 128);
    assert_string_equal(l->groups[0].name, "chat"); /* by kind, then by value */
    assert_string_equal(l->groups[5].name, "1");
    acc_free(&a);
}

static bool has_note(const struct sum_level *l, const char *text)
{
    for (size_t i = 0; i < l->notes.n; i++)
        if (strstr(l->notes.v[i], text))
            return true;
    return false;
}

/* Of the successes; the one failure is request 7. */
static void headers(void **state)
{
    (void)state;
    struct acc *a = acc_new(&(struct acc_opts){0});
    feed(a, 0);
    const struct summary *s = acc_finish(a);
    const struct sum_level *l = &s->levels[0];
    assert_int_equal(s->n_metrics, 1);
    assert_string_equal(s->metric_name[0], "x-half");
    const struct sum_metric *m = &l->metrics[0];
    assert_int_equal(m->dist.n, N * 8 / 10 - 1);
    assert_int_equal(m->bad, N / 10);
    assert_int_equal(m->missing, N / 10);
    assert_true(m->dist.min == 0 && m->dist.max == 237 / 2.0);
    double sum = 0;
    for (unsigned i = 0; i < N; i++)
        sum += i % 10 < 8 && i != 7 ? i / 2.0 : 0;
    assert_true(fabs(m->dist.mean - sum / (N * 8 / 10 - 1)) < 1e-9);
    const struct sum_metric *code = &group(l, GROUP_CLASS, "code")->part.metrics[0];
    assert_int_equal(code->dist.n, 4 * N / 10 - 1);
    assert_int_equal(code->bad, 0);
    assert_int_equal(code->missing, N / 10);
    assert_true(has_note(l, "24 of 239 successful answers had no header x-half"));
    assert_true(has_note(l, "24 values of the header x-half were no numbers"));
    acc_free(&a);
}

static void not_asked(void **state)
{
    (void)state;
    struct acc *a = acc_new(&(struct acc_opts){0});
    feed(a, 0);
    const struct sum_level *l = &acc_finish(a)->levels[0];
    assert_int_equal(l->n_groups, 2 + 3 + 4);
    acc_free(&a);
}

static void too_many(void **state)
{
    (void)state;
    struct acc *a = acc_new(&(struct acc_opts){0});
    feed(a, 1);
    const struct sum_level *l = &acc_finish(a)->levels[0];
    assert_int_equal(l->n_groups, 64 + 1 + 3 + 4);
    assert_int_equal(group(l, GROUP_CLASS, "class 063")->part.attempted, 1);
    assert_int_equal(group(l, GROUP_CLASS, "(others)")->part.attempted, N - 64);
    assert_string_equal(l->groups[64].name, "(others)");
    acc_free(&a);
}

static void long_names(void **state)
{
    (void)state;
    struct acc *a = acc_new(&(struct acc_opts){0});
    feed(a, 2);
    const struct sum_level *l = &acc_finish(a)->levels[0];
    assert_int_equal(l->n_groups, 2 + 3 + 4);
    assert_int_equal(l->groups[0].part.attempted, N / 2);
    assert_int_equal(strlen(l->groups[0].name), 62); /* cut between characters */
    assert_string_equal(l->groups[0].name, l->groups[1].name);
    acc_free(&a);
}

static void kinds(void **state)
{
    (void)state;
    unsigned k;
    struct err e = {0};
    assert_int_equal(groups_parse(STR("class, turn"), &k, &e), 0);
    assert_int_equal(k, 1U << GROUP_CLASS | 1U << GROUP_TURN);
    assert_int_equal(groups_parse(STR("endpoint"), &k, &e), 0);
    assert_int_equal(k, GROUP_ENDPOINTS);
    assert_int_equal(groups_parse(STR("class,colour"), &k, &e), -1);
    assert_string_equal(
        e.text, "\"colour\" is nothing that requests are told apart by; use class, model, turn, input or endpoint");
    assert_int_equal(groups_parse(STR(""), &k, &e), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),  cmocka_unit_test(not_asked),  cmocka_unit_test(headers),
        cmocka_unit_test(too_many), cmocka_unit_test(long_names), cmocka_unit_test(kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
