#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/token_error.h"
#include "records.h"

#define EPOCH 1000000

/* First token at 10 ms, then every 2 ms; the truth is given as what each was written before it was seen, in ns. */
static void add(struct token_error *t, struct rec_slab *s, const int64_t *before, size_t n)
{
    struct record *r = success(s, 0, 1, 10, (int)n, 2);
    int64_t written[8];
    for (size_t i = 0; i < n; i++)
        written[i] = EPOCH + T(10 + 2 * (double)i) - before[i];
    token_error_add(t, r, EPOCH, written, n);
    rec_recycle(s, r);
}

static void test_errors(void **state)
{
    (void)state;
    struct rec_slab s;
    struct token_error t;
    rec_slab_init(&s, 100);
    token_error_init(&t);
    /* Seen 5, 5, 105, 105 ns late: gaps off by 0, 100, 0. */
    add(&t, &s, (const int64_t[]){5, 5, 105, 105}, 4);
    assert_int_equal(hist_n(t.ttft), 1);
    assert_int_equal(hist_max(t.ttft), 5);
    assert_int_equal(hist_n(t.itl), 3);
    assert_int_equal(hist_min(t.itl), 0);
    assert_int_equal(hist_max(t.itl), 100);
    assert_true(hist_mean(t.itl) > 33.3 && hist_mean(t.itl) < 33.4);
    /* Seen before it was written, and a gap that looks shorter: absolute values. */
    add(&t, &s, (const int64_t[]){-700, -900}, 2);
    assert_int_equal(hist_max(t.ttft), 700);
    assert_int_equal(hist_max(t.itl), 200);
    /* A single token has no gap. */
    add(&t, &s, (const int64_t[]){1}, 1);
    assert_int_equal(hist_n(t.ttft), 3);
    assert_int_equal(hist_n(t.itl), 4);
    assert_int_equal(t.requests, 3);
    assert_int_equal(t.events, 7);
    assert_int_equal(t.failed + t.unmatched, 0);
    token_error_free(&t);
    rec_slab_free(&s);
}

static void test_left_out(void **state)
{
    (void)state;
    static const int64_t written[] = {1, 2, 3};
    struct rec_slab s;
    struct token_error t;
    rec_slab_init(&s, 100);
    token_error_init(&t);
    struct record *r = failure(&s, OUT_RESET, 0, 0, 1, 2);
    token_error_add(&t, r, EPOCH, written, 3);
    rec_recycle(&s, r);
    r = success(&s, 0, 1, 10, 3, 2);
    token_error_add(&t, r, EPOCH, NULL, 0);
    token_error_add(&t, r, EPOCH, written, 2);
    rec_recycle(&s, r);
    r = success(&s, 0, 1, 10, 0, 2);
    token_error_add(&t, r, EPOCH, written, 0);
    rec_recycle(&s, r);
    assert_int_equal(t.requests, 4);
    assert_int_equal(t.failed, 1);
    assert_int_equal(t.unmatched, 3);
    assert_int_equal(hist_n(t.ttft) + hist_n(t.itl), 0);
    token_error_free(&t);
    rec_slab_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_errors), cmocka_unit_test(test_left_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
