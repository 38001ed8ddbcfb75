/* Exchanges in the form that Text Generation Inference gives them (its OpenAPI description). */
#include "api_show.h"

#define TOKEN(index, text, special, whole, details)                                                                    \
    "data:{\"index\":" index ",\"token\":{\"id\":263,\"text\":\"" text "\",\"logprob\":-0.33,\"special\":" special     \
    "},\"generated_text\":" whole ",\"details\":" details "}\n\n"

static void streams(void **state)
{
    assert_stream("tgi",
                  TOKEN("1", " a", "false", "null", "null") TOKEN("2", "\\n", "false", "null", "null")
                      TOKEN("3", " b", "false", "\" a\\n b\"",
                            "{\"finish_reason\":\"length\",\"generated_tokens\":3,\"seed\":null,\"input_length\":7}"),
                  "C[ a] U(-1,1,-1,-1) C[\\n] U(-1,2,-1,-1) C[ b] U(7,3,-1,-1) F2 END");
    /* the end of the text is a token but no text */
    assert_stream("tgi",
                  TOKEN("1", "Yes", "false", "null", "null")
                      TOKEN("2", "</s>", "true", "\"Yes\"",
                            "{\"finish_reason\":\"eos_token\",\"generated_tokens\":2,\"seed\":1}"),
                  "C[Yes] U(-1,1,-1,-1) U(-1,2,-1,-1) F1 END");
    /* before it counted; without details */
    assert_stream(
        "tgi",
        "data:{\"token\":{\"id\":1,\"text\":\"a\",\"logprob\":null,\"special\":false},\"generated_text\":null}\n\n"
        "data:{\"token\":{\"special\":false,\"text\":\"b\"},\"generated_text\":\"ab\",\"details\":null}\n\n",
        "C[a] C[b] END");
    assert_stream(
        "tgi",
        TOKEN("1", "a", "false", "null",
              "null") "data:{\"error\":\"Request failed during generation\",\"error_type\":\"generation\"}\n\n",
        "C[a] U(-1,1,-1,-1) E[\"Request failed during generation\"]");
    assert_stream("tgi", "data:[]\n\n", "BAD");
}

static void whole_answers(void **state)
{
    assert_document(
        "tgi",
        "{\"generated_text\":\"a b\",\"details\":{\"finish_reason\":\"stop_sequence\",\"generated_tokens\":2,"
        "\"seed\":null,\"prefill\":[{\"id\":1},{\"id\":2}],\"tokens\":[{\"id\":1,\"text\":\"a\"}]}}",
        "C[a b] U(2,2,-1,-1) F1");
    assert_document("tgi", "[{\"generated_text\":\"a b\"}]", "C[a b]");
    assert_document("tgi", "{\"error\":\"Model is overloaded\",\"error_type\":\"overloaded\"}",
                    "E[\"Model is overloaded\"]");
    assert_document("tgi", "[]", "BAD");
    assert_document("tgi", "[{\"generated_text\":\"a b\"}", "BAD");
}

static void parameters_lie_in_an_object(void **state)
{
    struct api_opts o = plain;
    struct plan_sample s = sample_of(talk, 4, 9);
    o.temperature = 0; /* refused there */
    struct jdoc *d = asked("tgi", &o, &s, "N ");
    jnode *r = jdoc_root(d);
    assert_int_equal(jn_len(r), 2); /* no model, no stream: that is the path's */
    assert_text(jn_get(r, "inputs"), "N Be \"brief\".\nHi\nHello\nWhy?\n");
    assert_int_equal(jn_len(jn_get(r, "parameters")), 2);
    assert_true(jn_bool(jn_get(r, "parameters.details"), false));
    assert_int_equal(jn_i64(jn_get(r, "parameters.max_new_tokens"), 0), 9);
    jdoc_free(&d);
    o.temperature = 0.7;
    o.max_tokens = 4;
    d = asked("tgi", &o, &s, "");
    assert_int_equal(jn_i64(jn_get(jdoc_root(d), "parameters.max_new_tokens"), 0), 4);
    assert_float_equal(jn_f64(jn_get(jdoc_root(d), "parameters.temperature"), 0), 0.7, 1e-12);
    jdoc_free(&d);
}

static void a_stream_has_its_path(void **state)
{
    const struct api_ops *ops = api_find(STR("tgi"));
    assert_string_equal(api_path(ops, true), "/generate_stream");
    assert_string_equal(api_path(ops, false), "/generate");
    assert_ptr_equal(api_of_path(STR("/x/generate_stream/")), ops);
    assert_string_equal(api_path(api_find(STR("openai-chat")), true), "/v1/chat/completions");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams),
        cmocka_unit_test(whole_answers),
        cmocka_unit_test(parameters_lie_in_an_object),
        cmocka_unit_test(a_stream_has_its_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
