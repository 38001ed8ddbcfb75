/* test_leaving.c - how many clients go away, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "load/leaving.h"

static void shares(void **state)
{
    static const struct {
        const char *text;
        double share;
    } t[] = {{"5%", 0.05}, {"0.05", 0.05}, {"100%", 1}, {"1", 1}, {" 2.5 % ", 0.025}};
    static const char *const bad[] = {"", "0", "0%", "5", "101%", "-1%", "x", "%", "nan"};
    double v;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        assert_int_equal(leaving_share_parse(str_of(t[i].text), &v, NULL), 0);
        assert_true(fabs(v - t[i].share) < 1e-15);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = {0};
        assert_int_equal(leaving_share_parse(str_of(bad[i]), &v, &e), -1);
        assert_non_null(strstr(e.text, "5%"));
    }
}

static void times_and_tokens(void **state)
{
    static const char *const bad[] = {"", "tokens", "0tokens", "5 tokens later", "uniform:5,1tokens", "-1s", "x"};
    struct leaving l;
    (void)state;
    assert_int_equal(leaving_after_parse(&l, STR("500ms"), NULL), 0);
    assert_true(!l.tokens && l.after.a == 5e8);
    assert_int_equal(leaving_after_parse(&l, STR("20 tokens"), NULL), 0);
    assert_true(l.tokens && l.after.a == 20);
    assert_int_equal(leaving_after_parse(&l, STR("1token"), NULL), 0);
    assert_true(l.tokens && l.after.a == 1);
    assert_int_equal(leaving_after_parse(&l, STR("uniform:1,50tokens"), NULL), 0);
    assert_true(l.tokens && l.after.kind == DIST_UNIFORM && l.after.b == 50);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = {0};
        assert_int_equal(leaving_after_parse(&l, str_of(bad[i]), &e), -1);
        assert_non_null(strstr(e.text, "20tokens"));
    }
}

/* 5 standard errors around the binomial's mean; the instants uniform between their bounds. */
static void a_seeded_share_goes(void **state)
{
    enum { N = 50000 };
    struct leaving l = {.share = 0.05};
    struct plan_item it;
    double sum = 0;
    int n = 0, same = 0;
    (void)state;
    assert_int_equal(leaving_after_parse(&l, STR("uniform:100ms,300ms"), NULL), 0);
    for (uint64_t k = 0; k < N; k++) {
        leaving_of(&l, 42, k, &it);
        assert_int_equal(it.leave_tokens, 0);
        if (it.leave_after < 0)
            continue;
        assert_in_range(it.leave_after, 100000000, 300000000);
        sum += (double)it.leave_after;
        n++;
        int64_t after = it.leave_after;
        leaving_of(&l, 42, k, &it);
        assert_int_equal(it.leave_after, after);
        leaving_of(&l, 43, k, &it);
        same += it.leave_after >= 0;
    }
    assert_true(fabs(n - 0.05 * N) < 5 * sqrt(N * 0.05 * 0.95));
    assert_true(fabs(sum / n - 2e8) < 5 * 57.735e6 / sqrt(n));
    assert_true(same < n / 10); /* another seed chooses others */
}

static void nobody_goes_unless_asked_and_all_when_asked(void **state)
{
    struct leaving l = {0};
    struct plan_item it;
    (void)state;
    leaving_of(&l, 1, 2, &it);
    assert_true(it.leave_after == -1 && it.leave_tokens == 0);
    l.share = 1;
    assert_int_equal(leaving_after_parse(&l, STR("uniform:1,3tokens"), NULL), 0);
    int seen[4] = {0};
    for (uint64_t k = 0; k < 300; k++) {
        leaving_of(&l, 1, k, &it);
        assert_int_equal(it.leave_after, -1);
        assert_in_range(it.leave_tokens, 1, 3);
        seen[it.leave_tokens]++;
    }
    assert_true(seen[1] > 60 && seen[2] > 60 && seen[3] > 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares),
        cmocka_unit_test(times_and_tokens),
        cmocka_unit_test(a_seeded_share_goes),
        cmocka_unit_test(nobody_goes_unless_asked_and_all_when_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
