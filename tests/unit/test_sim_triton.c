#include "sim_rig.h"

static void asks(void **state)
{
    (void)state;
    struct ask a =
        rig_ask(&sim_triton_stream, "{\"text_input\":\"a b c\",\"max_tokens\":4,\"stream\":true,\"bad_words\":\"\"}");
    assert_true(a.stream && a.max_tokens == 4 && a.prompt_tokens == 3);
    a = rig_ask(&sim_triton, "{\"text_input\":\"a\",\"max_tokens\":4}");
    assert_false(a.stream);
    rig_refused(&sim_triton_stream, "{\"text_input\":\"a\"}", "needs 'stream': true");
    rig_refused(&sim_triton, "{\"text_input\":\"a\",\"stream\":true}", "generate_stream");
    rig_refused(&sim_triton, "{\"max_tokens\":4}", "'text_input' is missing");
}

#define EVENT(text)                                                                                                    \
    "data: "                                                                                                           \
    "{\"cum_log_probs\":0.0,\"model_name\":\"ensemble\",\"model_version\":\"1\",\"output_log_probs\":[0.0,-1.5e-3],"   \
    "\"sequence_end\":false,\"sequence_id\":0,\"sequence_start\":false,\"text_output\":\"" text

static void answers(void **state)
{
    (void)state;
    static const char *const words[] = {"a", " b"};
    rig_streams(&sim_triton_stream, words, 2, RIG_END, EVENT("a\"}\n\n") EVENT(" b\"}\n\n"));
    rig_streams(&sim_triton_stream, words, 1, RIG_ERROR,
                EVENT("a\"}\n\n") "data: {\"error\":\"in ensemble 'ensemble', the simulated engine failed\"}\n\n");
    rig_streams(&sim_triton_stream, words, 0, RIG_BAD_JSON, EVENT("cut of\n\n"));
    struct jdoc *d = rig_body(&sim_triton, "{\"text_input\":\"x\"}");
    rig_assert_words(jn_get(jdoc_root(d), "text_output"));
    jdoc_free(&d);
    struct buf b = BUF_INIT(1000);
    sim_triton.refusal(&b, 400, "say \"why\"");
    assert_string_equal(b.p, "{\"error\":\"say \\\"why\\\"\"}");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(asks), cmocka_unit_test(answers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
