#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compat/async_report.h"

#define S(x) ((int64_t)((x)*1e9))

static void expect(struct compat_row *v, size_t n, bool original, const char *want)
{
    const struct compat_rows rows = {.v = v, .n = n};
    struct buf out = BUF_INIT(1 << 16);
    async_report(&rows, original, &out);
    assert_string_equal(out.p, want);
    buf_free(&out);
}

/* By hand: 7.6 s of latency in 5 requests of 4.2 s in all; 33 tokens. What was cancelled or never sent is in no figure.
 */
static void all_and_successful(void **state)
{
    (void)state;
    struct compat_row v[] = {
        {.sent = true, .start = S(1), .end = S(2), .outcome = OUT_OK, .status = 200, .tokens_out = 3},
        {.sent = true, .start = S(1), .end = S(1.5), .outcome = OUT_HTTP, .status = 429, .tokens_out = -1},
        {.sent = true, .start = S(1), .end = S(1.1), .outcome = OUT_REFUSED, .tokens_out = -1},
        {.sent = true, .start = S(1.2), .end = S(3.2), .outcome = OUT_OK, .status = 200, .tokens_out = 30},
        {.sent = true, .start = S(1.2), .end = S(5.2), .outcome = OUT_OK, .status = 204, .tokens_out = -1},
        {.sent = true, .start = S(1.2), .end = S(9), .outcome = OUT_CANCELLED, .status = 200, .tokens_out = -1},
        {.outcome = OUT_UNSENT, .tokens_out = -1},
    };
    expect(
        v, ARRAY_LEN(v), false,
        "*** Results ***\n"
        "Status codes:\n"
        "  200: 2 times\n"
        "  204: 1 times\n"
        "  429: 1 times\n"
        "  refused: 1 times\n"
        "Success ratio: 60.00%\n"
        "--- - --- - ---\n"
        "Total time: 4.2000 seconds\n"
        "Median latency: 1.0000  |  Average latency: 1.5200 seconds\n"
        "Shortest request time: 0.1000 seconds  |  Longest request time: 4.0000 seconds\n"
        "--- - --- - ---\n"
        "Throughput: 1.1905 requests per second\n"
        "Avg Output Tokens: 6.6000  |  Output Token Throughput: 7.8571 tokens per second\n"
        "Successful requests: 3  |  Median latency: 2.0000  |  Average latency: 2.3333 seconds  |  Throughput: 0.7143 "
        "requests per second  |  Avg Output Tokens: 11.0000\n");
    expect(v, ARRAY_LEN(v), true,
           "*** Results ***\n"
           "Status codes:\n"
           "  200: 2 times\n"
           "  204: 1 times\n"
           "  429: 1 times\n"
           "  500: 1 times\n"
           "Success ratio: 40.00%\n"
           "--- - --- - ---\n"
           "Total time: 4.2000 seconds\n"
           "Median latency: 1.0000  |  Average latency: 1.5200 seconds\n"
           "Shortest request time: 0.1000 seconds  |  Longest request time: 4.0000 seconds\n"
           "--- - --- - ---\n"
           "Throughput: 1.1905 requests per second\n"
           "Avg Output Tokens: 6.6000  |  Output Token Throughput: 7.8571 tokens per second\n");
    expect(v + 1, 2, false,
           "*** Results ***\n"
           "Status codes:\n"
           "  429: 1 times\n"
           "  refused: 1 times\n"
           "Success ratio: 0.00%\n"
           "--- - --- - ---\n"
           "Total time: 0.5000 seconds\n"
           "Median latency: 0.3000  |  Average latency: 0.3000 seconds\n" /* between the two */
           "Shortest request time: 0.1000 seconds  |  Longest request time: 0.5000 seconds\n"
           "--- - --- - ---\n"
           "Throughput: 4.0000 requests per second\n"
           "Avg Output Tokens: 0.0000  |  Output Token Throughput: 0.0000 tokens per second\n"
           "Successful requests: 0\n");
}

static void of_nothing_there_are_zeros(void **state)
{
    (void)state;
    struct compat_row v = {.outcome = OUT_UNSENT};
    const struct compat_rows rows = {.v = &v, .n = 1};
    struct buf out = BUF_INIT(1 << 16);
    async_report(&rows, false, &out);
    assert_null(strstr(out.p, "nan"));
    assert_non_null(strstr(out.p, "Status codes:\nSuccess ratio: 0.00%\n"));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_and_successful),
                                       cmocka_unit_test(of_nothing_there_are_zeros)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
