#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "analysis/gaps.h"
#include "base/attr.h"

struct one { /* a request's events, {instant, width, cumulative}, ended by an instant of 0 */
    int64_t ev[8][3];
    enum outcome outcome;
    int64_t end;
};

static void walk(struct gaps *g, const struct one *x)
{
    struct gap_walk w = GAP_WALK;
    for (int i = 0; x->ev[i][0]; i++) {
        struct rec_event ev = {.at = x->ev[i][0], .width = x->ev[i][1], .cumulative = x->ev[i][2]};
        gaps_event(g, &w, &ev);
    }
    struct record r = {.outcome = x->outcome, .end = x->end};
    gaps_end(g, &w, &r);
}

static const double q[] = {0, 0.5, 1};

static void gaps_are_between_events(void **state)
{
    (void)state;
    struct gaps g;
    struct sum_dist d;
    gaps_init(&g, true);
    walk(&g, &(struct one){{{100, 5, -1}, {110, 0, -1}, {140, 7, -1}}, OUT_OK, 150});
    walk(&g, &(struct one){{{1000, 0, -1}}, OUT_OK, 2000}); /* one event: no gap */
    walk(&g, &(struct one){{{0}}, OUT_OK, 2000});
    assert_int_equal(g.requests, 1);
    assert_false(gaps_by_token(&g));
    gaps_dist(&g, q, 3, &d);
    assert_int_equal(d.n, 2);
    assert_int_equal(d.requests, 1);
    assert_true(d.q[0] == 10 && d.q[1] == 20 && d.q[2] == 30);
    assert_int_equal(hist_n(g.width), 2);
    assert_int_equal(hist_min(g.width), 5); /* of both ends: 5 + 0 and 0 + 7 */
    assert_int_equal(hist_max(g.width), 7);
    gaps_free(&g);
}

static void server_counts_divide_gaps(void **state)
{
    (void)state;
    struct gaps g;
    struct sum_dist d;
    gaps_init(&g, false);
    /* 100 to 160 brings 3 tokens; then an event without one, whose gap is the next one's. */
    walk(&g, &(struct one){{{100, 0, 1}, {160, 0, 4}, {170, 0, 4}, {200, 0, 5}}, OUT_OK, 201});
    assert_true(gaps_by_token(&g));
    gaps_dist(&g, q, 3, &d);
    assert_int_equal(d.n, 4);
    assert_true(d.q[0] == 20 && d.q[1] == 20 && d.q[2] == 40);
    walk(&g, &(struct one){{{100, 0, -1}, {107, 0, 4}}, OUT_OK, 201}); /* one that did not say it all */
    assert_false(gaps_by_token(&g));
    gaps_dist(&g, q, 3, &d);
    assert_int_equal(d.n, 4);
    assert_true(d.q[0] == 7 && d.q[2] == 60);
    assert_null(g.width);
    gaps_free(&g);
}

static void what_was_cut_short_is_at_least(void **state)
{
    (void)state;
    struct gaps g;
    struct sum_dist d;
    gaps_init(&g, false);
    walk(&g, &(struct one){{{100, 0, -1}, {110, 0, -1}}, OUT_TIMEOUT_TOTAL, 1110});
    walk(&g, &(struct one){{{0}}, OUT_TIMEOUT_FIRST_TOKEN, 1110}); /* it waited for a first token, not for a gap */
    gaps_dist(&g, q, 3, &d);
    assert_int_equal(d.n, 1);
    assert_int_equal(d.censored, 1);
    assert_true(d.q[0] == 10);
    assert_int_equal(d.at_least >> 2 & 1, 1);
    gaps_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_are_between_events),
        cmocka_unit_test(server_counts_divide_gaps),
        cmocka_unit_test(what_was_cut_short_is_at_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
