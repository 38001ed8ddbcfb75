/* test_api_embeddings.c - OpenAI's embeddings; the vector is passed over, however it is written. */
#include "api_rig.h"

static const struct plan_msg hello[] = {{ROLE_SYSTEM, STR("search_query:"), {0}}, {ROLE_USER, STR("a weir"), {0}}};
static const struct plan_sample sample = {.msgs = hello, .n_msgs = 2, .max_tokens = 7};

static void requests(void **state)
{
    (void)state;
    struct api_opts o = rig_plain;
    o.stream = false;
    rig_assert_body("openai-embeddings", &o, &sample,
                    "{\"input\":\"search_query:\\na weir\",\"encoding_format\":\"float\"}");
    o.model = "m";
    o.extra_body = "{\"dimensions\":256,\"encoding_format\":\"base64\"}";
    rig_assert_body("openai-embeddings", &o, &sample,
                    "{\"input\":\"search_query:\\na weir\",\"model\":\"m\",\"encoding_format\":\"base64\","
                    "\"dimensions\":256}");
}

#define HEAD "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":"
#define TAIL "}],\"model\":\"m\",\"usage\":{\"prompt_tokens\":8,\"total_tokens\":8}}"

static void answers(void **state)
{
    (void)state;
    static const char *const fine[] = {
        HEAD "[0.0023064255,-0.009327292,-0.0028842222]" TAIL,
        HEAD "[]" TAIL,
        HEAD "[1e-05, -2.5E+3,\n 0,\t7]" TAIL,
        HEAD "\"AAAAAAAA8D8=\"" TAIL,
        HEAD "[[0.1,0.2],[0.3]]" TAIL, /* one per token, as llama.cpp may */
        HEAD "[null]" TAIL,
    };
    for (size_t i = 0; i < ARRAY_LEN(fine); i++)
        rig_assert_document("openai-embeddings", fine[i], "usage=8/-/- result\n");
    rig_assert_document("openai-embeddings", "{\"data\":[{\"embedding\":[1]}],\"usage\":{\"total_tokens\":5}}",
                        "usage=5/-/- result\n");
    rig_assert_document("openai-embeddings", "{\"data\":[{\"embedding\":[1]}]}", "result\n");
    rig_assert_document("openai-embeddings", "{\"error\":{\"message\":\"no\"}}", "error~{\"message\":\"no\"}~\n");
    rig_assert_document("openai-embeddings", HEAD "[0.1,0.2", "refused\n");
    rig_assert_document("openai-embeddings", HEAD "[0.1,x]" TAIL, "refused\n");
    rig_assert_document("openai-embeddings", HEAD "[0.1,{]}" TAIL, "refused\n");
}

/* Wherever the vector's end falls among the bytes that are looked at together, and what stands at it. */
static void vectors_of_any_length(void **state)
{
    (void)state;
    for (size_t n = 0; n < 200; n++) {
        for (int broken = 0; broken < 2; broken++) {
            struct buf b = BUF_INIT(1u << 16);
            buf_addz(&b, HEAD "[1");
            for (size_t i = 0; i < n; i++)
                buf_addz(&b, i % 40 == 39 ? ",\n1" : "3");
            buf_addz(&b, broken ? "/5]" TAIL : "]" TAIL);
            rig_assert_document("openai-embeddings", b.p, broken ? "refused\n" : "usage=8/-/- result\n");
            buf_free(&b);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(answers),
        cmocka_unit_test(vectors_of_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
