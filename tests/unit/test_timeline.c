#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "analysis/timeline.h"
#include "records.h"

static void test_rows(void **state)
{
    struct timeline t = {.begin = T(1000)};
    struct tcount tokens;
    struct rec_slab s;
    struct sum_level l = {0};
    rec_slab_init(&s, 100);
    tcount_init(&tokens, T(1000), false);
    tcount_add(&tokens, T(1500), 30);
    tcount_add(&tokens, T(3100), 5);
    /* due and begun in row 0, first tokens there, ended in rows 0, 1, 2 */
    struct record *r[] = {
        success(&s, 1000, 1100, 1200, 2, 10),
        success(&s, 1500, 1500, 1650, 2, 500),
        success(&s, 1900, 2000, 2100, 2, 1500),
        failure(&s, OUT_RESET, 0, 2500, 2500, 2600),
        failure(&s, OUT_CANCELLED, 0, 2500, 2500, 4700),
        failure(&s, OUT_UNSENT, 0, 2700, 0, 0),
    };
    for (size_t i = 0; i < ARRAY_LEN(r); i++) {
        timeline_add(&t, r[i], true);
        rec_recycle(&s, r[i]);
    }
    timeline_finish(&t, &tokens, &l);
    const struct sum_row want[] = {
        {3, 2, 1, 0, 1, T(100 + 25), T(100 + 47.5), 30},
        {3, 3, 1, 1, 2, T(100), T(100), 0},
        {0, 0, 1, 0, 1, NAN, NAN, 5},
        {0, 0, 0, 0, 0, NAN, NAN, 0, .left = 1},
    };
    assert_int_equal(l.n_rows, 4);
    for (size_t i = 0; i < 4; i++) {
        const struct sum_row *g = &l.rows[i], *w = &want[i];
        assert_int_equal(g->offered, w->offered);
        assert_int_equal(g->started, w->started);
        assert_int_equal(g->completed, w->completed);
        assert_int_equal(g->failed, w->failed);
        assert_int_equal(g->left, w->left);
        assert_int_equal(g->in_flight, w->in_flight);
        assert_true(isnan(w->ttft_p50) ? isnan(g->ttft_p50) : g->ttft_p50 == w->ttft_p50);
        assert_true(isnan(w->ttft_p95) ? isnan(g->ttft_p95) : fabs(g->ttft_p95 - w->ttft_p95) < 1);
        assert_true(g->tok_s == w->tok_s);
    }
    free(l.rows);
    timeline_free(&t);
    tcount_free(&tokens);
    rec_slab_free(&s);
}

/* Beyond the ceiling a sample remains: no more than the ceiling, in no order, and still near the truth. */
static void test_thinning(void **state)
{
    double p50[2];
    for (int backward = 0; backward < 2; backward++) {
        struct timeline t = {.begin = T(0), .first_max = 1000};
        struct tcount tokens;
        struct rec_slab s;
        struct sum_level l = {0};
        rec_slab_init(&s, 100);
        tcount_init(&tokens, 0, false);
        for (int i = 0; i < 10000; i++) {
            int k = backward ? 9999 - i : i;
            struct record *r = success(&s, 1, 1, 2 + k * 0.01, 1, 0);
            r->index = (uint64_t)k;
            timeline_add(&t, r, true);
            rec_recycle(&s, r);
        }
        assert_true(t.n_first <= 1000 && t.n_first > 300);
        timeline_finish(&t, &tokens, &l);
        p50[backward] = l.rows[0].ttft_p50;
        assert_true(fabs(p50[backward] - 51e6) < 5e6); /* of 1 to 101 ms */
        free(l.rows);
        timeline_free(&t);
        tcount_free(&tokens);
        rec_slab_free(&s);
    }
    assert_true(p50[0] == p50[1]);
}

/* What lies before the level or years behind it makes no rows. */
static void test_far_away(void **state)
{
    struct timeline t = {.begin = T(1000)};
    struct rec_slab s;
    rec_slab_init(&s, 10);
    struct record *r = failure(&s, OUT_OK, 200, 1, 900, 1e15);
    timeline_add(&t, r, true);
    assert_int_equal(t.n, 0);
    rec_recycle(&s, r);
    timeline_free(&t);
    rec_slab_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_thinning),
        cmocka_unit_test(test_far_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
