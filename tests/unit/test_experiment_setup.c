#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "cli/experiment_parts.h"

struct read {
    struct experiment x;
    struct opt_seen seen;
    struct err e;
};

static int from(struct read *r, const char *text)
{
    *r = (struct read){0};
    xp_init(&r->x);
    assert_int_equal(xp_setup_defaults(&r->x, &r->e), 0);
    return xp_setup_read(&r->x, &r->seen, "e.yaml", str_of(text), &r->e);
}

static void done(struct read *r)
{
    opt_free(&xp_setup_table, &r->x.setup, &r->seen);
    xp_free(&r->x);
}

static void defaults(void **state)
{
    struct read r;
    (void)state;
    assert_int_equal(from(&r, "{}"), 0);
    const struct xp_setup *s = &r.x.setup;
    assert_true(isnan(s->hourly_usd) && s->instances == 0 && !s->title && !s->tools && s->max_tokens == 0);
    assert_true(s->target_tokens_per_min == 54000 && s->expected_tok_s_min == 900 && s->expected_tok_s_max == 1150);
    assert_true(s->expected_p95 == 2 * NS_PER_S && s->expected_cost_per_1k == 0.01 && s->max_instances == 8);
    done(&r);
}

static void all_kinds(void **state)
{
    struct read r;
    (void)state;
    assert_int_equal(from(&r, "title: A b\ninstances: 3\nhourly-usd: 1.21\nexpected-p95: 1500ms\ntools: [a, b 2]\n"
                              "notes: one\nsummary: >\n  two\n  lines\n"),
                     0);
    const struct xp_setup *s = &r.x.setup;
    assert_string_equal(s->title, "A b");
    assert_true(s->instances == 3 && s->hourly_usd == 1.21 && s->expected_p95 == 1500 * NS_PER_MS);
    assert_string_equal(s->tools[1], "b 2");
    assert_null(s->tools[2]);
    assert_string_equal(s->notes[0], "one");
    assert_string_equal(s->summary, "two lines\n");
    done(&r);
}

static void refused(void **state)
{
    static const struct {
        const char *text, *says;
    } all[] = {
        {"- a", "it is a map of keys"},
        {"titel: x", "e.yaml:1:1: unknown key titel; did you mean title?"},
        {"quite: x", "unknown key quite; docs/FORMATS.md"},
        {"title:\n", "title: write a text"},
        {"title: [a]", "title: write a text"},
        {"title: \"a\\0b\"", "control characters"},
        {"instances: 0", "e.yaml:1:12:"},
        {"hourly-usd: -1", "hourly-usd"},
        {"model: a\nmodel: b", "e.yaml:2:1: model stands here twice"},
        {"min-instances: 9", "min-instances is above max-instances"},
        {"expected-tokens-per-s-min: 2000", "is above"},
        {"a: [", "e.yaml:"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct read r;
        assert_int_equal(from(&r, all[i].text), -1);
        if (!strstr(r.e.text, all[i].says))
            fail_msg("%s: %s", all[i].text, r.e.text);
        done(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(defaults), cmocka_unit_test(all_kinds),
                                       cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
