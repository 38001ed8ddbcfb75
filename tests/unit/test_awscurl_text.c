/* test_awscurl_text.c - what is counted of an answer, by its type. Bodies as DJL's documentation of LMI shows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compat/awscurl_text.h"

static void reads(enum awscurl_kind kind, const char *jq, const char *body, const char *want, uint64_t words)
{
    struct awscurl_jq q;
    struct awscurl_texts t = {0};
    struct err e = {0};
    struct buf all = BUF_INIT(10000);
    assert_int_equal(awscurl_jq_parse(&q, jq, &e), 0);
    awscurl_texts_read(&t, (struct awscurl_type){kind, false}, str_of(body), &q);
    buf_addz(&all, "");
    for (size_t i = 0; i < t.n; i++)
        buf_addf(&all, STR_FMT "|", STR_ARG(buf_str(&t.v[i])));
    assert_string_equal(all.p ? all.p : "", want);
    assert_int_equal(awscurl_texts_count(&t, NULL, 0), words);
    buf_free(&all);
    awscurl_texts_free(&t);
}

static void types(void **state)
{
    static const struct {
        const char *headers, *dflt;
        enum awscurl_kind kind;
        bool framed;
    } t[] = {
        {"", NULL, AWSCURL_PLAIN, false},
        {"", "application/json; charset=x", AWSCURL_JSON, false},
        {"Date: x\nContent-Type: text/plain; charset=utf-8\n", "application/json", AWSCURL_PLAIN, false},
        {"content-type: Application/JSON;charset=utf-8\n", NULL, AWSCURL_JSON, false},
        {"Content-Type: application/jsonlines\n", NULL, AWSCURL_LINES, false},
        {"Content-Type: text/event-stream\nContent-Type: application/json\n", NULL, AWSCURL_SSE, false},
        {"Content-Type: text/plain\nContent-Type: application/json\n", NULL, AWSCURL_JSON, false},
        {"Content-Type: image/png\n", NULL, AWSCURL_OTHER, false},
        {"Content-Type: application/vnd.amazon.eventstream\nX-Amzn-SageMaker-Content-Type: text/event-stream; a=b\n",
         NULL, AWSCURL_SSE, true},
        {"Content-Type: application/vnd.amazon.eventstream\nX-Amzn-SageMaker-Content-Type: application/json\n", NULL,
         AWSCURL_LINES, true},
        {"Content-Type: application/vnd.amazon.eventstream\n", NULL, AWSCURL_LINES, true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct awscurl_type got = awscurl_type_of(str_of(t[i].headers), t[i].dflt);
        assert_int_equal(got.kind, t[i].kind);
        assert_int_equal(got.framed, t[i].framed);
    }
}

/* Two frames that cut a line, as Python's struct and zlib make them. */
static void event_streams(void **state)
{
    static const char frames[] =
        "\x00\x00\x00\x5e\x00\x00\x00\x30\xc4\xd8\x9e\x6f\x0d\x3a\x6d\x65\x73\x73\x61\x67\x65\x2d"
        "\x74\x79\x70\x65\x07\x00\x05\x65\x76\x65\x6e\x74\x0b\x3a\x65\x76\x65\x6e\x74\x2d\x74\x79"
        "\x70\x65\x07\x00\x0b\x50\x61\x79\x6c\x6f\x61\x64\x50\x61\x72\x74\x7b\x22\x74\x6f\x6b\x65"
        "\x6e\x22\x3a\x7b\x22\x74\x65\x78\x74\x22\x3a\x22\x48\x65\x6c\x22\x7d\x7d\x0a\x7b\x22\x74"
        "\x6f\x6b\x35\xc1\xf4\x62\x00\x00\x00\x57\x00\x00\x00\x30\xc9\xc8\xfc\x1e\x0d\x3a\x6d\x65"
        "\x73\x73\x61\x67\x65\x2d\x74\x79\x70\x65\x07\x00\x05\x65\x76\x65\x6e\x74\x0b\x3a\x65\x76"
        "\x65\x6e\x74\x2d\x74\x79\x70\x65\x07\x00\x0b\x50\x61\x79\x6c\x6f\x61\x64\x50\x61\x72\x74"
        "\x65\x6e\x22\x3a\x7b\x22\x74\x65\x78\x74\x22\x3a\x22\x6c\x6f\x20\x79\x6f\x75\x22\x7d\x7d"
        "\x0a\x83\xf2\x59\x8f";
    const struct awscurl_type lines = {AWSCURL_LINES, true};
    const struct str body = {frames, sizeof frames - 1};
    struct awscurl_texts t = {0};
    struct buf b = BUF_INIT(1000);
    struct awscurl_jq none = {0};
    (void)state;
    awscurl_texts_read(&t, lines, body, &none);
    assert_int_equal(t.n, 1);
    assert_string_equal(t.v[0].p, "Hello you");
    awscurl_show_body(lines, body, &b);
    assert_string_equal(b.p, "{\"token\":{\"text\":\"Hel\"}}\n{\"token\":{\"text\":\"lo you\"}}\n");
    awscurl_texts_free(&t);
    buf_free(&b);
}

static void documents(void **state)
{
    (void)state;
    reads(AWSCURL_PLAIN, NULL, " two  words\n", " two  words\n|", 2);
    reads(AWSCURL_JSON, NULL, "{\"generated_text\": \"a b c\"}", "a b c|", 3);
    reads(AWSCURL_JSON, NULL, "[{\"generated_text\":\"a b\"},{\"generated_text\":\"c d\"}]", "a b|c d|", 4);
    reads(AWSCURL_JSON, NULL, "{\"generated_text\":[\"a b\",\"c\"]}", "a b|c|", 3);
    reads(AWSCURL_JSON, NULL, "{\"token\":{\"text\":\"x\"},\"generated_text\":\"a b\"}", "x|", 1);
    reads(AWSCURL_JSON, NULL, "{\"token\":{\"id\":1},\"generated_text\":\"a b\"}", "", 0);
    reads(AWSCURL_JSON, NULL, "{\"choices\":[]}", "", 0);
    reads(AWSCURL_OTHER, NULL, "a b", "", 0);
    reads(AWSCURL_JSON, NULL, "{\"generated_text\": ", "", 0);
}

static void streams(void **state)
{
    static const char lmi[] =
        "{\"token\": {\"id\": 1, \"text\": \"Hel\"}}\n{\"token\": {\"id\": 2, \"text\": \"lo\"}}\n"
        "{\"token\": {\"id\": 3, \"text\": \" world\"}, \"generated_text\": \"Hello world\", "
        "\"details\": {\"finish_reason\": \"length\"}}\n";
    (void)state;
    reads(AWSCURL_LINES, NULL, lmi, "Hello world|", 2); /* whole: not one count per chunk */
    reads(AWSCURL_LINES, NULL, "{\"outputs\":[\"a\",\"x \"]}\n{\"outputs\":[\" b\",\"y\"]}", "a b|x y|", 4);
    reads(AWSCURL_SSE, NULL,
          "data:{\"token\":{\"text\":\"Hel\"}}\r\n\r\ndata: {\"token\":{\"text\":\"lo\"}}\n\n: no\n\ndata: [DONE]\n\n",
          "Hello|", 1);
    reads(AWSCURL_SSE, "choices/delta/content",
          "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"
          "data: {\"choices\":[{\"delta\":{\"content\":\"a \"}}]}\n\ndata: "
          "{\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\n\n"
          "data: {\"choices\":[]}\n\ndata: [DONE]\n\n",
          "a b|", 2);
    reads(AWSCURL_LINES, NULL, "broken\n{\"outputs\":\"a\"}\n", "a|", 1);
}

static void paths(void **state)
{
    static const char triton[] =
        "{\"outputs\":[{\"name\":\"id\",\"data\":[7]},{\"name\":\"text_output\",\"data\":[\"a b\"]}]}";
    struct awscurl_jq q;
    struct err e = {0};
    (void)state;
    reads(AWSCURL_JSON, "$.outputs[?(@.name==\"text_output\")].data[0]", triton, "a b|", 2);
    reads(AWSCURL_JSON, "$.outputs[*].data", triton, "a b|", 2);
    reads(AWSCURL_JSON, "a/b", "[{\"a\":{\"b\":\"1\"}},{\"a\":[{\"b\":null},{\"b\":\"2\"},{\"b\":\"3\"}]}]", "1|2|", 2);
    reads(AWSCURL_JSON, "generated", "{\"generated\":[\"x\",\"y z\"]}", "x|y z|", 3);
    reads(AWSCURL_JSON, "$[0].t", "[{\"t\":\"x\"},{\"t\":\"y\"}]", "x|", 1);
    assert_int_equal(awscurl_jq_parse(&q, "$.a[?(@.b=c)]", &e), -1);
    assert_memory_equal(e.text, "-j: ", 4);
}

static void inputs(void **state)
{
    struct awscurl_texts t = {0};
    (void)state;
    awscurl_texts_inputs(&t, STR("{\"inputs\":\"one two\",\"parameters\":{}}"));
    assert_int_equal(awscurl_texts_count(&t, NULL, 0), 2);
    awscurl_texts_clear(&t);
    awscurl_texts_inputs(&t, STR("{\"inputs\":[\"one two\",\"three\"]}"));
    assert_int_equal(awscurl_texts_count(&t, NULL, 0), 3);
    awscurl_texts_clear(&t);
    awscurl_texts_inputs(&t, STR("{\"messages\":[]}"));
    assert_int_equal(awscurl_texts_count(&t, NULL, 0), 0);
    awscurl_texts_free(&t);
}

static void shown(void **state)
{
    struct buf b = BUF_INIT(1000);
    (void)state;
    awscurl_show_body((struct awscurl_type){AWSCURL_SSE, false}, STR("data:{\"a\":1}\n\ndata: x\r\n\r\n"), &b);
    assert_string_equal(b.p, "{\"a\":1}\nx\n");
    buf_clear(&b);
    awscurl_show_body((struct awscurl_type){AWSCURL_LINES, false}, STR("{\"a\":1}\r\n\n{}"), &b);
    assert_string_equal(b.p, "{\"a\":1}\n{}\n");
    buf_clear(&b);
    awscurl_show_body((struct awscurl_type){AWSCURL_JSON, false}, STR("{ }"), &b);
    assert_string_equal(b.p, "{ }");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types),   cmocka_unit_test(event_streams), cmocka_unit_test(documents),
        cmocka_unit_test(streams), cmocka_unit_test(paths),         cmocka_unit_test(inputs),
        cmocka_unit_test(shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
