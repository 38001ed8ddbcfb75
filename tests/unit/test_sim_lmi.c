#include "sim_rig.h"

static void asks(void **state)
{
    (void)state;
    struct ask a = rig_ask(
        &sim_lmi, "{\"inputs\":\"a b\",\"parameters\":{\"max_new_tokens\":256,\"details\":true},\"stream\":true}");
    assert_true(a.stream && a.max_tokens == 256 && a.prompt_tokens == 2);
    rig_refused(&sim_lmi, "{\"parameters\":{}}", "'inputs' is missing");
    rig_refused(&sim_lmi, "{\"inputs\":[\"a\"]}", "'inputs' must be a string");
}

#define TOKEN(n, text) "{\"token\": {\"id\": " n ", \"text\": \"" text "\", \"log_prob\": -0.25}"
#define FAILED                                                                                                         \
    "{\"token\": {\"id\": -1, \"text\": \"\", \"log_prob\": -1, \"special_token\": true}, \"generated_text\": \"\", "  \
    "\"details\": {\"finish_reason\": \"error\", \"generated_tokens\": null, \"inputs\": null}}\n"

static void answers(void **state)
{
    (void)state;
    static const char *const words[] = {"a", " b"};
    for (int sse = 0; sse < 2; sse++) {
        const struct sim_dialect *d = sse ? &sim_lmi_sse : &sim_lmi;
        const char *data = sse ? "data:" : "", *gap = sse ? "\n" : "";
        struct buf want = BUF_INIT(1u << 16);
        char *got = rig_stream(d, words, 2, RIG_END);
        buf_addf(&want, "%s" TOKEN("1", "a") "}\n%s%s" TOKEN("2", " b") ", \"generated_text\": \"", data, gap, data);
        for (uint64_t k = 0; k < 2; k++) {
            char word[SIM_WORD_MAX];
            buf_add(&want, word, sim_word_json(1, 2, k, word));
        }
        buf_addf(&want,
                 "\", \"details\": {\"finish_reason\": \"length\", \"generated_tokens\": 2, \"inputs\": null}}\n%s",
                 gap);
        assert_string_equal(got, want.p);
        free(got);
        buf_clear(&want);
        buf_addf(&want, "%s" FAILED "%s", data, gap);
        rig_streams(d, words, 0, RIG_ERROR, want.p);
        buf_free(&want);
    }
    struct jdoc *d = rig_body(&sim_lmi, "{\"inputs\":\"x\"}");
    rig_assert_words(jn_get(jdoc_root(d), "generated_text"));
    rig_assert_i64(d, "details.generated_tokens", 2);
    assert_true(str_eqz(jn_str(jn_get(jdoc_root(d), "details.finish_reason"), ""), "eos_token"));
    jdoc_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(asks), cmocka_unit_test(answers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
