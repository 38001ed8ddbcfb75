/* test_synth.c - lengths, beginnings and prefixes of synthetic prompts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "load/synth.h"

static struct dataset *made(struct synth_opts o, const char *isl)
{
    struct err e = {0};
    assert_int_equal(dist_parse(&o.isl, str_of(isl), &e), 0);
    struct dataset *ds = dataset_synthetic(&o, &e);
    if (!ds)
        fail_msg("%s", e.text);
    return ds;
}

/* Counted here by single spaces, which the prompts consist of beside letters. */
static size_t words_of(struct str s)
{
    size_t n = 1;
    assert_true(s.n > 0 && s.p[0] != ' ' && s.p[s.n - 1] != ' ');
    for (size_t i = 0; i < s.n; i++) {
        assert_true(s.p[i] == ' ' || (s.p[i] >= 'a' && s.p[i] <= 'z'));
        n += s.p[i] == ' ';
        assert_false(s.p[i] == ' ' && s.p[i + 1] == ' ');
    }
    return n;
}

static void test_lengths_follow_the_distribution(void **state)
{
    enum { N = 20000 };
    struct dataset *ds = made((struct synth_opts){.groups = 1, .pool = N, .seed = 3}, "normal:100,20");
    double sum = 0, sq = 0;
    assert_int_equal(dataset_n(ds), N);
    for (size_t i = 0; i < N; i++) {
        const struct plan_sample *s = dataset_at(ds, i);
        assert_int_equal(s->n_msgs, 1);
        assert_int_equal(s->msgs[0].role, ROLE_USER);
        assert_int_equal(s->max_tokens, -1);
        size_t n = words_of(s->msgs[0].content);
        assert_int_equal(s->words, n);
        sum += (double)n;
        sq += ((double)n - 100) * ((double)n - 100);
    }
    assert_true(fabs(sum / N - 100) < 5 * 20 / sqrt(N));
    assert_true(fabs(sqrt(sq / N) - 20) < 0.6);
    assert_int_equal(strlen(dataset_get_stats(ds)->sha256), 64);
    assert_string_equal(dataset_get_stats(ds)->format, "synthetic");
    dataset_free(&ds);
}

static int by_text(const void *a, const void *b)
{
    const struct str *x = a, *y = b;
    int c = memcmp(x->p, y->p, MIN(x->n, y->n));
    return c ? c : x->n < y->n ? -1 : x->n > y->n;
}

/* Sorted, those with the longest common beginning are neighbours. 100,000 beginnings of 256 words each: by chance two
 * share six words in about one of a million million pairs. */
static void test_no_two_begin_alike(void **state)
{
    enum { N = 100000, WORDS = 8 };
    struct dataset *ds = made((struct synth_opts){.groups = 1, .pool = N, .seed = 9}, "64");
    struct str *all = malloc(N * sizeof *all);
    assert_non_null(all);
    for (size_t i = 0; i < N; i++)
        all[i] = dataset_at(ds, i)->msgs[0].content;
    qsort(all, N, sizeof *all, by_text);
    for (size_t i = 1; i < N; i++) {
        size_t same = 0, words = 0;
        while (same < all[i].n && same < all[i - 1].n && all[i].p[same] == all[i - 1].p[same])
            words += all[i].p[same++] == ' ';
        assert_true(words < WORDS);
    }
    free(all);
    dataset_free(&ds);
}

/* An entry depends on the seed and its number alone, not on how many there are. */
static void test_entries_do_not_depend_on_the_pool(void **state)
{
    struct synth_opts o = {.prefix = 10, .groups = 4, .pool = 100, .seed = 7};
    struct dataset *small = made(o, "uniform:1,50");
    o.pool = 5000;
    struct dataset *large = made(o, "uniform:1,50");
    o.seed = 8;
    struct dataset *other = made(o, "uniform:1,50");
    unsigned same = 0;
    for (size_t i = 0; i < 100; i++) {
        const struct plan_sample *a = dataset_at(small, i), *b = dataset_at(large, i), *c = dataset_at(other, i);
        for (int k = 0; k < 2; k++)
            assert_true(str_eq(a->msgs[k].content, b->msgs[k].content));
        same += str_eq(a->msgs[1].content, c->msgs[1].content);
    }
    assert_true(same < 5);
    assert_string_not_equal(dataset_get_stats(large)->sha256, dataset_get_stats(other)->sha256);
    dataset_free(&small);
    dataset_free(&large);
    dataset_free(&other);
}

static void test_groups_share_their_prefix(void **state)
{
    enum { N = 8000, G = 5 };
    struct dataset *ds = made((struct synth_opts){.prefix = 64, .groups = G, .pool = N, .seed = 11}, "20");
    struct str seen[G] = {{0}};
    unsigned count[G] = {0}, groups = 0;
    for (size_t i = 0; i < N; i++) {
        const struct plan_sample *s = dataset_at(ds, i);
        unsigned g = 0;
        assert_int_equal(s->n_msgs, 2);
        assert_int_equal(s->msgs[0].role, ROLE_SYSTEM);
        assert_int_equal(words_of(s->msgs[0].content), 64);
        assert_int_equal(s->words, 84);
        while (g < groups && !str_eq(seen[g], s->msgs[0].content))
            g++;
        assert_true(g < G);
        if (g == groups)
            seen[groups++] = s->msgs[0].content;
        count[g]++;
    }
    assert_int_equal(groups, G);
    for (unsigned g = 0; g < G; g++)
        assert_true(fabs(count[g] - (double)N / G) < 5 * sqrt((double)N / G * (1 - 1.0 / G)));
    dataset_free(&ds);
}

static void test_output_lengths(void **state)
{
    enum { N = 10000 };
    struct dataset *ds = made((struct synth_opts){.groups = 1, .pool = N, .seed = 3}, "4");
    struct dist osl;
    double sum = 0;
    assert_int_equal(dist_parse(&osl, STR("uniform:10,30"), NULL), 0);
    dataset_draw_lengths(ds, &osl, 3);
    for (size_t i = 0; i < N; i++) {
        int64_t n = dataset_at(ds, i)->max_tokens;
        assert_true(n >= 10 && n <= 30);
        sum += (double)n;
    }
    assert_true(fabs(sum / N - 20) < 5 * sqrt((21 * 21 - 1) / 12.0 / N));
    dataset_free(&ds);
}

static void test_bounds(void **state)
{
    struct synth_opts o = {.groups = 1, .pool = SYNTH_PLACES + 1};
    struct err e = {0};
    assert_int_equal(dist_parse(&o.isl, STR("5"), NULL), 0);
    assert_null(dataset_synthetic(&o, &e));
    assert_int_equal(e.code, ERR_USAGE);
    o = (struct synth_opts){.isl = o.isl, .groups = 1 << 20, .prefix = 1 << 20, .pool = 1};
    assert_null(dataset_synthetic(&o, &e));
    struct dataset *ds = made((struct synth_opts){.groups = 1, .pool = 3}, "1e9");
    assert_int_equal(dataset_at(ds, 2)->words, SYNTH_MAX_WORDS);
    assert_int_equal(words_of(dataset_at(ds, 2)->msgs[0].content), SYNTH_MAX_WORDS);
    dataset_free(&ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths_follow_the_distribution),
        cmocka_unit_test(test_no_two_begin_alike),
        cmocka_unit_test(test_entries_do_not_depend_on_the_pool),
        cmocka_unit_test(test_groups_share_their_prefix),
        cmocka_unit_test(test_output_lengths),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
