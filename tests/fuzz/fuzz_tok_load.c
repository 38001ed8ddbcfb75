/* fuzz_tok_load.c - any bytes as a tokenizer's file, of whatever format: no crash, an error that says something, and
 * what is taken encodes and decodes. */
#include <stdlib.h>

#include "tok/tok.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char text[] =
        " The x, 12\tna\xC3\xAFve <s>[SEP]\xE4\xB8\xAD\xE6\x96\x87\xFF\n  \xF0\x9F\x98\x80 x</s>";
    struct tok *t;
    struct err e = {0};
    if (tok_load_text(&t, (struct str){(const char *)data, n}, "file", &e) != 0) {
        if (t || e.code == ERR_NONE || !str_starts(str_of(e.text), STR("file: ")))
            abort();
        return 0;
    }
    struct tok_coder *c = tok_coder_new(t);
    struct tok_about about;
    struct tok_ids ids = {0};
    struct buf out = BUF_INIT(1 << 20);
    tok_about(t, &about);
    size_t added = tok_encode(c, str_of(text), TOK_SPECIALS, &ids);
    if (added != ids.n || tok_encode(c, str_of(text), TOK_SPECIALS, NULL) != added || tok_replaced(c) != 2)
        abort();
    for (uint32_t id = 0; id < MIN(about.vocab, 1000U); id++) {
        struct str token = tok_token(t, id);
        uint32_t again;
        if (token.p && !tok_id(t, token, &again) && !tok_is_special(t, id) && token.n > (1U << 30))
            abort();
    }
    tok_decode(c, ids.v, ids.n, false, &out);
    buf_free(&out);
    tok_ids_free(&ids);
    tok_coder_free(&c);
    tok_free(&t);
    return 0;
}
