/* test_tok_decode.c - decoders as Hugging Face applies them (tok_cases.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tok/tok_decode.h"
#include "tok_cases.h"

static void test_cases(void **state)
{
    struct decode_scratch *s = decode_scratch_new();
    for (size_t i = 0; i < ARRAY_LEN(decode_cases); i++) {
        struct err e = {0};
        struct jdoc *tokens = jdoc_parse(str_of(decode_cases[i][1]), "case", &e);
        struct decode *d = NULL;
        struct buf out = BUF_INIT(1000);
        assert_int_equal(decode_new_text(&d, decode_cases[i][0], &e), 0);
        decode_begin(s);
        for (size_t k = 0; k < jn_len(jdoc_root(tokens)); k++)
            decode_add(s, jn_str(jn_at(jdoc_root(tokens), k), NULL));
        decode_end(d, s, &out);
        assert_string_equal(out.n ? out.p : "", decode_cases[i][2]);
        decode_free(&d);
        jdoc_free(&tokens);
        buf_free(&out);
    }
    decode_scratch_free(&s);
}

static void refused(const char *json, const char *text)
{
    struct decode *d = NULL;
    struct err e = {0};
    assert_int_equal(decode_new_text(&d, json, &e), -1);
    assert_null(d);
    assert_string_equal(e.text, text);
}

static void test_refused(void **state)
{
    refused("{\"type\":\"Foo\"}", "decoder.type: \"Foo\" is not known to weir; it knows ByteLevel, ByteFallback, Fuse, "
                                  "Strip, Replace, Metaspace, WordPiece, BPEDecoder, CTC and Sequence");
    refused("{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Fuse\"},{\"type\":\"Strip\",\"content\":\"ab\"}]}",
            "decoder.decoders[1].content: must be a single character");
    refused("{\"type\":\"Strip\",\"content\":\"a\",\"start\":-1}", "decoder.start: must be a whole number, 0 or more");
    refused("{\"type\":\"WordPiece\",\"prefix\":\"##\"}", "decoder.cleanup: must be true or false");
    refused("{\"type\":\"Replace\",\"content\":\"\",\"pattern\":{\"String\":\"\"}}",
            "decoder.pattern.String: is empty");
    refused("{\"type\":\"Metaspace\",\"replacement\":\"_\",\"prepend_scheme\":\"last\"}",
            "decoder.prepend_scheme: \"last\" is not known to weir; it knows always, first and never");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
