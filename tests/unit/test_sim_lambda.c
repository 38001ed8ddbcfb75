#include "sim_rig.h"

#include "sim/sim_lambda.h"

/* 3 tokens in 75 ms are 40 a second; at $1.44 an hour a second costs $0.0004, and 1,000 tokens take 25 of them. */
static void figures(void **state)
{
    (void)state;
    char lines[LAMBDA_LINES];
    struct lambda_told t;
    struct buf b = BUF_INIT(4096);
    const struct event_fmt f = {.received = NS_PER_S, .first = NS_PER_S + 50999999, .prompt_tokens = 2};
    lambda_tell(&t, &f, NS_PER_S + 75000000, 3, true, 1.44);
    assert_string_equal(lambda_lines(&t, &f, 3, lines),
                        "X-Endpoint: weir-sim\r\nX-TTFT-MS: 50\r\nX-Completion-Tokens: 3\r\nX-Prompt-Tokens: 2\r\n"
                        "X-Tokens-Per-Second: 40.00\r\nX-Cost-Per-1K-USD: 0.010000\r\n");
    lambda_comments(&t, &b);
    assert_string_equal(b.p, ": x-tokens-per-second=40.00\n\n: x-cost-per-1k-usd=0.010000\n\n: x-ttft-ms=50\n\n");
    buf_free(&b);
    lambda_tell(&t, &f, NS_PER_S + 75000000, 3, false, 1.44);
    assert_int_equal(t.n, 2);
    assert_null(strstr(lambda_lines(&t, &f, 3, lines), "X-TTFT-MS"));
}

/* The events in one piece are those of the stream that the chat API gives. */
static void whole(void **state)
{
    (void)state;
    char word[2][SIM_WORD_MAX + 1];
    const char *const words[] = {word[0], word[1]};
    for (uint64_t k = 0; k < 2; k++)
        word[k][sim_word_json(1, 2, k, word[k])] = 0;
    char *want = rig_stream(&sim_openai_chat, words, 2, RIG_END);
    struct buf got = BUF_INIT(1u << 16);
    struct event_fmt f = {.prompt_tokens = 3, .n_tokens = 2, .seed = 1, .request = 2, .finish = "length"};
    sim_lambda_chat.init(&f, STR("m"), STR("id"), 0);
    lambda_events(&sim_lambda_chat, &f, 2, &got);
    assert_string_equal(got.p, want);
    event_free(&f);
    buf_free(&got);
    free(want);
}

static void refusals(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(4096);
    rig_refused(&sim_lambda_chat, " \n", "missing body");
    rig_refused(&sim_lambda_chat, "@payload.json", "invalid JSON");
    rig_refused(&sim_lambda_chat, "{\"model\":\"m\"}", "messages");
    sim_lambda_chat.refusal(&b, 400, "missing \"body\"");
    assert_string_equal(b.p, "{\"error\":\"missing \\\"body\\\"\"}");
    buf_free(&b);
    struct ask a = rig_ask(&sim_lambda_chat,
                           "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a b\"}],\"max_tokens\":4}");
    assert_true(!a.stream && a.max_tokens == 4 && a.prompt_tokens == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(figures), cmocka_unit_test(whole), cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
