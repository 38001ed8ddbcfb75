#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "compat/serving_report.h"

#define S(x) ((int64_t)((x)*1e9))

/* By hand. Two streams of 5 and 1 tokens, one whole answer, one failure; a request that was cancelled. */
static int64_t five[] = {S(2.5), S(2.75), S(3.0)}, one[] = {S(4)}; /* five tokens in three pieces */
static struct compat_row rows_of[] = {
    {.sent = true,
     .streamed = true,
     .outcome = OUT_OK,
     .status = 200,
     .intended = S(1),
     .start = S(2),
     .headers = S(2.25),
     .first_token = S(2.5),
     .last_token = S(3),
     .end = S(3),
     .tokens_in = 10,
     .tokens_out = 5,
     .source = TOKENS_WORDS,
     .n_events = 3,
     .events = five,
     .prompt = (char *)"user: a b\n",
     .answer = (char *)"c \"d\""},
    {.sent = true,
     .outcome = OUT_HTTP,
     .status = 503,
     .intended = S(1.5),
     .start = S(1.5),
     .end = S(1.75),
     .tokens_in = 40,
     .tokens_out = -1},
    {.sent = true,
     .streamed = true,
     .outcome = OUT_OK,
     .status = 200,
     .intended = S(2),
     .start = S(2),
     .headers = S(2.5),
     .first_token = S(4),
     .last_token = S(4),
     .end = S(4),
     .tokens_in = 21,
     .tokens_out = 1,
     .source = TOKENS_WORDS,
     .n_events = 1,
     .events = one,
     .prompt = (char *)"system: s\nuser: t\n",
     .answer = (char *)"e"},
    {.sent = true,
     .outcome = OUT_OK,
     .status = 200,
     .intended = S(2),
     .start = S(2),
     .end = S(2.5),
     .tokens_in = -1,
     .tokens_out = -1,
     .source = TOKENS_NONE},
    {.sent = true, .outcome = OUT_CANCELLED, .intended = S(1), .start = S(1), .end = S(60), .tokens_in = 99},
    {.outcome = OUT_UNSENT, .tokens_in = 99},
};
static const struct compat_rows rows = {.v = rows_of, .n = ARRAY_LEN(rows_of)};

static void near(double got, double want)
{
    if (!(fabs(got - want) < 1e-9))
        fail_msg("%.12g, and not %.12g", got, want);
}

static void of_the_successful_ones(void **state)
{
    (void)state;
    struct serving_figures f;
    serving_measure(&f, &rows, 6, false);
    assert_int_equal(f.sent, 4);
    assert_int_equal(f.successful, 3);
    assert_int_equal(f.failed, 1);
    near(f.time, 3); /* from 1 to 4 */
    near(f.prompt_min, 10);
    near(f.prompt_mid, 21);
    near(f.prompt_max, 40);
    near(f.requests_s, 1);
    near(f.input_s, 31.0 / 3);
    near(f.output_s, 2);
    near(f.latency.mean, 3.5 / 3);               /* 1, 2, 0.5 */
    near(f.per_token.mean, (0.2 + 2 + 0.5) / 3); /* without tokens: the latency */
    near(f.first.mean, 1.25);                    /* 0.5 and 2 */
    near(f.next.mean, 0.125);                    /* 0.5 s over 4 tokens; the single token has none */
    assert_true(f.mixed);
    serving_figures_free(&f);
}

static void as_the_original_has_it(void **state)
{
    (void)state;
    struct serving_figures f;
    serving_measure(&f, &rows, 6, true);
    near(f.requests_s, 2);     /* all that were asked for */
    near(f.input_s, 71.0 / 3); /* the failure's prompt too */
    near(f.first.mean, 0.875); /* 0.25 and 1.5 from the headers */
    near(f.next.mean, 0.25);   /* gaps between pieces */
    near(f.latency.mean, 3.5 / 3);
    serving_figures_free(&f);
    serving_measure(&f, &(struct compat_rows){.v = rows_of, .n = 3}, 3, true);
    near(f.prompt_mid, 21);
    serving_figures_free(&f);
    serving_measure(&f, &(struct compat_rows){.v = rows_of, .n = 2}, 2, false);
    near(f.prompt_mid, 25);
    serving_figures_free(&f);
}

static void printed(void **state)
{
    (void)state;
    struct serving_figures f;
    struct buf b = BUF_INIT(1 << 16);
    serving_measure(&f, &rows, 6, false);
    serving_console(&f, &rows, NULL, &b);
    assert_string_equal(b.p, "Total time: 3.000 s\n"
                             "Prompt Length (Min/Med/Max): 10 / 21 / 40\n"
                             "Request Throughput (QPS): 1.000 requests/s\n"
                             "Input Token Throughput: 10.333 tokens/s\n"
                             "output Token Throughput: 2.000 tokens/s\n"
                             "Average latency per Request: 1.167 s\n"
                             "Average latency per Token: 0.900 s\n"
                             "Average latency for First Tokens: 1.250 s\n"
                             "Average latency for Next Tokens: 0.125 s\n"
                             "Requests: 3 successful, 1 failed (http_503 1)\n"
                             "Tokens counted by: nothing: the answers tell none; of some requests otherwise\n");
    buf_clear(&b);
    serving_summary(&f, &rows, &b);
    assert_string_equal(
        b.p,
        "{\"num_prompts\":6,\"benchmark_time\":3,\"min_prompt_len\":10,\"med_prompt_len\":21,\"max_prompt_len\":40,"
        "\"throughput_requests_per_s\":1,\"input_throughput_tokens_per_s\":10.333,\"output_throughput_tokens_per_s\":2,"
        "\"avg_latency\":1.167,\"avg_per_token_latency\":0.9,\"avg_first_token_latency\":1.25,"
        "\"avg_next_token_latency\":0.125,\"throughput_tokens_per_s\":12.333,\"sent_requests\":4,"
        "\"successful_requests\":3,\"failed_requests\":1,\"errors\":{\"http_503\":1},\"token_source\":\"mixed\","
        "\"percentiles\":{\"latency\":{\"p50\":1,\"p90\":1.8,\"p95\":1.9,\"p99\":1.98},"
        "\"first_token_latency\":{\"p50\":1.25,\"p90\":1.85,\"p95\":1.925,\"p99\":1.985},"
        "\"next_token_latency\":{\"p50\":0.125,\"p90\":0.125,\"p95\":0.125,\"p99\":0.125}}}\n");
    buf_clear(&b);
    serving_tracking(&rows, false, &b);
    assert_string_equal(b.p, "[[null,null,null,null,0.5,null],"
                             "[\"a b\",\"c \\\"d\\\"\",10,5,1,[0.5,0.25,0.25]],"
                             "[\"system: s\\nuser: t\\n\",\"e\",21,1,2,[2]]]\n");
    buf_clear(&b);
    serving_tracking(&rows, true, &b);
    assert_non_null(strstr(b.p, "10,5,1,[0.25,0.25,0.25]]"));
    serving_figures_free(&f);
    buf_free(&b);
}

static void of_nothing_there_is_nothing(void **state)
{
    (void)state;
    struct serving_figures f;
    struct buf b = BUF_INIT(1 << 16);
    const struct compat_rows none = {.v = rows_of + 1, .n = 0}, failed = {.v = rows_of + 1, .n = 1};
    serving_measure(&f, &none, 0, false);
    serving_console(&f, &none, NULL, &b);
    serving_summary(&f, &none, &b);
    serving_tracking(&none, false, &b);
    assert_null(strstr(b.p, "nan"));
    assert_non_null(strstr(b.p, "Prompt Length (Min/Med/Max): not known\n"));
    assert_non_null(strstr(b.p, "\"avg_latency\":null"));
    serving_figures_free(&f);
    buf_clear(&b);
    serving_measure(&f, &failed, 1, false);
    serving_console(&f, &failed, "t", &b);
    assert_non_null(strstr(b.p, "Average latency per Request: none\n"));
    assert_non_null(strstr(b.p, "Requests: 0 successful, 1 failed (http_503 1)\n"));
    assert_null(strstr(b.p, "Tokens counted"));
    serving_figures_free(&f);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(of_the_successful_ones),
                                       cmocka_unit_test(as_the_original_has_it), cmocka_unit_test(printed),
                                       cmocka_unit_test(of_nothing_there_is_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
