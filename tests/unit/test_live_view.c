#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/grid.h"
#include "report/live_view.h"

static void check(const struct live_view_in *in, int width, const char *want)
{
    struct buf b = BUF_INIT(2000);
    live_line(&b, in, width, false);
    assert_string_equal(b.n ? b.p : "", want);
    buf_free(&b);
}

static void test_lines(void **state)
{
    struct live_view_in in = {
        .n_levels = 1,
        .elapsed = 12 * NS_PER_S + 345678901,
        .total = 60 * NS_PER_S,
        .started = 130,
        .completed = 123,
        .ttft_p50 = 51800000,
    };
    check(&in, 120, "████▏···············  20 %  12 s of 1m00s  7 in flight  10.0/s  TTFT p50 51.8 ms");
    in.failed = 1234;
    in.n_levels = 4;
    in.level = 2;
    in.warming = true;
    check(&in, 120,
          "level 3/4  ████▏···············  20 %  12 s of 1m00s  warming up  7 in flight  1.23k errors  10.0/s  "
          "TTFT p50 51.8 ms");
    in.warming = false;
    in.draining = true;
    in.elapsed = 61 * NS_PER_S;
    check(&in, 90, "level 3/4  ████████████████████ 100 %  1m01s of 1m00s  draining  7 in flight  1.23k errors");
    check(&in, 30, "1m01s of 1m00s  draining");
    check(&in, 5, "");
    in = (struct live_view_in){
        .elapsed = 2 * NS_PER_S + 999999999, .total = 2500 * NS_PER_MS, .failed = 1, .ttft_p50 = -1};
    check(&in, 40, "2 s of 2.50 s  0 in flight  1 error");
}

static void test_connecting(void **state)
{
    (void)state;
    struct live_view_in in = {
        .n_levels = 1, .connecting = true, .conns_wanted = 10000, .conns_open = 3400, .ttft_p50 = -1};
    check(&in, 120, "██████▊·············  34 %  connecting 3400 of 10000");
    check(&in, 40, "connecting 3400 of 10000");
}

/* Without a duration the count is the measure; without either there is no bar. */
static void test_by_count(void **state)
{
    struct live_view_in in = {
        .n_levels = 1, .elapsed = NS_PER_S / 2, .items = 10, .started = 6, .completed = 5, .ttft_p50 = -1};
    check(&in, 80, "██████████··········  50 %  0 s  1 in flight  10.0/s");
    in.items = 0;
    check(&in, 80, "0 s  1 in flight  10.0/s");
    in.completed = 9; /* counters of several threads need not agree at every instant */
    check(&in, 80, "0 s  0 in flight  18.0/s");
}

/* Never wider than the terminal, at any width, in colour or not. */
static void test_width(void **state)
{
    struct live_view_in in = {.n_levels = 9,
                              .level = 8,
                              .elapsed = 3600 * NS_PER_S,
                              .total = 7200 * NS_PER_S,
                              .started = 99999,
                              .completed = 90000,
                              .failed = 5000,
                              .tokens = 123456789,
                              .ttft_p50 = 999999,
                              .draining = true};
    for (int width = 0; width < 200; width++) {
        struct buf b = BUF_INIT(2000), plain = BUF_INIT(2000);
        live_line(&b, &in, width, true);
        for (size_t i = 0; i < b.n; i++) {
            if (b.p[i] == '\033')
                while (b.p[i] != 'm')
                    i++;
            else
                buf_addc(&plain, b.p[i]);
        }
        assert_true(text_width(plain.n ? plain.p : "") <= (size_t)width);
        buf_free(&b);
        buf_free(&plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connecting),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_by_count),
        cmocka_unit_test(test_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
