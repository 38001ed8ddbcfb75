/* test_benchmark_level.c - figures of a level made by hand: ours from the summary, the original's from the requests. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compat/benchmark.h"

#define S(s) ((int64_t)((s)*1e9))

static void near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-9 * fmax(1, fabs(b))))
        fail_msg("%.17g is not %.17g", a, b);
}

/* An answer from `start` on: first byte after 0.1 s, whole after `took`; `chunks` events, `tokens` by usage. */
static struct compat_row answer(uint32_t level, double start, double took, size_t chunks, int64_t tokens)
{
    return (struct compat_row){.level = level,
                               .sent = true,
                               .outcome = OUT_OK,
                               .status = 200,
                               .start = S(start),
                               .first_byte = S(start + 0.1),
                               .end = S(start + took),
                               .n_events = chunks,
                               .tokens_in = 10,
                               .tokens_out = tokens,
                               .source = TOKENS_USAGE};
}

static struct compat_row failed(uint32_t level, enum outcome o, int status)
{
    return (struct compat_row){
        .level = level, .sent = true, .outcome = o, .status = status, .start = S(2), .end = S(2.5), .tokens_out = -1};
}

static struct sum_level level_of(uint32_t i)
{
    struct sum_level l = {.level = i,
                          .open = true,
                          .rate = 5,
                          .final = true,
                          .w0 = S(1),
                          .w1 = S(3),
                          .window_s = 2,
                          .attempted_rps = 4.5,
                          .completed_rps = 4,
                          .tokens_in = 100,
                          .tokens_out = 200,
                          .output_tok_s = 100};
    l.lat[METRIC_TTFT] =
        (struct sum_dist){.present = true, .n = 5, .q = {1e8, 2e8, 3e8, 4e8}, .at_least = 1 << 3 | 1 << 4};
    l.lat[METRIC_TOTAL] = (struct sum_dist){.present = true, .n = 5, .q = {1e9, 2e9, INFINITY, NAN}};
    l.tokens_per_s = (struct sum_dist){.present = true, .n = 5, .q = {10, 20, 30, 40}};
    l.cost = (struct sum_cost){.per_hour = 7200, .window = 4, .per_token = 4.0 / 300};
    return l;
}

static void ours(void **state)
{
    struct sum_level levels[2] = {level_of(0), level_of(1)};
    struct summary s = {.n_levels = 2, .levels = levels};
    struct compat_row rows[] = {
        answer(0, 1, 1, 3, 9),
        answer(1, 1, 1, 3, 9),
        answer(1, 1.5, 1, 0, 0),
        failed(1, OUT_HTTP, 503),
        failed(1, OUT_HTTP, 503),
        failed(1, OUT_TIMEOUT_TOTAL, 200),
        failed(1, OUT_TIMEOUT_CONNECT, 0),
        failed(1, OUT_IN_STREAM_ERROR, 200),
        failed(1, OUT_CANCELLED, 0),
        {.level = 1, .outcome = OUT_UNSENT},
    };
    struct sum_count reasons[] = {{"stop", 1}, {"length", 1}};
    levels[1].finish_reasons = (struct sum_counts){2, reasons};
    rows[2].source = TOKENS_WORDS;
    struct compat_rows all = {rows, ARRAY_LEN(rows), 0};
    struct bm_opts o = {.gpu_rate = 3600, .num_gpus = 2};
    struct bm_level v[2];
    bm_levels(v, &s, &all, &o);
    assert_int_equal(v[0].total, 1);
    near(v[0].success, 100);
    assert_int_equal(v[1].total, 8);
    assert_int_equal(v[1].ok, 2);
    assert_int_equal(v[1].failed, 5);
    assert_int_equal(v[1].cancelled, 1);
    near(v[1].success, 100 * 2 / 7.0);
    near(v[1].actual, 4.5);
    near(v[1].duration, 2);
    near(v[1].whole, 1.5); /* 2.5 s less 1 s */
    assert_int_equal(v[1].counted, 1);
    assert_int_equal(v[1].empty, 1);
    assert_int_equal(v[1].cut, 1);
    assert_int_equal(v[1].errors.n, 3); /* two kinds of timeout are one; by count, then by name */
    assert_string_equal(v[1].errors.v[0].name, "HTTP 503");
    assert_int_equal(v[1].errors.v[0].n, 2);
    assert_string_equal(v[1].errors.v[1].name, "Timeout");
    assert_int_equal(v[1].errors.v[1].n, 2);
    assert_string_equal(v[1].errors.v[2].name, "Error within the stream");
    assert_int_equal(v[1].codes.n, 2);
    assert_string_equal(v[1].codes.v[0].name, "200");
    assert_int_equal(v[1].codes.v[0].n, 4);
    near(v[1].ttft.v[0], 0.1);
    near(v[1].ttft.v[3], 0.4);
    assert_int_equal(v[1].ttft.at_least, 1 << 3);
    near(v[1].e2e.v[1], 2);
    assert_true(isnan(v[1].e2e.v[2]) && isnan(v[1].e2e.v[3]));
    near(v[1].tok.v[2], 30);
    assert_int_equal(v[1].cost.total, 300);
    near(v[1].cost.gpu_cost, 4);
    near(v[1].cost.per_million, 4e6 / 300);
    bm_levels_free(v, 2);
}

/* n = 4 of 0.5 1 1.5 2 s: p50 is v[2], p90 and above the last; the rest by its own formulas. */
static void originals(void **state)
{
    struct sum_level level = level_of(0);
    struct summary s = {.n_levels = 1, .levels = &level};
    struct compat_row rows[] = {answer(0, 1, 2, 4, 100), answer(0, 1.25, 0.5, 4, 100), answer(0, 1.5, 1.5, 0, 0),
                                failed(0, OUT_IN_STREAM_ERROR, 200), failed(0, OUT_HTTP, 500)};
    rows[3].end = S(3); /* a success to the original, after 1 s, without a first byte */
    struct compat_rows all = {rows, ARRAY_LEN(rows), 0};
    struct bm_opts o = {.original = true, .gpu_rate = 3600, .num_gpus = 2};
    struct bm_level v;
    bm_levels(&v, &s, &all, &o);
    assert_int_equal(v.ok, 4);
    assert_int_equal(v.failed, 1);
    near(v.success, 80);
    near(v.whole, 2); /* 1 s to 3 s */
    near(v.actual, 2.5);
    near(v.duration, 2);
    near(v.e2e.v[0], 1.5);
    near(v.e2e.v[1], 2);
    near(v.e2e.v[3], 2);
    near(v.ttft.v[0], 0.1);
    near(v.tok.v[0], 8); /* chunks over seconds: 2 and 8; the empty one is left out */
    assert_int_equal(v.cost.in, 30);
    assert_int_equal(v.cost.out, 200);
    near(v.cost.sustained, 100);
    near(v.cost.gpu_cost, 4);
    near(v.cost.per_million, 4e6 / 230);
    bm_levels_free(&v, 1);
    all.n = 0;
    bm_levels(&v, &s, &all, &o);
    near(v.e2e.v[0], 0); /* of nothing it makes 0 */
    assert_true(isnan(v.success));
    bm_levels_free(&v, 1);
}

/* Without a single token the rate is 0, not unknown. */
static void no_tokens(void **state)
{
    struct sum_level level = level_of(0);
    struct summary s = {.n_levels = 1, .levels = &level};
    struct compat_row row = answer(0, 1, 1, 0, 0);
    struct compat_rows all = {&row, 1, 0};
    struct bm_opts o = {.gpu_rate = NAN};
    struct bm_level v;
    level.tokens_out = 0;
    level.tokens_per_s = (struct sum_dist){.present = true, .q = {NAN, NAN, NAN, NAN}};
    bm_levels(&v, &s, &all, &o);
    near(v.tok.v[0], 0);
    bm_levels_free(&v, 1);
    level.tokens_out = -1;
    bm_levels(&v, &s, &all, &o);
    assert_true(isnan(v.tok.v[0]));
    bm_levels_free(&v, 1);
}

static void advice_of_the_original(void **state)
{
    struct bm_level v[4] = {
        {.target = 1, .success = 100}, {.target = 5, .success = 100}, {.target = 10, .success = 100}};
    struct bm_opts o = {.original = true};
    struct bm_run r = {.o = &o, .v = v, .n = 3};
    struct sum_saturation none = {.first = -1, .last = 2, .max = 10};
    struct bm_advice a = bm_advise(&r, &none);
    assert_int_equal(a.first, 2); /* the last level, though it held */
    assert_int_equal(a.last, 1);
    near(a.max, 10);
    v[1].success = 90;
    a = bm_advise(&r, &none);
    assert_int_equal(a.first, 1);
    assert_int_equal(a.last, 0);
    near(a.max, 10); /* beyond the one that failed */
    v[0].success = v[2].success = NAN;
    a = bm_advise(&r, &none);
    assert_int_equal(a.first, 0);
    assert_true(isnan(a.max));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ours), cmocka_unit_test(originals), cmocka_unit_test(no_tokens),
                                       cmocka_unit_test(advice_of_the_original)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
